package alertrules_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"tocsin/alertrules"
	"tocsin/alertrules/alertrulestest"
	"tocsin/query"
)

// What a round asks was said before, of each kind of window, also what failed before
// and what was missed; the answers come by the context that Share gave, and nothing
// is asked after the release.
func TestShareKnowsWhatIsAsked(t *testing.T) {
	w := world(t, "09:00", `
defaults: {logstore: cloudtrail, query: "* | SELECT @account, count(*) AS n GROUP BY @account"}
rules:
  - {id: fresh, query: "eventName:x"}
  - {id: slides, window: 15m, every: 5m}
  - {id: late, window: 15m, every: 5m, delay: 10m}
  - {id: whole, window: whole 5m, every: 5m, delay: 0s}
  - {id: posture, logstore: findings, query: "* | SELECT count(*) AS n", window: 1h, every: 5m}`)
	type sharedKey struct{}
	var said []alertrules.Ask
	var asked, unsaid, releases, beside int
	failing := true
	answer := w.Log.Query
	w.Engine.Workers = 1
	w.Engine.Share = func(ctx context.Context, asks []alertrules.Ask) (context.Context, func()) {
		said = asks
		return context.WithValue(ctx, sharedKey{}, true), func() { said = nil; releases++ }
	}
	w.Engine.Query = func(ctx context.Context, p *query.Plan, win query.Window) (*query.Result, error) {
		asked++
		if ctx.Value(sharedKey{}) == nil {
			beside++
		}
		late := win.AfterSeq > 0 && !win.From.IsZero() // whether records came late is asked beside
		if !late && !slices.Contains(said, alertrules.Ask{Plan: p, Window: win}) {
			unsaid++
			t.Logf("%+v", win)
		}
		if failing {
			return nil, errors.New("out of order")
		}
		return answer(ctx, p, win)
	}
	for _, end := range []string{"09:05", "09:10", "09:40"} { // the second after a failure, the third after a pause
		w.Log.Add(alertrulestest.Record{Arrived: w.Log.Now, Time: w.Log.Now, Fields: map[string]any{"account": "1"}})
		if _, err := w.At(clock(end)); err != nil {
			t.Fatal(err)
		}
		failing = false
	}
	if asked < 20 || unsaid > 0 || beside > 0 || releases != 3 {
		t.Errorf("%d asked, %d of them unsaid, %d beside the context; %d releases", asked, unsaid, beside, releases)
	}
}

// The outcomes of a round come in the order of its rules, however long each takes.
func TestOutcomesAreInOrder(t *testing.T) {
	w := world(t, "09:00", `
defaults: {logstore: cloudtrail, window: 15m, every: 5m, query: "eventName:x"}
rules: [{id: a}, {id: b}, {id: c}, {id: d}]`)
	answer := w.Log.Query
	w.Engine.Query = func(ctx context.Context, p *query.Plan, win query.Window) (*query.Result, error) {
		if p == w.Set.Rules[0].Plan(win.Now) {
			time.Sleep(20 * time.Millisecond)
		}
		return answer(ctx, p, win)
	}
	round, err := w.At(clock("09:05"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range round.Evaluations {
		got = append(got, e.Rule)
	}
	if want := []string{"a", "b", "c", "d"}; !slices.Equal(got, want) {
		t.Error(got)
	}
}
