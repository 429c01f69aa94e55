package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"

	"tocsin/alertrules"
	"tocsin/ingest"
	"tocsin/notifier"
)

// This file is the two ways to run everything: once (Once), and until it is told
// to stop (Run), with a loop for each source beside those of alertrules and
// notifier.

// Options are the parts of an agent. Sources may be empty.
type Options struct {
	Sources []Source
	// Take stores objects of a source: whole objects, each record once. What it
	// cannot read is set aside there; an error says that the store could not
	// write. It returns the number of records stored.
	Take     func(ctx context.Context, s Source, objects []ingest.Object, now time.Time) (int64, error)
	Engine   *alertrules.Engine
	Rules    func() *alertrules.Set
	Notifier *notifier.Notifier
	Maintain func(ctx context.Context) error // keeps the files tidy; called in quiet moments
	Log      *slog.Logger
}

// An Agent runs the loops. It is used for one Run or one Once.
type Agent struct {
	o       Options
	watches []*watch
}

// New returns an agent.
func New(o Options) *Agent {
	a := &Agent{o: o}
	for _, s := range o.Sources {
		a.watches = append(a.watches, &watch{source: s})
	}
	return a
}

// A Summary says what Once did.
type Summary struct {
	Records int64 // taken in
	Round   *alertrules.Round
}

// Once does one round of everything: it makes the rules known, takes in what the
// sources hold, evaluates every rule that is due, decides, and makes one attempt
// to deliver what is ready, and what that brings to tell. An error of one step
// does not keep the next ones from being done.
func (a *Agent) Once(ctx context.Context, now time.Time) (Summary, error) {
	s := Summary{Round: &alertrules.Round{At: now}}
	set := a.o.Rules()
	_, err := a.o.Engine.Known(ctx, set, now)
	if err != nil {
		return s, fmt.Errorf("make the rules known: %w", err)
	}
	var errs []error
	for _, w := range a.watches {
		n, _, err := a.drain(ctx, w, now.Add(settle))
		s.Records += n
		errs = append(errs, err)
	}
	round, err := a.o.Engine.Round(ctx, set.Rules, now)
	if err != nil {
		errs = append(errs, fmt.Errorf("evaluate: %w", err))
	} else {
		s.Round = round
	}
	errs = append(errs, a.o.Notifier.DeliverAll(ctx, now), ctx.Err())
	return s, errors.Join(errs...)
}

// Run runs the loops until ctx ends, and returns when what was in flight is
// finished: a load its transaction, a round its T1, a dialogue its answer.
func (a *Agent) Run(ctx context.Context) error {
	if _, err := a.o.Engine.Known(ctx, a.o.Rules(), time.Now()); err != nil {
		return fmt.Errorf("make the rules known: %w", err)
	}
	for _, w := range a.watches { // a first drain before the first round
		if _, _, err := a.drain(ctx, w, time.Now()); err != nil && ctx.Err() == nil {
			a.o.Log.Error("take in", "source", w.source.Name, "error", err)
		}
	}
	wake := make(chan struct{}, 1)
	loop := &alertrules.Loop{
		Engine: a.o.Engine, Rules: a.o.Rules,
		Done: func(r *alertrules.Round) {
			a.logRound(r)
			select {
			case wake <- struct{}{}:
			default:
			}
		},
		Failed: func(err error) { a.o.Log.Error("evaluate", "error", err) },
	}
	var loops sync.WaitGroup
	for _, w := range a.watches {
		loops.Go(func() { a.follow(ctx, w) })
	}
	errs := make([]error, 2)
	loops.Go(func() { errs[0] = ended(loop.Run(ctx)) })
	loops.Go(func() { errs[1] = ended(a.o.Notifier.Run(ctx, wake)) })
	loops.Go(func() { a.maintain(ctx) })
	loops.Wait()
	return errors.Join(errs...)
}

// ended is the error of a loop that did not just end because it was told to.
func ended(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// logRound writes one line for each evaluation that is worth one.
func (a *Agent) logRound(r *alertrules.Round) {
	for _, e := range r.Evaluations {
		switch e.Outcome {
		case alertrules.Failed:
			a.o.Log.Error("evaluated", "rule", e.Rule, "outcome", e.Outcome, "error", e.Error)
		case alertrules.OK:
			a.o.Log.Debug("evaluated", "rule", e.Rule, "outcome", e.Outcome, "reason", e.Reason, "took", e.Took)
		default:
			a.o.Log.Info("evaluated", "rule", e.Rule, "outcome", e.Outcome, "reason", e.Reason, "took", e.Took)
		}
	}
}

// maintain keeps the files tidy until ctx ends.
func (a *Agent) maintain(ctx context.Context) {
	for sleep(ctx, pollEvery, nil) {
		if err := a.o.Maintain(ctx); err != nil && ctx.Err() == nil {
			a.o.Log.Error("maintain", "error", err)
		}
	}
}

// drain takes in what a source holds and has settled at now.
func (a *Agent) drain(ctx context.Context, w *watch, now time.Time) (records int64, more bool, err error) {
	objects, more, unread := w.ready(now)
	if len(objects) == 0 {
		return 0, more, unread
	}
	records, err = a.o.Take(ctx, w.source, objects, now)
	if err != nil {
		return records, true, errors.Join(unread, fmt.Errorf("source %s: %w", w.source.Name, err))
	}
	w.took(objects)
	a.o.Log.Info("took in", "source", w.source.Name, "objects", len(objects), "records", records)
	return records, more, unread
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
	said := "" // one failure is one line, however often it is tried again
	for wait := pollSoon; ; {
		if !sleep(ctx, wait, events) || !sleep(ctx, settle/4, nil) { // a burst of changes is one
			return
		}
		_, more, err := a.drain(ctx, w, time.Now())
		switch {
		case err == nil:
			said = ""
		case ctx.Err() == nil && said != err.Error():
			said = err.Error()
			a.o.Log.Error("take in", "source", w.source.Name, "error", err)
		}
		wait = pollEvery
		if more || err != nil {
			wait = pollSoon
		}
	}
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
		if err = w.Add(dir); err != nil {
			err = errors.Join(err, w.Close())
		}
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
