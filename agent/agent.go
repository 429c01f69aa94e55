package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"

	"tocsin/ingest"
)

// Options are the parts of an agent. All but Sources are required.
type Options struct {
	Sources []Source
	// Take stores objects of a source: whole objects, each record once. What it
	// cannot read is set aside there; an error says that the store could not
	// write. It returns the number of records stored.
	Take func(ctx context.Context, s Source, objects []ingest.Object, now time.Time) (int64, error)
	// Evaluate runs the rules that are due at now (T1) and returns when the next
	// one is due.
	Evaluate func(ctx context.Context, now time.Time) (next time.Time, err error)
	// Decide is T2, Deliver is T3; both return when to be called again though
	// nothing changes (zero: never).
	Decide  func(ctx context.Context, now time.Time) (next time.Time, err error)
	Deliver func(ctx context.Context, now time.Time) (next time.Time, err error)
	// Maintain keeps the files tidy; it is called in quiet moments.
	Maintain func(ctx context.Context) error
	Log      *slog.Logger
}

// An Agent runs the loops. It is used for one Run or one Once.
type Agent struct {
	o       Options
	watches []*watch
	decide  chan struct{} // a round or a reload happened
}

// New returns an agent.
func New(o Options) *Agent {
	a := &Agent{o: o, decide: make(chan struct{}, 1)}
	for _, s := range o.Sources {
		a.watches = append(a.watches, &watch{source: s})
	}
	return a
}

// Once does one round of everything: it takes in what the sources hold,
// evaluates every rule that is due, decides, and makes one attempt to deliver
// what is ready.
func (a *Agent) Once(ctx context.Context, now time.Time) error {
	var errs []error
	for _, w := range a.watches {
		if _, err := a.drain(ctx, w, now, true); err != nil {
			errs = append(errs, err)
		}
	}
	if _, err := a.o.Evaluate(ctx, now); err != nil {
		errs = append(errs, fmt.Errorf("evaluate: %w", err))
	}
	if _, err := a.o.Decide(ctx, now); err != nil {
		errs = append(errs, fmt.Errorf("decide: %w", err))
	}
	if _, err := a.o.Deliver(ctx, now); err != nil {
		errs = append(errs, fmt.Errorf("deliver: %w", err))
	}
	return errors.Join(append(errs, ctx.Err())...)
}

// Run runs the loops until ctx ends, and returns when what was in flight is
// finished: a load its transaction, a round its T1, a dialogue its answer.
func (a *Agent) Run(ctx context.Context) error {
	for _, w := range a.watches { // a first drain before the first round
		if _, err := a.drain(ctx, w, time.Now(), false); err != nil {
			a.o.Log.Error("take in", "source", w.source.Name, "error", err)
		}
	}
	var loops sync.WaitGroup
	for _, w := range a.watches {
		loops.Go(func() { a.follow(ctx, w) })
	}
	loops.Go(func() { a.rounds(ctx) })
	loops.Go(func() { a.notify(ctx) })
	loops.Wait()
	return nil
}

// drain takes in what a source holds. all takes files that have not settled too.
func (a *Agent) drain(ctx context.Context, w *watch, now time.Time, all bool) (more bool, err error) {
	at := now
	if all {
		at = now.Add(settle)
	}
	objects, more, err := w.ready(at)
	if err != nil || len(objects) == 0 {
		return more, err
	}
	n, err := a.o.Take(ctx, w.source, objects, now)
	if err != nil {
		return true, fmt.Errorf("source %s: %w", w.source.Name, err)
	}
	w.took(objects)
	a.o.Log.Info("took in", "source", w.source.Name, "objects", len(objects), "records", n)
	return more, nil
}

// How often a source is looked at when nothing wakes its loop, and how soon
// when something changed or failed.
const (
	pollEvery = 30 * time.Second
	pollSoon  = settle
)

// follow takes in what comes into a source until ctx ends.
func (a *Agent) follow(ctx context.Context, w *watch) {
	events, stop := changes(w.source.Dir, a.o.Log)
	defer stop()
	for wait := pollSoon; ; {
		if !sleep(ctx, wait, events) || !sleep(ctx, settle/4, nil) { // a burst of changes is one
			return
		}
		more, err := a.drain(ctx, w, time.Now(), false)
		if err != nil && ctx.Err() == nil {
			a.o.Log.Error("take in", "source", w.source.Name, "error", err)
		}
		wait = pollEvery
		if more || err != nil {
			wait = pollSoon
		}
	}
}

// rounds evaluates what is due until ctx ends.
func (a *Agent) rounds(ctx context.Context) {
	for {
		next, err := a.o.Evaluate(ctx, time.Now())
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			a.o.Log.Error("evaluate", "error", err)
		}
		select {
		case a.decide <- struct{}{}:
		default:
		}
		if err := a.o.Maintain(ctx); err != nil && ctx.Err() == nil {
			a.o.Log.Error("maintain", "error", err)
		}
		if !sleep(ctx, until(next, pollEvery), nil) {
			return
		}
	}
}

// notify decides and delivers until ctx ends. What is being delivered when ctx
// ends is finished or given up by the channel.
func (a *Agent) notify(ctx context.Context) {
	for {
		next, err := a.o.Decide(ctx, time.Now())
		if err != nil && ctx.Err() == nil {
			a.o.Log.Error("decide", "error", err)
		}
		later, err := a.o.Deliver(ctx, time.Now())
		if err != nil && ctx.Err() == nil {
			a.o.Log.Error("deliver", "error", err)
		}
		if next.IsZero() || !later.IsZero() && later.Before(next) {
			next = later
		}
		if !sleep(ctx, until(next, pollEvery), a.decide) {
			return
		}
	}
}

// until is the time from now to a moment, at least a fifth of a second and at
// most limit; the zero moment is never.
func until(t time.Time, limit time.Duration) time.Duration {
	if t.IsZero() {
		return limit
	}
	return min(limit, max(200*time.Millisecond, time.Until(t)))
}

// sleep waits for a while, or until wake; false says that ctx has ended.
func sleep(ctx context.Context, d time.Duration, wake <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
	case <-wake:
	}
	return true
}

// changes tells of changes below a directory. Where watching is not to be had
// (too many watches, a directory that does not exist yet) the poll remains.
func changes(dir string, log *slog.Logger) (<-chan struct{}, func()) {
	w, err := fsnotify.NewWatcher()
	if err == nil {
		err = w.Add(dir)
	}
	if err != nil {
		log.Warn("not watched, only polled", "directory", dir, "error", err)
		return nil, func() {}
	}
	wake := make(chan struct{}, 1)
	go func() {
		for range w.Events {
			select {
			case wake <- struct{}{}:
			default:
			}
		}
	}()
	go func() {
		for err := range w.Errors {
			log.Warn("watch", "directory", dir, "error", err)
		}
	}()
	return wake, func() {
		if err := w.Close(); err != nil {
			log.Warn("watch", "directory", dir, "error", err)
		}
	}
}
