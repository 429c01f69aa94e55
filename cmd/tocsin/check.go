package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"tocsin/alertrules"
	"tocsin/diag"
)

func newCheck(e *env, o *options) *cobra.Command {
	var schema string
	cmd := &cobra.Command{
		Use:   "check [PATH…]",
		Short: "Check configuration, rules and templates, without a data directory.",
		Long: `Check reads tocsin.yaml, the rule files (of the configuration, or those that are
named) and the templates, and reports every mistake with its place and a way out.

Exit status: 1 for any error, 0 for warnings alone.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if schema != "" {
				return writeSchema(e, schema)
			}
			return runCheck(cmd.Context(), e, o, args)
		},
	}
	cmd.Flags().StringVar(&schema, "schema", "", "print the JSON Schema of a `kind` of file (rules or config) for editors")
	return cmd
}

func runCheck(_ context.Context, e *env, o *options, paths []string) error {
	errors := 0
	c, err := readConfig(o.config)
	if err != nil {
		printProblems(e, err)
		if c == nil {
			return found()
		}
		errors++
	} else if err := printWarnings(e, c.list); err != nil {
		return err
	}
	p := &project{env: e, now: e.now(), dir: o.data, config: c, schema: storeSchema(c)}
	if err := p.readTemplates(); err != nil {
		printProblems(e, err)
		errors++
	}
	if len(paths) == 0 {
		paths = c.rules
	}
	files, err := ruleFiles(paths, c.path != "" || len(paths) > 0 && fileExists(paths[0]))
	if err != nil {
		return err
	}
	set := alertrules.ParseSet(files, p.ruleEnv())
	lists := problemLists(set)
	warnings := 0
	for _, l := range lists {
		if err := diag.Print(e.stderr, l); err != nil {
			return err
		}
		for _, q := range l.Problems {
			if q.Level == diag.Error {
				errors++
			} else {
				warnings++
			}
		}
	}
	fmt.Fprintf(e.stderr, "%s, %s: %s, %s\n", count(int64(len(files)), "file"), count(int64(len(set.Rules)), "rule"),
		count(int64(errors), "error"), count(int64(warnings), "warning"))
	if errors > 0 {
		return found()
	}
	return nil
}

func fileExists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// printWarnings prints a list that holds no error.
func printWarnings(e *env, l *diag.List) error {
	if l == nil {
		return nil
	}
	return diag.Print(e.stderr, l)
}

func writeSchema(e *env, kind string) error {
	if kind != "rules" {
		return usage("--schema %s: it is rules", diag.Line(kind))
	}
	var err error
	return err
}

// problemLists are the problems of each file.
func problemLists(set *alertrules.Set) (lists []*diag.List) {
	for _, f := range set.Files {
		lists = append(lists, f.List)
	}
	return lists
}
