// FROM: logstores, lookup tables, subqueries, what WITH names, joins, arrays as
// rows.

package query

import (
	"strconv"

	"tocsin/diag"
)

// A surrounding is where a query stands.
type surrounding struct {
	store  *Logstore    // the rule's own
	before *rows        // of the stage before; what an absent FROM reads. nil: log
	with   *withQuery   // what WITH gives, the innermost first
	outer  *correlation // the query around a subquery in an expression
	depth  int
}

// maxReads bounds the sources that one statement reads, those of a WITH as often
// as it is named.
const maxReads = 100

// query resolves a SELECT, or several that set operations join.
func (p *planner) query(n *Select, in surrounding) *rows {
	if in.depth++; in.depth > maxStages {
		p.fault("query/too-deep", n.Span(), "subqueries nested more than 60 deep", "name them with WITH, or write stages")
		return p.records(in.store)
	}
	for _, w := range n.With {
		p.checkName(w.Name)
		in.with = &withQuery{outer: in.with, n: w}
	}
	switch {
	case len(n.Sets) > 0:
		return p.ordered(n, p.sets(n, in), in)
	case n.Sub != nil:
		return p.ordered(n, p.query(n.Sub, in), in)
	}
	return p.selectRows(n, p.from(n, in))
}

// ordered puts the order and the limit of n on rows.
func (p *planner) ordered(n *Select, r *rows, in surrounding) *rows {
	if len(n.OrderBy) == 0 && n.Limit == nil {
		return r
	}
	sc := p.derived(r, "").scope()
	sc.outer, sc.with = in.outer, in.with
	return p.selectRows(&Select{Place: n.Place, OrderBy: n.OrderBy, Limit: n.Limit}, sc)
}

// A withQuery is one query of WITH.
type withQuery struct {
	outer *withQuery
	n     *Named
}

// from resolves FROM; without one, the stage before, or the rule's own
// logstore.
func (p *planner) from(n *Select, in surrounding) *scope {
	f := n.From
	if len(f) == 0 {
		src := p.implicit(n.Span(), in)
		sc := src.scope()
		sc.outer, sc.with = in.outer, in.with
		return sc
	}
	if in.before != nil {
		p.fault("query/from-in-stage", f[0].Span(), "a stage after the first reads the rows of the one before", "leave FROM out")
	}
	var sc *scope
	for _, one := range f {
		if sc != nil && p.full() {
			break
		}
		sc = p.joinSource(sc, &Join{Kind: CrossJoin, Source: one.Source, At: one.Source.At}, in)
		for _, j := range one.Joins {
			if p.full() {
				break
			}
			sc = p.joinSource(sc, j, in)
		}
	}
	sc.outer, sc.with = in.outer, in.with
	return sc
}

// implicit is what a SELECT without FROM reads.
func (p *planner) implicit(at diag.Span, in surrounding) *source {
	if in.before != nil {
		return p.derived(in.before, "")
	}
	p.another(at)
	return p.read(in.store, "log")
}

// joinSource puts one more source beside the left ones.
func (p *planner) joinSource(left *scope, j *Join, in surrounding) *scope {
	if j.Source.Unnest != nil {
		return p.unnest(left, j, in)
	}
	src := p.source(j.Source, in)
	right := src.scope()
	if left == nil {
		return right
	}
	p.aggregates = true
	sc := &scope{sources: append(left.sources[:len(left.sources):len(left.sources)], src), merged: left.merged, values: left.values}
	p.checkAlias(sc, j.Source)
	jn := &joined{kind: j.Kind, left: left.from, right: right.from}
	sc.from = jn
	switch {
	case j.Using != nil:
		jn.on = p.using(sc, left, right, j)
	case j.On != nil:
		st := &stage{planner: p, in: sc}
		jn.on = st.condition(j.On, env{clause: "ON"})
		if contains(jn.on, func(v value) bool { _, ok := v.(*subquery); return ok }) {
			p.fault("query/subquery-in-on", j.On.Span(), "a subquery in ON", "put it into WHERE, or into a source of its own")
		}
	}
	if j.Kind == FullJoin && !equalities(jn.on) {
		p.fault("query/full-join", j.Span(), "FULL JOIN takes equal columns only", "write ON a.x = b.y, joined with AND")
	}
	return sc
}

// equalities reports whether v is x = y, or several joined by AND.
func equalities(v value) bool {
	switch v := v.(type) {
	case *logic:
		for _, x := range v.xs {
			if !equalities(x) {
				return false
			}
		}
		return !v.or
	case *call:
		return v.fn == string(OpEq)
	}
	return false
}

