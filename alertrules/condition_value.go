package alertrules

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"tocsin/query"
)

// Values of conditions: how they are compared and computed, and the functions.

// plain turns a value of a result into one of a condition.
func plain(v any) any {
	switch v := v.(type) {
	case int64:
		return float64(v)
	case int:
		return float64(v)
	case nil, bool, float64, string, time.Time:
		return v
	}
	return textOf(v)
}

// number reads v as a number; texts that hold one count.
func number(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case string:
		f, err := strconv.ParseFloat(strings.TrimSpace(v), 64)
		return f, err == nil && !math.IsNaN(f)
	}
	return 0, false
}

// moment reads a time as rule files and rows write it, UTC where no zone stands.
func moment(v any) (time.Time, bool) {
	switch v := v.(type) {
	case time.Time:
		return v, true
	case string:
		for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02 15:04", "2006-01-02"} {
			if t, err := time.Parse(layout, v); err == nil {
				return t, true
			}
		}
	}
	return time.Time{}, false
}

// textOf writes a value as rows show it.
func textOf(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case int64:
		return strconv.FormatInt(v, 10)
	case bool:
		return strconv.FormatBool(v)
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano)
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(b)
}

// order compares two values: as numbers when both are or hold numbers and one
// is a number, as times when one is a time, else as texts.
func order(a, b any) (int, bool) {
	if a == nil || b == nil {
		return 0, false
	}
	_, numA := a.(float64)
	_, numB := b.(float64)
	if numA || numB {
		x, okX := number(a)
		y, okY := number(b)
		return threeWay(x, y), okX && okY
	}
	_, timeA := a.(time.Time)
	_, timeB := b.(time.Time)
	if timeA || timeB {
		x, okX := moment(a)
		y, okY := moment(b)
		return x.Compare(y), okX && okY
	}
	if x, ok := a.(bool); ok {
		y, ok := b.(bool)
		return threeWay(boolInt(x), boolInt(y)), ok
	}
	return strings.Compare(textOf(a), textOf(b)), true
}

