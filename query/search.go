// The filter half, read by hand: participle needs 52 allocations for a word.
//
//	or    = and { "or" and }
//	and   = not { ["and"] not }
//	not   = "not" not | "(" or ")" | leaf
//	leaf  = "*" | value | field ":" … | field ("="|"<"|…) value | field "in" …

package query

import (
	"strings"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"
)

// parseFilter is the production of Search; a filter may be missing.
func parseFilter(lex *lexer.PeekingLexer) (Search, error) {
	if t := lex.Peek(); t.EOF() || t.Type == tokPipe {
		return nil, participle.NextMatch
	}
	p := &filterParser{lex: lex}
	s := p.or()
	if p.fault != nil {
		return nil, p.fault
	}
	return s, nil
}

// filterParser keeps its first fault; from then on every peek says EOF, and the
// recursion unwinds by itself.
type filterParser struct {
	lex   *lexer.PeekingLexer
	group bool // inside field:( … ), where fields have no place
	fault *fault
}

var endToken = lexer.Token{Type: lexer.EOF}

func (p *filterParser) peek() *lexer.Token {
	if p.fault != nil {
		return &endToken
	}
	return p.lex.Peek()
}

func (p *filterParser) fail(f *fault) {
	if p.fault == nil {
		p.fault = f
	}
}

// expect reads the operator op.
func (p *filterParser) expect(op string) {
	if t := p.peek(); !isOp(t, op) {
		p.fail(misfit(t))
		return
	}
	p.lex.Next()
}

func (p *filterParser) or() Search {
	start := p.peek().Pos.Offset
	xs := []Search{p.and()}
	for isKeyword(p.peek(), "OR") {
		p.lex.Next()
		xs = p.append(xs, p.and())
	}
	if len(xs) == 1 {
		return xs[0]
	}
	return &SearchOr{startAt(start, p.lex), xs}
}

func (p *filterParser) and() Search {
	start := p.peek().Pos.Offset
	xs := []Search{p.not()}
	for {
		t := p.peek()
		if isKeyword(t, "AND") {
			p.lex.Next()
		} else if t.EOF() || t.Type == tokPipe || isKeyword(t, "OR") || t.Type == tokOp && t.Value != "(" {
			break
		}
		xs = p.append(xs, p.not())
	}
	if len(xs) == 1 {
		return xs[0]
	}
	return &SearchAnd{startAt(start, p.lex), xs}
}

// append bounds the entries of one and/or.
func (p *filterParser) append(xs []Search, x Search) []Search {
	if len(xs) == maxChain {
		p.fail(faultOn(p.lex.Peek(), "more than 10,000 conditions in a row", "keep the values in a named list: field in $name"))
	}
	return append(xs, x)
}

func (p *filterParser) not() Search {
	t := p.peek()
	if !isKeyword(t, "NOT") {
		return p.primary()
	}
	p.lex.Next()
	x := p.not()
	return &SearchNot{startAt(t.Pos.Offset, p.lex), x}
}

func (p *filterParser) primary() Search {
	t := p.peek()
	switch {
	case isOp(t, "("):
		p.lex.Next()
		x := p.or()
		p.expect(")")
		return x
	case t.Type == tokPhrase:
		p.lex.Next()
		return &SearchTerm{At(span(*t)), p.valueOf(*t)}
	case t.Type == tokWord || t.Type == tokQuoted:
		p.lex.Next()
		return p.leaf(*t)
	}
	p.fail(misfit(t))
	return nil
}

// leaf reads what begins with the word or quoted text t.
func (p *filterParser) leaf(t lexer.Token) Search {
	next := p.peek()
	field := isOp(next, ":") || isOp(next, ":=") || isOp(next, "=") || isOp(next, "<") || isOp(next, "<=") ||
		isOp(next, ">") || isOp(next, ">=") || isKeyword(next, "IN")
	switch {
	case field && p.group:
		p.fail(faultOn(&t, "a field inside the brackets of a field", "inside field:( … ) stand values only; write (a:x or b:y)"))
		return nil
	case field:
		return p.field(t)
	case t.Value == "*":
		return &SearchAll{At(span(t))}
	case capitalIn(t, next):
		p.fail(&fault{last: true, span: span(t), message: t.Value + " in capitals is a word to look for", hint: "write in: field in [1 5), in 10.0.0.0/8 or in $name; the word itself stands in quotes"})
	}
	return &SearchTerm{At(span(t)), p.valueOf(t)}
}

// capitalIn reports whether t is meant as the operator in, which has no capitals.
func capitalIn(t lexer.Token, next *lexer.Token) bool {
	if t.Type != tokWord || t.Value == "in" || !strings.EqualFold(t.Value, "in") {
		return false
	}
	_, network := parseNetwork(next.Value)
	return isOp(next, "(") || next.Type == tokWord && (network || strings.HasPrefix(next.Value, "[") || strings.HasPrefix(next.Value, "$"))
}

