// Package notifiertest has what tests of notification need: a store in memory
// that keeps the contracts of notifier.Book, notifier.Outbox and
// alertrules.States, and a channel that records.
package notifiertest

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"tocsin/alertrules"
	"tocsin/notifier"
)

// ErrCrash is what a Memory returns for a transaction that was cut off.
var ErrCrash = errors.New("the process was killed")

// Memory is a store in memory. What goes in is kept as JSON, as a real store
// keeps it, so nothing is shared with the caller.
type Memory struct {
	mu      sync.Mutex
	rules   map[string][]byte
	alerts  map[string]*alertRow
	news    map[notifier.NewsKey]*newsRow
	beliefs map[notifier.BeliefKey][]byte
	mails   map[int64]*notifier.Mail
	changed map[string]int64
	notices []notifier.Notice
	open    map[string]alertrules.Notice // causes of notices, by key

	alertIDs, mailIDs, rounds, noticeN int64

	// Log is the history of decisions.
	Log []notifier.Entry
	// Crash, when set, is asked before each transaction: true loses it, as a
	// process does that is killed before its commit.
	Crash func() bool
	// CrashAfter is asked after each transaction: true reports a crash although
	// it was committed.
	CrashAfter func() bool
}

// Open returns the causes that are open, in the order of their keys.
func (m *Memory) Open() []alertrules.Notice {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []alertrules.Notice
	for _, key := range slices.Sorted(maps.Keys(m.open)) {
		if !strings.HasPrefix(key, once) {
			list = append(list, m.open[key])
		}
	}
	return list
}

type alertRow struct {
	doc     []byte
	rule    string
	settled bool
	closes  time.Time
	ack     *alertrules.Ack
}

type newsRow struct {
	doc     []byte
	rule    string
	settled bool
}

// NewMemory returns an empty store.
func NewMemory() *Memory {
	return &Memory{
		rules: map[string][]byte{}, alerts: map[string]*alertRow{}, news: map[notifier.NewsKey]*newsRow{}, beliefs: map[notifier.BeliefKey][]byte{},
		mails: map[int64]*notifier.Mail{}, changed: map[string]int64{}, open: map[string]alertrules.Notice{},
	}
}

// once begins the keys of notices that were told and are no causes.
const once = "\x00told "

// notice keeps one cause open at a time.
func (m *Memory) notice(notices []alertrules.Notice) {
	for _, n := range notices {
		key := n.Key
		if n.Once {
			key = once + key
		}
		if _, open := m.open[key]; open != n.Over {
			continue
		}
		if n.Over {
			delete(m.open, key)
		} else {
			m.open[key] = n
		}
		if n.Silent {
			continue
		}
		m.noticeN++
		m.notices = append(m.notices, notifier.Notice{N: m.noticeN, Notice: n})
	}
}

// Work implements notifier.Book.
func (m *Memory) Work(_ context.Context, now time.Time) (*notifier.Work, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	w := &notifier.Work{Notices: slices.Clone(m.notices)}
	for _, rule := range slices.Sorted(maps.Keys(m.changed)) {
		w.Changed = append(w.Changed, notifier.Change{Rule: rule, Round: m.changed[rule]})
	}
	for _, k := range m.keys() {
		b := decode[notifier.Belief](m.beliefs[k])
		switch {
		case b.Next.IsZero():
		case !b.Next.After(now):
			w.Due = append(w.Due, k)
		case w.Next.IsZero() || b.Next.Before(w.Next):
			w.Next = b.Next
		}
	}
	return w, nil
}

func (m *Memory) keys() []notifier.BeliefKey {
	return slices.SortedFunc(maps.Keys(m.beliefs), func(a, b notifier.BeliefKey) int {
		return cmp.Or(strings.Compare(a.Group, b.Group), strings.Compare(a.Recipient, b.Recipient))
	})
}

