package notifier

// This file delivers: mark, send, and what the answer means for the row, the
// belief and the clocks (T3).

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// readyRows is how many rows are looked at in one go.
const readyRows = 25

// Deliver is T3: it attempts every row that is due at now, oldest decision
// first. It returns when to be called again though nothing changes; zero: there
// is no such time. Before an attempt the recipient's quiet period is asked again
// (D14), and a row that is too old is written anew (D26), but never a marked one.
func (n *Notifier) Deliver(ctx context.Context, now time.Time) (next time.Time, err error) {
	n.delivery.Lock()
	defer n.delivery.Unlock()
	now = exact(now)
	if now.Before(n.pause.until) {
		return n.pause.until, nil
	}
	defer func() {
		if err := n.o.Channel.Close(); err != nil { // what becomes of it changes nothing (G40)
			n.o.Log.Debug("close the channel", "channel", n.o.Name, "error", err)
		}
	}()
	tried := map[int64]bool{}
	for ctx.Err() == nil {
		rows, later, err := n.o.Outbox.Ready(ctx, now, readyRows)
		if err != nil {
			return time.Time{}, err
		}
		rows = slices.DeleteFunc(rows, func(m *Mail) bool { return tried[m.ID] })
		if len(rows) == 0 {
			return soonest(later, n.pause.until), nil
		}
		again, err := n.pass(ctx, rows, tried, now)
		if err != nil || !again {
			return n.pause.until, err
		}
	}
	return time.Time{}, ctx.Err()
}

// DeliverAll steps and delivers until nothing is left that can be done at now,
// for `run --once`. The second round settles what was accepted, and tells the
// operator what was refused. An error of a step does not keep what was decided
// before from being delivered.
func (n *Notifier) DeliverAll(ctx context.Context, now time.Time) error {
	for range 2 {
		_, decided := n.Step(ctx, now)
		_, delivered := n.Deliver(ctx, now)
		if err := errors.Join(named("decide", decided), named("deliver", delivered)); err != nil {
			return err
		}
	}
	return nil
}

// named says which operation failed; nil stays nil.
func named(operation string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", operation, err)
}

// pass attempts the rows; it reports whether to look for more.
func (n *Notifier) pass(ctx context.Context, rows []*Mail, tried map[int64]bool, now time.Time) (bool, error) {
	var anew []*Mail
	rows = slices.DeleteFunc(rows, func(m *Mail) bool {
		old := !m.Marked && len(m.Groups) > 0 && (now.Sub(m.Written) >= StaleAfter || !n.sleeps(m, now).IsZero())
		switch {
		case !old:
		case slices.ContainsFunc(m.Groups, n.wait): // it is written anew once the rule has caught up
			tried[m.ID] = true
		default:
			anew = append(anew, m)
			tried[m.ID] = true
		}
		return old
	})
	if len(anew) > 0 {
		return true, n.redecide(ctx, anew, now)
	}
	for _, m := range rows {
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		tried[m.ID] = true
		if err := n.attempt(ctx, m, now); err != nil {
			return false, err
		}
		if now.Before(n.pause.until) {
			return false, nil
		}
	}
	return true, nil
}

// sleeps returns until when the row's recipient has quiet; zero: not now.
func (n *Notifier) sleeps(m *Mail, now time.Time) time.Time {
	router := n.o.Router()
	zone := router.Person(m.Recipient).Zone
	for _, name := range m.Quiet {
		if until, quiet := router.Calendar(name).Quiet(now, zone); quiet {
			return until
		}
	}
	return time.Time{}
}

// attempt makes one attempt at one row and commits what came of it.
func (n *Notifier) attempt(ctx context.Context, m *Mail, now time.Time) error {
	if until := n.sleeps(m, now); !until.IsZero() { // a marked row: only these bytes may be sent, later
		m.Next = until
		return gone(n.record(ctx, m, now, nil))
	}
	if wait, err := n.behind(ctx, m); err != nil {
		return err
	} else if wait {
		m.Next = now.Add(firstRetry)
		return gone(n.record(ctx, m, now, nil))
	}
	marked, markFault := m.Marked, error(nil)
	envelope := Envelope{ID: m.ID, From: m.From, To: m.Recipient, Bytes: m.Bytes, Tries: m.Tries, Marked: m.Marked}
	outcome := n.o.Channel.Send(ctx, envelope, func() error {
		markFault = n.mark(ctx, m, now)
		return markFault
	})
	switch {
	case errors.Is(markFault, errReplaced):
		return nil
	case markFault != nil: // the mark may be there: what is stored says so next time
		return markFault
	}
	m.Tries++
	m.Tried = now
	log := n.o.Log.With("mail", m.ID, "to", m.Recipient, "kind", string(m.Kind), "rules", m.Groups, "alerts", m.Alerts)
	if outcome.Kind == Sent {
		log.Info("delivered", "answer", outcome.Answer)
	} else {
		log.Warn("not delivered", "outcome", outcome.Kind.String(), "stage", outcome.Stage, "answer", outcome.Answer)
	}
	m.Code, m.Stage, m.Answer = outcome.Code, outcome.Stage, outcome.Answer
	// The answer must be kept although the caller may be stopping.
	return gone(n.outcome(context.WithoutCancel(ctx), try{m, marked, now}, outcome))
}

// gone makes nothing of a row that a decision replaced during the dialogue.
func gone(err error) error {
	if errors.Is(err, errReplaced) {
		return nil
	}
	return err
}

