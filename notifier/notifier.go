package notifier

// This file is the notifier as its users see it: what it is made of, Step (T2),
// Deliver (T3) and the loop of both.

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	mathrand "math/rand/v2"
	"strings"
	"sync"
	"time"

	"tocsin/templates"
)

// Options are the parts of a Notifier. Book, Outbox, Channel, Router, Rules,
// Templates and Build are required.
type Options struct {
	Book      Book
	Outbox    Outbox
	Channel   Channel
	Name      string // of the channel, for the outbox; "": mail
	Router    func() *Router
	Rules     func(id string) (Rule, bool) // false: there is no such rule (any more)
	Templates func() *templates.Set
	Build     func(Letter) ([]byte, error) // bytes of a letter: email.Build

	NewID  func() string  // local part of a new Message-ID; nil: random
	Jitter func() float64 // in [0, 1), for backoffs; nil: random
	Log    *slog.Logger   // nil: silent
}

// A Notifier decides and delivers. Its methods may be called by several
// goroutines; transactions are serialised, dialogues with a server do not stop
// decisions.
type Notifier struct {
	o Options

	mu       sync.Mutex // held from reading beliefs until they are committed
	delivery sync.Mutex // one Deliver at a time
	pause    pause      // of the channel; guarded by delivery
	proven   bool       // the channel delivered since the last alarm, or start; guarded by delivery

	waits func(rule string) bool // of Run; nil: no decision waits
}

// New returns a Notifier.
func New(o Options) (*Notifier, error) {
	if o.Book == nil || o.Outbox == nil || o.Channel == nil || o.Router == nil || o.Rules == nil || o.Templates == nil || o.Build == nil {
		return nil, errors.New("a part of the notifier is missing")
	}
	if o.Name == "" {
		o.Name = "mail"
	}
	if o.NewID == nil {
		o.NewID = func() string { return strings.ToLower(rand.Text()) }
	}
	if o.Jitter == nil {
		o.Jitter = mathrand.Float64
	}
	if o.Log == nil {
		o.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	return &Notifier{o: o}, nil
}

// Step is T2: it decides about everything that changed or is due at now and
// commits what it decided in one transaction. It returns when to be called
// again though nothing changes; zero: there is no such time. Call it after every
// round, so that a round precedes the timers of its moment (D01).
func (n *Notifier) Step(ctx context.Context, now time.Time) (next time.Time, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	now = exact(now)
	work, err := n.o.Book.Work(ctx, now)
	if err != nil {
		return time.Time{}, err
	}
	s := newStep(n, now)
	for _, c := range work.Changed {
		if n.wait(c.Rule) {
			continue
		}
		s.d.Changed = append(s.d.Changed, c)
		if err := s.wantAll(ctx, c.Rule); err != nil {
			return time.Time{}, err
		}
	}
	for _, k := range work.Due {
		if n.wait(k.Group) {
			continue
		}
		if err := s.want(ctx, k, false); err != nil {
			return time.Time{}, err
		}
	}
	if err := s.run(ctx, work.Notices); err != nil {
		return time.Time{}, err
	}
	return soonest(work.Next, s.next), nil
}

// redecide is T2 for rows that have to be written anew before they are sent:
// they are too old, or their recipient sleeps.
func (n *Notifier) redecide(ctx context.Context, rows []*Mail, now time.Time) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	s := newStep(n, now)
	for _, m := range rows {
		for _, g := range m.Groups {
			if err := s.want(ctx, BeliefKey{g, m.Recipient}, true); err != nil {
				return err
			}
		}
	}
	return s.run(ctx, nil)
}

// wait reports whether decisions about a rule have to wait.
func (n *Notifier) wait(rule string) bool { return n.waits != nil && n.waits(rule) }

// Run steps and delivers until ctx ends. Send to wake after every round; it may
// be nil, and is never closed. While waits says so, nothing is decided about a
// rule: it has not caught up (D21); nil: never. heard is called each time, with how
// long it will be at most until it is called again, and with what kept it from
// deciding or delivering; it may be nil. A dialogue in flight is finished or given up
// by the channel when ctx ends.
func (n *Notifier) Run(ctx context.Context, wake <-chan struct{}, waits func(rule string) bool, heard func(wait time.Duration, err error)) error {
	n.waits = waits
	for {
		next, undecided := n.Step(ctx, time.Now())
		if undecided != nil && ctx.Err() == nil {
			n.o.Log.Error("decide", "error", undecided)
		}
		later, err := n.Deliver(ctx, time.Now())
		if err != nil && ctx.Err() == nil {
			n.o.Log.Error("deliver", "error", err)
		}
		wait := maxSleep
		if t := soonest(next, later); !t.IsZero() {
			wait = min(wait, max(minSleep, time.Until(t)))
		}
		if heard != nil && ctx.Err() == nil {
			heard(wait, errors.Join(undecided, err))
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// The loop looks again at least and at most this often without being woken.
const (
	maxSleep = 30 * time.Second
	minSleep = 200 * time.Millisecond
)

// exact is t as stores keep it: UTC, to the microsecond.
func exact(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// soonest returns the earlier moment; zero stands for none.
func soonest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
