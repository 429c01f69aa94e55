// The dialect of DuckDB. How it writes functions is in duckdb_functions.go; the
// functions of ours that it calls are in duckdb_udf.go.

package query

import (
	"strconv"
	"strings"
	"time"
)

// DuckDB returns the dialect of DuckDB with the functions of DuckDBFunctions
// registered and the time zone UTC.
func DuckDB() Dialect { return duckDB{} }

type duckDB struct{}

// Name implements Dialect.
func (duckDB) Name() string { return "duckdb" }

// param writes a parameter. A time goes as microseconds, so that no zone of
// the session can change it.
func (duckDB) param(d *sqlPrinter, v any) {
	switch v := v.(type) {
	case nil:
		d.print("NULL")
	case int64:
		d.arg("CAST($ AS BIGINT)", v)
	case float64:
		d.arg("CAST($ AS DOUBLE)", v)
	case time.Time:
		d.arg("make_timestamp(CAST($ AS BIGINT))", v.UnixMicro())
	default:
		d.arg("$", v)
	}
}

func (e duckDB) typeName(t Type) string {
	switch {
	case t.IsArray():
		return e.typeName(t.Elem()) + "[]"
	case t.IsMap():
		return "MAP(" + e.typeName(t.Key()) + ", " + e.typeName(t.Elem()) + ")"
	}
	switch t {
	case Integer:
		return "BIGINT"
	case Double:
		return "DOUBLE"
	case Boolean:
		return "BOOLEAN"
	case Time:
		return "TIMESTAMP"
	}
	return "VARCHAR"
}

// cast goes from text through functions of ours, which read numbers as Presto
// does (1.5 is no bigint, inf and 1_000 are no number).
func (e duckDB) cast(v *conversion) string {
	from, try := v.x.typ(), strconv.FormatBool(v.try)
	switch {
	case v.to == Time && from == Time, v.to.textual() && from.textual():
		return "$1"
	case v.to.textual() && from == Double:
		return "tocsin_double_text($1)"
	case v.to == Integer && from == Double: // a half goes away from zero
		return map[bool]string{true: "TRY_"}[v.try] + "CAST(round($1) AS BIGINT)"
	case v.to.textual() && from == Time && isDay(v.x):
		return "strftime($1, '%Y-%m-%d')"
	case v.to.textual() && from == Time:
		return "strftime($1, '%Y-%m-%d %H:%M:%S.%g')"
	case !from.textual():
		return map[bool]string{true: "TRY_"}[v.try] + "CAST($1 AS " + e.typeName(v.to) + ")"
	case v.to.IsArray():
		return "tocsin_json_array_" + strings.ToLower(v.to.Elem().String()) + "($1, " + try + ")"
	case v.to.IsMap():
		return "map(tocsin_json_keys($1, " + try + "), tocsin_json_values_" + strings.ToLower(v.to.Elem().String()) + "($1, " + try + "))"
	case v.to == Integer:
		return "tocsin_integer($1, " + try + ")"
	case v.to == Double:
		return "tocsin_number($1, " + try + ")"
	case v.to == Boolean:
		return "tocsin_boolean($1, " + try + ")"
	default:
		return "make_timestamp(tocsin_time($1, " + try + "))"
	}
}

func (e duckDB) aggregate(a *aggregate) (*aggregate, string) {
	c, form := *a, "$1"
	switch {
	case a.fn == "sum" && a.t == Integer, a.fn == "count_if", a.fn == "count" && a.distinct:
		form = "CAST($1 AS BIGINT)"
	case a.fn == "array_agg" && a.distinct:
		form = "list_sort($1, 'ASC', 'NULLS LAST')"
	}
	switch a.fn {
	case "first_stored":
		c.fn = "arg_min"
	case "approx_distinct":
		c.fn = "approx_count_distinct"
	case "histogram":
		form = "CAST($1 AS " + e.typeName(a.t) + ")"
	case "map_agg", "multimap_agg": // entries in the order of their keys
		c.args = []value{&call{fn: "pair", args: a.args, t: a.args[1].typ()}}
		if !fixed(a.args[0]) {
			c.order = append([]sortKey{{item: -1, x: a.args[0]}}, a.order...)
		}
	case "geometric_mean":
		c.args = []value{&call{fn: "log_or_limit", args: a.args, t: Double}}
	}
	if known, ok := duckAggregates[a.fn]; ok {
		c.fn, form = known.fn, known.form
	}
	return &c, form
}

func (duckDB) array(d *sqlPrinter, v *array) { d.form("[$*]", d.values(v.items)...) }

func (duckDB) nullsInside() bool { return true }

func (duckDB) lambda(d *sqlPrinter, v *lambda) {
	d.print("lambda ")
	d.list(len(v.params), func(i int) { d.value(v.params[i]) })
	d.print(": ")
	d.value(v.body)
}

// unnest writes a lateral subquery: several unnest in one SELECT go side by side.
func (e duckDB) unnest(d *sqlPrinter, u *unnested) {
	if u.outer {
		d.print(" LEFT")
	} else {
		d.print(" CROSS")
	}
	d.print(" JOIN LATERAL (SELECT ")
	d.list(len(u.args), func(i int) {
		d.print("unnest(")
		d.value(u.args[i])
		d.print(") AS ", resultName(i))
	})
	if u.ordinal {
		d.print(", unnest(generate_series(1, greatest(")
		d.list(len(u.args), func(i int) {
			d.print("coalesce(len(")
			d.value(u.args[i])
			d.print("), 0)")
		})
		d.print("))) AS ", resultName(len(u.args)))
	}
	d.print(") AS ", relationName(u.id))
	if u.outer {
		d.print(" ON true")
	}
}

func (duckDB) jsonAt(d *sqlPrinter, v *jsonAt) {
	d.form("tocsin_json_at($1, $2)", func() { d.value(v.of) }, func() { d.param(encodeSteps(v.path)) })
}

func (duckDB) jsonTest(d *sqlPrinter, l *leaf) {
	d.form("tocsin_json_any($1, $2)", func() { d.name(l.column) }, func() { d.param(l.encode()) })
}

// glob calls a function of ours, whose time is bounded (DuckDB's LIKE runs
// without end on many wildcards).
func (duckDB) glob(d *sqlPrinter, x func(), parts []Glob, exact bool) {
	d.form("tocsin_glob($1, $2, "+strconv.FormatBool(exact)+")", x, func() { d.param(encodeGlob(parts)) })
}

func (duckDB) word(d *sqlPrinter, x func(), parts []Glob, exact bool) {
	d.form("tocsin_word($1, $2, "+strconv.FormatBool(exact)+")", x, func() { d.param(encodeGlob(parts)) })
}
