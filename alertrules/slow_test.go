package alertrules_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tocsin/alertrules"
	"tocsin/alertrules/alertrulestest"
	"tocsin/query"
)

// timed has each query of the rules of a world take a time, or its limit of a minute.
func timed(w *alertrulestest.World, takes func(rule string, win query.Window) time.Duration, asked func(rule string, tooLong bool)) {
	answer := w.Log.Query
	w.Engine.Query = func(ctx context.Context, p *query.Plan, win query.Window) (*query.Result, error) {
		for _, r := range w.Set.Rules {
			if r.Plan(win.Now) != p {
				continue
			}
			took := takes(r.ID, win)
			asked(r.ID, took > time.Minute)
			time.Sleep(min(took, time.Minute))
			if took > time.Minute {
				return nil, &alertrules.LimitError{Limit: time.Minute}
			}
		}
		return answer(ctx, p, win)
	}
}

// A rule over `new` whose query is too slow for what there is holds up the first round
// with two queries, and no round after it; in a piece of catching up one query is too
// slow at most. Each record is told once, however small the ranges have to be; when
// even one record is too much that is an error, which the operator is told, until it is
// over.
func TestTooSlowForAllThatIsNew(t *testing.T) {
	for name, takes := range map[string]func(n int64, since time.Duration) time.Duration{
		"by records":    func(n int64, _ time.Duration) time.Duration { return time.Duration(n) * time.Second },
		"but for one":   func(n int64, _ time.Duration) time.Duration { return time.Duration(n-1) * time.Hour },
		"for two hours": func(_ int64, since time.Duration) time.Duration { return 2*time.Hour - since },
		"not in the end": func(n int64, since time.Duration) time.Duration {
			return time.Duration(n) * time.Second / (1 + since/time.Hour)
		},
		"fast, but the sum": func(n int64, _ time.Duration) time.Duration { return time.Duration(n) * 400 * time.Millisecond },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const records = 200
				begin := time.Now().UTC()
				w := alertrulestest.NewWorld(begin)
				must := func(err error) {
					if err != nil {
						t.Fatal(err)
					}
				}
				must(w.Load(`
defaults: {logstore: findings, query: "status:x"}
rules: [{id: slow, every: 5m}, {id: live, window: 1m, every: 1m}]`))
				must(w.Answer("slow", alertrulestest.Matching(everything)))
				for range records {
					w.Log.Add(alertrulestest.Record{Arrived: begin, Time: begin, Fields: map[string]any{"status": "x"}})
				}
				w.Log.Now = begin.Add(1000 * time.Hour)
				queries, over, late := 0, 0, 0
				timed(w, func(rule string, win query.Window) time.Duration {
					if rule == "live" {
						if time.Since(win.Now) > 10*time.Second {
							late++
						}
						return 0
					}
					return takes(win.UpToSeq-win.AfterSeq, time.Since(begin))
				}, func(rule string, tooLong bool) {
					if rule == "slow" {
						queries++
					}
					if tooLong {
						over++
					}
				})
				rounds, failed := 0, 0
				ctx, cancel := context.WithTimeout(context.Background(), 5*time.Hour)
				defer cancel()
				l := alertrules.Loop{Engine: w.Engine, Rules: func() *alertrules.Set { return w.Set }, Failed: func(err error) { t.Error(err) }}
				l.Done = func(r *alertrules.Round) {
					of := slices.ContainsFunc(r.Evaluations, func(e alertrules.Evaluation) bool { return e.Rule == "slow" })
					if !of {
						return
					}
					if rounds++; rounds == 1 && (queries > 2 || time.Since(begin) > 2*time.Minute+time.Second) || rounds > 1 && over > 1 {
						t.Errorf("round %d, after %s: %d queries, %d of them too slow", rounds, time.Since(begin), queries, over)
					}
					if rounds > 1 && l.Waits("slow") {
						t.Errorf("round %d: what is told of the rule waits for what it has not seen", rounds)
					}
					for _, n := range r.Notices {
						if strings.HasPrefix(n.Key, "rule/failed/slow") && !n.Over {
							failed++
						}
					}
					queries, over = 0, 0
				}
				must(l.Run(ctx))
				all := make([]int64, records)
				for i := range all {
					all[i] = int64(i + 1)
				}
				toldOnce(t, w, all...)
				if s := w.States.State("slow"); s.Error != "" || s.Outcome != alertrules.OK || s.Cursor != records {
					t.Errorf("in the end: %q, %s, up to %d", s.Error, s.Outcome, s.Cursor)
				}
				if late > 3 || (failed > 0) != (name == "for two hours") {
					t.Errorf("%d rounds of the live rule were late; it failed %d times", late, failed)
				}
				if open := open(w); len(open) > 0 {
					t.Errorf("not over: %v", open)
				}
			})
		})
	}
}

