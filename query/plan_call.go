package query

import (
	"regexp/syntax"
	"strconv"
	"strings"

	"tocsin/diag"
)

// call resolves a call of a function of the table.
func (s *stage) call(e *Call, v env) value {
	f, ok := functionNamed(e.Name)
	if !ok {
		s.unknownFunction(e)
		return null()
	}
	if e.Name == "now" {
		s.usesNow = true
		return &instant{}
	}
	if !s.checkArity(f, e) {
		return null()
	}
	if f.agg {
		return s.aggregate(f, e, v)
	}
	if e.Star || e.Distinct || e.Filter != nil || len(e.OrderBy) > 0 {
		s.fault("query/not-an-aggregate", e.Span(), e.Name+" is no aggregate", "*, DISTINCT, FILTER and ORDER BY inside a call are for aggregates")
		return null()
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
	return s.special(c, e)
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
	if why := refused(e.Name); why != "" {
		p.fault("query/refused-function", e.NameAt.Span(), "the function "+name+" cannot be called: "+why, "")
		return
	}
	hint := "the functions are in the documentation of the language"
	if s := suggest(e.Name, Functions()); s != "" {
		hint = "did you mean " + s + "?"
	}
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

func (s *stage) arg(f *function, kind byte, a Expr, v value) value {
	t := v.typ()
	ok := true
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
	case 'j':
		if ok = t.textual() || t == Unknown; ok && !ofField(v) {
			s.fault("query/built-json", a.Span(), "JSON is read from fields only, never from text that the query builds", "")
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

// ofField reports whether v is a field, or JSON inside of one (G24).
func ofField(v value) bool {
	switch v := v.(type) {
	case *column, *jsonAt:
		return true
	case *conversion:
		return v.to.textual() && ofField(v.x)
	case *call:
		switch v.fn {
		case "json_extract", "json_extract_scalar", "json_parse", "json_format", "arbitrary":
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
	case "1":
		return arg(0)
	case "E":
		return arg(0).Elem()
	case "L":
		return ArrayOf(arg(0))
	}
	for _, a := range args { // "N"
		if a.typ() == Double {
			return Double
		}
	}
	return Integer
}

// special checks what single functions ask of their arguments.
func (s *stage) special(c *call, e *Call) value {
	switch c.fn {
	case "concat":
		for i := range c.args {
			c.args[i] = s.textOf(c.args[i], e.Args[i])
		}
		return s.bounded(c, e.Span())
	case "nullif":
		x, y := s.pair(c.args[0], c.args[1], e)
		return &call{c.fn, []value{x, y}, x.typ()}
	case "array_position", "contains":
		el, y := s.pair(&column{t: c.args[0].typ().Elem()}, c.args[1], e.Args[1])
		if _, same := el.(*column); same {
			c.args[1] = y
		}
	case "replace":
		if from, _ := constText(c.args[1]); from == "" {
			s.fault("query/constant", e.Args[1].Span(), "replace takes a text that is not empty", "")
			return null()
		}
		return s.bounded(c, e.Span())
	case "regexp_like", "regexp_extract", "regexp_extract_all":
		return s.regexp(c, e)
	case "json_extract", "json_extract_scalar", "json_array_length":
		return s.jsonPath(c, e)
	case "date_trunc", "date_diff", "date_add":
		return s.dateUnit(c, e)
	case "date_format":
		return s.dateFormat(c, e)
	case "is_subnet_of":
		return s.subnet(c, e)
	}
	return c
}

// growth is how many times longer than its longest field a text may be; a
// constant counts in units of 1 KB.
func growth(v value) float64 {
	switch v := v.(type) {
	case *constant:
		str, _ := v.v.(string)
		return max(1, float64(len(str))/1024)
	case *call:
		sum, most := 0.0, 1.0
		for _, a := range v.args {
			g := growth(a)
			sum, most = sum+g, max(most, g)
		}
		switch v.fn {
		case "concat":
			return sum
		case "replace":
			from, _ := constText(v.args[1])
			to := ""
			if len(v.args) == 3 {
				to, _ = constText(v.args[2])
			}
			return growth(v.args[0]) * max(1, float64(len(to))/max(1, float64(len(from))))
		}
		return most
	case *column:
		return max(1, v.grown)
	case *jsonAt:
		return growth(v.of)
	case *aggregate:
		most := 1.0
		for _, a := range v.args {
			most = max(most, growth(a))
		}
		return most
	case *conversion:
		return growth(v.x)
	case *choice:
		most := 1.0
		for _, w := range v.whens {
			most = max(most, growth(w.then))
		}
		if v.other != nil {
			most = max(most, growth(v.other))
		}
		return most
	}
	return 1
}

// maxGrowth keeps a value that is made of 1 KB at 1 MB (G23).
const maxGrowth = 1024

func (p *planner) bounded(v value, at diag.Span) value {
	if growth(v) > maxGrowth {
		p.fault("query/too-large", at, "this makes a text more than 1024 times as long as a field", "")
		return null()
	}
	return v
}

// regexp checks a constant pattern; the engines use RE2, whose syntax Go has.
func (s *stage) regexp(c *call, e *Call) value {
	pattern, _ := constText(c.args[1])
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		hint := ""
		if se, ok := err.(*syntax.Error); ok && se.Code == syntax.ErrInvalidPerlOp {
			hint = "look-ahead, look-behind and back references do not exist in RE2"
		}
		s.fault("query/regexp", e.Args[1].Span(), "the regular expression cannot be used: "+cut(strings.TrimPrefix(err.Error(), "error parsing regexp: ")), hint)
		return null()
	}
	if len(c.args) == 3 {
		if n, _ := c.args[2].(*constant).v.(int64); n < 0 || n > int64(re.MaxCap()) {
			s.fault("query/regexp", e.Args[2].Span(), "the pattern has no group "+strconv.FormatInt(n, 10), "")
			return null()
		}
	}
	return c
}

// jsonPath checks a constant path of json_extract and replaces it by the form
// that the engine's function reads.
func (s *stage) jsonPath(c *call, e *Call) value {
	if len(c.args) < 2 {
		return c
	}
	path, _ := constText(c.args[1])
	way, ok := parseJSONPath(path)
	if !ok || len(way) > maxPath {
		s.fault("query/json-path", e.Args[1].Span(), cut(path)+" is no path into JSON", `write '$.a.b', '$["a-b"]' or '$[0]', at most 200 steps`)
		return null()
	}
	c.args[1] = textConst(encodePath(way))
	return c
}

// parseJSONPath reads $.a["b"][0]; a step is a string or an int.
func parseJSONPath(path string) ([]any, bool) {
	rest := strings.TrimPrefix(path, "$")
	if rest == path && path != "" { // Presto also takes a bare name
		rest = "." + path
		if strings.ContainsAny(path, " .[\"'*") {
			return nil, false
		}
	}
	way := []any{}
	for rest != "" {
		step, n := jsonStep(rest)
		if step == nil {
			return nil, false
		}
		way, rest = append(way, step), rest[n:]
	}
	return way, true
}

// jsonStep reads one step and returns how long it is; nil: it is none.
func jsonStep(s string) (any, int) {
	switch {
	case s[0] == '.':
		n := 1
		for n < len(s) && !strings.ContainsRune(`.["'*] `, rune(s[n])) {
			n++
		}
		if n > 1 {
			return s[1:n], n
		}
	case len(s) > 2 && s[0] == '[' && (s[1] == '"' || s[1] == '\''):
		end := strings.Index(s[2:], string(s[1])+"]")
		if end > 0 && !strings.ContainsRune(s[2:2+end], '\\') {
			return s[2 : 2+end], end + 4
		}
	case s[0] == '[':
		end := strings.IndexByte(s, ']')
		if end > 1 {
			if n, err := strconv.Atoi(s[1:end]); err == nil && n >= 0 {
				return n, end + 1
			}
		}
	}
	return nil, 0
}

// dateUnit checks the unit of date_trunc and its like against a closed list.
func (s *stage) dateUnit(c *call, e *Call) value {
	unit, _ := constText(c.args[0])
	known := []string{"second", "minute", "hour", "day", "week", "month", "quarter", "year"}
	for _, u := range known {
		if strings.EqualFold(u, unit) && (u != "quarter" || c.fn == "date_trunc") {
			c.args[0] = textConst(u)
			if c.fn == "date_add" {
				return &call{"date_add_" + u, c.args[1:], Time}
			}
			return c
		}
	}
	s.fault("query/unit", e.Args[0].Span(), "there is no unit "+cut(unit), "second, minute, hour, day, week, month and year are")
	return null()
}

// dateFormat turns a format of MySQL into that of strftime.
func (s *stage) dateFormat(c *call, e *Call) value {
	format, _ := constText(c.args[1])
	known := map[byte]string{'Y': "%Y", 'y': "%y", 'm': "%m", 'c': "%-m", 'd': "%d", 'e': "%-d", 'H': "%H", 'k': "%-H", 'h': "%I", 'I': "%I", 'l': "%-I",
		'i': "%M", 's': "%S", 'S': "%S", 'p': "%p", 'M': "%B", 'b': "%b", 'W': "%A", 'a': "%a", 'j': "%j", 'T': "%H:%M:%S", 'r': "%I:%M:%S %p",
		'f': "%f", 'v': "%V", 'x': "%G", 'w': "%w", '%': "%%"}
	var b strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			b.WriteByte(format[i])
			continue
		}
		i++
		if i == len(format) || known[format[i]] == "" {
			s.fault("query/date-format", e.Args[1].Span(), "the format has a % that is not known", "%Y-%m-%d %H:%i:%s, as in MySQL")
			return null()
		}
		b.WriteString(known[format[i]])
	}
	c.args[1] = textConst(b.String())
	return c
}

func (s *stage) subnet(c *call, e *Call) value {
	network, _ := constText(c.args[0])
	p, ok := parseNetwork(network)
	if !ok {
		s.fault("query/network", e.Args[0].Span(), cut(network)+" is no network", "write is_subnet_of('10.0.0.0/8', ip)")
		return null()
	}
	c.args[0] = textConst(p.String())
	return c
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
		s.fault("query/order-in-call", e.OrderBy[0].Span(), "ORDER BY inside a call is for array_agg without DISTINCT", "")
		return null()
	}
	for _, o := range e.OrderBy {
		a.order = append(a.order, sortKey{item: -1, x: s.expr(o.X, inner), desc: o.Desc, nullsFirst: o.Nulls == NullsFirst})
	}
	return s.settle(a, e)
}

// settle makes the answer of an aggregate reproducible where the order of
// records would show: what was stored first counts.
func (s *stage) settle(a *aggregate, e *Call) value {
	if len(a.args) > 0 && a.args[0].typ().IsArray() && a.fn != "count" && a.fn != "arbitrary" && a.fn != "approx_distinct" {
		s.fault("query/type", e.Args[0].Span(), a.fn+" does not take "+a.args[0].typ().String(), "")
		return null()
	}
	var seq value
	if s.in.table != nil || s.in.sel.seq {
		seq = &column{name: seqColumn, t: Integer}
	}
	switch a.fn {
	case "arbitrary":
		if seq != nil {
			return &aggregate{fn: "first_stored", args: append(a.args, seq), filter: a.filter, t: a.t, span: a.span}
		}
		a.fn, a.distinct = "min", false
	case "array_agg":
		switch {
		case a.distinct:
			a.order = []sortKey{{item: -1, x: a.args[0]}}
		case seq != nil:
			a.order = append(a.order, sortKey{item: -1, x: seq})
		case len(a.order) == 0:
			a.order = []sortKey{{item: -1, x: a.args[0]}}
		}
	case "min", "max", "bool_and", "bool_or":
		a.distinct = false
	}
	if a.distinct && a.fn != "count" && a.fn != "sum" && a.fn != "avg" && a.fn != "array_agg" && a.fn != "count_if" {
		s.fault("query/distinct", e.Span(), a.fn+" does not take DISTINCT", "")
	}
	return a
}
