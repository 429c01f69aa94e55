package alertrules

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tocsin/query"
)

// Rules that endanger the process they run in: one whose query cannot be stopped,
// or at whose query the process ended. They are not evaluated any more
// (DESIGN.md §5 "Runaway and crash").

// ErrRanAway is in the error of a query that went on after it was told to stop, and
// was left behind.
var ErrRanAway = errors.New("the query cannot be stopped")

// crashesAllowed is how often the process may end while the query of a rule runs
// alone, before it is the rule's fault.
const crashesAllowed = 1

// A Danger is what is held against the query of a rule. The zero value: nothing.
type Danger struct {
	Hash    string    `json:",omitempty"` // of the text that it is about: Rule.Hash
	Crashes int       `json:",omitempty"` // ends of the process in a row with the query at work
	Wreck   string    `json:",omitempty"` // the last of them that was counted
	Since   time.Time `json:",omitzero"`  // since when the rule is quarantined; zero: it is not
	Reason  string    `json:",omitempty"` // why it is, in words
}

// What happens to the query of a rule, as far as it is dangerous.
type dangerKind int

const (
	wentWell     dangerKind = iota // it gave a result
	ranAway                        // it could not be stopped
	crashedAlone                   // the process ended while no other query of a rule ran
	crashedAmong                   // the process ended while others ran, too
	released                       // somebody trusts it again
)

// A dangerEvent is one of them.
type dangerEvent struct {
	kind  dangerKind
	hash  string // of the text that the query is of
	wreck string // of a crash: which, so that it is counted once
}

// step is what is held against a rule after an event at now. Another text begins
// anew. Of several queries that were at work when the process ended nobody knows
// whose fault it was: they are suspects, which run alone, until they went well once.
// Only a crash that found a query alone counts towards a quarantine.
func (d Danger) step(e dangerEvent, now time.Time) Danger {
	if d.Hash != e.hash {
		d = Danger{Hash: e.hash}
	}
	crash := e.kind == crashedAlone || e.kind == crashedAmong
	switch {
	case e.kind == released, e.kind == wentWell && d.Since.IsZero():
		return Danger{}
	case !d.Since.IsZero(), crash && d.Wreck == e.wreck:
		return d
	case e.kind == ranAway:
		d.Since, d.Reason = now, "its query went on after it was told to stop, and was left behind"
		return d
	}
	d.Wreck = e.wreck
	if e.kind == crashedAmong {
		d.Crashes = max(d.Crashes, 1)
		return d
	}
	if d.Crashes++; d.Crashes > crashesAllowed {
		d.Since, d.Reason = now, "the agent ended while its query ran, and again when it was started anew"
	}
	return d
}

// Quarantined reports whether a rule with this text is not evaluated.
func (d Danger) Quarantined(hash string) bool { return !d.Since.IsZero() && d.Hash == hash }

// Suspected reports whether the query of a rule with this text runs alone.
func (d Danger) Suspected(hash string) bool {
	return d.Crashes > 0 && d.Since.IsZero() && d.Hash == hash
}

// danger is what is held against the query of a rule of which nothing may be known.
func (s *RuleState) danger() Danger {
	if s == nil {
		return Danger{}
	}
	return s.Danger
}

// held reports whether nothing of a rule is due, whatever its schedule says.
func (r *Rule) held(s *RuleState) bool { return s != nil && s.Danger.Quarantined(r.Hash) }

// guarded is how a run asks: its rule is noted as at work, and a suspect has no
// other rule's query beside it.
func (e *Engine) guarded(r *run) QueryFunc {
	return func(ctx context.Context, p *query.Plan, w query.Window) (*query.Result, error) {
		if r.state.Danger.Suspected(r.rule.Hash) {
			e.alone.Lock()
			defer e.alone.Unlock()
		} else {
			e.alone.RLock()
			defer e.alone.RUnlock()
		}
		if e.AtWork != nil {
			defer e.AtWork(r.rule.ID)()
		}
		res, err := e.Query(ctx, p, w)
		r.answered = r.answered || err == nil
		if err != nil && ctx.Err() != nil { // it was told to stop with everything else
			return nil, ctx.Err()
		}
		return res, err
	}
}

