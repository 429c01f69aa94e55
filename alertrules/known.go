package alertrules

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"tocsin/query"
)

// Rules that come, change and go, between evaluations.

// Known makes the rules of a set known to the store, before records are taken
// in, so that a first run misses nothing (T30): the cursor of a new rule is set
// by its start, an earlier start is noted (D34), edits are dated (D23), and the
// alerts of rules that were disabled or removed, or whose stage changed, are
// closed (D24). A rule counts as removed only when the ids of all files are
// known. It is idempotent.
func (e *Engine) Known(ctx context.Context, set *Set, now time.Time) (*Round, error) {
	e.turn.Lock()
	defer e.turn.Unlock()
	now = now.UTC().Round(0)
	states, p, err := e.read(ctx, now)
	if err != nil {
		return nil, err
	}
	k := &knower{engine: e, pin: p, now: now}
	for _, r := range set.Rules {
		if err := k.rule(ctx, r, states[r.ID]); err != nil {
			return nil, err
		}
	}
	if err := k.removed(ctx, set, states); err != nil {
		return nil, err
	}
	round, err := e.collect(ctx, now, k.runs)
	if err != nil || len(k.runs) == 0 {
		return round, err
	}
	if err := e.States.CommitRound(ctx, round); err != nil {
		return nil, fmt.Errorf("make the rules known: %w", err)
	}
	return round, nil
}

// ids are the ids of all rules, also of broken files; complete is false when a
// file could not be read as far as its ids.
func (s *Set) ids() (ids map[string]bool, complete bool) {
	ids = map[string]bool{}
	for _, r := range s.Rules {
		ids[r.ID] = true
	}
	for _, f := range s.Files {
		if f.doc != nil && f.doc.Root == nil && f.List.Err() != nil {
			return ids, false
		}
		for _, id := range f.ids {
			if !id.Given() {
				return ids, false
			}
			ids[id.Value] = true
		}
	}
	return ids, true
}

// knower collects the runs of the rules whose state changes.
type knower struct {
	engine *Engine
	pin    pin
	now    time.Time
	runs   []*run
}

func (k *knower) rule(ctx context.Context, rule *Rule, s *RuleState) error {
	switch {
	case s == nil:
		return k.first(ctx, rule)
	case !rule.Enabled && s.Off == "":
		return k.off(ctx, rule, s, EndDisabled)
	case !rule.Enabled:
		return nil
	case s.Off != "":
		return k.back(ctx, rule, s)
	case !s.Danger.Since.IsZero() && !rule.held(s):
		return k.mended(ctx, rule, s)
	case s.lost(k.pin):
		return k.lost(ctx, rule, s)
	case s.Staging != rule.Staging:
		return k.stage(ctx, rule, s)
	}
	return k.edit(ctx, rule, s)
}

// mended takes up a rule that was quarantined and has another text now. An edit is
// met the next time.
func (k *knower) mended(ctx context.Context, rule *Rule, s *RuleState) error {
	r, err := k.open(ctx, rule, s)
	if err == nil {
		r.release(k.now, "its text has changed")
	}
	return err
}

// lost begins anew over records that are others than those that the rule has seen, or
// fewer. It is noticed here, before anything is taken in: what comes then has numbers
// that would hide it. An edit is met the next time.
func (k *knower) lost(ctx context.Context, rule *Rule, s *RuleState) error {
	r, err := k.open(ctx, rule, s)
	if err == nil {
		r.generation(k.now)
	}
	return err
}

// removed closes the rules that no file holds any more.
func (k *knower) removed(ctx context.Context, set *Set, states map[string]*RuleState) error {
	ids, complete := set.ids()
	if !complete {
		return nil
	}
	for _, id := range slices.Sorted(maps.Keys(states)) {
		if ids[id] || states[id].Off == EndRemoved {
			continue
		}
		if err := k.off(ctx, &Rule{ID: id}, states[id], EndRemoved); err != nil {
			return err
		}
	}
	return nil
}

