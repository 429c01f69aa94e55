package main

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"tocsin/alertrules"
	"tocsin/examples"
	"tocsin/ingest/sample"
	"tocsin/query"
	"tocsin/store"
)

// demoDir is where the demo lives; demoMark says that a folder is ours to make anew.
const (
	demoDir  = "tocsin-demo"
	demoMark = ".made-by-tocsin-demo"
)

// demoConfig is the demo's tocsin.yaml.
const demoConfig = `# Made by "tocsin demo". Change it, the rules and the templates, and run
#   tocsin run --once --config tocsin-demo/tocsin.yaml --data tocsin-demo/data
rules: [rules/]
templates: templates/
people:
  you: {email: you@example.com}
groups:
  security: [you]
operator: [you]
notify: {to: [security]}
`

func newDemo(e *env, _ *options) *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "Show the whole way from sample logs to mails, offline, in ./tocsin-demo.",
		Long: `Demo writes sample logs with planted incidents, loads them, runs the bundled
rules, and writes the mails to a maildir, all in ./tocsin-demo. It needs no
configuration and no network, and makes the folder anew each time.`,
		Args: arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return runDemo(cmd.Context(), e) },
	}
}

func runDemo(ctx context.Context, e *env) error {
	manifest, err := makeDemo(e)
	if err != nil {
		return err
	}
	fmt.Fprintf(e.stderr, "wrote sample logs of the last 24 hours, with %s planted\n", count(int64(len(manifest.Incidents)), "incident"))
	o := &options{data: filepath.Join(demoDir, "data"), config: filepath.Join(demoDir, "tocsin.yaml")}
	if err := withProject(ctx, e, o, "tocsin demo", func(p *project) error { return p.demo(ctx) }); err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, `
Try next:
  tocsin query --data %[1]s/data -l cloudtrail 'eventName:ConsoleLogin | GROUP BY userIdentity.type, responseElements.ConsoleLogin'
  tocsin preview --data %[1]s/data --config %[1]s/tocsin.yaml cspm-not-pass
  tocsin init          (a configuration and a first rule of your own, here)
`, demoDir)
	return nil
}

// demo loads, evaluates, delivers and shows.
func (p *project) demo(ctx context.Context) error {
	if err := p.makeRulesKnown(ctx); err != nil {
		return err
	}
	report, skipped, err := p.load(ctx, loadFlags{live: true}, []string{filepath.Join(demoDir, "logs")})
	if err != nil {
		return err
	}
	printLoad(p.env, report, skipped, inLetters)
	summary, err := p.agent().Once(ctx, p.now)
	if err != nil {
		return err
	}
	if _, err := p.sayRound(ctx, summary); err != nil {
		return err
	}
	if err := p.showAlerts(ctx); err != nil {
		return err
	}
	return showFirstMail(p.env, filepath.Join(p.dir, "mail"))
}

// makeDemo writes the demo's folder anew.
func makeDemo(e *env) (sample.Manifest, error) {
	var m sample.Manifest
	if _, err := os.Stat(demoDir); err == nil {
		if _, err := os.Stat(filepath.Join(demoDir, demoMark)); err != nil {
			return m, fmt.Errorf("./%s exists and was not made by a demo: move it away", demoDir)
		}
		if err := os.RemoveAll(demoDir); err != nil {
			return m, fmt.Errorf("remove the last demo: %w", err)
		}
	}
	if err := os.MkdirAll(filepath.Join(demoDir, "templates"), 0o755); err != nil {
		return m, err
	}
	for _, f := range [][2]string{{demoMark, ""}, {"tocsin.yaml", demoConfig}} { // the mark first: a demo that was interrupted is made anew
		if err := os.WriteFile(filepath.Join(demoDir, f[0]), []byte(f[1]), 0o644); err != nil {
			return m, err
		}
	}
	rules, err := fs.Sub(examples.FS, "rules")
	if err != nil {
		return m, err
	}
	if err := os.CopyFS(filepath.Join(demoDir, "rules"), rules); err != nil {
		return m, fmt.Errorf("write the bundled rules: %w", err)
	}
	return sample.Write(filepath.Join(demoDir, "logs"), sample.Options{Seed: 1, Now: e.now()})
}

// showAlerts prints the alerts, worst first.
func (p *project) showAlerts(ctx context.Context) error {
	alerts, err := p.store.State.FindAlerts(ctx, store.AlertFilter{Limit: 100})
	if err != nil {
		return err
	}
	slices.SortStableFunc(alerts, func(a, b *alertrules.Alert) int { return int(shownSeverity(b) - shownSeverity(a)) })
	r := &query.Result{Columns: []query.Column{{Name: "alert"}, {Name: "severity"}, {Name: "rule"}, {Name: "since", Type: query.Time}, {Name: "rows", Type: query.Integer}}}
	for _, a := range alerts {
		name := a.Rule
		if rule, ok := p.rules.Rule(a.Rule); ok {
			name = rule.Name
		}
		for _, label := range names(a.Labels) {
			name += fmt.Sprintf(" (%s: %s)", label, a.Labels[label])
		}
		r.Rows = append(r.Rows, []any{a.ID, shownSeverity(a).String(), name, a.Since.Truncate(time.Second), int64(a.RowsAll)})
	}
	fmt.Fprintln(p.env.stdout)
	return writeTable(p.env, r)
}

// showFirstMail prints one mail of a maildir as text.
func showFirstMail(e *env, dir string) error {
	paths, err := filepath.Glob(filepath.Join(dir, "new", "*"))
	if err != nil || len(paths) == 0 {
		return err
	}
	raw, err := os.ReadFile(paths[0])
	if err != nil {
		return err
	}
	subject, text, err := mailText(bytes.NewReader(raw))
	if err != nil {
		return fmt.Errorf("read %s: %w", paths[0], err)
	}
	fmt.Fprintf(e.stdout, "\n%s in %s; the first one, as text:\n\nSubject: %s\n\n%s\n", count(int64(len(paths)), "mail"), filepath.Join(dir, "new"), cell(subject), cleanLines(text))
	return nil
}
