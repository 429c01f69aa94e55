package notifier

// This file fills the tables of a mail, what an SLS template sees of them, and
// the attachment.

import (
	"cmp"
	"slices"
	"time"

	"tocsin/alertrules"
	"tocsin/templates"
)

// table is rows of one alert in the form that a mail shows.
type table struct {
	entry
	title   string
	columns []alertrules.Column
	rows    []alertrules.Row
	all     int // also those that were not kept
	partial string
}

// tables returns the rows of an entry: those of a state alert, the news of an
// event alert in one table, or one for each answer of an aggregate (D11).
func (e entry) tables(zone *time.Location) []table {
	if e.What == Still {
		return []table{{entry: e}}
	}
	if e.Alert.Mode == alertrules.State {
		return []table{{entry: e, columns: e.Alert.Columns, rows: e.Alert.Rows, all: max(e.Alert.RowsAll, len(e.Alert.Rows)), partial: e.Alert.Partial}}
	}
	var out []table
	for _, n := range e.News {
		last := len(out) - 1
		if last < 0 || n.Whole || !slices.Equal(out[last].columns, n.Columns) {
			out = append(out, table{entry: e, columns: n.Columns})
			last++
			if n.Whole {
				out[last].title = pieceTitle(n, zone)
			}
		}
		t := &out[last]
		t.rows = append(t.rows, n.Rows...)
		t.all += len(n.Rows)
		if n.Partial != "" {
			t.partial = n.Partial
		}
	}
	if len(out) == 0 {
		out = []table{{entry: e}}
	}
	return out
}

// pieceTitle names one answer by its time and its range.
func pieceTitle(n *alertrules.News, zone *time.Location) string {
	return moment(n.At, n.At, zone) + ", records " + cellText(n.FromSeq+1) + " to " + cellText(n.ToSeq)
}

// count adds the rows of a table to those of the mail.
func (c *composition) count(t table) {
	c.mail.RowCount += t.all
	c.mail.Partial = cmp.Or(c.mail.Partial, t.partial)
}

// alerts fills the alerts with their tables. A storm shows the worst of them
// with their first rows.
func (c *composition) alerts() {
	left, shown, still := mailRows, 0, 0
	for _, e := range c.items {
		if e.What == Still {
			if still++; still > stillAlerts || c.mail.Storm {
				continue
			}
		}
		if c.mail.Storm && shown >= stormRows {
			for _, t := range e.tables(c.d.to.Zone) {
				c.count(t)
			}
			continue
		}
		for _, t := range e.tables(c.d.to.Zone) {
			a := c.mailAlert(t)
			limit := min(alertRows, left)
			if c.mail.Storm {
				limit = min(limit, 1)
			}
			if c.d.to.Content != "rows" {
				limit = 0
			}
			rows := c.mailRows(t)
			a.RowCount, a.NewCount = t.all, countNew(rows)
			a.Rows = topRows(rows, limit)
			left -= len(a.Rows)
			c.count(t)
			c.mail.NewCount += a.NewCount
			c.mail.Alerts = append(c.mail.Alerts, a)
		}
		shown++
	}
	if still > stillAlerts || c.mail.Storm && still > 0 {
		c.mail.Notes = append(c.mail.Notes, "still firing: "+plural(still, "alert")+" in all")
	}
}

// mailAlert fills everything but the rows.
func (c *composition) mailAlert(t table) templates.MailAlert {
	a := t.Alert
	m := templates.MailAlert{
		ID: a.ID, RuleID: t.rule.ID, RuleName: ruleName(t.rule), State: "resolved", Severity: t.severity().String(), Labels: cutAll(c.mask.stringMap(a.Labels), labelChars),
		Title: c.title(a), Desc: c.desc(a), Runbook: a.Runbook, NoData: a.NoData, Since: a.Since, Again: againText(a),
		Partial: t.partial, Still: t.What == Still, CameAndWent: t.What == CameAndWent, Actor: c.mask.distinct(t, "actor"),
		Where: c.mask.where(t),
	}
	if m.Since.IsZero() {
		m.Since = a.Began
	}
	if first, _ := recordTimes(t.columns, t.rows); a.Mode == alertrules.Event && !first.IsZero() {
		m.Since = first
	}
	if t.title != "" {
		m.Title = t.title
	}
	if firingItem(t.Item) {
		m.State = "firing"
	} else {
		m.Ended, m.How = a.Ended, howText(a, c.d.to.Zone)
	}
	for _, i := range t.shown() {
		m.Columns = append(m.Columns, t.columns[i].Heading())
	}
	return m
}