// open starts a run whose state will be committed.
func (k *knower) open(ctx context.Context, rule *Rule, s *RuleState) (*run, error) {
	r, err := k.engine.start(ctx, rule, s, k.pin)
	if err != nil {
		return nil, err
	}
	k.runs = append(k.runs, r)
	return r, nil
}

// first makes a rule known that was never met.
func (k *knower) first(ctx context.Context, rule *Rule) error {
	r, err := k.open(ctx, rule, nil)
	if err != nil {
		return err
	}
	s := r.state
	s.Known, s.Hash, s.Start, s.Staging = k.now, rule.Hash, rule.Start.Text, rule.Staging
	s.Generation = k.pin.generation
	if !rule.Enabled {
		s.Off = EndDisabled
	}
	if s.Cursor, err = k.startSeq(ctx, rule); err != nil {
		return err
	}
	s.First = s.Cursor
	if rule.Window.Kind == WholeWindow {
		s.WholeTo, _ = rule.Window.Around(rule.Start.Moment(k.now), rule.Zone)
		s.WholeFrom = s.WholeTo
	}
	return nil
}

// startSeq is the cursor that a start means: arrival time (D34). Of a window of
// event time it is S: history that was there before is no gap of a rule which had
// no moment then.
func (k *knower) startSeq(ctx context.Context, rule *Rule) (int64, error) {
	at := rule.Start.Moment(k.now)
	if rule.Window.Kind != NewWindow || !at.Before(k.now) {
		return k.pin.seq, nil
	}
	seq, err := k.engine.Logs.SeqAt(ctx, at)
	if err != nil {
		return 0, fmt.Errorf("find the start of %s: %w", rule.ID, err)
	}
	return min(seq, k.pin.seq), nil
}

// off closes a rule that is not evaluated any more.
func (k *knower) off(ctx context.Context, rule *Rule, s *RuleState, how EndHow) error {
	r, err := k.open(ctx, rule, s)
	if err != nil {
		return err
	}
	r.offCauses(k.now, how)
	if !s.Danger.Since.IsZero() {
		r.resume(k.now)
	} else if n := len(s.Retry); n > 0 { // moments that were to be tried again
		r.gaps = append(r.gaps, Gap{Rule: rule.ID, From: s.Retry[0], To: s.Retry[n-1].Add(time.Nanosecond), Reason: GapError})
	}
	r.unlookedVerdicts()
	k.forget(r, how)
	if r.state.Moment.IsZero() { // it was not evaluated yet: what it missed begins where it was made known
		r.state.Moment = s.Known
	}
	r.state.Off, r.state.Outcome = how, Skipped
	r.state.Error, r.state.ErrorSince = "", time.Time{}
	r.state.Bound, r.state.BoundSince = "", time.Time{}
	return nil
}

// offCauses ends what the operator was told of a rule that is not evaluated any more:
// nobody can do anything about it. What is disabled alone is quarantined still.
func (r *run) offCauses(now time.Time, how EndHow) {
	if r.state.Error != "" {
		r.notice = append(r.notice, Notice{Key: "rule/failed/" + r.rule.ID, Since: now, Over: true, Text: fmt.Sprintf("rule %s could not be evaluated, and is %s", r.rule.ID, how)})
	}
	if r.state.bounded() {
		r.notice = append(r.notice, Notice{Key: partialKey(r.rule.ID), Since: now, Over: true, Text: fmt.Sprintf("rule %s hit a bound, and is %s", r.rule.ID, how)})
	}
	if how == EndRemoved && !r.state.Danger.Since.IsZero() {
		r.notice = append(r.notice, Notice{Key: quarantineKey(r.rule.ID), Since: now, Over: true, Text: fmt.Sprintf("rule %s was quarantined, and is %s", r.rule.ID, how)})
	}
}

// forget ends what goes on, and forgets what decides about it.
func (k *knower) forget(r *run, how EndHow) {
	r.closeAll(k.now, how)
	r.state.Live, r.state.Pending, r.state.Retry, r.state.Seen, r.state.Verdicts, r.state.Values = 0, nil, nil, nil, nil, nil
}

