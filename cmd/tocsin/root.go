package main

import (
	"github.com/spf13/cobra"
)

// options are the flags that every verb has.
type options struct {
	data   string
	config string
}

func newRoot(e *env) *cobra.Command {
	o := &options{}
	root := &cobra.Command{
		Use:   "tocsin VERB [ARGUMENTS]",
		Short: "Alert rules over security findings and cloud audit logs, in one program and one directory.",
		Long: `tocsin loads security findings and cloud audit logs, runs alert rules that you
keep in files, and sends one clear mail for what matters.

Start with "tocsin demo", then "tocsin init" in a folder of your own.

Exit status: 0 done, 1 it found something wrong, 2 usage or a query that is
wrong, 3 could not do it.`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Version:       version,
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return wrong(err) })
	data, config := "./tocsin-data", ""
	if v := e.getenv("TOCSIN_DATA"); v != "" {
		data = v
	}
	if v := e.getenv("TOCSIN_CONFIG"); v != "" {
		config = v
	}
	root.PersistentFlags().StringVar(&o.data, "data", data, "data `directory` (TOCSIN_DATA)")
	root.PersistentFlags().StringVar(&o.config, "config", config, "configuration `file`; default ./tocsin.yaml if present (TOCSIN_CONFIG)")
	for _, verb := range verbs {
		root.AddCommand(verb(e, o))
	}
	return root
}

// verbs make the subcommands; each lives in the file of its name.
var verbs = []func(*env, *options) *cobra.Command{
	newDemo, newInit, newLoad, newDeadletters, newScan, newQuery, newRun, newStatus,
	newCheck, newPreview, newMailTest, newSample, newVersion,
}

// arguments wraps an argument check of cobra so that its error is one of usage.
func arguments(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usage("%s: %w (see tocsin %s --help)", cmd.Name(), err, cmd.Name())
		}
		return nil
	}
}
