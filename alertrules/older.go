package alertrules

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"tocsin/query"
)

// Records that come for whole windows that have a verdict: these are evaluated again,
// however old they are. Of sliding windows see late.go.

// lateArrivals are what came into a logstore after a number, up to S, and happened
// before a time.
type lateArrivals struct {
	arrivals
	before time.Time
}

// A lateTime is when records happened that came too late, and how far back what reads
// them reaches, of a sliding window.
type lateTime struct {
	TimeRange
	reach time.Duration
}

// tooLate asks when happened what no moment of a rule to come looks at, and what
// lies in whole windows that have a verdict, in each logstore that it reads.
func (e *Engine) tooLate(ctx context.Context, r *Rule, s *RuleState, p *pin) error {
	for _, x := range r.reads {
		ask, passed := r.lateAfter(x, s, *p)
		if _, asked := p.late[ask]; asked || !passed {
			continue
		}
		var list []TimeRange
		for _, part := range p.live(ask.after) {
			more, err := e.Logs.LateTimes(ctx, ask.logstore, part, ask.before)
			if err != nil {
				return fmt.Errorf("ask when late records happened: %w", err)
			}
			list = append(list, more...)
		}
		p.late[ask] = list
	}
	return nil
}

// lateAfter is what a rule has to ask of late records that one of its queries reads;
// false when no moment of it has passed, or not over these records.
func (r *Rule) lateAfter(x reading, s *RuleState, p pin) (ask lateArrivals, passed bool) {
	if s.Outcome == "" || s.lost(p) {
		return ask, false
	}
	ask.arrivals = arrivals{x.logstore, s.seen(p)}
	switch r.Window.Kind {
	case WholeWindow:
		ask.before = s.WholeTo
	case SlidingWindow:
		next := p.now // it was off
		switch {
		case len(s.Retry) > 0:
			next = s.Retry[0]
		case !s.Moment.IsZero():
			next = r.Schedule.Next(s.Moment)
		}
		ask.before = next.Add(-r.Delay - x.length)
	default:
		return ask, false
	}
	return ask, true
}

// lateRecords are the times of what is too late for a rule, in order.
func (p pin) lateRecords(r *Rule, s *RuleState) (list []lateTime) {
	for _, x := range r.reads {
		if ask, passed := r.lateAfter(x, s, p); passed {
			for _, t := range p.late[ask] {
				list = append(list, lateTime{t, x.length})
			}
		}
	}
	slices.SortFunc(list, func(a, b lateTime) int { return a.From.Compare(b.From) })
	return list
}

// lateMoments are the moments of a rule that was off which would have looked at records
// that came meanwhile. A rule had none before it was known.
func (r *run) lateMoments() []Gap {
	s := r.state
	if r.rule.Window.Kind != SlidingWindow {
		return nil
	}
	var gaps []Gap
	for _, t := range r.tooLate {
		g := Gap{Rule: r.rule.ID, FromSeq: s.Cursor, ToSeq: r.pin.seq, Generation: r.pin.generation, Reason: GapLate}
		g.From, g.To = r.rule.lookedAt(t.TimeRange, t.reach)
		g.From = latest(g.From, r.rule.Schedule.Next(s.Known))
		if g.From.Before(g.To) {
			gaps = append(gaps, g)
		}
	}
	r.tooLate = nil
	return JoinGaps(gaps)
}

// older evaluates again the windows before those whose verdicts are kept, where
// late records touched them, the latest first. What of them was not evaluated yet is a
// gap, which stays one; what is more than a round bears, or a piece of catching up,
// becomes one.
func (r *run) older(ctx context.Context, at time.Time) bool {
	windows := r.olderWindows(r.olderEnd())
	if len(windows) == 0 {
		return true
	}
	gaps, err := r.gapsOf(ctx, r.rule.ID)
	if err != nil {
		r.failed(at, query.Window{From: windows[0].From, To: windows[len(windows)-1].To, Now: at}, err)
		return false
	}
	gaps = append(gaps, r.gaps...)
	windows = slices.DeleteFunc(windows, func(w TimeRange) bool {
		return slices.ContainsFunc(gaps, func(g Gap) bool {
			return w.From.Before(g.To) && g.From.Before(w.To) && !(g.arrived() && r.rule.rowsOnly())
		})
	})
	var seen [][]olderVerdict
	begin := time.Now()                          // monotonic
	for _, w := range slices.Backward(windows) { // all of them, or none
		if n := len(seen); n == windowsPerRound || n > 0 && r.long(begin) {
			break
		}
		list, ok := r.lookBack(ctx, at, w)
		if !ok {
			return false
		}
		seen = append(seen, list)
	}
	r.gaps = append(r.gaps, r.lateWindows(windows[:len(windows)-len(seen)])...)
	for _, list := range slices.Backward(seen) {
		for _, v := range list {
			r.takeBack(v)
		}
	}
	r.state.Seen, r.tooLate = nil, nil
	return true
}

