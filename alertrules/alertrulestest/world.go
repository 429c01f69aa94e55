package alertrulestest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"tocsin/alertrules"
)

// An engine with its surroundings, and what it did in words.

// A World is an engine over a scripted log and remembered state in memory.
// Rules are made known by Load, and evaluated by At and RunTo.
type World struct {
	Env    alertrules.Env // that rules are read against
	Set    *alertrules.Set
	Log    *Log
	States *States
	Engine *alertrules.Engine
}

// NewWorld makes an empty world whose clock stands at now.
func NewWorld(now time.Time) *World {
	w := &World{Env: Env(), Log: &Log{Now: now}, States: &States{}}
	w.Engine = &alertrules.Engine{Query: w.Log.Query, Logs: w.Log, States: w.States}
	return w
}

// Load reads one rule file and makes its rules known; rules of an earlier Load
// that it does not hold are removed. Every rule whose answer is not set by
// Log.Handle sees no rows.
func (w *World) Load(src string) error {
	set := alertrules.ParseSet(map[string][]byte{"rules.yaml": []byte(src)}, w.Env)
	if err := set.Err(); err != nil {
		return err
	}
	w.Set = set
	for _, r := range set.Rules {
		w.Log.rebind(r)
	}
	_, err := w.Engine.Known(context.Background(), set, w.Log.Now)
	return err
}

// rebind keeps the answer of a rule over an edit, or sets the empty one.
func (l *Log) rebind(r *alertrules.Rule) {
	for i := range l.handlers {
		if l.handlers[i].rule.ID == r.ID {
			l.handlers[i].rule = r
			return
		}
	}
	l.Handle(r, Matching(func(Record) bool { return false }))
}

// Answer sets what the query of a rule returns.
func (w *World) Answer(id string, a Answer) error {
	r, ok := w.Set.Rule(id)
	if !ok {
		return fmt.Errorf("there is no rule %s", id)
	}
	w.Log.Handle(r, a)
	return nil
}

// At sets the clock and evaluates what is due, as `run --once` does.
func (w *World) At(now time.Time) (*alertrules.Round, error) {
	w.Log.Now = now
	return w.Engine.Round(context.Background(), w.Set.Rules, now)
}

// RunTo evaluates every moment of every schedule after the clock up to a time,
// as the agent does, and returns the rounds.
func (w *World) RunTo(end time.Time) ([]*alertrules.Round, error) {
	var rounds []*alertrules.Round
	for {
		next := end.Add(time.Nanosecond)
		for _, r := range w.Set.Rules {
			if at := r.Schedule.Next(w.Log.Now); r.Enabled && at.Before(next) {
				next = at
			}
		}
		if next.After(end) {
			w.Log.Now = end
			return rounds, nil
		}
		round, err := w.At(next)
		if err != nil {
			return rounds, err
		}
		rounds = append(rounds, round)
	}
}

// Describe says in lines what rounds changed: begins, ends, news, notices and
// gaps, each with the time of its round in UTC. Rows are shown by field, which
// is a column of the rows; without such a column by their keys.
func Describe(rounds []*alertrules.Round, field string) []string {
	var out []string
	for _, r := range rounds {
		at := r.At.UTC().Format("15:04")
		for _, a := range r.Alerts {
			if line := describeAlert(r, a, field); line != "" {
				out = append(out, at+" "+line)
			}
		}
		for _, n := range r.News {
			out = append(out, fmt.Sprintf("%s news %s#%d %s: %s", at, n.Alert, n.N, n.Severity, cells(n.Columns, n.Rows, field)))
		}
		for _, n := range r.Notices {
			out = append(out, fmt.Sprintf("%s notice %s over=%t", at, n.Key, n.Over))
		}
		for _, g := range r.Gaps {
			out = append(out, fmt.Sprintf("%s gap %s %s", at, g.Rule, g.Reason))
		}
	}
	return out
}

// describeAlert is "" when the round only confirmed the alert.
func describeAlert(r *alertrules.Round, a *alertrules.Alert, field string) string {
	key := strings.TrimPrefix(a.Key, a.Rule)
	switch {
	case !a.Ended.IsZero():
		return fmt.Sprintf("end %s%s %s", a.ID, key, a.How)
	case a.Mode == alertrules.State && isNew(r, a):
		line := fmt.Sprintf("begin %s%s %s: %s", a.ID, key, a.Severity, cells(a.Columns, a.Rows, field))
		if a.Again {
			line += " again"
		}
		return line
	}
	return ""
}

// isNew reports whether a began in the round: at a moment after the rule's
// state before it. Rounds of one moment begin alerts at that moment.
func isNew(r *alertrules.Round, a *alertrules.Alert) bool {
	return slices.ContainsFunc(r.Evaluations, func(e alertrules.Evaluation) bool { return e.Rule == a.Rule && e.At.Equal(a.Began) })
}

func cells(columns []alertrules.Column, rows []alertrules.Row, field string) string {
	i := slices.IndexFunc(columns, func(c alertrules.Column) bool { return c.Name == field })
	var out []string
	for _, row := range rows {
		if i >= 0 {
			out = append(out, fmt.Sprint(row.Cells[i]))
		} else {
			out = append(out, row.Key)
		}
	}
	return strings.Join(out, " ")
}
