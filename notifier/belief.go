package notifier

// This file says what is remembered of one recipient in one group: what they
// were told, what is on its way to them, and the repeat clock.

import (
	"slices"
	"time"

	"tocsin/alertrules"
)

// A Belief is what one recipient believes about one group, because mails that
// were accepted said so. It is stored as a document. Decide reads it; only the
// answer of a server (Accept) changes what it says was told.
type Belief struct {
	Group     string
	Recipient string // address
	RuleName  string // for a last mail about a rule that is gone

	Accepted time.Time         // when the last mail was accepted: the repeat clock (T3 only)
	Keys     map[string]*Told  // state alerts, by Alert.Key
	Episodes map[string]*Heard // event alerts, by Alert.ID
	Flaps    map[string]*Flap  // begins, by Alert.Key; counted also when nothing is told
	Held     time.Time         // end of the quiet period that holds something back; zero: none
	Queue    []Queued          // rows on their way, oldest first: at most one marked and one not (D26)
	Refused  time.Time         // when the address was last refused for good
	Parked   []Queued          // refused rows: what they would have told counts as told until there is news (D27)
	Repeat   time.Duration     // the longest repeat interval of what concerns the recipient, as last seen
	Next     time.Time         // when to decide again though nothing changes; zero: never
	Reason   string            // of the last decision
	Kind     Kind              // of the last decision
}

// Key returns what b is stored under.
func (b *Belief) Key() BeliefKey { return BeliefKey{b.Group, b.Recipient} }

// Told is what a recipient was told about one state alert.
type Told struct {
	Episode  string // id of the alert that Firing and Severity speak of
	Firing   bool   // told that it fires, and not yet that it is over
	At       time.Time
	Severity alertrules.Severity // the highest told in the episode
	Rows     map[string]ToldRow  // by rowID
	Over     []string            // ids of ended episodes that are told or counted, while they are not settled

	// Of the view that Decide gets, never stored: the row that told it is on
	// its way, or was refused.
	Pending bool `json:"-"`
	Refused bool `json:"-"`
}

// A ToldRow is a row of a state alert as it was told.
type ToldRow struct {
	Label   string            `json:",omitempty"` // its values that are no numbers, for "gone"
	Numbers map[string]string `json:",omitempty"` // by column, for "was 2"
}

// Heard is what a recipient was told about one event alert.
type Heard struct {
	N      int64   // all news up to this number
	Above  []int64 // and these, sorted
	Closed bool    // told that the rule is no longer watched
}

// Has reports whether the piece n was told.
func (h *Heard) Has(n int64) bool {
	return h != nil && (n <= h.N || slices.Contains(h.Above, n))
}

// add notes pieces as told.
func (h *Heard) add(pieces []int64) {
	for _, n := range pieces {
		if !h.Has(n) {
			h.Above = append(h.Above, n)
		}
	}
	slices.Sort(h.Above)
	for len(h.Above) > 0 && h.Above[0] == h.N+1 {
		h.N, h.Above = h.Above[0], h.Above[1:]
	}
}

// A Flap counts the begins of one alert key that follow each other within the
// repeat interval (D09).
type Flap struct {
	First time.Time // begin
	Prev  time.Time // the last begin but one; zero: there is none
	Last  time.Time // the last begin
	N     int
}

// Queued is a row of the outbox that has no final answer yet.
type Queued struct {
	Mail    int64
	Since   time.Time // first decision about it
	Written time.Time
	Marked  bool
	Groups  []string // all groups that the row tells of
	Pierced bool     // it went out during a quiet period that still holds something back
	Tells   []Telling
}

// A Telling is what the acceptance of a mail makes its recipient know about one
// alert.
type Telling struct {
	Key      string              // state alerts
	Alert    string              // id
	Firing   bool                // told that it fires; false: that it is over
	Severity alertrules.Severity // told
	Rows     map[string]ToldRow
	Over     []string // ids of ended episodes of the key
	Event    bool     // an event alert: News instead
	News     []int64
	Closed   bool
}

// Accept notes that the row was accepted at the moment t: what it told is told,
// and the repeat clock starts.
func (b *Belief) Accept(mail int64, t time.Time) {
	i := slices.IndexFunc(b.Queue, func(q Queued) bool { return q.Mail == mail })
	if i < 0 {
		return
	}
	q := b.Queue[i]
	b.Queue = slices.Delete(b.Queue, i, i+1)
	for _, t1 := range q.Tells {
		b.tell(t1, t)
	}
	b.uncover(q)
	b.Accepted, b.Refused = t, time.Time{}
	if !q.Pierced {
		b.Held = time.Time{}
	}
}

// Refuse notes that the row was refused for good: no clock, but what it would
// have told counts as told until there is news.
func (b *Belief) Refuse(mail int64, t time.Time) {
	i := slices.IndexFunc(b.Queue, func(q Queued) bool { return q.Mail == mail })
	if i < 0 {
		return
	}
	b.uncover(b.Queue[i])
	b.Parked = append(b.Parked, b.Queue[i])
	b.Queue = slices.Delete(b.Queue, i, i+1)
	b.Held, b.Refused = time.Time{}, t
}

