// The functions that DuckDB calls, called as it calls them, and JSON that is
// broken, deep or repeats its keys.

package query

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"sort"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// call calls a function by its name.
func callUDF(t testing.TB, name string, args ...any) any {
	t.Helper()
	for _, f := range DuckDBFunctions() {
		if f.Name == name {
			v, err := f.Call(args)
			if err != nil {
				return "error: " + err.Error()
			}
			return v
		}
	}
	t.Fatalf("no function %s", name)
	return nil
}

func TestFunctionsOfDuckDB(t *testing.T) {
	deep := strings.Repeat("[", 1<<20)
	for _, c := range []struct {
		name string
		args []any
		want any
	}{
		{"tocsin_json_at", []any{`{"a":{"b":"x"}}`, `["a","b"]`}, "x"},
		{"tocsin_json_at", []any{`{"a":[{"b":1},[{"b":[2,"c"]}],null,{"b":null}]}`, `["a","b"]`}, `[1,2,"c"]`},
		{"tocsin_json_at", []any{`{"a":{"b" : { "c" : [1, 2] } }}`, `["a","b"]`}, `{"c":[1,2]}`},
		{"tocsin_json_at", []any{`{"a":null}`, `["a"]`}, nil},
		{"tocsin_json_at", []any{`{"a":[]}`, `["a"]`}, nil},
		{"tocsin_json_at", []any{`not json`, `["a"]`}, nil},
		{"tocsin_json_at", []any{`{"a":tru`, `["a"]`}, "tru"},
		{"tocsin_json_at", []any{``, `[]`}, nil},
		{"tocsin_json_at", []any{deep, `["a"]`}, nil},
		{"tocsin_json_at", []any{`{"a\u0062":"caf\u00e9 \ud83d\ude00"}`, `["ab"]`}, "café 😀"},
		{"tocsin_json_at", []any{`{"a":1,"a":2}`, `["a"]`}, "1"},
		{"tocsin_json_at", []any{`{"a":1e999,"b":123456789012345678901234567890}`, `["b"]`}, "123456789012345678901234567890"},
		{"tocsin_json_extract", []any{`{"a":[{"b":1},{"b":2}]}`, `["a",1,"b"]`, true}, "2"},
		{"tocsin_json_extract", []any{`{"a":[{"b":1},{"b":2}]}`, `["a","b"]`, false}, nil},
		{"tocsin_json_extract", []any{`{"a":"off"}`, `["a"]`, false}, "off"},
		{"tocsin_json_extract", []any{`{"a":[1, 2]}`, `["a"]`, true}, nil},
		{"tocsin_json_extract", []any{`{"a":[1, 2]}`, `["a"]`, false}, "[1,2]"},
		{"tocsin_json_extract", []any{`{"a":{"b":1} x`, `["a","b"]`, true}, "1"},
		{"tocsin_json_extract", []any{`{"x":tru,"a":1}`, `["a"]`, true}, nil},
		{"tocsin_json_extract", []any{`{"a":01}`, `["a"]`, true}, nil},
		{"tocsin_json_extract", []any{`1x`, `[]`, true}, nil},
		{"tocsin_json_extract", []any{`"\ud800x"`, `[]`, true}, "?x"},
		{"tocsin_json_extract", []any{deep, `[]`, true}, nil},
		{"tocsin_substr", []any{"a日本", int64(-2), int64(9)}, "日本"},
		{"tocsin_substr", []any{"abc", int64(0), int64(2)}, ""},
		{"tocsin_substr", []any{"abc", int64(-4), int64(2)}, ""},
		{"tocsin_reverse", []any{"ae\u0301"}, "\u0301ea"},
		{"tocsin_upper", []any{"straße é"}, "STRAßE É"},
		{"tocsin_double_text", []any{1e7}, "1.0E7"},
		{"tocsin_double_text", []any{5e-324}, "4.9E-324"},
		{"tocsin_double_text", []any{123456.75}, "123456.75"},
		{"tocsin_double_text", []any{0.001}, "0.001"},
		{"tocsin_regexp_extract", []any{"b", "(a)|b", int64(1)}, nil},
		{"tocsin_regexp_extract_all", []any{"ab", "(a)|b", int64(1)}, []any{"a", nil}},
		{"tocsin_url_decode", []any{"%e3%81x%f0%80"}, "\ufffdx\ufffd\ufffd"},
		{"tocsin_json_length", []any{`[1,[2,3],"x,y"]`, `[]`}, int64(3)},
		{"tocsin_json_length", []any{`{}`, `[]`}, nil},
		{"tocsin_json_array_text", []any{`["a",1,{"b": 2},null]`, false}, []any{"a", "1", `{"b":2}`, nil}},
		{"tocsin_json_array_integer", []any{`[1,"2",null,true,1.5,-1.5]`, false}, []any{int64(1), int64(2), nil, int64(1), int64(2), int64(-2)}},
		{"tocsin_json_array_integer", []any{`[1,"1.5"]`, true}, nil},
		{"tocsin_json_array_integer", []any{`{}`, false}, `error: cast: "{}" is no array(bigint) (try_cast gives NULL instead)`},
		{"tocsin_json_array_integer", []any{`[1e300]`, true}, nil},
		{"tocsin_json_array_double", []any{`[1,"2",null,true,1.5]`, false}, []any{1.0, 2.0, nil, 1.0, 1.5}},
		{"tocsin_json_array_boolean", []any{`[true,false,1,0,"true","f",null,0.5]`, false}, []any{true, false, true, false, true, false, nil, true}},
		{"tocsin_json_array_text", []any{`null`, false}, nil},
		{"tocsin_json_keys", []any{`{"a":1,"b":"2","c":null,"a":3}`, false}, []any{"a", "b", "c"}},
		{"tocsin_json_values_integer", []any{`{"a":1,"b":"2","c":null,"a":3}`, false}, []any{int64(1), int64(2), nil}},
		{"tocsin_json_values_json", []any{`{"a":1,"b":{"x": 1}}`, false}, []any{"1", `{"x":1}`}},
		{"tocsin_json_contains", []any{`[1,2.0,"x",true,null]`, "integer", "2"}, false},
		{"tocsin_json_contains", []any{`[1,2.0,"x",true,null]`, "double", "2.0"}, true},
		{"tocsin_json_contains", []any{`[1,2.0,"x",true,null]`, "text", "x"}, true},
		{"tocsin_json_contains", []any{`["true"]`, "boolean", "true"}, false},
		{"tocsin_json_contains", []any{`{}`, "integer", "1"}, nil},
		{"tocsin_json_get", []any{`[1,{"a": 2},"x",null]`, int64(-2)}, "x"},
		{"tocsin_json_get", []any{`[1,{"a": 2},"x",null]`, int64(1)}, `{"a":2}`},
		{"tocsin_json_get", []any{`[1,{"a": 2},"x",null]`, int64(3)}, nil},
		{"tocsin_json_get", []any{`[1]`, int64(-2)}, nil},
		{"tocsin_json_get", []any{`{}`, int64(0)}, nil},
		{"tocsin_decimal_text", []any{"1.255", "10,2", false}, "1.26"},
		{"tocsin_decimal_text", []any{"-0.001", "10,2", false}, "0.00"},
		{"tocsin_decimal_text", []any{"1e-999999999", "10,2", false}, "0.00"},
		{"tocsin_decimal_text", []any{"1000", "5,2", true}, nil},
		{"tocsin_decimal_text", []any{"999.995", "5,2", true}, nil},
		{"tocsin_levenshtein", []any{"kitten", "sitting"}, int64(3)},
		{"tocsin_levenshtein", []any{"", "日本"}, int64(2)},
		{"tocsin_levenshtein", []any{strings.Repeat("a", 1000), strings.Repeat("b", 1000)}, "error: levenshtein_distance: texts of 1000 and 1000 characters are too long for it (compare substr(x, 1, 255))"},
		{"tocsin_glob", []any{"StopLogging", `stop*ing`, false}, true},
		{"tocsin_glob", []any{"StopLogging", `stop*ing`, true}, false},
		{"tocsin_glob", []any{"a*b", `a\*b`, true}, true},
		{"tocsin_glob", []any{"aXb", `a\*b`, true}, false},
		{"tocsin_glob", []any{"日本", `??`, true}, true},
		{"tocsin_glob", []any{strings.Repeat("a", 10000), strings.Repeat("*a", 1000) + "*b", true}, false},
		{"tocsin_word", []any{"User: bob is not (authorized)", `AUTH*`, false}, true},
		{"tocsin_word", []any{"sas-cspm-log", `cspm`, false}, false},
		{"tocsin_number", []any{" 1.5 ", true}, 1.5},
		{"tocsin_number", []any{"inf", true}, nil},
		{"tocsin_number", []any{"1e400", true}, nil},
		{"tocsin_number", []any{"0x1f", true}, nil},
		{"tocsin_number", []any{"1_000", true}, nil},
		{"tocsin_number", []any{"x\x1b[31m", false}, `error: cast: "x\x1b[31m" is no number (try_cast gives NULL instead)`},
		{"tocsin_integer", []any{"1.5", true}, nil},
		{"tocsin_integer", []any{"9223372036854775808", true}, nil},
		{"tocsin_time", []any{"1970-01-01T00:00:01+01:00", true}, int64(-3599000000)},
		{"tocsin_boolean", []any{"TRUE", true}, true},
		{"tocsin_url_decode", []any{"a%20b+c%"}, nil},
		{"is_subnet_of", []any{"10.0.0.0/8", "::ffff:10.1.1.1"}, true},
		{"is_subnet_of", []any{"10.0.0.0/8", "11.0.0.1"}, false},
		{"is_subnet_of", []any{"10.0.0.0/8", "s3.amazonaws.com"}, false},
		{"is_subnet_of", []any{"2001:db8::/32", "2001:db8::1"}, true},
	} {
		if got := callUDF(t, c.name, c.args...); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s(%.100v) = %v, not %v", c.name, c.args, got, c.want)
		}
	}
}