// mailRows marks what is new and what changed.
func (c *composition) mailRows(t table) []templates.MailRow {
	fresh, shown := newRows(t.Item), t.shown()
	if len(shown) < len(t.columns) {
		note := "a table shows " + cellText(len(shown)) + " of " + cellText(len(t.columns)) + " fields; the command below shows all"
		if !slices.Contains(c.mail.Notes, note) {
			c.mail.Notes = append(c.mail.Notes, note)
		}
	}
	out := make([]templates.MailRow, 0, len(t.rows))
	for _, r := range t.rows {
		m := templates.MailRow{Cells: make([]any, len(shown)), New: fresh[rowID(r.Key)]}
		for j, i := range shown {
			m.Cells[j] = c.mask.value(t.columns[i].Name, cell(r, i))
		}
		if t.Alert.Mode == alertrules.State && t.Alert.Firing() {
			m.Was = c.mask.was(t.columns, was(t.Item, r))
		}
		if t.Alert.Firing() {
			m.Was = joined(m.Was, c.remark(t, r))
		}
		out = append(out, m)
	}
	return out
}

func countNew(rows []templates.MailRow) int {
	n := 0
	for _, r := range rows {
		if r.New {
			n++
		}
	}
	return n
}

// topRows returns at most n rows; where there are more, new ones first.
func topRows(rows []templates.MailRow, n int) []templates.MailRow {
	if len(rows) <= n {
		return rows
	}
	sorted := slices.Clone(rows)
	slices.SortStableFunc(sorted, func(a, b templates.MailRow) int {
		switch {
		case a.New == b.New:
			return 0
		case a.New:
			return -1
		}
		return 1
	})
	return sorted[:max(n, 0)]
}

// legacy fills what a template of SLS sees: the rows of all alerts of the first
// one's rule, so that a loop over raw_results hides none of them.
func (c *composition) legacy() {
	lead := c.lead()
	a := lead.Alert
	result := templates.Result{Store: lead.rule.Logstore, Query: lead.rule.Query, From: a.From, To: a.To}
	for _, e := range c.items {
		if e.What == Still || e.rule.ID != lead.rule.ID {
			continue
		}
		for _, t := range e.tables(c.d.to.Zone) {
			result.Count += t.all
			result.Truncated = result.Truncated || t.partial != ""
			if c.d.to.Content == "rows" {
				result.Rows = append(result.Rows, c.slsRows(t, slsRows-len(result.Rows))...)
			}
		}
	}
	result.Truncated = result.Truncated || result.Count > len(result.Rows)
	annotations := map[string]any{}
	for k := range a.Annotations {
		annotations[k] = c.annotation(a, k)
	}
	c.sls = templates.SLS{
		AlertID: lead.rule.ID, AlertName: ruleName(lead.rule), InstanceID: a.ID, Every: lead.rule.Every, At: a.At, Fired: a.Began, Resolved: a.Ended,
		Status: c.mail.State, Severity: c.mail.Severity, Labels: c.mask.stringMap(a.Labels), Annotations: annotations,
		Results: a.Results(result, c.besideRows), FireRows: result.Rows, FireCount: result.Count, Condition: lead.rule.Condition,
		Repeat: lead.Settings.Repeat, Fingerprint: rowID(a.Key),
	}
}

// title is the annotation of that name; of missing data, what is missing.
func (c *composition) title(a *alertrules.Alert) string {
	if a.NoData {
		return noDataTitle(a, c.s.now, c.d.to.Zone)
	}
	return cut(c.mask.text(a.Annotations["title"]), titleChars)
}

