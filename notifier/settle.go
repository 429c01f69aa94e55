package notifier

// This file ends a step: it finds what nobody needs to be told any more, forgets
// what is of no more use, and sets when to look again.

import (
	"maps"
	"reflect"
	"slices"
	"time"

	"tocsin/alertrules"
)

// keep puts the beliefs that changed into the transaction.
func (s *step) keep(g *group) {
	live, keys := s.live(g)
	for _, k := range slices.Sorted(maps.Keys(g.beliefs)) {
		b := g.beliefs[k]
		s.prune(b, live, keys)
		switch {
		case b.idle(s.now):
			if b.stored != nil {
				s.d.Gone = append(s.d.Gone, b.Key())
			}
		case b.stored == nil || !reflect.DeepEqual(b.stored.clone(), b.Belief):
			s.d.Beliefs = append(s.d.Beliefs, b.Belief)
			s.next = soonest(s.next, b.Next)
		}
	}
}

// live returns the ids and the keys of the alerts that are not settled.
func (s *step) live(g *group) (ids, keys map[string]bool) {
	settled := make(map[string]bool, len(s.d.Settled))
	for _, id := range s.d.Settled {
		settled[id] = true
	}
	ids, keys = map[string]bool{}, map[string]bool{}
	for _, a := range g.alerts {
		if !settled[a.ID] {
			ids[a.ID], keys[a.Key] = true, true
		}
	}
	return ids, keys
}

// prune forgets what is of no more use, and sets when to look again.
func (s *step) prune(b *belief, live, keys map[string]bool) {
	for k, t := range b.Keys {
		t.Over = slices.DeleteFunc(t.Over, func(id string) bool { return !live[id] })
		if !t.Firing && len(t.Over) == 0 || t.Firing && !keys[k] {
			delete(b.Keys, k)
		}
	}
	for id := range b.Episodes {
		if !live[id] {
			delete(b.Episodes, id)
		}
	}
	for k, f := range b.Flaps {
		if !keys[k] && !s.now.Before(f.Last.Add(b.Repeat)) {
			delete(b.Flaps, k)
		}
	}
	if len(live) == 0 && len(b.Queue) == 0 {
		b.Held, b.Parked = time.Time{}, nil
	}
	b.Next = soonest(b.Next, b.expiry(s.now))
}

// idle reports whether the belief says nothing that matters any more.
func (b *Belief) idle(now time.Time) bool {
	return len(b.Keys) == 0 && len(b.Episodes) == 0 && len(b.Flaps) == 0 && len(b.Queue) == 0 && len(b.Parked) == 0 && b.Held.IsZero() &&
		!now.Before(b.Accepted.Add(b.Repeat))
}

// expiry returns when the belief may become idle, or an event episode be over,
// by the passing of time alone.
func (b *Belief) expiry(now time.Time) time.Time {
	var t time.Time
	look := func(at time.Time) {
		if at = at.Add(b.Repeat); at.After(now) {
			t = soonest(t, at)
		}
	}
	for k, f := range b.Flaps {
		if b.Keys[k] == nil {
			look(f.Last)
		}
	}
	if len(b.Keys) == 0 {
		look(b.Accepted)
		look(b.Refused)
	}
	return t
}

// settled returns the belief as everything final has made it: what was accepted,
// and what was refused.
func (b *Belief) settled() *Belief {
	c := b.clone()
	c.Queue = nil
	return c.view(false, true)
}

// settle finds the alerts and the news of which nobody needs to be told any more.
func (s *step) settle(g *group) {
	told := map[string]*Belief{}
	for k, b := range g.beliefs {
		told[k] = b.settled()
	}
	open := map[NewsKey]bool{} // alerts (N is 0) and pieces that somebody has yet to be told
	for k, w := range g.worlds {
		for _, m := range w.matters {
			if !m.knownTo(told[k]) {
				open[NewsKey{m.Alert.ID, 0}] = true
				open[NewsKey{m.Alert.ID, m.n()}] = true
			}
		}
	}
	for _, a := range g.alerts {
		if a.Mode == alertrules.State {
			if !a.Firing() && !open[NewsKey{a.ID, 0}] {
				s.d.Settled = append(s.d.Settled, a.ID)
			}
			continue
		}
		s.settleEvent(g, a, open)
	}
}

// settleEvent settles the news of an event alert that everybody was told, and
// says until when its episode lasts (D06).
func (s *step) settleEvent(g *group, a *alertrules.Alert, open map[NewsKey]bool) {
	for _, p := range g.news[a.ID] {
		if key := (NewsKey{p.Alert, p.N}); !open[key] {
			s.d.SettledNews = append(s.d.SettledNews, key)
		}
	}
	var closes time.Time
	if !open[NewsKey{a.ID, 0}] {
		closes = g.closes(a)
	}
	if over := !a.Firing() || !closes.IsZero() && !s.now.Before(closes); over && !open[NewsKey{a.ID, 0}] {
		s.d.Settled = append(s.d.Settled, a.ID)
	}
	if !closes.Equal(a.ClosesAt) {
		if s.d.Closes == nil {
			s.d.Closes = map[string]time.Time{}
		}
		s.d.Closes[a.ID] = closes
	}
}

// closes returns when an event episode is over: its repeat interval after the
// last accepted mail, or after its last evaluation when nobody was told.
func (g *group) closes(a *alertrules.Alert) time.Time {
	var last time.Time
	var repeat time.Duration
	for _, b := range g.beliefs {
		if b.Episodes[a.ID] == nil && len(b.Parked) == 0 {
			continue
		}
		for _, t := range []time.Time{b.Accepted, b.Refused} {
			if t.After(last) {
				last = t
			}
		}
		repeat = max(repeat, b.Repeat)
	}
	if last.IsZero() {
		return a.At.Add(DefaultRepeat)
	}
	return last.Add(repeat)
}

// knownTo reports whether a recipient has been told of the matter as it stands.
func (m Matter) knownTo(b *Belief) bool {
	if b == nil {
		return false
	}
	if m.News != nil {
		return b.Episodes[m.Alert.ID].Has(m.News.N)
	}
	if m.Alert.Mode == alertrules.Event {
		h := b.Episodes[m.Alert.ID]
		return h == nil || h.Closed
	}
	t := b.Keys[m.Alert.Key]
	return m.Alert.Firing() || t != nil && slices.Contains(t.Over, m.Alert.ID)
}
