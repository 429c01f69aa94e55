package alertrules

import (
	"slices"
	"time"

	"tocsin/query"
)

// From the rows of a result to the groups and rows of alerts.

// An observation is what a query returned for one window at one moment.
type observation struct {
	at     time.Time
	window query.Window
	result *answer
	early  bool      // a window that an earlier start added
	unfed  bool      // records are missing: what was not found may be among them
	edited time.Time // the rule was edited then, and not evaluated since
	cut    string    // the bound for which the range was shortened; the result itself is complete

	alerts int // among which what stands beside the result is shared out

	standing map[int64]Standing // of findings, by their numbers; nil but over a snapshot

	history bool // the records came in as history: recorded, not mailed
	notify  bool // but for this: somebody asked
}

// end is where the window ends; of a snapshot, which has none, the moment.
func (o observation) end() time.Time {
	if o.window.To.IsZero() {
		return o.at
	}
	return o.window.To
}

// A group is the part of an observation that belongs to one alert key.
type group struct {
	key    string
	labels map[string]string
	all    int   // rows of the key
	rows   []int // those that the trigger counts, as indices into the result
	beyond int   // of the group of what has no room: how many keys that hit
	absent bool  // of a no-data key: there are no data
}

// split deals the rows out to alert keys, in order of first appearance. Without
// alert_per there is always exactly one group. The keys that hit and have no room
// are one group, the last.
func (r *Rule) split(o observation, room func(key string) bool) []*group {
	groups := r.deal(o)
	if len(r.per) == 0 {
		return groups
	}
	return r.pool(o, groups, room)
}

// deal is split with room for all.
func (r *Rule) deal(o observation) []*group {
	var groups []*group
	byKey := map[string]*group{}
	add := func(key string, labels map[string]string) *group {
		g := &group{key: key, labels: labels}
		byKey[key], groups = g, append(groups, g)
		return g
	}
	if len(r.per) == 0 {
		add(r.ID, r.Labels)
	}
	for i, row := range o.result.Rows {
		key := r.ID
		if len(r.per) > 0 {
			key = alertKey(r.ID, r.perValues(row))
		}
		g := byKey[key]
		if g == nil {
			g = add(key, r.labelsOf(row))
		}
		g.all++
		g.rows = append(g.rows, i)
	}
	if r.Trigger.When != nil {
		for _, g := range groups {
			g.rows = slices.DeleteFunc(g.rows, func(i int) bool { return !r.Trigger.When.Holds(o.result.Rows[i], g.all) })
		}
	}
	return groups
}

// RowsOf returns of a result those rows that an alert of the rule has: those of its
// value, and for which the trigger's condition holds.
func (r *Rule) RowsOf(a *Alert, res *query.Result) *query.Result {
	key := a.told()
	over := key == r.beyond() // of values beyond the bound: nobody knows which
	out := &query.Result{Columns: res.Columns, Partial: res.Partial}
	for _, g := range r.deal(observation{result: &answer{Result: res}}) {
		if g.key != key && !over {
			continue
		}
		for _, i := range g.rows {
			out.Rows = append(out.Rows, res.Rows[i])
			if i < len(res.Seqs) {
				out.Seqs = append(out.Seqs, res.Seqs[i])
			}
		}
	}
	return out
}

func (r *Rule) perValues(row []any) []named {
	values := make([]named, len(r.per))
	for i, c := range r.per {
		values[i] = named{r.Columns[c].Name, row[c]}
	}
	return values
}

// labelsOf are the rule's labels and the alert_per values, as texts.
func (r *Rule) labelsOf(row []any) map[string]string {
	labels := make(map[string]string, len(r.Labels)+len(r.per))
	for k, v := range r.Labels {
		labels[k] = v
	}
	for _, c := range r.per {
		labels[r.Columns[c].Name] = cut(textOf(cell(row[c])), maxLabel, "…")
	}
	return labels
}

// severityOf is the first branch that holds for any of the rows, of all that the
// alert has; rows of an alert that fires for want of rows reach the last branch.
func (r *Rule) severityOf(rows [][]any, all int) Severity {
	for _, b := range r.Branches {
		if b.When == nil || slices.ContainsFunc(rows, func(row []any) bool { return b.When.Holds(row, all) }) {
			return b.Is
		}
	}
	return Medium
}

// rowsOf are the rows of a group as alerts hold them.
func (r *Rule) rowsOf(o observation, g *group) []Row {
	out := make([]Row, 0, len(g.rows))
	seen := map[string]int{}
	for _, i := range g.rows {
		row := Row{Since: o.at}
		if i < len(o.result.Seqs) {
			row.Seq = o.result.Seqs[i]
		}
		raw := o.result.Rows[i]
		row.Key = r.rowKey(raw, row.Seq)
		if seen[row.Key]++; seen[row.Key] > 1 {
			row.Key += "~" + itoa(seen[row.Key])
		}
		row.Cells = make([]any, len(raw))
		for c, v := range raw {
			row.Cells[c] = cell(v)
		}
		row.Severity = r.severityOf([][]any{raw}, g.all)
		if s, ok := o.standing[row.Seq]; ok && s.stale(o.at) {
			row.Standing = &s
		}
		out = append(out, row)
	}
	return out
}

// raw are the rows of a group as the result holds them.
func (o observation) raw(g *group) [][]any {
	rows := make([][]any, len(g.rows))
	for i, n := range g.rows {
		rows[i] = o.result.Rows[n]
	}
	return rows
}

// judge says whether a group is a hit. A partial result is only what more rows
// cannot undo; else it is no observation at all (D30). Nor is it one that nothing was
// found where records are missing, or that nothing is there to be found.
func (r *Rule) judge(o observation, g *group) (hit, known bool) {
	if isNoData(g.key) {
		return g.absent, true
	}
	if g.key == r.beyond() { // each of its keys hit
		return g.beyond > 0, g.beyond > 0 || o.result.Partial == "" && !o.unfed
	}
	hit = r.Trigger.Rows.Holds(len(g.rows))
	if o.result.Partial == "" {
		return hit, !o.unfed || hit != r.Trigger.Rows.Holds(0)
	}
	return hit, hit && r.Trigger.Rows.Grows() && (r.Trigger.When == nil || r.Trigger.When.grows)
}

// reason says in words why the trigger held or did not.
func (r *Rule) reason(o observation, groups []*group) string {
	hits, rows := 0, 0
	for _, g := range groups {
		rows += len(g.rows)
		if hit, known := r.judge(o, g); hit && known {
			hits++
		}
	}
	s := itoa(len(o.result.Rows)) + " rows"
	if len(o.result.Rows) == 1 {
		s = "1 row"
	}
	if o.result.Partial != "" || o.cut != "" {
		s = "≥ " + s
	}
	if r.Trigger.When != nil {
		s += ", " + itoa(rows) + " with " + r.Trigger.When.Text
	}
	if len(r.AlertPer) > 0 {
		s += "; " + itoa(hits) + " of " + itoa(len(groups)) + " values hit"
	} else if hits > 0 {
		s += ": " + r.Trigger.Text
	} else {
		s += ": not " + r.Trigger.Text
	}
	return s
}
