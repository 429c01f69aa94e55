// What stands between the operators of an expression: literals, names, calls,
// CASE, CAST, brackets, and the subscripts behind them.

package query

import (
	"strconv"
	"strings"

	"github.com/alecthomas/participle/v2/lexer"
)

// postfix reads an operand with the subscripts and members behind it.
func (p *exprParser) postfix() Expr {
	start := p.peek().Pos.Offset
	x := p.primary()
	for n := 0; ; n++ {
		if n == maxChain {
			p.fail(&fault{message: "more than 10,000 subscripts in a row", span: span(*p.peek())})
		}
		switch {
		case p.accept("["):
			i := p.expr(levelOr)
			p.expect("]")
			x = &Subscript{p.at(start), x, i}
		case p.accept("."):
			x = p.member(start, x)
		default:
			return x
		}
	}
}

// member reads the name behind a dot. A path in brackets stays a path.
func (p *exprParser) member(start int, x Expr) Expr {
	t := p.peek()
	if t.Type != tokIdent && t.Type != tokQuoted {
		p.misfit(t)
		return x
	}
	n := nameOf(*p.lex.Next())
	if c, ok := x.(*ColumnRef); ok {
		return &ColumnRef{p.at(start), append(c.Names, n)}
	}
	return &Member{p.at(start), x, n}
}

// primary reads an operand without what stands behind it.
func (p *exprParser) primary() Expr {
	t := *p.peek()
	switch t.Type {
	case tokNumber:
		return p.literal(t, NumberLit, leadingZero(t.Value))
	case tokString:
		return p.literal(t, StringLit, unquoteSQL(t.Value))
	case tokQuoted:
		if isOp(p.second(), "->") && !p.condition {
			return p.lambda(t)
		}
		return p.column()
	case tokIdent:
		return p.word(t)
	case tokKeyword:
		return p.keyword(t)
	}
	if !isOp(&t, "(") {
		p.misfit(p.peek())
		return nil
	}
	if p.lambdaFollows() {
		return p.lambda(t)
	}
	p.lex.Next()
	if p.queryFollows() {
		q := p.query()
		p.expect(")")
		return &Subquery{p.at(t.Pos.Offset), q}
	}
	p.noQuery()
	x := p.expr(levelOr)
	if c := p.peek(); isOp(c, ",") {
		p.fail(faultOn(c, "a list where one value is expected", "rows are not in the language; an array is written ARRAY[1, 2], a list behind IN"))
	}
	p.expect(")")
	return x
}

func (p *exprParser) literal(t lexer.Token, kind LiteralKind, text string) Expr {
	p.lex.Next()
	return &Literal{At(span(t)), kind, text}
}

// leadingZero writes .5 as 0.5, which means the same behind a name.
func leadingZero(text string) string {
	if text[0] == '.' {
		return "0" + text
	}
	return text
}

// keyword reads an operand that begins with a reserved word.
func (p *exprParser) keyword(t lexer.Token) Expr {
	switch t.Value {
	case "TRUE", "FALSE":
		return p.literal(t, BoolLit, lowerASCII(t.Value))
	case "NULL":
		return p.literal(t, NullLit, "")
	case "CASE":
		return p.caseOf(t)
	case "CAST":
		p.lex.Next()
		return p.cast(t, false)
	case "EXISTS":
		return p.exists(t)
	}
	p.misfit(&t)
	return nil
}

// niladic are the functions that SQL calls without brackets.
var niladic = map[string]bool{"CURRENT_DATE": true, "CURRENT_TIMESTAMP": true, "LOCALTIMESTAMP": true}

// special are the words that mean something where an operand begins.
var special = wordTable("TRY_CAST EXTRACT DATE TIMESTAMP INTERVAL ARRAY CURRENT_DATE CURRENT_TIMESTAMP LOCALTIMESTAMP")

// word reads an operand that begins with a word that is not reserved.
func (p *exprParser) word(t lexer.Token) Expr {
	next, word := p.second(), special.find(t.Value)
	switch {
	case isOp(next, "->") && !p.condition:
		return p.lambda(t)
	case isOp(next, "("):
		p.lex.Next()
		switch word {
		case "TRY_CAST":
			return p.cast(t, true)
		case "EXTRACT":
			return p.extract(t)
		}
		return p.call(t)
	case next.Type == tokString && (word == "DATE" || word == "TIMESTAMP"):
		kind := DateLit
		if word == "TIMESTAMP" {
			kind = TimestampLit
		}
		p.lex.Next()
		p.lex.Next()
		return &Literal{p.at(t.Pos.Offset), kind, unquoteSQL(next.Value)}
	case word == "INTERVAL" && (next.Type == tokString || next.Type == tokNumber):
		return p.interval(t)
	case word == "ARRAY" && isOp(next, "["):
		return p.array(t)
	case niladic[word] && !isOp(next, "."):
		p.lex.Next()
		return &Call{At: At(span(t)), NameAt: At(span(t)), Name: lowerASCII(t.Value)}
	}
	return p.column()
}

// second returns the token behind the next one.
func (p *exprParser) second() *lexer.Token {
	here := p.lex.MakeCheckpoint()
	p.lex.Next()
	t := p.lex.Peek()
	p.lex.LoadCheckpoint(here)
	return t
}