// back takes up a rule that was off: what was stored meanwhile is a gap.
func (k *knower) back(ctx context.Context, rule *Rule, s *RuleState) error {
	r, err := k.open(ctx, rule, s)
	if err != nil {
		return err
	}
	if err := k.missed(ctx, r); err != nil {
		return err
	}
	n := r.state
	n.Off, n.Hash, n.Start, n.Staging = "", rule.Hash, rule.Start.Text, rule.Staging
	n.Generation, n.Moment, n.Looked, n.Earlier, n.Edited = k.pin.generation, time.Time{}, time.Time{}, nil, time.Time{}
	n.Cursor, n.First = k.pin.seq, k.pin.seq
	switch {
	case rule.held(n):
		r.notice = append(r.notice, r.quarantined())
	case !n.Danger.Since.IsZero():
		r.notice = append(r.notice, r.trusted(k.now, "its text has changed"))
		fallthrough
	default:
		n.Danger = Danger{}
	}
	if rule.Window.Kind == WholeWindow {
		n.WholeTo, _ = rule.Window.Around(k.now, rule.Zone)
		if n.WholeFrom.IsZero() { // it had another window before
			n.WholeFrom = n.WholeTo
		}
	}
	return nil
}

// missed lists what a rule that was off has not seen: what came in as history for
// the moments before, and, when it was evaluated before, what was due meanwhile.
func (k *knower) missed(ctx context.Context, r *run) error {
	s := r.state
	s.Cursor = s.seen(k.pin)
	until := k.now
	if !s.Moment.IsZero() {
		until = r.rule.Schedule.Next(s.Moment)
	}
	switch r.rule.Window.Kind {
	case WholeWindow:
		if s.Moment.IsZero() || s.WholeTo.IsZero() { // or it had another window then
			s.WholeTo, _ = r.rule.Window.Around(cmp.Or(s.Moment, k.now), r.rule.Zone)
		}
		fallthrough
	case SlidingWindow:
		r.pin.past = map[arrivals][]PastTime{}
		if err := k.engine.historyTimes(ctx, r.rule, s.Cursor, &r.pin); err != nil {
			return fmt.Errorf("while %s was off: %w", r.rule.ID, err)
		}
		r.gaps = append(r.gaps, r.historyGaps(r.ahead(until))...)
		if err := k.lateMeanwhile(ctx, r); err != nil {
			return err
		}
	}
	if !s.Moment.IsZero() {
		r.gaps = append(r.gaps, r.offGaps(k.now, GapDisabled)...)
	}
	return nil
}

// lateMeanwhile lists what came for moments, or whole windows, that were evaluated
// before the rule was off.
func (k *knower) lateMeanwhile(ctx context.Context, r *run) error {
	var err error
	if r.pin.history, err = k.engine.Logs.History(ctx, r.state.Cursor, r.pin.seq); err != nil {
		return fmt.Errorf("ask what is history: %w", err)
	}
	r.pin.late = map[lateArrivals][]TimeRange{}
	if err := k.engine.tooLate(ctx, r.rule, r.state, &r.pin); err != nil {
		return err
	}
	r.since = r.state.Cursor
	r.tooLate = r.pin.lateRecords(r.rule, r.state)
	if r.rule.Window.Kind == WholeWindow {
		r.gaps = append(r.gaps, r.lateWindows(r.olderWindows(r.state.WholeTo))...)
	}
	r.gaps = append(r.gaps, r.lateMoments()...)
	return nil
}

// stage closes the episodes of the other stage; they begin anew in this one, so
// that what was recorded only is never mailed, and the other way round.
func (k *knower) stage(ctx context.Context, rule *Rule, s *RuleState) error {
	r, err := k.open(ctx, rule, s)
	if err != nil {
		return err
	}
	r.closeAll(k.now, EndStaging)
	r.state.Live, r.state.Staging = 0, rule.Staging
	return nil
}

