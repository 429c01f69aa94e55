// Conditions over one row: comparisons, operators, choices, with the semantics
// of SLS. What calls do is in eval_call.go.

package query

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"strings"
	"time"
)

// Eval reports whether the condition holds for one row; only the truth value
// true holds (200 does not). row gives the value of a column, as in a
// Result, and false for a name that the row does not have; __count__ and the
// like are names as any other. The semantics are those of SLS (sls.md §3.6):
// numbers are float64; a comparison with a text constant is one of texts, with
// a number one of numbers, of two columns one of numbers when both are;
// a comparison with NULL is false. A text stands in either kind of quotes, but
// "name" is the column where row has one of that name. An error is a name that
// row does not have.
func (c *Condition) Eval(row func(name string) (any, bool)) (bool, error) {
	e := &evaluator{row: row}
	v := e.eval(c.X)
	if e.err != nil {
		return false, e.err
	}
	return v == true, nil
}

// An evaluator keeps the first error; from then on every value is NULL.
type evaluator struct {
	row func(string) (any, bool)
	err error
}

func (e *evaluator) fail(format string, args ...any) any {
	if e.err == nil {
		e.err = fmt.Errorf(format, args...)
	}
	return nil
}

// eval returns the value of x: nil, bool, float64, string, time.Time, or what a
// column holds.
func (e *evaluator) eval(x Expr) any {
	if e.err != nil {
		return nil
	}
	switch x := x.(type) {
	case *Literal:
		return literalValue(x)
	case *ColumnRef:
		return e.column(x)
	case *Unary:
		return e.unary(x)
	case *Binary:
		return e.binary(x)
	case *Between:
		v := e.eval(x.X)
		in := e.compare(OpGe, v, e.eval(x.Low), e.isText(x.Low)) && e.compare(OpLe, v, e.eval(x.High), e.isText(x.High))
		return in != x.Not && v != nil
	case *In:
		return e.in(x)
	case *Like:
		return e.like(x)
	case *IsNull:
		return (e.eval(x.X) == nil) != x.Not
	case *Case:
		return e.choice(x)
	case *Call:
		return e.call(x)
	}
	return e.fail("this expression cannot stand in a condition")
}

func literalValue(x *Literal) any {
	switch x.Kind {
	case NumberLit:
		if f, ok := readNumber(x.Text); ok {
			return f
		}
		return nil
	case BoolLit:
		return x.Text == "true"
	case NullLit:
		return nil
	case DateLit, TimestampLit:
		if t, ok := parseTime(x.Text); ok {
			return t
		}
		return nil
	}
	return x.Text
}

// conditionName is the column that a name of a condition means: $0.host is host.
func conditionName(x *ColumnRef) string {
	names := x.Names
	if len(names) > 1 && strings.HasPrefix(names[0].Text, "$") && !names[0].Quoted {
		names = names[1:]
	}
	return written(names)
}

// quotedText returns what a name in double quotes says when it is taken for a
// text, which it is wherever no column has that name (SLS knows both quotes).
func quotedText(x *ColumnRef) (string, bool) {
	if len(x.Names) == 1 && x.Names[0].Quoted {
		return x.Names[0].Text, true
	}
	return "", false
}

// lookup finds the column that a name means.
func (e *evaluator) lookup(x *ColumnRef) (any, bool) {
	name := conditionName(x)
	v, ok := e.row(name)
	if bare, at := strings.CutPrefix(name, "@"); !ok && at {
		return e.row(bare)
	}
	return v, ok
}

// column is the value of a name: of a column; in double quotes also a text.
func (e *evaluator) column(x *ColumnRef) any {
	if v, ok := e.lookup(x); ok {
		return plainValue(v)
	}
	if text, ok := quotedText(x); ok {
		return text
	}
	return e.fail("the row has no column %s", cut(conditionName(x)))
}

// plainValue makes every number a float64.
func plainValue(v any) any {
	switch v := v.(type) {
	case int64:
		return float64(v)
	case int:
		return float64(v)
	}
	return v
}

func (e *evaluator) unary(x *Unary) any {
	v := e.eval(x.X)
	if x.Op == OpNot {
		return v != true
	}
	n, ok := asNumber(v)
	switch {
	case !ok:
		return nil
	case x.Op == OpSub:
		return -n
	}
	return n
}

