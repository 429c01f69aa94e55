// Windows: calls over the rows around each row.

package query

// windowCall resolves f(…) OVER (…).
func (s *stage) windowCall(f *function, e *Call, v env) value {
	switch {
	case !v.windows:
		s.fault("query/misplaced-window", e.Span(), "a window cannot stand in "+v.clause, "compute it in SELECT, and use it in a further stage: | WHERE n = 1")
		return null()
	case !f.window && !f.agg:
		s.fault("query/not-a-window", e.Span(), e.Name+" has no OVER", "windows are for aggregates, row_number, rank, lag, lead, first_value and their like")
		return null()
	case e.Distinct || len(e.OrderBy) > 0:
		s.fault("query/window", e.Span(), "DISTINCT and ORDER BY inside the call do not go with OVER", "write the order into OVER (… ORDER BY …)")
		return null()
	case e.NoNulls && !ignoresNulls(f.canonical()):
		s.fault("query/window", e.Span(), "IGNORE NULLS is for lag, lead, first_value, last_value and nth_value", "aggregates skip NULLs by themselves")
		return null()
	}
	s.aggregates = true
	inner := env{clause: "a window", aggregates: v.aggregates, aliases: v.aliases}
	w := &windowed{fn: f.canonical(), args: s.args(f, e, inner), noNulls: e.NoNulls}
	w.t = s.resultType(f, w.args)
	if e.Filter != nil {
		if f.window {
			s.fault("query/window", e.Filter.Span(), "FILTER is for aggregates", "choose the value with CASE, or filter in an earlier stage")
		}
		w.filter = s.condition(e.Filter, inner)
	}
	for _, x := range e.Over.Partition {
		v := s.expr(x, inner)
		if v.typ().IsMap() {
			s.fault("query/type", x.Span(), "maps are not compared", "compare their values: element_at(m, 'key')")
		}
		w.partition = append(w.partition, v)
	}
	for _, o := range e.Over.OrderBy {
		x := s.expr(o.X, inner)
		if !x.typ().single() {
			s.fault("query/type", o.X.Span(), x.typ().withArticle()+" has no order", "order by one of its values")
		}
		w.order = append(w.order, sortKey{item: -1, x: x, desc: o.Desc, nullsFirst: o.Nulls == NullsFirst})
	}
	if !s.windowArgs(w, f, e) {
		return null()
	}
	w.frame = s.frame(w, e.Over.Frame)
	return s.settleWindow(w, e)
}

func ignoresNulls(fn string) bool {
	switch fn {
	case "lag", "lead", "first_value", "last_value", "nth_value":
		return true
	}
	return false
}

// windowArgs checks what single functions ask.
func (s *stage) windowArgs(w *windowed, f *function, e *Call) bool {
	switch w.fn {
	case "ntile":
		if n, ok := wholeConst(w.args[0]); !ok || n < 1 {
			s.fault("query/window", e.Args[0].Span(), "ntile takes a number of at least 1", "write ntile(4) for quarters")
			return false
		}
	case "lag", "lead", "nth_value":
		if len(w.args) > 1 {
			if n, ok := wholeConst(w.args[1]); !ok || n < 0 || n == 0 && w.fn == "nth_value" {
				s.fault("query/window", e.Args[1].Span(), w.fn+" takes a number of rows that is not negative", "write "+f.usage())
				return false
			}
		}
		if len(w.args) > 2 {
			xs, t := s.common([]value{w.args[0], w.args[2]}, []Node{e.Args[0], e.Args[2]})
			if xs[0].typ() == Unknown && t != Unknown { // an engine takes the type of the first
				xs[0] = &conversion{x: xs[0], to: t}
			}
			w.args[0], w.args[2], w.t = xs[0], xs[1], t
		}
	case "arbitrary":
		w.fn, w.noNulls = "first_value", true
	default:
		return s.windowAggregate(w, f, e)
	}
	return true
}

// windowAggregate refuses the aggregates over a window that are more than a call
// of the engine.
func (s *stage) windowAggregate(w *windowed, f *function, e *Call) bool {
	switch w.fn {
	case "approx_distinct", "approx_percentile", "array_agg", "histogram", "map_agg", "multimap_agg", "max_by", "min_by", "skewness", "kurtosis":
		s.fault("query/window", e.Span(), e.Name+" has no OVER", "group in an earlier stage")
		return false
	}
	w.args = statistic(w.fn, w.args)
	switch {
	case !f.agg:
	case (w.fn == "min" || w.fn == "max") && len(w.args) > 1:
		s.fault("query/window", e.Span(), e.Name+" with a number has no OVER", "group in an earlier stage, or number the rows with row_number()")
		return false
	case len(w.args) > 0 && w.fn != "count" && !w.args[0].typ().single():
		s.fault("query/type", e.Args[0].Span(), w.fn+" does not take "+w.args[0].typ().String(), "aggregate one of its values, or rows of UNNEST")
		return false
	}
	return true
}

