package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"tocsin/alertrules"
	"tocsin/query"
)

// TestRuleStatus: what is said of a rule is of one evaluation; what was skipped after
// it is said apart.
func TestRuleStatus(t *testing.T) {
	at := func(clock string) time.Time {
		c, err := time.Parse("15:04", clock)
		if err != nil {
			t.Fatal(err)
		}
		return time.Date(2026, 11, 26, c.Hour(), c.Minute(), 0, 0, time.UTC)
	}
	p := &project{env: &env{}}
	for _, c := range []struct {
		state *alertrules.RuleState
		want  string
		well  bool
	}{
		{nil, "not evaluated yet", true},
		{&alertrules.RuleState{Moment: at("10:05"), Outcome: alertrules.OK}, "ok at 2026-11-26T10:05:00Z", true},
		{&alertrules.RuleState{Moment: at("10:05"), Outcome: alertrules.Failed, Error: "no", ErrorSince: at("09:55")}, "error since 2026-11-26T09:55:00Z: no", false},
		{&alertrules.RuleState{Moment: at("10:05"), Outcome: alertrules.Failed}, "not evaluated since it was quarantined", true},
		{
			&alertrules.RuleState{Moment: at("10:05"), Outcome: alertrules.Partial, Bound: "it took longer than 1m", BoundSince: at("10:05")},
			"partial at 2026-11-26T10:05:00Z: it took longer than 1m", false,
		},
		{
			&alertrules.RuleState{Moment: at("10:08"), Looked: at("10:05"), Outcome: alertrules.Partial, Bound: "it took longer than 3m", BoundSince: at("10:00")},
			"partial at 2026-11-26T10:05:00Z and since 2026-11-26T10:00:00Z: it took longer than 3m; that took so long that its moments until 2026-11-26T10:08:00Z were skipped", false,
		},
	} {
		if got, well := p.ruleStatus(&alertrules.Rule{ID: "r", Enabled: true}, c.state); got != c.want || well != c.well {
			t.Errorf("%s, well: %t", got, well)
		}
	}
}

// TestHeldOver: what is held is told also when it is over, and that is said.
func TestHeldOver(t *testing.T) {
	for want, s := range map[string]*alertrules.RuleState{
		"": {Live: 1},
		" (what it tells of is over, which is told then)": {},
		" (the rule is gone, which is told then)":         nil,
	} {
		if got := heldOver(s != nil, s); got != want {
			t.Errorf("%s", got)
		}
	}
}

// TestWithin: the end of a query's time is said once, in words of ours; that it cannot
// be stopped is said beside it.
func TestWithin(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{errors.New("the query was stopped: context deadline exceeded"), "it took longer than 1ms"},
		{fmt.Errorf("it goes on: %w", alertrules.ErrRanAway), "it took longer than 1ms: it goes on: " + alertrules.ErrRanAway.Error()},
	} {
		_, err := within(time.Millisecond, func(ctx context.Context, _ *query.Plan, _ query.Window) (*query.Result, error) {
			<-ctx.Done()
			return nil, c.err
		})(t.Context(), nil, query.Window{})
		if err == nil || err.Error() != c.want || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
	}
}

// TestAckedText: what taking on changes, and what giving back, is said of the kind of
// alert that it is.
func TestAckedText(t *testing.T) {
	over := time.Date(2026, 11, 26, 10, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		alert alertrules.Alert
		undo  bool
		want  string
	}{
		{alertrules.Alert{Mode: alertrules.State}, true, "nobody has acknowledged it any more; it is repeated again"},
		{alertrules.Alert{Mode: alertrules.Event}, true, "nobody has acknowledged it any more; events are not repeated, so that no mail changes"},
		{alertrules.Alert{Mode: alertrules.Event, Ended: over}, true, "nobody has acknowledged it any more; it is over, so that no mail changes"},
		{alertrules.Alert{Mode: alertrules.Event}, false, "acknowledged; events are not repeated, and what is new is told all the same"},
	} {
		if c.alert.ID, c.alert.Rule = "A-7F3K", "r"; ackedText(&c.alert, c.undo) != "A-7F3K of r: "+c.want {
			t.Errorf("%s", ackedText(&c.alert, c.undo))
		}
	}
}

// TestStartIsSaidOfNewRules: status says which records lie before a rule's start while
// the rule is new.
func TestStartIsSaidOfNewRules(t *testing.T) {
	c := newCalendar(t, map[string]string{"rules/.keep": ""})
	writeFiles(t, ".", map[string]string{"t.jsonl": trailRecord(1, c.now.Add(-time.Hour), "1")})
	c.run(0, "load", "t.jsonl")
	writeFiles(t, ".", map[string]string{"rules/r.yaml": "rules: [{id: r, logstore: cloudtrail, query: \"eventName:Nothing\"}]\n"})
	c.now = c.now.Add(time.Minute)
	const hint = "r: 1 stored record lies before its start; start: "
	c.wants(c.run(0, "run", "--once"), hint)
	c.now = c.now.Add(time.Hour)
	c.wants(c.run(0, "status"), hint)
	c.now = c.now.Add(24 * time.Hour)
	if said := c.run(0, "status"); strings.Contains(said, hint) {
		t.Errorf("a rule of yesterday: %s", said)
	}
}
