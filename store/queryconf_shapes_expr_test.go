// Random queries of every shape, continued: expressions.

package store_test

import "strings"

// atom is a column of the kind, or a constant.
func (g *shapes) atom(kind byte) string { return g.atomOf(g.scope, kind) }

func (g *shapes) atomOf(cols []shapeColumn, kind byte) string {
	var fit []string
	for _, c := range cols {
		if c.kind == kind {
			fit = append(fit, c.ref)
		}
	}
	if len(fit) > 0 && !g.one(8) {
		return g.pick(fit...)
	}
	switch kind {
	case 'I':
		return g.pick("1", "3", "-2")
	case 'D':
		return g.pick("1.5", "0.25")
	case 'B':
		return g.pick("true", "NULL")
	case 'E':
		return g.pick("now()", "TIMESTAMP '2026-10-25 00:30:00'")
	case 'A':
		return g.pick("ARRAY['a', 'b']", "split('x,y', ',')")
	case 'J':
		return "NULL"
	}
	return g.pick("'111'", "'GetObject'", "'a'")
}

// flat is an expression without subqueries, aggregates and windows.
func (g *shapes) flat(kind byte) string {
	room := g.room
	g.room = 0
	x := g.expr(kind, 1)
	g.room = room
	return x
}

// expr draws an expression of the kind.
func (g *shapes) expr(kind byte, depth int) string {
	if depth == 0 || g.one(4) {
		return g.atom(kind)
	}
	sub := func(k byte) string { return g.expr(k, depth-1) }
	if g.room > 12 && g.one(12) && kind != 'A' {
		g.room -= 12
		return g.scalar(kind)
	}
	if g.one(8) {
		return "CASE WHEN " + sub('B') + " THEN " + sub(kind) + " ELSE " + sub(kind) + " END"
	}
	switch kind {
	case 'T':
		return g.text(sub)
	case 'I':
		return g.integer(sub)
	case 'D':
		return g.pick("("+sub('I')+" / 2.0)", "("+sub('D')+" + "+sub('I')+")", "cast("+sub('I')+" AS double)", "abs("+sub('D')+")")
	case 'B':
		return g.condition(sub)
	case 'E':
		return g.time(sub)
	case 'A':
		return g.array(sub)
	}
	return g.atom(kind)
}

func (g *shapes) text(sub func(byte) string) string {
	switch g.rng.IntN(6) {
	case 0:
		g.used["zone"] = true
		return "date_format(" + sub('E') + " AT TIME ZONE 'Europe/Berlin', '%Y-%m-%d %H:%i')"
	case 1:
		return "element_at(" + sub('A') + ", " + g.pick("1", "2") + ")"
	case 2:
		return "json_extract_scalar(" + g.atom('J') + ", '$.name')"
	case 3:
		return "array_join(" + sub('A') + ", '-')"
	}
	return g.pick("lower("+sub('T')+")", "("+sub('T')+" || 'x')", "coalesce("+sub('T')+", 'none')", "cast("+sub('I')+" AS varchar)")
}

func (g *shapes) integer(sub func(byte) string) string {
	switch g.rng.IntN(6) {
	case 0:
		g.used["lambda"], g.used["reduce"] = true, true
		s, x := g.name("p"), g.name("p")
		return "reduce(" + sub('A') + ", 0, (" + s + ", " + x + ") -> " + s + " + length(" + x + "), " + s + " -> " + s + ")"
	case 1:
		g.used["zone"] = true
		return "hour(" + sub('E') + " AT TIME ZONE " + g.pick("'Asia/Tokyo'", "'America/New_York'") + ")"
	case 2:
		return "cardinality(" + sub('A') + ")"
	}
	return g.pick("length("+sub('T')+")", "("+sub('I')+" + "+sub('I')+")", "("+sub('I')+" % 3)", "coalesce("+sub('I')+", 0)", "strpos("+sub('T')+", 'e')")
}

func (g *shapes) time(sub func(byte) string) string {
	if g.one(3) {
		return "cast(" + sub('E') + " AT TIME ZONE 'Europe/Berlin' AS " + g.pick("date", "timestamp") + ")"
	}
	return g.pick("date_trunc('hour', "+sub('E')+")", "("+sub('E')+" + interval '1' "+g.pick("day", "month", "hour")+")", "coalesce("+sub('E')+", now())")
}

func (g *shapes) array(sub func(byte) string) string {
	switch g.rng.IntN(4) {
	case 0:
		g.used["lambda"] = true
		x := g.name("p")
		return "filter(" + sub('A') + ", " + x + " -> " + g.pick(x+" <> 'a'", "length("+x+") > 1", x+" IS NOT NULL", x+" = "+g.atom('T')) + ")"
	case 1:
		g.used["lambda"] = true
		x := g.name("p")
		return "transform(" + sub('A') + ", " + x + " -> " + g.pick("lower("+x+")", "concat("+x+", "+g.atom('T')+")") + ")"
	case 2:
		return "cast(json_extract(" + g.atom('J') + ", '$.tags') AS array(varchar))"
	}
	return g.pick("split("+sub('T')+", 'e')", "ARRAY["+sub('T')+", "+sub('T')+"]", "array_distinct("+sub('A')+")")
}

