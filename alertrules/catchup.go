package alertrules

import (
	"context"
	"sync"
	"time"
)

// Catching up: what a rule missed for long is evaluated beside the rounds, so
// that they stay on time for the other rules (DESIGN.md §5).

const (
	// liveMoments is how much a rule may have missed and still be evaluated in a
	// round.
	liveMoments = 3
	// pieceMoments is how many moments are committed at once while a rule catches
	// up, besides those that failed before; of whole windows it is windowsPerRound.
	pieceMoments = 10
	// slowRule is how long an evaluation may take and the next one still be part of a
	// round: others would wait for it (P05).
	slowRule = 5 * time.Second
)

// behindBy reports whether a rule is evaluated beside the rounds: it has to catch up,
// or is slow.
func behindBy(d Due, s *RuleState, now time.Time) bool {
	if s == nil || len(d.Moments) == 0 {
		return false
	}
	if s.Took > 0 {
		return true
	}
	if d.Rule.Window.Kind == WholeWindow {
		at, n := s.WholeTo, 0
		for !at.IsZero() && n <= liveMoments {
			if _, at = d.Rule.Window.Around(at, d.Rule.Zone); at.Add(d.Rule.Delay).After(now) {
				break
			}
			n++
		}
		return n > liveMoments
	}
	return len(d.Moments)+len(s.Retry) > liveMoments
}

// missed is the last moment that was evaluated, when more than one has passed since;
// else zero.
func (d Due) missed(s *RuleState) time.Time {
	if s == nil || s.Moment.IsZero() || len(d.Moments) == 0 {
		return time.Time{}
	}
	if passed, _ := d.Rule.Schedule.Moments(s.Moment, d.Moments[len(d.Moments)-1], 2); len(passed) < 2 {
		return time.Time{}
	}
	return s.Moment
}

// Live is Round without the rules that have to catch up, which it returns: call
// MakeUp for them.
func (e *Engine) Live(ctx context.Context, rules []*Rule, now time.Time) (r *Round, behind []*Rule, err error) {
	e.turn.RLock()
	defer e.turn.RUnlock()
	now = now.UTC().Round(0)
	states, err := e.ruleStates(ctx)
	if err != nil {
		return nil, nil, err
	}
	var due []Due
	for _, d := range e.allDue(rules, states, now) {
		if behindBy(d, states[d.Rule.ID], now) {
			behind = append(behind, d.Rule)
		} else {
			due = append(due, d)
		}
	}
	r, err = e.round(ctx, due, states, now)
	return r, behind, err
}

// MakeUp evaluates the oldest of the moments that a rule missed and commits
// them; left says that there are more. It may be called beside Live and another
// MakeUp that do not get the same rule.
func (e *Engine) MakeUp(ctx context.Context, rule *Rule, now time.Time) (r *Round, left bool, err error) {
	e.turn.RLock()
	defer e.turn.RUnlock()
	now = now.UTC().Round(0)
	states, err := e.ruleStates(ctx)
	if err != nil {
		return nil, false, err
	}
	d := e.due(rule, states[rule.ID], now)
	if left = len(d.Moments) > pieceMoments; left {
		d.Moments = d.Moments[:pieceMoments]
	}
	var due []Due
	if len(d.Moments) > 0 {
		due = append(due, d)
	}
	r, err = e.round(ctx, due, states, now)
	if err == nil && len(r.Rules) > 0 {
		left = left || rule.cut(r.Rules[0])
	}
	return r, left, err
}

// A catcher works for a Loop: one rule at a time, in pieces, and no piece begins
// while a round is on its way.
type catcher struct {
	loop   *Loop
	turn   chan struct{} // full while a rule catches up
	live   chan struct{} // full during a round
	work   sync.WaitGroup
	ctx    context.Context    // of the work
	cancel context.CancelFunc // nil: there is none
	caught chan struct{}      // gets a value when a rule has caught up
}

func newCatcher(l *Loop) *catcher {
	return &catcher{loop: l, turn: make(chan struct{}, 1), live: make(chan struct{}, 1), caught: make(chan struct{}, 1)}
}

// start takes on rules.
func (c *catcher) start(ctx context.Context, rules []*Rule) {
	if len(rules) == 0 {
		return
	}
	if c.cancel == nil {
		c.ctx, c.cancel = context.WithCancel(ctx)
	}
	work := c.ctx
	c.work.Go(func() {
		for _, r := range rules {
			c.turn <- struct{}{}
			c.rule(work, r)
			<-c.turn
		}
	})
}

// stop ends the work, which may go on later from what is committed.
func (c *catcher) stop() {
	if c.cancel != nil {
		c.cancel()
	}
	c.work.Wait()
	c.cancel = nil
}

// rule makes up for what one rule missed.
func (c *catcher) rule(ctx context.Context, r *Rule) {
	for ctx.Err() == nil {
		c.live <- struct{}{} // a round goes first
		<-c.live
		round, left, err := c.loop.Engine.MakeUp(ctx, r, time.Now())
		if err != nil {
			c.loop.fail(ctx, err)
			sleep(ctx, retryAfter)
			continue
		}
		if left {
			c.loop.done(round)
			continue
		}
		c.loop.caughtUp(r)
		c.loop.done(round)
		select {
		case c.caught <- struct{}{}:
		default:
		}
		return
	}
}
