package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"tocsin/agent"
	"tocsin/diag"
	"tocsin/ingest"
	"tocsin/ingest/archive"
	"tocsin/query"
)

// This file keeps raw objects as they came: what the agent archives before it takes
// it in, and the verb.

// archived puts the objects that a source handed out into the archive, when there
// is one, and returns them as they are to be read. With an error nothing may be
// taken in, so that the source hands it all out again. done is called when they
// were read.
func (p *project) archived(ctx context.Context, s agent.Source, l agent.Load) (objects []ingest.Object, done func() error, err error) {
	objects, done = l.Objects, func() error { return nil }
	if p.archive == nil {
		return objects, done, nil
	}
	loaded, err := p.store.Logs.Loaded(ctx, objects)
	if err != nil {
		return nil, done, err
	}
	var kept []archive.Kept
	done = func() error {
		var errs []error
		for i := range kept {
			errs = append(errs, kept[i].Release())
		}
		return errors.Join(errs...)
	}
	objects = slices.Clone(objects)
	for i, o := range objects {
		if loaded[i] || o.Part { // a log that grows would be kept as often as it is read
			continue
		}
		k, err := p.archive.Keep(ctx, archive.Origin{Source: s.Name, Tenant: s.Tenant}, o, l.Now)
		var unread *archive.OpenError
		switch {
		case errors.As(err, &unread), errors.Is(err, archive.ErrTooLarge): // the load says what becomes of it
			p.env.logger().Warn("not archived", "source", s.Name, "object", o.Name, "error", err)
			continue
		case err != nil:
			return nil, done, err
		}
		kept = append(kept, k)
		objects[i] = k.Object
		objects[i].Archived = k.Key
	}
	return objects, done, nil
}

func newArchive(e *env, o *options) *cobra.Command {
	var dir, output string
	cmd := &cobra.Command{
		Use:   "archive PATH…",
		Short: "Keep raw files as they came, under names that cannot collide.",
		Long: `Archive copies files, and the files of folders, into the archive of tocsin.yaml
(archive: {dir: …} or {bucket: …}) or of --dir, into folders by tenant and day
of change:

  default/2026/11/20/file-HASH.gz

Nothing is written over; a file that is there already is not copied again. It
prints which file is kept under which name. "tocsin run" archives by itself what
its sources hand out, before it counts as taken in.`,
		Args: arguments(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runArchive(cmd.Context(), e, o, archiveFlags{dir, output}, args)
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "", "`directory` of the archive; default: that of tocsin.yaml")
	addOutput(cmd, &output)
	return cmd
}

type archiveFlags struct{ dir, output string }

func runArchive(ctx context.Context, e *env, o *options, f archiveFlags, paths []string) (err error) {
	format, err := outputFormat(e, f.output)
	if err != nil {
		return err
	}
	c, err := readConfig(o.config)
	if err != nil {
		return err
	}
	if f.dir != "" {
		c.archive.dir = f.dir
	}
	if !c.archive.given() {
		return usage("there is no archive: name one with --dir, or with archive: {dir: …} or {bucket: …} in tocsin.yaml")
	}
	objects, _, unread := ingest.Files(paths)
	temp, err := os.MkdirTemp("", "tocsin-archive-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temp)) }()
	kept, err := c.openArchive(ctx, temp)
	if err != nil {
		return err
	}
	r := &query.Result{Columns: []query.Column{{Name: "file"}, {Name: "archived"}, {Name: "bytes", Type: query.Integer}, {Name: "new", Type: query.Boolean}}}
	errs := []error{unread}
	for _, o := range objects {
		k, err := kept.Keep(ctx, archive.Origin{}, o, e.now())
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", diag.Line(o.Name), err))
			continue
		}
		errs = append(errs, k.Release())
		r.Rows = append(r.Rows, []any{o.Name, k.Key, k.Bytes, !k.Before})
	}
	return errors.Join(append(errs, writeResult(e, format, r))...)
}
