// The nodes of a resolved expression. They hold no text of the user but
// constants, which a dialect prints as parameters, and names of the schema.

package query

import (
	"time"

	"tocsin/diag"
)

// A value is a resolved expression.
type value interface{ typ() Type }

// A constant is nil, bool, int64, float64, string or time.Time.
type constant struct {
	v any
	t Type
}

// A column is a physical column of what the selection reads: of a table, or
// one that an inner selection gives (c0, g0, a0).
type column struct {
	name  string
	t     Type
	agg   bool      // comes from an aggregate
	span  diag.Span // where it was written
	label string    // as it was written, for messages

	// Of a column of an inner selection: how large its expression is, which
	// the engine puts in its place, and how far its text has grown.
	weight int
	grown  float64
}

// A jsonAt is the value at a path below a JSON text, through arrays: one value
// as text, several as a JSON array, none as NULL.
type jsonAt struct {
	of   *column
	path []string
	t    Type // JSON, or Text where the schema says so
}

// A call is a function or an operator of the function table.
type call struct {
	fn   string // canonical name, what the dialect's table is asked for
	args []value
	t    Type
}

// An aggregate is a call of an aggregate function over the rows of a group.
type aggregate struct {
	fn       string
	args     []value // none: count(*)
	distinct bool
	filter   value // may be nil
	order    []sortKey
	t        Type
	span     diag.Span
}

// A logic is AND or OR of at least two conditions, three-valued as in SQL.
type logic struct {
	or bool
	xs []value
}

// A negation is NOT x, three-valued.
type negation struct{ x value }

// A nullTest is x IS NULL, or IS NOT NULL.
type nullTest struct {
	x   value
	not bool
}

// A membership is x IN (items).
type membership struct {
	x     value
	items []value
}

// A likeness is x LIKE pattern, the pattern taken apart; case-sensitive.
type likeness struct {
	x     value
	parts []Glob
}

// A choice is CASE WHEN … THEN … ELSE … END.
type choice struct {
	whens []branch
	other value // may be nil
	t     Type
}

type branch struct{ cond, then value }

// A conversion is CAST, or TRY_CAST, to one of our types.
type conversion struct {
	x   value
	to  Type
	day bool // cut to the day (DATE)
	try bool
}

// A shift is a time plus n units; unit is one of intervalUnits.
type shift struct {
	x    value
	n    value // integer
	unit string
}

// An array is ARRAY[…].
type array struct {
	items []value
	t     Type
}

// An instant is now(): the end of the window.
type instant struct{ day bool }

func (v *constant) typ() Type   { return v.t }
func (v *column) typ() Type     { return v.t }
func (v *jsonAt) typ() Type     { return v.t }
func (v *call) typ() Type       { return v.t }
func (v *aggregate) typ() Type  { return v.t }
func (v *logic) typ() Type      { return Boolean }
func (v *negation) typ() Type   { return Boolean }
func (v *nullTest) typ() Type   { return Boolean }
func (v *membership) typ() Type { return Boolean }
func (v *likeness) typ() Type   { return Boolean }
func (v *choice) typ() Type     { return v.t }
func (v *conversion) typ() Type { return v.to }
func (v *shift) typ() Type      { return Time }
func (v *array) typ() Type      { return v.t }
func (v *instant) typ() Type    { return Time }

// null is NULL, and what a mistake leaves behind.
func null() value { return &constant{t: Unknown} }

func textConst(s string) *constant    { return &constant{s, Text} }
func intConst(n int64) *constant      { return &constant{n, Integer} }
func floatConst(f float64) *constant  { return &constant{f, Double} }
func timeConst(t time.Time) *constant { return &constant{t.UTC(), Time} }
func boolConst(b bool) *constant      { return &constant{b, Boolean} }
func constText(v value) (string, bool) {
	c, ok := v.(*constant)
	if !ok {
		return "", false
	}
	s, ok := c.v.(string)
	return s, ok
}

// rebuild returns v with every direct part replaced by what f makes of it.
func rebuild(v value, f func(value) value) value {
	switch v := v.(type) {
	case *call:
		c := *v
		c.args = mapValues(v.args, f)
		return &c
	case *logic:
		return &logic{v.or, mapValues(v.xs, f)}
	case *negation:
		return &negation{f(v.x)}
	case *nullTest:
		return &nullTest{f(v.x), v.not}
	case *membership:
		return &membership{f(v.x), mapValues(v.items, f)}
	case *likeness:
		return &likeness{f(v.x), v.parts}
	case *choice:
		c := &choice{t: v.t}
		for _, w := range v.whens {
			c.whens = append(c.whens, branch{f(w.cond), f(w.then)})
		}
		if v.other != nil {
			c.other = f(v.other)
		}
		return c
	case *conversion:
		c := *v
		c.x = f(v.x)
		return &c
	case *shift:
		return &shift{f(v.x), f(v.n), v.unit}
	case *array:
		return &array{mapValues(v.items, f), v.t}
	}
	return v // constant, column, jsonAt, aggregate, instant: leaves
}

func mapValues(vs []value, f func(value) value) []value {
	out := make([]value, len(vs))
	for i, v := range vs {
		out[i] = f(v)
	}
	return out
}

// contains reports whether ok holds for v or a part of it. Arguments of
// aggregates are parts, too.
func contains(v value, ok func(value) bool) bool {
	if v == nil {
		return false
	}
	found := false
	var look func(value) value
	look = func(x value) value {
		if found = found || ok(x); found {
			return x
		}
		if a, is := x.(*aggregate); is {
			mapValues(a.args, look)
			if a.filter != nil {
				look(a.filter)
			}
		}
		return rebuild(x, look)
	}
	look(v)
	return found
}

func isAggregate(v value) bool { _, ok := v.(*aggregate); return ok }

func fromAggregate(v value) bool {
	c, ok := v.(*column)
	return ok && c.agg || isAggregate(v)
}
