package alertrules

import (
	"context"
	"fmt"
	"time"

	"tocsin/query"
	"tocsin/templates"
)

// Queries of a rule whose results are not put together with the first (no_join
// of SLS): nothing is decided by them, but texts and templates show them.

// A Beside is what such a query returned. It is stored with the alert.
type Beside struct {
	N        int // its place in `queries`
	Logstore string
	Query    string
	From, To time.Time // its window; zero for a logstore without one
	Columns  []Column
	Rows     []Row // the first ones; their cells alone
	All      int   // how many there were
	Partial  string
}

// beside is such a query of a rule, compiled.
type beside struct {
	Part
	n       int
	columns []Column
	plans   []timedPlan
}

// An answer is what the queries of a rule returned over one window.
type answer struct {
	*query.Result
	beside []Beside
}

// besides plans the queries whose step is no_join.
func (c *compiler) besides(excludes []exclude, parts []query.Part, joinings []query.Joining) {
	for i, j := range joinings {
		if j.Kind != query.NoJoin {
			continue
		}
		b := beside{Part: c.rule.Parts[i+1], n: i + 1}
		if b.plans = c.plans(excludes, alone{parts[i+1], i + 1}); b.plans == nil {
			continue
		}
		b.columns = columnsOf(b.plans[0].plan)
		c.rule.beside = append(c.rule.beside, b)
	}
}

// alone is one of several queries, asked on its own.
type alone struct {
	part query.Part
	n    int
}

// plan implements asked.
func (q alone) plan(s query.Schema, o query.Options) (*query.Plan, error) {
	return query.Combine([]query.Part{q.part}, nil, s, o)
}

// fault implements asked.
func (q alone) fault(c *compiler, _ query.Options, err error) {
	c.merge(c.text.Queries[q.n].Query, err)
}

// askBeside runs the queries that stand beside the first over the same moment.
// What an evaluation leaves out because it was told before is there in them.
func (r *run) askBeside(ctx context.Context, at time.Time, w query.Window) ([]Beside, error) {
	w.AfterSeq, w.UpToSeq = 0, r.pin.upTo()
	var list []Beside
	for _, b := range r.rule.beside {
		res, err := r.askPlan(ctx, planAt(b.plans, at), w)
		if err != nil {
			return nil, fmt.Errorf("query $%d: %w", b.n, err)
		}
		list = append(list, b.seen(w, res.Rows, res.Partial))
	}
	return list, nil
}

// seen is what a query returned for a window; rows beyond what a template sees
// are counted.
func (b beside) seen(w query.Window, rows [][]any, partial string) Beside {
	s := Beside{N: b.n, Logstore: b.Logstore, Query: b.Query, Columns: b.columns, All: len(rows), Partial: partial}
	switch b.Window.Kind {
	case SnapshotWindow:
	case SlidingWindow:
		s.From, s.To = w.To.Add(-b.Window.Length), w.To
	default:
		s.From, s.To = w.From, w.To
	}
	for _, raw := range rows[:min(len(rows), maxTemplateRows)] {
		row := Row{Cells: make([]any, len(raw))}
		for i, v := range raw {
			row.Cells[i] = cell(v)
		}
		s.Rows = append(s.Rows, row)
	}
	return s
}

// maxBesideRows bounds what all alerts of one evaluation keep of one such query.
const maxBesideRows = 1000

// beside is what an alert of the evaluation keeps: a rule with many alerts would
// store the same rows with each of them.
func (o observation) beside() []Beside {
	keep := max(1, maxBesideRows/max(1, o.alerts))
	var list []Beside
	for _, b := range o.result.beside {
		b.Rows = b.Rows[:min(keep, len(b.Rows))]
		list = append(list, b)
	}
	return list
}

// Results are the results as a template numbers them: main is what the rule
// decided by; where it was put together from several queries, it stands for those
// before one of a.Beside, too. rows names the values of rows.
func (a *Alert) Results(main templates.Result, rows func([]Column, []Row) []map[string]any) []templates.Result {
	list := []templates.Result{main}
	for _, b := range a.Beside {
		for len(list) < b.N {
			list = append(list, main)
		}
		shown := rows(b.Columns, b.Rows)
		list = append(list, templates.Result{Store: b.Logstore, Query: b.Query, From: b.From, To: b.To, Rows: shown, Count: b.All, Truncated: b.Partial != "" || len(shown) < b.All})
	}
	return list
}
