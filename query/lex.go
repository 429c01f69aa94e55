// The lexer: text into tokens, with the guards against hostile text. It is
// written by hand because what a character means depends on more than a
// regular expression can see: the half of the query, whether a value follows a
// colon, whether a word follows `in`, the open brackets.

package query

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/alecthomas/participle/v2/lexer"

	"tocsin/diag"
)

const (
	maxSource  = 1 << 20 // bytes of one text, as of a rule file
	maxNesting = 200     // brackets, CASE, NOT and signs inside each other; a deeper text could overflow the stack, which nothing can recover
	maxChain   = 10_000  // operands of one chain of operators, entries of one and/or
)

// The types of tokens. A Keyword's value is in upper case, every other value is
// the text of the source, quotes and escapes included.
const (
	tokPipe    lexer.TokenType = iota + 1
	tokKeyword                 // a reserved word of the half it stands in
	tokIdent                   // a name in SQL, reserved or not after a dot
	tokQuoted                  // "…" in either half
	tokString                  // '…' in SQL
	tokNumber                  // in SQL, without a sign
	tokList                    // $name behind IN
	tokOp                      // operators, brackets, commas, colons
	tokWord                    // a word of the filter, or a path with quoted steps
	tokPhrase                  // #"…" of the filter
)

// A mode says which language a text is in.
type mode int

const (
	modeQuery     mode = iota // filter | stage | stage
	modeSearch                // the language of the filter only
	modeCondition             // an expression, with SLS's operators
)

// definition tells participle the names of the token types. Texts are always
// scanned before, so it never lexes.
type definition struct{ lexer.Definition }

// Symbols implements lexer.Definition.
func (definition) Symbols() map[string]lexer.TokenType {
	return map[string]lexer.TokenType{
		"EOF": lexer.EOF, "Pipe": tokPipe, "Keyword": tokKeyword, "Ident": tokIdent, "Quoted": tokQuoted, "String": tokString,
		"Number": tokNumber, "List": tokList, "Op": tokOp, "Word": tokWord, "Phrase": tokPhrase,
	}
}

// replay hands scanned tokens to participle.
type replay struct{ tokens []lexer.Token }

// Next implements lexer.Lexer.
func (r *replay) Next() (lexer.Token, error) {
	t := r.tokens[0]
	if !t.EOF() {
		r.tokens = r.tokens[1:]
	}
	return t, nil
}

// peeking returns the tokens, which end in EOF, as participle reads them.
func peeking(tokens []lexer.Token) *lexer.PeekingLexer {
	p, err := lexer.Upgrade(&replay{tokens})
	if err != nil { // replay has none
		panic(err)
	}
	return p
}

// A scanner is the state of the lexer.
type scanner struct {
	src   string
	pos   int // bytes read
	mode  mode
	sql   bool        // behind the first pipe, or in a condition
	prev  lexer.Token // the token before
	value bool        // filter: a value follows a colon or a comparison
	tag   bool        // filter: the name of a tag follows
	key   bool        // filter: the token before may be a field, so that `in` is a keyword
	rng   bool        // filter: inside [low high)
	nest  nesting
}

// tokenize returns the tokens of src, the last of which is EOF; comments and white
// space are left out.
func tokenize(src string, m mode) ([]lexer.Token, *fault) {
	if f := checkText(src); f != nil {
		return nil, f
	}
	s := &scanner{src: src, mode: m, sql: m == modeCondition}
	s.pos = len(src) - len(strings.TrimPrefix(src, "\uFEFF"))
	if n := sessionLength(src[s.pos:]); n > 0 && m == modeQuery {
		return nil, faultAt(s.pos, s.pos+n, "a setting where the filter begins", "remove it: every field can be queried; SLS writes it behind the pipe")
	}
	tokens := make([]lexer.Token, 0, len(src)/5+2)
	for {
		if f := s.skipSpace(); f != nil {
			return nil, f
		}
		t := lexer.Token{Type: lexer.EOF, Pos: lexer.Position{Offset: s.pos}}
		if s.pos == len(src) {
			return append(tokens, t), nil
		}
		n, f := s.token(&t)
		if f == nil {
			f = s.nest.take(t)
		}
		if f != nil {
			return nil, f
		}
		s.pos += n
		if t.Type == tokPipe && !s.sql {
			s.sql = true
			s.skipSession()
		}
		s.prev = t
		tokens = append(tokens, t)
	}
}

