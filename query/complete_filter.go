// Completion in the filter: what stands before the word says what may follow.

package query

import (
	"slices"

	"github.com/alecthomas/participle/v2/lexer"
)

// completeFilter offers what may stand in the half before the first pipe.
func (c *completer) completeFilter() {
	prev := c.last()
	open, inside := c.insideField()
	switch {
	case isKeyword(&prev, "IN"):
		c.lists()
		c.signs([][2]string{{"[", "from … to …, both ends among them"}, {"(", "from … to …, without the first"}})
	case prev.Type == tokOp && prev.Value != "(" && prev.Value != ")" && prev.Value != "[" && prev.Value != "]":
		c.fieldValues(len(c.tokens)-2, true)
	case inside && (isOp(&c.tokens[open], "[") || isKeyword(&c.tokens[open-1], "IN")):
		c.fieldValues(open-2, true)
	case inside && !c.operandBefore():
		c.fieldValues(open-2, false)
		c.words("not")
	case inside:
		c.words("or", "and")
		c.signs([][2]string{{")", ""}})
	default:
		c.condition()
	}
}

// insideField returns the innermost open bracket, if it is the one of a field:
// field:( … ) or field in [ … ).
func (c *completer) insideField() (open int, ok bool) {
	var stack []int
	for i, t := range c.tokens {
		if opens(t) {
			stack = append(stack, i)
		} else if closes(t) && len(stack) > 0 {
			stack = stack[:len(stack)-1]
		}
	}
	if len(stack) == 0 {
		return 0, false
	}
	open = stack[len(stack)-1]
	if open < 2 {
		return 0, false
	}
	before := c.tokens[open-1]
	return open, isOp(&before, ":") || isOp(&before, ":=") || isKeyword(&before, "IN")
}

// operandBefore reports whether a condition or a value ends before the word.
func (c *completer) operandBefore() bool {
	switch t := c.last(); t.Type {
	case tokWord, tokQuoted, tokPhrase, tokList:
		return true
	default:
		return closes(t)
	}
}

// condition offers what may stand where a condition begins, or goes on.
func (c *completer) condition() {
	store, _ := c.in.Schema.Logstore(c.in.Options.Logstore)
	if f, ok := c.fieldBefore(store); ok {
		c.operators(f, "")
	}
	c.fields(store, "", filterPath)
	if f, ok := c.wholeField(store); ok {
		c.operators(f, c.src[c.start:c.end])
	}
	if c.quote != 0 {
		return
	}
	if c.operandBefore() {
		c.words("and", "or")
	}
	c.words("not")
	if c.operandBefore() && c.typed == "" {
		c.add(Candidate{"|", OperatorCandidate, "", "SQL over the records that were found"})
	}
}

// wholeField returns the field that the word names; one below an open object
// counts if it was seen, or if nothing that was goes on with it.
func (c *completer) wholeField(store *Logstore) (Field, bool) {
	f, ok := fieldNamed(store, c.typed)
	if !ok || c.quote != 0 {
		return Field{}, false
	}
	seen := slices.ContainsFunc(c.list, func(k Candidate) bool { return k.Text == c.src[c.start:c.end] })
	return f, seen || c.count[FieldCandidate] == 0
}

// fieldBefore returns the field that stands before the word, if an operator may
// follow it: it is not the value of another one.
func (c *completer) fieldBefore(store *Logstore) (Field, bool) {
	n := len(c.tokens) - 1
	if n < 0 || store == nil {
		return Field{}, false
	}
	if n > 0 {
		before := c.tokens[n-1]
		if before.Type == tokOp && !opens(before) && !closes(before) || isKeyword(&before, "IN") {
			return Field{}, false
		}
	}
	f, ok := c.fieldAt(n, store)
	return f, ok || c.typed != "" && c.operandBefore() // an unknown name, and more than it
}

// fieldAt returns the field that token n names.
func (c *completer) fieldAt(n int, store *Logstore) (Field, bool) {
	if n < 0 || store == nil || c.tokens[n].Type != tokWord && c.tokens[n].Type != tokQuoted {
		return Field{}, false
	}
	path, fault := fieldPath(c.tokens[n])
	if fault != nil {
		return Field{}, false
	}
	f, rest, ok := store.find(steps(path.Names))
	if len(rest) > maxPath {
		return Field{}, false
	}
	if len(rest) > 0 {
		f = Field{Name: written(path.Names), Type: JSON}
	}
	return f, ok
}

