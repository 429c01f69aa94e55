// What a name can mean: the fields of a logstore, or the columns of an inner
// query, of one source or of several that are joined.

package query

import (
	"cmp"
	"slices"
	"strings"

	"tocsin/diag"
)

// A scope is what the expressions of a selection can name.
type scope struct {
	from    relation
	sources []*source
	merged  []resultColumn // the columns of USING, which are there once
	values  []value        // of merged
	outer   *correlation   // what the query around a subquery gives; nil without one
	with    *withQuery     // what its subqueries may name
}

// A source is one relation of a scope: a logstore, or a query.
type source struct {
	id    int
	alias string    // qualifier; "" for none
	store *Logstore // of a logstore
	rows  *rows     // of a query
	set   rowset    // what is read

	broken bool // a mistake was reported in its place
}

// rows are the rows that a query gives: c0… are its columns.
type rows struct {
	set  rowset
	cols []resultColumn
	seq  bool // it also gives the column seq
}

// A resultColumn is one column that a query gives; its physical name is c and
// its number.
type resultColumn struct {
	name   string
	field  string // as in selectItem
	t      Type
	agg    bool
	weight int
	grown  float64
	zone   string // of a time that is in one
	path   bool   // the value at a path below JSON
}

// A correlation hands values of a query to a subquery in it.
type correlation struct {
	scope  *scope
	outers []value
}

// field resolves a path, or reports it.
func (p *planner) field(sc *scope, ref *ColumnRef) value {
	if v := sc.lookUp(p, ref.Names, ref.Span()); v != nil {
		return v
	}
	if slices.ContainsFunc(sc.sources, func(s *source) bool { return s.broken }) {
		return null()
	}
	names := ref.Names
	var src *source
	if len(names) > 1 {
		if src = sc.aliased(names[0].Text); src != nil {
			names = names[1:]
		}
	}
	if src == nil {
		src = sc.likely(names)
	}
	if len(ref.Names) == 1 && ref.Names[0].Quoted && suggest(ref.Names[0].Text, sc.names()) == "" {
		if p.gives != "" {
			return &constant{v: ref.Names[0].Text, t: Text} // SLS writes texts in double quotes
		}
		p.fault("query/unknown-field", ref.Span(), "there is no field "+cut(ref.Names[0].Text), "double quotes are for names; a text is written '"+cut(ref.Names[0].Text)+"'")
		return null()
	}
	if src.store != nil {
		src.store.unknownField(p.faults, names, ref.Span())
		return null()
	}
	known := sc.names()
	hint := didYouMean(written(names), known, cmp.Or(p.gives, "the stage before gives ")+listed(known))
	if i := src.columnNamed(names[0].Text); i >= 0 && len(names) == 2 && src.rows.cols[i].t.IsMap() {
		hint = "a value of a map is written " + cut(names[0].Text+"['"+names[1].Text+"']")
	}
	p.fault("query/unknown-column", ref.Span(), "there is no column "+cut(written(names)), hint)
	return null()
}

// names are the names of fields and columns that can be written.
func (sc *scope) names() (known []string) {
	for _, s := range sc.sources {
		if s.store != nil {
			known = append(known, names(s.store.all())...)
			continue
		}
		for _, c := range s.rows.cols {
			known = append(known, c.name)
		}
	}
	return known
}

// likely is the source to speak of when no source has a name.
func (sc *scope) likely(ref []Name) *source {
	for _, s := range sc.sources {
		if s.store == nil {
			continue
		}
		if suggest(written(ref), names(s.store.all())) != "" {
			return s
		}
	}
	return sc.sources[0]
}

// aliased finds the source of a qualifier; nil: none.
func (sc *scope) aliased(name string) *source {
	for _, s := range sc.sources {
		if s.alias != "" && strings.EqualFold(s.alias, name) {
			return s
		}
	}
	return nil
}

// lookUp finds what a path means here, or in the query around this one.
func (sc *scope) lookUp(p *planner, names []Name, at diag.Span) value {
	if v := sc.resolve(p, names, at); v != nil {
		return v
	}
	if sc.outer == nil {
		return nil
	}
	v := sc.outer.scope.lookUp(p, names, at)
	if v == nil {
		return nil
	}
	if contains(v, isOuter) { // Trino does not read it
		p.fault("query/correlated", at, cut(written(names))+" is a field of two queries further out", "compare it in the subquery between, or join the sources")
	}
	sc.outer.outers = append(sc.outer.outers, v)
	return &outerRef{i: len(sc.outer.outers) - 1, t: v.typ(), v: v}
}

func isOuter(v value) bool { _, ok := v.(*outerRef); return ok }

// resolve returns nil for a name that does not exist here. A name that several
// sources have is reported.
func (sc *scope) resolve(p *planner, names []Name, at diag.Span) value {
	if v := sc.mergedColumn(names); v != nil {
		return v
	}
	var found value
	var owner *source
	for _, s := range sc.sources {
		v := s.resolve(names, at)
		switch {
		case v == nil:
		case found == nil:
			found, owner = v, s
		default:
			p.fault("query/ambiguous", at, cut(written(names))+" is in more than one of the sources", "write "+qualified(owner, names)+" or "+qualified(s, names))
			return found
		}
	}
	if found != nil || len(names) < 2 {
		return found
	}
	if s := sc.aliased(names[0].Text); s != nil {
		return s.resolve(names[1:], at)
	}
	return nil
}

// has reports whether a path means something here as it is written.
func (sc *scope) has(names []Name) bool {
	for _, s := range sc.sources {
		if s.resolve(names, diag.Span{}) != nil {
			return true
		}
	}
	return sc.mergedColumn(names) != nil
}

