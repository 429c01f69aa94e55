package alertrules

import (
	"iter"
	"maps"
	"slices"
	"time"

	"tocsin/templates"
)

// How an evaluation changes the alerts of a rule: begin, go on, end, and the
// news of event mode.

// maxEnds bounds the ends that are remembered for "again".
const maxEnds = 10_000

// begin opens an episode.
func (r *run) begin(o observation, g *group, since time.Time) *Alert {
	a := &Alert{
		Rule: r.rule.ID, Key: g.key, Mode: r.rule.Mode, Labels: maps.Clone(g.labels), Staging: r.rule.Staging,
		Since: since, Began: o.at,
	}
	a.CaughtUp, a.Expired = r.down, r.rule.expired(r.state.Moment, o.at)
	if ended, ok := r.state.Ends[g.key]; ok {
		a.Again, a.PrevEnded = true, ended
	}
	r.live[g.key] = a
	r.fresh = append(r.fresh, a)
	if g.beyond > 0 {
		r.full(o.at, g)
	}
	r.goOn(a, o, g)
	return a
}

// goOn takes the rows of a hit into a firing alert. Rows that were there keep
// the moment since which they are; those after an edit are taken as known (D23).
func (r *run) goOn(a *Alert, o observation, g *group) {
	if isNoData(g.key) {
		r.silent(a, o, g)
		return
	}
	a.LastData = time.Time{}
	rows := r.rule.rowsOf(o, g)
	known := map[string]time.Time{}
	for _, row := range a.Rows {
		known[row.Key] = row.Since
	}
	for i := range rows {
		if since, ok := known[rows[i].Key]; ok {
			rows[i].Since = since
		} else if !o.edited.IsZero() && a.Began.Before(o.at) {
			rows[i].Since = a.Began
		}
	}
	a.goneRows(rows, o)
	r.place(a, o)
	a.LastHit, a.Beyond = o.at, g.beyond
	a.Columns, a.Rows, a.RowsAll, a.Partial = r.rule.Columns, rows, len(rows), o.result.Partial
	severity := r.rule.severityOf(o.raw(g), g.all)
	if a.Severity != 0 && a.Severity != severity {
		a.Edited = o.edited
	}
	a.Severity, a.MaxSeverity = severity, max(a.MaxSeverity, severity)
	a.Labels, a.Runbook, a.Beside = maps.Clone(g.labels), r.rule.Runbook, o.beside()
	r.rule.annotate(a, rows, o)
}

// place notes the evaluation that an alert shows.
func (r *run) place(a *Alert, o observation) {
	a.At, a.From, a.To, a.FromSeq, a.ToSeq = o.at, o.window.From, o.window.To, o.window.AfterSeq, o.window.UpToSeq
	r.touch(a)
}

// end closes an episode.
func (r *run) end(a *Alert, o observation, how EndHow) {
	if !o.edited.IsZero() && how != EndWithdrawn && how != EndForgotten {
		how = EndEdited
		if len(r.rule.Exceptions) > 0 && r.state.Rest == r.rule.rest {
			how = EndExcepted
		}
		a.Edited = o.edited
	}
	a.At, a.From, a.To, a.ToSeq = o.at, o.window.From, o.window.To, o.window.UpToSeq
	if !a.NoData {
		a.LastData = time.Time{}
	}
	r.close(a, o.at, how)
}

func (r *run) close(a *Alert, at time.Time, how EndHow) {
	a.Ended, a.How = latest(at, a.Began), how // the clock may have been put back
	if a.Beyond > 0 {
		r.roomy(at)
	}
	delete(r.live, a.Key)
	r.ended(a.Key, at)
	r.touch(a)
}

// ended remembers when the last episode of a key ended.
func (r *run) ended(key string, at time.Time) {
	if r.state.Ends == nil {
		r.state.Ends = map[string]time.Time{}
	}
	r.state.Ends[key] = at
	if len(r.state.Ends) <= maxEnds {
		return
	}
	keys := slices.SortedFunc(maps.Keys(r.state.Ends), func(a, b string) int { return r.state.Ends[a].Compare(r.state.Ends[b]) })
	for _, k := range keys[:len(keys)-maxEnds*9/10] {
		delete(r.state.Ends, k)
	}
}

// observeEvents turns rows that were not told yet into news. It reports whether
// there are any.
func (r *run) observeEvents(o observation, groups []*group) bool {
	told := map[string]bool{}
	for _, key := range slices.Concat(r.state.Seen, r.fills.rows()) {
		told[key] = true
	}
	before := len(r.news)
	var seen []string
	for _, g := range groups {
		hit, known := r.rule.judge(o, g)
		if len(g.rows) == 0 || !known || !hit {
			continue
		}
		rows := r.rule.rowsOf(o, g)
		if r.rule.Window.Kind != NewWindow {
			for _, row := range rows {
				seen = append(seen, seenKey(g, row))
			}
			rows = slices.DeleteFunc(rows, func(row Row) bool { return told[seenKey(g, row)] })
		}
		r.tell(o, g, rows)
	}
	if o.result.Partial != "" {
		seen = seenBefore(seen, r.state.Seen)
	}
	r.state.Seen = seen
	return len(r.news) > before
}

// seenKey is how Seen knows a row.
func seenKey(g *group, row Row) string { return g.key + "\x00" + row.Key }

