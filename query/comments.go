// Comments. No parser sees them: they lie in the white space between tokens,
// and are looked for there by who keeps or colours them.

package query

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/alecthomas/participle/v2/lexer"
)

// A comment is one comment of a source.
type comment struct {
	start, end int  // in the source; without the line feed
	own        bool // nothing but white space stands before it on its line
	open       bool // a /* that nothing closes
}

// line reports whether the comment goes to the end of its line.
func (c comment) line(src string) bool { return strings.HasPrefix(src[c.start:], "--") }

// blank reads white space and, in SQL, comments from offset at. It returns the
// comments and where something else begins. It takes any text.
func blank(src string, at int, sql bool) (list []comment, end int) {
	own := false
	for at < len(src) {
		r, n := utf8.DecodeRuneInString(src[at:])
		rest := src[at:]
		switch {
		case unicode.IsSpace(r):
			own = own || r == '\n'
			at += n
			continue
		case !sql || !strings.HasPrefix(rest, "--") && !strings.HasPrefix(rest, "/*"):
			return list, at
		}
		c := comment{start: at, own: own}
		if rest[0] == '-' {
			line, _, _ := strings.Cut(rest, "\n")
			at += len(line)
			c.end = c.start + len(strings.TrimRightFunc(line, unicode.IsSpace))
		} else {
			body, _, closed := strings.Cut(rest[2:], "*/")
			at = min(at+len(body)+4, len(src))
			c.end, c.open = at, !closed
		}
		list = append(list, c)
		own = false
	}
	return list, at
}

// commentsBehind returns the comments behind each token of a source that
// parses, by the index of the token.
func commentsBehind(src string, tokens []lexer.Token) map[int][]comment {
	out := map[int][]comment{}
	sql := false
	for i, t := range tokens {
		end := span(t).End
		if t.Type == tokPipe && !sql {
			sql = true
			end += sessionLength(src[end:])
		}
		if !sql || t.EOF() {
			continue
		}
		if list, _ := blank(src, end, true); len(list) > 0 {
			out[i] = list
		}
	}
	return out
}

// A pair is a token of a source and the token that it was printed as.
type pair struct{ from, to int }

// printedAs finds, for each token of from, the last token of to that stands for
// it or for what is before it. Both lists are of one SQL half, from its first
// pipe on: to is how the printer writes from. Printing changes brackets, words
// and signs, but hardly ever a name, a text or a number, so these lead.
func printedAs(from, to []lexer.Token) []int {
	out := make([]int, len(from))
	pairs := append(pairsOf(from, to), pair{len(from), len(to)})
	for k := range len(pairs) - 1 {
		j := pairs[k].to
		out[pairs[k].from] = j
		for i := pairs[k].from + 1; i < pairs[k+1].from; i++ {
			for n := j + 1; n < pairs[k+1].to; n++ {
				if alike(from[i], to[n]) {
					j = n
					break
				}
			}
			out[i] = j
		}
	}
	return out
}

// pairsOf pairs the names, texts, numbers and pipes of two lists, in order. The
// first tokens are always a pair.
func pairsOf(from, to []lexer.Token) []pair {
	a, b := solids(from), solids(to)
	pairs := []pair{{0, 0}}
	for i, j := 1, 1; i < len(a) && j < len(b); {
		if di, dj := skew(from, to, a[i:], b[j:]); di > 0 || dj > 0 {
			i, j = i+di, j+dj
			continue
		}
		pairs = append(pairs, pair{a[i], b[j]})
		i, j = i+1, j+1
	}
	return pairs
}

// skew returns how many of a and of b have no partner before the next pair. It
// looks eight tokens ahead; without a pair there the first two are taken as one.
func skew(from, to []lexer.Token, a, b []int) (di, dj int) {
	const far = 8
	for sum := range far {
		for di := range sum + 1 {
			dj := sum - di
			if di < len(a) && dj < len(b) && alike(from[a[di]], to[b[dj]]) {
				return di, dj
			}
		}
	}
	return 0, 0
}

// solids are the indexes of the tokens that printing keeps.
func solids(tokens []lexer.Token) []int {
	var list []int
	for i, t := range tokens {
		switch t.Type {
		case tokPipe, tokIdent, tokQuoted, tokString, tokNumber, tokList:
			list = append(list, i)
		}
	}
	return list
}

// alike reports whether one of two tokens may be printed as the other.
func alike(a, b lexer.Token) bool {
	if a.Type == tokOp || b.Type == tokOp {
		return a.Type == b.Type && (a.Value == b.Value || a.Value == "!=" && b.Value == "<>")
	}
	return strings.EqualFold(strings.Trim(a.Value, `'"`), strings.Trim(b.Value, `'"`))
}
