// The grammar of statement and clauses stands in the tags of Query, Select,
// Item and Source; this file makes the parser from it. It is LL(1): with
// a lookahead of 0 one consumed token commits, so that errors sit at the right
// token and nothing is read twice.

package query

import (
	"errors"
	"sync"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"

	"tocsin/diag"
)

// parsers are the parsers of whole queries and of subqueries.
type parsers struct {
	query  *participle.Parser[Query]
	nested *participle.Parser[Select]
}

// An expression reads subqueries, and they expressions: the parsers are no
// initialised variable, because that would be a cycle.
var (
	building sync.Once
	built    *parsers
)

// standard returns the parsers. They are built at the first use (0.7 ms) and
// serve any number of goroutines.
func standard() *parsers {
	building.Do(func() {
		p := participle.MustBuild[Query](
			participle.Lexer(definition{}),
			participle.UseLookahead(0),
			participle.ParseTypeWith(parseFilter),
			participle.ParseTypeWith(parseExpr),
		)
		nested, err := participle.ParserForProduction[Select](p)
		if err != nil { // Select is a production of Query
			panic(err)
		}
		built = &parsers{p, nested}
	})
	return built
}

// parseTokens reads a query from the tokens of a text.
func parseTokens(tokens []lexer.Token) (q *Query, f *fault) {
	defer func() { // participle panics where a grammar lets an empty branch win
		switch r := recover().(type) {
		case nil:
		case participle.Error:
			q, f = nil, faultAt(r.Position().Offset, r.Position().Offset, "cannot be read from here", "")
		default:
			panic(r)
		}
	}()
	lex := peeking(tokens)
	q, err := standard().query.ParseFromLexer(lex)
	if err != nil {
		return nil, faultOf(err, lex)
	}
	settle(q, tokens)
	return q, nil
}

// faultOf turns an error of participle into a fault.
func faultOf(err error, lex *lexer.PeekingLexer) *fault {
	var own *fault
	var unexpected *participle.UnexpectedTokenError
	var other participle.Error
	switch {
	case errors.As(err, &own):
		return own
	case errors.As(err, &unexpected):
		return misfit(&unexpected.Unexpected)
	case errors.As(err, &other):
		return faultAt(other.Position().Offset, other.Position().Offset+1, other.Message(), "")
	}
	return &fault{span: span(*lex.Peek()), message: err.Error()}
}

// settle gives the nodes that participle read their ends: it knows only where
// the next token begins.
func settle(q *Query, tokens []lexer.Token) {
	Walk(q, func(n Node) bool {
		switch n := n.(type) {
		case *Query:
			n.EndPos.Offset = endBefore(tokens, n.EndPos.Offset)
		case *Select:
			n.EndPos.Offset = endBefore(tokens, n.EndPos.Offset)
		case *SetPart:
			n.EndPos.Offset = endBefore(tokens, n.EndPos.Offset)
		case *Named:
			n.EndPos.Offset = endBefore(tokens, n.EndPos.Offset)
		case Search:
			return false
		}
		return true
	})
}

// endBefore returns where the last token that begins before offset ends.
func endBefore(tokens []lexer.Token, offset int) int {
	low, high := 0, len(tokens)
	for low < high {
		if mid := (low + high) / 2; tokens[mid].Pos.Offset < offset {
			low = mid + 1
		} else {
			high = mid
		}
	}
	if low == 0 {
		return offset
	}
	return span(tokens[low-1]).End
}

// The nodes below are read by hand: their tokens mean more than their text, or
// expressions need them too.

// Parse implements participle.Parseable.
func (n *Name) Parse(lex *lexer.PeekingLexer) error {
	t := lex.Peek()
	if t.Type != tokIdent && t.Type != tokQuoted {
		return participle.NextMatch
	}
	*n = nameOf(*lex.Next())
	return nil
}

// Parse implements participle.Parseable.
func (p *Path) Parse(lex *lexer.PeekingLexer) error {
	var n Name
	if err := n.Parse(lex); err != nil {
		return err
	}
	names, f := moreNames(lex, n)
	if f != nil {
		return f
	}
	p.Names = names
	p.At = At{names[0].Start, names[len(names)-1].End}
	return nil
}

// Parse implements participle.Parseable.
func (i *Item) Parse(lex *lexer.PeekingLexer) error {
	p := &exprParser{lex: lex}
	p.item(i)
	if p.fault != nil {
		return p.fault
	}
	return nil
}

// Parse implements participle.Parseable.
func (f *From) Parse(lex *lexer.PeekingLexer) error {
	p := &exprParser{lex: lex}
	p.from(f)
	if p.fault != nil {
		return p.fault
	}
	return nil
}

// Parse implements participle.Parseable.
func (l *Limit) Parse(lex *lexer.PeekingLexer) error {
	first := lex.Peek()
	if !isKeyword(first, "LIMIT") {
		return participle.NextMatch
	}
	lex.Next()
	count, f := limitNumber(lex)
	if f != nil {
		return f
	}
	l.Count = count
	switch t := lex.Peek(); {
	case isOp(t, ","):
		lex.Next()
		l.Offset = l.Count
		l.Count, f = limitNumber(lex)
	case isKeyword(t, "OFFSET"):
		lex.Next()
		l.Offset, f = limitNumber(lex)
	}
	if f != nil {
		return f
	}
	l.At = At{first.Pos.Offset, lastEnd(lex)}
	return nil
}

// Parse implements participle.Parseable.
func (o *Order) Parse(lex *lexer.PeekingLexer) error {
	p := &exprParser{lex: lex}
	p.order(o)
	if p.fault != nil {
		return p.fault
	}
	return nil
}

// limitNumber reads a whole number from 0 to the largest.
func limitNumber(lex *lexer.PeekingLexer) (int64, *fault) {
	t := lex.Peek()
	if t.Value == hole {
		lex.Next()
		return 0, nil
	}
	if t.Type != tokNumber {
		if isOp(t, "-") {
			return 0, faultOn(t, "a negative number of rows", "write LIMIT 10 or LIMIT 10 OFFSET 20")
		}
		return 0, misfit(t)
	}
	n, ok := wholeNumber(t.Value)
	if !ok {
		return 0, faultOn(t, "not a whole number of rows", "write LIMIT 10 or LIMIT 10 OFFSET 20; the largest is 9223372036854775807")
	}
	lex.Next()
	return n, nil
}

// lastEnd returns where the token that was read last ends.
func lastEnd(lex *lexer.PeekingLexer) int {
	c := lex.RawCursor()
	if c == 0 {
		return 0
	}
	return span(lex.Range(c-1, c)[0]).End
}

// startAt returns an At from start to the end of what was read last.
func startAt(start int, lex *lexer.PeekingLexer) At {
	return At(diag.Span{Start: start, End: lastEnd(lex)})
}

func isKeyword(t *lexer.Token, word string) bool { return t.Type == tokKeyword && t.Value == word }

func isOp(t *lexer.Token, op string) bool { return t.Type == tokOp && t.Value == op }
