// Expressions as SQL.

package query

import (
	"strconv"
	"strings"
)

// value writes an expression, in parentheses where it is more than a name or a
// call.
func (d *sqlPrinter) value(v value) {
	if d.full() {
		return
	}
	switch v := v.(type) {
	case *constant:
		d.param(v.v)
	case *column:
		if v.rel > 0 {
			d.print(relationName(v.rel), ".")
		}
		d.column(v.name, v.kept)
	case *param:
		d.print("x", strconv.Itoa(v.id), d.parts[v])
	case *outerRef:
		d.outer(v)
	case *lambda:
		d.engine.lambda(d, v)
	case *windowed:
		d.windowed(v)
	case *subquery:
		d.subquery(v)
	case *inZone:
		d.value(v.x)
	case *jsonAt:
		d.engine.jsonAt(d, v)
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
	case *inList:
		d.inList(v)
	case *likeness:
		d.glob(func() { d.value(v.x) }, v.parts, true)
	case *choice:
		d.choice(v)
	case *conversion:
		d.conversion(v)
	case *shift:
		d.shift(v)
	case *array:
		d.engine.array(d, v)
	case *instant:
		d.instant(v)
	}
}

// stored reports whether v is a column of a table, whose texts were checked when
// they were stored. A column of an inner selection may hold any text.
func stored(v value) bool {
	c, ok := v.(*column)
	return ok && (len(c.name) < 2 || !strings.ContainsRune("cga", rune(c.name[0])) || strings.Trim(c.name[1:], "0123456789") != "")
}

// instant writes now(): the end of the window, so that the same statement over
// the same window gives the same answer.
func (d *sqlPrinter) instant(v *instant) {
	now := d.window.Now
	if now.IsZero() {
		now = d.window.To
	}
	if now.IsZero() {
		d.print("CAST(NULL AS ", d.engine.typeName(Time), ")")
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
func (d *sqlPrinter) logic(v *logic) {
	op := " AND "
	if v.or {
		op = " OR "
	}
	d.balanced(len(v.xs), op, func(i int) { d.value(v.xs[i]) })
}

// balanced joins n operands by op, in brackets of at most 16.
func (d *sqlPrinter) balanced(n int, op string, each func(i int)) {
	d.joined(0, n, op, each)
}

func (d *sqlPrinter) joined(from, to int, op string, each func(i int)) {
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

func (d *sqlPrinter) membership(v *membership) {
	d.print("(")
	d.value(v.x)
	d.print(" IN (")
	d.list(len(v.items), func(i int) { d.value(v.items[i]) })
	d.print("))")
}

func (d *sqlPrinter) choice(v *choice) {
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

// conversion writes a cast.
func (d *sqlPrinter) conversion(v *conversion) {
	x := func() { d.form(d.engine.cast(v), func() { d.value(v.x) }) }
	if v.day {
		d.form("date_trunc('day', $1)", x)
		return
	}
	x()
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

func (d *sqlPrinter) shift(v *shift) {
	d.form(d.engine.form("date_add_"+strings.ToLower(v.unit), 2), func() { d.value(v.n) }, func() { d.value(v.x) })
}

// aggregate writes a call over the rows of a group.
func (d *sqlPrinter) aggregate(a *aggregate) {
	a, form := d.engine.aggregate(a)
	d.form(form, func() { d.plainAggregate(a, false) })
}

// windowed writes a call over the rows around each row.
func (d *sqlPrinter) windowed(w *windowed) {
	a, form := &aggregate{fn: w.fn, args: filtered(w), t: w.t}, "$1"
	if !isWindowOnly(w.fn) {
		a, form = d.engine.aggregate(a)
	}
	d.form(form, func() {
		d.plainAggregate(a, w.noNulls)
		d.print(" OVER (")
		sep := ""
		if len(w.partition) > 0 {
			d.print("PARTITION BY ")
			d.list(len(w.partition), func(i int) { d.value(w.partition[i]) })
			sep = " "
		}
		if len(w.order) > 0 {
			d.print(sep, "ORDER BY ")
			d.list(len(w.order), func(i int) { d.sortKey(w.order[i], false) })
			sep = " "
		}
		if f := w.frame; f != nil {
			d.print(sep, f.unit, " BETWEEN ", f.from.text(), " AND ", f.to.text())
		}
		d.print(")")
	})
}

// filtered are the arguments of a window's aggregate, NULL where its filter does
// not hold: Trino takes no FILTER there, and aggregates pass NULL over.
func filtered(w *windowed) []value {
	if w.filter == nil {
		return w.args
	}
	x := value(intConst(1)) // count(*)
	if len(w.args) > 0 {
		x = w.args[0]
	}
	return append([]value{&choice{whens: []branch{{w.filter, x}}, t: x.typ()}}, w.args[min(1, len(w.args)):]...)
}

// text writes one end of a frame; its distance is a number that was checked.
func (b bound) text() string {
	if b.kind == "PRECEDING" || b.kind == "FOLLOWING" {
		return strconv.FormatInt(b.n, 10) + " " + b.kind
	}
	return b.kind
}

// subquery writes a query in the place of a value.
func (d *sqlPrinter) subquery(v *subquery) {
	d.print("(")
	switch v.kind {
	case inQuery:
		d.value(v.x)
		d.print(" IN (")
	case existsQuery:
		d.print("EXISTS (")
	}
	d.outers = append(d.outers, v.outers)
	d.rowset(v.rows)
	d.outers = d.outers[:len(d.outers)-1]
	if v.kind != scalarQuery {
		d.print(")")
	}
	d.print(")")
}

// outer writes a value of the query around the subquery that is being written.
func (d *sqlPrinter) outer(v *outerRef) {
	if len(d.outers) == 0 { // a part on its own, which is written to be compared
		d.value(v.v)
		return
	}
	last := len(d.outers) - 1
	here := d.outers
	d.outers = d.outers[:last]
	d.value(here[last][v.i])
	d.outers = here
}

func (d *sqlPrinter) plainAggregate(a *aggregate, noNulls bool) {
	d.print(a.fn, "(")
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
	inside := noNulls && d.engine.nullsInside()
	if inside {
		d.print(" IGNORE NULLS")
	}
	d.print(")")
	if a.filter != nil {
		d.print(" FILTER (WHERE ")
		d.value(a.filter)
		d.print(")")
	}
	if noNulls && !inside {
		d.print(" IGNORE NULLS")
	}
}

// call writes a function or an operator by its form.
func (d *sqlPrinter) call(c *call) {
	if d.operator(c) {
		return
	}
	c = d.engine.rewrite(c)
	d.form(d.engine.form(c.fn, len(c.args)), d.values(c.args)...)
}

// values are writers of vs.
func (d *sqlPrinter) values(vs []value) []func() {
	out := make([]func(), len(vs))
	for i, v := range vs {
		out[i] = func() { d.value(v) }
	}
	return out
}

// form writes a form: $1 … are the arguments, $* all of them.
func (d *sqlPrinter) form(form string, args ...func()) {
	for form != "" {
		i := strings.IndexByte(form, '$')
		if i < 0 {
			d.print(form)
			return
		}
		d.print(form[:i])
		switch c := form[i+1]; c {
		case '*':
			d.list(len(args), func(i int) { args[i]() })
		default:
			if n := int(c - '1'); n < len(args) {
				args[n]()
			}
		}
		form = form[i+2:]
	}
}

// operator writes what stands between its operands.
func (d *sqlPrinter) operator(c *call) bool {
	switch c.fn {
	case "concat", "array_concat":
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
