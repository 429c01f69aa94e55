// Combinations: the results of several queries put together by the set
// operations of SLS, in one statement.

package query

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/alecthomas/participle/v2/lexer"

	"tocsin/diag"
)

// MaxParts is how many queries Combine puts together at most.
const MaxParts = 3

// A Part is one of the queries that Combine puts together. Its columns are named
// $0.x, $1.x … in conditions, by its place.
type Part struct {
	Logstore string
	Query    *Query
	// Length is how long its window is; it ends where that of the statement ends.
	// 0: that of the statement.
	Length time.Duration
}

// Combination is how two results are put together, by the name that SLS has for
// it.
type Combination string

// The combinations.
const (
	NoJoin       Combination = "no_join"       // the first result alone
	CrossProduct Combination = "cross_join"    // each row with each
	Concat       Combination = "concat"        // the rows of both, columns of one name in one
	Inner        Combination = "inner_join"    // rows that belong together
	Left         Combination = "left_join"     // and those of the left side without a partner
	Right        Combination = "right_join"    // and those of the right side
	Full         Combination = "full_join"     // and those of both
	LeftExclude  Combination = "left_exclude"  // rows of the left side without a partner
	RightExclude Combination = "right_exclude" // rows of the right side without a partner
)

// Combinations are the names of all combinations.
func Combinations() []string {
	return []string{string(NoJoin), string(CrossProduct), string(Inner), string(Left), string(Right), string(Full), string(LeftExclude), string(RightExclude), string(Concat)}
}

// Conditional reports whether a combination has a condition, which it needs then.
func (c Combination) Conditional() bool { return c != NoJoin && c != CrossProduct && c != Concat }

// A Joining is how the result so far, on the left, is put together with the next
// part.
type Joining struct {
	Kind Combination
	On   *JoinCondition // nil: none
}

// A JoinCondition says which rows belong together: all of Xs hold.
type JoinCondition struct {
	At
	Xs []Expr
}

// ParseJoin reads a condition such as "$0.host == $1.ip, $0.pv > $1.pv", whose
// parts are joined by a comma, by and or by &&. The error is a *diag.List
// without a name, whose spans are bytes of src.
func ParseJoin(src string) (*JoinCondition, error) {
	tokens, f := tokenize(src, modeCondition)
	if f != nil {
		return nil, list(src, f)
	}
	c, f := joinConditionOf(tokens)
	if f == nil {
		return c, nil
	}
	if _, single := conditionOf(tokens); single != nil && single.span == f.span {
		return nil, mend(src, tokens, modeCondition, f)
	}
	if f.message == "" {
		f.message = unexpected(tokens[tokenAt(tokens, f.span.Start)])
	}
	return nil, list(src, f)
}

func joinConditionOf(tokens []lexer.Token) (*JoinCondition, *fault) {
	p := &exprParser{lex: peeking(tokens), condition: true}
	start := p.lex.Peek().Pos.Offset
	c := &JoinCondition{}
	for more := true; more && p.fault == nil; more = p.accept(",") {
		c.Xs = append(c.Xs, p.expr(levelOr))
	}
	if t := p.peek(); p.fault == nil && !t.EOF() {
		p.misfit(t)
	}
	c.At = p.at(start)
	return c, p.fault
}

// A JoiningError is a mistake in a Joining. Err is a *diag.List with spans into
// the text of its condition.
type JoiningError struct {
	Joining int // index
	Err     error
}

func (e *JoiningError) Error() string { return e.Err.Error() }

// Unwrap returns Err.
func (e *JoiningError) Unwrap() error { return e.Err }

