// JSON for the functions that DuckDB calls: sizes, elements, casts to arrays and
// maps.

package query

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// jsonUDFs are the functions of JSON.
func jsonUDFs() []DuckDBFunction {
	return []DuckDBFunction{
		{"tocsin_json_contains", []Type{Text, Text, Text}, Boolean, func(a []any) (any, error) {
			return jsonContains(a[0].(string), a[1].(string), a[2].(string)), nil
		}},
		{"tocsin_json_list", []Type{Text}, Text, func(a []any) (any, error) { return jsonList(a[0].(string)), nil }},
		{"tocsin_json_get", []Type{Text, Integer}, Text, func(a []any) (any, error) { return jsonGet(a[0].(string), a[1].(int64)), nil }},
		{"tocsin_json_scalar", []Type{Text}, Boolean, func(a []any) (any, error) { return jsonScalar(a[0].(string)), nil }},
	}
}

// jsonSize is how many members or elements the value at a path has; 0 for a
// single value, NULL where there is none.
func jsonSize(s string, path []any) any {
	raw, ok := follow(s, path)
	if !ok {
		return nil
	}
	n := int64(0)
	switch raw[0] {
	case '[':
		eachElement(raw, func(string) bool { n++; return true })
	case '{':
		eachMember(raw, func(string, string) bool { n++; return true })
	}
	return n
}

// jsonScalar reports whether s is a single JSON value. A text stands without its
// quotes here, so that every other text is one.
func jsonScalar(s string) bool {
	s = strings.Trim(s, " \n\t\r")
	return !strings.HasPrefix(s, "{") && !strings.HasPrefix(s, "[")
}

// jsonList is the array s, or a JSON array of the one value s.
func jsonList(s string) string {
	t := strings.TrimLeft(s, " \n\t\r")
	switch {
	case strings.HasPrefix(t, "["):
		return s
	case strings.HasPrefix(t, "{"):
		return "[" + s + "]"
	}
	b, err := json.Marshal(s)
	if err != nil {
		return "[]"
	}
	return "[" + string(b) + "]"
}

// jsonContains reports whether the array s holds a value of a kind; NULL where s
// is no array. As in Presto, 2 is an integer and 2.0 a double.
func jsonContains(s, kind, want string) any {
	s = strings.Trim(s, " \n\t\r")
	if !strings.HasPrefix(s, "[") {
		return nil
	}
	found := false
	eachElement(s, func(raw string) bool {
		found = jsonEqual(raw, kind, want)
		return !found
	})
	return found
}

func jsonEqual(raw, kind, want string) bool {
	whole := strings.Trim(raw, "0123456789-") == ""
	switch kind {
	case "text":
		return raw[0] == '"' && unquoted(raw) == want
	case "boolean":
		return raw == want && (raw == "true" || raw == "false")
	case "integer":
		return whole && raw == want
	}
	x, ok := readNumber(raw)
	y, err := strconv.ParseFloat(want, 64)
	return ok && !whole && err == nil && x == y
}

// jsonGet is an element of the array s, counted from 0, or from the end with a
// minus.
func jsonGet(s string, i int64) any {
	s = strings.Trim(s, " \n\t\r")
	if !strings.HasPrefix(s, "[") || !validJSON(s) {
		return nil
	}
	if i < 0 {
		eachElement(s, func(string) bool { i++; return true })
	}
	if i < 0 || i > math.MaxInt32 {
		return nil
	}
	raw := element(s, int(i))
	if raw == "" || raw == "null" {
		return nil
	}
	return plain(raw)
}

// elementText reads an element of JSON as text; nil is NULL.
func elementText(raw string) (any, bool) {
	if raw == "null" {
		return nil, true
	}
	return plain(raw), true
}

// elementInteger reads it as Presto casts JSON to bigint: texts that are whole
// numbers, numbers rounded, truth values as 1 and 0.
func elementInteger(raw string) (any, bool) {
	switch {
	case raw == "null":
		return nil, true
	case raw == "true":
		return int64(1), true
	case raw == "false":
		return int64(0), true
	case raw[0] == '"':
		return readInteger(strings.TrimSpace(unquoted(raw)))
	}
	if n, ok := readInteger(raw); ok {
		return n, true
	}
	f, ok := readNumber(raw)
	f = math.Round(f)
	return int64(f), ok && f >= -(1<<63) && f < 1<<63
}

func elementDouble(raw string) (any, bool) {
	switch {
	case raw == "null":
		return nil, true
	case raw == "true":
		return 1.0, true
	case raw == "false":
		return 0.0, true
	case raw[0] == '"':
		raw = strings.TrimSpace(unquoted(raw))
	}
	return readNumber(raw)
}

func elementBoolean(raw string) (any, bool) {
	switch {
	case raw == "null":
		return nil, true
	case raw[0] == '"':
		return readBoolean(unquoted(raw))
	case raw == "true" || raw == "false":
		return raw == "true", true
	}
	f, ok := readNumber(raw)
	return f != 0, ok
}

// jsonArray makes a function (text, try) that reads an array; what is none, or
// holds what cannot be read, is NULL with try, else an error.
func jsonArray(read func(raw string) (any, bool), to string) func([]any) (any, error) {
	return func(a []any) (any, error) {
		s := strings.Trim(a[0].(string), " \n\t\r")
		out, ok := []any{}, strings.HasPrefix(s, "[") && validJSON(s)
		if s == "null" {
			return nil, nil
		}
		if ok {
			eachElement(s, func(raw string) bool {
				var v any
				if v, ok = read(raw); ok {
					out = append(out, v)
				}
				return ok
			})
		}
		return castResult(out, ok, a, to)
	}
}

// jsonKeys are the keys of an object, each once.
func jsonKeys(a []any) (any, error) {
	out := []any{}
	ok := eachOwn(a[0].(string), func(string) bool { return true }, func(key string) { out = append(out, key) })
	return castResult(out, ok, a, "map")
}

// jsonValues makes a function (text, try) that reads the values of an object.
func jsonValues(read func(raw string) (any, bool), to string) func([]any) (any, error) {
	return func(a []any) (any, error) {
		out := []any{}
		ok := eachOwn(a[0].(string), func(raw string) bool {
			v, ok := read(raw)
			out = append(out, v)
			return ok
		}, nil)
		return castResult(out, ok, a, to)
	}
}

// eachOwn visits the values, and the keys, of the object s, of equal keys the
// first (G11). It reports whether s is an object all of whose values were taken.
func eachOwn(s string, value func(raw string) bool, key func(string)) bool {
	s = strings.Trim(s, " \n\t\r")
	if !strings.HasPrefix(s, "{") || !validJSON(s) {
		return false
	}
	seen, ok := map[string]bool{}, true
	eachMember(s, func(k, raw string) bool {
		k = unquoted(k)
		if seen[k] {
			return true
		}
		seen[k] = true
		if key != nil {
			key(k)
		}
		ok = value(raw)
		return ok
	})
	return ok
}

// castResult is what a cast gives: v, or where it is not ok NULL with try, which
// is the last argument, and else an error.
func castResult(v any, ok bool, a []any, to string) (any, error) {
	switch {
	case ok:
		return v, nil
	case a[len(a)-1].(bool):
		return nil, nil
	}
	return nil, fmt.Errorf("cast: %s is no %s (try_cast gives NULL instead)", strconv.QuoteToASCII(cut(a[0].(string))), to)
}
