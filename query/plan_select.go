// One SELECT: its list, aliases, grouping, order and what its rows are known
// by.

package query

import (
	"strconv"
	"strings"

	"tocsin/diag"
)

// A stage is the work on one SELECT.
type stage struct {
	*planner
	in    *scope
	out   *selection
	items []selectItem
	cond  bool // an aggregate decides which rows there are
	// grouped is set where an aggregate was written of which only the type is
	// left (typeof).
	grouped bool
}

// A selectItem is one column that the SELECT gives.
type selectItem struct {
	v    value
	name string
	at   diag.Span
	star bool // one of the columns of *
	// field is what the language calls it, where * shows a field of the logstore
	// under a shorter name: @actor as actor
	field string
}

// selectRows resolves one SELECT over the rows of in.
func (p *planner) selectRows(n *Select, in *scope) *rows {
	s := &stage{planner: p, in: in, out: &selection{limit: -1, from: in.from}}
	s.selectItems(n)
	if n.Where != nil {
		s.out.where = s.condition(n.Where, env{clause: "WHERE"})
		s.cond = contains(s.out.where, fromAggregate)
	}
	s.groupBy(n)
	if n.Having != nil {
		s.out.having = s.condition(n.Having, env{clause: "HAVING", aggregates: true, aliases: true})
		s.cond = s.cond || contains(s.out.having, fromAggregate)
	}
	s.orderBy(n)
	s.group(n)
	s.out.distinct = n.Distinct
	if n.Limit != nil {
		s.out.limit, s.out.offset = n.Limit.Count, n.Limit.Offset
	}
	s.inherit()
	s.total()
	s.comparable(n)
	p.aggregates = p.aggregates || s.out.grouped || s.out.distinct || n.Limit != nil
	p.havingOnAgg = p.havingOnAgg || s.cond
	return s.result()
}

// comparable refuses maps where rows are compared.
func (s *stage) comparable(n *Select) {
	for i, g := range s.out.groups {
		if g.typ().IsMap() && i < len(n.GroupBy) {
			s.fault("query/type", n.GroupBy[i].Span(), "a map is no group", "group by one of its values: element_at(m, 'key')")
		}
	}
	for _, it := range s.items {
		if n.Distinct && it.v.typ().IsMap() {
			s.fault("query/type", it.at, "maps are not compared, which DISTINCT needs", "select one of its values: element_at(m, 'key')")
		}
	}
}

// selectItems resolves the SELECT list; without one, the columns of GROUP BY
// with a count, or the rows as they are.
func (s *stage) selectItems(n *Select) {
	switch {
	case n.Explicit:
		for i, it := range n.Items {
			s.item(i, it)
		}
	case len(n.GroupBy) > 0:
		for i, g := range n.GroupBy {
			v := s.expr(g, env{clause: "GROUP BY"})
			if _, ok := v.(*constant); ok && v.typ() != Unknown {
				s.fault("query/ordinal", g.Span(), "GROUP BY without SELECT names fields", "write GROUP BY eventName")
			}
			s.items = append(s.items, selectItem{v: v, name: s.nameOf(g, i), at: g.Span()})
		}
		s.items = append(s.items, selectItem{v: &aggregate{fn: "count", t: Integer}, name: "cnt", at: n.Span()})
	default:
		s.star(n.Span())
	}
	s.checkNames()
}

func (s *stage) star(at diag.Span) {
	s.items = append(s.items, s.in.star(at)...)
}

// starOf is * or source.*.
func (s *stage) starOf(it *Item) {
	if it.Of == nil {
		s.star(it.Span())
		return
	}
	src := s.in.aliased(it.Of.Text)
	if src == nil {
		var known []string
		for _, o := range s.in.sources {
			known = append(known, o.alias)
		}
		s.fault("query/unknown-source", it.Of.Span(), "no source is named "+cut(it.Of.Text), didYouMean(it.Of.Text, known, "write * for the columns of all sources"))
		return
	}
	s.items = append(s.items, src.star(it.Span())...)
}

