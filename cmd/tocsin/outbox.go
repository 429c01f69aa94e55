package main

// This file is the outbox: what waits, what was refused, and doing something about
// it.

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"tocsin/diag"
	"tocsin/notifier"
	"tocsin/query"
	"tocsin/store"
)

func newOutbox(e *env, o *options) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "outbox",
		Short: "List the mails that wait or were refused, show one, try it again, or drop it.",
		Args:  cobra.ArbitraryArgs,
		RunE:  parent,
	}
	var f outboxFlags
	list := &cobra.Command{
		Use:   "list",
		Short: "List mails, newest first: those that wait, and those that were refused for good.",
		Args:  arguments(cobra.NoArgs),
		RunE:  func(cmd *cobra.Command, _ []string) error { return listOutbox(cmd.Context(), e, o, f) },
	}
	addOutput(list, &f.output)
	list.Flags().IntVar(&f.rows, "rows", 1000, rowsHelp)
	list.Flags().StringVar(&f.state, "state", "", "only those in this `state`: waiting, sent, parked, replaced, dropped, or all")
	complete(list, "state", cobra.FixedCompletions(mailStates, cobra.ShellCompDirectiveNoFileComp))
	var raw bool
	show := &cobra.Command{
		Use:   "show NUMBER",
		Short: "Show one: what became of it, and its text.",
		Args:  arguments(cobra.ExactArgs(1)),
		RunE:  func(cmd *cobra.Command, args []string) error { return showOutbox(cmd.Context(), e, o, args[0], raw) },
	}
	show.Flags().BoolVar(&raw, "raw", false, "print the bytes that are sent, and nothing else")
	cmd.AddCommand(list, show, newOutboxRetry(e, o), newOutboxDrop(e, o))
	return cmd
}

// outboxFlags are the flags of outbox list.
type outboxFlags struct {
	output, state string
	rows          int
}

// mailStates are the values of --state.
var mailStates = []string{"waiting", "sent", "parked", "replaced", "dropped", "all"}

// states are those that --state names.
func (f outboxFlags) states() ([]notifier.MailState, error) {
	switch {
	case f.state == "":
		return []notifier.MailState{notifier.Waiting, notifier.Parked}, nil
	case !slices.Contains(mailStates, f.state):
		return nil, usage("--state %s: %s", diag.Line(f.state), didYouMean(f.state, mailStates))
	case f.state == "all":
		return []notifier.MailState{""}, nil
	}
	return []notifier.MailState{notifier.MailState(f.state)}, nil
}

func listOutbox(ctx context.Context, e *env, o *options, f outboxFlags) error {
	format, err := outputFormat(e, f.output)
	if err != nil {
		return err
	}
	states, unknown := f.states()
	if err := errors.Join(checkRows(f.rows), unknown); err != nil {
		return err
	}
	return withProject(ctx, e, o, "tocsin outbox", func(p *project) error {
		var mails []*notifier.Mail
		for _, s := range states {
			some, err := p.store.State.Newest(ctx, s, f.rows+1)
			if err != nil {
				return err
			}
			mails = append(mails, some...)
		}
		slices.SortFunc(mails, func(a, b *notifier.Mail) int { return cmp.Compare(b.ID, a.ID) })
		if len(mails) == 0 && f.state == "" && format == "table" {
			return note(e, "no mail waits or was refused (tocsin outbox list --state all)")
		}
		more := len(mails) > f.rows
		if err := writeResult(e, format, mailRows(mails[:min(len(mails), f.rows)])); err != nil || !more {
			return err
		}
		return note(e, "there are more; --rows shows them")
	})
}

func mailRows(mails []*notifier.Mail) *query.Result {
	r := &query.Result{Columns: []query.Column{
		{Name: "number", Type: query.Integer},
		{Name: "state"},
		{Name: "kind"},
		{Name: "recipient"},
		{Name: "written", Type: query.Time},
		{Name: "tries", Type: query.Integer},
		{Name: "next", Type: query.Time},
		{Name: "answer"},
		{Name: "subject"},
	}}
	for _, m := range mails {
		var next any
		if m.State == notifier.Waiting && !m.Next.IsZero() {
			next = m.Next
		}
		r.Rows = append(r.Rows, []any{m.ID, string(m.State), string(m.Kind), m.Recipient, m.Written, int64(m.Tries), next, m.Answer, m.Subject})
	}
	return r
}

// mail reads the mail that the user named, with its bytes.
func (p *project) mail(ctx context.Context, number string) (*notifier.Mail, error) {
	id, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return nil, usage("%q is no number of a mail (tocsin outbox list)", diag.Line(number))
	}
	mails, err := p.store.State.Mails(ctx, []int64{id})
	if err == nil && len(mails) == 0 {
		return nil, usage("there is no mail %d (tocsin outbox list --state all)", id)
	}
	if err != nil {
		return nil, err
	}
	return mails[0], nil
}

