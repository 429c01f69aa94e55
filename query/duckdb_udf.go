// The functions that DuckDB does not have and our statements call.

package query

import (
	"fmt"
	"math"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A DuckDBFunction is a scalar function that the statements of the DuckDB
// dialect call and DuckDB does not have. Whoever opens an instance registers
// them before it is locked down. They are deterministic, NULL gives NULL (the
// function is not called), and several goroutines may call one at once.
type DuckDBFunction struct {
	Name   string
	Params []Type // Text is VARCHAR, Boolean BOOLEAN, Integer BIGINT, Double DOUBLE
	Result Type   // Text, Integer (BIGINT), Double, Boolean, or array of Text (VARCHAR[])
	// Call takes string, bool, int64 and float64, as Params say, and returns string, int64,
	// float64, bool, []any of string and nil, or nil for NULL. An error fails the
	// query.
	Call func(args []any) (any, error)
}

// DuckDBFunctions are the functions to register for one instance.
//
// They read JSON and numbers as Presto does, where DuckDB differs, crashes or
// never ends: the JSON functions of DuckDB fail a whole query on one malformed
// text, its LIKE is exponential in the number of %, its casts round 1.5 to 2.
// A call costs about 0.2 µs beside its work.
func DuckDBFunctions() []DuckDBFunction {
	tests, globs, paths, ways := &cache[jsonTest]{}, &cache[[]Glob]{}, &cache[[]any]{}, &cache[[]string]{}
	patterns, zones := &cache[*regexp.Regexp]{}, &cache[*time.Location]{}
	return append(listFunctions(), []DuckDBFunction{
		{"tocsin_json_any", []Type{Text, Text}, Boolean, func(a []any) (any, error) {
			return tests.get(a[1].(string), decodeTest).holds(a[0].(string)), nil
		}},
		{"tocsin_json_at", []Type{Text, Text}, Text, func(a []any) (any, error) {
			return jsonText(a[0].(string), ways.get(a[1].(string), decodeSteps)), nil
		}},
		{"tocsin_text_at", []Type{Text, Text}, Text, func(a []any) (any, error) {
			if !validJSON(a[0].(string)) {
				return nil, nil
			}
			return jsonText(a[0].(string), ways.get(a[1].(string), decodeSteps)), nil
		}},
		{"tocsin_json_extract", []Type{Text, Text, Boolean}, Text, func(a []any) (any, error) {
			return extract(a[0].(string), paths.get(a[1].(string), decodePath), a[2].(bool)), nil
		}},
		{"tocsin_json_length", []Type{Text, Text}, Integer, func(a []any) (any, error) {
			return jsonLength(a[0].(string), paths.get(a[1].(string), decodePath)), nil
		}},
		{"tocsin_json_texts", []Type{Text}, ArrayOf(Text), func(a []any) (any, error) {
			return jsonTexts(a[0].(string)), nil
		}},
		{"tocsin_glob", []Type{Text, Text, Boolean}, Boolean, func(a []any) (any, error) {
			exact := a[2].(bool)
			return globMatch(fold(a[0].(string), exact), globs.get(specKey(a[1].(string), exact), decodeFoldedGlob)), nil
		}},
		{"tocsin_word", []Type{Text, Text, Boolean}, Boolean, func(a []any) (any, error) {
			exact := a[2].(bool)
			return hasToken(fold(a[0].(string), exact), globs.get(specKey(a[1].(string), exact), decodeFoldedGlob)), nil
		}},
		{"tocsin_number", []Type{Text, Boolean}, Double, reading(func(s string) (any, bool) { return readNumber(s) }, "number")},
		{"tocsin_integer", []Type{Text, Boolean}, Integer, reading(readInteger, "bigint")},
		{"tocsin_boolean", []Type{Text, Boolean}, Boolean, reading(readBoolean, "boolean")},
		{"tocsin_time", []Type{Text, Boolean}, Integer, reading(readTime, "timestamp")},
		{"tocsin_url_decode", []Type{Text}, Text, func(a []any) (any, error) { return urlDecode(a[0].(string)), nil }},
		{"tocsin_upper", []Type{Text}, Text, func(a []any) (any, error) { return strings.ToUpper(a[0].(string)), nil }},
		{"tocsin_reverse", []Type{Text}, Text, func(a []any) (any, error) { return reversed(a[0].(string)), nil }},
		{"tocsin_trim", []Type{Text}, Text, func(a []any) (any, error) { return strings.TrimFunc(a[0].(string), whiteSpace), nil }},
		{"tocsin_ltrim", []Type{Text}, Text, func(a []any) (any, error) { return strings.TrimLeftFunc(a[0].(string), whiteSpace), nil }},
		{"tocsin_rtrim", []Type{Text}, Text, func(a []any) (any, error) { return strings.TrimRightFunc(a[0].(string), whiteSpace), nil }},
		{"tocsin_substr", []Type{Text, Integer, Integer}, Text, func(a []any) (any, error) {
			return substr(a[0].(string), a[1].(int64), a[2].(int64)), nil
		}},
		{"tocsin_double_text", []Type{Double}, Text, func(a []any) (any, error) { return doubleText(a[0].(float64)), nil }},
		{"tocsin_local_time", []Type{Integer, Text}, Integer, func(a []any) (any, error) {
			return localTime(a[0].(int64), zones.get(a[1].(string), readZone)), nil
		}},
		{"tocsin_utc_of", []Type{Integer, Text}, Integer, func(a []any) (any, error) {
			return utcOf(a[0].(int64), zones.get(a[1].(string), readZone)), nil
		}},
		{"tocsin_trunc_zone", []Type{Text, Integer, Text}, Integer, func(a []any) (any, error) {
			return truncZone(a[0].(string), a[1].(int64), zones.get(a[2].(string), readZone)), nil
		}},
		{"tocsin_regexp_extract", []Type{Text, Text, Integer}, Text, func(a []any) (any, error) {
			return regexpGroups(a[0].(string), patterns.get(a[1].(string), readPattern), int(a[2].(int64)), 1), nil
		}},
		{"tocsin_regexp_extract_all", []Type{Text, Text, Integer}, ArrayOf(Text), func(a []any) (any, error) {
			return regexpGroups(a[0].(string), patterns.get(a[1].(string), readPattern), int(a[2].(int64)), -1), nil
		}},
		{"is_subnet_of", []Type{Text, Text}, Boolean, func(a []any) (any, error) {
			return inNetwork(a[0].(string), a[1].(string)), nil
		}},
	}...)
}

// reading makes a function (text, try) of one that reads a text: what it cannot
// read is NULL with try, else an error.
func reading(read func(string) (any, bool), to string) func([]any) (any, error) {
	return func(a []any) (any, error) {
		v, ok := read(trimmed(a[0].(string)))
		if ok {
			return v, nil
		}
		if a[1].(bool) {
			return nil, nil
		}
		return nil, fmt.Errorf("cast: %s is no %s (try_cast gives NULL instead)", strconv.QuoteToASCII(cut(a[0].(string))), to)
	}
}

// trimmed is a text without the white space of ASCII around it.
func trimmed(s string) string { return strings.Trim(s, " \t\n\v\f\r") }

// readNumber reads a finite decimal number; nothing else (inf, 0x1f, 1_000).
func readNumber(s string) (float64, bool) {
	if s == "" || strings.Trim(s, "0123456789+-.eE") != "" {
		return 0, false
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil && !math.IsInf(f, 0)
}

func readInteger(s string) (any, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}

func readBoolean(s string) (any, bool) {
	switch strings.ToLower(s) {
	case "true", "t", "1":
		return true, true
	case "false", "f", "0":
		return false, true
	}
	return nil, false
}

// timeText is how times are written; Go's parser alone takes more.
var timeText = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]+)?(?:Z|[-+](?:[01][0-9]|2[0-3]):[0-5][0-9])?)?)?$`)

// readTime reads a time as microseconds since 1970.
func readTime(s string) (any, bool) {
	if !timeText.MatchString(s) {
		return nil, false
	}
	t, ok := parseTime(s)
	return t.UnixMicro(), ok && t.Year() < 10000 && t.Year() > 0
}

// parseTime reads a time as users and records write it: with a zone, else UTC.
func parseTime(text string) (time.Time, bool) {
	for _, layout := range []string{
		time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999Z07:00",
		"2006-01-02 15:04:05.999999999", "2006-01-02 15:04", "2006-01-02T15:04", "2006-01-02",
	} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

func urlDecode(s string) any {
	t, err := url.QueryUnescape(s)
	if err != nil {
		return nil
	}
	return validText(t)
}

// inNetwork reports whether an address lies in a network; a text that is no
// address does not, nor does one with a zone. ::ffff:10.0.0.1 is 10.0.0.1, and
// an address of one family is in no network of the other.
func inNetwork(network, address string) bool {
	p, err := netip.ParsePrefix(network)
	if err != nil {
		return false
	}
	a, err := netip.ParseAddr(trimmed(address))
	return err == nil && a.Zone() == "" && p.Contains(a.Unmap())
}

// hasToken reports whether a token of s matches.
func hasToken(s string, parts []Glob) bool {
	for s != "" {
		i := strings.IndexFunc(s, isDelimiter)
		if i < 0 {
			return globMatch(s, parts)
		}
		if i > 0 && globMatch(s[:i], parts) {
			return true
		}
		s = s[i+1:] // every delimiter is one byte
	}
	return false
}

func fold(s string, exact bool) string {
	if exact {
		return s
	}
	return strings.ToLower(s)
}

// jsonText is the value below a path: NULL, one value, or an array of several.
func jsonText(s string, path []string) any {
	var found []string
	below(s, path, 0, func(raw string) bool {
		found = append(found, raw)
		return true
	})
	switch len(found) {
	case 0:
		return nil
	case 1:
		return plain(found[0])
	}
	return "[" + compact(strings.Join(found, ",")) + "]"
}

// extract is json_extract, or json_extract_scalar, of Presto, with a text as it
// is in both.
func extract(s string, path []any, scalar bool) any {
	raw, ok := follow(s, path)
	if !ok || raw == "null" || scalar && (raw[0] == '{' || raw[0] == '[') {
		return nil
	}
	return plain(raw)
}

func jsonLength(s string, path []any) any {
	raw, ok := follow(s, path)
	if !ok || raw[0] != '[' {
		return nil
	}
	n := int64(0)
	eachElement(raw, func(string) bool { n++; return true })
	return n
}

func jsonTexts(s string) any {
	s, ok := follow(s, nil)
	if !ok || s[0] != '[' {
		return nil
	}
	out := []any{}
	eachElement(s, func(raw string) bool {
		if raw == "null" {
			out = append(out, nil)
		} else {
			out = append(out, plain(raw))
		}
		return true
	})
	return out
}
