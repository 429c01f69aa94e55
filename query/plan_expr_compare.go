// Expressions that choose or compare: BETWEEN, IN, LIKE, CASE.

package query

import "strings"

func (s *stage) between(e *Between, v env) value {
	x := s.expr(e.X, v)
	x1, low := s.pair(x, s.expr(e.Low, v), e)
	x2, high := s.pair(x, s.expr(e.High, v), e)
	both := &logic{false, []value{
		&call{fn: string(OpGe), args: []value{x1, low}, t: Boolean},
		&call{fn: string(OpLe), args: []value{x2, high}, t: Boolean},
	}}
	if e.Not {
		return &negation{both}
	}
	return both
}

func (s *stage) membership(e *In, v env) value {
	x := s.expr(e.X, v)
	var m value
	switch {
	case e.List != nil:
		m = s.inList(e, x, v)
	case e.Sub != nil:
		m = s.subquery(&subquery{kind: inQuery, x: x, t: Boolean}, e.Sub, v)
	default:
		if s.tooLong(len(e.Items), maxOperands, e) {
			return null()
		}
		in := &membership{x: x}
		for _, it := range e.Items {
			a, b := s.pair(x, s.expr(it, v), it)
			in.x = a
			in.items = append(in.items, b)
		}
		m = in
	}
	if e.Not {
		return &negation{m}
	}
	return m
}

// like resolves LIKE; its pattern is taken apart here, no engine reads it.
func (s *stage) like(e *Like, v env) value {
	x := s.textOf(s.expr(e.X, v), e.X)
	pattern, ok := constText(s.expr(e.Pattern, v))
	if !ok {
		s.fault("query/pattern", e.Pattern.Span(), "the pattern of LIKE is a constant text", "write it in quotes, or compare the two with =")
		return null()
	}
	escape := ""
	if e.Escape != nil {
		escape, ok = constText(s.expr(e.Escape, v))
		if !ok || len([]rune(escape)) != 1 {
			s.fault("query/pattern", e.Escape.Span(), "ESCAPE is one character", "write ESCAPE '#'")
			return null()
		}
	}
	parts, ok := likeGlob(pattern, escape)
	if !ok {
		s.fault("query/pattern", e.Pattern.Span(), "the escape character stands before neither %, _ nor itself", "write it twice where it means itself")
		return null()
	}
	var l value = &likeness{x, parts}
	if e.Not {
		l = &negation{l}
	}
	return l
}

// likeGlob takes a pattern of LIKE apart.
func likeGlob(pattern, escape string) (parts []Glob, ok bool) {
	var lit strings.Builder
	flush := func() {
		if lit.Len() > 0 {
			parts = append(parts, Glob{Text: lit.String()})
			lit.Reset()
		}
	}
	escaped := false
	for _, r := range pattern {
		switch {
		case escaped:
			if !strings.ContainsRune("%_"+escape, r) {
				return nil, false
			}
			lit.WriteRune(r)
			escaped = false
		case escape != "" && string(r) == escape:
			escaped = true
		case r == '%' || r == '_':
			flush()
			parts = append(parts, Glob{Wild: map[rune]rune{'%': '*', '_': '?'}[r]})
		default:
			lit.WriteRune(r)
		}
	}
	flush()
	return tidy(parts), !escaped
}

// choice resolves CASE; all its results have one type.
func (s *stage) choice(e *Case, v env) value {
	c := &choice{}
	var operand value
	if e.Operand != nil {
		operand = s.expr(e.Operand, v)
	}
	var then []value
	var at []Node
	for _, w := range e.Whens {
		var cond value
		if operand == nil {
			cond = s.condition(w.If, v)
		} else {
			x, y := s.pair(operand, s.expr(w.If, v), w.If)
			cond = &call{fn: string(OpEq), args: []value{x, y}, t: Boolean}
		}
		c.whens = append(c.whens, branch{cond: cond})
		then, at = append(then, s.expr(w.Then, v)), append(at, w.Then)
	}
	if e.Else != nil {
		then, at = append(then, s.expr(e.Else, v)), append(at, e.Else)
	}
	then, c.t = s.common(then, at)
	for i := range c.whens {
		c.whens[i].then = then[i]
	}
	if e.Else != nil {
		c.other = then[len(then)-1]
	}
	return c
}
