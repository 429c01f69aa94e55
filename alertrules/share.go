package alertrules

import (
	"context"
	"slices"
	"time"

	"tocsin/query"
)

// What a round is going to ask, said before, so that the store can answer several
// rules from one copy of the records that they look at.

// An Ask is a plan and a window that it will probably be run over. An evaluation
// may ask other things as well, or less.
type Ask struct {
	Plan   *query.Plan
	Window query.Window
}

// share tells Share what the runs will ask.
func (e *Engine) share(ctx context.Context, due []Due, runs []*run) (shared context.Context, release func()) {
	if e.Share == nil || len(runs) < 2 {
		return ctx, func() {}
	}
	var asks []Ask
	for i, r := range runs {
		asks = append(asks, r.asks(due[i])...)
	}
	return e.Share(ctx, asks)
}

// asks are the questions of a run.
func (r *run) asks(d Due) (asks []Ask) {
	ask := func(at time.Time, w query.Window) {
		if p := r.rule.Plan(at); p != nil {
			asks = append(asks, Ask{p, w})
		}
	}
	last := d.Moments[len(d.Moments)-1]
	switch r.rule.Window.Kind {
	case SlidingWindow:
		for _, m := range slices.Concat(r.state.Retry, d.Moments) {
			ask(m, r.sliding(m))
		}
	case WholeWindow:
		at := r.state.WholeTo
		for !at.IsZero() && len(asks) < windowsPerRound {
			from, to := r.rule.Window.Around(at, r.rule.Zone)
			if to.Add(r.rule.Delay).After(last) {
				break
			}
			ask(r.rule.dueBy(to, last), r.whole(from, to))
			at = to
		}
	case NewWindow:
		for _, p := range splitHistory(SeqRange{r.state.Cursor, r.pin.seq}, r.pin.history) {
			if p.From < p.To {
				ask(last, query.Window{AfterSeq: p.From, UpToSeq: r.span(p.SeqRange).To, Now: last})
			}
		}
	}
	return asks
}

// sliding is the window of a moment.
func (r *run) sliding(at time.Time) query.Window {
	to := at.Add(-r.rule.Delay)
	return query.Window{From: to.Add(-r.rule.Window.Length), To: to, UpToSeq: r.pin.upTo(), Now: at}
}

// whole is a whole window, for the first time.
func (r *run) whole(from, to time.Time) query.Window {
	return query.Window{From: from, To: to, UpToSeq: r.pin.upTo(), Now: to}
}
