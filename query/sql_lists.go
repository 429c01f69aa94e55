// Many values at once as SQL: one parameter, which the engine makes a table of
// and joins. As a parameter each, 50,000 of them cost DuckDB a second, and
// 65,535 are the most it takes.

package query

import (
	"math"
	"strconv"
	"strings"
)

// valueSeparator parts the values of a list in one text. CheckListEntry refuses
// values that hold it.
const valueSeparator = "\x1f"

// oneOf writes a test whether x is one of the values; form is in_texts and its
// like: $1 is x, $2 the values with valueSeparator between them. In the filter
// it may be a join, for which the form is in_texts_joined.
func (d *sqlPrinter) oneOf(form string, x func(), values []string) {
	if d.filter {
		form += "_joined"
	}
	d.form(d.engine.form(form, 2), x, func() { d.param(strings.Join(values, valueSeparator)) })
}

// inList writes x IN a long list.
func (d *sqlPrinter) inList(v *inList) {
	x := func() { d.value(v.x) }
	switch {
	case v.list != nil:
		d.engine.listed(d, x, v.list)
	case v.x.typ().numeric():
		d.oneOfNumbers(x, v.values, v.x.typ())
	default:
		d.oneOf("in_texts", x, v.values)
	}
}

// oneOfNumbers writes a test whether x, a number of type t, is one of the values.
func (d *sqlPrinter) oneOfNumbers(x func(), values []string, t Type) {
	form := "in_integers"
	if t == Double {
		form = "in_doubles"
	}
	if values = numbersOf(values, t); len(values) == 0 {
		d.print("(false)")
		return
	}
	d.oneOf(form, x, values)
}

// numbersOf are values as numbers that a column of the type can be: an integer
// equals 5 and 5.0, never 5.5; a double is compared with doubles.
func numbersOf(values []string, t Type) []string {
	var out []string
	for _, v := range values {
		switch n, _ := operand(Double, v); n := n.(type) {
		case int64:
			if t == Double {
				v = strconv.FormatFloat(float64(n), 'g', -1, 64)
			} else {
				v = strconv.FormatInt(n, 10)
			}
			out = append(out, v)
		case float64:
			if t == Double {
				out = append(out, strconv.FormatFloat(n, 'g', -1, 64))
			} else if n == math.Trunc(n) && math.Abs(n) < 1<<63 {
				out = append(out, strconv.FormatInt(int64(n), 10))
			}
		}
	}
	return out
}
