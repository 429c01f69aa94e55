// Tokens of SQL and of conditions.

package query

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/alecthomas/participle/v2/lexer"
)

// keywords are the reserved words of SQL. Every other word is a name, wherever
// it stands; LIMIT and its like are reserved because FROM is optional.
var keywords = wordTable(`SELECT DISTINCT ALL AS FROM WHERE GROUP BY HAVING ORDER LIMIT OFFSET AND OR NOT IN IS NULL BETWEEN LIKE ESCAPE
	CASE WHEN THEN ELSE END CAST TRUE FALSE EXISTS JOIN INNER LEFT RIGHT FULL OUTER CROSS NATURAL ON USING UNION INTERSECT EXCEPT
	WITH VALUES INTO FOR TABLE CREATE DROP DELETE INSERT ALTER`)

// A wordSet finds a word, written in any case, in its upper-case spelling.
type wordSet map[string]string

func wordTable(words string) wordSet {
	m := wordSet{}
	for _, w := range strings.Fields(words) {
		m[w] = w
	}
	return m
}

// find returns the word of the set that word spells in any case, else "". Only
// ASCII letters are folded: ſelect is no SELECT. It allocates nothing.
func (m wordSet) find(word string) string {
	var b [20]byte
	if len(word) > len(b) {
		return ""
	}
	for i := range len(word) {
		c := word[i]
		if 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		b[i] = c
	}
	return m[string(b[:len(word)])]
}

// sqlToken reads one token of SQL and returns its length.
func (s *scanner) sqlToken(t *lexer.Token) (int, *fault) {
	rest := s.src[s.pos:]
	r, size := utf8.DecodeRuneInString(rest)
	switch {
	case r == '\'' || r == '"':
		return s.sqlQuoted(t, rest)
	case digit(r) || r == '.' && len(rest) > 1 && digit(rune(rest[1])) && !s.operandBefore():
		return s.number(t, rest)
	case r == '$':
		return s.dollar(t, rest)
	case identStart(r) || r == '@' && identStartAt(rest[1:]):
		return s.identifier(t, rest)
	case r == '|' && s.mode == modeQuery && !strings.HasPrefix(rest, "||"):
		t.Type = tokPipe
		return 1, nil
	}
	t.Type = tokOp
	if n := operator(rest, "<>", "<=", ">=", "!=", "!~", "==", "=~", "=>", "->", "||", "&&", "::"); n > 1 {
		return n, nil
	}
	if strings.ContainsRune("+-*/%()[],.=<>!", r) {
		return size, nil
	}
	return 0, oddSQL(s.pos, r)
}

// oddSQL explains a character that SQL has no use for.
func oddSQL(pos int, r rune) *fault {
	switch r {
	case ';':
		return faultAt(pos, pos+1, "a semicolon; a query is one statement", "remove it and what follows; further steps stand behind a |")
	case '?':
		return faultAt(pos, pos+1, "a question mark outside of quotes", "write the value itself; values become parameters by themselves")
	case '|':
		return faultAt(pos, pos+1, "a pipe in a condition", "a condition is one expression; alternatives are joined with OR")
	case '{', '}':
		return faultAt(pos, pos+1, "braces are not in the language", "a nested field is written a.b.c, an array ARRAY[1, 2]")
	}
	return oddCharacter(pos, r, `names with other characters stand in double quotes, texts in single ones`)
}

// sqlQuoted reads 'text' or "name".
func (s *scanner) sqlQuoted(t *lexer.Token, rest string) (int, *fault) {
	n := quotedEnd(rest, false)
	switch {
	case n == 0:
		return 0, neverClosed(s.pos)
	case rest[0] == '"' && n == 2 && s.mode != modeCondition:
		return 0, faultAt(s.pos, s.pos+2, "a name of no characters", "an empty text is written ''")
	}
	t.Type = tokString
	if rest[0] == '"' && n > 2 { // "" of a condition is an empty text, as in SLS
		t.Type = tokQuoted
	}
	return n, nil
}

// number reads 10, 1.5, .5 or 1e-3.
func (s *scanner) number(t *lexer.Token, rest string) (int, *fault) {
	n := digits(rest)
	if n < len(rest) && rest[n] == '.' {
		n += 1 + digits(rest[n+1:])
	}
	if n < len(rest) && (rest[n] == 'e' || rest[n] == 'E') {
		e := n + 1
		if e < len(rest) && (rest[e] == '-' || rest[e] == '+') {
			e++
		}
		if d := digits(rest[e:]); d > 0 {
			n = e + d
		}
	}
	if r, _ := utf8.DecodeRuneInString(rest[n:]); n < len(rest) && identRune(r) {
		return 0, faultAt(s.pos, s.pos+n, "a number with a letter behind it", `a name that begins with a digit stands in double quotes: "1st"`)
	}
	t.Type = tokNumber
	return n, nil
}

// dollar reads $list behind IN, and $0 of conditions.
func (s *scanner) dollar(t *lexer.Token, rest string) (int, *fault) {
	switch {
	case s.prev.Type == tokKeyword && s.prev.Value == "IN":
		return listName(t, s.pos, rest)
	case s.mode == modeCondition && len(rest) > 1 && rest[1] >= '0' && rest[1] <= '2':
		t.Type = tokIdent
		return 2, nil
	}
	return 0, faultAt(s.pos, s.pos+1, "a $ where no list may stand", "a named list follows IN: field IN $name; parameters and dollar quotes are not in the language")
}

// identifier reads a name or a reserved word.
func (s *scanner) identifier(t *lexer.Token, rest string) (int, *fault) {
	n := 0
	for i, r := range rest {
		if !identRune(r) && !(i == 0 && r == '@') {
			break
		}
		n = i + utf8.RuneLen(r)
	}
	word := rest[:n]
	t.Type = tokIdent
	if s.prev.Type == tokOp && s.prev.Value == "." {
		return n, nil
	}
	if k := keywords.find(word); k != "" {
		t.Type, t.Value = tokKeyword, k
		return n, nil
	}
	if n < len(rest) && rest[n] == '\'' && !literalType(word) {
		return 0, faultAt(s.pos, s.pos+n+1, "a text with "+word+" in front of it", "texts are written 'so', a quote inside is doubled: 'it''s'; there are no prefixes and no escapes")
	}
	return n, nil
}

// literalType reports whether a text may stand directly behind the word.
func literalType(word string) bool {
	switch special.find(word) {
	case "DATE", "TIMESTAMP", "INTERVAL":
		return true
	}
	return false
}

// operandBefore reports whether the token before ends an operand, so that a dot
// behind it begins no number.
func (s *scanner) operandBefore() bool {
	switch s.prev.Type {
	case tokIdent, tokQuoted, tokString, tokNumber:
		return true
	case tokOp:
		return s.prev.Value == ")" || s.prev.Value == "]"
	}
	return s.prev.Type == tokKeyword && s.prev.Value == "END"
}

// digits returns how many ASCII digits s begins with.
func digits(s string) int {
	return len(s) - len(strings.TrimLeft(s, "0123456789"))
}

func digit(r rune) bool { return '0' <= r && r <= '9' }

// identStart reports whether a name may begin with r.
func identStart(r rune) bool { return r == '_' || unicode.IsLetter(r) }

func identStartAt(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return identStart(r)
}

// identRune reports whether r may stand in a name; the marks are those of
// decomposed letters.
func identRune(r rune) bool {
	return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Mc, r)
}
