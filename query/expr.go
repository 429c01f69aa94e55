// Expressions, by precedence climbing: one table of operators, one loop. What
// stands between operators is in primary.go.

package query

import (
	"strings"

	"github.com/alecthomas/participle/v2/lexer"

	"tocsin/diag"
)

// The levels of precedence, low to high.
const (
	levelOr = iota + 1
	levelAnd
	levelNot
	levelCompare // does not chain, as in Presto
	levelConcat
	levelAdd
	levelMul
	levelSign
	levelZone
	levelPostfix // subscripts, members
)

// An infix is an operator between two operands.
type infix struct {
	op    Op
	level int
}

// infixes are the operators of SQL, by their token.
var infixes = map[string]infix{
	"OR": {OpOr, levelOr}, "AND": {OpAnd, levelAnd},
	"=": {OpEq, levelCompare}, "<>": {OpNe, levelCompare}, "!=": {OpNe, levelCompare},
	"<": {OpLt, levelCompare}, "<=": {OpLe, levelCompare}, ">": {OpGt, levelCompare}, ">=": {OpGe, levelCompare},
	"||": {OpConcat, levelConcat}, "+": {OpAdd, levelAdd}, "-": {OpSub, levelAdd},
	"*": {OpMul, levelMul}, "/": {OpDiv, levelMul}, "%": {OpMod, levelMul},
}

// conditionInfixes are the operators that a condition has besides, or reads
// in another way.
var conditionInfixes = map[string]infix{
	"==": {OpEq, levelCompare}, "=~": {OpMatch, levelCompare}, "!~": {OpNotMatch, levelCompare},
	"&&": {OpAnd, levelAnd}, "||": {OpOr, levelOr},
}

// foreign are operators of other languages, with the way to write it here.
var foreign = map[string]string{
	"==": "write a = b", "&&": "write a AND b", "=~": "write regexp_like(a, 'pattern')", "!~": "write NOT regexp_like(a, 'pattern')",
	"!": "write NOT a", "::": "write CAST(a AS type)", "=>": "arguments have no names; write them in their order",
	"->": "a lambda is an argument: filter(a, x -> x > 1); a nested field is written a.b.c",
}

// parseExpr is the production of Expr.
func parseExpr(lex *lexer.PeekingLexer) (Expr, error) {
	p := &exprParser{lex: lex}
	x := p.expr(levelOr)
	if p.fault != nil {
		return nil, p.fault
	}
	return x, nil
}

// exprParser keeps its first fault; from then on every peek says EOF, and the
// recursion unwinds by itself.
type exprParser struct {
	lex       *lexer.PeekingLexer
	condition bool
	fault     *fault
}

func (p *exprParser) peek() *lexer.Token {
	if p.fault != nil {
		return &endToken
	}
	return p.lex.Peek()
}

func (p *exprParser) fail(f *fault) {
	if p.fault == nil {
		p.fault = f
	}
}

// expect reads the operator or the keyword want.
func (p *exprParser) expect(want string) {
	t := p.peek()
	if t.Type != tokOp && t.Type != tokKeyword || t.Value != want {
		p.misfit(t)
		return
	}
	p.lex.Next()
}

// accept reads the operator or the keyword want, if it is there.
func (p *exprParser) accept(want string) bool {
	t := p.peek()
	if t.Type != tokOp && t.Type != tokKeyword || t.Value != want {
		return false
	}
	p.lex.Next()
	return true
}

// acceptWord reads a word that is not reserved, in any case.
func (p *exprParser) acceptWord(want string) bool {
	if !isWord(p.peek(), want) {
		return false
	}
	p.lex.Next()
	return true
}

// isWord reports whether t is the unreserved word want, in any case.
func isWord(t *lexer.Token, want string) bool {
	if t.Type != tokIdent || len(t.Value) != len(want) {
		return false
	}
	for i := range len(want) {
		if c := t.Value[i]; c != want[i] && (c < 'a' || c > 'z' || c-('a'-'A') != want[i]) {
			return false
		}
	}
	return true
}

// misfit fails at a token that nothing fits.
func (p *exprParser) misfit(t *lexer.Token) {
	if hint := foreign[t.Value]; hint != "" && t.Type == tokOp {
		p.fail(faultOn(t, t.Value+" is no operator here", hint))
		return
	}
	p.fail(misfit(t))
}

