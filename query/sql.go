// Plans as SQL: statement, clauses, the window. Expressions are in
// sql_value.go, the search half is in sql_search.go. What differs between the
// dialects is in an engine: duckdb*.go, trino*.go.

package query

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// An engine is what one dialect writes in its own way. Everything else is
// written once, by a sqlPrinter.
type engine interface {
	// form is how a function of the table, or one that the printer needs, is
	// written with n arguments: $1 … are the arguments, $* all of them.
	form(fn string, n int) string
	// cast is the form of a conversion, without the cut to the day.
	cast(v *conversion) string
	// typeName is what the engine calls the type of a column or value.
	typeName(t Type) string
	// aggregate is an aggregate as the engine knows it, and the form around it.
	aggregate(a *aggregate) (*aggregate, string)
	// rewrite is a call whose constants are written as the engine reads them.
	rewrite(c *call) *call
	// functions declares the functions of ours that a statement calls, in front
	// of it.
	functions(statement string) string

	// param writes a constant as a parameter.
	param(d *sqlPrinter, v any)
	// nullsInside reports whether IGNORE NULLS stands inside of the call.
	nullsInside() bool
	// lambda writes x -> ….
	lambda(d *sqlPrinter, v *lambda)
	// unnest writes what follows the left relation of u.
	unnest(d *sqlPrinter, u *unnested)
	// array writes ARRAY[…].
	array(d *sqlPrinter, v *array)
	// jsonAt writes the value below a path of a JSON text.
	jsonAt(d *sqlPrinter, v *jsonAt)
	// jsonTest writes a test of the values below a path of a JSON text.
	jsonTest(d *sqlPrinter, l *leaf)
	// glob writes a test of the whole of a text, which x writes, against a
	// pattern that is more than a*, *a or *a*.
	glob(d *sqlPrinter, x func(), parts []Glob, exact bool)
	// listed writes a test of a text, which x writes, against a long list.
	listed(d *sqlPrinter, x func(), l *listSpec)
	// kept is the column that the tables of the engine have, of a column and its
	// shape, or "".
	kept(column, shape string) string
	// word writes a test of the tokens of a text, which x writes.
	word(d *sqlPrinter, x func(), parts []Glob, exact bool)
}

// A sqlPrinter writes one statement for an engine. Its statements hold no text of
// the user: names come from the schema, or are ours (c0, g0, a0, seq), and
// constants are parameters.
type sqlPrinter struct {
	engine engine
	b      strings.Builder
	args   []any
	window Window
	filter bool              // the search half is written, where an engine may join
	outers [][]value         // what the outerRefs of the open subqueries stand for
	parts  map[*param]string // what follows a parameter that is a struct here
	tally  *tally            // what is written; nil: nobody asks
}

// maxStatement bounds the text of a statement. A form may write an argument more
// than once, so that nested calls could double it without end.
const maxStatement = 4 << 20

// full reports whether the statement has become too large; from then on nothing
// is written. Plan refuses such a query.
func (d *sqlPrinter) full() bool { return d.b.Len() > maxStatement }

func (d *sqlPrinter) print(parts ...string) {
	if d.full() {
		return
	}
	for _, s := range parts {
		d.b.WriteString(s)
	}
}

// param writes a constant, as a parameter.
func (d *sqlPrinter) param(v any) { d.engine.param(d, v) }

// arg writes a parameter in a form, whose $ stands for it.
func (d *sqlPrinter) arg(form string, v any) {
	d.print(strings.Replace(form, "$", "?", 1))
	d.args = append(d.args, v)
}

// name writes an identifier of the schema or of ours.
func (d *sqlPrinter) name(s string) {
	d.print(`"`, strings.ReplaceAll(s, `"`, `""`), `"`)
}

// column writes a column of the table, or its shape.
func (d *sqlPrinter) column(name, shape string) {
	name = d.engine.kept(name, shape)
	if d.tally != nil {
		d.tally.names[name] = true
	}
	d.name(name)
}

// list writes n things with commas between them.
func (d *sqlPrinter) list(n int, each func(i int)) {
	for i := range n {
		if i > 0 {
			d.print(", ")
		}
		each(i)
	}
}

