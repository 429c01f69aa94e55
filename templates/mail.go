// What a template sees, continued: the message, its alerts and their rows.

package templates

import "time"

// Mail fills the root names "mail", "alerts" and "counts" of the built-in
// templates; the notifier makes one for each message. All text may be hostile:
// it is cleaned where it is printed. Field names in templates are these names
// in snake case (mail.rule_name); schema.go lists them with their types.
type Mail struct {
	Kind       string // first, news, repeat, resolved, recap, delayed, digest, operator, preview
	ID         string // our id, A-7F3K: of the alert, or of the first one where there are several
	State      string // firing, resolved
	Severity   string // the worst of what is told
	RuleID     string
	RuleName   string
	Owner      string
	Title      string   // annotations.title rendered, or "": the built-in mail writes one from the rule's name
	Desc       any      // annotations.desc rendered, string or Authored; nil is none
	Runbook    string   // as the rule's author wrote it
	Others     []string // who else got it
	Reason     string   // why this message comes now, one sentence: "new", "again, 1 h 30 min after it ended", "repeated every 4h"
	Period     string   // recap: the calendar and its period, "nights, 22:00 to 07:00 CET"
	Notes      []string // further lines of ours: partial result, edited rule, template that failed
	NewCount   int      // rows told for the first time in this message
	RowCount   int      // all rows, also those beyond the table
	Partial    string   // which bound cut the rows of an alert, or ""
	Attachment string   // file name of the CSV, "" without one
	Alerts     []MailAlert
	Counts     []Count // alerts by severity, worst first; storm form and digest
	Storm      bool    // over 50 alerts (D28)
	Now        time.Time
	Controls   []string // CIS-AWS-4.0:4.10 …
	Items      []Item   // kind operator: what is wrong, and what to do
}

// A MailAlert is one alert that a message tells of.
type MailAlert struct {
	ID, RuleID, RuleName string
	State, Severity      string // firing or resolved; critical …
	Labels               map[string]string
	Title, Runbook       string
	Desc                 any       // string or Authored; nil is none
	Actor                string    // who (@actor), when the rows tell it
	Where                string    // account, region and resource, when the rows tell them
	Since                time.Time // when it began
	Ended                time.Time // zero while it fires
	How                  string    // how it ended, in words: "rows pass now" (D10)
	Again                string    // "again, 1 h 30 min after it ended", or ""
	Partial              string    // which bound cut the rows, or ""
	Columns              []string  // of Rows
	Rows                 []MailRow // at most 20 are shown
	RowCount             int       // all rows, also those beyond Rows
	NewCount             int
	Still                bool // goes on and has nothing new: one line, no table
	CameAndWent          bool // began and ended untold
	NoData               bool // it tells that data are missing; it has no rows
}

// A MailRow is one row of an alert.
type MailRow struct {
	Cells []any  // in the order of the columns
	New   bool   // not told to this recipient before
	Was   string // our remark: what changed since the last message ("was 2"), that a finding is not fresh
}

// A Count is how many alerts a severity, or a rule, has.
type Count struct {
	Name string
	N    int
}

// An Item is one thing that a message about the agent itself tells.
type Item struct {
	Title, Detail, Action string // what, the cleaned cause, what to do
	Since                 time.Time
	Over                  bool // it works again
}

// NewData puts both halves together: what SLS templates know, and ours. Values of
// fields with secret names are hidden (Data.Mask).
func NewData(s SLS, m Mail) Data {
	alerts := make([]any, len(m.Alerts))
	for i, a := range m.Alerts {
		alerts[i] = a.value()
	}
	return Data{"alert": s.Value(), "mail": m.value(), "alerts": alerts, "counts": countList(m.Counts)}.Mask()
}