// column reads a path.
func (p *exprParser) column() Expr {
	t := *p.lex.Next()
	names, f := moreNames(p.lex, nameOf(t))
	if f != nil {
		p.fail(f)
	}
	return &ColumnRef{p.at(t.Pos.Offset), names}
}

// moreNames reads the steps of a path behind its first name.
func moreNames(lex *lexer.PeekingLexer, first Name) ([]Name, *fault) {
	names := []Name{first}
	for isOp(lex.Peek(), ".") {
		lex.Next()
		t := lex.Peek()
		if t.Type != tokIdent && t.Type != tokQuoted {
			if isOp(t, "*") {
				return names, faultOn(t, "a * behind a name", "write * alone, or name the columns")
			}
			return names, misfit(t)
		}
		names = append(names, nameOf(*lex.Next()))
	}
	return names, nil
}

// nameOf returns the name that an identifier token means.
func nameOf(t lexer.Token) Name {
	n := Name{At: At(span(t)), Text: t.Value}
	if t.Type == tokQuoted {
		n.Text, n.Quoted = unquoteSQL(t.Value), true
	}
	return n
}

// unquoteSQL undoes the quotes of 'text' or "name".
func unquoteSQL(quoted string) string {
	q := quoted[:1]
	return strings.ReplaceAll(quoted[1:len(quoted)-1], q+q, q)
}

// intervalUnits are the units of an interval; date_add_… has a form for each.
var intervalUnits = [...]string{"SECOND", "MINUTE", "HOUR", "DAY", "WEEK", "MONTH", "YEAR"}

// interval reads INTERVAL '2' DAY.
func (p *exprParser) interval(t lexer.Token) Expr {
	p.lex.Next()
	text := p.lex.Next()
	i := &Interval{Text: text.Value}
	if text.Type == tokString {
		i.Text = unquoteSQL(text.Value)
	}
	for _, unit := range intervalUnits {
		if p.acceptWord(unit) || p.acceptWord(unit+"S") {
			i.Unit = unit
			i.At = p.at(t.Pos.Offset)
			return i
		}
	}
	p.fail(faultOn(p.peek(), "an interval without its unit", "write INTERVAL '2' DAY; units are SECOND, MINUTE, HOUR, DAY, WEEK, MONTH and YEAR"))
	return nil
}

// array reads ARRAY[a, b].
func (p *exprParser) array(t lexer.Token) Expr {
	p.lex.Next()
	p.lex.Next()
	a := &Array{}
	if !isOp(p.peek(), "]") {
		a.Items = p.list()
	}
	p.expect("]")
	a.At = p.at(t.Pos.Offset)
	return a
}

// caseOf reads CASE … END.
func (p *exprParser) caseOf(t lexer.Token) Expr {
	p.lex.Next()
	c := &Case{}
	if !isKeyword(p.peek(), "WHEN") {
		c.Operand = p.expr(levelOr)
	}
	for first := true; first || isKeyword(p.peek(), "WHEN"); first = false {
		start := p.peek().Pos.Offset
		p.expect("WHEN")
		w := When{If: p.expr(levelOr)}
		p.expect("THEN")
		w.Then = p.expr(levelOr)
		w.At = p.at(start)
		c.Whens = append(c.Whens, w)
	}
	if p.accept("ELSE") {
		c.Else = p.expr(levelOr)
	}
	p.expect("END")
	c.At = p.at(t.Pos.Offset)
	return c
}

// cast reads what follows CAST or TRY_CAST.
func (p *exprParser) cast(t lexer.Token, try bool) Expr {
	p.expect("(")
	c := &Cast{Try: try}
	c.X = p.expr(levelOr)
	if n := p.peek(); !isKeyword(n, "AS") && p.fault == nil {
		f := misfit(n)
		f.hint = "write CAST(a AS bigint)"
		p.fail(f)
		return nil
	}
	p.expect("AS")
	c.Type = p.typeName()
	p.expect(")")
	c.At = p.at(t.Pos.Offset)
	return c
}

// typeName reads the name of a type, of one or more words.
func (p *exprParser) typeName() *TypeName {
	first := *p.peek()
	if first.Type != tokIdent {
		p.misfit(p.peek())
		return nil
	}
	p.lex.Next()
	n := &TypeName{Name: upperASCII(first.Value)}
	if n.Name == "DOUBLE" && p.acceptWord("PRECISION") {
		n.Name = "DOUBLE"
	}
	if p.accept("(") {
		n.Args = append(n.Args, p.typeArg())
		for p.accept(",") {
			n.Args = append(n.Args, p.typeArg())
		}
		p.expect(")")
	}
	if (n.Name == "TIMESTAMP" || n.Name == "TIME") && p.accept("WITH") {
		if !p.acceptWord("TIME") || !p.acceptWord("ZONE") {
			p.misfit(p.peek())
		}
		n.Name += withTimeZone
	}
	if t := p.peek(); isOp(t, "[") {
		p.fail(faultOn(t, "brackets behind the name of a type", "write ARRAY("+strings.ToLower(n.Name)+")"))
	}
	n.At = p.at(first.Pos.Offset)
	return n
}

func (p *exprParser) typeArg() TypeArg {
	t := *p.peek()
	if t.Type == tokNumber {
		p.lex.Next()
		return TypeArg{Number: t.Value}
	}
	return TypeArg{Type: p.typeName()}
}

// wholeNumber reads the digits of a token as a number that fits 63 bits.
func wholeNumber(s string) (int64, bool) {
	if digits(s) != len(s) {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}
