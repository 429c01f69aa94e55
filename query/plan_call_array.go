// What functions ask of arrays and maps beyond their types.

package query

// specialArray checks functions of arrays; false: c is none of them.
func (s *stage) specialArray(c *call, e *Call) (value, bool) {
	switch c.fn {
	case "cardinality":
		if c.args[0].typ().IsMap() {
			c.fn = "map_size"
		}
	case "element_at":
		if c.args[0].typ().IsMap() {
			return &call{fn: "map_at", args: []value{c.args[0], s.elementKey(c.args[0], c.args[1], e.Args[1])}, t: c.t}, true
		}
		c.args[1] = s.integer(c.args[1], e.Args[1])
	case "array_position", "contains", "array_remove":
		return s.element(c, e), true
	case "array_union", "array_intersect", "array_except", "arrays_overlap":
		xs, t := s.common(c.args, nodes(e.Args))
		if c.args = xs; c.fn != "arrays_overlap" {
			c.t = t
		}
		return s.plainElements(c, e), true
	case "array_distinct", "array_max", "array_min":
		return s.plainElements(c, e), true
	case "array_join":
		return s.arrayJoin(c, e), true
	case "flatten":
		if t := c.args[0].typ().Elem(); !t.IsArray() {
			s.fault("query/type", e.Args[0].Span(), "flatten takes an array of arrays, not "+c.args[0].typ().String(), "it makes one array of ARRAY[a, b], where a and b are arrays")
			return null(), true
		}
	case "sequence":
		if n := sequenceLength(c.args); n < 0 || n > maxElements {
			s.fault("query/sequence", e.Span(), "a sequence has at most "+itoa(maxElements)+" numbers, and its step leads to its end", "write sequence(1, 10, 3)")
			return null(), true
		}
		if len(c.args) == 2 {
			step := int64(1)
			if from, _ := wholeConst(c.args[0]); from > mustWhole(c.args[1]) {
				step = -1
			}
			c.args = append(c.args, intConst(step))
		}
	case "repeat":
		if c.t == Unknown || !c.args[0].typ().nestable() {
			s.fault("query/type", e.Args[0].Span(), "an array of "+c.args[0].typ().String()+" is not in the language", "take one of its values")
			return null(), true
		}
		return s.atLeast(c, e, 1, 0, maxElements), true
	default:
		return c, false
	}
	return c, true
}

func mustWhole(v value) int64 {
	n, _ := wholeConst(v)
	return n
}

// oneElement reports whether the arguments of a function are about elements of
// one type.
func oneElement(name string) bool {
	switch name {
	case "array_union", "array_intersect", "array_except", "arrays_overlap", "array_position", "contains", "array_remove":
		return true
	}
	return false
}

// element brings the second argument to the type of the elements of the first.
func (s *stage) element(c *call, e *Call) value {
	of := c.args[0].typ().Elem()
	if x := c.args[1].typ(); of == Unknown && x.single() && x != Unknown {
		c.args[0], of = &conversion{x: c.args[0], to: ArrayOf(x)}, x
		if c.fn == "array_remove" {
			c.t = ArrayOf(x)
		}
	}
	if !of.single() {
		s.fault("query/type", e.Args[0].Span(), c.fn+" does not take "+c.args[0].typ().String(), "flatten(a) is one array of all elements")
		return null()
	}
	el, y := s.pair(&column{t: of}, c.args[1], e.Args[1])
	if _, same := el.(*column); same {
		c.args[1] = y
	} else {
		s.fault("query/type", e.Args[1].Span(), "the elements are "+of.String(), "bring both to one type with cast(a AS array(varchar))")
	}
	return c
}

// plainElements refuses arrays of arrays, which engines compare in their own ways.
func (s *stage) plainElements(c *call, e *Call) value {
	if t := c.args[0].typ(); t.IsArray() && !t.Elem().single() {
		s.fault("query/type", e.Args[0].Span(), c.fn+" does not take "+t.String(), "flatten(a) is one array of all elements")
		return null()
	}
	return c
}

// arrayJoin brings the elements to text.
func (s *stage) arrayJoin(c *call, e *Call) value {
	if s.plainElements(c, e); !c.args[0].typ().Elem().textual() {
		c.args[0] = s.each(c.args[0], func(x value) value { return s.textOf(x, e.Args[0]) })
	}
	if len(c.args) == 3 {
		c.fn = "array_join_or"
	}
	return c
}

// each is an array with every element replaced by what f makes of it.
func (s *stage) each(a value, f func(value) value) value {
	s.ids++
	p := &param{id: s.ids, t: a.typ().Elem()}
	body := f(p)
	return &call{fn: "each", args: []value{a, &lambda{params: []*param{p}, body: body}}, t: ArrayOf(body.typ())}
}

// concatArrays joins arrays; what is none becomes an array of one element.
func (s *stage) concatArrays(xs []value, at []Node, e Node) value {
	arrays := make([]value, len(xs))
	for i, x := range xs {
		if arrays[i] = x; !x.typ().IsArray() && x.typ() != Unknown {
			arrays[i] = &array{[]value{x}, ArrayOf(x.typ())}
		}
	}
	arrays, t := s.common(arrays, at)
	for i, x := range arrays {
		if x.typ() == Unknown && t.IsArray() {
			arrays[i] = &conversion{x: x, to: t}
		}
	}
	return s.bounded(&call{fn: "array_concat", args: arrays, t: t}, e.Span())
}

// specialMap checks functions of maps; false: c is none of them.
func (s *stage) specialMap(c *call, e *Call) (value, bool) {
	switch c.fn {
	case "map":
		if !s.keyType(c.args[0].typ().Elem(), e.Args[0]) || !s.valueType(c.args[1].typ().Elem(), e.Args[1]) {
			return null(), true
		}
	case "map_concat":
		for _, a := range c.args {
			if !isNull(a) {
				c.t = a.typ()
				break
			}
		}
		for i, a := range c.args {
			if isNull(a) {
				c.args[i] = &conversion{x: null(), to: c.t}
			} else if a.typ() != c.t {
				s.fault("query/type", e.Args[i].Span(), "this is a "+a.typ().String()+", the first a "+c.t.String(), "the maps have keys of one type, and values of one")
				return null(), true
			}
		}
		all := c.args[0]
		for _, m := range c.args[1:] {
			all = &call{fn: "map_concat", args: []value{all, m}, t: c.t}
		}
		return all, true
	default:
		return c, false
	}
	return c, true
}

// isNull reports whether v is NULL as it was written, of any type.
func isNull(v value) bool {
	c, ok := v.(*conversion)
	return ok && c.x.typ() == Unknown
}

// keyType refuses keys of maps that would not be the same text everywhere.
func (s *stage) keyType(t Type, at Node) bool {
	switch t {
	case Text, JSON, Integer, Boolean, Unknown, EpochSeconds:
		return true
	}
	s.fault("query/type", at.Span(), "a map has no keys of type "+t.String(), "write cast(… AS varchar)")
	return false
}

// valueType refuses values that no map has.
func (s *stage) valueType(t Type, at Node) bool {
	if t.IsMap() {
		s.fault("query/type", at.Span(), "a map of maps is not in the language", "take one of its values: element_at(m, 'key')")
	}
	return !t.IsMap()
}