func wholeConst(v value) (int64, bool) {
	c, ok := v.(*constant)
	if !ok {
		return 0, false
	}
	n, ok := c.v.(int64)
	return n, ok
}

// frame resolves ROWS BETWEEN … AND ….
func (s *stage) frame(w *windowed, f *Frame) *frame {
	if f == nil {
		return nil
	}
	out := &frame{unit: f.Unit, from: s.bound(f.From), to: s.bound(f.To)}
	if f.To.Kind == "" {
		out.to = bound{kind: "CURRENT ROW"}
	}
	switch {
	case f.Unit == "RANGE" && (f.From.N != nil || f.To.N != nil):
		s.fault("query/window", f.Span(), "RANGE with a distance", "write ROWS BETWEEN …, or group by date_trunc in an earlier stage")
	case f.Unit == "GROUPS" && len(w.order) == 0:
		s.fault("query/window", f.Span(), "GROUPS needs ORDER BY", "write OVER (ORDER BY a GROUPS …)")
	case frameRank(out.from) > frameRank(out.to), out.from.kind == "PRECEDING" && out.to.kind == "PRECEDING" && out.from.n < out.to.n,
		out.from.kind == "FOLLOWING" && out.to.kind == "FOLLOWING" && out.from.n > out.to.n:
		s.fault("query/window", f.Span(), "the frame ends before it begins", "write BETWEEN 3 PRECEDING AND CURRENT ROW")
	case !isWindowOnly(w.fn):
	case w.fn != "first_value" && w.fn != "last_value" && w.fn != "nth_value":
		s.fault("query/window", f.Span(), w.fn+" takes no frame", "remove "+f.Unit+" …")
	case frameRank(out.from) == 0 && frameRank(out.to) == 4:
		out.unit = "ROWS" // the same rows, which can be told apart
	case f.Unit != "ROWS":
		s.fault("query/window", f.Span(), w.fn+" over "+f.Unit+" depends on which of equal rows comes first", "write ROWS BETWEEN …")
	}
	return out
}

func isWindowOnly(fn string) bool {
	f, ok := functionNamed(fn)
	return ok && f.window
}

// frameRank orders the ends of frames, as far as their kinds tell.
func frameRank(b bound) int {
	switch b.kind {
	case "UNBOUNDED PRECEDING":
		return 0
	case "PRECEDING":
		return 1
	case "CURRENT ROW":
		return 2
	case "FOLLOWING":
		return 3
	}
	return 4
}

func (s *stage) bound(b Bound) bound {
	if b.N == nil {
		return bound{kind: b.Kind}
	}
	n, ok := wholeConst(s.expr(b.N, env{clause: "a frame"}))
	if !ok || n < 0 || n > 1e6 {
		s.fault("query/window", b.N.Span(), "a distance is a number of rows, from 0 to 1000000", "write ROWS BETWEEN 3 PRECEDING AND CURRENT ROW")
		n = 0
	}
	return bound{kind: b.Kind, n: n}
}

// settleWindow makes the answer of a window reproducible where rows are equal in
// its order: what tells them apart orders them further. Where equal rows share
// an answer (rank, RANGE) nothing is added.
func (s *stage) settleWindow(w *windowed, e *Call) value {
	switch w.fn {
	case "rank", "dense_rank", "percent_rank", "cume_dist":
		if len(w.order) == 0 {
			s.fault("query/window", e.Over.Span(), w.fn+" needs ORDER BY in OVER", "write OVER (ORDER BY n DESC)")
		}
		return w
	case "row_number", "ntile", "lag", "lead", "first_value", "last_value", "nth_value":
	default:
		if w.frame == nil || w.frame.unit != "ROWS" {
			return w
		}
	}
	if w.frame == nil && (w.fn == "last_value" || w.fn == "nth_value") && len(w.order) == 0 {
		w.frame = &frame{"ROWS", bound{kind: "UNBOUNDED PRECEDING"}, bound{kind: "UNBOUNDED FOLLOWING"}}
	}
	for _, x := range s.in.tieBreak() {
		w.order = append(w.order, sortKey{item: -1, x: x})
		w.tied++
	}
	return w
}