// unseen lists the older windows as gaps that an error kept from being evaluated
// again after others were evaluated: nobody asks for what touched them once more.
func (r *run) unseen() {
	if r.since != r.state.Cursor {
		r.gaps = append(r.gaps, r.lateWindows(r.olderWindows(r.olderEnd()))...)
	}
}

// olderEnd is where the older windows end.
func (r *run) olderEnd() time.Time {
	if v := r.state.Verdicts; len(v) > 0 {
		return v[0].From
	}
	return r.state.WholeTo
}

// lateWindows are the gaps of windows that late records touched.
func (r *run) lateWindows(windows []TimeRange) []Gap {
	gaps := make([]Gap, len(windows))
	for i, w := range windows {
		gaps[i] = Gap{Rule: r.rule.ID, From: w.From, To: w.To, FromSeq: r.since, ToSeq: r.pin.seq, Generation: r.pin.generation, Reason: GapLate}
	}
	return JoinGaps(gaps)
}

// olderWindows are the windows up to end that late records may have touched, in
// order.
func (r *run) olderWindows(end time.Time) []TimeRange {
	s := r.state
	var windows []TimeRange
	for _, t := range r.tooLate {
		for from := t.From; from.Before(t.To); {
			var w TimeRange
			w.From, w.To = r.rule.Window.Around(from, r.rule.Zone)
			from = w.To
			if n := len(windows); !w.From.Before(s.WholeFrom) && !w.To.After(end) && (n == 0 || windows[n-1].From.Before(w.From)) {
				windows = append(windows, w)
			}
		}
	}
	return windows
}

// An olderVerdict is what the evaluation of an older window found now, and, in state
// mode, which keys it hit before.
type olderVerdict struct {
	observation
	took   time.Duration
	before []string
}

// lookBack asks for one window again: for the records that are new in it, where
// these are told, else for all of it, as it was and as it is.
func (r *run) lookBack(ctx context.Context, at time.Time, w TimeRange) ([]olderVerdict, bool) {
	due := r.rule.dueBy(w.To, at)
	look := func(win query.Window) (olderVerdict, bool) {
		win.From, win.To, win.Now = w.From, w.To, w.To
		res, took, err := r.ask(ctx, due, win)
		if err != nil {
			r.failed(at, win, err)
			return olderVerdict{}, false
		}
		return olderVerdict{observation: observation{at: at, window: win, result: res, early: true}, took: took}, true
	}
	if r.rule.rowsOnly() {
		var list []olderVerdict
		for _, part := range r.pin.live(r.since) {
			v, ok := look(query.Window{AfterSeq: part.From, UpToSeq: part.To})
			if !ok {
				return nil, false
			}
			list = append(list, v)
		}
		return list, true
	}
	before, ok := look(query.Window{UpToSeq: pin{seq: r.since}.upTo()})
	if !ok {
		return nil, false
	}
	now, ok := look(query.Window{UpToSeq: r.pin.upTo()})
	now.before = r.hits(before.observation)
	return []olderVerdict{now}, ok
}

// takeBack takes the new verdict of an older window in. What it fires is over by now:
// no live alert and no counter changes.
func (r *run) takeBack(v olderVerdict) {
	if r.rule.Mode == Event {
		r.observe(v.observation, v.took)
		return
	}
	groups := r.rule.split(v.observation, r.room())
	due, is := r.rule.dueBy(v.window.To, v.at), r.hits(v.observation)
	e := r.anew(v.observation, v.took, is)
	e.supersede(due, v.before, is)
	r.evals = append(r.evals, e)
	was, hit := among(v.before), among(is)
	live, pending := maps.Clone(r.live), maps.Clone(r.state.Pending)
	for _, g := range groups {
		if a := live[g.key]; !hit(g.key) || was(g.key) || r.rule.After.M > 1 || a != nil && a.at(due) {
			continue // it needs more hits than one, or was told
		}
		delete(r.live, g.key)
		a := r.begin(v.observation, g, due)
		a.Addition = true
		r.close(a, v.at, EndNoRows)
	}
	r.live, r.state.Pending = live, pending
}
