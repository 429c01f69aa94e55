// Dead letters that are read again: what can be read now is stored in the
// transaction that removes its letter.

package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"tocsin/ingest"
)

// RetryOptions say how dead letters are read again. All but History are
// required.
type RetryOptions struct {
	// Open opens the object of a dead letter anew; its error says why it cannot.
	Open func(d DeadLetter) (ingest.Object, error)
	// Read says how it is decoded; its error says why that is not known any more.
	Read    func(d DeadLetter) (ingest.Options, error)
	History History
	Now     time.Time // the time of loading
}

// A RetryReport says what became of dead letters.
type RetryReport struct {
	Stored     int64 // records
	Duplicates int64 // records that were stored already, from elsewhere
	Broken     int64 // new dead letters: broken records of objects that were set aside whole
	Letters    []Retried
}

// Retried is a dead letter that was read again.
type Retried struct {
	DeadLetter
	Why string // why it stays; "" when it is gone
}

// Stay is the number of dead letters that are left.
func (r *RetryReport) Stay() (n int) {
	for _, d := range r.Letters {
		if d.Why != "" {
			n++
		}
	}
	return n
}

// Retry reads dead letters again. A record is taken from its object, when that
// can be opened and has not changed, else from the bytes that were kept. What can
// be read is stored, and its letter is gone in the same transaction; what cannot
// stays with its new reason. An error says that the store could not write; the
// report then counts what was committed.
func (l *Logs) Retry(ctx context.Context, letters []DeadLetter, o RetryOptions) (*RetryReport, error) {
	r := &retrying{o: o, report: &RetryReport{}, objects: map[string]int{}, unopened: map[string]string{}}
	for _, d := range letters {
		r.add(d)
	}
	if len(r.attempts) == 0 {
		return r.report, nil
	}
	a := &appender{logs: l, attempts: r.attempts}
	for i := range r.attempts {
		a.objects = append(a.objects, r.attempts[i].object)
	}
	a.options = AppendOptions{History: o.History, Now: o.Now, decode: r.decoding(ctx)}.withDefaults()
	refused, err := a.run(ctx, r.logstores()...)
	for _, t := range a.targets {
		r.report.Stored += t.summary.Records
		r.report.Duplicates += t.summary.Duplicates
		r.report.Broken += t.summary.Broken
	}
	if err == nil {
		err = l.settleRest(ctx, r.attempts, refused, o.Now)
	}
	for i := range r.attempts {
		r.attempts[i].tell(r.report)
	}
	if err != nil {
		return r.report, fmt.Errorf("read dead letters again: %w", err)
	}
	return r.report, nil
}

// retrying gathers what is read for a list of letters.
type retrying struct {
	o        RetryOptions
	report   *RetryReport
	attempts []attempt
	objects  map[string]int    // key of an object that is read → its attempt
	unopened map[string]string // key of an object that is not → why
}

// An attempt is one object that is read for dead letters: a whole one, one for
// some of its records, or the bytes that were kept of one record. The goroutine
// that decodes fills took and again; the other reads them when it has the last
// segment of the object.
type attempt struct {
	letters []DeadLetter
	wants   map[int64]bool // positions of the letters
	object  ingest.Object
	read    ingest.Options
	whole   bool
	piece   bool
	unread  string           // of a piece: why its object is not read
	took    map[int64]bool   // positions that were read
	again   map[int64]string // positions that are broken still, and why
	settled bool             // committed: took and again are what happened
	failed  string           // committed: why the object could not be read
	strange bool             // committed: no format fits what was read
	known   bool             // the ledger has the object, or there are no records in it
}

