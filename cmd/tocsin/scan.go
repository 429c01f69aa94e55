package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"tocsin/alertrules"
	"tocsin/examples"
	"tocsin/query"
)

func newScan(e *env, o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "scan PATH…",
		Short: "Load logs into a temporary store, run the bundled rules, print what was found.",
		Long: `Scan looks at logs of any age: it loads them into a store that it removes
afterwards, runs the bundled rules over all of them (rules over a time window at
each moment of the logs), and prints what was found by severity, worst first.

Exit status: 0 also when something is found; 1 if records or a named file could
not be read.`,
		Args: arguments(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error { return runScan(cmd.Context(), e, o, args) },
	}
}

func runScan(ctx context.Context, e *env, o *options, paths []string) error {
	dir, err := os.MkdirTemp("", "tocsin-scan-")
	if err != nil {
		return err
	}
	err = withProject(ctx, e, &options{data: filepath.Join(dir, "data"), config: o.config}, "tocsin scan", func(p *project) error {
		return p.scan(ctx, paths)
	})
	return errors.Join(err, os.RemoveAll(dir))
}

// scan loads, runs the bundled rules and prints what they found.
func (p *project) scan(ctx context.Context, paths []string) error {
	set, err := bundledRules(p.ruleEnv())
	if err != nil {
		return err
	}
	report, skipped, err := p.load(ctx, loadFlags{live: true}, paths)
	if err != nil {
		return err
	}
	printLoad(p.env, report, skipped)
	if err := p.scanRules(ctx, set); err != nil {
		return err
	}
	if report.SetAside() || namedRefused(report, paths) {
		return found()
	}
	return nil
}

// scanRules prints what the rules find.
func (p *project) scanRules(ctx context.Context, set *alertrules.Set) error {
	var all []finding
	for _, rule := range set.Rules {
		f, err := p.scanRule(ctx, rule)
		if err != nil {
			return fmt.Errorf("rule %s: %w", rule.ID, err)
		}
		if f.rows > 0 {
			all = append(all, f)
		}
	}
	slices.SortStableFunc(all, func(a, b finding) int { return int(b.severity - a.severity) })
	return p.printFindings(all, len(set.Rules))
}

// bundledRules are the example rules.
func bundledRules(env alertrules.Env) (*alertrules.Set, error) {
	files := map[string][]byte{}
	err := fs.WalkDir(examples.FS, "rules", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files[name], err = examples.FS.ReadFile(name)
		return err
	})
	if err != nil {
		return nil, err
	}
	set := alertrules.ParseSet(files, env)
	return set, set.Err()
}

// A finding is what one rule found in all of the logs.
type finding struct {
	rule     *alertrules.Rule
	severity alertrules.Severity
	rows     int
	columns  []alertrules.Column
	samples  []alertrules.Row // the first few
}

// scanMoments bounds the evaluations of one rule over a time window.
const scanMoments = 500

// scanRule evaluates a rule over everything: one over new records once, one over
// a time window at moments through the whole range of the logs.
func (p *project) scanRule(ctx context.Context, rule *alertrules.Rule) (finding, error) {
	f := finding{rule: rule, columns: rule.Columns}
	moments := []time.Time{p.now}
	if rule.Window.Kind != alertrules.NewWindow {
		r, err := p.store.Logs.Range(ctx, rule.Logstore)
		if err != nil || r.Records == 0 {
			return f, err
		}
		step := max(rule.Window.Length/2, time.Minute, r.Newest.Sub(r.Oldest)/scanMoments)
		moments = nil
		for at := r.Oldest.Add(step); ; at = at.Add(step) {
			moments = append(moments, at.Add(rule.Delay))
			if at.After(r.Newest) {
				break
			}
		}
	}
	seen := map[string]bool{}
	for _, at := range moments {
		preview, err := p.engine.Preview(ctx, rule, at, 24*time.Hour)
		if err != nil {
			return f, err
		}
		for _, a := range preview.Alerts {
			f.add(a.Key, a.Severity, a.Rows, seen)
		}
		for _, n := range preview.News {
			f.add("", n.Severity, n.Rows, seen)
		}
	}
	return f, nil
}

// add counts rows that were not seen before.
func (f *finding) add(key string, s alertrules.Severity, rows []alertrules.Row, seen map[string]bool) {
	for _, r := range rows {
		if id := key + "\x00" + r.Key; !seen[id] {
			seen[id] = true
			f.rows++
			f.severity = max(f.severity, s)
			if len(f.samples) < 3 {
				f.samples = append(f.samples, r)
			}
		}
	}
}

func (p *project) printFindings(all []finding, rules int) error {
	out := p.env.stdout
	if len(all) == 0 {
		fmt.Fprintf(out, "nothing was found by %s\n", count(int64(rules), "bundled rule"))
		return nil
	}
	r := &query.Result{Columns: []query.Column{{Name: "severity"}, {Name: "rule"}, {Name: "rows", Type: query.Integer}, {Name: "what to do"}}}
	for _, f := range all {
		r.Rows = append(r.Rows, []any{f.severity.String(), f.rule.Name, int64(f.rows), f.rule.Runbook})
	}
	if err := writeTable(p.env, r); err != nil {
		return err
	}
	first := all[0]
	fmt.Fprintf(out, "\nLook at this first: %s\n", cell(first.rule.Name))
	rows := &query.Result{}
	for i, c := range first.columns {
		if i < 8 {
			rows.Columns = append(rows.Columns, query.Column{Name: c.Name})
		}
	}
	for _, s := range first.samples {
		rows.Rows = append(rows.Rows, s.Cells[:min(len(s.Cells), 8)])
	}
	return writeTable(p.env, rows)
}
