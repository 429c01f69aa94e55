package main

// This file is what was set aside: a list of it, its bytes, and the end of it.

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tocsin/diag"
	"tocsin/query"
	"tocsin/store"
)

func newDeadletters(e *env, o *options) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "deadletters",
		Short: "List what could not be read, show a record of it, read it again, or drop it.",
		Args:  cobra.ArbitraryArgs,
		RunE:  parent,
	}
	var output, logstore string
	var limit int
	list := &cobra.Command{
		Use:   "list",
		Short: "List what was set aside, newest first; a table has a line for each, -o json all of it.",
		Args:  arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return listDeadletters(cmd.Context(), e, o, listFlags{output, logstore, limit})
		},
	}
	addOutput(list, &output)
	list.Flags().IntVar(&limit, "rows", 1000, rowsHelp)
	list.Flags().StringVarP(&logstore, "logstore", "l", "", "only those of this `logstore`")
	complete(list, "logstore", logstoreNames(o))
	show := &cobra.Command{
		Use:   "show NUMBER",
		Short: "Print the bytes of one, as they came, and a line end.",
		Args:  arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return showDeadletter(cmd.Context(), e, o, args[0])
		},
	}
	cmd.AddCommand(list, show, newRetry(e, o), newDrop(e, o))
	return cmd
}

// listFlags are the flags of deadletters list.
type listFlags struct {
	output, logstore string
	rows             int
}

func listDeadletters(ctx context.Context, e *env, o *options, f listFlags) error {
	format, err := outputFormat(e, f.output)
	if err != nil {
		return err
	}
	if err := checkRows(f.rows); err != nil {
		return err
	}
	return withProject(ctx, e, o, "tocsin deadletters", func(p *project) error {
		if f.logstore != "" {
			if _, err := p.config.logstore(f.logstore); err != nil {
				return wrong(err)
			}
		}
		list, all, err := p.store.Logs.DeadLetters(ctx, f.logstore, f.rows)
		if err != nil {
			return err
		}
		r := letterRows(list)
		if format == "table" {
			r = letterTable(list, e.width)
		}
		if err := writeResult(e, format, r); err != nil {
			return err
		}
		if all > int64(len(list)) {
			return note(e, "%d more; --rows shows them", all-int64(len(list)))
		}
		return nil
	})
}

func letterRows(list []store.DeadLetter) *query.Result {
	r := &query.Result{Columns: []query.Column{
		{Name: "number", Type: query.Integer},
		{Name: "logstore"},
		{Name: "object"},
		{Name: "line", Type: query.Integer},
		{Name: "record", Type: query.Integer},
		{Name: "byte", Type: query.Integer},
		{Name: "reason"},
		{Name: "set_aside", Type: query.Time},
	}}
	for _, d := range list {
		row := []any{d.ID, d.Logstore, d.Object, d.Line, d.Position, d.Offset, d.Reason, d.At}
		if d.Whole {
			row[3], row[4], row[5] = nil, nil, nil
		}
		r.Rows = append(r.Rows, row)
	}
	return r
}

// letterTable is the list for a person: a line for each, the reason first, cut to what
// the width of the screen leaves; the other forms have all of it.
func letterTable(list []store.DeadLetter, width int) *query.Result {
	const objectWidth, least = 40, 30
	r := &query.Result{Columns: []query.Column{
		{Name: "number", Type: query.Integer},
		{Name: "reason"},
		{Name: "object"},
		{Name: "line", Type: query.Integer},
		{Name: "logstore"},
		{Name: "set_aside", Type: query.Time},
	}}
	left := tableWidth
	if width > 0 {
		left = max(least, min(left, width-objectWidth-len("number")-len("000000")-len("cloudtrail")-len(time.RFC3339)-3*len(r.Columns)))
	}
	for _, d := range list {
		var line any = d.Line
		if d.Whole {
			line = nil
		}
		object := []rune(diag.Line(d.Object))
		if n := len(object); n > objectWidth { // names of objects differ at their ends
			object = append([]rune("…"), object[n-objectWidth+1:]...)
		}
		reason := []rune(diag.Line(d.Reason))
		if len(reason) > left {
			reason = append(reason[:left-1], '…')
		}
		r.Rows = append(r.Rows, []any{d.ID, string(reason), string(object), line, d.Logstore, d.At.Truncate(time.Second)})
	}
	return r
}

