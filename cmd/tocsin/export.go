package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"tocsin/diag"
	"tocsin/ingest/archive"
	"tocsin/store"
)

// This file hands records on to other programs.

func newExport(e *env, o *options) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write records for other programs: as Parquet files for a lake.",
		Args:  cobra.ArbitraryArgs,
		RunE:  parent,
	}
	var f queryFlags
	parquet := &cobra.Command{
		Use:   "parquet DIRECTORY",
		Short: "Write the records of a logstore as Parquet, a folder a day.",
		Long: `Parquet writes whole days of events (UTC) into

  DIRECTORY/logstore=cloudtrail/dt=2026-11-20/tocsin-….parquet

compressed with zstd. A file is never written over. Records that the directory
has are not written again: a later export adds what came since.`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := exclusiveRange(cmd); err != nil {
				return err
			}
			return exportParquet(cmd.Context(), e, o, f, args[0])
		},
	}
	parquet.Flags().StringVarP(&f.logstore, "logstore", "l", "", "`logstore` to export; default: the only one that has records")
	complete(parquet, "logstore", logstoreNames(o))
	addRange(parquet, &f)
	cmd.AddCommand(parquet)
	return cmd
}

func exportParquet(ctx context.Context, e *env, o *options, f queryFlags, dir string) error {
	if dir == "" {
		return usage("the DIRECTORY is empty")
	}
	return withProject(ctx, e, o, "tocsin export", func(p *project) error {
		window, err := f.window(p)
		if err != nil {
			return err
		}
		logstore, err := p.queried(ctx, f.logstore)
		if err != nil {
			return err
		}
		if slices.Contains(p.schema.Histories(), logstore) {
			return usage("%s holds no records to export; tocsin query -o csv writes its rows", logstore)
		}
		to := lake{dir: e.whole(dir), logstore: logstore, target: archive.Directory(e.whole(dir))}
		records, err := p.store.Logs.Export(ctx, store.ExportOptions{
			Logstore: logstore, From: window.From, To: window.To, Have: to.have, Put: to.put,
		})
		return errors.Join(err, note(e, "%s of %s exported in %s to %s", count(records, "record"), logstore, count(to.files, "file"), diag.Line(dir)))
	})
}

// A lake is a directory of Parquet files, and the logstore that is written to it.
type lake struct {
	dir, logstore string
	target        archive.Target
	files         int64 // written
}

func (l *lake) folder(day string) string { return path.Join("logstore="+l.logstore, "dt="+day) }

// have is store.ExportOptions.Have: by the names of the files.
func (l *lake) have(_ context.Context, day, generation string) (last int64, err error) {
	list, err := os.ReadDir(filepath.Join(l.dir, filepath.FromSlash(l.folder(day))))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, err
	}
	for _, entry := range list {
		if f, ok := store.ParseExported(entry.Name()); ok && f.Generation == generation {
			last = max(last, f.Last)
		}
	}
	return last, nil
}

// put is store.ExportOptions.Put.
func (l *lake) put(ctx context.Context, f store.ExportedFile) error {
	content, err := os.Open(f.Path)
	if err != nil {
		return err
	}
	name := path.Join(l.folder(f.Day), f.Name())
	before, err := l.target.Put(ctx, name, content)
	if before { // have did not see it
		err = fmt.Errorf("%s came into %s just now: another export runs", name, l.dir)
	}
	if err = errors.Join(err, content.Close()); err == nil {
		l.files++
	}
	return err
}
