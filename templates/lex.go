// The lexer: a template cut into literal text and tags, a tag into tokens.

package templates

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"tocsin/diag"
)

// Limits of a source (G27). They are checked here and in the parser, before
// anything recursive sees the text.
const (
	maxSource = 64 << 10 // bytes of all files of one template
	maxDepth  = 50       // brackets, blocks, operators inside of each other
	maxChain  = 50       // steps of one chain: a.b.c, x | f | g, 1 + 1 + 1, elif
)

// pieceKind says what a piece of a source is.
type pieceKind int

const (
	pText  pieceKind = iota
	pPrint           // {{ … }}
	pStmt            // {% … %}
)

// piece is literal text or one tag.
type piece struct {
	kind pieceKind
	text string    // pText
	span diag.Span // in the source
	toks []token   // ends with tEOF
}

type tokenKind int

const (
	tEOF tokenKind = iota
	tName
	tInt
	tFloat
	tString
	tOp
)

// token is one word of a tag. For strings, text is the value.
type token struct {
	kind tokenKind
	text string
	val  any // int64, float64
	span diag.Span
}

// lexer cuts a source into pieces.
type lexer struct {
	src    string
	pos    int
	pieces []piece
	strip  bool // the text that follows loses its leading white space
	chop   bool // the text that follows loses one line end
}

var endRaw = regexp.MustCompile(`\{%([-+]?)\s*endraw\s*([-+]?)%\}`)

// lex cuts src into pieces. It panics with a *failure.
func lex(src string) []piece {
	if i := strings.IndexAny(src, "\x00\ue000\ue001"); i >= 0 {
		fail(diag.Span{Start: i, End: i + 1}, "a character that a template may not hold (NUL, U+E000 or U+E001)", "")
	}
	if !utf8.ValidString(src) {
		fail(diag.Span{}, "the template is not UTF-8", "save the file as UTF-8")
	}
	l := &lexer{src: src}
	for l.pos < len(src) {
		i := nextTag(src[l.pos:])
		if i < 0 {
			l.literal(l.pos, len(src), false)
			break
		}
		open := l.pos + i
		l.literal(l.pos, open, strings.HasPrefix(src[open+2:], "-"))
		l.tag(open)
	}
	return l.pieces
}

// nextTag returns where the next {{, {% or {# begins, or -1.
func nextTag(s string) int {
	for from := 0; ; {
		i := strings.IndexByte(s[from:], '{')
		if i < 0 || from+i+1 >= len(s) {
			return -1
		}
		if c := s[from+i+1]; c == '{' || c == '%' || c == '#' {
			return from + i
		}
		from += i + 1
	}
}

// literal adds src[from:to], trimmed as the tags beside it ask.
func (l *lexer) literal(from, to int, stripRight bool) {
	if l.strip {
		for from < to && isSpace(l.src[from]) {
			from++
		}
	} else if l.chop {
		if strings.HasPrefix(l.src[from:to], "\r\n") {
			from += 2
		} else if from < to && l.src[from] == '\n' {
			from++
		}
	}
	l.strip, l.chop = false, false
	for stripRight && to > from && isSpace(l.src[to-1]) {
		to--
	}
	if to > from {
		l.pieces = append(l.pieces, piece{kind: pText, text: l.src[from:to], span: diag.Span{Start: from, End: to}})
	}
}

// tag reads the tag that begins at open and moves behind it.
func (l *lexer) tag(open int) {
	kind := l.src[open+1]
	if kind == '#' {
		l.comment(open)
		return
	}
	l.pos = open + 2
	if l.pos < len(l.src) && (l.src[l.pos] == '-' || l.src[l.pos] == '+') {
		// A minus that belongs to a number, as in {{-1}}, cannot be told from the
		// trim mark; Jinja takes it as the mark too.
		l.pos++
	}
	toks := l.tokens(open, kind == '{')
	end := diag.Span{Start: open, End: l.pos}
	l.chop = kind == '%'
	if kind == '%' && len(toks) == 2 && toks[0].kind == tName && toks[0].text == "raw" {
		l.raw(open)
		return
	}
	k := pPrint
	if kind == '%' {
		k = pStmt
	}
	l.pieces = append(l.pieces, piece{kind: k, span: end, toks: toks})
}

// comment skips {# … #}.
func (l *lexer) comment(open int) {
	i := strings.Index(l.src[open+2:], "#}")
	if i < 0 {
		fail(diag.Span{Start: open, End: open + 2}, "the comment {# is never closed", "close it with #}")
	}
	l.pos = open + 2 + i + 2
	l.strip = i > 0 && l.src[open+2+i-1] == '-'
	l.chop = true
}

// raw adds everything up to {% endraw %} as text; l.pos is behind {% raw %}.
func (l *lexer) raw(open int) {
	m := endRaw.FindStringSubmatchIndex(l.src[l.pos:])
	if m == nil {
		fail(diag.Span{Start: open, End: l.pos}, "{% raw %} is never closed", "close it with {% endraw %}")
	}
	from := l.pos
	l.literal(from, from+m[0], m[3] > m[2] && l.src[from+m[2]] == '-')
	l.pos = from + m[1]
	l.strip, l.chop = m[5] > m[4] && l.src[from+m[4]] == '-', true
}

