package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tocsin/agent"
	"tocsin/alertrules"
	"tocsin/diag"
	"tocsin/notifier"
	"tocsin/store"
)

func newStatus(e *env, o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Show how it is: records, rules, alerts, mails, and what is wrong.",
		Long: `Status reads the data directory. While "tocsin run" has it, the agent answers,
and its process is named first; without one that is said first.

Exit status: 0 well, 1 degraded, 3 it could not look.`,
		Args: arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return runStatus(cmd.Context(), e, o) },
	}
}

func runStatus(ctx context.Context, e *env, o *options) error {
	err := withProject(ctx, e, o, "tocsin status", func(p *project) error { return p.status(ctx) })
	var l *store.LockedError
	if errors.As(err, &l) {
		if l.Command != runCommand { // one that begins, or ends, does not answer
			return err
		}
		fmt.Fprintf(e.stdout, "agent: %s, pid %d, has %s\n", diag.Line(l.Command), l.PID, diag.Line(l.Dir))
		return nil
	}
	return err
}

func (p *project) status(ctx context.Context) error {
	if p.env.host != nil {
		fmt.Fprintf(p.env.stdout, "agent: %s, pid %d\n", runCommand, os.Getpid())
	} else {
		fmt.Fprintf(p.env.stdout, "agent: not running (%s)\n", runCommand)
	}
	for _, part := range []func(context.Context) error{
		p.statusDisk, p.statusRecords, p.statusSources, p.statusRules(true), p.statusMissed, p.statusAlerts(shownFiring), p.statusMail, p.statusHeld, p.statusWrong,
	} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	if p.degraded {
		return found()
	}
	return nil
}

// statusWrong lists what is wrong: files, and what the operator was told.
func (p *project) statusWrong(ctx context.Context) error {
	if len(p.problems) > 0 {
		p.degraded = true
		fmt.Fprintf(p.env.stdout, "%s: files with mistakes; what was good of them before is used (tocsin check)\n", p.env.color("31", "wrong"))
	}
	causes, err := p.store.State.Causes(ctx)
	for _, c := range causes {
		p.degraded = true
		fmt.Fprintf(p.env.stdout, "%s since %s: %s\n", p.env.color("31", "wrong"), c.Since.UTC().Format(time.RFC3339), sentences(c.Text))
	}
	return err
}

// statusDisk says where the data are, and what of the work does not go on: for want of
// room there, or because it cannot be stored.
func (p *project) statusDisk(ctx context.Context) error {
	fmt.Fprintf(p.env.stdout, "data: %s\n", diag.Line(p.dir))
	room, err := p.room()
	if err != nil {
		fmt.Fprintf(p.env.stdout, "disk: how much is free is not known: %s\n", diag.Line(err.Error()))
	}
	causes, err := p.causes(ctx)
	if err != nil {
		return err
	}
	lacks := p.config.reserve.Pauses(room, causes)
	var stuck []agent.Stuck
	if h := cmp.Or(p.env.host, p.host); h != nil && h.agent.Load() != nil {
		stuck = h.agent.Load().Stuck()
		if lacks != "" {
			lacks += "; " + agent.GoesOn(stuck)
		}
	}
	if lacks != "" {
		p.degraded = true
		fmt.Fprintf(p.env.stdout, "%s: %s\n", p.env.color("31", "disk"), lacks)
	}
	for _, s := range stuck {
		p.degraded = true
		fmt.Fprintf(p.env.stdout, "%s since %s: %s do not go on: %s\n", p.env.color("31", "wrong"), s.Since.UTC().Format(time.RFC3339), s.Loop, diag.Line(s.Err.Error()))
	}
	return nil
}

func (p *project) statusRecords(ctx context.Context) error {
	out := p.env.stdout
	for _, name := range p.schema.Logstores() {
		r, err := p.store.Logs.Range(ctx, name)
		if err != nil {
			return err
		}
		if r.Records > 0 {
			fmt.Fprintf(out, "%s: %s, %s to %s%s\n", name, count(r.Records, "record"), r.Oldest.Format(time.RFC3339), r.Newest.Format(time.RFC3339), p.kept(name))
		}
	}
	_, letters, err := p.store.Logs.DeadLetters(ctx, "", 1)
	if err == nil && letters > 0 {
		fmt.Fprintf(out, "dead letters: %d (tocsin deadletters list)\n", letters)
	}
	return err
}

