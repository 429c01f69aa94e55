package alertrules

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// The engine: what is due, and one evaluation of all of it.

// defaultCatchUp is how far back missed moments of sliding windows are evaluated.
const defaultCatchUp = 24 * time.Hour

// An Engine evaluates rules. Its fields are set before the first call and not
// changed after it. Rounds follow each other: one call of Round or Live at a time.
// Known, Found and Release wait for those, and for MakeUp, and they for them; one Fill
// may go on beside.
type Engine struct {
	Query  QueryFunc // called by at most Workers goroutines at once, and one that catches up
	Logs   Logs
	States States

	Workers int           // rules evaluated at once; 0 is 2
	CatchUp time.Duration // how far back missed moments of sliding windows are evaluated; 0 is 24h
	// Share is told what a round will ask before it asks. What it returns is the
	// context for these questions, by which Query may answer several from one copy of
	// the records; release is called when they are answered. The answers are those that
	// there are without, but for what a query leaves open: without ORDER BY rows may come in
	// another order, and with LIMIT they may be others (docs/adr/0005). May be nil.
	Share func(ctx context.Context, asks []Ask) (shared context.Context, release func())
	// Progress is called after each moment of a rule that was evaluated, by several
	// goroutines; may be nil.
	Progress func()
	// Unfed reports whether records are known to be missing, as nothing is taken in at
	// present: a rule in state mode that does not find what it looks for has found out
	// nothing then, so that no alert ends and no data are missed. It is called for each
	// round; may be nil.
	Unfed func() bool
	// AtWork notes that a query of a rule begins, and done that it has ended, so that
	// a process which starts after this one has crashed can tell Found of it. It is
	// called by several goroutines; may be nil.
	AtWork func(rule string) (done func())

	alone sync.RWMutex // a query of a suspect holds it to write, others to read
	turn  sync.RWMutex // Known, Found and Release hold it to write, what evaluates to read
}

func (e *Engine) workers() int {
	if e.Workers > 0 {
		return e.Workers
	}
	return 2
}

func (e *Engine) catchUp() time.Duration {
	if e.CatchUp > 0 {
		return e.CatchUp
	}
	return defaultCatchUp
}

// A Due is a rule with the moments of its schedule that passed without an
// evaluation, oldest first.
type Due struct {
	Rule    *Rule
	Moments []time.Time
	// GapFrom is the first moment that is too old to be caught up; zero: none.
	GapFrom time.Time
	// Passed are moments before these that a rule which is slower than its schedule
	// cannot make up for: they are skipped.
	Passed []time.Time
}

// Due returns the rules that are due at now: a rule that was never evaluated at
// once, and one whose start was moved back. Missed moments of `new`, of whole
// windows and of snapshots are one; those of sliding windows are evaluated in
// their order, as far back as CatchUp.
func (e *Engine) Due(ctx context.Context, rules []*Rule, now time.Time) ([]Due, error) {
	states, err := e.ruleStates(ctx)
	if err != nil {
		return nil, err
	}
	return e.allDue(rules, states, now.UTC().Round(0)), nil
}

func (e *Engine) allDue(rules []*Rule, states map[string]*RuleState, now time.Time) []Due {
	var due []Due
	for _, r := range rules {
		if d := e.due(r, states[r.ID], now); len(d.Moments) > 0 {
			due = append(due, d)
		}
	}
	return due
}

