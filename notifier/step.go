package notifier

// This file is one step: it decides for every belief that changed or is due,
// writes the mails, and puts all of it into one transaction.

import (
	"context"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
)

// step is one T2 in the making.
type step struct {
	n      *Notifier
	router *Router
	now    time.Time
	d      Decided
	next   time.Time

	groups   map[string]*group
	order    []string // ids of groups, as they were loaded
	wanted   []want
	places   map[BeliefKey]int // in wanted
	results  []*result
	rendered map[string]rendering
}

// want is a belief to decide about. With rewrite its unsent mail is written anew.
type want struct {
	key     BeliefKey
	rewrite bool
	done    bool
}

// result is a decision to send something.
type result struct {
	group    *group
	b        *belief
	to       Recipient
	d        Decision
	replaced *Queued
	last     time.Time // acceptance of the mail before
}

func newStep(n *Notifier, now time.Time) *step {
	return &step{n: n, router: n.o.Router(), now: now, d: Decided{At: now}, groups: map[string]*group{}, places: map[BeliefKey]int{}, rendered: map[string]rendering{}}
}

// wantAll asks for decisions for everybody whom a group concerns or who was told of it.
func (s *step) wantAll(ctx context.Context, id string) error {
	g, err := s.loadGroup(ctx, id)
	if err != nil {
		return err
	}
	addresses := map[string]string{}
	for k, b := range g.beliefs {
		addresses[k] = b.Recipient
	}
	for k, w := range g.worlds {
		addresses[k] = w.Address
	}
	for _, k := range slices.Sorted(maps.Keys(addresses)) {
		s.add(want{key: BeliefKey{id, addresses[k]}})
	}
	return nil
}

// want asks for one decision.
func (s *step) want(ctx context.Context, k BeliefKey, rewrite bool) error {
	if _, err := s.loadGroup(ctx, k.Group); err != nil {
		return err
	}
	s.add(want{key: k, rewrite: rewrite})
	return nil
}

func (s *step) add(w want) {
	k := BeliefKey{w.key.Group, strings.ToLower(w.key.Recipient)}
	i, ok := s.places[k]
	if !ok {
		s.places[k] = len(s.wanted)
		s.wanted = append(s.wanted, w)
		return
	}
	if old := &s.wanted[i]; w.rewrite && !old.rewrite {
		old.rewrite, old.done = true, false
	}
}

// run decides, writes and commits.
func (s *step) run(ctx context.Context, notices []Notice) error {
	for again := true; again; { // deciding may ask for more
		again = false
		for i := 0; i < len(s.wanted); i++ {
			if s.wanted[i].done {
				continue
			}
			again, s.wanted[i].done = true, true
			if err := s.decide(ctx, s.wanted[i].key, s.wanted[i].rewrite); err != nil {
				return err
			}
		}
	}
	if err := s.write(ctx, notices); err != nil {
		return err
	}
	for _, id := range s.order {
		s.settle(s.groups[id])
	}
	for _, id := range s.order {
		s.keep(s.groups[id])
	}
	if s.empty() {
		return nil
	}
	return s.n.o.Book.Commit(ctx, &s.d)
}

// empty reports whether there is nothing to commit.
func (s *step) empty() bool {
	d := s.d
	d.At = time.Time{}
	return reflect.DeepEqual(d, Decided{})
}

// decide decides about one belief.
func (s *step) decide(ctx context.Context, key BeliefKey, rewrite bool) error {
	g := s.groups[key.Group]
	b := g.belief(key.Recipient)
	a := g.audienceOf(s.router, key.Recipient)
	world := World{Zone: a.Zone, Matters: a.matters}
	unsent := b.unsent()
	from := b.view(true, true)
	d := Decide(world, from, s.now)
	redo := unsent != nil && (rewrite || d.Kind != KindNone || len(a.matters) == 0)
	if redo || d.Kind != KindNone && len(b.Parked) > 0 {
		if unsent != nil {
			world.Since = unsent.Since
		}
		from = b.view(false, false)
		d = Decide(world, from, s.now)
	}
	if redo {
		if err := s.wantOthers(ctx, unsent, key); err != nil {
			return err
		}
	}
	s.drop(b, redo)
	s.note(b, a, d)
	if d.Kind != KindNone {
		r := &result{group: g, b: b, to: a.Recipient, d: d, last: from.Accepted}
		if redo {
			r.replaced = unsent
		}
		s.results = append(s.results, r)
	}
	return nil
}

// wantOthers asks for the decisions of the other groups that a row tells of: it
// is written anew for all of them.
func (s *step) wantOthers(ctx context.Context, q *Queued, key BeliefKey) error {
	for _, other := range q.Groups {
		if other == key.Group {
			continue
		}
		if err := s.want(ctx, BeliefKey{other, key.Recipient}, true); err != nil {
			return err
		}
	}
	return nil
}

// unsent returns the row of the belief that was not marked, nil if there is none.
func (b *Belief) unsent() *Queued {
	for i := range b.Queue {
		if !b.Queue[i].Marked {
			q := b.Queue[i]
			return &q
		}
	}
	return nil
}

// drop takes the unsent row away, and what this step decided before about the
// same belief.
func (s *step) drop(b *belief, redo bool) {
	s.results = slices.DeleteFunc(s.results, func(r *result) bool { return r.b == b })
	if !redo {
		return
	}
	b.Queue = slices.DeleteFunc(slices.Clone(b.Queue), func(q Queued) bool {
		if !q.Marked && !slices.Contains(s.d.Replaced, q.Mail) {
			s.d.Replaced = append(s.d.Replaced, q.Mail)
		}
		return !q.Marked
	})
}

// note writes into the belief what deciding alone changes.
func (s *step) note(b *belief, a *audience, d Decision) {
	if r := a.repeat(); r > 0 {
		b.Repeat = r
	}
	maps.Copy(b.Flaps, d.Flaps)
	for k, ids := range d.Counts {
		b.account(k, ids, slices.Contains(d.Silent, k))
	}
	if (d.Kind == KindNone || d.Pierced) && (len(b.Queue) == 0 || !d.Hold.IsZero()) {
		b.Held = d.Hold
	}
	if d.Kind == KindNone && d.Reason != b.Reason && (b.stored != nil || !d.Hold.IsZero()) {
		s.d.Log = append(s.d.Log, Entry{At: s.now, Group: b.Group, Recipient: b.Recipient, Reason: d.Reason, Next: d.Next})
	}
	b.Kind, b.Reason, b.Next = d.Kind, d.Reason, d.Next
}
