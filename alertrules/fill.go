package alertrules

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Filling gaps: what was not evaluated at its moments is evaluated now. It is
// recorded and told once; no live state or counter changes (D19).

// FillOptions say how gaps are filled. Now is required.
type FillOptions struct {
	Now    time.Time
	Notify bool         // what is found in history is mailed too
	Done   func(Filled) // called after each gap; may be nil
	// Progress is called after each piece of a gap that was committed, with what
	// was done of the gap so far; may be nil.
	Progress func(Filled)
}

// A Filled says what became of a gap.
type Filled struct {
	Gap
	Evaluations int
	Partial     int       // of Evaluations: a bound was hit
	Found       int       // alerts, and pieces of news
	Told        bool      // what was found is mailed
	UpTo        time.Time // in Progress: where it goes on from; zero for a range of __seq__
	Left        string    // why the gap is still there, whole or in part; "": it is not
	Hopeless    bool      // of Left: no later Fill can fill it, as things are
}

// A piece of a gap is committed where nothing fires or is counted, at the
// latest after fillMost evaluations, so that a fill that is stopped goes on from
// there. An alert that lasts longer than that is cut: the rest is another alert.
const (
	fillLeast = 500
	fillMost  = 10_000
)

// Fill evaluates gaps of rules at the moments of their schedules: those first
// whose finds are mailed, of these those in which nothing was evaluated, and the
// oldest of these; of history the moments that look at records of it. What two gaps have in common is evaluated once. Each gap
// is taken out of what States keeps, with what was found in it, piece by piece. An
// alert is over at the first moment after the gap, or after what looks at history
// in it, and after 10,000 evaluations.
//
// A query that fails ends the filling of its rule, and is no error of Fill. It may go
// on beside rounds, since it touches neither what goes on nor a cursor; one Fill is
// called at a time.
func (e *Engine) Fill(ctx context.Context, rules []*Rule, gaps []Gap, o FillOptions) error {
	states, p, err := e.read(ctx, o.Now)
	if err != nil {
		return err
	}
	byID := map[string]*Rule{}
	for _, r := range rules {
		byID[r.ID] = r
	}
	o.Now = o.Now.UTC().Round(0)
	gaps = slices.Clone(gaps)
	slices.SortStableFunc(gaps, func(a, b Gap) int {
		return cmp.Or(compareBools(b.told(o), a.told(o)), cmp.Compare(a.breadth(), b.breadth()), a.compare(b))
	})
	all, told := gaps, map[string]toldAlerts{}
	failed, err := e.dangers(ctx, rules)
	if err != nil {
		return err
	}
	for len(gaps) > 0 {
		g := gaps[0]
		gaps = gaps[1:]
		why := g.unfillable(byID[g.Rule], p.generation)
		f := Filled{Gap: g, Told: g.told(o), Left: cmp.Or(failed[g.Rule], why), Hopeless: why != ""}
		if f.Left == "" {
			f.Told = f.Told && !byID[g.Rule].Staging
			fill := &filling{engine: e, rule: byID[g.Rule], pin: p.fill(byID[g.Rule], states[g.Rule]), options: o, every: all, told: told, danger: states[g.Rule].danger(), Filled: &f}
			fill.await(states[g.Rule])
			if err := errors.Join(fill.all(ctx), fill.mistrust(ctx)); err != nil {
				return err
			}
			gaps, failed[g.Rule] = TakeOut(gaps, fill.done), cmp.Or(f.Left, fill.held())
			fill.left()
		}
		if o.Done != nil {
			o.Done(f)
		}
	}
	return nil
}

// fill is the pin of a fill: of windows of event time S of the rule's last evaluation,
// since the next one looks at what came after it, also for long ago.
func (p pin) fill(rule *Rule, s *RuleState) pin {
	if rule.Window.Kind != NewWindow && s != nil && s.Outcome != "" && s.Generation == p.generation {
		p.seq = min(p.seq, s.Cursor)
	}
	return p
}

// told reports whether what is found in the gap is mailed.
func (g Gap) told(o FillOptions) bool { return g.Reason != GapHistory || g.Notify || o.Notify }

// unfillable says why a gap of a rule cannot be filled from a logs file; "" when it
// can.
func (g Gap) unfillable(rule *Rule, generation string) string {
	switch {
	case rule == nil:
		return "there is no such rule any more"
	case !rule.Enabled:
		return "the rule is disabled"
	case g.Reason == GapNotKept:
		return "its records are deleted"
	case g.FromSeq < g.ToSeq && g.Generation != "" && g.Generation != generation:
		return "the logs file is another one now"
	case rule.Window.Kind == SnapshotWindow:
		return "a snapshot has no past"
	case rule.Window.Kind == NewWindow && !g.numbered():
		return "the rule had another window then"
	case rule.Window.Kind != NewWindow && g.Reason == GapGeneration:
		return "the rule had another window then"
	case rule.Window.Kind == NewWindow && g.FromSeq >= g.ToSeq:
		return "its records are not there any more"
	}
	return ""
}

