package agent

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

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
	// Take stores what a source handed out: whole objects, each record once. What
	// it cannot read is set aside there; an error says that the store could not
	// write.
	Take func(ctx context.Context, s Source, l Load) (Taken, error)
	// Marks remember which sources were drained once.
	Marks    ingest.Marks
	Engine   *alertrules.Engine
	Rules    func() *alertrules.Set
	Notifier *notifier.Notifier
	Maintain func(ctx context.Context) error // keeps the files tidy; called in quiet moments
	// Heard says when a source delivered last, and with the name of a field when
	// each of its values in the source did. Without anything delivered it is empty.
	// Values of which nothing came since a moment may be forgotten.
	Heard func(ctx context.Context, source, field string, since time.Time) ([]Voice, error)
	// Causes returns what the operator was told and is not over.
	Causes  func(ctx context.Context) ([]alertrules.Notice, error)
	Room    func() (Room, error) // of the disk of the data directory
	Reserve Reserve              // below it nothing is taken in
	Health  func() Health        // of the engines; nil: it is not looked at
	// CatchUpWait is how long the first round waits for the first drain of all
	// sources; 0: 10 minutes.
	CatchUpWait time.Duration
	Splay       time.Duration // how long after their moments rounds begin, see alertrules.Loop
	Files       Files         // which are read again when they change
	// Supervisor is told when the agent works, reads its files again, and ends.
	Supervisor Supervisor
	// Woken gets a value when somebody may have changed by hand what is to be told;
	// may be nil.
	Woken     <-chan struct{}
	Heartbeat Heartbeat
	// Listen is the loopback address for metrics and health; "": nothing listens.
	Listen  string
	Metrics *Metrics                                 // nil: nothing is counted
	State   func(ctx context.Context) (State, error) // what is stored, for Metrics
	Log     *slog.Logger
}

// An Agent runs the loops. It is used for one Run or one Once.
type Agent struct {
	o     Options
	feeds []*feed
	disk  disk
	pulse pulse
	// health is what was told of the engines, of any loop.
	health struct {
		mu       sync.Mutex
		told     Health
		replaced bool
	}
	seen struct { // what was stored when somebody asked last
		mu    sync.Mutex
		at    time.Time
		state State
		err   error
	}
	toldAlive string // key of the last daily mail of this agent
	journal   journal
}

// New returns an agent.
func New(o Options) *Agent {
	o.CatchUpWait = cmp.Or(o.CatchUpWait, catchUpWait)
	a := &Agent{o: o}
	for _, s := range o.Sources {
		a.feeds = append(a.feeds, &feed{source: s})
	}
	return a
}

// A Summary says what Once did.
type Summary struct {
	Records int64 // taken in
	Round   *alertrules.Round
	More    []*alertrules.Round // what was too much for it, in pieces
	Left    []string            // ids of the rules of which some is left for the next time
}

// Evaluations are those of the round, and of what came after it.
func (s Summary) Evaluations() []alertrules.Evaluation {
	all := slices.Clone(s.Round.Evaluations)
	for _, r := range s.More {
		all = append(all, r.Evaluations...)
	}
	return all
}

// moreTime is how long Once goes on with what was too much for its round.
const moreTime = 2 * time.Minute

// Once does one round of everything: it makes the rules known, takes in what the
// sources hold, looks which of them are silent, evaluates every rule that is due, goes on
// for two minutes with slow ones of which that was not all, decides, and makes one attempt
// to deliver what is ready, and what that brings to tell; then it keeps the files tidy, and
// shows that it is alive if all went well. An error of one step does not keep the next
// ones from being done.
func (a *Agent) Once(ctx context.Context, now time.Time) (Summary, error) {
	s := Summary{Round: &alertrules.Round{At: now}}
	a.o.Engine.Unfed = a.unfed
	set := a.o.Rules()
	_, err := a.o.Engine.Known(ctx, set, now)
	if err != nil {
		return s, fmt.Errorf("make the rules known: %w", err)
	}
	_, err = a.space(ctx, now)
	errs := []error{err}
	for _, f := range a.feeds {
		n, err := a.drain(ctx, f, now)
		s.Records += n
		errs = append(errs, err)
	}
	_, err = a.attend(ctx, now)
	errs = append(errs, err)
	if _, err = a.daily(ctx, now); err != nil {
		errs = append(errs, err)
	}
	round, err := a.o.Engine.Round(ctx, set.Rules, now)
	if err != nil {
		errs = append(errs, fmt.Errorf("evaluate: %w", err))
	} else {
		s.Round = round
		errs = append(errs, a.goOn(ctx, set, now, &s))
	}
	_, _, err = a.engines(ctx, now)
	errs = append(errs, err, a.o.Notifier.DeliverAll(ctx, now), a.o.Maintain(ctx), ctx.Err())
	if err := errors.Join(errs...); err != nil {
		return s, err
	}
	if err := a.sign(ctx, now); err != nil {
		return s, fmt.Errorf("heartbeat: %w", err)
	}
	return s, nil
}

// goOn goes on with what was too much for the round of Once.
func (a *Agent) goOn(ctx context.Context, set *alertrules.Set, now time.Time, s *Summary) error {
	pieces, left, err := a.o.Engine.GoOn(ctx, set.Rules, now, moreTime)
	s.More = pieces
	for _, r := range left {
		s.Left = append(s.Left, r.ID)
	}
	if err != nil {
		return fmt.Errorf("evaluate what was too much for the round: %w", err)
	}
	return nil
}

