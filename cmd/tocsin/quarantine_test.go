package main

import (
	"context"
	"strings"
	"testing"
	"time"
)

// quarantinedRule is a project whose rule heavy is quarantined, ten minutes before now:
// the process ended twice while its query ran.
func quarantinedRule(t *testing.T) *calendar {
	t.Helper()
	c := newCalendar(t, map[string]string{
		"tocsin.yaml":     "operator: [ops@example.com]\n",
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
	c.run(exitDone, "rules", "release", "heavy")
	c.wants(c.run(exitDone, "status"), "heavy: not evaluated since it was quarantined\n")
	c.wants(c.run(exitDone, "gaps", "fill", "heavy"), "heavy was not evaluated from ")
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