// at returns the place from start to what was read last.
func (p *exprParser) at(start int) At { return startAt(start, p.lex) }

// expr reads an expression of operators of at least the level.
func (p *exprParser) expr(level int) Expr {
	start := p.peek().Pos.Offset
	x := p.prefix(level)
	for n, compared := 0, false; ; n++ {
		t := p.peek()
		in, ok := p.infix(t)
		switch {
		case !ok && t.Type == tokOp && foreign[t.Value] != "":
			p.misfit(t)
			return x
		case !ok || in.level < level:
			return x
		case n == maxChain:
			p.fail(faultOn(t, "more than 10,000 operands in a row", "keep the values in a named list: field IN $name"))
			return x
		case in.level == levelCompare && compared:
			p.fail(faultOn(t, "comparisons do not chain", "write a = b AND b = c"))
			return x
		}
		compared = in.level == levelCompare
		x = p.rest(start, x, in)
	}
}

// infix returns the operator that t begins. Those of more than one word have
// only a level.
func (p *exprParser) infix(t *lexer.Token) (infix, bool) {
	if p.condition && t.Type == tokOp {
		if in, ok := conditionInfixes[t.Value]; ok {
			return in, true
		}
	}
	switch {
	case t.Type == tokOp, t.Type == tokKeyword && (t.Value == "OR" || t.Value == "AND"):
		in, ok := infixes[t.Value]
		return in, ok
	case t.Type == tokKeyword:
		switch t.Value {
		case "IS", "IN", "LIKE", "BETWEEN", "NOT":
			return infix{level: levelCompare}, true
		}
	case isWord(t, "AT"):
		return infix{level: levelZone}, p.zoneFollows()
	}
	return infix{}, false
}

// zoneFollows reports whether AT begins AT TIME ZONE; else it is an alias.
func (p *exprParser) zoneFollows() bool {
	here := p.lex.MakeCheckpoint()
	defer p.lex.LoadCheckpoint(here)
	p.lex.Next()
	return isWord(p.lex.Peek(), "TIME")
}

// rest reads an operator and what is right of it.
func (p *exprParser) rest(start int, x Expr, in infix) Expr {
	t := *p.lex.Next()
	switch {
	case in.op != "":
		y := p.expr(in.level + 1)
		return &Binary{p.at(start), in.op, At(span(t)), x, y}
	case in.level == levelZone:
		p.lex.Next()
		if !p.acceptWord("ZONE") {
			p.misfit(p.peek())
		}
		zone := p.expr(levelPostfix)
		return &AtZone{p.at(start), x, zone}
	case t.Value == "IS":
		return p.is(start, x, t)
	case t.Value == "NOT":
		return p.predicate(start, x, *p.peek(), true)
	}
	return p.predicateOf(start, x, t, false)
}

// is reads what follows IS.
func (p *exprParser) is(start int, x Expr, t lexer.Token) Expr {
	not := p.accept("NOT")
	if p.accept("NULL") {
		return &IsNull{p.at(start), x, not}
	}
	if !p.accept("DISTINCT") {
		if t := p.peek(); isKeyword(t, "TRUE") || isKeyword(t, "FALSE") {
			p.fail(faultOn(t, "IS takes NULL or DISTINCT FROM", "write a = true, or a IS NOT DISTINCT FROM true where NULL counts as no"))
		}
		p.misfit(p.peek())
		return nil
	}
	p.expect("FROM")
	op := OpDistinct
	if not {
		op = OpNotDistinct
	}
	opAt := At(diag.Span{Start: t.Pos.Offset, End: lastEnd(p.lex)})
	y := p.expr(levelCompare + 1)
	return &Binary{p.at(start), op, opAt, x, y}
}

// predicate reads IN, LIKE or BETWEEN behind NOT.
func (p *exprParser) predicate(start int, x Expr, t lexer.Token, not bool) Expr {
	if t.Type != tokKeyword || t.Value != "IN" && t.Value != "LIKE" && t.Value != "BETWEEN" {
		p.misfit(p.peek())
		return nil
	}
	p.lex.Next()
	return p.predicateOf(start, x, t, not)
}

