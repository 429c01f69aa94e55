// The search half as SQL.

package query

import (
	"strconv"
	"strings"
	"time"
)

// pred writes a condition of the search half, or its negation. NOT goes down to
// the leaves: a leaf stands bare, since NULL keeps no record, and its negation
// is closed against NULL (a coalesce around every leaf costs three times).
func (d *sqlPrinter) pred(p pred, not bool) {
	if d.full() {
		return
	}
	switch p := p.(type) {
	case predAll:
		d.print(strconv.FormatBool(!not))
	case *predNot:
		d.pred(p.x, !not)
	case *predAnd:
		d.preds(p.xs, not, not)
	case *predOr:
		if !d.guardedAny(p, not) {
			d.preds(p.xs, not, !not)
		}
	case *leaf:
		d.leaf(p, not)
	}
}

func (d *sqlPrinter) preds(xs []pred, not, or bool) {
	op := " AND "
	if or {
		op = " OR "
	}
	d.balanced(len(xs), op, func(i int) { d.pred(xs[i], not) })
}

// leaf writes one test, or its negation, which is true where the value is missing.
func (d *sqlPrinter) leaf(l *leaf, not bool) {
	switch {
	case l.op == leafExists && l.t != JSON, l.op == leafExists && len(l.path) == 0 && !l.deep:
		d.print("(")
		d.column(l.column, l.kept)
		if not {
			d.print(" IS NULL)")
		} else {
			d.print(" IS NOT NULL)")
		}
	case l.op == leafEqual && len(l.texts) == 1 && l.t == Text:
		op := " = "
		if not {
			op = " IS DISTINCT FROM "
		}
		d.print("(")
		d.folded(l.exact, func() { d.column(l.column, l.kept) })
		d.print(op)
		d.folded(l.exact, func() { d.param(l.texts[0]) })
		d.print(")")
	case not:
		d.print("NOT coalesce(")
		d.test(l)
		d.print(", false)")
	default:
		d.test(l)
	}
}

// folded writes what x writes, without its case unless exact.
func (d *sqlPrinter) folded(exact bool, x func()) {
	if exact {
		x()
		return
	}
	d.form(d.engine.form("lower", 1), x)
}

// test writes a leaf; it may be NULL where the value is missing.
func (d *sqlPrinter) test(l *leaf) {
	if l.t == JSON {
		d.jsonTest(l)
		return
	}
	d.valueTest(l, func() { d.column(l.column, l.kept) })
}

// valueTest writes the test of a leaf, of a value of its type that x writes.
func (d *sqlPrinter) valueTest(l *leaf, x func()) {
	switch {
	case l.op == leafCompare, l.op == leafRange:
		d.compare(l, x)
	case l.t == Text:
		d.textTest(l, x)
	case l.op == leafEqual:
		d.typedEqual(l, x)
	default:
		one := *l
		one.exact = one.exact || l.t == Integer || l.t == Double
		d.textTest(&one, func() { d.asText(l, x) })
	}
}

// asText writes a value that is no text as the text that users see.
func (d *sqlPrinter) asText(l *leaf, x func()) {
	t := l.t
	if t == Time {
		d.form(d.engine.form("time_text", 1), x)
		return
	}
	if t == EpochSeconds {
		t = Integer
	}
	d.form(d.engine.cast(&conversion{x: &column{t: t}, to: Text}), func() { d.numberOrBoolean(l, x) })
}

// number writes a value as a number.
func (d *sqlPrinter) number(l *leaf, x func()) {
	switch l.t {
	case EpochSeconds:
		d.form(d.engine.form("epoch_seconds", 1), x)
	case Text:
		d.form(d.engine.cast(&conversion{x: &column{t: Text}, to: Double, try: true}), x)
	case Boolean:
		d.print("CAST(NULL AS BIGINT)")
	default:
		x()
	}
}

func (d *sqlPrinter) compare(l *leaf, x func()) {
	d.print("(")
	d.number(l, x)
	if l.op == leafCompare {
		d.print(" ", string(l.cmp), " ")
		d.param(l.num)
		d.print(")")
		return
	}
	d.print([]string{" >= ", " > "}[bit(l.lowOut)])
	d.param(l.num)
	d.print(" AND ")
	d.number(l, x)
	d.print([]string{" <= ", " < "}[bit(l.hiOut)])
	d.param(l.high)
	d.print(")")
}

