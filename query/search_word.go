// What the words of the filter mean: quotes, backslashes and wildcards undone.

package query

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/alecthomas/participle/v2/lexer"
)

// valueOf returns the value that a word, a quoted text or a phrase means.
func (p *filterParser) valueOf(t lexer.Token) *Value {
	v := &Value{At: At(span(t)), Text: t.Value}
	switch {
	case t.Type == tokPhrase:
		v.Text, v.Quoted, v.Phrase = unquoteSearch(t.Value[1:]), true, true
	case t.Type == tokQuoted:
		v.Text, v.Quoted = unquoteSearch(t.Value), true
	case strings.Contains(t.Value, `"`) && !allQuotesEscaped(t.Value):
		p.fail(faultOn(&t, "a path with a quoted step, without a value", "write path:value, or put the whole text in quotes"))
	case strings.ContainsAny(t.Value, `*?\`):
		v.Text, v.Glob = pattern(t.Value)
	}
	return v
}

// allQuotesEscaped reports whether every quote of a word is behind a backslash.
func allQuotesEscaped(word string) bool {
	for i := 0; i < len(word); i++ {
		switch word[i] {
		case '\\':
			i += escapeLength(word[i:]) - 1
		case '"':
			return false
		}
	}
	return true
}

// unquoteSearch undoes the quotes of "…": \" is a quote, \\ a backslash, every
// other backslash is text.
func unquoteSearch(quoted string) string {
	inner := quoted[1 : len(quoted)-1]
	if !strings.Contains(inner, `\`) {
		return inner
	}
	var b strings.Builder
	for i := 0; i < len(inner); i++ {
		if inner[i] == '\\' && i+1 < len(inner) && (inner[i+1] == '"' || inner[i+1] == '\\') {
			i++
		}
		b.WriteByte(inner[i])
	}
	return b.String()
}

// pattern undoes the backslashes of a word. With a wildcard in it, the parts are
// returned too.
func pattern(word string) (string, []Glob) {
	var parts []Glob
	var whole, text strings.Builder
	wild := false
	for i := 0; i < len(word); {
		n := 1
		switch c := word[i]; c {
		case '*', '?':
			wild = true
			if text.Len() > 0 {
				parts = append(parts, Glob{Text: text.String()})
				whole.WriteString(text.String())
				text.Reset()
			}
			parts = append(parts, Glob{Wild: rune(c)})
			whole.WriteByte(c)
		case '\\':
			n = escapeLength(word[i:])
			if n == 1 {
				text.WriteByte(c)
			}
			text.WriteString(word[i+1 : i+n])
		default:
			text.WriteByte(c)
		}
		i += n
	}
	whole.WriteString(text.String())
	if !wild {
		return whole.String(), nil
	}
	if text.Len() > 0 {
		parts = append(parts, Glob{Text: text.String()})
	}
	return whole.String(), parts
}

// fieldPath returns the path that a word or a quoted text in front of a colon
// or a comparison means.
func fieldPath(t lexer.Token) (*Path, *fault) {
	p := &Path{At: At(span(t))}
	if t.Type == tokWord && strings.HasPrefix(t.Value, "$") {
		return nil, faultOn(&t, "a named list in the place of a field", "write field in "+t.Value)
	}
	for rest, at := t.Value, t.Pos.Offset; ; {
		n, name, f := step(rest, at)
		if f != nil {
			return nil, f
		}
		p.Names = append(p.Names, name)
		if n == len(rest) {
			return p, nil
		}
		if rest[n] != '.' { // behind a quoted step the lexer lets nothing else through
			return nil, faultAt(at+n, at+n+1, "a dot is missing behind the quoted step", "")
		}
		rest, at = rest[n+1:], at+n+1
	}
}

// step reads one step of a path; at is its place.
func step(rest string, at int) (int, Name, *fault) {
	if strings.HasPrefix(rest, `"`) {
		n := quotedEnd(rest, true)
		name := Name{At{at, at + n}, unquoteSearch(rest[:n]), true}
		if name.Text == "" {
			return 0, name, faultAt(at, at+n, "a name of no characters", "write field:value")
		}
		return n, name, nil
	}
	var text strings.Builder
	n, escaped := 0, false
	for n < len(rest) && rest[n] != '.' {
		r, size := utf8.DecodeRuneInString(rest[n:])
		switch {
		case r == '\\' && escapeLength(rest[n:]) > 1:
			size, escaped = escapeLength(rest[n:]), true
			text.WriteString(rest[n+1 : n+size])
		case nameRune(r):
			text.WriteRune(r)
		default:
			return 0, Name{}, faultAt(at+n, at+n+size, "the character "+string(r)+" in the name of a field", nameHint(r))
		}
		n += size
	}
	if n == 0 {
		return 0, Name{}, faultAt(at, at+min(1, len(rest)), "an empty step in the name of a field", "a path is written a.b.c")
	}
	return n, Name{At{at, at + n}, text.String(), escaped}, nil
}

// nameHint says how to go on when r cannot stand in the name of a field.
func nameHint(r rune) string {
	switch r {
	case '[', ']':
		return "arrays need no index here: a.b:x is true when any element matches"
	case '!':
		return "write not field:value"
	case '*', '?':
		return "a wildcard stands in the value; * alone is every record, a word alone is searched in all fields"
	}
	return `names with other characters stand in quotes: "a b":value`
}

// nameRune reports whether r may stand in the name of a field without quotes.
func nameRune(r rune) bool {
	return r == '_' || r == '-' || r == '@' || unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)
}
