package main

// This file is what was not evaluated: a list of it, and making up for it.

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tocsin/alertrules"
	"tocsin/diag"
	"tocsin/query"
	"tocsin/store"
)

func newGaps(e *env, o *options) *cobra.Command {
	var output string
	var rows int
	cmd := &cobra.Command{
		Use:   "gaps",
		Short: "List what was not evaluated, evaluate it, or drop it.",
		Long: `A gap is what a rule was not evaluated over, and why: the agent did not run, the
query failed, the rule was disabled, records came late or as history, or were
deleted.
Without a word below it, gaps lists them, oldest first: of a rule over a window
of event time the moments of its schedule from one time until another (of whole
windows: the windows that lie there), of a rule over new a range of __seq__.`,
		Args: cobra.ArbitraryArgs, // a word that is no verb is an error of parent
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return parent(cmd, args)
			}
			return listGaps(cmd.Context(), e, o, output, rows)
		},
	}
	addOutput(cmd, &output)
	cmd.Flags().IntVar(&rows, "rows", 200, rowsHelp+": the newest")
	cmd.AddCommand(newFill(e, o), newDropGaps(e, o))
	return cmd
}

func listGaps(ctx context.Context, e *env, o *options, output string, rows int) error {
	format, err := outputFormat(e, output)
	if err == nil {
		err = checkRows(rows)
	}
	if err != nil {
		return err
	}
	return withProject(ctx, e, o, "tocsin gaps", func(p *project) error {
		gaps, err := p.gaps(ctx)
		if err != nil {
			return err
		}
		r := &query.Result{Columns: []query.Column{
			{Name: "rule"},
			{Name: "from", Type: query.Time},
			{Name: "until", Type: query.Time},
			{Name: "after_seq", Type: query.Integer},
			{Name: "last_seq", Type: query.Integer},
			{Name: "reason"},
		}}
		older := max(0, len(gaps)-rows)
		for _, g := range gaps[older:] {
			row := []any{g.Rule, g.From, g.To, nil, nil, g.Reason}
			if g.FromSeq < g.ToSeq {
				row[3], row[4] = g.FromSeq, g.ToSeq
			}
			r.Rows = append(r.Rows, row)
		}
		if err := writeResult(e, format, r); err != nil {
			return err
		}
		if older > 0 {
			err = note(e, "%s not shown (--rows %d shows all)", count(int64(older), "older gap"), len(gaps))
		}
		return errors.Join(err, p.noteComing(ctx))
	})
}

// noteComing says which history is no gap yet, because its rules were not evaluated
// since it came in.
func (p *project) noteComing(ctx context.Context) error {
	gaps, err := p.engine.Coming(ctx, p.rules.Rules, p.now)
	if err != nil || len(gaps) == 0 {
		return err
	}
	rules := map[string]bool{}
	for _, g := range gaps {
		rules[g.Rule] = true
	}
	of := slices.Sorted(maps.Keys(rules))
	if more := len(of) - shownGaps; more > 0 {
		of = append(of[:shownGaps], fmt.Sprintf("%d more", more))
	}
	return note(p.env, "%s of history %s for the next evaluation of %s (tocsin run): each is a gap then, and tocsin gaps fill evaluates it",
		count(int64(len(gaps)), "range"), map[bool]string{true: "waits", false: "wait"}[len(gaps) == 1], strings.Join(of, ", "))
}

func newFill(e *env, o *options) *cobra.Command {
	var f fillFlags
	cmd := &cobra.Command{
		Use:   "fill [RULE…]",
		Short: "Evaluate gaps at the moments of the schedule: of some rules, or all.",
		Long: `Fill evaluates what was not evaluated, oldest first, at the moments of the
schedule, as if the rule had run then. What it finds is recorded and told once,
as delayed, by the next "tocsin run"; what it finds in gaps of history is
recorded alone, unless that was loaded with --notify or --notify is given here.
No live alert and no counter changes. A fill that is stopped goes on from there.

Exit status: 1 if a gap stays, because a query failed, the rule is quarantined,
gone or disabled, or the records are gone. What nobody will fill is forgotten
with "tocsin gaps drop".`,
		RunE: func(cmd *cobra.Command, args []string) error {
			f.rules = args
			return fillGaps(cmd.Context(), e, o, f)
		},
	}
	cmd.ValidArgsFunction = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return completeRules(e, o)
	}
	cmd.Flags().BoolVar(&f.notify, "notify", false, "mail also what is found in history, as one recap for each rule")
	return cmd
}

// fillFlags are what gaps fill was told.
type fillFlags struct {
	rules  []string // none: all
	notify bool
}

// progressEvery is how often gaps fill says how far it is.
const progressEvery = 10 * time.Second

func fillGaps(ctx context.Context, e *env, o *options, flags fillFlags) error {
	return withProject(ctx, e, o, "tocsin gaps fill", func(p *project) error {
		p.warnProblems()
		release, err := p.alone(ctx, false)
		if err != nil {
			return err
		}
		defer release()
		all, err := p.fillable(ctx)
		if err != nil {
			return err
		}
		gaps := all
		if len(flags.rules) > 0 {
			if gaps, err = p.gapsOf(all, flags.rules); err != nil {
				return err
			}
		}
		if len(gaps) == 0 {
			return errors.Join(note(e, "there are no gaps"), p.noteComing(ctx))
		}
		stays := false
		var told error
		said := e.now()
		err = p.engine.Fill(ctx, p.rules.Rules, gaps, alertrules.FillOptions{
			Now: p.now, Notify: flags.notify,
			Done: func(f alertrules.Filled) {
				stays, said = stays || f.Left != "", e.now()
				done, err := byFlags{note: fmt.Sprintf("%s, %d found", count(int64(f.Evaluations), "evaluation"), f.Found)}.operation(p, "fill")
				done.Subject = gapText(f.Gap)
				told = errors.Join(told, err, p.store.State.Operate(ctx, done), note(e, "%s", filledText(f)))
			},
			Progress: func(f alertrules.Filled) {
				if now := e.now(); now.Sub(said) >= progressEvery {
					said = now
					told = errors.Join(told, note(e, "%s", progressText(f)))
				}
			},
		})
		if err := errors.Join(err, told); err != nil || !stays {
			return err
		}
		return found()
	})
}

