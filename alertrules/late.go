package alertrules

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"tocsin/query"
)

// Records that come too late for a sliding window: no moment to come looks at
// them. The moments that did without them are listed, and gaps fill evaluates
// them (DESIGN.md §5).

// lateText asks when records happened: ranges of at most an hour.
const lateText = "* | SELECT date_trunc('hour', @time) AS h, min(@time) AS oldest, max(@time) AS newest GROUP BY h ORDER BY h"

// latePlan is how records of a logstore that one of the queries reads are found that
// came too late: those of its filter, or, where the query joins them, all.
func (c *compiler) latePlan(of query.Part, logstore string, excludes []exclude) *query.Plan {
	q, err := query.Parse(lateText)
	if err != nil {
		c.fail("rule/query", c.text.Query, fmt.Sprintf("records that come late cannot be found: %v", err), "")
		return nil
	}
	o := query.Options{Logstore: logstore, Lists: c.env.Lists, MaxRows: c.env.maxRows()}
	if logstore == of.Logstore {
		q.Filter = of.Query.Filter
		for _, e := range excludes {
			if e.until.IsZero() && logstore == c.rule.Logstore {
				o.Exclude = append(o.Exclude, e.search)
			}
		}
	}
	p, err := q.Plan(c.env.Schema, o)
	if err != nil {
		c.fail("rule/query", c.text.Query, fmt.Sprintf("records of %s that come late cannot be found: %v", logstore, err), "")
	}
	return p
}

// arrived asks how old what is oldest of what came in live since rules over
// sliding windows were evaluated, once for each logstore that they read.
func (e *Engine) arrived(ctx context.Context, rules []*Rule, states map[string]*RuleState, p *pin) error {
	p.oldest = map[arrivals]time.Time{}
	for _, r := range rules {
		s := states[r.ID]
		if r.Window.Kind != SlidingWindow || s == nil || s.Outcome == "" {
			continue
		}
		for _, x := range r.reads {
			a := arrivals{x.logstore, s.seen(*p)}
			if _, asked := p.oldest[a]; asked || a.after >= p.seq {
				continue
			}
			var err error
			if p.oldest[a], err = e.Logs.OldestLive(ctx, a.logstore, SeqRange{a.after, p.seq}); err != nil {
				return fmt.Errorf("ask how late records came: %w", err)
			}
		}
	}
	return nil
}

// lateGaps are the moments that were evaluated before records came at which they
// would have looked, where no moment from until on does. ok is false when that could
// not be asked.
func (r *run) lateGaps(ctx context.Context, at, until time.Time) (gaps []Gap, ok bool) {
	if r.rule.Window.Kind != SlidingWindow {
		return nil, true
	}
	for _, x := range r.rule.reads {
		more, ok := r.lateIn(ctx, x, at, until)
		if !ok {
			return nil, false
		}
		gaps = append(gaps, more...)
	}
	return JoinGaps(gaps), true
}

// lateIn is lateGaps of the records that one of the queries reads; when the time of
// the query that finds them is over, all moments that may be.
func (r *run) lateIn(ctx context.Context, x reading, at, until time.Time) (gaps []Gap, ok bool) {
	cursor := r.state.seen(r.pin)
	oldest := r.pin.oldest[arrivals{x.logstore, cursor}]
	reach := r.rule.Delay + x.length
	before := until.Add(-reach)
	if last := cmp.Or(r.state.Looked, r.state.Moment); !last.IsZero() { // what lies between was not evaluated, and is a gap of its own
		until = earliest(until, r.rule.Schedule.Next(last))
	}
	if oldest.IsZero() || !oldest.Before(before) {
		return nil, true
	}
	missed := func(first, last time.Time) {
		g := Gap{Rule: r.rule.ID, FromSeq: cursor, ToSeq: r.pin.seq, Generation: r.pin.generation, Reason: GapLate}
		g.From = r.rule.Schedule.Next(latest(first.Add(r.rule.Delay), r.state.Known.Add(-time.Nanosecond)))
		g.To = earliest(until, r.rule.Schedule.Next(last.Add(reach)))
		if !g.From.IsZero() && g.From.Before(g.To) {
			gaps = append(gaps, g)
		}
	}
	for _, part := range r.pin.live(cursor) {
		w := query.Window{To: before, AfterSeq: part.From, UpToSeq: part.To, Now: at}
		res, err := r.query(ctx, x.late, w)
		switch {
		case err != nil && timeOver(err) == "":
			r.failed(at, w, err)
			return nil, false
		case err != nil || res.Partial != "": // they are not known: it may be any time
			missed(oldest, before)
			continue
		}
		for _, row := range res.Rows {
			first, known := row[1].(time.Time)
			last, also := row[2].(time.Time)
			if known && also {
				missed(first, last)
			}
		}
	}
	return gaps, true
}
