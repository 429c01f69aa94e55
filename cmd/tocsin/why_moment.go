package main

// This file says what a rule did at a moment, also when that was nothing.

import (
	"fmt"
	"time"

	"tocsin/alertrules"
	"tocsin/diag"
	"tocsin/query"
	"tocsin/store"
)

// moment says what a rule did at the last moment of its schedule until a time.
func (w *chain) moment(id, text string) {
	at, err := w.p.timeOfDay(text)
	if err != nil {
		w.note(usage("%s@%s: %w", diag.Line(id), diag.Line(text), err))
		return
	}
	states, err := w.p.store.State.RuleStates(w.ctx)
	w.note(err)
	rule, known := w.p.rules.Rule(id)
	s := states[id]
	switch {
	case w.err != nil:
		return
	case !known && s == nil:
		w.note(w.p.noRule(id))
		return
	case s == nil || at.Before(s.Known):
		since := "now"
		if s != nil {
			since = w.p.when(s.Known)
		}
		w.say("rule", "%s was not known at %s: tocsin knows it since %s", id, w.p.when(at), since)
		return
	}
	w.version(id, at)
	if d := s.Danger; known && d.Quarantined(rule.Hash) {
		w.say("state", "quarantined since %s: %s", w.p.when(d.Since), d.Reason)
		w.command("tocsin rules release " + id)
	}
	every := time.Hour
	if known {
		every = max(rule.Schedule.Every, time.Second)
	}
	list, err := w.p.store.State.Evaluations(w.ctx, id, at.Add(-every), at, 1)
	w.note(err)
	switch {
	case len(list) > 0:
		w.evaluation(list[0])
	case w.gap(id, at):
	default:
		w.quiet(rule, s, at)
	}
	w.around(id, at, every)
}

// timeOfDay reads a moment, or a time of today in the zone of the configuration.
func (p *project) timeOfDay(text string) (time.Time, error) {
	for _, layout := range []string{"15:04", "15:04:05"} {
		if clock, err := time.Parse(layout, text); err == nil {
			y, m, d := p.now.In(p.config.zone).Date()
			return time.Date(y, m, d, clock.Hour(), clock.Minute(), clock.Second(), 0, p.config.zone), nil
		}
	}
	if text == "" {
		return time.Time{}, fmt.Errorf("there is no time; write RULE@10:05 or RULE@2026-11-22T09:00:00+09:00")
	}
	return moment(text, p.config.zone)
}

// version says which text of the rule held.
func (w *chain) version(id string, at time.Time) {
	v, err := w.p.store.State.RuleAt(w.ctx, id, at, "")
	w.note(err)
	switch {
	case v == nil:
		w.say("rule", "%s, as it is now", id)
	case v.Text == "":
		w.say("rule", "%s was removed at %s", id, w.p.when(v.Since))
	default:
		w.say("rule", "%s, as %s has it since %s (version %s)", id, v.File, w.p.when(v.Since), v.Hash)
	}
}

// gap says that a moment was not evaluated, and reports whether that is so.
func (w *chain) gap(id string, at time.Time) bool {
	gaps, err := w.p.gaps(w.ctx)
	w.note(err)
	for _, g := range gaps {
		if g.Rule == id && !at.Before(g.From) && at.Before(g.To) {
			w.say("window", "%s", gapText(g))
			w.command("tocsin gaps fill " + id)
			return true
		}
	}
	return false
}

// quiet says that nothing was found.
func (w *chain) quiet(rule *alertrules.Rule, s *alertrules.RuleState, at time.Time) {
	n, err := w.p.store.State.QuietEvaluations(w.ctx, s.Rule, at)
	w.note(err)
	if n == 0 {
		last := "never yet"
		if !s.Moment.IsZero() {
			last = "last for " + w.p.when(s.Moment)
		}
		w.say("window", "it was not evaluated in the hour of %s; %s", w.p.when(at), last)
		return
	}
	w.say("trigger", "ok: no row; so were %s of the hour from %s, which are counted and not kept one by one", count(n, "evaluation"), w.p.when(at.Truncate(time.Hour)))
	if rule == nil || rule.Window.Kind != alertrules.SlidingWindow {
		return
	}
	to := at.Add(-rule.Delay)
	v := query.Window{From: to.Add(-rule.Window.Length), To: to}
	w.say("window", "about %s until %s, as the rule is written now; what came in later is in it too", w.p.when(v.From), w.p.when(v.To))
	w.command(w.again(&alertrules.Evaluation{Rule: rule.ID, At: at, Window: v}))
}

// around says which alerts of the rule went on at a moment, and what was decided
// about mails until the next one.
func (w *chain) around(id string, at time.Time, every time.Duration) {
	alerts, err := w.p.store.State.FindAlerts(w.ctx, store.AlertFilter{Rule: id, From: at, To: at.Add(time.Microsecond), Limit: whyNews + 1})
	w.note(err)
	for _, a := range alerts[:min(len(alerts), whyNews)] {
		w.say("state", "%s, %s, since %s", a.ID, alertState(a), w.p.when(a.Since))
		w.command("tocsin why " + a.ID)
	}
	switch {
	case len(alerts) == 0:
		w.say("state", "no alert of this rule went on")
	case len(alerts) > whyNews:
		w.say("", "… and more (tocsin alerts --rule %s)", id)
	}
	list, err := w.p.store.State.Decisions(w.ctx, id, at.Add(-every), at.Add(every), whyDecisions)
	w.note(err)
	for _, d := range list {
		if !d.Answer {
			w.decision(d)
		}
	}
	if len(list) == 0 {
		w.say("decided", "nothing about mails around that time")
	}
}