func (m Mail) value() map[string]any {
	items := make([]any, len(m.Items))
	for i, it := range m.Items {
		items[i] = map[string]any{"title": it.Title, "detail": it.Detail, "action": it.Action, "since": moment(it.Since), "over": it.Over}
	}
	return map[string]any{
		"kind": m.Kind, "id": m.ID, "state": m.State, "severity": m.Severity, "rule_id": m.RuleID, "rule_name": m.RuleName,
		"owner": m.Owner, "title": m.Title, "desc": orEmpty(m.Desc), "runbook": Authored(m.Runbook), "others": textList(m.Others),
		"reason": m.Reason, "period": m.Period, "notes": textList(m.Notes), "new_count": int64(m.NewCount), "row_count": int64(m.RowCount), "partial": m.Partial,
		"attachment": m.Attachment, "storm": m.Storm, "now": moment(m.Now), "controls": textList(m.Controls), "items": items,
	}
}

func (a MailAlert) value() map[string]any {
	columns := textList(a.Columns)
	rows := make([]any, len(a.Rows))
	for i, r := range a.Rows {
		cells := r.Cells
		if cells == nil {
			cells = []any{}
		}
		rows[i] = map[string]any{"cells": cells, "is_new": r.New, "was": r.Was}
	}
	return map[string]any{
		"id": a.ID, "rule_id": a.RuleID, "rule_name": a.RuleName, "state": a.State, "severity": a.Severity, "labels": stringMap(a.Labels),
		"title": a.Title, "desc": orEmpty(a.Desc), "runbook": Authored(a.Runbook), "actor": a.Actor, "where": a.Where, "since": moment(a.Since), "ended": moment(a.Ended),
		"how": a.How, "again": a.Again, "partial": a.Partial, "columns": columns, "rows": rows, "row_count": int64(a.RowCount),
		"new_count": int64(a.NewCount), "still": a.Still, "came_and_went": a.CameAndWent, "no_data": a.NoData,
	}
}

func orEmpty(v any) any {
	if v == nil {
		return ""
	}
	return v
}

func textList(l []string) []any {
	out := make([]any, len(l))
	for i, s := range l {
		out[i] = s
	}
	return out
}

func countList(l []Count) []any {
	out := make([]any, len(l))
	for i, c := range l {
		out[i] = map[string]any{"name": c.Name, "n": int64(c.N)}
	}
	return out
}

// Sample returns data as a first mail of a rule has them, for checking and
// previewing templates: row is one row of the rule's result, with its columns.
func Sample(row map[string]any, now time.Time) Data {
	if row == nil {
		row = map[string]any{}
	}
	rows := []map[string]any{row, row}
	labels := map[string]string{}
	s := SLS{
		AlertID: "sample-rule", AlertName: "Sample rule", InstanceID: "A-7F3K", Every: 5 * time.Minute, At: now, Fired: now, Status: "firing", Severity: "high",
		Labels: labels, Annotations: map[string]any{"title": "Sample title", "desc": "Sample description"}, Results: []Result{{Store: "cloudtrail", From: now.Add(-time.Hour), To: now, Rows: rows, Count: 2}},
		FireRows: rows, FireCount: 2, Condition: "Count:[2] > 0", Repeat: 4 * time.Hour,
	}
	a := MailAlert{ID: "A-7F3K", RuleID: s.AlertID, RuleName: s.AlertName, State: "firing", Severity: "high", Labels: labels, Title: "Sample title", Since: now, RowCount: 2, NewCount: 2, Columns: sortedKeys(row)}
	for range rows {
		r := MailRow{New: true}
		for _, k := range a.Columns {
			r.Cells = append(r.Cells, row[k])
		}
		a.Rows = append(a.Rows, r)
	}
	return NewData(s, Mail{
		Kind: "first", ID: a.ID, State: "firing", Severity: "high", RuleID: a.RuleID, RuleName: a.RuleName, Title: a.Title,
		Desc: "Sample description", Runbook: "What to do.", Reason: "new", NewCount: 2, RowCount: 2, Alerts: []MailAlert{a}, Now: now,
	})
}
