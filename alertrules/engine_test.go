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

// P03: what was missed is evaluated in its order (T16; timelines T16 and T17 have the mails
// and what is too long ago).
func TestP03DownAtTheScheduledTime(t *testing.T) {
	w := world(t, "09:56", `
defaults: {logstore: cloudtrail, every: 5m, severity: high, query: "eventName:x"}
rules: [{id: n}, {id: s, window: 15m, delay: 0s}, {id: w, window: whole 1h}]`)
	for _, id := range []string{"n", "s", "w"} {
		handle(t, w, id, alertrulestest.Matching(everything))
	}
	runTo(t, w, "10:02")
	w.Log.Add(record("13:03", "10:30", "eventName", "r1"))
	w.Log.Add(record("13:03", "11:50", "eventName", "r2"))
	round, err := w.At(clock("13:04"))
	if err != nil {
		t.Fatal(err)
	}
	moments := map[string]int{}
	for _, e := range round.Evaluations {
		moments[e.Rule]++
	}
	if moments["n"] != 1 || moments["s"] != 36 || moments["w"] != 3 {
		t.Errorf("evaluated %v", moments)
	}
	var got []string
	for _, a := range w.States.All() {
		got = append(got, fmt.Sprintf("%s %s-%s", a.Rule, a.Began.UTC().Format("15:04"), a.Ended.UTC().Format("15:04")))
	}
	if want := "n 13:00-00:00, s 10:35-10:50, s 11:55-12:10, w 11:15-00:00"; strings.Join(got, ", ") != want {
		t.Errorf("got %s, want %s", strings.Join(got, ", "), want)
	}
}

func TestT17TooLongAgoIsAGap(t *testing.T) {
	w := world(t, "09:58", `rules: [{id: s, logstore: findings, every: 5m, window: 15m, query: "status:x", after: 2}]`)
	handle(t, w, "s", alertrulestest.Matching(everything))
	runTo(t, w, "10:02")
	w.Log.Add(record("10:03", "Tue 16:00", "status", "x"))
	round, err := w.At(clock("Tue 16:02"))
	if err != nil {
		t.Fatal(err)
	}
	if len(round.Gaps) != 1 || !round.Gaps[0].From.Equal(clock("10:05")) || round.Gaps[0].Reason != "down" {
		t.Errorf("gaps %+v", round.Gaps)
	}
	if n := len(round.Evaluations); n != 24*12 {
		t.Errorf("%d moments caught up", n)
	}
}

func TestT19EditsAreNamed(t *testing.T) {
	rule := func(s string) string {
		return `rules: [{id: e, logstore: findings, window: 24h, every: 15m, query: "status:NOT_PASS | SELECT instance_type, count(*) AS cnt GROUP BY instance_type", ` + s + `}]`
	}
	w := world(t, "08:50", rule(`trigger: {when: "cnt > 10"}, severity: high`))
	handle(t, w, "e", alertrulestest.Matching(everything))
	for range 20 {
		w.Log.Add(record("08:40", "08:39", "instance_type", "A"))
	}
	want(t, runTo(t, w, "09:15"), "cnt", "09:00 begin A-0001 high: 20")
	w.Log.Now = clock("10:02")
	load(t, w, rule(`trigger: {when: "cnt > 10"}, severity: critical`))
	runTo(t, w, "10:15")
	if a := w.States.Alert("A-0001"); a.Severity != alertrules.Critical || !a.Edited.Equal(clock("10:02")) || !a.Firing() {
		t.Errorf("after the edit of the severity: %s %s", a.Severity, a.Edited)
	}
	runTo(t, w, "10:45")
	if a := w.States.Alert("A-0001"); !a.Firing() {
		t.Error("it ended")
	}
	w.Log.Now = clock("11:02")
	load(t, w, rule(`trigger: {when: "cnt > 50"}, severity: critical`))
	want(t, runTo(t, w, "11:30"), "cnt", "11:15 end A-0001 edited")
	if a := w.States.Alert("A-0001"); !a.Edited.Equal(clock("11:02")) {
		t.Errorf("the end names the edit of %s", a.Edited)
	}
	w.Log.Now = clock("11:31")
	load(t, w, rule(`trigger: {when: "cnt > 10"}, severity: critical, name: another name, notify: {to: [ops@example.com]}`))
	want(t, runTo(t, w, "12:00"), "cnt", "11:45 begin A-0002 critical: 20 again")
	w.Log.Now = clock("12:01")
	load(t, w, rule(`trigger: {when: "cnt > 10"}, severity: critical, name: a third name`))
	w.Log.Now = clock("Tue 08:46")
	if _, err := w.At(w.Log.Now); err != nil {
		t.Fatal(err)
	}
	if a := w.States.Alert("A-0002"); a.How != alertrules.EndNoRows {
		t.Errorf("an edit of names is blamed for an end: %s", a.How)
	}
}

