// Random trees, as the parser can build them, for the round trip through text.

package query

import (
	"testing"

	"pgregory.net/rapid"
)

// treeGen draws nodes; depth bounds them.
type treeGen struct{ t *rapid.T }

func draw[T any](g treeGen, gen *rapid.Generator[T]) T { return gen.Draw(g.t, "") }

func (g treeGen) n(most int) int { return draw(g, rapid.IntRange(0, most)) }

func (g treeGen) flip() bool { return draw(g, rapid.Bool()) }

func pick[T any](g treeGen, list ...T) T { return list[g.n(len(list)-1)] }

// text draws texts that tempt a printer.
func (g treeGen) text() string {
	if g.flip() {
		return pick(g, "and", "or", "not", "in", "a b", `"`, `\`, `a\`, `\*`, "*", "?", ":", "a:", "a:b", "::1", "=x", "!=", "'", "''", "--", "/*", "|", "(", ")", "]", "a]", "[1", "$x", `#"`, "#", "", "null", "｜", "\u2028", "\t", "a\nb", "é", "検査", "\u200b", ";", ",")
	}
	return draw(g, rapid.StringOfN(rapid.RuneFrom([]rune(`ab1*?\":()[]<>=|#$!'.-_@ ,;é検`)), 0, 6, -1))
}

func (g treeGen) name() Name {
	if g.flip() {
		return Name{Text: pick(g, "a", "b1", "_x", "@actor", "date", "interval", "array", "first", "desc", "filter", "at", "検査", "current_date")}
	}
	return Name{Text: draw(g, rapid.StringMatching(`[a-z". é|']{1,5}`)), Quoted: true}
}

func (g treeGen) list(most int, one func()) {
	for range 1 + g.n(most-1) {
		one()
	}
}

func (g treeGen) path() *Path {
	p := &Path{}
	g.list(3, func() {
		if g.flip() {
			p.Names = append(p.Names, Name{Text: pick(g, "a", "b-c", "@x", "__topic__", "in2", "検査")})
		} else if s := g.text(); s != "" {
			p.Names = append(p.Names, Name{Text: s, Quoted: true})
		}
	})
	if p.Names == nil {
		p.Names = []Name{{Text: "k"}}
	}
	return p
}

// value draws what one word, quoted text or phrase can mean; a word in the place
// of a term is no keyword.
func (g treeGen) value() *Value {
	switch g.n(3) {
	case 0:
		return &Value{Text: g.text(), Quoted: true}
	case 1:
		return &Value{Text: g.text(), Quoted: true, Phrase: true}
	case 2:
		v := &Value{Text: g.text()}
		if needsQuotes(v.Text, false) || v.Text == "*" || v.Text == "in" {
			v.Quoted = true
		}
		return v
	}
	v := &Value{}
	lastText := false
	g.list(4, func() {
		if s := g.text(); g.flip() && !lastText && !needsQuotes(s, true) {
			v.Glob, lastText = append(v.Glob, Glob{Text: s}), true
			return
		}
		v.Glob, lastText = append(v.Glob, Glob{Wild: pick(g, '*', '?')}), false
	})
	if len(v.Glob) == 1 { // a * alone is no value, a text alone no pattern
		v.Glob = append(v.Glob, Glob{Wild: '?'})
	}
	for _, part := range v.Glob {
		if v.Text += part.Text; part.Wild != 0 {
			v.Text += string(part.Wild)
		}
	}
	return v
}

// search draws a filter; in a group there are no fields.
func (g treeGen) search(depth int, group bool) Search {
	if depth > 0 {
		switch g.n(5) {
		case 0, 1:
			return &SearchAnd{Xs: []Search{g.search(depth-1, group), g.search(depth-1, group)}}
		case 2:
			return &SearchOr{Xs: []Search{g.search(depth-1, group), g.search(depth-1, group), g.search(depth-1, group)}}
		case 3:
			return &SearchNot{X: g.search(depth-1, group)}
		}
	}
	if group || g.n(5) == 0 {
		if g.n(5) == 0 {
			return &SearchAll{}
		}
		return &SearchTerm{Value: g.value()}
	}
	return g.leaf(depth)
}

func (g treeGen) leaf(depth int) Search {
	switch p := g.path(); g.n(6) {
	case 0:
		return &SearchExists{Field: p}
	case 1:
		return &SearchGroup{Field: p, Exact: g.flip(), X: g.search(max(depth-1, 0), true)}
	case 2:
		return &SearchCompare{Field: p, Op: pick(g, OpEq, OpLt, OpLe, OpGt, OpGe), Value: g.value()}
	case 3:
		return &SearchRange{Field: p, Low: &Value{Text: pick(g, "1", "-2.5", "2026-01-31T10:00:00Z")}, High: &Value{Text: "9"}, LowOpen: g.flip(), HighOpen: g.flip()}
	case 4:
		return &SearchNetwork{Field: p, Network: Name{Text: pick(g, "10.0.0.0/8", "2001:db8::/32", "::1"), Quoted: g.flip()}}
	case 5:
		return &SearchList{Field: p, List: Name{Text: "office-2"}}
	default:
		return &SearchMatch{Field: p, Exact: g.flip(), Value: g.value()}
	}
}

// expr draws an expression.
func (g treeGen) expr(depth int) Expr {
	if depth == 0 || g.n(4) == 0 {
		return g.atom()
	}
	x := func() Expr { return g.expr(depth - 1) }
	switch g.n(14) {
	case 13:
		return pick[Expr](g, &Subquery{Query: g.small()}, &Exists{Query: g.small()}, &In{X: x(), Sub: g.small(), Not: g.flip()})
	case 14:
		return &Call{Name: "filter", Args: []Expr{x(), &Lambda{Params: []Name{g.name(), g.name()}[:1+g.n(1)], Body: x()}}}
	case 0, 1, 2:
		return &Binary{Op: pick(g, OpOr, OpAnd, OpEq, OpNe, OpLt, OpGe, OpDistinct, OpNotDistinct, OpConcat, OpAdd, OpSub, OpMul, OpDiv, OpMod), X: x(), Y: x()}
	case 3:
		return &Unary{Op: pick(g, OpNot, OpSub, OpAdd), X: x()}
	case 4:
		return &Between{X: x(), Low: x(), High: x(), Not: g.flip()}
	case 5:
		if g.flip() {
			return &In{X: x(), List: &Name{Text: "office"}, Not: g.flip()}
		}
		return &In{X: x(), Items: []Expr{x(), x()}, Not: g.flip()}
	case 6:
		l := &Like{X: x(), Pattern: x(), Not: g.flip()}
		if g.flip() {
			l.Escape = x()
		}
		return l
	case 7:
		return &IsNull{X: x(), Not: g.flip()}
	case 8:
		c := &Case{Whens: []When{{If: x(), Then: x()}}}
		if g.flip() {
			c.Operand = x()
		}
		if g.flip() {
			c.Else = x()
		}
		return c
	case 9:
		return &Cast{X: x(), Try: g.flip(), Type: &TypeName{Name: "ARRAY", Args: []TypeArg{{Type: &TypeName{Name: pick(g, "VARCHAR", "TIMESTAMP WITH TIME ZONE")}}, {Number: "3"}}}}
	case 10:
		return g.call(x)
	case 11:
		return &Array{Items: []Expr{x()}}
	}
	switch g.n(2) {
	case 0:
		return &AtZone{X: x(), Zone: x()}
	case 1:
		base := x()
		if c, ok := base.(*ColumnRef); ok { // brackets around a path are not kept
			return &ColumnRef{Names: append(c.Names[:len(c.Names):len(c.Names)], g.name())}
		}
		return &Member{X: base, Name: g.name()}
	}
	return &Subscript{X: x(), Index: x()}
}

func (g treeGen) call(x func() Expr) Expr {
	c := &Call{Name: pick(g, "count", "f", "try", "current_timestamp", "検査")}
	switch {
	case g.flip():
		c.Args, c.Distinct = []Expr{x(), x()}, g.flip()
		if g.flip() {
			c.OrderBy = []*Order{g.order(x)}
		}
	case g.flip():
		c.Star = true
	}
	if g.flip() && !niladic[upperASCII(c.Name)] {
		c.Filter = x()
	}
	if g.n(3) == 0 && !niladic[upperASCII(c.Name)] {
		c.Over, c.NoNulls = g.over(x), g.flip()
	}
	return c
}

func (g treeGen) over(x func() Expr) *Over {
	w := &Over{}
	if g.flip() {
		w.Partition = []Expr{x()}
	}
	if g.flip() {
		w.OrderBy = []*Order{g.order(x)}
	}
	if g.flip() {
		w.Frame = &Frame{Unit: pick(g, "ROWS", "RANGE", "GROUPS"), From: Bound{Kind: "PRECEDING", N: x()}}
		if g.flip() {
			w.Frame.To = Bound{Kind: pick(g, "CURRENT ROW", "UNBOUNDED FOLLOWING")}
		}
	}
	return w
}

func (g treeGen) order(x func() Expr) *Order {
	return &Order{X: x(), Desc: g.flip(), Nulls: pick(g, "", NullsFirst, NullsLast)}
}

func (g treeGen) atom() Expr {
	switch g.n(4) {
	case 0:
		return &Literal{Kind: NumberLit, Text: pick(g, "1", "1.5", "0.5", "1e3", "2.")}
	case 1:
		return &Literal{Kind: pick(g, StringLit, DateLit, TimestampLit), Text: g.text()}
	case 2:
		return pick[Expr](g, &Literal{Kind: NullLit}, &Literal{Kind: BoolLit, Text: "true"}, &Interval{Text: "-2", Unit: "DAY"}, &Call{Name: "current_date"})
	}
	c := &ColumnRef{}
	g.list(3, func() { c.Names = append(c.Names, g.name()) })
	if first := c.Names[0]; len(c.Names) == 1 && first.Text == "current_date" && !first.Quoted {
		c.Names[0].Quoted = true // unquoted it is the function
	}
	return c
}

func (g treeGen) stage(depth int) *Select {
	x := func() Expr { return g.expr(2) }
	s := &Select{Core: g.core(depth)}
	if g.n(3) == 0 && s.Explicit {
		g.list(2, func() {
			n := g.name()
			w := &Named{Name: &n, Query: g.query(depth)}
			if g.flip() {
				w.Columns = g.columns()
			}
			s.With = append(s.With, w)
		})
	}
	if g.n(3) == 0 && (s.Explicit || s.Sub != nil) {
		g.list(2, func() {
			part := &SetPart{Op: pick(g, Union, Intersect, Except), All: g.flip(), Core: g.core(depth)}
			if part.Explicit || part.Sub != nil {
				s.Sets = append(s.Sets, part)
			}
		})
	}
	if g.flip() {
		g.list(2, func() { s.OrderBy = append(s.OrderBy, g.order(x)) })
	}
	if g.flip() || !s.Explicit {
		s.Limit = &Limit{Count: int64(g.n(9)), Offset: int64(g.n(9))}
	}
	return s
}

// query draws a SELECT that may stand in brackets.
func (g treeGen) query(depth int) *Select {
	s := g.stage(max(depth-1, 0))
	if !s.Explicit {
		s = &Select{Core: Core{Explicit: true, Items: []*Item{{Star: true}}}}
	}
	return s
}

// small draws a subquery for an expression, which would never end with others in
// it.
func (g treeGen) small() *Select {
	s := &Select{Core: Core{Explicit: true, Items: []*Item{{X: g.atom()}}}}
	if g.flip() {
		s.From = []*From{{Source: g.source(0, g.atom)}}
		s.Where = g.atom()
	}
	if g.flip() {
		s.Limit = &Limit{Count: 1}
	}
	return s
}

func (g treeGen) core(depth int) (s Core) {
	x := func() Expr { return g.expr(2) }
	if depth > 0 && g.n(5) == 0 {
		s.Sub = g.query(depth)
		return s
	}
	if s.Explicit = g.flip(); s.Explicit {
		s.Distinct = g.flip()
		g.list(3, func() { s.Items = append(s.Items, g.item(x)) })
		if g.flip() {
			g.list(2, func() { s.From = append(s.From, g.from(depth, x)) })
		}
	}
	if g.flip() {
		s.Where = x()
	}
	if g.flip() {
		g.list(2, func() { s.GroupBy = append(s.GroupBy, x()) })
	}
	if g.flip() {
		s.Having = x()
	}
	return s
}

func (g treeGen) from(depth int, x func() Expr) *From {
	f := &From{Source: g.source(depth, x)}
	for range g.n(2) {
		j := &Join{Kind: pick(g, InnerJoin, LeftJoin, RightJoin, FullJoin, CrossJoin), Source: g.source(depth, x)}
		switch {
		case j.Kind == CrossJoin:
		case g.flip():
			j.On = x()
		default:
			j.Using = g.columns()
		}
		f.Joins = append(f.Joins, j)
	}
	return f
}

func (g treeGen) columns() (list []*Name) {
	g.list(2, func() {
		n := g.name()
		list = append(list, &n)
	})
	return list
}

func (g treeGen) source(depth int, x func() Expr) *Source {
	s := &Source{Table: &Path{Names: []Name{g.name()}}}
	switch {
	case depth > 0 && g.flip():
		s = &Source{Sub: g.query(depth)}
	case g.n(3) == 0:
		s = &Source{Unnest: []Expr{x()}, Ordinality: g.flip()}
	}
	if g.flip() {
		n := g.name()
		s.Alias = &n
		if g.flip() {
			s.Columns = g.columns()
		}
	}
	return s
}

func (g treeGen) item(x func() Expr) *Item {
	if g.n(4) == 0 {
		i := &Item{Star: true}
		if g.flip() {
			n := g.name()
			i.Of = &n
		}
		return i
	}
	i := &Item{X: x()}
	if g.flip() {
		n := g.name()
		i.Alias = &n
	}
	return i
}

// TestRandomTrees prints trees and reads them again.
func TestRandomTrees(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := treeGen{t}
		q := &Query{}
		if g.flip() {
			q.Filter = g.search(3, false)
		}
		for range g.n(2) {
			q.Stages = append(q.Stages, g.stage(1))
		}
		text := q.String()
		again, err := Parse(text)
		if err != nil {
			t.Fatalf("%q does not parse: %v", text, err)
		}
		if a, b := tree(q), tree(again); a != b {
			t.Fatalf("%q:\n%s\n%s", text, a, b)
		}
	})
}
