// Random queries of every shape: joins, set operations, subqueries, windows,
// lambdas, arrays as rows, stages.

package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"tocsin/query"
)

// TestRandomShapesRun: whatever the planner lets through, the engine can read,
// and its answer does not depend on the order in which records lie in their
// tables. Only values may be at fault (a number out of range), never the
// statement.
func TestRandomShapesRun(t *testing.T) { runShapes(t, 0, 1200) }

// shapesRows is how many rows of an answer are looked at.
const shapesRows = 1000

func runShapes(t *testing.T, from, to uint64) {
	t.Helper()
	conn, turned := conformanceConn(t), conformanceConn(t)
	for _, table := range []string{"cloudtrail", "findings", "accounts"} {
		if _, err := turned.ExecContext(context.Background(), "CREATE OR REPLACE TABLE "+table+" AS SELECT * FROM "+table+" ORDER BY ALL DESC"); err != nil {
			t.Fatal(err)
		}
	}
	schema := conformanceSchema(t)
	window := query.Window{From: time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)}
	ran, rows, refused, used := 0, 0, map[string]int{}, map[string]int{}
	for seed := from; seed < to; seed++ {
		g := newShapes(seed)
		text := g.query()
		q, err := query.Parse(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		p, err := q.Plan(schema, query.Options{Logstore: "cloudtrail", MaxRows: shapesRows})
		if err != nil {
			refused[firstProblem(err)]++
			continue
		}
		for word := range g.used {
			used[word]++
		}
		ran++
		got, err := shapeRows(t, conn, p, window)
		other, err2 := shapeRows(t, turned, p, window)
		switch {
		case err != nil && !valueFault(err):
			s := p.SQL(query.DuckDB(), window)
			t.Errorf("%s: %.300v\n%s %v", text, err, s.Text, s.Args)
		case len(got) > shapesRows: // cut: which rows remain depends on the order
		case err == nil && err2 == nil && !slices.Equal(got, other):
			t.Errorf("%s: %v, and over turned tables %v", text, got, other)
		}
		rows += len(got)
	}
	t.Logf("%d of %d ran and gave %d rows; refused: %v", ran, to-from, rows, refused)
	if ran < int(to-from)*3/4 || rows < ran {
		t.Errorf("only %d ran, with %d rows", ran, rows)
	}
	for _, word := range shapeWords {
		if used[word] < 10 {
			t.Errorf("%s ran %d times", word, used[word])
		}
	}
}

