package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

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
and its process is named first.

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
	}
	for _, part := range []func(context.Context) error{p.statusRecords, p.statusSources, p.statusRules, p.statusAlerts, p.statusMail} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	causes, err := p.store.State.Causes(ctx)
	if err != nil {
		return err
	}
	for _, c := range causes {
		fmt.Fprintf(p.env.stdout, "%s since %s: %s\n", p.env.color("31", "wrong"), c.Since.UTC().Format(time.RFC3339), diag.Line(c.Text))
	}
	if len(causes) > 0 || len(p.problems) > 0 || p.degraded {
		return found()
	}
	return nil
}

func (p *project) statusRecords(ctx context.Context) error {
	out := p.env.stdout
	fmt.Fprintf(out, "data: %s\n", diag.Line(p.dir))
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

func (p *project) statusRules(ctx context.Context) error {
	out := p.env.stdout
	states, err := p.store.State.RuleStates(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "rules: %d\n", len(p.rules.Rules))
	for _, r := range p.rules.Rules {
		s := states[r.ID]
		switch {
		case !r.Enabled:
			fmt.Fprintf(out, "  %s: disabled\n", r.ID)
		case s != nil && s.Danger.Quarantined(r.Hash):
			fmt.Fprintf(out, "  %s: %s since %s: %s (tocsin rules release %[1]s)\n", r.ID, p.env.color("31", "quarantined"), s.Danger.Since.UTC().Format(time.RFC3339), s.Danger.Reason)
		case s != nil && s.Danger.Suspected(r.Hash):
			fmt.Fprintf(out, "  %s: the agent ended while its query ran; it runs alone until that went well\n", r.ID)
		case s == nil || s.Moment.IsZero():
			fmt.Fprintf(out, "  %s: not evaluated yet\n", r.ID)
		case s.Error != "":
			fmt.Fprintf(out, "  %s: %s since %s: %s\n", r.ID, p.env.color("31", "error"), s.ErrorSince.UTC().Format(time.RFC3339), diag.Line(s.Error))
		case s.Outcome == "":
			fmt.Fprintf(out, "  %s: no window was over yet at %s\n", r.ID, s.Moment.UTC().Format(time.RFC3339))
		default:
			why, err := p.cutBy(ctx, s)
			if err != nil {
				return err
			}
			fmt.Fprintf(out, "  %s: %s at %s%s\n", r.ID, s.Outcome, s.Moment.UTC().Format(time.RFC3339), why)
		}
	}
	if len(p.problems) > 0 {
		fmt.Fprintf(out, "%s: files with mistakes; what was good of them before is used (tocsin check)\n", p.env.color("31", "wrong"))
	}
	if err := errors.Join(p.statusGaps(ctx), p.statusHistory(ctx)); err != nil {
		return err
	}
	return p.sayBefore(ctx, false)
}

// cutBy says how many rows the last evaluation of a rule had at least, and which bound
// cut them; "" where it had all.
func (p *project) cutBy(ctx context.Context, s *alertrules.RuleState) (string, error) {
	if s.Outcome != alertrules.Partial {
		return "", nil
	}
	last, err := p.store.State.Evaluations(ctx, s.Rule, s.Moment, s.Moment, 1)
	if err != nil || len(last) == 0 {
		return "", err
	}
	return ": " + diag.Line(last[0].Reason), nil
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

func (p *project) statusAlerts(ctx context.Context) error {
	const shown = 50
	alerts, err := p.store.State.FindAlerts(ctx, store.AlertFilter{Firing: true, Limit: shown + 1})
	if err != nil {
		return err
	}
	for _, a := range alerts[:min(len(alerts), shown)] {
		fmt.Fprintf(p.env.stdout, "firing: %s %s %s since %s\n", a.ID, shownSeverity(a), a.Rule, a.Since.UTC().Format(time.RFC3339))
	}
	if len(alerts) > shown {
		fmt.Fprintln(p.env.stdout, "firing: more (tocsin alerts --firing)")
	}
	return nil
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
	return p.statusHeld(ctx)
}

// statusHeld shows what is decided and waits: quiet periods and repeats.
func (p *project) statusHeld(ctx context.Context) error {
	held, err := p.store.State.Held(ctx)
	for _, b := range held {
		fmt.Fprintf(p.env.stdout, "held: %s for %s: %s\n", diag.Line(b.Group), diag.Line(b.Recipient), heldText(b))
	}
	return err
}

// heldText says why something is held, without saying again that it is.
func heldText(b *notifier.Belief) string {
	return strings.TrimLeft(strings.TrimPrefix(diag.Line(b.Reason), "held"), ": ")
}