// typedEqual compares a value that is no text with texts: a text that is no
// value of the type equals none.
func (d *sqlPrinter) typedEqual(l *leaf, x func()) {
	var vals []any
	for _, t := range l.texts {
		if l.t == Boolean {
			if strings.EqualFold(t, "true") || strings.EqualFold(t, "false") {
				vals = append(vals, strings.EqualFold(t, "true"))
			}
			continue
		}
		if v, ok := operand(l.t, t); ok {
			vals = append(vals, v)
		}
	}
	if len(vals) == 0 {
		d.print("false")
		return
	}
	if len(vals) > maxWrittenValues && l.t != Time && l.t != Boolean {
		d.oneOfNumbers(func() { d.number(l, x) }, l.texts, l.t)
		return
	}
	d.print("(")
	d.numberOrBoolean(l, x)
	d.print(" IN (")
	d.list(len(vals), func(i int) { d.param(vals[i]) })
	d.print("))")
}

func (d *sqlPrinter) numberOrBoolean(l *leaf, x func()) {
	if l.t == Boolean {
		x()
		return
	}
	d.number(l, x)
}

// textTest writes a test of a text, which x writes.
func (d *sqlPrinter) textTest(l *leaf, x func()) {
	switch l.op {
	case leafEqual:
		if len(l.texts) > maxWrittenValues && !strings.Contains(strings.Join(l.texts, ""), valueSeparator) {
			d.oneOf("in_texts"+map[bool]string{false: "_folded"}[l.exact], x, l.texts)
			return
		}
		d.print("(")
		d.folded(l.exact, x)
		d.print(" IN (")
		d.list(len(l.texts), func(i int) { d.folded(l.exact, func() { d.param(l.texts[i]) }) })
		d.print("))")
	case leafGlob:
		d.glob(x, l.parts, l.exact)
	case leafWord:
		d.word(l, x)
	case leafPhrase:
		d.form(d.engine.form("text_contains", 2), d.folds(l.exact, x, l.texts[0])...)
	case leafNetwork:
		d.form(d.engine.form("is_subnet_of", 2), func() { d.param(l.texts[0]) }, x)
	case leafListed:
		d.engine.listed(d, x, l.list)
	}
}

// folds are writers of a text and of a constant to compare it with, both
// without their case unless exact.
func (d *sqlPrinter) folds(exact bool, x func(), text string) []func() {
	return []func(){func() { d.folded(exact, x) }, func() { d.folded(exact, func() { d.param(text) }) }}
}

// word writes a test of the tokens of a text.
func (d *sqlPrinter) word(l *leaf, x func()) {
	d.guarded(d.wordGuard(l, x), func() { d.engine.word(d, x, l.parts, l.exact) })
}

// wordGuard writes the cheap test whether the longest part of a word occurs in a
// text at all; nil: there is none.
func (d *sqlPrinter) wordGuard(l *leaf, x func()) func() {
	s := longest(l.parts)
	if s == "" {
		return nil
	}
	return func() { d.form(d.engine.form("text_contains", 2), d.folds(l.exact, x, s)...) }
}

func longest(parts []Glob) string {
	best := ""
	for _, p := range parts {
		if len(p.Text) > len(best) {
			best = p.Text
		}
	}
	return best
}

// glob writes a test of the whole value against a pattern: by the engine's own
// functions for a*, *a and *a*.
func (d *sqlPrinter) glob(x func(), parts []Glob, exact bool) {
	form, lit := simpleGlob(parts)
	switch form {
	case "":
		d.engine.glob(d, x, parts, exact)
	case "any":
		d.form("($1 IS NOT NULL)", x)
	case "=":
		d.form("($1 = $2)", d.folds(exact, x, lit)...)
	default:
		d.form(d.engine.form(form, 2), d.folds(exact, x, lit)...)
	}
}

// simpleGlob returns the function that tests a tidy pattern and its text.
func simpleGlob(parts []Glob) (form, text string) {
	star := func(i int) bool { return parts[i].Wild == '*' }
	switch {
	case len(parts) == 0:
		return "=", ""
	case len(parts) == 1 && star(0):
		return "any", ""
	case len(parts) == 1 && parts[0].Wild == 0:
		return "=", parts[0].Text
	case len(parts) == 2 && star(1) && parts[0].Wild == 0:
		return "starts_with", parts[0].Text
	case len(parts) == 2 && star(0) && parts[1].Wild == 0:
		return "ends_with", parts[1].Text
	case len(parts) == 3 && star(0) && star(2) && parts[1].Wild == 0:
		return "text_contains", parts[1].Text
	}
	return "", ""
}

