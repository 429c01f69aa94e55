// What the verbs show of the state: alerts, open causes, what is held, gaps.

package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"tocsin/alertrules"
	"tocsin/notifier"
)

// Alert returns the alert of an id; nil when there is none.
func (s *State) Alert(ctx context.Context, id string) (*alertrules.Alert, error) {
	list, err := s.alerts(ctx, "a.id = ?", id)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return list[0], nil
}

// News returns all news of an alert, oldest first.
func (s *State) News(ctx context.Context, alert string) ([]*alertrules.News, error) {
	return documents[alertrules.News](ctx, s.in.db, "SELECT doc FROM news WHERE alert = ? ORDER BY n", alert)
}

// A Cause is something wrong with the agent that is not over.
type Cause struct {
	Key   string
	Text  string
	Since time.Time
}

// Causes returns what the operator has to know and is not over, oldest first.
func (s *State) Causes(ctx context.Context) ([]Cause, error) {
	rows, err := s.in.db.QueryContext(ctx, "SELECT key, text, since FROM causes ORDER BY since, key")
	if err != nil {
		return nil, fmt.Errorf("read causes: %w", err)
	}
	defer rows.Close()
	var list []Cause
	for rows.Next() {
		var c Cause
		if err := rows.Scan(&c.Key, &c.Text, &c.Since); err != nil {
			return nil, fmt.Errorf("read causes: %w", err)
		}
		list = append(list, c)
	}
	return list, rows.Err()
}

// A Depth is what is in the outbox, and what goes on.
type Depth struct {
	Waiting, Parked int64
	Oldest          time.Time // since when the oldest row waits; zero: none does
	Firing          int64     // alerts of state rules that go on
	Open            int64     // alerts of event rules to which news is still added
}

// GoOn is how many alerts go on, as FindAlerts with Firing finds them.
func (d Depth) GoOn() int64 { return d.Firing + d.Open }

// Depth counts the outbox and the alerts that go on.
func (s *State) Depth(ctx context.Context) (Depth, error) {
	var d Depth
	var oldest sql.NullTime
	err := s.in.db.QueryRowContext(ctx, `SELECT count(*) FILTER (WHERE state = 'waiting'), count(*) FILTER (WHERE state = 'parked'),
		min(since) FILTER (WHERE state = 'waiting'), (SELECT count(*) FROM alerts WHERE firing AND NOT event), (SELECT count(*) FROM alerts WHERE firing AND event)
		FROM mails`).Scan(&d.Waiting, &d.Parked, &oldest, &d.Firing, &d.Open)
	if err != nil {
		return d, fmt.Errorf("count the outbox: %w", err)
	}
	d.Oldest = oldest.Time.UTC()
	return d, nil
}

// Held returns the beliefs for whose recipients something is held back, by rule
// and recipient; Reason says why and until when.
func (s *State) Held(ctx context.Context) ([]*notifier.Belief, error) {
	all, err := documents[notifier.Belief](ctx, s.in.db, "SELECT doc FROM beliefs WHERE next IS NOT NULL ORDER BY rule, recipient")
	return slices.DeleteFunc(all, func(b *notifier.Belief) bool { return !strings.HasPrefix(b.Reason, "held") }), err
}

// Gaps returns what was not evaluated, in the order of its time.
func (s *State) Gaps(ctx context.Context) ([]alertrules.Gap, error) {
	return gapsOf(ctx, s.in.db, "true")
}

// GapsOf implements alertrules.States.
func (s *State) GapsOf(ctx context.Context, rule string) ([]alertrules.Gap, error) {
	return gapsOf(ctx, s.in.db, "rule = ?", rule)
}

func gapsOf(ctx context.Context, q querier, where string, args ...any) ([]alertrules.Gap, error) {
	list, err := documents[alertrules.Gap](ctx, q, "SELECT doc FROM gaps WHERE "+where, args...)
	gaps := make([]alertrules.Gap, len(list))
	for i, g := range list {
		gaps[i] = *g
	}
	return alertrules.JoinGaps(gaps), err
}

// Decisions returns what was decided about a rule's mails in [from, to], also what
// sent nothing, and what the servers answered; oldest first, at most limit of the
// newest.
func (s *State) Decisions(ctx context.Context, rule string, from, to time.Time, limit int) ([]*notifier.Entry, error) {
	return documents[notifier.Entry](ctx, s.in.db,
		"SELECT doc FROM (SELECT doc, moment, mail, rowid AS n FROM decisions WHERE rule = ? AND moment BETWEEN ? AND ? ORDER BY moment DESC, n DESC LIMIT ?) ORDER BY moment, n",
		rule, from.UTC(), to.UTC(), limit)
}
