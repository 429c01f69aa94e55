package notifier

// This file chooses the columns of a mail's table when the rows are whole
// records: dozens of fields, most of them empty, tell nobody anything.

import (
	"slices"
	"strings"
)

// A table with more columns than wideTable is of whole records: it shows at most
// tableColumns of them.
const (
	wideTable    = 20
	tableColumns = 10
)

// telling are the fields that say what happened, in the order in which they are
// shown: those that every logstore has, then those that explain a call or a
// finding.
func telling() []string {
	return []string{
		"time", "severity", "title", "check", "check_item", "actor", "action", "resource", "account", "region", "source_ip", "success", "status",
		"errorCode", "errorMessage", "requestParameters", "responseElements", "change", "first_seen", "last_seen", "userAgent",
	}
}

// shown returns the indexes of the columns that the table shows. Columns that
// an author chose are all shown; of whole records those that tell something and
// are not empty, else the first that are not empty.
func (t table) shown() []int {
	all := make([]int, len(t.columns))
	for i := range all {
		all[i] = i
	}
	if len(all) <= wideTable {
		return all
	}
	filled := slices.DeleteFunc(all, func(i int) bool { return t.empty(i) })
	var out []int
	for _, name := range telling() {
		i := slices.IndexFunc(filled, func(i int) bool { return strings.TrimPrefix(t.columns[i].Name, "@") == name })
		if i >= 0 && len(out) < tableColumns {
			out = append(out, filled[i])
		}
	}
	if len(out) < 3 {
		out = filled[:min(tableColumns, len(filled))]
	}
	return out
}

// empty reports whether a column has no value in any of the first rows.
func (t table) empty(i int) bool {
	for _, r := range t.rows[:min(alertRows, len(t.rows))] {
		if v := cell(r, i); v != nil && v != "" && v != "{}" && v != "[]" {
			return false
		}
	}
	return true
}
