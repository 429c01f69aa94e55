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

// slowly has each query of the rules of a world take a time.
func slowly(w *alertrulestest.World, took *time.Duration) {
	timed(w, func(string, query.Window) time.Duration { return *took }, func(string, bool) {})
}

// now has a world stand at the time of the bubble, and evaluates what is due.
func now(t *testing.T, w *alertrulestest.World) {
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
	slowly(w, took)
	for hour := -50; hour < 0; hour++ {
		if hit(-hour) {
			at := begin.Add(time.Duration(hour)*time.Hour + 10*time.Minute)
			w.Log.Add(alertrulestest.Record{Arrived: begin.Add(-time.Hour), Time: at, Fields: map[string]any{"status": "x"}})
		}
	}
	now(t, w)
	time.Sleep(65 * time.Minute)
	now(t, w)
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
		now(t, w)
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
			slowly(w, &took)
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