// desc is the annotation of that name; of missing data, what that means.
func (c *composition) desc(a *alertrules.Alert) any {
	if a.NoData && !a.Firing() {
		return nil
	}
	if a.NoData {
		return noDataText(a, c.s.now, c.d.to.Zone)
	}
	return c.annotation(a, "desc")
}

// annotation returns an annotation as a template sees it, "" when there is none:
// what its author wrote without a value of a record keeps its addresses.
func (c *composition) annotation(a *alertrules.Alert, name string) any {
	text := a.Annotations[name]
	if slices.Contains(a.Authored, name) {
		return templates.Authored(text)
	}
	return c.mask.value(name, cut(text, descChars))
}

// besideRows are rows of a query that the rule did not decide by.
func (c *composition) besideRows(columns []alertrules.Column, rows []alertrules.Row) []map[string]any {
	if c.d.to.Content != "rows" {
		return nil
	}
	return c.slsRows(table{columns: columns, rows: rows}, slsRows)
}

func (c *composition) slsRows(t table, n int) []map[string]any {
	var out []map[string]any
	for _, r := range t.rows[:min(max(n, 0), len(t.rows))] {
		row := make(map[string]any, len(t.columns))
		for i, col := range t.columns {
			row[col.Name] = c.mask.value(col.Name, cell(r, i))
		}
		out = append(out, row)
	}
	return out
}

// csvCellRunes is what a spreadsheet holds in a cell, a little less.
const csvCellRunes = 32_000

// attachmentName is the name of the CSV.
const attachmentName = "rows.csv"

// attach adds all rows as a CSV when the tables do not show all, or when the
// recipient wants them so.
func (c *composition) attach() {
	shown := 0
	for _, a := range c.mail.Alerts {
		shown += len(a.Rows)
	}
	var tables []table
	rows := 0
	for _, e := range c.items {
		if e.What == Still {
			continue
		}
		for _, t := range e.tables(c.d.to.Zone) {
			rows += len(t.rows)
			tables = append(tables, t)
		}
	}
	if c.d.to.Content == "summary" || rows == 0 || c.d.to.Content == "rows" && rows <= shown {
		return
	}
	heading, lines := c.csvRows(tables)
	limit := csvBytes
	if c.mail.Storm {
		limit = stormBytes
	}
	data := CSV(heading, lines)
	for len(data) > limit && len(lines) > 0 {
		lines = lines[:len(lines)*limit/(len(data)+limit/8)]
		data = CSV(heading, lines)
	}
	if len(lines) < rows {
		c.mail.Notes = append(c.mail.Notes, "the attachment holds the first "+plural(len(lines), "row")+" of "+cellText(rows))
	}
	c.mail.Attachment = attachmentName
	c.attachments = []Attachment{{Name: attachmentName, Type: "text/csv; charset=utf-8", Data: data}}
}

// csvRows puts all tables under one heading; where there are several alerts, the
// alert stands in front.
func (c *composition) csvRows(tables []table) (heading []string, lines [][]string) {
	several := slices.ContainsFunc(tables, func(t table) bool { return t.Alert.ID != tables[0].Alert.ID })
	if several {
		heading = []string{"alert", "rule", "state", "severity"}
	}
	at := map[string]int{}
	for _, t := range tables {
		for _, col := range t.columns {
			if _, ok := at[col.Name]; !ok {
				at[col.Name] = len(heading)
				heading = append(heading, col.Name)
			}
		}
	}
	for _, t := range tables {
		state := "resolved"
		if firingItem(t.Item) {
			state = "firing"
		}
		for _, r := range t.rows {
			line := make([]string, len(heading))
			if several {
				copy(line, []string{t.Alert.ID, ruleName(t.rule), state, t.severity().String()})
			}
			for i, col := range t.columns {
				line[at[col.Name]] = cut(cellText(c.mask.value(col.Name, cell(r, i))), csvCellRunes)
			}
			lines = append(lines, line)
		}
	}
	return heading, lines
}
