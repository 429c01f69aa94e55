// Statements: if, for, set, include, and the names that they make visible.

package templates

import (
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"tocsin/diag"
)

// block is an open {% if %} or {% for %}.
type block struct {
	kind    string
	span    diag.Span
	elifs   int
	hasElse bool
	base    map[string]bool // if: names visible before it
	union   map[string]bool // if: names visible behind it
	id      int             // for: its statement
	body    bool            // for: the body's scope is open
}

// scope holds the names of a loop's body, of an included file or of the whole.
type scope struct {
	parent  *scope
	slots   map[string]int // names set here keep one slot, whichever branch sets them
	visible map[string]bool
	schemas map[string]*schema
	counter int // slot of the loop's counter, or -1
}

func newScope(parent *scope) *scope {
	return &scope{parent: parent, slots: map[string]int{}, visible: map[string]bool{}, schemas: map[string]*schema{}, counter: -1}
}

// lookup finds a name that is visible.
func (s *scope) lookup(name string) (slot int, sch *schema, ok bool) {
	for ; s != nil; s = s.parent {
		if s.visible[name] {
			return s.slots[name], s.schemas[name], true
		}
	}
	return 0, nil, false
}

// loop returns the slot of the innermost loop's counter, or -1.
func (s *scope) loop() int {
	for ; s != nil; s = s.parent {
		if s.counter >= 0 {
			return s.counter
		}
	}
	return -1
}

// define makes a name visible in the current scope and returns its slot.
func (c *compiler) define(name string, sch *schema) int {
	slot, ok := c.scope.slots[name]
	if !ok {
		slot = c.p.slots
		c.p.slots++
		c.scope.slots[name] = slot
	}
	c.scope.visible[name] = true
	c.scope.schemas[name] = sch
	return slot
}

// tag compiles one {{ }} or {% %}; blocks below base belong to an including file.
func (c *compiler) tag(pc piece, base int) {
	c.toks, c.i, c.depth = pc.toks, 0, 0
	at := place{c.file, pc.span}
	if pc.kind == pPrint {
		if c.peek().kind == tEOF {
			c.fail(pc.span, "an expression is expected between {{ and }}", "")
		}
		n := c.ternary()
		c.end()
		c.print(n, at)
		return
	}
	word := c.next()
	structural := map[string]func(at place, base int){
		"if": c.tagIf, "elif": c.tagElif, "else": c.tagElse, "endif": c.tagEndif,
		"for": c.tagFor, "endfor": c.tagEndfor, "include": c.tagInclude,
	}
	switch {
	case word.kind != tName:
		c.fail(word.span, "a statement is expected: if, for, set, include, raw", "")
	case word.text == "set":
		c.tagSet(at)
	case structural[word.text] != nil:
		structural[word.text](at, base)
	default:
		c.unknownStatement(word)
	}
}

func (c *compiler) unknownStatement(word token) {
	hint := diag.DidYouMean(word.text, []string{"if", "elif", "else", "endif", "for", "endfor", "set", "include", "raw", "endraw"},
		"known are if, elif, else, endif, for, endfor, set, include, raw")
	panic(&failure{at: place{file: -1, span: word.span}, msg: "there is no statement " + quoteShort(word.text), hint: hint, check: checkName, fatal: true})
}

// fatal ends compiling: everything behind a fault of the structure would fail too.
func (c *compiler) fatal(span diag.Span, msg string) { fail(span, msg, "") }

func (c *compiler) fail(span diag.Span, msg, hint string) {
	panic(&failure{at: place{file: -1, span: span}, msg: msg, hint: hint})
}

// unknown fails at a name that the language or the data do not have.
func (c *compiler) unknown(span diag.Span, what, hint string) {
	panic(&failure{at: place{file: -1, span: span}, msg: "there is no " + what, hint: hint, check: checkName})
}

// fatally makes every failure of f fatal: of the head of a block, whose end would
// otherwise be reported as well.
func fatally(f func() node) node {
	defer func() {
		if r := recover(); r != nil {
			if f, ok := r.(*failure); ok {
				f.fatal = true
			}
			panic(r)
		}
	}()
	return f()
}

