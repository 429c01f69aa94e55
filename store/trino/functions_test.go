//go:build integration || soak

// Functions of ours, in SQL, against those of the same names in Go, which the
// other engine calls.

package trino_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"tocsin/query"
	"tocsin/query/querytest"
	"tocsin/store/trino/trinotest"
)

// everything calls each function of ours.
const everything = `requestParameters.a:1 and x* | SELECT requestParameters.b AS b, json_extract(requestParameters, '$.a') AS a,
 try_cast(errorCode AS bigint) AS c, try_cast(errorCode AS double) AS d, try_cast(errorCode AS boolean) AS e, try_cast(errorCode AS timestamp) AS f,
 cast(json_extract(requestParameters, '$.a') AS array(varchar)) AS g, cast(requestParameters AS array(bigint)) AS g2,
 cast(requestParameters AS array(double)) AS g3, cast(requestParameters AS map(varchar, varchar)) AS g4, from_iso8601_timestamp(errorCode) AS g5, url_decode(errorCode) AS h, is_subnet_of('10.0.0.0/8', errorCode) AS i`

// declarations are the functions as they stand in front of a statement.
func declarations(t *testing.T) string {
	t.Helper()
	schema, err := querytest.Schema(testdata)
	if err != nil {
		t.Fatal(err)
	}
	p, err := planned(schema, query.Options{Logstore: "cloudtrail"}, everything)
	if err != nil {
		t.Fatal(err)
	}
	text := p.SQL(query.Trino(), query.Window{}).Text
	return text[:strings.Index(text, "\nSELECT")+1]
}

// An input is what functions are called with.
type input struct {
	text  string
	steps []string // a path through arrays
	way   []any    // an exact path
}

func inputs(rng *rand.Rand, n int) []input {
	out := make([]input, n)
	for i := range out {
		in := &out[i]
		switch rng.IntN(5) {
		case 0:
			in.text = querytest.Text(rng)
		case 1:
			in.text = querytest.Address(rng)
		case 2:
			in.text = escapes(rng)
		case 3: // broken
			in.text = querytest.JSON(rng, 3)
			at := rng.IntN(len(in.text) + 1)
			in.text = strings.ToValidUTF8(in.text[:at]+[]string{"", "x", "}", `"`, ",", " "}[rng.IntN(6)]+in.text[min(len(in.text), at+rng.IntN(2)):], "")
		default:
			in.text = querytest.JSON(rng, 3)
		}
		for range rng.IntN(3) {
			in.steps = append(in.steps, querytest.Key(rng))
		}
		for range rng.IntN(3) {
			if rng.IntN(3) == 0 {
				in.way = append(in.way, rng.IntN(3))
			} else {
				in.way = append(in.way, querytest.Key(rng))
			}
		}
	}
	return out
}

// escapes is a text as URLs have it, and worse.
func escapes(rng *rand.Rand) string {
	var b strings.Builder
	for range rng.IntN(8) {
		b.WriteString([]string{"a", "+", "%20", "%C3%A9", "%e3%81%82", "%e3%81", "%f0%9f%98%80", "%ff", "%ed%a0%80", "%c0%80", "%f4%90%80%80", "%80", "%2", "%zz", "é"}[rng.IntN(15)])
	}
	return b.String()
}

// pathOf writes an exact path for the JSON functions of Trino, and as steps.
func pathOf(way []any) (path string, steps []string) {
	path = "$"
	for _, s := range way {
		if n, ok := s.(int); ok {
			path, steps = path+"["+strconv.Itoa(n)+"]", append(steps, "#"+strconv.Itoa(n))
			continue
		}
		key := fmt.Sprint(s)
		path, steps = path+`["`+strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(key)+`"]`, append(steps, "."+key)
	}
	return path, steps
}

func asJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings and ints are always written
	}
	return string(b)
}

