package alertrules

import (
	"context"
	"slices"
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
	// pieceTime is after what time no further moment of a piece is begun, and no further
	// whole window, nor a shorter range of what is new.
	pieceTime = 2 * time.Second
	// longPiece is after what time a piece is left off although that costs something:
	// windows that late records touched become gaps, and an alert of the past is two.
	longPiece = 10 * time.Second
	// rulesAtOnce is how many rules catch up together: they look at the same records,
	// and are committed together.
	rulesAtOnce = 50
)

// behindBy reports whether a rule is evaluated beside the rounds: it has to catch up,
// or is slow.
func behindBy(d Due, s *RuleState, now time.Time) bool {
	if s == nil || len(d.Moments) == 0 {
		return false
	}
	if s.Took > 0 || d.Rule.Window.Kind == NewWindow && d.Rule.cut(s) {
		return true
	}
	if d.Rule.Window.Kind == WholeWindow {
		return d.Rule.windowsLeft(s, now) > liveMoments
	}
	return len(d.Moments)+len(s.Retry) > liveMoments
}

// windowsLeft is how many whole windows a rule has to evaluate, or may have to evaluate
// again; it does not count beyond liveMoments of a kind.
func (r *Rule) windowsLeft(s *RuleState, now time.Time) int {
	n := max(s.unsure(), len(s.Verdicts)-r.verdictsKept()) // more are kept after an error, and while some are unsure
	count := func(at, upTo time.Time) {
		for i := 0; !at.IsZero() && i <= liveMoments; i++ {
			if _, at = r.Window.Around(at, r.Zone); at.After(upTo) {
				return
			}
			n++
		}
	}
	count(s.WholeTo, now.Add(-r.Delay))
	if e := s.EarlierWhole; e != nil {
		count(e.From, e.To)
	}
	return n
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
	r, err = e.round(ctx, due, states, pace{now: now, workers: e.workers()})
	return r, behind, err
}

// MakeUp evaluates the oldest of the moments that rules missed, one rule after the
// other, and commits them: so many of each rule, and no more are begun after two
// seconds. left are the rules of which there are more, those first that had no turn.
// It may be called beside Live and another MakeUp that do not get the same rules.
func (e *Engine) MakeUp(ctx context.Context, rules []*Rule, now time.Time) (r *Round, left []*Rule, err error) {
	e.turn.RLock()
	defer e.turn.RUnlock()
	now = now.UTC().Round(0)
	states, err := e.ruleStates(ctx)
	if err != nil {
		return nil, nil, err
	}
	due := e.allDue(rules, states, now)
	last := make([]time.Time, len(due)) // of what is missed
	for i := range due {
		moments := due[i].Moments
		last[i] = moments[len(moments)-1]
		due[i].Moments = moments[:min(len(moments), pieceMoments)]
	}
	if r, err = e.round(ctx, due, states, pace{now: now, workers: 1, limit: pieceTime}); err != nil {
		return nil, nil, err
	}
	var more []*Rule
	for i, s := range r.Rules { // one for each of due, in their order
		switch rule := due[i].Rule; {
		case s.Moment.Before(due[i].Moments[0]):
			left = append(left, rule)
		case s.Moment.Before(last[i]), rule.cut(s):
			more = append(more, rule)
		}
	}
	return r, append(left, more...), nil
}

// GoOn is for who evaluates a single round: what was too much for it, of rules that are
// slow, is evaluated after it in pieces like those of MakeUp, until all of it is, or a time
// is over. left are the rules of which some is left, which the next round goes on with.
func (e *Engine) GoOn(ctx context.Context, rules []*Rule, now time.Time, limit time.Duration) (pieces []*Round, left []*Rule, err error) {
	begin := time.Now() // monotonic
	states, err := e.ruleStates(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, d := range e.allDue(rules, states, now.UTC().Round(0)) {
		if d.Rule.cut(states[d.Rule.ID]) {
			left = append(left, d.Rule)
		}
	}
	for len(left) > 0 && time.Since(begin) < limit {
		r, rest, err := e.MakeUp(ctx, left, now)
		if err != nil {
			return pieces, left, err
		}
		pieces, left = append(pieces, r), rest
	}
	return pieces, left, nil
}

// long reports whether a piece takes very long that began at a time; a round may.
func (r *run) long(begin time.Time) bool {
	return r.over != nil && time.Since(begin) > longPiece
}

// A catcher works for a Loop: some rules at a time, in pieces, and no piece begins
// while a round is on its way.
type catcher struct {
	loop   *Loop
	turn   chan struct{} // full during a piece
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
	for some := range slices.Chunk(rules, rulesAtOnce) {
		c.work.Go(func() { c.makeUp(work, some) })
	}
}

// stop ends the work, which may go on later from what is committed.
func (c *catcher) stop() {
	if c.cancel != nil {
		c.cancel()
	}
	c.work.Wait()
	c.cancel = nil
}

// piece is MakeUp when it is the turn of these rules: others that catch up have theirs
// in between, and a round goes first.
func (c *catcher) piece(ctx context.Context, rules []*Rule) (*Round, []*Rule, error) {
	c.turn <- struct{}{}
	defer func() { <-c.turn }()
	c.live <- struct{}{}
	<-c.live
	return c.loop.Engine.MakeUp(ctx, rules, time.Now())
}

// makeUp makes up for what rules missed. A rule that is slow lets the others go
// first, and then goes alone, in turn with others that are slow.
func (c *catcher) makeUp(ctx context.Context, rules []*Rule) {
	var slow []*Rule
	for len(rules) > 0 && ctx.Err() == nil {
		round, left, err := c.piece(ctx, rules)
		if err != nil {
			c.loop.fail(ctx, err)
			sleep(ctx, retryAfter)
			continue
		}
		for _, r := range rules {
			if !slices.Contains(left, r) {
				c.loop.caughtUp(r)
			}
		}
		c.loop.goesOn(left, round)
		c.loop.done(round)
		if len(left) < len(rules) {
			select {
			case c.caught <- struct{}{}:
			default:
			}
		}
		rules = nil
		took := round.took()
		for _, r := range left {
			if took[r.ID] < pieceTime/2 {
				rules = append(rules, r)
			} else {
				slow = append(slow, r)
			}
		}
		if len(rules) == 0 && len(slow) > 0 {
			rules, slow = slow[:1], slow[1:]
		}
	}
}

// took is how long the queries of each rule took.
func (r *Round) took() map[string]time.Duration {
	took := map[string]time.Duration{}
	for _, e := range r.Evaluations {
		took[e.Rule] += e.Took
	}
	return took
}
