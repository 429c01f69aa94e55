package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"tocsin/ingest"
)

// This file is the loop of one source: ask, store, settle, ask again.

// A Source is where objects come from, and how they are read.
type Source struct {
	Name string
	// Open begins to use the source. It is called when the source is first asked,
	// and again after it failed.
	Open     func(ctx context.Context) (ingest.Source, error)
	Logstore *ingest.Logstore  // nil: by content
	Zone     *time.Location    // of times without an offset; nil: that of the configuration
	Tenant   string            // __tenant__ of its records
	Columns  *ingest.ColumnMap // of a scanner's own CSV or JSON; nil: that of Qualys
	Silence  Silence           // how long it may deliver nothing
}

// A Load is what a source handed out at once.
type Load struct {
	Objects []ingest.Object
	// First says that it belongs to the first drain of a new source: old objects
	// are history (DESIGN.md §5).
	First bool
	Now   time.Time
}

// Taken says what became of a Load.
type Taken struct {
	Records int64            // stored
	Failed  map[string]error // by name of the object: why it could not be read
}

// How often a source is looked at when nothing wakes its loop; how soon again,
// and at the latest, when it failed; how long what came may take to be
// acknowledged when the agent ends, and what its source forgets to be stored; and
// how long the first round waits for the first drain of all sources.
const (
	pollEvery   = 30 * time.Second
	retrySoon   = 2 * time.Second
	retryLate   = time.Minute
	settleTime  = 20 * time.Second
	catchUpWait = 10 * time.Minute
)

// A feed is the state of a source's loop. It belongs to one goroutine.
type feed struct {
	source Source
	from   ingest.Source // nil until it is opened
	first  bool          // it was never drained; known once it is opened
	noted  *string       // why it fails, as it is noted; nil: not known yet
	stuck  bool          // what it handed out last could not be stored
	unused bool          // it was not asked last, for want of room

	// What any goroutine reads: when something was left in it last for want of room, in
	// Unix seconds, 0 when all was taken in since; and whether it held no more when it was
	// asked last, or could not be asked.
	held  atomic.Int64
	empty atomic.Bool
}

// open opens the source and looks whether it is new.
func (a *Agent) open(ctx context.Context, f *feed) error {
	if f.from != nil {
		return nil
	}
	mark, err := a.o.Marks.Mark(ctx, f.mark())
	if err != nil {
		return err
	}
	f.first = mark == ""
	f.from, err = f.source.Open(ctx)
	return err
}

// mark is the name of the mark that says that the source was drained once.
func (f *feed) mark() string { return "drained " + f.source.Name }

// step asks a source once and takes in what it hands out. more reports whether it
// is to be asked again at once. An error does not keep what was got before it from
// being taken in. On a full disk the source is not asked, and what it hands out
// all the same goes back: what it holds stays there.
func (a *Agent) step(ctx context.Context, f *feed, ask ingest.Ask) (records int64, more bool, err error) {
	named := func(err error) error {
		if err == nil {
			return nil
		}
		return fmt.Errorf("source %s: %w", f.source.Name, err)
	}
	low, _ := a.look()
	if f.unused = low; low {
		f.held.Store(time.Now().Unix())
		f.empty.Store(false)
		sleep(ctx, ask.Wait, nil)
		return 0, false, nil
	}
	defer func() {
		f.empty.Store(!more)
		switch {
		case f.unused:
			f.held.Store(time.Now().Unix())
		case err == nil && !more:
			f.held.Store(0)
		}
	}()
	if err := a.open(ctx, f); err != nil {
		return 0, false, named(err)
	}
	asked := time.Now()
	batch, unread := f.from.Receive(ctx, ask)
	ask.Now = ask.Now.Add(time.Since(asked)) // it may have waited long
	batch.Objects = a.hears(f, batch.Objects)
	var taken Taken
	if len(batch.Objects) > 0 { // the disk may have filled up while it waited for them
		f.unused, _ = a.look()
	}
	if len(batch.Objects) > 0 && !f.unused {
		taking, done := finishing(ctx, batch.Objects)
		taken, err = a.o.Take(taking, f.source, Load{Objects: batch.Objects, First: f.first, Now: ask.Now})
		done()
		if err != nil {
			err = &unstoredError{err}
		}
	}
	if batch.Settle != nil {
		inTime, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTime)
		defer cancel()
		err = errors.Join(err, batch.Settle(inTime, ingest.Outcome{Committed: err == nil && !f.unused, Failed: taken.Failed}))
	}
	if err = errors.Join(unread, err); err != nil {
		return taken.Records, false, named(err)
	}
	if f.unused {
		return 0, true, nil
	}
	if len(batch.Objects) > 0 {
		a.o.Metrics.tookIn(f.source.Name, taken.Records)
		a.o.Log.Info("took in", "source", f.source.Name, "objects", len(batch.Objects), "records", taken.Records)
	}
	if f.first && !batch.More {
		if err := a.o.Marks.SetMark(ctx, f.mark(), ask.Now.UTC().Format(time.RFC3339)); err != nil {
			return taken.Records, false, named(err)
		}
		f.first = false
	}
	return taken.Records, batch.More, nil
}

