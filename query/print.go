// The tree as text again, in one normal form: keywords of SQL in upper case,
// those of the filter in lower case, brackets only where precedence asks for
// them, AS always. The printed text is for people and for Parse; engines get
// what a dialect prints from a plan.

package query

import (
	"strconv"
	"strings"
)

// String returns the query as one line of text. Parse of it gives q, but for
// the positions.
func (q *Query) String() string {
	var p printer
	if q.Filter != nil {
		p.search(q.Filter)
	}
	for _, s := range q.Stages {
		if p.Len() > 0 {
			p.WriteByte(' ')
		}
		p.WriteString("| ")
		p.stage(s)
	}
	return p.String()
}

// String returns the condition as one line of text, SLS's operators as those of
// SQL.
func (c *Condition) String() string { return exprString(c.X) }

// exprString returns an expression as text.
func exprString(x Expr) string {
	var p printer
	p.expr(x, levelOr)
	return p.String()
}

// A printer writes nodes.
type printer struct{ strings.Builder }

// clause writes the beginning of a clause, with a space before it.
func (p *printer) clause(keyword string) {
	if s := p.String(); s != "" && !strings.HasSuffix(s, " ") && !strings.HasSuffix(s, "(") {
		p.WriteByte(' ')
	}
	p.WriteString(keyword)
}

// stage writes one SELECT, or what was written of it.
func (p *printer) stage(s *Select) {
	if s.With != nil {
		p.clause("WITH ")
		each(p, s.With, p.named)
	}
	p.core(&s.Core)
	for _, part := range s.Sets {
		p.clause(string(part.Op))
		if part.All {
			p.WriteString(" ALL")
		}
		p.core(&part.Core)
	}
	if s.OrderBy != nil {
		p.clause("ORDER BY ")
		each(p, s.OrderBy, p.order)
	}
	if s.Limit != nil {
		p.clause("LIMIT " + strconv.FormatInt(s.Limit.Count, 10))
		if s.Limit.Offset > 0 {
			p.WriteString(" OFFSET " + strconv.FormatInt(s.Limit.Offset, 10))
		}
	}
}

// core writes a SELECT without its order and limit.
func (p *printer) core(s *Core) {
	if s.Sub != nil {
		p.clause("")
		p.query(s.Sub)
		return
	}
	if s.Explicit {
		p.clause("SELECT ")
		if s.Distinct {
			p.WriteString("DISTINCT ")
		}
		each(p, s.Items, p.item)
	}
	if s.From != nil {
		p.clause("FROM ")
		each(p, s.From, p.from)
	}
	if s.Where != nil {
		p.clause("WHERE ")
		p.expr(s.Where, levelOr)
	}
	if s.GroupBy != nil {
		p.clause("GROUP BY ")
		p.exprs(s.GroupBy)
	}
	if s.Having != nil {
		p.clause("HAVING ")
		p.expr(s.Having, levelOr)
	}
}

// query writes a subquery in its brackets.
func (p *printer) query(s *Select) {
	p.WriteByte('(')
	p.stage(s)
	p.WriteByte(')')
}

func (p *printer) named(n *Named) {
	p.name(*n.Name)
	p.columns(n.Columns)
	p.WriteString(" AS ")
	p.query(n.Query)
}

// columns writes (a, b), or nothing.
func (p *printer) columns(list []*Name) {
	if list != nil {
		p.WriteString(" (")
		each(p, list, func(n *Name) { p.name(*n) })
		p.WriteByte(')')
	}
}

// each writes a list with commas.
func each[T any](p *printer, list []T, write func(T)) {
	for i, x := range list {
		if i > 0 {
			p.WriteString(", ")
		}
		write(x)
	}
}

func (p *printer) item(i *Item) {
	if i.Of != nil {
		p.name(*i.Of)
		p.WriteByte('.')
	}
	if i.Star {
		p.WriteByte('*')
		return
	}
	p.expr(i.X, levelOr)
	p.alias(i.Alias)
}

func (p *printer) alias(n *Name) {
	if n != nil {
		p.WriteString(" AS ")
		p.name(*n)
	}
}

func (p *printer) from(f *From) {
	p.source(f.Source)
	for _, j := range f.Joins {
		p.WriteString(" " + string(j.Kind) + " ")
		p.source(j.Source)
		switch {
		case j.On != nil:
			p.WriteString(" ON ")
			p.expr(j.On, levelOr)
		case j.Using != nil:
			p.WriteString(" USING")
			p.columns(j.Using)
		}
	}
}

func (p *printer) source(s *Source) {
	switch {
	case s.Sub != nil:
		p.query(s.Sub)
	case s.Unnest != nil:
		p.WriteString("UNNEST(")
		p.exprs(s.Unnest)
		p.WriteByte(')')
		if s.Ordinality {
			p.WriteString(" WITH ORDINALITY")
		}
	default:
		p.names(s.Table.Names)
	}
	p.alias(s.Alias)
	p.columns(s.Columns)
}

func (p *printer) order(o *Order) {
	p.expr(o.X, levelOr)
	if o.Desc {
		p.WriteString(" DESC")
	}
	if o.Nulls != "" {
		p.WriteString(" NULLS " + string(o.Nulls))
	}
}

// names writes a path of SQL.
func (p *printer) names(names []Name) {
	for i, n := range names {
		if i > 0 {
			p.WriteByte('.')
		}
		p.name(n)
	}
}

func (p *printer) name(n Name) {
	if !n.Quoted {
		p.WriteString(n.Text)
		return
	}
	p.quoted(n.Text, `"`)
}

// quoted writes a text of SQL in quotes, those inside doubled.
func (p *printer) quoted(text, quote string) {
	p.WriteString(quote + strings.ReplaceAll(text, quote, quote+quote) + quote)
}
