package main

// This file is what was set aside: a list of it, its bytes, and reading it again.

import (
	"context"
	"errors"
	"strconv"

	"github.com/spf13/cobra"

	"tocsin/diag"
	"tocsin/query"
	"tocsin/store"
)

func newDeadletters(e *env, o *options) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "deadletters",
		Short: "List what could not be read, show a record of it, or read it again.",
		Args:  cobra.ArbitraryArgs,
		RunE:  parent,
	}
	var output, logstore string
	var limit int
	list := &cobra.Command{
		Use:   "list",
		Short: "List what was set aside, newest first.",
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
		Short: "Print the bytes of one, as they came.",
		Args:  arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return showDeadletter(cmd.Context(), e, o, args[0])
		},
	}
	cmd.AddCommand(list, show, newRetry(e, o))
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
		if err := writeResult(e, format, r); err != nil {
			return err
		}
		if all > int64(len(list)) {
			return note(e, "%d more; --rows shows them", all-int64(len(list)))
		}
		return nil
	})
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
		_, err = e.stdout.Write(d.Raw)
		return err
	})
}
