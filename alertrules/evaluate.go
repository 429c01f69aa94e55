package alertrules

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"tocsin/diag"
	"tocsin/query"
)

// One rule at one moment: windows, errors, gaps, and the step of its state.

// A run is the evaluation of one rule in a round: it holds copies of what is
// remembered, changes them moment by moment, and collects what T1 commits.
// Nothing outside of it changes before the commit.
type run struct {
	progress func() // nil: nobody wants to know
	rule     *Rule
	query    QueryFunc
	gapsOf   func(ctx context.Context, rule string) ([]Gap, error)
	pin      pin
	since    int64      // the cursor before the evaluation
	unlooked []Gap      // what it will not look at
	tooLate  []lateTime // when happened what came too late
	state    *RuleState
	live     map[string]*Alert // firing alerts and open episodes, by key
	fresh    []*Alert          // without an id yet
	dirty    map[*Alert]bool
	order    []*Alert // dirty ones, in order
	news     []pendingNews
	evals    []Evaluation
	notice   []Notice
	gaps     []Gap
	reach    time.Duration // how long failed moments are kept
	down     time.Time     // the last moment that was evaluated, when the agent did not run at several after it
	bare     bool          // preview: one hit is enough
	answered bool          // a query went well
	fills    *tellers      // when it fills a gap: who told what it finds
	covered  []*Alert      // and those who told what the last observation found

	over      func() bool // its turn is over; nil: it has no end
	triesOver int         // queries over `new` that went beyond their time
}

// A pin is S and the generation of the logs file, read once for a round.
type pin struct {
	now        time.Time // of the round
	seq        int64
	generation string
	unfed      bool   // nothing is taken in (Engine.Unfed)
	history    []Past // what of the ranges that are due came in as history

	past map[arrivals][]PastTime      // when that happened
	late map[lateArrivals][]TimeRange // when happened what no evaluation to come looks at

	oldest map[arrivals]time.Time // of what came in live, when its oldest record happened

	alerts map[string][]*Alert // that go on, by rule; nil: not read yet
}

// upTo is the bound of a window that is pinned at S. Of an empty log it is -1:
// zero would leave the side open.
func (p pin) upTo() int64 {
	if p.seq == 0 {
		return -1
	}
	return p.seq
}

// pendingNews waits for the id of its alert.
type pendingNews struct {
	news  *News
	alert *Alert
}

// threshold is what decides when the alert of a key begins and ends.
func (r *run) threshold(key string) threshold {
	switch {
	case r.bare:
		return threshold{Threshold: Threshold{1, 1}}
	case isNoData(key):
		return threshold{Threshold: Threshold{r.rule.NoData.After, r.rule.NoData.After}}
	}
	return threshold{r.rule.After, r.rule.KeepFiringFor}
}

// touch marks an alert as changed.
func (r *run) touch(a *Alert) {
	if !r.dirty[a] {
		r.dirty[a] = true
		r.order = append(r.order, a)
	}
}

// enough reports whether no further query is begun than what is needed to go on from.
func (r *run) enough() bool { return r.over != nil && r.over() }

// moment evaluates one moment of the schedule. It reports whether the queries
// went well; after an error nothing but the error is remembered.
func (r *run) moment(ctx context.Context, at time.Time) bool {
	r.generation(at)
	r.since, r.unlooked = r.state.Cursor, r.historyGaps(r.ahead(at))
	for _, a := range r.living() {
		if a.Mode != r.rule.Mode && !a.NoData { // edited from one mode to the other
			a.Edited = r.state.Edited
			r.close(a, at, EndEdited)
		}
	}
	r.outdated(at)
	begin := time.Now() // monotonic, for Took alone
	late, ok := r.lateGaps(ctx, at, r.ahead(at))
	r.unlooked = append(r.unlooked, late...)
	switch {
	case !ok:
		r.keep(append(slices.Clone(r.state.Retry), at), at)
	case r.rule.Window.Kind == NewWindow:
		ok = r.overNew(ctx, at)
	case r.rule.Window.Kind == WholeWindow:
		ok = r.overWhole(ctx, at)
	default:
		ok = r.overTime(ctx, at)
	}
	r.state.Moment, r.state.Looked, r.state.Took = at, time.Time{}, 0
	if took := time.Since(begin); took > slowRule {
		r.state.Took = took
	}
	if ok {
		r.saw()
		r.closeQuiet(at)
		r.settled()
	}
	r.state.Live = len(r.live)
	return ok
}

