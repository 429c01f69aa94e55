package alertrules

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"tocsin/query"
)

// What was not evaluated, and is listed instead of being skipped in silence.

// A Gap is what was not evaluated (§5). Of a rule over `new` it is (FromSeq,
// ToSeq] of __seq__, and From and To say when that was. Of a sliding window it is
// the moments of the schedule in [From, To), of whole windows those that lie in
// [From, To).
type Gap struct {
	Rule     string
	From, To time.Time
	// FromSeq and ToSeq are of `new`, and of GapHistory and GapLate: what came in as
	// history, or late, lies in (FromSeq, ToSeq].
	FromSeq int64
	ToSeq   int64
	// Generation is the logs file that these numbers are of; "": it is not known.
	Generation string `json:",omitempty"`

	Reason string // one of the Gap reasons
	Notify bool   `json:",omitempty"` // of GapHistory: what is found in it is mailed
	Notice string `json:",omitempty"` // key of the notice that told the operator, once From is another
}

// Why something was not evaluated.
const (
	GapDown       = "down"           // the agent did not run for longer than is caught up
	GapError      = "error"          // the query failed for longer than moments are kept
	GapDisabled   = "disabled"       // the rule was (D24)
	GapGeneration = "generation"     // the logs file is another one, or from a backup
	GapHistory    = "history"        // records came in as history, after the moment
	GapLate       = "late"           // records came that no moment to come looks at
	GapSkipped    = "skipped"        // moments of a sliding window passed while the rule was evaluated
	GapNotKept    = "no longer kept" // records were deleted before the rule saw them
	// The rule was quarantined: its query cannot be stopped, or ends the process.
	GapQuarantined = "quarantined"
)

// gap records moments that were not evaluated, and empties the counters (D16).
func (r *run) gap(from, to time.Time, reason string) {
	g := Gap{Rule: r.rule.ID, From: from, To: to, Reason: reason}
	r.gaps = append(r.gaps, g)
	r.notice = append(r.notice, Notice{
		Key: g.notice(), Since: from,
		Text: fmt.Sprintf("rule %s was not evaluated from %s to %s; tocsin gaps fill does it", r.rule.ID, from.In(r.rule.Zone).Format("2006-01-02 15:04 MST"), to.In(r.rule.Zone).Format("2006-01-02 15:04 MST")),
	})
	r.forgetCounts()
}

// forgetCounts empties the counters (D16).
func (r *run) forgetCounts() {
	for key, p := range r.state.Pending {
		if r.live[key] == nil {
			delete(r.state.Pending, key)
			continue
		}
		p.Observations, p.Hits = "", nil
	}
}

// notice is the key of the notice that told the operator of a gap; "" where none
// did.
func (g Gap) notice() string {
	if g.Notice != "" || g.Reason != GapDown && g.Reason != GapError {
		return g.Notice
	}
	return "rule/gap/" + g.Rule + "/" + g.From.UTC().Format(time.RFC3339)
}

// Over returns the notices that gaps are none any more, for those that the
// operator was told of and of which left holds nothing. how says what they are now,
// such as "dropped".
func Over(gaps, left []Gap, now time.Time, how string) []Notice {
	there := map[string]bool{"": true}
	for _, g := range left {
		there[g.notice()] = true
	}
	var over []Notice
	for _, g := range gaps {
		if key := g.notice(); !there[key] {
			there[key] = true
			over = append(over, Notice{Key: key, Text: "rule " + g.Rule + ": what was not evaluated is " + how, Since: now, Over: true})
		}
	}
	return over
}

// DropGaps is the round that forgets gaps which nobody will fill, and records of
// each that it was dropped, and why; because may be empty.
func DropGaps(gaps []Gap, now time.Time, because string) *Round {
	round := &Round{At: now, Dropped: gaps}
	for _, g := range gaps {
		reason := fmt.Sprintf("not evaluated from %s to %s: %s; the gap was dropped", g.From.UTC().Format(time.RFC3339), g.To.UTC().Format(time.RFC3339), g.Reason)
		if because != "" {
			reason += ": " + because
		}
		round.Evaluations = append(round.Evaluations, Evaluation{
			Rule: g.Rule, At: now, Outcome: Skipped, Reason: reason,
			Window: query.Window{From: g.From, To: g.To, AfterSeq: g.FromSeq, UpToSeq: g.ToSeq, Now: now},
		})
	}
	return round
}

// Without returns gaps but for those that were dropped.
func Without(gaps, dropped []Gap) []Gap {
	return slices.DeleteFunc(slices.Clone(gaps), func(g Gap) bool { return slices.ContainsFunc(dropped, func(d Gap) bool { return g.same(d) }) })
}

