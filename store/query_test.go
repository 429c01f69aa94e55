package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/duckdb/duckdb-go/v2"
	"github.com/google/go-cmp/cmp"

	"tocsin/alertrules"
	"tocsin/query"
)

// raw asks a statement with columns of the given types.
func raw(text string, seq bool, max int, types ...query.Type) question {
	q := question{statement: query.Statement{Text: text}, seq: seq, maxRows: max}
	for range types {
		q.columns = append(q.columns, query.Column{Name: "c", Type: types[len(q.columns)]})
	}
	return q
}

func TestValues(t *testing.T) {
	l := openTest(t, t.TempDir()).Logs
	at := time.Date(2020, 1, 1, 0, 0, 0, 123456000, time.UTC)
	for _, c := range []struct {
		sql  string
		kind query.Type
		want any
	}{
		{"NULL", query.Text, nil},
		{"sum(7)", query.Integer, int64(7)},
		{"sum(9223372036854775807::HUGEINT + 1)", query.Integer, float64(1 << 63)},
		{"18446744073709551615::UBIGINT", query.Integer, float64(1 << 64)},
		{"7::UTINYINT", query.Integer, int64(7)},
		{"7", query.Double, 7.0},
		{"1.25::DECIMAL(10, 3)", query.Double, 1.25},
		{"1e3::FLOAT", query.Double, 1000.0},
		{"'inf'::DOUBLE", query.Double, math.Inf(1)},
		{"true", query.Boolean, true},
		{"'x' || chr(0)", query.Text, "x\x00"},
		{"42", query.Text, "42"},
		{"TIMESTAMP '2020-01-01 00:00:00.123456'", query.Time, at},
		{"TIMESTAMPTZ '2020-01-01 02:00:00.123456+02'", query.Time, at},
		{"DATE '2020-01-01'", query.Time, time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)},
		{"TIME '10:11:12'", query.Text, "10:11:12"},
		{"INTERVAL '1 month 2 days 3 hours'", query.Text, "1 months 2 days 3h0m0s"},
		{"'0e0e0000-0000-4000-8000-000000000001'::UUID", query.Text, "0e0e0000-0000-4000-8000-000000000001"},
		{"'ab'::BLOB", query.Text, "ab"},
		{"'{\"a\":1e999}'::JSON::VARCHAR", query.JSON, `{"a":1e999}`},
		{"['a', NULL]", query.ArrayOf(query.Text), []any{"a", nil}},
		{"[1::HUGEINT]", query.ArrayOf(query.Integer), []any{int64(1)}},
		{"{'a': 1::HUGEINT, 'b': [TIMESTAMP '2020-01-01 00:00:00.123456']}", query.JSON, map[string]any{"a": int64(1), "b": []any{at}}},
		{"map {'k': 2}", query.JSON, map[string]any{"k": int64(2)}},
		{"7 / 2", query.Integer, int64(3)},
		{"current_setting('TimeZone')", query.Text, "UTC"},
	} {
		r, err := l.ask(context.Background(), raw("SELECT "+c.sql, false, 10, c.kind))
		if err != nil {
			t.Errorf("%s: %v", c.sql, err)
			continue
		}
		if diff := cmp.Diff([][]any{{c.want}}, r.Rows); diff != "" {
			t.Errorf("%s: %s", c.sql, diff)
		}
	}
	if _, err := l.ask(context.Background(), raw("SELECT '{}'::JSON", false, 1, query.JSON)); err == nil {
		t.Error("a result of type JSON left the engine")
	}
	if _, err := l.ask(context.Background(), raw("SELECT 1, 2", false, 1, query.Integer)); err == nil {
		t.Error("a statement with another number of columns was accepted")
	}
}

func TestRowBound(t *testing.T) {
	l := openTest(t, t.TempDir()).Logs
	for _, c := range []struct {
		rows, max, want int
		partial         bool
	}{{3, 3, 3, false}, {4, 3, 3, true}, {4, 0, 4, false}} {
		r, err := l.ask(context.Background(), raw("SELECT i, i::VARCHAR FROM range("+string(rune('0'+c.rows))+") t(i)", true, c.max, query.Text))
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Rows) != c.want || len(r.Seqs) != c.want || (r.Partial != "") != c.partial || r.Seqs[2] != 2 || r.Rows[2][0] != "2" {
			t.Errorf("%+v: got %+v", c, r)
		}
	}
}

