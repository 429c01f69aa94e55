package alertrules_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"tocsin/alertrules"
	"tocsin/alertrules/alertrulestest"
	"tocsin/query"
)

// Moments that were missed for three hours come out as if the agent had run in
// time: begins, ends and what they rest on, of rules with `after`,
// `keep_firing_for` and no_data, whatever was pending when it stopped.
func TestMissedMomentsComeOutAsInTime(t *testing.T) {
	const rules = `
defaults: {logstore: cloudtrail, window: 15m, delay: 0s, every: 5m, severity: high, query: "* | SELECT @account, count(*) AS n GROUP BY @account", trigger: {when: "n >= 3"}}
rules:
  - {id: after, after: 2 of 5}
  - {id: keep, keep_firing_for: 20m, alert_per: [account]}
  - {id: silent, no_data: {after: 2, severity: low}, alert_per: [account]}
  - {id: all, after: 2 of 3, keep_firing_for: 10m, no_data: {after: 3}}
  - {id: whole, window: whole 15m, after: 2 of 3, no_data: {after: 2}}`
	rapid.Check(t, func(t *rapid.T) {
		var records []alertrulestest.Record
		for range rapid.IntRange(0, 120).Draw(t, "records") {
			at := clock("09:00").Add(time.Duration(rapid.IntRange(0, 299).Draw(t, "minute")) * time.Minute)
			records = append(records, alertrulestest.Record{Arrived: at, Time: at, Fields: map[string]any{"account": rapid.SampledFrom([]string{"111", "222"}).Draw(t, "account")}})
		}
		play := func(down bool, piecewise bool) []string {
			w := alertrulestest.NewWorld(clock("09:00"))
			if err := w.Load(rules); err != nil {
				t.Fatal(err)
			}
			for _, r := range w.Set.Rules {
				if err := w.Answer(r.ID, alertrulestest.Matching(everything)); err != nil {
					t.Fatal(err)
				}
			}
			for _, r := range records {
				w.Log.Add(r)
			}
			run := func(end string) {
				if _, err := w.RunTo(clock(end)); err != nil {
					t.Fatal(err)
				}
			}
			if down {
				run("10:02")
				w.Log.Now = clock("13:02")
				if piecewise {
					catchUp(t, w)
				} else if _, err := w.At(clock("13:02")); err != nil {
					t.Fatal(err)
				}
			}
			run("14:00")
			return episodes(w)
		}
		want := play(false, false)
		for _, piecewise := range []bool{false, true} {
			if got := play(true, piecewise); !slices.Equal(got, want) {
				t.Fatalf("piecewise %t: got\n%s\nwant\n%s", piecewise, strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		}
	})
}

// catchUp is what the loop does for rules that are behind; a restart between the
// pieces changes nothing.
func catchUp(t *rapid.T, w *alertrulestest.World) {
	ctx := context.Background()
	_, behind, err := w.Engine.Live(ctx, w.Set.Rules, w.Log.Now)
	if err != nil || len(behind) == 0 {
		t.Fatalf("%d rules are behind: %v", len(behind), err)
	}
	for some := range slices.Chunk(behind, rapid.IntRange(1, len(behind)).Draw(t, "at once")) {
		for len(some) > 0 {
			if rapid.IntRange(0, 5).Draw(t, "crash") == 0 {
				w.States.Fail = errors.New("killed before the commit")
			}
			if _, left, err := w.Engine.MakeUp(ctx, some, w.Log.Now); err == nil {
				some = left
			}
		}
	}
}

// More whole windows than fit into a round are still to be caught up, however the
// schedule of the rule stands.
func TestManyWholeWindowsAreLeft(t *testing.T) {
	w := world(t, "09:00", `rules: [{id: s, logstore: findings, every: 5m, window: whole 5m, delay: 0s, query: "status:x | SELECT count(*) AS n"}]`)
	handle(t, w, "s", alertrulestest.Matching(everything))
	runTo(t, w, "09:10")
	w.Log.Now = w.Log.Now.Add(6 * 24 * time.Hour)
	var pieces []int
	for left := true; left; {
		round, more, err := w.Engine.MakeUp(t.Context(), w.Set.Rules, w.Log.Now)
		if err != nil {
			t.Fatal(err)
		}
		left = len(more) > 0
		pieces = append(pieces, len(round.Evaluations))
	}
	if want := []int{500, 500, 500, 228}; !slices.Equal(pieces, want) {
		t.Errorf("pieces of %v windows, not %v", pieces, want)
	}
}

// episodes are the alerts of a world in words, without their ids.
func episodes(w *alertrulestest.World) []string {
	at := func(t time.Time) string { return t.UTC().Format("15:04") }
	var out []string
	for _, a := range w.States.All() {
		out = append(out, fmt.Sprint(a.Key, " ", a.Severity, " since ", at(a.Since), " began ", at(a.Began), " hit ", at(a.LastHit), " ended ", at(a.Ended), " ", a.How, " data ", at(a.LastData), " rows ", a.RowsAll, " again ", a.Again))
	}
	slices.Sort(out)
	return out
}

// While a rule whose query is slow makes up for three hours, another one is
// evaluated at each of its moments; decisions about the slow one wait until it
// has caught up.
func TestLiveRoundsStayOnTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now().UTC()
		w := alertrulestest.NewWorld(begin)
		if err := w.Load(`
defaults: {logstore: findings, query: "status:x", window: 15m, every: 5m}
rules: [{id: live, every: 1m}, {id: slow, mode: state}, {id: slower}]`); err != nil {
			t.Fatal(err)
		}
		w.Log.Now = begin.Add(1000 * time.Hour) // all is there
		if _, err := w.At(begin); err != nil {  // every rule was evaluated once
			t.Fatal(err)
		}
		time.Sleep(3 * time.Hour)
		start := time.Now()
		var mu sync.Mutex
		running, most := 0, 0
		live, _ := w.Set.Rule("live")
		ask := w.Log.Query
		w.Engine.Query = func(ctx context.Context, p *query.Plan, win query.Window) (*query.Result, error) {
			if p == live.Plan(win.Now) || !win.Now.Before(start) {
				return ask(ctx, p, win)
			}
			mu.Lock()
			running++
			most = max(most, running)
			mu.Unlock()
			time.Sleep(25 * time.Second)
			mu.Lock()
			running--
			mu.Unlock()
			return ask(ctx, p, win)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 90*time.Minute+time.Second)
		defer cancel()
		evaluated, late, caught := map[string]int{}, 0, map[string]time.Duration{}
		l := &alertrules.Loop{Engine: w.Engine, Rules: func() *alertrules.Set { return w.Set }, Failed: func(err error) { t.Error(err) }}
		if !l.Waits("live") {
			t.Error("decisions do not wait for the first round")
		}
		l.Done = func(r *alertrules.Round) {
			mu.Lock()
			defer mu.Unlock()
			for _, e := range r.Evaluations {
				evaluated[e.Rule]++
				if e.Rule == "live" && e.At.After(start) && time.Since(e.At) > time.Second {
					late++
				}
				if e.Rule != "live" && !l.Waits(e.Rule) && caught[e.Rule] == 0 {
					caught[e.Rule] = time.Since(start)
				}
			}
			if l.Waits("live") && evaluated["live"] > 200 {
				t.Error("the live rule waits")
			}
		}
		if err := l.Run(ctx); err != nil {
			t.Fatal(err)
		}
		if late > 0 || evaluated["live"] != 180+90 {
			t.Errorf("%d rounds of the live rule were late; evaluated %v", late, evaluated)
		}
		if most != 1 {
			t.Errorf("%d rules caught up at once", most)
		}
		// 36 moments of 25 s are 15 min.
		for _, id := range []string{"slow", "slower"} {
			if caught[id] < 14*time.Minute || caught[id] > 50*time.Minute || evaluated[id] < 36+15 {
				t.Errorf("%s caught up after %s, %d evaluations", id, caught[id], evaluated[id])
			}
		}
	})
}
