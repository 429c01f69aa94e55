// Append takes objects in: whole, in transactions with their rows in the
// ledger, each record once. Load (load.go) does it for objects of any logstore.
//
// One goroutine decodes into batches (append_decode.go) while the caller's
// writes them (append_write.go). An object that does not fit into one batch is
// alone in its transaction, so that it can fail without taking others along.

package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"tocsin/ingest"
)

// History says whether objects count as history (DESIGN.md §5): their records
// are stored like others, and what evaluates them is told.
type History int

// The choices.
const (
	ByNewest History = iota // an object is history when its newest record is older than seven days
	Live                    // none is
	Past                    // all are
	BySource                // an object is when it is older than seven days by its source's clock (G10)
)

// historyAge is how old the newest record of a loaded object, or an object of a
// new source, must be.
const historyAge = 7 * 24 * time.Hour

// AppendOptions say how objects are taken in. Logstore and Now are required.
type AppendOptions struct {
	Logstore *ingest.Logstore
	// Read says how objects are decoded; its Logstore and Now are those above
	// and below.
	Read ingest.Options
	// Told is what is kept with dead letters of how Read came about.
	Told Told
	// History says which objects are history.
	History History
	// Again says that what the ledger has is loaded anew, in place of what was
	// stored of it (again.go). An object that cannot be read leaves that as it is,
	// and is no dead letter.
	Again bool
	// Seen is a moment: objects that are older by their source's clock are history,
	// whatever History says, since rules saw them before the records were lost; zero:
	// none were lost.
	Seen time.Time
	// Notify says that what rules find in history is mailed.
	Notify bool
	// Now is the time of loading.
	Now time.Time
	// Progress is called after each object and each batch, from one goroutine
	// at a time. It may be nil.
	Progress func(Progress)

	decode  func(ingest.Object) (decoder, error) // nil: ingest.Decode
	rows    int                                  // of a batch; 0: batchRows
	records int64                                // of a transaction; 0: commitRecords
}

// decoder is an object that is being decoded. It is used by one goroutine,
// which is not the caller's of Append.
type decoder struct {
	ingest.Decoder
	format   string
	logstore *ingest.Logstore
	close    func() error
}

// withDefaults fills in what is not said.
func (o AppendOptions) withDefaults() AppendOptions {
	o.rows, o.records = cmp.Or(o.rows, batchRows), cmp.Or(o.records, commitRecords)
	if o.Logstore != nil {
		o.Read.Logstore = o.Logstore
	}
	o.Read.Now = o.Now
	if o.decode == nil {
		o.decode = func(obj ingest.Object) (decoder, error) {
			opened, err := ingest.Decode(obj, o.Read)
			if err != nil {
				return decoder{}, err
			}
			return decoder{Decoder: opened, format: opened.Format.Name, logstore: opened.Logstore, close: opened.Close}, nil
		}
	}
	return o
}

// Progress is how far an Append is. All of it grows.
type Progress struct {
	Objects int   // decoded, skipped or failed, of those that were given
	Bytes   int64 // packed bytes of these, and what is read of the next
	Records int64 // decoded
}

// Add returns how far two Appends are together.
func (p Progress) Add(o Progress) Progress {
	return Progress{Objects: p.Objects + o.Objects, Bytes: p.Bytes + o.Bytes, Records: p.Records + o.Records}
}

// A Summary says what an Append did. It counts what was committed, also when
// Append returns an error.
type Summary struct {
	Objects    int              // taken in
	Known      int              // skipped, because the ledger has this version
	History    int              // of Objects: history
	Notify     bool             // what rules find in history is mailed
	Records    int64            // stored
	Duplicates int64            // decoded, and stored already
	Replaced   int64            // removed, because the object was loaded again
	Broken     int64            // set aside
	Flagged    int64            // of Records: odd, as their flags say
	Flags      map[string]int64 // how many have each flag
	Failed     []Failure
	Conflicts  int64      // of Duplicates: with other content than what is stored
	Named      []Conflict // the first of the conflicts, at most maxNamed

	FirstSeq, LastSeq int64     // of the records; 0 without one
	Oldest, Newest    time.Time // times of their events; zero without one
}