// token reads one token at s.pos and returns its length.
func (s *scanner) token(t *lexer.Token) (n int, f *fault) {
	if s.sql {
		n, f = s.sqlToken(t)
	} else {
		n, f = s.searchToken(t)
	}
	if f == nil && t.Value == "" {
		t.Value = s.src[s.pos : s.pos+n]
	}
	return n, f
}

// checkText refuses what no part of the language may hold.
func checkText(src string) *fault {
	if len(src) > maxSource {
		return faultAt(maxSource, maxSource, "the text is longer than 1 MiB", "keep long lists of values in a named list: field in $name")
	}
	for i, r := range src {
		switch {
		case r == 0:
			return faultAt(i, i+1, "a NUL character", "remove it; no part of a query may hold one")
		case r == utf8.RuneError && !strings.HasPrefix(src[i:], "\uFFFD"):
			return faultAt(i, i+1, "not valid UTF-8", "save the text as UTF-8")
		}
	}
	return nil
}

// skipSpace moves to the next token. White space that other programs take for
// the end of a line, or for nothing, is refused.
func (s *scanner) skipSpace() *fault {
	for s.pos < len(s.src) {
		r, n := utf8.DecodeRuneInString(s.src[s.pos:])
		if f := s.oddSpace(r, n); f != nil {
			return f
		}
		switch {
		case unicode.IsSpace(r):
			s.pos += n
		case s.sql && strings.HasPrefix(s.src[s.pos:], "--"):
			if f := s.skipComment("\n"); f != nil {
				return f
			}
		case s.sql && strings.HasPrefix(s.src[s.pos:], "/*"):
			if f := s.skipComment("*/"); f != nil {
				return f
			}
		default:
			return nil
		}
	}
	return nil
}

// oddSpace refuses a lone carriage return and the Unicode line separators.
func (s *scanner) oddSpace(r rune, n int) *fault {
	switch {
	case r == '\r' && !strings.HasPrefix(s.src[s.pos:], "\r\n"):
		return faultAt(s.pos, s.pos+n, "a carriage return without a line feed", "end lines with LF or CR LF")
	case r == '\u2028' || r == '\u2029':
		return faultAt(s.pos, s.pos+n, "a Unicode line separator", "end lines with LF")
	}
	return nil
}

// skipComment reads a comment; its end mark is "\n" or "*/".
func (s *scanner) skipComment(end string) *fault {
	start, body := s.pos, s.src[s.pos+2:]
	n := strings.Index(body, end)
	switch {
	case n < 0 && end == "*/":
		return faultAt(start, start+2, "this comment is never closed", "end it with */")
	case n < 0:
		n = len(body)
	}
	body = body[:n]
	if i := strings.Index(body, "/*"); i >= 0 && end == "*/" {
		return faultAt(start+2+i, start+4+i, "a comment inside a comment", "comments do not nest; remove the inner /*")
	}
	for i, r := range body {
		if r == '\r' && i+1 == len(body) && end == "\n" {
			continue
		}
		s.pos = start + 2 + i
		if f := s.oddSpace(r, utf8.RuneLen(r)); f != nil {
			return f
		}
	}
	s.pos = min(start+2+n+len(end), len(s.src))
	return nil
}

// skipSession leaves out "set session mode=scan;", which SLS takes before a
// SELECT and which changes nothing here: every field can be queried.
func (s *scanner) skipSession() {
	s.pos += sessionLength(s.src[s.pos:])
}

// sessionLength returns the length of the "set session mode=scan;" that rest
// begins with, or 0.
func sessionLength(rest string) int {
	whole := len(rest)
	for _, part := range [...]string{"set", " ", "session", " ", "mode", "=", "scan", ";"} {
		trimmed := strings.TrimLeft(rest, " \t\n")
		switch {
		case part == " " && len(trimmed) < len(rest):
			continue
		case len(trimmed) < len(part) || !strings.EqualFold(trimmed[:len(part)], part):
			return 0
		}
		rest = trimmed[len(part):]
	}
	return whole - len(rest)
}