// jsonTest writes a test of the values below a path of a JSON text.
func (d *sqlPrinter) jsonTest(l *leaf) {
	if l.op == leafCompare || l.op == leafRange {
		if _, isTime := l.num.(time.Time); isTime {
			d.print("false")
			return
		}
	}
	d.guarded(d.jsonGuard(l), func() { d.engine.jsonTest(d, l) })
}

// jsonGuard writes the cheap test whether the last key and the value or the word
// occur in a JSON text at all; nil: there is none.
func (d *sqlPrinter) jsonGuard(l *leaf) func() {
	key, text := l.keyHint(), l.textHint()
	if key == "" && text == "" {
		return nil
	}
	x := func() { d.column(l.column, l.kept) }
	has := func(exact bool, text string) { d.form(d.engine.form("text_contains", 2), d.folds(exact, x, text)...) }
	return func() {
		d.print("(")
		switch {
		case key != "" && text != "":
			d.print("(")
			has(true, key)
			d.print(" AND ")
			has(l.exact, text)
			d.print(")")
		case key != "":
			has(true, key)
		default:
			has(l.exact, text)
		}
		// A letter may be hidden as \u0041. (DuckDB looks for one byte four times
		// slower than for two.)
		d.print(" OR ")
		d.form(d.engine.form("text_contains", 2), x, func() { d.print(`'\u'`) })
		d.print(")")
	}
}

// guarded writes a test that is made only where a cheap one holds, if there is
// one. It is no AND: engines turn its sides round.
func (d *sqlPrinter) guarded(cheap, test func()) {
	if cheap == nil {
		test()
		return
	}
	d.print("CASE WHEN ")
	cheap()
	d.print(" THEN ")
	test()
	d.print(" ELSE false END")
}

// guardedAny writes alternatives that all have a cheap test, as a word anywhere
// in the record, or their negation: first the cheap ones of all, which engines
// run over whole columns, then the others. It reports whether it did.
func (d *sqlPrinter) guardedAny(p *predOr, not bool) bool {
	cheap := make([]func(), len(p.xs))
	for i, x := range p.xs {
		l, ok := x.(*leaf)
		if !ok {
			return false
		}
		switch {
		case l.t == JSON && l.deep:
			cheap[i] = d.jsonGuard(l)
		case l.t == Text && l.op == leafWord:
			cheap[i] = d.wordGuard(l, func() { d.column(l.column, l.kept) })
		}
		if cheap[i] == nil {
			return false
		}
	}
	if not {
		d.print("NOT coalesce(")
	}
	d.guarded(func() {
		d.balanced(len(cheap), " OR ", func(i int) { cheap[i]() })
	}, func() {
		d.balanced(len(p.xs), " OR ", func(i int) { d.bare(p.xs[i].(*leaf)) })
	})
	if not {
		d.print(", false)")
	}
	return true
}

// bare writes the test of a leaf that guardedAny took, without its cheap one.
func (d *sqlPrinter) bare(l *leaf) {
	if l.t == JSON {
		d.engine.jsonTest(d, l)
		return
	}
	d.engine.word(d, func() { d.column(l.column, l.kept) }, l.parts, l.exact)
}

// keyHint is a part of the last key of the path; "": there is no path, or the key
// is too common to look for.
func (l *leaf) keyHint() string {
	if l.deep || len(l.path) == 0 {
		return ""
	}
	return plainRun(l.path[len(l.path)-1])
}

// textHint is a text that a JSON text must hold, in any case unless exact, for
// the leaf to match; "": it may be written in another way, or is too common to
// look for.
func (l *leaf) textHint() string {
	switch {
	case l.op == leafEqual && len(l.texts) == 1 && !strings.ContainsAny(l.texts[0], "{["):
		return plainRun(l.texts[0])
	case l.deep && l.op == leafWord:
		return plainRun(longest(l.parts))
	case l.deep && l.op == leafPhrase:
		return plainRun(l.texts[0])
	}
	return ""
}

// plainRun is the longest part of s that JSON writes as it is, or with \u; "":
// it has fewer than three bytes.
func plainRun(s string) string {
	best := ""
	for _, run := range strings.FieldsFunc(s, func(r rune) bool { return r < ' ' || r == '"' || r == '\\' || r == '/' }) {
		if len(run) > len(best) {
			best = run
		}
	}
	if len(best) < 3 {
		return ""
	}
	return best
}
