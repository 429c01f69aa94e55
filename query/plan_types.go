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
// text beside a text.
func (p *planner) common(xs []value, at []Node) ([]value, Type) {
	t := Unknown
	for i, x := range xs {
		p.zoneless(x, at[min(i, len(at)-1)])
		switch u := x.typ(); {
		case u == Unknown || u == t:
		case t == Unknown:
			t = u
		case t.numeric() && u.numeric():
			t = Double
		case t.textual() && u.textual():
			t = Text
		default:
			p.fault("query/type", at[min(i, len(at)-1)].Span(), "this is "+u.String()+", the values before are "+t.String(), "bring them to one type with cast(… AS varchar)")
			return mapValues(xs, func(value) value { return null() }), Unknown
		}
	}
	if t != Double {
		return xs, t
	}
	return mapValues(xs, func(x value) value {
		if x.typ() == Integer {
			return &conversion{x: x, to: Double}
		}
		return x
	}), t
}

// cast resolves CAST and TRY_CAST. The types are a closed list.
func (s *stage) cast(e *Cast, v env) value {
	x := s.expr(e.X, v)
	to, ok := typeNamed(e.Type)
	if !ok {
		s.fault("query/unknown-type", e.Type.Span(), "there is no type "+cut(e.Type.Name), "varchar, bigint, integer, double, boolean, timestamp, date, json and array(varchar) are")
		return null()
	}
	if z, ok := x.(*inZone); ok {
		if to != Time {
			s.fault("query/zone", e.Span(), "a time in a zone is cast to timestamp or date", "date_format(…, '%Y-%m-%d %H:%i:%s') makes text of it")
			return null()
		}
		x = z.local()
	}
	c := &conversion{x: x, to: to, try: e.Try, day: e.Type.Name == "DATE"}
	if !convertible(x.typ(), to) {
		s.fault("query/type", e.Span(), x.typ().String()+" cannot become "+to.String(), "take one of its values, or cast to varchar first")
		return null()
	}
	return c
}

// typeNamed knows the types that users may name.
func typeNamed(n *TypeName) (Type, bool) {
	plain := len(n.Args) == 0
	switch name := strings.ToUpper(n.Name); name {
	case "VARCHAR", "CHAR":
		return Text, plain || len(n.Args) == 1 && n.Args[0].Type == nil
	case "STRING", "TEXT":
		return Text, plain
	case "BIGINT", "INTEGER", "INT", "SMALLINT", "TINYINT":
		return Integer, plain
	case "DOUBLE", "REAL", "DOUBLE PRECISION":
		return Double, plain
	case "DECIMAL":
		return Double, len(n.Args) <= 2
	case "BOOLEAN":
		return Boolean, plain
	case "TIMESTAMP", "DATE":
		return Time, plain
	case "JSON":
		return JSON, plain
	case "ARRAY":
		return ArrayOf(Text), len(n.Args) == 1 && n.Args[0].Type != nil && n.Args[0].Type.Name == "VARCHAR" && len(n.Args[0].Type.Args) == 0
	}
	return Unknown, false
}

func convertible(from, to Type) bool {
	switch {
	case from == Unknown, from == to, from.textual():
		return !to.IsArray() || from == JSON || from == to || from == Unknown
	case from.IsArray():
		return false
	case to.textual():
		return true
	case from == Time:
		return to == Time
	case from == Boolean:
		return to.numeric()
	case from.numeric():
		return to.numeric() || to == Boolean
	}
	return false
}
