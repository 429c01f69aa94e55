// Load takes objects of any format in: each is recognised by its content, and
// goes to its own logstore. Each is opened once.

package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"tocsin/alertrules"
	"tocsin/ingest"
)

// LoadOptions say how Load reads and stores. Ingest.Now is required.
type LoadOptions struct {
	Ingest   ingest.Options // Logstore: the one that the user named
	Told     Told           // what of Ingest the user said for this load alone
	History  History
	Again    bool           // as in AppendOptions
	Seen     time.Time      // as in AppendOptions
	Notify   bool           // as in AppendOptions
	Progress func(Progress) // as in AppendOptions
}

// A Report says what a Load did.
type Report struct {
	Logstores []LogstoreSummary // in the order in which they were met
	Refused   []Failure         // of no known format, or not to be read; nothing of them is stored
	Skipped   []ingest.Skipped  // known to hold no records; that is no fault
	Letters   int               // how many of Refused are dead letters: all but files of no known format in a folder
	Stand     int               // how many of Refused could not be loaded again: what was stored of them stands
	// Changed and New count objects that were to be loaded again and were loaded as
	// ever: those that the ledger has in other versions only, and those that it does
	// not have. Load leaves them to its caller, who asked the ledger (Entries).
	Changed, New int
	// Asked is where the records of the objects are that are history, by logstore,
	// also of those that were loaded before; with LoadOptions.Notify.
	Asked map[string][]alertrules.Arrival
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

// SetAside reports whether a record or an object was set aside, or could not be
// loaded again; a file of no known format in a folder is no such fault.
func (r *Report) SetAside() bool {
	if r.Letters+r.Stand > 0 {
		return true
	}
	for _, l := range r.Logstores {
		if l.Broken > 0 || len(l.Failed) > 0 {
			return true
		}
	}
	return false
}

// Add adds what another Load did.
func (r *Report) Add(o *Report) {
	r.Refused, r.Letters, r.Stand = append(r.Refused, o.Refused...), r.Letters+o.Letters, r.Stand+o.Stand
	r.Skipped = append(r.Skipped, o.Skipped...)
	r.Changed, r.New = r.Changed+o.Changed, r.New+o.New
	for name, ranges := range o.Asked {
		if r.Asked == nil {
			r.Asked = map[string][]alertrules.Arrival{}
		}
		r.Asked[name] = append(r.Asked[name], ranges...)
	}
	for _, l := range o.Logstores {
		i := slices.IndexFunc(r.Logstores, func(k LogstoreSummary) bool { return k.Name == l.Name })
		if i < 0 {
			r.Logstores = append(r.Logstores, l)
			continue
		}
		r.Logstores[i].add(&l.Summary)
	}
}

// Load recognises each object and takes it into its logstore, as Append does;
// objects of several logstores share transactions. What the ledger has is not
// opened, unless it is loaded again. An object that no format fits is Refused and
// not an error; one that was named (Object.Named) is also a dead letter, until it
// is loaded. Objects in the order of their time make the fastest tables.
func (l *Logs) Load(ctx context.Context, objects []ingest.Object, o LoadOptions) (*Report, error) {
	logstores := ingest.Builtin()
	if o.Ingest.Logstore != nil {
		logstores = []*ingest.Logstore{o.Ingest.Logstore}
	}
	options := AppendOptions{Read: o.Ingest, Told: o.Told, History: o.History, Seen: o.Seen, Notify: o.Notify, Again: o.Again, Now: o.Ingest.Now, Progress: o.Progress}
	a := &appender{logs: l, options: options.withDefaults(), objects: objects}
	refused, err := a.run(ctx, logstores...)
	report := &Report{}
	for _, t := range a.targets {
		report.Logstores = append(report.Logstores, LogstoreSummary{Name: t.logstore.Name, Summary: t.summary})
	}
	if err != nil {
		return report, fmt.Errorf("load: %w", err)
	}
	var letters []refusal
	for _, r := range refused {
		if none := (*ingest.NoRecords)(nil); errors.As(r.why, &none) {
			report.Skipped = append(report.Skipped, ingest.Skipped{Name: r.object.Name, Reason: none.Error()})
			continue
		}
		report.Refused = append(report.Refused, Failure{Object: r.object.Name, Err: r.why, Again: r.object.Retried(r.why)})
		if o.Again {
			report.Stand++
		}
		if setAside(r.object, r.why) {
			letters = append(letters, r)
		}
	}
	report.Letters = len(letters)
	if o.Notify {
		report.Asked, err = l.notify(ctx, objects)
	}
	return report, errors.Join(err, l.keepRefusals(ctx, objects, letters, o))
}
