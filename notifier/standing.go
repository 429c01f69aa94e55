package notifier

// This file says of findings how they stand: since when one that is gone
// passes, when one that stands was last seen, when one failed before (D10, D12).

import (
	"fmt"
	"slices"
	"time"

	"tocsin/alertrules"
)

// goneHow says how the finding of a row that is gone stands now, or nothing.
func goneHow(a *alertrules.Alert, id string, now time.Time, zone *time.Location) string {
	i := slices.IndexFunc(a.Gone, func(g alertrules.GoneRow) bool { return rowID(g.Key) == id })
	if i < 0 || a.Gone[i].Standing == nil {
		return ""
	}
	switch s := a.Gone[i].Standing; {
	case s.Status == "PASS" && s.ChangedAt.IsZero():
		return ": passes now"
	case s.Status == "PASS":
		return ": passes since " + moment(s.ChangedAt, now, zone)
	case s.Muted:
		return ": muted, not resolved"
	}
	return ": no longer matches, not resolved"
}

// remark is what is to be said of a row beside its values.
func (c *composition) remark(t table, r alertrules.Row) string {
	now, zone := c.s.now, c.d.to.Zone
	if r.Standing != nil && !c.mask.hides("last_seen") {
		return staleText(r.Standing, now, zone)
	}
	i, change := column(t.columns, "failed_before"), column(t.columns, "change")
	if i < 0 || change < 0 || cell(r, change) != "opened" || c.mask.hides("failed_before") {
		return ""
	}
	text, _ := cell(r, i).(string)
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil { // not opened again, but for the first time
		return ""
	}
	return "failed before, " + moment(at, now, zone)
}

// staleText says when a finding was last seen, and which scans do not mention it.
func staleText(s *alertrules.Standing, now time.Time, zone *time.Location) string {
	seen := "last seen " + moment(s.LastSeen, now, zone)
	switch {
	case s.Missed == 1:
		return seen + ", not in the scan of " + moment(s.LastScan, now, zone)
	case s.Missed > 1:
		return fmt.Sprintf("%s, not in the %d scans since, the last of %s", seen, s.Missed, moment(s.LastScan, now, zone))
	}
	return "last seen " + plural(int(now.Sub(s.LastSeen)/(24*time.Hour)), "day") + " ago"
}

// joined puts two remarks into one.
func joined(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "; " + b
}
