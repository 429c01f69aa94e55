package main

import (
	"slices"

	"github.com/spf13/cobra"

	"tocsin/diag"
	"tocsin/query"
	"tocsin/store"
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
		Args:          cobra.ArbitraryArgs, // a word that is no verb is an error of verbs
		RunE:          parent,
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
	root.PersistentFlags().StringVar(&o.config, "config", config, "configuration `file`; default ./"+defaultConfig+" if present (TOCSIN_CONFIG)")
	for _, verb := range verbs() {
		root.AddCommand(verb(e, o))
	}
	fitIn(e, o, root)
	return root
}

// verbs make the subcommands; each lives in the file of its name.
func verbs() []func(*env, *options) *cobra.Command {
	return []func(*env, *options) *cobra.Command{
		newDemo, newInit, newLoad, newDeadletters, newSource, newScan, newQuery, newShell, newRun, newStatus, newAlerts, newAck, newOutbox, newWhy, newGaps, newRules, newBackup,
		newCheck, newFmt, newPreview, newExport, newArchive, newMailTest, newSample, newVersion,
	}
}

// parent is what a command does that has others below it: without a word it
// shows its help, and any other word is none of them.
func parent(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return cmd.Help()
	}
	var known []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			known = append(known, c.Name())
		}
	}
	return usage("%s has no verb %s; %s", cmd.CommandPath(), diag.Line(args[0]), didYouMean(args[0], known))
}

// exclusive refuses flags that contradict each other.
func exclusive(cmd *cobra.Command, names ...string) error {
	first := ""
	for _, name := range names {
		switch {
		case !cmd.Flags().Changed(name):
		case first != "":
			return usage("--%s and --%s exclude each other: give one of them", first, name)
		default:
			first = name
		}
	}
	return nil
}

// exclusives refuses flags of one group that contradict each other.
func exclusives(cmd *cobra.Command, groups ...[]string) error {
	for _, g := range groups {
		if err := exclusive(cmd, g...); err != nil {
			return err
		}
	}
	return nil
}

// exclusiveRange does so for the flags of addRange, and for further groups.
func exclusiveRange(cmd *cobra.Command, more ...[]string) error {
	return exclusives(cmd, append([][]string{{"all", "last", "from"}, {"all", "last", "to"}}, more...)...)
}

// logstoreNames completes the name of a logstore that records are stored in.
func logstoreNames(o *options) cobra.CompletionFunc {
	return completeNames(o, func(s query.Schema) []string { return s.Logstores() })
}

// queriedNames completes the name of a logstore that queries read.
func queriedNames(o *options) cobra.CompletionFunc {
	return completeNames(o, func(s query.Schema) []string { return slices.Concat(s.Logstores(), s.Histories()) })
}

func completeNames(o *options, names func(query.Schema) []string) cobra.CompletionFunc {
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		c, err := readConfig(o.config)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp // the verb itself reports it
		}
		return names(store.Schema(c.logstores)), cobra.ShellCompDirectiveNoFileComp
	}
}

// addOutput adds -o to a verb that prints rows.
func addOutput(cmd *cobra.Command, into *string) {
	cmd.Flags().StringVarP(into, "output", "o", "", "table, json, ndjson or csv; default: table on a terminal, ndjson in a pipe")
	complete(cmd, "output", cobra.FixedCompletions(outputFormats, cobra.ShellCompDirectiveNoFileComp))
}

// complete completes the values of a flag.
func complete(cmd *cobra.Command, flag string, f cobra.CompletionFunc) {
	if err := cmd.RegisterFlagCompletionFunc(flag, f); err != nil {
		panic(err) // the flag does not exist: a mistake in this program
	}
}

// arguments wraps an argument check of cobra so that its error is one of usage.
func arguments(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usage("%s: %w (see %s --help)", cmd.Name(), err, cmd.CommandPath())
		}
		return nil
	}
}
