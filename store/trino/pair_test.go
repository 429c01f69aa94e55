//go:build integration || soak

// The same records in DuckDB, through the store, and in Trino; and what it means
// that both give the same answer.

package trino_test

import (
	"context"
	"fmt"
	"io"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"tocsin/ingest"
	"tocsin/query"
	"tocsin/query/querytest"
	"tocsin/store"
	"tocsin/store/trino"
	"tocsin/store/trino/trinotest"
)

// A pair is two engines that hold the same records.
type pair struct {
	duck   *store.Logs
	trino  *trino.Logs
	schema query.Schema
}

// newPair stores lines of JSON in a logstore and copies what came of them to
// Trino. Call it with other logstores to have several.
func newPair(t *testing.T, lines map[*ingest.Logstore][]string) *pair {
	t.Helper()
	var stores []*ingest.Logstore
	for ls := range lines {
		stores = append(stores, ls)
	}
	return newPairOf(t, stores, func(l *store.Logs) error {
		for ls, text := range lines {
			sum, err := l.Append(t.Context(), []ingest.Object{object(ls.Name, text)}, store.AppendOptions{Logstore: ls, Now: loadTime})
			if err != nil || sum.Broken > 0 || len(sum.Failed) > 0 {
				return fmt.Errorf("load %s: %+v, %w", ls.Name, sum, err)
			}
		}
		return nil
	})
}

// newPairOf fills the logstores by load and copies them to Trino.
func newPairOf(t *testing.T, stores []*ingest.Logstore, load func(*store.Logs) error) *pair {
	t.Helper()
	ctx := context.Background()
	server, client := server(t)
	s, err := store.Open(ctx, store.Options{Dir: t.TempDir(), Command: "test", Now: loadTime, Memory: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	if err := load(s.Logs); err != nil {
		t.Fatal(err)
	}
	for _, ls := range stores {
		if err := mirror(ctx, s.Logs, server, ls); err != nil {
			t.Fatalf("copy %s: %v", ls.Name, err)
		}
	}
	return &pair{duck: s.Logs, trino: client, schema: store.Schema(stores)}
}

var loadTime = time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)

func object(name string, lines []string) ingest.Object {
	text := strings.Join(lines, "\n") + "\n"
	return ingest.Object{
		Name: name + ".json", Version: "1", Size: int64(len(text)), Modified: loadTime,
		Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil },
	}
}

// mirror copies the table of a logstore column by column.
func mirror(ctx context.Context, l *store.Logs, s *trinotest.Server, ls *ingest.Logstore) error {
	read, _ := store.Schema([]*ingest.Logstore{ls}).Logstore(ls.Name)
	raw := &query.Logstore{Name: ls.Name, Table: read.Table}
	var columns []trinotest.Column
	var names []string
	all := append(ingest.SystemColumns(), ls.Columns...)
	for _, w := range ls.Wholes { // other engines have no parts of them
		all = slices.DeleteFunc(all, func(c ingest.Column) bool { return c.Name == w.Kept || c.Name == w.UUID })
		all = append(all, ingest.Column{Name: w.Name})
	}
	for _, c := range all {
		kind, name := kinds[c.Kind], c.Name
		if c.Kind == ingest.UUID {
			name += "_text"
		}
		columns = append(columns, trinotest.Column{Name: name, Type: kind})
		raw.Fields = append(raw.Fields, query.Field{Name: "column_" + name, Column: name, Type: kind})
		names = append(names, `"column_`+name+`"`)
	}
	q, err := query.Parse("* | SELECT " + strings.Join(names, ", "))
	if err != nil {
		return err
	}
	p, err := q.Plan(query.Fixed{raw}, query.Options{Logstore: ls.Name})
	if err != nil {
		return err
	}
	r, err := l.Query(ctx, p, query.Window{})
	if err != nil {
		return err
	}
	return s.Load(ctx, raw.Table, columns, r.Rows)
}

