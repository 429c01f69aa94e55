// What an author of a broken query is shown: testdata/errors.txtar.

package query

import (
	"errors"
	"strings"
	"testing"

	"tocsin/diag"
)

// TestErrors holds, for each mistake, what the author is shown.
func TestErrors(t *testing.T) {
	golden(t, "errors.txtar", func(t *testing.T, src string) string {
		var err error
		if cond, ok := strings.CutPrefix(src, "when: "); ok {
			_, err = ParseCondition(cond)
		} else if match, ok := strings.CutPrefix(src, "match: "); ok {
			_, err = ParseSearch(match)
		} else {
			_, err = Parse(src)
		}
		var l *diag.List
		if !errors.As(err, &l) {
			t.Fatalf("no mistake was found: %v", err)
		}
		var b strings.Builder
		if err := diag.Print(&b, l); err != nil {
			t.Fatal(err)
		}
		return b.String()
	})
}

// checkErrors checks what every error promises: a list with at least one
// problem, each with words and a place inside of the text.
func checkErrors(t *testing.T, src string, err error) {
	t.Helper()
	var l *diag.List
	if !errors.As(err, &l) || l.Err() == nil {
		t.Fatalf("%q: %v is no list of problems", src, err)
	}
	for _, p := range l.Problems {
		if p.Message == "" || p.Check == "" || p.Span.Start < 0 || p.Span.Start > p.Span.End || p.Span.Start > len(src) || strings.Contains(p.Message+p.Hint, hole) {
			t.Errorf("%q: problem %+v", src, p)
		}
	}
	if len(l.Problems) > maxFaults {
		t.Errorf("%q: %d problems", src, len(l.Problems))
	}
}

// TestHostile runs the hostile queries: nothing panics, what must be refused by
// the syntax is, and what is harmless parses.
func TestHostile(t *testing.T) {
	type hostile struct{ ID, Class, Query, Expect string }
	// These are refused by the planner, which knows names, functions, types and sizes.
	planned := map[string]bool{}
	for _, id := range strings.Fields(`qp-022 qp-043 qp-044 qp-045 qp-047 qp-050 qp-051 qp-052 qp-054 qp-055 qp-056 qp-099 qp-102 qp-103 qp-104 qp-105 qp-106
		qp-107 qp-118 qp-123 qp-237 qp-111 qp-114 qp-120 qp-125 qp-126 qp-131 qp-137 qp-146 qp-155 qp-186 qp-191 qp-202 qp-203 qp-204 qp-205 qp-219 qp-222 qp-231 qp-247 qp-253 qp-108`) {
		planned[id] = true
	}
	for _, h := range jsonLines[hostile](t, "data/hostile/queries.jsonl") {
		_, err := Parse(h.Query)
		switch {
		case err != nil:
			checkErrors(t, h.Query, err)
			if h.Expect == "ok-no-effect" {
				t.Errorf("%s is harmless, but: %v", h.ID, err)
			}
		case h.Expect == "error" && !planned[h.ID]:
			t.Errorf("%s must be refused: %.200s", h.ID, h.Query)
		}
		roundTrip(t, h.Query)
	}
}
