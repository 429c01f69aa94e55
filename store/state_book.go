// T2: what there is to tell, what was told, and the decisions about it.

package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"tocsin/alertrules"
	"tocsin/notifier"
)

// Work implements notifier.Book.
func (s *State) Work(ctx context.Context, now time.Time) (*notifier.Work, error) {
	w := &notifier.Work{}
	var err error
	if w.Changed, err = s.changes(ctx); err != nil {
		return nil, err
	}
	if w.Due, w.Next, err = s.timers(ctx, now); err != nil {
		return nil, err
	}
	w.Notices, err = s.untold(ctx)
	return w, err
}

func (s *State) changes(ctx context.Context) ([]notifier.Change, error) {
	rows, err := s.in.db.QueryContext(ctx, "SELECT rule, round FROM changes ORDER BY rule")
	if err != nil {
		return nil, fmt.Errorf("read changed rules: %w", err)
	}
	defer rows.Close()
	var list []notifier.Change
	for rows.Next() {
		var c notifier.Change
		if err := rows.Scan(&c.Rule, &c.Round); err != nil {
			return nil, fmt.Errorf("read changed rules: %w", err)
		}
		list = append(list, c)
	}
	return list, rows.Err()
}

// timers returns the beliefs that are due and the earliest moment after now.
func (s *State) timers(ctx context.Context, now time.Time) (due []notifier.BeliefKey, next time.Time, err error) {
	rows, err := s.in.db.QueryContext(ctx, "SELECT rule, recipient, next FROM beliefs WHERE next IS NOT NULL ORDER BY next, rule, recipient")
	if err != nil {
		return nil, next, fmt.Errorf("read timers: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var k notifier.BeliefKey
		var at time.Time
		if err := rows.Scan(&k.Group, &k.Recipient, &at); err != nil {
			return nil, next, fmt.Errorf("read timers: %w", err)
		}
		if at.After(now) {
			return due, at.UTC(), nil
		}
		due = append(due, k)
	}
	return due, next, rows.Err()
}

func (s *State) untold(ctx context.Context) ([]notifier.Notice, error) {
	rows, err := s.in.db.QueryContext(ctx, "SELECT n, doc FROM notices WHERE NOT told ORDER BY n")
	if err != nil {
		return nil, fmt.Errorf("read notices: %w", err)
	}
	defer rows.Close()
	var list []notifier.Notice
	for rows.Next() {
		var n notifier.Notice
		var doc string
		if err := rows.Scan(&n.N, &doc); err != nil {
			return nil, fmt.Errorf("read notices: %w", err)
		}
		if err := json.Unmarshal([]byte(doc), &n.Notice); err != nil {
			return nil, fmt.Errorf("read a stored notice: %w", err)
		}
		list = append(list, n)
	}
	return list, rows.Err()
}

// Group implements notifier.Book.
func (s *State) Group(ctx context.Context, rule string) (*notifier.Group, error) {
	g := &notifier.Group{}
	var err error
	if g.Alerts, err = s.alerts(ctx, "a.rule = ? AND NOT a.settled ORDER BY a.began, a.id", rule); err != nil {
		return nil, err
	}
	g.News, err = documents[alertrules.News](ctx, s.in.db,
		"SELECT n.doc FROM news n JOIN alerts a ON a.id = n.alert WHERE a.rule = ? AND NOT a.settled AND NOT n.settled ORDER BY n.alert, n.n", rule)
	if err != nil {
		return nil, err
	}
	g.Beliefs, err = documents[notifier.Belief](ctx, s.in.db, "SELECT doc FROM beliefs WHERE rule = ? ORDER BY recipient", rule)
	return g, err
}

// Beliefs implements notifier.Book.
func (s *State) Beliefs(ctx context.Context, keys []notifier.BeliefKey) ([]*notifier.Belief, error) {
	list, err := json.Marshal(keys)
	if err != nil {
		return nil, err
	}
	return documents[notifier.Belief](ctx, s.in.db,
		"SELECT doc FROM beliefs WHERE (rule, recipient) IN "+beliefKeys+" ORDER BY rule, recipient", string(list))
}

// beliefKeys is a set of notifier.BeliefKey as one parameter of JSON.
const beliefKeys = `(SELECT (k."Group", k."Recipient") FROM (SELECT unnest(from_json_strict(?, '[{"Group": "VARCHAR", "Recipient": "VARCHAR"}]')) AS k))`

// newsKeys is a set of notifier.NewsKey as one parameter of JSON.
const newsKeys = `(SELECT (k."Alert", k."N") FROM (SELECT unnest(from_json_strict(?, '[{"Alert": "VARCHAR", "N": "BIGINT"}]')) AS k))`

// NextMailIDs implements notifier.Book.
func (s *State) NextMailIDs(ctx context.Context, n int) (first int64, err error) {
	err = s.transact(ctx, func(t *tx) error {
		if err := t.conn.QueryRowContext(ctx, "SELECT next_mail FROM counters").Scan(&first); err != nil {
			return fmt.Errorf("reserve ids of mails: %w", err)
		}
		t.exec("UPDATE counters SET next_mail = ?", first+int64(n))
		return t.err
	})
	return first, err
}

// Commit implements notifier.Book.
func (s *State) Commit(ctx context.Context, d *notifier.Decided) error {
	return s.transact(ctx, func(t *tx) error {
		for _, c := range d.Changed {
			t.exec("DELETE FROM changes WHERE rule = ? AND round <= ?", c.Rule, c.Round)
		}
		for _, n := range d.Told {
			t.exec("UPDATE notices SET told = true WHERE n = ?", n)
		}
		t.forget(d.Gone)
		t.beliefs(d.Beliefs)
		t.replaced(d)
		t.newMails(d.Mails)
		t.settle(d)
		t.notices(d.Notices)
		t.entries(d.Log)
		return t.err
	})
}

func (t *tx) forget(keys []notifier.BeliefKey) {
	if len(keys) > 0 {
		t.exec("DELETE FROM beliefs WHERE (rule, recipient) IN "+beliefKeys, t.doc(keys))
	}
}

func (t *tx) beliefs(list []*notifier.Belief) {
	var keys []notifier.BeliefKey
	var rows []row
	for _, b := range list {
		keys = append(keys, b.Key())
		rows = append(rows, row{"rule": b.Group, "recipient": b.Recipient, "next": stamp(b.Next), "doc": t.doc(b)})
	}
	t.forget(keys)
	t.insert("beliefs", "rule VARCHAR, recipient VARCHAR, next TIMESTAMP, doc VARCHAR", rows)
}

// settle notes what nobody needs to be told of any more, and when episodes close.
func (t *tx) settle(d *notifier.Decided) {
	for id, at := range d.Closes {
		t.exec("UPDATE alerts SET closes_at = ? WHERE id = ?", nullTime(at), id)
	}
	if len(d.SettledNews) > 0 {
		t.exec("UPDATE news SET settled = true WHERE (alert, n) IN "+newsKeys, t.doc(d.SettledNews))
	}
	if len(d.Settled) > 0 {
		t.exec("UPDATE alerts SET settled = true WHERE id IN "+oneOf, texts(d.Settled))
	}
}

// entries adds to the history of decisions; the same entry again changes nothing.
func (t *tx) entries(list []notifier.Entry) {
	var rows []row
	for _, e := range list {
		rows = append(rows, row{"moment": stamp(e.At), "rule": e.Group, "recipient": e.Recipient, "kind": string(e.Kind), "mail": e.Mail, "doc": t.doc(e)})
	}
	if len(rows) == 0 {
		return
	}
	t.exec("CREATE OR REPLACE TEMP TABLE entries_now (moment TIMESTAMP, rule VARCHAR, recipient VARCHAR, kind VARCHAR, mail BIGINT, doc VARCHAR)")
	t.insert("entries_now", "moment TIMESTAMP, rule VARCHAR, recipient VARCHAR, kind VARCHAR, mail BIGINT, doc VARCHAR", rows)
	t.exec("INSERT INTO decisions SELECT * FROM entries_now EXCEPT SELECT * FROM decisions")
}

// nullTime is a time as a parameter; the zero time is NULL.
func nullTime(t time.Time) sql.NullTime { return sql.NullTime{Time: t.UTC(), Valid: !t.IsZero()} }
