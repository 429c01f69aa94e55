// Expressions as DuckDB reads them.

package query

import (
	"strconv"
	"strings"
)

// value writes an expression, in parentheses where it is more than a name or a
// call.
func (d *duckPrinter) value(v value) {
	switch v := v.(type) {
	case *constant:
		d.param(v.v)
	case *column:
		d.name(v.name)
	case *jsonAt:
		d.print("tocsin_json_at(")
		d.value(v.of)
		d.print(", ")
		d.param(encodeSteps(v.path))
		d.print(")")
	case *call:
		d.call(v)
	case *aggregate:
		d.aggregate(v)
	case *logic:
		d.logic(v)
	case *negation:
		d.print("(NOT ")
		d.value(v.x)
		d.print(")")
	case *nullTest:
		d.print("(")
		d.value(v.x)
		if v.not {
			d.print(" IS NOT NULL)")
		} else {
			d.print(" IS NULL)")
		}
	case *membership:
		d.membership(v)
	case *likeness:
		d.glob(func() { d.value(v.x) }, v.parts, true)
	case *choice:
		d.choice(v)
	case *conversion:
		d.conversion(v)
	case *shift:
		d.shift(v)
	case *array:
		d.print("[")
		d.list(len(v.items), func(i int) { d.value(v.items[i]) })
		d.print("]")
	case *instant:
		d.instant(v)
	}
}

// instant writes now(): the end of the window, so that the same statement over
// the same window gives the same answer.
func (d *duckPrinter) instant(v *instant) {
	now := d.window.Now
	if now.IsZero() {
		now = d.window.To
	}
	if now.IsZero() {
		d.print("CAST(NULL AS TIMESTAMP)")
		return
	}
	now = now.UTC()
	if v.day {
		now = now.Truncate(24 * 3600 * 1e9)
	}
	d.param(now)
}

// logic writes AND and OR; a long chain as a balanced tree, since DuckDB
// refuses an expression more than 1,000 deep.
func (d *duckPrinter) logic(v *logic) {
	op := " AND "
	if v.or {
		op = " OR "
	}
	d.balanced(len(v.xs), op, func(i int) { d.value(v.xs[i]) })
}

// balanced joins n operands by op, in brackets of at most 16.
func (d *duckPrinter) balanced(n int, op string, each func(i int)) {
	d.joined(0, n, op, each)
}

func (d *duckPrinter) joined(from, to int, op string, each func(i int)) {
	const width = 16
	if to-from == 1 {
		each(from)
		return
	}
	size := 1
	for size*width < to-from {
		size *= width
	}
	d.print("(")
	for i := from; i < to; i += size {
		if i > from {
			d.print(op)
		}
		d.joined(i, min(i+size, to), op, each)
	}
	d.print(")")
}

func (d *duckPrinter) membership(v *membership) {
	d.print("(")
	d.value(v.x)
	d.print(" IN (")
	d.list(len(v.items), func(i int) { d.value(v.items[i]) })
	d.print("))")
}

func (d *duckPrinter) choice(v *choice) {
	d.print("CASE")
	for _, w := range v.whens {
		d.print(" WHEN ")
		d.value(w.cond)
		d.print(" THEN ")
		d.value(w.then)
	}
	if v.other != nil {
		d.print(" ELSE ")
		d.value(v.other)
	}
	d.print(" END")
}

// conversion writes a cast. From text it goes through functions of ours, which
// read numbers as Presto does (1.5 is no bigint, inf and 1_000 are no number).
func (d *duckPrinter) conversion(v *conversion) {
	fn, from := "", v.x.typ()
	switch {
	case !from.textual():
	case v.to.IsArray():
		fn = "tocsin_json_texts"
	case v.to == Integer:
		fn = "tocsin_integer"
	case v.to == Double:
		fn = "tocsin_number"
	case v.to == Boolean:
		fn = "tocsin_boolean"
	case v.to == Time:
		fn = "tocsin_time"
	case v.to.textual():
		d.value(v.x)
		return
	}
	day := func() {}
	if v.day {
		d.print("date_trunc('day', ")
		day = func() { d.print(")") }
	}
	switch {
	case fn == "tocsin_json_texts":
		d.print(fn, "(")
		d.value(v.x)
		d.print(")")
	case fn == "tocsin_time":
		d.print("make_timestamp(", fn, "(")
		d.value(v.x)
		d.print(", ", strconv.FormatBool(v.try), "))")
	case fn != "":
		d.print(fn, "(")
		d.value(v.x)
		d.print(", ", strconv.FormatBool(v.try), ")")
	default:
		d.plainCast(v)
	}
	day()
}

