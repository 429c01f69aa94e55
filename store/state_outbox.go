// T2 and T3: the outbox, one row for each message and recipient, with the bytes
// that every attempt sends.

package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"tocsin/notifier"
)

// Ready implements notifier.Outbox.
func (s *State) Ready(ctx context.Context, now time.Time, limit int) (list []*notifier.Mail, next time.Time, err error) {
	list, err = s.mails(ctx, "state = 'waiting' AND (next IS NULL OR next <= ?) ORDER BY since, id LIMIT ?", now.UTC(), limit)
	if err != nil {
		return nil, next, err
	}
	var later sql.NullTime
	err = s.in.db.QueryRowContext(ctx, "SELECT min(next) FROM mails WHERE state = 'waiting' AND next > ?", now.UTC()).Scan(&later)
	if err != nil {
		return nil, next, fmt.Errorf("read when the outbox is due: %w", err)
	}
	return list, later.Time.UTC(), nil
}

// mails reads rows with their bytes.
func (s *State) mails(ctx context.Context, where string, args ...any) ([]*notifier.Mail, error) {
	rows, err := s.in.db.QueryContext(ctx, "SELECT doc, bytes FROM mails WHERE "+where, args...)
	if err != nil {
		return nil, fmt.Errorf("read the outbox: %w", err)
	}
	defer rows.Close()
	var list []*notifier.Mail
	for rows.Next() {
		var doc string
		var bytes []byte
		if err := rows.Scan(&doc, &bytes); err != nil {
			return nil, fmt.Errorf("read the outbox: %w", err)
		}
		m := &notifier.Mail{}
		if err := json.Unmarshal([]byte(doc), m); err != nil {
			return nil, fmt.Errorf("read a stored mail: %w", err)
		}
		m.Bytes = bytes
		list = append(list, m)
	}
	return list, rows.Err()
}

// ParkedFor implements notifier.Outbox.
func (s *State) ParkedFor(ctx context.Context, recipient string) ([]int64, error) {
	ids, err := column[int64](ctx, s.in.db, "SELECT id FROM mails WHERE state = 'parked' AND lower(json_extract_string(doc, '$.Recipient')) = lower(?) ORDER BY id", recipient)
	if err != nil {
		return nil, fmt.Errorf("read the outbox: %w", err)
	}
	return ids, nil
}

// Record implements notifier.Outbox.
func (s *State) Record(ctx context.Context, d *notifier.Delivery) error {
	return s.transact(ctx, func(t *tx) error {
		t.updateMails(d.Mails)
		t.beliefs(d.Beliefs)
		t.notices(d.Notices)
		t.entries(d.Log)
		return t.err
	})
}

// newMails inserts rows; one whose id exists already stays as it is.
func (t *tx) newMails(list []*notifier.Mail) {
	for _, m := range list {
		t.exec("INSERT INTO mails SELECT ?, ?, ?, ?, ?, ? WHERE NOT EXISTS (FROM mails WHERE id = ?)",
			m.ID, string(m.State), nullTime(m.Next), m.Since.UTC(), t.doc(withoutBytes(m)), m.Bytes, m.ID)
	}
}

// updateMails stores everything of rows but their bytes.
func (t *tx) updateMails(list []*notifier.Mail) {
	for _, m := range list {
		t.exec("UPDATE mails SET state = ?, next = ?, doc = ? WHERE id = ?", string(m.State), nullTime(m.Next), t.doc(withoutBytes(m)), m.ID)
	}
}

// replaced notes that later decisions replace rows; their bytes are of no use.
func (t *tx) replaced(d *notifier.Decided) {
	for _, id := range d.Replaced {
		if t.err != nil {
			return
		}
		var doc string
		err := t.conn.QueryRowContext(t.ctx, "SELECT doc FROM mails WHERE id = ?", id).Scan(&doc)
		if err != nil {
			t.err = fmt.Errorf("read mail %d, which is replaced: %w", id, err)
			return
		}
		m := &notifier.Mail{}
		if t.err = json.Unmarshal([]byte(doc), m); t.err != nil {
			return
		}
		m.State, m.Ended = notifier.Replaced, d.At
		t.updateMails([]*notifier.Mail{m})
		t.exec("UPDATE mails SET bytes = NULL WHERE id = ?", id)
	}
}

func withoutBytes(m *notifier.Mail) *notifier.Mail {
	c := *m
	c.Bytes = nil
	return &c
}

// Mails implements notifier.Outbox.
func (s *State) Mails(ctx context.Context, ids []int64) ([]*notifier.Mail, error) {
	list, err := json.Marshal(append([]int64{}, ids...))
	if err != nil {
		return nil, err
	}
	return s.mails(ctx, `id IN (SELECT unnest(from_json_strict(?, '["BIGINT"]'))) ORDER BY id`, string(list))
}

// Newest returns the newest rows of the outbox, newest first, without their
// bytes; state "" means all.
func (s *State) Newest(ctx context.Context, state notifier.MailState, limit int) ([]*notifier.Mail, error) {
	return documents[notifier.Mail](ctx, s.in.db,
		"SELECT doc FROM mails WHERE ? IN ('', state) ORDER BY id DESC LIMIT ?", string(state), limit)
}

// MailsOf returns the rows of the outbox that tell of an alert, oldest first,
// without their bytes.
func (s *State) MailsOf(ctx context.Context, alert string) ([]*notifier.Mail, error) {
	return documents[notifier.Mail](ctx, s.in.db,
		`SELECT doc FROM mails WHERE list_contains(from_json(json_extract(doc, '$.Alerts'), '["VARCHAR"]'), ?) ORDER BY id`, alert)
}
