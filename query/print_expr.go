// The tree as text again, continued: expressions.

package query

import "strings"

// level returns the precedence of an expression; names, calls and whatever has
// brackets of its own are above all levels.
func level(x Expr) int {
	switch x := x.(type) {
	case *Binary:
		switch x.Op {
		case OpOr:
			return levelOr
		case OpAnd:
			return levelAnd
		case OpConcat:
			return levelConcat
		case OpAdd, OpSub:
			return levelAdd
		case OpMul, OpDiv, OpMod:
			return levelMul
		}
		return levelCompare
	case *Unary:
		if x.Op == OpNot {
			return levelNot
		}
		return levelSign
	case *Between, *In, *Like, *IsNull:
		return levelCompare
	case *AtZone:
		return levelZone
	case *Lambda:
		return levelOr - 1
	}
	return levelPostfix
}

// expr writes x, in brackets when its operator binds less than level.
func (p *printer) expr(x Expr, min int) {
	if level(x) < min {
		p.WriteByte('(')
		defer p.WriteByte(')')
	}
	switch x := x.(type) {
	case *Literal:
		p.literal(x)
	case *Interval:
		p.WriteString("INTERVAL ")
		p.quoted(x.Text, "'")
		p.WriteString(" " + x.Unit)
	case *ColumnRef:
		p.names(x.Names)
	case *Unary:
		p.unary(x)
	case *Binary:
		p.binary(x)
	case *Case:
		p.caseOf(x)
	case *Cast:
		p.cast(x)
	case *Call:
		p.call(x)
	case *Subscript:
		p.base(x.X)
		p.WriteByte('[')
		p.expr(x.Index, levelOr)
		p.WriteByte(']')
	case *Member:
		p.base(x.X)
		p.WriteByte('.')
		p.name(x.Name)
	case *Array:
		p.WriteString("ARRAY[")
		p.exprs(x.Items)
		p.WriteByte(']')
	case *AtZone:
		p.expr(x.X, levelZone)
		p.WriteString(" AT TIME ZONE ")
		p.expr(x.Zone, levelPostfix)
	case *Lambda:
		p.lambda(x)
	case *Subquery:
		p.query(x.Query)
	case *Exists:
		p.WriteString("EXISTS ")
		p.query(x.Query)
	default:
		p.predicate(x)
	}
}

// exprs writes a list; a lambda needs no brackets in it.
func (p *printer) exprs(list []Expr) {
	each(p, list, func(x Expr) {
		if l, ok := x.(*Lambda); ok {
			p.lambda(l)
			return
		}
		p.expr(x, levelOr)
	})
}

func (p *printer) lambda(x *Lambda) {
	if len(x.Params) == 1 {
		p.name(x.Params[0])
	} else {
		p.WriteByte('(')
		each(p, x.Params, p.name)
		p.WriteByte(')')
	}
	p.WriteString(" -> ")
	p.exprs([]Expr{x.Body})
}

func (p *printer) literal(x *Literal) {
	switch x.Kind {
	case StringLit:
		p.quoted(x.Text, "'")
	case NullLit:
		p.WriteString("NULL")
	case DateLit:
		p.WriteString("DATE ")
		p.quoted(x.Text, "'")
	case TimestampLit:
		p.WriteString("TIMESTAMP ")
		p.quoted(x.Text, "'")
	default:
		p.WriteString(x.Text)
	}
}

func (p *printer) unary(x *Unary) {
	if x.Op == OpNot {
		p.WriteString("NOT ")
		p.expr(x.X, levelNot)
		return
	}
	p.WriteString(string(x.Op))
	if y, ok := x.X.(*Unary); ok && y.Op != OpNot {
		p.WriteByte(' ') // -- would begin a comment
	}
	p.expr(x.X, levelSign)
}

func (p *printer) binary(x *Binary) {
	own := level(x)
	left := own
	if own == levelCompare { // comparisons do not chain
		left++
	}
	p.expr(x.X, left)
	p.WriteString(" " + string(x.Op) + " ")
	p.expr(x.Y, own+1)
}

// predicate writes BETWEEN, IN, LIKE and IS NULL.
func (p *printer) predicate(x Expr) {
	const operand = levelCompare + 1
	switch x := x.(type) {
	case *Between:
		p.not(x.X, x.Not, " BETWEEN ")
		p.expr(x.Low, operand)
		p.WriteString(" AND ")
		p.expr(x.High, operand)
	case *In:
		p.not(x.X, x.Not, " IN ")
		if x.List != nil {
			p.WriteString("$" + x.List.Text)
			return
		}
		if x.Sub != nil {
			p.query(x.Sub)
			return
		}
		p.WriteByte('(')
		p.exprs(x.Items)
		p.WriteByte(')')
	case *Like:
		p.not(x.X, x.Not, " LIKE ")
		p.expr(x.Pattern, operand)
		if x.Escape != nil {
			p.WriteString(" ESCAPE ")
			p.expr(x.Escape, operand)
		}
	case *IsNull:
		p.expr(x.X, operand)
		if x.Not {
			p.WriteString(" IS NOT NULL")
		} else {
			p.WriteString(" IS NULL")
		}
	}
}

