package alertrules

import (
	"context"
	"fmt"
	"slices"
	"time"

	"tocsin/query"
)

// Records that come too late for a sliding window: no moment to come looks at
// them. The moments that did without them are listed, and gaps fill evaluates
// them (DESIGN.md §5).

// lateText asks when records happened: ranges of at most an hour.
const lateText = "* | SELECT date_trunc('hour', @time) AS h, min(@time) AS oldest, max(@time) AS newest GROUP BY h ORDER BY h"

// latePlan is how records of the rule's filter are found that came too late.
func (c *compiler) latePlan(filter query.Search, excludes []exclude) {
	q, err := query.Parse(lateText)
	if err == nil {
		q.Filter = filter
		o := query.Options{Logstore: c.rule.Logstore, Lists: c.env.Lists, MaxRows: c.env.maxRows()}
		for _, e := range excludes {
			if e.until.IsZero() {
				o.Exclude = append(o.Exclude, e.search)
			}
		}
		c.rule.late, err = q.Plan(c.env.Schema, o)
	}
	if err != nil {
		c.fail("rule/query", c.text.Query, fmt.Sprintf("records that come late cannot be found: %v", err), "")
	}
}

// arrived asks how old what is oldest of what came in live since rules over
// sliding windows were evaluated.
func (e *Engine) arrived(ctx context.Context, rules []*Rule, states map[string]*RuleState, p *pin) error {
	p.oldest = map[arrivals]time.Time{}
	for _, r := range rules {
		s := states[r.ID]
		if r.late == nil || s == nil || s.Outcome == "" {
			continue
		}
		a := arrivals{r.Logstore, s.seen(*p)}
		if _, asked := p.oldest[a]; asked || a.after >= p.seq {
			continue
		}
		var err error
		if p.oldest[a], err = e.Logs.OldestLive(ctx, a.logstore, SeqRange{a.after, p.seq}); err != nil {
			return fmt.Errorf("ask how late records came: %w", err)
		}
	}
	return nil
}

// lateGaps are the moments that were evaluated before records came at which they
// would have looked, where no moment from until on does; when the time of the query
// that finds them is over, all moments that may be. ok is false when it failed.
func (r *run) lateGaps(ctx context.Context, at, until time.Time) (gaps []Gap, ok bool) {
	cursor := r.state.seen(r.pin)
	oldest := r.pin.oldest[arrivals{r.rule.Logstore, cursor}]
	reach := r.rule.Delay + r.rule.Window.Length
	before := until.Add(-reach)
	if !r.state.Moment.IsZero() { // what lies between was not evaluated, and is a gap of its own
		until = earliest(until, r.rule.Schedule.Next(r.state.Moment))
	}
	if r.rule.late == nil || oldest.IsZero() || !oldest.Before(before) {
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
		res, err := r.query(ctx, r.rule.late, w)
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
	return JoinGaps(gaps), true
}

// toldBefore reports whether a step of a gap of late records finds no more than was
// found without them: what did so was told then.
func (f *filling) toldBefore(ctx context.Context, s fillStep, now observation) (bool, error) {
	if f.Reason != GapLate || f.rule.Mode == Event {
		return false, nil
	}
	w := s.window
	w.UpToSeq = pin{seq: f.FromSeq}.upTo()
	res, _, err := f.run.ask(ctx, s.at, w)
	if err != nil {
		return false, err
	}
	return slices.Equal(f.run.hits(observation{at: s.at, window: w, result: res}), f.run.hits(now)), nil
}

// same records an evaluation that found no more than was told: it rests on more
// records than that of its time.
func (r *run) same(o observation, took time.Duration) {
	e := r.anew(o, took, r.hits(o))
	e.Reason += "; the same hits as without them"
	if o.result.Partial != "" {
		e.Outcome = Partial
		e.Reason += "; " + o.result.Partial
	}
	r.evals = append(r.evals, e)
}