// operators offers the operators that may follow a field; word stands before
// each of them in what is inserted.
func (c *completer) operators(f Field, word string) {
	match := [][2]string{
		{":", "the value; * and ? in it stand for anything, :* for any value"},
		{":=", "the value in exactly this case"},
		{"in", "an interval [1 5), a network 10.0.0.0/8 or a list $name"},
	}
	order := [][2]string{{">", "greater"}, {">=", "greater or equal"}, {"<", "less"}, {"<=", "less or equal"}, {"=", "equal, as numbers"}}
	switch {
	case f.Type == Boolean:
		match, order = [][2]string{match[0], {"in", "a list $name"}}, nil
	case f.Type.numeric() || f.Type == EpochSeconds || f.Type == Time:
		match, order = append(order, match...), nil
	}
	for _, o := range append(match, order...) {
		text := word + o[0]
		if o[0] == "in" && word != "" {
			text = word + " in "
		}
		if word != "" || c.begun(o[0]) {
			c.add(Candidate{text, OperatorCandidate, "", o[1]})
		}
	}
}

// signs offers signs, where nothing was typed yet.
func (c *completer) signs(list [][2]string) {
	if c.typed != "" || c.quote != 0 {
		return
	}
	for _, s := range list {
		c.add(Candidate{s[0], OperatorCandidate, "", s[1]})
	}
}

// words offers words of the language.
func (c *completer) words(list ...string) {
	for _, w := range list {
		if c.begun(w) && c.quote == 0 {
			c.add(Candidate{Text: w, Kind: KeywordCandidate})
		}
	}
}

// fieldValues offers values of the field that token n names; free says that one
// stands right behind a colon or a comparison.
func (c *completer) fieldValues(n int, free bool) {
	store, _ := c.in.Schema.Logstore(c.in.Options.Logstore)
	f, ok := c.fieldAt(n, store)
	if !ok {
		return
	}
	path, _ := fieldPath(c.tokens[n]) // fieldAt read it
	c.values(store, f, written(path.Names), func(v string) string { return c.filterValue(v, free) })
}

// values offers values that records hold in a field; write puts one into the
// words of the language.
func (c *completer) values(store *Logstore, f Field, name string, write func(string) string) {
	if c.in.Seen != nil {
		seen, _ := c.in.Seen.Values(c.ctx, store.Name, name, c.typed) // whoever implements it reports why there are none
		for _, v := range seen {
			if c.begun(v.Value) && v.Value != "" {
				c.add(Candidate{write(v.Value), ValueCandidate, grouped(v.Count), ""})
			}
		}
	}
	if f.Type == Boolean {
		for _, v := range []string{"true", "false"} {
			if c.begun(v) {
				c.add(Candidate{write(v), ValueCandidate, "", ""})
			}
		}
	}
}

// filterValue writes a value as the filter reads it, in quotes where it needs
// them or where the user began with one; "" if no query can hold it.
func (c *completer) filterValue(v string, free bool) string {
	before, behind := "x:(", ")"
	if free {
		before, behind = "x:", ""
	}
	plain, quoted := v, (&Value{Text: v, Quoted: true})
	var p printer
	p.value(quoted, free)
	for _, text := range []string{plain, p.String()} {
		if text == plain && c.quote != 0 {
			continue
		}
		tokens, f := tokenize(before+text+behind, modeSearch)
		if f == nil && len(tokens) > 3 && meansValue(tokens, len(before), v) {
			return text
		}
	}
	return ""
}

// meansValue reports whether the token at an offset is the whole value v, and
// no pattern.
func meansValue(tokens []lexer.Token, at int, v string) bool {
	t := tokens[tokenAt(tokens, at)]
	if t.Type != tokWord && t.Type != tokQuoted {
		return false
	}
	p := &filterParser{}
	value := p.valueOf(t)
	return p.fault == nil && value.Text == v && value.Glob == nil
}
