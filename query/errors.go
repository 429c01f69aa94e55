// Several mistakes at once: the broken part is replaced by a token that stands
// for any name, and the text is read again. What is said of each is in
// explain.go.

package query

import (
	"slices"

	"github.com/alecthomas/participle/v2/lexer"

	"tocsin/diag"
)

const (
	hole      = "\x00" // the value of the token that stands for a broken part; no source holds it
	maxFaults = 10
	maxMended = 1_000 // tokens of a text; a longer one gets its first fault only, without what was expected
)

// A reader reads tokens and returns the first fault, or nil.
type reader func([]lexer.Token) *fault

func readerOf(m mode) reader {
	if m == modeCondition {
		return func(tokens []lexer.Token) *fault {
			_, f := conditionOf(tokens)
			return f
		}
	}
	return func(tokens []lexer.Token) *fault {
		_, f := parseTokens(tokens)
		return f
	}
}

// mend reports what is wrong with the tokens of src, whose first fault is f.
func mend(src string, tokens []lexer.Token, m mode, f *fault) error {
	e := &explainer{src: src, mode: m, read: readerOf(m), budget: maxProbes}
	l := &diag.List{Source: src}
	for last := -1; f != nil && f.span.Start > last && len(l.Problems) < maxFaults; f = e.read(tokens) {
		last = f.span.Start
		i := tokenAt(tokens, last)
		if tokens[i].EOF() && len(l.Problems) > 0 {
			break // what was left open is said already
		}
		told, better := e.explain(tokens, i, f)
		l.Add(check, told.span, told.message, told.hint)
		if told.last || len(tokens) > maxMended {
			break
		}
		if better == nil {
			better = repair(tokens, i, e.read)
		}
		tokens = better
	}
	return l
}

// tokenAt returns the index of the token at an offset, or of the one behind it.
func tokenAt(tokens []lexer.Token, offset int) int {
	for i, t := range tokens {
		if t.Pos.Offset >= offset && !(t.Value == hole && t.Pos.Offset == offset && i+1 < len(tokens)) {
			return i
		}
	}
	return len(tokens) - 1
}

// repair puts a hole in the place of what is wrong around token i: of the part
// between the commas and clause words around it, or of a reserved word that was
// meant as a name, whichever takes the reader further.
func repair(tokens []lexer.Token, i int, read reader) []lexer.Token {
	typ := tokIdent
	if inFilter(tokens, i) {
		typ = tokWord
	}
	from, to := part(tokens, i)
	plug := lexer.Token{Type: typ, Value: hole, Pos: tokens[from].Pos}
	best := slices.Concat(tokens[:from], []lexer.Token{plug}, tokens[to:])
	if tokens[i].Type != tokKeyword {
		return best
	}
	plug.Pos = tokens[i].Pos
	other := slices.Concat(tokens[:i], []lexer.Token{plug}, tokens[i+1:])
	if reach(other, read) > reach(best, read) {
		return other
	}
	return best
}

// reach returns how far the reader gets.
func reach(tokens []lexer.Token, read reader) int {
	f := read(tokens)
	if f == nil {
		return maxSource + 1
	}
	return f.span.Start
}

// part returns the tokens around i that stand between commas, clause words and
// brackets of the same depth.
func part(tokens []lexer.Token, i int) (from, to int) {
	from, to = i, i
	for depth := 0; from > 0; from-- {
		t := tokens[from-1]
		switch {
		case closes(t):
			depth++
		case opens(t) && depth > 0:
			depth--
		case depth == 0 && (opens(t) || boundary(t)):
			return from, partEnd(tokens, to)
		}
	}
	return from, partEnd(tokens, to)
}

func partEnd(tokens []lexer.Token, to int) int {
	for depth := 0; !tokens[to].EOF(); to++ {
		t := tokens[to]
		switch {
		case opens(t):
			depth++
		case closes(t) && depth > 0:
			depth--
		case depth == 0 && (closes(t) || boundary(t)):
			return to
		}
	}
	return to
}

// closes reports whether t closes a bracket or a CASE.
func closes(t lexer.Token) bool {
	return t.Type == tokOp && (t.Value == ")" || t.Value == "]") || t.Type == tokKeyword && t.Value == "END"
}

// boundary reports whether t separates parts that can be broken on their own.
func boundary(t lexer.Token) bool {
	switch t.Type {
	case tokPipe:
		return true
	case tokOp:
		return t.Value == ","
	case tokKeyword:
		switch t.Value {
		case "SELECT", "DISTINCT", "FROM", "WHERE", "GROUP", "BY", "HAVING", "ORDER", "LIMIT", "OFFSET", "AND", "OR", "WHEN", "THEN", "ELSE", "AS":
			return true
		}
	}
	return false
}

// inFilter reports whether token i stands before the first pipe.
func inFilter(tokens []lexer.Token, i int) bool {
	for _, t := range tokens[:i] {
		switch t.Type {
		case tokPipe, tokIdent, tokString, tokNumber:
			return false
		}
	}
	return i == 0 || tokens[0].Type != tokPipe
}
