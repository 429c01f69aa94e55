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

// A column is a physical column of a relation: of a table, or one that an inner
// selection gives (c0, g0, a0).
type column struct {
	rel   int // number of the relation
	name  string
	kept  string // the shape of the column, where it is as good; else ""
	t     Type
	agg   bool      // comes from an aggregate
	span  diag.Span // where it was written
	label string    // as it was written, for messages
	path  bool      // the value at a path below JSON, see listOf

	// Of a column of an inner selection: how large its expression is, which
	// the engine puts in its place, and how far its text has grown.
	weight int
	grown  float64
}

// A jsonAt is the value at a path below a JSON text, through arrays: one value
// as text, several as a JSON array, none as NULL.
type jsonAt struct {
	of   value // *column, *param or *outerRef
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

// An inList is x IN a long list: many values, or a list.
type inList struct {
	x      value
	values []string  // of the type of x
	list   *listSpec // of a text; nil: values are what counts
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

// A param is a parameter of a lambda; its name is x and the number.
type param struct {
	id    int
	t     Type
	label string
}

// A lambda is an argument of a function over arrays.
type lambda struct {
	params []*param
	body   value
	step   bool // the one of reduce that takes the state and an element
}

// A windowed is a call over the rows around each row.
type windowed struct {
	fn        string
	args      []value
	partition []value
	order     []sortKey
	frame     *frame // nil: none was written
	noNulls   bool
	filter    value // may be nil
	tied      int   // how many keys at the end of order only tell equal rows apart
	t         Type
}

// A frame bounds the rows of a windowed.
type frame struct {
	unit     string
	from, to bound
}

// A bound is one end of a frame; see Bound.
type bound struct {
	kind string
	n    int64
}

// A subquery is a query in the place of a value. What its query takes from the
// rows around it are outerRefs, which stand for outers in turn.
type subquery struct {
	kind   subqueryKind
	x      value // of inQuery: what is looked for
	rows   rowset
	outers []value
	t      Type
	weight int     // as that of a column of its rows
	grown  float64 // the same
}

// subqueryKind says what a subquery gives.
type subqueryKind int

const (
	scalarQuery subqueryKind = iota // the only column of the only row; NULL without one
	inQuery                         // whether x is among the rows
	existsQuery                     // whether there are rows
)

// An outerRef is, inside a subquery, outers[i] of it.
type outerRef struct {
	i int
	t Type
	v value // as it was resolved; for questions about it only, outers may have changed
}

// An inZone is a time that formatting and the parts of a time take in a zone
// (AT TIME ZONE). It is the same moment.
type inZone struct {
	x    value
	zone string
}

func (v *constant) typ() Type   { return v.t }
func (v *column) typ() Type     { return v.t }
func (v *jsonAt) typ() Type     { return v.t }
func (v *call) typ() Type       { return v.t }
func (v *aggregate) typ() Type  { return v.t }
func (v *logic) typ() Type      { return Boolean }
func (v *negation) typ() Type   { return Boolean }
func (v *nullTest) typ() Type   { return Boolean }
func (v *membership) typ() Type { return Boolean }
func (v *inList) typ() Type     { return Boolean }
func (v *likeness) typ() Type   { return Boolean }
func (v *choice) typ() Type     { return v.t }
func (v *conversion) typ() Type { return v.to }
func (v *shift) typ() Type      { return Time }
func (v *array) typ() Type      { return v.t }
func (v *instant) typ() Type    { return Time }
func (v *param) typ() Type      { return v.t }
func (v *lambda) typ() Type     { return v.body.typ() }
func (v *windowed) typ() Type   { return v.t }
func (v *subquery) typ() Type   { return v.t }
func (v *outerRef) typ() Type   { return v.t }
func (v *inZone) typ() Type     { return Time }

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
	case *inList:
		return &inList{f(v.x), v.values, v.list}
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
	case *lambda:
		return &lambda{v.params, f(v.body), v.step}
	case *windowed:
		c := *v
		c.args, c.partition, c.order = mapValues(v.args, f), mapValues(v.partition, f), mapKeys(v.order, f)
		if v.filter != nil {
			c.filter = f(v.filter)
		}
		return &c
	case *subquery:
		c := *v
		c.outers = mapValues(v.outers, f)
		if v.x != nil {
			c.x = f(v.x)
		}
		return &c
	case *inZone:
		return &inZone{f(v.x), v.zone}
	}
	return v // constant, column, jsonAt, aggregate, instant, param, outerRef: leaves
}

func mapKeys(keys []sortKey, f func(value) value) []sortKey {
	out := make([]sortKey, len(keys))
	for i, k := range keys {
		if k.x != nil {
			k.x = f(k.x)
		}
		out[i] = k
	}
	return out
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

func isWindowed(v value) bool { _, ok := v.(*windowed); return ok }
