package alertrules

import (
	"slices"
	"strings"

	"tocsin/diag"
	"tocsin/query"
)

// Conditions over rows: how they are compiled.

// A Test is a condition over the rows of a result: `when` of a trigger and of a
// severity branch. Numbers are float64, as in SLS; NULL makes a comparison
// neither true nor false, so that a row without the value does not pass.
type Test struct {
	Text string
	eval evaluator
	uses []int // columns that it reads

	counts bool // it reads how many rows there are
	grows  bool // more rows cannot undo that it holds
}

// Holds reports whether the condition is true for a row of query.Result, which is
// one of all rows of its alert.
func (t *Test) Holds(row []any, all int) bool {
	if t.counts {
		row = append(slices.Clip(row), int64(all))
	}
	yes, ok := t.eval(row).(bool)
	return ok && yes
}

// onAggregate reports whether the condition reads a column that is not in keys.
func (t *Test) onAggregate(keys []int) bool {
	return slices.ContainsFunc(t.uses, func(i int) bool { return !slices.Contains(keys, i) })
}

// An evaluator computes a value from a row: nil, bool, float64, string or
// time.Time.
type evaluator func(row []any) any

// kind is what an expression of a condition yields.
type kind int

const (
	anyKind kind = iota // NULL, JSON: known only at run time
	boolKind
	numberKind
	textKind
	timeKind
)

func (k kind) String() string {
	return [...]string{"a value", "true or false", "a number", "a text", "a time"}[k]
}

// testCompiler turns a condition into an evaluator and checks its types.
type testCompiler struct {
	columns []query.Column
	list    *diag.List
	uses    []int
	counts  bool
}

// newTest compiles a condition over the columns of a plan. The error is a
// *diag.List whose spans are bytes of src.
func newTest(src string, cond *query.Condition, columns []query.Column) (*Test, error) {
	c := &testCompiler{columns: columns, list: &diag.List{Source: src}}
	eval, k := c.expr(cond.X)
	if k != boolKind && k != anyKind && len(c.list.Problems) == 0 {
		c.fail(cond, "the condition is "+k.String()+", not true or false", "compare it: cnt > 10")
	}
	return &Test{Text: src, eval: eval, uses: c.uses, counts: c.counts, grows: grows(cond.X)}, c.list.Err()
}

func (c *testCompiler) fail(n query.Node, message, hint string) (evaluator, kind) {
	c.list.Add("rule/condition", n.Span(), message, hint)
	return func([]any) any { return nil }, anyKind
}

func (c *testCompiler) expr(x query.Expr) (evaluator, kind) {
	switch x := x.(type) {
	case *query.Literal:
		return c.literal(x)
	case *query.ColumnRef:
		return c.column(x)
	case *query.Unary:
		return c.unary(x)
	case *query.Binary:
		return c.binary(x)
	case *query.Between:
		return c.between(x)
	case *query.In:
		return c.in(x)
	case *query.IsNull:
		eval, _ := c.expr(x.X)
		return func(row []any) any { return (eval(row) == nil) != x.Not }, boolKind
	case *query.Like:
		return c.like(x)
	case *query.Call:
		return c.call(x)
	}
	return c.fail(x, "this cannot stand in a condition", "compute it in the query and compare the column: SELECT … AS x, with when: x > 10")
}

func (c *testCompiler) literal(x *query.Literal) (evaluator, kind) {
	switch x.Kind {
	case query.NumberLit:
		f, ok := number(x.Text)
		if !ok {
			return c.fail(x, "this is no number", "")
		}
		return constant(f), numberKind
	case query.StringLit:
		return constant(x.Text), textKind
	case query.BoolLit:
		return constant(x.Text == "true"), boolKind
	case query.NullLit:
		return constant(nil), anyKind
	default:
		t, ok := moment(x.Text)
		if !ok {
			return c.fail(x, "this is no time", "write TIMESTAMP '2026-11-23 10:00:00'")
		}
		return constant(t), timeKind
	}
}

func constant(v any) evaluator { return func([]any) any { return v } }