func (e *Engine) due(r *Rule, s *RuleState, now time.Time) Due {
	d := Due{Rule: r}
	if !r.Enabled || s != nil && s.Off != "" || r.held(s) {
		return d
	}
	if s == nil || s.Moment.IsZero() || s.Error == "" && (s.Earlier != nil || s.EarlierWhole != nil) {
		d.Moments = []time.Time{now}
		return d
	}
	if s.Moment.After(now) && r.Schedule.Next(now).Before(s.Moment) { // the clock was put back: or it would be silent for as long
		if last := r.Schedule.Last(now); !last.IsZero() {
			d.Moments = []time.Time{last}
		}
		return d
	}
	if r.Window.Kind != SlidingWindow {
		if last := r.Schedule.last(s.Moment, now); !last.IsZero() {
			d.Moments = []time.Time{last}
		} else if r.cut(s) {
			d.Moments = []time.Time{s.Moment}
		}
		return d
	}
	oldest := s.Moment
	if limit := now.Add(-e.catchUp()); limit.After(oldest) {
		if first := r.Schedule.Next(s.Moment); first.Before(limit) {
			d.GapFrom = first
		}
		oldest = limit.Add(-time.Nanosecond)
	}
	for at := r.Schedule.Next(oldest); !at.IsZero() && !at.After(now); at = r.Schedule.Next(at) {
		d.Moments = append(d.Moments, at)
	}
	if n := len(d.Moments) - 1; n > 0 && s.Took >= r.Schedule.Every {
		d.Passed, d.Moments = d.Moments[:n], d.Moments[n:]
	}
	return d
}

// last returns the newest moment in (after, now]; zero when there is none.
func (s *Schedule) last(after, now time.Time) time.Time {
	var last time.Time
	at := s.Next(after)
	if s.cron == nil && !at.After(now) {
		return at.Add(now.Sub(at) / s.Every * s.Every)
	}
	for ; !at.IsZero() && !at.After(now); at = s.Next(at) {
		last = at
	}
	return last
}

// Eval evaluates one rule at one moment and returns what T1 would commit; it
// commits nothing. The agent, tests and backtests go through it.
func (e *Engine) Eval(ctx context.Context, rule *Rule, at time.Time) (*Round, error) {
	at = at.UTC().Round(0)
	states, p, err := e.read(ctx, at)
	if err != nil {
		return nil, err
	}
	if err = e.history(ctx, []*Rule{rule}, states, &p); err != nil {
		return nil, err
	}
	if err = e.arrived(ctx, []*Rule{rule}, states, &p); err != nil {
		return nil, err
	}
	r, err := e.start(ctx, rule, states[rule.ID], p)
	if err != nil {
		return nil, err
	}
	r.moment(ctx, at)
	return e.collect(ctx, at, []*run{r})
}

// Round evaluates the rules that are due at now and commits the outcome of all
// of them at once (T1). A query that fails is part of the outcome; the error is
// of what the engine itself needs. Without a rule that is due it does nothing
// and returns an empty Round.
func (e *Engine) Round(ctx context.Context, rules []*Rule, now time.Time) (*Round, error) {
	e.turn.RLock()
	defer e.turn.RUnlock()
	now = now.UTC().Round(0)
	states, err := e.ruleStates(ctx)
	if err != nil {
		return nil, err
	}
	return e.round(ctx, e.allDue(rules, states, now), states, pace{now: now, workers: e.workers()})
}

// A pace is when and how fast a round is evaluated.
type pace struct {
	now     time.Time
	workers int           // rules evaluated at once
	limit   time.Duration // after which no further moment is begun; 0: none
}

// round evaluates what is due and commits it.
func (e *Engine) round(ctx context.Context, due []Due, states map[string]*RuleState, how pace) (*Round, error) {
	now := how.now
	if len(due) == 0 {
		return &Round{At: now}, nil
	}
	p, err := e.pin(ctx, now)
	if err != nil {
		return nil, err
	}
	p.unfed = e.Unfed != nil && e.Unfed()
	dueRules := make([]*Rule, len(due))
	for i, d := range due {
		dueRules[i] = d.Rule
	}
	if err = e.history(ctx, dueRules, states, &p); err != nil {
		return nil, err
	}
	if err = e.arrived(ctx, dueRules, states, &p); err != nil {
		return nil, err
	}
	if p.alerts, err = e.liveAlerts(ctx, dueRules, states); err != nil {
		return nil, err
	}
	runs := make([]*run, len(due))
	for i, d := range due {
		if runs[i], err = e.start(ctx, d.Rule, states[d.Rule.ID], p); err != nil {
			return nil, err
		}
		runs[i].down = d.missed(states[d.Rule.ID])
	}
	e.evaluate(ctx, due, runs, how)
	if err := ctx.Err(); err != nil { // what a cancelled query says is no outcome
		return nil, errors.Join(err, e.keepDangers(ctx, runs, states, now))
	}
	round, err := e.collect(ctx, now, runs)
	if err != nil {
		return nil, err
	}
	if err := e.States.CommitRound(ctx, round); err != nil {
		return nil, fmt.Errorf("commit the round of %s: %w", now.UTC().Format(time.RFC3339), err)
	}
	return round, nil
}