// same reports whether gaps are equal, wherever they were read.
func (g Gap) same(o Gap) bool {
	same := g.From.Equal(o.From) && g.To.Equal(o.To)
	o.From, o.To = g.From, g.To
	return same && g == o
}

// numbered reports whether a gap is a range of __seq__.
func (g Gap) numbered() bool {
	return g.Reason == GapGeneration || g.Reason == GapNotKept || (g.Reason == GapDisabled || g.Reason == GapQuarantined) && g.FromSeq < g.ToSeq
}

// TakeOut returns what is left of gaps once a part of their time was evaluated,
// or, where the part has no times, of their numbers. Where only some records were,
// which came in as history or late, done has that reason and their numbers.
func TakeOut(gaps []Gap, done Gap) []Gap {
	var left []Gap
	for _, g := range gaps {
		before, after := g, g
		byTime := !done.From.IsZero() || !done.To.IsZero()
		switch {
		case g.Rule != done.Rule, byTime && (g.Reason == GapGeneration || g.Reason == GapNotKept || done.arrived() && !done.holds(g)):
			left = append(left, g)
			continue
		case byTime:
			before.To, after.From = earliest(g.To, done.From), latest(g.From, done.To)
		case g.Reason == done.Reason && g.Generation == done.Generation && g.numbered():
			before.ToSeq, after.FromSeq = min(g.ToSeq, done.FromSeq), max(g.FromSeq, done.ToSeq)
		}
		for _, part := range []Gap{before, after} {
			if part == g {
				left = append(left, g)
				break
			}
			if byTime && part.From.Before(part.To) || !byTime && part.FromSeq < part.ToSeq {
				part.Notice = g.notice()
				left = append(left, part)
			}
		}
	}
	return left
}

// offGaps is what a rule that was not evaluated has not seen: one gap, or nothing.
func (r *run) offGaps(now time.Time, reason string) []Gap {
	s := r.state
	g := Gap{Rule: r.rule.ID, From: s.Moment, To: now, Reason: reason}
	switch r.rule.Window.Kind {
	case SlidingWindow:
		g.From = r.rule.Schedule.Next(s.Moment)
	case WholeWindow:
		g.From = s.WholeTo
		g.To, _ = r.rule.Window.Around(now, r.rule.Zone)
	default:
		g.FromSeq, g.ToSeq, g.Generation = s.Cursor, r.pin.seq, r.pin.generation
		if g.FromSeq < g.ToSeq {
			return []Gap{g}
		}
		return nil
	}
	if !g.From.Before(g.To) {
		return nil
	}
	return []Gap{g}
}

// ahead is where that begins which will be evaluated, at a moment or after it:
// what lies before is evaluated as a gap alone.
func (r *run) ahead(at time.Time) time.Time {
	switch {
	case r.rule.Window.Kind == WholeWindow:
		return r.state.WholeTo
	case len(r.state.Retry) > 0:
		return r.state.Retry[0]
	}
	return at
}

// historyGaps are the moments, or whole windows, that hold history which came in
// since the last evaluation, and which will not be evaluated any more: those
// before until.
func (r *run) historyGaps(until time.Time) []Gap {
	s := r.state
	var gaps []Gap
	for _, logstore := range r.rule.Reads() {
		for _, t := range r.pin.past[arrivals{logstore, s.Cursor}] {
			g := Gap{Rule: r.rule.ID, FromSeq: s.Cursor, ToSeq: r.pin.seq, Generation: r.pin.generation, Reason: GapHistory, Notify: t.Notify}
			g.From, g.To = r.rule.covers(logstore, t.TimeRange)
			if until.Before(g.To) {
				g.To = until
			}
			if g.From.Before(g.To) {
				gaps = append(gaps, g)
			}
		}
	}
	return JoinGaps(gaps)
}

// covers returns what evaluates records of a logstore that happened in a range: of
// a sliding window the moments in [from, to), of whole windows those that lie
// there. Zero times say that nothing does.
func (r *Rule) covers(logstore string, t TimeRange) (from, to time.Time) {
	return r.lookedAt(t, r.reach(logstore))
}

// lookedAt is covers of records that a sliding window sees for so long.
func (r *Rule) lookedAt(t TimeRange, reach time.Duration) (from, to time.Time) {
	last := t.To.Add(-time.Nanosecond)
	switch r.Window.Kind {
	case SlidingWindow:
		from = r.Schedule.Next(t.From.Add(r.Delay))
		return from, r.Schedule.Next(last.Add(r.Delay + reach))
	case WholeWindow:
		from, _ = r.Window.Around(t.From, r.Zone)
		_, to = r.Window.Around(last, r.Zone)
	}
	return from, to
}

