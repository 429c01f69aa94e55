package main

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tocsin/alertrules"
	"tocsin/diag"
	"tocsin/notifier"
)

func newPreview(e *env, o *options) *cobra.Command {
	var last string
	var f previewFlags
	cmd := &cobra.Command{
		Use:   "preview RULE",
		Short: "Evaluate a rule now, render its mails, send nothing.",
		Long: `Preview evaluates the rule as if it were met for the first time: over its
window, or for a rule over new records over what arrived in the last 24 hours
(--last). With --at it evaluates at that moment: a rule over a window looks back
from there, so that a threshold can be tried on old logs. It prints the mails as
they would be, and says how many. Quiet periods are left out. It remembers
nothing.`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			back, err := alertrules.ParseDuration(last)
			if err != nil || back <= 0 {
				return usage("--last %s: write it as 24h or 7d", diag.Line(last))
			}
			f.last = back
			return runPreview(cmd.Context(), e, o, args[0], f)
		},
	}
	cmd.ValidArgsFunction = func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return completeRules(e, o)
	}
	cmd.Flags().StringVar(&last, "last", "24h", "how far a rule over new records looks back")
	cmd.Flags().StringVar(&f.at, "at", "", "`moment` to evaluate at, such as 2026-11-22T09:00:00+09:00; default: now")
	cmd.Flags().BoolVar(&f.html, "html", false, "print the HTML part instead of the text")
	return cmd
}

type previewFlags struct {
	last time.Duration
	at   string
	html bool
}

// moment is when the rule is evaluated.
func (f previewFlags) moment(p *project) (time.Time, error) {
	at, err := moment(f.at, p.now.In(p.config.zone))
	switch {
	case err != nil:
		return at, usage("--at: %w", err)
	case f.at == "":
		return p.now, nil
	}
	return at, nil
}

// nowhere are the places of a mail that name a command for the alert, which a
// preview does not store.
var nowhere = regexp.MustCompile(` All of them: (<code>)?tocsin query --alert preview-\d+(</code>)?|; the command below shows all`)

// completeRules are the ids of the rules.
func completeRules(e *env, o *options) ([]string, cobra.ShellCompDirective) {
	p, err := readProject(e, o)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp // the verb itself reports it
	}
	return ruleIDs(p.rules), cobra.ShellCompDirectiveNoFileComp
}

// noRule says that no rule has an id.
func (p *project) noRule(id string) error {
	return usage("there is no rule %s in %s; %s", diag.Line(id), diag.Line(strings.Join(p.config.rules.list, ", ")), didYouMean(id, ruleIDs(p.rules)))
}

func runPreview(ctx context.Context, e *env, o *options, id string, f previewFlags) error {
	return withProject(ctx, e, o, "tocsin preview", func(p *project) error {
		p.warnProblems()
		rule, ok := p.rules.Rule(id)
		if !ok {
			return p.noRule(id)
		}
		at, err := f.moment(p)
		if err != nil {
			return err
		}
		seen, err := p.engine.Preview(ctx, rule, at, f.last)
		if err != nil {
			return err
		}
		for _, ev := range seen.Evaluations {
			fmt.Fprintf(e.stderr, "%s: %s: %s\n", id, ev.Outcome, diag.Line(ev.Reason))
		}
		mails := notifier.Preview{
			Config: p.config.notify, Rule: notifierRule(rule), Templates: p.templates, Alerts: seen.Alerts, News: seen.News,
		}
		letters, err := mails.Letters(ctx, at)
		if err != nil {
			return err
		}
		printLetters(e, letters, f.html)
		fmt.Fprintf(e.stderr, "%s would be sent\n", count(int64(len(letters)), "mail"))
		if len(letters) == 0 && len(seen.Alerts) > 0 {
			fmt.Fprintln(e.stderr, "nobody is named: give the rule notify.to, or tocsin.yaml a notify.to")
		}
		return nil
	})
}

// printLetters prints mails as they would be sent.
func printLetters(e *env, letters []notifier.Letter, html bool) {
	for _, l := range letters {
		body := l.Text
		if html {
			body = l.HTML
		}
		fmt.Fprintf(e.stdout, "To: %s\nSubject: %s\n\n%s\n", cell(l.To), cell(l.Subject), nowhere.ReplaceAllString(body, ""))
		for _, a := range l.Attachments {
			fmt.Fprintf(e.stdout, "[attachment %s, %d bytes]\n", a.Name, len(a.Data))
		}
	}
}

func ruleIDs(set *alertrules.Set) []string {
	var ids []string
	for _, r := range set.Rules {
		ids = append(ids, r.ID)
	}
	return ids
}