func (c *compiler) push(b *block) {
	if c.blocks = append(c.blocks, b); len(c.blocks) > maxDepth {
		c.fatal(b.span, "blocks more than 50 deep")
	}
}

// top returns the innermost block, which must be of this kind.
func (c *compiler) top(kind, word string, at place, base int) *block {
	if len(c.blocks) <= base || kind != "" && c.blocks[len(c.blocks)-1].kind != kind {
		c.fatal(at.span, "{% "+word+" %} has no block that it belongs to")
	}
	return c.blocks[len(c.blocks)-1]
}

// condition reads the expression of an if or elif up to the end of the tag.
func (c *compiler) condition() node {
	return fatally(func() node {
		if c.peek().kind == tEOF {
			c.fail(c.peek().span, "a condition is expected", "")
		}
		n := c.ternary()
		c.end()
		return n
	})
}

func (c *compiler) tagIf(at place, _ int) {
	n := c.condition()
	c.push(&block{kind: "if", span: at.span, base: maps.Clone(c.scope.visible), union: maps.Clone(c.scope.visible)})
	c.genCall("if c", c.add(stmt{eval: n.eval, at: at}), at)
}

// branch ends a branch of an if: its names are seen again behind endif only.
func (c *compiler) branch(b *block) {
	maps.Copy(b.union, c.scope.visible)
	c.scope.visible = maps.Clone(b.base)
}

func (c *compiler) tagElif(at place, base int) {
	b := c.top("if", "elif", at, base)
	if b.hasElse {
		c.fatal(at.span, "{% elif %} stands behind {% else %}")
	}
	if b.elifs++; b.elifs > maxChain {
		c.fatal(at.span, "more than 50 {% elif %} in one {% if %}")
	}
	c.branch(b)
	n := c.condition()
	c.genCall("else if c", c.add(stmt{eval: n.eval, at: at}), at)
}

func (c *compiler) tagElse(at place, base int) {
	c.end()
	b := c.top("", "else", at, base)
	if b.hasElse {
		c.fatal(at.span, "a second {% else %}")
	}
	b.hasElse = true
	if b.kind == "if" {
		c.branch(b)
	} else {
		c.endBody(b)
	}
	c.genWord("else")
}

func (c *compiler) tagEndif(at place, base int) {
	c.end()
	b := c.top("if", "endif", at, base)
	c.branch(b)
	c.scope.visible = b.union
	c.blocks = c.blocks[:len(c.blocks)-1]
	c.genWord("end")
}

// tagFor compiles {% for x in list if condition %} and {% for k, v in … %}.
func (c *compiler) tagFor(at place, _ int) {
	var names []token
	var l node
	fatally(func() node {
		names = c.targets()
		if t := c.next(); t.kind != tName || t.text != "in" {
			c.fail(t.span, "in is expected", "{% for x in list %}")
		}
		l = c.logic(1)
		return l
	})
	if c.loops++; c.loops > maxLoops {
		c.fatal(at.span, "loops more than 5 deep")
	}
	spec := &loopSpec{list: l.eval}
	id := c.add(stmt{loop: spec, at: at})
	c.push(&block{kind: "for", span: at.span, id: id, body: true})
	c.scope = newScope(c.scope)
	for i, n := range names {
		spec.vars = append(spec.vars, c.define(n.text, loopSchema(l, len(names), i)))
	}
	c.scope.counter = c.p.slots
	spec.counter = c.p.slots
	c.p.slots++
	if t := c.peek(); t.kind == tName && t.text == "if" {
		c.next()
		spec.cond = c.condition().eval
	}
	fatally(func() node { c.end(); return node{} })
	c.genCall("range l", id, at)
}

// targets reads the loop variables.
func (c *compiler) targets() []token {
	var names []token
	for {
		t := c.next()
		c.checkNewName(t)
		if len(names) > 0 && names[0].text == t.text {
			c.fail(t.span, "two loop variables of one name", "")
		}
		names = append(names, t)
		if p := c.peek(); p.kind != tOp || p.text != "," {
			return names
		}
		c.next()
		if len(names) == 2 {
			c.fail(t.span, "more than two loop variables", "")
		}
	}
}

