// Tokens and patterns: how the search half cuts texts into words, and how a
// pattern is matched within bounds. The engine and the planner share it.

package query

import (
	"strings"
	"unicode/utf8"
)

// delimiters end a token: those that SLS has by default. A dot and a dash are
// part of a token (192.0.2.1, sas-cspm-log).
const delimiters = ", '\";=()[]{}?@&<>/:\n\t\r"

func isDelimiter(r rune) bool { return strings.ContainsRune(delimiters, r) }

// tokens are the tokens of a text.
func tokens(s string) []string { return strings.FieldsFunc(s, isDelimiter) }

// globTokens are the tokens of a pattern, each a pattern of its own. A ? is a
// wildcard here, not the delimiter.
func globTokens(parts []Glob) [][]Glob {
	var out [][]Glob
	var cur []Glob
	flush := func() {
		if len(cur) > 0 {
			out = append(out, cur)
		}
		cur = nil
	}
	for _, p := range parts {
		if p.Wild != 0 {
			cur = append(cur, p)
			continue
		}
		rest := p.Text
		for rest != "" {
			i := strings.IndexFunc(rest, isDelimiter)
			if i < 0 {
				cur = append(cur, Glob{Text: rest})
				break
			}
			if i > 0 {
				cur = append(cur, Glob{Text: rest[:i]})
			}
			flush()
			_, n := utf8.DecodeRuneInString(rest[i:])
			rest = rest[i+n:]
		}
	}
	flush()
	return out
}

// tidy joins neighbours: two texts into one, and wildcards so that a * follows
// the ? of its run and stands once. The pattern means the same.
func tidy(parts []Glob) []Glob {
	var out []Glob
	for i := 0; i < len(parts); {
		if parts[i].Wild == 0 {
			var b strings.Builder
			for ; i < len(parts) && parts[i].Wild == 0; i++ {
				b.WriteString(parts[i].Text)
			}
			if b.Len() > 0 {
				out = append(out, Glob{Text: b.String()})
			}
			continue
		}
		star := false
		for ; i < len(parts) && parts[i].Wild != 0; i++ {
			if parts[i].Wild == '*' {
				star = true
			} else {
				out = append(out, parts[i])
			}
		}
		if star {
			out = append(out, Glob{Wild: '*'})
		}
	}
	return out
}

// globMatch reports whether the whole of s matches a tidy pattern. The time is
// at most len(s) × len(parts): only the last * is ever tried again.
func globMatch(s string, parts []Glob) bool {
	p, at, starP, starAt := 0, 0, -1, 0
	for {
		n, ok := globStep(s[at:], parts, p)
		star := p < len(parts) && parts[p].Wild == '*'
		switch {
		case ok && (p == len(parts) || star && p+1 == len(parts)):
			return true
		case ok && star:
			starP, starAt = p, at
			p++
		case ok:
			p, at = p+1, at+n
		case starP < 0 || starAt >= len(s):
			return false
		default: // the last * takes one character more
			_, n := utf8.DecodeRuneInString(s[starAt:])
			starAt += n
			p, at = starP+1, starAt
		}
	}
}

// globStep matches part p, or the end, at the start of s and returns how many
// bytes it takes.
func globStep(s string, parts []Glob, p int) (int, bool) {
	if p == len(parts) {
		return 0, s == ""
	}
	switch g := parts[p]; g.Wild {
	case '*':
		return 0, true
	case '?':
		_, n := utf8.DecodeRuneInString(s)
		return n, s != ""
	default:
		return len(g.Text), strings.HasPrefix(s, g.Text)
	}
}
