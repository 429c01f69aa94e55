package notifiertest

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"tocsin/notifier"
)

// The outbox of Memory.

// Ready implements notifier.Outbox.
func (m *Memory) Ready(_ context.Context, now time.Time, limit int) (rows []*notifier.Mail, next time.Time, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, row := range m.mails {
		switch {
		case row.State != notifier.Waiting:
		case !row.Next.After(now):
			c := *row
			rows = append(rows, &c)
		case next.IsZero() || row.Next.Before(next):
			next = row.Next
		}
	}
	slices.SortFunc(rows, func(a, b *notifier.Mail) int { return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.ID, b.ID)) })
	return rows[:min(limit, len(rows))], next, nil
}

// Mails implements notifier.Outbox.
func (m *Memory) Mails(_ context.Context, ids []int64) ([]*notifier.Mail, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []*notifier.Mail
	for _, id := range ids {
		if row := m.mails[id]; row != nil {
			c := *row
			out = append(out, &c)
		}
	}
	return out, nil
}

// ParkedFor implements notifier.Outbox.
func (m *Memory) ParkedFor(_ context.Context, recipient string) ([]int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var ids []int64
	for _, row := range m.mails {
		if row.State == notifier.Parked && strings.EqualFold(row.Recipient, recipient) {
			ids = append(ids, row.ID)
		}
	}
	slices.Sort(ids)
	return ids, nil
}

// Record implements notifier.Outbox.
func (m *Memory) Record(_ context.Context, d *notifier.Delivery) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.killed() {
		return ErrCrash
	}
	for _, row := range d.Mails {
		c := *row
		c.Bytes = m.mails[row.ID].Bytes
		m.mails[row.ID] = &c
	}
	for _, b := range d.Beliefs {
		m.beliefs[b.Key()] = encode(b)
	}
	m.notice(d.Notices)
	m.Log = append(m.Log, d.Log...)
	return m.done()
}
