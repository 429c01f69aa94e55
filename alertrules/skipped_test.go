package alertrules_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"tocsin/alertrules"
	"tocsin/alertrules/alertrulestest"
	"tocsin/query"
)

// slowly has the queries of a world's rules take so long.
func slowly(w *alertrulestest.World, takes *time.Duration) {
	answer := w.Log.Query
	w.Engine.Query = func(ctx context.Context, p *query.Plan, win query.Window) (*query.Result, error) {
		if slices.ContainsFunc(w.Set.Rules, func(r *alertrules.Rule) bool { return r.Plan(win.Now) == p }) {
			time.Sleep(*takes)
		}
		return answer(ctx, p, win)
	}
}

// everyMinute evaluates what is due at each full minute, as the clock of the world goes,
// for so long.
func everyMinute(t *testing.T, w *alertrulestest.World, d time.Duration) {
	t.Helper()
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(time.Until(time.Now().Truncate(time.Minute).Add(time.Minute))) {
		w.Log.Now = time.Now().UTC()
		if _, err := w.Engine.Round(t.Context(), w.Set.Rules, w.Log.Now); err != nil {
			t.Fatal(err)
		}
		w.Log.Now = time.Now().UTC()
	}
}

// Moments that passed during the last evaluation are filled after the next one, which
// sees up to where what came meanwhile is stored.
func TestSkippedMomentsWaitForTheNext(t *testing.T) {
	for _, early := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			begin := time.Now().UTC()
			w := alertrulestest.NewWorld(begin)
			load(t, w, `rules: [{id: s, logstore: findings, window: 1m, every: 1m, delay: 0s, query: "status:x"}]`)
			handle(t, w, "s", alertrulestest.Matching(everything))
			came := begin.Add(90 * time.Second)
			w.Log.Add(alertrulestest.Record{Arrived: came, Time: came, Fields: map[string]any{"status": "x"}})
			takes := time.Duration(0)
			slowly(w, &takes)
			everyMinute(t, w, time.Minute)
			takes = 70 * time.Second
			w.Log.Now = time.Now().UTC()
			if _, err := w.Engine.Round(t.Context(), w.Set.Rules, w.Log.Now); err != nil {
				t.Fatal(err)
			}
			w.Log.Now, takes = time.Now().UTC(), 0
			if early {
				same(t, "early", fill(t, w, false), "s skipped: 0 evaluated, 0 found, told=true it is filled after the rule's next evaluation")
			}
			time.Sleep(time.Until(time.Now().Truncate(time.Minute).Add(time.Minute)))
			everyMinute(t, w, 2*time.Minute)
			same(t, "then", fill(t, w, false), "s skipped: 1 evaluated, 1 found, told=true")
			same(t, "found", lates(w), "s 00:02-00:03 history=false notify=false")
			if left := w.States.Gaps(); len(left) > 0 {
				t.Errorf("left %v", left)
			}
		})
	}
}

// A row of an event rule with groups is told once, whichever of the skipped moments and
// the moments beside them show it.
func TestSkippedMomentsOfGroups(t *testing.T) {
	for _, c := range []struct {
		came  string // and happened
		found []string
	}{
		{"10:07", nil},
		{"10:12", nil}, // the second skipped moment, and the one behind, show it
		{"09:53", nil}, // the first one, and the one before
	} {
		synctest.Test(t, func(t *testing.T) {
			w := world(t, "09:58", groupsRule)
			matching := alertrulestest.Matching(everything)
			handle(t, w, "s", func(p *query.Plan, win query.Window, in []alertrulestest.Record) (*query.Result, error) {
				if w.Log.Now.Equal(clock("10:05")) {
					time.Sleep(12 * time.Minute)
				}
				return matching(p, win, in)
			})
			w.Log.Add(record(c.came, c.came, "status", c.came))
			for _, at := range []string{"10:00", "10:05", "10:20", "10:25", "10:30"} {
				if _, err := w.At(clock(at)); err != nil {
					t.Fatal(err)
				}
			}
			before := len(w.States.Rounds())
			same(t, c.came, fill(t, w, false), fmt.Sprintf("s skipped: 2 evaluated, %d found, told=true", len(c.found)))
			same(t, "found", findings(w.States.Rounds()[before:]), c.found...)
		})
	}
}

const groupsRule = `rules: [{id: s, logstore: findings, every: 5m, window: 15m, delay: 0s, mode: event, query: "* | SELECT status, count(*) AS n GROUP BY status"}]`

// Of late records an event rule with groups tells the rows that were not there before.
func TestLateRecordsOfGroups(t *testing.T) {
	w := world(t, "09:58", groupsRule)
	handle(t, w, "s", alertrulestest.Matching(everything))
	w.Log.Add(record("10:04", "10:03", "status", "a"))
	w.Log.Add(record("10:47", "10:02", "status", "b"))
	w.Log.Add(record("10:47", "10:02", "status", "a"))
	runTo(t, w, "11:15")
	before := len(w.States.Rounds())
	same(t, "filled", fill(t, w, false), "s late: 3 evaluated, 1 found, told=true")
	same(t, "found", findings(w.States.Rounds()[before:]), "b 1")
}

// A rule that is slow for a day has as many gaps as it skipped moments, and each record is
// told once.
func TestManySkippedMoments(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now().UTC()
		w := alertrulestest.NewWorld(begin)
		load(t, w, `rules: [{id: e, logstore: findings, mode: event, window: 1m, every: 1m, delay: 0s, query: "status:x"}]`)
		handle(t, w, "e", alertrulestest.Matching(everything))
		takes := 70 * time.Second
		slowly(w, &takes)
		var all []int64
		for n := range 250 {
			at := begin.Add(time.Duration(n)*time.Minute + 30*time.Second)
			w.Log.Add(alertrulestest.Record{Arrived: at, Time: at, Fields: map[string]any{"status": "x"}})
			all = append(all, int64(n+1))
		}
		everyMinute(t, w, 253*time.Minute)
		takes = 0
		everyMinute(t, w, time.Minute)
		if n := len(w.States.Gaps()); n < 120 {
			t.Errorf("%d gaps", n)
		}
		fill(t, w, false)
		toldOnce(t, w, all...)
	})
}
