// Load takes objects of any format in: each is recognised by its content, and
// goes to its own logstore. Each is opened once.

package store

import (
	"context"
	"fmt"
	"slices"

	"tocsin/ingest"
)

// LoadOptions say how Load reads and stores. Ingest.Now is required.
type LoadOptions struct {
	Ingest   ingest.Options // Logstore: the one that the user named
	History  History
	Progress func(Progress) // as in AppendOptions
}

// A Report says what a Load did.
type Report struct {
	Logstores []LogstoreSummary // in the order in which they were met
	Refused   []Failure         // of no known format, or not to be read; nothing of them is stored
	Letters   int               // how many of Refused are dead letters: all but files of no known format in a folder
}

// A LogstoreSummary is what one logstore got.
type LogstoreSummary struct {
	Name string
	Summary
}

// Records is the number of records that were stored.
func (r *Report) Records() (n int64) {
	for _, l := range r.Logstores {
		n += l.Records
	}
	return n
}

// SetAside reports whether a record or an object was set aside; a file of no
// known format in a folder is no such fault.
func (r *Report) SetAside() bool {
	if r.Letters > 0 {
		return true
	}
	for _, l := range r.Logstores {
		if l.Broken > 0 || len(l.Failed) > 0 {
			return true
		}
	}
	return false
}

// Load recognises each object and takes it into its logstore, as Append does;
// objects of several logstores share transactions. An object that no format fits
// is Refused and not an error; one that was named (Object.Named) is also a dead
// letter, until it is loaded. Objects in the order of their time make the fastest
// tables.
func (l *Logs) Load(ctx context.Context, objects []ingest.Object, o LoadOptions) (*Report, error) {
	logstores := ingest.Builtin()
	if o.Ingest.Logstore != nil {
		logstores = []*ingest.Logstore{o.Ingest.Logstore}
	}
	options := AppendOptions{Read: o.Ingest, History: o.History, Now: o.Ingest.Now, Progress: o.Progress}
	a := &appender{logs: l, options: options.withDefaults(), objects: objects}
	refused, err := a.run(ctx, logstores...)
	report := &Report{}
	for _, t := range a.targets {
		report.Logstores = append(report.Logstores, LogstoreSummary{Name: t.logstore.Name, Summary: t.summary})
	}
	if err != nil {
		return report, fmt.Errorf("load: %w", err)
	}
	for _, r := range refused {
		report.Refused = append(report.Refused, Failure{Object: r.object.Name, Err: r.why})
	}
	letters := slices.DeleteFunc(refused, func(r refusal) bool { return !setAside(r.object, r.why) })
	report.Letters = len(letters)
	return report, l.keepRefusals(ctx, objects, letters, o.Ingest.Now)
}
