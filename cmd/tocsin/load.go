package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"tocsin/agent"
	"tocsin/alertrules"
	"tocsin/diag"
	"tocsin/ingest"
	"tocsin/store"
)

type loadFlags struct {
	logstore string
	zone     string
	columns  string
	history  bool
	live     bool
	again    bool
	notify   bool
}

func newLoad(e *env, o *options) *cobra.Command {
	var f loadFlags
	cmd := &cobra.Command{
		Use:   "load PATH…",
		Short: "Load logs or findings: files, directories, buckets, standard input; formats detected.",
		Long: `A PATH is a file, a directory, s3://BUCKET/PREFIX, or - for standard input,
plain or gzip. A bucket is read as the source of tocsin.yaml that has it, else
with the credentials and the region of the environment.

Load stores every record of the files once: the same file again adds nothing,
and an event that two files hold is stored once. A broken record is set aside
with its place and reason (tocsin deadletters); the rest loads.

A file whose newest record is older than seven days is history: rules see it and
nobody is mailed, but with --notify. What they cannot see of it any more is
listed (tocsin gaps).

With --again, files that were loaded before are read anew, after a map of
columns, a declared logstore or the program was mended. Their records take the
place of what was stored of them, as history: seen by rules and not mailed,
unless --live.

Exit status: 1 if records or a named file were set aside. In a folder, a file of
no known format is skipped and named in the summary, which is no fault.`,
		Args: arguments(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := exclusives(cmd, []string{"history", "live"}, []string{"live", "notify"}); err != nil {
				return err
			}
			if slices.Contains(args, "") {
				return usage("a PATH is empty")
			}
			if f.again && slices.Contains(args, "-") {
				return usage("standard input is not there a second time: --again takes files")
			}
			return runLoad(cmd.Context(), e, o, f, args)
		},
	}
	cmd.Flags().StringVarP(&f.logstore, "logstore", "l", "", "declared `logstore` that the files belong to")
	complete(cmd, "logstore", logstoreNames(o))
	cmd.Flags().StringVar(&f.zone, "time-zone", "", "`zone` of times without an offset (Prowler writes local time); default: that of tocsin.yaml")
	cmd.Flags().StringVar(&f.columns, "columns", "", "`file` that says which column of a scanner's CSV or JSON holds what; default: that of Qualys")
	cmd.Flags().BoolVar(&f.again, "again", false, "what was loaded before is read anew, in place of what is stored of it")
	cmd.Flags().BoolVar(&f.history, "history", false, "the records are history: stored and seen, not mailed")
	cmd.Flags().BoolVar(&f.live, "live", false, "the records are live, however old")
	cmd.Flags().BoolVar(&f.notify, "notify", false, "mail what rules find in history, as one recap for each rule")
	return cmd
}

func runLoad(ctx context.Context, e *env, o *options, f loadFlags, paths []string) error {
	return withProject(ctx, e, o, "tocsin load", func(p *project) error {
		if err := p.makeRulesKnown(ctx); err != nil {
			return err
		}
		report, skipped, err := p.load(ctx, f, paths)
		if report != nil && (err == nil || len(report.Logstores)+len(report.Refused)+len(report.Skipped) > 0) {
			err = errors.Join(err, noteAsEver(e, report))
			printLoad(e, report, skipped, inLetters)
		}
		if err != nil {
			return err
		}
		if err := p.tellHistory(ctx, report); err != nil {
			return err
		}
		if report.SetAside() {
			return found()
		}
		return nil
	})
}

// tellHistory has those finds of rules mailed that they made, or will make by
// filling gaps, in the objects of load --notify, when these were loaded before
// without it. When the program ends before, the same load does it.
func (p *project) tellHistory(ctx context.Context, report *store.Report) error {
	if len(report.Asked) == 0 {
		return nil
	}
	release, err := p.alone(ctx, true)
	if err != nil {
		return err
	}
	defer release()
	for _, r := range p.rules.Rules {
		var asked []alertrules.Arrival
		for _, logstore := range r.Reads() {
			asked = append(asked, report.Asked[logstore]...)
		}
		if len(asked) == 0 {
			continue
		}
		told, err := p.store.State.TellHistory(ctx, r, asked)
		if err == nil && told != (store.Found{}) && !r.Staging {
			err = note(p.env, "%s: %s that it found in history before: mailed by the next run", r.ID, foundText(told))
		}
		if err != nil {
			return fmt.Errorf("tell what %s found in history: %w", r.ID, err)
		}
	}
	return nil
}

