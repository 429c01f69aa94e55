// Tokens of the filter half.

package query

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/alecthomas/participle/v2/lexer"
)

// searchToken reads one token of the filter and returns its length.
func (s *scanner) searchToken(t *lexer.Token) (int, *fault) {
	rest := s.src[s.pos:]
	value, tag, key := s.value, s.tag, s.key
	s.value, s.tag, s.key = false, false, false
	afterIn := s.prev.Type == tokKeyword && s.prev.Value == "IN"
	switch c := rest[0]; {
	case c == '|' && s.mode == modeSearch:
		return 0, faultAt(s.pos, s.pos+1, "a pipe, where only the search language is read", "keep what stands before it; SQL has no place here")
	case c == '|':
		t.Type = tokPipe
		return 1, nil
	case c == '(' || c == '[' && (value || afterIn):
		t.Type, s.rng = tokOp, afterIn || c == '[' || value && halfOpen(rest)
		return 1, nil
	case c == ')' || c == ']' && s.rng:
		t.Type, s.rng = tokOp, false
		return 1, nil
	case c == '<' || c == '>' || c == '=':
		t.Type, s.value = tokOp, true
		return operator(rest, "<=", ">="), nil
	case c == ':' && !((value || afterIn || s.rng) && colons(rest) > 0):
		t.Type = tokOp
		s.tag = s.prev.Type == tokWord && s.prev.Value == "__tag__" && key
		s.value = !s.tag
		return operator(rest, ":="), nil
	case strings.HasPrefix(rest, `#"`):
		return s.quotedToken(t, tokPhrase, 1)
	case c == '$' && afterIn:
		return listName(t, s.pos, rest)
	}
	return s.searchWord(t, wordState{free: value || s.rng || afterIn, value: value || tag || s.rng || afterIn, rng: s.rng, key: key})
}

// halfOpen reports whether rest begins with (low high]. What ends in ) is a
// group of two values.
func halfOpen(rest string) bool {
	end := strings.IndexAny(rest[1:], `()]"|\`)
	return end > 0 && rest[1+end] == ']' && len(strings.Fields(rest[1:1+end])) == 2
}

// quotedToken reads a quoted text of the filter whose quote is at skip.
func (s *scanner) quotedToken(t *lexer.Token, typ lexer.TokenType, skip int) (int, *fault) {
	n := quotedEnd(s.src[s.pos+skip:], true)
	if n == 0 {
		return 0, neverClosed(s.pos + skip)
	}
	t.Type = typ
	return skip + n, nil
}

// wordState is what the meaning of a word depends on.
type wordState struct {
	free  bool // it may hold colons
	value bool // it is no field and no keyword
	rng   bool // a ] ends it
	key   bool // the token before may be a field
}

// searchWord reads a word, a quoted text, or a path with quoted steps.
func (s *scanner) searchWord(t *lexer.Token, st wordState) (int, *fault) {
	rest := s.src[s.pos:]
	n, quoted, f := s.wordLength(rest, st)
	if f != nil {
		return 0, f
	}
	t.Type = tokWord
	if quoted {
		t.Type = tokQuoted
	}
	s.key = !st.value
	if n == 0 {
		r, _ := utf8.DecodeRuneInString(rest)
		return 0, oddCharacter(s.pos, r, `put the text in quotes: "…"`)
	}
	if k := searchKeyword(rest[:n], st.key); k != "" && !st.value {
		t.Type, t.Value, s.key = tokKeyword, k, false
	}
	return n, nil
}

// wordLength returns the length of the word, and whether it is one quoted text.
func (s *scanner) wordLength(rest string, st wordState) (n int, quoted bool, f *fault) {
	if strings.HasPrefix(rest, "!=") && !st.value {
		return 2, false, nil
	}
	for n < len(rest) {
		r, size := utf8.DecodeRuneInString(rest[n:])
		step := n == 0 || !st.value && rest[n-1] == '.'
		switch {
		case r == '\\':
			n += escapeLength(rest[n:])
		case r == '"' && step:
			size = quotedEnd(rest[n:], true)
			if size == 0 {
				return 0, false, neverClosed(s.pos + n)
			}
			whole := n == 0
			n += size
			if st.value || len(rest) == n || rest[n] != '.' || !stepFollows(rest[n+1:]) {
				return n, whole, nil
			}
		case r == ':' && st.free && colons(rest[n:]) > 0:
			n += colons(rest[n:])
		case !wordRune(r) || r == ']' && st.rng:
			if wrongKeys[r] != "" {
				return 0, false, oddCharacter(s.pos+n, r, "")
			}
			return n, false, nil
		default:
			n += size
		}
	}
	return n, false, nil
}

// stepFollows reports whether a step of a path begins in front of rest.
func stepFollows(rest string) bool {
	r, _ := utf8.DecodeRuneInString(rest)
	return rest != "" && (r == '"' || wordRune(r))
}

// wordRune reports whether r may stand in a word without a backslash before it.
func wordRune(r rune) bool {
	switch r {
	case '(', ')', ':', '"', '<', '>', '=', '|', '｜', '：', '（', '）', '＝', '＜', '＞', '＊', '“', '”', '＂':
		return false
	}
	return !unicode.IsSpace(r) && !unicode.IsControl(r) && !unicode.Is(unicode.Cf, r)
}

// colons returns the length of the run of colons at the start of rest when
// something of a word follows it, else 0. No value has more than eight in a row.
func colons(rest string) int {
	n := 0
	for n < len(rest) && n <= 8 && rest[n] == ':' {
		n++
	}
	if r, _ := utf8.DecodeRuneInString(rest[n:]); n == len(rest) || !wordRune(r) {
		return 0
	}
	return n
}

// escapeLength returns how much of rest, which begins with a backslash, belongs
// together: a backslash takes the sign behind it out of its meaning; before
// letters and digits, and at an end, it is text.
func escapeLength(rest string) int {
	r, n := utf8.DecodeRuneInString(rest[1:])
	if len(rest) == 1 || !escapable(r) {
		return 1
	}
	return 1 + n
}

// escapable reports whether a backslash before r is an escape.
func escapable(r rune) bool {
	if r == ' ' || r == '\t' {
		return true
	}
	return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) && !unicode.IsSpace(r) && !unicode.IsControl(r) && r != '_'
}

// searchKeyword returns AND, OR, NOT or IN when the word is one, else "".
func searchKeyword(word string, key bool) string {
	if len(word) > 3 {
		return ""
	}
	switch upper := strings.ToUpper(word); {
	case len(upper) != len(word):
	case upper == "AND" || upper == "OR" || upper == "NOT":
		return upper
	case word == "in" && key:
		return "IN"
	}
	return ""
}

// operator returns the length of the operator that rest begins with: the first
// of long that fits, else one byte.
func operator(rest string, long ...string) int {
	for _, o := range long {
		if strings.HasPrefix(rest, o) {
			return len(o)
		}
	}
	return 1
}

// listName reads $name.
func listName(t *lexer.Token, pos int, rest string) (int, *fault) {
	n := 1
	for n < len(rest) {
		r, size := utf8.DecodeRuneInString(rest[n:])
		if r != '_' && r != '-' && !identRune(r) {
			break
		}
		n += size
	}
	if n == 1 {
		return 0, faultAt(pos, pos+1, "$ without the name of a list", "write in $name")
	}
	t.Type = tokList
	return n, nil
}
