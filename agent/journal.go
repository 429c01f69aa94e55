package agent

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"tocsin/alertrules"
)

// This file is what of rounds is logged: what changes, one line each. That something
// goes on as it did is no news.

// A journal is what was logged last of rules and of alerts that go on. It may be used
// by several goroutines; the zero value knows nothing.
type journal struct {
	mu       sync.Mutex
	outcomes map[string]string // by rule
	alerts   map[string]string // by id
}

// evaluated returns how much an evaluation is worth: an outcome that its rule had
// before, or that is quiet and ends nothing worse, only the attention of who asked for
// everything.
func (j *journal) evaluated(e alertrules.Evaluation) slog.Level {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.outcomes == nil {
		j.outcomes = map[string]string{}
	}
	key, said := e.Rule, string(e.Outcome)+" "+e.Error
	if e.Outcome == alertrules.Skipped {
		key += skippedMark
	}
	before := j.outcomes[key]
	j.outcomes[key] = said
	quiet := func(said string) bool { return said == "" || said == "firing " || said == "ok " }
	switch {
	case before == said, e.Outcome == alertrules.OK && quiet(before):
		return slog.LevelDebug
	case e.Outcome == alertrules.Failed:
		return slog.LevelError
	}
	return slog.LevelInfo
}

// wentWell forgets that moments of a rule were skipped, after a round in which it was
// evaluated and none were: the next that is skipped is news.
func (j *journal) wentWell(rule string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	delete(j.outcomes, rule+skippedMark)
}

// skippedMark is behind the id of a rule of which a skipped moment was logged: they come
// between others.
const skippedMark = "\x00skipped"

// changed says what an alert did in a round: began, changed or ended; "" when it goes on
// as it did. first is the moment of the round's first evaluation of its rule, zero
// without one, and news says that there is some of the alert.
func (j *journal) changed(a *alertrules.Alert, first time.Time, news bool) string {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.alerts == nil {
		j.alerts = map[string]string{}
	}
	said := fmt.Sprint(a.Severity, a.NewsN)
	before, known := j.alerts[a.ID]
	if !a.Firing() {
		delete(j.alerts, a.ID)
		return "ended"
	}
	j.alerts[a.ID] = said
	switch {
	case !known && !first.IsZero() && !a.Began.Before(first):
		return "began"
	case known && before != said, !known && news:
		return "changed"
	}
	return ""
}

// logRound writes what changed in a round.
func (a *Agent) logRound(ctx context.Context, r *alertrules.Round) {
	log, first, skipped := a.o.Log, map[string]time.Time{}, map[string]bool{}
	for _, e := range r.Evaluations {
		skipped[e.Rule] = skipped[e.Rule] || e.Outcome == alertrules.Skipped
		if at, ok := first[e.Rule]; !ok || e.At.Before(at) {
			first[e.Rule] = e.At
		}
		args := []any{"rule", e.Rule, "outcome", e.Outcome, "reason", e.Reason, "took", e.Took}
		if e.Outcome == alertrules.Failed {
			args = []any{"rule", e.Rule, "outcome", e.Outcome, "error", e.Error}
		}
		log.Log(ctx, a.journal.evaluated(e), "evaluated", args...)
	}
	for rule, was := range skipped {
		if !was {
			a.journal.wentWell(rule)
		}
	}
	news := map[string]bool{}
	for _, n := range r.News {
		news[n.Alert] = true
	}
	lines := 0
	for _, alert := range r.Alerts {
		did := a.journal.changed(alert, first[alert.Rule], news[alert.ID])
		if did == "" {
			continue
		}
		if lines++; lines <= loggedAlerts {
			log.Info("alert", "rule", alert.Rule, "alert", alert.ID, "severity", alert.Severity.String(), "firing", alert.Firing(), "did", did)
		}
	}
	if more := lines - loggedAlerts; more > 0 {
		log.Info("more alerts", "alerts", more)
	}
}

// loggedAlerts bounds the lines of one round.
const loggedAlerts = 50