// foundText says what was found in history.
func foundText(f store.Found) string {
	var parts []string
	if f.Rows > 0 {
		parts = append(parts, count(f.Rows, "row"))
	}
	if f.Alerts > 0 {
		parts = append(parts, count(f.Alerts, "alert"))
	}
	return strings.Join(parts, " and ")
}

// load takes in what the arguments name: files and folders together, then each
// address in a bucket, batch by batch. What a folder does not let be read is an
// error when the rest is loaded.
func (p *project) load(ctx context.Context, f loadFlags, paths []string) (*store.Report, []ingest.Skipped, error) {
	options, err := p.loadOptions(f)
	if err != nil {
		return nil, nil, err
	}
	local, far, err := p.apart(paths)
	if err != nil {
		return nil, nil, err
	}
	report, skipped, err := p.loadLocal(ctx, options, local)
	for _, c := range far {
		if report == nil || ctx.Err() != nil {
			break
		}
		err = errors.Join(err, p.loadBucket(ctx, options, c, report))
	}
	return report, skipped, err
}

// loadOptions say how a load reads and stores.
func (p *project) loadOptions(f loadFlags) (o store.LoadOptions, err error) {
	o.Ingest = p.ingestOptions(agent.Source{}, p.now)
	if f.columns != "" {
		if o.Ingest.Columns, err = p.env.readColumns(f.columns); err != nil {
			return o, err
		}
		if o.Told.Columns, err = filepath.Abs(p.env.whole(f.columns)); err != nil {
			return o, err
		}
	}
	if f.zone != "" {
		if o.Ingest.Zone, err = alertrules.LoadZone(f.zone); err != nil {
			return o, usage("--time-zone %s: names are those of the tz database, such as Europe/Berlin", diag.Line(f.zone))
		}
		o.Told.Zone = f.zone
	}
	if f.logstore != "" {
		if o.Ingest.Logstore, err = p.config.logstore(f.logstore); err != nil {
			return o, wrong(err)
		}
	}
	o.Notify = f.notify
	switch {
	case f.history:
		o.History = store.Past
	case f.live:
		o.History = store.Live
	}
	o.Again = f.again
	return o, nil
}

// loadLocal takes in files, folders and standard input, with progress on a
// terminal.
func (p *project) loadLocal(ctx context.Context, options store.LoadOptions, paths []string) (*store.Report, []ingest.Skipped, error) {
	objects, skipped, unread := p.env.files(slices.DeleteFunc(slices.Clone(paths), func(s string) bool { return s == "-" }))
	name := p.fileNames()
	for i := range objects {
		objects[i].Name = name(objects[i].Name)
	}
	if slices.Contains(paths, "-") {
		stdin, done, err := p.stdinWhole(ctx)
		if err != nil {
			return nil, skipped, errors.Join(unread, err)
		}
		defer done()
		objects = append(objects, ingest.Stream("standard input at "+p.now.UTC().Format(time.RFC3339Nano), stdin))
	}
	if len(objects) == 0 {
		if unread != nil {
			return nil, nil, unread
		}
		return &store.Report{}, skipped, nil
	}
	progress, finish := showProgress(p.env, objects)
	options.Progress = progress
	report, err := p.loadObjects(ctx, objects, options)
	finish()
	return report, skipped, errors.Join(unread, err)
}

// showProgress draws a bar with rate and time left when standard error is a
// terminal.
func showProgress(e *env, objects []ingest.Object) (func(store.Progress), func()) {
	if !e.errTerminal || e.getenv("TERM") == "dumb" {
		return nil, func() {}
	}
	var total int64
	for _, o := range objects {
		total += max(o.Size, 0)
	}
	bars := mpb.New(mpb.WithOutput(e.stderr))
	var records atomic.Int64 // read by the goroutine that draws
	bar := bars.AddBar(total,
		mpb.PrependDecorators(decor.CountersKibiByte("% .1f / % .1f")),
		mpb.AppendDecorators(
			decor.AverageSpeed(decor.SizeB1024(0), "% .1f"), decor.Name("  "),
			decor.Any(func(decor.Statistics) string { return fmt.Sprintf("%d records  ", records.Load()) }),
			decor.AverageETA(decor.ET_STYLE_GO)))
	return func(p store.Progress) { records.Store(p.Records); bar.SetCurrent(p.Bytes) }, func() {
		bar.SetTotal(-1, true)
		bar.Abort(false) // a bar that ends short of its total, because objects were skipped, is over all the same
		bars.Wait()
	}
}

