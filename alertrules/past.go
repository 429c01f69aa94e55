package alertrules

import (
	"context"
	"fmt"
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

// history asks what came in as history since the rules were evaluated, and when
// that happened.
func (e *Engine) history(ctx context.Context, rules []*Rule, states map[string]*RuleState, p *pin) error {
	from := p.seq
	for _, r := range rules {
		if r.Window.Kind != SnapshotWindow {
			from = min(from, unseen(states[r.ID]))
		}
	}
	if from >= p.seq {
		return nil
	}
	var err error
	if p.history, err = e.Logs.History(ctx, from, p.seq); err != nil {
		return fmt.Errorf("ask what is history: %w", err)
	}
	if len(p.history) == 0 {
		return nil
	}
	newest := p.history[len(p.history)-1].To
	p.past = map[arrivals][]PastTime{}
	for _, r := range rules {
		a := arrivals{logstore: r.Logstore}
		if s := states[r.ID]; s != nil {
			a.after = s.Cursor
		}
		_, asked := p.past[a]
		if asked || newest <= a.after || r.Window.Kind != SlidingWindow && r.Window.Kind != WholeWindow {
			continue
		}
		if p.past[a], err = e.Logs.HistoryTimes(ctx, a.logstore, a.after, p.seq); err != nil {
			return fmt.Errorf("ask when history happened: %w", err)
		}
	}
	return nil
}

// unseen is the number after which a rule has not seen everything.
func unseen(s *RuleState) int64 {
	switch {
	case s == nil:
		return 0
	case s.Earlier != nil:
		return min(s.Cursor, s.Earlier.From)
	}
	return s.Cursor
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