// quarantineKey is the cause that the operator is told of.
func quarantineKey(rule string) string { return "rule/quarantine/" + rule }

// endanger takes an event into what is held against the rule. When that is a
// quarantine from now on, the operator is told.
func (r *run) endanger(e dangerEvent, at time.Time) {
	e.hash = r.rule.Hash
	before := r.state.Danger.Quarantined(e.hash)
	r.state.Danger = r.state.Danger.step(e, at)
	if before || !r.state.Danger.Quarantined(e.hash) {
		return
	}
	r.notice = append(r.notice, r.quarantined())
}

// quarantined is what the operator reads of a quarantine.
func (r *run) quarantined() Notice {
	d := r.state.Danger
	return Notice{
		Key: quarantineKey(r.rule.ID), Since: d.Since,
		Text: fmt.Sprintf("rule %s is quarantined: %s. It is not evaluated until its text changes, or until tocsin rules release %[1]s; what it misses is a gap", r.rule.ID, d.Reason),
	}
}

// keepDangers commits the quarantines of a round that was stopped, and nothing else of
// it: or the rules would do the same in the next process.
func (e *Engine) keepDangers(ctx context.Context, runs []*run, states map[string]*RuleState, now time.Time) error {
	round := &Round{At: now}
	for _, r := range runs {
		before := states[r.rule.ID]
		if before == nil || r.rule.held(before) || !r.rule.held(r.state) {
			continue
		}
		s := cloneState(before, r.rule.ID)
		s.Danger, s.Outcome, s.Error, s.ErrorSince = r.state.Danger, r.state.Outcome, r.state.Error, r.state.ErrorSince
		round.Rules = append(round.Rules, s)
		round.Notices = append(round.Notices, r.quarantined())
		round.Evaluations = append(round.Evaluations, r.evals[len(r.evals)-1])
	}
	if len(round.Rules) == 0 {
		return nil
	}
	if err := e.States.CommitRound(context.WithoutCancel(ctx), round); err != nil {
		return fmt.Errorf("commit what is held against rules: %w", err)
	}
	return nil
}

// resume has a rule go on at now that was quarantined: what it has not seen is a
// gap, and counters begin anew. Its alerts stay as they were.
func (r *run) resume(now time.Time) {
	s := r.state
	r.gaps = append(r.gaps, r.missed(now)...)
	if s.Moment.IsZero() || s.Moment.Before(now) {
		s.Moment, s.Looked = now, time.Time{}
	}
	s.Retry = nil
	switch r.rule.Window.Kind {
	case WholeWindow:
		s.WholeTo, _ = r.rule.Window.Around(now, r.rule.Zone)
	case SlidingWindow: // what came in as history is looked for from the cursor on
	default:
		s.Cursor, s.First, s.Generation, s.Earlier = r.pin.seq, r.pin.seq, r.pin.generation, nil
	}
	r.forgetCounts()
}

// missed is what a quarantined rule has not seen up to now.
func (r *run) missed(now time.Time) []Gap {
	kept := *r.state
	defer func() { *r.state = kept }()
	if r.state.Moment.IsZero() {
		r.state.Moment = r.state.Known
	}
	gaps := r.offGaps(now, GapQuarantined)
	for i := range gaps {
		if n := len(kept.Retry); n > 0 && kept.Retry[0].Before(gaps[i].From) {
			gaps[i].From = kept.Retry[0]
		}
	}
	return gaps
}

// release ends the quarantine of a rule, or what is held against it; why is what
// the operator reads.
func (r *run) release(now time.Time, why string) {
	if !r.state.Danger.Since.IsZero() {
		r.resume(now)
		r.notice = append(r.notice, r.trusted(now, why))
	}
	r.state.Danger = r.state.Danger.step(dangerEvent{kind: released}, now)
}

// trusted is what the operator reads when a quarantine ends.
func (r *run) trusted(now time.Time, why string) Notice {
	return Notice{
		Key: quarantineKey(r.rule.ID), Since: now, Over: true,
		Text: fmt.Sprintf("rule %s is evaluated again: %s; tocsin gaps fill %[1]s looks at what it missed", r.rule.ID, why),
	}
}

