// Lambdas: filter(a, x -> x > 1) and its like. Their cost is the number of
// elements for each record, so they do not nest, and an array of more elements
// than maxElements fails the query.

package query

// maxElements bounds the array that a lambda goes through.
const maxElements = 10_000

// find is the parameter that a path means; nil: none. Below an element of JSON
// any path is legal.
func (p *params) find(names []Name) value {
	for ; p != nil; p = p.outer {
		for _, x := range p.list {
			switch {
			case x.label != names[0].Text:
			case len(names) == 1:
				return x
			case x.t == JSON && len(names) <= maxPath:
				return &jsonAt{of: x, path: steps(names[1:]), t: JSON}
			}
		}
	}
	return nil
}

// overArray resolves a function whose argument is a lambda.
func (s *stage) overArray(f *function, e *Call, v env) value {
	if v.params != nil {
		s.fault("query/lambda", e.Span(), "a lambda inside a lambda", "work on the inner array in an earlier stage")
		return null()
	}
	a := s.arg(f, f.kind(0), e.Args[0], s.expr(e.Args[0], v))
	of := []Type{a.typ().Elem()}
	if f.name == "reduce" {
		return s.reduce(e, a, v)
	}
	body := s.lambda(e.Args[1], of, v)
	if body == nil {
		return null()
	}
	t := a.typ()
	switch f.name {
	case "transform":
		if body.body = s.zoneless(body.body, e.Args[1]); !body.typ().nestable() {
			s.fault("query/type", e.Args[1].Span(), "an array of "+body.typ().String()+" is not in the language", "arrays hold values, or arrays of them, at most three deep")
			return null()
		}
		t = ArrayOf(userType(body.typ()))
	case "filter":
		body.body = s.boolean(body.body, e.Args[1])
	default: // any_match, all_match, none_match
		body.body = s.boolean(body.body, e.Args[1])
		t = Boolean
	}
	return &call{fn: f.name, args: []value{a, body}, t: t}
}

// lambda resolves an argument that is a lambda over elements of the types given;
// nil: it is none.
func (s *stage) lambda(e Expr, of []Type, v env) *lambda {
	l, ok := e.(*Lambda)
	if !ok {
		s.fault("query/lambda", e.Span(), "a lambda is expected here", "write x -> x > 1")
		return nil
	}
	if len(l.Params) != len(of) {
		s.fault("query/lambda", e.Span(), "this lambda takes "+itoa(len(of))+" parameters", map[bool]string{true: "write x -> …", false: "write (k, v) -> …"}[len(of) == 1])
		return nil
	}
	inner := env{clause: "a lambda", aliases: v.aliases, params: &params{outer: v.params}}
	out := &lambda{}
	for i, n := range l.Params {
		s.ids++
		p := &param{id: s.ids, t: of[i], label: n.Text}
		out.params, inner.params.list = append(out.params, p), append(inner.params.list, p)
	}
	out.body = s.expr(l.Body, inner)
	return out
}

// reduce resolves reduce(a, start, (state, x) -> …, state -> …).
func (s *stage) reduce(e *Call, a value, v env) value {
	start := s.expr(e.Args[1], v)
	if !start.typ().single() || start.typ() == Text || start.typ() == JSON || start.typ() == Unknown {
		s.fault("query/type", e.Args[1].Span(), "reduce starts with a number, a boolean or a time", "array_join puts texts together; cast(null AS bigint) has a type")
		return null()
	}
	step := s.lambda(e.Args[2], []Type{start.typ(), a.typ().Elem()}, v)
	if step == nil {
		return null()
	}
	if step.typ() == Double && start.typ() == Integer { // 0 is meant as 0.0
		start = &conversion{x: start, to: Double}
		step = s.lambda(e.Args[2], []Type{Double, a.typ().Elem()}, v)
	}
	if step.typ() == Unknown {
		step.body = typedNull(step.body, start.typ())
	}
	if step.typ() != start.typ() {
		if step.typ() != Integer || start.typ() != Double {
			s.fault("query/type", e.Args[2].Span(), "the step gives "+step.typ().String()+", and the start is "+start.typ().String(), "bring both to one type with cast")
			return null()
		}
		step.body = &conversion{x: step.body, to: Double}
	}
	step.step = true
	end := s.lambda(e.Args[3], []Type{start.typ()}, v)
	if end == nil {
		return null()
	}
	step.body, end.body = s.zoneless(step.body, e.Args[2]), s.zoneless(end.body, e.Args[3])
	return &call{fn: "reduce", args: []value{a, start, step, end}, t: end.typ()}
}

// elementKey brings the key of m[k] to the type of the keys.
func (s *stage) elementKey(m, k value, at Node) value {
	el, y := s.pair(&column{t: m.typ().Key()}, k, at)
	if _, same := el.(*conversion); same {
		s.fault("query/type", at.Span(), "the keys of this map are "+m.typ().Key().String(), "bring the key to that type with cast")
		return null()
	}
	return y
}