// ruleStates reads what is remembered of every rule.
func (e *Engine) ruleStates(ctx context.Context) (map[string]*RuleState, error) {
	states, err := e.States.RuleStates(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the rules' states: %w", err)
	}
	return states, nil
}

// read reads what is remembered of the rules, and pins the records.
func (e *Engine) read(ctx context.Context, now time.Time) (map[string]*RuleState, pin, error) {
	states, err := e.ruleStates(ctx)
	if err != nil {
		return nil, pin{}, err
	}
	p, err := e.pin(ctx, now)
	return states, p, err
}

// pin reads S and the generation of the logs file.
func (e *Engine) pin(ctx context.Context, now time.Time) (pin, error) {
	seq, generation, err := e.Logs.LastSeq(ctx)
	if err != nil {
		return pin{}, fmt.Errorf("read the last record's number: %w", err)
	}
	return pin{now: now, seq: seq, generation: generation}, nil
}

// evaluate runs the rules beside each other, the moments of each in order.
func (e *Engine) evaluate(ctx context.Context, due []Due, runs []*run, how pace) {
	ctx, release := e.share(ctx, due, runs)
	defer release()
	begin := time.Now() // monotonic
	over := func() bool { return ctx.Err() != nil || how.limit > 0 && time.Since(begin) > how.limit }
	work := make(chan int)
	var wait sync.WaitGroup
	for range min(how.workers, len(due)) {
		wait.Go(func() {
			for i := range work {
				if how.limit > 0 {
					runs[i].over = over
				}
				runs[i].moments(ctx, due[i], over)
			}
		})
	}
	for i := range due {
		work <- i
	}
	close(work)
	wait.Wait()
}

// moments evaluates what is due, until it is over. After an error later moments are
// kept, too: they are tried again in their order.
func (r *run) moments(ctx context.Context, d Due, over func() bool) {
	if over() {
		return
	}
	if !d.GapFrom.IsZero() {
		r.gap(r.ahead(d.GapFrom), d.Moments[0], GapDown) // with what failed before it
		r.state.Retry = nil
	}
	r.passed(d.Passed, r.state.Took)
	for i, at := range d.Moments {
		if over() {
			return
		}
		done := r.moment(ctx, at)
		if r.progress != nil {
			r.progress()
		}
		if !done && r.rule.Window.Kind == SlidingWindow {
			rest := d.Moments[i+1:]
			r.state.Retry = append(r.state.Retry, rest...)
			if len(rest) > 0 {
				r.state.Moment = rest[len(rest)-1]
			}
			return
		}
	}
	if len(d.Moments) == 1 && r.rule.Window.Kind != NewWindow {
		r.skip(d.Moments[0])
	}
}

// skip lists the moments that passed while a slow rule was evaluated: they are
// no observations, or a rule slower than its schedule would fall behind for ever
// (P05).
func (r *run) skip(at time.Time) {
	var took time.Duration
	for _, e := range r.evals {
		took += e.Took
	}
	moments, _ := r.rule.Schedule.Moments(at, at.Add(took), maxObservations)
	r.passed(moments, took)
}

// passed lists moments as skipped, of which at most so many can be observed, and
// what nothing looks at for that as a gap.
func (r *run) passed(moments []time.Time, took time.Duration) {
	if len(moments) == 0 {
		return
	}
	r.gaps = append(r.gaps, r.rule.skipped(moments)...)
	if r.state.Looked.IsZero() {
		r.state.Looked = r.state.Moment
	}
	for _, m := range moments[max(0, len(moments)-maxObservations):] {
		r.evals = append(r.evals, Evaluation{Rule: r.rule.ID, At: m, Outcome: Skipped, Reason: "the evaluation before it took " + took.Round(time.Second).String()})
		r.state.Moment = m
	}
}

