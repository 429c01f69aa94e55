package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tocsin/alertrules"
	"tocsin/diag"
	"tocsin/notifier"
	"tocsin/templates"
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
		p, err := readProject(e, o)
		if err != nil || len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp // the verb itself reports it
		}
		return ruleIDs(p.rules), cobra.ShellCompDirectiveNoFileComp
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
	at, err := moment(f.at, p.config.zone)
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

func runPreview(ctx context.Context, e *env, o *options, id string, f previewFlags) error {
	return withProject(ctx, e, o, "tocsin preview", func(p *project) error {
		p.warnProblems()
		rule, ok := p.rules.Rule(id)
		if !ok {
			return usage("there is no rule %s in %s; %s", diag.Line(id), diag.Line(strings.Join(p.config.rules.list, ", ")), didYouMean(id, ruleIDs(p.rules)))
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
		letters, err := p.previewMails(ctx, id, seen, at)
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

// previewMails decides and renders as T2 does at that moment, over what was seen
// alone and without quiet periods, and returns the letters instead of storing
// them.
func (p *project) previewMails(ctx context.Context, id string, seen *alertrules.Preview, at time.Time) ([]notifier.Letter, error) {
	router, err := notifier.NewRouter(withoutQuiet(p.config.notify))
	if err != nil {
		return nil, err
	}
	var letters []notifier.Letter
	book := &previewBook{rule: id, group: notifier.Group{Alerts: seen.Alerts, News: seen.News}}
	n, err := notifier.New(notifier.Options{
		Book: book, Outbox: book, Channel: book,
		Router: func() *notifier.Router { return router },
		Rules: func(id string) (notifier.Rule, bool) {
			r, ok := p.notifierRule(id)
			none := notifier.None
			r.Notify.Quiet = &none
			return r, ok
		},
		Templates: func() *templates.Set { return p.templates },
		Build: func(l notifier.Letter) ([]byte, error) {
			letters = append(letters, l)
			return []byte{}, nil
		},
	})
	if err != nil {
		return nil, err
	}
	_, err = n.Step(ctx, at)
	return letters, err
}

// withoutQuiet returns a configuration in which nothing is held.
func withoutQuiet(c notifier.Config) notifier.Config {
	c.Notify.Quiet = notifier.None
	c.Notify.Routes = append([]notifier.Route{}, c.Notify.Routes...)
	for i := range c.Notify.Routes {
		c.Notify.Routes[i].Quiet = notifier.None
	}
	c.People = maps.Clone(c.People)
	for name, person := range c.People {
		person.Quiet = notifier.None
		c.People[name] = person
	}
	return c
}

// previewBook is a store that holds one group and forgets what it is told.
type previewBook struct {
	rule  string
	group notifier.Group
}

func (b *previewBook) Work(context.Context, time.Time) (*notifier.Work, error) {
	return &notifier.Work{Changed: []notifier.Change{{Rule: b.rule, Round: 1}}}, nil
}

func (b *previewBook) Group(context.Context, string) (*notifier.Group, error) { return &b.group, nil }

func (b *previewBook) Beliefs(context.Context, []notifier.BeliefKey) ([]*notifier.Belief, error) {
	return nil, nil
}
func (b *previewBook) NextMailIDs(context.Context, int) (int64, error)          { return 1, nil }
func (b *previewBook) Commit(context.Context, *notifier.Decided) error          { return nil }
func (b *previewBook) Record(context.Context, *notifier.Delivery) error         { return nil }
func (b *previewBook) Mails(context.Context, []int64) ([]*notifier.Mail, error) { return nil, nil }
func (b *previewBook) Ready(context.Context, time.Time, int) ([]*notifier.Mail, time.Time, error) {
	return nil, time.Time{}, nil
}

// Send is never called: nothing is delivered.
func (b *previewBook) Send(context.Context, notifier.Envelope, func() error) notifier.Outcome {
	return notifier.Outcome{Answer: errors.ErrUnsupported.Error()}
}
func (b *previewBook) Close() error { return nil }
