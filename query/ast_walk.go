// The tree, continued: visiting every node of it.

package query

// Walk calls visit for n and, where visit returned true, for the nodes below
// it, in the order of the source. Names, Values and TypeNames are visited too.
// A nil node is not visited.
func Walk(n Node, visit func(Node) bool) {
	switch n := n.(type) {
	case nil:
	case *Query:
		if visit(n) {
			walkSearch(n.Filter, visit)
			walkEach(n.Stages, visit)
		}
	case *Condition:
		if visit(n) {
			walkExpr(n.X, visit)
		}
	case Search:
		walkSearch(n, visit)
	case Expr:
		walkExpr(n, visit)
	default:
		walkClause(n, visit)
	}
}

func walkEach[T Node](list []T, visit func(Node) bool) {
	for _, n := range list {
		Walk(n, visit)
	}
}

// walkClause walks the parts of a Select.
func walkClause(n Node, visit func(Node) bool) {
	if !visit(n) {
		return
	}
	switch n := n.(type) {
	case *Select:
		walkEach(n.With, visit)
		walkCore(&n.Core, visit)
		walkEach(n.Sets, visit)
		walkEach(n.OrderBy, visit)
		walkPtr(n.Limit, visit)
	case *SetPart:
		walkCore(&n.Core, visit)
	case *Named:
		walkPtr(n.Name, visit)
		walkEach(n.Columns, visit)
		walkPtr(n.Query, visit)
	case *Item:
		walkPtr(n.Of, visit)
		walkExpr(n.X, visit)
		walkPtr(n.Alias, visit)
	case *From:
		walkPtr(n.Source, visit)
		walkEach(n.Joins, visit)
	case *Source:
		walkPtr(n.Sub, visit)
		walkExprs(visit, n.Unnest...)
		walkPtr(n.Table, visit)
		walkPtr(n.Alias, visit)
		walkEach(n.Columns, visit)
	case *Join:
		walkPtr(n.Source, visit)
		walkExpr(n.On, visit)
		walkEach(n.Using, visit)
	case *Over:
		walkExprs(visit, n.Partition...)
		walkEach(n.OrderBy, visit)
		walkPtr(n.Frame, visit)
	case *Frame:
		walkExprs(visit, n.From.N, n.To.N)
	case *Order:
		walkExpr(n.X, visit)
	}
}

// walkCore walks the parts of a Core.
func walkCore(n *Core, visit func(Node) bool) {
	walkPtr(n.Sub, visit)
	walkEach(n.Items, visit)
	walkEach(n.From, visit)
	walkExpr(n.Where, visit)
	walkExprs(visit, n.GroupBy...)
	walkExpr(n.Having, visit)
}

// walkPtr walks a part that may be missing.
func walkPtr[P interface {
	*T
	Node
}, T any](p P, visit func(Node) bool) {
	if p != nil {
		Walk(p, visit)
	}
}

// walkSearch walks a part of the filter.
func walkSearch(n Search, visit func(Node) bool) {
	if n == nil || !visit(n) {
		return
	}
	switch n := n.(type) {
	case *SearchAnd:
		walkEach(n.Xs, visit)
	case *SearchOr:
		walkEach(n.Xs, visit)
	case *SearchNot:
		walkSearch(n.X, visit)
	case *SearchTerm:
		Walk(n.Value, visit)
	case *SearchMatch:
		Walk(n.Field, visit)
		Walk(n.Value, visit)
	case *SearchExists:
		Walk(n.Field, visit)
	case *SearchGroup:
		Walk(n.Field, visit)
		walkSearch(n.X, visit)
	case *SearchCompare:
		Walk(n.Field, visit)
		Walk(n.Value, visit)
	case *SearchRange:
		Walk(n.Field, visit)
		Walk(n.Low, visit)
		Walk(n.High, visit)
	case *SearchNetwork:
		Walk(n.Field, visit)
	case *SearchList:
		Walk(n.Field, visit)
	}
}

// walkExpr walks an expression.
func walkExpr(n Expr, visit func(Node) bool) {
	if n == nil || !visit(n) {
		return
	}
	switch n := n.(type) {
	case *Unary:
		walkExpr(n.X, visit)
	case *Binary:
		walkExprs(visit, n.X, n.Y)
	case *Between:
		walkExprs(visit, n.X, n.Low, n.High)
	case *In:
		walkExpr(n.X, visit)
		walkExprs(visit, n.Items...)
		walkPtr(n.Sub, visit)
	case *Like:
		walkExprs(visit, n.X, n.Pattern, n.Escape)
	case *IsNull:
		walkExpr(n.X, visit)
	case *Case:
		walkExpr(n.Operand, visit)
		for _, w := range n.Whens {
			walkExprs(visit, w.If, w.Then)
		}
		walkExpr(n.Else, visit)
	case *Cast:
		walkExpr(n.X, visit)
		walkPtr(n.Type, visit)
	case *Call:
		walkExprs(visit, n.Args...)
		walkEach(n.OrderBy, visit)
		walkExpr(n.Filter, visit)
		walkPtr(n.Over, visit)
	case *Lambda:
		walkExpr(n.Body, visit)
	case *Subquery:
		walkPtr(n.Query, visit)
	case *Exists:
		walkPtr(n.Query, visit)
	case *Subscript:
		walkExprs(visit, n.X, n.Index)
	case *Member:
		walkExpr(n.X, visit)
	case *Array:
		walkExprs(visit, n.Items...)
	case *AtZone:
		walkExprs(visit, n.X, n.Zone)
	}
}

func walkExprs(visit func(Node) bool, list ...Expr) {
	for _, e := range list {
		walkExpr(e, visit)
	}
}