// statusRules lists the rules; without all, only those of which something is to be
// said.
func (p *project) statusRules(all bool) func(context.Context) error {
	return func(ctx context.Context) error {
		states, err := p.store.State.RuleStates(ctx)
		if err != nil {
			return err
		}
		fmt.Fprintf(p.env.stdout, "rules: %d\n", len(p.rules.Rules))
		for _, r := range p.rules.Rules {
			if text, well := p.ruleStatus(r, states[r.ID]); all || !well {
				fmt.Fprintf(p.env.stdout, "  %s: %s\n", r.ID, text)
			}
		}
		return nil
	}
}

// ruleStatus says how a rule is, by what is remembered of it, and whether that is well.
func (p *project) ruleStatus(r *alertrules.Rule, s *alertrules.RuleState) (text string, well bool) {
	at := func(t time.Time) string { return t.UTC().Format(time.RFC3339) }
	switch {
	case !r.Enabled:
		return "disabled", true
	case s != nil && s.Danger.Quarantined(r.Hash):
		return fmt.Sprintf("%s since %s: %s (tocsin rules release %s)", p.env.color("31", "quarantined"), at(s.Danger.Since), s.Danger.Reason, r.ID), false
	case s != nil && s.Danger.Suspected(r.Hash):
		return "the agent ended while its query ran; it runs alone until that went well", false
	case s == nil || s.Moment.IsZero():
		return "not evaluated yet", true
	case s.Error != "":
		return fmt.Sprintf("%s since %s: %s", p.env.color("31", "error"), at(s.ErrorSince), diag.Line(s.Error)), false
	case s.Outcome == alertrules.Failed: // no query of it did
		return "not evaluated since it was quarantined", true
	case s.Outcome == "":
		return "no window was over yet at " + at(s.Moment), true
	}
	looked := cmp.Or(s.Looked, s.Moment)
	text = fmt.Sprintf("%s at %s", s.Outcome, at(looked))
	if s.Outcome == alertrules.Partial && s.Bound != "" {
		if s.BoundSince.Before(looked) {
			text += " and since " + at(s.BoundSince)
		}
		text += ": " + diag.Line(s.Bound)
	}
	if s.Moment.After(looked) {
		text += fmt.Sprintf("; that took so long that its moments until %s were skipped", at(s.Moment))
	}
	return text, s.Outcome != alertrules.Partial
}

// statusMissed shows what rules did not look at, or did not tell.
func (p *project) statusMissed(ctx context.Context) error {
	return errors.Join(p.statusGaps(ctx), p.statusHistory(ctx), p.sayBefore(ctx, p.now.Add(-ruleIsNew)))
}

// shownGaps bounds the gaps that status lists.
const shownGaps = 10

// statusGaps lists what was not evaluated, newest last.
func (p *project) statusGaps(ctx context.Context) error {
	gaps, err := p.gaps(ctx)
	if more := len(gaps) - shownGaps; more > 0 {
		fmt.Fprintf(p.env.stdout, "gaps: %d older ones (tocsin gaps)\n", more)
		gaps = gaps[more:]
	}
	for _, g := range gaps {
		fmt.Fprintf(p.env.stdout, "gap: %s\n", gapText(g))
	}
	return err
}

// statusHistory says what rules found in history and did not mail (T29).
func (p *project) statusHistory(ctx context.Context) error {
	found, err := p.store.State.SilentHistory(ctx)
	for _, id := range slices.Sorted(maps.Keys(found)) {
		way := "tocsin load --notify with the same files mails that"
		if _, known := p.rules.Rule(id); !known {
			way = "the rule is gone"
		}
		fmt.Fprintf(p.env.stdout, "history: %s found %s that it did not mail (%s)\n", diag.Line(id), foundText(found[id]), way)
	}
	return err
}

