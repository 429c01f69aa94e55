package main

// This file is how somebody takes an alert on.

import (
	"context"
	"os/user"
	"slices"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"tocsin/alertrules"
	"tocsin/diag"
	"tocsin/store"
)

// byFlags say who does something by hand, and why.
type byFlags struct {
	by   string
	note string
}

// addBy adds --by and the flag of a note to a verb.
func addBy(cmd *cobra.Command, into *byFlags, note, help string) {
	cmd.Flags().StringVar(&into.by, "by", "", "who does it, if it is not the user who is logged in")
	cmd.Flags().StringVar(&into.note, note, "", help)
}

// Bounds on what is kept of who did something and why, in characters.
const (
	maxBy   = 100
	maxNote = 500
)

// operation is what somebody does at the moment of p.
func (f byFlags) operation(p *project, kind string) (store.Operation, error) {
	o := store.Operation{At: p.now, Kind: kind, By: f.by, Note: f.note}
	if o.By == "" {
		o.By = p.env.userName()
	}
	switch {
	case utf8.RuneCountInString(o.By) > maxBy:
		return o, usage("--by has at most %d characters", maxBy)
	case utf8.RuneCountInString(o.Note) > maxNote:
		return o, usage("a note has at most %d characters", maxNote)
	}
	o.By, o.Note = diag.Line(o.By), diag.Line(o.Note)
	return o, nil
}

// userName is the user who is logged in; behind sudo, who called it.
func (e *env) userName() string {
	if e.asked != nil {
		return e.asked.User
	}
	if name := e.getenv("SUDO_USER"); name != "" {
		return name
	}
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	if name := e.getenv("USER"); name != "" {
		return name
	}
	return "somebody"
}

func newAck(e *env, o *options) *cobra.Command {
	var f byFlags
	var undo bool
	cmd := &cobra.Command{
		Use:   "ack ALERT…",
		Short: "Take an alert on, so that it is not repeated.",
		Long: `Ack says that somebody looks after an alert: while it goes on unchanged nobody
is mailed of it again. What is news is told all the same: a severity that rises
above what was taken on, rows that are new, and its end. The next mail, and
"tocsin alerts show", say who has taken it on, with the note.

An alert that begins again is another one, which nobody has taken on.`,
		Args: arguments(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return acknowledge(cmd.Context(), e, o, ackFlags{f, undo}, args)
		},
	}
	addBy(cmd, &f, "note", "what the others should know, such as who is called")
	cmd.Flags().BoolVar(&undo, "undo", false, "nobody has taken it on any more: repeat it again")
	return cmd
}

// ackFlags are the flags of ack.
type ackFlags struct {
	byFlags
	undo bool
}

func acknowledge(ctx context.Context, e *env, o *options, f ackFlags, ids []string) error {
	return withProject(ctx, e, o, "tocsin ack", func(p *project) error {
		var alerts []*alertrules.Alert
		for _, id := range ids { // all must be there before one is taken on
			a, err := p.alert(ctx, id)
			if err != nil {
				return err
			}
			if f.undo && a.Ack == nil {
				return usage("nobody has acknowledged %s", a.ID)
			}
			if !slices.ContainsFunc(alerts, func(b *alertrules.Alert) bool { return b.ID == a.ID }) {
				alerts = append(alerts, a)
			}
		}
		kind := "ack"
		if f.undo {
			kind = "unack"
		}
		done, err := f.operation(p, kind)
		if err != nil {
			return err
		}
		var ack *alertrules.Ack
		if !f.undo {
			ack = &alertrules.Ack{By: done.By, At: done.At, Note: done.Note}
		}
		if err := p.store.State.Acknowledge(ctx, alerts, ack, done); err != nil {
			return err
		}
		for _, a := range alerts {
			if err := note(e, "%s", ackedText(a, f.undo)); err != nil {
				return err
			}
		}
		return nil
	})
}

// ackedText says what taking an alert on changes.
func ackedText(a *alertrules.Alert, undo bool) string {
	text := a.ID + " of " + diag.Line(a.Rule)
	switch {
	case undo && !a.Firing():
		return text + ": nobody has acknowledged it any more; it is over, so that no mail changes"
	case undo && a.Mode == alertrules.Event:
		return text + ": nobody has acknowledged it any more; events are not repeated, so that no mail changes"
	case undo:
		return text + ": nobody has acknowledged it any more; it is repeated again"
	case !a.Firing():
		return text + ": acknowledged; it is over, so that no mail changes"
	case a.Mode == alertrules.Event:
		return text + ": acknowledged; events are not repeated, and what is new is told all the same"
	}
	return text + ": acknowledged; it is not repeated while it goes on unchanged"
}