func threeWay[T float64 | int](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func compareOp(op query.Op, a, b evaluator) evaluator {
	holds := map[query.Op]func(int) bool{
		query.OpEq: func(c int) bool { return c == 0 }, query.OpNe: func(c int) bool { return c != 0 },
		query.OpLt: func(c int) bool { return c < 0 }, query.OpLe: func(c int) bool { return c <= 0 },
		query.OpGt: func(c int) bool { return c > 0 }, query.OpGe: func(c int) bool { return c >= 0 },
		query.OpNotDistinct: func(c int) bool { return c == 0 }, query.OpDistinct: func(c int) bool { return c != 0 },
	}[op]
	nullSafe := op == query.OpDistinct || op == query.OpNotDistinct
	return func(row []any) any {
		x, y := a(row), b(row)
		c, ok := order(x, y)
		switch {
		case ok:
			return holds(c)
		case nullSafe:
			return (x == nil && y == nil) == (op == query.OpNotDistinct)
		}
		return nil
	}
}

// numbersOf gives both values as numbers where both texts are.
func numbersOf(a, b evaluator) (evaluator, evaluator) {
	pick := func(own, other evaluator) evaluator {
		return func(row []any) any {
			x, y := own(row), other(row)
			n, ok := number(x)
			if _, both := number(y); ok && both {
				return n
			}
			return x
		}
	}
	return pick(a, b), pick(b, a)
}

// arithmetic is float64; dividing by zero is NULL.
func arithmetic(op query.Op, a, b evaluator) evaluator {
	return func(row []any) any {
		x, okX := number(a(row))
		y, okY := number(b(row))
		if !okX || !okY {
			return nil
		}
		switch op {
		case query.OpAdd:
			return x + y
		case query.OpSub:
			return x - y
		case query.OpMul:
			return x * y
		}
		if y == 0 {
			return nil
		}
		if op == query.OpMod {
			return math.Mod(x, y)
		}
		return x / y
	}
}

// boolInt makes booleans comparable: false before true.
func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// maxPattern bounds a regular expression of a condition.
const maxPattern = 1000

// match is x =~ 'pattern' (RE2, found anywhere in the text).
func (c *testCompiler) match(pattern query.Expr, eval evaluator, not bool) (evaluator, kind) {
	text, ok := c.constantText(pattern)
	if !ok || len(text) > maxPattern {
		return c.fail(pattern, "a regular expression is a text of at most "+itoa(maxPattern)+" characters", "write "+"cnt =~ '^a.*b$'")
	}
	re, err := regexp.Compile(text)
	if err != nil {
		return c.fail(pattern, "this is no regular expression: "+strings.TrimPrefix(err.Error(), "error parsing regexp: "), "the syntax is RE2's")
	}
	return func(row []any) any {
		v := eval(row)
		if v == nil {
			return nil
		}
		return re.MatchString(textOf(v)) != not
	}, boolKind
}

// constantText returns a text literal, also one in double quotes.
func (c *testCompiler) constantText(x query.Expr) (string, bool) {
	switch x := x.(type) {
	case *query.Literal:
		return x.Text, x.Kind == query.StringLit
	case *query.ColumnRef:
		return x.Names[0].Text, len(x.Names) == 1 && x.Names[0].Quoted && c.find(x.Names[0].Text) < 0
	}
	return "", false
}

// like is SQL's LIKE with % and _.
func (c *testCompiler) like(x *query.Like) (evaluator, kind) {
	eval, _ := c.expr(x.X)
	pattern, ok := c.constantText(x.Pattern)
	if !ok || x.Escape != nil || len(pattern) > maxPattern {
		return c.fail(x.Pattern, "a pattern of LIKE is a text of at most "+itoa(maxPattern)+" characters, without ESCAPE", "")
	}
	var b strings.Builder
	for _, r := range pattern {
		switch r {
		case '%':
			b.WriteString(".*")
		case '_':
			b.WriteString(".")
		default:
			b.WriteString(regexp.QuoteMeta(string(r)))
		}
	}
	re := regexp.MustCompile("(?s)^" + b.String() + "$") // every part is quoted
	return func(row []any) any {
		v := eval(row)
		if v == nil {
			return nil
		}
		return re.MatchString(textOf(v)) != x.Not
	}, boolKind
}

// A function of conditions gets values that are not NULL; NULL gives NULL.
type function struct {
	args int
	kind kind
	call func(args []any) any
}

var functions = map[string]function{
	"contains":    {2, boolKind, func(a []any) any { return strings.Contains(textOf(a[0]), textOf(a[1])) }},
	"starts_with": {2, boolKind, func(a []any) any { return strings.HasPrefix(textOf(a[0]), textOf(a[1])) }},
	"ends_with":   {2, boolKind, func(a []any) any { return strings.HasSuffix(textOf(a[0]), textOf(a[1])) }},
	"lower":       {1, textKind, func(a []any) any { return strings.ToLower(textOf(a[0])) }},
	"upper":       {1, textKind, func(a []any) any { return strings.ToUpper(textOf(a[0])) }},
	"length":      {1, numberKind, func(a []any) any { return float64(len([]rune(textOf(a[0])))) }},
	"abs":         {1, numberKind, func(a []any) any { return numeric(a[0], math.Abs) }},
	"floor":       {1, numberKind, func(a []any) any { return numeric(a[0], math.Floor) }},
	"ceil":        {1, numberKind, func(a []any) any { return numeric(a[0], math.Ceil) }},
	"round":       {1, numberKind, func(a []any) any { return numeric(a[0], math.Round) }},
}

func numeric(v any, f func(float64) float64) any {
	if x, ok := number(v); ok {
		return f(x)
	}
	return nil
}

func (c *testCompiler) call(x *query.Call) (evaluator, kind) {
	if x.Name == "regexp_like" && len(x.Args) == 2 {
		eval, _ := c.expr(x.Args[0])
		return c.match(x.Args[1], eval, false)
	}
	if x.Name == "coalesce" && len(x.Args) > 0 {
		return c.coalesce(x)
	}
	f, ok := functions[x.Name]
	if !ok || x.Star || x.Distinct || x.Filter != nil || len(x.OrderBy) > 0 {
		return c.fail(x, "the function "+x.Name+" cannot stand in a condition", "compute it in the query and compare the column: SELECT … AS x, with when: x > 10")
	}
	if len(x.Args) != f.args {
		return c.fail(x, x.Name+" takes "+itoa(f.args)+" values, not "+itoa(len(x.Args)), "")
	}
	args := make([]evaluator, len(x.Args))
	for i, a := range x.Args {
		args[i], _ = c.expr(a)
	}
	return func(row []any) any {
		values := make([]any, len(args))
		for i, a := range args {
			if values[i] = a(row); values[i] == nil {
				return nil
			}
		}
		return f.call(values)
	}, f.kind
}

func (c *testCompiler) coalesce(x *query.Call) (evaluator, kind) {
	var args []evaluator
	var first kind
	for i, a := range x.Args {
		eval, k := c.expr(a)
		if i == 0 {
			first = k
		}
		args = append(args, eval)
	}
	return func(row []any) any {
		for _, a := range args {
			if v := a(row); v != nil {
				return v
			}
		}
		return nil
	}, first
}