// unrefuse takes a refusal back: the row is on its way again.
func (b *Belief) unrefuse(m *Mail) {
	q := Queued{Mail: m.ID, Since: m.Since, Written: m.Written, Groups: m.Groups}
	if i := slices.IndexFunc(b.Parked, func(q Queued) bool { return q.Mail == m.ID }); i >= 0 {
		q = b.Parked[i]
		b.Parked = slices.Delete(b.Parked, i, i+1)
	}
	q.Marked = false
	b.Queue, b.Refused = append(b.Queue, q), time.Time{}
}

// queued returns the row of this id that is on its way, nil when there is none.
func (b *Belief) queued(mail int64) *Queued {
	for i := range b.Queue {
		if b.Queue[i].Mail == mail {
			return &b.Queue[i]
		}
	}
	return nil
}

// uncover forgets refused rows that q tells of as well.
func (b *Belief) uncover(q Queued) {
	covered := func(p Telling) bool {
		return slices.ContainsFunc(q.Tells, func(t Telling) bool { return t.covers(p) })
	}
	b.Parked = slices.DeleteFunc(b.Parked, func(row Queued) bool {
		return !slices.ContainsFunc(row.Tells, func(p Telling) bool { return !covered(p) })
	})
}

// covers reports whether whoever was told t needs not be told p.
func (t Telling) covers(p Telling) bool {
	if t.Event != p.Event || t.Key != p.Key {
		return false
	}
	if !t.Event {
		return true
	}
	return t.Alert == p.Alert && !slices.ContainsFunc(p.News, func(n int64) bool { return !slices.Contains(t.News, n) })
}

// tell applies one Telling.
func (b *Belief) tell(t Telling, at time.Time) {
	if t.Event {
		if b.Episodes == nil {
			b.Episodes = map[string]*Heard{}
		}
		h := b.Episodes[t.Alert]
		if h == nil {
			h = &Heard{}
			b.Episodes[t.Alert] = h
		}
		h.add(t.News)
		h.Closed = h.Closed || t.Closed
		return
	}
	if b.Keys == nil {
		b.Keys = map[string]*Told{}
	}
	k := b.Keys[t.Key]
	if k == nil {
		k = &Told{}
		b.Keys[t.Key] = k
	}
	if k.Episode != t.Alert || !k.Firing {
		k.Severity = 0
	}
	k.Episode, k.Firing, k.At = t.Alert, t.Firing, at
	k.Severity = max(k.Severity, t.Severity)
	k.Rows = t.Rows
	for _, id := range t.Over {
		if !slices.Contains(k.Over, id) {
			k.Over = append(k.Over, id)
		}
	}
}

// clone returns a copy that shares nothing that tell changes.
func (b *Belief) clone() *Belief {
	c := *b
	c.Keys, c.Episodes, c.Flaps = make(map[string]*Told, len(b.Keys)), make(map[string]*Heard, len(b.Episodes)), make(map[string]*Flap, len(b.Flaps))
	for k, t := range b.Keys {
		u := *t
		u.Over = slices.Clone(t.Over)
		c.Keys[k] = &u
	}
	for id, h := range b.Episodes {
		g := *h
		g.Above = slices.Clone(h.Above)
		c.Episodes[id] = &g
	}
	for k, f := range b.Flaps {
		g := *f
		c.Flaps[k] = &g
	}
	c.Queue, c.Parked = slices.Clone(b.Queue), slices.Clone(b.Parked)
	return &c
}

// view returns the belief as it will be when everything that is under way has
// arrived: what Decide compares with. Rows that are not marked count only with
// unmarked; what was refused counts only with refused.
func (b *Belief) view(unmarked, refused bool) *Belief {
	v := b.clone()
	if refused {
		for _, q := range b.Parked {
			v.refused(q)
		}
	}
	v.Queue = slices.DeleteFunc(v.Queue, func(q Queued) bool { return !q.Marked && !unmarked })
	for _, q := range v.Queue {
		for _, t := range q.Tells {
			v.tell(t, q.Written)
			if k := v.Keys[t.Key]; k != nil && !t.Event {
				k.Pending, k.Refused = true, false
			}
		}
		if !q.Pierced {
			v.Held = time.Time{}
		}
	}
	return v
}

// refused applies a refused row to a view.
func (b *Belief) refused(q Queued) {
	for _, t := range q.Tells {
		b.tell(t, q.Written)
		if k := b.Keys[t.Key]; k != nil && !t.Event {
			k.Refused = true
		}
	}
}

// account notes ended episodes of a key as needing no telling; over says that
// the reader is taken to know that it is over.
func (b *Belief) account(key string, ids []string, over bool) {
	add := func(known []string) []string {
		known = append(slices.Clone(known), ids...)
		slices.Sort(known)
		return slices.Compact(known)
	}
	if t := b.Keys[key]; t != nil {
		t.Over = add(t.Over)
		t.Firing = t.Firing && !over
	}
	for i, q := range b.Parked {
		b.Parked[i].Tells = slices.Clone(q.Tells) // shared with what is stored
		for j := range q.Tells {
			if p := &b.Parked[i].Tells[j]; p.Key == key && !p.Event {
				p.Over = add(p.Over)
				p.Firing = p.Firing && !over
			}
		}
	}
}