// tokens reads up to the end of the tag, }} or %}. Brackets are counted, so that
// }} inside of a dict does not end it.
func (l *lexer) tokens(open int, print bool) []token {
	closer := "%}"
	if print {
		closer = "}}"
	}
	var toks []token
	depth := 0
	for {
		for l.pos < len(l.src) && isSpace(l.src[l.pos]) {
			l.pos++
		}
		if l.pos >= len(l.src) {
			fail(diag.Span{Start: open, End: open + 2}, "the tag "+l.src[open:open+2]+" is never closed", "close it with "+closer)
		}
		rest := l.src[l.pos:]
		if depth == 0 {
			if n := closes(rest, closer); n > 0 {
				l.strip = rest[0] == '-'
				l.pos += n
				return append(toks, token{kind: tEOF, span: diag.Span{Start: l.pos - n, End: l.pos}})
			}
		}
		t := l.token(rest)
		toks = append(toks, t)
		depth += bracket(t)
		if depth > maxDepth {
			fail(t.span, "brackets more than 50 deep", "")
		}
		if depth < 0 {
			fail(t.span, "a closing "+t.text+" without its opening bracket", "")
		}
	}
}

// closes returns the length of the tag's end at the start of s, or 0.
func closes(s, closer string) int {
	if strings.HasPrefix(s, closer) {
		return 2
	}
	if (s[0] == '-' || s[0] == '+') && strings.HasPrefix(s[1:], closer) {
		return 3
	}
	return 0
}

// bracket returns +1 for an opening bracket, -1 for a closing one.
func bracket(t token) int {
	if t.kind != tOp {
		return 0
	}
	switch t.text {
	case "(", "[", "{":
		return 1
	case ")", "]", "}":
		return -1
	}
	return 0
}

// token reads one token at l.pos and moves behind it.
func (l *lexer) token(rest string) token {
	start := l.pos
	done := func(kind tokenKind, n int, text string, val any) token {
		l.pos += n
		return token{kind: kind, text: text, val: val, span: diag.Span{Start: start, End: l.pos}}
	}
	r, size := utf8.DecodeRuneInString(rest)
	switch {
	case r == '_' || unicode.IsLetter(r):
		n := size
		for n < len(rest) {
			r, size := utf8.DecodeRuneInString(rest[n:])
			if r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) {
				break
			}
			n += size
		}
		return done(tName, n, rest[:n], nil)
	case r >= '0' && r <= '9':
		text, val, ok := number(rest)
		if !ok {
			fail(diag.Span{Start: start, End: start + len(text)}, "a number that is too large", "whole numbers have 64 bits")
		}
		kind := tInt
		if _, isFloat := val.(float64); isFloat {
			kind = tFloat
		}
		return done(kind, len(text), text, val)
	case r == '"' || r == '\'':
		text, n := quoted(rest)
		if n == 0 {
			fail(diag.Span{Start: start, End: start + 1}, "the text is never closed by "+string(r), "")
		}
		return done(tString, n, text, nil)
	}
	for _, op := range []string{"==", "!=", "<=", ">=", "//", "**", "&&", "||"} {
		if strings.HasPrefix(rest, op) {
			return done(tOp, 2, op, nil)
		}
	}
	if !strings.ContainsRune("<>+-*/%~|.,:()[]{}=", r) {
		fail(diag.Span{Start: start, End: start + size}, "the character "+strconv.Quote(string(r))+" has no meaning here", "")
	}
	return done(tOp, size, rest[:size], nil)
}

var numberText = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?`)

// number reads a whole or decimal number at the start of s.
func number(s string) (text string, val any, ok bool) {
	text = numberText.FindString(s)
	if !strings.ContainsAny(text, ".eE") {
		n, err := strconv.ParseInt(text, 10, 64)
		return text, n, err == nil
	}
	f, err := strconv.ParseFloat(text, 64)
	return text, f, err == nil
}

// quoted reads a quoted text at the start of s and returns its value and length,
// 0 when it is not closed.
func quoted(s string) (string, int) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == s[0]:
			return b.String(), i + 1
		case s[i] != '\\' || i+1 >= len(s):
			b.WriteByte(s[i])
		default:
			i++
			i += escapeSequence(&b, s, i)
		}
	}
	return "", 0
}

// escapeSequence writes what the sequence whose letter is s[i] stands for and
// returns how many bytes beyond that letter it took.
func escapeSequence(b *strings.Builder, s string, i int) int {
	if j := strings.IndexByte(`nrt\'"`, s[i]); j >= 0 {
		b.WriteByte("\n\r\t\\'\""[j])
		return 0
	}
	width := map[byte]int{'x': 2, 'u': 4, 'U': 8}[s[i]]
	if width > 0 && i+width < len(s) {
		if n, err := strconv.ParseUint(s[i+1:i+1+width], 16, 32); err == nil {
			b.WriteRune(rune(n)) // not a character: U+FFFD
			return width
		}
	}
	b.WriteByte('\\')
	b.WriteByte(s[i])
	return 0
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }
