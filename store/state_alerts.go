// Which alerts there are: lists of them, without their rows.

package store

import (
	"context"
	"slices"
	"strings"
	"time"

	"tocsin/alertrules"
)

// An AlertFilter says which alerts are wanted. The zero value wants all.
type AlertFilter struct {
	Rule     string
	Severity alertrules.Severity // those that reached it, or worse
	Firing   bool                // those that go on
	From, To time.Time           // those that went on at some time in [From, To); zero: that side is open
	Limit    int                 // 0: no bound
}

// alertHead is the document of an alert without its rows, which may be many.
const alertHead = "coalesce(a.head, a.doc)"

// head is what alertHead is stored as.
func (t *tx) head(a *alertrules.Alert) string {
	c := *a
	c.Rows, c.Gone = nil, nil
	return t.doc(&c)
}

// Episodes implements alertrules.States; the rows of the alerts are left out.
func (s *State) Episodes(ctx context.Context, rule string, in alertrules.TimeRange) ([]*alertrules.Alert, error) {
	list, err := s.FindAlerts(ctx, AlertFilter{Rule: rule, From: in.From, To: in.To})
	list = slices.DeleteFunc(list, func(a *alertrules.Alert) bool { return a.Mode != alertrules.State })
	slices.SortStableFunc(list, func(a, b *alertrules.Alert) int { return a.Began.Compare(b.Began) })
	return list, err
}

// FindAlerts returns the alerts that a filter wants, without their rows: those
// that go on first, then by their begin, newest first.
func (s *State) FindAlerts(ctx context.Context, f AlertFilter) ([]*alertrules.Alert, error) {
	where, args := []string{"true"}, []any{}
	and := func(condition string, arg ...any) { where, args = append(where, condition), append(args, arg...) }
	if f.Rule != "" {
		and("a.rule = ?", f.Rule)
	}
	if f.Severity > 0 {
		and("json_extract("+alertHead+", '$.MaxSeverity')::INTEGER >= ?", int(f.Severity))
	}
	if f.Firing {
		and("a.firing")
	}
	if !f.From.IsZero() {
		and("(a.firing OR json_extract_string("+alertHead+", '$.Ended')::TIMESTAMP >= ?)", f.From.UTC())
	}
	if !f.To.IsZero() {
		and("a.began < ?", f.To.UTC())
	}
	tail := " ORDER BY a.firing DESC, a.began DESC, a.id"
	if f.Limit > 0 {
		tail += " LIMIT ?"
		args = append(args, f.Limit)
	}
	list, err := s.alertDocs(ctx, alertHead, strings.Join(where, " AND ")+tail, args...)
	for _, a := range list { // of alerts that an older program stored
		a.Rows, a.Gone = nil, nil
	}
	return list, err
}
