// Expressions, by precedence climbing; each becomes a closure. Operands are in
// primary.go.

package templates

import (
	"maps"
	"slices"
	"strings"

	"tocsin/diag"
)

// node is a compiled expression and what is known of its value.
type node struct {
	eval   expr
	sch    *schema // nil: anything
	pair   *schema // items() and enumerate(): what the second of each pair is
	isLink bool    // the value is link(…) and nothing else
}

func (c *compiler) peek() token { return c.toks[c.i] }

func (c *compiler) next() token {
	t := c.toks[c.i]
	if t.kind != tEOF {
		c.i++
	}
	return t
}

// accept consumes an operator if it comes next.
func (c *compiler) accept(op string) bool {
	if t := c.peek(); t.kind == tOp && t.text == op {
		c.i++
		return true
	}
	return false
}

func (c *compiler) acceptWord(w string) bool {
	if t := c.peek(); t.kind == tName && t.text == w {
		c.i++
		return true
	}
	return false
}

func (c *compiler) expect(op string) {
	if !c.accept(op) {
		c.fail(c.peek().span, op+" is expected", "")
	}
}

// end demands the end of the tag.
func (c *compiler) end() {
	if t := c.peek(); t.kind != tEOF {
		c.fail(t.span, "the tag should end here", hintFor(t))
	}
}

func hintFor(t token) string {
	switch {
	case t.kind == tOp && t.text == "=":
		return "== compares"
	case t.kind == tOp && t.text == "[":
		return "slices are not part of the language; use first, last or truncate"
	}
	return ""
}

func keyword(s string) bool {
	switch s {
	case "and", "or", "not", "in", "is", "if", "else", "elif", "for", "true", "false", "none", "True", "False", "None", "null":
		return true
	}
	return false
}

// deeper counts nesting of the parser; the caller defers what it returns.
func (c *compiler) deeper() func() {
	if c.depth++; c.depth > maxDepth {
		fail(c.peek().span, "an expression more than 50 deep", "")
	}
	return func() { c.depth-- }
}

// ternary reads an expression: a if b else c.
func (c *compiler) ternary() node {
	defer c.deeper()()
	then := c.logic(1)
	if !c.acceptWord("if") {
		return then
	}
	cond := c.logic(1)
	otherwise := node{eval: func(*state) any { return missing }}
	if c.acceptWord("else") {
		otherwise = c.ternary()
	}
	return node{isLink: then.isLink && otherwise.isLink, eval: func(st *state) any {
		if truth(cond.eval(st)) {
			return then.eval(st)
		}
		return otherwise.eval(st)
	}}
}

// operator returns the binary operator that comes next and how tightly it binds;
// 0 when there is none.
func (c *compiler) operator() (op string, binds, words int) {
	t := c.peek()
	if t.kind == tName {
		switch t.text {
		case "or":
			return "or", 1, 1
		case "and":
			return "and", 2, 1
		case "in", "is":
			return t.text, 4, 1
		case "not":
			if n := c.toks[min(c.i+1, len(c.toks)-1)]; n.kind == tName && n.text == "in" {
				return "not in", 4, 2
			}
		}
		return "", 0, 0
	}
	if t.kind != tOp {
		return "", 0, 0
	}
	switch t.text {
	case "==", "!=", "<", "<=", ">", ">=":
		return t.text, 4, 1
	case "+", "-":
		return t.text, 5, 1
	case "~":
		return t.text, 6, 1
	case "*", "/", "//", "%":
		return t.text, 7, 1
	case "**", "&&", "||":
		c.fail(t.span, t.text+" is not an operator of this language", map[string]string{"&&": "and", "||": "or"}[t.text])
	}
	return "", 0, 0
}

// logic climbs precedence: it reads operators that bind at least as tightly as least.
func (c *compiler) logic(least int) node {
	var left node
	if t := c.peek(); t.kind == tName && t.text == "not" {
		c.next()
		done := c.deeper()
		operand := c.logic(3)
		done()
		left = node{sch: scalar(), eval: func(st *state) any { return !truth(operand.eval(st)) }}
	} else {
		left = c.unary()
	}
	compared := false
	for steps := 0; ; steps++ {
		op, binds, words := c.operator()
		if binds == 0 || binds < least {
			return left
		}
		if steps >= maxChain {
			fail(c.peek().span, "a chain of more than 50 steps", "")
		}
		at := place{c.file, c.peek().span}
		c.i += words
		if binds == 4 && compared {
			c.fail(at.span, "two comparisons in a row", "join them with and")
		}
		compared = binds == 4
		if op == "is" {
			left = c.test(left)
			continue
		}
		left = combine(op, left, c.logic(binds+1), at)
	}
}

