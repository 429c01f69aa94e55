// Load takes objects of any format in: each is recognised by its content, and
// each logstore gets its own in one Append.

package store

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"tocsin/ingest"
)

// LoadOptions say how Load reads and stores. Ingest.Now is required.
type LoadOptions struct {
	Ingest   ingest.Options // Logstore: the one that the user named
	History  History
	Progress func(Progress) // as in AppendOptions; counts over all logstores
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

// Add adds what another Load did.
func (r *Report) Add(o *Report) {
	r.Refused, r.Letters = append(r.Refused, o.Refused...), r.Letters+o.Letters
	for _, l := range o.Logstores {
		i := slices.IndexFunc(r.Logstores, func(k LogstoreSummary) bool { return k.Name == l.Name })
		if i < 0 {
			r.Logstores = append(r.Logstores, l)
			continue
		}
		r.Logstores[i].add(&l.Summary)
	}
}

// Failures are the objects that could not be read, of all logstores and of none.
func (r *Report) Failures() []Failure {
	all := slices.Clone(r.Refused)
	for _, l := range r.Logstores {
		all = append(all, l.Failed...)
	}
	return all
}

// Load recognises each object and appends it to its logstore. An object that
// no format fits is Refused and not an error; one that was named (Object.Named)
// is also a dead letter, until it is loaded. Objects in the order of their
// time make the fastest tables.
func (l *Logs) Load(ctx context.Context, objects []ingest.Object, o LoadOptions) (*Report, error) {
	report := &Report{}
	var order []*ingest.Logstore
	groups := map[string][]ingest.Object{}
	var refused []refusal
	known, err := l.loaded(ctx, objects, o.Ingest.Logstore)
	if err != nil {
		return report, err
	}
	for i, obj := range objects {
		if err := ctx.Err(); err != nil {
			return report, err
		}
		logstore, err := known[i], error(nil)
		if logstore == nil {
			logstore, err = recognise(obj, o.Ingest)
		}
		if err != nil {
			report.Refused = append(report.Refused, Failure{Object: obj.Name, Err: err, Again: obj.Retried(err)})
			if setAside(obj, err) {
				refused = append(refused, refusal{obj, err})
			}
			continue
		}
		if groups[logstore.Name] == nil {
			order = append(order, logstore)
		}
		groups[logstore.Name] = append(groups[logstore.Name], obj)
	}
	if err := l.keepRefusals(ctx, objects, refused, o.Ingest.Now); err != nil {
		return report, err
	}
	report.Letters = len(refused)
	var before Progress
	before.Objects = len(report.Refused)
	for _, logstore := range order {
		last := Progress{}
		summary, err := l.Append(ctx, groups[logstore.Name], AppendOptions{
			Logstore: logstore, Read: o.Ingest, History: o.History, Now: o.Ingest.Now,
			Progress: func(p Progress) {
				last = p
				if o.Progress != nil {
					o.Progress(before.plus(p))
				}
			},
		})
		before = before.plus(last)
		report.Logstores = append(report.Logstores, LogstoreSummary{Name: logstore.Name, Summary: summary})
		if err != nil {
			return report, err
		}
	}
	return report, nil
}

func (p Progress) plus(q Progress) Progress {
	return Progress{Objects: p.Objects + q.Objects, Bytes: p.Bytes + q.Bytes, Records: p.Records + q.Records}
}

// loaded finds the objects that the ledger has in this version, each with its
// logstore, so that they need not be opened: an object of a queue or a bucket may
// be far away. With a named logstore only those count that are in it.
func (l *Logs) loaded(ctx context.Context, objects []ingest.Object, named *ingest.Logstore) (map[int]*ingest.Logstore, error) {
	logstores := map[string]*ingest.Logstore{}
	for _, ls := range ingest.Builtin() {
		if named == nil || named.Name == ls.Name {
			logstores[ls.Name] = ls
		}
	}
	if named != nil {
		logstores[named.Name] = named
	}
	rows, err := l.in.db.QueryContext(withSource(ctx, &nameSource{objects: objects}),
		"SELECT DISTINCT p.n, o.logstore FROM "+batchFunction+"() p JOIN objects o ON o.name = p.name AND o.version = p.version")
	if err != nil {
		return nil, fmt.Errorf("look into the ledger: %w", err)
	}
	defer rows.Close()
	known := map[int]*ingest.Logstore{}
	for rows.Next() {
		var n int
		var logstore string
		if err := rows.Scan(&n, &logstore); err != nil {
			return nil, fmt.Errorf("look into the ledger: %w", err)
		}
		if ls := logstores[logstore]; ls != nil {
			known[n] = ls
		}
	}
	return known, rows.Err()
}

// recognise opens an object only as far as its format needs.
func recognise(obj ingest.Object, o ingest.Options) (*ingest.Logstore, error) {
	opened, err := ingest.Decode(obj, o)
	if err != nil {
		return nil, err
	}
	if err := opened.Close(); err != nil {
		return nil, fmt.Errorf("close %s: %w", obj.Name, err)
	}
	if opened.Logstore == nil {
		return nil, errors.New("its format names no logstore")
	}
	return opened.Logstore, nil
}
