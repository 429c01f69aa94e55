package notifier

// This file decides what one recipient of one group is sent now. It is pure: no
// clock, no input or output; what it looks at is in World and Belief.

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"tocsin/alertrules"
)

// Decide compares the alerts of a group as they stand with what the recipient
// was told and says what to send now, or what holds it and until when. b is the
// belief as it will be when what is on its way has arrived; it is not changed.
func Decide(w World, b *Belief, now time.Time) Decision {
	c := compare(w, b, now)
	d := Decision{Flaps: c.flaps, Counts: c.counts, Silent: c.silent}
	s := c.sort(w, now)
	d.Hold = s.hold
	if !s.goes() {
		d.Next, d.Reason = s.next, s.reason(b, w.Zone)
		return d
	}
	d.Pierced = s.quiet && s.pierces
	d.Items = s.contents(c, d.Pierced)
	d.Kind = kind(b, s, w, now)
	if d.Kind != KindRecap && s.tellsOnly(Item.history) {
		d.Kind, d.History = KindRecap, true
	}
	d.Storm = alertCount(d.Items) > StormAlerts
	d.Tells = tellings(d.Items, c.counts)
	if len(s.held) > 0 {
		d.Waiting, d.Waits = s.waiting()
	}
	if !d.Pierced {
		d.Quiet = s.calendars
	}
	d.Reason = d.because(b, w, now)
	d.Next = s.next
	return d
}

// sorted is the changes by what happens to them now.
type sorted struct {
	now       time.Time
	ready     []change // due, and no quiet period holds them
	early     []change // not due, but go along with a mail
	later     []change // not due, and wait
	held      []change // due or early, held by a quiet period
	hold      time.Time
	holder    string // calendar
	next      time.Time
	quiet     bool // some calendar is quiet now
	pierces   bool // something that is ready goes out although its calendar is quiet
	calendars []string
	acked     *alertrules.Alert // one that is not repeated because somebody has taken it on; nil: none
}

// sort divides the changes.
func (c *comparison) sort(w World, now time.Time) *sorted {
	s := &sorted{now: now, acked: c.acked}
	for _, ch := range c.changes {
		due := !now.Before(ch.due)
		if !due {
			s.wake(ch.due)
		}
		if !due && !ch.carry {
			s.later = append(s.later, ch)
			continue
		}
		s.place(ch, due, w.Zone)
	}
	slices.Sort(s.calendars)
	s.calendars = slices.Compact(s.calendars)
	return s
}

// place asks the calendar of one change.
func (s *sorted) place(ch change, due bool, zone *time.Location) {
	q := ch.item.Settings.Quiet
	from, until, quiet := q.Period(s.now, zone)
	if quiet {
		s.quiet = true
	}
	pierces := quiet && ch.pierces(from)
	switch {
	case quiet && !pierces:
		ch.free = until
		s.held = append(s.held, ch)
		if due {
			s.wake(until)
			if s.hold.IsZero() || until.Before(s.hold) {
				s.hold, s.holder = until, q.Name
			}
		}
		return
	case due:
		s.ready = append(s.ready, ch)
		s.pierces = s.pierces || pierces
	default:
		s.early = append(s.early, ch)
	}
	if q != nil && !pierces {
		s.calendars = append(s.calendars, q.Name)
	}
}

// pierces reports whether the change goes out during a quiet period that began
// at from: by its severity, or because it ends what was told in this very
// period (D14, D15).
func (ch change) pierces(from time.Time) bool {
	if ch.item.What == Ends || ch.item.What == Unwatched && !ch.told.IsZero() {
		return !ch.told.Before(from)
	}
	except := ch.item.Settings.QuietExcept
	return except != 0 && ch.rank >= except
}

// wake asks for another look at t.
func (s *sorted) wake(t time.Time) {
	if s.next.IsZero() || t.Before(s.next) {
		s.next = t
	}
}

// goes reports whether a mail goes out now.
func (s *sorted) goes() bool { return len(s.ready) > 0 }

// waiting counts what is held and would be news, and says when the first of it may
// go.
func (s *sorted) waiting() (n int, until time.Time) {
	for _, ch := range s.held {
		if ch.repeat {
			continue
		}
		at := ch.free
		if ch.due.After(at) {
			at = ch.due
		}
		if n++; n == 1 || at.Before(until) {
			until = at
		}
	}
	return n, until
}

