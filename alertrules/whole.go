package alertrules

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"tocsin/query"
)

// Whole windows: tumbling in event time, evaluated at their end + delay, and
// again when newer records touch them. The state is the fold of the verdicts in
// the order of the windows (D20).

const (
	wholeCatchUp    = 7 * day // how far back windows without a verdict are evaluated (D22)
	windowsPerRound = 500     // what is more waits for the next round
	verdictsKept    = 12      // that decide about the live alert together; see older for those before
)

// overWhole evaluates the windows that are due, then those that were touched.
func (r *run) overWhole(ctx context.Context, at time.Time) bool {
	if r.state.WholeTo.IsZero() { // never made known
		r.state.WholeTo, _ = r.rule.Window.Around(at.Add(-r.rule.Delay-time.Nanosecond), r.rule.Zone)
	}
	r.skipOld(at)
	ok := r.verdicts(ctx, at) && r.late(ctx, at) && r.older(ctx, at) && r.earlierWindows(ctx, at)
	if !ok {
		r.unseen()
	}
	r.forgetVerdicts(ok)
	return ok
}

// verdicts evaluates the windows that are due. They wait where very many verdicts are
// still to be looked at again.
func (r *run) verdicts(ctx context.Context, at time.Time) bool {
	most := windowsPerRound
	if r.state.unsure() > 0 && r.state.Error == "" {
		most -= len(r.state.Verdicts)
	}
	for n := 0; n < most; n++ {
		if n > 0 && r.enough() {
			break
		}
		from, to := r.rule.Window.Around(r.state.WholeTo, r.rule.Zone)
		if to.Add(r.rule.Delay).After(at) {
			break
		}
		if !r.verdict(ctx, at, from, to) {
			return false
		}
	}
	return true
}

// forgetVerdicts drops the oldest verdicts, once what touched them was looked at.
func (r *run) forgetVerdicts(ok bool) {
	kept := r.rule.verdictsKept()
	v := r.state.Verdicts
	if !ok {
		kept = max(kept, windowsPerRound)
	} else if i := slices.IndexFunc(v, func(v Verdict) bool { return v.Seq < r.pin.seq }); i >= 0 {
		kept = max(kept, len(v)-i)
	}
	r.state.Verdicts = v[max(0, len(v)-kept):]
}

// verdictsKept is how many verdicts are remembered when all is well.
func (r *Rule) verdictsKept() int { return max(verdictsKept, r.After.N) }

// earlierWindows takes in the windows that an earlier start added (D34). What
// they find is over by now: it changes no live alert.
func (r *run) earlierWindows(ctx context.Context, at time.Time) bool {
	e := r.state.EarlierWhole
	if e == nil {
		return true
	}
	before := *r
	before.state = cloneState(r.state, r.rule.ID)
	live, pending := r.live, r.state.Pending
	if r.rule.Mode == State {
		r.live, r.state.Pending = map[string]*Alert{}, r.state.EarlierPending
	}
	var o observation
	begin := time.Now() // monotonic
	for n := 0; e.From.Before(e.To) && n < windowsPerRound && !(n > 0 && r.leavesOff(begin)); n++ {
		start, to := r.rule.Window.Around(e.From, r.rule.Zone)
		w := r.whole(start, to)
		res, _, err := r.ask(ctx, to, w)
		if err != nil {
			if r.rule.Mode == State { // or an alert would end there
				*r = before
			}
			r.failed(at, w, err)
			return false
		}
		o = observation{at: r.rule.dueBy(to, at), window: w, result: res, early: true}
		r.observe(o, 0)
		e.From, r.state.Seen = to, nil
	}
	if r.rule.Mode == State {
		for key, a := range r.living() {
			if p := r.state.Pending[key]; p != nil {
				*p = p.below(r.threshold(key).M)
			}
			r.close(a, o.at, EndNoRows)
		}
		r.state.EarlierPending = r.state.Pending
		r.live, r.state.Pending = live, pending
	}
	r.state.Seen = nil
	if !e.From.Before(e.To) {
		r.state.EarlierWhole, r.state.EarlierPending = nil, nil
	}
	return true
}

// leavesOff reports whether the windows of an earlier start wait for the next piece:
// where an alert goes on or hits are counted only if it takes very long. What is
// counted goes on in that piece, but the alert ends there, and is another one then.
func (r *run) leavesOff(begin time.Time) bool {
	return r.enough() && (r.rule.Mode == Event || r.idle()) || r.long(begin)
}