// Combine plans several queries as one, from the left to the right: there is one
// joining less than parts. Rows are told apart by their values, not by a
// record's number, but where the first is alone (no_join). Columns of one name are named $0.x, $1.x, but for those that a
// condition says to be equal, which are one; other names stay. o.Exclude
// is left out of the parts over o.Logstore.
//
// Each part has to be one that Plan takes. The error is a *JoiningError where a
// joining is wrong, else a *diag.List without places.
func Combine(parts []Part, joinings []Joining, s Schema, o Options) (*Plan, error) {
	if len(parts) == 0 || len(parts) > MaxParts || len(joinings) != len(parts)-1 {
		return nil, fmt.Errorf("combine %d queries by %d joinings", len(parts), len(joinings))
	}
	c := &combiner{planner: newPlanner(s, o), exclude: o.Exclude, own: o.Logstore}
	if !slices.ContainsFunc(joinings, func(j Joining) bool { return j.Kind != NoJoin }) {
		if c.length = parts[0].Length; parts[0].Logstore != o.Logstore {
			c.o.Logstore, c.o.Exclude = parts[0].Logstore, nil
		}
		return parts[0].Query.plan(c.planner)
	}
	all := c.part(0, parts)
	for i, j := range joinings {
		if j.Kind == NoJoin {
			continue
		}
		next := c.part(i+1, parts)
		if err := c.err(); err != nil {
			return nil, err
		}
		all = c.join(all, next, j)
		if err := c.err(); err != nil {
			return nil, &JoiningError{i, err}
		}
	}
	c.aggregates = true
	plan, err := c.finish(c.named(all), diag.Span{})
	if err != nil {
		return nil, err
	}
	for i, part := range parts {
		plan.text += "$" + strconv.Itoa(i) + " " + part.Logstore + ": " + part.Query.String() + "\n"
	}
	return plan, nil
}

// A combiner is a planner of several queries.
type combiner struct {
	*planner
	exclude []Search
	own     string // logstore of the exceptions
}

// A combination is the rows of the parts so far. Their columns are named by
// labels, $0.x.
type combination struct {
	*rows
	cols []labelled
}

// A labelled is a column with where it comes from. Equal are the numbers of
// further columns that have the same value by a condition: they are shown with
// it, as one.
type labelled struct {
	label, name string
	equal       []int
}

// part resolves one query.
func (c *combiner) part(i int, parts []Part) *combination {
	part, p := parts[i], c.planner
	p.o.Logstore, p.o.Exclude, p.own, p.filter, p.length, p.gives = part.Logstore, nil, false, part.Query.Filter, part.Length, ""
	if part.Logstore == c.own {
		p.o.Exclude = c.exclude
	}
	store, ok := p.schema.Logstore(part.Logstore)
	if !ok {
		p.noLogstore(part.Logstore, diag.Span{})
		return &combination{rows: &rows{set: &selection{limit: -1}}}
	}
	r := *p.stages(part.Query, store)
	p.checkFilter(store)
	out := &combination{rows: &r}
	r.cols = slices.Clone(r.cols)
	for n := range r.cols {
		l := labelled{label: "$" + strconv.Itoa(i) + "." + r.cols[n].name, name: r.cols[n].name}
		r.cols[n].name = l.label
		out.cols = append(out.cols, l)
	}
	return out
}

// join puts the next rows beside or below the ones so far.
func (c *combiner) join(l, r *combination, j Joining) *combination {
	c.gives = "the queries give "
	if j.Kind.Conditional() != (j.On != nil) {
		c.fault("query/combine", diag.Span{}, string(j.Kind)+" needs a condition, and the others have none", `write on: "$0.host == $1.host"`)
		return l
	}
	switch j.Kind {
	case Concat:
		return c.concat(l, r)
	case LeftExclude:
		return c.without(l, r, j.On)
	case RightExclude:
		return c.without(r, l, j.On)
	}
	kind := map[Combination]JoinKind{CrossProduct: CrossJoin, Inner: InnerJoin, Left: LeftJoin, Right: RightJoin, Full: FullJoin}[j.Kind]
	if kind == "" {
		c.fault("query/combine", diag.Span{}, "there is no "+cut(string(j.Kind)), didYouMean(string(j.Kind), Combinations(), "there is "+listed(Combinations())))
		return l
	}
	sc := c.beside(kind, c.derived(l.rows, ""), c.derived(r.rows, ""), j.On)
	out := &combination{rows: c.selectRows(&Select{}, sc), cols: slices.Clone(l.cols)}
	for _, col := range r.cols {
		col.equal = moved(col.equal, len(l.cols))
		out.cols = append(out.cols, col)
	}
	out.merge(j.On)
	return out
}