func showOutbox(ctx context.Context, e *env, o *options, number string, raw bool) error {
	return withProject(ctx, e, o, "tocsin outbox", func(p *project) error {
		m, err := p.mail(ctx, number)
		switch {
		case err != nil:
			return err
		case raw && e.terminal:
			_, err = fmt.Fprintln(e.stdout, cleanLines(string(m.Bytes)))
			return err
		case raw:
			_, err = e.stdout.Write(m.Bytes)
			return err
		}
		p.line("mail", p.mailLine(m))
		p.line("subject", m.Subject)
		p.line("written", p.when(m.Written))
		for _, id := range m.Alerts {
			p.line("alert", id)
		}
		if m.State == notifier.Waiting {
			p.line("next attempt", p.when(m.Next))
		}
		if m.Marked {
			p.line("answer", "lost: it may have been delivered, and goes out again byte for byte")
		}
		if err := p.showOperations(ctx, m.ID); err != nil {
			return err
		}
		if len(m.Bytes) == 0 {
			return note(e, "its text is not kept: a later mail tells what it told")
		}
		_, text, err := mailText(bytes.NewReader(m.Bytes))
		if err != nil {
			return fmt.Errorf("read mail %d: %w", m.ID, err)
		}
		_, err = fmt.Fprintf(e.stdout, "\n%s\n", cleanLines(text))
		return err
	})
}

// showOperations prints what somebody did to a mail by hand.
func (p *project) showOperations(ctx context.Context, mail int64) error {
	list, err := p.store.State.Operations(ctx, mailSubject(mail))
	for _, o := range list {
		p.line("by hand", p.operationText(o))
	}
	return err
}

// mailSubject is what operations on a mail are about.
func mailSubject(id int64) string { return fmt.Sprintf("mail %d", id) }

// operationText says what somebody did by hand.
func (p *project) operationText(o store.Operation) string {
	text := fmt.Sprintf("%s by %s at %s", o.Kind, o.By, p.when(o.At))
	if o.Note != "" {
		text += ": " + o.Note
	}
	return text
}

func newOutboxRetry(e *env, o *options) *cobra.Command {
	var f byFlags
	cmd := &cobra.Command{
		Use:   "retry NUMBER…",
		Short: "Try mails again at the next delivery, also those that were refused for good.",
		Long: `Retry has mails attempted by the next "tocsin run", without waiting for their
turn. One that is older than a quarter of an hour is written anew, as it stands
then.`,
		Args: arguments(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return (&byHand{e, o, f, "retry"}).run(cmd.Context(), args)
		},
	}
	addBy(cmd, &f, "note", "why")
	return cmd
}

func newOutboxDrop(e *env, o *options) *cobra.Command {
	var f byFlags
	cmd := &cobra.Command{
		Use:   "drop NUMBER…",
		Short: "Give mails up that wait or were refused.",
		Long: `Drop ends mails without sending them, with a reason that is kept. What they tell
counts as told: events for good, alerts that go on until there is news of them.
Nobody hears the end of an alert whose begin was dropped.`,
		Args: arguments(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.note == "" {
				return usage("give the reason: --reason 'ben has left'")
			}
			return (&byHand{e, o, f, "drop"}).run(cmd.Context(), args)
		},
	}
	addBy(cmd, &f, "reason", "why nobody gets them; it is kept")
	return cmd
}

// byHand is what somebody does to mails.
type byHand struct {
	e    *env
	o    *options
	f    byFlags
	kind string // retry or drop
}

func (h *byHand) run(ctx context.Context, numbers []string) error {
	return withProject(ctx, h.e, h.o, "tocsin outbox", func(p *project) error {
		done, err := h.f.operation(p, h.kind)
		if err != nil {
			return err
		}
		var mails []*notifier.Mail
		for _, number := range numbers { // all must be there before one is touched
			m, err := p.mail(ctx, number)
			if err != nil {
				return err
			}
			if m.State != notifier.Waiting && m.State != notifier.Parked {
				return wrong(&notifier.StateError{Mail: m.ID, State: m.State})
			}
			if !slices.ContainsFunc(mails, func(o *notifier.Mail) bool { return o.ID == m.ID }) {
				mails = append(mails, m)
			}
		}
		for _, m := range mails {
			if err := h.one(ctx, p, m, why(done)); err != nil {
				return err
			}
			done.Subject = mailSubject(m.ID)
			if err := p.store.State.Operate(ctx, done); err != nil {
				return err
			}
		}
		return nil
	})
}

// why is what the history of decisions says of something that was done by hand.
func why(o store.Operation) string {
	text := map[string]string{"retry": "tried again by hand", "drop": "dropped"}[o.Kind] + " by " + o.By
	if o.Note != "" {
		text += ": " + o.Note
	}
	return text
}

// one does it to one mail.
func (h *byHand) one(ctx context.Context, p *project, m *notifier.Mail, why string) error {
	defer p.steady()()
	if h.kind == "drop" {
		if err := p.notifier.Drop(ctx, m.ID, p.now, why); err != nil {
			return err
		}
		return note(h.e, "mail %d to %s dropped", m.ID, diag.Line(m.Recipient))
	}
	if err := p.notifier.Retry(ctx, m.ID, p.now, why); err != nil {
		return err
	}
	return note(h.e, "mail %d to %s: the next tocsin run tries it again", m.ID, diag.Line(m.Recipient))
}

// stageOf says where the last attempt to deliver a mail ended, and then; nothing where
// the answer to the mail itself is the answer.
func stageOf(m *notifier.Mail, then string) string {
	if m.Stage == "" || m.Stage == "answer" {
		return ""
	}
	return diag.Line(m.Stage) + then
}
