// The entries of SELECT and FROM, and subqueries: what the grammar leaves to be
// read by hand, because it needs to look further than one token.

package query

import (
	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"
)

// item reads *, name.* or an expression with its alias.
func (p *exprParser) item(i *Item) {
	t := *p.peek()
	switch {
	case isOp(&t, "*"):
		p.lex.Next()
		i.Star = true
	case p.starFollows():
		n := nameOf(*p.lex.Next())
		p.lex.Next()
		p.lex.Next()
		i.Of, i.Star = &n, true
	default:
		i.X = p.expr(levelOr)
		i.Alias = p.alias()
	}
	i.At = p.at(t.Pos.Offset)
}

// starFollows reports whether name.* comes next.
func (p *exprParser) starFollows() bool {
	t := p.peek()
	if t.Type != tokIdent && t.Type != tokQuoted || !isOp(p.second(), ".") {
		return false
	}
	here := p.lex.MakeCheckpoint()
	defer p.lex.LoadCheckpoint(here)
	p.lex.Next()
	p.lex.Next()
	return isOp(p.lex.Peek(), "*")
}

// foreignJoin are words in front of JOIN that would be read as an alias.
var foreignJoin = wordTable("ASOF POSITIONAL SEMI ANTI TABLESAMPLE")

// alias reads AS name, or a bare name.
func (p *exprParser) alias() *Name {
	as := p.accept("AS")
	t := p.peek()
	if t.Type == tokIdent && !as && foreignJoin.find(t.Value) != "" {
		p.fail(faultOn(t, upperASCII(t.Value)+" is no join of the language", "there are JOIN, LEFT JOIN, RIGHT JOIN, FULL JOIN and CROSS JOIN; an alias of that name stands behind AS"))
		return nil
	}
	if t.Type != tokIdent && t.Type != tokQuoted {
		if as {
			p.misfit(t)
		}
		return nil
	}
	n := nameOf(*p.lex.Next())
	return &n
}

// from reads a source and what is joined to it.
func (p *exprParser) from(f *From) {
	start := p.peek().Pos.Offset
	f.Source = p.source()
	for p.fault == nil {
		at := p.peek().Pos.Offset
		kind := p.joinKind()
		if kind == "" {
			break
		}
		j := &Join{Kind: kind, Source: p.source()}
		p.joinCondition(j)
		j.At = p.at(at)
		f.Joins = append(f.Joins, j)
	}
	f.At = p.at(start)
}

// joinKind reads the words of a join; "": there is none.
func (p *exprParser) joinKind() JoinKind {
	var kind JoinKind
	switch t := p.peek(); {
	case p.accept("JOIN"):
		return InnerJoin
	case p.accept("INNER"):
		kind = InnerJoin
	case p.accept("CROSS"):
		kind = CrossJoin
	case p.accept("LEFT"):
		kind = LeftJoin
	case p.accept("RIGHT"):
		kind = RightJoin
	case p.accept("FULL"):
		kind = FullJoin
	case isKeyword(t, "NATURAL"):
		p.fail(faultOn(t, "NATURAL JOIN compares whatever names are equal", "say which: JOIN accounts USING (account), or ON a.x = b.y"))
		return ""
	default:
		return ""
	}
	if kind != InnerJoin && kind != CrossJoin {
		p.accept("OUTER")
	}
	p.expect("JOIN")
	return kind
}

// joinCondition reads ON or USING.
func (p *exprParser) joinCondition(j *Join) {
	switch t := p.peek(); {
	case j.Kind == CrossJoin:
	case p.accept("ON"):
		j.On = p.expr(levelOr)
	case p.accept("USING"):
		j.Using = p.names()
	case t.Type == tokIdent:
		p.misfit(t)
	default:
		f := misfit(t)
		f.hint = "write ON a.x = b.y, USING (x), or CROSS JOIN"
		p.fail(f)
	}
}

// names reads (a, b).
func (p *exprParser) names() (list []*Name) {
	p.expect("(")
	for p.fault == nil {
		t := p.peek()
		if t.Type != tokIdent && t.Type != tokQuoted {
			p.misfit(t)
			return nil
		}
		n := nameOf(*p.lex.Next())
		list = append(list, &n)
		if !p.accept(",") {
			break
		}
	}
	p.expect(")")
	return list
}

// source reads one source of FROM.
func (p *exprParser) source() *Source {
	t := *p.peek()
	s := &Source{}
	switch {
	case isOp(&t, "("):
		p.lex.Next()
		if !p.queryFollows() && !isOp(p.peek(), "(") {
			p.misfit(p.peek())
			return s
		}
		s.Sub = p.query()
		p.expect(")")
	case isWord(&t, "UNNEST") && isOp(p.second(), "("):
		p.lex.Next()
		p.lex.Next()
		s.Unnest = p.list()
		p.expect(")")
		if p.accept("WITH") {
			if s.Ordinality = p.acceptWord("ORDINALITY"); !s.Ordinality {
				p.misfit(p.peek())
			}
		}
	case isWord(&t, "LATERAL") && isOp(p.second(), "("):
		p.fail(faultOn(&t, "LATERAL is not in the language", "an array becomes rows by CROSS JOIN UNNEST(a) AS t(x); a value of another row by a subquery in SELECT"))
	case t.Type == tokIdent || t.Type == tokQuoted:
		n := nameOf(*p.lex.Next())
		names, f := moreNames(p.lex, n)
		if f != nil {
			p.fail(f)
		}
		s.Table = &Path{p.at(t.Pos.Offset), names}
	default:
		p.misfit(&t)
		return s
	}
	if s.Alias = p.alias(); s.Alias != nil && isOp(p.peek(), "(") {
		s.Columns = p.names()
	}
	s.At = p.at(t.Pos.Offset)
	return s
}

// queryFollows reports whether a subquery comes next, behind its bracket.
func (p *exprParser) queryFollows() bool {
	t := p.peek()
	return isKeyword(t, "SELECT") || isKeyword(t, "WITH")
}

// query reads a subquery, up to its closing bracket.
func (p *exprParser) query() *Select {
	if p.condition {
		p.fail(&fault{last: true, span: span(*p.peek()), message: "a query in a condition", hint: "a condition sees the columns of the result only: make the value a column of the query"})
	}
	if p.fault != nil {
		return &Select{}
	}
	q, err := standard().nested.ParseFromLexer(p.lex, participle.AllowTrailing(true))
	if err != nil {
		p.fail(faultOf(err, p.lex))
		return &Select{}
	}
	return q
}

// exists reads EXISTS (SELECT …).
func (p *exprParser) exists(t lexer.Token) Expr {
	p.lex.Next()
	p.expect("(")
	if !p.queryFollows() {
		p.misfit(p.peek())
		return nil
	}
	q := p.query()
	p.expect(")")
	return &Exists{p.at(t.Pos.Offset), q}
}
