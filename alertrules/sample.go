package alertrules

import (
	"slices"
	"time"

	"tocsin/query"
)

// An invented alert of a rule, and places in its file, for further checks.

// Sample returns an alert as the rule could raise it at a moment, with one
// invented row of the types of its columns: for checks and previews of
// templates. problems are the annotations that could not be rendered with it,
// by name.
func (r *Rule) Sample(at time.Time) (a *Alert, problems map[string]error) {
	raw := sampleRow(r.Columns, at)
	o := observation{at: at, window: query.Window{From: at.Add(-r.Window.Length), To: at, Now: at}, result: &answer{Result: &query.Result{Rows: [][]any{raw}, Seqs: []int64{1}}}}
	for _, b := range r.beside {
		o.result.beside = append(o.result.beside, b.seen(o.window, [][]any{sampleRow(b.columns, at)}, ""))
	}
	g := &group{key: r.ID, labels: r.labelsOf(raw), all: 1, rows: []int{0}}
	run := &run{rule: r, state: &RuleState{Rule: r.ID}, live: map[string]*Alert{}, dirty: map[*Alert]bool{}}
	a = run.begin(o, g, at)
	a.ID = "A-0000"
	problems = map[string]error{}
	data := r.templateData(a, a.Rows, o)
	for _, n := range r.Annotations {
		if _, err := n.render(data, r.Zone, at); err != nil {
			problems[n.Name] = err
		}
	}
	return a, problems
}

func sampleRow(columns []Column, at time.Time) []any {
	raw := make([]any, len(columns))
	for i, c := range columns {
		raw[i] = sampleValue(c, at)
	}
	return raw
}

func sampleValue(c Column, at time.Time) any {
	switch c.Type {
	case "integer":
		return int64(1)
	case "double":
		return 1.5
	case "boolean":
		return true
	case "time":
		return at
	case "json":
		return `{"sample":"value"}`
	}
	return "sample " + c.Name
}

// Node returns the value of a key of the rule with that id, for positions of
// further checks: Node("trail", "notify", "to"). Without such a key it is the
// rule itself; nil when the file has no such rule.
func (f *File) Node(id string, path ...string) *Node {
	if f.doc == nil {
		return nil
	}
	rules := f.doc.Root.Get("rules")
	if rules == nil {
		return nil
	}
	i := slices.IndexFunc(rules.Items, func(n *Node) bool { return n.Get("id") != nil && n.Get("id").Text == id })
	if i < 0 {
		return nil
	}
	n := underlay(rules.Items[i], f.doc.Root.Get("defaults"))
	for _, key := range path {
		next := n.Get(key)
		if next == nil {
			return rules.Items[i]
		}
		n = next
	}
	return n
}
