package alertrules

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"tocsin/query"
)

// What is evaluated to fill a gap: its parts, the moments of these or their windows, and
// the records at which each looks.

// A fillStep is one evaluation of a gap: at is its moment, the gap goes on from
// next, and what fires after it is over at end.
type fillStep struct {
	at        time.Time
	window    query.Window
	next, end time.Time
	again     bool // the same moments follow, for other records
}

// parts are what of the gap is evaluated, in order: of a gap of history what looks
// at records of it, or one record with an odd time would cost years of moments.
func (f *filling) parts(ctx context.Context) ([]TimeRange, error) {
	if f.Reason != GapHistory || f.FromSeq >= f.ToSeq {
		return []TimeRange{{f.From, f.To}}, nil
	}
	var all []TimeRange
	for _, logstore := range f.rule.Reads() {
		hours, err := f.engine.Logs.HistoryHours(ctx, logstore, SeqRange{f.FromSeq, f.ToSeq})
		if err != nil {
			return nil, fmt.Errorf("ask when the history of a gap of %s happened: %w", f.rule.ID, err)
		}
		for _, h := range hours {
			from, to := f.rule.covers(logstore, TimeRange{h, h.Add(time.Hour)})
			all = append(all, TimeRange{latest(from, f.From), earliest(to, f.To)})
		}
	}
	return joinRanges(all), nil
}

// joinRanges are ranges in their order, those that touch joined; empty ones left
// out.
func joinRanges(all []TimeRange) (parts []TimeRange) {
	slices.SortFunc(all, func(a, b TimeRange) int { return a.From.Compare(b.From) })
	for _, t := range all {
		n := len(parts) - 1
		switch {
		case !t.From.Before(t.To):
		case n >= 0 && !parts[n].To.Before(t.From):
			parts[n].To = latest(parts[n].To, t.To)
		default:
			parts = append(parts, t)
		}
	}
	return parts
}

// steps are the evaluations of a part of the gap, oldest first.
func (f *filling) steps(part TimeRange) iter.Seq[fillStep] {
	return func(yield func(fillStep) bool) {
		if f.rule.Window.Kind == WholeWindow {
			f.wholeSteps(part, yield)
			return
		}
		f.slidingSteps(part, yield)
	}
}

// inAnother reports whether a moment lies in a gap in which nothing was evaluated.
func (f *filling) inAnother(at time.Time) bool {
	return slices.ContainsFunc(f.every, func(g Gap) bool {
		return g.Rule == f.Rule && !g.arrived() && !at.Before(g.From) && at.Before(g.To)
	})
}

// apartFrom reports whether the gap of a rule that tells records, each once, is of
// history or of late records: what came in between was told in its time.
func (f *filling) apartFrom() bool {
	return f.arrived() && f.rule.rowsOnly() && f.FromSeq < f.ToSeq
}

// apart repeats the steps for each of the ranges of numbers that the gap is of.
func (f *filling) apart(steps iter.Seq[fillStep]) iter.Seq[fillStep] {
	if !f.apartFrom() {
		return steps
	}
	return func(yield func(fillStep) bool) {
		for i, part := range f.ranges {
			for s := range steps {
				s.window.AfterSeq, s.window.UpToSeq = part.From, part.To
				s.again = i < len(f.ranges)-1
				if !yield(s) {
					return
				}
			}
		}
	}
}

func (f *filling) slidingSteps(part TimeRange, yield func(fillStep) bool) {
	delay, length := f.rule.Delay, f.rule.Window.Length
	own := query.Window{UpToSeq: f.pin.upTo()} // for a rule that tells records: those that other moments did not
	switch {
	case !f.rule.rowsOnly():
	case f.arrived():
		if !f.inAnother(f.To) { // the moment behind it saw what was there
			own.To = f.To.Add(-delay - length)
		}
	default:
		own.To = f.To.Add(-delay - length)
		if before := f.rule.Schedule.before(f.From); !before.IsZero() {
			own.From = before.Add(-delay)
		}
	}
	at := f.rule.Schedule.Next(part.From.Add(-time.Nanosecond))
	for !at.IsZero() && at.Before(part.To) {
		next := f.rule.Schedule.Next(at)
		w := query.Window{From: latest(at.Add(-delay-length), own.From), To: at.Add(-delay), UpToSeq: own.UpToSeq, Now: at}
		if !own.To.IsZero() && own.To.Before(w.To) {
			w.To = own.To
		}
		if w.From.Before(w.To) && !yield(fillStep{at: at, window: w, next: next, end: next}) {
			return
		}
		at = next
	}
}

func (f *filling) wholeSteps(part TimeRange, yield func(fillStep) bool) {
	for from := part.From; from.Before(part.To); {
		start, to := f.rule.Window.Around(from, f.rule.Zone)
		_, after := f.rule.Window.Around(to, f.rule.Zone)
		w := query.Window{From: start, To: to, UpToSeq: f.pin.upTo(), Now: to}
		if !yield(fillStep{at: f.rule.dueBy(to, f.options.Now), window: w, next: to, end: f.rule.dueBy(after, f.options.Now)}) {
			return
		}
		from = to
	}
}