// saw notes that a window of event time was evaluated over what is stored now,
// whatever comes of the next one: what of that lies before it is a gap. Should the
// rule become one over new, it starts here.
func (r *run) saw() {
	if r.rule.Window.Kind == NewWindow {
		return
	}
	r.state.Cursor, r.state.First = r.pin.seq, r.pin.seq
	r.gaps, r.unlooked = append(r.gaps, r.unlooked...), nil
}

// settled remembers that the text as it is now was evaluated.
func (r *run) settled() {
	if r.state.Error != "" {
		r.notice = append(r.notice, Notice{Key: "rule/failed/" + r.rule.ID, Text: fmt.Sprintf("rule %s works again", r.rule.ID), Since: r.state.ErrorSince, Over: true})
	}
	r.state.Error, r.state.ErrorSince = "", time.Time{}
	if r.answered {
		r.state.Danger = r.state.Danger.step(dangerEvent{kind: wentWell, hash: r.rule.Hash}, r.state.Moment)
	}
	r.state.Hash, r.state.Rest, r.state.Edited = r.rule.Hash, r.rule.rest, time.Time{}
}

// maxErrorText bounds what is remembered and told of an error.
const maxErrorText = 500

// failed records an error: no state changes, the operator is told once (D31). A
// query that cannot be stopped is the last of its rule.
func (r *run) failed(at time.Time, w query.Window, err error) {
	text := diag.Line(err.Error())
	if runes := []rune(text); len(runes) > maxErrorText {
		text = string(runes[:maxErrorText]) + "…"
	}
	if r.state.Error == "" {
		r.state.ErrorSince = at
	}
	if r.state.bounded() {
		r.notice = append(r.notice, Notice{Key: partialKey(r.rule.ID), Text: fmt.Sprintf("rule %s hit a bound, and cannot be evaluated now", r.rule.ID), Since: at, Over: true})
		r.state.Bound, r.state.BoundSince = "", time.Time{}
	}
	r.state.Error, r.state.Outcome = text, Failed
	e := Evaluation{Rule: r.rule.ID, At: at, Outcome: Failed, Reason: "the query failed; its window is kept", Window: w, Error: text, Hash: r.rule.Hash}
	if errors.Is(err, ErrRanAway) {
		e.Reason = "the query cannot be stopped; the rule is quarantined"
		r.endanger(dangerEvent{kind: ranAway}, at)
	} else {
		r.notice = append(r.notice, Notice{Key: "rule/failed/" + r.rule.ID, Text: fmt.Sprintf("rule %s could not be evaluated: %s", r.rule.ID, text), Since: r.state.ErrorSince})
	}
	r.evals = append(r.evals, e)
}

// partialKey is the cause that the operator is told of.
func partialKey(rule string) string { return "rule/partial/" + rule }

// partial tells the operator once that a bound was hit, and once that it is not any
// more; an error ends it too (failed). reason is what the evaluation says.
func (r *run) partial(at time.Time, bound, reason string) {
	key, s := partialKey(r.rule.ID), r.state
	switch {
	case bound != "":
		if s.Bound = reason; s.BoundSince.IsZero() {
			s.BoundSince = at
		}
		r.notice = append(r.notice, Notice{Key: key, Text: fmt.Sprintf("rule %s hit a bound: %s", r.rule.ID, bound), Since: s.BoundSince})
	case r.rule.Window.Kind == NewWindow && s.Earlier != nil: // it comes after what is new, and may be cut
	case s.bounded():
		r.notice = append(r.notice, Notice{Key: key, Text: fmt.Sprintf("rule %s is within its bounds again", r.rule.ID), Since: at, Over: true})
		s.Bound, s.BoundSince = "", time.Time{}
	}
}

// bounded reports whether the operator was told of a bound.
func (s *RuleState) bounded() bool {
	return !s.BoundSince.IsZero() || s.Outcome == Partial // of a program that did not know since when
}

// ask runs the plan over a window, and what stands beside it where there is
// something to tell.
func (r *run) ask(ctx context.Context, at time.Time, w query.Window) (*answer, time.Duration, error) {
	begin := time.Now() // monotonic, for Took alone
	res, err := r.askPlan(ctx, r.rule.Plan(at), w)
	if err != nil {
		return nil, time.Since(begin), err
	}
	a := &answer{Result: res}
	if len(r.rule.beside) > 0 && (len(res.Rows) > 0 || r.rule.Trigger.Rows.Holds(0)) {
		a.beside, err = r.askBeside(ctx, at, w)
	}
	return a, time.Since(begin), err
}

