package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"tocsin/diag"
	"tocsin/ingest"
	"tocsin/ingest/webhook"
)

func newSource(e *env, o *options) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "source",
		Short: "Try a source of tocsin.yaml without consuming anything.",
		Args:  cobra.ArbitraryArgs,
		RunE:  parent,
	}
	cmd.AddCommand(&cobra.Command{
		Use:   "test NAME",
		Short: "Receive without deleting, read one object, say what was found.",
		Long: `Test asks a source as "tocsin run" would, reads one object, and says what is in
it. Messages of a queue go back. Nothing is stored, no data directory is needed,
and an agent may run. A permission that is missing is named.

Exit status: 1 if what was found cannot be loaded, 3 if the source cannot be
asked or the object not be read.`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error { return testSource(cmd.Context(), e, o, args[0]) },
	})
	return cmd
}

// tryTime is how long a source is waited for.
const tryTime = time.Minute

func testSource(ctx context.Context, e *env, o *options, name string) error {
	p, err := readProject(e, o)
	if err != nil {
		return err
	}
	var names []string
	for _, c := range p.config.sources {
		if names = append(names, c.Name); c.Name != name {
			continue
		}
		if c.kind == fromStdin {
			return usage("source %s is the standard input, which cannot be tried without consuming it", name)
		}
		if c.kind == fromWebhook {
			return p.tryWebhook(ctx, c)
		}
		ctx, cancel := context.WithTimeout(ctx, tryTime)
		defer cancel()
		return p.trySource(ctx, c)
	}
	return usage("tocsin.yaml has no source %s; %s", diag.Line(name), didYouMean(name, names))
}

// prober is a source that has permissions which receiving does not use.
type prober interface {
	Probe(ctx context.Context) error
}

// trySource asks a source and gives back what it handed out.
func (p *project) trySource(ctx context.Context, c sourceConfig) error {
	source, err := p.openSource(ctx, c)
	if err != nil {
		return err
	}
	batch, err := source.Receive(ctx, ingest.Ask{Now: p.now, Wait: 2 * time.Second, All: true, Few: true})
	if err == nil || len(batch.Objects) > 0 {
		err = errors.Join(err, p.sayFound(c, batch.Objects))
	}
	if batch.Settle != nil { // the zero outcome: all goes back
		err = errors.Join(err, batch.Settle(ctx, ingest.Outcome{}))
	}
	if s, ok := source.(prober); ok {
		err = errors.Join(err, s.Probe(ctx))
	}
	if err == nil {
		fmt.Fprintf(p.env.stdout, "%s: well\n", c.Name)
	}
	return errors.Join(err, source.Close())
}

// tryWebhook says where a webhook would listen: there is nobody to ask.
func (p *project) tryWebhook(ctx context.Context, c sourceConfig) error {
	err := webhook.Try(ctx, c.hook)
	said := "it would listen at %s, and its secret is there"
	if errors.Is(err, syscall.EADDRINUSE) {
		said, err = "its secret is there; %s is in use: by tocsin run when that runs, else by another program", nil
	}
	if err == nil {
		fmt.Fprintf(p.env.stdout, "%s: "+said+"\n", c.Name, c.hook.Listen)
	}
	return err
}

// sayFound reads one object, the newest.
func (p *project) sayFound(c sourceConfig, objects []ingest.Object) error {
	out := p.env.stdout
	if len(objects) == 0 {
		fmt.Fprintf(out, "%s: it answers, and holds nothing that could be read now\n", c.Name)
		return nil
	}
	newest := objects[0]
	for _, o := range objects {
		if o.Modified.After(newest.Modified) {
			newest = o
		}
	}
	fmt.Fprintf(out, "%s: handed out %s, given back\n", c.Name, count(int64(len(objects)), "object"))
	fmt.Fprintf(out, "  %s, of %s\n", diag.Line(newest.Name), newest.Modified.UTC().Format(time.RFC3339))
	opened, err := ingest.Decode(newest, p.ingestOptions(c.Source, p.now))
	if ingest.Hopeless(err) {
		fmt.Fprintf(out, "  cannot be loaded: %s\n", diag.Line(err.Error()))
		return found()
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", diag.Line(newest.Name), err)
	}
	return errors.Join(p.sayRecords(opened), opened.Close())
}

// sayRecords counts the records of an object.
func (p *project) sayRecords(opened *ingest.Opened) error {
	var records, broken int64
	var newest int64
	var why *ingest.Broken
	var r ingest.Record
	for {
		err := opened.Next(&r)
		switch {
		case errors.Is(err, io.EOF):
			fmt.Fprintf(p.env.stdout, "  %s, for %s: %s", opened.Format.Name, opened.Logstore.Name, count(records, "record"))
			if records > 0 {
				fmt.Fprintf(p.env.stdout, ", the newest of %s", time.UnixMicro(newest).UTC().Format(time.RFC3339))
			}
			fmt.Fprintln(p.env.stdout)
			if broken > 0 {
				fmt.Fprintf(p.env.stdout, "  %s cannot be read: %s\n", count(broken, "record"), diag.Line(why.Error()))
				return found()
			}
			return nil
		case errors.As(err, &why):
			broken++
		case err != nil:
			return fmt.Errorf("read it: %w", err)
		default:
			records++
			newest = max(newest, r.Time)
		}
	}
}
