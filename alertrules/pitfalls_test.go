package alertrules_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tocsin/alertrules"
	"tocsin/alertrules/alertrulestest"
	"tocsin/query"
)

// Acceptance tests of pitfalls, by their numbers.

// A query takes three and a half intervals: it never runs twice at once, nothing
// is resolved, the next window is the union of what was skipped, and other rules
// keep their schedule, from the second time on beside it.
func TestP05SlowQueryOverlapsTheNextTick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := alertrulestest.NewWorld(time.Now().UTC())
		if err := w.Load(`
defaults: {logstore: findings, every: 1m, query: "status:x"}
rules: [{id: slow}, {id: state, window: 10m}, {id: good, window: 1m}]`); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Hour+time.Second)
		defer cancel()
		w.Log.Now = time.Now().Add(24 * time.Hour) // what was added is there
		seq := func() {
			w.Log.Add(alertrulestest.Record{Arrived: time.Now(), Time: time.Now(), Fields: map[string]any{"status": "x"}})
		}
		var running [2]atomic.Int32
		late := map[string][]time.Duration{}
		for i, id := range []string{"slow", "state"} {
			matching := alertrulestest.Matching(everything)
			handle(t, w, id, func(p *query.Plan, win query.Window, records []alertrulestest.Record) (*query.Result, error) {
				if running[i].Add(1) > 1 {
					t.Errorf("%s runs twice at once", id)
				}
				defer running[i].Add(-1)
				time.Sleep(210 * time.Second)
				return matching(p, win, records)
			})
		}
		handle(t, w, "good", func(_ *query.Plan, win query.Window, _ []alertrulestest.Record) (*query.Result, error) {
			late["good"] = append(late["good"], time.Since(win.Now))
			return &query.Result{}, nil
		})
		var windows []query.Window
		skipped := map[string]int{}
		l := alertrules.Loop{Engine: w.Engine, Rules: func() *alertrules.Set { return w.Set }, Done: func(r *alertrules.Round) {
			for _, e := range r.Evaluations {
				if e.Outcome == alertrules.Skipped {
					skipped[e.Rule]++
				} else if e.Rule == "slow" {
					windows = append(windows, e.Window)
				}
			}
			for _, a := range r.Alerts {
				if a.Rule == "state" && !a.Firing() {
					t.Errorf("%s is over: %s", a.ID, a.How)
				}
			}
			seq()
		}}
		seq()
		if err := l.Run(ctx); err != nil {
			t.Fatal(err)
		}
		if len(windows) < 5 || skipped["state"] == 0 {
			t.Fatalf("windows %v, skipped %v", windows, skipped)
		}
		for i := range windows[1:] {
			if windows[i+1].AfterSeq != max(windows[i].UpToSeq, 0) {
				t.Errorf("after (%d, %d] came (%d, %d]", windows[i].AfterSeq, windows[i].UpToSeq, windows[i+1].AfterSeq, windows[i+1].UpToSeq)
			}
		}
		lates := 0
		for _, d := range late["good"] {
			if d > 10*time.Second {
				lates++
			}
		}
		if n := len(late["good"]); lates > 4 || n < 50 { // the first round waits for the slow ones, and is caught up
			t.Errorf("the good rule was evaluated %d times, %d of them late: %v", n, lates, late["good"])
		}
	})
}

// An error or a partial result is no fact about the world: what fires stays, nobody
// but the operator is told, once for each rule and once when it works again.
func TestP06ErrorIsNotNoData(t *testing.T) {
	w := world(t, "09:58", `
defaults: {logstore: findings, every: 15m, window: 1h, query: "status:x", severity: high}
rules: [{id: a}, {id: b, no_data: {after: 1}}, {id: c, trigger: {rows: "< 3"}}]`)
	broken, cut := false, false
	for _, id := range []string{"a", "b", "c"} {
		rows := alertrulestest.Matching(everything)
		handle(t, w, id, func(p *query.Plan, win query.Window, records []alertrulestest.Record) (*query.Result, error) {
			switch {
			case broken:
				return nil, errors.New("the engine is not there")
			case cut:
				return &query.Result{Columns: p.Columns(), Partial: "a time limit was hit"}, nil
			}
			return rows(p, win, records)
		})
	}
	w.Log.Add(record("09:59", "09:58", "status", "x"))
	rounds := runTo(t, w, "10:00")
	if firing(rounds) != 3 {
		t.Fatalf("before: %d fire", firing(rounds))
	}
	broken = true
	rounds = runTo(t, w, "10:45")
	want(t, rounds, "status",
		"10:15 notice rule/failed/a over=false", "10:15 notice rule/failed/b over=false", "10:15 notice rule/failed/c over=false",
		"10:30 notice rule/failed/a over=false", "10:30 notice rule/failed/b over=false", "10:30 notice rule/failed/c over=false", // the store tells a cause once
		"10:45 notice rule/failed/a over=false", "10:45 notice rule/failed/b over=false", "10:45 notice rule/failed/c over=false")
	broken, cut = false, true
	for _, line := range alertrulestest.Describe(runTo(t, w, "11:15"), "status") {
		if strings.Contains(line, " end ") || strings.Contains(line, " begin ") {
			t.Errorf("a partial result: %s", line)
		}
	}
}