func TestT20RemovedDisabledStaging(t *testing.T) {
	all := map[string]string{
		"r1": `{id: r1, logstore: findings, window: 1h, query: "status:x"%s}`,
		"r2": `{id: r2, logstore: findings, window: 1h, query: "status:x"%s}`,
		"r3": `{id: r3, logstore: findings, window: 1h, query: "status:x"%s}`,
		"r4": `{id: r4, logstore: findings, query: "status:x"%s}`,
	}
	rules := func(changes map[string]string) string {
		var out []string
		for _, id := range []string{"r1", "r2", "r3", "r4"} {
			if c, ok := changes[id]; !ok || c != "removed" {
				out = append(out, fmt.Sprintf(all[id], c))
			}
		}
		return "rules: [" + strings.Join(out, ", ") + "]"
	}
	w := world(t, "08:56", rules(nil))
	for id := range all {
		handle(t, w, id, alertrulestest.Matching(everything))
	}
	w.Log.Add(record("08:58", "08:58", "status", "x"))
	w.Log.Add(record("10:30", "10:30", "status", "x"))
	runTo(t, w, "09:00")
	reload := func(at string, changes map[string]string) []string {
		w.Log.Now = clock(at)
		before := len(w.States.Rounds())
		load(t, w, rules(changes))
		return alertrulestest.Describe(w.States.Rounds()[before:], "status")
	}
	for range 10 { // reloads without a change do nothing
		if got := reload("09:20", nil); len(got) > 0 {
			t.Errorf("reload: %v", got)
		}
	}
	changes := map[string]string{"r1": "removed", "r2": ", enabled: false"}
	if got := reload("09:30", changes); !slices.Equal(got, []string{"09:30 end A-0002 disabled", "09:30 end A-0001 removed"}) {
		t.Errorf("09:30: %q", got)
	}
	changes["r3"] = ", stage: staging"
	if got := reload("09:40", changes); !slices.Equal(got, []string{"09:40 end A-0003 staging"}) {
		t.Errorf("09:40: %q", got)
	}
	changes["r4"] = ", enabled: false"
	if got := reload("09:45", changes); !slices.Equal(got, []string{"09:45 end A-0004 disabled"}) {
		t.Errorf("09:45: %q", got)
	}
	want(t, runTo(t, w, "10:45"), "status", "09:50 begin A-0005 medium: x again", "10:00 end A-0005 no rows", "10:35 begin A-0006 medium: x again")
	if a := w.States.Alert("A-0006"); !a.Staging || w.States.Alert("A-0001").Staging {
		t.Error("what is recorded only is not marked")
	}
	got := reload("11:00", map[string]string{"r3": ", stage: staging"})
	if !slices.Equal(got, []string{"11:00 gap r1 disabled", "11:00 gap r2 disabled", "11:00 gap r4 disabled"}) {
		t.Errorf("11:00: %q", got)
	}
	want(t, runTo(t, w, "11:05"), "status", "11:05 begin A-0007 medium: x again", "11:05 begin A-0008 medium: x again")
}

