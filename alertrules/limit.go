package alertrules

import (
	"context"
	"errors"
	"time"

	"tocsin/query"
)

// A LimitError is in the error of a query whose time was over (QueryFunc).
type LimitError struct{ Limit time.Duration }

// Error says so.
func (e *LimitError) Error() string { return "it took longer than " + FormatDuration(e.Limit) }

// Unwrap has it be the end of a context, whose words it stands for.
func (e *LimitError) Unwrap() error { return context.DeadlineExceeded }

// timeOver says that the time of a query was over, and it ended; else it is "".
func timeOver(err error) string {
	var limit *LimitError
	if errors.Is(err, ErrRanAway) || !errors.As(err, &limit) {
		return ""
	}
	return limit.Error()
}

// cutShort is what is known of a window when the time of its query was over: no row,
// which is no miss (D30). Tried again, it would hold up the moments after it.
func (r *run) cutShort(at time.Time, w query.Window, bound string) observation {
	return observation{at: at, window: w, result: &answer{Result: &query.Result{Columns: r.rule.Plan(at).Columns(), Partial: bound}}}
}
