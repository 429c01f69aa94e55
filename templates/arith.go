// Arithmetic, comparison and containment of values, as in Python, with errors
// where Python has exceptions.

package templates

import (
	"cmp"
	"math"
	"strings"
)

// binary computes a op b for the arithmetic operators and ~.
func (st *state) binary(op string, a, b any) any {
	a, b = plain(a), plain(b)
	if op == "~" {
		x, y := st.text(a), st.text(b)
		st.alloc(len(x) + len(y))
		return x + y
	}
	if isMissing(a) || isMissing(b) {
		return missing
	}
	if op == "+" {
		switch x := a.(type) {
		case string:
			if y, ok := b.(string); ok {
				st.alloc(len(x) + len(y))
				return x + y
			}
		case []any:
			if y, ok := b.([]any); ok {
				st.alloc(16 * (len(x) + len(y)))
				return append(append(make([]any, 0, len(x)+len(y)), x...), y...)
			}
		}
	}
	x, xi, ok1 := asNumber(a)
	y, yi, ok2 := asNumber(b)
	if !ok1 || !ok2 {
		st.failHint(op+" does not work on "+typeName(a)+" and "+typeName(b), "int() or float() makes a number of text; ~ joins as text")
	}
	if xi && yi {
		return st.integers(op, a.(int64), b.(int64))
	}
	return st.floats(op, x, y)
}

func asNumber(v any) (f float64, isInt, ok bool) {
	switch x := v.(type) {
	case int64:
		return float64(x), true, true
	case float64:
		return x, false, true
	}
	return 0, false, false
}

// integers computes with whole numbers; overflow and division by zero are errors.
func (st *state) integers(op string, a, b int64) any {
	if b == 0 && strings.ContainsAny(op, "/%") {
		st.fail("division by zero")
	}
	var r int64
	ok := true
	switch op {
	case "+":
		r = a + b
		ok = (r > a) == (b > 0)
	case "-":
		r = a - b
		ok = (r < a) == (b > 0)
	case "*":
		r = a * b
		ok = a == 0 || (r/a == b && (a != -1 || b != math.MinInt64))
	case "/":
		return float64(a) / float64(b)
	default: // // and % round down, as in Python
		if a == math.MinInt64 && b == -1 {
			ok = false
			break
		}
		r = a / b
		if a%b != 0 && (a < 0) != (b < 0) {
			r--
		}
		if op == "%" {
			r = a - r*b
		}
	}
	if !ok {
		st.fail("the result does not fit a whole number of 64 bits")
	}
	return r
}

func (st *state) floats(op string, a, b float64) any {
	if b == 0 && strings.ContainsAny(op, "/%") {
		st.fail("division by zero")
	}
	var r float64
	switch op {
	case "+":
		r = a + b
	case "-":
		r = a - b
	case "*":
		r = a * b
	case "/":
		r = a / b
	case "//":
		r = math.Floor(a / b)
	default:
		r = a - b*math.Floor(a/b)
	}
	if math.IsInf(r, 0) || math.IsNaN(r) {
		st.fail("the result is no number")
	}
	return r
}

// equal compares two values. A number equals the text that it prints as, because
// SLS gives the values of rows as text and templates compare them so.
func (st *state) equal(a, b any, depth int) bool {
	st.spend(1)
	if depth > maxDepth {
		st.fail("values more than 50 deep cannot be compared")
	}
	a, b = plain(norm(a)), plain(norm(b))
	x, _, ok1 := asNumber(a)
	y, _, ok2 := asNumber(b)
	switch {
	case ok1 && ok2:
		return x == y
	case ok1 || ok2:
		s, isText := a.(string)
		if !isText {
			s, isText = b.(string)
			return isText && st.text(a) == s
		}
		return st.text(b) == s
	}
	switch x := a.(type) {
	case []any:
		y, ok := b.([]any)
		if !ok || len(x) != len(y) {
			return false
		}
		for i := range x {
			if !st.equal(x[i], y[i], depth+1) {
				return false
			}
		}
		return true
	case map[string]any:
		return st.equalMaps(x, b, depth)
	case string:
		st.spend(len(x) / 64)
		y, ok := b.(string)
		return ok && x == y
	case nil, bool, missingValue:
		switch b.(type) {
		case nil, bool, missingValue:
			return a == b
		}
	}
	return false
}

func (st *state) equalMaps(x map[string]any, b any, depth int) bool {
	y, ok := b.(map[string]any)
	if !ok || len(x) != len(y) {
		return false
	}
	for k, v := range x {
		w, ok := y[k]
		if !ok || !st.equal(v, w, depth+1) {
			return false
		}
	}
	return true
}

// order compares two numbers or two texts: -1, 0, 1.
func (st *state) order(a, b any) int {
	a, b = plain(norm(a)), plain(norm(b))
	st.spend(1)
	if x, xi, ok := asNumber(a); ok {
		if y, yi, ok := asNumber(b); ok {
			if xi && yi {
				return cmp.Compare(a.(int64), b.(int64))
			}
			return cmp.Compare(x, y)
		}
	}
	if x, ok := a.(string); ok {
		if y, ok := b.(string); ok {
			st.spend(min(len(x), len(y)) / 64)
			return strings.Compare(x, y)
		}
	}
	st.failHint(typeName(a)+" and "+typeName(b)+" have no order", "int() or float() makes a number of text")
	return 0
}

// relation computes == != < <= > >= in.
func (st *state) relation(op string, a, b any) any {
	switch op {
	case "==":
		return st.equal(a, b, 0)
	case "!=":
		return !st.equal(a, b, 0)
	case "in":
		return st.contains(b, a)
	case "not in":
		return !st.contains(b, a)
	}
	if isMissing(a) || isMissing(b) {
		return missing
	}
	c := st.order(a, b)
	switch op {
	case "<":
		return c < 0
	case "<=":
		return c <= 0
	case ">":
		return c > 0
	}
	return c >= 0
}

// contains reports whether a list holds x, a map has the key x, or text has the part x.
func (st *state) contains(v, x any) bool {
	switch l := plain(v).(type) {
	case []any:
		for _, e := range l {
			if st.equal(e, x, 0) {
				return true
			}
		}
		return false
	case map[string]any:
		_, ok := l[st.text(x)]
		return ok
	case string:
		st.spend(len(l) / 64)
		return strings.Contains(l, st.text(x))
	case missingValue:
		return false
	}
	st.fail("in looks into a list, a map or text, not into " + typeName(v))
	return false
}