// column finds the column of a name; $0.cnt of SLS is cnt, unless several
// results have one.
func (c *testCompiler) column(x *query.ColumnRef) (evaluator, kind) {
	parts := make([]string, len(x.Names))
	for i, n := range x.Names {
		parts[i] = n.Text
	}
	name := strings.Join(parts, ".")
	i := c.find(name)
	if short, numbered := strings.CutPrefix(name, "$0."); i < 0 && numbered {
		name, i = short, c.find(short)
	}
	if i < 0 && isCount(x) {
		c.counts = true
		i = len(c.columns) // where Holds puts it
		return func(row []any) any { return plain(row[i]) }, numberKind
	}
	if i < 0 && len(x.Names) == 1 && x.Names[0].Quoted {
		return constant(x.Names[0].Text), textKind // SLS writes texts in double quotes
	}
	if i < 0 {
		hint := "columns of the result: " + strings.Join(c.names(), ", ")
		if same := c.numbered(name); len(same) > 0 {
			hint = "several queries give one: write " + strings.Join(same, " or ")
		} else if s := diag.Suggest(name, c.names()); s != "" {
			hint = "did you mean " + quote(s) + "?"
		}
		return c.fail(x, "the result has no column "+quote(name), hint)
	}
	if !slices.Contains(c.uses, i) {
		c.uses = append(c.uses, i)
	}
	return func(row []any) any { return plain(row[i]) }, kindOf(c.columns[i].Type)
}

// find looks for the exact name, then for the only one that differs in case or
// in a leading @.
func (c *testCompiler) find(name string) int {
	for _, same := range []func(string) bool{
		func(s string) bool { return s == name },
		func(s string) bool { return strings.EqualFold(s, strings.TrimPrefix(name, "@")) },
	} {
		if i := slices.IndexFunc(c.columns, func(col query.Column) bool { return same(col.Name) }); i >= 0 {
			return i
		}
	}
	return -1
}

// numbered are the columns of that name of rules with several queries: $0.n, $1.n.
func (c *testCompiler) numbered(name string) []string {
	return slices.DeleteFunc(c.names(), func(s string) bool {
		i := strings.Index(s, ".")
		return i < 0 || s[0] != '$' || s[i+1:] != name
	})
}

func (c *testCompiler) names() []string {
	names := make([]string, len(c.columns))
	for i, col := range c.columns {
		names[i] = col.Name
	}
	return names
}

func kindOf(t query.Type) kind {
	switch t {
	case query.Text:
		return textKind
	case query.Integer, query.Double, query.EpochSeconds:
		return numberKind
	case query.Boolean:
		return boolKind
	case query.Time:
		return timeKind
	}
	return anyKind
}

func (c *testCompiler) unary(x *query.Unary) (evaluator, kind) {
	eval, k := c.expr(x.X)
	if x.Op == query.OpNot {
		c.want(x.X, k, boolKind)
		return func(row []any) any {
			if b, ok := eval(row).(bool); ok {
				return !b
			}
			return nil
		}, boolKind
	}
	c.want(x.X, k, numberKind)
	sign := 1.0
	if x.Op == query.OpSub {
		sign = -1
	}
	return func(row []any) any {
		if f, ok := number(eval(row)); ok {
			return sign * f
		}
		return nil
	}, numberKind
}

// want reports an operand of another kind; texts may hold numbers.
func (c *testCompiler) want(n query.Node, got, want kind) {
	if got == want || got == anyKind || want == numberKind && got == textKind {
		return
	}
	c.fail(n, "this is "+got.String()+", and "+want.String()+" is needed", "")
}

func (c *testCompiler) binary(x *query.Binary) (evaluator, kind) {
	switch x.Op {
	case query.OpAnd, query.OpOr:
		return c.logic(x)
	}
	a, ka := c.expr(x.X)
	b, kb := c.expr(x.Y)
	switch x.Op {
	case query.OpEq, query.OpNe, query.OpLt, query.OpLe, query.OpGt, query.OpGe, query.OpDistinct, query.OpNotDistinct:
		c.comparable(x, ka, kb)
		if ka == textKind && kb == textKind && c.twoColumns(x) {
			a, b = numbersOf(a, b)
		}
		return compareOp(x.Op, a, b), boolKind
	case query.OpAdd, query.OpSub, query.OpMul, query.OpDiv, query.OpMod:
		c.want(x.X, ka, numberKind)
		c.want(x.Y, kb, numberKind)
		return arithmetic(x.Op, a, b), numberKind
	case query.OpMatch, query.OpNotMatch:
		return c.match(x.Y, a, x.Op == query.OpNotMatch)
	case query.OpConcat:
		return func(row []any) any {
			l, r := a(row), b(row)
			if l == nil || r == nil {
				return nil
			}
			return textOf(l) + textOf(r)
		}, textKind
	}
	return c.fail(x, "the operator "+string(x.Op)+" cannot stand in a condition", "")
}

