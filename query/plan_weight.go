// How large an expression becomes for the engine, and where that ends.

package query

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
	default:
		rebuild(v, add)
		if c, ok := v.(*call); ok && writtenTwice(c.fn) {
			rebuild(v, add)
		}
	}
	p.weights[v] = w
	return w
}

// writtenTwice reports whether a dialect may write the arguments of a function
// more than once.
func writtenTwice(fn string) bool {
	switch fn {
	case "sqrt", "ln", "log2", "log10", "power", "greatest", "least", "regexp_extract":
		return true
	}
	return false
}