// binary computes an operator; AND and OR stop at the operand that decides.
func (e *evaluator) binary(x *Binary) any {
	switch x.Op {
	case OpAnd, OpOr:
		for _, o := range x.Operands() {
			if (e.eval(o) == true) == (x.Op == OpOr) {
				return x.Op == OpOr
			}
		}
		return x.Op == OpAnd
	}
	a, b := e.eval(x.X), e.eval(x.Y)
	switch x.Op {
	case OpEq, OpNe, OpLt, OpLe, OpGt, OpGe:
		return e.compare(x.Op, a, b, e.isText(x.X) || e.isText(x.Y))
	case OpDistinct, OpNotDistinct:
		same := a == nil && b == nil || a != nil && b != nil && e.compare(OpEq, a, b, e.isText(x.X) || e.isText(x.Y))
		return same == (x.Op == OpNotDistinct)
	case OpMatch, OpNotMatch:
		return e.match(a, b, x.Op == OpNotMatch)
	case OpConcat:
		if a == nil || b == nil {
			return nil
		}
		return asText(a) + asText(b)
	}
	return arithmetic(x.Op, a, b)
}

func arithmetic(op Op, a, b any) any {
	x, ok1 := asNumber(a)
	y, ok2 := asNumber(b)
	if !ok1 || !ok2 {
		return nil
	}
	r := math.NaN()
	switch op {
	case OpAdd:
		r = x + y
	case OpSub:
		r = x - y
	case OpMul:
		r = x * y
	case OpDiv:
		r = x / y
	case OpMod:
		r = math.Mod(x, y)
	}
	if math.IsNaN(r) || math.IsInf(r, 0) {
		return nil
	}
	return r
}

func (e *evaluator) match(a, b any, not bool) any {
	if a == nil || b == nil {
		return false
	}
	re, err := regexp.Compile(asText(b))
	if err != nil {
		return e.fail("regular expression: %w", err)
	}
	return re.MatchString(asText(a)) != not
}

// compare follows SLS; texts says that one side is a text constant.
func (e *evaluator) compare(op Op, a, b any, texts bool) bool {
	if a == nil || b == nil {
		return false
	}
	if s, t, ok := asTimes(a, b); ok {
		return holds(op, s.Compare(t))
	}
	x, ok1 := asNumber(a)
	y, ok2 := asNumber(b)
	_, num1 := a.(float64)
	_, num2 := b.(float64)
	switch {
	case !texts && ok1 && ok2:
		return holds(op, cmp.Compare(x, y))
	case !texts && (num1 || num2) && op != OpNe:
		return false // a number and what is none
	}
	return holds(op, strings.Compare(asText(a), asText(b)))
}

// asTimes reads two values as times when one is a time.
func asTimes(a, b any) (s, t time.Time, ok bool) {
	read := func(v any) (time.Time, bool) {
		switch v := v.(type) {
		case time.Time:
			return v, true
		case string:
			return parseTime(v)
		}
		return time.Time{}, false
	}
	_, isA := a.(time.Time)
	_, isB := b.(time.Time)
	s, ok1 := read(a)
	t, ok2 := read(b)
	return s, t, (isA || isB) && ok1 && ok2
}

// holds reports whether op holds of two values that compare as c.
func holds(op Op, c int) bool {
	switch op {
	case OpEq:
		return c == 0
	case OpNe:
		return c != 0
	case OpLt:
		return c < 0
	case OpLe:
		return c <= 0
	case OpGt:
		return c > 0
	case OpGe:
		return c >= 0
	}
	return false
}

// isText reports whether x is a text constant, in either kind of quotes.
func (e *evaluator) isText(x Expr) bool {
	switch x := x.(type) {
	case *Literal:
		return x.Kind == StringLit
	case *ColumnRef:
		_, quoted := quotedText(x)
		_, column := e.lookup(x)
		return quoted && !column
	}
	return false
}

func (e *evaluator) in(x *In) any {
	v := e.eval(x.X)
	if v == nil {
		return false
	}
	for _, it := range x.Items {
		if e.compare(OpEq, v, e.eval(it), e.isText(it)) {
			return !x.Not
		}
	}
	return x.Not
}

func (e *evaluator) like(x *Like) any {
	v, p := e.eval(x.X), e.eval(x.Pattern)
	if v == nil || p == nil {
		return false
	}
	escape := ""
	if x.Escape != nil {
		escape = asText(e.eval(x.Escape))
	}
	parts, ok := likeGlob(asText(p), escape)
	if !ok {
		return e.fail("the pattern of LIKE is broken")
	}
	return globMatch(asText(v), parts) != x.Not
}

func (e *evaluator) choice(x *Case) any {
	var operand any
	if x.Operand != nil {
		operand = e.eval(x.Operand)
	}
	for _, w := range x.Whens {
		v := e.eval(w.If)
		if x.Operand == nil && v == true || x.Operand != nil && e.compare(OpEq, operand, v, e.isText(w.If)) {
			return e.eval(w.Then)
		}
	}
	if x.Else == nil {
		return nil
	}
	return e.eval(x.Else)
}