// Run runs the loops until ctx ends, and returns when what was in flight is
// finished: a load its transaction, a round its T1, a dialogue its answer. It
// returns ErrRestart when files changed from which another agent has to be made, and
// ErrReplace when the process is to be replaced.
func (a *Agent) Run(ctx context.Context) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	wake, deliver := bell()
	changed, evaluate := bell()
	loop := a.rounds(ctx, changed, deliver, stop)
	if _, err := a.o.Engine.Known(ctx, a.o.Rules(), time.Now()); err != nil {
		return fmt.Errorf("make the rules known: %w", err)
	}
	var loops, drained sync.WaitGroup
	loops.Go(func() { a.serve(ctx) })
	loops.Go(func() { a.watchdog(ctx) })
	a.pulse.beat(rulesLoop, time.Now().Add(a.o.CatchUpWait))
	a.pulse.beat(mailsLoop, time.Now().Add(a.o.CatchUpWait))
	for _, f := range a.feeds {
		drained.Add(1)
		loops.Go(func() { a.follow(ctx, f, sync.OnceFunc(drained.Done)) })
	}
	loops.Go(func() { a.woken(ctx, deliver) })
	loops.Go(func() {
		a.reload(ctx, func() { evaluate(); deliver() }, func() { stop(ErrRestart) })
	})
	defer a.supervised(ctx)()
	a.awaitDrained(ctx, &drained)
	errs := make([]error, 2)
	loops.Go(func() { errs[0] = ended(loop.Run(ctx)) })
	loops.Go(func() {
		errs[1] = ended(a.o.Notifier.Run(ctx, wake, loop.Waits, a.heardMails))
	})
	loops.Go(func() { a.maintain(ctx) })
	a.signs(ctx, &loops, deliver)
	loops.Go(func() { a.watch(ctx, deliver, stop) })
	loops.Wait()
	return errors.Join(append(errs, again(ctx))...)
}

// rounds is the loop that evaluates, which beats while it does. changed wakes it;
// deliver is called after each round, and stop when the process is to be replaced.
func (a *Agent) rounds(ctx context.Context, changed <-chan struct{}, deliver func(), stop context.CancelCauseFunc) *alertrules.Loop {
	var failing atomic.Bool // rounds are evaluated, but not committed
	a.o.Engine.Unfed = a.unfed
	a.o.Engine.Progress = func() {
		if !failing.Load() {
			a.pulse.beat(rulesLoop, time.Now())
		}
	}
	return &alertrules.Loop{
		Engine: a.o.Engine, Rules: a.o.Rules, Changed: changed, Splay: a.o.Splay,
		Done: func(r *alertrules.Round) {
			a.logRound(ctx, r)
			a.o.Metrics.round(r)
			a.lookAfter(ctx, stop)
			deliver()
		},
		Alive: func(wait time.Duration) {
			failing.Store(false)
			a.pulse.beat(rulesLoop, time.Now().Add(wait))
		},
		Failed: func(err error) {
			failing.Store(true)
			a.pulse.fail(rulesLoop, err, time.Now())
			a.o.Log.Error("evaluate", "error", err)
		},
	}
}

// woken delivers each time that somebody may have changed what is to be told, until
// ctx ends.
func (a *Agent) woken(ctx context.Context, deliver func()) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-a.o.Woken:
			deliver()
		}
	}
}

// supervised tells the supervisor that the agent works, and, when ctx ends, why it
// does, unless the function that it returns was called before.
func (a *Agent) supervised(ctx context.Context) (release func() bool) {
	a.o.Supervisor.Ready()
	return context.AfterFunc(ctx, func() {
		switch cause := context.Cause(ctx); {
		case errors.Is(cause, ErrReplace): // it stays the same process to the supervisor
			a.o.Supervisor.Reloading()
		case !errors.Is(cause, ErrRestart):
			a.o.Supervisor.Stopping()
		}
	})
}

// again is why another agent, or process, takes over when ctx has ended; nil: none.
func again(ctx context.Context) error {
	for _, err := range []error{ErrRestart, ErrReplace} {
		if errors.Is(context.Cause(ctx), err) {
			return err
		}
	}
	return nil
}

// heardMails notes how the loop of the mails goes on.
func (a *Agent) heardMails(wait time.Duration, err error) {
	if err != nil {
		a.pulse.fail(mailsLoop, err, time.Now())
		return
	}
	a.pulse.beat(mailsLoop, time.Now().Add(wait))
}

// bell returns a channel that holds one ring, and what rings it.
func bell() (<-chan struct{}, func()) {
	c := make(chan struct{}, 1)
	return c, func() {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

// ended is the error of a loop that did not just end because it was told to.
func ended(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// maintain keeps the files tidy until ctx ends.
func (a *Agent) maintain(ctx context.Context) {
	for sleep(ctx, pollEvery, nil) {
		if err := a.o.Maintain(ctx); err != nil && ctx.Err() == nil {
			a.o.Log.Error("maintain", "error", err)
		}
	}
}

// lookAfter looks after the engines, and ends the agent when the process is to be
// replaced. It reports whether there is something to tell.
func (a *Agent) lookAfter(ctx context.Context, stop context.CancelCauseFunc) (told bool) {
	told, replace, err := a.engines(ctx, time.Now())
	if err != nil && ctx.Err() == nil {
		a.o.Log.Error("look after the engines", "error", err)
	}
	if replace {
		stop(ErrReplace)
	}
	return told
}

// watch attends to what is around the loops until ctx ends; tell is called when
// there is something to tell.
func (a *Agent) watch(ctx context.Context, tell func(), stop context.CancelCauseFunc) {
	for {
		spent := a.lookAfter(ctx, stop)
		told, err := a.attend(ctx, time.Now())
		if err != nil && ctx.Err() == nil {
			a.o.Log.Error("look after disk and sources", "error", err)
		}
		if told || spent {
			tell()
		}
		if !sleep(ctx, pollEvery, nil) {
			return
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
