// The window instance: an engine without files, in which the rules of a round
// find a copy of the records that several of them look at. What is copied is in
// window_copy.go.

package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"tocsin/alertrules"
	"tocsin/query"
)

// windowThreads of the window instance: whoever asks does the work, so that two
// rules at a time keep two processors busy.
const windowThreads = 1

// windowMemory is a sixteenth of what the process may use, 128 to 256 MB.
func windowMemory(host int64) int64 {
	return shareOf(host/16, 128<<20, 256<<20)
}

// A windowInstance is opened when it is needed first. Nothing in it outlives a
// round: an engine that broke is replaced by another one.
type windowInstance struct {
	mu     sync.Mutex
	in     *instance
	copies int                // made so far, for their names
	widths map[string]float64 // bytes of a value, by table and column, as the last copy had them

	answered, missed atomic.Int64 // questions that a copy answered; what the file had to make up for
}

// open returns the instance.
func (w *windowInstance) open(ctx context.Context) (*instance, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.in != nil {
		return w.in, nil
	}
	in, err := openInstance(ctx, instanceOptions{
		Name: "memory", Memory: windowMemory(HostMemory()), Threads: windowThreads, Setup: registerFunctions,
	})
	if err != nil {
		return nil, err
	}
	w.in = in
	return in, nil
}

// give gives up an instance that answers no more; the next copy gets another one.
func (w *windowInstance) give(ctx context.Context, in *instance) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.in == in {
		w.in = nil
		_ = in.close(context.WithoutCancel(ctx)) // it is broken, and holds nothing
	}
}

func (w *windowInstance) close(ctx context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.in == nil {
		return nil
	}
	in := w.in
	w.in = nil
	return in.close(ctx)
}

// copyName is a name that no copy has had.
func (w *windowInstance) copyName() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.copies++
	return fmt.Sprint("w", w.copies)
}

// copiesKey is the key of the copies in the context of a round.
type copiesKey struct{}

// Share implements Engine.Share of package alertrules: it copies the records that
// several of the asks are over into the window instance, once, with the columns
// that these use, when that is less work than it saves and they take at most 64 MB.
// With the context that it returns, Query asks the copy where there is one that
// holds what a plan reads, or knows that the plan finds nothing, and the file otherwise.
// release drops the copies.
//
// What goes wrong with a copy, while it is made or asked, is nobody's error: the
// file is asked instead, and what it answers counts. The instance has less memory
// than a query was promised, and no files for what does not fit; and an error has to
// be about the records as they are stored. Only a question whose time is over is not
// asked again.
func (l *Logs) Share(ctx context.Context, asks []alertrules.Ask) (shared context.Context, release func()) {
	var copies []*windowCopy
	for _, g := range groupAsks(asks) {
		c, err := l.copyWindow(ctx, g)
		if err != nil {
			l.windows.missed.Add(1)
		} else if c != nil {
			copies = append(copies, c)
		}
	}
	if len(copies) == 0 {
		return ctx, func() {}
	}
	return context.WithValue(ctx, copiesKey{}, copies), func() {
		for _, c := range copies {
			if err := c.drop(context.WithoutCancel(ctx)); err != nil {
				l.windows.give(ctx, c.in)
			}
		}
	}
}

// askCopy asks a copy that holds what p reads over w, or enough of it to tell that
// there is nothing; not ok: there is none, or it has no answer, and the file has to be
// asked.
func (l *Logs) askCopy(ctx context.Context, p *query.Plan, w query.Window) (r *query.Result, ok bool, err error) {
	copies, shared := ctx.Value(copiesKey{}).([]*windowCopy)
	if !shared {
		return nil, false, nil
	}
	reading, readable := p.Reading()
	if !readable {
		return nil, false, nil
	}
	for _, c := range copies {
		if !c.covers(reading.Table, w) {
			continue
		}
		if c.sieve.Barren(reading, w) {
			l.windows.answered.Add(1)
			return &query.Result{Columns: p.Columns()}, true, nil
		}
		if c.has(reading.Columns) {
			q := question{statement: p.SQL(query.DuckDB(), c.rest(w)), columns: p.Columns(), seq: p.RowIdentity(), maxRows: p.MaxRows()}
			return l.askOne(ctx, c, q)
		}
		probe, columns, probed := reading.Probe(query.DuckDB(), c.rest(w))
		if !probed || !c.has(columns) {
			continue
		}
		r, ok, err := l.askOne(ctx, c, question{statement: probe, columns: []query.Column{{Type: query.Integer}}})
		if !ok || err != nil || len(r.Rows) > 0 {
			return nil, ok && err != nil, err
		}
		return &query.Result{Columns: p.Columns()}, true, nil
	}
	return nil, false, nil
}

// askOne asks one copy; not ok: the file has to be asked.
func (l *Logs) askOne(ctx context.Context, c *windowCopy, q question) (r *query.Result, ok bool, err error) {
	r, err = l.apart(ctx, func() (*query.Result, error) { return c.read(ctx, q) })
	if err == nil {
		l.windows.answered.Add(1)
		return r, true, nil
	}
	var left *AbandonedError
	if ctx.Err() != nil || errors.As(err, &left) {
		return nil, true, err
	}
	l.windows.missed.Add(1)
	if invalidated(err) {
		l.windows.give(ctx, c.in)
	}
	return nil, false, nil
}
