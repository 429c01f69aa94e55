package main

// This file shows one alert.

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tocsin/alertrules"
	"tocsin/diag"
	"tocsin/notifier"
	"tocsin/query"
)

func newAlertsShow(e *env, o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "show ALERT",
		Short: "Show one alert: how it stands, its rows, and the mails about it.",
		Long: `Show prints how an alert stands, the rows of its last evaluation (of an event
rule: the newest), and the mails that tell of it. "tocsin query --alert ALERT"
prints all rows, "tocsin why ALERT" says how it came about.`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withProject(cmd.Context(), e, o, "tocsin alerts", func(p *project) error { return p.showAlert(cmd.Context(), args[0]) })
		},
	}
}

// alert is the alert that the user named.
func (p *project) alert(ctx context.Context, id string) (*alertrules.Alert, error) {
	a, err := p.store.State.Alert(ctx, strings.ToUpper(id))
	if err == nil && a == nil {
		return nil, usage("there is no alert %s (tocsin alerts)", diag.Line(id))
	}
	return a, err
}

// shownAlertRows bounds the rows of one alert on the screen.
const shownAlertRows = 20

func (p *project) showAlert(ctx context.Context, id string) error {
	a, err := p.alert(ctx, id)
	if err != nil {
		return err
	}
	p.line("alert", a.ID+", "+shownSeverity(a).String()+", "+alertState(a))
	p.line("rule", p.ruleText(a.Rule))
	p.line("of", labelText(a))
	p.line("since", p.when(a.Since))
	if !a.Firing() {
		p.line("until", p.when(a.Ended))
	}
	p.line("last hit", p.when(a.LastHit))
	if a.Ack != nil {
		p.line("acknowledged", p.ackLine(a))
	}
	for _, name := range slices.Sorted(maps.Keys(a.Annotations)) {
		p.line(name, a.Annotations[name])
	}
	p.line("runbook", a.Runbook)
	if a.Partial != "" {
		p.line("not complete", a.Partial)
	}
	if err := p.showRows(ctx, a); err != nil {
		return err
	}
	return p.showMails(ctx, a)
}

// ackLine says who has taken an alert on.
func (p *project) ackLine(a *alertrules.Alert) string {
	text := "by " + a.Ack.By + " at " + p.when(a.Ack.At)
	if a.Ack.Note != "" {
		text += ": " + a.Ack.Note
	}
	if a.Firing() && !a.Acked() {
		text += fmt.Sprintf(" (as %s; it is %s now, and is repeated)", a.Ack.Severity, a.MaxSeverity)
	}
	return text
}

// line prints a name and a value, unless there is none.
func (p *project) line(name, value string) {
	if value != "" {
		fmt.Fprintf(p.env.stdout, "%s: %s\n", cell(name), cell(value))
	}
}

// when prints a moment in the zone of the configuration.
func (p *project) when(t time.Time) string { return t.In(p.config.zone).Format(time.RFC3339) }

// ruleText names a rule.
func (p *project) ruleText(id string) string {
	r, ok := p.rules.Rule(id)
	switch {
	case !ok:
		return id + " (it is not there any more)"
	case r.Name != id:
		return id + ", " + r.Name
	}
	return id
}

// showRows prints rows of an alert as a table.
func (p *project) showRows(ctx context.Context, a *alertrules.Alert) error {
	columns, rows := a.Columns, a.Rows
	if a.Mode == alertrules.Event {
		news, err := p.store.State.News(ctx, a.ID)
		if err != nil {
			return err
		}
		rows = nil
		for _, n := range slices.Backward(news) {
			if len(rows) < shownAlertRows && slices.Equal(n.Columns, columns) {
				rows = append(rows, n.Rows...)
			}
		}
	}
	shown := rows[:min(len(rows), shownAlertRows)]
	text := fmt.Sprint(a.RowsAll)
	if len(shown) < a.RowsAll {
		text += fmt.Sprintf(", of which %d (tocsin query --alert %s shows all)", len(shown), a.ID)
	}
	p.line("rows", text)
	r := &query.Result{}
	for _, c := range columns {
		r.Columns = append(r.Columns, query.Column{Name: c.Name})
	}
	for _, row := range shown {
		r.Rows = append(r.Rows, row.Cells)
	}
	if len(shown) == 0 {
		return nil
	}
	return writeTable(p.env, r)
}

// showMails prints what recipients were sent, and what is held back.
func (p *project) showMails(ctx context.Context, a *alertrules.Alert) error {
	mails, err := p.store.State.MailsOf(ctx, a.ID)
	if err != nil {
		return err
	}
	for _, m := range mails {
		p.line("mail", p.mailLine(m))
	}
	group, err := p.store.State.Group(ctx, a.Rule)
	if err != nil || !slices.ContainsFunc(group.Alerts, func(b *alertrules.Alert) bool { return b.ID == a.ID }) {
		return err // everybody was told all of it: what is held is another alert's
	}
	held, err := p.store.State.Held(ctx)
	for _, b := range held {
		if b.Group == a.Rule {
			p.line("held", b.Recipient+": "+heldText(b))
		}
	}
	return err
}

// mailLine is a row of the outbox in one line.
func (p *project) mailLine(m *notifier.Mail) string {
	text := fmt.Sprintf("%d, %s to %s: %s", m.ID, m.Kind, m.Recipient, m.State)
	if !m.Ended.IsZero() {
		text += " at " + p.when(m.Ended)
	}
	if m.Answer != "" {
		text += ", " + m.Answer
	}
	return text
}
