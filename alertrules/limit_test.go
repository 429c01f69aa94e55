package alertrules_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"tocsin/alertrules/alertrulestest"
	"tocsin/query"
)

// A rule that hits a bound, then fails, is within its bounds when it works again, and
// when it is gone. What is remembered of both is since when.
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
		answer("", errors.New("broken"))
		runTo(t, w, "11:00")
		states, err := w.States.RuleStates(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if s := states["x"]; !s.BoundSince.Equal(clock("10:15")) || !s.ErrorSince.Equal(clock("10:45")) {
			t.Errorf("cut since %s, failed since %s", s.BoundSince, s.ErrorSince)
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