func firing(rounds []*alertrules.Round) (n int) {
	for _, r := range rounds {
		for _, a := range r.Alerts {
			if a.Firing() {
				n++
			}
		}
	}
	return n
}

const dangerous = `
defaults: {logstore: findings, every: 5m, query: "status:%s", severity: high}
rules:
  - {id: n}
  - {id: s, window: 15m, delay: 0s}
  - {id: w, window: whole 1h}
  - {id: good, window: 15m, delay: 0s}`

// A query that cannot be stopped is the last of its rule: what fires goes on, the
// operator is told once, what is missed is a gap, another text ends it.
func TestP31ARuleThatRunsAwayIsQuarantined(t *testing.T) {
	w := world(t, "09:53", fmt.Sprintf(dangerous, "x"))
	away, asked := false, map[string]int{}
	var mu sync.Mutex
	for _, id := range []string{"n", "s", "w", "good"} {
		rows := alertrulestest.Matching(everything)
		handle(t, w, id, func(p *query.Plan, win query.Window, records []alertrulestest.Record) (*query.Result, error) {
			mu.Lock()
			asked[id]++
			mu.Unlock()
			if away && id != "good" {
				return nil, fmt.Errorf("it took longer than 1m0s: %w", alertrules.ErrRanAway)
			}
			return rows(p, win, records)
		})
	}
	w.Log.Add(record("09:54", "09:54", "status", "x"))
	runTo(t, w, "10:00")
	away = true
	w.Log.Add(record("10:01", "10:01", "status", "x"))
	before := len(w.States.Rounds())
	runTo(t, w, "11:00")
	want(t, w.States.Rounds()[before:], "status",
		"10:05 notice rule/quarantine/n over=false", "10:05 notice rule/quarantine/s over=false", "10:20 end A-0001 no rows",
		"11:00 notice rule/quarantine/w over=false")
	if asked["n"] > 4 || asked["s"] > 4 || asked["good"] < 12 {
		t.Errorf("asked %v", asked)
	}
	fires := w.States.All()[slices.IndexFunc(w.States.All(), func(a *alertrules.Alert) bool { return a.Rule == "s" })].ID
	if a := w.States.Alert(fires); !a.Firing() {
		t.Errorf("%+v", a)
	}
	gaps, err := w.Engine.Missing(t.Context(), w.Set, clock("12:02"))
	if err != nil {
		t.Fatal(err)
	}
	wantGaps(t, gaps, "n 10:05-12:02 (1, 2]", "s 10:05-12:02 (0, 0]", "w 10:00-12:00 (0, 0]")
	// Released by hand, and by another text.
	w.Log.Now = clock("12:02")
	away = false
	before = len(w.States.Rounds())
	if _, err := w.Engine.Release(t.Context(), w.Set, []string{"n"}, w.Log.Now, "ami says so"); err != nil {
		t.Fatal(err)
	}
	load(t, w, strings.Replace(fmt.Sprintf(dangerous, "y"), `id: good`, `id: good, query: "status:x"`, 1))
	gaps = nil
	for _, r := range w.States.Rounds()[before:] {
		gaps = append(gaps, r.Gaps...)
	}
	wantGaps(t, gaps, "n 10:05-12:02 (1, 2]", "s 10:05-12:02 (0, 0]", "w 10:00-12:00 (0, 0]")
	w.Log.Add(record("12:03", "12:03", "status", "x"))
	runTo(t, w, "12:05")
	got := alertrulestest.Describe(w.States.Rounds()[before:], "status")
	for _, line := range []string{"12:02 notice rule/quarantine/n over=true", "12:02 notice rule/quarantine/s over=true", "12:02 notice rule/quarantine/w over=true"} {
		if !slices.Contains(got, line) {
			t.Errorf("%q is not in %q", line, got)
		}
	}
	if gaps, err := w.Engine.Missing(t.Context(), w.Set, w.Log.Now); err != nil || len(gaps) > 0 {
		t.Errorf("%v %v", gaps, err)
	}
	if a := w.States.Alert(fires); !a.Firing() || !a.At.Equal(clock("12:05")) {
		t.Errorf("it was not looked at again: %+v", a)
	}
}