// TestSubqueryOfManyRows: the engine's own advice, a setting, is not passed on.
func TestSubqueryOfManyRows(t *testing.T) {
	l := openTest(t, t.TempDir()).Logs
	_, err := l.ask(context.Background(), raw("SELECT (SELECT i FROM range(2) t(i))", false, 1, query.Integer))
	if !errors.Is(err, errManyRows) || strings.Contains(err.Error(), "SET ") {
		t.Error(err)
	}
}

// TestReadOnly holds G18: in the connection of a user's query nothing is
// changed, whatever gets past the planner.
func TestReadOnly(t *testing.T) {
	ctx, l := context.Background(), openTest(t, t.TempDir()).Logs
	appendScripts(t, l, testLogstore(), []script{{"a", "1", recs(1, 2)}}, nil)
	for _, s := range []string{
		"DELETE FROM log_t", "UPDATE counter SET next_seq = 0", "DROP TABLE log_t", "INSERT INTO deadletters SELECT * FROM deadletters",
		"CREATE TABLE x (a INTEGER)", "ALTER TABLE log_t ADD COLUMN x INTEGER", "TRUNCATE log_t", "SELECT * FROM tocsin_batch()",
		"CREATE OR REPLACE VIEW log_t AS SELECT 1",
	} {
		if _, err := l.ask(ctx, raw(s, false, 1, query.Integer)); err == nil {
			t.Errorf("the engine ran %s", s)
		}
	}
	// What a read-only transaction does not stop ends with the connection.
	for _, s := range []string{"CREATE TEMP TABLE counter AS SELECT 1", "CREATE TEMP MACRO lower(x) AS 'evil'", "SET VARIABLE x = 1", "USE memory", "PRAGMA disable_optimizer"} {
		_, err := l.ask(ctx, raw(s, false, 1, query.Integer))
		t.Logf("%s: %v", s, err)
	}
	if r, err := l.ask(ctx, raw("SELECT lower('A') || count(*) FROM log_t", false, 1, query.Text)); err != nil || r.Rows[0][0] != "a2" {
		t.Errorf("got %v %v", r, err)
	}
	if seq, _, err := l.LastSeq(ctx); err != nil || seq != 2 {
		t.Errorf("got %d %v", seq, err)
	}
}

func TestQueryStops(t *testing.T) {
	l := openTest(t, t.TempDir()).Logs
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_, err := l.ask(ctx, raw("SELECT count(*) FROM range(1000000000) a, range(1000000000) b WHERE a.range + b.range = 7", false, 1, query.Integer))
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	var abandoned *AbandonedError
	if errors.As(err, &abandoned) || l.abandoned.Load() != 0 {
		t.Errorf("a query that stops was abandoned: %v", err)
	}
}

