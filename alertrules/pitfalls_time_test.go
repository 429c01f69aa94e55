package alertrules_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"tocsin/alertrules"
	"tocsin/alertrules/alertrulestest"
	"tocsin/query"
)

// Acceptance tests of pitfalls of time, completeness and state, by their numbers.

// Ten thousand records with random times, many on edges and many alike: whatever
// the rounds and restarts, the windows of a rule over new lie side by side and hold
// all of them, and of whole windows each record lies in one.
func TestP02WindowEdges(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 2))
	w := world(t, "10:00", `
defaults: {logstore: findings, every: 1m, query: "status:x"}
rules: [{id: n}, {id: w, window: whole 1h, delay: 0s}]`)
	seen := map[string]map[int64]int{"n": {}, "w": {}}
	for id, of := range seen {
		handle(t, w, id, func(p *query.Plan, _ query.Window, in []alertrulestest.Record) (*query.Result, error) {
			for _, r := range in {
				of[r.Seq]++
			}
			return &query.Result{Columns: p.Columns()}, nil
		})
	}
	const records = 10_000
	now := clock("10:00")
	for n := 0; n < records; {
		now = now.Add(time.Duration(1+random.IntN(40)) * time.Minute)
		for range min(records-n, random.IntN(1500)) {
			happened := now.Add(-time.Duration(random.Int64N(int64(time.Minute))))
			switch random.IntN(3) {
			case 0:
				happened = happened.Truncate(time.Minute)
			case 1:
				happened = now.Add(-time.Minute)
			}
			w.Log.Add(alertrulestest.Record{Arrived: now, Time: happened})
			n++
		}
		if random.IntN(3) == 0 {
			w.Engine = &alertrules.Engine{Query: w.Log.Query, Logs: w.Log, States: w.States}
		}
		if random.IntN(4) == 0 {
			w.States.Fail = errors.New("killed before the commit")
			clear(seen["n"]) // what an evaluation without a commit read
			w.Log.Now = now
			if _, err := w.Engine.Round(t.Context(), w.Set.Rules, now); err == nil {
				w.States.Fail = nil // nothing was due
			}
		}
		if _, err := w.At(now); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.At(now.Add(2 * time.Hour)); err != nil {
		t.Fatal(err)
	}
	upTo := int64(0)
	for _, r := range w.States.Rounds() {
		for _, e := range r.Evaluations {
			if e.Rule != "n" {
				continue
			}
			if e.Window.AfterSeq != upTo || e.Window.UpToSeq < upTo {
				t.Fatalf("(%d, %d] follows %d", e.Window.AfterSeq, e.Window.UpToSeq, upTo)
			}
			upTo = e.Window.UpToSeq
		}
	}
	if upTo != records {
		t.Errorf("%d of %d records were seen", upTo, records)
	}
	last := map[time.Time]time.Time{}
	for _, r := range w.States.Rounds() {
		for _, e := range r.Evaluations {
			if e.Rule == "w" {
				last[e.Window.From] = e.Window.To
			}
		}
	}
	for from, to := range last {
		if to.Sub(from) != time.Hour || !from.Equal(from.Truncate(time.Hour)) {
			t.Errorf("a window [%s, %s)", from, to)
		}
	}
}