// Group implements notifier.Book.
func (m *Memory) Group(_ context.Context, rule string) (*notifier.Group, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	g := &notifier.Group{}
	for _, id := range slices.Sorted(maps.Keys(m.alerts)) {
		if row := m.alerts[id]; row.rule == rule && !row.settled {
			g.Alerts = append(g.Alerts, row.alert())
		}
	}
	for _, row := range m.news {
		if row.rule == rule && !row.settled {
			n := decode[alertrules.News](row.doc)
			g.News = append(g.News, n)
		}
	}
	slices.SortFunc(g.News, func(a, b *alertrules.News) int {
		return cmp.Or(strings.Compare(a.Alert, b.Alert), cmp.Compare(a.N, b.N))
	})
	for _, k := range m.keys() {
		if k.Group == rule {
			g.Beliefs = append(g.Beliefs, decode[notifier.Belief](m.beliefs[k]))
		}
	}
	return g, nil
}

// Beliefs implements notifier.Book.
func (m *Memory) Beliefs(_ context.Context, keys []notifier.BeliefKey) ([]*notifier.Belief, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []*notifier.Belief
	for _, k := range keys {
		if doc, ok := m.beliefs[k]; ok {
			out = append(out, decode[notifier.Belief](doc))
		}
	}
	return out, nil
}

// NextMailIDs implements notifier.Book.
func (m *Memory) NextMailIDs(_ context.Context, n int) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	first := m.mailIDs + 1
	m.mailIDs += int64(n)
	return first, nil
}

// Commit implements notifier.Book.
func (m *Memory) Commit(_ context.Context, d *notifier.Decided) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.killed() {
		return ErrCrash
	}
	for _, c := range d.Changed {
		if m.changed[c.Rule] == c.Round {
			delete(m.changed, c.Rule)
		}
	}
	m.notices = slices.DeleteFunc(m.notices, func(n notifier.Notice) bool { return slices.Contains(d.Told, n.N) })
	for _, b := range d.Beliefs {
		m.beliefs[b.Key()] = encode(b)
	}
	for _, k := range d.Gone {
		delete(m.beliefs, k)
	}
	for _, id := range d.Replaced {
		if row := m.mails[id]; row.Marked || row.State != notifier.Waiting {
			return fmt.Errorf("row %d is marked or not waiting and cannot be replaced", id)
		}
		m.mails[id].State, m.mails[id].Ended, m.mails[id].Bytes = notifier.Replaced, d.At, nil
	}
	for _, row := range d.Mails {
		c := *row
		m.mails[row.ID] = &c
	}
	for _, id := range d.Settled {
		m.alerts[id].settled = true
	}
	for _, k := range d.SettledNews {
		m.news[k].settled = true
	}
	for id, t := range d.Closes {
		m.alerts[id].closes = t
	}
	m.notice(d.Notices)
	m.Log = append(m.Log, d.Log...)
	return m.done()
}

// All returns every row of the outbox, by id.
func (m *Memory) All() []*notifier.Mail {
	ids := []int64{}
	for id := int64(1); id <= m.mailIDs; id++ {
		ids = append(ids, id)
	}
	rows, _ := m.Mails(context.Background(), ids) // a Memory answers always
	return rows
}

// Unsettled counts alerts and news that somebody has yet to be told.
func (m *Memory) Unsettled() (alerts, news int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, a := range m.alerts {
		if !a.settled {
			alerts++
		}
	}
	for _, n := range m.news {
		if !n.settled {
			news++
		}
	}
	return alerts, news
}

func (m *Memory) killed() bool { return m.Crash != nil && m.Crash() }

// done is the end of a transaction.
func (m *Memory) done() error {
	if m.CrashAfter != nil && m.CrashAfter() {
		return ErrCrash
	}
	return nil
}

func (r *alertRow) alert() *alertrules.Alert {
	a := decode[alertrules.Alert](r.doc)
	a.ClosesAt, a.Ack = r.closes, r.ack
	return a
}

func encode(v any) []byte {
	doc, err := json.Marshal(v)
	if err != nil {
		panic(err) // documents are plain data
	}
	return doc
}

func decode[T any](doc []byte) *T {
	v := new(T)
	if err := json.Unmarshal(doc, v); err != nil {
		panic(err) // it was encoded here
	}
	return v
}
