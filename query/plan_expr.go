// Expressions of SQL: names are resolved, types are brought together, chains
// are bounded.

package query

import (
	"math"
	"strconv"
	"strings"
)

// An env says where an expression stands.
type env struct {
	clause     string
	aggregates bool // allowed here
	aliases    bool // names of the SELECT list are seen, before fields
	windows    bool // allowed here
	params     *params
}

// params are the parameters of the lambda that an expression stands in.
type params struct {
	outer *params
	list  []*param
}

// maxArithmetic bounds a chain of one arithmetic operator; each nests in the engine.
const maxArithmetic = 400

// maxOperands bounds a chain of AND, OR or ||, and a list behind IN.
const maxOperands = 10000

// typedNull is NULL of a type: an engine chooses functions and operators by
// types.
func typedNull(v value, t Type) value { return &conversion{x: v, to: t} }

// condition resolves an expression that must be true or false.
func (s *stage) condition(e Expr, v env) value { return s.boolean(s.expr(e, v), e) }

// boolean takes v as a truth value.
func (p *planner) boolean(v value, at Node) value {
	switch v.typ() {
	case Boolean:
		return v
	case Unknown:
		return typedNull(v, Boolean)
	case JSON:
		return &conversion{x: v, to: Boolean, try: true}
	}
	p.fault("query/type", at.Span(), "this is "+v.typ().String()+", not a condition", "compare it with something")
	return null()
}

// expr resolves an expression; what is wrong is reported and becomes NULL.
func (s *stage) expr(e Expr, v env) value {
	x := s.resolve(e, v)
	if s.weight(x) > maxWeight {
		s.fault("query/too-large", e.Span(), "this expression becomes too large when the stages and functions in it are written out", "use fewer stages that build on one another, or group between them")
		return null()
	}
	return x
}

// resolve is expr without its bound on the size.
func (s *stage) resolve(e Expr, v env) value {
	switch e := e.(type) {
	case *Literal:
		return s.literal(e)
	case *ColumnRef:
		if x := v.params.find(e.Names); x != nil {
			return x
		}
		if v.aliases {
			if i := s.aliased(e); i >= 0 {
				return s.items[i].v
			}
		}
		return s.name(e, v)
	case *Unary:
		return s.unary(e, v)
	case *Binary:
		return s.binary(e, v)
	case *Between:
		return s.between(e, v)
	case *In:
		return s.membership(e, v)
	case *Like:
		return s.like(e, v)
	case *IsNull:
		return &nullTest{s.expr(e.X, v), e.Not}
	case *Case:
		return s.choice(e, v)
	case *Cast:
		return s.cast(e, v)
	case *Call:
		return s.call(e, v)
	case *Subscript:
		return s.subscript(e, v)
	case *Array:
		return s.array(e, v)
	case *Interval:
		s.fault("query/interval", e.Span(), "an interval is only added to or subtracted from a time", "write @time + interval '1' day")
	case *AtZone:
		return s.atZone(e, v)
	case *Subquery:
		return s.subquery(&subquery{kind: scalarQuery}, e.Query, v)
	case *Exists:
		return s.subquery(&subquery{kind: existsQuery, t: Boolean}, e.Query, v)
	case *Lambda:
		s.fault("query/lambda", e.Span(), "a lambda stands here", "it is an argument of filter, transform, any_match and their like: any_match(a, x -> x = 'b')")
	default:
		s.fault("query/unsupported", e.Span(), "this expression is not in the language", "a field below another is written a.b.c, of JSON json_extract(x, '$.a')")
	}
	return null()
}

// name resolves a field; in WHERE it says so when an alias was meant.
func (s *stage) name(e *ColumnRef, v env) value {
	if v.clause == "WHERE" && !s.in.has(e.Names) && s.items != nil && s.aliased(e) >= 0 {
		s.fault("query/alias-in-where", e.Span(), "WHERE does not see the alias "+cut(written(e.Names)), "filter in a further stage: | WHERE …")
		return null()
	}
	return s.field(s.in, e)
}

func (s *stage) literal(e *Literal) value {
	switch e.Kind {
	case StringLit:
		return textConst(e.Text)
	case BoolLit:
		return boolConst(e.Text == "true")
	case NullLit:
		return null()
	case DateLit, TimestampLit:
		t, ok := parseTime(e.Text)
		if !ok {
			s.fault("query/time", e.Span(), cut(e.Text)+" is no time", "write 2026-01-31 09:00:00")
			return null()
		}
		return timeConst(t)
	}
	return s.number(e, "")
}