// A file that cannot be read takes no rule away: its ids are not known.
func TestABrokenFileRemovesNothing(t *testing.T) {
	w := world(t, "09:00", `rules: [{id: r, logstore: findings, window: 1h, query: "status:x"}]`)
	handle(t, w, "r", alertrulestest.Matching(everything))
	w.Log.Add(record("08:58", "08:58", "status", "x"))
	runTo(t, w, "09:05")
	for _, src := range []string{"rules: [{id: r, logstore: findings", "rules: [{id: r, logstore: findings, qurey: x}]"} {
		set := alertrules.ParseSet(map[string][]byte{"a.yaml": []byte(src)}, alertrulestest.Env())
		if _, err := w.Engine.Known(context.Background(), set, clock("09:06")); err != nil {
			t.Fatal(err)
		}
		if a := w.States.Alert("A-0001"); !a.Firing() {
			t.Errorf("%s: %s", src, a.How)
		}
	}
}

func TestGenerations(t *testing.T) {
	w := world(t, "10:00", `rules: [{id: n, logstore: cloudtrail, query: "eventName:x"}]`)
	handle(t, w, "n", alertrulestest.Matching(everything))
	w.Log.Add(record("10:01", "10:01", "eventName", "a"))
	w.Log.Add(record("10:02", "10:02", "eventName", "b"))
	runTo(t, w, "10:05")
	w.Log.Generation = "g2"
	w.Log.Add(record("10:12", "10:12", "eventName", "c"))
	want(t, runTo(t, w, "10:15"), "eventName", "10:10 gap n generation", "10:15 news A-0001#2 medium: c")
	if s := w.States.State("n"); s.Generation != "g2" || s.Cursor != 3 {
		t.Errorf("%s %d", s.Generation, s.Cursor)
	}
}

// What came in as history into another logs file, before the rule met it, is
// listed, and a gap of the file that is gone cannot be filled from this one.
func TestGenerationsOfHistory(t *testing.T) {
	w := world(t, "10:00", `
defaults: {logstore: findings, query: "status:x"}
rules: [{id: s, window: 15m}, {id: n}]`)
	for _, id := range []string{"s", "n"} {
		handle(t, w, id, alertrulestest.Matching(everything))
	}
	runTo(t, w, "10:05")
	old := record("10:06", "08:01", "status", "a")
	old.History = true
	w.Log.Add(old)
	runTo(t, w, "10:10")
	w.Log.Generation = "g2"
	runTo(t, w, "10:15")
	same(t, "filled", fill(t, w, false),
		"n generation: 1 evaluated, 1 found, told=true",
		"s history: 0 evaluated, 0 found, told=false the logs file is another one now",
		"s history: 3 evaluated, 1 found, told=false")
}

// Moments that failed are a gap once the rule is disabled: nothing tries them again.
func TestDisabledAfterAnError(t *testing.T) {
	rules := `rules: [{id: s, logstore: findings, window: 15m, query: "status:x", enabled: %t}]`
	w := world(t, "10:00", fmt.Sprintf(rules, true))
	handle(t, w, "s", func(*query.Plan, query.Window, []alertrulestest.Record) (*query.Result, error) {
		return nil, errors.New("broken")
	})
	runTo(t, w, "10:10")
	load(t, w, fmt.Sprintf(rules, false))
	gaps := w.States.Gaps()
	if len(gaps) != 1 || !gaps[0].From.Equal(clock("10:05")) || !gaps[0].To.After(clock("10:10")) || gaps[0].Reason != alertrules.GapError {
		t.Errorf("gaps %v", gaps)
	}
}