// loopSchema returns what is known of the i-th variable of a loop over l.
func loopSchema(l node, vars, i int) *schema {
	switch {
	case vars == 2 && i == 1 && l.pair != nil:
		return l.pair
	case vars == 2:
		return nil
	case l.sch != nil && l.sch.kind == kList:
		return l.sch.elem
	}
	return nil
}

// endBody closes the scope of a loop's body.
func (c *compiler) endBody(b *block) {
	if !b.body {
		return
	}
	b.body = false
	c.loops--
	spec := c.p.stmts[b.id].loop
	for _, slot := range c.scope.slots {
		if !slices.Contains(spec.vars, slot) {
			spec.clear = append(spec.clear, slot)
		}
	}
	c.scope = c.scope.parent
}

func (c *compiler) tagEndfor(at place, base int) {
	c.end()
	b := c.top("for", "endfor", at, base)
	c.endBody(b)
	c.blocks = c.blocks[:len(c.blocks)-1]
	c.genWord("end")
}

// tagSet compiles {% set x = expression %}.
func (c *compiler) tagSet(at place) {
	name := c.next()
	c.checkNewName(name)
	if t := c.peek(); t.kind != tOp || t.text != "=" {
		c.fail(t.span, "= is expected behind set "+quoteShort(name.text), "only a new, whole name can be set, to one expression")
	}
	c.next()
	n := c.ternary()
	c.end()
	if _, _, seen := c.scope.lookup(name.text); seen {
		c.fail(name.span, quoteShort(name.text)+" is set already", "a name is set once; use another one")
	}
	if c.isRoot(name.text) {
		c.fail(name.span, quoteShort(name.text)+" is a name of the data and cannot be set", "use another name")
	}
	slot := c.define(name.text, n.sch)
	id := c.add(stmt{at: at, eval: func(st *state) any {
		st.slots[slot] = slotted(n.eval(st))
		return false
	}})
	c.genCall("if s", id, at)
	c.genWord("end")
}

func (c *compiler) isRoot(name string) bool {
	_, ok := c.roots[name]
	return ok
}

// checkNewName refuses what an author may not name (G29).
func (c *compiler) checkNewName(t token) {
	switch {
	case t.kind != tName || keyword(t.text):
		c.fail(t.span, "a name is expected", "")
	case strings.HasPrefix(t.text, "_"):
		c.fail(t.span, "a name that begins with _ cannot be set", "")
	case t.text == "loop":
		c.fail(t.span, "loop is the state of the loop and cannot be set", "")
	}
}

var fileName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)

// tagInclude compiles a file of the same directory in place, in a scope of its own.
func (c *compiler) tagInclude(at place, _ int) {
	t := c.next()
	if t.kind != tString || !fileName.MatchString(t.text) || strings.Contains(t.text, "..") {
		c.fail(t.span, "include takes the name of a file of the template directory, in quotes", "lower-case letters, digits, . _ - and no path")
	}
	c.end()
	if slices.Contains(c.open, t.text) {
		c.fatal(t.span, t.text+" includes itself")
	}
	if c.fsys == nil || len(c.open) > 10 {
		c.fail(t.span, "nothing can be included here", "")
	}
	text, err := fs.ReadFile(c.fsys, t.text)
	if err != nil {
		c.unknown(t.span, "file "+t.text+" in the template directory", "")
	}
	if c.size += len(text); c.size > maxSource {
		c.fatal(t.span, "the template with all it includes is larger than 64 KB")
	}
	file, outer := c.file, c.scope
	c.addFile(t.text, string(text))
	c.open = append(c.open, t.text)
	c.scope = newScope(outer)
	ok := c.guard(func() { c.body(string(text), 0) })
	c.open = c.open[:len(c.open)-1]
	c.scope, c.file = outer, file
	if !ok || len(c.lists[len(c.lists)-1].Problems) > 0 {
		c.fatal(t.span, t.text+" has an error")
	}
}

// quoteShort quotes a name of an author for a message.
func quoteShort(s string) string { return strconv.Quote(cutText(s, 40)) }