// Slow rules take turns: the one that needs hours keeps the other waiting for no longer
// than its own part takes.
func TestSlowRulesTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now().UTC()
		w := alertrulestest.NewWorld(begin)
		if err := w.Load(`
defaults: {query: "status:x"}
rules: [{id: few, logstore: findings}, {id: many, logstore: findings}, {id: quick, logstore: findings}]`); err != nil {
			t.Fatal(err)
		}
		for range 2000 {
			w.Log.Add(alertrulestest.Record{Arrived: begin, Time: begin, Fields: map[string]any{"status": "x"}})
		}
		w.Log.Now = begin.Add(1000 * time.Hour)
		each := map[string]time.Duration{"many": 10 * time.Second, "few": 100 * time.Millisecond}
		timed(w, func(rule string, win query.Window) time.Duration {
			return time.Duration(win.UpToSeq-win.AfterSeq) * each[rule]
		}, func(string, bool) {})
		ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
		defer cancel()
		l := alertrules.Loop{Engine: w.Engine, Rules: func() *alertrules.Set { return w.Set }}
		if err := l.Run(ctx); err != nil {
			t.Fatal(err)
		}
		if m, h := w.States.State("few").Cursor, w.States.State("many").Cursor; m != 2000 || h < 100 || h == 2000 {
			t.Errorf("after an hour one has seen %d, the other %d", m, h)
		}
	})
}

// open are the causes that the operator was told of and that are not over.
func open(w *alertrulestest.World) (keys []string) {
	last := map[string]bool{}
	for _, r := range w.States.Rounds() {
		for _, n := range r.Notices {
			last[n.Key] = n.Over
		}
	}
	for key, over := range last {
		if !over {
			keys = append(keys, key)
		}
	}
	return keys
}

// What is told of a bound ends when an error comes after it, as the error does.
func TestPartialBeforeAnError(t *testing.T) {
	w := world(t, "09:00", `rules: [{id: r, logstore: findings, every: 5m, window: 15m, query: "status:x"}]`)
	n := 0
	handle(t, w, "r", func(p *query.Plan, _ query.Window, _ []alertrulestest.Record) (*query.Result, error) {
		switch n++; n {
		case 1:
			return nil, &alertrules.LimitError{Limit: time.Minute}
		case 2:
			return nil, errors.New("out of order")
		}
		return &query.Result{Columns: p.Columns()}, nil
	})
	runTo(t, w, "09:05")
	same(t, "after the first", open(w), "rule/partial/r")
	runTo(t, w, "09:10")
	same(t, "after the second", open(w), "rule/failed/r")
	runTo(t, w, "09:15")
	same(t, "in the end", open(w))
}

// A gap of a rule over `new` is filled in ranges as short as its query needs.
func TestFillIsTooSlowForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rule := `rules: [{id: n, logstore: findings, query: "status:x", enabled: %t}]`
		w := world(t, "09:00", fmt.Sprintf(rule, true))
		handle(t, w, "n", alertrulestest.Matching(everything))
		runTo(t, w, "09:05")
		load(t, w, fmt.Sprintf(rule, false))
		var all []int64
		for i := range 300 {
			w.Log.Add(record("09:06", "09:06", "status", "x"))
			all = append(all, int64(i+1))
		}
		w.Log.Now = clock("09:10")
		load(t, w, fmt.Sprintf(rule, true))
		over := 0
		timed(w, func(_ string, win query.Window) time.Duration {
			return time.Duration(win.UpToSeq-win.AfterSeq) * 5 * time.Second
		}, func(_ string, tooLong bool) {
			if tooLong {
				over++
			}
		})
		fill(t, w, false)
		toldOnce(t, w, all...)
		if gaps := w.States.Gaps(); len(gaps) > 0 || over > 2 {
			t.Errorf("left %v; %d queries were too slow", gaps, over)
		}
	})
}

const slowWhole = `
defaults: {logstore: findings, window: whole 1h, every: 1h, delay: 0s, start: "%s", query: "status:x"}
rules: [{id: state, after: 2 of 3}, {id: rows, mode: event}, {id: none, trigger: {rows: "== 0"}}]`