// A rule that was on, but off again before its first moment, has missed what came
// meanwhile; one that was never on has not.
func TestDisabledBeforeItsFirstMoment(t *testing.T) {
	rules := func(enabled, never bool) string {
		return fmt.Sprintf(`
defaults: {logstore: findings, query: "status:x", every: 10m, enabled: %t}
rules: [{id: n}, {id: s, window: 15m}, {id: w, window: whole 15m}, {id: never, enabled: %t}]`, enabled, never)
	}
	w := world(t, "10:00", rules(true, false))
	load(t, w, rules(false, false))
	for _, id := range []string{"n", "s", "w"} {
		handle(t, w, id, alertrulestest.Matching(everything))
	}
	w.Log.Add(record("10:12", "10:12", "status", "a"))
	w.Log.Now = clock("10:32")
	load(t, w, rules(true, true))
	runTo(t, w, "10:40")
	same(t, "filled", fill(t, w, false),
		"w disabled: 2 evaluated, 1 found, told=true",
		"n disabled: 1 evaluated, 1 found, told=true",
		"s disabled: 3 evaluated, 1 found, told=true")
}

// Records and history that come together are asked for apart: when the query fails
// between the two, what was told is not told again.
func TestFailedBesideHistory(t *testing.T) {
	rule := `rules: [{id: n, logstore: findings, query: "status:x", start: "%s"}]`
	w := world(t, "10:00", fmt.Sprintf(rule, "now"))
	n := 0
	handle(t, w, "n", func(p *query.Plan, win query.Window, in []alertrulestest.Record) (*query.Result, error) {
		if n++; n%2 == 0 {
			return nil, errors.New("broken")
		}
		return alertrulestest.Matching(everything)(p, win, in)
	})
	for _, at := range []string{"09:30", "10:01"} {
		old := record(at, "08:00", "status", "history")
		old.History = true
		w.Log.Add(record(at, at, "status", "a"))
		w.Log.Add(old)
		w.Log.Add(record(at, at, "status", "b"))
	}
	runTo(t, w, "10:30")
	w.Log.Now = clock("10:31")
	load(t, w, fmt.Sprintf(rule, "-2h"))
	runTo(t, w, "11:30")
	toldOnce(t, w, 1, 2, 3, 4, 5, 6)
}

func TestPartialResults(t *testing.T) {
	w := world(t, "10:00", `
defaults: {logstore: findings, window: 1h, every: 15m, query: "status:x"}
rules: [{id: few, trigger: {rows: "< 3"}}, {id: x}]`)
	rows := func(n int, partial string) alertrulestest.Answer {
		return func(p *query.Plan, w query.Window, in []alertrulestest.Record) (*query.Result, error) {
			res := &query.Result{Columns: p.Columns(), Partial: partial}
			for i := range n {
				row := make([]any, len(res.Columns))
				res.Rows, res.Seqs = append(res.Rows, row), append(res.Seqs, int64(i+1))
			}
			return res, nil
		}
	}
	both := func(n int, partial string) {
		handle(t, w, "few", rows(n, partial))
		handle(t, w, "x", rows(n, partial))
	}
	both(3, "")
	want(t, runTo(t, w, "10:15"), "", "10:15 begin A-0001 medium: #1 #2 #3")
	both(2, "30 s are over")
	got := alertrulestest.Describe(runTo(t, w, "10:30"), "")
	if want := []string{"10:30 notice rule/partial/few over=false", "10:30 notice rule/partial/x over=false"}; !slices.Equal(got, want) {
		t.Errorf("two rows, cut: %q", got)
	}
	both(0, "30 s are over")
	runTo(t, w, "10:45")
	for _, id := range []string{"few", "x"} {
		handle(t, w, id, func(*query.Plan, query.Window, []alertrulestest.Record) (*query.Result, error) {
			return nil, fmt.Errorf("asked: %w", &alertrules.LimitError{Limit: time.Minute})
		})
	}
	want(t, runTo(t, w, "11:00"), "", "11:00 notice rule/partial/few over=false", "11:00 notice rule/partial/x over=false")
	if a := w.States.Alert("A-0001"); !a.Firing() || a.Partial == "" {
		t.Errorf("a cut result ended an alert, or its rows do not say so: %+v", a)
	}
	both(0, "")
	want(t, runTo(t, w, "11:15"), "", "11:15 begin A-0002 medium: ", "11:15 end A-0001 no rows", "11:15 notice rule/partial/few over=true", "11:15 notice rule/partial/x over=true")
}

