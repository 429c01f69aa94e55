// Calls of functions and aggregates: arity, kinds of arguments, results.

package query

import (
	"strconv"
	"strings"
)

// call resolves a call of a function of the table.
func (s *stage) call(e *Call, v env) value {
	switch e.Name {
	case "now", "current_timestamp", "localtimestamp":
		s.usesNow = true
		return &instant{}
	case "current_date":
		s.usesNow = true
		return &instant{day: true}
	}
	f, ok := functionNamed(e.Name)
	if !ok {
		s.unknownFunction(e)
		return null()
	}
	if !s.checkArity(f, e) {
		return null()
	}
	switch {
	case e.Over != nil:
		return s.windowCall(f, e, v)
	case f.window:
		s.fault("query/window", e.Span(), e.Name+" needs OVER", "write "+e.Name+"(…) OVER (PARTITION BY a ORDER BY b)")
		return null()
	case f.agg:
		return s.aggregate(f, e, v)
	}
	if e.Star || e.Distinct || e.NoNulls || e.Filter != nil || len(e.OrderBy) > 0 {
		s.fault("query/not-an-aggregate", e.Span(), e.Name+" is no aggregate", "*, DISTINCT, FILTER and ORDER BY inside a call are for aggregates")
		return null()
	}
	if f.kind(len(e.Args)-1) == 'l' {
		if f.kind(0) == 'M' {
			return s.overMap(f, e, v)
		}
		return s.overArray(f, e, v)
	}
	c := &call{fn: f.canonical(), args: s.args(f, e, v)}
	if strings.HasPrefix(f.result, "U") {
		from := 0
		if f.name == "if" {
			from = 1
		}
		args, t := s.common(c.args[from:], nodes(e.Args[from:]))
		c.args, c.t = append(c.args[:from:from], args...), t
	} else {
		c.t = s.resultType(f, c.args)
	}
	v2 := s.special(c, e)
	if c, ok := v2.(*call); ok {
		if grows(c.fn) {
			v2 = s.bounded(c, e.Span())
		}
		if c, ok = v2.(*call); ok {
			return s.zoned(c, e)
		}
	}
	return v2
}

func nodes(es []Expr) []Node {
	out := make([]Node, len(es))
	for i, e := range es {
		out[i] = e
	}
	return out
}

// unknownFunction reports a name that is not in the table.
func (p *planner) unknownFunction(e *Call) {
	name := cut(e.Name)
	if why, hint := refused(e.Name); why != "" {
		p.fault("query/refused-function", e.NameAt.Span(), "the function "+name+" cannot be called: "+why, hint)
		return
	}
	hint := didYouMean(e.Name, Functions(), "the functions are in the documentation of the language")
	p.fault("query/unknown-function", e.NameAt.Span(), "there is no function "+name, hint)
}

func (p *planner) checkArity(f *function, e *Call) bool {
	least, most := f.arity()
	n := len(e.Args)
	if e.Star && f.name == "count" && n == 0 && !e.Distinct {
		return true
	}
	if e.Star || n < least || most >= 0 && n > most {
		p.fault("query/arguments", e.Span(), e.Name+" does not take "+strconv.Itoa(n)+" arguments", "write "+f.usage())
		return false
	}
	return true
}

// args resolves the arguments and brings each to the kind that f takes.
func (s *stage) args(f *function, e *Call, v env) []value {
	out := make([]value, len(e.Args))
	for i, a := range e.Args {
		out[i] = s.arg(f, f.kind(i), a, s.expr(a, v))
	}
	return out
}

// arg brings one argument, already resolved, to the kind that f takes.
func (s *stage) arg(f *function, kind byte, a Expr, v value) value {
	t := v.typ()
	ok := true
	if to, typed := kindType(kind); typed && t == Unknown {
		if kind == 'A' && oneElement(f.name) {
			to = ArrayOf(Unknown) // that of the other argument
		}
		return typedNull(v, to)
	}
	switch kind {
	case 't':
		ok = t.textual() || t == Unknown
	case 'n':
		return s.numeric(v, a)
	case 'i':
		return s.integer(v, a)
	case 'b':
		return s.boolean(v, a)
	case 'T', 'e':
		if kind == 'T' && t.numeric() {
			ok = false
			break
		}
		return s.time(v, a)
	case 'A':
		ok = t.IsArray() || t == Unknown
	case 'B':
		ok = t.textual() || t == Unknown
	case 'X':
		ok = t.textual() || t.IsArray() || t == Unknown
	case 'M':
		ok = t.IsMap() || t == Unknown
	case 'C':
		ok = t.IsArray() || t.IsMap() || t == Unknown
	case 'a':
		return s.zoneless(v, a)
	case 'j':
		if ok = t.textual() || t == Unknown; ok && !ofField(v) {
			s.fault("query/built-json", a.Span(), "JSON is read from fields only, never from text that the query builds", "read the field first, and build from what comes out")
			return null()
		}
	case 'k':
		_, ok = constText(v)
		if !ok {
			s.fault("query/constant", a.Span(), "this argument of "+f.name+" is a constant text", "write "+f.usage())
			return null()
		}
	case 'K':
		c, is := v.(*constant)
		if ok = is && c.t == Integer; !ok {
			s.fault("query/constant", a.Span(), "this argument of "+f.name+" is a constant number", "write "+f.usage())
			return null()
		}
	}
	if !ok {
		s.fault("query/type", a.Span(), f.name+" does not take "+t.String()+" here", "write "+f.usage())
		return null()
	}
	return v
}