func (s *stage) item(i int, it *Item) {
	if it.Star {
		s.starOf(it)
		return
	}
	v := s.expr(it.X, env{clause: "SELECT", aggregates: true, windows: true})
	if l, ok := v.(*lambda); ok {
		v = l.body // reported already
	}
	name := s.nameOf(it.X, i)
	if it.Alias != nil {
		name = it.Alias.Text
		if ours(name) && s.nameOf(it.X, i) != name {
			s.fault("query/reserved-name", it.Alias.Span(), cut(name)+" is a name of ours, no alias", "choose another one")
		}
	}
	s.items = append(s.items, selectItem{v: v, name: name, at: it.Span()})
}

// ours reports whether name is one of the system fields.
func ours(name string) bool {
	for _, f := range systemFields() {
		if f.Name == name {
			return true
		}
	}
	return false
}

// nameOf is the name of a result without AS: a path as written, without the @
// of @actor and without the alias of the source; _col0 … for an expression.
func (s *stage) nameOf(e Expr, i int) string {
	ref, ok := e.(*ColumnRef)
	if !ok {
		return "_col" + strconv.Itoa(i)
	}
	names := ref.Names
	if len(names) > 1 && s.in.aliased(names[0].Text) != nil && !s.in.has(names) {
		names = names[1:]
	}
	return strings.TrimPrefix(written(names), "@")
}

// checkNames refuses a name that stands twice.
func (s *stage) checkNames() {
	seen := map[string]bool{}
	for _, it := range s.items {
		if seen[it.name] {
			s.fault("query/duplicate-name", it.at, "two columns of the result are named "+cut(it.name), "give one of them another name with AS")
		}
		seen[it.name] = true
	}
	if len(s.items) > maxColumns {
		s.fault("query/too-many-columns", s.items[maxColumns].at, "a result of more than 2000 columns", "name those that are needed")
	}
}

const maxColumns = 2000

// aliased finds the SELECT item that a bare name or an ordinal means; -1: none.
func (s *stage) aliased(e Expr) int {
	switch e := e.(type) {
	case *Literal:
		if n, err := strconv.Atoi(e.Text); e.Kind == NumberLit && err == nil {
			if n >= 1 && n <= len(s.items) {
				return n - 1
			}
			s.fault("query/ordinal", e.Span(), "there is no column "+cut(e.Text)+" in the SELECT list", "it has "+strconv.Itoa(len(s.items)))
		}
	case *ColumnRef:
		name := written(e.Names)
		found := -1
		for i, it := range s.items {
			if it.name == name {
				return i
			}
			if strings.EqualFold(it.name, name) && found < 0 {
				found = i
			}
		}
		return found
	}
	return -1
}

// groupBy resolves GROUP BY: an alias first, as SLS does, then a field.
func (s *stage) groupBy(n *Select) {
	for i, g := range n.GroupBy {
		var v value
		switch {
		case !n.Explicit:
			v = s.items[i].v
		default:
			if k := s.aliased(g); k >= 0 {
				v = s.items[k].v
			} else {
				v = s.expr(g, env{clause: "GROUP BY"})
			}
		}
		if contains(v, isWindowed) {
			s.fault("query/window-in-group", g.Span(), "GROUP BY cannot stand on a window", "group in a further stage")
			v = null()
		}
		if contains(v, isAggregate) {
			s.fault("query/aggregate-in-group", g.Span(), "GROUP BY cannot stand on an aggregate", "filter groups with HAVING, or group in a further stage")
			v = null()
		}
		s.out.groups = append(s.out.groups, v)
	}
}

