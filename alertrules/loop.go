package alertrules

import (
	"context"
	"slices"
	"sync"
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
	// committed, also from the goroutine that catches up; may be nil.
	Done func(*Round)
	// Alive is called each time that all went well, with how long it will be until it
	// is called again; may be nil.
	Alive func(wait time.Duration)
	// Failed is told what kept a round from being evaluated or committed, also from
	// the goroutine that catches up; the loop goes on and tries again. May be nil.
	Failed func(error)
	// Splay is how long after their moments rounds begin, so that the agents that ask
	// one engine do not all ask at once; of a rule at most a tenth of its Every. The
	// moments, and the windows that follow from them, stay what the schedules say.
	Splay time.Duration

	mu     sync.Mutex      // guards what follows
	begun  bool            // a first round was evaluated
	behind map[string]bool // whether decisions wait for it
}

// retryAfter is how long the loop waits after an error that is no rule's.
const retryAfter = 5 * time.Second

// The loop looks at the clock at least and at most this often.
const (
	minWait = 10 * time.Millisecond
	maxWait = 30 * time.Second
)

// Run evaluates until ctx is done, and returns nil then. Rules that missed much
// are evaluated beside the rounds, until they have caught up.
func (l *Loop) Run(ctx context.Context) error {
	var known *Set
	c := newCatcher(l)
	defer c.stop()
	for ctx.Err() == nil {
		set := l.Rules()
		another := set != known
		if another {
			c.stop() // its rules may be others now
		}
		c.live <- struct{}{}
		behind, err := l.round(ctx, set, another, time.Now())
		<-c.live
		wait := retryAfter
		if err == nil {
			known = set
			l.mark(behind, another)
			c.start(ctx, behind)
			wait, err = l.untilNext(ctx, set)
		}
		switch {
		case err != nil:
			l.fail(ctx, err)
		case l.Alive != nil:
			l.Alive(wait)
		}
		l.pause(ctx, c.caught, wait)
	}
	return nil
}

// Waits reports whether decisions about a rule have to wait: it has not caught
// up, so that what is known of its alerts is of the past (D21). What a rule over `new`
// has not seen yet changes nothing of what it has seen, nor do whole windows that an
// earlier start added. Any goroutine may call it.
func (l *Loop) Waits(rule string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !l.begun || l.behind[rule]
}

// mark notes which rules are behind, besides those that are noted, or only these.
func (l *Loop) mark(behind []*Rule, only bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.begun = true
	if only || l.behind == nil {
		l.behind = map[string]bool{}
	}
	for _, r := range behind {
		l.behind[r.ID] = r.Window.Kind != NewWindow
	}
}

// goesOn notes of which rules that are left after a piece decisions wait.
func (l *Loop) goesOn(left []*Rule, piece *Round) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range piece.Rules {
		if i := slices.IndexFunc(left, func(r *Rule) bool { return r.ID == s.Rule }); i >= 0 {
			l.behind[s.Rule] = left[i].lags(s, piece.At)
		}
	}
}

func (l *Loop) caughtUp(r *Rule) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.behind, r.ID)
}

// current are the rules that are not behind.
func (l *Loop) current(rules []*Rule) []*Rule {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(rules), func(r *Rule) bool {
		_, behind := l.behind[r.ID]
		return behind
	})
}

// round evaluates what is due; of another set all rules, also those that were
// behind.
func (l *Loop) round(ctx context.Context, set *Set, another bool, now time.Time) (behind []*Rule, err error) {
	rules := set.Rules
	if another {
		r, err := l.Engine.Known(ctx, set, now)
		if err != nil {
			return nil, err
		}
		l.done(r)
	} else {
		rules = l.current(rules)
	}
	r, behind, err := l.Engine.Live(ctx, rules, now)
	if err != nil {
		return nil, err
	}
	l.done(r)
	return behind, nil
}

func (l *Loop) fail(ctx context.Context, err error) {
	if ctx.Err() == nil && l.Failed != nil {
		l.Failed(err)
	}
}

func (l *Loop) done(r *Round) {
	if l.Done != nil && len(r.Rules) > 0 {
		l.Done(r)
	}
}

// untilNext is how long it is until the first moment of any rule, with its splay.
func (l *Loop) untilNext(ctx context.Context, set *Set) (time.Duration, error) {
	states, err := l.Engine.ruleStates(ctx)
	if err != nil {
		return retryAfter, err
	}
	wait := time.Hour
	for _, r := range l.current(set.Rules) {
		s := states[r.ID]
		if !r.Enabled || s == nil || s.Off != "" || s.Moment.IsZero() || r.held(s) {
			continue
		}
		if next := r.Schedule.Next(s.Moment); !next.IsZero() {
			next = next.Add(min(l.Splay, r.Schedule.Every/10))
			wait = min(wait, max(minWait, time.Until(next)))
		}
	}
	return wait, nil
}

// pause waits for a time, another set of rules, a rule that has caught up, or the
// end. A timer stands still while the machine sleeps, and knows nothing of a clock that
// was put on, so it looks at the clock as well.
func (l *Loop) pause(ctx context.Context, caught <-chan struct{}, d time.Duration) {
	end := time.Now().Add(d)
	for left := d; left > 0; left = min(time.Until(end), time.Until(end.Round(0))) { // Round: by the wall clock
		t := time.NewTimer(min(left, maxWait))
		select {
		case <-t.C:
			continue
		case <-ctx.Done():
		case <-l.Changed:
		case <-caught:
		}
		t.Stop()
		return
	}
}

// sleep waits for a time, a change or the end.
func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
