package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"tocsin/alertrules"
	"tocsin/diag"
)

// toldLetters bounds the dead letters that are looked at.
const toldLetters = 1000

// tellAside tells the operator, once a day for each source, that something of it was
// set aside, and what was the first. It goes by the dead letters of the last day, not
// by what just happened: a process that ended between the two files makes up for it at
// its next start.
func (p *project) tellAside(ctx context.Context, now time.Time) error {
	letters, _, err := p.store.Logs.DeadLetters(ctx, "", toldLetters)
	if err != nil {
		return err
	}
	var notices []alertrules.Notice
	for _, l := range slices.Backward(letters) { // oldest first
		key := "source/set aside/" + l.Source + "/" + l.At.UTC().Format(time.DateOnly)
		if l.Source == "" || now.Sub(l.At) > 24*time.Hour || slices.ContainsFunc(notices, func(n alertrules.Notice) bool { return n.Key == key }) {
			continue
		}
		notices = append(notices, alertrules.Notice{
			Key: key, Since: l.At, Once: true,
			Text: fmt.Sprintf("source %s: what cannot be read was set aside, first of all of %s: %s\ntocsin deadletters shows it; what more there is of today is not mailed.", l.Source, diag.Line(l.Object), diag.Line(l.Reason)),
		})
	}
	if len(notices) == 0 {
		return nil
	}
	return p.store.State.CommitRound(ctx, &alertrules.Round{At: now, Notices: notices})
}
