// What is wrong at a token, in words. participle does not say what it expected;
// it is found by trying: a token fits where the reader gets past it. So there is
// no second table of the grammar to keep.

package query

import (
	"slices"
	"strings"

	"github.com/alecthomas/participle/v2/lexer"

	"tocsin/diag"
)

const maxProbes = 300_000 // tokens that may be read while trying

// An explainer finds words for faults.
type explainer struct {
	src    string
	mode   mode
	read   reader
	budget int
}

// explain says what is wrong at token i. With a suggestion that lets the reader
// go on it also returns the tokens with the suggestion in them.
func (e *explainer) explain(tokens []lexer.Token, i int, f *fault) (told *fault, better []lexer.Token) {
	if f.message != "" {
		return f, nil
	}
	if f := known(tokens, i); f != nil {
		return f, nil
	}
	if len(tokens) > maxMended {
		return &fault{span: f.span, message: unexpected(tokens[i]), hint: f.hint}, nil
	}
	filter := e.mode != modeCondition && inFilter(tokens, i)
	fits := e.fits(tokens, i, filter)
	if !filter {
		for _, k := range []int{i, i - 1} {
			if told, better := e.meant(tokens, k, i); told != nil {
				return told, better
			}
		}
	}
	told = &fault{span: f.span, message: unexpected(tokens[i]), hint: f.hint}
	if words := describe(fits, filter); len(words) > 0 {
		told.message += ", expected " + oneOf(words)
	}
	if told.hint == "" {
		told.hint = e.hint(tokens, i, fits)
	}
	return told, nil
}

// known explains what other languages have and this one says in another way.
func known(tokens []lexer.Token, i int) *fault {
	t, prev := tokens[i], lexer.Token{}
	if i > 0 {
		prev = tokens[i-1]
	}
	clause := clauseOf(tokens, i)
	switch {
	case prev.Type == tokKeyword && prev.Value == "DISTINCT" && t.Value == "ON":
		return &fault{span: span(t), message: "DISTINCT ON keeps any one of several rows", hint: "say which: SELECT a, max_by(b, __seq__) AS b GROUP BY a"}
	case isWord(&prev, "ILIKE"), isWord(&t, "ILIKE"):
		return &fault{last: true, span: span(t), message: "ILIKE is not in the language", hint: "write lower(a) LIKE 'x%', or search before the pipe, field:x*, which is without case"}
	case i > 1 && isWord(&prev, "RECURSIVE") && tokens[i-2].Value == "WITH":
		return &fault{last: true, span: span(prev), message: "WITH RECURSIVE is not in the language: it need not end", hint: "a query of WITH names those before it"}
	case clause == "FROM" && t.Type == tokString:
		return &fault{last: true, span: span(t), message: "a text in the place of a logstore", hint: "FROM takes the name of a logstore; the rule's own is log; files are read by tocsin load"}
	case clause == "FROM" && t.Value == "(" && prev.Type != tokKeyword:
		return &fault{last: true, span: span(t), message: "a function in FROM", hint: "FROM takes the name of a logstore or a subquery: FROM (SELECT …)"}
	case prev.Type == tokPipe && (t.Type == tokIdent || t.Type == tokKeyword) && statement[upperASCII(t.Value)]:
		return &fault{last: true, span: span(t), message: "a query only reads: " + upperASCII(t.Value) + " has no place in it", hint: "a stage begins with SELECT, WHERE, GROUP BY, HAVING, ORDER BY or LIMIT"}
	case prev.Type == tokPipe && (t.EOF() || t.Type == tokPipe):
		return &fault{last: true, span: span(t), message: "nothing behind the pipe", hint: "write a stage, beginning with SELECT, WHERE, GROUP BY, HAVING, ORDER BY or LIMIT, or remove the |"}
	}
	return nil
}

// statement holds the first words of statements that are no query.
var statement = map[string]bool{
	"INSERT": true, "UPDATE": true, "DELETE": true, "CREATE": true, "DROP": true, "ALTER": true, "TRUNCATE": true, "ATTACH": true, "DETACH": true,
	"COPY": true, "EXPORT": true, "IMPORT": true, "INSTALL": true, "LOAD": true, "SET": true, "RESET": true, "PRAGMA": true, "CALL": true,
	"BEGIN": true, "COMMIT": true, "CHECKPOINT": true, "EXPLAIN": true, "PREPARE": true, "EXECUTE": true, "DESCRIBE": true, "SHOW": true,
	"USE": true, "VACUUM": true, "MERGE": true, "TABLE": true, "VALUES": true,
}

// clauseOf returns the clause word that token i stands under, at its depth.
func clauseOf(tokens []lexer.Token, i int) string {
	depth := 0
	for k := i - 1; k >= 0; k-- {
		t := tokens[k]
		switch {
		case closes(t):
			depth++
		case opens(t) && depth > 0:
			depth--
		case opens(t) || t.Type == tokPipe:
			return ""
		case depth == 0 && t.Type == tokKeyword:
			switch t.Value {
			case "SELECT", "FROM", "WHERE", "GROUP", "HAVING", "ORDER", "LIMIT":
				return t.Value
			}
		}
	}
	return ""
}

