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

// fill fills the gaps of a world and says in lines what became of them.
func fill(t *testing.T, w *alertrulestest.World, notify bool) []string {
	t.Helper()
	var out []string
	err := w.Engine.Fill(t.Context(), w.Set.Rules, w.States.Gaps(), alertrules.FillOptions{Now: w.Log.Now, Notify: notify, Done: func(f alertrules.Filled) {
		out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s: %d evaluated, %d found, told=%t %s", f.Rule, f.Reason, f.Evaluations, f.Found, f.Told, f.Left)))
	}})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// lates are the alerts that filling found.
func lates(w *alertrulestest.World) []string {
	var out []string
	for _, a := range w.States.All() {
		if a.Late {
			out = append(out, fmt.Sprintf("%s %s-%s history=%t notify=%t", a.Rule, a.Began.UTC().Format("15:04"), a.Ended.UTC().Format("15:04"), a.History, a.Notify))
		}
	}
	slices.Sort(out)
	return out
}

func same(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s\n  %s\nwant\n  %s", what, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// What was not evaluated while the agent was down is found late, at the moments
// of the schedule; nothing that is live changes (T17, D19).
func TestT17FillTheGap(t *testing.T) {
	w := world(t, "09:58", `rules: [{id: s, logstore: findings, every: 5m, window: 15m, query: "status:x"}]`)
	handle(t, w, "s", alertrulestest.Matching(everything))
	runTo(t, w, "10:02")
	w.Log.Add(record("10:03", "12:00", "status", "x1"))
	w.Log.Add(record("10:03", "Tue 15:59", "status", "x2"))
	if _, err := w.At(clock("Tue 16:02")); err != nil {
		t.Fatal(err)
	}
	before, live := w.States.State("s"), w.States.Alert("A-0001")
	same(t, "filled", fill(t, w, false), "s down: 72 evaluated, 1 found, told=true")
	same(t, "found", lates(w), "s 12:05-12:20 history=false notify=false")
	if gaps := w.States.Gaps(); len(gaps) != 0 {
		t.Errorf("left %v", gaps)
	}
	if after := w.States.State("s"); after.Cursor != before.Cursor || !after.Moment.Equal(before.Moment) || after.Live != 1 || len(after.Ends) != len(before.Ends) {
		t.Errorf("the state changed: %+v, was %+v", after, before)
	}
	if now := w.States.Alert("A-0001"); !now.Firing() || !now.At.Equal(live.At) {
		t.Errorf("the live alert changed: %+v", now)
	}
	same(t, "filled again", fill(t, w, false))
}

// Gaps of history: sliding and whole windows, at the moments of the schedule;
// recorded, mailed only on request (T29).
func TestT29FillHistory(t *testing.T) {
	for _, notify := range []bool{false, true} {
		w := world(t, "Tue 09:58", `
defaults: {logstore: cloudtrail, every: 5m, severity: high, query: "eventName:x"}
rules: [{id: n}, {id: s, window: 1h, delay: 0s}, {id: w, window: whole 1h, delay: 15m}, {id: two, window: 1h, delay: 0s, after: 3}]`)
		for _, r := range w.Set.Rules {
			handle(t, w, r.ID, alertrulestest.Matching(everything))
		}
		runTo(t, w, "Tue 10:02")
		r := record("Tue 10:03", "Mon 08:12", "eventName", "old")
		r.History = true
		w.Log.Add(r)
		runTo(t, w, "Tue 10:05")
		same(t, "filled", fill(t, w, notify),
			fmt.Sprintf("w history: 1 evaluated, 1 found, told=%t", notify),
			fmt.Sprintf("s history: 12 evaluated, 1 found, told=%t", notify),
			fmt.Sprintf("two history: 12 evaluated, 1 found, told=%t", notify))
		with := fmt.Sprintf(" history=true notify=%t", notify)
		same(t, "found", lates(w), "s 08:15-09:15"+with, "two 08:25-09:15"+with, "w 09:15-10:15"+with)
		if got := alertrulestest.Describe(runTo(t, w, "Tue 11:00"), "eventName"); len(got) != 0 {
			t.Errorf("later: %v", got)
		}
	}
}

// A rule that tells records over a window of event time tells each once: those
// of the gap that no other moment has told.
func TestFillTellsRecordsOnce(t *testing.T) {
	w := world(t, "09:58", `rules: [{id: s, logstore: findings, every: 5m, window: 15m, mode: event, query: "status:x"}]`)
	handle(t, w, "s", alertrulestest.Matching(everything))
	for n := range 40 * 60 { // one a minute, with the number of the minute after 9:00
		at := clock("09:00").Add(time.Duration(n) * time.Minute)
		w.Log.Add(alertrulestest.Record{Arrived: clock("09:00"), Time: at, Fields: map[string]any{"status": fmt.Sprint(n)}})
	}
	runTo(t, w, "10:02")
	if _, err := w.At(clock("Tue 16:02")); err != nil {
		t.Fatal(err)
	}
	fill(t, w, false)
	told := map[string]int{}
	for _, r := range w.States.Rounds() {
		for _, n := range r.News {
			for _, row := range n.Rows {
				told[fmt.Sprint(row.Cells)]++
			}
		}
	}
	for row, n := range told {
		if n != 1 {
			t.Errorf("%s was told %d times", row, n)
		}
	}
	if want := 31*60 - 45; len(told) != want { // from 9:45, the window of 10:00, until Tuesday 16:00
		t.Errorf("%d records told, want %d", len(told), want)
	}
}

// A gap of history is evaluated where records of it lie. It takes no time from other
// gaps with it, where none do.
func TestFillHistoryLeavesOtherGaps(t *testing.T) {
	w := alertrulestest.NewWorld(clock("12:00"))
	for _, at := range []string{"08:31", "11:31", "10:01", "09:31"} {
		r := record("11:59", at, "status", at)
		r.History = at != "10:01"
		w.Log.Add(r)
	}
	load(t, w, `rules: [{id: s, logstore: findings, window: 10m, every: 10m, query: "status:x"}]`)
	handle(t, w, "s", alertrulestest.Matching(everything))
	gap := func(reason, from, to string, numbers int64) alertrules.Gap {
		return alertrules.Gap{Rule: "s", Reason: reason, From: clock(from), To: clock(to), FromSeq: numbers - 1, ToSeq: numbers, Generation: "g1"}
	}
	history := gap(alertrules.GapHistory, "08:40", "11:50", 2)
	history.FromSeq, history.Notify = 0, true
	round := &alertrules.Round{Gaps: []alertrules.Gap{history, gap(alertrules.GapLate, "10:10", "10:20", 3), gap(alertrules.GapHistory, "09:40", "11:00", 4)}}
	if err := w.States.CommitRound(t.Context(), round); err != nil {
		t.Fatal(err)
	}
	fill(t, w, false)
	same(t, "found", lates(w), "s 08:40-08:50 history=true notify=true", "s 09:40-09:50 history=true notify=false",
		"s 10:10-10:20 history=false notify=false", "s 11:40-11:50 history=true notify=true")
}

// countedStates count how often they are asked for what was told.
type countedStates struct {
	alertrules.States
	asked int
}

func (s *countedStates) Episodes(ctx context.Context, rule string, in alertrules.TimeRange) ([]*alertrules.Alert, error) {
	s.asked++
	return s.States.Episodes(ctx, rule, in)
}

// What was told of a rule is asked for once in a fill, and what a gap tells is not told
// with the next one.
func TestFillAsksOnceWhatWasTold(t *testing.T) {
	w := world(t, "Tue 09:58", `rules: [{id: s, logstore: cloudtrail, every: 5m, window: 1h, delay: 0s, query: "eventName:x"}]`)
	handle(t, w, "s", alertrulestest.Matching(everything))
	w.Log.Add(record("Mon 09:00", "08:12", "eventName", "a"))
	gap := func(from, to string, reason string, seq int64) alertrules.Gap {
		return alertrules.Gap{Rule: "s", Reason: reason, From: clock(from), To: clock(to), FromSeq: seq, ToSeq: seq, Generation: "g1"}
	}
	round := &alertrules.Round{Gaps: []alertrules.Gap{
		gap("08:00", "08:40", alertrules.GapDown, 0), gap("08:45", "08:50", alertrules.GapDown, 0), gap("08:20", "08:25", alertrules.GapLate, 1), gap("08:30", "08:55", alertrules.GapLate, 2),
	}}
	if err := w.States.CommitRound(t.Context(), round); err != nil {
		t.Fatal(err)
	}
	states := &countedStates{States: w.Engine.States}
	w.Engine.States = states
	fill(t, w, false)
	if states.asked != 1 {
		t.Errorf("asked %d times", states.asked)
	}
	same(t, "found", lates(w), "s 08:15-08:40 history=false notify=false", "s 08:40-08:45 history=false notify=false",
		"s 08:45-08:50 history=false notify=false", "s 08:50-08:55 history=false notify=false")
}

// A query that fails keeps the rest of the gap; it is filled later. Two gaps that
// overlap are evaluated once, and what cannot be filled stays and says why.
func TestFillKeepsWhatIsLeft(t *testing.T) {
	w := world(t, "Tue 09:58", `
defaults: {logstore: cloudtrail, every: 5m, query: "eventName:x"}
rules: [{id: s, window: 1h, delay: 0s}, {id: n}, {id: off, window: 1h, enabled: false}]`)
	broken := true
	handle(t, w, "s", func(p *query.Plan, win query.Window, in []alertrulestest.Record) (*query.Result, error) {
		if broken && win.Now.Equal(clock("08:30")) {
			return nil, errors.New("broken")
		}
		return alertrulestest.Matching(everything)(p, win, in)
	})
	handle(t, w, "n", alertrulestest.Matching(everything))
	w.Log.Add(record("Mon 09:00", "08:12", "eventName", "a"))
	w.Log.Add(record("Mon 09:00", "08:13", "eventName", "b"))
	gap := func(rule, reason, from, to string) alertrules.Gap {
		return alertrules.Gap{Rule: rule, From: clock(from), To: clock(to), Reason: reason}
	}
	numbers := alertrules.Gap{Rule: "n", Reason: alertrules.GapDisabled, From: clock("08:00"), To: clock("09:00"), FromSeq: 1, ToSeq: 2}
	lost := alertrules.Gap{Rule: "n", Reason: alertrules.GapNotKept, FromSeq: 0, ToSeq: 1}
	round := &alertrules.Round{Gaps: []alertrules.Gap{
		gap("s", alertrules.GapDown, "08:10", "08:40"), gap("s", alertrules.GapHistory, "08:00", "08:50"),
		gap("gone", alertrules.GapDown, "08:00", "09:00"), gap("off", alertrules.GapDown, "08:00", "09:00"), numbers, lost,
	}}
	if err := w.States.CommitRound(context.Background(), round); err != nil {
		t.Fatal(err)
	}
	cannot := []string{"n no longer kept: 0 evaluated, 0 found, told=true its records are deleted", "gone down: 0 evaluated, 0 found, told=true there is no such rule any more"}
	got := fill(t, w, false)
	same(t, "with an error", got, cannot[0], cannot[1],
		"n disabled: 1 evaluated, 1 found, told=true",
		"off down: 0 evaluated, 0 found, told=true the rule is disabled",
		"s down: 5 evaluated, 1 found, told=true the query failed: broken",
		"s history: 0 evaluated, 0 found, told=false the query failed: broken",
		"s history: 0 evaluated, 0 found, told=false the query failed: broken")
	same(t, "found", lates(w), "n 09:58-09:58 history=false notify=false", "s 08:15-08:30 history=false notify=false")
	broken = false
	got = fill(t, w, false)
	same(t, "then", got, cannot[0], cannot[1],
		"off down: 0 evaluated, 0 found, told=true the rule is disabled",
		"s down: 2 evaluated, 1 found, told=true",
		"s history: 2 evaluated, 0 found, told=false",
		"s history: 2 evaluated, 1 found, told=false")
	if gaps := w.States.Gaps(); len(gaps) != 3 {
		t.Errorf("left %v", gaps)
	}
}

// A fill that is stopped goes on from where it was committed.
func TestFillStopped(t *testing.T) {
	w := world(t, "Tue 09:58", `rules: [{id: s, logstore: cloudtrail, every: 1m, window: 5m, delay: 0s, query: "eventName:x"}]`)
	ctx, stop := context.WithCancel(t.Context())
	asked := 0
	handle(t, w, "s", func(p *query.Plan, win query.Window, in []alertrulestest.Record) (*query.Result, error) {
		if asked++; asked == 700 {
			stop()
		}
		return alertrulestest.Matching(everything)(p, win, in)
	})
	w.Log.Add(record("Mon 09:00", "09:00", "eventName", "a"))
	if err := w.States.CommitRound(ctx, &alertrules.Round{Gaps: []alertrules.Gap{{Rule: "s", From: clock("00:00"), To: clock("Tue 00:00"), Reason: alertrules.GapDown}}}); err != nil {
		t.Fatal(err)
	}
	if err := w.Engine.Fill(ctx, w.Set.Rules, w.States.Gaps(), alertrules.FillOptions{Now: w.Log.Now}); !errors.Is(err, context.Canceled) {
		t.Fatalf("stopped: %v", err)
	}
	gaps := w.States.Gaps()
	if len(gaps) != 1 || !gaps[0].From.Equal(clock("08:20")) {
		t.Fatalf("left %v", gaps)
	}
	if over := alertrules.Over(nil, gaps, w.Log.Now, "made up for"); len(over) != 0 || gaps[0].Notice != "rule/gap/s/2026-11-23T00:00:00Z" {
		t.Errorf("the operator's notice: %v, %q", over, gaps[0].Notice)
	}
	fill(t, w, false)
	same(t, "found", lates(w), "s 09:01-09:06 history=false notify=false")
	if over := alertrules.Over(gaps, w.States.Gaps(), w.Log.Now, "made up for"); len(over) != 1 || over[0].Key != gaps[0].Notice || !over[0].Over {
		t.Errorf("the operator's notice: %v", over)
	}
}

// What happened while rules were disabled is found late, over every kind of
// window; where nothing was missed there is no gap (D24).
func TestFillWhatWasDisabled(t *testing.T) {
	rules := func(enabled bool) string {
		return fmt.Sprintf(`
defaults: {logstore: findings, every: 5m, query: "status:x", enabled: %t}
rules: [{id: n}, {id: s, window: 10m}, {id: w, window: whole 10m}, {id: p, logstore: findings_now, query: "@status:FAIL"}]`, enabled)
	}
	w := world(t, "09:58", rules(true))
	for _, id := range []string{"n", "s", "w"} {
		handle(t, w, id, alertrulestest.Matching(everything))
	}
	w.Log.Add(record("10:13", "10:12", "status", "x"))
	turn := func(at string, enabled bool) {
		w.Log.Now = clock(at)
		load(t, w, rules(enabled))
	}
	runTo(t, w, "10:01")
	turn("10:02", false)
	turn("10:03", true)
	if gaps := w.States.Gaps(); len(gaps) != 0 {
		t.Errorf("gaps of a minute: %v", gaps)
	}
	runTo(t, w, "10:05")
	turn("10:06", false)
	turn("10:41", true)
	runTo(t, w, "10:45")
	same(t, "filled", fill(t, w, false),
		"w disabled: 4 evaluated, 1 found, told=true",
		"n disabled: 1 evaluated, 1 found, told=true",
		"p disabled: 0 evaluated, 0 found, told=true a snapshot has no past",
		"s disabled: 7 evaluated, 1 found, told=true")
	same(t, "found", lates(w), "n 10:45-10:45 history=false notify=false", "s 10:15-10:25 history=false notify=false", "w 10:20-10:30 history=false notify=false")
}

// One record with an odd time does not make years of moments: of history that is
// evaluated which looks at its records. What fires at one is over before the next.
func TestFillHistoryOfOddTimes(t *testing.T) {
	w := world(t, "09:58", `rules: [{id: s, logstore: findings, every: 1m, window: 5m, query: "status:x"}, {id: w, logstore: findings, every: 1m, window: whole 1d, query: "status:x"}]`)
	for _, id := range []string{"s", "w"} {
		handle(t, w, id, alertrulestest.Matching(everything))
	}
	runTo(t, w, "10:00")
	for n, year := range []int{1971, 1999, 2024} {
		w.Log.Add(alertrulestest.Record{Arrived: clock("10:01"), Time: time.Date(year, 5, 1, 10, 0, n, 0, time.UTC), Fields: map[string]any{"status": "x"}, History: true})
	}
	runTo(t, w, "10:01")
	whole := w.States.Gaps()
	for i := range whole { // as one object would have it
		whole[i].From, whole[i].To = time.Date(1971, 5, 1, 0, 0, 0, 0, time.UTC), time.Date(2024, 5, 2, 0, 0, 0, 0, time.UTC)
	}
	if err := w.States.CommitRound(t.Context(), &alertrules.Round{Gaps: whole}); err != nil {
		t.Fatal(err)
	}
	var upTo []string
	var out []string
	err := w.Engine.Fill(t.Context(), w.Set.Rules, w.States.Gaps(), alertrules.FillOptions{
		Now: w.Log.Now,
		Progress: func(f alertrules.Filled) {
			upTo = append(upTo, fmt.Sprintf("%s %d: %d", f.Rule, f.UpTo.Year(), f.Found))
		},
		Done: func(f alertrules.Filled) {
			out = append(out, fmt.Sprintf("%s: %d, %d found%s", f.Rule, f.Evaluations, f.Found, f.Left))
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "filled", out, "s: 192, 3 found", "w: 3, 3 found") // of s those of an hour and the window, thrice
	same(t, "progress", upTo, "s 2024: 3", "w 1971: 1", "w 1999: 2", "w 2024: 3", "w 2024: 3")
	with := " history=true notify=false"
	same(t, "found", lates(w), "s 10:01-10:06"+with, "s 10:01-10:06"+with, "s 10:01-10:06"+with, "w 00:00-00:00"+with, "w 00:00-00:00"+with, "w 00:00-00:00"+with)
	if gaps := w.States.Gaps(); len(gaps) != 0 {
		t.Errorf("left %v", gaps)
	}
}

// A query of a fill is noted as at work, and one that cannot be stopped is the last
// of its rule, as in a round.
func TestFillsAreNotTrustedEither(t *testing.T) {
	w := world(t, "09:58", `rules: [{id: s, logstore: findings, every: 5m, window: 15m, query: "status:x"}]`)
	handle(t, w, "s", alertrulestest.Matching(everything))
	runTo(t, w, "10:02")
	if _, err := w.At(clock("Tue 16:02")); err != nil {
		t.Fatal(err)
	}
	atWork := 0
	w.Engine.AtWork = func(rule string) func() {
		atWork++
		return func() { atWork += 1000 }
	}
	w.Engine.Query = func(context.Context, *query.Plan, query.Window) (*query.Result, error) {
		return nil, alertrules.ErrRanAway
	}
	fill(t, w, false)
	if atWork != 1001 {
		t.Errorf("noted %d", atWork)
	}
	if s := w.States.State("s"); !s.Danger.Quarantined(w.Set.Rules[0].Hash) {
		t.Errorf("it is not quarantined: %+v", s.Danger)
	}
	if len(w.States.Gaps()) == 0 {
		t.Error("the gap is gone")
	}
}

// A query of a fill that cannot be stopped is the last, also where something fires then,
// and where it is the one that looks behind a gap of which others follow.
func TestFillsAskNoMoreOfWhatRanAway(t *testing.T) {
	const failed = "found, told=true the query failed: the query cannot be stopped"
	for _, c := range []struct{ at, first, second string }{
		{"12:15", "s down: 26 evaluated, 1 " + failed, "s down: 0 evaluated, 0 " + failed},
		{"12:20", "s down: 26 evaluated, 1 found, told=true", "s down: 0 evaluated, 0 found, told=true the rule is quarantined; after tocsin rules release s its gap can be filled"},
	} {
		w := world(t, "09:58", `rules: [{id: s, logstore: findings, every: 5m, window: 15m, query: "status:x"}]`)
		w.Log.Add(record("09:57", "12:02", "status", "x1"))
		handle(t, w, "s", alertrulestest.Matching(everything))
		runTo(t, w, "10:02")
		for _, gap := range []string{"10:10", "14:00"} {
			g := alertrules.Gap{Rule: "s", Reason: alertrules.GapDown, From: clock(gap), To: clock(gap).Add(130 * time.Minute)}
			if err := w.States.CommitRound(t.Context(), &alertrules.Round{Gaps: []alertrules.Gap{g}}); err != nil {
				t.Fatal(err)
			}
		}
		w.Log.Now = clock("Tue 16:02")
		answer, ran, after := w.Engine.Query, false, 0
		w.Engine.Query = func(ctx context.Context, p *query.Plan, win query.Window) (*query.Result, error) {
			if ran {
				after++
			}
			if win.Now.Equal(clock(c.at)) {
				ran = true
				return nil, alertrules.ErrRanAway
			}
			return answer(ctx, p, win)
		}
		same(t, c.at, fill(t, w, false), c.first, c.second)
		if !ran || after > 0 || !w.States.State("s").Danger.Quarantined(w.Set.Rules[0].Hash) {
			t.Errorf("%s: %d queries after it, and held: %+v", c.at, after, w.States.State("s").Danger)
		}
		if all := w.States.All(); len(all) != 1 || all[0].How != alertrules.EndCut {
			t.Errorf("%s: found %v", c.at, lates(w))
		}
	}
}

// Moments of a sliding window that pass while the rule is evaluated are gaps, where
// something may be lost; filling them tells what no alert told.
func TestSkippedMomentsAreGaps(t *testing.T) {
	for _, c := range []struct {
		name, rule string
		records    []string // when they happened
		gaps       []string
		found      []string
	}{
		{"only then", `window: 5m, delay: 0s`, []string{"10:07"}, []string{"10:10-10:20 skipped"}, []string{"10:10-10:15 10:07"}},
		{"what goes on over them", `window: 15m, delay: 0s`, []string{"10:03"}, []string{"10:10-10:20 skipped"}, nil},
		{"what the next shows, too", `window: 15m, delay: 0s`, []string{"10:03", "10:07"}, []string{"10:10-10:20 skipped"}, nil},
		{"a row that nobody saw", `window: 5m, delay: 0s, keep_firing_for: 1h`, []string{"10:03", "10:07"}, []string{"10:10-10:20 skipped"}, []string{"10:10-10:15 10:07"}},
		{"records, each once", `window: 10m, delay: 0s, mode: event`, []string{"10:03", "10:07", "10:12"}, []string{"10:10-10:20 skipped"}, []string{"10:07"}},
		{"records that others look at", `window: 15m, delay: 0s, mode: event`, []string{"10:03", "10:07", "10:12"}, nil, nil},
		{"groups", `window: 5m, delay: 0s, mode: event, query: "* | SELECT status, count(*) AS n GROUP BY status"`, []string{"10:03", "10:07"}, []string{"10:10-10:20 skipped"}, []string{"10:07 1"}},
		{"new", `window: new`, []string{"10:03", "10:07"}, nil, nil},
		{"whole", `window: whole 5m, delay: 0s`, []string{"10:03", "10:07"}, nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				query0 := `query: "status:*", `
				if strings.Contains(c.rule, "query:") {
					query0 = ""
				}
				w := world(t, "09:58", `rules: [{id: s, logstore: findings, every: 5m, `+query0+c.rule+`}]`)
				matching := alertrulestest.Matching(everything)
				handle(t, w, "s", func(p *query.Plan, win query.Window, in []alertrulestest.Record) (*query.Result, error) {
					if w.Log.Now.Equal(clock("10:05")) {
						time.Sleep(12 * time.Minute)
					}
					return matching(p, win, in)
				})
				for _, at := range c.records {
					w.Log.Add(record(at, at, "status", at))
				}
				for _, at := range []string{"10:00", "10:05", "10:20", "10:25", "10:30"} {
					if _, err := w.At(clock(at)); err != nil {
						t.Fatal(err)
					}
				}
				var gaps []string
				for _, g := range w.States.Gaps() {
					gaps = append(gaps, g.From.Format("15:04-")+g.To.Format("15:04 ")+g.Reason)
				}
				if !slices.Equal(gaps, c.gaps) {
					t.Errorf("gaps %q, want %q", gaps, c.gaps)
				}
				before := len(w.States.Rounds())
				fill(t, w, false)
				if found := findings(w.States.Rounds()[before:]); !slices.Equal(found, c.found) {
					t.Errorf("found %q, want %q", found, c.found)
				}
				if left := w.States.Gaps(); len(left) > 0 {
					t.Errorf("left %v", left)
				}
			})
		})
	}
}
