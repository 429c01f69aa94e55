// The writing half of Append: batches into transactions. A transaction is
// open only with the writer lock held.

package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"tocsin/ingest"
)

// commitRecords is the size of a transaction: more than a row group of DuckDB,
// so that it goes straight into the file, and not through the write-ahead log.
const commitRecords = 200_000

// target is a logstore that is written to: its statements, and what it got.
type target struct {
	logstore *ingest.Logstore
	table    string // quoted
	insert   string // statements
	differ   string
	summary  Summary
}

// failed and conflict are a Failure and a Conflict on the way into a summary.
type (
	failed struct {
		target *target
		object int
		Failure
	}
	conflict struct {
		target *target
		Conflict
	}
)

// target returns the target of a logstore.
func (a *appender) target(ls *ingest.Logstore) *target {
	for _, t := range a.targets {
		if t.logstore == ls {
			return t
		}
	}
	t := &target{logstore: ls, table: quoteName(tableName(ls.Name))}
	t.insert, t.differ = insertStatement(t.table, "seq", ls.Columns, nil), differStatement(t.table, ls)
	a.targets = append(a.targets, t)
	return t
}

// taken is what is known of an object while it is taken in: a row of the ledger.
type taken struct {
	target         *target
	object         int
	id             int64
	format         string
	records        int64
	duplicates     int64
	conflicts      int64
	broken         int64
	flagged        int64
	flags          map[string]int64
	oldest, newest int64 // microseconds; minimum above maximum without a record
	first, last    int64 // seq
}

// appender writes the batches of one Append.
type appender struct {
	logs    *Logs
	conn    *sql.Conn
	options AppendOptions
	objects []ingest.Object
	targets []*target // in the order in which they were met

	retried  bool      // objects that failed before may be among these
	attempts []attempt // one for each object, when they are read again because of dead letters
	again    *again    // nil, unless objects are loaded again
	open     bool      // a transaction, and the writer lock
	nextSeq  int64
	nextID   int64
	records  int64 // in the transaction, also those that were left out
	done     []*taken
	failed   []failed
	named    []conflict
	letters  []letter
	alone    *taken   // the object that is spread over batches
	base     int      // segment of the batch that segments begin with
	segments []*taken // the objects of the run that is written
}

// of is the object that a row is from.
func (a *appender) of(r *batchRow) *taken { return a.segments[int(r.segment)-a.base] }

// consume writes batches until the decoder ends, and commits.
func (a *appender) consume(ctx context.Context, d *decoding) error {
	for b := range d.full {
		if err := a.batch(ctx, b); err != nil {
			return errors.Join(err, a.rollback(ctx))
		}
		d.free <- b
	}
	if ctx.Err() != nil || a.alone != nil {
		return a.rollback(ctx) // an object has no end
	}
	if err := a.commit(ctx); err != nil {
		return errors.Join(err, a.rollback(ctx))
	}
	return nil
}

// batch writes the segments of a batch. Objects that are whole in it go
// together; one that goes on in another batch has a transaction of its own.
func (a *appender) batch(ctx context.Context, b *batch) error {
	for i := 0; i < len(b.segments); {
		s, j := &b.segments[i], i+1
		var err error
		switch {
		case s.first && s.last:
			for j < len(b.segments) && b.segments[j].last {
				j++
			}
			err = a.whole(ctx, b, i, j)
		case s.first:
			err = a.begins(ctx, b, i)
		default:
			err = a.goesOn(ctx, b, i)
		}
		if err != nil {
			return err
		}
		i = j
	}
	return nil
}

// whole writes the segments i to j, each a whole object.
func (a *appender) whole(ctx context.Context, b *batch, i, j int) error {
	if err := a.begin(ctx); err != nil {
		return err
	}
	a.segments = a.segments[:0]
	for k := i; k < j; k++ {
		t := a.take(b, k)
		a.segments = append(a.segments, t)
		if b.segments[k].failed != nil {
			a.fail(t, b.segments[k].failed)
		} else {
			a.done = append(a.done, t)
		}
	}
	if err := a.write(ctx, b, i, j); err != nil {
		return err
	}
	if a.records >= a.options.records {
		return a.commit(ctx)
	}
	return nil
}

