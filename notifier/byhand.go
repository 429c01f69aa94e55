package notifier

// This file is what an operator does to rows of the outbox by hand.

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// A StateError says that a row is in a state in which it cannot be retried or
// dropped.
type StateError struct {
	Mail  int64
	State MailState
}

// Error says so.
func (e *StateError) Error() string {
	return fmt.Sprintf("mail %d is %s: only what is waiting or parked can be retried or dropped", e.Mail, e.State)
}

// Retry has a row attempted at the next delivery: one that waits without its
// backoff, one that was refused for good once more (D27). What it tells is on its
// way again. A row that does not exist is no error of a state but one of its own.
func (n *Notifier) Retry(ctx context.Context, id int64, now time.Time, why string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	m, err := n.open(ctx, id)
	if err != nil {
		return err
	}
	d := &Delivery{At: exact(now), Log: answers(m, exact(now), why)}
	if m.State == Waiting {
		m.Next, d.Mails = d.At, []*Mail{m}
	} else if err := n.unpark(ctx, m, d); err != nil {
		return err
	}
	return n.o.Outbox.Record(ctx, d)
}

// Drop ends a row without sending it. Events that it tells of count as told; state
// alerts as told until there is news of them, as after a refusal, and their end
// is not told to whoever never heard of their begin. No clock starts. When no other
// row for its recipient is parked, that the address was refused is over.
func (n *Notifier) Drop(ctx context.Context, id int64, now time.Time, why string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	m, err := n.open(ctx, id)
	if err != nil {
		return err
	}
	m.State, m.Marked, m.Ended, m.Next = Dropped, false, exact(now), time.Time{}
	d := &Delivery{At: exact(now), Mails: []*Mail{m}, Log: answers(m, exact(now), why)}
	if d.Notices, err = n.dropped(ctx, m, d.At); err != nil {
		return err
	}
	beliefs, err := n.o.Book.Beliefs(ctx, m.keys())
	if err != nil {
		return err
	}
	for _, b := range beliefs {
		b = b.clone()
		b.drop(id, d.At)
		b.Next = d.At
		d.Beliefs = append(d.Beliefs, b)
	}
	return n.o.Outbox.Record(ctx, d)
}

// open reads a row that has no final answer.
func (n *Notifier) open(ctx context.Context, id int64) (*Mail, error) {
	rows, err := n.o.Outbox.Mails(ctx, []int64{id})
	switch {
	case err != nil:
		return nil, err
	case len(rows) == 0:
		return nil, fmt.Errorf("there is no mail %d in the outbox", id)
	case rows[0].State != Waiting && rows[0].State != Parked:
		return nil, &StateError{Mail: id, State: rows[0].State}
	}
	return rows[0], nil
}

// answers are what became of a row, in the history of its groups.
func answers(m *Mail, now time.Time, why string) []Entry {
	var list []Entry
	for _, k := range m.keys() {
		list = append(list, Entry{At: now, Group: k.Group, Recipient: k.Recipient, Kind: m.Kind, Reason: why, Mail: m.ID, Alerts: m.Alerts, Answer: true})
	}
	return list
}

// drop notes that the row is not sent.
func (b *Belief) drop(mail int64, t time.Time) {
	all := slices.Concat(b.Queue, b.Parked)
	is := func(q Queued) bool { return q.Mail == mail }
	i := slices.IndexFunc(all, is)
	if i < 0 {
		return
	}
	q := all[i]
	b.Queue, b.Parked = slices.DeleteFunc(b.Queue, is), slices.DeleteFunc(b.Parked, is)
	var states []Telling
	for _, tell := range q.Tells {
		if tell.Event {
			b.tell(tell, t)
		} else {
			states = append(states, tell)
		}
	}
	if q.Tells, q.Marked = states, false; len(states) > 0 {
		b.Parked = append(b.Parked, q)
	}
	b.Held = time.Time{}
}