func newDropGaps(e *env, o *options) *cobra.Command {
	var f byFlags
	cmd := &cobra.Command{
		Use:   "drop RULE…",
		Short: "Forget the gaps of rules, which stay unevaluated.",
		Long: `Drop forgets all gaps of the rules, at once and without a question: those that
cannot be filled, because the rule is gone or the records are, and those that
nobody wants filled. That they were dropped is recorded with the evaluations of
the rule, and with the operations (__operations__).`,
		Args: arguments(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return dropGaps(cmd.Context(), e, o, f, args)
		},
	}
	cmd.ValidArgsFunction = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return completeRules(e, o)
	}
	addBy(cmd, &f, "reason", "why nobody wants them filled; it is kept")
	return cmd
}

func dropGaps(ctx context.Context, e *env, o *options, f byFlags, rules []string) error {
	return withProject(ctx, e, o, "tocsin gaps drop", func(p *project) error {
		release, err := p.alone(ctx, false)
		if err != nil {
			return err
		}
		defer release()
		all, err := p.store.State.Gaps(ctx)
		if err != nil {
			return err
		}
		gaps, err := p.gapsOf(all, rules)
		if err != nil {
			return err
		}
		if len(gaps) == 0 {
			return note(e, "there are no gaps")
		}
		done, err := f.operation(p, "drop")
		if err != nil {
			return err
		}
		if err := p.store.State.CommitRound(ctx, alertrules.DropGaps(gaps, p.now, done.Note)); err != nil {
			return fmt.Errorf("drop gaps: %w", err)
		}
		var list []store.Operation
		for _, g := range gaps {
			done.Subject = gapText(g)
			list = append(list, done)
			err = errors.Join(err, note(e, "%s: dropped", done.Subject))
		}
		return errors.Join(err, p.store.State.Operate(ctx, list...))
	})
}

// fillable are the gaps that a fill goes through: those that are stored, as they are, and
// those of rules that are quarantined, of which it says that they stay.
func (p *project) fillable(ctx context.Context) ([]alertrules.Gap, error) {
	stored, err := p.store.State.Gaps(ctx)
	if err != nil {
		return nil, err
	}
	missing, err := p.engine.Missing(ctx, p.running().rules, p.env.now())
	return append(stored, missing...), err
}

// gaps are those that are stored, and those of rules that are quarantined, which grow, as
// they are shown.
func (p *project) gaps(ctx context.Context) ([]alertrules.Gap, error) {
	all, err := p.fillable(ctx)
	return alertrules.JoinGaps(all), err
}

// gapsOf are the gaps of the rules that the user named.
func (p *project) gapsOf(all []alertrules.Gap, ids []string) ([]alertrules.Gap, error) {
	var gaps []alertrules.Gap
	for _, id := range ids {
		_, known := p.rules.Rule(id)
		if !known && !slices.ContainsFunc(all, func(g alertrules.Gap) bool { return g.Rule == id }) {
			return nil, p.noRule(id)
		}
	}
	for _, g := range all {
		if slices.Contains(ids, g.Rule) {
			gaps = append(gaps, g)
		}
	}
	return gaps, nil
}

// progressText says how far a gap is filled.
func progressText(f alertrules.Filled) string {
	text := fmt.Sprintf("%s: %s so far, %d found", diag.Line(f.Rule), count(int64(f.Evaluations), "evaluation"), f.Found)
	if !f.UpTo.IsZero() {
		text += fmt.Sprintf(", up to %s of %s", f.UpTo.UTC().Format(time.RFC3339), f.To.UTC().Format(time.RFC3339))
	}
	return text
}

// filledText says what became of a gap.
func filledText(f alertrules.Filled) string {
	text := fmt.Sprintf("%s: %s, %d found", gapText(f.Gap), count(int64(f.Evaluations), "evaluation"), f.Found)
	switch {
	case f.Evaluations == 0 && f.Left == "" && f.Reason == alertrules.GapHistory:
		text = gapText(f.Gap) + ": none of its records is there any more"
	case f.Evaluations == 0 && f.Left == "":
		text = gapText(f.Gap) + ": evaluated with another gap"
	case f.Evaluations == 0:
		text = gapText(f.Gap)
	case f.Found > 0 && f.Told:
		text += ", told by the next run"
	case f.Found > 0:
		text += ", recorded and not mailed (--notify)"
	}
	if f.Partial > 0 {
		text += fmt.Sprintf("; %s hit a bound", count(int64(f.Partial), "evaluation"))
	}
	if f.Left != "" {
		text += "; not filled: " + diag.Line(f.Left)
		if f.Hopeless {
			text += fmt.Sprintf(" (tocsin gaps drop %s forgets it)", diag.Line(f.Rule))
		}
	}
	return text
}