// TestGlobIsRegexp: patterns match as the regular expressions that they mean.
func TestGlobIsRegexp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.StringMatching(`[ab*?é]{0,8}`).Draw(t, "pattern")
		s := rapid.StringMatching(`[abé]{0,10}`).Draw(t, "text")
		re := "(?s)^"
		for _, r := range pattern {
			switch r {
			case '*':
				re += ".*"
			case '?':
				re += "."
			default:
				re += string(r)
			}
		}
		if got, want := globMatch(s, decodeGlob(pattern)), regexp.MustCompile(re+"$").MatchString(s); got != want {
			t.Fatalf("%q on %q: %v", pattern, s, got)
		}
	})
}

// TestJSONValues: the values below a path are those that a decoded document
// has, through arrays at any depth.
func TestJSONValues(t *testing.T) {
	var doc func(depth int) *rapid.Generator[any]
	doc = func(depth int) *rapid.Generator[any] {
		leaf := rapid.OneOf(rapid.Just[any](nil), rapid.Map(rapid.StringMatching(`["\\ aé\n{}\[\],:]{0,5}`), func(s string) any { return s }),
			rapid.Map(rapid.IntRange(-5, 5), func(n int) any { return n }), rapid.Map(rapid.Bool(), func(b bool) any { return b }))
		if depth == 0 {
			return leaf
		}
		inner := rapid.Deferred(func() *rapid.Generator[any] { return doc(depth - 1) })
		return rapid.OneOf(leaf,
			rapid.Map(rapid.SliceOfN(inner, 0, 3), func(s []any) any { return s }),
			rapid.Map(rapid.MapOfN(rapid.SampledFrom([]string{"a", "b", `c"d`}), inner, 0, 3), func(m map[string]any) any { return m }))
	}
	rapid.Check(t, func(t *rapid.T) {
		v := doc(4).Draw(t, "doc")
		path := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", `c"d`}), 0, 3).Draw(t, "path")
		b, err := json.MarshalIndent(v, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		below(string(b), path, 0, func(raw string) bool { got = append(got, plain(raw)); return true })
		want := valuesOf(v, path)
		sort.Strings(got)
		sort.Strings(want)
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("%s at %v: %q, not %q", b, path, got, want)
		}
	})
}

func valuesOf(v any, path []string) (out []string) {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		for _, e := range v {
			out = append(out, valuesOf(e, path)...)
		}
		return out
	case map[string]any:
		if len(path) > 0 {
			return valuesOf(v[path[0]], path[1:])
		}
	}
	if len(path) > 0 {
		return nil
	}
	if s, ok := v.(string); ok {
		return []string{s}
	}
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	var buf strings.Builder
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if enc.Encode(v) != nil {
		return []string{string(b)}
	}
	return []string{strings.TrimSpace(buf.String())}
}

// FuzzJSON: no text makes the reading of JSON panic, hang or grow.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{`{"a":[1,{"b":"x\u0041"}]}`, `[[[[`, `{"a":{"a":`, `"\`, `{"a"`, `[,]`, `{"\ud800":1}`, "\x00{", `{"a":1,"a":2}`} {
		f.Add(s)
	}
	tests := []string{
		(&leaf{t: JSON, path: []string{"a", "b"}, op: leafEqual, texts: []string{"x"}}).encode(),
		(&leaf{t: JSON, deep: true, op: leafWord, parts: []Glob{{Text: "x"}, {Wild: '*'}}}).encode(),
		(&leaf{t: JSON, path: []string{"a"}, op: leafCompare, cmp: OpGe, num: int64(1)}).encode(),
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, spec := range tests {
			callUDF(t, "tocsin_json_any", s, spec)
		}
		for _, name := range []string{"tocsin_json_at", "tocsin_json_length"} {
			callUDF(t, name, s, `["a","b"]`)
		}
		callUDF(t, "tocsin_json_extract", s, `["a",1]`, false)
		callUDF(t, "tocsin_json_array_text", s, true)
		callUDF(t, "tocsin_json_keys", s, true)
		callUDF(t, "tocsin_json_values_integer", s, true)
		callUDF(t, "tocsin_json_get", s, int64(-1))
	})
}

func BenchmarkJSONAny(b *testing.B) {
	doc := `{"ipPermissions":{"items":[{"fromPort":22,"ipRanges":{"items":[{"cidrIp":"0.0.0.0/0"},{"cidrIp":"10.0.0.0/8"}]}},{"fromPort":443}]},"x":true}`
	spec := (&leaf{t: JSON, path: []string{"ipPermissions", "items", "ipRanges", "items", "cidrIp"}, op: leafEqual, texts: []string{"10.0.0.0/8"}}).encode()
	for _, f := range DuckDBFunctions() {
		if f.Name == "tocsin_json_any" {
			for b.Loop() {
				if v, err := f.Call([]any{doc, spec}); v != true || err != nil {
					b.Fatal(v, err)
				}
			}
		}
	}
}
