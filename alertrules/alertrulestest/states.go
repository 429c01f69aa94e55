// Package alertrulestest holds what tests of rules need: remembered state in
// memory (States) and a log whose records arrive as a script says (Log).
package alertrulestest

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"tocsin/alertrules"
)

// States implements alertrules.States in memory. Everything that goes in or out
// is copied, as a database would. The zero value is empty and ready.
type States struct {
	// Fail, when set, is the error of the next CommitRound, which then stores
	// nothing.
	Fail error

	mu     sync.Mutex
	rules  map[string]*alertrules.RuleState
	alerts map[string]*alertrules.Alert
	rounds []*alertrules.Round
	ids    int
}

// RuleStates implements alertrules.States.
func (s *States) RuleStates(context.Context) (map[string]*alertrules.RuleState, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make(map[string]*alertrules.RuleState, len(s.rules))
	for id, r := range s.rules {
		out[id] = clone(r)
	}
	return out, nil
}

// Alerts implements alertrules.States.
func (s *States) Alerts(_ context.Context, rules ...string) ([]*alertrules.Alert, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []*alertrules.Alert
	for _, a := range s.alerts {
		if slices.Contains(rules, a.Rule) && a.Firing() {
			out = append(out, clone(a))
		}
	}
	slices.SortFunc(out, func(a, b *alertrules.Alert) int { return a.Began.Compare(b.Began) })
	return out, nil
}

// Episodes implements alertrules.States.
func (s *States) Episodes(_ context.Context, rule string, in alertrules.TimeRange) ([]*alertrules.Alert, error) {
	return slices.DeleteFunc(s.All(), func(a *alertrules.Alert) bool {
		return a.Rule != rule || a.Mode != alertrules.State || !a.Began.Before(in.To) || !a.Firing() && !a.Ended.After(in.From)
	}), nil
}

// NextAlertIDs implements alertrules.States: A-0001, A-0002 and so on.
func (s *States) NextAlertIDs(_ context.Context, n int) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids := make([]string, n)
	for i := range ids {
		s.ids++
		ids[i] = fmt.Sprintf("A-%04d", s.ids)
	}
	return ids, nil
}

// CommitRound implements alertrules.States. ClosesAt of an alert that exists is
// kept: it belongs to the notifier.
func (s *States) CommitRound(_ context.Context, r *alertrules.Round) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.Fail; err != nil {
		s.Fail = nil
		return err
	}
	if s.rules == nil {
		s.rules, s.alerts = map[string]*alertrules.RuleState{}, map[string]*alertrules.Alert{}
	}
	for _, x := range r.Rules {
		s.rules[x.Rule] = clone(x)
	}
	for _, a := range r.Alerts {
		stored := clone(a)
		if old := s.alerts[a.ID]; old != nil {
			stored.ClosesAt = old.ClosesAt
		}
		s.alerts[a.ID] = stored
	}
	s.rounds = append(s.rounds, clone(r))
	return nil
}

// Alert returns the alert of that id, nil when there is none. Changes to it are
// stored by Put.
func (s *States) Alert(id string) *alertrules.Alert {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.alerts[id] == nil {
		return nil
	}
	return clone(s.alerts[id])
}

// Put stores an alert as the notifier's transaction does, ClosesAt included.
func (s *States) Put(a *alertrules.Alert) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.alerts[a.ID] = clone(a)
}

// All returns every alert ever stored, by id.
func (s *States) All() []*alertrules.Alert {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []*alertrules.Alert
	for _, a := range s.alerts {
		out = append(out, clone(a))
	}
	slices.SortFunc(out, func(a, b *alertrules.Alert) int {
		return cmp.Or(cmp.Compare(len(a.ID), len(b.ID)), cmp.Compare(a.ID, b.ID))
	})
	return out
}

// Rounds returns what was committed, oldest first.
func (s *States) Rounds() []*alertrules.Round {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.rounds)
}

// Gaps returns what was not evaluated and not filled since, in the order of its
// time.
func (s *States) Gaps() []alertrules.Gap {
	var gaps []alertrules.Gap
	for _, r := range s.Rounds() {
		for _, done := range r.Filled {
			gaps = alertrules.TakeOut(gaps, done)
		}
		gaps = alertrules.JoinGaps(append(alertrules.Without(gaps, r.Dropped), r.Gaps...))
	}
	return gaps
}

// GapsOf implements alertrules.States.
func (s *States) GapsOf(_ context.Context, rule string) ([]alertrules.Gap, error) {
	return slices.DeleteFunc(s.Gaps(), func(g alertrules.Gap) bool { return g.Rule != rule }), nil
}

// State returns what is remembered of a rule, nil when it is not known.
func (s *States) State(rule string) *alertrules.RuleState {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rules[rule] == nil {
		return nil
	}
	return clone(s.rules[rule])
}

// clone copies a document the way a store does: through JSON.
func clone[T any](v *T) *T {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // documents are plain data
	}
	out := new(T)
	if err := json.Unmarshal(b, out); err != nil {
		panic(err)
	}
	return out
}