// skipOld makes a gap of windows that are too old to be caught up.
func (r *run) skipOld(at time.Time) {
	oldest := at.Add(-wholeCatchUp)
	from := r.state.WholeTo
	_, to := r.rule.Window.Around(from, r.rule.Zone)
	if !r.state.Moment.IsZero() && to.Before(oldest) {
		start, _ := r.rule.Window.Around(oldest, r.rule.Zone)
		r.gap(from, start, GapDown)
		r.state.WholeTo = start
	}
}

// dueBy is the moment of the schedule at which a window that ends at to gets its
// verdict, or at, if that is earlier.
func (r *Rule) dueBy(to, at time.Time) time.Time {
	m := r.due(to)
	if m.IsZero() || m.After(at) {
		return at
	}
	return m
}

// cut reports whether something that was due at the last moment waits for the next
// round, because it was too much for one. After an error it is tried again at the next
// moment.
func (r *Rule) cut(s *RuleState) bool {
	switch {
	case s.Error != "":
		return false
	case r.Window.Kind == NewWindow:
		return s.Span > 0
	case r.Window.Kind != WholeWindow || s.WholeTo.IsZero():
		return false
	}
	return s.EarlierWhole != nil || r.lags(s, s.Moment)
}

// lags reports whether what a rule that is evaluated beside the rounds has not seen yet
// at a moment changes what is known of its alerts: not over `new`, and not before an
// earlier start.
func (r *Rule) lags(s *RuleState, at time.Time) bool {
	switch {
	case r.Window.Kind == NewWindow:
		return false
	case r.Window.Kind != WholeWindow || s.WholeTo.IsZero():
		return true
	}
	_, to := r.Window.Around(s.WholeTo, r.Zone)
	return !to.Add(r.Delay).After(at) || s.unsure() > 0
}

// due is the moment of the schedule after a window that ends at to.
func (r *Rule) due(to time.Time) time.Time {
	return r.Schedule.Next(to.Add(r.Delay - time.Nanosecond))
}

// verdict evaluates one window for the first time.
func (r *run) verdict(ctx context.Context, at, from, to time.Time) bool {
	m := r.rule.dueBy(to, at)
	w := r.whole(from, to)
	res, took, err := r.ask(ctx, m, w)
	if err != nil {
		r.failed(at, w, err)
		return false
	}
	o := observation{at: m, window: w, result: res, edited: r.state.Edited}
	r.observe(o, took)
	r.saw()
	s := r.state
	s.WholeTo = to
	s.Seen = nil // each window is told once; a late record is told by its number
	s.Verdicts = append(s.Verdicts, Verdict{From: from, To: to, At: m, Seq: r.pin.seq, Hits: r.hits(o)})
	return true
}

// hits are the keys that an observation hits, sorted.
func (r *run) hits(o observation) []string {
	var keys []string
	o.unfed = r.unfed(o)
	groups := r.rule.split(o, r.room())
	for _, g := range append(groups, r.silences(o, groups)...) {
		if hit, known := r.rule.judge(o, g); hit && known {
			keys = append(keys, g.key)
		}
	}
	slices.Sort(keys)
	return keys
}

// unsure is how many verdicts are still to be looked at again: records may have touched
// their windows, and an error, or the end of a piece, kept that from being seen.
func (s *RuleState) unsure() (n int) {
	for _, v := range s.Verdicts {
		if v.Seq < s.Cursor {
			n++
		}
	}
	return n
}

// late evaluates windows again that records touched since their verdict. What is more
// than a piece bears waits for the next one.
func (r *run) late(ctx context.Context, at time.Time) bool {
	v := r.state.Verdicts
	if len(v) == 0 {
		return true
	}
	seq := v[0].Seq
	for _, x := range v {
		seq = min(seq, x.Seq)
	}
	touched, ok := r.touched(ctx, at, TimeRange{v[0].From, v[len(v)-1].To}, seq)
	order := make([]int, len(v))
	for i := range v {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(v[a].Seq, v[b].Seq) })
	looked := false
	for _, i := range order {
		if touched && ok && v[i].Seq < r.pin.seq {
			if looked && r.enough() {
				break
			}
			ok, looked = r.again(ctx, at, i), true
		}
		if ok {
			v[i].Seq = r.pin.seq
		}
	}
	return ok
}

// touched reports whether a window holds records that are newer than after and
// no history.
func (r *run) touched(ctx context.Context, at time.Time, in TimeRange, after int64) (touched, ok bool) {
	for _, part := range r.pin.live(after) {
		w := query.Window{From: in.From, To: in.To, AfterSeq: part.From, UpToSeq: part.To, Now: in.To}
		for _, p := range r.rule.touch {
			res, err := r.query(ctx, p, w)
			if err != nil {
				r.failed(at, w, err)
				return false, false
			}
			for _, row := range res.Rows {
				if n, _ := number(plain(row[0])); n > 0 {
					return true, true
				}
			}
		}
	}
	return false, true
}