// using resolves USING (a, b): the columns are equal, and there once.
func (p *planner) using(sc, left, right *scope, j *Join) value {
	var xs []value
	for _, n := range j.Using {
		l, r := left.resolve(p, []Name{*n}, n.Span()), right.resolve(p, []Name{*n}, n.Span())
		if l == nil || r == nil {
			p.fault("query/unknown-column", n.Span(), "USING names a column that both sides have, and "+cut(n.Text)+" is none", "write ON a.x = b.y")
			return null()
		}
		a, b := p.pair(l, r, n)
		xs = append(xs, &call{fn: string(OpEq), args: []value{a, b}, t: Boolean})
		v := a
		switch j.Kind {
		case RightJoin:
			v = b
		case FullJoin:
			v = &call{fn: "coalesce", args: []value{a, b}, t: a.typ()}
		}
		sc.merge(resultColumn{name: n.Text, t: v.typ()}, v)
	}
	if len(xs) == 1 {
		return xs[0]
	}
	return &logic{false, xs}
}

func (sc *scope) merge(c resultColumn, v value) {
	for i, m := range sc.merged {
		if m.name == c.name {
			values := append([]value(nil), sc.values...)
			values[i] = v
			sc.values = values
			return
		}
	}
	sc.merged = append(sc.merged[:len(sc.merged):len(sc.merged)], c)
	sc.values = append(sc.values[:len(sc.values):len(sc.values)], v)
}

// unnest resolves UNNEST(a, b) AS t(x, y): one row for each element.
func (p *planner) unnest(left *scope, j *Join, in surrounding) *scope {
	n := j.Source
	switch {
	case left == nil:
		src := p.implicit(n.Span(), surrounding{store: in.store})
		left = src.scope()
		left.sources[0].alias = "log"
		p.fault("query/unnest", n.Span(), "UNNEST without a source before it", "write FROM log CROSS JOIN UNNEST(a) AS t(x)")
	case j.Kind != CrossJoin && (j.Kind != LeftJoin || !isTrue(j.On)):
		p.fault("query/unnest", j.Span(), "UNNEST is joined by CROSS JOIN, or by LEFT JOIN … ON true", "filter the elements in WHERE")
	}
	if !p.another(n.Span()) {
		return left
	}
	p.aggregates = true
	st := &stage{planner: p, in: left}
	u := &unnested{left: left.from, ordinal: n.Ordinality, outer: j.Kind == LeftJoin, id: p.relation()}
	var types []Type
	for _, a := range n.Unnest {
		args, ts := st.unnestArg(a)
		u.args, types = append(u.args, args...), append(types, ts...)
	}
	if n.Ordinality {
		types = append(types, Integer)
	}
	r := &rows{}
	for i, t := range types {
		r.cols = append(r.cols, resultColumn{name: "_col" + itoa(i), t: t})
		if i < len(n.Columns) {
			r.cols[i].name = n.Columns[i].Text
		}
	}
	if len(n.Columns) > 0 && len(n.Columns) != len(r.cols) {
		p.fault("query/columns", n.Columns[0].Span(), "UNNEST gives "+itoa(len(r.cols))+" columns here, and "+itoa(len(n.Columns))+" are named", "write a name for each, an ordinal is the last: AS t (x, y)")
	}
	src := &source{id: u.id, alias: p.alias(n.Alias, ""), rows: r}
	sc := &scope{from: u, sources: append(left.sources[:len(left.sources):len(left.sources)], src), merged: left.merged, values: left.values}
	p.checkAlias(sc, n)
	return sc
}

// unnestArg resolves an argument of UNNEST: the arrays that an engine gets, and
// the types of their elements.
func (s *stage) unnestArg(a Expr) ([]value, []Type) {
	v := s.expr(a, env{clause: "UNNEST"})
	switch t := v.typ(); {
	case t.IsArray():
		return []value{v}, []Type{t.Elem()}
	case t.IsMap():
		keys, vals := ArrayOf(t.Key()), ArrayOf(t.Elem())
		return []value{&call{fn: "map_keys", args: []value{v}, t: keys}, &call{fn: "map_values", args: []value{v}, t: vals}}, []Type{t.Key(), t.Elem()}
	case t == JSON:
		s.fault("query/type", a.Span(), "JSON is not unnested as it is", "write UNNEST(cast(… AS array(json))), or AS array(varchar)")
	case t != Unknown:
		s.fault("query/type", a.Span(), "this is "+t.String()+", not an array", "split(a, ',') makes an array of a text")
	}
	return []value{&conversion{x: null(), to: ArrayOf(Text)}}, []Type{Text}
}

func isTrue(e Expr) bool {
	l, ok := e.(*Literal)
	return ok && l.Kind == BoolLit && l.Text == "true"
}