// filling is one gap as it is filled.
type filling struct {
	*Filled
	engine  *Engine
	rule    *Rule
	pin     pin
	options FillOptions
	ranges  []SeqRange            // of a rule that tells records: what the gap is of
	every   []Gap                 // as they were before
	danger  Danger                // what was held against the rule before the piece
	told    map[string]toldAlerts // what this Fill knows of its rules; missing: not asked yet
	tellers *tellers              // who told what is found; of a window of event time
	run     *run                  // of the piece that is evaluated
	n       int                   // its evaluations
	last    fillStep              // that went well
	done    Gap                   // what was committed of the gap
	wait    time.Time             // the end of a gap that is filled to its To alone; zero: all is
}

// await leaves out of the gap moments that passed while the last evaluation of the rule
// went on: what came in meanwhile is looked at from the next one on.
func (f *filling) await(s *RuleState) {
	if s == nil || s.Looked.IsZero() || f.Reason != GapSkipped || f.rule.Window.Kind != SlidingWindow {
		return
	}
	if next := f.rule.Schedule.Next(s.Looked); !next.IsZero() && next.Before(f.To) {
		f.wait, f.To = f.To, latest(f.From, next)
	}
}

// left says of a gap that is filled but for what await left out that this is still there.
func (f *filling) left() {
	if f.wait.IsZero() {
		return
	}
	f.To = f.wait
	f.Left = cmp.Or(f.Left, "it is filled after the rule's next evaluation")
}

// all fills the gap, piece by piece.
func (f *filling) all(ctx context.Context) error {
	if !f.wait.IsZero() && !f.From.Before(f.To) {
		return nil
	}
	if f.rule.Window.Kind == NewWindow {
		return f.records(ctx)
	}
	parts, err := f.parts(ctx)
	if err != nil {
		return err
	}
	if f.apartFrom() {
		history, err := f.engine.Logs.History(ctx, f.FromSeq, min(f.ToSeq, f.pin.seq))
		if err != nil {
			return fmt.Errorf("ask what of a gap of %s is history: %w", f.rule.ID, err)
		}
		for _, p := range splitHistory(SeqRange{f.FromSeq, min(f.ToSeq, f.pin.seq)}, history) {
			if p.history == (f.Reason == GapHistory) {
				f.ranges = append(f.ranges, p.SeqRange)
			}
		}
	}
	if f.tellers, err = f.askTellers(ctx); err != nil {
		return err
	}
	f.begin(nil)
	if !f.lookAround(ctx) {
		return f.commit(ctx, f.upTo(f.From), f.From)
	}
	for _, part := range parts {
		if err := f.part(ctx, part); err != nil {
			return err
		}
		if f.Left != "" {
			if f.last.again { // what was found is found again
				f.begin(nil)
				f.last.next = part.From
			}
			return f.commit(ctx, f.upTo(latest(f.From, f.last.next)), f.last.end)
		}
		if !f.run.idle() { // what fires is over: the next part is apart
			if err := f.commit(ctx, f.upTo(f.last.next), f.last.end); err != nil {
				return err
			}
			f.begin(nil)
		}
		f.run.state.Seen = nil
	}
	return f.commit(ctx, f.upTo(f.To), f.last.end)
}

// part evaluates a part of the gap, as far as it can.
func (f *filling) part(ctx context.Context, part TimeRange) error {
	for s := range f.apart(f.steps(part)) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if f.Left = f.held(); f.Left != "" || !f.evaluate(ctx, s) {
			break
		}
		f.last, f.n = s, f.n+1
		quiet := f.rule.Mode == Event || f.run.idle()
		if !s.again && (f.n >= fillMost || f.n%fillLeast == 0 && quiet) {
			if err := f.commit(ctx, f.upTo(s.next), s.end); err != nil {
				return err
			}
			f.begin(f.run.state.Seen)
		}
	}
	return ctx.Err() // what a cancelled query says is no outcome
}

// upTo is the beginning of the gap, up to a moment.
func (f *filling) upTo(t time.Time) Gap {
	done := Gap{Rule: f.rule.ID, From: f.From, To: t}
	if f.apartFrom() || f.Reason == GapHistory && f.FromSeq < f.ToSeq { // not all of that time was looked at, or not all records
		done.Reason, done.Generation, done.FromSeq, done.ToSeq = f.Reason, f.Generation, f.FromSeq, f.ToSeq
	}
	return done
}

// begin begins a piece with a run that remembers nothing of the live state. seen
// are the rows of the evaluation before.
func (f *filling) begin(seen []string) {
	if f.run != nil {
		f.danger = f.run.state.Danger
	}
	f.run = &run{rule: f.rule, reach: f.engine.catchUp(), pin: f.pin, live: map[string]*Alert{}, dirty: map[*Alert]bool{}, state: cloneState(nil, f.rule.ID), fills: f.tellers}
	f.run.query, f.run.state.Danger = f.engine.guarded(f.run), f.danger
	f.run.state.Seen, f.n = seen, 0
}

