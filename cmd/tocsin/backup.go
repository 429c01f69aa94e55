package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"tocsin/diag"
	"tocsin/store"
)

func newBackup(e *env, o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "backup DIR",
		Short: "Copy records and state, as they belong together, into a new directory.",
		Long: `Backup writes logs.duckdb and state.duckdb into a directory that does not exist
or is empty. To restore, stop tocsin and copy both into the data directory.

It needs the data directory for itself: while "tocsin run" has it, it ends with
status 3. Stop the agent for as long as the copy takes.`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error { return runBackup(cmd.Context(), e, o, args[0]) },
	}
}

func runBackup(ctx context.Context, e *env, o *options, dir string) (err error) {
	if dir == "" {
		return usage("the name of the directory is empty")
	}
	s, err := store.Open(ctx, store.Options{Dir: o.data, Command: "tocsin backup", Existing: true, Now: e.now(), Threads: store.LoadThreads})
	if err != nil {
		return wayOut(err)
	}
	defer func() { err = wayOut(errors.Join(err, s.Close(context.WithoutCancel(ctx)))) }()
	files, err := s.Backup(ctx, dir)
	for _, name := range files {
		fmt.Fprintln(e.stdout, diag.Line(name))
	}
	return err
}
