package agent

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"tocsin/alertrules"
)

// This file says which sources have been failing for long: a pure decision, and the
// look around that feeds it.

// failingLong is how long a source fails before the operator is told: what is over by
// itself is no news.
const failingLong = 30 * time.Minute

// failingPrefix begins the keys of the causes that failing sources are.
const failingPrefix = "source/failing/"

// A failure is since when, and why, a source cannot be asked.
type failure struct {
	source string
	since  time.Time // zero: it does not fail
	why    string
}

// failing returns the causes that begin and those that are over at now; open are
// those that are known. A source that is not there any more does not fail.
func failing(sources []failure, open []alertrules.Notice, now time.Time) []alertrules.Notice {
	var notices []alertrules.Notice
	for _, f := range sources {
		key := failingPrefix + f.source
		if !f.since.IsZero() && now.Sub(f.since) >= failingLong && !knows(open, key) {
			text := fmt.Sprintf("nothing can be taken in from source %s since %s: %s", f.source, f.since.UTC().Format(minute), f.why)
			notices = append(notices, alertrules.Notice{Key: key, Since: f.since, Text: text})
		}
	}
	for _, c := range open {
		name, ours := strings.CutPrefix(c.Key, failingPrefix)
		i := slices.IndexFunc(sources, func(f failure) bool { return f.source == name })
		over := alertrules.Notice{Key: c.Key, Since: now, Over: true, Text: "source " + name + " works again"}
		switch {
		case !ours || i >= 0 && !sources[i].since.IsZero():
			continue
		case i < 0:
			over.Text = "source " + name + ", which could not be asked, is not configured any more"
		}
		notices = append(notices, over)
	}
	return notices
}

// failures looks which sources have been failing for long, and tells the operator.
func (a *Agent) failures(ctx context.Context, now time.Time) (told bool, err error) {
	var list []failure
	for _, f := range a.feeds {
		value, err := a.o.Marks.Mark(ctx, FailingMark(f.source.Name))
		if err != nil {
			return false, err
		}
		one := failure{source: f.source.Name}
		if since, why, ok := strings.Cut(value, " "); ok {
			if one.since, err = time.Parse(time.RFC3339, since); err != nil {
				return false, fmt.Errorf("source %s: since when it fails: %w", one.source, err)
			}
			one.why = strings.TrimPrefix(why, "source "+one.source+": ")
		}
		list = append(list, one)
	}
	open, err := a.o.Causes(ctx)
	if err != nil {
		return false, err
	}
	return a.tell(ctx, failing(list, open, now), now)
}
