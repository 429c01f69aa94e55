// tocsin fmt: the queries of rule files in one form.

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"

	"tocsin/alertrules"
	"tocsin/cmd/tocsin/shell"
	"tocsin/diag"
	"tocsin/query"
)

type fmtFlags struct{ check, diff bool }

func newFmt(e *env, o *options) *cobra.Command {
	var f fmtFlags
	cmd := &cobra.Command{
		Use:   "fmt [PATH…]",
		Short: "Lay out the queries of rule files.",
		Long: `Fmt writes the queries of rule files in one form: the rules of the
configuration, or the files and directories that are named. Nothing else in a
file changes;
comments stay, also those in a query. A query of up to 100 columns is one line,
of a longer one each stage and each clause begins a line.

  tocsin fmt                 rewrites the files, and names those that changed
  tocsin fmt --check         only names them, with status 1 if there are any
  tocsin fmt --diff          shows what would change, with status 1 if anything
  echo 'a AND b' | tocsin fmt -      reads one query, and prints it

A file with a query that does not parse stays as it is; status 1.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := exclusive(cmd, "check", "diff"); err != nil {
				return err
			}
			if slices.Contains(args, "-") {
				if len(args) > 1 {
					return usage("fmt: - is one query from standard input; files are formatted by a call of their own")
				}
				return fmtQuery(e, f)
			}
			return fmtFiles(e, o, f, args)
		},
	}
	cmd.Flags().BoolVar(&f.check, "check", false, "name the files that are not in this form, and write nothing")
	cmd.Flags().BoolVarP(&f.diff, "diff", "d", false, "show what would change, and write nothing")
	return cmd
}

// fmtQuery formats the one query on standard input.
func fmtQuery(e *env, f fmtFlags) error {
	const most = 1 << 20
	src, err := io.ReadAll(io.LimitReader(e.stdin, most+1))
	if err != nil {
		return fmt.Errorf("read the query: %w", err)
	}
	if len(src) > most {
		return usage("fmt: the query is longer than 1 MiB")
	}
	text, err := query.Format(string(src))
	if err != nil {
		return wrong(err)
	}
	out := []byte(text + "\n")
	same := bytes.Equal(bytes.TrimRight(src, "\r\n"), []byte(text))
	switch {
	case f.diff:
		err = printDiff(e, "query", src, out)
	case !f.check:
		_, err = e.stdout.Write(out)
	}
	if err == nil && !same && (f.check || f.diff) {
		return found()
	}
	return err
}

// fmtFiles formats the queries of rule files.
func fmtFiles(e *env, o *options, f fmtFlags, args []string) error {
	files, err := fmtPaths(o, args)
	if err != nil {
		return err
	}
	changed := false
	var failed []error
	for _, name := range slices.Sorted(maps.Keys(files)) {
		src := files[name]
		out, err := alertrules.FormatQueries(name, src)
		var list *diag.List
		switch {
		case errors.As(err, &list):
			report(e, list)
			failed = append(failed, found())
		case err != nil:
			failed = append(failed, err)
		case !bytes.Equal(src, out):
			changed = true
			if err := fmtFile(e, f, name, [2][]byte{src, out}); err != nil {
				failed = append(failed, err)
			}
		}
	}
	if changed && (f.check || f.diff) {
		failed = append(failed, found())
	}
	return errors.Join(failed...)
}

// fmtPaths reads the files: those that were named, else those of the
// configuration.
func fmtPaths(o *options, args []string) (map[string][]byte, error) {
	if len(args) > 0 {
		return ruleFiles(paths{args, true})
	}
	c, err := readConfig(o.config)
	if err != nil {
		return nil, err
	}
	return ruleFiles(c.rules)
}

// fmtFile names, shows or writes one file that changes, from what it was to what
// it becomes.
func fmtFile(e *env, f fmtFlags, name string, texts [2][]byte) error {
	switch {
	case f.diff:
		return printDiff(e, name, texts[0], texts[1])
	case f.check:
		_, err := fmt.Fprintln(e.stdout, diag.Line(name))
		return err
	}
	if err := shell.WriteFile(name, texts[1]); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return note(e, "formatted: %s", diag.Line(name))
}

// printDiff shows what of a text would change.
func printDiff(e *env, name string, before, after []byte) error {
	_, err := io.WriteString(e.stdout, diag.Clean(string(diff.Diff(name, before, name+" (formatted)", after))))
	return err
}