// predicateOf reads what follows IN, LIKE or BETWEEN.
func (p *exprParser) predicateOf(start int, x Expr, t lexer.Token, not bool) Expr {
	switch t.Value {
	case "IN":
		return p.in(start, x, not)
	case "LIKE":
		l := &Like{X: x, Not: not}
		l.Pattern = p.expr(levelCompare + 1)
		if p.accept("ESCAPE") {
			l.Escape = p.expr(levelCompare + 1)
		}
		l.At = p.at(start)
		return l
	}
	b := &Between{X: x, Not: not}
	b.Low = p.expr(levelCompare + 1)
	p.expect("AND")
	b.High = p.expr(levelCompare + 1)
	b.At = p.at(start)
	return b
}

// in reads the list behind IN.
func (p *exprParser) in(start int, x Expr, not bool) Expr {
	in := &In{X: x, Not: not}
	switch t := p.peek(); {
	case t.Type == tokList:
		p.lex.Next()
		in.List = &Name{At: At(span(*t)), Text: t.Value[1:]}
	case isOp(t, "("):
		p.lex.Next()
		if p.queryFollows() {
			in.Sub = p.query()
		} else {
			p.noQuery()
			in.Items = p.list()
		}
		p.expect(")")
	case t.Type == tokString || t.Type == tokNumber:
		p.fail(faultOn(t, "IN takes a list", "write IN ('a', 'b') or IN $list"))
	default:
		p.misfit(t)
	}
	in.At = p.at(start)
	return in
}

// list reads expressions separated by commas.
func (p *exprParser) list() []Expr {
	list := []Expr{p.expr(levelOr)}
	for p.accept(",") {
		list = append(list, p.expr(levelOr))
	}
	return list
}

// noQuery refuses a query where only values may stand.
func (p *exprParser) noQuery() {
	switch t := p.peek(); {
	case isKeyword(t, "SELECT"), isKeyword(t, "WITH"):
		p.fail(&fault{last: true, span: span(*t), message: "a query as an argument", hint: "put it in brackets of its own: f((SELECT …))"})
	case isKeyword(t, "VALUES"):
		p.fail(&fault{last: true, span: span(*t), message: "VALUES is not in the language", hint: "rows of your own are kept in a lookup table (tables: in tocsin.yaml), values in a named list"})
	}
}

// prefix reads NOT, a sign, or an operand.
func (p *exprParser) prefix(level int) Expr {
	t := *p.peek()
	switch {
	case isKeyword(&t, "NOT") || p.condition && isOp(&t, "!"):
		if level > levelNot && t.Value != "!" {
			p.fail(faultOn(&t, "NOT inside an operand", "put it in brackets: a = (NOT b)"))
			return nil
		}
		p.lex.Next()
		x := p.expr(p.notLevel(t))
		return &Unary{p.at(t.Pos.Offset), OpNot, x}
	case (isOp(&t, "-") || isOp(&t, "+")) && level <= levelSign:
		p.lex.Next()
		x := p.expr(levelSign)
		return &Unary{p.at(t.Pos.Offset), Op(t.Value), x}
	}
	return p.postfix()
}

// notLevel is how much the NOT or ! at t takes: ! binds as in C.
func (p *exprParser) notLevel(t lexer.Token) int {
	if t.Value == "!" {
		return levelSign
	}
	return levelNot
}

// order reads one entry of ORDER BY.
func (p *exprParser) order(o *Order) {
	start := p.peek().Pos.Offset
	o.X = p.expr(levelOr)
	if !p.acceptWord("ASC") {
		o.Desc = p.acceptWord("DESC")
	}
	if p.acceptWord("NULLS") {
		switch {
		case p.acceptWord("FIRST"):
			o.Nulls = NullsFirst
		case p.acceptWord("LAST"):
			o.Nulls = NullsLast
		default:
			p.misfit(p.peek())
		}
	}
	o.At = p.at(start)
}

// upperASCII folds ASCII letters only, so that look-alikes stay what they are.
func upperASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' {
			return r - ('a' - 'A')
		}
		return r
	}, s)
}

// lowerASCII folds ASCII letters only.
func lowerASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + ('a' - 'A')
		}
		return r
	}, s)
}
