package alertrules

import (
	"context"
	"time"

	"tocsin/query"
)

// The window `new`: (cursor, S], so that every record is seen once, however
// late it arrives (DESIGN.md §5).

// What is done where the time of a query is over.
const (
	// shorterBy is what the range is divided by, so that the next try fits.
	shorterBy = 16
	// triesOver is how many queries of a moment may go beyond their time: others wait
	// for the round. What is left is evaluated beside the rounds.
	triesOver = 2
	// longerBy is by how much a shortened range grows after a quick answer.
	longerBy = 4
)

// shortened is what an evaluation says of a range that an earlier one shortened.
const shortened = "the range is shortened: for more of it, the time of the query was over"

// overNew evaluates what is new, then what an earlier start added (D34), of which
// a slow rule takes in a part when it has seen all that is new. What was told before a
// query failed is not asked for again.
func (r *run) overNew(ctx context.Context, at time.Time) bool {
	s, e := r.state, r.state.Earlier
	if s.Cursor < r.pin.seq || e == nil {
		upTo, ok := r.takeAll(ctx, at, SeqRange{s.Cursor, r.pin.seq})
		s.Cursor = upTo
		if !ok || s.Span > 0 && upTo < r.pin.seq {
			return ok
		}
	}
	if e != nil {
		s.Earlier = nil // what is told of a bound may be over with it
		upTo, ok := r.takeAll(ctx, at, *e)
		if upTo < e.To {
			s.Earlier = &SeqRange{upTo, e.To}
		}
		if !ok {
			return false
		}
	}
	if s.Cursor >= r.pin.seq && s.Earlier == nil {
		s.Span = 0
	}
	return true
}

// spent reports whether no further try of this moment is begun.
func (r *run) spent() bool { return r.triesOver >= triesOver || r.enough() }

// span is the part of a range that is asked for at once.
func (r *run) span(part SeqRange) SeqRange {
	if n := r.state.Span; n > 0 {
		part.To = min(part.To, part.From+n)
	}
	return part
}

// takeAll evaluates a range, what came in as history apart from the rest, and
// returns up to where it was seen.
func (r *run) takeAll(ctx context.Context, at time.Time, part SeqRange) (upTo int64, ok bool) {
	for _, p := range splitHistory(part, r.pin.history) {
		if upTo, ok = r.take(ctx, at, p); !ok || upTo < p.To {
			return upTo, ok
		}
	}
	return upTo, ok
}

// A seqPart is a part of a range; history says whether it came in as such, and
// notify whether it is mailed then.
type seqPart struct {
	SeqRange
	history, notify bool
}

// splitHistory cuts a range at the ranges of history, which are in their order.
func splitHistory(part SeqRange, history []Past) []seqPart {
	var parts []seqPart
	at := part.From
	for _, h := range history {
		from, to := max(h.From, at), min(h.To, part.To)
		if from >= to {
			continue
		}
		if from > at {
			parts = append(parts, seqPart{SeqRange: SeqRange{at, from}})
		}
		parts = append(parts, seqPart{SeqRange{from, to}, true, h.Notify})
		at = to
	}
	if at < part.To || len(parts) == 0 {
		parts = append(parts, seqPart{SeqRange: SeqRange{at, part.To}})
	}
	return parts
}

// take evaluates a part and returns up to where it was seen. When a bound was
// hit, the range is shortened to the last row read, where rows come in the order
// of their numbers, else halved, and asked again until its answer is complete. When
// the time is over it is shortened by far more, for this round and those to come, and
// after two such tries, or one in a piece of catching up, nothing of it is seen. Either
// way no row is passed over, and the rest waits for the next round (D30).
func (r *run) take(ctx context.Context, at time.Time, part seqPart) (upTo int64, ok bool) {
	if part.To <= part.From {
		r.observe(observation{at: at, window: query.Window{AfterSeq: part.From, UpToSeq: part.To, Now: at}, result: &answer{Result: &query.Result{}}, edited: r.state.Edited}, 0)
		return part.From, true
	}
	to, cut := r.span(part.SeqRange).To, ""
	if to < part.To {
		cut = shortened
	}
	for {
		w := query.Window{AfterSeq: part.From, UpToSeq: to, Now: at}
		res, took, err := r.ask(ctx, at, w)
		if bound := timeOver(err); bound != "" && to-part.From > 1 {
			r.state.Span, cut = max(1, (to-part.From)/shorterBy), bound
			to = part.From + r.state.Span
			if r.triesOver++; r.spent() {
				w.UpToSeq = part.From
				r.observe(r.cutShort(at, w, bound), took)
				return part.From, true
			}
			continue
		}
		if err != nil {
			r.failed(at, w, err)
			return part.From, false
		}
		if res.Partial != "" && to-part.From > 1 {
			cut = res.Partial
			half := part.From + (to-part.From)/2
			if last := r.lastRead(res.Result); last > part.From && last < to {
				to = last
			} else {
				to = half
			}
			continue
		}
		r.observe(observation{at: at, window: w, result: res, edited: r.state.Edited, cut: cut, history: part.history, notify: part.notify}, took)
		if took < slowRule && to-part.From >= r.state.Span {
			r.state.Span = min(r.state.Span*longerBy, r.pin.seq)
		}
		return to, true
	}
}

// lastRead is the number of the last row of a cut result whose rows are records
// in the order of their numbers, else 0.
func (r *run) lastRead(res *query.Result) int64 {
	if !r.rule.bySeq || len(res.Seqs) == 0 || len(res.Seqs) != len(res.Rows) {
		return 0
	}
	for i := 1; i < len(res.Seqs); i++ {
		if res.Seqs[i] <= res.Seqs[i-1] {
			return 0
		}
	}
	return res.Seqs[len(res.Seqs)-1]
}
