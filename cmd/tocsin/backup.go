package main

import (
	"context"
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

While "tocsin run" runs, the agent makes the copy; what it would store waits for
as long as that takes.`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error { return runBackup(cmd.Context(), e, o, args[0]) },
	}
}

func runBackup(ctx context.Context, e *env, o *options, dir string) error {
	if dir == "" {
		return usage("the name of the directory is empty")
	}
	return withStore(ctx, e, o, "tocsin backup", func(s *store.Store) error {
		files, err := s.Backup(ctx, e.whole(dir))
		for _, name := range files {
			fmt.Fprintln(e.stdout, diag.Line(name))
		}
		return err
	})
}
