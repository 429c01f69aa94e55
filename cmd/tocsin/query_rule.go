package main

// This file asks once more what a rule asked: the rows of an alert, and what an
// evaluation saw, with the text and the exceptions of that time.

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"tocsin/alertrules"
	"tocsin/diag"
	"tocsin/query"
)

// An evaluated is an evaluation of a rule: its text as it was then, and what it looked at.
type evaluated struct {
	rule   *alertrules.Rule
	at     time.Time
	window query.Window
}

// ruleThen returns a rule as it was at a moment; hash is Rule.Hash of its text where
// that is known, else "".
func (p *project) ruleThen(ctx context.Context, id string, at time.Time, hash string) (*alertrules.Rule, error) {
	now, there := p.rules.Rule(id)
	if there && hash == now.Hash {
		return now, nil
	}
	version, err := p.store.State.RuleAt(ctx, id, at, hash)
	switch {
	case err != nil:
		return nil, err
	case version == nil && there && hash == "": // it was never evaluated
		return now, nil
	case version == nil && !there:
		return nil, p.noRule(id)
	case version == nil || version.Text == "":
		return nil, fmt.Errorf("rule %s is not known as it was at %s", id, p.when(at))
	case there && version.Meaning == now.Hash:
		return now, nil
	}
	// The lines of a rule do not have what the defaults of its file add.
	src := "defaults: {logstore: " + version.Logstore + "}\nrules:\n" + version.Text + "\n"
	then, ok := alertrules.ParseSet(map[string][]byte{version.File: []byte(src)}, p.ruleEnv()).Rule(id)
	if !ok || then.Hash != version.Meaning {
		return nil, fmt.Errorf("rule %s was changed since %s, in more than its own lines; its query then was: %s", id, p.when(at), diag.Line(version.Query))
	}
	return then, nil
}

// queryRule asks what a rule asks, as it was at a moment.
func (p *project) queryRule(ctx context.Context, f queryFlags, format string) error {
	at, err := moment(f.at, p.now.In(p.config.zone))
	if err != nil {
		return usage("--at: %w", err)
	}
	if at.IsZero() {
		at = p.now
	}
	w, err := f.window(p)
	if err != nil {
		return err
	}
	id, hash, _ := strings.Cut(f.rule, "@")
	rule, err := p.ruleThen(ctx, id, at, hash)
	if err != nil {
		return err
	}
	if f.at != "" && !f.ranged {
		if rule, at, w, err = p.windowThen(ctx, rule, at, hash); err != nil {
			return err
		}
		return p.explainOrAnswer(ctx, f, format, f.planOf(rule, at), w)
	}
	w.Now = at
	if rule.Window.Kind == alertrules.WholeWindow && !w.To.IsZero() {
		w.Now = w.To
	}
	return p.explainOrAnswer(ctx, f, format, f.planOf(rule, at), w)
}

// windowThen is what a rule looked at for the last moment of its schedule until a time,
// with its text, where hash names none, as it was evaluated; said on standard error. Of
// a moment that is not kept it is the window as the text says it; a rule that looks at
// no time has none then.
func (p *project) windowThen(ctx context.Context, rule *alertrules.Rule, at time.Time, hash string) (*alertrules.Rule, time.Time, query.Window, error) {
	_, due, _ := until(rule, at)
	list, err := p.store.State.Evaluations(ctx, rule.ID, due, at, 1)
	if err != nil {
		return nil, at, query.Window{}, err
	}
	var w query.Window
	how := "as it was evaluated"
	if len(list) > 0 && list[0].Outcome != alertrules.Skipped && looked(list[0].Window) {
		due, w = list[0].At, list[0].Window
		if hash == "" {
			if rule, err = p.ruleThen(ctx, rule.ID, due, list[0].Hash); err != nil {
				return nil, at, w, err
			}
		}
	} else {
		var ok bool
		if w, ok = ownWindow(rule, due); !ok {
			return nil, at, w, usage("what %s looked at for %s is not kept: name a range, such as --last 24h or --all", diag.Line(rule.ID), p.when(due))
		}
		how = "as the rule says; what came in later is in it too"
	}
	w.Now = due
	if rule.Window.Kind == alertrules.WholeWindow {
		w.Now = w.To
	}
	return rule, due, w, note(p.env, "tocsin: note: the window of %s at %s: %s, %s", diag.Line(rule.ID), p.when(due), p.spanText(w, rule.Window.Kind == alertrules.NewWindow), how)
}