// skipped is the gap of moments in a row that passed while the rule was evaluated.
// There is none where nothing is lost: over new, since the next evaluation sees what
// came; of whole windows, which are evaluated at the next moment; and of a rule that
// tells records, each once, where the windows of the moments before and behind touch.
func (r *Rule) skipped(moments []time.Time) []Gap {
	g := Gap{Rule: r.ID, From: moments[0], To: r.Schedule.Next(moments[len(moments)-1]), Reason: GapSkipped}
	if before := r.Schedule.before(g.From); r.Window.Kind != SlidingWindow || r.rowsOnly() && !before.IsZero() && g.To.Sub(before) <= r.Window.Length {
		return nil
	}
	return []Gap{g}
}

// start makes the run of a rule from what is remembered.
func (e *Engine) start(ctx context.Context, rule *Rule, s *RuleState, p pin) (*run, error) {
	r := &run{rule: rule, progress: e.Progress, gapsOf: e.States.GapsOf, reach: e.catchUp(), pin: p, live: map[string]*Alert{}, dirty: map[*Alert]bool{}}
	r.query = e.guarded(r)
	r.state = cloneState(s, rule.ID)
	if s == nil || s.Known.IsZero() {
		r.state.Generation = p.generation // never made known: everything stored is new to it
	}
	if s != nil {
		r.tooLate = p.lateRecords(rule, s)
	}
	if s == nil || s.Live == 0 {
		return r, nil
	}
	alerts := p.alerts
	if alerts == nil {
		var err error
		if alerts, err = e.liveAlerts(ctx, []*Rule{rule}, map[string]*RuleState{rule.ID: s}); err != nil {
			return nil, err
		}
	}
	for _, a := range alerts[rule.ID] {
		r.live[a.Key] = a
	}
	return r, nil
}

// liveAlerts reads the alerts of all rules that have some, at once.
func (e *Engine) liveAlerts(ctx context.Context, rules []*Rule, states map[string]*RuleState) (map[string][]*Alert, error) {
	byRule := map[string][]*Alert{}
	var ids []string
	for _, r := range rules {
		if s := states[r.ID]; s != nil && s.Live > 0 {
			ids = append(ids, r.ID)
		}
	}
	if len(ids) == 0 {
		return byRule, nil
	}
	alerts, err := e.States.Alerts(ctx, ids...)
	if err != nil {
		return nil, fmt.Errorf("read the alerts that go on: %w", err)
	}
	for _, a := range alerts {
		byRule[a.Rule] = append(byRule[a.Rule], a)
	}
	return byRule, nil
}

// collect puts the runs together and gives ids to new alerts.
func (e *Engine) collect(ctx context.Context, at time.Time, runs []*run) (*Round, error) {
	round := &Round{At: at}
	fresh := 0
	for _, r := range runs {
		fresh += len(r.fresh)
	}
	var ids []string
	if fresh > 0 {
		var err error
		if ids, err = e.States.NextAlertIDs(ctx, fresh); err != nil {
			return nil, fmt.Errorf("reserve alert ids: %w", err)
		}
		if len(ids) != fresh {
			return nil, fmt.Errorf("%d alert ids of %d were given", len(ids), fresh)
		}
	}
	for _, r := range runs {
		for i, a := range r.fresh {
			a.ID = ids[i]
		}
		ids = ids[len(r.fresh):]
		for _, n := range r.news {
			n.news.Alert = n.alert.ID
			round.News = append(round.News, n.news)
		}
		round.Rules = append(round.Rules, r.state)
		round.Alerts = append(round.Alerts, r.order...)
		round.Evaluations = append(round.Evaluations, r.evals...)
		round.Notices = append(round.Notices, r.notice...)
		round.Gaps = append(round.Gaps, r.gaps...)
	}
	return round, nil
}