// field reads the rest of a leaf that names a field.
func (p *filterParser) field(t lexer.Token) Search {
	path, f := fieldPath(t)
	if f != nil {
		p.fail(f)
		return nil
	}
	op := *p.lex.Next()
	switch {
	case op.Type == tokKeyword:
		return p.in(path)
	case op.Value == ":" || op.Value == ":=":
		if t.Value == "__tag__" && op.Value == ":" {
			if path, f = p.tagPath(path); f != nil {
				p.fail(f)
				return nil
			}
		}
		return p.match(path, op.Value == ":=")
	}
	v := p.value()
	return &SearchCompare{startAt(path.Start, p.lex), path, Op(op.Value), v}
}

// tagPath reads the "name:" of __tag__:name:value.
func (p *filterParser) tagPath(tag *Path) (*Path, *fault) {
	t := p.peek()
	if t.Type != tokWord && t.Type != tokQuoted {
		return nil, misfit(t)
	}
	p.lex.Next()
	if colon := p.peek(); !isOp(colon, ":") {
		return nil, faultOn(colon, "a tag without a value", "write __tag__:name:value")
	}
	p.lex.Next()
	v := p.valueOf(*t)
	n := Name{At{tag.Start, span(*t).End}, "__tag__:" + v.Text, true}
	return &Path{n.At, []Name{n}}, nil
}

// match reads what follows "field:".
func (p *filterParser) match(path *Path, exact bool) Search {
	t := p.peek()
	switch {
	case isOp(t, "(") && p.halfOpen():
		return p.interval(path)
	case isOp(t, "("):
		p.lex.Next()
		p.group = true
		x := p.or()
		p.group = false
		p.expect(")")
		return &SearchGroup{startAt(path.Start, p.lex), path, exact, x}
	case isOp(t, "["):
		return p.interval(path)
	case t.Type == tokWord && t.Value == "*":
		p.lex.Next()
		return &SearchExists{startAt(path.Start, p.lex), path}
	}
	v := p.value()
	return &SearchMatch{startAt(path.Start, p.lex), path, exact, v}
}

// halfOpen reports whether (low high] comes next.
func (p *filterParser) halfOpen() bool {
	here := p.lex.MakeCheckpoint()
	defer p.lex.LoadCheckpoint(here)
	p.lex.Next()
	low, high := *p.lex.Next(), *p.lex.Next()
	return low.Type == tokWord && high.Type == tokWord && isOp(p.lex.Peek(), "]")
}

// in reads what follows "field in".
func (p *filterParser) in(path *Path) Search {
	t := p.peek()
	switch {
	case isOp(t, "[") || isOp(t, "("):
		return p.interval(path)
	case t.Type == tokList:
		p.lex.Next()
		n := Name{At: At(span(*t)), Text: t.Value[1:]}
		return &SearchList{startAt(path.Start, p.lex), path, n}
	case t.Type == tokWord || t.Type == tokQuoted:
		p.lex.Next()
		v := p.valueOf(*t)
		if !strings.ContainsAny(v.Text, ".:") || v.Glob != nil || strings.ContainsFunc(v.Text, notOfAddress) {
			p.fail(faultOn(t, "in takes an interval, a network or a named list",
				`write in [1 5), in 10.0.0.0/8 or in $name; values are written field:(a or b); the word "in" itself stands in quotes`))
		}
		return &SearchNetwork{startAt(path.Start, p.lex), path, Name{At(span(*t)), v.Text, v.Quoted}}
	}
	p.fail(misfit(t))
	return nil
}

// notOfAddress reports whether r occurs in no network.
func notOfAddress(r rune) bool { return !strings.ContainsRune("0123456789abcdefABCDEF.:/", r) }

// interval reads [low high) and its like.
func (p *filterParser) interval(path *Path) Search {
	r := &SearchRange{Field: path}
	r.LowOpen = p.lex.Next().Value == "("
	r.Low, r.High = p.bound(), p.bound()
	t := p.peek()
	if !isOp(t, ")") && !isOp(t, "]") {
		if t.Type == tokWord || isKeyword(t, "OR") {
			p.fail(&fault{last: true, span: span(*t), message: "more than two values in an interval", hint: "values are written field:(a or b); an interval is [low high], with a space between"})
		}
		p.fail(misfit(t))
		return nil
	}
	r.HighOpen = p.lex.Next().Value == ")"
	r.At = startAt(path.Start, p.lex)
	return r
}

// bound reads one end of an interval.
func (p *filterParser) bound() *Value {
	t := p.peek()
	if strings.Contains(t.Value, ",") && t.Type == tokWord {
		p.fail(&fault{last: true, span: span(*t), message: "a comma in an interval", hint: "the two values are separated by a space: in [1 5); values are written field:(a or b)"})
	}
	return p.value()
}

// value reads a value.
func (p *filterParser) value() *Value {
	t := p.peek()
	if t.Type != tokWord && t.Type != tokQuoted && t.Type != tokPhrase {
		p.fail(misfit(t))
		return nil
	}
	return p.valueOf(*p.lex.Next())
}