// spanText says which records a window is of: of a rule over what is new also when it
// begins before the first.
func (p *project) spanText(v query.Window, overNew bool) string {
	span := "everything"
	switch {
	case !v.From.IsZero():
		span = fmt.Sprintf("event times from %s until %s", p.when(v.From), p.when(v.To))
	case v.AfterSeq > 0 || overNew:
		span = fmt.Sprintf("what was stored after __seq__ %d", v.AfterSeq)
	}
	switch {
	case v.UpToSeq > 0:
		span += fmt.Sprintf(", up to __seq__ %d, the last that was stored", v.UpToSeq)
	case v.UpToSeq < 0:
		span += ", when nothing was stored"
	}
	return span
}

// planOf is the plan of a rule at a moment, with the bound of --rows where there is
// one.
func (f queryFlags) planOf(rule *alertrules.Rule, at time.Time) *query.Plan {
	plan := rule.Plan(at)
	if f.rows {
		return plan.Within(f.limit)
	}
	return plan
}

// queryAlert shows the rows of an alert: those of the last evaluation that hit, of
// an event rule those of all its news.
func (p *project) queryAlert(ctx context.Context, f queryFlags, format string) error {
	a, err := p.store.State.Alert(ctx, strings.ToUpper(f.alert))
	if err != nil {
		return err
	}
	if a == nil {
		return usage("there is no alert %s", diag.Line(f.alert))
	}
	moments, err := p.seenBy(ctx, a)
	if err != nil {
		return fmt.Errorf("alert %s: %w", a.ID, err)
	}
	all := &query.Result{}
	var plan *query.Plan
	told := map[int64]bool{}
	for _, m := range moments {
		plan = f.planOf(m.rule, m.at)
		res, err := p.run(ctx, f, plan, m.window)
		if err != nil {
			return err
		}
		if len(all.Rows) > 0 && !slices.Equal(all.Columns, res.Columns) {
			return fmt.Errorf("alert %s: the rule gave other columns before %s; tocsin why %s has a command for each", a.ID, p.when(m.at), a.ID)
		}
		all.Columns, all.Partial = res.Columns, cmp.Or(all.Partial, res.Partial)
		of := m.rule.RowsOf(a, res)
		for i, row := range of.Rows {
			if i < len(of.Seqs) {
				if told[of.Seqs[i]] { // an event rule tells each record once
					continue
				}
				told[of.Seqs[i]] = true
			}
			all.Rows = append(all.Rows, row)
		}
	}
	return p.show(ctx, f, format, plan, all)
}

// seenBy are the evaluations whose rows an alert has.
func (p *project) seenBy(ctx context.Context, a *alertrules.Alert) ([]evaluated, error) {
	if a.Mode == alertrules.State {
		m, err := p.seenAt(ctx, a.Rule, cmp.Or(a.LastHit, a.At), query.Window{From: a.From, To: a.To, AfterSeq: a.FromSeq, UpToSeq: a.ToSeq})
		return []evaluated{m}, err
	}
	news, err := p.store.State.News(ctx, a.ID)
	if err != nil {
		return nil, err
	}
	var list []evaluated
	for _, n := range news {
		w := query.Window{AfterSeq: n.FromSeq, UpToSeq: n.ToSeq}
		if k := len(list) - 1; k >= 0 && list[k].at.Equal(n.At) && list[k].window.AfterSeq == w.AfterSeq && list[k].window.UpToSeq == w.UpToSeq {
			continue // the same evaluation, another severity
		}
		m, err := p.seenAt(ctx, a.Rule, n.At, w)
		if err != nil {
			return nil, err
		}
		list = append(list, m)
	}
	return list, nil
}

// seenAt is the evaluation of a rule for a moment over the numbers of a window; where
// it is not kept any more, the window as the alert has it.
func (p *project) seenAt(ctx context.Context, rule string, at time.Time, w query.Window) (evaluated, error) {
	list, err := p.store.State.Evaluations(ctx, rule, at, at, 100)
	if err != nil {
		return evaluated{}, err
	}
	hash := ""
	i := slices.IndexFunc(list, func(e *alertrules.Evaluation) bool {
		return e.Window.AfterSeq == w.AfterSeq && e.Window.UpToSeq == w.UpToSeq
	})
	switch {
	case i >= 0:
		w, hash = list[i].Window, list[i].Hash
	case len(list) > 0:
		w, hash = list[len(list)-1].Window, list[len(list)-1].Hash
	}
	r, err := p.ruleThen(ctx, rule, at, hash)
	w.Now = cmp.Or(w.Now, at)
	return evaluated{r, at, w}, err
}
