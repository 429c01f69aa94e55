// Completion, continued: what the names of a stage mean, read from its tokens,
// since a text that is being typed hardly ever has a tree.

package query

import (
	"slices"
	"strings"

	"github.com/alecthomas/participle/v2/lexer"
)

// A rowSource is a source of rows that a query names.
type rowSource struct {
	alias  string // by which its columns are qualified; "" for none
	name   string // of a logstore or of a WITH; "" for a subquery
	body   []lexer.Token
	names  []string // of its columns, when they are written behind the alias
	before bool     // the stage before
}

// A queryLevel is one SELECT around the cursor.
type queryLevel struct {
	tokens []lexer.Token // of the SELECT
	at     int           // the token that the cursor is in
}

// levels are the SELECTs around the cursor, the innermost first. The tokens are
// those of the whole stage, also behind the cursor.
func (c *completer) levels(stage []lexer.Token) []queryLevel {
	end := c.end
	for end < len(c.src) && identRuneAt(c.src[end:]) {
		end++ // the rest of the word, byte by byte
	}
	after := readPartial(c.src, min(end, len(c.src)), true).tokens
	after = after[:firstPipe(after)]
	if len(stage)+len(after) > maxMended {
		after = nil
	}
	all := slices.Concat(stage, []lexer.Token{{Type: tokIdent, Value: hole, Pos: lexer.Position{Offset: c.start}}}, after)
	var out []queryLevel
	for at := len(stage); ; {
		open, from := leftEnd(all, at)
		l := queryLevel{all[from:rightEnd(all, at)], at - from}
		if open < 0 || l.begins("SELECT", "FROM", "WHERE", "GROUP", "HAVING", "ORDER") {
			out = append(out, l)
			if open < 0 || isKeyword(&all[open-1], "AS") || clauseOf(all, open) == "FROM" {
				return out
			}
		}
		at = open
	}
}

func identRuneAt(s string) bool {
	return s[0] >= 0x80 || identRune(rune(s[0]))
}

// leftEnd returns the bracket that is open at a token, or -1, and where the
// SELECT around the token begins.
func leftEnd(tokens []lexer.Token, at int) (open, from int) {
	depth := 0
	from = -1
	for i := at - 1; i >= 0; i-- {
		t := tokens[i]
		switch {
		case closes(t):
			depth++
		case opens(t) && depth > 0:
			depth--
		case opens(t) && t.Type == tokOp || t.Type == tokPipe:
			if from < 0 {
				from = i + 1
			}
			if t.Type == tokPipe {
				i = -1
			}
			return i, from
		case depth == 0 && from < 0 && setWord(t):
			from = i + 1
		}
	}
	return -1, max(from, 0)
}

// rightEnd returns where the SELECT around a token ends.
func rightEnd(tokens []lexer.Token, at int) int {
	depth := 0
	for i := at + 1; i < len(tokens); i++ {
		t := tokens[i]
		switch {
		case opens(t):
			depth++
		case closes(t) && depth > 0:
			depth--
		case closes(t) && t.Type == tokOp, depth == 0 && setWord(t):
			return i
		}
	}
	return len(tokens)
}

// setWord reports whether t joins two SELECTs.
func setWord(t lexer.Token) bool {
	return isKeyword(&t, "UNION") || isKeyword(&t, "INTERSECT") || isKeyword(&t, "EXCEPT")
}

// outside calls visit for the tokens outside of brackets, with an opening
// bracket for what it holds, until it returns false.
func outside(tokens []lexer.Token, visit func(i int) bool) {
	depth := 0
	for i, t := range tokens {
		if closes(t) && depth > 0 {
			depth--
			continue
		}
		if depth == 0 && !visit(i) {
			return
		}
		if opens(t) {
			depth++
		}
	}
}

// begins reports whether one of the clause words stands in the level.
func (l queryLevel) begins(words ...string) bool {
	found := false
	outside(l.tokens, func(i int) bool {
		found = l.tokens[i].Type == tokKeyword && slices.Contains(words, l.tokens[i].Value)
		return !found
	})
	return found
}

// clause is the clause that the cursor is in.
func (l queryLevel) clause() string { return clauseOf(l.tokens, l.at) }

// rowSources are the sources that FROM names, and those joined to it.
func (l queryLevel) rowSources() []rowSource {
	var out []rowSource
	in, due := false, false // inside FROM; a source is due
	outside(l.tokens, func(i int) bool {
		t := l.tokens[i]
		switch {
		case isKeyword(&t, "FROM") && !(i > 0 && isKeyword(&l.tokens[i-1], "DISTINCT")), in && isKeyword(&t, "JOIN"):
			in, due = true, true
		case in && isOp(&t, ","):
			due = true
		case in && t.Type == tokKeyword && (clauseWord(t) || setWord(t)):
			return false
		case due && t.Value != hole:
			out = append(out, rowSourceAt(l.tokens[i:]))
			due = false
		}
		return true
	})
	return out
}