// number reads a number with its sign.
func (p *planner) number(e *Literal, sign string) value {
	if n, err := strconv.ParseInt(sign+e.Text, 10, 64); err == nil {
		return intConst(n)
	}
	f, err := strconv.ParseFloat(sign+e.Text, 64)
	if err != nil || math.IsInf(f, 0) {
		p.fault("query/number", e.Span(), cut(e.Text)+" is too large for a number", "numbers go up to 1e308")
		return null()
	}
	return floatConst(f)
}

func (s *stage) unary(e *Unary, v env) value {
	if e.Op == OpNot {
		return &negation{s.condition(e.X, v)}
	}
	if lit, ok := e.X.(*Literal); ok && lit.Kind == NumberLit {
		return s.number(lit, strings.Trim(string(e.Op), "+"))
	}
	x := s.numeric(s.expr(e.X, v), e.X)
	if e.Op == OpSub {
		return &call{fn: "neg", args: []value{x}, t: x.typ()}
	}
	return x
}

// numeric takes v as a number.
func (p *planner) numeric(v value, at Node) value {
	switch t := v.typ(); {
	case t.numeric():
		return v
	case t == Unknown:
		return typedNull(v, Integer)
	case t == JSON:
		return &conversion{x: v, to: Double, try: true}
	default:
		p.fault("query/type", at.Span(), "this is "+t.String()+", not a number", castHint(t))
		return null()
	}
}

func castHint(t Type) string {
	switch t {
	case Text:
		return "write try_cast(… AS bigint), or AS double"
	case Time:
		return "__time__ and to_unixtime(…) are numbers"
	}
	return ""
}

// binary resolves an operator; chains of one operator become one node.
func (s *stage) binary(e *Binary, v env) value {
	switch e.Op {
	case OpAnd, OpOr:
		ops := e.Operands()
		if s.tooLong(len(ops), maxOperands, e) {
			return null()
		}
		xs := make([]value, len(ops))
		for i, o := range ops {
			xs[i] = s.condition(o, v)
		}
		return &logic{e.Op == OpOr, xs}
	case OpConcat:
		ops := e.Operands()
		if s.tooLong(len(ops), maxOperands, e) {
			return null()
		}
		xs := make([]value, len(ops))
		for i, o := range ops {
			xs[i] = s.expr(o, v)
		}
		return s.bounded(s.concat(xs, nodes(ops), e), e.Span())
	case OpEq, OpNe, OpLt, OpLe, OpGt, OpGe, OpDistinct, OpNotDistinct:
		x, y := s.pair(s.expr(e.X, v), s.expr(e.Y, v), e)
		return &call{fn: string(e.Op), args: []value{x, y}, t: Boolean}
	case OpMatch, OpNotMatch:
		s.fault("query/operator", e.OpAt.Span(), string(e.Op)+" is an operator of conditions", "write regexp_like(x, '…')")
		return null()
	}
	return s.arithmetic(e, v)
}

func (s *stage) tooLong(n, most int, at Node) bool {
	if n > most {
		s.fault("query/too-long", at.Span(), "a chain of "+strconv.Itoa(n)+" operands, at most "+strconv.Itoa(most), "a list is shorter: field IN (…), or field:(a or b) before the pipe")
	}
	return n > most
}

func (s *stage) arithmetic(e *Binary, v env) value {
	if s.tooLong(chain(e), maxArithmetic, e) {
		return null()
	}
	if iv, ok := e.Y.(*Interval); ok && (e.Op == OpAdd || e.Op == OpSub) {
		return s.shift(e.X, iv, e.Op == OpSub, v)
	}
	if iv, ok := e.X.(*Interval); ok && e.Op == OpAdd {
		return s.shift(e.Y, iv, false, v)
	}
	x, y := s.numeric(s.expr(e.X, v), e.X), s.numeric(s.expr(e.Y, v), e.Y)
	t := Integer
	if x.typ() == Double || y.typ() == Double {
		t = Double
	}
	fn := string(e.Op)
	if e.Op == OpDiv && t == Integer {
		fn = "div"
	}
	return &call{fn: fn, args: []value{x, y}, t: t}
}

// chain is how many arithmetic operators lean to the left below e.
func chain(e *Binary) int {
	n := 1
	for x, ok := e.X.(*Binary); ok; x, ok = x.X.(*Binary) {
		n++
	}
	return n
}