// Where rows do not come in the order of their numbers, the range is halved
// until the answer is complete (D30).
func TestHalvedRanges(t *testing.T) {
	w := world(t, "10:00", `rules: [{id: n, logstore: cloudtrail, query: "eventName:x | SELECT @actor, count(*) AS n GROUP BY @actor"}]`)
	for i := range 100 {
		w.Log.Add(record("10:01", "10:01", "actor", fmt.Sprint("u", i)))
	}
	answer := bounded(alertrulestest.Matching(everything), 30)
	handle(t, w, "n", func(p *query.Plan, win query.Window, in []alertrulestest.Record) (*query.Result, error) {
		if len(in) > 20 {
			return nil, &alertrules.LimitError{Limit: time.Minute}
		}
		return answer(p, win, in)
	})
	runTo(t, w, "12:00")
	told := map[string]int{}
	for _, r := range w.States.Rounds() {
		for _, n := range r.News {
			for _, row := range n.Rows {
				told[row.Key]++
			}
		}
	}
	if len(told) != 100 {
		t.Errorf("%d of 100 rows were told", len(told))
	}
}

func TestEventsOverTimeAreToldOnce(t *testing.T) {
	w := world(t, "09:59", `rules: [{id: e, logstore: findings, window: 15m, every: 5m, mode: event, query: "status:x"}]`)
	handle(t, w, "e", alertrulestest.Matching(everything))
	w.Log.Add(record("10:01", "10:01", "status", "a"))
	w.Log.Add(record("10:08", "10:03", "status", "b"))
	want(t, runTo(t, w, "10:40"), "status", "10:05 news A-0001#1 medium: a", "10:10 news A-0001#2 medium: b")
}