// again evaluates one window anew when records touched it.
func (r *run) again(ctx context.Context, at time.Time, i int) bool {
	v := &r.state.Verdicts[i]
	touched, ok := r.touched(ctx, at, TimeRange{v.From, v.To}, v.Seq)
	if !touched || !ok {
		return ok
	}
	if r.rule.rowsOnly() {
		return r.rowsAgain(ctx, at, v)
	}
	w := query.Window{From: v.From, To: v.To, UpToSeq: r.pin.seq, Now: v.To}
	res, took, err := r.ask(ctx, v.At, w)
	if err != nil {
		r.failed(at, w, err)
		return false
	}
	o := observation{at: at, window: w, result: res}
	if r.rule.Mode == Event {
		r.observe(o, took)
		r.state.Seen = nil
		return true
	}
	before := v.Hits
	if res.Partial == "" {
		v.Hits = r.hits(o)
	}
	r.supersede(o, i, before)
	e := r.anew(o, took, v.Hits)
	e.supersede(v.At, before, v.Hits)
	r.evals = append(r.evals, e)
	return true
}

// rowsOnly reports whether what a rule tells are records, each once.
func (r *Rule) rowsOnly() bool { return r.Mode == Event && r.Identity && !r.Aggregates }

// rowsAgain tells the records that touched a window: all, or none.
func (r *run) rowsAgain(ctx context.Context, at time.Time, v *Verdict) bool {
	var seen []observation
	var all []time.Duration
	for _, part := range r.pin.live(v.Seq) {
		w := query.Window{From: v.From, To: v.To, AfterSeq: part.From, UpToSeq: part.To, Now: v.To}
		res, took, err := r.ask(ctx, v.At, w)
		if err != nil {
			r.failed(at, w, err)
			return false
		}
		seen, all = append(seen, observation{at: at, window: w, result: res}), append(all, took)
	}
	for i, o := range seen {
		r.observe(o, all[i])
		r.state.Seen = nil
	}
	return true
}

// supersede folds the verdicts again for the keys of which this one says
// something else now.
func (r *run) supersede(o observation, i int, before []string) {
	was, is := among(before), among(r.state.Verdicts[i].Hits)
	newest := i == len(r.state.Verdicts)-1
	groups := r.rule.split(o, r.room())
	concerned := map[string]*group{}
	for key, a := range r.live {
		concerned[key] = &group{key: key, labels: a.Labels}
	}
	for key, p := range r.state.Pending {
		concerned[key] = &group{key: key, labels: p.Labels}
	}
	for _, g := range append(groups, r.silences(o, groups)...) {
		concerned[g.key] = g
		if was(g.key) && is(g.key) && newest && r.live[g.key] != nil {
			r.goOn(r.live[g.key], o, g) // more rows of the window that it shows
		}
	}
	for _, key := range slices.Sorted(maps.Keys(concerned)) {
		if was(key) != is(key) || r.rule.unknown(key, was) != r.rule.unknown(key, is) {
			r.refold(o, concerned[key], i)
		}
	}
}

// refold gives an alert the state that in-order arrival would have given it.
func (r *run) refold(o observation, g *group, i int) {
	a := r.live[g.key]
	firing, came, p := r.fold(g.key, i)
	p.Labels = g.labels
	switch {
	case a != nil && !firing && r.pin.unfed: // it may fire again when all is taken in
	case a != nil && !firing:
		r.end(a, o, EndWithdrawn)
	case a == nil && firing:
		r.begin(o, g, p.FirstHit).Addition = true
	case a == nil && came && slices.Contains(r.state.Verdicts[i].Hits, g.key): // it began and ended before now
		a = r.begin(o, g, r.state.Verdicts[i].At)
		a.Addition = true
		r.close(a, o.at, EndNoRows)
	}
	r.remember(g.key, p)
}

// fold steps through the verdicts of a key. came reports whether an episode
// covers the verdict at index i.
func (r *run) fold(key string, i int) (firing, came bool, p Pending) {
	t := r.threshold(key)
	v := r.state.Verdicts
	a := r.live[key]
	firing = a != nil && a.Began.Before(v[0].At)
	for n, x := range v {
		if hit := func(k string) bool { return slices.Contains(x.Hits, k) }; !r.rule.unknown(key, hit) {
			var c change
			p, c = t.step(p, firing, hit(key), x.At)
			firing = c == begins || firing && c != ends
		}
		came = came || n >= i && firing
	}
	return firing, came, p
}