// contents returns what the mail tells: everything untold that nothing holds
// (D04), and in a line what goes on.
func (s *sorted) contents(c *comparison, pierced bool) []Item {
	var items []Item
	listed := map[string]bool{}
	add := func(it Item) {
		if it.Alert.Mode == alertrules.Event {
			items = addNews(items, it)
			return
		}
		if !listed[it.Alert.ID] {
			listed[it.Alert.ID] = true
			items = append(items, it)
		}
	}
	for _, ch := range slices.Concat(s.ready, s.early) {
		add(ch.item)
	}
	for _, it := range c.still {
		if pierced {
			it.What = Still
		}
		add(it)
	}
	slices.SortStableFunc(items, func(a, b Item) int {
		return cmp.Or(cmp.Compare(rank(a.What), rank(b.What)), cmp.Compare(b.Alert.MaxSeverity, a.Alert.MaxSeverity),
			cmp.Compare(a.What, b.What), a.Alert.Began.Compare(b.Alert.Began), strings.Compare(a.Alert.Key, b.Alert.Key))
	})
	return items
}

// rank is the order in a mail: firing, goes on, ended, came and went.
func rank(w What) int {
	if w <= GoesOn {
		return 0
	}
	return int(w)
}

// addNews adds a piece of news, or that the rule is no longer watched, to the
// item of its alert.
func addNews(items []Item, it Item) []Item {
	for i := range items {
		if items[i].Alert.ID != it.Alert.ID {
			continue
		}
		items[i].News = append(items[i].News, it.News...)
		slices.SortFunc(items[i].News, func(a, b *alertrules.News) int { return cmp.Compare(a.N, b.N) })
		items[i].What = max(items[i].What, it.What)
		return items
	}
	return append(items, it)
}

// kind says what the mail is.
func kind(b *Belief, s *sorted, w World, now time.Time) Kind {
	has := map[What]bool{}
	waited := false
	for _, ch := range slices.Concat(s.ready, s.early) {
		has[ch.item.What] = true
		if ch.item.What == Happened {
			clock := b.Accepted.Add(ch.item.Settings.Repeat)
			waited = waited || !b.Accepted.IsZero() && ch.item.News[0].At.Before(clock)
		}
	}
	switch {
	case !b.Held.IsZero() && !s.quiet:
		return KindRecap
	case !w.Since.IsZero() && now.Sub(w.Since) >= StaleAfter, s.tellsOnly(Item.late):
		return KindDelayed
	case has[Begins], has[Happened] && !waited && !has[Unwatched]:
		return KindFirst
	case has[Rises], has[Happened], has[Unwatched]:
		return KindNews
	case has[Ends] && (has[Changed] || has[GoesOn]): // of another alert, which is what the mail shows first
		return KindNews
	case has[Ends]:
		return KindResolved
	case has[CameAndWent]:
		return KindDelayed
	case has[Changed] && newsAmong(s.ready):
		return KindNews
	}
	return KindRepeat
}

// tellsOnly reports whether everything that is told is of a kind.
func (s *sorted) tellsOnly(is func(Item) bool) bool {
	return !slices.ContainsFunc(slices.Concat(s.ready, s.early), func(ch change) bool { return !is(ch.item) })
}

// history reports whether an item comes from history.
func (it Item) history() bool {
	return it.Alert.History || it.What == Happened && !slices.ContainsFunc(it.News, func(n *alertrules.News) bool { return !n.History })
}

// late reports whether an item was found by filling a gap, or was delivered very
// late.
func (it Item) late() bool { return it.Alert.Late || it.longAgo() }

// newsAmong reports whether a row is new; rows that are gone are no news (D08).
func newsAmong(changes []change) bool {
	return slices.ContainsFunc(changes, func(ch change) bool { return len(newRows(ch.item)) > 0 })
}

// tellings says what the acceptance of a mail with these items makes known.
func tellings(items []Item, counts map[string][]string) []Telling {
	var out []Telling
	at := map[string]int{}
	for _, it := range items {
		a := it.Alert
		if a.Mode == alertrules.Event {
			t := Telling{Event: true, Alert: a.ID, Closed: it.What == Unwatched}
			for _, n := range it.News {
				t.News = append(t.News, n.N)
			}
			out = append(out, t)
			continue
		}
		if it.What == Still {
			continue
		}
		i, ok := at[a.Key]
		if !ok {
			i = len(out)
			at[a.Key] = i
			out = append(out, Telling{Key: a.Key, Over: slices.Clone(counts[a.Key])})
		}
		if !a.Firing() {
			out[i].Over = append(out[i].Over, a.ID)
		}
		if !ok || a.Firing() {
			out[i].Alert, out[i].Firing, out[i].Severity, out[i].Rows = a.ID, a.Firing(), a.MaxSeverity, nil
			if a.Firing() {
				out[i].Rows = tellRows(a)
			}
		}
	}
	return out
}

// alertCount counts the alerts that a mail shows in full.
func alertCount(items []Item) int {
	n := 0
	for _, it := range items {
		if it.What != Still {
			n++
		}
	}
	return n
}