// add plans the reading of one letter.
func (r *retrying) add(d DeadLetter) {
	key := fmt.Sprintf("%t\x00%s\x00%s\x00%s\x00%s", d.Whole, d.Object, d.Version, d.Told.Zone, d.Told.Columns)
	if i, ok := r.objects[key]; ok {
		at := &r.attempts[i]
		at.letters, at.wants[d.Position] = append(at.letters, d), true
		return
	}
	read, err := r.o.Read(d)
	if err != nil {
		r.stays(d, err.Error())
		return
	}
	why, tried := r.unopened[key]
	if !tried {
		var object ingest.Object
		if object, why = r.open(d); why == "" {
			r.objects[key] = len(r.attempts)
			r.attempts = append(r.attempts, attempt{letters: []DeadLetter{d}, wants: map[int64]bool{d.Position: true}, object: object, read: read, whole: d.Whole})
			return
		}
		r.unopened[key] = why
	}
	switch {
	case d.Whole && len(d.Raw) > 0: // all of it: its source forgets it
		r.attempts = append(r.attempts, attempt{letters: []DeadLetter{d}, read: read, whole: true, object: ingest.Object{
			Name: d.Object, Version: d.Version, Size: int64(len(d.Raw)), Named: true, Open: ingest.Bytes(d.Raw),
		}})
	case d.Whole:
		r.stays(d, why)
	case len(d.Raw) == 0:
		r.stays(d, "its bytes were not kept, and "+why)
	case ingest.Cut(d.Raw):
		r.stays(d, fmt.Sprintf("its bytes were cut to %d, and %s", len(d.Raw), why))
	default:
		r.piece(d, read, why)
	}
}

// stays reports a letter that is not read.
func (r *retrying) stays(d DeadLetter, why string) {
	d.Raw = nil
	r.report.Letters = append(r.report.Letters, Retried{d, why})
}

// open opens the object of a letter, or says why that is of no use.
func (r *retrying) open(d DeadLetter) (o ingest.Object, why string) {
	o, err := r.o.Open(d)
	switch {
	case err != nil:
		return o, "its object cannot be opened: " + err.Error()
	case d.Whole:
	case o.Version != d.Version:
		return o, "the file has changed since; load it again"
	default:
		o.Version = r.version(d)
	}
	o.Named = true
	return o, ""
}

// piece plans the reading of the bytes that were kept of a record; why says why
// not its object.
func (r *retrying) piece(d DeadLetter, read ingest.Options, why string) {
	read.First = d.Position
	r.attempts = append(r.attempts, attempt{letters: []DeadLetter{d}, wants: map[int64]bool{d.Position: true}, read: read, piece: true, unread: why, object: ingest.Object{
		Name: d.Object, Version: r.version(d), Size: int64(len(d.Raw)), Named: true, Open: ingest.Bytes(d.Raw),
	}})
}

// letterOf stands in the ledger behind the version of an object whose dead letters
// were read again.
const letterOf = ", dead letter "

// version is one that the ledger does not have: records of the object are stored
// beside those that it had.
func (r *retrying) version(d DeadLetter) string {
	return fmt.Sprintf("%s%s%d at %d", d.Version, letterOf, d.ID, r.o.Now.UnixMicro())
}

// logstores are those that records may go to.
func (r *retrying) logstores() []*ingest.Logstore {
	list := ingest.Builtin()
	known := map[string]bool{}
	for _, ls := range list {
		known[ls.Name] = true
	}
	for i := range r.attempts {
		if ls := r.attempts[i].read.Logstore; ls != nil && !known[ls.Name] {
			known[ls.Name] = true
			list = append(list, ls)
		}
	}
	return list
}

// decoding is how an Append decodes them: by the number of the object.
func (r *retrying) decoding(ctx context.Context) func(ingest.Object) (decoder, error) {
	byObject := map[string]*attempt{}
	for i := range r.attempts {
		at := &r.attempts[i]
		byObject[at.object.Name+"\x00"+at.object.Version] = at
	}
	return func(o ingest.Object) (decoder, error) {
		at := byObject[o.Name+"\x00"+o.Version]
		opened, err := ingest.Decode(o, at.read)
		if err != nil {
			return decoder{}, err
		}
		d := decoder{Decoder: opened, format: opened.Format.Name, logstore: opened.Logstore, close: opened.Close}
		if !at.whole {
			at.took, at.again = map[int64]bool{}, map[int64]string{}
			d.Decoder = &wanted{Decoder: opened, ctx: ctx, at: at}
		}
		return d, nil
	}
}

// wanted hands over the records of an object that have a dead letter.
type wanted struct {
	ingest.Decoder
	ctx context.Context
	at  *attempt
}

