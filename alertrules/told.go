package alertrules

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"tocsin/query"
)

// What filling a gap finds and others told: it is not told again where the moment, or those
// beside it, show that it was, and where what is found ends, the reason is true. Told again
// may be what was told between gaps that were joined (JoinGaps); over whole windows, behind
// the first window of it, what late records had added to a rule that needs several hits;
// and, where somebody asks for a mail, what was told at the moments of a gap of history.

// toldAlerts are the alerts of a rule that last and that somebody is told of, by the key
// of what they tell.
type toldAlerts map[string][]*Alert

// add adds those of which that is true, without their rows.
func (t toldAlerts) add(list []*Alert) {
	for _, a := range list {
		if a.Mode == State && (!a.History || a.Notify) && t != nil {
			bare := *a
			bare.Rows, bare.Gone, bare.Beside = nil, nil, nil
			t[a.told()] = append(t[a.told()], &bare)
		}
	}
}

// tellers are who told what is in a gap.
type tellers struct {
	alerts toldAlerts
	late   bool     // the gap is one of late records
	around []string // of a gap of skipped moments: the rows that hit at the moments beside it
	before []string // of an event rule and late records: the rows of the moment without these
}

// rows are those that were told in event mode, and are not news where a gap is filled.
func (t *tellers) rows() []string {
	if t == nil {
		return nil
	}
	return slices.Concat(t.around, t.before)
}

// askTellers asks for the alerts of a rule that last, if it may have some: once in a Fill,
// since the oldest of its gaps. Those that the Fill finds are added.
func (f *filling) askTellers(ctx context.Context) (*tellers, error) {
	id := f.rule.ID
	if f.told[id] == nil {
		f.told[id] = toldAlerts{}
		if f.rule.Mode == State || f.rule.NoData != nil {
			from := f.From
			for _, g := range f.every {
				if g.Rule == id {
					from = earliest(from, g.From)
				}
			}
			list, err := f.engine.States.Episodes(ctx, id, TimeRange{from, f.options.Now.Add(time.Nanosecond)})
			if err != nil {
				return nil, fmt.Errorf("read what alerts of %s told: %w", id, err)
			}
			f.told[id].add(list)
		}
	}
	return &tellers{alerts: f.told[id], late: f.Reason == GapLate}, nil
}

// of is the alert that tells of a key at a moment; nil: none does.
func (t *tellers) of(key string, at time.Time) *Alert {
	if i := slices.IndexFunc(t.alerts[key], func(a *Alert) bool { return a.at(at) }); i >= 0 {
		return t.alerts[key][i]
	}
	return nil
}

// toldBy is the alert that told what an observation of a moment finds of a key; nil:
// none did. In a gap of late records the moment was evaluated in its time. Of a skipped
// one an alert that went on over it told what the moments beside it show, too. Of other
// moments, at which nobody looked, it told nothing.
func (r *run) toldBy(o observation, g *group) *Alert {
	switch {
	case r.fills == nil:
		return nil
	case r.fills.late:
		return r.fills.of(g.key, o.at)
	case r.fills.around == nil:
		return nil
	}
	for _, row := range r.rule.rowsOf(o, g) {
		if _, there := slices.BinarySearch(r.fills.around, seenKey(g, row)); !there {
			return nil
		}
	}
	return r.fills.of(g.key, o.at)
}

// lookAround asks what the moments before and behind skipped ones show; false: the
// query failed.
func (f *filling) lookAround(ctx context.Context) bool {
	if f.Reason != GapSkipped || f.rule.Window.Kind != SlidingWindow || f.rule.rowsOnly() {
		return true
	}
	rows := []string{}
	for _, at := range []time.Time{f.rule.Schedule.before(f.From), f.rule.Schedule.Next(f.To.Add(-time.Nanosecond))} {
		if at.IsZero() || at.After(f.options.Now) {
			continue
		}
		w := f.run.sliding(at)
		res, _, err := f.run.ask(ctx, at, w)
		if err != nil {
			return f.failed(fillStep{at: at, window: w}, err)
		}
		rows = append(rows, f.run.hitRows(observation{at: at, window: w, result: res})...)
	}
	slices.Sort(rows)
	f.tellers.around = rows
	return true
}