func TestPreviewChangesNothing(t *testing.T) {
	w := world(t, "10:00", `
defaults: {logstore: findings, query: "status:x"}
rules: [{id: n}, {id: s, window: 1h, after: 5}, {id: w, window: whole 1h}]`)
	w.Log.Add(record("08:30", "08:30", "status", "old"))
	w.Log.Add(record("09:30", "09:30", "status", "x"))
	for _, id := range []string{"n", "s", "w"} {
		handle(t, w, id, alertrulestest.Matching(everything))
		rule, _ := w.Set.Rule(id)
		before := len(w.States.Rounds())
		p, err := w.Engine.Preview(context.Background(), rule, clock("10:00"), time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		rows := 0
		for _, a := range p.Alerts {
			rows += len(a.Rows)
		}
		for _, n := range p.News {
			rows += len(n.Rows)
		}
		if len(p.Alerts) != 1 || p.Alerts[0].ID != "preview-1" || rows != 1 || len(w.States.Rounds()) != before {
			t.Errorf("%s: %d alerts, %d rows", id, len(p.Alerts), rows)
		}
	}
}

// An earlier start of whole windows takes in, once, those that the rule has
// never seen; what they find is over.
func TestEarlierStartOfWholeWindows(t *testing.T) {
	rule := `rules: [{id: w, logstore: findings, window: whole 1h, query: "status:x", start: "%s"}]`
	w := world(t, "10:00", fmt.Sprintf(rule, "now"))
	handle(t, w, "w", alertrulestest.Matching(everything))
	w.Log.Add(record("09:00", "07:30", "status", "a"))
	w.Log.Add(record("10:30", "10:20", "status", "b"))
	want(t, runTo(t, w, "11:10"), "status", "11:00 begin A-0001 medium: b")
	w.Log.Now = clock("11:12")
	load(t, w, fmt.Sprintf(rule, "-6h"))
	round, err := w.At(w.Log.Now)
	if err != nil {
		t.Fatal(err)
	}
	want(t, []*alertrules.Round{round}, "status", "11:12 end A-0002 no rows")
	if a := w.States.Alert("A-0002"); !a.From.Equal(clock("08:00")) || !a.Began.Equal(clock("08:00")) || !a.Ended.Equal(clock("09:00")) {
		t.Errorf("began %s, ended %s", a.Began, a.Ended)
	}
	if a := w.States.Alert("A-0001"); !a.Firing() {
		t.Error("the live alert ended")
	}
	want(t, runTo(t, w, "12:00"), "status", "12:00 end A-0001 no rows")
	load(t, w, fmt.Sprintf(rule, "-6h"))
	want(t, runTo(t, w, "12:10"), "status")
}

// What failed before a long time down is part of the gap.
func TestFailedBeforeItWasDown(t *testing.T) {
	w := world(t, "08:58", `rules: [{id: s, logstore: findings, every: 5m, window: 15m, query: "status:x"}]`)
	handle(t, w, "s", alertrulestest.Matching(everything))
	runTo(t, w, "09:02")
	w.Engine.Query = func(context.Context, *query.Plan, query.Window) (*query.Result, error) { return nil, errors.New("no") }
	runTo(t, w, "09:32")
	w.Engine.Query = w.Log.Query
	round, err := w.At(clock("Tue 15:32"))
	if err != nil {
		t.Fatal(err)
	}
	if len(round.Gaps) != 1 || !round.Gaps[0].From.Equal(clock("09:05")) {
		t.Errorf("gaps %+v", round.Gaps)
	}
}

// Until a first round was evaluated, nothing is decided (D21).
func TestWaitsUntilThereWasARound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := alertrulestest.NewWorld(time.Now().UTC())
		if err := w.Load(`rules: [{id: a, logstore: findings, every: 15m, window: 1h, query: "status:x"}]`); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		failed := false
		l := alertrules.Loop{Engine: w.Engine, Rules: func() *alertrules.Set { return w.Set }}
		l.Failed = func(error) {
			failed = true
			if !l.Waits("a") {
				t.Error("it decides after a round that failed")
			}
		}
		w.States.Fail = errors.New("the disk is full")
		if err := l.Run(ctx); err != nil || !failed || l.Waits("a") {
			t.Errorf("%v; failed %t, waits %t", err, failed, l.Waits("a"))
		}
	})
}

// Rounds begin a little after their moments; a rule with a short schedule is not
// kept waiting for it (DESIGN.md §5 "Schedule").
func TestSplay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := alertrulestest.NewWorld(time.Now().UTC())
		if err := w.Load(`rules: [{id: a, logstore: findings, every: 1m, window: 1h, query: "status:x"}, {id: b, logstore: findings, query: "status:x", every: 1s}]`); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
		defer cancel()
		late := map[string]time.Duration{}
		l := alertrules.Loop{Engine: w.Engine, Rules: func() *alertrules.Set { return w.Set }, Splay: 700 * time.Millisecond}
		l.Done = func(r *alertrules.Round) {
			for _, e := range r.Evaluations {
				late[e.Rule] = max(late[e.Rule], time.Since(e.At))
			}
		}
		if err := l.Run(ctx); err != nil {
			t.Fatal(err)
		}
		if late["a"] != 100*time.Millisecond || late["b"] != 100*time.Millisecond {
			t.Errorf("evaluated late by %v", late)
		}
		w.Set.Rules[1].Enabled = false
		again, stop := context.WithTimeout(context.Background(), 10*time.Minute)
		defer stop()
		clear(late)
		if err := l.Run(again); err != nil {
			t.Fatal(err)
		}
		if late["a"] != 700*time.Millisecond {
			t.Errorf("evaluated late by %v", late)
		}
	})
}