// maxGaps bounds the gaps of one rule with one reason: those that lie closest to
// each other are joined, so that history with many holes does not grow the state. Between
// skipped moments lie some that were evaluated, and told what they found: they are more.
const (
	maxGaps    = 100
	maxSkipped = 1000
)

// most is how many gaps of one rule there are with the reason of this one.
func (g Gap) most() int {
	if g.Reason == GapSkipped {
		return maxSkipped
	}
	return maxGaps
}

// holds reports whether the numbers of a gap are among those of g, for one reason.
func (g Gap) holds(o Gap) bool {
	return g.Reason == o.Reason && g.Generation == o.Generation && g.FromSeq <= o.FromSeq && o.ToSeq <= g.ToSeq
}

// JoinGaps joins the gaps of history, of late records and of skipped moments of each
// rule that touch or overlap where the records came in together, and of more than a
// hundred of them, or a thousand of skipped moments, those that lie closest to each other,
// the oldest first; those with Notify apart from the others, and each logs file's. Other
// gaps are left as they are. What it returns is in the order of time.
func JoinGaps(gaps []Gap) []Gap {
	type kind struct {
		rule, reason, generation string
		notify                   bool
	}
	byKind := map[kind][]Gap{}
	var out []Gap
	for _, g := range gaps {
		if !g.arrived() && g.Reason != GapSkipped {
			out = append(out, g)
			continue
		}
		k := kind{g.Rule, g.Reason, g.Generation, g.Notify}
		byKind[k] = append(byKind[k], g)
	}
	for _, list := range byKind {
		if list = joinArrivals(list); len(list) > list[0].most() {
			list = joinSorted(list)
		}
		out = append(out, list...)
	}
	slices.SortFunc(out, Gap.compare)
	return out
}

// joinArrivals joins the gaps of records that came in together: what others looked
// at in time is not theirs.
func joinArrivals(gaps []Gap) []Gap {
	byNumbers := map[SeqRange][]Gap{}
	for _, g := range gaps {
		r := SeqRange{g.FromSeq, g.ToSeq}
		byNumbers[r] = append(byNumbers[r], g)
	}
	var out []Gap
	for _, list := range byNumbers {
		slices.SortFunc(list, Gap.compare)
		out = append(out, joinSorted(list)...)
	}
	slices.SortFunc(out, Gap.compare)
	return out
}

// arrived reports whether a gap is of records that came in after its moments.
func (g Gap) arrived() bool { return g.Reason == GapHistory || g.Reason == GapLate }

// compare orders gaps by time.
func (g Gap) compare(o Gap) int {
	return cmp.Or(g.From.Compare(o.From), g.To.Compare(o.To), cmp.Compare(g.Rule, o.Rule), cmp.Compare(g.Reason, o.Reason),
		cmp.Compare(g.FromSeq, o.FromSeq), cmp.Compare(g.Generation, o.Generation), compareBools(g.Notify, o.Notify))
}

// compareBools orders false before true.
func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// joinSorted joins gaps in the order of time, so that there are not too many.
func joinSorted(gaps []Gap) []Gap {
	closed, more := closing(gaps)
	out := gaps[:1:1]
	for _, g := range gaps[1:] {
		last := &out[len(out)-1]
		switch hole := g.From.Sub(last.To); {
		case hole > closed, hole > 0 && hole == closed && more == 0:
			out = append(out, g)
			continue
		case hole > 0 && hole == closed:
			more--
		}
		last.To, last.FromSeq, last.ToSeq = latest(last.To, g.To), min(last.FromSeq, g.FromSeq), max(last.ToSeq, g.ToSeq)
	}
	return out
}

// closing says which holes between gaps are closed: the shorter ones than this, and so
// many that are as long.
func closing(gaps []Gap) (closed time.Duration, more int) {
	var holes []time.Duration
	end := gaps[0].To
	for _, g := range gaps {
		if hole := g.From.Sub(end); hole > 0 {
			holes = append(holes, hole)
		}
		end = latest(end, g.To)
	}
	n := len(holes) + 1 - gaps[0].most()
	if n <= 0 {
		return 0, 0
	}
	slices.Sort(holes)
	closed = holes[n-1]
	return closed, n - slices.Index(holes, closed)
}

func earliest(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func latest(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
