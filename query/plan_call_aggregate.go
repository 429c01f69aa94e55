// What single aggregates ask of their arguments, and how their answers are made
// reproducible.

package query

import "slices"

// specialAggregate checks single aggregates; nil: there was a mistake.
func (s *stage) specialAggregate(a *aggregate, e *Call) value {
	switch a.fn {
	case "min", "max":
		return s.least(a, e)
	case "min_by", "max_by":
		if len(a.args) == 3 {
			return s.leastBy(a, e)
		}
		return s.byKey(a, s.in.seq(), e)
	case "approx_percentile":
		return s.percentile(a, e)
	case "histogram":
		a.t = MapOf(userType(a.args[0].typ()), Integer)
		if !s.keyType(a.args[0].typ(), e.Args[0]) {
			return nil
		}
	case "map_agg", "multimap_agg":
		if !s.keyType(a.args[0].typ(), e.Args[0]) || !s.valueType(a.args[1].typ(), e.Args[1]) {
			return nil
		}
		val := userType(a.args[1].typ())
		if a.fn == "multimap_agg" {
			if !val.nestable() {
				s.fault("query/type", e.Args[1].Span(), "an array of "+val.String()+" is not in the language", "take one of its values")
				return nil
			}
			val = ArrayOf(val)
		}
		a.t = MapOf(userType(a.args[0].typ()), val)
		if a.args[0].typ() == Unknown {
			a.args[0] = &conversion{x: a.args[0], to: Text}
		}
		a.filter = both(a.filter, &nullTest{x: a.args[0], not: true})
		if x := s.storedOrder(a.args[1]); !fixed(x) {
			a.order = []sortKey{{item: -1, x: x}}
		}
	default:
		a.args = statistic(a.fn, a.args)
	}
	return a
}

// statistic makes the arguments of a statistic fit for both engines; those of
// other functions stay.
func statistic(fn string, args []value) []value {
	switch fn {
	case "corr", "covar_pop", "covar_samp", "regr_slope", "regr_intercept", "skewness", "kurtosis":
		return moderate(doubles(args))
	case "stddev", "stddev_samp", "stddev_pop", "variance", "var_samp", "var_pop":
		return moderate(args)
	}
	return args
}

// moderate are numbers whose fourth power is one: beyond that DuckDB fails, and
// Trino gives nonsense.
func moderate(args []value) []value {
	return mapValues(args, func(x value) value {
		if x.typ() != Double {
			return x
		}
		return &call{fn: "moderate", args: []value{x}, t: Double}
	})
}

// doubles makes doubles of integers, which Presto takes for reals of seven digits
// where it counts with pairs of numbers.
func doubles(args []value) []value {
	return mapValues(args, func(x value) value {
		if x.typ() == Integer {
			return &conversion{x: x, to: Double}
		}
		return x
	})
}

// storedOrder is what tells rows apart: the order in which they were stored, or
// else one of their values.
func (s *stage) storedOrder(x value) value {
	if seq := s.in.seq(); seq != nil {
		return seq
	}
	return x
}

// maxFirst bounds how many values min(x, n) and its like give.
const maxFirst = 10_000

// least resolves min and max: with a number, arrays.
func (s *stage) least(a *aggregate, e *Call) value {
	if len(a.args) == 1 {
		return a
	}
	if !s.howMany(a, e, 1) {
		return nil
	}
	a.fn, a.t = a.fn+"_n", ArrayOf(userType(a.args[0].typ()))
	return a
}

// leastBy resolves min_by and max_by with a number: what comes first of all
// values in order, of equal ones those that were stored first.
func (s *stage) leastBy(a *aggregate, e *Call) value {
	y := a.args[1]
	if !y.typ().single() {
		s.fault("query/type", e.Args[1].Span(), "an "+y.typ().String()+" has no order", "order by one of its values")
		return nil
	}
	if !s.howMany(a, e, 2) {
		return nil
	}
	list := *a
	list.fn, list.args, list.t = "array_agg", a.args[:1], ArrayOf(userType(a.args[0].typ()))
	list.filter = both(a.filter, &nullTest{x: y, not: true})
	for _, k := range []sortKey{{item: -1, x: y, desc: a.fn == "max_by"}, {item: -1, x: s.storedOrder(a.args[0])}} {
		if !fixed(k.x) {
			list.order = append(list.order, k)
		}
	}
	return &call{fn: "slice", args: []value{&list, intConst(1), a.args[2]}, t: list.t}
}

// howMany checks how many values an aggregate is to give.
func (s *stage) howMany(a *aggregate, e *Call, i int) bool {
	if n, ok := wholeConst(a.args[i]); !ok || n < 1 || n > maxFirst {
		s.fault("query/constant", e.Args[i].Span(), a.fn+" gives from 1 to "+itoa(maxFirst)+" values", "write "+a.fn+"(…, 3)")
		return false
	}
	if !a.args[0].typ().single() {
		s.fault("query/type", e.Args[0].Span(), "an array of "+a.args[0].typ().String()+" is not in the language", "take one of its values")
		return false
	}
	return true
}

// percentile checks the shares of approx_percentile: a constant, or an array of
// them.
func (s *stage) percentile(a *aggregate, e *Call) value {
	shares := []value{a.args[1]}
	if list, ok := a.args[1].(*array); ok {
		shares = list.items
		a.t = ArrayOf(a.args[0].typ())
	}
	out := make([]value, len(shares))
	for i, x := range shares {
		if whole, ok := x.(*conversion); ok { // beside 0.5
			x = whole.x
		}
		c, ok := x.(*constant)
		if !ok {
			c = &constant{}
		}
		f, ok := c.v.(float64)
		if n, whole := c.v.(int64); whole {
			f, ok = float64(n), true
		}
		if !ok || f < 0 || f > 1 {
			s.fault("query/constant", e.Args[1].Span(), "a share is a constant from 0 to 1", "write approx_percentile(x, 0.95), or ARRAY[0.5, 0.95]")
			return nil
		}
		out[i] = floatConst(f)
	}
	if len(out) == 0 {
		s.fault("query/constant", e.Args[1].Span(), "a share is a constant from 0 to 1", "write ARRAY[0.5, 0.95]")
		return nil
	}
	if a.t.IsArray() {
		a.args = []value{a.args[0], &array{out, ArrayOf(Double)}}
	} else {
		a.args = []value{a.args[0], out[0]}
	}
	if a.args[0].typ() != Integer {
		return a
	}
	// Trino refuses integers that are no doubles.
	t := a.t
	a.args[0], a.t = &conversion{x: a.args[0], to: Double}, Double
	if t.IsArray() {
		a.t = ArrayOf(Double)
	}
	return &conversion{x: a, to: t, try: true}
}

// takesDistinct reports whether DISTINCT changes, and may change, an aggregate.
func takesDistinct(fn string) bool {
	return slices.Contains([]string{"count", "sum", "avg", "array_agg", "count_if"}, fn)
}

// fixed reports whether v is the same for all rows, so that it orders nothing.
func fixed(v value) bool {
	switch v := v.(type) {
	case *constant, *instant:
		return true
	case *conversion:
		return fixed(v.x)
	}
	return false
}