func (r *run) askPlan(ctx context.Context, p *query.Plan, w query.Window) (*query.Result, error) {
	res, err := r.query(ctx, p, w)
	if err == nil && res == nil {
		err = fmt.Errorf("the query returned nothing")
	}
	return res, err
}

// lost reports whether the records are others than those that the rule has seen, or
// fewer.
func (s *RuleState) lost(p pin) bool {
	return !(s.Generation == p.generation && p.seq >= s.Cursor || s.Generation == "" && s.Cursor == 0)
}

// generation starts anew when the logs file is another one, or was restored
// from a backup: what lies between is a gap (DESIGN.md §8). Of a window of event
// time that is what came in as history, which the evaluation looks for after the
// cursor.
func (r *run) generation(at time.Time) {
	s := r.state
	if !s.lost(r.pin) {
		s.Generation = r.pin.generation
		return
	}
	cursor := s.seen(r.pin)
	if r.rule.Window.Kind == NewWindow {
		r.gaps = append(r.gaps, Gap{Rule: r.rule.ID, From: s.Moment, To: at, FromSeq: cursor, ToSeq: r.pin.seq, Generation: r.pin.generation, Reason: GapGeneration})
		cursor = r.pin.seq
	}
	s.Generation, s.Cursor, s.First, s.Earlier = r.pin.generation, cursor, r.pin.seq, nil
	for i := range s.Verdicts {
		s.Verdicts[i].Seq = r.pin.seq
	}
}

// overTime evaluates a sliding window or a snapshot, failed moments first (D31).
func (r *run) overTime(ctx context.Context, at time.Time) bool {
	moments := append(slices.Clone(r.state.Retry), at)
	for i, m := range moments {
		w := query.Window{UpToSeq: r.pin.upTo(), Now: m}
		if r.rule.Window.Kind == SlidingWindow {
			w = r.sliding(m)
		}
		o, took, err := r.look(ctx, m, w)
		if err != nil {
			r.failed(m, w, err)
			r.keep(moments[i:], at)
			return false
		}
		r.state.Retry = nil
		o.edited = r.state.Edited
		r.observe(o, took)
		r.saw()
	}
	return true
}

// look runs the plan over a window, and asks how the findings of a snapshot stand.
func (r *run) look(ctx context.Context, at time.Time, w query.Window) (observation, time.Duration, error) {
	res, took, err := r.ask(ctx, at, w)
	if bound := timeOver(err); bound != "" {
		return r.cutShort(at, w, bound), took, nil
	}
	if err != nil {
		return observation{}, took, err
	}
	o := observation{at: at, window: w, result: res}
	o.standing, err = r.standing(ctx, o)
	return o, took, err
}

// keep remembers moments to be tried again; of a snapshot, which has no past,
// only the next one matters. What is older than is caught up is a gap.
func (r *run) keep(moments []time.Time, at time.Time) {
	if r.rule.Window.Kind == SnapshotWindow {
		return
	}
	oldest := at.Add(-r.reach)
	n := 0
	for n < len(moments) && moments[n].Before(oldest) {
		n++
	}
	if n > 0 {
		r.gap(moments[0], moments[n], GapError)
	}
	r.state.Retry = slices.Clone(moments[n:])
}

// unfed reports whether records of an observation may be missing (Engine.Unfed).
func (r *run) unfed(o observation) bool {
	return r.pin.unfed && !o.early && r.rule.Mode == State && r.rule.Window.Kind != SnapshotWindow
}

// observe takes one result into the state and records the evaluation.
func (r *run) observe(o observation, took time.Duration) {
	o.unfed = r.unfed(o)
	groups := r.rule.split(o, r.room())
	o.alerts, r.covered = len(groups), nil
	silences := r.silences(o, groups)
	var fired bool
	if r.rule.Mode == Event {
		fired = r.observeEvents(o, groups)
	} else {
		fired = r.observeStates(o, groups, among(absent(silences)))
	}
	r.heed(o, silences)
	r.expect(o, groups)
	e := r.evaluation(o, groups, took)
	e.Reason += coveredText(r.covered)
	fired = fired || len(r.covered) > 0
	if text := r.silenceText(o, silences); text != "" {
		e.Reason += "; " + text
	}
	if o.unfed {
		e.Reason += "; nothing is taken in at present: nothing ends for want of rows"
	}
	switch {
	case !o.history || len(o.result.Rows) == 0:
	case o.notify:
		e.Reason += "; it is history: mailed as was asked"
	default:
		e.Reason += "; it is history: recorded, not mailed"
	}
	bound := cmp.Or(o.result.Partial, o.cut)
	switch {
	case bound != "":
		e.Outcome = Partial
		e.Reason += "; " + bound
	case r.rule.noData(o):
		e.Outcome = NoData
	case fired || slices.ContainsFunc(silences, func(g *group) bool { return r.live[g.key] != nil }):
		e.Outcome = Firing
	}
	r.partial(o.at, bound, e.Reason)
	r.state.Outcome = e.Outcome
	r.evals = append(r.evals, e)
}

