// What functions ask of patterns, paths, units and networks beyond their types.

package query

import (
	"errors"
	"regexp/syntax"
	"strconv"
	"strings"
)

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
	if c.fn != "regexp_like" && c.fn != "regexp_extract" && c.fn != "regexp_position" && maybeEmpty(re) && (c.fn != "regexp_extract_all" || !alwaysEmpty(re)) {
		s.fault("query/regexp", e.Args[1].Span(), "this pattern also matches where there is nothing, and engines count such matches in different ways", "write + for *, or what must be there")
		return null()
	}
	switch {
	case len(c.args) < 3:
	case c.fn == "regexp_replace":
		with, _ := constText(c.args[2])
		if _, _, fault := replacement(with, re); fault != "" {
			s.fault("query/regexp", e.Args[2].Span(), "the replacement cannot be used: "+fault, `$1 is a group, ${name} one with a name, and \$ a $`)
			return null()
		}
	default:
		if n, _ := wholeConst(c.args[2]); n < 0 || n > int64(re.MaxCap()) {
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

// network checks a constant network.
func (s *stage) network(c *call, e *Call) value {
	network, _ := constText(c.args[0])
	p, ok := parseNetwork(network)
	if !ok {
		s.fault("query/network", e.Args[0].Span(), cut(network)+" is no network", "write "+c.fn+"('10.0.0.0/8', ip)")
		return null()
	}
	c.args[0] = textConst(p.String())
	return c
}

// jsonWanted takes what json_array_contains looks for as the JSON text of it.
func (s *stage) jsonWanted(c *call, e *Call) value {
	var kind string
	switch t := c.args[1].typ(); {
	case t == Unknown:
		return &conversion{x: null(), to: Boolean}
	case t.textual():
		kind = "text"
	case t == Integer:
		kind = "integer"
	case t == Double:
		kind = "double"
	case t == Boolean:
		kind = "boolean"
	default:
		s.fault("query/type", e.Args[1].Span(), "json_array_contains does not look for "+t.String(), "it looks for a text, a number or a truth value")
		return null()
	}
	return &call{fn: "json_contains_" + kind, args: c.args, t: Boolean}
}