// twoColumns reports whether both sides name columns: SLS compares two fields as
// numbers where both are, and a field with a text always as a text.
func (c *testCompiler) twoColumns(x *query.Binary) bool {
	for _, side := range []query.Expr{x.X, x.Y} {
		ref, ok := side.(*query.ColumnRef)
		if !ok || len(ref.Names) == 1 && ref.Names[0].Quoted && c.find(ref.Names[0].Text) < 0 {
			return false
		}
	}
	return true
}

// logic is AND and OR of a whole chain, three-valued.
func (c *testCompiler) logic(x *query.Binary) (evaluator, kind) {
	var parts []evaluator
	for _, operand := range x.Operands() {
		eval, k := c.expr(operand)
		c.want(operand, k, boolKind)
		parts = append(parts, eval)
	}
	decides := x.Op == query.OpOr // true decides OR, false decides AND
	return func(row []any) any {
		unknown := false
		for _, p := range parts {
			b, ok := p(row).(bool)
			if ok && b == decides {
				return decides
			}
			unknown = unknown || !ok
		}
		if unknown {
			return nil
		}
		return !decides
	}, boolKind
}

func (c *testCompiler) comparable(x *query.Binary, a, b kind) {
	if a == b || a == anyKind || b == anyKind {
		return
	}
	for _, pair := range [][2]kind{{numberKind, textKind}, {timeKind, textKind}} {
		if a == pair[0] && b == pair[1] {
			c.literalFits(x.Y, pair[0])
			return
		}
		if b == pair[0] && a == pair[1] {
			c.literalFits(x.X, pair[0])
			return
		}
	}
	c.fail(x, a.String()+" is compared with "+b.String(), "")
}

// literalFits reports a text literal that is no number or time, beside one.
func (c *testCompiler) literalFits(x query.Expr, want kind) {
	text, ok := "", false
	switch x := x.(type) {
	case *query.Literal:
		text, ok = x.Text, true
	case *query.ColumnRef:
		text, ok = x.Names[0].Text, len(x.Names) == 1 && c.find(x.Names[0].Text) < 0
	}
	if !ok {
		return
	}
	_, isNumber := number(text)
	_, isTime := moment(text)
	if want == numberKind && !isNumber || want == timeKind && !isTime {
		c.fail(x, quote(text)+" is compared with "+want.String(), "")
	}
}

func (c *testCompiler) between(x *query.Between) (evaluator, kind) {
	eval, k := c.expr(x.X)
	low, kl := c.expr(x.Low)
	high, kh := c.expr(x.High)
	for _, other := range []kind{kl, kh} {
		if other != k && other != anyKind && k != anyKind {
			c.want(x, other, k)
		}
	}
	ge, le := compareOp(query.OpGe, eval, low), compareOp(query.OpLe, eval, high)
	return func(row []any) any {
		a, okA := ge(row).(bool)
		b, okB := le(row).(bool)
		if !okA || !okB {
			return nil
		}
		return (a && b) != x.Not
	}, boolKind
}

func (c *testCompiler) in(x *query.In) (evaluator, kind) {
	if x.List != nil {
		return c.fail(x, "named lists cannot stand in a condition", "use the list in the query")
	}
	eval, _ := c.expr(x.X)
	var equal []evaluator
	for _, item := range x.Items {
		other, _ := c.expr(item)
		equal = append(equal, compareOp(query.OpEq, eval, other))
	}
	return func(row []any) any {
		unknown := false
		for _, e := range equal {
			b, ok := e(row).(bool)
			if b {
				return !x.Not
			}
			unknown = unknown || !ok
		}
		if unknown {
			return nil
		}
		return x.Not
	}, boolKind
}