// evaluation is the record of one that went well, without what came of it.
func (r *run) evaluation(o observation, groups []*group, took time.Duration) Evaluation {
	return Evaluation{
		Rule: r.rule.ID, At: o.at, Outcome: OK, Reason: r.rule.reason(o, groups),
		Window: o.window, Rows: len(o.result.Rows), Took: took, Hash: r.rule.Hash,
	}
}

// anew is the record of an evaluation that looked at a window once more, because of
// late records; hits are what it found.
func (r *run) anew(o observation, took time.Duration, hits []string) Evaluation {
	e := r.evaluation(o, r.rule.split(o, r.room()), took)
	e.Reason = "late records; " + e.Reason
	if len(hits) > 0 {
		e.Outcome = Firing
	}
	return e
}

// supersede says that the verdict of a moment is another one now, if it is.
func (e *Evaluation) supersede(verdict time.Time, before, now []string) {
	if !slices.Equal(before, now) {
		e.Reason += "; the verdict of " + verdict.UTC().Format(time.RFC3339) + " is superseded"
	}
}

// observeStates steps every key that has rows, fires or is pending. It reports
// whether anything fires. Of a key without data it says nothing.
func (r *run) observeStates(o observation, groups []*group, missing func(key string) bool) bool {
	done := map[string]bool{}
	for _, g := range groups {
		done[g.key] = true
		if !r.rule.unknown(g.key, missing) {
			r.stepKey(o, g)
		}
	}
	rest := map[string]map[string]string{}
	for key, a := range r.live {
		rest[key] = a.Labels
	}
	for key, p := range r.state.Pending {
		rest[key] = p.Labels
	}
	for _, key := range slices.Sorted(maps.Keys(rest)) {
		if a := r.live[key]; o.unfed && !done[key] && a != nil {
			r.unchecked(a)
		}
		if !done[key] && !isNoData(key) && !r.rule.unknown(key, missing) {
			r.stepKey(o, &group{key: key, labels: rest[key]})
		}
	}
	return len(r.live) > 0
}

// stepKey takes the observation of one key into its state.
func (r *run) stepKey(o observation, g *group) {
	hit, known := r.rule.judge(o, g)
	if !known {
		return
	}
	var p Pending
	if old := r.state.Pending[g.key]; old != nil {
		p = *old
	}
	a, by := r.live[g.key], r.toldBy(o, g)
	if a != nil && by != nil {
		r.handOver(a, by, o.at)
		a = nil
	}
	next, change := r.threshold(g.key).step(p, a != nil, hit, o.at)
	next.Labels = g.labels
	switch {
	case by != nil && change == begins:
		r.covered = append(r.covered, by)
	case change == begins:
		r.begin(o, g, next.FirstHit)
	case change == goesOn:
		r.goOn(a, o, g)
	case change == ends:
		r.end(a, o, r.howOver(a, o, g))
	case a != nil:
		a.At = o.at
		if !a.NoData {
			a.LastData = time.Time{}
		}
		r.touch(a)
	}
	r.remember(g.key, next)
}

// howOver is how an alert ends of which a group hits no more.
func (r *run) howOver(a *Alert, o observation, g *group) EndHow {
	switch {
	case a.NoData:
		return EndData
	case a.Beyond > 0:
		return EndBeyond
	case g.all > 0, r.rule.Plan(o.at).HavingOnAggregate(), a.allPass(o): // records may well be there
		return EndPassed
	}
	return EndNoRows
}

func (r *run) remember(key string, p Pending) {
	if p.idle() && r.live[key] == nil {
		delete(r.state.Pending, key)
		return
	}
	if r.state.Pending == nil {
		r.state.Pending = map[string]*Pending{}
	}
	r.state.Pending[key] = &p
}
