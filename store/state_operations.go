// What somebody did by hand: acknowledgements, and the history of operations.

package store

import (
	"context"
	"fmt"
	"time"

	"tocsin/alertrules"
)

// An Operation is one thing that somebody did by hand.
type Operation struct {
	At      time.Time
	Kind    string // "ack", "unack", "retry", "drop", "fill", "release", "rules"
	By      string // who
	Subject string // what it was done to: an alert, a mail, a gap, dead letters; "" for rules
	Note    string
}

// Operate adds to the history of operations.
func (s *State) Operate(ctx context.Context, list ...Operation) error {
	return s.transact(ctx, func(t *tx) error {
		t.operations(list...)
		return t.err
	})
}

func (t *tx) operations(list ...Operation) {
	for _, o := range list {
		t.exec("INSERT INTO operations SELECT coalesce(max(n), 0) + 1, ?, ?, ?, ?, ? FROM operations", o.At.UTC(), o.Kind, o.By, o.Subject, o.Note)
	}
}

// Acknowledge notes that somebody has taken alerts on, or with ack nil, that
// nobody has any more, and has their rules decided about again. The alerts exist.
func (s *State) Acknowledge(ctx context.Context, alerts []*alertrules.Alert, ack *alertrules.Ack, done Operation) error {
	return s.transact(ctx, func(t *tx) error {
		for _, a := range alerts {
			t.exec("DELETE FROM acks WHERE alert = ?", a.ID)
			if ack != nil {
				one := *ack
				one.Severity = a.MaxSeverity
				t.exec("INSERT INTO acks VALUES (?, ?)", a.ID, t.doc(one))
			}
			done.Subject = a.ID
			t.operations(done)
		}
		t.changed(&alertrules.Round{Alerts: alerts})
		return t.err
	})
}

// Operations returns what was done to a subject, oldest first.
func (s *State) Operations(ctx context.Context, subject string) ([]Operation, error) {
	rows, err := s.in.db.QueryContext(ctx, "SELECT moment, kind, author, subject, note FROM operations WHERE subject = ? ORDER BY n", subject)
	if err != nil {
		return nil, fmt.Errorf("read operations: %w", err)
	}
	defer rows.Close()
	var list []Operation
	for rows.Next() {
		var o Operation
		if err := rows.Scan(&o.At, &o.Kind, &o.By, &o.Subject, &o.Note); err != nil {
			return nil, fmt.Errorf("read operations: %w", err)
		}
		list = append(list, o)
	}
	return list, rows.Err()
}