// hears notes that the loop of a source goes on with each of the objects that is
// opened, unless those before it could not be stored.
func (a *Agent) hears(f *feed, objects []ingest.Object) []ingest.Object {
	if f.stuck {
		return objects
	}
	objects = slices.Clone(objects)
	for i := range objects {
		open := objects[i].Open
		objects[i].Open = func() (io.ReadCloser, error) {
			a.pulse.beat(f.loop(), time.Now())
			return open()
		}
	}
	return objects
}

// goesOn notes what came of a step: a source that cannot be asked is asked again, and
// its loop goes on; one whose records cannot be stored has stopped.
func (a *Agent) goesOn(f *feed, err error) {
	var stuck *unstoredError
	f.stuck = errors.As(err, &stuck)
	if !f.stuck {
		a.pulse.beat(f.loop(), time.Now().Add(pollEvery+retryLate))
	}
}

// An unstoredError says that what a source handed out cannot be stored.
type unstoredError struct{ err error }

// Error says why.
func (e *unstoredError) Error() string { return e.err.Error() }

func (e *unstoredError) Unwrap() error { return e.err }

// loop names the loop of the source, for the pulse.
func (f *feed) loop() string { return "source " + f.source.Name }

// finishing is the context in which objects are taken in. What a source forgets
// (lines of a stream) has settleTime more when ctx ends, as nobody else has it.
func finishing(ctx context.Context, objects []ingest.Object) (taking context.Context, done func()) {
	if !slices.ContainsFunc(objects, func(o ingest.Object) bool { return o.Held != nil }) {
		return ctx, func() {}
	}
	taking, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		sleep(taking, settleTime, nil)
		cancel()
	})
	return taking, func() {
		stop()
		cancel()
	}
}

// drain takes in what a source holds, and closes it.
func (a *Agent) drain(ctx context.Context, f *feed, now time.Time) (records int64, err error) {
	began := time.Now()
	for more := true; more && err == nil && ctx.Err() == nil; {
		var n int64
		n, more, err = a.step(ctx, f, ingest.Ask{Now: now.Add(time.Since(began)), All: true})
		records += n
	}
	return records, errors.Join(err, a.note(ctx, f, now, err), f.close())
}

// FailingMark is the name of the mark that holds since when, and why, a source
// cannot be asked: a time of RFC 3339, a blank, the error. It is empty while all is
// well.
func FailingMark(source string) string { return "failing " + source }

// note remembers whether a source fails, so that status can say it. What is noted
// already, also by an agent before this one, is not written again. Of one that was not
// asked nothing is known.
func (a *Agent) note(ctx context.Context, f *feed, now time.Time, err error) error {
	why := ""
	if err != nil {
		why = err.Error()
	}
	if ctx.Err() != nil || f.unused || f.noted != nil && *f.noted == why {
		return nil //nolint:nilerr // that the agent ends is no failure of the source
	}
	before, unread := a.o.Marks.Mark(ctx, FailingMark(f.source.Name))
	if unread != nil {
		return unread
	}
	value := why
	if why != "" {
		since, _, failing := strings.Cut(before, " ")
		if !failing {
			since = now.UTC().Format(time.RFC3339)
		}
		value = since + " " + why
	}
	if value != before {
		if unset := a.o.Marks.SetMark(ctx, FailingMark(f.source.Name), value); unset != nil {
			return unset
		}
	}
	f.noted = &why
	return nil
}

func (f *feed) close() error {
	if f.from == nil {
		return nil
	}
	return f.from.Close()
}

// follow takes in what comes into a source until ctx ends. drained is called when
// it holds no more for the first time, or cannot be asked.
func (a *Agent) follow(ctx context.Context, f *feed, drained func()) {
	defer drained()
	said := "" // one failure is one line, however often it is tried again
	pause := retrySoon
	a.pulse.beat(f.loop(), time.Now())
	for wait := time.Duration(0); ctx.Err() == nil; {
		since := time.Now()
		_, more, err := a.step(ctx, f, ingest.Ask{Now: since, Wait: wait})
		if a.goesOn(f, err); f.stuck { // it may have waited long for what cannot be stored
			since = time.Now()
		}
		if !more {
			drained()
			wait = pollEvery
		}
		if noted := a.note(ctx, f, since, err); noted != nil && ctx.Err() == nil {
			a.o.Log.Error("note", "source", f.source.Name, "error", noted)
		}
		if err == nil {
			said, pause = "", retrySoon
			continue
		}
		if ctx.Err() == nil && said != err.Error() {
			said = err.Error()
			a.o.Log.Error("take in", "source", f.source.Name, "error", err)
		}
		sleep(ctx, pause, nil)
		pause = min(2*pause, retryLate)
	}
	if err := f.close(); err != nil {
		a.o.Log.Error("close", "source", f.source.Name, "error", err)
	}
}

// awaitDrained waits until all sources have been drained once, but not for ever:
// a source that is always full, or far behind, does not keep the rules waiting.
func (a *Agent) awaitDrained(ctx context.Context, drained *sync.WaitGroup) {
	all := make(chan struct{})
	go func() {
		drained.Wait()
		close(all)
	}()
	sleep(ctx, a.o.CatchUpWait, all)
}
