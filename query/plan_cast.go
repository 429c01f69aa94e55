// CAST and TRY_CAST: the types that users may name, and what becomes what.

package query

import (
	"strconv"
	"strings"
)

// A castType is what CAST goes to: one of our types, and what a value of it must
// fit in.
type castType struct {
	t    Type
	fit  string    // integer, smallint, tinyint; decimal, varchar, timestamp with size; else ""
	size int       // digits of decimal, characters of varchar, places of timestamp
	dec  int       // decimal places
	day  bool      // DATE
	elem *castType // of arrays and maps
}

// cast resolves CAST and TRY_CAST. The types are a closed list.
func (s *stage) cast(e *Cast, v env) value {
	x := s.expr(e.X, v)
	to, ok := s.castType(e.Type)
	if !ok {
		return null()
	}
	if z, ok := x.(*inZone); ok {
		if to.t != Time {
			s.fault("query/zone", e.Span(), "a time in a zone is cast to timestamp or date", "date_format(…, '%Y-%m-%d %H:%i:%s') makes text of it")
			return null()
		}
		x = z.local()
	}
	out, ok := s.converted(x, to, e)
	if !ok {
		s.fault("query/type", e.Span(), x.typ().String()+" cannot become "+to.t.String(), "take one of its values, or cast to varchar first")
		return null()
	}
	return out
}

// castType knows the types that users may name, and says why another is none.
func (p *planner) castType(n *TypeName) (*castType, bool) {
	name := strings.ToUpper(n.Name)
	if len(n.Args) > 0 && n.Args[0].Type != nil {
		return p.nestedCast(name, n)
	}
	size, dec, ok := sizes(n.Args)
	plain := len(n.Args) == 0
	out := &castType{size: size, dec: dec}
	why, hint := "", "varchar, bigint, integer, double, decimal(10, 2), boolean, timestamp, date, json, array(varchar) and map(varchar, varchar) are"
	switch name {
	case "VARCHAR", "STRING", "TEXT":
		out.t = Text
		if ok = ok && dec < 0; !plain {
			out.fit = "varchar"
		}
	case "CHAR", "CHARACTER":
		why, hint, ok = "char fills up with spaces", "write varchar", false
	case "BIGINT":
		out.t, ok = Integer, plain
	case "INT", "INTEGER":
		out.t, out.fit, ok = Integer, "integer", plain
	case "SMALLINT", "TINYINT":
		out.t, out.fit, ok = Integer, strings.ToLower(name), plain
	case "DOUBLE":
		out.t, ok = Double, plain
	case "REAL", "FLOAT":
		why, hint, ok = "a real has seven digits only", "write double", false
	case "DECIMAL", "NUMERIC":
		out.t, out.fit, out.dec = Double, "decimal", max(0, dec)
		if ok = ok && !plain && size >= 1 && size <= 15 && out.dec <= size; !ok {
			why, hint = "a decimal has from 1 to 15 digits here", "write decimal(10, 2), or bigint"
		}
	case "BOOLEAN":
		out.t, ok = Boolean, plain
	case "TIMESTAMP", "TIMESTAMP" + withTimeZone:
		out.t = Time
		if ok = ok && dec < 0 && (plain || size == 0 || size == 3 || size >= 6 && size <= 12); !plain {
			out.fit = "timestamp"
		}
	case "DATE":
		out.t, out.day, ok = Time, true, plain
	case "JSON":
		out.t, ok = JSON, plain
	case "VARBINARY":
		why, hint, ok = "bytes are not a type here", "md5(x), to_hex(x) and their like take text as UTF-8", false
	default:
		ok = false
	}
	if !ok {
		if why == "" {
			why = "there is no type " + cut(n.Name)
		}
		p.fault("query/unknown-type", n.Span(), why, hint)
	}
	return out, ok
}

// sizes reads the numbers of VARCHAR(10), DECIMAL(10, 2); -1 for one that is
// not there.
func sizes(args []TypeArg) (size, dec int, ok bool) {
	n := [2]int{-1, -1}
	if len(args) > 2 {
		return -1, -1, false
	}
	for i, a := range args {
		k, err := strconv.Atoi(a.Number)
		if err != nil || k > 1<<30 {
			return -1, -1, false
		}
		n[i] = k
	}
	return n[0], n[1], true
}

// nestedCast knows arrays and maps.
func (p *planner) nestedCast(name string, n *TypeName) (*castType, bool) {
	last := n.Args[len(n.Args)-1].Type
	shape := name == "ARRAY" && len(n.Args) == 1 || name == "MAP" && len(n.Args) == 2 && last != nil && n.Args[0].Type.Name == "VARCHAR" && len(n.Args[0].Type.Args) == 0
	if !shape {
		p.fault("query/unknown-type", n.Span(), "there is no such type", "array(varchar) and map(varchar, varchar) are")
		return nil, false
	}
	elem, ok := p.castType(last)
	if !ok {
		return nil, false
	}
	out := &castType{t: ArrayOf(elem.t), elem: elem}
	if name == "MAP" {
		out.t = MapOf(Text, elem.t)
	}
	if !elem.t.single() || elem.day || elem.t == Time {
		p.fault("query/unknown-type", last.Span(), "arrays and maps are cast to those of texts, numbers, truth values and JSON", "write array(varchar), or array(json)")
		return nil, false
	}
	return out, true
}

