package main

// This file is the rules that are not trusted: noting which are at work, finding what
// a process left that crashed, and releasing by hand.

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"tocsin/alertrules"
	"tocsin/diag"
	"tocsin/query"
	"tocsin/store"
)

// atWork is alertrules.Engine.AtWork.
func (p *project) atWork(rule string) (done func()) {
	if p.marker == nil {
		return func() {}
	}
	return p.marker.Begin(rule)
}

// unruly is how a query that is no rule's is noted at work: with it, what else is at
// work when the process ends is not found alone.
const unruly = "a query of a user"

// adHoc is how a query that is no rule's is asked, for at most a time.
func (p *project) adHoc(limit time.Duration) alertrules.QueryFunc {
	return within(limit, func(ctx context.Context, plan *query.Plan, w query.Window) (*query.Result, error) {
		defer p.atWork(unruly)()
		return p.store.Logs.Query(ctx, plan, w)
	})
}

// mark looks which rules were at work when the process before ended, and begins to
// note those of this one.
func (p *project) mark(ctx context.Context) error {
	marker, wreck, err := p.store.OpenMarker(p.now)
	if err != nil {
		return err
	}
	p.marker = marker
	if len(wreck.Rules) > 0 {
		round, suspects, err := p.engine.Found(ctx, p.rules, wreck, p.now)
		if err != nil {
			return err
		}
		log := p.env.logger()
		log.Warn("the process before ended while rules were at work", "rules", wreck.Rules, "alone from now on", suspects)
		for _, n := range round.Notices {
			log.Warn("operator", "text", n.Text)
		}
	}
	return marker.Clear()
}

func newRules(e *env, o *options) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rules",
		Short: "Release rules that are quarantined.",
		Long: `A rule is quarantined when its query cannot be stopped, or when the agent ended
twice while it ran: it is not evaluated any more, and the operator is told. That
ends when its text changes, or with "tocsin rules release".`,
		Args: cobra.ArbitraryArgs, // a word that is no verb is an error of parent
		RunE: parent,
	}
	cmd.AddCommand(newRelease(e, o))
	return cmd
}

func newRelease(e *env, o *options) *cobra.Command {
	var f byFlags
	cmd := &cobra.Command{
		Use:   "release RULE…",
		Short: "Evaluate rules again that are quarantined.",
		Long: `Release has rules evaluated again that are quarantined, from now on. What they
missed is a gap, which "tocsin gaps fill" evaluates. That they were released is
recorded with the operations (__operations__).`,
		Args: arguments(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error { return releaseRules(cmd.Context(), e, o, f, args) },
	}
	cmd.ValidArgsFunction = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return completeRules(e, o)
	}
	addBy(cmd, &f, "note", "why it can be trusted again; it is kept")
	return cmd
}

func releaseRules(ctx context.Context, e *env, o *options, f byFlags, ids []string) error {
	return withProject(ctx, e, o, "tocsin rules", func(p *project) error {
		defer p.steady()()
		states, err := p.store.State.RuleStates(ctx)
		if err != nil {
			return err
		}
		for _, id := range ids { // all must be quarantined before one is released
			rule, known := p.rules.Rule(id)
			switch {
			case !known:
				return p.noRule(id)
			case states[id] == nil || !states[id].Danger.Quarantined(rule.Hash):
				return usage("%s is not quarantined", diag.Line(id))
			}
		}
		done, err := f.operation(p, "release")
		if err != nil {
			return err
		}
		by := "released by " + done.By
		if done.Note != "" {
			by += " (" + done.Note + ")"
		}
		if _, err := p.engine.Release(ctx, p.rules, ids, p.now, by); err != nil {
			return fmt.Errorf("release rules: %w", err)
		}
		var list []store.Operation
		for _, id := range ids {
			done.Subject = id
			list = append(list, done)
			if err := note(e, "%s: evaluated again from now on; tocsin gaps fill %[1]s looks at what it missed", diag.Line(id)); err != nil {
				return err
			}
		}
		return p.store.State.Operate(ctx, list...)
	})
}