// add adds what was done later, by another Append or of another object.
func (s *Summary) add(o *Summary) {
	s.Objects, s.Known, s.History = s.Objects+o.Objects, s.Known+o.Known, s.History+o.History
	s.Notify = s.Notify || o.Notify
	s.Records, s.Duplicates, s.Conflicts = s.Records+o.Records, s.Duplicates+o.Duplicates, s.Conflicts+o.Conflicts
	s.Broken, s.Flagged, s.Replaced = s.Broken+o.Broken, s.Flagged+o.Flagged, s.Replaced+o.Replaced
	for f, n := range o.Flags {
		if s.Flags == nil {
			s.Flags = map[string]int64{}
		}
		s.Flags[f] += n
	}
	s.Failed = append(s.Failed, o.Failed...)
	s.Named = append(s.Named, o.Named[:min(len(o.Named), maxNamed-len(s.Named))]...)
	if o.Records == 0 {
		return
	}
	if s.FirstSeq == 0 || o.FirstSeq < s.FirstSeq {
		s.FirstSeq = o.FirstSeq
	}
	s.LastSeq = max(s.LastSeq, o.LastSeq)
	if s.Oldest.IsZero() || o.Oldest.Before(s.Oldest) {
		s.Oldest = o.Oldest
	}
	if o.Newest.After(s.Newest) {
		s.Newest = o.Newest
	}
}

// maxNamed bounds Summary.Named.
const maxNamed = 100

// A Failure is an object that could not be read. It is in the dead letters, not
// in the ledger: the next Append tries it again. One that its source hands out
// again is not even a dead letter.
type Failure struct {
	Object string
	Err    error
	Again  bool
}

// A Conflict is a record with the identity of another one and other content.
// The first is stored (G11).
type Conflict struct {
	Object   string // that the record which was left out is from
	Position int64  // its number in it
	ID       [16]byte
}

// Append takes objects in, in the order given; objects in the order of their
// time make the fastest tables. What the ledger has is skipped, or loaded again.
// An object that cannot be read is a Failure and not an error; an error says that
// the store could not write, or that ctx is over: then everything that the
// Summary counts is committed, and nothing else.
func (l *Logs) Append(ctx context.Context, objects []ingest.Object, o AppendOptions) (Summary, error) {
	a := &appender{logs: l, options: o.withDefaults(), objects: objects}
	target := a.target(o.Logstore)
	_, err := a.run(ctx, o.Logstore)
	if err != nil && !errors.Is(err, ctx.Err()) {
		err = fmt.Errorf("load into %s: %w", o.Logstore.Name, err)
	}
	return target.summary, err
}

// run does it. The objects may be of any of the logstores. It returns what was
// refused, when they say their logstore themselves.
func (a *appender) run(ctx context.Context, logstores ...*ingest.Logstore) ([]refusal, error) {
	refused, err := a.all(ctx, logstores)
	if invalidated(err) { // what is in no summary can be tried again
		err = errors.Join(err, a.logs.repair(context.WithoutCancel(ctx)))
	}
	return refused, err
}