// The loop evaluates on the moments of the schedule, in virtual time.
func TestLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := alertrulestest.NewWorld(time.Now().UTC())
		if err := w.Load(`rules: [{id: a, logstore: findings, every: 15m, window: 1h, query: "status:x"}, {id: b, logstore: findings, query: "status:x", every: 1h}]`); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 24*time.Hour+time.Second)
		defer cancel()
		rounds := map[string]int{}
		fails := 0
		l := alertrules.Loop{Engine: w.Engine, Rules: func() *alertrules.Set { return w.Set }, Failed: func(error) { fails++ }, Done: func(r *alertrules.Round) {
			for _, e := range r.Evaluations {
				rounds[e.Rule]++
			}
		}}
		w.States.Fail = errors.New("the disk is full")
		if err := l.Run(ctx); err != nil {
			t.Fatal(err)
		}
		if rounds["a"] != 97 || rounds["b"] != 25 || fails != 1 {
			t.Errorf("%v, %d failures", rounds, fails)
		}
	})
}

func BenchmarkRound(b *testing.B) {
	var rules strings.Builder
	rules.WriteString("rules:\n")
	for i := range 1000 {
		fmt.Fprintf(&rules, "  - {id: r%d, logstore: cloudtrail, window: 15m, query: \"eventName:E%d\"}\n", i, i)
	}
	w := alertrulestest.NewWorld(clock("10:00"))
	if err := w.Load(rules.String()); err != nil {
		b.Fatal(err)
	}
	w.Engine.Query = func(context.Context, *query.Plan, query.Window) (*query.Result, error) { return &query.Result{}, nil }
	for b.Loop() {
		w.Log.Now = w.Log.Now.Add(5 * time.Minute)
		if _, err := w.At(w.Log.Now); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	var rules strings.Builder
	rules.WriteString("rules:\n")
	for i := range 1000 {
		fmt.Fprintf(&rules, "  - {id: r%d, logstore: cloudtrail, query: \"eventName:E%d\"}\n", i, i)
	}
	for b.Loop() {
		if _, err := alertrules.Parse("r.yaml", []byte(rules.String()), alertrulestest.Env()); err != nil {
			b.Fatal(err)
		}
	}
}

// An exception holds through its last day, in the zone of tocsin.yaml (D25).
func TestExceptionsRunOut(t *testing.T) {
	env := alertrulestest.Env()
	var err error
	if env.Zone, err = alertrules.LoadZone("Asia/Tokyo"); err != nil {
		t.Fatal(err)
	}
	f, err := alertrules.Parse("r.yaml", []byte(`rules: [{id: r, logstore: cloudtrail, query: "eventName:x", exceptions: [{match: "awsRegion:a", until: 2027-01-31}, {match: "awsRegion:b", until: 2027-02-15}, {match: "awsRegion:c"}]}]`), env)
	if err != nil {
		t.Fatal(err)
	}
	regions := func(moment string) (n int) {
		at, err := time.Parse(time.RFC3339, moment)
		if err != nil {
			t.Fatal(err)
		}
		for _, arg := range f.Rules[0].Plan(at).SQL(query.DuckDB(), query.Window{}).Args {
			if s, ok := arg.(string); ok && strings.Trim(s, "abcABC") == "" {
				n++
			}
		}
		return n
	}
	for moment, want := range map[string]int{"2027-01-31T23:45:00+09:00": 3, "2027-02-01T00:00:00+09:00": 2, "2027-02-15T23:59:59+09:00": 2, "2027-02-16T00:00:00+09:00": 1, "2030-01-01T00:00:00Z": 1} {
		if got := regions(moment); got != want {
			t.Errorf("at %s %d exceptions hold, not %d", moment, got, want)
		}
	}
}
