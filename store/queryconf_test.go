// The statements of the DuckDB dialect, run on the real engine over the records
// and cases of query/testdata.

package store_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"math/big"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/duckdb/duckdb-go/v2"

	"tocsin/query"
	"tocsin/query/querytest"
)

func TestQueryConformance(t *testing.T) {
	conn := conformanceConn(t)
	schema, cases, window := conformanceSchema(t), conformanceCases(t), querytest.Window()
	for _, c := range cases {
		t.Run(c.Query, func(t *testing.T) {
			q, err := query.Parse(c.Query)
			var p *query.Plan
			if err == nil {
				o, unread := querytest.Options("../query/testdata", c.Logstore)
				if unread != nil {
					t.Fatal(unread)
				}
				p, err = q.Plan(schema, o)
			}
			if c.Fails != (err != nil) {
				t.Fatalf("line %d: error %v", c.Line, err)
			}
			if err != nil {
				return
			}
			if c.Columns != "" {
				var names []string
				for _, col := range p.Columns() {
					names = append(names, col.Name)
				}
				if got := strings.Join(names, " "); got != c.Columns {
					t.Errorf("line %d: columns %s", c.Line, got)
				}
			}
			got := runConformance(t, conn, p, window)
			want := slices.Clone(c.Rows)
			if !c.Ordered {
				slices.Sort(got)
				slices.Sort(want)
			}
			if !slices.Equal(got, want) {
				s := p.SQL(query.DuckDB(), window)
				t.Errorf("line %d: got\n%s\nwant\n%s\n%s %v", c.Line, strings.Join(got, "\n"), strings.Join(want, "\n"), s.Text, s.Args)
			}
		})
	}
}

func runConformance(t *testing.T, conn *sql.Conn, p *query.Plan, w query.Window) (out []string) {
	t.Helper()
	s := p.SQL(query.DuckDB(), w)
	if strings.Contains(s.Text, ";") {
		t.Errorf("a semicolon in %s", s.Text)
	}
	rows, err := conn.QueryContext(context.Background(), s.Text, s.Args...)
	if err != nil {
		t.Fatalf("%v\n%s %v", err, s.Text, s.Args)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		vals, ptrs := make([]any, len(names)), make([]any, len(names))
		for i := range vals {
			ptrs[i] = &vals[i]
		}
		if err := rows.Scan(ptrs...); err != nil {
			t.Fatal(err)
		}
		if p.RowIdentity() {
			vals = vals[1:]
		}
		for i, c := range p.Columns() {
			vals[i] = plainMaps(vals[i])
			checkType(t, s.Text, c, vals[i])
		}
		var b strings.Builder
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(vals); err != nil {
			t.Fatal(err)
		}
		out = append(out, strings.TrimSpace(b.String()))
	}
	if err := rows.Err(); err != nil {
		t.Fatalf("%v\n%s %v", err, s.Text, s.Args)
	}
	return out
}

// plainMaps takes the maps of the driver as those of a result.
func plainMaps(v any) any {
	m, ok := v.(duckdb.OrderedMap)
	if !ok {
		return v
	}
	out := make(map[string]any, m.Len())
	for i, k := range m.Keys() {
		out[fmt.Sprint(k)] = m.Values()[i]
	}
	return out
}

// checkType holds that the engine gives the Go type that the plan promised.
func checkType(t *testing.T, text string, c query.Column, v any) {
	t.Helper()
	ok := true
	switch v.(type) {
	case nil:
	case string:
		ok = c.Type == query.Text || c.Type == query.JSON
	case int64:
		ok = c.Type == query.Integer
	case float64:
		ok = c.Type == query.Double
	case bool:
		ok = c.Type == query.Boolean
	case time.Time:
		ok = c.Type == query.Time
	case []any:
		ok = c.Type.IsArray()
	case map[string]any:
		ok = c.Type.IsMap()
	case *big.Int:
		ok = false
	default:
		ok = false
	}
	if !ok {
		t.Errorf("column %s is %s and holds a %T: %s", c.Name, c.Type, v, text)
	}
}

func conformanceCases(t *testing.T) []querytest.Case {
	t.Helper()
	cases, err := querytest.Cases("../query/testdata")
	if err != nil {
		t.Fatal(err)
	}
	return cases
}