// behind reports whether the row has to wait for a marked row of the same
// belief: what a reader gets stays in order. What pierces does not wait.
func (n *Notifier) behind(ctx context.Context, m *Mail) (bool, error) {
	if m.Marked || m.Pierces || len(m.Groups) == 0 {
		return false, nil
	}
	beliefs, err := n.o.Book.Beliefs(ctx, m.keys())
	if err != nil {
		return false, err
	}
	for _, b := range beliefs {
		if slices.ContainsFunc(b.Queue, func(q Queued) bool { return q.Marked && q.Mail != m.ID }) {
			return true, nil
		}
	}
	return false, nil
}

// keys returns the beliefs that the row is about.
func (m *Mail) keys() []BeliefKey {
	var keys []BeliefKey
	for _, g := range m.Groups {
		keys = append(keys, BeliefKey{g, m.Recipient})
	}
	return keys
}

// mark commits the mark before DATA, unless a later decision replaced the row
// meanwhile.
func (n *Notifier) mark(ctx context.Context, m *Mail, now time.Time) error {
	if m.Marked {
		return nil
	}
	m.Marked = true
	err := n.record(ctx, m, now, func(b *Belief) { b.queued(m.ID).Marked = true })
	if err != nil {
		m.Marked = false
	}
	return err
}

var errReplaced = errors.New("a later decision replaced the mail")

// record commits the row and the beliefs it is about, each changed by change.
func (n *Notifier) record(ctx context.Context, m *Mail, now time.Time, change func(*Belief)) error {
	return n.commit(ctx, m, &Delivery{At: now}, change)
}

// commit is record for a transaction that holds more. A row that a decision has
// replaced meanwhile is left alone: errReplaced.
func (n *Notifier) commit(ctx context.Context, m *Mail, d *Delivery, change func(*Belief)) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	d.Mails = append(d.Mails, m)
	beliefs, err := n.o.Book.Beliefs(ctx, m.keys())
	if err != nil {
		return err
	}
	if len(beliefs) < len(m.Groups) {
		return errReplaced
	}
	for _, b := range beliefs {
		if b.queued(m.ID) == nil {
			return errReplaced
		}
		if change != nil {
			b = b.clone()
			change(b)
			d.Beliefs = append(d.Beliefs, b)
		}
	}
	return n.o.Outbox.Record(ctx, d)
}

// try is one attempt at a row.
type try struct {
	m      *Mail
	marked bool // by an earlier attempt
	at     time.Time
}

// outcome commits what came of an attempt.
func (n *Notifier) outcome(ctx context.Context, t try, o Outcome) error {
	m, now := t.m, t.at
	d := &Delivery{At: now}
	switch o.Kind {
	case Sent:
		d.Notices = append(n.works(now), refusedNoLonger(m, now))
		m.State, m.Marked, m.Ended = Accepted, false, now
		return n.finish(ctx, m, d, func(b *Belief) {
			b.Accept(m.ID, now)
			b.Next = now // settles, and starts the repeat clock
		})
	case Failed:
		m.State, m.Marked, m.Ended = Parked, false, now
		d.Notices = refused(m, now)
		return n.finish(ctx, m, d, func(b *Belief) {
			b.Refuse(m.ID, now)
			b.Next = now
		})
	case Unknown:
		m.Marked = true
		n.hold(now, o)
		m.Next = n.pause.until
		return n.record(ctx, m, now, func(b *Belief) { b.queued(m.ID).Marked = true })
	case Operator:
		m.Tries--
		n.hold(now, o)
		d.Notices = append(d.Notices, n.alarm(o, now))
		if err := n.undo(ctx, o.Undo, d); err != nil {
			return err
		}
	case Retry:
		if o.Server {
			n.hold(now, o)
		} else {
			m.Next = now.Add(n.backoff(m.Tries, firstRetry, lastRetry))
		}
	}
	return n.unmark(ctx, t, d)
}

// undo brings rows back whose refusal was about us.
func (n *Notifier) undo(ctx context.Context, ids []int64, d *Delivery) error {
	if len(ids) == 0 {
		return nil
	}
	rows, err := n.o.Outbox.Mails(ctx, ids)
	if err != nil {
		return err
	}
	back := &Delivery{At: d.At}
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, m := range rows {
		if m.State != Parked {
			continue
		}
		m.Tries = max(0, m.Tries-1)
		if err := n.unpark(ctx, m, back); err != nil {
			return err
		}
	}
	return n.o.Outbox.Record(ctx, back)
}

// unpark adds to a transaction that a refused row is on its way again.
func (n *Notifier) unpark(ctx context.Context, m *Mail, d *Delivery) error {
	m.State, m.Ended, m.Next = Waiting, time.Time{}, d.At
	d.Mails = append(d.Mails, m)
	beliefs, err := n.o.Book.Beliefs(ctx, m.keys())
	if err != nil {
		return err
	}
	for _, k := range m.keys() {
		i := slices.IndexFunc(beliefs, func(b *Belief) bool { return b.Key() == k })
		b := &Belief{Group: k.Group, Recipient: k.Recipient}
		if i >= 0 {
			b = beliefs[i]
		}
		b = b.clone()
		b.unrefuse(m)
		d.Beliefs = append(d.Beliefs, b)
	}
	return nil
}

// unmark takes the mark away when the answer is known to be a refusal: the row
// may be replaced again. A mark that an earlier attempt left stays.
func (n *Notifier) unmark(ctx context.Context, t try, d *Delivery) error {
	m := t.m
	if t.marked || !m.Marked {
		return n.commit(ctx, m, d, nil)
	}
	m.Marked = false
	return n.commit(ctx, m, d, func(b *Belief) { b.queued(m.ID).Marked = false })
}

// finish commits the end of a row, with the answer in the history.
func (n *Notifier) finish(ctx context.Context, m *Mail, d *Delivery, change func(*Belief)) error {
	d.Log = append(d.Log, answers(m, d.At, string(m.State)+": "+m.Answer)...)
	return n.commit(ctx, m, d, change)
}