// The tokens that are tried.
var (
	softWords  = []string{"ASC", "DESC", "NULLS", "FIRST", "LAST", "FILTER", "OVER", "PARTITION", "ROWS", "RANGE", "PRECEDING", "FOLLOWING"}
	sqlSigns   = []string{"*", ")", "]", ",", "(", "+", "="}
	clauseKeys = strings.Fields(`SELECT FROM WHERE GROUP BY HAVING ORDER LIMIT OFFSET AS DISTINCT IN LIKE BETWEEN IS NULL AND OR WHEN THEN ELSE END ESCAPE NOT CASE CAST
		WITH JOIN LEFT CROSS ON USING UNION INTERSECT EXCEPT EXISTS`)
)

// fits returns the tokens that fit in the place of token i, as text; "name",
// "number", "text" and "list" stand for any of them.
func (e *explainer) fits(tokens []lexer.Token, i int, filter bool) map[string]bool {
	start := i
	for start > 0 && tokens[start-1].Type != tokPipe {
		start--
	}
	prefix := tokens[max(start-1, 0):i]
	fits := map[string]bool{}
	try := func(name string, typ lexer.TokenType, value string) {
		if e.probe(prefix, lexer.Token{Type: typ, Value: value}) {
			fits[name] = true
		}
	}
	if filter {
		try("word", tokWord, "x")
		for _, s := range []string{":", "(", ")", "]"} {
			try(s, tokOp, s)
		}
		for _, s := range []string{"AND", "OR", "NOT"} {
			try(s, tokKeyword, s)
		}
		return fits
	}
	try("name", tokIdent, "zzz")
	try("number", tokNumber, "1")
	try("text", tokString, "''")
	try("list", tokList, "$x")
	for _, s := range sqlSigns {
		try(s, tokOp, s)
	}
	for _, s := range clauseKeys {
		try(s, tokKeyword, s)
	}
	for _, s := range softWords { // a name fits wherever such a word does not mean something
		if !fits["name"] {
			try(s, tokIdent, s)
		}
	}
	return fits
}

// probe reports whether the reader gets past t behind the prefix.
func (e *explainer) probe(prefix []lexer.Token, t lexer.Token) bool {
	e.budget -= len(prefix) + 10
	if e.budget < 0 {
		return false
	}
	end := 0
	if len(prefix) > 0 {
		end = span(prefix[len(prefix)-1]).End
	}
	t.Pos.Offset = end
	last := lexer.Token{Type: lexer.EOF, Pos: lexer.Position{Offset: end + max(1, len(t.Value))}}
	f := e.read(slices.Concat(prefix, []lexer.Token{t, last}))
	return f == nil || f.span.Start > end
}

// meant looks for a reserved word that token k was probably meant as: near in
// spelling, and with it the reader gets past token i.
func (e *explainer) meant(tokens []lexer.Token, k, i int) (*fault, []lexer.Token) {
	if k < 0 || tokens[k].Type != tokIdent && tokens[k].Type != tokKeyword || tokens[k].Value == hole {
		return nil, nil
	}
	words := slices.DeleteFunc(slices.Concat(clauseKeys, softWords), func(w string) bool { return strings.EqualFold(w, tokens[k].Value) })
	word := diag.Suggest(tokens[k].Value, words)
	if word == "" {
		return nil, nil
	}
	t := tokens[k]
	t.Type, t.Value = tokIdent, word
	if keywords[word] != "" {
		t.Type = tokKeyword
	}
	better := slices.Concat(tokens[:k], []lexer.Token{t}, tokens[k+1:])
	e.budget -= len(better)
	if e.budget < 0 || reach(better, e.read) <= tokens[i].Pos.Offset {
		return nil, nil
	}
	return &fault{span: span(tokens[k]), message: unexpected(tokens[k]), hint: "did you mean " + word + "?"}, better
}

// hint finds the way out that is most likely meant.
func (e *explainer) hint(tokens []lexer.Token, i int, fits map[string]bool) string {
	t, prev := tokens[i], lexer.Token{}
	if i > 0 {
		prev = tokens[i-1]
	}
	switch {
	case prev.Value == "," && boundary(t):
		return "remove the comma before it, or write what is missing"
	case t.Value == ")" || t.Value == "]":
		return "there is one " + t.Value + " too many, or something is missing before it"
	case fits[")"] || fits["]"] || fits["END"] || fits["THEN"]:
		return e.stillOpen(tokens[:i])
	case t.Type == tokKeyword && t.Value != "AND" && t.Value != "OR" && fits["name"] && !fits["AS"]:
		return t.Value + ` is a reserved word; a field of that name is written "` + strings.ToLower(t.Value) + `"`
	case t.Type == tokKeyword && fits["word"]:
		return `the word itself is searched for as "` + strings.ToLower(t.Value) + `"`
	case t.Value == "(" && prev.Type == tokQuoted:
		return "the name of a function has no quotes"
	}
	return ""
}

// stillOpen shows the innermost bracket that nothing closes.
func (e *explainer) stillOpen(tokens []lexer.Token) string {
	var open []lexer.Token
	for _, t := range tokens {
		if opens(t) {
			open = append(open, t)
		} else if closes(t) && len(open) > 0 {
			open = open[:len(open)-1]
		}
	}
	if len(open) == 0 {
		return ""
	}
	t := open[len(open)-1]
	return "the " + t.Value + " of " + clip(e.src[t.Pos.Offset:]) + " is still open"
}
