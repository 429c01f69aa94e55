package main

// This file says what a rule did at a moment, also when that was nothing.

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"tocsin/alertrules"
	"tocsin/diag"
	"tocsin/query"
	"tocsin/store"
)

// moment says what a rule did at the last moment of its schedule until a time.
func (w *chain) moment(id, text string) {
	at, err := moment(text, w.p.now.In(w.p.config.zone))
	if err == nil && at.IsZero() {
		err = errors.New("there is no time; write RULE@10:05 or RULE@2026-11-22T09:00:00+09:00")
	}
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
	if !known {
		rule = nil
	}
	every, due, from := until(rule, at)
	list, err := w.p.store.State.Evaluations(w.ctx, id, from, at, 1)
	w.note(err)
	switch {
	case len(list) > 0:
		w.evaluation(list[0])
	case w.gap(id, at):
	default:
		w.quiet(rule, s, due, at)
	}
	w.around(id, at, every)
}

// until is the last moment of a rule's schedule until a time, how often there is one,
// and from when on an evaluation counts as that of the moment. Of a rule that is not
// there any more (nil) nothing is known.
func until(rule *alertrules.Rule, at time.Time) (every time.Duration, due, from time.Time) {
	every, due = time.Hour, at
	if rule != nil {
		every = max(rule.Schedule.Every, time.Second)
		due = cmp.Or(rule.Schedule.Last(at), at)
	}
	if from = at.Add(-every); due.Before(from) {
		from = due
	}
	return every, due, from
}

// ownWindow is the window of event time of a rule at a moment of its schedule, as it is
// written; false for one that looks at none.
func ownWindow(rule *alertrules.Rule, due time.Time) (v query.Window, ok bool) {
	to := due.Add(-rule.Delay)
	switch rule.Window.Kind {
	case alertrules.SlidingWindow:
		return query.Window{From: to.Add(-rule.Window.Length), To: to}, true
	case alertrules.WholeWindow: // the last that was over
		v.To, _ = rule.Window.Around(to, rule.Zone)
		v.From, _ = rule.Window.Around(v.To.Add(-time.Nanosecond), rule.Zone)
		return v, true
	}
	return v, false
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

// quiet says that nothing was found at a moment of the schedule, the last until at, or
// why nothing is known of it.
func (w *chain) quiet(rule *alertrules.Rule, s *alertrules.RuleState, due, at time.Time) {
	var n int64
	hour := due.Truncate(time.Hour)
	if !due.After(s.Moment) {
		n = w.quietIn(s.Rule, hour)
		if now := at.Truncate(time.Hour); n == 0 && now.After(hour) { // the first evaluation of a rule keeps no schedule
			due, hour = at, now
			n = w.quietIn(s.Rule, hour)
		}
	}
	if n == 0 {
		w.say("window", "%s", w.notEvaluated(s, due, at))
		return
	}
	text := "ok: no row"
	if n > 1 {
		text += fmt.Sprintf(", as in all %d quiet evaluations of the hour from %s, which are counted and not kept one by one", n, w.p.when(hour))
	}
	w.say("trigger", "%s", text)
	if rule == nil {
		return
	}
	v, ok := ownWindow(rule, due)
	if !ok {
		what := "what was stored since the evaluation before"
		if rule.Window.Kind == alertrules.SnapshotWindow {
			what = "all that there was then"
		}
		w.say("window", "%s, as the rule is written now; which numbers these were is not kept", what)
		return
	}
	w.say("window", "about %s until %s, as the rule is written now; what came in later is in it too", w.p.when(v.From), w.p.when(v.To))
	w.command(w.again(&alertrules.Evaluation{Rule: rule.ID, At: due, Window: v}))
}

// quietIn counts the quiet evaluations of a rule in an hour.
func (w *chain) quietIn(rule string, hour time.Time) int64 {
	n, err := w.p.store.State.QuietEvaluations(w.ctx, rule, hour)
	w.note(err)
	return n
}

// notEvaluated says why nothing is known of the last moment of the schedule until at.
func (w *chain) notEvaluated(s *alertrules.RuleState, due, at time.Time) string {
	last := "it was never evaluated yet"
	if !s.Moment.IsZero() {
		last = "the last moment that was is " + w.p.when(s.Moment)
	}
	switch {
	case at.After(w.p.now):
		return fmt.Sprintf("%s is to come, and was not evaluated; %s", w.p.when(at), last)
	case s.Off != "":
		return fmt.Sprintf("it was not evaluated for %s: it is %s; %s", w.p.when(due), s.Off, last)
	case due.After(s.Moment):
		return fmt.Sprintf("it was not evaluated for %s; %s", w.p.when(due), last)
	}
	return fmt.Sprintf("no evaluation for %s is known: there was none, or it is no longer kept; %s", w.p.when(due), last)
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
