package alertrules_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"tocsin/alertrules/alertrulestest"
	"tocsin/query"
)

// A rule that hits a bound, then fails, hits none any more, also when it is gone then, and
// is told of the next one. What is remembered is since when.
func TestABoundBesideErrors(t *testing.T) {
	for _, then := range []string{"ok", "removed"} {
		w := world(t, "10:00", `rules: [{id: x, logstore: findings, window: 1h, every: 15m, query: "status:x"}]`)
		answer := func(partial string, err error) {
			handle(t, w, "x", func(p *query.Plan, _ query.Window, _ []alertrulestest.Record) (*query.Result, error) {
				return &query.Result{Columns: p.Columns(), Partial: partial}, err
			})
		}
		answer("10000 rows", nil)
		runTo(t, w, "10:30")
		since := func() (bound, failed time.Time) {
			t.Helper()
			states, err := w.States.RuleStates(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return states["x"].BoundSince, states["x"].ErrorSince
		}
		if bound, _ := since(); !bound.Equal(clock("10:15")) {
			t.Errorf("cut since %s", bound)
		}
		answer("", errors.New("broken"))
		runTo(t, w, "11:00")
		if bound, failed := since(); !bound.IsZero() || !failed.Equal(clock("10:45")) {
			t.Errorf("cut since %s, failed since %s", bound, failed)
		}
		answer("", nil)
		if then == "removed" {
			load(t, w, "rules: []")
		}
		runTo(t, w, "11:15")
		got := alertrulestest.Describe(w.States.Rounds(), "")
		if !slices.ContainsFunc(got, func(line string) bool { return strings.HasSuffix(line, "notice rule/partial/x over=true") }) {
			t.Errorf("%s: it is told still: %q", then, got)
		}
		if then == "ok" {
			runTo(t, w, "11:30")
			answer("10000 rows", nil)
			want(t, runTo(t, w, "11:45"), "", "11:45 notice rule/partial/x over=false")
		}
	}
}