// shapeRows are the rows of a plan as texts, sorted.
func shapeRows(t *testing.T, conn *sql.Conn, p *query.Plan, w query.Window) (out []string, err error) {
	t.Helper()
	s := p.SQL(query.DuckDB(), w)
	rows, err := conn.QueryContext(context.Background(), s.Text, s.Args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	for rows.Next() {
		vals, ptrs := make([]any, len(names)), make([]any, len(names))
		for i := range vals {
			ptrs[i] = &vals[i]
		}
		if err := rows.Scan(ptrs...); err != nil {
			return nil, err
		}
		if p.RowIdentity() {
			vals = vals[1:]
		}
		for i, c := range p.Columns() {
			checkType(t, s.Text, c, vals[i])
		}
		out = append(out, fmt.Sprint(vals...))
	}
	slices.Sort(out)
	return out, rows.Err()
}

// firstProblem is the first message of an error, without what is particular.
func firstProblem(err error) string {
	_, message, _ := strings.Cut(err.Error(), ": ")
	message, _, _ = strings.Cut(message, " (")
	return message
}

// shapeWords are what the generator has to have made.
var shapeWords = []string{
	"JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "CROSS JOIN", "comma", "USING", "lookup", "UNNEST", "ORDINALITY", "WITH", "UNION", "INTERSECT", "EXCEPT",
	"scalar", "IN", "EXISTS", "correlated", "window", "frame", "window over groups", "lambda", "reduce", "zone", "group", "distinct", "stage", "limit",
}

// shapes draws queries over the schema of the conformance cases.
type shapes struct {
	rng   *rand.Rand
	names int
	used  map[string]bool
	scope []shapeColumn // what expressions can name
	outer []shapeColumn // of the query around a subquery
	room  int           // how much more may be drawn
}

// A shapeColumn is a name that an expression can use. Kinds: T text, I integer, D
// double, B boolean, E time, J JSON, A array of text.
type shapeColumn struct {
	ref  string
	kind byte
}

func newShapes(seed uint64) *shapes {
	return &shapes{rng: rand.New(rand.NewPCG(seed, 7)), used: map[string]bool{}, room: 60}
}

func (g *shapes) pick(list ...string) string { return list[g.rng.IntN(len(list))] }

func (g *shapes) one(n int) bool { return g.rng.IntN(n) == 0 }

func (g *shapes) name(prefix string) string {
	g.names++
	return fmt.Sprintf("%s%d", prefix, g.names)
}

func (g *shapes) kinds() string {
	var b strings.Builder
	for range 1 + g.rng.IntN(3) {
		b.WriteByte("TTTIIIDBEA"[g.rng.IntN(10)])
	}
	return b.String()
}

// query draws a whole query: a filter and one to three stages.
func (g *shapes) query() string {
	filter := g.pick("*", "*", "eventName:Get* or cnt > 1", "not errorCode:*")
	kinds := g.kinds()
	text, cols := g.selects(kinds)
	text = filter + " | " + text
	if !strings.Contains(text, "FROM log") && !strings.HasPrefix(text, "* ") {
		text = "*" + strings.TrimPrefix(text, filter)
	}
	for range g.rng.IntN(3) {
		g.used["stage"] = true
		g.scope, g.outer = cols, nil
		kinds = g.kinds()
		var stage string
		stage, cols = g.core(kinds, "")
		text += " | " + stage
	}
	return text
}

// selects draws a SELECT, or several, that give columns of the kinds, and
// returns what names them.
func (g *shapes) selects(kinds string) (string, []shapeColumn) {
	with := ""
	var named []shapeColumn
	t := ""
	if g.room > 20 && g.one(6) {
		g.used["WITH"] = true
		t = g.name("w")
		inner := g.kinds()
		var q string
		q, named = g.selects(inner)
		with = "WITH " + t + " AS (" + q + ") "
	}
	from, scope := g.from()
	if t != "" && g.one(2) {
		a, b := g.name("a"), g.name("b")
		from, scope = t+" AS "+a+" CROSS JOIN "+t+" AS "+b, append(qualify(a, named), qualify(b, named)...)
	} else if t != "" {
		from, scope = t, named
	}
	g.scope = scope
	text, cols := g.core(kinds, " FROM "+from)
	for g.room > 10 && g.one(6) {
		op := g.pick("UNION", "UNION ALL", "INTERSECT", "INTERSECT ALL", "EXCEPT", "EXCEPT ALL")
		g.used[strings.TrimSuffix(op, " ALL")] = true
		g.room -= 10
		from, g.scope = g.from()
		right, _ := g.core(kinds, " FROM "+from)
		if g.one(4) {
			right = "(" + right + ")"
		}
		text = text + " " + op + " " + right
	}
	return with + text + g.tail(cols), cols
}

// tail draws ORDER BY and LIMIT over columns.
func (g *shapes) tail(cols []shapeColumn) string {
	out := ""
	if g.one(3) {
		out = " ORDER BY " + cols[g.rng.IntN(len(cols))].ref + g.pick("", " DESC", " NULLS FIRST")
		if g.one(2) {
			out += ", 1"
		}
	}
	if g.one(4) {
		g.used["limit"] = true
		out += g.pick(" LIMIT 3", " LIMIT 2 OFFSET 1", " LIMIT 0", " LIMIT 1, 4")
	}
	return out
}

// core draws one SELECT without order and limit.
func (g *shapes) core(kinds, from string) (string, []shapeColumn) {
	grouped := g.one(3)
	var items, groups []string
	var cols []shapeColumn
	for i := range kinds {
		k, name := kinds[i], g.name("c")
		var x string
		switch {
		case grouped && (i == 0 || g.one(3)) && k != 'A':
			x = g.expr(k, 2)
			groups = append(groups, name)
			if isConstant(x) {
				x, groups = g.aggregate(k), groups[:len(groups)-1]
			}
		case grouped && k == 'I' && g.one(4):
			g.used["window over groups"] = true
			x = g.pick("row_number() OVER (ORDER BY count(*))", "sum(count(*)) OVER ()", "rank() OVER (ORDER BY max("+g.atom('I')+"))")
		case grouped:
			x = g.aggregate(k)
		case g.one(5):
			x = g.window(k)
		default:
			x = g.expr(k, 2)
		}
		items = append(items, x+" AS "+name)
		cols = append(cols, shapeColumn{name, k})
	}
	text := "SELECT "
	if !grouped && g.one(8) {
		g.used["distinct"] = true
		text += "DISTINCT "
	}
	text += strings.Join(items, ", ") + from
	if g.one(3) {
		text += " WHERE " + g.expr('B', 2)
	}
	if len(groups) > 0 {
		g.used["group"] = true
		text += " GROUP BY " + strings.Join(groups, ", ")
		if g.one(4) {
			text += " HAVING count(*) > " + g.pick("0", "1")
		}
	}
	return text, cols
}

func isConstant(x string) bool {
	return !strings.ContainsAny(x, "(") && (x[0] == '\'' || x[0] >= '0' && x[0] <= '9' || x == "NULL" || x == "true" || strings.HasPrefix(x, "TIMESTAMP"))
}

func qualify(alias string, cols []shapeColumn) []shapeColumn {
	out := make([]shapeColumn, len(cols))
	for i, c := range cols {
		out[i] = shapeColumn{alias + "." + c.ref, c.kind}
	}
	return out
}

// from draws what FROM reads.
func (g *shapes) from() (string, []shapeColumn) {
	text, cols := g.source()
	for g.room > 5 && g.one(3) {
		g.room -= 5
		if g.one(3) {
			text, cols = g.unnest(text, cols)
			continue
		}
		right, more := g.source()
		both := append(cols[:len(cols):len(cols)], more...)
		kind := g.pick("JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "CROSS JOIN", "comma")
		g.used[kind] = true
		switch kind {
		case "CROSS JOIN":
			text += " CROSS JOIN " + right
		case "comma":
			text += ", " + right
		case "FULL JOIN":
			text += " FULL JOIN " + right + " ON " + g.atomOf(cols, 'T') + " = " + g.atomOf(more, 'T')
		default:
			g.scope = both
			text += " " + kind + " " + right + " ON " + g.pick(g.atomOf(cols, 'T')+" = "+g.atomOf(more, 'T'), g.atomOf(cols, 'I')+" < "+g.atomOf(more, 'I')+" AND "+g.flat('B'))
		}
		cols = both
	}
	return text, cols
}

// source draws one source, with an alias.
func (g *shapes) source() (string, []shapeColumn) {
	a := g.name("s")
	switch g.rng.IntN(7) {
	case 0:
		g.used["lookup"] = true
		return "accounts AS " + a, qualify(a, []shapeColumn{{"account", 'T'}, {"name", 'T'}, {"owner", 'T'}, {"criticality", 'I'}})
	case 1:
		return "findings " + a, qualify(a, []shapeColumn{{"status", 'T'}, {"check_item", 'T'}, {"@severity", 'T'}, {"@time", 'E'}, {"__seq__", 'I'}, {"@account", 'T'}})
	case 2:
		if g.room > 15 {
			g.room -= 15
			text, cols := g.selects(g.kinds())
			return "(" + text + ") " + a, qualify(a, cols)
		}
	case 3:
		if g.room > 15 {
			g.room -= 15
			g.used["USING"] = true
			x, y, k := g.name("s"), g.name("s"), g.name("k")
			return fmt.Sprintf("(SELECT %[3]s, m1, %[2]s.m2 FROM (SELECT @account AS %[3]s, max(cnt) AS m1 FROM log GROUP BY %[3]s) AS %[1]s %[4]s (SELECT account AS %[3]s, count(*) AS m2 FROM accounts GROUP BY %[3]s) AS %[2]s USING (%[3]s)) %[5]s",
				x, y, k, g.pick("JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"), a), qualify(a, []shapeColumn{{k, 'T'}, {"m1", 'I'}, {"m2", 'I'}})
		}
	}
	return "log AS " + a, qualify(a, []shapeColumn{
		{"eventName", 'T'},
		{"errorCode", 'T'},
		{"eventSource", 'T'},
		{"@account", 'T'},
		{"cnt", 'I'},
		{"__seq__", 'I'},
		{"score", 'D'},
		{"readOnly", 'B'},
		{"@time", 'E'},
		{"requestParameters.size", 'J'},
		{"requestParameters", 'J'},
		{"userIdentity.arn", 'T'},
		{"resources", 'J'},
		{"requestParameters.bucketName", 'J'},
	})
}

// unnest puts the elements of an array beside a source.
func (g *shapes) unnest(text string, cols []shapeColumn) (string, []shapeColumn) {
	g.used["UNNEST"] = true
	g.scope = cols
	t, x := g.name("u"), g.name("x")
	names, more := "("+x, []shapeColumn{{t + "." + x, 'T'}}
	args := g.flat('A')
	if g.one(4) {
		y := g.name("x")
		args, names, more = args+", ARRAY["+g.flat('I')+", 2]", names+", "+y, append(more, shapeColumn{t + "." + y, 'I'})
	}
	ordinal := ""
	if g.one(3) {
		g.used["ORDINALITY"] = true
		o := g.name("o")
		ordinal, names, more = " WITH ORDINALITY", names+", "+o, append(more, shapeColumn{t + "." + o, 'I'})
	}
	both := append(cols[:len(cols):len(cols)], more...)
	if g.one(3) {
		return text + " LEFT JOIN UNNEST(" + args + ")" + ordinal + " AS " + t + names + ") ON true", both
	}
	return text + " CROSS JOIN UNNEST(" + args + ")" + ordinal + " AS " + t + names + ")", both
}
