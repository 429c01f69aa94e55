package notifier

// This file reads from the rows of an alert what a mail says above them: who,
// where, since when.

import (
	"slices"
	"strings"
	"time"

	"tocsin/alertrules"
	"tocsin/diag"
)

// column returns the index of a normalised field among the columns of rows, as
// it is written or as it is named in a result; -1 when it is not there.
func column(columns []alertrules.Column, name string) int {
	return slices.IndexFunc(columns, func(c alertrules.Column) bool { return c.Name == "@"+name || c.Name == name })
}

// distinct returns the values of a normalised field, at most three.
func (m mask) distinct(t table, name string) string {
	i := column(t.columns, name)
	if i < 0 || m.hides(t.columns[i].Name) {
		return ""
	}
	var values []string
	for _, r := range t.rows {
		v := cut(diag.Line(cellText(cell(r, i))), 200)
		if v == "" || slices.Contains(values, v) {
			continue
		}
		if len(values) == 3 {
			return strings.Join(values, ", ") + " and more"
		}
		values = append(values, v)
	}
	return strings.Join(values, ", ")
}

// where names account, region and resource.
func (m mask) where(t table) string {
	var parts []string
	for _, name := range []string{"account", "region", "resource"} {
		if v := m.distinct(t, name); v != "" {
			parts = append(parts, v)
		}
	}
	return strings.Join(parts, " / ")
}

// recordTimes are the times of the oldest and of the newest record among rows;
// zero when they do not tell it.
func recordTimes(columns []alertrules.Column, rows []alertrules.Row) (oldest, newest time.Time) {
	i := column(columns, "time")
	if i < 0 {
		return oldest, newest
	}
	for _, r := range rows {
		text, ok := cell(r, i).(string)
		if !ok {
			continue
		}
		at, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			continue
		}
		oldest = soonest(oldest, at)
		if at.After(newest) {
			newest = at
		}
	}
	return oldest, newest
}
