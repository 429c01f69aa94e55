// The words for tokens in messages: what did not fit, what would.

package query

import (
	"strings"

	"github.com/alecthomas/participle/v2/lexer"
)

// unexpected names a token that does not fit.
func unexpected(t lexer.Token) string {
	switch t.Type {
	case lexer.EOF:
		return "the text ends too early"
	case tokPipe:
		return "unexpected |"
	case tokIdent, tokQuoted, tokWord:
		return "unexpected " + clip(strings.Trim(t.Value, `"`))
	case tokNumber:
		return "unexpected number " + t.Value
	case tokString:
		return "unexpected text " + clip(strings.Trim(t.Value, "'"))
	}
	if t.Value == "," {
		return "unexpected comma"
	}
	return "unexpected " + t.Value
}

// clip quotes a text for a message, cut to forty characters.
func clip(s string) string {
	const most = 40
	if r := []rune(s[:min(len(s), 4*most)]); len(r) > most {
		s = string(r[:most]) + "…"
	}
	return `"` + s + `"`
}

// describe puts the tokens that fit into words.
func describe(fits map[string]bool, filter bool) []string {
	if filter {
		return describeFilter(fits)
	}
	var words []string
	add := func(names ...string) {
		for _, n := range names {
			if fits[n] {
				words = append(words, shown(n))
			}
		}
	}
	operand := fits["name"] && fits["number"] && fits["("]
	operator := fits["+"] && !operand
	switch {
	case operand:
		words = append(words, "an expression")
		add("*", "DISTINCT", ")", "]")
		if fits["WHEN"] {
			add("WHEN")
		}
		return words
	case operator:
		words = append(words, "an operator")
		add(",", ")", "]", "AS", "FROM", "WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "WHEN", "THEN", "ELSE", "END", "ESCAPE", "ASC", "DESC", "NULLS", "FILTER")
		if fits["AND"] && !fits["OR"] {
			add("AND")
		}
		return words
	}
	add("name", "number", "text", "list", "(", ")", "]", ",")
	add(clauseKeys...)
	add(softWords...)
	return words
}

// shown is what a message calls a token.
func shown(token string) string {
	switch token {
	case "name", "number", "text":
		return "a " + token
	case "list":
		return "a $list"
	case ",":
		return "a comma"
	case "GROUP", "ORDER":
		return token + " BY"
	}
	return token
}

// describeFilter does so for the half before the first pipe.
func describeFilter(fits map[string]bool) []string {
	var words []string
	if fits["word"] && fits["NOT"] {
		words = append(words, "a condition")
	} else if fits["word"] {
		words = append(words, "a value")
	}
	for _, s := range []string{")", "]", ":"} {
		if fits[s] {
			words = append(words, s)
		}
	}
	if fits["AND"] {
		words = append(words, "and/or")
	}
	return words
}

// oneOf writes a, b or c; eight of them at most.
func oneOf(words []string) string {
	const most = 8
	if len(words) > most {
		words = append(words[:most:most], "another clause")
	}
	if len(words) == 1 {
		return words[0]
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}