var kinds = map[ingest.Kind]query.Type{
	ingest.Text: query.Text, ingest.UUID: query.Text, ingest.Stamp: query.Time, ingest.Boolean: query.Boolean, ingest.Integer: query.Integer, ingest.Double: query.Double,
}

// compare asks both engines each of the queries and reports where they differ.
// Those that the planner refuses are left out. It returns how many ran, and how
// many of them gave rows.
func (p *pair) compare(t *testing.T, o query.Options, queries []string) (ran, gave int) {
	t.Helper()
	return p.compareIn(t, o, querytest.Window(), queries)
}

// compareIn is compare in a window.
func (p *pair) compareIn(t *testing.T, o query.Options, w query.Window, queries []string) (ran, gave int) {
	t.Helper()
	work := make(chan string)
	var mu sync.Mutex
	var wait sync.WaitGroup
	for range workers {
		wait.Go(func() {
			for text := range work {
				plan, err := planned(p.schema, o, text)
				if err != nil {
					continue
				}
				rows, fault := p.same(plan, w, approximate(text))
				mu.Lock()
				ran++
				gave += min(1, rows)
				if fault != "" {
					t.Errorf("%s\n%s\n%s", text, fault, shown(plan))
				}
				mu.Unlock()
			}
		})
	}
	for _, text := range queries {
		work <- text
	}
	close(work)
	wait.Wait()
	t.Logf("%d of %d queries ran, %d gave rows", ran, len(queries), gave)
	return ran, gave
}

// workers is how many statements Trino works on at a time.
const workers = 6

func planned(schema query.Schema, o query.Options, text string) (*query.Plan, error) {
	q, err := query.Parse(text)
	if err != nil {
		return nil, err
	}
	return q.Plan(schema, o)
}

// same asks both engines. It returns the number of rows and what differs; "":
// nothing.
func (p *pair) same(plan *query.Plan, w query.Window, within float64) (rows int, fault string) {
	ctx, stop := context.WithTimeout(context.Background(), 2*time.Minute)
	defer stop()
	d, err := p.duck.Query(ctx, plan, w)
	tr, err2 := p.trino.Query(ctx, plan, w)
	switch {
	case err != nil && err2 != nil && valueFault(err) && valueFault(err2):
		return 0, ""
	case err != nil || err2 != nil:
		return 0, fmt.Sprintf("DuckDB: %.300v\nTrino: %.500v", err, err2)
	case d.Partial != tr.Partial:
		return 0, fmt.Sprintf("DuckDB is partial: %q, Trino: %q", d.Partial, tr.Partial)
	}
	return len(d.Rows), tolerance(within).differ(d, tr)
}

// A tolerance is how far two numbers may be apart, in parts of them.
type tolerance float64

// approximate is the tolerance for a query: the error that Trino states for
// approx_distinct is 2.3 % once in three times, so 8 % hardly ever.
func approximate(text string) float64 {
	if strings.Contains(text, "approx_") {
		return 0.08
	}
	for _, s := range []string{"skewness", "kurtosis", "corr", "covar_", "regr_", "stddev", "var"} {
		if strings.Contains(text, s) {
			return 1e-6 // differences of large numbers
		}
	}
	return 1e-12
}

// valueFault reports an error that a value caused, not the statement.
func valueFault(err error) bool {
	for _, s := range []string{
		"Out of Range", "Conversion Error", "cast: ", "Overflow", "out of range", "a lambda goes through", "More than one row",
		"NUMERIC_VALUE_OUT_OF_RANGE", "INVALID_CAST_ARGUMENT", "SUBQUERY_MULTIPLE_ROWS", "integer overflow", "cannot be shown", "too large for this aggregate",
	} {
		if strings.Contains(err.Error(), s) {
			return true
		}
	}
	return false
}

