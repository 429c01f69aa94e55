// Calls of functions and what belongs to them: FILTER, windows, lambdas.

package query

import "github.com/alecthomas/participle/v2/lexer"

// call reads the arguments of the function t and what may follow them.
func (p *exprParser) call(t lexer.Token) Expr {
	c := &Call{NameAt: At(span(t)), Name: lowerASCII(t.Value)}
	p.expect("(")
	p.noQuery()
	switch {
	case p.accept("*"):
		c.Star = true
	case !isOp(p.peek(), ")"):
		if c.Distinct = p.accept("DISTINCT"); !c.Distinct {
			p.accept("ALL")
		}
		c.Args = p.list()
		if p.accept("ORDER") {
			p.expect("BY")
			c.OrderBy = p.orders()
		}
	}
	p.expect(")")
	if isWord(p.peek(), "FILTER") && isOp(p.second(), "(") {
		p.lex.Next()
		p.lex.Next()
		p.expect("WHERE")
		c.Filter = p.expr(levelOr)
		p.expect(")")
	}
	p.nullsOption(c)
	if isWord(p.peek(), "OVER") {
		p.over(c)
	}
	c.At = p.at(t.Pos.Offset)
	return c
}

func (p *exprParser) orders() []*Order {
	var list []*Order
	for {
		o := &Order{}
		p.order(o)
		list = append(list, o)
		if !p.accept(",") {
			return list
		}
	}
}

// extract reads EXTRACT(year FROM x), which is year(x).
func (p *exprParser) extract(t lexer.Token) Expr {
	p.expect("(")
	unit := *p.peek()
	name := lowerASCII(unit.Value)
	switch name {
	case "dow":
		name = "day_of_week"
	case "doy":
		name = "day_of_year"
	case "year", "quarter", "month", "week", "day", "day_of_week", "day_of_year", "hour", "minute", "second":
	default:
		p.fail(faultOn(&unit, "EXTRACT takes a part of a time", "write EXTRACT(hour FROM a) or hour(a)"))
		return nil
	}
	p.lex.Next()
	p.expect("FROM")
	x := p.expr(levelOr)
	p.expect(")")
	return &Call{At: p.at(t.Pos.Offset), NameAt: At(span(unit)), Name: name, Args: []Expr{x}}
}

// nullsOption reads IGNORE NULLS or RESPECT NULLS.
func (p *exprParser) nullsOption(c *Call) {
	ignore := isWord(p.peek(), "IGNORE")
	if (ignore || isWord(p.peek(), "RESPECT")) && isWord(p.second(), "NULLS") {
		p.lex.Next()
		p.lex.Next()
		c.NoNulls = ignore
	}
}

// over reads OVER (PARTITION BY … ORDER BY … frame). Behind a call without
// brackets it is an alias.
func (p *exprParser) over(c *Call) {
	if !isOp(p.second(), "(") {
		return
	}
	start := p.peek().Pos.Offset
	if p.condition {
		p.fail(faultOn(p.peek(), "a window in a condition", "compute it in the query, and compare its column"))
		return
	}
	p.lex.Next()
	p.lex.Next()
	w := &Over{}
	if p.acceptWord("PARTITION") {
		p.expect("BY")
		w.Partition = p.list()
	}
	if p.accept("ORDER") {
		p.expect("BY")
		w.OrderBy = p.orders()
	}
	w.Frame = p.frame()
	p.expect(")")
	w.At = p.at(start)
	c.Over = w
}

// frame reads ROWS BETWEEN … AND …, or nothing.
func (p *exprParser) frame() *Frame {
	start := p.peek().Pos.Offset
	for _, unit := range [...]string{"ROWS", "RANGE", "GROUPS"} {
		if !p.acceptWord(unit) {
			continue
		}
		f := &Frame{Unit: unit}
		if p.accept("BETWEEN") {
			f.From = p.bound()
			p.expect("AND")
			f.To = p.bound()
		} else {
			f.From = p.bound()
		}
		f.At = p.at(start)
		return f
	}
	return nil
}

// bound reads one end of a frame.
func (p *exprParser) bound() Bound {
	switch {
	case p.acceptWord("UNBOUNDED"):
		return Bound{Kind: "UNBOUNDED " + p.direction()}
	case p.acceptWord("CURRENT"):
		if !p.acceptWord("ROW") {
			p.misfit(p.peek())
		}
		return Bound{Kind: "CURRENT ROW"}
	}
	n := p.expr(levelCompare + 1)
	return Bound{Kind: p.direction(), N: n}
}

func (p *exprParser) direction() string {
	for _, word := range [...]string{"PRECEDING", "FOLLOWING"} {
		if p.acceptWord(word) {
			return word
		}
	}
	p.misfit(p.peek())
	return ""
}

// lambdaFollows reports whether ( begins (x, y) -> ….
func (p *exprParser) lambdaFollows() bool {
	here := p.lex.MakeCheckpoint()
	defer p.lex.LoadCheckpoint(here)
	p.lex.Next()
	for !isOp(p.lex.Peek(), ")") {
		if t := p.lex.Next(); t.Type != tokIdent && t.Type != tokQuoted {
			return false
		}
		if isOp(p.lex.Peek(), ",") {
			p.lex.Next()
		}
	}
	p.lex.Next()
	return isOp(p.lex.Peek(), "->")
}

// lambda reads x -> … or (x, y) -> ….
func (p *exprParser) lambda(t lexer.Token) Expr {
	l := &Lambda{}
	if p.accept("(") {
		for !p.accept(")") && p.fault == nil {
			l.Params = append(l.Params, p.lambdaName())
			if !isOp(p.peek(), ")") {
				p.expect(",")
			}
		}
	} else {
		l.Params = []Name{p.lambdaName()}
	}
	p.expect("->")
	l.Body = p.expr(levelOr)
	l.At = p.at(t.Pos.Offset)
	return l
}

func (p *exprParser) lambdaName() Name {
	t := p.peek()
	if t.Type != tokIdent && t.Type != tokQuoted {
		p.misfit(t)
		return Name{}
	}
	return nameOf(*p.lex.Next())
}
