// Load takes objects of any format in: each is recognised by its content, and
// each logstore gets its own in one Append.

package store

import (
	"context"
	"errors"
	"fmt"

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
	Skipped   []ingest.Skipped  // known to hold no records; that is no fault
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

// Load recognises each object and appends it to its logstore. An object that
// no format fits is Refused and not an error; one that was named (Object.Named)
// is also a dead letter, until it is loaded. Objects in the order of their
// time make the fastest tables.
func (l *Logs) Load(ctx context.Context, objects []ingest.Object, o LoadOptions) (*Report, error) {
	report := &Report{}
	var order []*ingest.Logstore
	groups := map[string][]ingest.Object{}
	var refused []refusal
	for _, obj := range objects {
		if err := ctx.Err(); err != nil {
			return report, err
		}
		logstore, err := recognise(obj, o.Ingest)
		if none := (*ingest.NoRecords)(nil); errors.As(err, &none) {
			report.Skipped = append(report.Skipped, ingest.Skipped{Name: obj.Name, Reason: none.Error()})
			continue
		}
		if err != nil {
			report.Refused = append(report.Refused, Failure{Object: obj.Name, Err: err})
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
	before.Objects = len(report.Refused) + len(report.Skipped)
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
