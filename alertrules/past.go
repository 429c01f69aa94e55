package alertrules

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// What came in as history (DESIGN.md §5): what the rules of a round have to know
// of it, asked once.

// A Past is what came in as history.
type Past struct {
	SeqRange
	Notify bool // what is found in it is mailed
}

// A PastTime is when it happened.
type PastTime struct {
	TimeRange
	Notify bool
}

// arrivals are what came into a logstore after a number, up to S.
type arrivals struct {
	logstore string
	after    int64
}

// history asks what came in since the rules were evaluated and will not be looked at
// at their moments: as history, and when that happened; and what is too late.
func (e *Engine) history(ctx context.Context, rules []*Rule, states map[string]*RuleState, p *pin) error {
	from := p.seq
	for _, r := range rules {
		if r.Window.Kind != SnapshotWindow {
			from = min(from, unseen(states[r.ID], *p))
		}
	}
	if from >= p.seq {
		return nil
	}
	var err error
	if p.history, err = e.Logs.History(ctx, from, p.seq); err != nil {
		return fmt.Errorf("ask what is history: %w", err)
	}
	newest := int64(0)
	if n := len(p.history); n > 0 {
		newest = p.history[n-1].To
	}
	p.past, p.late = map[arrivals][]PastTime{}, map[lateArrivals][]TimeRange{}
	for _, r := range rules {
		s := states[r.ID]
		if s == nil || r.Window.Kind != SlidingWindow && r.Window.Kind != WholeWindow {
			continue // a rule that is not known had no moment yet
		}
		if r.Window.Kind == WholeWindow { // of sliding ones see arrived
			if err := e.tooLate(ctx, r, s, p); err != nil {
				return err
			}
		}
		if newest <= s.seen(*p) {
			continue
		}
		if err = e.historyTimes(ctx, r, s.seen(*p), p); err != nil {
			return err
		}
	}
	return nil
}

// historyTimes asks when that happened which came in as history after a number,
// in each logstore that a rule reads.
func (e *Engine) historyTimes(ctx context.Context, r *Rule, after int64, p *pin) (err error) {
	for _, logstore := range r.Reads() {
		a := arrivals{logstore, after}
		if _, asked := p.past[a]; asked {
			continue
		}
		if p.past[a], err = e.Logs.HistoryTimes(ctx, a.logstore, a.after, p.seq); err != nil {
			return fmt.Errorf("ask when history happened: %w", err)
		}
	}
	return nil
}

// unseen is the number after which a rule has not seen everything: also a window that
// has a verdict, and was not looked at again because of an error.
func unseen(s *RuleState, p pin) int64 {
	if s == nil {
		return 0
	}
	n := s.seen(p)
	if s.Earlier != nil {
		n = min(n, s.Earlier.From)
	}
	for _, v := range s.Verdicts {
		n = min(n, v.Seq)
	}
	return n
}

// seen is the number up to which a rule has seen the logs file that is there now.
func (s *RuleState) seen(p pin) int64 {
	if s.Generation != p.generation {
		return 0
	}
	return min(s.Cursor, p.seq)
}

// live are the parts of (after, S] that did not come in as history.
func (p pin) live(after int64) []SeqRange {
	var parts []SeqRange
	for _, part := range splitHistory(SeqRange{after, p.seq}, p.history) {
		if !part.history && part.From < part.To {
			parts = append(parts, part.SeqRange)
		}
	}
	return parts
}

// An Arrival is where records are that came in together: their numbers, and the
// time in which they happened.
type Arrival struct {
	Logstore string
	Numbers  SeqRange
	Times    TimeRange
}

// Within reports whether a range of numbers has some in common with arrivals.
func Within(in SeqRange, arrivals []Arrival) bool {
	return slices.ContainsFunc(arrivals, func(a Arrival) bool { return in.From < a.Numbers.To && a.Numbers.From < in.To })
}

// looksAt returns the moments, in [from, to), of the evaluations that look at
// arrivals; zero when the rule has another kind of window by now.
func (r *Rule) looksAt(a Arrival) (from, to time.Time) {
	from, to = r.covers(a.Logstore, a.Times)
	if r.Window.Kind == WholeWindow { // of each the moment at which it is due
		_, end := r.Window.Around(from, r.Zone)
		from, to = r.due(end), r.due(to).Add(time.Nanosecond)
	}
	return from, to
}

// FoundIn reports whether a rule found an alert, by filling a gap of history, at
// moments that look at arrivals; where it has another kind of window by now, in
// their numbers.
func (r *Rule) FoundIn(a *Alert, arrivals []Arrival) bool {
	return slices.ContainsFunc(arrivals, func(b Arrival) bool {
		if a.Past != (SeqRange{}) && !Within(a.Past, []Arrival{b}) {
			return false
		}
		from, to := r.looksAt(b)
		return from.IsZero() || from.Before(a.Ended) && a.Since.Before(to)
	})
}

// SeenAt reports whether an evaluation at a moment looks at arrivals; where the
// rule has another kind of window by now, it does.
func (r *Rule) SeenAt(at time.Time, arrivals []Arrival) bool {
	return slices.ContainsFunc(arrivals, func(b Arrival) bool {
		from, to := r.looksAt(b)
		return from.IsZero() || !at.Before(from) && at.Before(to)
	})
}

// AskGaps returns the gaps of a rule, with Notify in those of history where they
// are those of arrivals.
func (r *Rule) AskGaps(gaps []Gap, arrivals []Arrival) []Gap {
	for _, b := range arrivals {
		from, to := r.covers(b.Logstore, b.Times)
		var next []Gap
		for _, g := range gaps {
			asked := g
			asked.From, asked.To, asked.Notify = latest(g.From, from), earliest(g.To, to), true
			if g.Reason != GapHistory || g.Notify || !Within(SeqRange{g.FromSeq, g.ToSeq}, []Arrival{b}) || !asked.From.Before(asked.To) {
				next = append(next, g)
				continue
			}
			before, after := g, g
			before.To, after.From = asked.From, asked.To
			for _, part := range []Gap{before, asked, after} {
				if part.From.Before(part.To) {
					next = append(next, part)
				}
			}
		}
		gaps = next
	}
	return JoinGaps(gaps)
}

// Coming returns what of the history that is stored will be gaps once its rules are
// evaluated again, as things are at a moment, in order of time. It stores nothing.
func (e *Engine) Coming(ctx context.Context, rules []*Rule, now time.Time) ([]Gap, error) {
	states, p, err := e.read(ctx, now)
	if err != nil {
		return nil, err
	}
	if err = e.history(ctx, rules, states, &p); err != nil {
		return nil, err
	}
	var gaps []Gap
	for _, rule := range rules {
		s := states[rule.ID]
		if s == nil || !rule.Enabled || s.Off != "" {
			continue
		}
		r := &run{rule: rule, state: cloneState(s, rule.ID), pin: p}
		r.state.Cursor = s.seen(p)
		at := now
		if d := e.due(rule, s, now); len(d.Moments) > 0 {
			at = d.Moments[0]
		} else if !s.Moment.IsZero() {
			at = rule.Schedule.Next(s.Moment)
		}
		gaps = append(gaps, r.historyGaps(r.ahead(at))...)
	}
	slices.SortFunc(gaps, Gap.compare)
	return gaps, nil
}
