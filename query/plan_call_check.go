// What single functions ask of their arguments beyond their types: constants,
// patterns, paths, units, and how far they may make a text grow.

package query

import (
	"errors"
	"regexp/syntax"
	"strconv"
	"strings"

	"tocsin/diag"
)

// special checks what single functions ask of their arguments.
func (s *stage) special(c *call, e *Call) value {
	switch c.fn {
	case "concat":
		for i := range c.args {
			c.args[i] = s.textOf(c.args[i], e.Args[i])
		}
		return s.bounded(c, e.Span())
	case "ceil", "floor", "round":
		if c.t == Integer && len(c.args) == 1 {
			return c.args[0]
		}
	case "nullif":
		x, y := s.pair(c.args[0], c.args[1], e)
		return &call{c.fn, []value{x, y}, x.typ()}
	case "cardinality":
		if c.args[0].typ().IsMap() {
			c.fn = "map_size"
		}
	case "element_at":
		if c.args[0].typ().IsMap() {
			return &call{fn: "map_at", args: []value{c.args[0], s.elementKey(c.args[0], c.args[1], e.Args[1])}, t: c.t}
		}
		c.args[1] = s.integer(c.args[1], e.Args[1])
	case "array_position", "contains":
		el, y := s.pair(&column{t: c.args[0].typ().Elem()}, c.args[1], e.Args[1])
		if _, same := el.(*column); same {
			c.args[1] = y
		}
	case "replace":
		if from, _ := constText(c.args[1]); from == "" {
			s.fault("query/constant", e.Args[1].Span(), "replace takes a text that is not empty", "write what is to be replaced: replace(a, 'x', 'y')")
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
	case *outerRef:
		return growth(v.v)
	case *lambda:
		return growth(v.body)
	case *subquery:
		return v.grown
	case *windowed:
		most := 1.0
		for _, a := range v.args {
			most = max(most, growth(a))
		}
		return most
	case *array:
		most := 1.0
		for _, a := range v.items {
			most = max(most, growth(a))
		}
		return most
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
		p.fault("query/too-large", at, "this makes a text more than 1024 times as long as a field", "join fewer texts")
		return null()
	}
	return v
}

// regexp checks a constant pattern; the engines use RE2, whose syntax Go has.
func (s *stage) regexp(c *call, e *Call) value {
	pattern, _ := constText(c.args[1])
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		hint := "the syntax is RE2's: https://github.com/google/re2/wiki/Syntax"
		if se := new(syntax.Error); errors.As(err, &se) && se.Code == syntax.ErrInvalidPerlOp {
			hint = "look-ahead, look-behind and back references do not exist in RE2"
		}
		s.fault("query/regexp", e.Args[1].Span(), "the regular expression cannot be used: "+cut(strings.TrimPrefix(err.Error(), "error parsing regexp: ")), hint)
		return null()
	}
	if c.fn == "regexp_extract_all" && maybeEmpty(re) && !alwaysEmpty(re) {
		s.fault("query/regexp", e.Args[1].Span(), "this pattern also matches where there is nothing, and engines count such matches in different ways", "write + for *, or what must be there")
		return null()
	}
	if len(c.args) == 3 {
		if n, _ := c.args[2].(*constant).v.(int64); n < 0 || n > int64(re.MaxCap()) {
			s.fault("query/regexp", e.Args[2].Span(), "the pattern has no group "+strconv.FormatInt(n, 10), "group 0 is the whole match; groups are counted by their opening brackets")
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

// dateFormat checks a format of MySQL.
func (s *stage) dateFormat(c *call, e *Call) value {
	format, _ := constText(c.args[1])
	if _, ok := strftime(format); !ok {
		s.fault("query/date-format", e.Args[1].Span(), "the format has a % that is not known", "%Y-%m-%d %H:%i:%s, as in MySQL")
		return null()
	}
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
