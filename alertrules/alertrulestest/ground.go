package alertrulestest

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"tocsin/alertrules"
	"tocsin/query"
)

// What random histories are played on.

// Other is the logstore that histories have beside cloudtrail: records with a region.
const Other = "other"

// An Event is one record of a history. Its number in the history is its identity.
type Event struct {
	At     time.Time // when it happened
	Other  bool      // it is in Other, else in cloudtrail
	Name   string
	Region string
}

// A Batch is what comes in together.
type Batch struct {
	At           time.Time // when it comes in
	First        int       // the number of its first event
	Events       []Event   // all of one logstore
	Past, Notify bool      // it comes in as history, and is mailed
}

// A Ground stores records and remembers rules. Query answers for the rules of
// every set that Bind was told of.
type Ground interface {
	alertrules.Logs
	alertrules.States
	Query(ctx context.Context, p *query.Plan, w query.Window) (*query.Result, error)
	// Arrive stores records; each batch is one object.
	Arrive(ctx context.Context, batch Batch) error
	// Bind is told rules before they are evaluated, and the clock.
	Bind(set *alertrules.Set, now time.Time)
	// Restart forgets what is not stored.
	Restart(ctx context.Context) error
	// Numbers returns the __seq__ of every event, by its number in the history.
	Numbers(ctx context.Context) (map[int]int64, error)
	// Gaps returns what was not evaluated.
	Gaps(ctx context.Context) ([]alertrules.Gap, error)
}

// Memory is a Ground of this package's doubles.
type Memory struct {
	*Log
	States
	answers map[*query.Plan]Answer
}

// NewMemory returns an empty Memory.
func NewMemory() *Memory { return &Memory{Log: &Log{}, answers: map[*query.Plan]Answer{}} }

// Env is what the rules of a history on m are read against.
func (m *Memory) Env() alertrules.Env {
	env := Env()
	env.Schema = append(Schema().(query.Fixed), &query.Logstore{Name: Other, Table: Other, Fields: []query.Field{{Name: "region", Column: "region", Type: query.Text}}})
	return env
}

// Arrive implements Ground.
func (m *Memory) Arrive(_ context.Context, b Batch) error {
	m.Now = b.At
	for i, e := range b.Events {
		logstore := "cloudtrail"
		if e.Other {
			logstore = Other
		}
		m.Add(Record{Logstore: logstore, Arrived: b.At, Time: e.At, History: b.Past, Notify: b.Notify, Fields: map[string]any{"eventName": e.Name, "awsRegion": e.Region, "": b.First + i}})
	}
	return nil
}

// Bind implements Ground.
func (m *Memory) Bind(set *alertrules.Set, now time.Time) {
	m.Now = now
	for _, r := range set.Rules {
		looks := func(x Record) bool {
			return looksFor(r.ID, Event{Other: x.Logstore == Other, Name: x.Fields["eventName"].(string)})
		}
		m.answers[r.Plan(now)] = Matching(looks)
		if r.Parts != nil {
			m.answers[r.Plan(now)] = excluding(r, looks)
		}
	}
}

// excluding answers for a rule whose two queries are put together by left_exclude.
func excluding(r *alertrules.Rule, looks func(Record) bool) Answer {
	return func(p *query.Plan, w query.Window, records []Record) (*query.Result, error) {
		return LeftExclude(p, records, func(x Record) (string, bool) {
			length := r.Parts[0].Window.Length
			if x.Logstore == Other {
				length = r.Parts[1].Window.Length
			}
			return x.Fields["awsRegion"].(string), looks(x) && (r.Window.Kind == alertrules.WholeWindow || !x.Time.Before(w.To.Add(-length)))
		}), nil
	}
}

// Query implements Ground.
func (m *Memory) Query(ctx context.Context, p *query.Plan, w query.Window) (*query.Result, error) {
	answer := m.answers[p]
	if answer == nil {
		return m.Log.Query(ctx, p, w)
	}
	m.Log.mu.Lock()
	var in []Record
	for _, r := range m.records {
		if holds(w, r) && r.isIn(p.Logstores()...) {
			in = append(in, r)
		}
	}
	m.Log.mu.Unlock()
	return answer(p, w, in)
}

// Restart implements Ground.
func (m *Memory) Restart(context.Context) error { return nil }

// Numbers implements Ground.
func (m *Memory) Numbers(context.Context) (map[int]int64, error) {
	numbers := map[int]int64{}
	for _, r := range m.records {
		numbers[r.Fields[""].(int)] = r.Seq
	}
	return numbers, nil
}

// Gaps implements Ground.
func (m *Memory) Gaps(context.Context) ([]alertrules.Gap, error) { return m.States.Gaps(), nil }

// errKilled is what a commit and a query say that were told to fail.
var errKilled = errors.New("killed by the test")

// tape is a Ground that fails when it is told to, and keeps what was committed.
type tape struct {
	Ground
	killed bool          // the next commit fails
	broken int           // so many queries of rules go well, and then none; negative: all do
	takes  time.Duration // each query of a rule
	bears  int64         // of __seq__ by a query of a rule without a window; 0: any
	plans  map[*query.Plan]bool
	rounds []*alertrules.Round
}

// CommitRound implements alertrules.States.
func (t *tape) CommitRound(ctx context.Context, r *alertrules.Round) error {
	if t.killed {
		t.killed = false
		return errKilled
	}
	if err := t.Ground.CommitRound(ctx, r); err != nil {
		return err
	}
	t.rounds = append(t.rounds, r) // nobody changes it any more
	return nil
}

// Query is an alertrules.QueryFunc.
func (t *tape) Query(ctx context.Context, p *query.Plan, w query.Window) (*query.Result, error) {
	if t.plans[p] && t.broken >= 0 {
		if t.broken == 0 {
			return nil, errKilled
		}
		t.broken--
	}
	if t.plans[p] && t.takes > 0 {
		time.Sleep(t.takes)
	}
	if t.plans[p] && t.bears > 0 && w.To.IsZero() && w.UpToSeq-w.AfterSeq > t.bears {
		return nil, &alertrules.LimitError{Limit: t.takes}
	}
	return t.Ground.Query(ctx, p, w)
}

// evaluations are all that were committed, in the order of that, of one rule.
func (t *tape) evaluations(rule string) []alertrules.Evaluation {
	var list []alertrules.Evaluation
	for _, r := range t.rounds {
		for _, e := range r.Evaluations {
			if e.Rule == rule && e.Outcome != alertrules.Failed && e.Outcome != alertrules.Skipped {
				list = append(list, e)
			}
		}
	}
	return list
}

// alerts are all alerts of a rule as they were committed last, by id.
func (t *tape) alerts(rule string) []*alertrules.Alert {
	last := map[string]*alertrules.Alert{}
	for _, r := range t.rounds {
		for _, a := range r.Alerts {
			if a.Rule == rule {
				last[a.ID] = a
			}
		}
	}
	var list []*alertrules.Alert
	for _, a := range last {
		list = append(list, a)
	}
	slices.SortFunc(list, func(a, b *alertrules.Alert) int { return cmp.Or(a.Began.Compare(b.Began), cmp.Compare(a.ID, b.ID)) })
	return list
}
