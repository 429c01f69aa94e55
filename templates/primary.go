// Operands of expressions: literals, names, calls, methods, tests.

package templates

import (
	"maps"
	"slices"

	"tocsin/diag"
)

func constant(v any) expr { return func(*state) any { return v } }

// primary reads a literal, a name, a call or an expression in brackets.
func (c *compiler) primary() node {
	t := c.next()
	switch t.kind {
	case tInt, tFloat:
		return node{sch: scalar(), eval: constant(t.val)}
	case tString:
		return node{sch: scalar(), eval: constant(t.text)}
	case tName:
		return c.name(t)
	case tOp:
		switch t.text {
		case "(":
			n := c.ternary()
			c.expect(")")
			return n
		case "[":
			return c.listLiteral()
		case "{":
			return c.mapLiteral()
		}
	}
	c.fail(t.span, "a value is expected here", "")
	return node{}
}

func (c *compiler) listLiteral() node {
	var elems []expr
	for !c.accept("]") {
		if len(elems) > 0 {
			c.expect(",")
			if c.accept("]") {
				break
			}
		}
		elems = append(elems, c.ternary().eval)
	}
	return node{sch: list(nil), eval: func(st *state) any {
		st.alloc(16 * len(elems))
		l := make([]any, len(elems))
		for i, e := range elems {
			l[i] = e(st)
		}
		return l
	}}
}

func (c *compiler) mapLiteral() node {
	var keys, values []expr
	for !c.accept("}") {
		if len(keys) > 0 {
			c.expect(",")
			if c.accept("}") {
				break
			}
		}
		keys = append(keys, c.ternary().eval)
		c.expect(":")
		values = append(values, c.ternary().eval)
	}
	return node{sch: dict(nil), eval: func(st *state) any {
		st.alloc(64 * len(keys))
		m := make(map[string]any, len(keys))
		for i := range keys {
			m[st.text(keys[i](st))] = values[i](st)
		}
		return m
	}}
}

// name reads what a name stands for: a constant, the loop's state, a call, or a
// variable.
func (c *compiler) name(t token) node {
	switch t.text {
	case "true", "True":
		return node{sch: scalar(), eval: constant(true)}
	case "false", "False":
		return node{sch: scalar(), eval: constant(false)}
	case "none", "None", "null":
		return node{eval: constant(nil)}
	case "loop":
		return c.loopPart(t)
	}
	if keyword(t.text) {
		c.fail(t.span, "a value is expected here, not "+t.text, "")
	}
	if c.accept("(") {
		f := c.function(t, "function")
		return c.call(f, t, c.arguments())
	}
	if slot, sch, ok := c.scope.lookup(t.text); ok {
		return node{sch: sch, eval: func(st *state) any {
			if v := st.slots[slot]; v != nil {
				return unslot(v)
			}
			return missing
		}}
	}
	root, ok := c.roots[t.text]
	if !ok {
		c.unknownName(t)
	}
	return node{sch: root, eval: func(st *state) any {
		if v, ok := st.data[t.text]; ok {
			return norm(v)
		}
		return missing
	}}
}

func (c *compiler) unknownName(t token) {
	if functions[t.text] != nil {
		c.fail(t.span, quoteShort(t.text)+" is a function", "call it: "+t.text+"(…)")
	}
	var known []string
	for n := range c.roots {
		known = append(known, n)
	}
	for s := c.scope; s != nil; s = s.parent {
		for n := range s.visible {
			known = append(known, n)
		}
	}
	hint := suggest(t.text, known)
	if hint == "" {
		hint = "names of the data begin with alert."
	}
	if alert := c.roots["alert"]; alert != nil && alert.fields[t.text] != nil {
		hint = "did you mean alert." + t.text + "?"
	}
	c.unknown(t.span, "name "+quoteShort(t.text), hint)
}

// counter is the state of a loop: its turn, from 0, and how many there are; -1
// when that is not known because of "for … if".
type counter struct{ turn, length int }

// known returns v, missing when the number of turns is not known.
func (k *counter) known(v any) any {
	if k.length < 0 {
		return missing
	}
	return v
}

// loopPart reads loop.index and the like.
func (c *compiler) loopPart(t token) node {
	slot := c.scope.loop()
	if slot < 0 {
		c.fail(t.span, "loop is known only inside of a {% for %}", "")
	}
	c.expect(".")
	name := c.next()
	parts := map[string]func(k *counter) any{
		"index":     func(k *counter) any { return int64(k.turn + 1) },
		"index0":    func(k *counter) any { return int64(k.turn) },
		"first":     func(k *counter) any { return k.turn == 0 },
		"last":      func(k *counter) any { return k.known(k.turn == k.length-1) },
		"length":    func(k *counter) any { return k.known(int64(k.length)) },
		"revindex":  func(k *counter) any { return k.known(int64(k.length - k.turn)) },
		"revindex0": func(k *counter) any { return k.known(int64(k.length - k.turn - 1)) },
	}
	part := parts[name.text]
	if part == nil {
		known := []string{"index", "index0", "first", "last", "length", "revindex", "revindex0"}
		c.unknown(name.span, "part "+quoteShort(name.text)+" of loop", suggest(name.text, known))
	}
	return node{sch: scalar(), eval: func(st *state) any {
		if k, ok := st.slots[slot].(*counter); ok {
			return part(k)
		}
		return missing
	}}
}

// argument is one argument of a call.
type argument struct {
	name string // "" by position
	span diag.Span
	node node
}