// not writes the left operand of a predicate and its words.
func (p *printer) not(x Expr, not bool, word string) {
	p.expr(x, levelCompare+1)
	if not {
		p.WriteString(" NOT")
	}
	p.WriteString(word)
}

func (p *printer) caseOf(x *Case) {
	p.WriteString("CASE")
	if x.Operand != nil {
		p.WriteByte(' ')
		p.expr(x.Operand, levelOr)
	}
	for _, w := range x.Whens {
		p.WriteString(" WHEN ")
		p.expr(w.If, levelOr)
		p.WriteString(" THEN ")
		p.expr(w.Then, levelOr)
	}
	if x.Else != nil {
		p.WriteString(" ELSE ")
		p.expr(x.Else, levelOr)
	}
	p.WriteString(" END")
}

func (p *printer) cast(x *Cast) {
	if x.Try {
		p.WriteString("TRY_")
	}
	p.WriteString("CAST(")
	p.expr(x.X, levelOr)
	p.WriteString(" AS " + x.Type.String() + ")")
}

const withTimeZone = " WITH TIME ZONE"

// String returns the type as it is written in CAST.
func (n *TypeName) String() string {
	if len(n.Args) == 0 {
		return n.Name
	}
	name, zone := n.Name, ""
	if short, ok := strings.CutSuffix(name, withTimeZone); ok {
		name, zone = short, withTimeZone
	}
	var p printer
	each(&p, n.Args, func(a TypeArg) {
		if a.Type != nil {
			p.WriteString(a.Type.String())
			return
		}
		p.WriteString(a.Number)
	})
	return name + "(" + p.String() + ")" + zone
}

func (p *printer) call(x *Call) {
	p.WriteString(x.Name)
	if niladic[upperASCII(x.Name)] && len(x.Args) == 0 && !x.Star {
		return
	}
	p.WriteByte('(')
	if x.Star {
		p.WriteByte('*')
	}
	if x.Distinct {
		p.WriteString("DISTINCT ")
	}
	p.exprs(x.Args)
	if x.OrderBy != nil {
		p.WriteString(" ORDER BY ")
		each(p, x.OrderBy, p.order)
	}
	p.WriteByte(')')
	if x.Filter != nil {
		p.WriteString(" FILTER (WHERE ")
		p.expr(x.Filter, levelOr)
		p.WriteByte(')')
	}
	if x.NoNulls {
		p.WriteString(" IGNORE NULLS")
	}
	if x.Over != nil {
		p.over(x.Over)
	}
}

// over writes what follows a call as a window.
func (p *printer) over(w *Over) {
	p.WriteString(" OVER (")
	if w.Partition != nil {
		p.WriteString("PARTITION BY ")
		p.exprs(w.Partition)
	}
	if w.OrderBy != nil {
		p.clause("ORDER BY ")
		each(p, w.OrderBy, p.order)
	}
	if f := w.Frame; f != nil {
		p.clause(f.Unit + " ")
		if f.To.Kind != "" {
			p.WriteString("BETWEEN ")
		}
		p.bound(f.From)
		if f.To.Kind != "" {
			p.WriteString(" AND ")
			p.bound(f.To)
		}
	}
	p.WriteByte(')')
}

func (p *printer) bound(b Bound) {
	if b.N != nil {
		p.expr(b.N, levelCompare+1)
		p.WriteByte(' ')
	}
	p.WriteString(b.Kind)
}

// base writes what a subscript or a member belongs to. Without brackets a number
// would take the dot, and array[1] would be an array.
func (p *printer) base(x Expr) {
	bare := false
	switch x := x.(type) {
	case *ColumnRef:
		bare = len(x.Names) > 1 || x.Names[0].Quoted || upperASCII(x.Names[0].Text) != "ARRAY"
	case *Call:
		bare = !niladic[upperASCII(x.Name)]
	case *Subscript, *Member, *Array, *Subquery:
		bare = true
	}
	if bare {
		p.expr(x, levelPostfix)
		return
	}
	p.WriteByte('(')
	p.expr(x, levelOr)
	p.WriteByte(')')
}
