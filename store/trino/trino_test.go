// The client, against a server that is none.

package trino_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"tocsin/query"
	"tocsin/store/trino"
)

// A fake answers every statement in the same way.
type fake struct {
	columns []string // types
	rows    string   // JSON
	fails   string   // name of an error
	hangs   bool

	mu                 sync.Mutex
	statement, session string // what came last
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	if r.Method == http.MethodPost {
		f.mu.Lock()
		f.statement, f.session = string(body), r.Header.Get("X-Trino-Session")
		f.mu.Unlock()
	}
	if f.hangs {
		<-r.Context().Done()
		return
	}
	columns := []map[string]any{}
	for _, t := range f.columns {
		columns = append(columns, map[string]any{"name": "x", "type": t, "typeSignature": signature(t)})
	}
	answer := map[string]any{"id": "q", "stats": map[string]any{"state": "FINISHED"}, "columns": columns, "data": json.RawMessage(f.rows)}
	switch {
	case f.fails != "":
		answer = map[string]any{"id": "q", "stats": map[string]any{"state": "FAILED"}, "error": map[string]any{"errorName": f.fails, "message": "no"}}
	case r.Method == http.MethodPost: // the rows come with the second page
		answer = map[string]any{"id": "q", "stats": map[string]any{"state": "QUEUED"}, "nextUri": "http://" + r.Host + "/next"}
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		return
	}
}

// signature is a type as the protocol describes it.
func signature(t string) map[string]any {
	raw, inner, ok := strings.Cut(strings.TrimSuffix(t, ")"), "(")
	s := map[string]any{"rawType": raw, "arguments": []any{}}
	if ok && raw == "array" {
		s["arguments"] = []any{map[string]any{"kind": "TYPE", "value": signature(inner)}}
	}
	if raw == "map" {
		k, v, _ := strings.Cut(inner, ",")
		s["arguments"] = []any{map[string]any{"kind": "TYPE", "value": signature(k)}, map[string]any{"kind": "TYPE", "value": signature(v)}}
	}
	return s
}