func conformanceSchema(t *testing.T) query.Fixed {
	t.Helper()
	s, err := querytest.Schema("../query/testdata")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func conformanceConn(t *testing.T) *sql.Conn {
	t.Helper()
	ctx := context.Background()
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	conn, err := db.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	for _, f := range query.DuckDBFunctions() {
		if err := duckdb.RegisterScalarUDF(conn, f.Name, scalar{f}); err != nil {
			t.Fatal(f.Name, err)
		}
	}
	script, err := querytest.Script("../query/testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range append([]string{"SET TimeZone='UTC'", "SET threads=2"}, strings.Split(strings.TrimSpace(script), ";\n")...) {
		if _, err := conn.ExecContext(ctx, s); err != nil {
			t.Fatal(err)
		}
	}
	return conn
}

// scalar registers one function of the query package.
type scalar struct{ f query.DuckDBFunction }

func (s scalar) Config() duckdb.ScalarFuncConfig {
	c := duckdb.ScalarFuncConfig{ResultTypeInfo: info(s.f.Result)}
	for _, p := range s.f.Params {
		c.InputTypeInfos = append(c.InputTypeInfos, info(p))
	}
	return c
}

func (s scalar) Executor() duckdb.ScalarFuncExecutor {
	return duckdb.ScalarFuncExecutor{RowExecutor: func(values []driver.Value) (any, error) {
		args := make([]any, len(values))
		for i, v := range values {
			args[i] = v
		}
		return s.f.Call(args)
	}}
}

func info(t query.Type) duckdb.TypeInfo {
	kinds := map[query.Type]duckdb.Type{query.Text: duckdb.TYPE_VARCHAR, query.Integer: duckdb.TYPE_BIGINT, query.Double: duckdb.TYPE_DOUBLE, query.Boolean: duckdb.TYPE_BOOLEAN}
	if t.IsArray() {
		l, err := duckdb.NewListInfo(info(t.Elem()))
		if err != nil {
			panic(err)
		}
		return l
	}
	i, err := duckdb.NewTypeInfo(kinds[t])
	if err != nil {
		panic(err)
	}
	return i
}

// TestHostileStatements runs what the planner lets through of the hostile
// corpus: the engine ends, and answers the next query.
func TestHostileStatements(t *testing.T) {
	path := ""
	for _, dir := range []string{os.Getenv("TOCSIN_SHARED"), "../../shared", "../../../shared"} {
		if f := dir + "/data/hostile/queries.jsonl"; dir != "" && path == "" {
			if _, err := os.Stat(f); err == nil {
				path = f
			}
		}
	}
	if path == "" {
		t.Skip("no folder with the hostile corpus (TOCSIN_SHARED)")
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	conn := conformanceConn(t)
	if _, err := conn.ExecContext(context.Background(), hostileLog); err != nil {
		t.Fatal(err)
	}
	schema, ran := hostileSchema(), 0
	for line := range strings.Lines(string(b)) {
		var h struct{ ID, Query, Expect string }
		if err := json.Unmarshal([]byte(line), &h); err != nil {
			t.Fatal(err)
		}
		q, err := query.Parse(h.Query)
		if err != nil {
			continue
		}
		p, err := q.Plan(schema, query.Options{Logstore: "log", MaxRows: 1000})
		if err != nil {
			continue
		}
		ran++
		s := p.SQL(query.DuckDB(), query.Window{UpToSeq: 1000})
		limit := 5 * time.Second
		if h.Expect == "bounded" {
			limit = time.Second // its bound on the time; the engine has to stop then
		}
		start := time.Now()
		ctx, stop := context.WithTimeout(context.Background(), limit)
		_, err = conn.ExecContext(ctx, s.Text, s.Args...)
		late := ctx.Err() != nil && (h.Expect != "bounded" || time.Since(start) > 10*limit)
		stop()
		if late || err != nil && h.Expect == "ok-no-effect" {
			t.Errorf("%s: late %v, error %v\n%.500s", h.ID, late, err, s.Text)
		} else if err != nil {
			t.Logf("%s: %.200s", h.ID, err)
		}
		var n int
		if err := conn.QueryRowContext(context.Background(), "SELECT count(*) FROM log").Scan(&n); err != nil || n != 1000 {
			t.Fatalf("%s: after it %d records, %v", h.ID, n, err)
		}
	}
	if ran < 30 {
		t.Errorf("only %d queries ran", ran)
	}
}

const hostileLog = `CREATE TABLE log AS SELECT i + 1 AS seq, TIMESTAMP '2026-11-20 10:00:00' AS time, TIMESTAMP '2026-11-20 10:00:00' AS ingest_time,
	't' AS topic, 's' AS source, '' AS tenant, 'CreateUser' AS event_name, 'PASS' AS status, '192.0.2.1' AS source_ip, 'us-east-1' AS aws_region,
	'aws-cli/2.0' AS user_agent, repeat('a', 40) || '!' AS error_message, i AS cnt, 'x' AS actor,
	'{"bucketName":"b","tags":[{"k":"v"}]}' AS request_parameters FROM range(1000) r(i)`

func hostileSchema() query.Fixed {
	return query.Fixed{&query.Logstore{Name: "log", Table: "log", Fields: []query.Field{
		{Name: "eventName", Column: "event_name", Type: query.Text},
		{Name: "status", Column: "status", Type: query.Text},
		{Name: "sourceIPAddress", Column: "source_ip", Type: query.Text},
		{Name: "awsRegion", Column: "aws_region", Type: query.Text},
		{Name: "userAgent", Column: "user_agent", Type: query.Text, Match: query.Tokens},
		{Name: "errorMessage", Column: "error_message", Type: query.Text, Match: query.Tokens},
		{Name: "cnt", Column: "cnt", Type: query.Integer},
		{Name: "requestParameters", Column: "request_parameters", Type: query.JSON, Open: true},
		{Name: "@actor", Column: "actor", Type: query.Text},
	}}}
}