func wantGaps(t *testing.T, gaps []alertrules.Gap, want ...string) {
	t.Helper()
	var got []string
	for _, g := range gaps {
		got = append(got, fmt.Sprintf("%s %s-%s (%d, %d]", g.Rule, g.From.UTC().Format("15:04"), g.To.UTC().Format("15:04"), g.FromSeq, g.ToSeq))
		if g.Reason != alertrules.GapQuarantined {
			t.Errorf("%+v", g)
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("gaps %q, want %q", got, want)
	}
}

// A round that is stopped commits nothing but its quarantines; a query that was told to
// stop with everything else is no danger.
func TestP31AStoppedRoundKeepsItsQuarantines(t *testing.T) {
	w := world(t, "09:58", fmt.Sprintf(dangerous, "x"))
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	handle(t, w, "good", func(*query.Plan, query.Window, []alertrulestest.Record) (*query.Result, error) {
		return nil, alertrules.ErrRanAway
	})
	handle(t, w, "s", func(*query.Plan, query.Window, []alertrulestest.Record) (*query.Result, error) {
		stop()
		return nil, fmt.Errorf("%w: %w", alertrules.ErrRanAway, ctx.Err())
	})
	w.Engine.Workers = 1 // in the order of their ids
	w.Log.Now = clock("10:00")
	before := len(w.States.Rounds())
	if _, err := w.Engine.Round(ctx, w.Set.Rules, w.Log.Now); !errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v", err)
	}
	want(t, w.States.Rounds()[before:], "status", "10:00 notice rule/quarantine/good over=false")
	states, err := w.States.RuleStates(t.Context())
	if err != nil || !states["good"].Danger.Quarantined(rule(t, w, "good").Hash) || !states["good"].Moment.IsZero() || states["s"].Danger != (alertrules.Danger{}) {
		t.Errorf("%+v %+v %v", states["good"], states["s"], err)
	}
}

// The process ends while queries run. Those that were at work are suspects, run
// alone, and the one that is found again is quarantined; the others go on.
func TestP31ACrashIsOneRulesFault(t *testing.T) {
	w := world(t, "10:00", fmt.Sprintf(dangerous, "x"))
	wreck := func(id string, at string, rules ...string) []string {
		t.Helper()
		w.Log.Now = clock(at)
		_, suspects, err := w.Engine.Found(t.Context(), w.Set, alertrules.Wreck{ID: id, Rules: rules}, w.Log.Now)
		if err != nil {
			t.Fatal(err)
		}
		return suspects
	}
	if got := wreck("1", "10:00:30", "n", "s", "gone"); !slices.Equal(got, []string{"n", "s"}) {
		t.Errorf("suspects %q", got)
	}
	wreck("1", "10:00:40", "n", "s", "gone") // what was found is found again: the process ended before it was cleared
	var beside atomic.Int32
	var alone []string
	var mu sync.Mutex
	for _, id := range []string{"n", "s", "w", "good"} {
		handle(t, w, id, func(*query.Plan, query.Window, []alertrulestest.Record) (*query.Result, error) {
			defer beside.Add(-1)
			mu.Lock()
			defer mu.Unlock()
			if n := beside.Add(1); n > 1 && (id == "n" || id == "s") {
				t.Errorf("%s runs beside %d others", id, n-1)
			} else if n == 1 {
				alone = append(alone, id)
			}
			mu.Unlock()
			time.Sleep(5 * time.Millisecond)
			mu.Lock()
			return &query.Result{}, nil
		})
	}
	w.Engine.Workers = 4
	w.Log.Add(record("10:01", "10:01", "status", "x"))
	w.Log.Now = clock("10:05")
	if _, _, err := w.Engine.Live(context.Background(), []*alertrules.Rule{rule(t, w, "n"), rule(t, w, "w"), rule(t, w, "good")}, w.Log.Now); err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(alone, "n") {
		t.Errorf("alone were %q", alone)
	}
	// n went well; s ends the process again, and then goes on with another text.
	before := len(w.States.Rounds())
	if got := wreck("2", "10:05:30", "s"); len(got) != 0 {
		t.Errorf("suspects %q", got)
	}
	want(t, w.States.Rounds()[before:], "status", "10:05 notice rule/quarantine/s over=false")
	if got := wreck("3", "10:06:30", "n"); !slices.Equal(got, []string{"n"}) {
		t.Errorf("suspects %q", got)
	}
	w.Log.Add(record("10:08", "10:08", "status", "x"))
	round, err := w.At(clock("10:10"))
	if err != nil || len(round.Evaluations) != 2 { // n and good; w is due at 11:00
		t.Errorf("%+v %v", round.Evaluations, err)
	}
	states, err := w.States.RuleStates(t.Context())
	if err != nil || states["n"].Danger != (alertrules.Danger{}) || !states["s"].Danger.Quarantined(rule(t, w, "s").Hash) {
		t.Errorf("%+v %+v %v", states["n"].Danger, states["s"].Danger, err)
	}
	// A rule that is removed leaves no cause behind, and is quarantined when it comes back.
	before = len(w.States.Rounds())
	load(t, w, strings.Replace(fmt.Sprintf(dangerous, "x"), "  - {id: s, window: 15m, delay: 0s}\n", "", 1))
	load(t, w, fmt.Sprintf(dangerous, "x"))
	want(t, w.States.Rounds()[before:], "status", "10:10 notice rule/quarantine/s over=true", "10:10 gap s quarantined", "10:10 notice rule/quarantine/s over=false")
}

func rule(t *testing.T, w *alertrulestest.World, id string) *alertrules.Rule {
	t.Helper()
	r, ok := w.Set.Rule(id)
	if !ok {
		t.Fatalf("there is no rule %s", id)
	}
	return r
}
