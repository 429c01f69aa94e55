// The dialect of DuckDB: statement, clauses, the window. Expressions are in
// duckdb_value.go, the search half is in duckdb_search.go.

package query

import (
	"fmt"
	"strings"
	"time"
)

// DuckDB returns the dialect of DuckDB with the functions of DuckDBFunctions
// registered and the time zone UTC. Its statements hold no text of the user:
// names come from the schema, or are ours (c0, g0, a0, seq), and constants are
// parameters.
func DuckDB() Dialect { return duckDB{} }

type duckDB struct{}

// Name implements Dialect.
func (duckDB) Name() string { return "duckdb" }

func (duckDB) statement(p *Plan, w Window) Statement {
	d := &duckPrinter{window: w}
	d.selection(p.root, p.maxRows)
	return Statement{Text: d.b.String(), Args: d.args}
}

// A duckPrinter writes one statement. The zero value writes expressions.
type duckPrinter struct {
	b      strings.Builder
	args   []any
	window Window
}

func (d *duckPrinter) print(parts ...string) {
	for _, s := range parts {
		d.b.WriteString(s)
	}
}

// param writes a parameter. A time goes as microseconds, so that no zone of
// the session can change it.
func (d *duckPrinter) param(v any) {
	switch v := v.(type) {
	case nil:
		d.print("NULL")
		return
	case int64:
		d.print("CAST(? AS BIGINT)")
	case float64:
		d.print("CAST(? AS DOUBLE)")
	case time.Time:
		d.print("make_timestamp(CAST(? AS BIGINT))")
		d.args = append(d.args, v.UnixMicro())
		return
	default:
		d.print("?")
	}
	d.args = append(d.args, v)
}

// name writes an identifier of the schema or of ours.
func (d *duckPrinter) name(s string) {
	d.print(`"`, strings.ReplaceAll(s, `"`, `""`), `"`)
}

// list writes n things with commas between them.
func (d *duckPrinter) list(n int, each func(i int)) {
	for i := range n {
		if i > 0 {
			d.print(", ")
		}
		each(i)
	}
}

// selection writes a SELECT; maxRows > 0 bounds its rows to one more.
func (d *duckPrinter) selection(s *selection, maxRows int) {
	d.print("SELECT ")
	if s.distinct {
		d.print("DISTINCT ")
	}
	if s.seq {
		d.print(`"seq"`)
		if len(s.items) > 0 {
			d.print(", ")
		}
	}
	d.list(len(s.items), func(i int) {
		d.value(s.items[i])
		d.print(" AS ", resultName(i))
	})
	d.print(" FROM ")
	if s.grouped {
		d.print("(")
		d.groups(s)
		d.print(")")
		if s.having != nil {
			d.print(" WHERE ")
			d.value(s.having)
		}
	} else {
		d.from(s)
	}
	d.order(s)
	d.limit(s, maxRows)
}

// groups writes the grouping of s: its groups as g0… and aggregates as a0….
func (d *duckPrinter) groups(s *selection) {
	d.print("SELECT ")
	d.list(len(s.groups), func(i int) {
		d.value(s.groups[i])
		d.print(" AS ", groupName(i))
	})
	if len(s.groups) > 0 && len(s.aggs) > 0 {
		d.print(", ")
	}
	d.list(len(s.aggs), func(i int) {
		d.aggregate(s.aggs[i])
		d.print(" AS ", aggName(i))
	})
	d.print(" FROM ")
	d.from(s)
	if len(s.groups) > 0 {
		d.print(" GROUP BY ")
		d.list(len(s.groups), func(i int) { d.print(fmt.Sprint(i + 1)) })
	}
}

// from writes what s reads, and its WHERE.
func (d *duckPrinter) from(s *selection) {
	d.print("(")
	if s.table != nil {
		d.table(s.table)
	} else {
		d.selection(s.from, 0)
	}
	d.print(")")
	if s.where != nil {
		d.print(" WHERE ")
		d.value(s.where)
	}
}

// table writes the records of a logstore that the window and the filter leave.
// They stand in a subquery of their own: nothing that a user wrote is beside
// the window's conditions.
func (d *duckPrinter) table(t *tableRead) {
	d.print("SELECT * FROM ")
	d.name(t.store.Table)
	sep := " WHERE "
	and := func() { d.print(sep); sep = " AND " }
	if !t.store.NoWindow {
		if !d.window.From.IsZero() {
			and()
			d.print(`"time" >= `)
			d.param(d.window.From)
		}
		if !d.window.To.IsZero() {
			and()
			d.print(`"time" < `)
			d.param(d.window.To)
		}
	}
	if d.window.AfterSeq > 0 {
		and()
		d.print(`"seq" > `)
		d.param(d.window.AfterSeq)
	}
	if d.window.UpToSeq > 0 {
		and()
		d.print(`"seq" <= `)
		d.param(d.window.UpToSeq)
	}
	if _, all := t.filter.(predAll); t.filter != nil && !all {
		and()
		d.pred(t.filter, false)
	}
}

func (d *duckPrinter) order(s *selection) {
	if len(s.order) == 0 {
		return
	}
	d.print(" ORDER BY ")
	d.list(len(s.order), func(i int) { d.sortKey(s.order[i], s.seq) })
}

// sortKey writes a key: an ordinal, which the hidden seq moves by one, or an
// expression. NULL comes last in either direction, as in Presto.
func (d *duckPrinter) sortKey(k sortKey, seq bool) {
	switch {
	case k.item < 0:
		d.value(k.x)
	case seq:
		d.print(fmt.Sprint(k.item + 2))
	default:
		d.print(fmt.Sprint(k.item + 1))
	}
	if k.desc {
		d.print(" DESC")
	}
	if k.nullsFirst {
		d.print(" NULLS FIRST")
	} else {
		d.print(" NULLS LAST")
	}
}

func (d *duckPrinter) limit(s *selection, maxRows int) {
	n := s.limit
	if maxRows > 0 && (n < 0 || n > int64(maxRows)) {
		n = int64(maxRows) + 1
	}
	if n >= 0 {
		d.print(" LIMIT ", fmt.Sprint(n))
	}
	if s.offset > 0 {
		d.print(" OFFSET ", fmt.Sprint(s.offset))
	}
}

// typedText tells values of different types apart.
func typedText(v any) string { return fmt.Sprintf("%T %v", v, v) }
