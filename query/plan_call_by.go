// max_by and min_by: of equal keys the record that was stored first counts.

package query

// byKey settles max_by or min_by; seq is nil where rows are no records.
func (s *stage) byKey(a *aggregate, seq *column, e *Call) value {
	switch {
	case a.distinct:
		s.fault("query/distinct", e.Span(), a.fn+" does not take DISTINCT", "group by the values in an earlier stage")
		return null()
	case !a.args[1].typ().single():
		s.fault("query/type", e.Args[1].Span(), a.args[1].typ().withArticle()+" has no order", "order by one of its values")
		return null()
	case seq != nil:
		a.args = append(a.args, seq)
		return a
	}
	list := *a
	list.fn, list.args, list.t = "array_agg", a.args[:1], ArrayOf(a.t)
	if !a.t.nestable() {
		s.fault("query/type", e.Args[0].Span(), a.fn+" does not take "+a.t.String()+" in a further stage", "take one of its values")
		return null()
	}
	list.filter = both(a.filter, &nullTest{x: a.args[1], not: true})
	list.order = []sortKey{{item: -1, x: a.args[1], desc: a.fn == "max_by"}}
	if a.t.single() {
		list.order = append(list.order, sortKey{item: -1, x: a.args[0]})
	}
	return &call{fn: "element_at", args: []value{&list, intConst(1)}, t: a.t}
}

// both is the conjunction of two conditions; x may be nil.
func both(x, y value) value {
	if x == nil {
		return y
	}
	return &logic{xs: []value{x, y}}
}

// keyed is max_by or min_by with one key that tells records apart, for engines.
func keyed(a *aggregate) *aggregate {
	c := *a
	tie := a.args[2]
	if a.fn == "max_by" {
		tie = &call{fn: "neg", args: []value{tie}, t: Integer}
	}
	c.args = []value{a.args[0], &call{fn: "row", args: []value{a.args[1], tie}}}
	c.filter = both(a.filter, &nullTest{x: a.args[1], not: true})
	return &c
}