// functionCases are calls in Go and what they are in SQL, over the columns a
// (text), steps, path and way. Results are compared as texts.
var functionCases = []struct {
	name string
	args func(in input) []any
	sql  string
}{
	{"tocsin_json_at", func(in input) []any { return []any{in.text, asJSON(nonNil(in.steps))} }, "tocsin_json_at(a, steps)"},
	{"tocsin_json_extract", func(in input) []any { return []any{in.text, asJSON(in.wayOrNone()), false} }, "CASE WHEN json_extract(a, path) IS NOT NULL THEN tocsin_json_value(a, way) END"},
	{"tocsin_json_extract", func(in input) []any { return []any{in.text, asJSON(in.wayOrNone()), true} }, "json_extract_scalar(a, path)"},
	{"tocsin_json_length", func(in input) []any { return []any{in.text, asJSON(in.wayOrNone())} }, "CAST(json_array_length(json_extract(a, path)) AS varchar)"},
	{"tocsin_json_length", func(in input) []any { return []any{in.text, "[]"} }, "CAST(json_array_length(a) AS varchar)"},
	{"tocsin_json_array_text", func(in input) []any { return []any{in.text, true} }, "array_join(tocsin_json_array_text(a, true), '|', '<nil>')"},
	{"tocsin_json_array_integer", func(in input) []any { return []any{in.text, true} }, "array_join(tocsin_json_array_integer(a, true), '|', '<nil>')"},
	{"tocsin_json_array_double", func(in input) []any { return []any{in.text, true} }, "array_join(transform(tocsin_json_array_double(a, true), x -> json_format(CAST(x AS json))), '|', '<nil>')"},
	{"tocsin_json_keys", func(in input) []any { return []any{in.text, true} }, "array_join(tocsin_json_keys(a, true), '|', '<nil>')"},
	{"tocsin_json_size", func(in input) []any { return []any{in.text, asJSON(in.wayOrNone())} }, "CAST(CASE WHEN json_extract(a, path) IS NOT NULL THEN json_size(a, path) END AS varchar)"},
	{"tocsin_iso8601", func(in input) []any { return []any{in.text, true} }, "CAST(tocsin_year(CAST(try(from_iso8601_timestamp(a)) AT TIME ZONE 'UTC' AS TIMESTAMP(6))) AS varchar)"},
	{"tocsin_number", func(in input) []any { return []any{in.text, true} }, "json_format(CAST(tocsin_number(a, true) AS json))"},
	{"tocsin_integer", func(in input) []any { return []any{in.text, true} }, "CAST(tocsin_integer(a, true) AS varchar)"},
	{"tocsin_boolean", func(in input) []any { return []any{in.text, true} }, "CAST(tocsin_boolean(a, true) AS varchar)"},
	{"tocsin_time", func(in input) []any { return []any{in.text, true} }, "CAST(tocsin_time(a, true) AS varchar)"},
	{"tocsin_url_decode", func(in input) []any { return []any{in.text} }, "tocsin_url_decode(a)"},
	{"is_subnet_of", func(in input) []any { return []any{"10.0.0.0/8", in.text} }, "CAST(tocsin_subnet('10.0.0.0/8', a) AS varchar)"},
	{"is_subnet_of", func(in input) []any { return []any{"::/0", in.text} }, "CAST(tocsin_subnet('::/0', a) AS varchar)"},
	{"tocsin_upper", func(in input) []any { return []any{in.text} }, "upper(a)"},
	{"tocsin_reverse", func(in input) []any { return []any{in.text} }, "reverse(a)"},
	{"tocsin_trim", func(in input) []any { return []any{in.text} }, "trim(a)"},
	{"tocsin_ltrim", func(in input) []any { return []any{in.text} }, "ltrim(a)"},
	{"tocsin_rtrim", func(in input) []any { return []any{in.text} }, "rtrim(a)"},
	{"tocsin_substr", func(in input) []any { return []any{in.text, int64(-3), int64(2)} }, "substr(a, -3, 2)"},
	{"tocsin_substr", func(in input) []any { return []any{in.text, int64(2), int64(1 << 40)} }, "substr(a, 2, 1099511627776)"},
}

func (in input) wayOrNone() []any {
	if in.way == nil {
		return []any{}
	}
	return in.way
}

func nonNil(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

func TestIntegrationTrinoFunctions(t *testing.T) {
	s, _ := server(t)
	ins := inputs(rand.New(rand.NewPCG(5, 6)), 4000)
	var rows [][]any
	for i, in := range ins {
		path, way := pathOf(in.way)
		rows = append(rows, []any{int64(i), in.text, asJSON(nonNil(in.steps)), path, asJSON(nonNil(way))})
	}
	columns := []trinotest.Column{{Name: "i", Type: query.Integer}, {Name: "a"}, {Name: "s"}, {Name: "path"}, {Name: "w"}}
	for i := range columns[1:] {
		columns[i+1].Type = query.Text
	}
	if err := s.Load(context.Background(), "inputs", columns, rows); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("trino", s.Address())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	head := declarations(t)
	for _, c := range functionCases {
		t.Run(c.sql, func(t *testing.T) {
			got := answers(t, db, head+"SELECT i, "+c.sql+" FROM (SELECT i, a, path, CAST(json_parse(s) AS array(varchar)) AS steps, CAST(json_parse(w) AS array(varchar)) AS way FROM inputs)")
			faults := 0
			for i, in := range ins {
				if c.name == "tocsin_json_at" && !json.Valid([]byte(in.text)) {
					continue // called for JSON only
				}
				if want := inGo(t, c.name, c.args(in)); got[i] != want {
					if faults++; faults < 6 {
						t.Errorf("%q %q %v: %q, in Go %q", in.text, in.steps, in.way, got[i], want)
					}
				}
			}
			if faults > 0 {
				t.Errorf("%d of %d differ", faults, len(ins))
			}
		})
	}
}

// answers are the results of a statement by their first column; NULL is <nil>.
func answers(t *testing.T, db *sql.DB, text string) map[int]string {
	t.Helper()
	rows, err := db.QueryContext(context.Background(), text)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	out := map[int]string{}
	for rows.Next() {
		var i int
		var v sql.NullString
		if err := rows.Scan(&i, &v); err != nil {
			t.Fatal(err)
		}
		out[i] = v.String
		if !v.Valid {
			out[i] = "<nil>"
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// inGo calls a function of DuckDBFunctions and writes its result as Trino does.
func inGo(t *testing.T, name string, args []any) string {
	t.Helper()
	for _, f := range query.DuckDBFunctions() {
		if f.Name != name {
			continue
		}
		v, err := f.Call(args)
		if err != nil {
			t.Fatal(name, args, err)
		}
		switch v := v.(type) {
		case float64:
			return inGo(t, "tocsin_double_text", []any{v})
		case []any:
			texts := make([]string, len(v))
			for i, x := range v {
				texts[i] = fmt.Sprint(x)
				if f, ok := x.(float64); ok {
					texts[i] = inGo(t, "tocsin_double_text", []any{f})
				}
			}
			return strings.Join(texts, "|")
		case int64:
			if name == "tocsin_time" || name == "tocsin_iso8601" {
				return time.UnixMicro(v).UTC().Format("2006-01-02 15:04:05.000000")
			}
		}
		return fmt.Sprint(v)
	}
	t.Fatalf("no function %s", name)
	return ""
}