func (g *shapes) condition(sub func(byte) string) string {
	switch g.rng.IntN(9) {
	case 0:
		g.used["lambda"] = true
		x := g.name("p")
		return g.pick("any_match", "all_match", "none_match") + "(" + sub('A') + ", " + x + " -> " + x + " = " + g.atom('T') + ")"
	case 1:
		if g.room > 12 {
			g.room -= 12
			g.used["IN"] = true
			k := "TID"[g.rng.IntN(3)]
			x := sub(k)
			return "(" + x + " " + g.pick("IN", "NOT IN") + " (" + g.inner(string(k)) + "))"
		}
	case 2, 3:
		if g.room > 12 && len(g.outer) == 0 && len(g.scope) > 0 {
			g.room -= 12
			return g.exists()
		}
	}
	k := "TIDE"[g.rng.IntN(4)]
	return g.pick("("+sub(k)+" "+g.pick("=", "<>", "<", ">=", "IS DISTINCT FROM")+" "+sub(k)+")", "("+sub('B')+" "+g.pick("AND", "OR")+" "+sub('B')+")",
		"(NOT "+sub('B')+")", "("+sub(k)+" IS NULL)", "("+sub('T')+" LIKE '%e%')", "("+sub('I')+" BETWEEN 1 AND 3)", "("+sub('T')+" IN ('111', 'a'))")
}

// inner draws a query of the kinds that stands in this one, without fields of it.
func (g *shapes) inner(kinds string) string {
	scope := g.scope
	text, _ := g.selects(kinds)
	g.scope = scope
	return text
}

// scalar draws a subquery of one row.
func (g *shapes) scalar(kind byte) string {
	g.used["scalar"] = true
	scope, fn := g.scope, g.pick("max", "min", "arbitrary")
	if kind == 'B' {
		fn = "bool_or"
	}
	from, inside := g.source()
	where := ""
	if g.one(2) && len(g.outer) == 0 && len(scope) > 0 {
		g.used["correlated"] = true
		where = " WHERE " + g.atomOf(inside, 'T') + " = " + g.atomOf(scope, 'T')
	}
	outer := g.outer
	g.scope, g.outer = inside, scope
	x := g.flat(kind)
	g.scope, g.outer = scope, outer
	return "(SELECT " + fn + "(" + x + ") FROM " + from + where + ")"
}

// exists draws a correlated EXISTS.
func (g *shapes) exists() string {
	g.used["EXISTS"], g.used["correlated"] = true, true
	scope := g.scope
	from, inside := g.source()
	where := g.atomOf(inside, 'T') + " = " + g.atomOf(scope, 'T')
	if g.one(2) {
		where += " AND " + g.atomOf(inside, 'I') + g.pick(" > ", " <> ") + g.atomOf(scope, 'I')
	}
	return "EXISTS (SELECT 1 FROM " + from + " WHERE " + where + ")"
}

// aggregate draws an aggregate of the kind.
func (g *shapes) aggregate(kind byte) string {
	filter := ""
	if g.one(5) {
		filter = " FILTER (WHERE " + g.flat('B') + ")"
	}
	switch kind {
	case 'T':
		return g.pick("max("+g.flat('T')+")", "arbitrary("+g.flat('T')+")", "max_by("+g.atom('T')+", "+g.atom('I')+")") + filter
	case 'I':
		return g.pick("count(*)", "count(DISTINCT "+g.flat('T')+")", "sum("+g.flat('I')+")", "min("+g.flat('I')+")", "count_if("+g.flat('B')+")") + filter
	case 'D':
		return g.pick("avg("+g.flat('I')+")", "sum("+g.flat('D')+")") + filter
	case 'B':
		return g.pick("bool_or", "bool_and") + "(" + g.flat('B') + ")" + filter
	case 'E':
		return g.pick("min", "max") + "(" + g.flat('E') + ")" + filter
	}
	return "array_agg(" + g.pick("", "DISTINCT ") + g.flat('T') + ")" + filter
}

// window draws a call over the rows around each row.
func (g *shapes) window(kind byte) string {
	g.used["window"] = true
	var over []string
	if g.one(2) {
		over = append(over, "PARTITION BY "+g.flat('T'))
	}
	order := "ORDER BY " + g.flat(g.pick("I", "T", "E")[0]) + g.pick("", " DESC", " NULLS FIRST")
	if !g.one(4) {
		over = append(over, order)
	} else {
		order = ""
	}
	frame := ""
	if order != "" && g.one(2) {
		g.used["frame"] = true
		frame = " " + g.pick("ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING", "ROWS UNBOUNDED PRECEDING", "ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING")
	}
	plain := "OVER (" + strings.Join(over, " ") + ")"
	framed := "OVER (" + strings.Join(over, " ") + frame + ")"
	x := g.flat(kind)
	value := g.pick("lag("+x+") ", "lead("+x+", 2) ", "lag("+x+", 1, "+x+") ", "lag("+x+") IGNORE NULLS ") + plain
	firsts := g.pick("first_value", "last_value") + "(" + x + ") " + g.pick("", "IGNORE NULLS ") + framed
	switch {
	case kind == 'I' && g.one(2):
		return g.pick("row_number() "+plain, "ntile(3) "+plain, "count(*) "+framed, "sum("+x+") "+framed, "count("+x+") FILTER (WHERE "+g.flat('B')+") "+framed)
	case kind == 'I' && order != "" && g.one(3):
		return g.pick("rank() ", "dense_rank() ") + plain
	case kind == 'D' && g.one(2):
		return g.pick("avg("+g.flat('I')+") "+framed, "sum("+x+") "+framed)
	case kind == 'B' && g.one(2):
		return "bool_or(" + x + ") " + framed
	}
	return g.pick(value, firsts)
}