// maxFlags bounds the flags that a summary names.
const maxFlags = 5

// flagsText says how many records have which flag, the most first.
func flagsText(flags map[string]int64) string {
	names := slices.SortedFunc(maps.Keys(flags), func(x, y string) int {
		return cmp.Or(cmp.Compare(flags[y], flags[x]), cmp.Compare(x, y))
	})
	var list []string
	for _, name := range names[:min(len(names), maxFlags)] {
		list = append(list, fmt.Sprintf("%s %d", diag.Line(name), flags[name]))
	}
	if more := len(names) - maxFlags; more > 0 {
		list = append(list, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(list, ", ")
}

// failureText says what became of an object that could not be read: what, unless its
// records of before are there.
func failureText(f store.Failure, what string) string {
	if f.Again {
		return "not loaded again, what is stored of it stands"
	}
	return what
}

// inLetters names the verb that shows what was set aside.
const inLetters = " (tocsin deadletters)"

// printLoad writes the summary to standard error. where says where what was set
// aside is found; "" when it is not kept.
func printLoad(e *env, r *store.Report, skipped []ingest.Skipped, where string) {
	for _, l := range r.Logstores {
		fmt.Fprintf(e.stderr, "%s: %s stored from %s", l.Name, count(l.Records, "record"), count(int64(l.Objects), "object"))
		if l.Replaced > 0 {
			fmt.Fprintf(e.stderr, ", in place of %s", grouped(l.Replaced))
		}
		if l.Duplicates > 0 {
			fmt.Fprintf(e.stderr, ", %s", count(l.Duplicates, "duplicate"))
		}
		if l.Known > 0 {
			fmt.Fprintf(e.stderr, ", %s loaded before (load --again reads them anew)", count(int64(l.Known), "object"))
		}
		if l.Broken > 0 {
			fmt.Fprintf(e.stderr, ", %s set aside%s", count(l.Broken, "record"), where)
		}
		if l.Flagged > 0 {
			fmt.Fprintf(e.stderr, ", %s flagged as odd (%s)", count(l.Flagged, "record"), flagsText(l.Flags))
		}
		if l.History > 0 {
			mailed := "not mailed"
			if l.Notify {
				mailed = "mailed as a recap"
			}
			fmt.Fprintf(e.stderr, ", %s of history (seen by rules, %s)", count(int64(l.History), "object"), mailed)
		}
		fmt.Fprintln(e.stderr)
		for i, c := range l.Named {
			if i == 5 {
				break
			}
			fmt.Fprintf(e.stderr, "  conflict: record %d of %s has the identity of another record and other content; the first is stored\n", c.Position, diag.Line(c.Object))
		}
		for _, f := range l.Failed {
			fmt.Fprintf(e.stderr, "  %s: %s: %s\n", failureText(f, "set aside"), diag.Line(f.Object), diag.Line(f.Err.Error()))
		}
	}
	for _, f := range r.Refused {
		fmt.Fprintf(e.stderr, "%s: %s: %s\n", failureText(f, "not loaded"), diag.Line(f.Object), diag.Line(f.Err.Error()))
	}
	if slices.ContainsFunc(r.Refused, func(f store.Failure) bool {
		var none *ingest.NoFormat
		return errors.As(f.Err, &none) && len(none.Fields) > 0
	}) {
		fmt.Fprintln(e.stderr, "  a format of your own: declare a logstore in tocsin.yaml and load with -l NAME, or map a scanner's columns with --columns FILE")
	}
	for _, s := range append(skipped[:len(skipped):len(skipped)], r.Skipped...) {
		fmt.Fprintf(e.stderr, "skipped: %s: %s\n", diag.Line(s.Name), diag.Line(s.Reason))
	}
	if len(r.Logstores)+len(r.Refused)+len(r.Skipped) == 0 {
		fmt.Fprintln(e.stderr, "nothing to load")
	}
}