func qualified(s *source, names []Name) string {
	alias := s.alias
	if alias == "" {
		alias = "an alias"
	}
	return cut(alias + "." + written(names))
}

func (sc *scope) mergedColumn(names []Name) value {
	for i, c := range sc.merged {
		if len(names) == 1 && c.name == names[0].Text {
			return sc.values[i]
		}
	}
	return nil
}

// resolve returns nil for a name that the source does not have.
func (s *source) resolve(names []Name, at diag.Span) value {
	if s.rows != nil {
		return s.resolveColumn(names, at)
	}
	f, rest, ok := s.store.find(steps(names))
	if !ok || len(rest) > maxPath {
		return nil
	}
	return fieldValue(f, rest, column{rel: s.id, span: at, label: written(names)})
}

// fieldValue is the value of a field, or of a path below it.
func fieldValue(f Field, rest []string, c column) value {
	c.name, c.t = f.Column, f.Type
	path := join(f.Path, rest)
	switch {
	case f.Type == EpochSeconds:
		c.t = Time
		return &call{fn: "epoch_seconds", args: []value{&c}, t: Integer}
	case len(path) == 0:
		if f.Open {
			c.t = JSON
		}
		return &c
	}
	at := &jsonAt{of: &c, path: path, t: JSON}
	c.t, c.kept = JSON, f.Shape.below(path)
	switch {
	case len(rest) > 0 || f.Type == JSON || f.Open:
		return at
	case f.Type == Text:
		at.t = Text
		return at
	}
	return &conversion{x: at, to: f.Type, try: true}
}

// resolveColumn finds a result column of the inner query: by its name as
// written, without a leading @ (whose column loses it), in another case when
// only one fits, or as a path below a column of JSON.
func (s *source) resolveColumn(names []Name, at diag.Span) value {
	full := written(names)
	if i := s.columnNamed(full); i >= 0 {
		return s.value(i, at)
	}
	way := steps(names)
	for n := len(way) - 1; n > 0; n-- {
		i := s.columnNamed(strings.Join(way[:n], "."))
		if i >= 0 && s.rows.cols[i].t == JSON {
			return &jsonAt{of: s.column(i, at), path: way[n:], t: JSON}
		}
	}
	return nil
}

func (s *source) columnNamed(name string) int {
	for i, c := range s.rows.cols {
		if c.name == name {
			return i
		}
	}
	found := -1
	for i, c := range s.rows.cols {
		if strings.EqualFold(c.name, name) || strings.HasPrefix(name, "@") && c.name == name[1:] {
			if found >= 0 {
				return -1
			}
			found = i
		}
	}
	return found
}

func (s *source) column(i int, at diag.Span) *column {
	c := s.rows.cols[i]
	return &column{rel: s.id, name: resultName(i), t: c.t, agg: c.agg, span: at, label: c.name, path: c.path, weight: c.weight, grown: c.grown}
}

// value is a column, in the zone that it has.
func (s *source) value(i int, at diag.Span) value {
	if z := s.rows.cols[i].zone; z != "" {
		return &inZone{s.column(i, at), z}
	}
	return s.column(i, at)
}

// star lists what SELECT * and a filter alone show. Of a logstore: its declared
// fields without those below another (a.b), open objects as JSON text, then
// @time, the topic, the source and __time__. A name that begins with @ loses
// it, unless a field has that name.
func (s *source) star(at diag.Span) (items []selectItem) {
	if s.rows != nil {
		for i, c := range s.rows.cols {
			items = append(items, selectItem{v: s.value(i, at), name: c.name, at: at, star: true, field: c.field})
		}
		return items
	}
	for _, f := range s.store.all() {
		if strings.Contains(f.Name, ".") || f.Name == "__seq__" || f.Name == "__ingest_time__" || f.Name == "__tenant__" || f.Column == s.store.Identity {
			continue
		}
		it := selectItem{v: fieldValue(f, nil, column{rel: s.id, span: at, label: f.Name}), name: f.Name, at: at, star: true}
		if bare := strings.TrimPrefix(f.Name, "@"); bare != f.Name && !s.store.declares(bare) {
			it.name, it.field = bare, f.Name
		}
		items = append(items, it)
	}
	return items
}

// star lists the columns of all sources, those of USING first and once.
func (sc *scope) star(at diag.Span) (items []selectItem) {
	for i, c := range sc.merged {
		items = append(items, selectItem{v: sc.values[i], name: c.name, at: at, star: true})
	}
	once := items
	for _, s := range sc.sources {
		for _, it := range s.star(at) {
			if !slices.ContainsFunc(once, func(o selectItem) bool { return o.name == it.name }) {
				items = append(items, it)
			}
		}
	}
	return items
}

// seq is the column that tells the records of the scope apart; nil when its
// rows are no records.
func (sc *scope) seq() *column {
	if len(sc.sources) != 1 {
		return nil
	}
	return sc.sources[0].seq()
}

func (s *source) seq() *column {
	switch {
	case s.store != nil && s.store.Lookup, s.store == nil && (s.rows == nil || !s.rows.seq):
		return nil
	case s.store != nil && s.store.Identity != "":
		return &column{rel: s.id, name: s.store.Identity, t: Integer}
	}
	return &column{rel: s.id, name: seqColumn, t: Integer}
}

// tieBreak are values that tell the rows of the scope apart, as far as they
// differ.
func (sc *scope) tieBreak() (xs []value) {
	for _, s := range sc.sources {
		if c := s.seq(); c != nil {
			xs = append(xs, c)
			continue
		}
		for _, it := range s.star(diag.Span{}) {
			if !it.v.typ().IsMap() {
				xs = append(xs, it.v)
			}
		}
	}
	return xs
}
