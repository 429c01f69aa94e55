package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tocsin/alertrules"
	"tocsin/diag"
	"tocsin/examples"
	"tocsin/ingest"
	"tocsin/query"
	"tocsin/store"
)

func newScan(e *env, o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "scan PATH…",
		Short: "Load logs into a temporary store, run the bundled rules, print what was found.",
		Long: `Scan looks at logs of any age: it loads them into a store that it removes
afterwards, runs the bundled rules over all of them (rules over a time window at
moments half a window apart, wherever there are records), and prints what was
found by severity, worst first.

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
		p.home = "." // nothing is known by its name later
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
	report, skipped, unread := p.load(ctx, loadFlags{live: true}, paths)
	if report == nil || ctx.Err() != nil {
		return unread
	}
	if err := p.printScanned(ctx, report, skipped); err != nil {
		return err
	}
	if len(report.Logstores) == 0 {
		fmt.Fprintln(p.env.stderr, "no record was loaded: nothing was looked at")
	} else if err := p.scanRules(ctx, set); err != nil {
		return err
	}
	if unread == nil && report.SetAside() {
		return found()
	}
	return unread
}

// printScanned is the summary of load. What was set aside is said here, since
// the store in which "tocsin deadletters" would find it is removed.
func (p *project) printScanned(ctx context.Context, r *store.Report, skipped []ingest.Skipped) error {
	printLoad(p.env, r, skipped, "")
	letters, all, err := p.store.Logs.DeadLetters(ctx, "", 5)
	if err != nil {
		return err
	}
	for _, l := range letters {
		if l.Whole {
			continue // the summary names it
		}
		fmt.Fprintf(p.env.stderr, "  set aside: record %d of %s: %s\n", l.Position, diag.Line(l.Object), diag.Line(l.Reason))
	}
	if more := all - int64(len(letters)); more > 0 {
		fmt.Fprintf(p.env.stderr, "  … and %d more\n", more)
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
	if err := p.printFindings(all, len(set.Rules)); err != nil {
		return err
	}
	return p.printPosture(ctx)
}

// posture counts findings that fail, so that a scan that no rule tells of does
// not read as if all were well.
const posture = `@status:FAIL and not @muted:true | SELECT @severity, count(*) AS n GROUP BY @severity ORDER BY n DESC`

// printPosture says how many findings fail, by severity.
func (p *project) printPosture(ctx context.Context) error {
	plan, err := p.plan(posture, "findings", 0)
	if err != nil {
		return err
	}
	r, err := p.store.Logs.Query(ctx, plan, query.Window{Now: p.now})
	if err != nil || len(r.Rows) == 0 {
		return err
	}
	var parts []string
	for _, row := range r.Rows {
		name := plain(row[0])
		if name == "" {
			name = "of no severity"
		}
		parts = append(parts, plain(row[1])+" "+cell(name))
	}
	_, err = fmt.Fprintf(p.env.stdout, "findings that fail, of all scanners: %s\n", strings.Join(parts, ", "))
	return err
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

// scanSamples is the number of rows that are shown of the worst finding.
const scanSamples = 3

// scanRule evaluates a rule over everything: one over a time window at moments
// wherever there are records, another one once. It says on standard error when
// it could not look at everything.
func (p *project) scanRule(ctx context.Context, rule *alertrules.Rule) (finding, error) {
	f := finding{rule: rule, columns: rule.Columns}
	moments := []time.Time{p.now}
	if w := rule.Window; w.Kind == alertrules.SlidingWindow || w.Kind == alertrules.WholeWindow {
		var err error
		if moments, err = p.scanMoments(ctx, rule); err != nil {
			return f, err
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
		for _, ev := range preview.Evaluations {
			if ev.Outcome == alertrules.Partial {
				fmt.Fprintf(p.env.stderr, "tocsin: rule %s: not everything was looked at: %s\n", rule.ID, diag.Line(ev.Reason))
			}
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
			if len(f.samples) < scanSamples {
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
	return printSamples(p.env, all[0])
}

// printSamples shows the first rows of a finding, in the first columns.
func printSamples(e *env, f finding) error {
	fmt.Fprintf(e.stdout, "\nLook at this first: %s\n", cell(f.rule.Name))
	rows := &query.Result{}
	for i, c := range f.columns {
		if i < 8 {
			rows.Columns = append(rows.Columns, query.Column{Name: c.Name})
		}
	}
	for _, s := range f.samples {
		rows.Rows = append(rows.Rows, s.Cells[:min(len(s.Cells), 8)])
	}
	if err := writeTable(e, rows); err != nil {
		return err
	}
	if more := f.rows - len(f.samples); more > 0 {
		fmt.Fprintf(e.stdout, "… and %d more\n", more)
	}
	return nil
}