// arguments reads up to the closing bracket of a call.
func (c *compiler) arguments() []argument {
	var args []argument
	for !c.accept(")") {
		if len(args) > 0 {
			c.expect(",")
			if c.accept(")") {
				break
			}
		}
		a := argument{span: c.peek().span}
		if n := c.toks[min(c.i+1, len(c.toks)-1)]; c.peek().kind == tName && n.kind == tOp && n.text == "=" {
			a.name = c.next().text
			c.next()
		}
		a.node = c.ternary()
		args = append(args, a)
	}
	return args
}

// function finds a function or filter by name.
func (c *compiler) function(t token, what string) *function {
	if f := functions[t.text]; f != nil {
		return f
	}
	if _, _, ok := c.scope.lookup(t.text); ok || c.isRoot(t.text) {
		c.fail(t.span, quoteShort(t.text)+" is no function", "")
	}
	var hint string
	switch t.text {
	case "safe", "urlize", "xmlattr", "autoescape":
		hint = "values are always escaped; write markup in the template itself, addresses with link()"
	case "random", "lipsum", "namespace", "map", "select", "reject", "groupby", "batch":
		hint = "not part of the language; loops, sum and length are"
	default:
		hint = suggest(t.text, slices.Collect(maps.Keys(functions)))
	}
	c.unknown(t.span, what+" "+quoteShort(t.text), hint)
	return nil
}

// methods are what may stand behind a dot with a bracket.
var methods = map[string]string{
	"items": "items", "keys": "keys", "values": "values", "get": "get", "lower": "lower", "upper": "upper", "title": "title",
	"capitalize": "capitalize", "strip": "trim", "replace": "replace", "split": "split", "startswith": "startswith", "endswith": "endswith",
	"removeprefix": "removeprefix", "removesuffix": "removesuffix",
}

func (c *compiler) method(n node, t token) node {
	name, ok := methods[t.text]
	if !ok {
		hint := diag.DidYouMean(t.text, slices.Sorted(maps.Keys(methods)), "values cannot be changed; filters come behind |")
		c.unknown(t.span, "method "+quoteShort(t.text), hint)
	}
	return c.call(functions[name], t, append([]argument{{node: n}}, c.arguments()...))
}

// call binds arguments to parameters and makes the node of the call.
func (c *compiler) call(f *function, t token, args []argument) node {
	bound := make([]expr, max(len(f.params), len(args)))
	for i, a := range args {
		at := i
		if a.name != "" {
			at = slices.Index(f.params, a.name)
			if at < 0 {
				c.fail(a.span, t.text+" has no parameter "+quoteShort(a.name), suggest(a.name, slices.Clone(f.params)))
			}
		}
		if at >= len(f.params) && !f.variadic {
			c.fail(a.span, t.text+" takes fewer arguments", "its parameters: "+f.signature(t.text))
		}
		if bound[at] != nil {
			c.fail(a.span, "a parameter is given twice", f.signature(t.text))
		}
		bound[at] = a.node.eval
	}
	for i := range f.required {
		if bound[i] == nil {
			c.fail(t.span, t.text+" needs "+f.params[i], f.signature(t.text))
		}
	}
	n := node{eval: f.eval(bound, place{c.file, t.span}), isLink: t.text == "link"}
	if len(args) > 0 {
		n.sch, n.pair = f.schema(t.text, args[0].node.sch)
	}
	return n
}

// schema returns what is known of a function's value from that of its first argument.
func (f *function) schema(name string, s *schema) (value, pair *schema) {
	if s == nil {
		return nil, nil
	}
	switch name {
	case "first", "last":
		if s.kind == kList {
			return s.elem, nil
		}
	case "sort", "reverse", "list", "where":
		if s.kind == kList {
			return s, nil
		}
	case "items", "dictsort", "enumerate":
		return nil, s.elem
	}
	return nil, nil
}

// eval makes the closure of a call.
func (f *function) eval(bound []expr, at place) expr {
	return func(st *state) any {
		args := make([]any, len(bound))
		for i, e := range bound {
			if e == nil {
				args[i] = absent{}
				continue
			}
			args[i] = e(st)
			if !f.keepsMarkup {
				args[i] = plain(args[i])
			}
		}
		st.at = at
		st.spend(5)
		if !f.seesMissing && len(args) > 0 && isMissing(args[0]) {
			return missing
		}
		return f.run(&call{st: st, args: args})
	}
}

// test reads what stands behind is.
func (c *compiler) test(n node) node {
	negate := c.acceptWord("not")
	t := c.next()
	check := tests[t.text]
	if t.kind != tName || check == nil {
		c.unknown(t.span, "test "+quoteShort(t.text), suggest(t.text, slices.Collect(maps.Keys(tests))))
	}
	return node{sch: scalar(), eval: func(st *state) any { return check(n.eval(st)) != negate }}
}

// tests are the names that may stand behind is.
var tests = map[string]func(v any) bool{
	"defined":   func(v any) bool { return !isMissing(v) },
	"undefined": isMissing,
	"none":      func(v any) bool { return v == nil },
	"number":    func(v any) bool { _, _, ok := asNumber(v); return ok },
	"string":    func(v any) bool { _, ok := plain(v).(string); return ok },
	"mapping":   func(v any) bool { _, ok := v.(map[string]any); return ok },
	"sequence":  func(v any) bool { _, ok := v.([]any); return ok },
	"iterable":  func(v any) bool { return length(v) >= 0 },
	"even":      func(v any) bool { n, ok := v.(int64); return ok && n%2 == 0 },
	"odd":       func(v any) bool { n, ok := v.(int64); return ok && n%2 != 0 },
}

// unslot gives back the none that set keeps apart from an empty slot.
func unslot(v any) any {
	if _, ok := v.(noneValue); ok {
		return nil
	}
	return v
}

// noneValue stands for none in a slot, where nil means: not set.
type noneValue struct{}
