package alertrules_test

import (
	"context"
	"encoding/json"
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

// Moments that were missed for up to three hours, once or several times, come out as
// if the agent had run in time: begins, ends and what they rest on, and what is counted
// then, of rules with `after`, `for`, `keep_firing_for` and no_data, whatever was
// pending when it stopped.
func TestMissedMomentsComeOutAsInTime(t *testing.T) {
	const rules = `
defaults: {logstore: cloudtrail, window: 15m, delay: 0s, every: 5m, severity: high, query: "* | SELECT @account, count(*) AS n GROUP BY @account", trigger: {when: "n >= 3"}}
rules:
  - {id: after, after: 2 of 5}
  - {id: for, for: 10m, alert_per: [account]}
  - {id: keep, keep_firing_for: 20m, alert_per: [account]}
  - {id: silent, no_data: {after: 2, severity: low}, alert_per: [account]}
  - {id: all, after: 2 of 3, keep_firing_for: 10m, no_data: {after: 3}}
  - {id: every, for: 10m, keep_firing_for: 15m, no_data: {after: 2}, alert_per: [account], delay: 2m, every: 10m}
  - {id: whole, window: whole 15m, after: 2 of 3, no_data: {after: 2}}
  - {id: wholes, window: whole 10m, after: 2 of 5, keep_firing_for: 20m, no_data: {after: 2}, alert_per: [account]}`
	alertrulestest.Checks(t, 10)
	rapid.Check(t, func(t *rapid.T) {
		var records []alertrulestest.Record
		for range rapid.IntRange(0, 120).Draw(t, "records") {
			at := clock("09:00").Add(time.Duration(rapid.IntRange(0, 359).Draw(t, "minute")) * time.Minute)
			records = append(records, alertrulestest.Record{Arrived: at, Time: at, Fields: map[string]any{"account": rapid.SampledFrom([]string{"111", "222"}).Draw(t, "account")}})
		}
		var downs []alertrules.TimeRange
		for at := clock("09:06"); len(downs) < 3; {
			at = at.Add(time.Duration(rapid.IntRange(0, 60).Draw(t, "runs for")) * time.Minute)
			back := at.Add(time.Duration(rapid.IntRange(1, 180).Draw(t, "down for")) * time.Minute)
			if back.After(clock("15:00")) {
				break
			}
			downs, at = append(downs, alertrules.TimeRange{From: at, To: back}), back
		}
		want := missed(t, rules, records, nil, false)
		for _, piecewise := range []bool{false, true} {
			if got := missed(t, rules, records, downs, piecewise); !slices.Equal(got, want) {
				t.Fatalf("down %v, piecewise %t: got\n%s\nwant\n%s", downs, piecewise, strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		}
	})
}

// missed plays rules over records until 16:00, and says what came of it.
func missed(t *rapid.T, rules string, records []alertrulestest.Record, downs []alertrules.TimeRange, piecewise bool) []string {
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	w := alertrulestest.NewWorld(clock("09:00"))
	must(w.Load(rules))
	for _, r := range w.Set.Rules {
		must(w.Answer(r.ID, alertrulestest.Matching(everything)))
	}
	for _, r := range records {
		w.Log.Add(r)
	}
	for _, down := range downs {
		_, err := w.RunTo(down.From)
		must(err)
		w.Log.Now = down.To
		if piecewise {
			catchUp(t, w)
			continue
		}
		_, err = w.At(down.To)
		must(err)
	}
	_, err := w.RunTo(clock("16:00"))
	must(err)
	return append(episodes(w), counters(t, w)...)
}

// counters are what is remembered of rules beside their alerts, where it decides
// about alerts to come.
func counters(t *rapid.T, w *alertrulestest.World) []string {
	var out []string
	for _, r := range w.Set.Rules {
		s := w.States.State(r.ID)
		for i := range s.Verdicts { // which records were there is another matter
			s.Verdicts[i].Seq = 0
		}
		b, err := json.Marshal([]any{s.Moment, s.WholeTo, s.Pending, s.Ends, s.Values, s.Verdicts, s.Live, s.Outcome, s.Retry})
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, r.ID+" "+string(b))
	}
	return out
}

// catchUp is what the loop does for rules that are behind; a restart between the
// pieces changes nothing.
func catchUp(t *rapid.T, w *alertrulestest.World) {
	ctx := context.Background()
	_, behind, err := w.Engine.Live(ctx, w.Set.Rules, w.Log.Now)
	if err != nil {
		t.Fatal(err)
	}
	if len(behind) == 0 { // nothing was missed, or a single moment
		return
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
	synctest.Test(t, func(t *testing.T) { // a piece may not take long
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
	})
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