// kindType is the type that NULL takes as an argument of a kind.
func kindType(kind byte) (Type, bool) {
	switch kind {
	case 't', 'j', 'X', 'B':
		return Text, true
	case 'n', 'i':
		return Integer, true
	case 'b':
		return Boolean, true
	case 'T', 'e':
		return Time, true
	case 'A', 'C':
		return ArrayOf(Text), true
	case 'M':
		return MapOf(Text, Text), true
	}
	return Unknown, false
}

// ofField reports whether v is a field, or JSON inside of one (G24).
func ofField(v value) bool {
	switch v := v.(type) {
	case *column, *jsonAt, *param:
		return true
	case *outerRef:
		return ofField(v.v)
	case *conversion:
		return v.to.textual() && ofField(v.x)
	case *call:
		switch v.fn {
		case "json_extract", "json_extract_scalar", "json_parse", "json_format", "json_array_get", "arbitrary":
			return ofField(v.args[0])
		}
	case *aggregate:
		return len(v.args) > 0 && ofField(v.args[0])
	case *constant:
		return v.t == Unknown
	}
	return false
}

// resultType reads the result letter of f.
func (p *planner) resultType(f *function, args []value) Type {
	arg := func(i int) Type {
		if i < len(args) {
			return args[i].typ()
		}
		return Unknown
	}
	switch f.result {
	case "1":
		return arg(0)
	case "E":
		return arg(0).Elem()
	case "L":
		if !arg(0).nestable() {
			return Unknown
		}
		return ArrayOf(userType(arg(0)))
	case "K":
		return ArrayOf(arg(0).Key())
	case "V":
		return ArrayOf(arg(0).Elem())
	case "Z":
		return MapOf(userType(arg(0).Elem()), userType(arg(1).Elem()))
	case "N":
	default:
		return fixedType(f.result)
	}
	for _, a := range args {
		if a.typ() == Double {
			return Double
		}
	}
	return Integer
}

// fixedType is the type that a result letter names by itself; those of H, P and
// Q are found out with the arguments.
func fixedType(letters string) Type {
	switch letters {
	case "t":
		return Text
	case "i":
		return Integer
	case "d":
		return Double
	case "b":
		return Boolean
	case "T":
		return Time
	case "J":
		return JSON
	case "At":
		return ArrayOf(Text)
	case "Ai":
		return ArrayOf(Integer)
	case "Mt":
		return MapOf(Text, Text)
	}
	return Unknown
}

// aggregate resolves an aggregate over the rows of a group.
func (s *stage) aggregate(f *function, e *Call, v env) value {
	if !v.aggregates {
		hint := "write HAVING behind GROUP BY"
		if v.clause != "WHERE" {
			hint = "an aggregate stands in SELECT, HAVING and ORDER BY, and never inside another"
		}
		s.fault("query/misplaced-aggregate", e.Span(), e.Name+" is an aggregate and cannot stand in "+v.clause, hint)
		return null()
	}
	inner := env{clause: "an aggregate"}
	a := &aggregate{fn: f.canonical(), args: s.args(f, e, inner), distinct: e.Distinct, span: e.Span()}
	a.t = s.resultType(f, a.args)
	if e.Filter != nil {
		a.filter = s.condition(e.Filter, inner)
	}
	if len(e.OrderBy) > 0 && (f.name != "array_agg" || e.Distinct) {
		s.fault("query/order-in-call", e.OrderBy[0].Span(), "ORDER BY inside a call is for array_agg without DISTINCT", "the other aggregates give the same in any order: leave it out")
		return null()
	}
	for _, o := range e.OrderBy {
		x := s.expr(o.X, inner)
		if _, same := x.(*constant); !same {
			a.order = append(a.order, sortKey{item: -1, x: x, desc: o.Desc, nullsFirst: o.Nulls == NullsFirst})
		}
	}
	return s.settle(a, e)
}

// aggregated reports whether an aggregate takes values of the type of its first
// argument: arrays where they are counted or one is chosen, maps where none is
// compared with another.
func aggregated(a *aggregate, stored bool) bool {
	switch t := a.args[0].typ(); {
	case t.single():
		return true
	case t.IsMap():
		return a.fn == "count" && !a.distinct || a.fn == "arbitrary" && stored
	}
	return a.fn == "count" || a.fn == "arbitrary" || a.fn == "approx_distinct"
}

// settle makes the answer of an aggregate reproducible where the order of
// records would show: what was stored first counts.
func (s *stage) settle(a *aggregate, e *Call) value {
	if len(a.args) > 0 && !aggregated(a, s.in.seq() != nil) {
		s.fault("query/type", e.Args[0].Span(), a.fn+" does not take "+a.args[0].typ().String(), "aggregate one of its values, or rows of UNNEST")
		return null()
	}
	if a.distinct && !takesDistinct(a.fn) {
		switch a.fn {
		case "arbitrary", "min", "max", "bool_and", "bool_or":
			a.distinct = false
		default:
			s.fault("query/distinct", e.Span(), a.fn+" does not take DISTINCT", "group by the values in an earlier stage")
			return null()
		}
	}
	seq := s.in.seq()
	switch a.fn {
	case "arbitrary":
		if seq != nil {
			return &aggregate{fn: "first_stored", args: append(a.args, seq), filter: a.filter, t: a.t, span: a.span}
		}
		a.fn = "min"
		return a
	case "array_agg":
		switch {
		case a.distinct: // sorted by its elements
		case seq != nil:
			a.order = append(a.order, sortKey{item: -1, x: seq})
		case len(a.order) == 0:
			a.order = []sortKey{{item: -1, x: a.args[0]}}
		}
	}
	if v := s.specialAggregate(a, e); v != nil {
		return v
	}
	return null()
}