// held says that the rule is quarantined, since a query of the fill could not be stopped;
// "" when it is not.
func (f *filling) held() string {
	if f.run == nil || !f.rule.held(f.run.state) {
		return ""
	}
	return heldText(f.rule.ID)
}

// mistrust takes over to the rule that a query of the fill could not be stopped.
func (f *filling) mistrust(ctx context.Context) error {
	if f.held() == "" {
		return nil
	}
	_, err := f.engine.amend(context.WithoutCancel(ctx), &Set{Rules: []*Rule{f.rule}}, []string{f.rule.ID}, f.options.Now, func(r *run) {
		r.endanger(dangerEvent{kind: ranAway}, f.options.Now)
	})
	return err
}

// idle reports whether nothing fires or is counted.
func (r *run) idle() bool { return len(r.live)+len(r.state.Pending) == 0 }

// asked reports whether the gap is one of history whose finds are mailed.
func (f *filling) asked() bool { return f.Reason == GapHistory && f.Told }

// breadth orders gaps by how little of their time is looked at: what was looked at
// as a whole is not looked at again.
func (g Gap) breadth() int {
	switch g.Reason {
	case GapLate:
		return 1
	case GapHistory:
		return 2
	}
	return 0
}

// evaluate takes one step; false: the query failed.
func (f *filling) evaluate(ctx context.Context, s fillStep) bool {
	r := f.run
	if !f.lookBefore(ctx, s) {
		return false
	}
	res, took, err := r.ask(ctx, s.at, s.window)
	if err != nil {
		return f.failed(s, err)
	}
	o := observation{at: s.at, window: s.window, result: res, history: f.Reason == GapHistory, notify: f.asked()}
	r.observe(o, took)
	if f.Reason == GapLate {
		e := &r.evals[len(r.evals)-1]
		e.Reason = "late records; " + e.Reason
	}
	if f.rule.Window.Kind == WholeWindow {
		r.state.Seen = nil // each window is told once
	}
	return true
}

// failed notes that a query of a step failed, which ends the filling; it is false.
func (f *filling) failed(s fillStep, err error) bool {
	f.run.failed(s.at, s.window, err)
	f.Left = "the query failed: " + f.run.state.Error
	return false
}

// records fills a gap of a rule over `new`.
func (f *filling) records(ctx context.Context) error {
	span := int64(0)
	for from, to := f.FromSeq, min(f.ToSeq, f.pin.seq); ; {
		f.begin(nil)
		f.run.state.Span = span
		upTo, ok := f.run.take(ctx, f.options.Now, seqPart{SeqRange: SeqRange{from, to}})
		if err := ctx.Err(); err != nil {
			return err
		}
		done := Gap{Rule: f.rule.ID, Reason: f.Reason, Generation: f.Generation, FromSeq: f.FromSeq, ToSeq: upTo}
		if upTo >= to {
			done.ToSeq = f.ToSeq
		}
		if !ok {
			f.Left = "the query failed: " + f.run.state.Error
		}
		if err := f.commit(ctx, done, f.options.Now); err != nil || !ok || upTo >= to {
			return err
		}
		from, span = upTo, f.run.state.Span
	}
}

// lateKey is between the key that an alert would have had and what makes it one of
// its own.
const lateKey = "@late/"

// commit stores what a piece found, and that this much of the gap is none any
// more. What still fires is over at a moment.
func (f *filling) commit(ctx context.Context, done Gap, over time.Time) error {
	r := f.run
	f.conclude(ctx, over)
	for _, a := range r.order { // each is an alert of its own, apart from the live one
		a.Key += lateKey + a.Began.UTC().Format(time.RFC3339)
		a.Late, a.Gap, a.Filled, a.Notify = true, f.Reason, f.options.Now, f.asked()
		if a.History = f.Reason == GapHistory; a.History {
			a.Past = SeqRange{f.FromSeq, f.ToSeq}
		}
	}
	for i := range r.evals {
		r.evals[i].Filled = f.options.Now
		r.evals[i].Reason += "; the gap was filled " + f.options.Now.Format(time.RFC3339)
		if r.evals[i].Outcome == Partial {
			f.Partial++
		}
	}
	f.Evaluations += len(r.evals)
	f.Found += len(r.news)
	for _, a := range r.fresh {
		if a.Mode == State {
			f.Found++
		}
	}
	round, err := f.engine.collect(ctx, f.options.Now, []*run{r})
	if err != nil {
		return err
	}
	round.Rules, round.Notices, round.Filled = nil, nil, []Gap{done}
	if err := f.engine.States.CommitRound(ctx, round); err != nil {
		return fmt.Errorf("commit what a gap of %s held: %w", f.rule.ID, err)
	}
	f.told[f.rule.ID].add(r.order)
	f.done = done
	if f.options.Progress != nil {
		so := *f.Filled
		so.UpTo = done.To
		f.options.Progress(so)
	}
	return nil
}