// A Wreck is what a process left behind that ended while queries of rules ran.
type Wreck struct {
	ID    string   // tells it from others
	Rules []string // whose queries were at work
}

// Found takes a wreck into what is held against the rules that were at work, and
// commits it: a rule that is found a second time is quarantined. The same wreck
// counts once. Rules that are not in set any more are left alone. Suspects are those
// that run alone from now on.
func (e *Engine) Found(ctx context.Context, set *Set, w Wreck, now time.Time) (r *Round, suspects []string, err error) {
	now = now.UTC().Round(0)
	event := dangerEvent{kind: crashedAlone, wreck: w.ID}
	if len(w.Rules) > 1 {
		event.kind = crashedAmong
	}
	r, err = e.amend(ctx, set, w.Rules, now, func(r *run) {
		r.endanger(event, now)
		if !r.rule.held(r.state) {
			suspects = append(suspects, r.rule.ID)
			return
		}
		r.state.Outcome = Failed
		r.evals = append(r.evals, Evaluation{Rule: r.rule.ID, At: now, Outcome: Failed, Reason: "it is quarantined", Error: r.state.Danger.Reason, Hash: r.rule.Hash})
	})
	return r, suspects, err
}

// Release ends the quarantine of rules, or the suspicion against them, and commits
// it; by says who did it, and why.
func (e *Engine) Release(ctx context.Context, set *Set, rules []string, now time.Time, by string) (*Round, error) {
	now = now.UTC().Round(0)
	return e.amend(ctx, set, rules, now, func(r *run) { r.release(now, by) })
}

// Missing returns what rules that are quarantined have not seen by now: gaps that
// grow until the quarantine ends, and are stored then.
func (e *Engine) Missing(ctx context.Context, set *Set, now time.Time) ([]Gap, error) {
	states, err := e.ruleStates(ctx)
	if err != nil {
		return nil, err
	}
	var gaps []Gap
	var p *pin
	for _, rule := range set.Rules {
		s := states[rule.ID]
		if !rule.held(s) || s.Off != "" {
			continue
		}
		if p == nil {
			read, err := e.pin(ctx, now)
			if err != nil {
				return nil, err
			}
			p = &read
		}
		r := &run{rule: rule, pin: *p, state: cloneState(s, rule.ID)}
		gaps = append(gaps, r.missed(now.UTC().Round(0))...)
	}
	return gaps, nil
}

// heldText says why gaps of a rule that is quarantined are not filled, and when they can be.
func heldText(rule string) string {
	return fmt.Sprintf("the rule is quarantined; after tocsin rules release %s its gap can be filled", rule)
}

// dangers says of rules that are quarantined why their gaps are not filled either.
func (e *Engine) dangers(ctx context.Context, rules []*Rule) (map[string]string, error) {
	states, err := e.ruleStates(ctx)
	if err != nil {
		return nil, err
	}
	why := map[string]string{}
	for _, r := range rules {
		if r.held(states[r.ID]) {
			why[r.ID] = heldText(r.ID)
		}
	}
	return why, nil
}

// amend changes what is remembered of some rules of a set, and commits it.
func (e *Engine) amend(ctx context.Context, set *Set, ids []string, now time.Time, do func(r *run)) (*Round, error) {
	e.turn.Lock()
	defer e.turn.Unlock()
	states, p, err := e.read(ctx, now)
	if err != nil {
		return nil, err
	}
	var runs []*run
	for _, id := range ids {
		rule, known := set.Rule(id)
		if !known || states[id] == nil {
			continue
		}
		r, err := e.start(ctx, rule, states[id], p)
		if err != nil {
			return nil, err
		}
		do(r)
		runs = append(runs, r)
	}
	round, err := e.collect(ctx, now, runs)
	if err != nil || len(runs) == 0 {
		return round, err
	}
	if err := e.States.CommitRound(ctx, round); err != nil {
		return nil, fmt.Errorf("commit what is held against rules: %w", err)
	}
	return round, nil
}
