package store_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tocsin/query"
)

// TestSearchAgainstRecords compares random searches over real CloudTrail
// records with a plain reading of the same records.
func TestSearchAgainstRecords(t *testing.T) {
	records := realRecords(t)
	conn := conformanceConn(t)
	loadReal(t, conn, records)
	rng := rand.New(rand.NewPCG(1, 2))
	hits := 0
	for range 250 {
		text, holds := randomSearch(rng, records, 2)
		want := 0
		for _, r := range records {
			if holds(r) {
				want++
			}
		}
		for _, c := range []struct {
			text string
			want int
		}{{text, want}, {"not (" + text + ")", len(records) - want}} {
			if got := countReal(t, conn, c.text); got != c.want {
				t.Errorf("%s: %d records, not %d", c.text, got, c.want)
			}
		}
		if want > 0 && want < len(records) {
			hits++
		}
	}
	if hits < 100 {
		t.Errorf("only %d searches matched some records", hits)
	}
}

type record = map[string]any

func realRecords(t *testing.T) (out []record) {
	t.Helper()
	for _, dir := range []string{os.Getenv("TOCSIN_SHARED"), "../../shared", "../../../shared"} {
		if dir == "" || len(out) > 0 {
			continue
		}
		files, err := filepath.Glob(dir + "/data/cloudtrail/attack-simulation/*.json")
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			var doc struct{ Records []record }
			if err := json.Unmarshal(b, &doc); err != nil {
				t.Fatal(err)
			}
			out = append(out, doc.Records...)
		}
	}
	if len(out) == 0 {
		t.Skip("no folder with real records (TOCSIN_SHARED)")
	}
	return out[:min(len(out), 1500)]
}

var (
	realTexts = []string{"eventName", "eventSource", "errorCode", "sourceIPAddress", "awsRegion"}
	realJSON  = []string{"userIdentity", "requestParameters", "responseElements", "resources", "additionalEventData", "tlsDetails"}
)

func loadReal(t *testing.T, conn *sql.Conn, records []record) {
	t.Helper()
	ctx := context.Background()
	names := slices.Concat([]string{"seq"}, realTexts, realJSON, []string{"readOnly"})
	if _, err := conn.ExecContext(ctx, "CREATE TABLE real (seq BIGINT, "+strings.Join(append(slices.Clone(realTexts), realJSON...), " VARCHAR, ")+" VARCHAR, readOnly BOOLEAN)"); err != nil {
		t.Fatal(err)
	}
	insert := "INSERT INTO real VALUES (" + strings.TrimSuffix(strings.Repeat("?, ", len(names)), ", ") + ")"
	for i, r := range records {
		args := []any{int64(i + 1)}
		for _, n := range realTexts {
			args = append(args, r[n])
		}
		for _, n := range realJSON {
			var v any
			if r[n] != nil {
				b, err := json.Marshal(r[n])
				if err != nil {
					t.Fatal(err)
				}
				v = string(b)
			}
			args = append(args, v)
		}
		if _, err := conn.ExecContext(ctx, insert, append(args, r["readOnly"])...); err != nil {
			t.Fatal(err)
		}
	}
}

func realSchema() query.Fixed {
	l := &query.Logstore{Name: "real", Table: "real"}
	for _, n := range realTexts {
		l.Fields = append(l.Fields, query.Field{Name: n, Column: n, Type: query.Text})
	}
	for _, n := range realJSON {
		l.Fields = append(l.Fields, query.Field{Name: n, Column: n, Type: query.JSON, Open: true})
	}
	l.Fields = append(l.Fields, query.Field{Name: "readOnly", Column: "readOnly", Type: query.Boolean})
	return query.Fixed{l}
}

