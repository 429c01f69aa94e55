// Types: what can be compared, what values have in common, what CAST knows.

package query

import (
	"strconv"
	"strings"
)

// pair makes two values comparable, or says why they are not. A value below an
// open object is read as what it is compared with; a constant in quotes too.
func (p *planner) pair(x, y value, at Node) (value, value) {
	tx, ty := x.typ(), y.typ()
	switch {
	case (tx.IsMap() || ty.IsMap()) && tx != Unknown && ty != Unknown:
		p.fault("query/type", at.Span(), "maps are not compared", "compare their values: element_at(m, 'key')")
		return null(), null()
	case tx == Unknown, ty == Unknown, tx == ty, tx.textual() && ty.textual(), tx.numeric() && ty.numeric():
		return x, y
	}
	if v, ok := p.meet(x, ty); ok {
		return v, y
	}
	if v, ok := p.meet(y, tx); ok {
		return x, v
	}
	hint := ""
	switch {
	case tx == Text && ty.numeric() || ty == Text && tx.numeric():
		hint = "write try_cast(… AS bigint), or put the number in quotes"
	case tx == Time || ty == Time:
		hint = "write TIMESTAMP '2026-01-31 09:00:00', or compare __time__ with epoch seconds"
	}
	p.fault("query/type", at.Span(), tx.String()+" is compared with "+ty.String(), hint)
	return null(), null()
}

// meet reads v as type t, where that is natural.
func (p *planner) meet(v value, t Type) (value, bool) {
	str, isText := constText(v)
	switch {
	case v.typ() == JSON && t.numeric():
		return &conversion{x: v, to: Double, try: true}, true
	case v.typ() == JSON && (t == Boolean || t == Time):
		return &conversion{x: v, to: t, try: true}, true
	case isText && t.numeric():
		n, ok := operand(t, strings.TrimSpace(str))
		switch n := n.(type) {
		case int64:
			return intConst(n), ok
		case float64:
			return floatConst(n), ok
		}
	case isText && t == Boolean && (strings.EqualFold(str, "true") || strings.EqualFold(str, "false")):
		return boolConst(strings.EqualFold(str, "true")), true
	case isText && t == Time:
		if m, ok := parseTime(str); ok {
			return timeConst(m), true
		}
	case v.typ() == Boolean && t == Text:
		if c, ok := v.(*constant); ok {
			return textConst(strconv.FormatBool(c.v.(bool))), true
		}
	}
	return v, false
}

// common brings values to one type: numbers to double where one is, JSON to
// text beside a text; elements of arrays likewise.
func (p *planner) common(xs []value, at []Node) ([]value, Type) {
	t := Unknown
	for i, x := range xs {
		p.zoneless(x, at[min(i, len(at)-1)])
		u, ok := shared(t, x.typ())
		if !ok {
			p.fault("query/type", at[min(i, len(at)-1)].Span(), "this is "+x.typ().String()+", the values before are "+t.String(), "bring them to one type with cast(… AS varchar)")
			return mapValues(xs, func(value) value { return null() }), Unknown
		}
		t = u
	}
	return mapValues(xs, func(x value) value {
		if u := x.typ(); u == t || u == Unknown || u.textual() && t.textual() {
			return x
		}
		return &conversion{x: x, to: t}
	}), t
}

// shared is the type that values of two types have in common.
func shared(t, u Type) (Type, bool) {
	switch {
	case u == Unknown, u == t:
		return t, true
	case t == Unknown:
		return u, true
	case t.numeric() && u.numeric():
		return Double, true
	case t.textual() && u.textual():
		return Text, true
	case t.IsArray() && u.IsArray():
		elem, ok := shared(t.Elem(), u.Elem())
		return ArrayOf(elem), ok
	}
	return Unknown, false
}