// A query that fails at two moments is asked for all three at the next; a kill
// before the commit leaves everything as it was.
func TestP04AFailedRunKeepsItsWindow(t *testing.T) {
	w := world(t, "10:00", `
defaults: {logstore: findings, every: 5m, query: "status:x"}
rules: [{id: n}, {id: s, window: 5m, after: 3}]`)
	for _, id := range []string{"n", "s"} {
		matching := alertrulestest.Matching(everything)
		handle(t, w, id, func(p *query.Plan, win query.Window, in []alertrulestest.Record) (*query.Result, error) {
			if now := w.Log.Now; !now.Before(clock("10:15")) && now.Before(clock("10:25")) {
				return nil, errors.New("the engine is down")
			}
			return matching(p, win, in)
		})
	}
	for n := range 5 {
		at := clock("10:02").Add(time.Duration(n) * 5 * time.Minute)
		w.Log.Add(alertrulestest.Record{Arrived: at, Time: at, Fields: map[string]any{"status": fmt.Sprint("r", n+1)}})
	}
	rounds := runTo(t, w, "10:20")
	w.States.Fail = errors.New("killed before the commit")
	w.Log.Now = clock("10:25")
	before := fmt.Sprint(w.States.Gaps(), len(w.States.Rounds()), len(w.States.All()))
	if _, err := w.Engine.Round(t.Context(), w.Set.Rules, w.Log.Now); err == nil || fmt.Sprint(w.States.Gaps(), len(w.States.Rounds()), len(w.States.All())) != before {
		t.Fatalf("something was committed: %v", err)
	}
	round, err := w.At(clock("10:25"))
	if err != nil {
		t.Fatal(err)
	}
	want(t, append(rounds, round), "status",
		"10:05 news A-0001#1 medium: r1", "10:10 news A-0001#2 medium: r2",
		"10:15 notice rule/failed/n over=false", "10:15 notice rule/failed/s over=false",
		"10:20 notice rule/failed/n over=false", "10:20 notice rule/failed/s over=false",
		"10:25 begin A-0003 medium: r5", "10:25 news A-0001#3 medium: r3 r4 r5",
		"10:25 notice rule/failed/n over=true", "10:25 notice rule/failed/s over=true")
	if a := w.States.Alert("A-0003"); !a.Since.Equal(clock("10:05")) || !a.Began.Equal(clock("10:15")) {
		t.Errorf("since %s, began %s", a.Since, a.Began)
	}
}

// A source that says nothing is no resolved alert by itself; an empty result is a
// result, and an empty database alerts nobody.
func TestP07AnEmptyResultIsAResult(t *testing.T) {
	w := world(t, "09:58", `rules: [{id: s, logstore: findings, window: 5m, every: 5m, query: "status:x"}]`)
	handle(t, w, "s", alertrulestest.Matching(everything))
	w.Log.Add(record("10:02", "10:01", "status", "x"))
	want(t, runTo(t, w, "10:20"), "status", "10:05 begin A-0001 medium: x", "10:10 end A-0001 no rows")
}

// The clock jumps, back and forth, and the machine sleeps: no rule is silent for
// more than an interval, no record is seen twice, nothing lasts a negative time.
func TestP08ClockJumps(t *testing.T) {
	for _, c := range []struct {
		name string
		jump time.Duration
	}{{"back", -time.Hour}, {"back by less than an interval", -2 * time.Minute}, {"on", time.Hour}, {"three days on", 72 * time.Hour}, {"a sleep", 6 * time.Hour}} {
		t.Run(c.name, func(t *testing.T) {
			w := world(t, "Tue 09:58", `
defaults: {logstore: findings, query: "status:x"}
rules: [{id: n, every: 5m}, {id: s, every: 5m, window: 15m}, {id: w, every: 5m, window: whole 15m}, {id: cron, window: 15m, cron: "*/5 * * * *"}]`)
			told := map[string]int{}
			for _, id := range []string{"n", "s", "w", "cron"} {
				handle(t, w, id, alertrulestest.Matching(everything))
			}
			now := clock("Tue 10:02")
			last := map[string]time.Duration{}
			for minute := range 60 { // of real time
				if minute == 20 {
					now = now.Add(c.jump)
				}
				if minute < 40 {
					w.Log.Add(alertrulestest.Record{Arrived: clock("Mon 00:00").Add(time.Duration(minute)), Time: now, Fields: map[string]any{"status": fmt.Sprint("r", minute)}})
				}
				w.Log.Now = now
				round, err := w.Engine.Round(context.Background(), w.Set.Rules, now)
				if err != nil {
					t.Fatal(err)
				}
				real := time.Duration(minute) * time.Minute
				for _, e := range round.Evaluations {
					if silent := real - last[e.Rule]; silent > 10*time.Minute && e.Rule != "w" {
						t.Errorf("%s is silent for %s", e.Rule, silent)
					}
					last[e.Rule] = real
				}
				for _, n := range round.News {
					for _, row := range n.Rows {
						told[fmt.Sprint(row.Seq)]++
					}
				}
				for _, a := range round.Alerts {
					if !a.Ended.IsZero() && a.Ended.Before(a.Began) {
						t.Errorf("%s of %s ended %s and began %s", a.ID, a.Rule, a.Ended, a.Began)
					}
				}
				now = now.Add(time.Minute)
			}
			for row, n := range told {
				if n > 1 {
					t.Errorf("%s was told %d times", row, n)
				}
			}
			for id, at := range last {
				if id != "w" && at < 49*time.Minute {
					t.Errorf("%s was not evaluated after %s", id, at)
				}
			}
			if len(told) != 40 {
				t.Errorf("%d rows were told", len(told))
			}
		})
	}
}

