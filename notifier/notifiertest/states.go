package notifiertest

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"tocsin/alertrules"
	"tocsin/notifier"
)

// The remembered rules and alerts of Memory.

// RuleStates implements alertrules.States.
func (m *Memory) RuleStates(context.Context) (map[string]*alertrules.RuleState, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := map[string]*alertrules.RuleState{}
	for id, doc := range m.rules {
		out[id] = decode[alertrules.RuleState](doc)
	}
	return out, nil
}

// Alerts implements alertrules.States.
func (m *Memory) Alerts(_ context.Context, rules ...string) ([]*alertrules.Alert, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []*alertrules.Alert
	for _, id := range slices.Sorted(maps.Keys(m.alerts)) {
		row := m.alerts[id]
		if a := row.alert(); slices.Contains(rules, row.rule) && a.Firing() {
			out = append(out, a)
		}
	}
	return out, nil
}

// Episodes implements alertrules.States: where there are no gaps, nobody asks.
func (m *Memory) Episodes(context.Context, string, alertrules.TimeRange) ([]*alertrules.Alert, error) {
	return nil, nil
}

// GapsOf implements alertrules.States: it remembers no gaps.
func (m *Memory) GapsOf(context.Context, string) ([]alertrules.Gap, error) { return nil, nil }

// NextAlertIDs implements alertrules.States.
func (m *Memory) NextAlertIDs(_ context.Context, n int) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	ids := make([]string, n)
	for i := range ids {
		m.alertIDs++
		ids[i] = fmt.Sprintf("A-%04d", m.alertIDs)
	}
	return ids, nil
}

// CommitRound implements alertrules.States.
func (m *Memory) CommitRound(_ context.Context, r *alertrules.Round) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.killed() {
		return ErrCrash
	}
	m.rounds++
	for _, s := range r.Rules {
		m.rules[s.Rule] = encode(s)
	}
	for _, a := range r.Alerts {
		row := &alertRow{doc: encode(a), rule: a.Rule}
		if old := m.alerts[a.ID]; old != nil {
			row.closes, row.ack = old.closes, old.ack
		}
		m.alerts[a.ID] = row
		m.changed[a.Rule] = m.rounds
	}
	for _, n := range r.News {
		row := m.alerts[n.Alert]
		row.settled = false
		m.news[notifier.NewsKey{Alert: n.Alert, N: n.N}] = &newsRow{doc: encode(n), rule: row.rule}
		m.changed[row.rule] = m.rounds
	}
	m.notice(r.Notices)
	return m.done()
}

// Acknowledge has the firing alert of a key taken on, as severe as it is, or with
// nil not any more. It reports whether there is one.
func (m *Memory) Acknowledge(key string, ack *alertrules.Ack) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, row := range m.alerts {
		a := row.alert()
		if a.Key != key || !a.Firing() {
			continue
		}
		row.ack = nil
		if ack != nil {
			one := *ack
			one.Severity = a.MaxSeverity
			row.ack = &one
		}
		m.rounds++
		m.changed[a.Rule] = m.rounds
		return true
	}
	return false
}
