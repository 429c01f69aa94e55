package alertrules_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"tocsin/alertrules"
	"tocsin/alertrules/alertrulestest"
	"tocsin/query"
)

// Slow rules over whole windows whose records come late, in pieces.

const lateRule = `rules: [{id: r, logstore: findings, window: whole 1h, every: 1h, delay: 0s, mode: event, query: "status:x"%s}]`

// lateWorld is a world of ten whole hours with verdicts, in which records of nine of
// them came since; its queries are slow from now on. late adds another to an hour.
func lateWorld(t *testing.T) (w *alertrulestest.World, late func(hour int)) {
	t.Helper()
	begin := time.Now().UTC()
	w = alertrulestest.NewWorld(begin)
	load(t, w, fmt.Sprintf(lateRule, ""))
	handle(t, w, "r", alertrulestest.Matching(everything))
	var took time.Duration
	eachTakes(w, &took)
	evaluateNow(t, w)
	for range 10 {
		time.Sleep(time.Hour)
		evaluateNow(t, w)
	}
	late = func(hour int) {
		at := begin.Add(time.Duration(hour)*time.Hour + 10*time.Minute)
		w.Log.Add(alertrulestest.Record{Arrived: time.Now().UTC(), Time: at, Fields: map[string]any{"status": "x"}})
	}
	for hour := range 9 {
		late(hour)
	}
	time.Sleep(time.Hour)
	w.Log.Now, took = time.Now().UTC(), 3*time.Second
	return w, late
}

// piece makes up for some of what is due.
func piece(t *testing.T, w *alertrulestest.World) {
	t.Helper()
	w.Log.Now = time.Now().UTC()
	if _, _, err := w.Engine.MakeUp(t.Context(), w.Set.Rules, w.Log.Now); err != nil {
		t.Fatal(err)
	}
}

// What an edit keeps from being looked at again is a gap.
func TestEditBetweenPiecesOfLateWindows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _ := lateWorld(t)
		piece(t, w)
		load(t, w, fmt.Sprintf(lateRule, ", severity: high"))
		handle(t, w, "r", alertrulestest.Matching(everything))
		pieces(t, w)
		told, gaps := 0, time.Duration(0)
		for _, r := range w.States.Rounds() {
			for _, n := range r.News {
				told += len(n.Rows)
			}
		}
		for _, g := range w.States.Gaps() {
			if g.Reason == alertrules.GapLate {
				gaps += g.To.Sub(g.From)
			}
		}
		if told == 0 || told == 9 || told+int(gaps/time.Hour) < 9 {
			t.Errorf("%d of 9 are told, and gaps are %s: %v", told, gaps, w.States.Gaps())
		}
	})
}

// Late windows take turns, also when more comes for the first ones all the time.
func TestLateWindowsTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, late := lateWorld(t)
		for n := range 40 {
			late(n % 2)
			piece(t, w)
		}
		for _, v := range w.States.State("r").Verdicts {
			if v.Seq == 0 {
				t.Errorf("the window of %s was not looked at again", v.From)
			}
		}
	})
}

// An earlier start that holds a window whose query fails waits for the rule's next
// moment after it.
func TestAnEarlierStartThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		took := 10 * time.Millisecond
		w := earlierWorld(t, `rules: [{id: s, logstore: findings, window: whole 1h, every: 1h, delay: 0s, start: "%s", query: "status:x"}]`,
			"-20d", func(hour int) bool { return hour == 30 }, &took)
		answer, bad, fails := w.Engine.Query, time.Now().UTC().Add(-240*time.Hour).Truncate(time.Hour), 0
		w.Engine.Query = func(ctx context.Context, p *query.Plan, win query.Window) (*query.Result, error) {
			if win.From.Equal(bad) {
				fails++
				time.Sleep(took)
				return nil, errors.New("no number")
			}
			return answer(ctx, p, win)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Hour)
		defer cancel()
		l := alertrules.Loop{Engine: w.Engine, Rules: func() *alertrules.Set { w.Log.Now = time.Now(); return w.Set }}
		if err := l.Run(ctx); err != nil || fails == 0 || fails > 5 {
			t.Errorf("%v; the window was asked for %d times in three hours", err, fails)
		}
	})
}
