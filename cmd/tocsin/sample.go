package main

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"tocsin/alertrules"
	"tocsin/diag"
	"tocsin/ingest/sample"
)

func newSample(e *env, _ *options) *cobra.Command {
	s := sample.Options{}
	var now, last string
	cmd := &cobra.Command{
		Use:   "sample DIRECTORY",
		Short: "Write sample logs with planted incidents, reproducible by their seed.",
		Long: `Sample writes CloudTrail files as AWS delivers them, Alibaba Security Center
checks and Security Hub findings below the directory, and prints what it
planted, one incident a line, with a query that finds it.`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			back, err := alertrules.ParseDuration(last)
			if err != nil || back <= 0 {
				return usage("--last %s: write it as 24h or 7d", diag.Line(last))
			}
			if s.Events < 0 {
				return usage("--events %d: it is 1 or more", s.Events)
			}
			if s.Now, err = moment(now, time.UTC); err != nil {
				return usage("--now: %w", err)
			}
			if s.Now.IsZero() {
				s.Now = e.now()
			}
			s.From = s.Now.Add(-back)
			m, err := sample.Write(args[0], s)
			if err != nil {
				return err
			}
			return printManifest(e, m)
		},
	}
	cmd.Flags().Uint64Var(&s.Seed, "seed", 1, "the same `number` gives the same logs")
	cmd.Flags().IntVar(&s.Events, "events", 0, "`number` of CloudTrail records; default 5000")
	cmd.Flags().BoolVar(&s.Plain, "plain", false, "write no gzip")
	cmd.Flags().BoolVar(&s.Quiet, "quiet", false, "plant no incidents")
	cmd.Flags().StringVar(&last, "last", "24h", "time that the records cover")
	cmd.Flags().StringVar(&now, "now", "", "`moment` at which they end; default: now")
	return cmd
}

func printManifest(e *env, m sample.Manifest) error {
	out := json.NewEncoder(e.stdout)
	out.SetEscapeHTML(false)
	for _, i := range m.Incidents {
		line := struct {
			Kind, Logstore, What string
			At                   time.Time
			Records              int
			Query                string
		}{i.Kind, i.Logstore, i.What, i.At.UTC(), i.Records, i.Query}
		if err := out.Encode(line); err != nil {
			return err
		}
	}
	fmt.Fprintf(e.stderr, "%s, %d bytes:", count(int64(m.Files), "file"), m.Bytes)
	for _, name := range names(m.Records) {
		fmt.Fprintf(e.stderr, " %s for %s", count(int64(m.Records[name]), "record"), name)
	}
	fmt.Fprintln(e.stderr)
	return nil
}