func client(t *testing.T, f *fake) *trino.Logs {
	t.Helper()
	s := httptest.NewServer(f)
	t.Cleanup(s.Close)
	l, err := trino.Open(strings.Replace(s.URL, "http://", "http://test@", 1) + "?catalog=c&schema=s")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// plan reads a log with a field of each type.
func plan(t *testing.T, text string, maxRows int) *query.Plan {
	t.Helper()
	q, err := query.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	p, err := q.Plan(query.Fixed{{Name: "l", Table: "l", Fields: []query.Field{
		{Name: "s", Column: "s", Type: query.Text},
		{Name: "n", Column: "n", Type: query.Integer},
		{Name: "d", Column: "d", Type: query.Double},
		{Name: "b", Column: "b", Type: query.Boolean},
		{Name: "t", Column: "t", Type: query.Time},
		{Name: "j", Column: "j", Type: query.JSON, Open: true},
	}}}, query.Options{Logstore: "l", MaxRows: maxRows})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestValues(t *testing.T) {
	l := client(t, &fake{
		columns: []string{"bigint", "varchar", "bigint", "double", "boolean", "timestamp", "varchar", "array(varchar)", "array(bigint)", "array(double)", "array(timestamp)", "unknown"},
		rows: `[[7,"é",9007199254740993,1.5,true,"2026-11-20 10:00:00.250000","{\"a\":1}",["a",null],[9007199254740993],[1,"NaN"],["2026-11-20 10:00:00.250001"],null],
			[8,null,null,null,null,null,null,null,null,null,null,null]]`,
	})
	p := plan(t, "* | SELECT s, n, d, b, t, j, split(s, ',') AS x, ARRAY[n] AS y, ARRAY[d] AS z, ARRAY[t] AS u, NULL AS v", 0)
	r, err := l.Query(context.Background(), p, query.Window{})
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 20, 10, 0, 0, 250e6, time.UTC)
	nan := r.Rows[0][8].([]any)[1].(float64)
	if nan == nan {
		t.Errorf("NaN is %v", nan)
	}
	r.Rows[0][8] = r.Rows[0][8].([]any)[:1]
	want := [][]any{
		{"é", int64(9007199254740993), 1.5, true, at, `{"a":1}`, []any{"a", nil}, []any{int64(9007199254740993)}, []any{1.0}, []any{at.Add(time.Microsecond)}, nil},
		{nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil},
	}
	if !reflect.DeepEqual(r.Rows, want) || !reflect.DeepEqual(r.Seqs, []int64{7, 8}) || r.Partial != "" {
		t.Errorf("got %#v\nwant %#v\n%v %s", r.Rows, want, r.Seqs, r.Partial)
	}
}

func TestWrongValue(t *testing.T) {
	l := client(t, &fake{columns: []string{"varchar"}, rows: `[["x"]]`})
	if _, err := l.Query(context.Background(), plan(t, "* | SELECT count(*) AS n", 0), query.Window{}); err == nil || !strings.Contains(err.Error(), "column n: a string is no integer") {
		t.Errorf("error %v", err)
	}
}

func TestBoundOnRows(t *testing.T) {
	f := &fake{columns: []string{"varchar", "bigint"}, rows: `[["a",1],["b",2],["c",3]]`}
	r, err := client(t, f).Query(context.Background(), plan(t, "* | SELECT s, count(*) AS n GROUP BY s", 2), query.Window{})
	if err != nil || len(r.Rows) != 2 || r.Partial != "only the first 2 rows" {
		t.Errorf("%+v, %v", r, err)
	}
	if !strings.Contains(f.statement, "LIMIT 3") || !strings.HasPrefix(f.statement, "SELECT") {
		t.Errorf("statement %s", f.statement)
	}
}

// TestParametersInBody: a statement goes in the body, its values as literals.
func TestParametersInBody(t *testing.T) {
	f := &fake{columns: []string{"bigint"}, rows: `[[1]]`}
	w := query.Window{From: time.Date(2026, 11, 20, 0, 0, 0, 5000, time.UTC), UpToSeq: 9}
	if _, err := client(t, f).Query(context.Background(), plan(t, `s:"it's ' OR '1'='1" | SELECT count(*) AS n WHERE d > 1.5`, 0), w); err != nil {
		t.Fatal(err)
	}
	if want := `USING '2026-11-20 00:00:00.000005', 9, 'it''s '' OR ''1''=''1', DOUBLE '1.5'`; !strings.HasPrefix(f.statement, "EXECUTE IMMEDIATE '") || !strings.HasSuffix(f.statement, want) {
		t.Errorf("statement %s", f.statement)
	}
}

func TestErrors(t *testing.T) {
	p := plan(t, "* | SELECT count(*) AS n", 0)
	for name, bound := range map[string]string{"EXCEEDED_LOCAL_MEMORY_LIMIT": "memory", "EXCEEDED_TIME_LIMIT": "time", "TABLE_NOT_FOUND": ""} {
		_, err := client(t, &fake{fails: name}).Query(context.Background(), p, query.Window{})
		var b *trino.BoundError
		if got := errors.As(err, &b); err == nil || got != (bound != "") || got && b.Bound != bound || !got && !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestStop: a query that does not answer is left at once, and the deadline is
// also the server's.
func TestStop(t *testing.T) {
	f := &fake{hangs: true}
	ctx, stop := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer stop()
	before := time.Now()
	_, err := client(t, f).Query(ctx, plan(t, "* | SELECT count(*) AS n", 0), query.Window{})
	if took := time.Since(before); !errors.Is(err, context.DeadlineExceeded) || took > 2*time.Second {
		t.Errorf("after %s: %v", took, err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.session != "query_max_run_time=1s" {
		t.Errorf("session %q", f.session)
	}
}

// TestNoSecrets: an address that cannot be used is not quoted.
func TestNoSecrets(t *testing.T) {
	for _, address := range []string{"http://u:s3cret@host:1", "https://u:s3cret@host:1?explicitPrepare=s3cret", "://u:s3cret@x", "https://u:s3cret@host?extra_credentials=s3cret"} {
		_, err := trino.Open(address)
		if err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", address, err)
		}
	}
	l, err := trino.Open("https://u:s3cret@127.0.0.1:1?catalog=c&schema=s&accessToken=s3cret")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, stop := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer stop()
	if _, err = l.Query(ctx, plan(t, "* | SELECT count(*) AS n", 0), query.Window{}); err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("error %v", err)
	}
}