// all decodes on one goroutine and writes on this one.
func (a *appender) all(ctx context.Context, logstores []*ingest.Logstore) ([]refusal, error) {
	if err := a.logs.Declare(ctx, logstores...); err != nil {
		return nil, err
	}
	conn, err := a.logs.in.conn(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	a.conn = conn
	known, err := a.known(ctx, logstores)
	if err == nil && a.options.Again {
		a.again, err = a.loadAgain(ctx, logstores)
	}
	if err == nil {
		err = a.conn.QueryRowContext(ctx, "SELECT count(*) > 0 FROM deadletters WHERE position IS NULL AND logstore <> ''").Scan(&a.retried)
	}
	if err != nil {
		return nil, fmt.Errorf("look into the ledger: %w", err)
	}

	d := &decoding{options: a.options, objects: a.objects, skip: known, full: make(chan *batch), free: make(chan *batch, batches)}
	for range batches {
		d.free <- newBatch(a.options.Logstore, a.options.rows)
	}
	inner, stop := context.WithCancel(ctx)
	go d.run(inner)
	err = a.consume(ctx, d)
	stop()
	for range d.full { // until the decoder has ended
	}
	if err != nil && ctx.Err() != nil && !errors.Is(err, ctx.Err()) {
		err = errors.Join(ctx.Err(), err) // the engine says only that it was interrupted
	}
	if err == nil {
		err = ctx.Err()
	}
	return d.refused, err
}

// batches is the number of batches under way: one is decoded into while
// another is written.
const batches = 2

// Loaded says of each object whether the ledger has it in this version.
func (l *Logs) Loaded(ctx context.Context, objects []ingest.Object) ([]bool, error) {
	loaded := make([]bool, len(objects))
	err := inLedger(ctx, l.in.db, objects, func(n int, _ string) { loaded[n] = true })
	if err != nil {
		return nil, fmt.Errorf("look into the ledger: %w", err)
	}
	return loaded, nil
}

// Settled says of each object whether the ledger has it in this version, or it is a
// dead letter as a whole in this version. It implements ingest.Ledger.
func (l *Logs) Settled(ctx context.Context, objects []ingest.Object) ([]bool, error) {
	settled, err := l.Loaded(ctx, objects)
	if err != nil || len(objects) == 0 {
		return settled, err
	}
	letters, err := column[int32](withSource(ctx, &nameSource{objects: objects}), l.in.db,
		"SELECT DISTINCT p.n FROM "+batchFunction+"() p JOIN deadletters d ON d.object = p.name AND d.version = p.version WHERE d.position IS NULL")
	if err != nil {
		return nil, fmt.Errorf("look into the dead letters: %w", err)
	}
	for _, n := range letters {
		settled[n] = true
	}
	return settled, nil
}

// inLedger calls found for each object that the ledger has in this version, by its
// number, with each logstore that it is in, the oldest entry first.
func inLedger(ctx context.Context, q querier, objects []ingest.Object, found func(n int, logstore string)) error {
	if len(objects) == 0 {
		return nil
	}
	rows, err := q.QueryContext(withSource(ctx, &nameSource{objects: objects}),
		"SELECT p.n, o.logstore FROM "+batchFunction+"() p JOIN objects o ON o.name = p.name AND o.version = p.version ORDER BY p.n, o.id")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var n int
		var logstore string
		if err := rows.Scan(&n, &logstore); err != nil {
			return err
		}
		found(n, logstore)
	}
	return rows.Err()
}

// known returns the numbers of the objects that the ledger has in this version
// in one of the logstores, unless they are loaded again, or that stand twice in
// the list. It counts the former.
func (a *appender) known(ctx context.Context, logstores []*ingest.Logstore) (map[int]bool, error) {
	byName := map[string]*ingest.Logstore{}
	for _, ls := range logstores {
		byName[ls.Name] = ls
	}
	known := map[int]bool{}
	err := inLedger(ctx, a.conn, a.objects, func(n int, logstore string) {
		if ls := byName[logstore]; ls != nil && !known[n] && !a.options.Again {
			known[n] = true
			a.target(ls).summary.Known++
		}
	})
	if err != nil {
		return nil, err
	}
	type version struct{ name, version string }
	listed := make(map[version]bool, len(a.objects))
	for n, o := range a.objects {
		v := version{o.Name, o.Version}
		if listed[v] && !known[n] {
			known[n] = true
			if a.options.Logstore != nil {
				a.target(a.options.Logstore).summary.Known++
			}
		}
		listed[v] = true
	}
	return known, nil
}