// orderBy resolves ORDER BY: an alias or ordinal, else an expression.
func (s *stage) orderBy(n *Select) {
	for _, o := range n.OrderBy {
		k := sortKey{item: s.aliased(o.X), desc: o.Desc, nullsFirst: o.Nulls == NullsFirst}
		if k.item >= 0 && !s.items[k.item].v.typ().single() {
			s.fault("query/type", o.X.Span(), s.items[k.item].v.typ().withArticle()+" has no order", "order by one of its values")
		}
		if k.item < 0 {
			k.x = s.expr(o.X, env{clause: "ORDER BY", aggregates: true, aliases: true, windows: true})
			if !k.x.typ().single() {
				s.fault("query/type", o.X.Span(), k.x.typ().withArticle()+" has no order", "order by one of its values")
			}
			if _, same := k.x.(*constant); same {
				continue
			}
			if n.Distinct {
				s.fault("query/distinct-order", o.X.Span(), "with DISTINCT, ORDER BY takes columns of the result", "add it to the SELECT list")
			}
		}
		s.out.order = append(s.out.order, k)
	}
	if !n.Explicit && len(n.GroupBy) > 0 && len(n.OrderBy) == 0 {
		s.out.order = append(s.out.order, sortKey{item: len(n.GroupBy), desc: true})
		for i := range n.GroupBy {
			s.out.order = append(s.out.order, sortKey{item: i})
		}
	}
}

// group turns everything above the grouping into columns g0… and a0….
func (s *stage) group(n *Select) {
	s.out.grouped = s.grouped || len(s.out.groups) > 0 || contains(s.out.having, isAggregate)
	for _, it := range s.items {
		s.out.grouped = s.out.grouped || contains(it.v, isAggregate)
	}
	for _, k := range s.out.order {
		s.out.grouped = s.out.grouped || contains(k.x, isAggregate)
	}
	if !s.out.grouped {
		if n.Having != nil {
			s.fault("query/having", n.Having.Span(), "HAVING filters groups, and there are none", "write WHERE")
		}
		return
	}
	s.out.gid = s.relation()
	g := newGrouping(s)
	for i, it := range s.items {
		if it.star {
			s.fault("query/ungrouped", it.at, "* is neither grouped nor aggregated", "name the columns of GROUP BY")
			return
		}
		s.items[i].v = g.lift(it.v)
	}
	if s.out.having != nil {
		s.out.having = g.lift(s.out.having)
	}
	for i, k := range s.out.order {
		if k.x != nil {
			s.out.order[i].x = g.lift(k.x)
		}
	}
	s.out.aggs = g.aggs
	if len(s.out.groups)+len(g.aggs) == 0 {
		s.out.aggs = []*aggregate{{fn: "count", t: Integer}}
	}
}

// before is the selection that this one alone reads; nil: it reads records, or
// several sources.
func (s *stage) before() *selection {
	if n, ok := s.out.from.(*named); ok {
		if sel, ok := n.rows.(*selection); ok {
			return sel
		}
	}
	return nil
}

// inherit keeps the order of the stage before where this one neither groups nor
// orders: `… | GROUP BY x | LIMIT 5` is the top five. A key that the stage before
// does not show becomes one more of its columns, which no name reaches.
func (s *stage) inherit() {
	before := s.before()
	if before != nil && len(s.out.order) == 0 && !s.out.grouped && !s.out.distinct {
		for _, k := range before.order[:before.ordered] {
			if k.item < 0 {
				before.items = append(before.items, k.x)
				k.item = len(before.items) - 1
			}
			k.x = &column{rel: s.in.sources[0].id, name: resultName(k.item), t: before.items[k.item].typ()}
			k.item = -1
			s.out.order = append(s.out.order, k)
		}
	}
	s.out.ordered = len(s.out.order)
}

// total makes an order total where rows are cut, so that an evaluation is
// reproducible: by what the rows are known by.
func (s *stage) total() {
	plain := !s.out.grouped && !s.out.distinct
	if plain && !s.windowed() {
		s.out.seq = s.in.seq()
	}
	if s.out.limit < 0 && (len(s.out.order) == 0 || s.before() != nil) {
		return
	}
	switch {
	case plain && s.in.seq() != nil:
		s.out.order = append(s.out.order, sortKey{item: -1, x: s.in.seq()})
	case s.out.grouped && !s.out.distinct:
		for i, g := range s.out.groups {
			s.out.order = append(s.out.order, sortKey{item: -1, x: &column{rel: s.out.gid, name: groupName(i), t: g.typ()}})
		}
	default:
		for i, it := range s.items {
			if !it.v.typ().IsMap() {
				s.out.order = append(s.out.order, sortKey{item: i})
			}
		}
	}
}