func moved(list []int, by int) []int {
	out := make([]int, len(list))
	for i, n := range list {
		out[i] = n + by
	}
	return out
}

// beside is the scope of two sources that are joined.
func (c *combiner) beside(kind JoinKind, l, r *source, on *JoinCondition) *scope {
	jn := &joined{kind: kind, left: l.scope().from, right: r.scope().from}
	sc := &scope{from: jn, sources: []*source{l, r}}
	if on == nil {
		return sc
	}
	st := &stage{planner: c.planner, in: sc}
	var xs []value
	for _, x := range on.Xs {
		xs = append(xs, st.condition(x, env{clause: "ON"}))
	}
	if jn.on = xs[0]; len(xs) > 1 {
		jn.on = &logic{false, xs}
	}
	if kind == FullJoin && !equalities(jn.on) {
		c.fault("query/full-join", on.Span(), "full_join takes equal columns only", `write on: "$0.a == $1.b", joined with a comma`)
	}
	return sc
}

// there is the column that a partner has.
const there = "$there"

// without is the rows of l that have no partner in r.
func (c *combiner) without(l, r *combination, on *JoinCondition) *combination {
	mark := &Item{X: &Literal{Kind: BoolLit, Text: "true"}, Alias: &Name{Text: there}}
	marked := c.selectRows(&Select{Core: Core{Explicit: true, Items: []*Item{{Star: true}, mark}}}, c.derived(r.rows, "").scope())
	sc := c.beside(LeftJoin, c.derived(l.rows, ""), c.derived(marked, ""), on)
	n := &Select{Core: Core{Explicit: true, Where: &IsNull{X: reference(there)}}}
	for _, col := range l.cols {
		n.Items = append(n.Items, &Item{X: reference(col.label), Alias: &Name{Text: col.label}})
	}
	return &combination{rows: c.selectRows(n, sc), cols: l.cols}
}

func reference(name string) *ColumnRef { return &ColumnRef{Names: []Name{{Text: name}}} }

// concat is the rows of l and of r; columns that are named alike are one, and
// what a side does not have is NULL.
func (c *combiner) concat(l, r *combination) *combination {
	left, right := c.named(l), c.named(r)
	type place struct{ l, r int }
	places := []place{}
	out := &combination{rows: &rows{}}
	add := func(col labelled, p place) {
		out.cols = append(out.cols, labelled{label: col.label, name: col.name})
		places = append(places, p)
	}
	shown, others := l.shown(), r.shown()
	for i, col := range left.cols {
		add(labelled{label: l.cols[shown[i]].label, name: col.name}, place{i, slices.IndexFunc(right.cols, func(o resultColumn) bool { return o.name == col.name })})
	}
	for i, col := range right.cols {
		if !slices.ContainsFunc(left.cols, func(o resultColumn) bool { return o.name == col.name }) {
			add(r.cols[others[i]], place{-1, i})
		}
	}
	ls, rs := c.derived(left, ""), c.derived(right, "")
	a, b := &selection{from: &named{ls.set, ls.id}, limit: -1}, &selection{from: &named{rs.set, rs.id}, limit: -1}
	for i, p := range places {
		col := c.aligned(out.cols[i], left.column(p.l), right.column(p.r))
		col.name = out.cols[i].label
		out.rows.cols = append(out.rows.cols, col)
		a.items, b.items = append(a.items, sideValue(ls, p.l, col.t)), append(b.items, sideValue(rs, p.r, col.t))
	}
	out.set = &combined{op: Union, all: true, left: a, right: b}
	return out
}

