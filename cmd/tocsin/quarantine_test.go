package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"tocsin/alertrules"
)

// quarantinedRule is a project whose rule heavy is quarantined, ten minutes before now:
// the process ended twice while its query ran.
func quarantinedRule(t *testing.T) *calendar {
	t.Helper()
	c := newCalendar(t, map[string]string{
		"tocsin.yaml":     "time_zone: UTC\noperator: [ops@example.com]\n",
		"rules/rule.yaml": "rules: [{id: heavy, logstore: cloudtrail, query: \"eventName:GetUser\", window: 30m, delay: 1m, every: 5m, notify: {to: [ops@example.com]}}]\n",
	})
	c.run(exitDone, "run", "--once")
	for _, wreck := range []string{"one", "two"} {
		c.now = c.now.Add(time.Minute)
		writeFiles(t, ".", map[string]string{"tocsin-data/at-work": `{"id":"` + wreck + `","rules":["heavy"]}` + "\n"})
		c.run(exitDone, "run", "--once")
	}
	c.now = c.now.Add(10 * time.Minute)
	return c
}

// What a quarantined rule misses is no gap that can be filled, and fill says so; after
// the release nothing of it failed.
func TestQuarantinedRuleIsSaid(t *testing.T) {
	c := quarantinedRule(t)
	c.wants(c.run(exitFound, "status"), "agent: not running (tocsin run)\n", "heavy: quarantined since ")
	for _, args := range [][]string{{"gaps", "fill", "heavy"}} {
		c.wants(c.run(exitFound, args...), "heavy was not evaluated from ", ": quarantined; not filled: the rule is quarantined; after tocsin rules release heavy its gap can be filled")
	}
	said := c.run(exitDone, "why", "heavy@12:02")
	if c.wants(said, "nothing was looked at for 2026-11-20T12:02:00Z: it is quarantined\n"); strings.Contains(said, "tocsin query") {
		t.Errorf("there is nothing to look at again: %s", said)
	}
	c.run(exitDone, "rules", "release", "heavy")
	c.wants(c.run(exitDone, "status"), "heavy: not evaluated since it was quarantined\n")
	c.wants(c.run(exitDone, "gaps", "fill", "heavy"), "heavy was not evaluated from ")

	// What a quiet moment looked at is not kept: it is the window of the rule, not the last day.
	writeFiles(t, ".", map[string]string{"t.jsonl": trailRecord(1, c.now.Add(-25*time.Minute), "in") + trailRecord(2, c.now.Add(-75*time.Minute), "out")})
	c.run(exitDone, "load", "--live", "t.jsonl")
	c.wants(c.run(exitDone, "why", "heavy@12:00:30"), "about 2026-11-20T11:29:00Z until 2026-11-20T11:59:00Z, as the rule is written now")
	said = c.run(exitDone, "query", "--rule", "heavy", "--at", "12:00:30")
	if c.wants(said, "the window of heavy at 2026-11-20T12:00:00Z: event times from 2026-11-20T11:29:00Z until 2026-11-20T11:59:00Z, as the rule says; what came in later is in it too\n", `"in"`); strings.Contains(said, `"out"`) {
		t.Errorf("it is not in the window: %s", said)
	}
	c.wants(c.run(exitDone, "query", "--rule", "heavy", "--at", "12:00:30", "--all"), `"out"`)

	// What fired is asked again as it was, of that moment and of none beside it.
	c.now = c.now.Add(3 * time.Minute)
	c.run(exitDone, "run", "--once")
	c.wants(c.run(exitDone, "query", "--rule", "heavy", "--at", "12:16"), "the window of heavy at 2026-11-20T12:15:00Z: event times from 2026-11-20T11:44:00Z until 2026-11-20T12:14:00Z, up to __seq__ 2, the last that was stored, as it was evaluated\n", `"in"`)
	c.wants(c.run(exitDone, "query", "--rule", "heavy", "--at", "12:20"), "the window of heavy at 2026-11-20T12:20:00Z: ", "as the rule says")
}

// The window of a rule at a moment, as it is written.
func TestOwnWindow(t *testing.T) {
	at := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	day := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		window   alertrules.Window
		from, to time.Time
	}{
		{alertrules.Window{Kind: alertrules.SlidingWindow, Length: time.Hour}, at.Add(-70 * time.Minute), at.Add(-10 * time.Minute)},
		{alertrules.Window{Kind: alertrules.WholeWindow, Length: 24 * time.Hour}, day.Add(-24 * time.Hour), day},
		{alertrules.Window{Kind: alertrules.WholeWindow, Length: time.Hour}, at.Add(-2 * time.Hour), at.Add(-time.Hour)},
		{alertrules.Window{Kind: alertrules.NewWindow}, time.Time{}, time.Time{}},
	} {
		v, ok := ownWindow(&alertrules.Rule{Window: c.window, Delay: 10 * time.Minute, Zone: time.UTC}, at)
		if !v.From.Equal(c.from) || !v.To.Equal(c.to) || ok != !c.to.IsZero() {
			t.Errorf("%s: %s until %s, %t", c.window, v.From, v.To, ok)
		}
	}
}

// That the agent is told to stop is logged, once, before it has ended.
func TestSayStopping(t *testing.T) {
	var out strings.Builder
	e := &env{stderr: &out}
	log, err := logFlags{format: "text"}.log(e, 0)
	if err != nil {
		t.Fatal(err)
	}
	e.log = log
	ctx, end := context.WithCancel(t.Context())
	done := sayStopping(ctx, e)
	end()
	done()
	if got := out.String(); strings.Count(got, "stopping: what is in flight is finished") != 1 {
		t.Errorf("%q", got)
	}
	out.Reset()
	sayStopping(t.Context(), e)()
	if out.Len() > 0 {
		t.Errorf("nobody told it to stop: %s", out.String())
	}
}

// Of a moment that was skipped why shows no window, and no command that asks everything.
func TestWhySkipped(t *testing.T) {
	var out strings.Builder
	w := &chain{ctx: t.Context(), p: &project{env: &env{stdout: &out}, userFiles: userFiles{config: &config{zone: time.UTC}}}}
	w.evaluation(&alertrules.Evaluation{Rule: "r", At: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC), Outcome: alertrules.Skipped, Reason: "the evaluation before it took 7m"})
	if want := "window    2026-11-20T12:00:00Z was skipped: nothing was looked at\ntrigger   skipped: the evaluation before it took 7m (took 0s)\n"; w.err != nil || out.String() != want {
		t.Errorf("%v\n%s", w.err, out.String())
	}
}
