// Queries that mean harm and are planned all the same, on the engine.

package store_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"tocsin/query"
	"tocsin/query/querytest"
)

// TestAdversariesRun: what the planner lets through neither ends the process nor
// holds the connection longer than it is given.
func TestAdversariesRun(t *testing.T) {
	conn, schema, ran := conformanceConn(t), conformanceSchema(t), 0
	options, err := querytest.Options("../query/testdata", "cloudtrail")
	if err != nil {
		t.Fatal(err)
	}
	const endless, grace = "rows without end", 20 * time.Second
	var slow []string
	for name, text := range querytest.Adversaries() {
		q, err := query.Parse(text)
		if err != nil {
			continue
		}
		p, err := q.Plan(schema, options)
		if err != nil {
			continue
		}
		ran++
		t.Run(name, func(t *testing.T) {
			s := p.SQL(query.DuckDB(), querytest.Window())
			given := 30 * time.Second
			if name == endless {
				given = time.Second
			}
			ctx, stop := context.WithTimeout(t.Context(), given)
			defer stop()
			start := time.Now()
			_, err := conn.ExecContext(ctx, s.Text, s.Args...)
			took := time.Since(start)
			t.Logf("%v for %d bytes, %.200v", took.Round(time.Millisecond), len(s.Text), err)
			if took > given+grace {
				t.Errorf("it did not stop when it was told to")
			} else if err != nil && ctx.Err() == nil && !valueFault(err) {
				t.Errorf("%.300v", err)
			}
			if ctx.Err() != nil {
				slow = append(slow, name)
			}
			var n int
			if err := conn.QueryRowContext(t.Context(), "SELECT count(*) FROM cloudtrail").Scan(&n); err != nil || n != 6 {
				t.Fatalf("after it %d records, %v", n, err)
			}
		})
	}
	if !slices.Equal(slow, []string{endless}) {
		t.Errorf("stopped before they ended: %v", slow)
	}
	if ran < 20 {
		t.Errorf("only %d ran", ran)
	}
}
