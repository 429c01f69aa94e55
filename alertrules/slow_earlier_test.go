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

// Slow rules that take in what an earlier start added, or look at many windows again.

// eachTakes has each query of the rules of a world take a time.
func eachTakes(w *alertrulestest.World, took *time.Duration) {
	timed(w, func(string, query.Window) time.Duration { return *took }, func(string, bool) {})
}

// evaluateNow has a world stand at the time of the bubble, and evaluates what is due.
func evaluateNow(t *testing.T, w *alertrulestest.World) {
	t.Helper()
	if _, err := w.At(time.Now().UTC()); err != nil {
		t.Fatal(err)
	}
}

// earlierWorld is a world of whole hours in which an hour has passed since its
// rules were known, with hits where hit says so, by the number of hours before;
// `%s` in the rules is their start. Then they get an earlier one, and are slow.
func earlierWorld(t *testing.T, rules, start string, hit func(hour int) bool, took *time.Duration) *alertrulestest.World {
	t.Helper()
	begin := time.Now().UTC()
	w := alertrulestest.NewWorld(begin)
	load(t, w, fmt.Sprintf(rules, "now"))
	for _, r := range w.Set.Rules {
		handle(t, w, r.ID, alertrulestest.Matching(everything))
	}
	slow := *took
	*took = 0
	eachTakes(w, took)
	for hour := -50; hour < 0; hour++ {
		if hit(-hour) {
			at := begin.Add(time.Duration(hour)*time.Hour + 10*time.Minute)
			w.Log.Add(alertrulestest.Record{Arrived: begin.Add(-time.Hour), Time: at, Fields: map[string]any{"status": "x"}})
		}
	}
	evaluateNow(t, w)
	time.Sleep(65 * time.Minute)
	evaluateNow(t, w)
	load(t, w, fmt.Sprintf(rules, start))
	w.Log.Now, *took = time.Now().UTC(), slow
	return w
}

// Where a piece of an earlier start is left off, what was counted counts in the next
// one: the same hours are told as without. An alert that goes on for longer is two, one
// after the other.
func TestCountersOfAnEarlierStart(t *testing.T) {
	const rules = `
defaults: {logstore: findings, window: whole 1h, every: 1h, delay: 0s, start: "%s", query: "status:x"}
rules: [{id: three, after: 3}, {id: some, after: 2 of 4}]`
	for name, hit := range map[string]func(hour int) bool{
		"three in a row": func(hour int) bool { return hour%5 > 1 },
		"for long":       func(hour int) bool { return hour > 5 && hour < 30 },
		"one of three":   func(hour int) bool { return hour%3 == 0 },
	} {
		var got [2][]string
		for i, took := range []time.Duration{0, 6 * time.Second} {
			synctest.Test(t, func(t *testing.T) {
				w := earlierWorld(t, rules, "-40h", hit, &took)
				if longest := pieces(t, w); longest > 30*time.Second {
					t.Errorf("%s: a piece took %s", name, longest)
				}
				got[i] = hours(w)
			})
		}
		if !slices.Equal(got[0], got[1]) || (name != "one of three") != slices.ContainsFunc(got[0], func(s string) bool { return strings.HasPrefix(s, "three") }) {
			t.Errorf("%s: slow:\n%s\nat once:\n%s", name, strings.Join(got[1], "\n"), strings.Join(got[0], "\n"))
		}
	}
}

// An earlier start that comes while another one is taken in waits for it, and nothing
// of either is lost.
func TestEarlierStartsOneAfterTheOther(t *testing.T) {
	const rules = `rules: [{id: odd, logstore: findings, window: whole 1h, every: 1h, delay: 0s, start: "%s", query: "status:x"}]`
	odd := func(hour int) bool { return hour%2 == 1 }
	var got [2][]string
	for i, starts := range [][]string{{"-40h"}, {"-20h", "-40h"}} {
		synctest.Test(t, func(t *testing.T) {
			took := 6 * time.Second
			w := earlierWorld(t, rules, starts[0], odd, &took)
			for _, start := range starts[1:] {
				if _, _, err := w.Engine.MakeUp(t.Context(), w.Set.Rules, time.Now()); err != nil {
					t.Fatal(err)
				}
				load(t, w, fmt.Sprintf(rules, start))
			}
			pieces(t, w)
			load(t, w, fmt.Sprintf(rules, "-40h"))
			pieces(t, w)
			got[i] = hours(w)
		})
	}
	if len(got[0]) < 15 || !slices.Equal(got[0], got[1]) {
		t.Errorf("one after the other:\n%s\nat once:\n%s", strings.Join(got[1], "\n"), strings.Join(got[0], "\n"))
	}
}