// selection writes a SELECT; maxRows > 0 bounds its rows to one more.
func (d *sqlPrinter) selection(s *selection, maxRows int) {
	if d.full() {
		return
	}
	d.print("SELECT ")
	if s.distinct {
		d.print("DISTINCT ")
	}
	if s.seq != nil {
		d.value(s.seq)
		d.print(` AS "seq"`)
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
		d.print(") AS ", relationName(s.gid))
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
func (d *sqlPrinter) groups(s *selection) {
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
func (d *sqlPrinter) from(s *selection) {
	d.relation(s.from)
	if s.where != nil {
		d.print(" WHERE ")
		d.value(s.where)
	}
}

// sqlType is the name of a type where a time is called stamp, and array names the
// arrays of a type.
func sqlType(t Type, stamp string, array func(elem string) string) string {
	switch {
	case t.IsArray():
		return array(sqlType(t.Elem(), stamp, array))
	case t.IsMap():
		return "MAP(" + sqlType(t.Key(), stamp, array) + ", " + sqlType(t.Elem(), stamp, array) + ")"
	}
	switch t {
	case Integer:
		return "BIGINT"
	case Double:
		return "DOUBLE"
	case Boolean:
		return "BOOLEAN"
	case Time:
		return stamp
	}
	return "VARCHAR"
}

// relation writes one source, or several joined ones.
func (d *sqlPrinter) relation(r relation) {
	switch r := r.(type) {
	case *named:
		d.print("(")
		d.rowset(r.rows)
		d.print(") AS ", relationName(r.id))
	case *joined:
		d.relation(r.left)
		d.print(" ", string(r.kind), " ")
		d.relation(r.right)
		if r.on != nil {
			d.print(" ON ")
			d.value(r.on)
		}
	case *unnested:
		d.relation(r.left)
		d.engine.unnest(d, r)
	}
}

// rowset writes what gives rows.
func (d *sqlPrinter) rowset(r rowset) {
	switch r := r.(type) {
	case *tableRead:
		d.table(r)
	case *selection:
		d.selection(r, 0)
	case *combined:
		d.print("(")
		d.rowset(r.left)
		d.print(") ", string(r.op))
		if r.all {
			d.print(" ALL")
		}
		d.print(" (")
		d.rowset(r.right)
		d.print(")")
	}
}

// relationName is the name of a relation in a statement.
func relationName(id int) string { return "r" + strconv.Itoa(id) }

// table writes the records of a logstore that the window and the filter leave.
// They stand in a subquery of their own: nothing that a user wrote is beside
// the window's conditions.
func (d *sqlPrinter) table(t *tableRead) {
	if d.tally != nil {
		d.tally.tables = append(d.tally.tables, t)
	}
	d.print("SELECT *")
	d.bounded(t)
}

// bounded writes the FROM and WHERE of a table.
func (d *sqlPrinter) bounded(t *tableRead) {
	d.print(" FROM ")
	d.name(t.store.Table)
	switch {
	case t.store.Pinned:
		d.pin()
	case t.store.History:
		d.print("()")
	}
	numbered := !t.store.Lookup && !t.store.History
	sep := " WHERE "
	and := func() { d.print(sep); sep = " AND " }
	if !t.store.NoWindow && !t.store.Lookup {
		from := d.window.From
		if t.length > 0 && !d.window.To.IsZero() {
			from = d.window.To.Add(-t.length)
		}
		if !from.IsZero() {
			and()
			d.print(`"time" >= `)
			d.param(from)
		}
		if !d.window.To.IsZero() {
			and()
			d.print(`"time" < `)
			d.param(d.window.To)
		}
	}
	if d.window.AfterSeq > 0 && numbered {
		and()
		d.print(`"seq" > `)
		d.param(d.window.AfterSeq)
	}
	if d.window.UpToSeq > 0 && numbered && !t.store.Pinned {
		and()
		d.print(`"seq" <= `)
		d.param(d.window.UpToSeq)
	}
	if _, all := t.filter.(predAll); t.filter != nil && !all {
		and()
		d.filter = true
		d.pred(t.filter, false)
		d.filter = false
	}
}

// pin writes the __seq__ at which a snapshot of versions is read.
func (d *sqlPrinter) pin() {
	at := d.window.UpToSeq
	if at == 0 {
		at = math.MaxInt64
	}
	d.print("(")
	d.param(at)
	d.print(")")
}

func (d *sqlPrinter) order(s *selection) {
	if len(s.order) == 0 {
		return
	}
	d.print(" ORDER BY ")
	d.list(len(s.order), func(i int) { d.sortKey(s.order[i], s.seq != nil) })
}

// sortKey writes a key: an ordinal, which the hidden seq moves by one, or an
// expression. NULL comes last in either direction, as in Presto.
func (d *sqlPrinter) sortKey(k sortKey, seq bool) {
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

func (d *sqlPrinter) limit(s *selection, maxRows int) {
	n := s.limit
	if maxRows > 0 && (n < 0 || n > int64(maxRows)) {
		n = int64(maxRows) + 1
	}
	if s.offset > 0 {
		d.print(" OFFSET ", fmt.Sprint(s.offset)) // before LIMIT, where Trino wants it
	}
	if n >= 0 {
		d.print(" LIMIT ", fmt.Sprint(n))
	}
}

// typedText tells values of different types apart.
func typedText(v any) string { return fmt.Sprintf("%T %v", v, v) }