// Next implements ingest.Decoder.
func (w *wanted) Next(r *ingest.Record) error {
	for w.ctx.Err() == nil {
		err := w.Decoder.Next(r)
		var broken *ingest.Broken
		switch {
		case err == nil && w.at.wants[r.Position]:
			w.at.took[r.Position] = true
			return nil
		case err == nil && w.at.piece:
			return errors.New("the bytes that were kept are several records")
		case err == nil:
		case errors.As(err, &broken) && w.at.piece:
			return errors.New(broken.Reason)
		case errors.As(err, &broken):
			w.at.again[broken.Position] = broken.Reason
		case len(w.at.took) == 0:
			return fmt.Errorf("none of the records could be read: %w", err)
		default:
			return err
		}
	}
	return w.ctx.Err()
}

// why says why a letter stays; "" when it is gone. It is asked when the object
// was read.
func (at *attempt) why(d *DeadLetter) string {
	reason, again := at.again[d.Position]
	switch {
	case at.known, at.whole && at.failed == "", at.failed == "" && at.took[d.Position]:
		return ""
	case !d.Whole && again:
		return reason
	case at.strange && (!d.Whole || d.Logstore != ""): // it was recognised once: what was wrong then tells more
		return d.Reason
	case at.failed != "":
		return at.failed
	}
	return fmt.Sprintf("the object has no record %d now", d.Position)
}

// tell adds the letters to a report, when it is known what became of them.
func (at *attempt) tell(report *RetryReport) {
	for _, d := range at.letters {
		why := "not read again"
		if at.settled {
			if why = at.why(&d); why != "" && at.unread != "" {
				why += "; " + at.unread
			}
		}
		d.Raw = nil
		report.Letters = append(report.Letters, Retried{d, why})
	}
}

// write removes the letters that are gone, and gives the others their new
// reasons.
func (at *attempt) write(ctx context.Context, conn *sql.Conn, now time.Time) error {
	for i := range at.letters {
		d := &at.letters[i]
		why := at.why(d)
		var err error
		if why == "" {
			_, err = conn.ExecContext(ctx, "DELETE FROM deadletters WHERE id = ?", d.ID)
		} else {
			_, err = conn.ExecContext(ctx, "UPDATE deadletters SET reason = ?, set_aside_at = ? WHERE id = ?", validText(why), now.UTC(), d.ID)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// settle writes what became of the letters of the objects in the transaction.
func (a *appender) settle(ctx context.Context) error {
	for _, t := range a.done {
		if err := a.attempts[t.object].write(ctx, a.conn, a.options.Now); err != nil {
			return err
		}
	}
	for _, f := range a.failed {
		at := &a.attempts[f.object]
		at.failed = f.Err.Error()
		if err := at.write(ctx, a.conn, a.options.Now); err != nil {
			return err
		}
	}
	return nil
}

// settled notes that what settle and replace wrote is committed.
func (a *appender) settled() {
	a.again.settled()
	if a.attempts == nil {
		return
	}
	for _, t := range a.done {
		a.attempts[t.object].settled = true
	}
	for _, f := range a.failed {
		a.attempts[f.object].settled = true
	}
}

// settleRest writes what became of letters whose objects stored nothing: no
// format fits, or the ledger has them.
func (l *Logs) settleRest(ctx context.Context, attempts []attempt, refused []refusal, now time.Time) error {
	why := map[string]error{}
	for _, r := range refused {
		why[r.object.Name+"\x00"+r.object.Version] = r.why
	}
	var rest []*attempt
	for i := range attempts {
		at := &attempts[i]
		if at.settled {
			continue
		}
		err := why[at.object.Name+"\x00"+at.object.Version]
		var none *ingest.NoFormat
		var empty *ingest.NoRecords
		switch {
		case err == nil, errors.As(err, &empty):
			at.known = true
		default:
			at.failed, at.strange = err.Error(), errors.As(err, &none)
		}
		rest = append(rest, at)
	}
	if len(rest) == 0 {
		return nil
	}
	return l.write(ctx, func(conn *sql.Conn) error {
		for _, at := range rest {
			if err := at.write(ctx, conn, now); err != nil {
				return err
			}
		}
		for _, at := range rest {
			at.settled = true
		}
		return nil
	})
}
