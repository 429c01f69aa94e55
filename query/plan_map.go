// Lambdas over maps: map_filter(m, (k, v) -> v > 1) and transform_values. An
// entry is one value for the engines, so that the lambda has one parameter.

package query

// overMap resolves a function whose argument is a lambda over the entries of a
// map.
func (s *stage) overMap(f *function, e *Call, v env) value {
	if v.params != nil {
		s.fault("query/lambda", e.Span(), "a lambda inside a lambda", "work on the inner map in an earlier stage")
		return null()
	}
	m := s.arg(f, f.kind(0), e.Args[0], s.expr(e.Args[0], v))
	key, val := m.typ().Key(), m.typ().Elem()
	body := s.lambda(e.Args[1], []Type{key, val}, v)
	if body == nil {
		return null()
	}
	s.ids++
	entry := &param{id: s.ids, t: val}
	k := &call{fn: "entry_key", args: []value{entry}, t: key}
	parts := map[value]value{body.params[0]: k, body.params[1]: &call{fn: "entry_value", args: []value{entry}, t: val}}
	x := replaced(body.body, parts)
	t := m.typ()
	if f.name == "map_filter" {
		x = s.boolean(x, e.Args[1])
	} else {
		if !s.valueType(x.typ(), e.Args[1]) {
			return null()
		}
		t = MapOf(key, userType(x.typ()))
		x = &call{fn: "entry", args: []value{k, x}, t: x.typ()}
	}
	c := &call{fn: f.name, args: []value{m, &lambda{params: []*param{entry}, body: x}}, t: t}
	return s.bounded(c, e.Span())
}

// replaced is v with some values in the place of others.
func replaced(v value, by map[value]value) value {
	if x, ok := by[v]; ok {
		return x
	}
	if j, ok := v.(*jsonAt); ok {
		if x, ok := by[j.of]; ok {
			return &jsonAt{of: x, path: j.path, t: j.t}
		}
	}
	return rebuild(v, func(x value) value { return replaced(x, by) })
}
