package alertrules

import (
	"slices"
	"strconv"

	"tocsin/query"
)

// __count__ of SLS in conditions: how many rows the result has, with alert_per
// how many of them are the value's.

// isCount reports whether x is __count__.
func isCount(x query.Expr) bool {
	ref, ok := x.(*query.ColumnRef)
	return ok && len(ref.Names) == 1 && ref.Names[0].Text == "__count__"
}

// onlyCount reads a condition that compares __count__ with a number and says
// nothing of a row: it is another way to write `rows`, and holds without a row,
// too. nil: it is another condition.
func (c *compiler) onlyCount(t Text) *Count {
	cond, err := query.ParseCondition(t.Value)
	if err != nil {
		return nil // reported when it is compiled
	}
	b, ok := cond.X.(*query.Binary)
	if !ok || !isCount(b.X) {
		return nil
	}
	ops := map[query.Op]string{query.OpEq: "==", query.OpNe: "!=", query.OpLt: "<", query.OpLe: "<=", query.OpGt: ">", query.OpGe: ">="}
	number, ok := b.Y.(*query.Literal)
	if !ok || ops[b.Op] == "" || number.Kind != query.NumberLit {
		return nil
	}
	n, err := strconv.Atoi(number.Text)
	if err != nil {
		return nil
	}
	return &Count{ops[b.Op], n}
}

// grows reports whether more rows cannot undo that a condition holds: __count__
// stands only on the side of a comparison that may grow.
func grows(x query.Expr) bool {
	b, ok := x.(*query.Binary)
	switch {
	case !reads(x):
		return true
	case !ok:
		return false
	case b.Op == query.OpAnd, b.Op == query.OpOr:
		return !slices.ContainsFunc(b.Operands(), func(o query.Expr) bool { return !grows(o) })
	case b.Op == query.OpGt, b.Op == query.OpGe:
		return isCount(b.X) && !reads(b.Y)
	case b.Op == query.OpLt, b.Op == query.OpLe:
		return isCount(b.Y) && !reads(b.X)
	}
	return false
}

// reads reports whether __count__ is somewhere in x.
func reads(x query.Expr) bool {
	found := false
	query.Walk(x, func(n query.Node) bool {
		e, ok := n.(query.Expr)
		found = found || ok && isCount(e)
		return !found
	})
	return found
}