// converted is x as another type; false: it cannot be.
func (s *stage) converted(x value, to *castType, e *Cast) (value, bool) {
	from := x.typ()
	switch {
	case to.elem != nil:
		return s.convertedMany(x, to, e)
	case !convertible(from, to.t):
		return nil, false
	case to.fit == "varchar":
		return s.cutText(x, to, e)
	case to.fit == "decimal" && from != Unknown:
		if from == Boolean {
			x = &conversion{x: x, to: Integer}
		}
		return &call{fn: tried("decimal", e.Try) + decimalSize(to), args: []value{x}, t: Double}, true
	case to.t == Text && from != Unknown:
		return toText(x), true
	}
	var out value = &conversion{x: x, to: to.t, try: e.Try, day: to.day}
	switch to.fit {
	case "integer", "smallint", "tinyint":
		out = &call{fn: tried(to.fit, e.Try), args: []value{out}, t: Integer}
	case "timestamp":
		if to.size == 0 || to.size == 3 {
			out = &call{fn: "timestamp_" + strconv.Itoa(to.size), args: []value{out}, t: Time}
		}
	}
	return out, true
}

func tried(fn string, try bool) string {
	if try {
		return "try_" + fn
	}
	return fn
}

// decimalSize is (10,2), which is part of the name of the function decimal.
func decimalSize(to *castType) string {
	return "(" + strconv.Itoa(to.size) + "," + strconv.Itoa(to.dec) + ")"
}

// convertedMany casts JSON, or an array, to an array or map.
func (s *stage) convertedMany(x value, to *castType, e *Cast) (value, bool) {
	from := x.typ()
	base := &castType{t: to.elem.t}
	switch {
	case from == Unknown, from.textual(), from == to.t:
		if to.t.IsArray() {
			x = listOf(x)
		}
		if from != to.t {
			x = &conversion{x: x, to: to.t, try: e.Try}
		}
		if to.elem.fit == "" {
			return x, true
		}
		base = to.elem
	case from.IsArray() && to.t.IsArray() && convertible(from.Elem(), to.elem.t):
		base = to.elem
	default:
		return nil, false
	}
	if to.t.IsMap() {
		s.fault("query/unknown-type", e.Type.Span(), "the values of a map are cast to varchar, bigint, double, boolean and json", "write map(varchar, bigint)")
		return null(), true
	}
	ok := true
	out := s.each(x, func(p value) value {
		el, fits := s.converted(p, base, &Cast{At: e.At, Type: e.Type})
		if ok = fits; !ok {
			return null()
		}
		return el
	})
	if e.Try {
		out = &call{fn: "try", args: []value{out}, t: out.typ()}
	}
	return out, ok
}

// cutText is x as VARCHAR(n): a text is cut, anything else must fit.
func (s *stage) cutText(x value, to *castType, e *Cast) (value, bool) {
	least := map[Type]int{Boolean: 5, Integer: 20, EpochSeconds: 20, Double: 24, Time: 26}[x.typ()]
	switch {
	case x.typ() == Unknown:
		return &conversion{x: x, to: Text}, true
	case x.typ().textual():
		return &call{fn: "substr", args: []value{x, intConst(1), intConst(int64(to.size))}, t: Text}, true
	case to.size < least:
		s.fault("query/type", e.Type.Span(), "a "+x.typ().String()+" may be longer than "+strconv.Itoa(to.size)+" characters", "write varchar")
		return null(), true
	}
	return toText(x), true
}

// toText is a single value as text.
func toText(x value) value {
	if c, ok := x.(*call); ok && (strings.HasPrefix(c.fn, "decimal(") || strings.HasPrefix(c.fn, "try_decimal(")) {
		return &call{fn: "text_" + c.fn, args: c.args, t: Text}
	}
	return &conversion{x: x, to: Text}
}

func convertible(from, to Type) bool {
	switch {
	case from == Unknown, from == to:
		return true
	case !from.single() || !to.single():
		return false
	case from.textual(), to.textual():
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

// listOf is the value at a path as a list: a list of one element is that element
// there, since a path goes through lists.
func listOf(x value) value {
	if !ofPath(x) {
		return x
	}
	return &call{fn: "json_list", args: []value{x}, t: JSON}
}

// ofPath reports whether x is the value at a path below JSON, or a column that
// an inner query made of one.
func ofPath(x value) bool {
	switch x := x.(type) {
	case *jsonAt:
		return x.t == JSON
	case *column:
		return x.path
	}
	return false
}

// asList has a function of JSON arrays read a list where its argument is a path,
// and nothing goes on from it but into a list.
func asList(c *call) *call {
	into := len(c.args) < 2 || c.fn == "json_array_contains" || c.fn == "json_array_get"
	if !into {
		path, _ := constText(c.args[1])
		into = path == "$" || strings.HasPrefix(path, "$[") && !strings.HasPrefix(path, `$["`) && !strings.HasPrefix(path, "$['")
	}
	if into && c.fn != "json_size" {
		c.args[0] = listOf(c.args[0])
	}
	return c
}
