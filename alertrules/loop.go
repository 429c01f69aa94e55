package alertrules

import (
	"context"
	"time"
)

// A Loop evaluates rules on their schedules. It is one of the two places that
// read the clock.
type Loop struct {
	Engine *Engine
	// Rules returns the rules as they are now. It is called before each round.
	Rules func() *Set
	// Changed wakes the loop when Rules returns another set; may be nil.
	Changed <-chan struct{}
	// Done is called after each round that evaluated something, with what was
	// committed; may be nil.
	Done func(*Round)
	// Failed is told what kept a round from being evaluated or committed; the
	// loop goes on and tries again. May be nil.
	Failed func(error)
}

// retryAfter is how long the loop waits after an error that is no rule's.
const retryAfter = 5 * time.Second

// minWait keeps the loop from spinning when a moment passed during a round.
const minWait = 10 * time.Millisecond

// Run evaluates until ctx is done, and returns nil then.
func (l *Loop) Run(ctx context.Context) error {
	var known *Set
	for ctx.Err() == nil {
		set := l.Rules()
		now := time.Now()
		err := l.round(ctx, set, known, now)
		if err == nil {
			known = set
		}
		wait := retryAfter
		if err == nil {
			wait, err = l.untilNext(ctx, set)
		}
		if err != nil && ctx.Err() == nil && l.Failed != nil {
			l.Failed(err)
		}
		sleep(ctx, l.Changed, wait)
	}
	return nil
}

func (l *Loop) round(ctx context.Context, set, known *Set, now time.Time) error {
	if set != known {
		r, err := l.Engine.Known(ctx, set, now)
		if err != nil {
			return err
		}
		l.done(r)
	}
	r, err := l.Engine.Round(ctx, set.Rules, now)
	if err != nil {
		return err
	}
	l.done(r)
	return nil
}

func (l *Loop) done(r *Round) {
	if l.Done != nil && len(r.Rules) > 0 {
		l.Done(r)
	}
}

// untilNext is how long it is until the first moment of any rule.
func (l *Loop) untilNext(ctx context.Context, set *Set) (time.Duration, error) {
	states, err := l.Engine.ruleStates(ctx)
	if err != nil {
		return retryAfter, err
	}
	wait := time.Hour
	for _, r := range set.Rules {
		s := states[r.ID]
		if !r.Enabled || s == nil || s.Off != "" || s.Moment.IsZero() {
			continue
		}
		if next := r.Schedule.Next(s.Moment); !next.IsZero() {
			wait = min(wait, max(minWait, time.Until(next)))
		}
	}
	return wait, nil
}

// sleep waits for a time, a change or the end.
func sleep(ctx context.Context, changed <-chan struct{}, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-changed:
	case <-t.C:
	}
}
