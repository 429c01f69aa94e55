// How far functions may make a text or an array grow (G23).

package query

import (
	"strings"

	"tocsin/diag"
)

// maxGrowth keeps a value that is made of 1 KB at 1 MB.
const maxGrowth = 1024

// bounded refuses v where it grows too far.
func (p *planner) bounded(v value, at diag.Span) value {
	if growth(v) > maxGrowth {
		p.fault("query/too-large", at, "this makes a value more than 1024 times as long as a field", "join fewer texts, or to a smaller size")
		return null()
	}
	return v
}

// grows reports whether a function can make a value longer than its arguments.
func grows(fn string) bool {
	switch fn {
	case "concat", "concat_ws", "replace", "regexp_replace", "translate", "lpad", "rpad", "repeat", "sequence", "array_concat", "array_join", "array_join_or",
		"transform", "transform_values", "url_encode", "to_hex", "to_base64", "to_base64url", "normalize":
		return true
	}
	return false
}

// growth is how many times longer than its longest field, of 1 KB, a value may
// be.
func growth(v value) float64 { return growthIn(v, 1024) }

// growthIn counts in units of so many bytes: of a field, and in a lambda of an
// element, which may be one byte.
func growthIn(v value, unit float64) float64 {
	switch v := v.(type) {
	case *constant:
		str, _ := v.v.(string)
		return max(1, float64(len(str))/unit)
	case *call:
		return callGrowth(v, unit)
	case *column:
		return max(1, v.grown) * max(1, 256/unit)
	case *jsonAt:
		return growthIn(v.of, unit)
	case *outerRef:
		return growthIn(v.v, unit)
	case *lambda:
		return growthIn(v.body, unit)
	case *subquery:
		return max(1, v.grown)
	case *windowed:
		return most(v.args, unit)
	case *array:
		sum := 0.0
		for _, x := range v.items {
			sum += growthIn(x, unit)
		}
		return max(1, most(v.items, unit), sum/100)
	case *aggregate:
		return most(v.args, unit)
	case *conversion:
		return growthIn(v.x, unit)
	case *choice:
		g := 1.0
		for _, w := range v.whens {
			g = max(g, growthIn(w.then, unit))
		}
		if v.other != nil {
			g = max(g, growthIn(v.other, unit))
		}
		return g
	}
	return 1
}

func most(xs []value, unit float64) float64 {
	g := 1.0
	for _, x := range xs {
		g = max(g, growthIn(x, unit))
	}
	return g
}

// callGrowth is growth of a call.
func callGrowth(c *call, unit float64) float64 {
	of := func(i int) float64 { return growthIn(c.args[i], unit) }
	size := func(i int) float64 { n, _ := wholeConst(c.args[i]); return float64(n) }
	switch c.fn {
	case "concat", "array_concat":
		sum := 0.0
		for i := range c.args {
			sum += of(i)
		}
		return sum
	case "concat_ws":
		sum := of(0) * float64(len(c.args))
		for i := range c.args[1:] {
			sum += of(i + 1)
		}
		return sum
	case "array_join", "array_join_or":
		return of(0) * (1 + most(c.args[1:], 1))
	case "replace":
		from, to := constSize(c.args, 1), constSize(c.args, 2)
		return of(0) * max(1, to/max(1, from))
	case "regexp_replace":
		return of(0) * replacementGrowth(c)
	case "translate":
		return of(0) * 4
	case "url_encode":
		return of(0) * 3
	case "to_hex", "to_base64", "to_base64url", "normalize":
		return of(0) * 2
	case "lpad", "rpad":
		return max(of(0), size(1)*4/unit)
	case "repeat":
		return of(0) * max(1, size(1))
	case "sequence":
		return float64(sequenceLength(c.args)) * 20 / unit
	case "transform", "transform_values":
		return of(0) * growthIn(c.args[1], 1)
	}
	return most(c.args, unit)
}

// constSize is the number of bytes of a constant text; 0 where there is none.
func constSize(args []value, i int) float64 {
	if i >= len(args) {
		return 0
	}
	s, _ := constText(args[i])
	return float64(len(s))
}

// replacementGrowth is how far regexp_replace makes a text grow: each match,
// which is at least one character, by the texts and the groups put in its place.
func replacementGrowth(c *call) float64 {
	if len(c.args) < 3 {
		return 1
	}
	with, _ := constText(c.args[2])
	groups := strings.Count(with, `\`)
	return max(1, float64(len(with)+groups))
}

// sequenceLength is how many elements sequence(from, to[, step]) has; -1: the
// step leads away from the end, or is 0.
func sequenceLength(args []value) int64 {
	from, _ := wholeConst(args[0])
	to, _ := wholeConst(args[1])
	step := int64(1)
	if to < from {
		step = -1
	}
	if len(args) == 3 {
		step, _ = wholeConst(args[2])
	}
	gap := float64(to) - float64(from)
	if step == 0 || gap*float64(step) < 0 {
		return -1
	}
	n := gap / float64(step)
	if n >= maxElements {
		return maxElements + 1
	}
	return int64(n) + 1
}
