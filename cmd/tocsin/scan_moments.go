package main

import (
	"context"
	"fmt"
	"time"

	"tocsin/alertrules"
	"tocsin/query"
)

// When scan evaluates a rule over a time window: the logs may be of any age and
// have long holes, and every record has to lie in a window that is looked at.

// scanEvaluations bounds the evaluations of one rule; the newest are kept.
const scanEvaluations = 3000

// scanMoments returns the moments at which a rule over a time window is
// evaluated, and says on standard error when they do not cover all records.
func (p *project) scanMoments(ctx context.Context, rule *alertrules.Rule) ([]time.Time, error) {
	unit, size := "hour", time.Hour
	if rule.Window.Months == 0 && rule.Window.Length < 2*time.Hour {
		unit, size = "minute", time.Minute
	}
	filled, cut, err := p.filled(ctx, rule.Logstore, unit)
	if err != nil {
		return nil, err
	}
	if cut != "" {
		fmt.Fprintf(p.env.stderr, "tocsin: rule %s: not everything was looked at: %s\n", rule.ID, cut)
	}
	ends := windowEnds(filled, size, rule.Window)
	if n := len(ends); n > scanEvaluations {
		ends = ends[n-scanEvaluations:]
		fmt.Fprintf(p.env.stderr, "tocsin: rule %s: only the newest %d of %d windows were looked at; records before %s were not\n",
			rule.ID, scanEvaluations, n, ends[0].Add(-windowLength(rule.Window)).UTC().Format(time.RFC3339))
	}
	for i := range ends {
		ends[i] = ends[i].Add(rule.Delay)
	}
	return ends, nil
}

// filled returns the beginnings of the hours or minutes in which a logstore has
// records, ascending, and which bound cut them.
func (p *project) filled(ctx context.Context, logstore, unit string) (starts []time.Time, cut string, err error) {
	plan, err := p.plan("* | SELECT date_trunc('"+unit+"', @time) AS start GROUP BY start ORDER BY start", logstore, 0)
	if err != nil {
		return nil, "", err
	}
	r, err := p.store.Logs.Query(ctx, plan, query.Window{Now: p.now})
	if err != nil {
		return nil, "", err
	}
	for _, row := range r.Rows {
		if t, ok := row[0].(time.Time); ok {
			starts = append(starts, t)
		}
	}
	return starts, r.Partial, nil
}

// windowLength is the length of a window; of calendar months the longest.
func windowLength(w alertrules.Window) time.Duration {
	if w.Months > 0 {
		return time.Duration(w.Months) * 31 * 24 * time.Hour
	}
	return w.Length
}

// windowEnds returns the moments, half a window apart, whose windows meet one of
// the stretches of the given size. So each record lies in two of the windows,
// and records that lie half a window apart in one of them together. filled is
// ascending.
func windowEnds(filled []time.Time, size time.Duration, w alertrules.Window) []time.Time {
	length := windowLength(w)
	step := max(length/2, time.Second)
	reach := length + size
	if w.Kind == alertrules.WholeWindow {
		reach += length // a whole window is looked at after its end
	}
	var ends []time.Time
	for _, from := range filled {
		end := from.Truncate(step).Add(step)
		if n := len(ends); n > 0 && !end.After(ends[n-1]) {
			end = ends[n-1].Add(step)
		}
		for ; end.Before(from.Add(reach)); end = end.Add(step) {
			ends = append(ends, end)
		}
	}
	return ends
}