// column is the column number i; an unknown one where there is none.
func (r *rows) column(i int) resultColumn {
	if i < 0 {
		return resultColumn{t: Unknown, weight: 1, grown: 1}
	}
	return r.cols[i]
}

// aligned is one column of two.
func (c *combiner) aligned(at labelled, a, b resultColumn) resultColumn {
	t, ok := shared(a.t, b.t)
	if !ok {
		c.fault("query/type", diag.Span{}, "the column "+cut(at.name)+" is "+a.t.String()+" on one side and "+b.t.String()+" on the other", "bring them to one type in a query: cast(… AS varchar) AS "+cut(at.name))
		t = Unknown
	}
	col := resultColumn{t: userType(t), agg: a.agg || b.agg, weight: max(a.weight, b.weight), grown: max(a.grown, b.grown)}
	if a.zone == b.zone {
		col.zone = a.zone
	}
	return col
}

// sideValue is a column of one side as the type that both have; NULL where it
// has none.
func sideValue(s *source, i int, t Type) value {
	if i < 0 {
		return &conversion{x: null(), to: t}
	}
	v := value(s.column(i, diag.Span{}))
	if v.typ() != t {
		v = &conversion{x: v, to: t}
	}
	return v
}

// merge notes which columns of one name a condition says to be equal.
func (c *combination) merge(on *JoinCondition) {
	if on == nil {
		return
	}
	for _, x := range conjuncts(on.Xs) {
		b, ok := x.(*Binary)
		if !ok || b.Op != OpEq {
			continue
		}
		i, j := c.shownWith(c.columnOf(b.X)), c.shownWith(c.columnOf(b.Y))
		if i > j {
			i, j = j, i
		}
		if i < 0 || i == j || c.cols[i].name != c.cols[j].name || c.rows.cols[i].t != c.rows.cols[j].t {
			continue
		}
		c.cols[i].equal = append(append(slices.Clone(c.cols[i].equal), j), c.cols[j].equal...)
	}
}

// conjuncts are the parts of conditions that are joined by AND.
func conjuncts(xs []Expr) (out []Expr) {
	for _, x := range xs {
		if b, ok := x.(*Binary); ok && b.Op == OpAnd {
			out = append(out, conjuncts(b.Operands())...)
			continue
		}
		out = append(out, x)
	}
	return out
}

// columnOf is the number of the column that an expression names; -1: it is
// another one.
func (c *combination) columnOf(x Expr) int {
	ref, ok := x.(*ColumnRef)
	if !ok {
		return -1
	}
	return (&source{rows: c.rows}).columnNamed(written(ref.Names))
}

// shownWith is the column that a column is shown with.
func (c *combination) shownWith(i int) int {
	for n, col := range c.cols {
		if slices.Contains(col.equal, i) {
			return n
		}
	}
	return i
}

// shown are the columns of the result.
func (c *combination) shown() (list []int) {
	for i := range c.cols {
		if c.shownWith(i) == i {
			list = append(list, i)
		}
	}
	return list
}

// named is the combination with its columns under the names of the result.
func (c *combiner) named(all *combination) *rows {
	times := map[string]int{}
	for _, i := range all.shown() {
		times[all.cols[i].name]++
	}
	n := &Select{Core: Core{Explicit: true}}
	for _, i := range all.shown() {
		col := all.cols[i]
		it := &Item{X: reference(col.label), Alias: &Name{Text: col.label}}
		if len(col.equal) > 0 {
			args := []Expr{it.X}
			for _, j := range col.equal {
				args = append(args, reference(all.cols[j].label))
			}
			it.X = &Call{Name: "coalesce", Args: args}
		}
		n.Items = append(n.Items, it)
	}
	out := c.selectRows(n, c.derived(all.rows, "").scope())
	for n, i := range all.shown() {
		if col := all.cols[i]; times[col.name] == 1 {
			out.cols[n].name = col.name
		}
	}
	return out
}