// nesting counts how deep the text is nested: open brackets and CASE, and the
// NOTs and signs in a row, also those in front of each open bracket.
type nesting struct {
	open  []opener
	run   int // NOTs and signs since the last operand
	saved int // sum of the runs of open
}

type opener struct {
	token lexer.Token
	run   int
}

// take counts one token, and refuses what is nested too deep or left open at a
// pipe.
func (n *nesting) take(t lexer.Token) *fault {
	word := t.Type == tokKeyword
	switch {
	case opens(t):
		n.open = append(n.open, opener{t, n.run})
		n.saved += n.run
		n.run = 0
	case t.Value == ")" || t.Value == "]" || word && t.Value == "END":
		n.run = 0
		if last := len(n.open) - 1; last >= 0 {
			n.saved -= n.open[last].run
			n.open = n.open[:last]
		}
	case t.Type == tokPipe && len(n.open) > 0:
		o := n.open[len(n.open)-1].token
		return faultAt(o.Pos.Offset, o.Pos.Offset+len(o.Value), "this "+o.Value+" is still open at the next |",
			"close it before the pipe; a | that is text stands in quotes")
	case word && t.Value == "NOT" || t.Type == tokOp && (t.Value == "-" || t.Value == "+" || t.Value == "!"):
		n.run++
	case t.Type != tokOp && !word:
		n.run = 0
	}
	if len(n.open)+n.saved+n.run > maxNesting {
		return faultAt(t.Pos.Offset, t.Pos.Offset+len(t.Value), "nested more than 200 deep", "split the query into stages, or move a part into the filter")
	}
	return nil
}

// opens reports whether t opens a bracket or a CASE.
func opens(t lexer.Token) bool {
	return t.Type == tokOp && (t.Value == "(" || t.Value == "[") || t.Type == tokKeyword && t.Value == "CASE"
}

// quotedEnd returns the length of the quoted text that rest begins with, or 0
// when it is never closed. A doubled quote, or with escapes a quote behind a
// backslash, does not end it.
func quotedEnd(rest string, escapes bool) int {
	quote := rest[0]
	for i := 1; i < len(rest); i++ {
		switch {
		case escapes && rest[i] == '\\':
			i++
		case rest[i] != quote:
		case !escapes && i+1 < len(rest) && rest[i+1] == quote:
			i++
		default:
			return i + 1
		}
	}
	return 0
}

// neverClosed is the fault of a quote at pos.
func neverClosed(pos int) *fault {
	return faultAt(pos, pos+1, "this quote is never closed", "close it, or remove it")
}

// oddCharacter explains a character that no token begins with.
func oddCharacter(pos int, r rune, hint string) *fault {
	shown := "the character " + string(r)
	switch {
	case r == '\t' || unicode.IsControl(r):
		shown = "a control character"
	case unicode.Is(unicode.Cf, r):
		shown = "an invisible character"
	}
	if h, ok := wrongKeys[r]; ok {
		hint = h
	}
	return faultAt(pos, pos+utf8.RuneLen(r), shown+" ("+codePoint(r)+") means nothing here", hint)
}

// wrongKeys are characters that look like one of ours, with what to type.
var wrongKeys = map[rune]string{
	'｜': "this is the full-width bar; type |", '：': "this is the full-width colon; type : or put the word in quotes",
	'（': "this is a full-width bracket; type (", '）': "this is a full-width bracket; type )",
	'＝': "this is a full-width sign; type =", '＜': "this is a full-width sign; type <", '＞': "this is a full-width sign; type >",
	'＊': "this is a full-width asterisk; type *", '，': "this is a full-width comma; type ,", '；': "this is a full-width semicolon; remove it",
	'“': `this is a typographic quote; type "`, '”': `this is a typographic quote; type "`, '＂': `this is a full-width quote; type "`,
	'‘': "this is a typographic quote; type '", '’': "this is a typographic quote; type '", '＇': "this is a full-width quote; type '",
	'«': `names are quoted with "`, '»': `names are quoted with "`, '`': `names are quoted with "`,
}

// span returns where a token stands in the source.
func span(t lexer.Token) diag.Span {
	return diag.Span{Start: t.Pos.Offset, End: t.Pos.Offset + len(t.Value)}
}