// begins writes the first piece of a large object, in a transaction of its own.
func (a *appender) begins(ctx context.Context, b *batch, i int) error {
	if err := a.commit(ctx); err != nil {
		return err
	}
	if err := a.begin(ctx); err != nil {
		return err
	}
	a.alone = a.take(b, i)
	a.segments = append(a.segments[:0], a.alone)
	return a.write(ctx, b, i, i+1)
}

// goesOn writes a further piece of a large object, commits it when it has
// ended, and undoes all of its pieces when it has failed.
func (a *appender) goesOn(ctx context.Context, b *batch, i int) error {
	s := &b.segments[i]
	if s.failed != nil {
		t := a.alone
		if err := a.rollback(ctx); err != nil {
			return err
		}
		if err := a.begin(ctx); err != nil {
			return err
		}
		a.fail(t, s.failed)
		return a.commit(ctx)
	}
	a.letter(a.alone, s)
	a.segments = append(a.segments[:0], a.alone)
	if err := a.write(ctx, b, i, i+1); err != nil || !s.last {
		return err
	}
	a.done = append(a.done, a.alone)
	a.alone = nil
	return a.commit(ctx)
}

// take gives the object of a segment its id and its dead letters.
func (a *appender) take(b *batch, i int) *taken {
	s := &b.segments[i]
	t := &taken{target: a.target(b.logstore), object: s.object, id: a.nextID, format: s.format, oldest: math.MaxInt64, newest: math.MinInt64}
	a.nextID++
	a.letter(t, s)
	return t
}

// letter keeps the broken records of a segment for the end of its run.
func (a *appender) letter(t *taken, s *segment) {
	t.broken += s.counted
	for _, broken := range s.broken {
		a.letters = append(a.letters, letter{target: t.target, object: s.object, broken: broken})
	}
}

// fail notes an object that could not be read.
func (a *appender) fail(t *taken, err error) {
	o := &a.objects[t.object]
	again := o.Retried(err)
	a.failed = append(a.failed, failed{t.target, t.object, Failure{Object: o.Name, Err: err, Again: again}})
	if !again {
		a.letters = append(a.letters, letter{target: t.target, object: t.object, whole: err})
	}
}

// begin takes the writer lock, opens a transaction and reads the counter.
func (a *appender) begin(ctx context.Context) error {
	if a.open {
		return nil
	}
	a.logs.writer.Lock()
	a.open = true
	if _, err := a.conn.ExecContext(ctx, "BEGIN TRANSACTION"); err != nil {
		return err
	}
	return a.conn.QueryRowContext(ctx, "SELECT next_seq, next_id FROM counter").Scan(&a.nextSeq, &a.nextID)
}

// commit ends the transaction, if there is one, with the rows of the ledger.
func (a *appender) commit(ctx context.Context) error {
	if !a.open {
		return nil
	}
	if err := a.setAside(ctx); err != nil {
		return err
	}
	if err := a.ledger(ctx); err != nil {
		return err
	}
	if _, err := a.conn.ExecContext(ctx, "UPDATE counter SET next_seq = ?, next_id = ?", a.nextSeq, a.nextID); err != nil {
		return err
	}
	if _, err := a.conn.ExecContext(ctx, "COMMIT"); err != nil {
		return err
	}
	a.count()
	a.settled()
	a.forget()
	err := a.logs.maintain(ctx)
	a.logs.writer.Unlock()
	return err
}

// rollback undoes the transaction, if there is one.
func (a *appender) rollback(ctx context.Context) error {
	if !a.open {
		return nil
	}
	err := rollback(ctx, a.conn)
	a.forget()
	a.logs.writer.Unlock()
	return err
}

