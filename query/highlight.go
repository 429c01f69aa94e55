// The colours of a text that may be half-typed: its tokens, and what each is.

package query

import (
	"cmp"
	"slices"

	"github.com/alecthomas/participle/v2/lexer"

	"tocsin/diag"
)

// A TokenClass says what a piece of a query is, for its colour.
type TokenClass int

// The classes.
const (
	KeywordToken  TokenClass = iota
	FieldToken               // a field, a column, a logstore, an alias
	ValueToken               // a word or a quoted text of the filter that is searched for
	StringToken              // '…' of SQL, also without its end
	NumberToken              // in SQL
	OperatorToken            // signs, brackets, commas, the pipe
	FunctionToken            // the name of a function
	TypeToken                // the name of a type
	ListToken                // $name
	CommentToken             // also without its end
	ErrorToken               // what no query may hold there
	tokenClasses
)

// String returns the name of the class, such as "keyword" or "field".
func (c TokenClass) String() string {
	names := [tokenClasses]string{"keyword", "field", "value", "string", "number", "operator", "function", "type", "list", "comment", "error"}
	if c < 0 || c >= tokenClasses {
		return "other"
	}
	return names[c]
}

// A Token is a piece of a text with its class.
type Token struct {
	Span  diag.Span
	Class TokenClass
}

// Highlight returns the pieces of src in order; between them there is white
// space only. It takes any text, and does not say whether src is right: a query
// that is being typed hardly ever is.
func Highlight(src string) []Token {
	p := readPartial(src, 0, false)
	h := highlighter{tokens: p.tokens, pipe: firstPipe(p.tokens)}
	if len(p.tokens) <= maxMended {
		h.meant = meanings(src)
	}
	var out []Token
	for i, t := range p.tokens {
		out = append(out, Token{span(t), h.class(i)})
	}
	for _, c := range p.comments {
		out = append(out, Token{diag.Span{Start: c.start, End: c.end}, CommentToken})
	}
	for _, s := range p.wrong {
		out = append(out, Token{s, ErrorToken})
	}
	if p.open >= 0 {
		out = append(out, Token{diag.Span{Start: p.open, End: len(src)}, openClass(src[p.open], p.sql)})
	}
	slices.SortFunc(out, func(a, b Token) int { return cmp.Compare(a.Span.Start, b.Span.Start) })
	return out
}

// openClass is the class of what begins with first and is not closed.
func openClass(first byte, sql bool) TokenClass {
	switch {
	case !sql:
		return ValueToken
	case first == '"':
		return FieldToken
	}
	return StringToken
}

// A highlighter finds classes.
type highlighter struct {
	tokens []lexer.Token
	pipe   int                // the first one
	meant  map[int]TokenClass // of the names that the tree knows, by offset; nil without a tree
}

// class returns the class of token i.
func (h *highlighter) class(i int) TokenClass {
	switch h.tokens[i].Type {
	case tokKeyword:
		return KeywordToken
	case tokPipe, tokOp:
		return OperatorToken
	case tokString:
		return StringToken
	case tokNumber:
		return NumberToken
	case tokList:
		return ListToken
	case tokPhrase:
		return ValueToken
	case tokIdent:
		return h.name(i)
	case tokQuoted:
		if i > h.pipe {
			return FieldToken
		}
	}
	return h.word(h.tokens[i], h.at(i+1))
}

// at returns token i; outside of the text, one of no kind.
func (h *highlighter) at(i int) lexer.Token {
	if i < 0 || i >= len(h.tokens) {
		return endToken
	}
	return h.tokens[i]
}

// word is the class of a word or a quoted text of the filter.
func (h *highlighter) word(t, next lexer.Token) TokenClass {
	switch {
	case next.Type == tokOp && next.Value != "(" && next.Value != ")" && next.Value != "[" && next.Value != "]", isKeyword(&next, "IN"):
		return FieldToken
	case t.Value == "*":
		return OperatorToken
	}
	return ValueToken
}

// name is the class of a word of SQL that is not reserved: what the tree says,
// else what it looks like.
func (h *highlighter) name(i int) TokenClass {
	t, prev, next := h.tokens[i], h.at(i-1), h.at(i+1)
	if c, ok := h.meant[t.Pos.Offset]; ok {
		return c
	}
	word := upperASCII(t.Value)
	switch {
	case isOp(&next, "."), isOp(&next, "->"):
		return FieldToken
	case slices.Contains(softWords, word), special[word] != "" && !isOp(&next, "("):
		return KeywordToken
	case isOp(&next, "("):
		return FunctionToken
	case h.meant != nil && !isOp(&prev, "(") && !isOp(&prev, ","):
		return KeywordToken // the grammar has a use for it: DAY, ZONE
	}
	return FieldToken
}

// meanings finds, in a text that parses, what its names are.
func meanings(src string) map[int]TokenClass {
	tokens, f := tokenize(src, modeQuery)
	if f != nil {
		return nil
	}
	q, f := parseTokens(tokens)
	if f != nil {
		return nil
	}
	meant := map[int]TokenClass{}
	add := func(names []Name) {
		for _, n := range names {
			meant[n.Start] = FieldToken
		}
	}
	Walk(q, func(n Node) bool {
		switch n := n.(type) {
		case *ColumnRef:
			add(n.Names)
		case *Path:
			add(n.Names)
		case *Name:
			meant[n.Start] = FieldToken
		case *Member:
			meant[n.Name.Start] = FieldToken
		case *Call:
			meant[n.NameAt.Start] = FunctionToken
		case *TypeName:
			for i := tokenAt(tokens, n.Start); tokens[i].Pos.Offset < n.End && !tokens[i].EOF(); i++ {
				meant[tokens[i].Pos.Offset] = TypeToken
			}
		}
		return true
	})
	return meant
}