func countReal(t *testing.T, conn *sql.Conn, search string) (n int) {
	t.Helper()
	q, err := query.Parse(search + " | SELECT count(*) AS n")
	if err != nil {
		t.Fatalf("%s: %v", search, err)
	}
	p, err := q.Plan(realSchema(), query.Options{Logstore: "real"})
	if err != nil {
		t.Fatalf("%s: %v", search, err)
	}
	s := p.SQL(query.DuckDB(), query.Window{})
	if err := conn.QueryRowContext(context.Background(), s.Text, s.Args...).Scan(&n); err != nil {
		t.Fatalf("%s: %v", search, err)
	}
	return n
}

// randomSearch makes a search of values that occur, and what it means.
func randomSearch(rng *rand.Rand, records []record, depth int) (string, func(record) bool) {
	if depth > 0 && rng.IntN(2) == 0 {
		a, f := randomSearch(rng, records, depth-1)
		b, g := randomSearch(rng, records, depth-1)
		switch rng.IntN(3) {
		case 0:
			return "(" + a + " and " + b + ")", func(r record) bool { return f(r) && g(r) }
		case 1:
			return "(" + a + " or " + b + ")", func(r record) bool { return f(r) || g(r) }
		}
		return "not " + a, func(r record) bool { return !f(r) }
	}
	for {
		path, v := randomValue(rng, records[rng.IntN(len(records))])
		if len(path) == 0 {
			continue
		}
		name := path[0]
		for _, p := range path[1:] {
			name += "." + strconv.Quote(p)
		}
		text := textOfValue(v)
		some := func(ok func(string) bool) func(record) bool {
			return func(r record) bool { return slices.ContainsFunc(valuesAt(r, path), ok) }
		}
		switch n, isNumber := v.(float64); rng.IntN(4) {
		case 0:
			return name + ":*", some(func(string) bool { return true })
		case 1:
			if isNumber {
				return fmt.Sprintf("%s >= %v", name, strconv.FormatFloat(n, 'f', -1, 64)), some(func(s string) bool {
					f, err := strconv.ParseFloat(s, 64)
					return err == nil && f >= n
				})
			}
		case 2:
			if head, _, ok := strings.Cut(text, "."); ok && head != "" && strings.Trim(head, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == "" {
				return name + ":" + head + "*", some(func(s string) bool { return strings.HasPrefix(strings.ToLower(s), strings.ToLower(head)) })
			}
		}
		if strings.ContainsAny(text, "\"\\\n") || len(text) > 200 {
			continue
		}
		return name + `:"` + strings.ToUpper(text) + `"`, some(func(s string) bool { return strings.EqualFold(s, text) })
	}
}

// randomValue walks down a record to a value that is no container.
func randomValue(rng *rand.Rand, r record) (path []string, v any) {
	names := slices.Concat(realTexts, realJSON, []string{"readOnly"})
	name := names[rng.IntN(len(names))]
	path, v = []string{name}, r[name]
	for {
		switch x := v.(type) {
		case []any:
			if len(x) == 0 {
				return nil, nil
			}
			v = x[rng.IntN(len(x))]
		case map[string]any:
			if len(x) == 0 {
				return nil, nil
			}
			keys := make([]string, 0, len(x))
			for k := range x {
				keys = append(keys, k)
			}
			slices.Sort(keys)
			k := keys[rng.IntN(len(keys))]
			if strings.ContainsAny(k, `"\*?`) || k == "" {
				return nil, nil
			}
			path, v = append(path, k), x[k]
		case nil:
			return nil, nil
		default:
			return path, v
		}
	}
}

func textOfValue(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}

// valuesAt are the values below a path, through arrays, as texts.
func valuesAt(v any, path []string) (out []string) {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		for _, e := range v {
			out = append(out, valuesAt(e, path)...)
		}
		return out
	case map[string]any:
		if len(path) > 0 {
			return valuesAt(v[path[0]], path[1:])
		}
		return []string{"{…}"}
	}
	if len(path) > 0 {
		return nil
	}
	return []string{textOfValue(v)}
}