func clauseWord(t lexer.Token) bool {
	switch t.Value {
	case "SELECT", "WHERE", "GROUP", "HAVING", "ORDER", "LIMIT":
		return true
	}
	return false
}

// rowSourceAt reads one source: a name or a bracket, its alias, and the names of
// its columns.
func rowSourceAt(tokens []lexer.Token) rowSource {
	var r rowSource
	t, rest := tokens[0], tokens[1:]
	switch {
	case isOp(&t, "("):
		r.body, rest = inBrackets(tokens)
	case t.Type == tokIdent || t.Type == tokQuoted:
		r.name = nameOf(t).Text
		r.alias = r.name
		if len(rest) > 0 && isOp(&rest[0], "(") { // UNNEST( … )
			r.name, r.alias = "", ""
			_, rest = inBrackets(rest)
		}
	}
	for len(rest) > 0 && (isKeyword(&rest[0], "WITH") || isWord(&rest[0], "ORDINALITY") || isKeyword(&rest[0], "AS")) {
		rest = rest[1:]
	}
	if len(rest) == 0 || rest[0].Type != tokIdent && rest[0].Type != tokQuoted || rest[0].Value == hole {
		return r
	}
	r.alias = nameOf(rest[0]).Text
	if len(rest) > 1 && isOp(&rest[1], "(") {
		columns, _ := inBrackets(rest[1:])
		for _, t := range columns {
			if t.Type == tokIdent || t.Type == tokQuoted {
				r.names = append(r.names, nameOf(t).Text)
			}
		}
	}
	return r
}

// inBrackets splits tokens that begin with an open bracket into what is in it
// and what is behind it.
func inBrackets(tokens []lexer.Token) (inside, rest []lexer.Token) {
	end := closedAt(tokens, 0)
	return tokens[1:max(end, 1)], tokens[min(end+1, len(tokens)):]
}

// closedAt returns where the bracket at an index is closed, or the number of
// tokens.
func closedAt(tokens []lexer.Token, open int) int {
	depth := 0
	for i := open; i < len(tokens); i++ {
		if opens(tokens[i]) {
			depth++
		} else if closes(tokens[i]) {
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return len(tokens)
}

// withQueries are the queries of WITH in a stage, by name, in order.
func withQueries(stage []lexer.Token) (names []string, bodies map[string][]lexer.Token) {
	bodies = map[string][]lexer.Token{}
	for i := 0; i+2 < len(stage); i++ {
		if !isKeyword(&stage[i], "WITH") && !isOp(&stage[i], ",") || stage[i+1].Type != tokIdent && stage[i+1].Type != tokQuoted {
			continue
		}
		k := i + 2
		if isOp(&stage[k], "(") {
			k = closedAt(stage, k) + 1
		}
		if k+1 >= len(stage) || !isKeyword(&stage[k], "AS") || !isOp(&stage[k+1], "(") {
			continue
		}
		name := nameOf(stage[i+1]).Text
		names = append(names, name)
		bodies[name] = stage[k+2 : closedAt(stage, k+1)]
	}
	return names, bodies
}

// itemNames are the names of the columns that a SELECT gives, as far as they
// are written in it; with aliases, only those behind AS.
func itemNames(tokens []lexer.Token, aliases bool) []string {
	var names []string
	in, start := false, 0
	item := func(end int) {
		if name := itemName(tokens[start:end], aliases); name != "" {
			names = append(names, name)
		}
	}
	outside(tokens, func(i int) bool {
		t := tokens[i]
		switch {
		case isKeyword(&t, "SELECT"):
			in, start = true, i+1
		case in && isOp(&t, ","):
			item(i)
			start = i + 1
		case in && (isKeyword(&t, "FROM") || t.Type == tokKeyword && clauseWord(t) || setWord(t)):
			item(i)
			in = false
			return false
		}
		return true
	})
	if in {
		item(len(tokens))
	}
	return names
}

// itemName is the name of one item: its alias, or the path that it is.
func itemName(item []lexer.Token, aliases bool) string {
	n := len(item)
	if n > 1 && isKeyword(&item[0], "DISTINCT") {
		item, n = item[1:], n-1
	}
	if n == 0 || item[n-1].Type != tokIdent && item[n-1].Type != tokQuoted || item[n-1].Value == hole {
		return ""
	}
	if n > 1 && isKeyword(&item[n-2], "AS") {
		return nameOf(item[n-1]).Text
	}
	if aliases {
		return ""
	}
	var names []string
	for i, t := range item {
		if i%2 == 1 {
			if !isOp(&t, ".") {
				return ""
			}
			continue
		}
		names = append(names, nameOf(t).Text)
	}
	return strings.TrimPrefix(strings.Join(names, "."), "@")
}
