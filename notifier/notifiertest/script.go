package notifiertest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"tocsin/alertrules"
)

// Rounds without an engine.

// A Script is an Engine without queries: what a Moment says was found becomes
// alerts and news as the engine would make them.
type Script struct {
	store *Memory
	rules map[string]RuleSpec
	live  map[string]*alertrules.Alert // by key, also the last one that ended
	seq   int64
}

// NewScript returns an Engine for rules that writes into a store.
func NewScript(store *Memory, rules []RuleSpec) *Script {
	s := &Script{store: store, rules: map[string]RuleSpec{}, live: map[string]*alertrules.Alert{}}
	for _, r := range rules {
		s.rules[r.ID] = r
	}
	return s
}

// Round implements Engine.
func (s *Script) Round(ctx context.Context, at time.Time, m Moment) error {
	round := &alertrules.Round{At: at}
	live, seq := maps.Clone(s.live), s.seq
	for _, id := range slices.Sorted(maps.Keys(m.Round)) {
		r, ok := s.rules[id]
		if !ok {
			return fmt.Errorf("there is no rule %q", id)
		}
		var err error
		if r.Mode == "event" {
			err = s.event(ctx, round, r, m.Round[id])
		} else {
			err = s.state(ctx, round, r, m.Round[id])
		}
		if err != nil {
			return err
		}
	}
	err := s.store.CommitRound(ctx, round)
	if err != nil {
		s.live, s.seq = live, seq
	}
	return err
}

// state makes state alerts begin, go on and end.
func (s *Script) state(ctx context.Context, round *alertrules.Round, r RuleSpec, f Found) error {
	at := round.At
	found := map[string][]string{}
	maps.Copy(found, f.Alerts)
	if len(f.Rows) > 0 {
		found[""] = f.Rows
	}
	for _, value := range slices.Sorted(maps.Keys(found)) {
		key := r.ID + "/" + value
		a := s.live[key]
		if a == nil || !a.Firing() {
			next, err := s.begin(ctx, at, r.ID, key)
			if err != nil {
				return err
			}
			if a != nil {
				next.Again, next.PrevEnded = true, a.Ended
			}
			next.Labels = labels(r, value)
			a = next
		} else {
			c := *a
			a = &c
		}
		a.Severity = severity(r, f, value)
		a.MaxSeverity = max(a.MaxSeverity, a.Severity)
		a.Columns, a.Rows = rows(found[value], a.Severity)
		a.RowsAll = len(a.Rows)
		a.LastHit, a.At, a.From, a.To = at, at, at.Add(-r.Window), at
		s.live[key] = a
		round.Alerts = append(round.Alerts, a)
	}
	s.end(round, r, f, found)
	return nil
}

// end ends the alerts of a rule that were not found.
func (s *Script) end(round *alertrules.Round, r RuleSpec, f Found, found map[string][]string) {
	at := round.At
	for _, key := range slices.Sorted(maps.Keys(s.live)) {
		a := s.live[key]
		if _, still := found[strings.TrimPrefix(key, r.ID+"/")]; still || a.Rule != r.ID || !a.Firing() || a.Mode != alertrules.State {
			continue
		}
		c := *a
		c.At, c.Ended, c.How, c.From, c.To = at, at, alertrules.EndNoRows, at.Add(-r.Window), at
		if f.How != "" {
			c.How = alertrules.EndHow(f.How)
		}
		s.live[key] = &c
		round.Alerts = append(round.Alerts, &c)
	}
}

func (s *Script) begin(ctx context.Context, at time.Time, rule, key string) (*alertrules.Alert, error) {
	ids, err := s.store.NextAlertIDs(ctx, 1)
	if err != nil {
		return nil, err
	}
	return &alertrules.Alert{ID: ids[0], Rule: rule, Key: key, Mode: alertrules.State, Since: at, Began: at}, nil
}

// event adds news to the open episode of the rule, or to a new one.
func (s *Script) event(ctx context.Context, round *alertrules.Round, r RuleSpec, f Found) error {
	at := round.At
	open, err := s.store.Alerts(ctx, r.ID)
	if err != nil {
		return err
	}
	var a *alertrules.Alert
	for _, o := range open {
		if o.ClosesAt.IsZero() || at.Before(o.ClosesAt) {
			a = o
		}
	}
	if f.How != "" && a != nil {
		a.Ended, a.How = at, alertrules.EndHow(f.How)
		round.Alerts = append(round.Alerts, a)
	}
	if len(f.Rows) == 0 {
		return nil
	}
	if a == nil {
		if a, err = s.begin(ctx, at, r.ID, r.ID); err != nil {
			return err
		}
		a.Mode, a.Labels = alertrules.Event, labels(r, "")
	}
	from := s.seq
	s.seq += int64(len(f.Rows))
	a.NewsN++
	n := &alertrules.News{Alert: a.ID, N: a.NewsN, At: at, FromSeq: from, ToSeq: s.seq, Severity: severity(r, f, ""), Whole: r.Whole}
	n.Columns, n.Rows = rows(f.Rows, n.Severity)
	a.Severity, a.At, a.LastHit = n.Severity, at, at
	a.MaxSeverity = max(a.MaxSeverity, n.Severity)
	round.Alerts, round.News = append(round.Alerts, a), append(round.News, n)
	return nil
}

func labels(r RuleSpec, value string) map[string]string {
	out := maps.Clone(r.Labels)
	if value != "" {
		if out == nil {
			out = map[string]string{}
		}
		out["value"] = value
	}
	return out
}

func severity(r RuleSpec, f Found, value string) alertrules.Severity {
	name := r.Severity
	if f.Severity != "" {
		name = f.Severity
	}
	if s, ok := f.Severities[value]; ok {
		name = s
	}
	if name == "" {
		name = "high"
	}
	out, _ := alertrules.ParseSeverity(name)
	return out
}

// rows reads "A 2": what stands before the last word is what the row is known by
// when that word is a number.
func rows(texts []string, s alertrules.Severity) ([]alertrules.Column, []alertrules.Row) {
	var out []alertrules.Row
	columns := []alertrules.Column{{Name: "row", Type: "text"}}
	for _, t := range texts {
		row := alertrules.Row{Key: t, Cells: []any{t}, Severity: s}
		if i := strings.LastIndexByte(t, ' '); i > 0 {
			if n, err := strconv.ParseInt(t[i+1:], 10, 64); err == nil {
				row.Key, row.Cells = t[:i], []any{t[:i], n}
				columns = []alertrules.Column{{Name: "row", Type: "text"}, {Name: "n", Type: "integer"}}
			}
		}
		out = append(out, row)
	}
	return columns, out
}

// numbered returns m for the i-th of its repetitions.
func (m Moment) numbered(i int) Moment {
	out := m
	out.Round = map[string]Found{}
	for id, f := range m.Round {
		var rows []string
		for _, r := range f.Rows {
			rows = append(rows, expand(r, i)...)
		}
		f.Rows = rows
		out.Round[id] = f
	}
	return out
}

// expand reads "r{5}": five rows with running numbers, the i-th five of them;
// and "odd:A": a row only when i is odd.
func expand(row string, i int) []string {
	if rest, ok := strings.CutPrefix(row, "odd:"); ok {
		if i%2 == 0 {
			return nil
		}
		return []string{rest}
	}
	name, count, ok := strings.Cut(strings.TrimSuffix(row, "}"), "{")
	n, err := strconv.Atoi(count)
	if !ok || err != nil {
		return []string{row}
	}
	var out []string
	for j := range n {
		out = append(out, fmt.Sprintf("%s%d", name, (i-1)*n+j+1))
	}
	return out
}