func TestQueryBounds(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	s, err := Open(ctx, Options{Dir: t.TempDir(), Command: "test", Now: testNow, Memory: 64 << 20, Spill: 20 << 20, Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(ctx); err != nil {
			t.Error(err)
		}
	}()
	l := s.Logs
	_, err = l.ask(ctx, raw("SELECT max(a) FROM (SELECT repeat(i::VARCHAR, 200) || hash(i) AS a FROM range(1000000) t(i) ORDER BY a DESC LIMIT 900000)", false, 1, query.Text))
	var bound *BoundError
	if !errors.As(err, &bound) {
		t.Errorf("got %v, want a BoundError", err)
	}
	if r, err := l.ask(context.Background(), raw("SELECT 1", false, 1, query.Integer)); err != nil || r.Rows[0][0] != int64(1) {
		t.Errorf("the next query: %v %v", r, err)
	}
}

// sleeper is a function that does not look for an interrupt.
type sleeper struct{ till chan struct{} }

func (sleeper) Config() duckdb.ScalarFuncConfig {
	info, err := duckdb.NewTypeInfo(duckdb.TYPE_BIGINT)
	must(err)
	return duckdb.ScalarFuncConfig{InputTypeInfos: []duckdb.TypeInfo{info}, ResultTypeInfo: info, Volatile: true}
}

func (s sleeper) Executor() duckdb.ScalarFuncExecutor {
	return duckdb.ScalarFuncExecutor{RowExecutor: func(v []driver.Value) (any, error) { <-s.till; return v[0], nil }}
}

func TestAbandoned(t *testing.T) {
	till := make(chan struct{})
	in, err := openInstance(context.Background(), instanceOptions{
		Name: "logs", Dir: t.TempDir(), Memory: 128 << 20, Threads: 1, Spill: 1 << 30, Now: testNow,
		Schema: fstest.MapFS{"0001_a.sql": {Data: []byte("SELECT 1")}},
		Setup: func(_ context.Context, conn *sql.Conn) error {
			return duckdb.RegisterScalarUDF(conn, "stuck", sleeper{till})
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	l := &Logs{in: in, grace: 20 * time.Millisecond}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	_, err = l.ask(ctx, raw("SELECT stuck(range) FROM range(3)", false, 1, query.Integer))
	var abandoned *AbandonedError
	if !errors.As(err, &abandoned) || !errors.Is(err, alertrules.ErrRanAway) || !errors.Is(err, context.DeadlineExceeded) || l.abandoned.Load() != 1 {
		t.Errorf("got %v", err)
	}
	if r, err := l.ask(context.Background(), raw("SELECT 1", false, 1, query.Integer)); err != nil || r.Rows[0][0] != int64(1) {
		t.Errorf("the next query: %v %v", r, err)
	}
	if err := in.restart(context.Background()); err == nil || !in.stuck.Load() { // two engines would have one file
		t.Errorf("it was started again while a query holds its file: %v", err)
	}
	if r, err := l.ask(context.Background(), raw("SELECT 1", false, 1, query.Integer)); err != nil || r.Rows[0][0] != int64(1) {
		t.Errorf("the next query, after that: %v %v", r, err)
	}
	close(till)
	if err := l.close(context.Background()); err != nil {
		t.Error(err)
	}
}

// TestSpill has the temporary files where they belong.
func TestSpill(t *testing.T) {
	dir := t.TempDir()
	l := openTest(t, dir).Logs
	stop := make(chan struct{})
	seen := make(chan bool)
	go func() {
		found := false
		for {
			select {
			case <-stop:
				seen <- found
				return
			default:
				entries, _ := os.ReadDir(filepath.Join(dir, "spill-logs"))
				found = found || len(entries) > 0
				time.Sleep(time.Millisecond)
			}
		}
	}()
	_, err := l.ask(context.Background(), raw("SELECT count(*) FROM (SELECT i::VARCHAR || repeat('x', 900) AS a FROM range(900000) t(i) ORDER BY hash(i))", false, 1, query.Integer))
	close(stop)
	if found := <-seen; err == nil && !found {
		t.Log("the sort fitted into memory")
	}
	if err != nil && !strings.Contains(err.Error(), "needs more") {
		t.Error(err)
	}
	if _, err := os.Stat(".tmp"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("temporary files beside the program: %v", err)
	}
}

// TestInvalidated has DuckDB give a file up in the middle of a checkpoint.
func TestInvalidated(t *testing.T) {
	ctx, first := context.Background(), true
	schema, err := fs.Sub(logsSchema, "schema/logs")
	if err != nil {
		t.Fatal(err)
	}
	in, err := openInstance(ctx, instanceOptions{
		Name: "logs", Dir: t.TempDir(), Memory: 256 << 20, Threads: 1, Spill: 1 << 30, Now: testNow, Schema: schema, Probe: "SELECT next_seq FROM counter",
		Setup: func(ctx context.Context, conn *sql.Conn) error {
			if first {
				first = false
				if _, err := conn.ExecContext(ctx, "SET GLOBAL debug_checkpoint_abort = 'before_header'"); err != nil {
					return err
				}
			}
			return registerBatch(ctx, conn)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	l := &Logs{in: in, grace: grace}
	appendScripts(t, l, testLogstore(), []script{{"a", "1", recs(1, 2, 3)}}, nil)
	if err := in.checkpoint(ctx); err == nil {
		t.Fatal("the checkpoint was not aborted")
	}
	r, err := l.ask(ctx, raw("SELECT count(*) FROM log_t", false, 1, query.Integer))
	if err != nil || r.Rows[0][0] != int64(3) || l.in.repairs.Load() != 1 {
		t.Errorf("got %v %v after %d repairs", r, err, l.in.repairs.Load())
	}
	if s := appendScripts(t, l, testLogstore(), []script{{"b", "1", recs(4)}}, nil); s.Records != 1 || s.FirstSeq != 4 {
		t.Errorf("got %+v", s)
	}
	if err := l.close(ctx); err != nil {
		t.Error(err)
	}
}
