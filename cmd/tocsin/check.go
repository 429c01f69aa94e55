package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"tocsin/alertrules"
	"tocsin/diag"
	"tocsin/ingest"
	"tocsin/lint"
	"tocsin/notifier"
	"tocsin/store"
)

func newCheck(e *env, o *options) *cobra.Command {
	var schema string
	cmd := &cobra.Command{
		Use:   "check [PATH…]",
		Short: "Check configuration, rules and templates, without a data directory.",
		Long: `Check reads tocsin.yaml, the templates, and the rule files: those of the
configuration, or those below PATH. It reports every mistake with its place and
a way out, and evaluates nothing.

Exit status: 1 for any error, 0 for warnings alone.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if schema != "" {
				return writeSchema(e, schema)
			}
			return runCheck(cmd.Context(), e, o, args)
		},
	}
	cmd.Flags().StringVar(&schema, "schema", "", "print the JSON Schema of a `kind` of file for editors; the kind is rules")
	return cmd
}

func runCheck(_ context.Context, e *env, o *options, paths []string) error {
	t := &tally{env: e}
	c, err := readConfig(o.config)
	if err != nil {
		printProblems(e, err)
		if c == nil {
			return found()
		}
		t.errors++
	} else {
		t.list(c.list)
	}
	p := &project{env: e, now: e.now(), dir: o.data, config: c, schema: store.Schema(c.logstores)}
	if err := p.readTemplates(); err != nil {
		printProblems(e, err)
		t.errors++
	}
	named := len(paths) > 0 || c.path != ""
	if len(paths) == 0 {
		paths = c.rules
	}
	files, err := ruleFiles(paths, named)
	if err != nil {
		return err
	}
	p.rules = alertrules.ParseSet(files, p.ruleEnv())
	for _, f := range p.rules.Files {
		t.list(f.List)
	}
	for _, l := range lint.Run(p.facts()) {
		t.list(l)
	}
	fmt.Fprintf(e.stderr, "%s, %s: %s, %s\n", count(int64(len(files)), "file"), count(int64(len(p.rules.Rules)), "rule"),
		count(int64(t.errors), "error"), count(int64(t.warnings), "warning"))
	if t.errors > 0 {
		return found()
	}
	return nil
}

// tally prints problems and counts them.
type tally struct {
	env              *env
	errors, warnings int
}

func (t *tally) list(l *diag.List) {
	if l == nil {
		return
	}
	_ = diag.Print(t.env.stderr, l) // standard error is where it would be reported
	for _, p := range l.Problems {
		if p.Level == diag.Error {
			t.errors++
		} else {
			t.warnings++
		}
	}
}

// facts are what the named checks look at.
func (p *project) facts() lint.Facts {
	c := p.config
	f := lint.Facts{
		Set: p.rules, Operator: c.notify.Operator, Configured: c.path != "", Lateness: map[string]time.Duration{},
		Known: func(name string) bool {
			_, person := c.notify.People[name]
			_, group := c.notify.Groups[name]
			return person || group
		},
		Caller: func(logstore, field string) bool {
			l, err := c.logstore(logstore)
			if err != nil {
				return false
			}
			return slices.ContainsFunc(l.Fields, func(f ingest.Field) bool { return f.Name == field && f.Caller })
		},
		Templates: p.templates, Now: p.now,
	}
	for _, l := range c.logstores {
		f.Lateness[l.Name] = l.Lateness
	}
	if router, err := notifier.NewRouter(c.notify); err == nil {
		f.Reached = func(r *alertrules.Rule) bool {
			return len(router.Route(notifierRule(r), r.Labels, alertrules.Critical)) > 0
		}
	}
	return f
}

func writeSchema(e *env, kind string) error {
	if kind != "rules" {
		return usage("--schema %s: it is rules", diag.Line(kind))
	}
	schema, err := alertrules.Schema()
	if err != nil {
		return err
	}
	_, err = e.stdout.Write(append(schema, '\n'))
	return err
}
