// What single aggregates ask of their arguments, and how their answers are made
// reproducible.

package query

import "slices"

// specialAggregate checks single aggregates; nil: there was a mistake.
func (s *stage) specialAggregate(a *aggregate, e *Call) value {
	switch a.fn {
	case "min", "max", "min_by", "max_by":
		return s.first(a, e)
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
				s.fault("query/type", e.Args[1].Span(), "an array of "+val.String()+" is not in the language", "")
				return nil
			}
			val = ArrayOf(val)
		}
		a.t = MapOf(userType(a.args[0].typ()), val)
		if a.args[0].typ() == Unknown {
			a.args[0] = &conversion{x: a.args[0], to: Text}
		}
		a.filter = both(a.filter, &nullTest{a.args[0], true})
		if x := s.storedOrder(a.args[1]); !fixed(x) {
			a.order = []sortKey{{item: -1, x: x}}
		}
	case "corr", "covar_pop", "covar_samp", "regr_slope", "regr_intercept": // Presto takes integers for reals of seven digits
		for i, x := range a.args {
			if x.typ() == Integer {
				a.args[i] = &conversion{x: x, to: Double}
			}
		}
	case "skewness":
		n := &aggregate{fn: "count", args: a.args, filter: a.filter, t: Integer, span: a.span}
		return &call{fn: "skewness", args: []value{a, n}, t: Double}
	}
	return a
}

// both is a AND b; a may be nil.
func both(a, b value) value {
	if a == nil {
		return b
	}
	return &logic{xs: []value{a, b}}
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

// first resolves min, max, min_by and max_by: with a number, arrays. Of rows that
// are equal in the second argument that one counts which was stored first.
func (s *stage) first(a *aggregate, e *Call) value {
	by := a.fn == "min_by" || a.fn == "max_by"
	plain := 1
	if by {
		plain = 2
		if !a.args[1].typ().single() {
			s.fault("query/type", e.Args[1].Span(), "an "+a.args[1].typ().String()+" has no order", "order by one of its values")
			return nil
		}
		y := a.args[1]
		a.filter = both(a.filter, &nullTest{y, true})
		a.args = append([]value{a.args[0], s.ranked(a, y)}, a.args[2:]...)
	}
	if len(a.args) == plain {
		return a
	}
	if n, ok := wholeConst(a.args[plain]); !ok || n < 1 || n > maxFirst {
		s.fault("query/constant", e.Args[plain].Span(), a.fn+" gives from 1 to "+itoa(maxFirst)+" values", "")
		return nil
	}
	if !a.args[0].typ().nestable() || !a.args[0].typ().single() {
		s.fault("query/type", e.Args[0].Span(), "an array of "+a.args[0].typ().String()+" is not in the language", "")
		return nil
	}
	a.fn, a.t = a.fn+"_n", ArrayOf(userType(a.args[0].typ()))
	return a
}

// ranked is y with what tells equal rows apart.
func (s *stage) ranked(a *aggregate, y value) value {
	seq := s.in.seq()
	switch {
	case seq != nil && a.fn == "max_by":
		return &call{fn: "pair", args: []value{y, &call{fn: "neg", args: []value{seq}, t: Integer}}, t: y.typ()}
	case seq != nil:
		return &call{fn: "pair", args: []value{y, seq}, t: y.typ()}
	case !a.args[0].typ().single() || a.args[0].typ() == Unknown:
		return y
	}
	return &call{fn: "pair", args: []value{y, &call{fn: "coalesce", args: []value{a.args[0], zeroOf(a.args[0].typ())}, t: a.args[0].typ()}}, t: y.typ()}
}

// zeroOf is the value of a type that stands for NULL where rows are ranked.
func zeroOf(t Type) value {
	switch t {
	case Integer, EpochSeconds:
		return intConst(0)
	case Double:
		return floatConst(0)
	case Boolean:
		return boolConst(false)
	case Time:
		return &call{fn: "from_unixtime", args: []value{intConst(0)}, t: Time}
	}
	return textConst("")
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
	return a
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