func (s *stage) shift(x Expr, iv *Interval, minus bool, v env) value {
	n, err := strconv.ParseInt(strings.TrimPrefix(iv.Text, "+"), 10, 64)
	if err != nil || n > 1e9 || n < -1e9 {
		s.fault("query/interval", iv.Span(), "'"+cut(iv.Text)+"' is no whole number of "+strings.ToLower(iv.Unit)+"s", "write interval '2' day")
		return null()
	}
	if minus {
		n = -n
	}
	at := s.time(s.expr(x, v), x)
	z, ok := at.(*inZone)
	switch {
	case !ok:
		return &shift{at, intConst(n), iv.Unit}
	case iv.Unit == "MONTH" || iv.Unit == "YEAR": // by the calendar of the zone
		return &inZone{&call{fn: "utc_of", args: []value{&shift{z.local(), intConst(n), iv.Unit}, textConst(z.zone)}, t: Time}, z.zone}
	}
	return &inZone{&shift{z.x, intConst(n), iv.Unit}, z.zone}
}

// time takes v as a point in time.
func (p *planner) time(v value, at Node) value {
	switch v.typ() {
	case Time:
		return v
	case Unknown:
		return &conversion{x: v, to: Time}
	case Integer, Double:
		return &call{fn: "from_unixtime", args: []value{v}, t: Time}
	}
	if str, ok := constText(v); ok {
		if t, ok := parseTime(str); ok {
			return timeConst(t)
		}
	}
	if v.typ().textual() {
		return &conversion{x: v, to: Time, try: true}
	}
	p.fault("query/type", at.Span(), "this is "+v.typ().String()+", not a time", "@time, epoch seconds and TIMESTAMP '2026-01-31 09:00:00' are times")
	return null()
}

// textOf takes any single value as text.
func (p *planner) textOf(v value, at Node) value {
	v = p.zoneless(v, at)
	switch t := v.typ(); {
	case t.textual():
		return v
	case t == Unknown:
		return typedNull(v, Text)
	case t.IsArray():
		p.fault("query/type", at.Span(), "this is "+t.String()+", not text", "array_join(…, ',') makes text of it")
		return null()
	case t.IsMap():
		p.fault("query/type", at.Span(), "this is "+t.String()+", not text", "element_at(m, 'key') is one of its values")
		return null()
	}
	return toText(v)
}

func (s *stage) subscript(e *Subscript, v env) value {
	x := s.expr(e.X, v)
	switch t := x.typ(); {
	case t == Unknown:
		return x
	case t == JSON:
		hint := "write json_extract(x, '$[0]')"
		if key, ok := constText(s.expr(e.Index, v)); ok {
			hint = "a key is written behind a dot: " + cut(exprString(e.X)+"."+key)
		}
		s.fault("query/subscript", e.Span(), "JSON is not indexed by [ ]", hint)
		return null()
	case t.IsMap():
		k := s.elementKey(x, s.expr(e.Index, v), e.Index)
		return &call{fn: "map_at", args: []value{x, k}, t: t.Elem()}
	case !t.IsArray():
		s.fault("query/type", e.X.Span(), "this is "+t.String()+", not an array", "split(a, ',') makes an array of a text; [ ] takes arrays and maps")
		return null()
	}
	i := s.integer(s.expr(e.Index, v), e.Index)
	return &call{fn: "element_at", args: []value{x, i}, t: x.typ().Elem()}
}

// integer takes v as a whole number.
func (p *planner) integer(v value, at Node) value {
	switch v.typ() {
	case Integer:
		return v
	case Unknown:
		return typedNull(v, Integer)
	case JSON:
		return &conversion{x: v, to: Integer, try: true}
	}
	p.fault("query/type", at.Span(), "this is "+v.typ().String()+", not an integer", castHint(v.typ()))
	return null()
}

func (s *stage) array(e *Array, v env) value {
	if s.tooLong(len(e.Items), maxOperands, e) {
		return null()
	}
	var xs []value
	var at []Node
	for _, it := range e.Items {
		xs, at = append(xs, s.expr(it, v)), append(at, it)
	}
	xs, t := s.common(xs, at)
	if !t.nestable() {
		s.fault("query/type", e.Span(), "an array of "+t.String()+" is not in the language", "arrays hold values, or arrays of them, at most three deep")
		return null()
	}
	return &array{xs, ArrayOf(t)}
}