// One broken file of two hundred: the others run, the rules that it had run on, and
// reading it all again changes nothing.
func TestP17RuleFilesAreEditedBrokenAndReadAgain(t *testing.T) {
	files := map[string][]byte{}
	for n := range 200 {
		files[fmt.Sprintf("r%03d.yaml", n)] = fmt.Appendf(nil, "rules: [{id: r%03d, logstore: findings, window: 1h, query: 'status:x'}]", n)
	}
	w := alertrulestest.NewWorld(clock("09:00"))
	good := alertrules.ParseSet(files, alertrulestest.Env())
	read := func(set *alertrules.Set) *alertrules.Round {
		t.Helper()
		r, err := w.Engine.Known(t.Context(), set, w.Log.Now)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	read(good)
	w.Set = good
	for _, r := range good.Rules {
		w.Log.Handle(r, alertrulestest.Matching(everything))
	}
	w.Log.Add(record("08:59", "08:59", "status", "x"))
	if _, err := w.At(clock("09:00")); err != nil {
		t.Fatal(err)
	}
	files["r007.yaml"] = []byte("rules: [{id: r007, logstore: findings, qurey: x}]")
	broken := alertrules.ParseSet(files, alertrulestest.Env()).KeepFrom(good)
	if len(broken.Rules) != 200 || !slices.Contains(ids(broken.KeptRules("r007.yaml")), "r007") || broken.Err() == nil || strings.Count(broken.Err().Error(), "\n") > 1 {
		t.Errorf("%d rules run, %v", len(broken.Rules), broken.Err())
	}
	for range 10 {
		if r := read(broken); len(r.Rules)+len(r.Alerts)+len(r.News)+len(r.Notices) > 0 {
			t.Fatalf("reading again changed something: %+v", r)
		}
	}
	delete(files, "r007.yaml")
	files["r008.yaml"] = []byte("rules: [{id: r008, logstore: findings, window: 1h, query: 'status:x', enabled: false}]")
	files["r009.yaml"] = []byte("rules: [{id: r009, logstore: findings, window: 1h, query: 'status:(x or y)'}]")
	edited := alertrules.ParseSet(files, alertrulestest.Env()).KeepFrom(broken)
	gone := map[string]alertrules.EndHow{}
	for _, a := range read(edited).Alerts {
		gone[a.Rule] = a.How
	}
	if len(gone) != 2 || gone["r007"] != alertrules.EndRemoved || gone["r008"] != alertrules.EndDisabled {
		t.Errorf("ended: %v", gone)
	}
	if r := read(edited); len(r.Rules) > 0 {
		t.Errorf("reading again changed something: %+v", r)
	}
}

func ids(rules []*alertrules.Rule) []string {
	var out []string
	for _, r := range rules {
		out = append(out, r.ID)
	}
	return out
}