// edit notes another text, an earlier start, another kind of window.
func (k *knower) edit(ctx context.Context, rule *Rule, s *RuleState) error {
	whole := rule.Window.Kind == WholeWindow && s.WholeTo.IsZero()
	edited := s.Hash != rule.Hash && s.Edited.IsZero()
	if !whole && !edited && s.Start == rule.Start.Text {
		return nil
	}
	r, err := k.open(ctx, rule, s)
	if err != nil {
		return err
	}
	if edited {
		r.state.Edited = k.now
		r.unlookedVerdicts()
		r.state.Verdicts = nil // verdicts of another text are not folded with this one's
	}
	if whole {
		r.state.WholeTo, _ = rule.Window.Around(k.now, rule.Zone)
		r.state.WholeFrom = r.state.WholeTo
	}
	if rule.Window.Kind != WholeWindow {
		r.state.EarlierWhole, r.state.EarlierPending = nil, nil
	}
	if rule.Window.Kind != NewWindow {
		r.state.Earlier = nil
	}
	return k.earlier(ctx, r)
}

// earlier takes in, once, what the rule has never seen (D34). What an earlier start
// before this one added goes first: this one is noted when the rules are made known
// after that.
func (k *knower) earlier(ctx context.Context, r *run) error {
	s := r.state
	if s.Start == r.rule.Start.Text || s.Earlier != nil || s.EarlierWhole != nil {
		return nil
	}
	s.Start = r.rule.Start.Text
	switch r.rule.Window.Kind {
	case NewWindow:
		seq, err := k.startSeq(ctx, r.rule)
		if err != nil {
			return err
		}
		if seq < s.First {
			s.Earlier = &SeqRange{seq, s.First}
			s.First = seq
		}
	case WholeWindow:
		from, _ := r.rule.Window.Around(r.rule.Start.Moment(k.now), r.rule.Zone)
		switch {
		case !from.Before(s.WholeFrom):
		case s.WholeTo.Equal(s.WholeFrom): // no window has a verdict yet
			s.WholeTo, s.WholeFrom = from, from
		default:
			s.EarlierWhole, s.EarlierPending = &TimeRange{from, s.WholeFrom}, nil
			s.WholeFrom = from
		}
	}
	return nil
}

// A Hint says what lies before the start of a rule over `new`.
type Hint struct {
	Rule    string
	Records int64  // stored before its start
	Start   string // the `start:` that includes all of them
}

// Before counts the stored records that a rule over `new` has not seen because
// they lie before its start. s is what States.RuleStates tells of the rule, nil
// when it is not known. Records is 0 when there are none, and for other windows.
func (e *Engine) Before(ctx context.Context, rule *Rule, s *RuleState, now time.Time) (Hint, error) {
	h := Hint{Rule: rule.ID}
	if s == nil || rule.Window.Kind != NewWindow || len(rule.touch) == 0 || s.First == 0 {
		return h, nil
	}
	res, err := e.Query(ctx, rule.touch[0], query.Window{UpToSeq: s.First, Now: now})
	if err != nil {
		return h, fmt.Errorf("count the records before the start of %s: %w", rule.ID, err)
	}
	if len(res.Rows) > 0 && len(res.Rows[0]) > 0 {
		n, _ := number(plain(res.Rows[0][0]))
		h.Records = int64(n)
	}
	for _, back := range []string{"-24h", "-7d", "-30d", "-400d"} {
		d, err := ParseDuration(back)
		if err != nil {
			return h, err
		}
		seq, err := e.Logs.SeqAt(ctx, now.Add(d))
		if err != nil {
			return h, fmt.Errorf("find a start of %s: %w", rule.ID, err)
		}
		if h.Start = back; seq == 0 {
			break
		}
	}
	return h, nil
}

// unlookedVerdicts makes gaps of windows that late records touched, as far as these
// were seen, and that were not evaluated again yet: their verdicts are dropped.
func (r *run) unlookedVerdicts() {
	s := r.state
	var gaps []Gap
	for _, v := range s.Verdicts {
		if v.Seq < s.Cursor {
			gaps = append(gaps, Gap{Rule: r.rule.ID, From: v.From, To: v.To, FromSeq: v.Seq, ToSeq: s.Cursor, Generation: s.Generation, Reason: GapLate})
		}
	}
	r.gaps = append(r.gaps, JoinGaps(gaps)...)
}