// tell makes news of rows: one for each severity, or one for the whole answer
// of a query with an aggregate, which is listed with its range (D11).
func (r *run) tell(o observation, g *group, rows []Row) {
	if len(rows) == 0 {
		return
	}
	a := r.episode(o, g)
	whole := r.rule.Aggregates || !r.rule.Identity
	if whole {
		severity := r.rule.severityOf(o.raw(g), g.all)
		r.add(a, o, &News{Severity: severity, Rows: rows, Whole: true})
	} else {
		for s := Critical; s >= Report; s-- {
			part := slices.DeleteFunc(slices.Clone(rows), func(row Row) bool { return row.Severity != s })
			if len(part) > 0 {
				r.add(a, o, &News{Severity: s, Rows: part})
			}
		}
	}
	a.Beside = o.beside()
	r.rule.annotate(a, rows, o)
}

// episode is the open episode of a key, or a new one when the last is over (D06).
func (r *run) episode(o observation, g *group) *Alert {
	a := r.live[g.key]
	if a != nil && !a.ClosesAt.IsZero() && !o.at.Before(a.ClosesAt) {
		r.close(a, a.ClosesAt, EndQuiet)
		a = nil
	}
	if a == nil {
		a = &Alert{Rule: r.rule.ID, Key: g.key, Mode: Event, Labels: maps.Clone(g.labels), Since: o.at, Began: o.at, Staging: r.rule.Staging}
		if ended, ok := r.state.Ends[g.key]; ok {
			a.Again, a.PrevEnded = true, ended
		}
		r.live[g.key] = a
		r.fresh = append(r.fresh, a)
		if g.beyond > 0 {
			r.full(o.at, g)
		}
	}
	a.Beyond = g.beyond
	return a
}

func (r *run) add(a *Alert, o observation, n *News) {
	first := a.NewsN == 0 || !a.At.Equal(o.at)
	r.place(a, o)
	a.NewsN++
	a.LastHit, a.Columns, a.Runbook = o.at, r.rule.Columns, r.rule.Runbook
	a.RowsAll += len(n.Rows)
	a.Severity = n.Severity
	if !first {
		a.Severity = max(a.Severity, n.Severity)
	}
	a.MaxSeverity = max(a.MaxSeverity, n.Severity)
	n.N, n.At, n.FromSeq, n.ToSeq = a.NewsN, o.at, o.window.AfterSeq, o.window.UpToSeq
	n.Columns, n.Partial, n.History, n.Notify, n.CaughtUp = r.rule.Columns, o.result.Partial, o.history, o.notify, r.down
	r.news = append(r.news, pendingNews{n, a})
}

// living are the live alerts by their keys, in the order of these.
func (r *run) living() iter.Seq2[string, *Alert] {
	return func(yield func(string, *Alert) bool) {
		for _, key := range slices.Sorted(maps.Keys(r.live)) {
			if !yield(key, r.live[key]) {
				return
			}
		}
	}
}

// closeAll ends what goes on: event episodes that were over already at their time.
func (r *run) closeAll(at time.Time, how EndHow) {
	r.closeQuiet(at)
	for _, a := range r.living() {
		r.close(a, at, how)
	}
}

// closeQuiet ends event episodes in which nothing was told for repeat_interval.
func (r *run) closeQuiet(at time.Time) {
	for _, a := range r.living() {
		if a.Mode == Event && !a.ClosesAt.IsZero() && !at.Before(a.ClosesAt) {
			r.close(a, a.ClosesAt, EndQuiet)
		}
	}
}

// maxTemplateRows bounds the rows that an annotation sees, as in SLS.
const maxTemplateRows = 100

// annotate renders the annotations of a hit from data without secrets (G07).
// One that fails says so in its place; the alert goes out all the same (P23).
func (r *Rule) annotate(a *Alert, rows []Row, o observation) {
	a.Annotations, a.Authored = nil, nil
	if len(r.Annotations) == 0 {
		return
	}
	a.Annotations = make(map[string]string, len(r.Annotations))
	data := r.templateData(a, rows, o)
	for _, n := range r.Annotations {
		text, err := n.render(data, r.Zone, o.at)
		switch {
		case err != nil:
			text = "(" + n.Name + " could not be rendered: " + err.Error() + ")"
		case n.text.Constant():
			a.Authored = append(a.Authored, n.Name)
		}
		a.Annotations[n.Name] = text
	}
}

func (n Annotation) render(data templates.Data, zone *time.Location, now time.Time) (string, error) {
	return n.text.Render(data, templates.Options{Zone: zone, Now: now})
}

// templateData is what an annotation sees: the variables of SLS, without the
// values of secret fields.
func (r *Rule) templateData(a *Alert, rows []Row, o observation) templates.Data {
	shown := namedRows(r.Columns, rows)
	main := templates.Result{Store: r.Logstore, Query: r.Query, From: o.window.From, To: o.window.To, Rows: shown, Count: len(rows), Truncated: o.result.Partial != "" || len(rows) > maxTemplateRows}
	return templates.Data{"alert": templates.SLS{
		AlertID: r.ID, AlertName: r.Name, InstanceID: a.ID, Every: r.Schedule.Every, At: o.at, Fired: a.Began,
		Status: "firing", Severity: a.Severity.String(), Labels: a.Labels, Condition: r.Trigger.Text,
		Results:  a.Results(main, namedRows),
		FireRows: shown, FireCount: len(rows),
	}.Value()}.Mask()
}

// namedRows are the first rows as a template sees them: values by the names of
// the columns.
func namedRows(columns []Column, rows []Row) []map[string]any {
	shown := make([]map[string]any, 0, min(len(rows), maxTemplateRows))
	for _, row := range rows[:min(len(rows), maxTemplateRows)] {
		m := make(map[string]any, len(row.Cells))
		for i, v := range row.Cells {
			m[columns[i].Name] = v
		}
		shown = append(shown, m)
	}
	return shown
}
