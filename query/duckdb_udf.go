// The functions that DuckDB does not have and our statements call.

package query

import (
	"fmt"
	"math"
	"net/netip"
	"regexp"
	"slices"
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
	Params []Type // Text (VARCHAR), Integer (BIGINT), Double, Boolean, or arrays of them
	Result Type   // the same
	// Call takes string, int64, float64, bool and []any, as Params say, and returns
	// one of them, []string, or nil for NULL. An error fails the query.
	Call func(args []any) (any, error)
}

// DuckDBFunctions are the functions to register for one instance.
//
// They read JSON and numbers as Presto does, where DuckDB differs, crashes or
// never ends: the JSON functions of DuckDB fail a whole query on one malformed
// text, its LIKE is exponential in the number of %, its casts round 1.5 to 2.
// A call costs about 0.2 µs beside its work.
func DuckDBFunctions() []DuckDBFunction {
	return slices.Concat(listFunctions(), searchUDFs(), castUDFs(), jsonUDFs(), textUDFs(), patternUDFs(), urlUDFs(), byteUDFs(), numberUDFs(), timeUDFs(), networkUDFs(), zoneUDFs())
}

// searchUDFs are those of the search half, and of paths into JSON.
func searchUDFs() []DuckDBFunction {
	tests, globs, paths, ways := &cache[jsonTest]{}, &cache[[]Glob]{}, &cache[[]any]{}, &cache[[]string]{}
	return []DuckDBFunction{
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
		{"tocsin_json_size", []Type{Text, Text}, Integer, func(a []any) (any, error) {
			return jsonSize(a[0].(string), paths.get(a[1].(string), decodePath)), nil
		}},
		{"tocsin_glob", []Type{Text, Text, Boolean}, Boolean, func(a []any) (any, error) {
			exact := a[2].(bool)
			return globMatch(fold(a[0].(string), exact), globs.get(specKey(a[1].(string), exact), decodeFoldedGlob)), nil
		}},
		{"tocsin_word", []Type{Text, Text, Boolean}, Boolean, func(a []any) (any, error) {
			exact := a[2].(bool)
			return hasToken(fold(a[0].(string), exact), globs.get(specKey(a[1].(string), exact), decodeFoldedGlob)), nil
		}},
		{"is_subnet_of", []Type{Text, Text}, Boolean, func(a []any) (any, error) {
			return inNetwork(a[0].(string), a[1].(string)), nil
		}},
	}
}

// castUDFs read texts as other types.
func castUDFs() []DuckDBFunction {
	return []DuckDBFunction{
		{"tocsin_number", []Type{Text, Boolean}, Double, reading(func(s string) (any, bool) { return readNumber(s) }, "number")},
		{"tocsin_integer", []Type{Text, Boolean}, Integer, reading(readInteger, "bigint")},
		{"tocsin_boolean", []Type{Text, Boolean}, Boolean, reading(readBoolean, "boolean")},
		{"tocsin_time", []Type{Text, Boolean}, Integer, reading(readTime, "timestamp")},
		{"tocsin_decimal", []Type{Text, Text, Boolean}, Double, decimal(func(s string) any { f, _ := readNumber(s); return f })},
		{"tocsin_decimal_text", []Type{Text, Text, Boolean}, Text, decimal(func(s string) any { return s })},
		{"tocsin_double_text", []Type{Double}, Text, func(a []any) (any, error) { return doubleText(a[0].(float64)), nil }},
		{"tocsin_json_array_text", []Type{Text, Boolean}, ArrayOf(Text), jsonArray(elementText, "array(varchar)")},
		{"tocsin_json_array_json", []Type{Text, Boolean}, ArrayOf(Text), jsonArray(elementText, "array(json)")},
		{"tocsin_json_array_integer", []Type{Text, Boolean}, ArrayOf(Integer), jsonArray(elementInteger, "array(bigint)")},
		{"tocsin_json_array_double", []Type{Text, Boolean}, ArrayOf(Double), jsonArray(elementDouble, "array(double)")},
		{"tocsin_json_array_boolean", []Type{Text, Boolean}, ArrayOf(Boolean), jsonArray(elementBoolean, "array(boolean)")},
		{"tocsin_json_keys", []Type{Text, Boolean}, ArrayOf(Text), jsonKeys},
		{"tocsin_json_values_text", []Type{Text, Boolean}, ArrayOf(Text), jsonValues(elementText, "map(varchar, varchar)")},
		{"tocsin_json_values_json", []Type{Text, Boolean}, ArrayOf(Text), jsonValues(elementText, "map(varchar, json)")},
		{"tocsin_json_values_integer", []Type{Text, Boolean}, ArrayOf(Integer), jsonValues(elementInteger, "map(varchar, bigint)")},
		{"tocsin_json_values_double", []Type{Text, Boolean}, ArrayOf(Double), jsonValues(elementDouble, "map(varchar, double)")},
		{"tocsin_json_values_boolean", []Type{Text, Boolean}, ArrayOf(Boolean), jsonValues(elementBoolean, "map(varchar, boolean)")},
	}
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