// combine makes the node of a binary operator.
func combine(op string, a, b node, at place) node {
	switch op {
	case "or":
		return node{eval: func(st *state) any {
			if x := a.eval(st); truth(x) {
				return x
			}
			return b.eval(st)
		}}
	case "and":
		return node{eval: func(st *state) any {
			if x := a.eval(st); !truth(x) {
				return x
			}
			return b.eval(st)
		}}
	case "==", "!=", "<", "<=", ">", ">=", "in", "not in":
		return node{sch: scalar(), eval: func(st *state) any {
			x, y := a.eval(st), b.eval(st)
			st.at = at
			return st.relation(op, x, y)
		}}
	}
	n := node{sch: scalar(), eval: func(st *state) any {
		x, y := a.eval(st), b.eval(st)
		st.at = at
		st.spend(1)
		return st.binary(op, x, y)
	}}
	if op == "+" {
		n.sch = nil // lists add as well
	}
	return n
}

// unary reads signs, then what they stand before, then filters.
func (c *compiler) unary() node {
	n := c.signed()
	for steps := 0; c.accept("|"); steps++ {
		if steps >= maxChain {
			fail(c.peek().span, "a chain of more than 50 steps", "")
		}
		t := c.next()
		if t.kind != tName {
			c.fail(t.span, "the name of a filter is expected behind |", "")
		}
		f := c.function(t, "filter")
		var args []argument
		if c.accept("(") {
			args = c.arguments()
		}
		n = c.call(f, t, append([]argument{{node: n}}, args...))
	}
	return n
}

func (c *compiler) signed() node {
	t := c.peek()
	if t.kind != tOp || t.text != "-" && t.text != "+" {
		return c.postfix()
	}
	c.next()
	defer c.deeper()()
	n, at := c.signed(), place{c.file, t.span}
	return node{sch: scalar(), eval: func(st *state) any {
		x := plain(n.eval(st))
		st.at = at
		if t.text == "+" {
			return st.binary("+", int64(0), x)
		}
		return st.binary("-", int64(0), x)
	}}
}

// postfix reads .name, [index] and .method() behind a primary.
func (c *compiler) postfix() node {
	n := c.primary()
	for steps := 0; ; steps++ {
		t := c.peek()
		if t.kind != tOp || t.text != "." && t.text != "[" && t.text != "(" {
			return n
		}
		if steps >= maxChain {
			fail(t.span, "a chain of more than 50 steps", "")
		}
		c.next()
		switch t.text {
		case ".":
			n = c.dot(n)
		case "[":
			n = c.bracket(n)
		default:
			c.fail(t.span, "only functions can be called", "")
		}
	}
}

func (c *compiler) dot(n node) node {
	t := c.next()
	if t.kind == tInt {
		return c.indexNode(n, node{eval: constant(t.val)}, t)
	}
	if t.kind != tName {
		c.fail(t.span, "a name is expected behind the dot", "")
	}
	if c.accept("(") {
		return c.method(n, t)
	}
	return c.part(n, t.text, t.span)
}

// part is a.name or a["name"], checked against the schema.
func (c *compiler) part(n node, name string, span diag.Span) node {
	sch := c.partSchema(n.sch, name, span)
	return node{sch: sch, eval: func(st *state) any { return member(n.eval(st), name) }}
}

// partSchema returns the schema of a part, or fails when it cannot exist.
func (c *compiler) partSchema(s *schema, name string, span diag.Span) *schema {
	if s == nil {
		return nil
	}
	switch s.kind {
	case kMap:
		return s.elem
	case kObject:
		if f, ok := s.fields[name]; ok {
			return f
		}
		c.unknown(span, quoteShort(name)+" here", suggest(name, slices.Collect(maps.Keys(s.fields))))
	case kList:
		c.unknown(span, quoteShort(name)+" in a list", "take an element with [0], or loop over it")
	case kScalar, kAddress:
		c.unknown(span, quoteShort(name)+" in text or a number", "")
	}
	return nil
}

// suggest is the hint at an unknown name: one that is near, or all of a few.
func suggest(name string, known []string) string {
	slices.Sort(known)
	otherwise := ""
	if len(known) <= 12 {
		otherwise = "known are " + strings.Join(known, ", ")
	}
	return diag.DidYouMean(name, known, otherwise)
}

// bracket reads an index up to its ].
func (c *compiler) bracket(n node) node {
	t := c.peek()
	if t.kind == tOp && (t.text == ":" || t.text == "]") {
		c.fail(t.span, "an index is expected", hintFor(token{kind: tOp, text: "["}))
	}
	i := c.ternary()
	if p := c.peek(); p.kind == tOp && p.text == ":" {
		c.fail(p.span, "slices are not part of the language", "first, last and truncate are")
	}
	c.expect("]")
	if t.kind == tString && c.toks[c.i-2].span == t.span {
		return c.part(n, t.text, t.span)
	}
	return c.indexNode(n, i, t)
}

func (c *compiler) indexNode(n, i node, t token) node {
	var sch *schema
	if n.sch != nil {
		switch n.sch.kind {
		case kList, kMap:
			sch = n.sch.elem
		case kScalar, kAddress:
			c.fail(t.span, "text and numbers have no elements", "")
		}
	}
	at := place{c.file, t.span}
	return node{sch: sch, eval: func(st *state) any {
		v, x := n.eval(st), i.eval(st)
		st.at = at
		return st.index(v, x)
	}}
}