// differ says in what two answers differ: rows in their order, or, since an
// order need not be total, the same rows in another one.
func (w tolerance) differ(a, b *query.Result) string {
	if len(a.Rows) != len(b.Rows) {
		return fmt.Sprintf("DuckDB gives %d rows, Trino %d:\n%s\n%s", len(a.Rows), len(b.Rows), show(a), show(b))
	}
	if w.equalRows(a, b) {
		return ""
	}
	x, y := sorted(a), sorted(b)
	if w.equalRows(x, y) {
		return "" // an order that is not total
	}
	for i := range x.Rows {
		if !w.equal(x.Rows[i], y.Rows[i]) {
			return fmt.Sprintf("DuckDB: %s\nTrino:  %s", line(x, i), line(y, i))
		}
	}
	return "the numbers of the records differ"
}

func (w tolerance) equalRows(a, b *query.Result) bool {
	for i := range a.Rows {
		if !w.equal(a.Rows[i], b.Rows[i]) || len(a.Seqs) > 0 && a.Seqs[i] != b.Seqs[i] {
			return false
		}
	}
	return true
}

func sorted(r *query.Result) *query.Result {
	order := make([]int, len(r.Rows))
	keys := make([]string, len(r.Rows))
	for i := range order {
		order[i], keys[i] = i, line(r, i)
	}
	slices.SortStableFunc(order, func(a, b int) int { return strings.Compare(keys[a], keys[b]) })
	out := &query.Result{}
	for _, i := range order {
		out.Rows = append(out.Rows, r.Rows[i])
		if len(r.Seqs) > 0 {
			out.Seqs = append(out.Seqs, r.Seqs[i])
		}
	}
	return out
}

func line(r *query.Result, i int) string {
	s := ""
	if len(r.Seqs) > 0 {
		s = fmt.Sprintf("%04d ", r.Seqs[i])
	}
	for _, v := range r.Rows[i] {
		if f, ok := v.(float64); ok {
			s += fmt.Sprintf("%.9g|", f)
			continue
		}
		s += fmt.Sprintf("%#v|", plain(v))
	}
	return s
}

// plain makes a value short to look at.
func plain(v any) any {
	if m, ok := v.(time.Time); ok {
		return m.Format(time.RFC3339Nano)
	}
	return v
}

func show(r *query.Result) string {
	var lines []string
	for i := range min(4, len(r.Rows)) {
		lines = append(lines, line(r, i))
	}
	return strings.Join(lines, "\n")
}

func (w tolerance) near(x, y float64) bool {
	return x == y || math.Abs(x-y) <= float64(w)*max(math.Abs(x), math.Abs(y))
}

// equal holds values against each other, numbers within the tolerance.
func (w tolerance) equal(a, b any) bool {
	switch x := a.(type) {
	case float64:
		y, ok := b.(float64)
		return ok && w.near(x, y)
	case int64:
		y, ok := b.(int64)
		return ok && (x == y || w > 1e-6 && w.near(float64(x), float64(y)))
	case string: // a double that was made a text
		y, ok := b.(string)
		if f, isF := double(x); isF && ok && x != y {
			g, isG := double(y)
			return isG && w.near(f, g)
		}
		return ok && x == y
	case time.Time:
		y, ok := b.(time.Time)
		return ok && x.Equal(y)
	case []any:
		y, ok := b.([]any)
		return ok && len(x) == len(y) && !slices.ContainsFunc(indices(x), func(i int) bool { return !w.equal(x[i], y[i]) })
	case map[string]any:
		y, ok := b.(map[string]any)
		if !ok || len(x) != len(y) {
			return false
		}
		for k := range x {
			if z, has := y[k]; !has || !w.equal(x[k], z) {
				return false
			}
		}
		return true
	}
	return reflect.DeepEqual(a, b)
}

// double reads the text of a double; of an integer each digit counts.
func double(s string) (float64, bool) {
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil && strings.ContainsAny(s, ".E")
}

func indices(xs []any) []int {
	out := make([]int, len(xs))
	for i := range out {
		out[i] = i
	}
	return out
}