func (a *appender) forget() {
	a.open, a.records, a.alone = false, 0, nil
	a.done, a.failed, a.named, a.letters = nil, nil, nil, nil
}

// count adds what was committed to the summaries.
func (a *appender) count() {
	for _, f := range a.failed {
		f.target.summary.Failed = append(f.target.summary.Failed, f.Failure)
	}
	for _, c := range a.named {
		if s := &c.target.summary; len(s.Named) < maxNamed {
			s.Named = append(s.Named, c.Conflict)
		}
	}
	for _, t := range a.done {
		one := Summary{
			Objects: 1, Records: t.records, Duplicates: t.duplicates, Conflicts: t.conflicts, Broken: t.broken, Flagged: t.flagged, Flags: t.flags,
			FirstSeq: t.first, LastSeq: t.last, Oldest: time.UnixMicro(t.oldest).UTC(), Newest: time.UnixMicro(t.newest).UTC(),
		}
		if a.history(t) {
			one.History, one.Notify = 1, a.options.Notify
		}
		t.target.summary.add(&one)
	}
}

// history decides whether an object counts as history.
func (a *appender) history(t *taken) bool {
	return (a.options.History == Past || t.oldest <= t.newest) && a.past(t, t.newest)
}

// past decides it for an object whose newest record is known.
func (a *appender) past(t *taken, newest int64) bool {
	modified := a.objects[t.object].Modified
	if !modified.IsZero() && modified.Before(a.options.Seen) {
		return true
	}
	old := a.options.Now.Add(-historyAge)
	switch a.options.History {
	case Live:
		return false
	case Past:
		return true
	case BySource:
		return !modified.IsZero() && modified.Before(old)
	default:
		return newest < old.UnixMicro()
	}
}

// write stores the rows of the segments i to j, without those that are stored
// already, and their dead letters.
func (a *appender) write(ctx context.Context, b *batch, i, j int) error {
	from, to := b.segments[i].from, b.segments[j-1].to
	a.records += int64(to - from)
	a.base = i
	if err := a.distinct(ctx, b, from, to); err != nil {
		return err
	}
	for _, n := range b.order {
		r := &b.rows[n]
		t := a.of(r)
		r.seq, r.object = a.nextSeq, t.id
		a.nextSeq++
		t.stored(r)
	}
	if err := a.live(ctx, b); err != nil {
		return err
	}
	if len(b.order) > 0 {
		if _, err := a.conn.ExecContext(withSource(ctx, &rowSource{b: b, rows: b.order}), a.target(b.logstore).insert, a.options.Now.UTC()); err != nil {
			return err
		}
	}
	return a.setAside(ctx)
}

// stored counts a row that is written.
func (t *taken) stored(r *batchRow) {
	if t.records == 0 {
		t.first = r.seq
	}
	t.records, t.last = t.records+1, r.seq
	t.oldest, t.newest = min(t.oldest, r.time), max(t.newest, r.time)
	if r.flags != "" {
		t.flagged++
		if t.flags == nil {
			t.flags = map[string]int64{}
		}
		for f := range strings.FieldsSeq(r.flags) {
			t.flags[f]++
		}
	}
}

// insertStatement reads the batch into the table. seq is the column of the batch
// that is its number there. Columns that filled names are filled in by its
// expressions instead, others of it besides.
func insertStatement(table, seq string, columns []ingest.Column, filled map[string]string) string {
	into := "seq, time, ingest_time, id, object, position, topic, source, tenant, flags"
	from := seq + ", make_timestamp(time), ?::TIMESTAMP, id, object, position, topic, source, tenant, flags"
	for _, c := range columns {
		if filled[c.Name] != "" {
			continue
		}
		name := quoteName(c.Name)
		into += ", " + name
		if c.Kind == ingest.Stamp {
			name = "make_timestamp(" + name + ")"
		}
		from += ", " + name
	}
	for _, name := range slices.Sorted(maps.Keys(filled)) {
		into += ", " + name
		from += ", " + filled[name]
	}
	return fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM %s()", table, into, from, batchFunction)
}