// deadLetter reads the dead letter that the user named.
func (p *project) deadLetter(ctx context.Context, number string) (store.DeadLetter, error) {
	id, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return store.DeadLetter{}, usage("%q is no number of a dead letter (tocsin deadletters list)", diag.Line(number))
	}
	d, err := p.store.Logs.DeadLetter(ctx, id)
	if errors.Is(err, store.ErrNoDeadLetter) {
		return d, usage("there is no dead letter %d (tocsin deadletters list)", id)
	}
	return d, err
}

func showDeadletter(ctx context.Context, e *env, o *options, number string) error {
	return withProject(ctx, e, o, "tocsin deadletters", func(p *project) error {
		d, err := p.deadLetter(ctx, number)
		if err != nil {
			return err
		}
		if err := note(e, "%s: %s", cell(d.Object), cell(d.Reason)); err != nil {
			return err
		}
		if e.terminal {
			_, err = e.stdout.Write([]byte(cleanLines(string(d.Raw)) + "\n"))
			return err
		}
		if _, err = e.stdout.Write(d.Raw); err == nil && len(d.Raw) > 0 && d.Raw[len(d.Raw)-1] != '\n' {
			_, err = e.stdout.Write([]byte("\n"))
		}
		return err
	})
}

func newDrop(e *env, o *options) *cobra.Command {
	var all bool
	var logstore string
	cmd := &cobra.Command{
		Use:   "drop [NUMBER…]",
		Short: "Forget dead letters that nobody wants any more: some of them, or all.",
		Long: `Drop removes dead letters with the bytes that were kept of them, at once and
without a question, and says how many. The files that they are of stay.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case all != (len(args) == 0):
				return usage("give the numbers of dead letters, or --all (tocsin deadletters list)")
			case logstore != "" && !all:
				return usage("--logstore goes with --all")
			}
			return dropDeadletters(cmd.Context(), e, o, logstore, args)
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "all of them, or all of --logstore")
	cmd.Flags().StringVarP(&logstore, "logstore", "l", "", "with --all: only those of this `logstore`")
	complete(cmd, "logstore", logstoreNames(o))
	return cmd
}

// dropDeadletters drops those with the numbers, or without one all.
func dropDeadletters(ctx context.Context, e *env, o *options, logstore string, numbers []string) error {
	return withProject(ctx, e, o, "tocsin deadletters", func(p *project) error {
		if logstore != "" {
			if _, err := p.config.logstore(logstore); err != nil {
				return wrong(err)
			}
		}
		var ids []int64
		for _, number := range numbers { // all must be there before one goes
			d, err := p.deadLetter(ctx, number)
			if err != nil {
				return err
			}
			ids = append(ids, d.ID)
		}
		var dropped int64
		var err error
		if len(ids) == 0 {
			dropped, err = p.store.Logs.DropAllDeadLetters(ctx, logstore)
		} else {
			dropped, err = p.store.Logs.DropDeadLetters(ctx, ids)
		}
		if err != nil {
			return err
		}
		what := "dead letters " + strings.Join(numbers[:min(len(numbers), 20)], ", ")
		if len(numbers) == 0 {
			what = strings.TrimSpace("all dead letters " + logstore)
		}
		done, err := byFlags{note: count(dropped, "dead letter") + " dropped"}.operation(p, "drop")
		if err != nil {
			return err
		}
		done.Subject = what
		if err := p.store.State.Operate(ctx, done); err != nil {
			return err
		}
		return note(e, "%s dropped", count(dropped, "dead letter"))
	})
}
