// 64 KiB that mean harm, through the parser, the planner and both dialects: an
// answer, or a refusal, in bounded time and memory.

package query_test

import (
	"errors"
	"runtime"
	"testing"
	"time"

	"tocsin/diag"
	"tocsin/query"
	"tocsin/query/querytest"
)

// Bounds of one text. They are far above what is needed (some tens of
// milliseconds and of megabytes), so that no machine is too slow, and far below
// what growth with the square of the text would take.
const (
	adversaryBytes = 512 << 20 // allocated over the whole time
	adversaryTime  = 30 * time.Second
)

// TestAdversaries runs each text through everything that reads it.
func TestAdversaries(t *testing.T) {
	schema, err := querytest.Schema("testdata")
	if err != nil {
		t.Fatal(err)
	}
	options, err := querytest.Options("testdata", "cloudtrail")
	if err != nil {
		t.Fatal(err)
	}
	planned := 0
	for name, text := range querytest.Adversaries() {
		t.Run(name, func(t *testing.T) {
			if len(text) > querytest.AdversarySize+1024 {
				t.Fatalf("%d bytes", len(text))
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			size, err := readAll(text, schema, options)
			took := time.Since(start)
			runtime.ReadMemStats(&after)
			bytes := after.TotalAlloc - before.TotalAlloc
			t.Logf("%.1f ms, %.1f MB, a statement of %d bytes, %.100v", float64(took.Microseconds())/1000, float64(bytes)/(1<<20), size, err)
			if err == nil {
				planned++
			} else if list := new(diag.List); !errors.As(err, &list) || len(list.Problems) == 0 || len(err.Error()) > 1000 {
				t.Errorf("an error without a place, or too long: %.300s", err)
			}
			if bytes > adversaryBytes || took > adversaryTime {
				t.Errorf("it took %v and %d MB", took, bytes>>20)
			}
			if size > 16*querytest.AdversarySize {
				t.Errorf("a statement of %d bytes", size)
			}
		})
	}
	if planned < 20 {
		t.Errorf("only %d were planned", planned)
	}
}

// readAll parses, prints, plans and prints for both engines; it returns the size
// of the larger statement.
func readAll(text string, s query.Schema, o query.Options) (int, error) {
	q, err := query.Parse(text)
	if err != nil {
		return 0, err
	}
	_ = q.String()
	p, err := q.Plan(s, o)
	if err != nil {
		return 0, err
	}
	return max(len(p.SQL(query.DuckDB(), querytest.Window()).Text), len(p.SQL(query.Trino(), querytest.Window()).Text)), nil
}
