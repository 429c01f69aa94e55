// What a name can mean: the fields of a logstore, or the columns of the stage
// before.

package query

import (
	"strings"

	"tocsin/diag"
)

// A scope is what the expressions of a selection can name: the fields of a
// logstore, or the result columns of an inner selection.
type scope struct {
	table *tableRead
	sel   *selection
	cols  []resultColumn // with sel
	alias string         // qualifier; "" for none
}

// A resultColumn is one column that a selection gives; its physical name is c
// and its number.
type resultColumn struct {
	name   string
	t      Type
	agg    bool
	weight int
	grown  float64
}

// field resolves a path, or reports it.
func (p *planner) field(sc *scope, ref *ColumnRef) value {
	names := ref.Names
	if v := sc.resolve(names, ref.Span()); v != nil {
		return v
	}
	if len(names) > 1 && strings.EqualFold(names[0].Text, sc.alias) {
		if v := sc.resolve(names[1:], ref.Span()); v != nil {
			return v
		}
		names = names[1:]
	}
	if sc.table != nil {
		sc.table.store.unknownField(p.faults, names, ref.Span())
		return null()
	}
	known := make([]string, len(sc.cols))
	for i, c := range sc.cols {
		known[i] = c.name
	}
	hint := didYouMean(written(names), known, "the stage before gives "+listed(known))
	p.fault("query/unknown-column", ref.Span(), "there is no column "+cut(written(names)), hint)
	return null()
}

// resolve returns nil for a name that does not exist.
func (sc *scope) resolve(names []Name, at diag.Span) value {
	if sc.table == nil {
		return sc.resolveColumn(names, at)
	}
	f, rest, ok := sc.table.store.find(steps(names))
	if !ok || len(rest) > maxPath {
		return nil
	}
	return fieldValue(f, rest, column{span: at, label: written(names)})
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
	c.t = JSON
	switch {
	case len(rest) > 0 || f.Type == JSON || f.Open:
		return at
	case f.Type == Text:
		at.t = Text
		return at
	}
	return &conversion{x: at, to: f.Type, try: true}
}

// resolveColumn finds a result column of the inner selection: by its name as
// written, without a leading @ (whose column loses it), in another case when
// only one fits, or as a path below a column of JSON.
func (sc *scope) resolveColumn(names []Name, at diag.Span) value {
	full := written(names)
	if i := sc.columnNamed(full); i >= 0 {
		return sc.column(i, at)
	}
	way := steps(names)
	for n := len(way) - 1; n > 0; n-- {
		i := sc.columnNamed(strings.Join(way[:n], "."))
		if i >= 0 && sc.cols[i].t == JSON {
			return &jsonAt{of: sc.column(i, at), path: way[n:], t: JSON}
		}
	}
	return nil
}

func (sc *scope) columnNamed(name string) int {
	for i, c := range sc.cols {
		if c.name == name {
			return i
		}
	}
	found := -1
	for i, c := range sc.cols {
		if strings.EqualFold(c.name, name) || strings.HasPrefix(name, "@") && c.name == name[1:] {
			if found >= 0 {
				return -1
			}
			found = i
		}
	}
	return found
}

func (sc *scope) column(i int, at diag.Span) *column {
	c := sc.cols[i]
	return &column{name: resultName(i), t: c.t, agg: c.agg, span: at, label: c.name, weight: c.weight, grown: c.grown}
}

// star lists what SELECT * and a filter alone show. Of a logstore: its declared
// fields without those below another (a.b), open objects as JSON text, then
// @time, the topic, the source and __time__. A name that begins with @ loses
// it, unless a field has that name.
func (sc *scope) star(at diag.Span) (xs []value, names []string) {
	if sc.table == nil {
		for i, c := range sc.cols {
			xs = append(xs, sc.column(i, at))
			names = append(names, c.name)
		}
		return xs, names
	}
	store := sc.table.store
	for _, f := range store.all() {
		if strings.Contains(f.Name, ".") || f.Name == "__seq__" || f.Name == "__ingest_time__" || f.Name == "__tenant__" {
			continue
		}
		name := f.Name
		if bare := strings.TrimPrefix(name, "@"); bare != name && !store.declares(bare) {
			name = bare
		}
		xs = append(xs, fieldValue(f, nil, column{span: at, label: f.Name}))
		names = append(names, name)
	}
	return xs, names
}