// hitRows are the rows of an observation that hit, as Seen knows them.
func (r *run) hitRows(o observation) (rows []string) {
	for _, g := range r.rule.split(o, r.room()) {
		if hit, known := r.rule.judge(o, g); !hit || !known {
			continue
		}
		for _, row := range r.rule.rowsOf(o, g) {
			rows = append(rows, seenKey(g, row))
		}
	}
	return rows
}

// lookBefore asks for a step of late records what it showed before they came, where
// that was told row by row; false: the query failed.
func (f *filling) lookBefore(ctx context.Context, s fillStep) bool {
	f.tellers.before = nil
	if f.Reason != GapLate || f.rule.Mode != Event || f.rule.rowsOnly() || f.inAnother(s.at) {
		return true
	}
	s.window.UpToSeq = pin{seq: f.FromSeq}.upTo()
	res, _, err := f.run.ask(ctx, s.at, s.window)
	if err != nil {
		return f.failed(s, err)
	}
	f.tellers.before = f.run.hitRows(observation{at: s.at, window: s.window, result: res})
	return true
}

// coveredText says which alerts told what an observation found; "" when none did.
func coveredText(by []*Alert) string {
	var ids []string
	for _, a := range by {
		if !slices.Contains(ids, a.ID) {
			ids = append(ids, a.ID)
		}
	}
	switch n := len(ids); {
	case n == 0:
		return ""
	case n > maxCovered:
		return "; covered by " + ids[0] + " and " + itoa(n-1) + " others"
	}
	slices.Sort(ids)
	text := "; covered by " + ids[0]
	for _, id := range ids[1:] {
		text += ", " + id
	}
	return text
}

// maxCovered bounds the ids in the reason of an evaluation.
const maxCovered = 5

// handOver ends what filling a gap found, where another alert tells of it by a moment.
func (r *run) handOver(a, to *Alert, at time.Time) {
	if a.Then = to.ID; to.Began.After(a.LastHit) {
		at = earliest(at, to.Began)
	}
	r.close(a, at, EndTold)
}

// conclude ends what fires behind a piece of the gap, at a moment: it is told by
// another alert from then on, or is over, or is looked at no further, also because a
// query failed.
func (f *filling) conclude(ctx context.Context, over time.Time) {
	r := f.run
	for key, a := range r.living() {
		if a.Mode == Event {
			r.close(a, over, EndQuiet)
		} else if to := r.fills.of(key, over); to != nil {
			r.handOver(a, to, over)
		}
	}
	if len(r.live) == 0 {
		return
	}
	o, known := f.behind(ctx)
	hit := among(r.hits(o))
	groups := map[string]*group{}
	for _, g := range r.rule.split(o, r.room()) {
		groups[g.key] = g
	}
	for key, a := range r.living() {
		g := groups[key]
		if g == nil {
			g = &group{key: key}
		}
		if known && !hit(key) {
			r.end(a, o, r.howOver(a, o, g))
			continue
		}
		r.close(a, over, EndCut)
	}
}

// behind is what the evaluation behind the last one of the gap finds, so that it is
// known how what fires ended; known is false where that is not over, or is not known.
func (f *filling) behind(ctx context.Context) (o observation, known bool) {
	r, now := f.run, f.options.Now
	at, w := f.last.end, query.Window{}
	switch f.rule.Window.Kind {
	case WholeWindow:
		from, to := f.rule.Window.Around(f.last.next, f.rule.Zone)
		w, known = r.whole(from, to), !to.Add(f.rule.Delay).After(now)
	case SlidingWindow:
		w, known = r.sliding(at), !at.After(now)
	}
	o = observation{at: at, window: w, result: &answer{Result: &query.Result{}}, history: f.Reason == GapHistory, notify: f.asked()}
	if !known || f.Left != "" {
		return o, false
	}
	res, _, err := r.ask(ctx, at, w)
	if errors.Is(err, ErrRanAway) {
		r.endanger(dangerEvent{kind: ranAway}, now)
	}
	if err != nil || res.Partial != "" {
		return o, false
	}
	o.result = res
	return o, true
}
