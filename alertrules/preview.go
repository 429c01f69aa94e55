package alertrules

import (
	"context"
	"fmt"
	"time"

	"tocsin/query"
)

// A Preview is what a rule would do; nothing of it is stored.
type Preview struct {
	Alerts      []*Alert
	News        []*News
	Evaluations []Evaluation
}

// Preview evaluates a rule at a moment as if it were met for the first time, and
// changes nothing. A rule over `new` looks at the records that arrived within
// last before at (0 is 24h); a sliding window at its length; a whole window at
// the last one that is due. `after` and `for` are left out: one hit shows the
// alert. Ids are "preview-1" and so on. An error of the query is returned.
func (e *Engine) Preview(ctx context.Context, rule *Rule, at time.Time, last time.Duration) (*Preview, error) {
	at = at.UTC().Round(0)
	p, err := e.pin(ctx, at)
	if err != nil {
		return nil, err
	}
	r, err := e.start(ctx, rule, nil, p)
	if err != nil {
		return nil, err
	}
	r.bare = true
	if err := e.look(ctx, r, at, last); err != nil {
		return nil, err
	}
	seen := &Preview{Alerts: r.order, Evaluations: r.evals}
	for i, a := range r.fresh {
		a.ID = "preview-" + itoa(i+1)
	}
	for _, n := range r.news {
		n.news.Alert = n.alert.ID
		seen.News = append(seen.News, n.news)
	}
	return seen, nil
}

func (e *Engine) look(ctx context.Context, r *run, at time.Time, last time.Duration) error {
	w := query.Window{UpToSeq: r.pin.upTo(), Now: at}
	switch r.rule.Window.Kind {
	case NewWindow:
		if last <= 0 {
			last = 24 * time.Hour
		}
		after, err := e.Logs.SeqAt(ctx, at.Add(-last))
		if err != nil {
			return fmt.Errorf("find where %s ago is: %w", FormatDuration(last), err)
		}
		w.AfterSeq = after
	case WholeWindow:
		w.From, w.To = r.rule.Window.Around(at, r.rule.Zone)
		if w.To.Add(r.rule.Delay).After(at) {
			w.From, w.To = r.rule.Window.Around(w.From.Add(-time.Nanosecond), r.rule.Zone)
		}
	case SlidingWindow:
		w.To = at.Add(-r.rule.Delay)
		w.From = w.To.Add(-r.rule.Window.Length)
	}
	o, took, err := r.look(ctx, at, w)
	if err != nil {
		return err
	}
	r.observe(o, took)
	return nil
}
