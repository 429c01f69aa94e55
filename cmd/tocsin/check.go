package main

import (
	"context"
	"errors"
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
		Short: "Check configuration, rules and templates, also without a data directory.",
		Long: `Check reads tocsin.yaml, the templates, and the rule files: those of the
configuration, or those below PATH. It reports every mistake with its place and
a way out, and evaluates nothing. Where there is a data directory, filters are
compared with the values that occur; an agent that has it is asked.

Exit status: 1 for any error, 0 for warnings alone.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if schema != "" {
				return writeSchema(e, schema)
			}
			return runCheck(cmd.Context(), e, o, args)
		},
	}
	cmd.Flags().StringVar(&schema, "schema", "", "print the JSON Schema of a `kind` of file for editors: rules or config")
	return cmd
}

func runCheck(ctx context.Context, e *env, o *options, args []string) error {
	t := &tally{env: e}
	c, err := readConfig(o.config)
	switch list := (*diag.List)(nil); {
	case err == nil:
		t.list(c.list)
	case !errors.As(err, &list):
		return err
	default:
		t.list(list)
	}
	if c == nil {
		return found()
	}
	p := &project{env: e, now: e.now(), dir: o.data, userFiles: userFiles{config: c, schema: store.Schema(c.logstores, c.tables...)}}
	t.error(p.readTemplates())
	files, err := checkedFiles(c, args)
	if err != nil && len(args) > 0 {
		return err
	}
	t.error(err)
	if len(files) == 0 && err == nil {
		t.warnings++
		fmt.Fprintln(e.stderr, "warning: there is no rule file (*.yaml, *.yml) to check")
	}
	p.rules = alertrules.ParseSet(files, p.ruleEnv())
	for _, f := range p.rules.Files {
		t.list(f.List)
	}
	if c.list.Err() == nil { // what a broken configuration says of people would mislead
		if err := p.lint(ctx, t); err != nil {
			return wayOut(err)
		}
	}
	fmt.Fprintf(e.stderr, "%s, %s: %s, %s\n", count(int64(len(files)), "file"), count(int64(len(p.rules.Rules)), "rule"),
		count(int64(t.errors), "error"), count(int64(t.warnings), "warning"))
	if t.errors > 0 {
		return found()
	}
	return nil
}

// lint runs the checks; with a data directory they know what is stored.
func (p *project) lint(ctx context.Context, t *tally) (err error) {
	f := p.facts()
	s, err := p.openStored(ctx)
	if err != nil {
		return err
	}
	if s != nil {
		f.Stored, f.Fixtures = s, fixtures
		defer func() { err = errors.Join(err, s.err, s.close()) }()
	}
	for _, l := range lint.Run(f) {
		t.list(l)
	}
	return nil
}

// checkedFiles are the rule files that were named, else those of the
// configuration.
func checkedFiles(c *config, args []string) (map[string][]byte, error) {
	if len(args) > 0 {
		return ruleFiles(paths{args, true})
	}
	return ruleFiles(c.rules)
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

// error prints and counts what reading some files gave. nil is none.
func (t *tally) error(err error) {
	if err == nil {
		return
	}
	for _, part := range parts(err) {
		var list *diag.List
		if errors.As(part, &list) {
			t.list(list)
			continue
		}
		report(t.env, part)
		t.errors++
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
	var schema []byte
	var err error
	switch kind {
	case "rules":
		schema, err = alertrules.Schema()
	case "config":
		schema, err = alertrules.SchemaOf("config", "tocsin.yaml", &configFile{})
	default:
		return usage("--schema %s: it is rules or config", diag.Line(kind))
	}
	if err != nil {
		return err
	}
	_, err = e.stdout.Write(append(schema, '\n'))
	return err
}
