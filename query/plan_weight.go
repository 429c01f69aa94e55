// How large an expression becomes for the engine, and where that ends.

package query

import "strings"

// maxWeight bounds the expression that an engine makes of one of ours: it puts
// the expressions of inner selections in the place of their columns, so that
// twenty stages of x || x are a million nodes, and forty never end (DuckDB
// cannot be interrupted while it optimises).
const maxWeight = 100000

// weight is how many nodes v has for the engine. Each value is weighed once.
func (p *planner) weight(v value) int {
	if v == nil {
		return 0
	}
	if w, ok := p.weights[v]; ok {
		return w
	}
	w := 1
	add := func(x value) value {
		w = min(w+p.weight(x), maxWeight+1)
		return x
	}
	switch v := v.(type) {
	case *column:
		w += v.weight
	case *jsonAt:
		add(v.of)
	case *outerRef:
		add(v.v)
	case *aggregate:
		mapValues(v.args, add)
		if v.filter != nil {
			add(v.filter)
		}
		for _, k := range v.order {
			add(k.x)
		}
	case *subquery:
		w += v.weight
		rebuild(v, add)
	case *call:
		for i, n := range copies(v) {
			for range n {
				add(v.args[i])
			}
		}
	default:
		rebuild(v, add)
		if c, ok := v.(*conversion); ok && c.to.IsMap() { // keys and values
			rebuild(v, add)
		}
	}
	p.weights[v] = w
	return w
}

// copies is how often a dialect may write each argument of a call.
func copies(c *call) []int {
	out := make([]int, len(c.args))
	switch c.fn {
	case "concat", "array_concat":
		return fill(out, 1)
	case "greatest", "least":
		return fill(out, 2)
	}
	fill(out, 1)
	for _, form := range [...]string{duckDB{}.form(c.fn, len(c.args)), trino{}.form(c.fn, len(c.args))} {
		for i := range min(len(out), 9) {
			out[i] = max(out[i], strings.Count(form, "$"+string(rune('1'+i))))
		}
	}
	return out
}

func fill(list []int, n int) []int {
	for i := range list {
		list[i] = n
	}
	return list
}
