// UNION, INTERSECT and EXCEPT.

package query

// sets resolves the SELECTs that set operations join: INTERSECT binds more, the
// others go from left to right.
func (p *planner) sets(n *Select, in surrounding) *rows {
	p.aggregates = true
	first := p.operand(&n.Core, n.Place, in)
	sides := []*rows{first}
	var ops []*SetPart
	for _, part := range n.Sets {
		if in.before != nil { // each side writes the stage before once more
			p.another(part.Span())
		}
		if p.full() {
			break
		}
		r := p.operand(&part.Core, part.Place, in)
		if part.Op == Intersect {
			sides[len(sides)-1] = p.combine(sides[len(sides)-1], r, part)
			continue
		}
		sides, ops = append(sides, r), append(ops, part)
	}
	all := sides[0]
	for i, part := range ops {
		all = p.combine(all, sides[i+1], part)
	}
	return &rows{set: all.set, cols: renamed(all.cols, first.cols)}
}

// renamed are cols under the names of others.
func renamed(cols, others []resultColumn) []resultColumn {
	out := append([]resultColumn(nil), cols...)
	for i := range out {
		out[i].name = others[i].name
	}
	return out
}

// operand resolves one of the SELECTs.
func (p *planner) operand(n *Core, at Place, in surrounding) *rows {
	if n.Sub != nil {
		return p.query(n.Sub, in)
	}
	if !n.Explicit {
		p.fault("query/set", at.Span(), "a set operation joins SELECTs", "write SELECT … UNION ALL SELECT …")
	}
	return p.query(&Select{Place: at, Core: *n}, in)
}

// combine puts two results together, their columns brought to one type each.
func (p *planner) combine(l, r *rows, part *SetPart) *rows {
	if len(l.cols) != len(r.cols) {
		p.fault("query/set", part.Span(), "the two sides of "+string(part.Op)+" have "+itoa(len(l.cols))+" and "+itoa(len(r.cols))+" columns", "select the same number on both sides")
		return l
	}
	types := make([]Type, len(l.cols))
	for i := range l.cols {
		a, b := l.cols[i], r.cols[i]
		xs, t := p.common([]value{&column{t: a.t}, &column{t: b.t}}, []Node{part, part})
		types[i] = t
		if len(xs) == 2 && t == Unknown && (a.t != Unknown || b.t != Unknown) {
			types[i] = a.t
		}
		if types[i].IsMap() && !(part.Op == Union && part.All) {
			p.fault("query/type", part.Span(), "maps are not compared, which "+string(part.Op)+" needs", "write UNION ALL, or select one of its values: element_at(m, 'key')")
		}
	}
	out := &combined{op: part.Op, all: part.All, left: p.side(l, types, part), right: p.side(r, types, part)}
	cols := make([]resultColumn, len(types))
	for i := range cols {
		a, b := l.cols[i], r.cols[i]
		if a.zone != b.zone {
			p.fault("query/zone", part.Span(), "the two sides of "+string(part.Op)+" have times in different zones", "cast(… AS timestamp), or date_format, gives what the clock shows")
		}
		cols[i] = resultColumn{name: a.name, t: types[i], agg: a.agg || b.agg, weight: max(a.weight, b.weight), grown: max(a.grown, b.grown), zone: a.zone, path: a.path && b.path}
	}
	return &rows{set: out, cols: cols}
}

// side is one side of a set operation with columns of the given types, and
// without the column seq.
func (p *planner) side(r *rows, types []Type, part *SetPart) rowset {
	same := !r.seq
	for i, c := range r.cols {
		same = same && c.t == types[i] && c.t != Unknown
	}
	if sel, ok := r.set.(*selection); same && (!ok || len(sel.items) == len(r.cols)) {
		return r.set
	}
	src := p.derived(r, "")
	out := &selection{from: &named{src.set, src.id}, limit: -1}
	for i := range r.cols {
		v := value(src.column(i, part.Span()))
		if to := userType(types[i]); v.typ() != to {
			v = &conversion{x: v, to: to}
		}
		out.items = append(out.items, v)
	}
	return out
}
