// What a query would do, for tocsin query --explain and .explain of the shell.

package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tocsin/diag"
	"tocsin/query"
)

// dialects are the values of --dialect.
var dialects = []query.Dialect{query.DuckDB(), query.Trino()}

// addDialect adds --dialect, for --explain.
func addDialect(cmd *cobra.Command, name *string) {
	var names []string
	for _, d := range dialects {
		names = append(names, d.Name())
	}
	cmd.Flags().StringVar(name, "dialect", names[0], "with --explain: the `engine` whose SQL is shown, "+strings.Join(names, " or "))
	complete(cmd, "dialect", cobra.FixedCompletions(names, cobra.ShellCompDirectiveNoFileComp))
}

// dialectNamed finds a dialect.
func dialectNamed(name string) (query.Dialect, error) {
	var names []string
	for _, d := range dialects {
		if d.Name() == name {
			return d, nil
		}
		names = append(names, d.Name())
	}
	return nil, usage("--dialect %s: it is %s", diag.Line(name), strings.Join(names, " or "))
}

// explain says what a query does, as what SQL it runs with which parameters, and
// how many records it would read. It runs nothing but that count.
func (p *project) explain(ctx context.Context, w io.Writer, plan *query.Plan, d query.Dialect, win query.Window) error {
	var b strings.Builder
	told := plan.Describe()
	fmt.Fprintf(&b, "query   %s\n", told.Query)
	for _, r := range told.Reads {
		if err := p.explainRead(ctx, &b, r, win); err != nil {
			return err
		}
	}
	for i, s := range told.Stages {
		fmt.Fprintf(&b, "stage %d %s\n        gives %s\n        a row is %s\n", i+1, s.Text, columnList(s.Columns), s.Rows)
	}
	if len(told.Stages) == 0 {
		fmt.Fprintf(&b, "gives   %s\n        a row is a record\n", columnList(plan.Columns()))
	}
	if n := plan.MaxRows(); n > 0 {
		fmt.Fprintf(&b, "bounds  at most %d rows are shown\n", n)
	}
	s := plan.SQL(d, win)
	fmt.Fprintf(&b, "\n%s\n%s\n", d.Name(), s.Text)
	for i, a := range s.Args {
		fmt.Fprintf(&b, "  parameter %d  %s\n", i+1, argument(a))
	}
	_, err := io.WriteString(w, diag.Clean(b.String()))
	return err
}

// explainRead counts what would be read of one source.
func (p *project) explainRead(ctx context.Context, b *strings.Builder, r query.Read, win query.Window) error {
	fmt.Fprintf(b, "reads   %s", r.Name)
	if r.Lookup {
		b.WriteString(", a lookup table, whole\n")
		return nil
	}
	if r.History {
		b.WriteString(", which tocsin keeps of what it did\n")
		return nil
	}
	n, err := p.countIn(ctx, r.Name, win)
	if err != nil {
		return err
	}
	all, err := p.store.Logs.Range(ctx, r.Name)
	if err != nil {
		return err
	}
	fmt.Fprintf(b, ": %d of %s", n, count(all.Records, "record"))
	switch {
	case !win.From.IsZero() && !win.To.IsZero():
		fmt.Fprintf(b, ", from %s to %s", win.From.UTC().Format(time.RFC3339), win.To.UTC().Format(time.RFC3339))
	case !win.From.IsZero():
		fmt.Fprintf(b, ", from %s", win.From.UTC().Format(time.RFC3339))
	}
	b.WriteByte('\n')
	if r.Search != "" {
		fmt.Fprintf(b, "        of these, where %s\n", r.Search)
	}
	return nil
}

// countIn counts the records of a logstore in a window, or the rows of a lookup
// table.
func (p *project) countIn(ctx context.Context, logstore string, win query.Window) (int64, error) {
	plan, err := p.plan("* | SELECT count(*) AS n", logstore, 1)
	if err != nil {
		return 0, err
	}
	r, err := p.store.Logs.Query(ctx, plan, win)
	if err != nil {
		return 0, err
	}
	n, ok := r.Rows[0][0].(int64)
	if !ok {
		return 0, fmt.Errorf("count the records of %s: the answer is a %T", logstore, r.Rows[0][0])
	}
	return n, nil
}

// columnList writes columns with their types.
func columnList(columns []query.Column) string {
	out := make([]string, len(columns))
	for i, c := range columns {
		out[i] = c.Name + " " + c.Type.String()
	}
	return strings.Join(out, ", ")
}

// argument shows a parameter.
func argument(v any) string {
	switch v := v.(type) {
	case string:
		const most = 400
		if len(v) > most {
			return strconv.Quote(strings.ToValidUTF8(v[:most], "")) + "… and " + strconv.Itoa(len(v)-most) + " bytes more"
		}
		return strconv.Quote(v)
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano)
	}
	return fmt.Sprint(v)
}
