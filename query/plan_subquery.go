// Subqueries in expressions.

package query

import "strconv"

// subquery resolves a query in the place of a value. Fields that its own sources
// do not have are those of the query around it.
func (s *stage) subquery(out *subquery, n *Select, v env) value {
	if v.params != nil || v.clause == "an aggregate" || v.clause == "a window" || v.clause == "GROUP BY" {
		s.fault("query/misplaced-subquery", n.Span(), "a subquery in "+v.clause, "put it into an earlier stage, or into FROM")
		return null()
	}
	c := &correlation{scope: s.in}
	store, _ := s.schema.Logstore(s.o.Logstore)
	reads := s.planner.reads
	s.planner.reads = map[string]bool{}
	r := s.query(n, surrounding{store: store, outer: c, with: s.in.with})
	for name := range s.planner.reads {
		if l, ok := s.schema.Logstore(name); ok && !l.Lookup {
			s.aggregates = true
		}
		reads[name] = true
	}
	s.planner.reads = reads
	out.rows, out.outers = r.set, c.outers
	s.checkCorrelated(n, out)
	if out.kind == existsQuery {
		return out
	}
	if len(r.cols) != 1 {
		s.fault("query/subquery-columns", n.Span(), "a subquery that is a value gives one column, not "+strconv.Itoa(len(r.cols)), "select the one that is meant")
		return null()
	}
	t := r.cols[0].t
	out.weight, out.grown = r.cols[0].weight, r.cols[0].grown
	if r.seq {
		out.rows = s.side(r, []Type{t}, &SetPart{Place: n.Place})
	}
	if out.kind == scalarQuery {
		out.t = userType(t)
		if z := r.cols[0].zone; z != "" {
			return &inZone{out, z}
		}
		return out
	}
	x, y := s.pair(out.x, &column{t: t}, n)
	if _, same := y.(*conversion); same {
		s.fault("query/type", n.Span(), out.x.typ().String()+" is looked for in "+t.String(), "bring both to one type with cast")
		return null()
	}
	out.x = x
	return out
}

// checkCorrelated refuses what the engines do not read alike: a subquery that
// depends on the row around it filters by it, and nothing else.
func (s *stage) checkCorrelated(n *Select, out *subquery) {
	if len(out.outers) == 0 {
		return
	}
	sel, ok := out.rows.(*selection)
	hint := "compare with the row around it in WHERE only, or join the two"
	if !ok || sel.limit >= 0 || len(sel.groups) > 0 || sel.having != nil || sel.distinct {
		s.fault("query/correlated", n.Span(), "a subquery that uses fields of the row around it has no GROUP BY, HAVING, DISTINCT, LIMIT or set operation", hint)
		return
	}
	refs := 0
	contains(sel.where, func(v value) bool {
		if _, ok := v.(*outerRef); ok {
			refs++
		}
		return false
	})
	inLambda := contains(sel.where, func(v value) bool {
		l, ok := v.(*lambda)
		return ok && contains(l.body, func(v value) bool { _, outer := v.(*outerRef); return outer })
	})
	if inLambda {
		s.fault("query/correlated", n.Span(), "a subquery uses fields of the row around it inside a lambda", "compare with them outside of the lambda, or join the two")
		return
	}
	if refs < len(out.outers) {
		s.fault("query/correlated", n.Span(), "a subquery uses fields of the row around it outside of its WHERE", hint)
		return
	}
	if out.kind == scalarQuery && !sel.grouped {
		s.fault("query/correlated", n.Span(), "a subquery that uses fields of the row around it may give more than one row", "take one value: SELECT max(x) …, or arbitrary(x)")
	}
}