// gapText says what was not evaluated, and why.
func gapText(g alertrules.Gap) string {
	return fmt.Sprintf("%s was not evaluated from %s to %s: %s", diag.Line(g.Rule), g.From.UTC().Format(time.RFC3339), g.To.UTC().Format(time.RFC3339), diag.Line(g.Reason))
}

// shownFiring bounds the alerts that status lists.
const shownFiring = 50

// statusAlerts lists alerts that go on, at most so many, and says how many more there
// are.
func (p *project) statusAlerts(shown int) func(context.Context) error {
	return func(ctx context.Context) error {
		alerts, err := p.store.State.FindAlerts(ctx, store.AlertFilter{Firing: true, Limit: shown})
		if err != nil {
			return err
		}
		for _, a := range alerts {
			fmt.Fprintf(p.env.stdout, "firing: %s %s %s since %s\n", a.ID, shownSeverity(a), a.Rule, a.Since.UTC().Format(time.RFC3339))
		}
		depth, err := p.store.State.Depth(ctx)
		if more := depth.GoOn() - int64(len(alerts)); err == nil && more > 0 {
			fmt.Fprintf(p.env.stdout, "firing: %d more (tocsin alerts --firing)\n", more)
		}
		return err
	}
}

// shownSeverity is the severity of an alert as a list shows it: of an event
// alert, whose pieces have their own, the worst.
func shownSeverity(a *alertrules.Alert) alertrules.Severity {
	if a.Mode == alertrules.Event {
		return a.MaxSeverity
	}
	return a.Severity
}

// statusMail shows where mails go, what waits, and the server's last answer.
func (p *project) statusMail(ctx context.Context) error {
	to := p.mailTo()
	if p.config.mail.Server == "" {
		to = p.env.color("33", to)
	}
	fmt.Fprintf(p.env.stdout, "mail: %s\n", to)
	mails, err := p.store.State.Newest(ctx, "", 10_000)
	if err != nil {
		return err
	}
	byState := map[notifier.MailState]int{}
	var last *notifier.Mail
	for _, m := range mails {
		byState[m.State]++
		if m.Tries > 0 && (last == nil || m.Tried.After(last.Tried)) {
			last = m
		}
	}
	fmt.Fprintf(p.env.stdout, "outbox: %d sent, %d waiting, %d refused for good\n", byState[notifier.Accepted], byState[notifier.Waiting], byState[notifier.Parked])
	if last != nil {
		answer := diag.Line(last.Answer)
		if last.State == notifier.Waiting {
			p.degraded = true
			answer = p.env.color("31", "not delivered") + ": " + answer
		}
		fmt.Fprintf(p.env.stdout, "last answer: %s (%sat %s, mail %d to %s)\n", answer, stageOf(last, " "), last.Tried.UTC().Format(time.RFC3339), last.ID, diag.Line(last.Recipient))
	}
	return nil
}

// statusHeld shows what is decided and waits: quiet periods and repeats. That may be
// longer than what is told goes on.
func (p *project) statusHeld(ctx context.Context) error {
	held, err := p.store.State.Held(ctx)
	if err != nil || len(held) == 0 {
		return err
	}
	states, err := p.store.State.RuleStates(ctx)
	if err != nil {
		return err
	}
	for _, b := range held {
		_, known := p.rules.Rule(b.Group)
		fmt.Fprintf(p.env.stdout, "held: %s for %s: %s\n", diag.Line(b.Group), diag.Line(b.Recipient), heldText(b)+heldOver(known, states[b.Group]))
	}
	return nil
}

// heldText says why something is held, without saying again that it is.
func heldText(b *notifier.Belief) string {
	return strings.TrimLeft(strings.TrimPrefix(diag.Line(b.Reason), "held"), ": ")
}

// heldOver says that what is told when something is held no longer is over already; s is
// the state of the rule, nil where there is none, known that the rule is there still.
func heldOver(known bool, s *alertrules.RuleState) string {
	switch {
	case !known:
		return " (the rule is gone, which is told then)"
	case s == nil || s.Live == 0:
		return " (what it tells of is over, which is told then)"
	}
	return ""
}
