package alertrules

import (
	"context"
	"time"

	"tocsin/query"
)

// The window `new`: (cursor, S], so that every record is seen once, however
// late it arrives (DESIGN.md §5).

// overNew evaluates what an earlier start added (D34), then what is new.
func (r *run) overNew(ctx context.Context, at time.Time) bool {
	s := r.state
	if e := s.Earlier; e != nil {
		upTo, ok := r.take(ctx, at, *e)
		if !ok {
			return false
		}
		s.Earlier = nil
		if upTo < e.To {
			s.Earlier = &SeqRange{upTo, e.To}
		}
	}
	upTo, ok := r.take(ctx, at, SeqRange{s.Cursor, r.pin.seq})
	if ok {
		s.Cursor = upTo
	}
	return ok
}

// take evaluates a range and returns up to where it was seen. When a bound was
// hit, that is the last row read, where the rows come in order of __seq__; else
// the range is halved until the answer is complete (D30).
func (r *run) take(ctx context.Context, at time.Time, part SeqRange) (upTo int64, ok bool) {
	to := part.To
	for {
		w := query.Window{AfterSeq: part.From, UpToSeq: to, Now: at}
		if to <= part.From {
			r.observe(observation{at, w, &query.Result{}, r.state.Edited}, 0)
			return part.From, true
		}
		res, took, err := r.ask(ctx, at, w)
		if err != nil {
			r.failed(at, w, err)
			return part.From, false
		}
		if last := r.lastRead(res); res.Partial != "" && last > part.From {
			w.UpToSeq = last
		} else if res.Partial != "" && to-part.From > 1 {
			to = part.From + (to-part.From)/2
			continue
		}
		r.observe(observation{at, w, res, r.state.Edited}, took)
		return w.UpToSeq, true
	}
}

// lastRead is the __seq__ up to which a cut result is complete, 0 when that is
// not known: the rows have to be records in the order of their numbers.
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