// plainCast converts what is no text.
func (d *duckPrinter) plainCast(v *conversion) {
	switch {
	case v.x.typ() == Time && v.to.textual():
		d.print("strftime(")
		d.value(v.x)
		if v.x.typ() == Time && isDay(v.x) {
			d.print(", '%Y-%m-%d')")
		} else {
			d.print(", '%Y-%m-%d %H:%M:%S.%g')")
		}
		return
	case v.to == Time && v.x.typ() == Time:
		d.value(v.x)
		return
	}
	if v.try {
		d.print("TRY_")
	}
	d.print("CAST(")
	d.value(v.x)
	d.print(" AS ", duckType(v.to), ")")
}

// isDay reports whether a time is one of DATE.
func isDay(v value) bool {
	switch v := v.(type) {
	case *conversion:
		return v.day
	case *instant:
		return v.day
	}
	return false
}

func duckType(t Type) string {
	if t.IsArray() {
		return duckType(t.Elem()) + "[]"
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

func (d *duckPrinter) shift(v *shift) {
	d.print("(")
	d.value(v.x)
	d.print(" + CAST(")
	d.value(v.n)
	d.print(" AS INTEGER) * INTERVAL 1 ", v.unit, ")")
}

// aggregate writes a call over the rows of a group.
func (d *duckPrinter) aggregate(a *aggregate) {
	before, after := "", ""
	name := a.fn
	switch {
	case a.fn == "sum" && a.t == Integer, a.fn == "count_if", a.fn == "count" && a.distinct:
		before, after = "CAST(", " AS BIGINT)"
	case a.fn == "array_agg" && a.distinct:
		before, after = "list_sort(", ", 'ASC', 'NULLS LAST')"
	case a.fn == "first_stored":
		name = "arg_min"
	case a.fn == "max_by":
		name = "arg_max"
	case a.fn == "min_by":
		name = "arg_min"
	case a.fn == "approx_distinct":
		name = "approx_count_distinct"
	}
	d.print(before, name, "(")
	if a.distinct {
		d.print("DISTINCT ")
	}
	if len(a.args) == 0 {
		d.print("*")
	}
	d.list(len(a.args), func(i int) { d.value(a.args[i]) })
	if len(a.order) > 0 {
		d.print(" ORDER BY ")
		d.list(len(a.order), func(i int) { d.sortKey(a.order[i], false) })
	}
	d.print(")")
	if a.filter != nil {
		d.print(" FILTER (WHERE ")
		d.value(a.filter)
		d.print(")")
	}
	d.print(after)
}

// call writes a function or an operator by its form: $1 … are the arguments, $*
// all of them.
func (d *duckPrinter) call(c *call) {
	if d.operator(c) {
		return
	}
	form := duckForm(c.fn, len(c.args))
	for form != "" {
		i := strings.IndexByte(form, '$')
		if i < 0 {
			d.print(form)
			return
		}
		d.print(form[:i])
		switch c1 := form[i+1]; c1 {
		case '*':
			d.list(len(c.args), func(i int) { d.value(c.args[i]) })
		default:
			if n := int(c1 - '1'); n < len(c.args) {
				d.value(c.args[n])
			}
		}
		form = form[i+2:]
	}
}

// operator writes what stands between its operands.
func (d *duckPrinter) operator(c *call) bool {
	switch c.fn {
	case "concat":
		d.balanced(len(c.args), " || ", func(i int) { d.value(c.args[i]) })
	case "greatest", "least":
		d.print("CASE WHEN ")
		d.balanced(len(c.args), " AND ", func(i int) { d.value(c.args[i]); d.print(" IS NOT NULL") })
		d.print(" THEN ", c.fn, "(")
		d.list(len(c.args), func(i int) { d.value(c.args[i]) })
		d.print(") END")
	case "=", "<>", "<", "<=", ">", ">=", "IS DISTINCT FROM", "IS NOT DISTINCT FROM", "+", "-", "*":
		d.print("(")
		d.value(c.args[0])
		d.print(" ", c.fn, " ")
		d.value(c.args[1])
		d.print(")")
	default:
		return false
	}
	return true
}