// wholeWorld is a world of whole windows, a week behind, with some records, in which
// each query takes a second once that is true.
func wholeWorld(t *testing.T, slow *bool) *alertrulestest.World {
	t.Helper()
	w := world(t, "00:30", fmt.Sprintf(slowWhole, "now"))
	for _, r := range w.Set.Rules {
		handle(t, w, r.ID, alertrulestest.Matching(everything))
	}
	timed(w, func(string, query.Window) time.Duration {
		if *slow {
			return time.Second
		}
		return 0
	}, func(string, bool) {})
	for hour := -60; hour < 100; hour++ {
		if (hour+90)%9 < 2 {
			at := clock("00:10").Add(time.Duration(hour) * time.Hour)
			w.Log.Add(alertrulestest.Record{Arrived: clock("00:10"), Time: at, Fields: map[string]any{"status": "x"}})
		}
	}
	return w
}

// pieces has rules catch up, and says how long the longest piece took.
func pieces(t *testing.T, w *alertrulestest.World) (longest time.Duration) {
	t.Helper()
	for left := w.Set.Rules; len(left) > 0; {
		begin := time.Now()
		var err error
		if _, left, err = w.Engine.MakeUp(t.Context(), left, w.Log.Now); err != nil {
			t.Fatal(err)
		}
		longest = max(longest, time.Since(begin))
	}
	return longest
}

// Whole windows are cut by the time of a piece, those that are due and those of an
// earlier start, and the same comes of them as without.
func TestSlowWholeWindowsAreCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got [2][]string
		for i, slow := range []bool{false, true} {
			late := false
			w := wholeWorld(t, &late)
			runTo(t, w, "01:00")
			late = slow
			w.Log.Now = clock("00:30").Add(100 * time.Hour)
			due := pieces(t, w)
			load(t, w, fmt.Sprintf(slowWhole, "-160h"))
			earlier := pieces(t, w)
			if slow && (due > 4*time.Second || earlier > 11*time.Second) { // an alert is not cut
				t.Errorf("pieces of %s, and %s for an earlier start", due, earlier)
			}
			got[i] = append(episodes(w), fmt.Sprint(len(told(w)), " told"))
		}
		if !slices.Equal(got[0], got[1]) {
			t.Errorf("slow:\n%s\nat once:\n%s", strings.Join(got[1], "\n"), strings.Join(got[0], "\n"))
		}
	})
}

// What an error keeps of an earlier start is evaluated anew, and nothing is cut or told twice.
func TestEarlierWindowsThatFail(t *testing.T) {
	var got [2][]string
	for i, fails := range []bool{false, true} {
		slow := false
		w := wholeWorld(t, &slow)
		runTo(t, w, "01:00")
		load(t, w, fmt.Sprintf(slowWhole, "-40h"))
		answer, n := w.Engine.Query, 0
		w.Engine.Query = func(ctx context.Context, p *query.Plan, win query.Window) (*query.Result, error) {
			if n++; fails && n%23 == 0 && n < 70 {
				return nil, fmt.Errorf("query %d is broken", n)
			}
			return answer(ctx, p, win)
		}
		runTo(t, w, "12:30")
		for _, line := range episodes(w) {
			line, _, _ = strings.Cut(line, " again ") // it depends on when they were evaluated
			got[i] = append(got[i], line)
		}
		got[i] = append(got[i], fmt.Sprint(len(told(w)), " told"))
		toldOnce(t, w, keys(told(w))...)
	}
	if !slices.Equal(got[0], got[1]) {
		t.Errorf("with errors:\n%s\nwithout:\n%s", strings.Join(got[1], "\n"), strings.Join(got[0], "\n"))
	}
}

func keys(m map[int64]int) (all []int64) {
	for k := range m {
		all = append(all, k)
	}
	return all
}

// Late records of very many old windows hold up a piece for a while; what is left of
// them is a gap, and found when that is filled.
func TestSlowOldWindowsBecomeGaps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := false
		w := wholeWorld(t, &slow)
		w.Log.Now = clock("00:30").Add(100 * time.Hour)
		pieces(t, w)
		before := len(told(w))
		for hour := range 60 {
			at := clock("00:50").Add(time.Duration(hour) * time.Hour)
			w.Log.Add(alertrulestest.Record{Arrived: w.Log.Now, Time: at, Fields: map[string]any{"status": "x"}})
		}
		w.Log.Now = w.Log.Now.Add(time.Hour)
		slow = true
		if took := pieces(t, w); took > 15*time.Second {
			t.Errorf("a piece took %s", took)
		}
		gaps := w.States.Gaps()
		more := len(told(w)) - before
		if len(gaps) == 0 || more < 5 || more > 20 || !gaps[0].From.Equal(clock("00:00")) {
			t.Errorf("told %d more; gaps %v", more, gaps)
		}
		fill(t, w, false)
		if n := len(told(w)) - before; n != 60 || len(w.States.Gaps()) > 0 {
			t.Errorf("told %d more in the end; left %v", n, w.States.Gaps())
		}
		toldOnce(t, w, keys(told(w))...)
	})
}
