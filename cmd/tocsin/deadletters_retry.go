package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"tocsin/alertrules"
	"tocsin/diag"
	"tocsin/ingest"
	"tocsin/store"
)

// This file reads again what was set aside.

// retryFlags are the flags of deadletters retry.
type retryFlags struct {
	all           bool
	logstore      string
	history, live bool
}

func newRetry(e *env, o *options) *cobra.Command {
	var f retryFlags
	cmd := &cobra.Command{
		Use:   "retry [NUMBER…]",
		Short: "Read dead letters again: some of them, or all.",
		Long: `Retry reads a record from its file, when that is there and has not changed, else
from the bytes that were kept of it. A file that was set aside whole is read
where it was. What can be read now is stored, and its dead letter is gone in the
same transaction. What cannot stays, with its reason. What load was told
(--time-zone, --columns) holds here too; a map of columns is read from its file.

Exit status: 1 if some stay.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := exclusive(cmd, "history", "live"); err != nil {
				return err
			}
			if f.all != (len(args) == 0) {
				return usage("give the numbers of dead letters, or --all (tocsin deadletters list)")
			}
			return retryDeadletters(cmd.Context(), e, o, f, args)
		},
	}
	cmd.Flags().BoolVar(&f.all, "all", false, "all of them, or all of --logstore")
	cmd.Flags().StringVarP(&f.logstore, "logstore", "l", "", "with --all: only those of this `logstore`")
	complete(cmd, "logstore", logstoreNames(o))
	cmd.Flags().BoolVar(&f.history, "history", false, "the records are history: stored and seen, not mailed")
	cmd.Flags().BoolVar(&f.live, "live", false, "the records are live, however old")
	return cmd
}

// lettersAtOnce bounds how many dead letters are read at a time.
const lettersAtOnce = 200

func retryDeadletters(ctx context.Context, e *env, o *options, f retryFlags, numbers []string) error {
	return withProject(ctx, e, o, "tocsin deadletters", func(p *project) error {
		if f.logstore != "" {
			if _, err := p.config.logstore(f.logstore); err != nil {
				return wrong(err)
			}
		}
		if err := p.makeRulesKnown(ctx); err != nil {
			return err
		}
		total := &store.RetryReport{}
		err := p.eachLetters(ctx, f, numbers, func(letters []store.DeadLetter) error {
			report, err := p.store.Logs.Retry(ctx, letters, p.retryOptions(ctx, f))
			total.Stored += report.Stored
			total.Duplicates += report.Duplicates
			total.Broken += report.Broken
			total.Letters = append(total.Letters, report.Letters...)
			return err
		})
		if err != nil && len(total.Letters) == 0 {
			return err
		}
		if told := printRetry(e, total); err != nil || told != nil {
			return errors.Join(err, told)
		}
		if total.Stay() > 0 || total.Broken > 0 {
			return found()
		}
		return nil
	})
}

// eachLetters calls do with the letters that are meant, some at a time.
func (p *project) eachLetters(ctx context.Context, f retryFlags, numbers []string, do func([]store.DeadLetter) error) error {
	var letters []store.DeadLetter
	for _, number := range numbers {
		d, err := p.deadLetter(ctx, number)
		if err != nil {
			return err
		}
		letters = append(letters, d)
	}
	if !f.all {
		return do(letters)
	}
	_, all, err := p.store.Logs.DeadLetters(ctx, f.logstore, 1)
	if err != nil {
		return err
	}
	for last := int64(0); all > 0; all -= int64(len(letters)) { // new ones, which this leaves, are not read again
		letters, err = p.store.Logs.DeadLettersAfter(ctx, f.logstore, last, int(min(all, lettersAtOnce)))
		if err != nil || len(letters) == 0 {
			return err
		}
		last = letters[len(letters)-1].ID
		if err := do(letters); err != nil {
			return err
		}
	}
	return nil
}

// retryOptions say how dead letters are read again.
func (p *project) retryOptions(ctx context.Context, f retryFlags) store.RetryOptions {
	o := store.RetryOptions{Open: func(d store.DeadLetter) (ingest.Object, error) { return p.openLetter(ctx, d) }, Read: p.readLetter, Now: p.now}
	switch {
	case f.history:
		o.History = store.Past
	case f.live:
		o.History = store.Live
	}
	return o
}

// readLetter says how the object of a dead letter is decoded: as its source is, or
// as load was told.
func (p *project) readLetter(d store.DeadLetter) (ingest.Options, error) {
	source, _ := p.sourceOf(d) // of one that is gone its name remains
	source.Name = d.Source
	options := p.ingestOptions(source.Source, p.now)
	var err error
	if d.Told.Zone != "" {
		if options.Zone, err = alertrules.LoadZone(d.Told.Zone); err != nil {
			return options, fmt.Errorf("it was loaded with --time-zone: %w", err)
		}
	}
	if d.Told.Columns != "" {
		if options.Columns, err = readColumns(d.Told.Columns); err != nil {
			return options, fmt.Errorf("it was loaded with --columns: %w", err)
		}
	}
	if d.Logstore == "" {
		return options, nil
	}
	options.Logstore, err = p.config.logstore(d.Logstore)
	return options, err
}

// printRetry says what became of dead letters.
func printRetry(e *env, r *store.RetryReport) error {
	if len(r.Letters) == 0 {
		return note(e, "there are no dead letters")
	}
	already := ""
	if r.Duplicates > 0 {
		already = ", " + grouped(r.Duplicates) + " stored before"
	}
	stay := r.Stay()
	err := note(e, "%s stored%s; %s gone, %d left", count(r.Stored, "record"), already, count(int64(len(r.Letters)-stay), "dead letter"), stay)
	if r.Broken > 0 {
		err = errors.Join(err, note(e, "%s set aside, of files that had been set aside whole", count(r.Broken, "record")))
	}
	for _, d := range r.Letters {
		if d.Why != "" {
			err = errors.Join(err, note(e, "  %d stays: %s: %s", d.ID, diag.Line(d.Object), diag.Line(d.Why)))
		}
	}
	return err
}