// What is left of an earlier start of whole windows keeps none of another window from
// being taken in.
func TestAnEarlierStartOfAnotherWindow(t *testing.T) {
	const rules = `rules: [{id: s, logstore: findings, %s, every: 1h, start: "%s", query: "status:x"}]`
	synctest.Test(t, func(t *testing.T) {
		took := 6 * time.Second
		w := earlierWorld(t, fmt.Sprintf(rules, "window: whole 1h, delay: 0s", "%s"), "-40h", func(int) bool { return true }, &took)
		piece(t, w)
		if w.States.State("s").EarlierWhole == nil {
			t.Fatal("all of it is taken in")
		}
		load(t, w, fmt.Sprintf(rules, "window: new", "-30d"))
		handle(t, w, "s", alertrulestest.Matching(everything))
		took = 0
		piece(t, w)
		told := 0
		for _, r := range w.States.Rounds() {
			for _, n := range r.News {
				told += len(n.Rows)
			}
		}
		if s := w.States.State("s"); s.EarlierWhole != nil || s.Start != "-30d" || told != 50 {
			t.Errorf("%d of 50 told, start %s, left %v", told, s.Start, s.EarlierWhole)
		}
	})
}

// hours are those, up to the last hit, of which alerts tell, by their keys, each once.
func hours(w *alertrulestest.World) (list []string) {
	for _, a := range w.States.All() {
		for at := a.Since; !at.After(a.LastHit); at = at.Add(time.Hour) {
			list = append(list, a.Key+" "+at.UTC().Format("02 15:04"))
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// What is new is told in time while a rule whose query is slow takes in what an earlier
// start added; all of that is taken in, each record once, and the operator is told of it
// once.
func TestNewBeforeAnEarlierStart(t *testing.T) {
	const rule = `rules: [{id: s, every: 1m, logstore: findings, start: "%s", query: "status:x"}]`
	synctest.Test(t, func(t *testing.T) {
		const old, fresh = 1000, 60
		begin := time.Now().UTC()
		w := alertrulestest.NewWorld(begin)
		var all []int64
		add := func(at time.Time) {
			w.Log.Add(alertrulestest.Record{Arrived: at, Time: at, Fields: map[string]any{"status": "x"}})
			all = append(all, int64(len(all)+1))
		}
		for range old {
			add(begin.Add(-time.Hour))
		}
		for i := range fresh {
			add(begin.Add(time.Duration(i+1) * 20 * time.Second))
		}
		load(t, w, fmt.Sprintf(rule, "now"))
		handle(t, w, "s", alertrulestest.Matching(everything))
		timed(w, func(_ string, win query.Window) time.Duration {
			return time.Second * time.Duration(1+win.UpToSeq-win.AfterSeq)
		}, func(string, bool) {})
		evaluateNow(t, w)
		load(t, w, fmt.Sprintf(rule, "-1d"))
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Hour)
		defer cancel()
		l := alertrules.Loop{Engine: w.Engine, Rules: func() *alertrules.Set { w.Log.Now = time.Now(); return w.Set }}
		latest, bounds := time.Duration(0), 0
		l.Done = func(r *alertrules.Round) {
			w.Log.Now = time.Now()
			for _, n := range r.News {
				for _, row := range n.Rows {
					if i := row.Seq - old - 1; i >= 0 {
						latest = max(latest, time.Since(begin.Add(time.Duration(i+1)*20*time.Second)))
					}
				}
			}
			for _, n := range r.Notices {
				if n.Over {
					bounds++
				}
			}
		}
		if err := l.Run(ctx); err != nil {
			t.Fatal(err)
		}
		if latest > 4*time.Minute {
			t.Errorf("what is new was told after %s", latest)
		}
		if s := w.States.State("s"); s.Earlier != nil || s.Span != 0 || bounds != 1 || len(open(w)) > 0 {
			t.Errorf("in the end: %v, %d numbers at once; %d times over, %v is not", s.Earlier, s.Span, bounds, open(w))
		}
		toldOnce(t, w, all...)
	})
}

// Decisions about a rule wait for its windows that are due, but not for those that an
// earlier start added, which change nothing that is live.
func TestDecisionsBeforeAnEarlierStart(t *testing.T) {
	const rules = `
defaults: {logstore: findings, window: whole 1h, every: 1h, delay: 0s, start: "%s", query: "status:x"}
rules: [{id: s}, {id: too}]`
	synctest.Test(t, func(t *testing.T) {
		took := 6 * time.Second
		w := earlierWorld(t, rules, "-20d", func(hour int) bool { return hour == 30 }, &took)
		at := time.Now().UTC()
		w.Log.Add(alertrulestest.Record{Arrived: at, Time: at, Fields: map[string]any{"status": "x"}})
		time.Sleep(5 * time.Hour) // nothing was evaluated then
		begin := time.Now().UTC()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		time.AfterFunc(3*time.Hour, cancel)
		l := alertrules.Loop{Engine: w.Engine, Rules: func() *alertrules.Set { w.Log.Now = time.Now(); return w.Set }}
		decided := map[string]time.Duration{}
		l.Done = func(r *alertrules.Round) {
			for _, rule := range w.Set.Rules {
				s := w.States.State(rule.ID)
				if behind := !s.WholeTo.Add(time.Hour).After(begin); !l.Waits(rule.ID) {
					if behind {
						t.Errorf("%s is decided while its windows from %s on wait", rule.ID, s.WholeTo)
					}
					if decided[rule.ID] == 0 {
						decided[rule.ID] = max(1, time.Since(begin))
					}
				}
			}
		}
		if err := l.Run(ctx); err != nil {
			t.Fatal(err)
		}
		for _, rule := range w.Set.Rules {
			if s := w.States.State(rule.ID); decided[rule.ID] == 0 || decided[rule.ID] > 5*time.Minute || s.EarlierWhole != nil {
				t.Errorf("%s: decided after %s; left %v", rule.ID, decided[rule.ID], s.EarlierWhole)
			}
		}
	})
}

// What an earlier start added, and what late records may have touched after an error, is
// evaluated beside the rounds where it is much: no other rule waits for it.
func TestManyOldWindowsAreBesideTheRounds(t *testing.T) {
	const rules = `
defaults: {logstore: findings, window: whole 1h, every: 1h, delay: 0s, start: "%s", query: "status:x"}
rules: [{id: s}, {id: rows, mode: event}]`
	synctest.Test(t, func(t *testing.T) {
		for start, want := range map[string]int{"-40d": 2, "-3h": 0} {
			took := time.Second
			w := earlierWorld(t, rules, start, func(int) bool { return false }, &took)
			begin := time.Now()
			_, behind, err := w.Engine.Live(t.Context(), w.Set.Rules, begin)
			if took := time.Since(begin); err != nil || len(behind) != want || took > 10*time.Second {
				t.Errorf("start %s: the round took %s, left %d rules; %v", start, took, len(behind), err)
			}
		}
	})
}

// Verdicts that an error kept from being looked at again are looked at in pieces, and
// the same comes of it as at once.
func TestManyVerdictsAreLookedAtInPieces(t *testing.T) {
	const rules = `
defaults: {logstore: findings, window: whole 1h, every: 1h, delay: 0s, query: "status:x"}
rules: [{id: state, after: 2 of 3}, {id: rows, mode: event}, {id: none, trigger: {rows: "== 0"}}]`
	synctest.Test(t, func(t *testing.T) {
		var got [2][]string
		for i, slow := range []time.Duration{0, time.Second} {
			took, broken := time.Duration(0), false
			w := world(t, "00:30", rules)
			for _, r := range w.Set.Rules {
				handle(t, w, r.ID, alertrulestest.Matching(everything))
			}
			eachTakes(w, &took)
			answer := w.Engine.Query
			w.Engine.Query = func(ctx context.Context, p *query.Plan, win query.Window) (*query.Result, error) {
				if broken && !slices.ContainsFunc(w.Set.Rules, func(r *alertrules.Rule) bool { return r.Plan(win.Now) == p }) {
					return nil, errors.New("it is not known what touched the windows")
				}
				return answer(ctx, p, win)
			}
			runTo(t, w, "02:00")
			w.Log.Now = clock("00:30").Add(100 * time.Hour)
			late := func() {
				for hour := range 99 {
					if hour%7 < 3 {
						w.Log.Add(alertrulestest.Record{Arrived: w.Log.Now, Time: clock("00:50").Add(time.Duration(hour) * time.Hour), Fields: map[string]any{"status": "x"}})
					}
				}
				w.Log.Now = w.Log.Now.Add(time.Hour)
			}
			late()
			broken = true
			pieces(t, w)
			late()
			broken, took = false, slow
			_, behind, err := w.Engine.Live(t.Context(), w.Set.Rules, w.Log.Now)
			if err != nil || len(behind) != len(w.Set.Rules) {
				t.Errorf("%d rules are beside the rounds; %v", len(behind), err)
			}
			longest, n := time.Duration(0), 0
			for left := w.Set.Rules; len(left) > 0; n++ {
				begin := time.Now()
				if _, left, err = w.Engine.MakeUp(t.Context(), left, w.Log.Now); err != nil {
					t.Fatal(err)
				}
				longest = max(longest, time.Since(begin))
			}
			if longest > 5*time.Second || slow > 0 && n < 20 {
				t.Errorf("the longest of %d pieces took %s", n, longest)
			}
			got[i] = append(episodes(w), fmt.Sprint(len(told(w)), " told"))
			for _, r := range w.Set.Rules {
				if n := len(w.States.State(r.ID).Verdicts); n != 12 {
					t.Errorf("%s keeps %d verdicts", r.ID, n)
				}
			}
		}
		if !slices.Equal(got[0], got[1]) || len(got[0]) < 10 {
			t.Errorf("slow:\n%s\nat once:\n%s", strings.Join(got[1], "\n"), strings.Join(got[0], "\n"))
		}
	})
}