// source resolves one source that is no UNNEST.
func (p *planner) source(n *Source, in surrounding) *source {
	if !p.another(n.Span()) {
		return p.broken(n)
	}
	if n.Sub != nil {
		in.before, in.outer = nil, nil
		src := p.derived(p.query(n.Sub, in), p.alias(n.Alias, ""))
		p.rename(src, n)
		return src
	}
	names := n.Table.Names
	name := written(names)
	if len(names) > 1 {
		p.fault("query/qualified-logstore", n.Table.Span(), "a logstore has one name, without a schema or a catalogue", "write log, or the name of a logstore")
		return p.broken(n)
	}
	for w := in.with; w != nil; w = w.outer {
		if w.n.Name.Text == name {
			return p.withSource(w, n, in)
		}
	}
	l, ok := in.store, name == "log"
	if !ok {
		l, ok = p.schema.Logstore(name)
	}
	if !ok {
		p.noLogstore(name, n.Table.Span())
		return p.broken(n)
	}
	src := p.read(l, p.alias(n.Alias, name))
	if n.Columns != nil {
		p.fault("query/columns", n.Columns[0].Span(), "the columns of a logstore have their names", "leave the list out")
	}
	return src
}

// broken is what a mistake leaves of a source: any name in it is NULL.
func (p *planner) broken(n *Source) *source {
	p.own = true
	alias := ""
	if n.Alias != nil {
		alias = n.Alias.Text
	}
	return &source{id: p.relation(), alias: alias, rows: &rows{}, set: &tableRead{store: &Logstore{}}, broken: true}
}

// withSource is one use of a query that WITH names.
func (p *planner) withSource(w *withQuery, n *Source, in surrounding) *source {
	in.before, in.outer, in.with = nil, nil, w.outer
	src := p.derived(p.query(w.n.Query, in), w.n.Name.Text)
	p.rename(src, &Source{Columns: w.n.Columns})
	if n.Alias != nil {
		src.alias = p.alias(n.Alias, w.n.Name.Text)
	}
	p.rename(src, n)
	return src
}

// rename gives the columns of a query the names of AS t (a, b).
func (p *planner) rename(src *source, n *Source) {
	if n.Columns == nil {
		return
	}
	if len(n.Columns) != len(src.rows.cols) {
		p.fault("query/columns", n.Columns[0].Span(), "the query gives "+itoa(len(src.rows.cols))+" columns, and "+itoa(len(n.Columns))+" are named", "write a name for each, or leave the list out")
		return
	}
	r := *src.rows
	r.cols = append([]resultColumn(nil), r.cols...)
	for i, c := range n.Columns {
		r.cols[i].name = c.Text
	}
	src.rows = &r
}

// relation is the number of one more relation.
func (p *planner) relation() int {
	p.relations++
	return p.relations
}

// another counts one more source, and reports whether there is room for it; that
// there is none is said once.
func (p *planner) another(at diag.Span) bool {
	if p.tables == maxReads {
		p.fault("query/too-large", at, "the query reads more than 100 sources, those of a WITH as often as it is named", "make two queries of it")
	}
	p.tables++
	return !p.full()
}

// full reports whether the statement reads too much, which is said already.
func (p *planner) full() bool { return p.tables > maxReads }

// read is one reference to a logstore.
func (p *planner) read(store *Logstore, alias string) *source {
	p.reads[store.Name] = true
	t := &tableRead{store: store, length: p.length}
	if store.Name == p.o.Logstore {
		p.own = true
		t.filter = p.ownFilter(store)
	}
	return &source{id: p.relation(), alias: alias, store: store, set: t}
}

// derived is one reference to the rows of a query.
func (p *planner) derived(r *rows, alias string) *source {
	return &source{id: p.relation(), alias: alias, rows: r, set: r.set}
}

// scope is what can be named when the source stands alone.
func (s *source) scope() *scope {
	return &scope{from: &named{s.set, s.id}, sources: []*source{s}}
}

// alias is the name by which a source is known; that of another logstore is
// refused (G25).
func (p *planner) alias(n *Name, without string) string {
	if n == nil {
		return without
	}
	if n.Text != without {
		p.checkName(n)
	}
	return n.Text
}

// checkName refuses the name of a logstore for something else (G25).
func (p *planner) checkName(n *Name) {
	if _, taken := p.schema.Logstore(n.Text); taken || n.Text == "log" {
		p.fault("query/alias-of-logstore", n.Span(), cut(n.Text)+" is the name of a logstore", "choose another alias")
	}
}

// checkAlias refuses two sources of one name.
func (p *planner) checkAlias(sc *scope, n *Source) {
	last := sc.sources[len(sc.sources)-1]
	if last.alias == "" || sc.aliased(last.alias) == last {
		return
	}
	p.fault("query/duplicate-name", n.Span(), "two sources are named "+cut(last.alias), "give one of them another name: "+cut(last.alias)+" AS b")
}

func itoa(n int) string { return strconv.Itoa(n) }
