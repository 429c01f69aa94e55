package store_test

import (
	"context"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"tocsin/query"
	"tocsin/query/querytest"
)

// TestRandomStatementsRun: whatever the planner lets through, the engine can
// read. Only values may be at fault (a number out of range), never the statement.
func TestRandomStatementsRun(t *testing.T) {
	conn := conformanceConn(t)
	schema := conformanceSchema(t)
	rng := rand.New(rand.NewPCG(3, 4))
	window := query.Window{From: time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)}
	ran, used := 0, map[string]bool{}
	for i := range 6000 {
		text := querytest.Statement(rng)
		if i < 4*querytest.Calls() {
			text = querytest.Call(rng, i/4)
		}
		q, err := query.Parse(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		p, err := q.Plan(schema, query.Options{Logstore: "cloudtrail", MaxRows: 100})
		if err != nil {
			continue
		}
		ran++
		for _, f := range query.Functions() {
			used[f] = used[f] || strings.Contains(text, f+"(")
		}
		s := p.SQL(query.DuckDB(), window)
		err = func() error {
			rows, err := conn.QueryContext(context.Background(), s.Text, s.Args...)
			if err != nil {
				return err
			}
			defer rows.Close()
			checkRows(t, text, p, rows)
			return rows.Err()
		}()
		if err != nil && !valueFault(err) {
			t.Errorf("%s: %.300v\n%s %v", text, err, s.Text, s.Args)
		}
	}
	var missing []string
	for _, f := range query.Functions() {
		if !used[f] {
			missing = append(missing, f)
		}
	}
	if ran < 600 || len(missing) > 0 {
		t.Errorf("%d statements ran, without %v", ran, missing)
	}
	t.Logf("%d statements ran", ran)
}

// valueFault reports an error that a value caused, not the statement.
func valueFault(err error) bool {
	for _, s := range []string{"Out of Range", "Conversion Error", "cast: ", "Overflow", "out of range"} {
		if strings.Contains(err.Error(), s) {
			return true
		}
	}
	return false
}

func checkRows(t *testing.T, text string, p *query.Plan, rows interface {
	Next() bool
	Scan(...any) error
	Columns() ([]string, error)
},
) {
	t.Helper()
	names, err := rows.Columns()
	if err != nil {
		t.Error(err)
	}
	for rows.Next() {
		vals, ptrs := make([]any, len(names)), make([]any, len(names))
		for i := range vals {
			ptrs[i] = &vals[i]
		}
		if err := rows.Scan(ptrs...); err != nil {
			t.Error(err)
			return
		}
		if p.RowIdentity() {
			vals = vals[1:]
		}
		for i, c := range p.Columns() {
			checkType(t, text, c, plainMaps(vals[i]))
		}
	}
}