// windowed reports whether a row depends on others through a window.
func (s *stage) windowed() bool {
	for _, it := range s.items {
		if contains(it.v, isWindowed) {
			return true
		}
	}
	return false
}

// result is what the next stage sees.
func (s *stage) result() *rows {
	r := &rows{set: s.out, seq: s.out.seq != nil}
	for _, it := range s.items {
		s.out.items = append(s.out.items, it.v)
		c := resultColumn{
			name: it.name, field: it.field, t: it.v.typ(), agg: contains(it.v, fromAggregate),
			weight: s.weight(it.v), grown: growth(it.v),
		}
		if z, ok := it.v.(*inZone); ok {
			c.zone = z.zone
		}
		c.path = ofPath(it.v)
		r.cols = append(r.cols, c)
	}
	return r
}

func resultName(i int) string { return "c" + strconv.Itoa(i) }
func groupName(i int) string  { return "g" + strconv.Itoa(i) }
func aggName(i int) string    { return "a" + strconv.Itoa(i) }

// A grouping lifts expressions over the groups of a stage.
type grouping struct {
	*stage
	groups map[string]int
	known  map[string]int // aggregates
	aggs   []*aggregate
}

func newGrouping(s *stage) *grouping {
	g := &grouping{stage: s, groups: map[string]int{}, known: map[string]int{}}
	for i := len(s.out.groups) - 1; i >= 0; i-- {
		g.groups[key(s.out.groups[i])] = i
	}
	return g
}

// lift replaces groups and aggregates by their columns; any other field is a
// mistake.
func (g *grouping) lift(v value) value {
	if _, ok := v.(*constant); ok {
		return v
	}
	k := key(v)
	if i, ok := g.groups[k]; ok {
		c := &column{rel: g.out.gid, name: groupName(i), t: v.typ(), agg: contains(g.out.groups[i], fromAggregate), grown: growth(v), path: ofPath(v)}
		if z, ok := v.(*inZone); ok {
			return &inZone{c, z.zone}
		}
		return c
	}
	switch v := v.(type) {
	case *windowed:
		return g.liftWindow(v)
	case *aggregate:
		i, ok := g.known[k]
		if !ok {
			i = len(g.aggs)
			g.known[k] = i
			g.aggs = append(g.aggs, v)
		}
		return &column{rel: g.out.gid, name: aggName(i), t: v.t, agg: true, grown: growth(v)}
	case *column:
		g.ungrouped(v)
		return null()
	case *jsonAt:
		c, ok := v.of.(*column)
		if !ok {
			return v // of a parameter, or of the query around this one
		}
		g.ungrouped(c)
		return null()
	}
	return rebuild(v, g.lift)
}

// liftWindow lifts a window over groups, which their columns tell apart.
func (g *grouping) liftWindow(v *windowed) value {
	w := *v
	w.order = v.order[:len(v.order)-v.tied]
	out := rebuild(&w, g.lift).(*windowed)
	if v.tied > 0 {
		out.tied = len(g.out.groups)
		for i, x := range g.out.groups {
			out.order = append(out.order, sortKey{item: -1, x: &column{rel: g.out.gid, name: groupName(i), t: x.typ()}})
		}
	}
	return out
}

func (g *grouping) ungrouped(c *column) {
	g.fault("query/ungrouped", c.span, cut(c.label)+" is neither grouped nor aggregated",
		"add it to GROUP BY, or take one of its values with arbitrary("+cut(c.label)+")")
}

// key is equal for expressions that mean the same.
func key(v value) string {
	p := &sqlPrinter{engine: duckDB{}}
	p.value(v)
	var b strings.Builder
	b.WriteString(p.b.String())
	for _, a := range p.args {
		b.WriteString("\x00" + typedText(a))
	}
	return b.String()
}
