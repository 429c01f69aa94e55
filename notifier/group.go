package notifier

// This file brings together, for one group, what each recipient is to be
// compared with.

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"tocsin/alertrules"
)

// group is one group while a step looks at it.
type group struct {
	rule    Rule
	known   bool // the rule exists
	alerts  []*alertrules.Alert
	news    map[string][]*alertrules.News // by alert
	beliefs map[string]*belief            // by address, in lower case
	worlds  map[string]*audience          // by address, in lower case
}

// belief is a Belief with what it was when it was read.
type belief struct {
	*Belief
	stored *Belief // nil: there was none
}

// audience is what concerns one recipient.
type audience struct {
	Recipient
	matters []Matter
}

// loadGroup reads a group and routes its alerts.
func (s *step) loadGroup(ctx context.Context, id string) (*group, error) {
	if g, ok := s.groups[id]; ok {
		return g, nil
	}
	read, err := s.n.o.Book.Group(ctx, id)
	if err != nil {
		return nil, err
	}
	g := &group{alerts: read.Alerts, news: map[string][]*alertrules.News{}, beliefs: map[string]*belief{}, worlds: map[string]*audience{}}
	g.rule, g.known = s.n.o.Rules(id)
	if !g.known {
		g.rule = Rule{ID: id, Name: id}
	}
	for _, p := range read.News {
		g.news[p.Alert] = append(g.news[p.Alert], p)
	}
	for _, b := range read.Beliefs {
		g.beliefs[strings.ToLower(b.Recipient)] = &belief{Belief: b.clone(), stored: b}
		if !g.known && b.RuleName != "" {
			g.rule.Name = b.RuleName
		}
	}
	slices.SortStableFunc(g.alerts, func(a, b *alertrules.Alert) int { // ids say nothing of an order
		return cmp.Or(a.Began.Compare(b.Began), strings.Compare(a.Key, b.Key))
	})
	for _, a := range g.alerts {
		g.place(s.router, a)
	}
	s.groups[id] = g
	s.order = append(s.order, id)
	return g, nil
}

// place gives an alert to those whom it concerns. Routes look at the highest
// severity of the episode, so that whoever was told of it also hears its end;
// of an event alert at that of each piece of news.
func (g *group) place(r *Router, a *alertrules.Alert) {
	if a.Staging && a.How != alertrules.EndStaging || a.History && !a.Notify {
		return
	}
	if a.Mode == alertrules.State {
		g.give(r, a.MaxSeverity, Matter{Alert: a})
		return
	}
	for _, p := range g.news[a.ID] {
		if !p.History || p.Notify {
			g.give(r, p.Severity, Matter{Alert: a, News: p})
		}
	}
	if !a.Firing() && unwatched(a.How) {
		g.give(r, a.MaxSeverity, Matter{Alert: a})
	}
}

// give routes one matter. When the rule is gone, only those hear of it who had
// heard of it before.
func (g *group) give(r *Router, severity alertrules.Severity, m Matter) {
	to := r.Route(g.rule, m.Alert.Labels, severity)
	if !g.known {
		to = nil
		for _, b := range g.beliefs {
			person := r.Person(b.Recipient)
			to = append(to, Addressee{person, r.settings(r.c.Notify.choices(), person)})
		}
	}
	for _, t := range to {
		key := strings.ToLower(t.Address)
		w := g.worlds[key]
		if w == nil {
			w = &audience{Recipient: t.Recipient}
			g.worlds[key] = w
		}
		m.Settings = t.Settings
		w.matters = append(w.matters, m)
	}
}

// belief returns the belief of a recipient, a new one where there is none.
func (g *group) belief(address string) *belief {
	key := strings.ToLower(address)
	b := g.beliefs[key]
	if b == nil {
		b = &belief{Belief: (&Belief{Group: g.rule.ID, Recipient: address}).clone()}
		g.beliefs[key] = b
	}
	b.RuleName = g.rule.Name
	return b
}

// audienceOf returns what concerns an address; nobody's world is empty.
func (g *group) audienceOf(r *Router, address string) *audience {
	if w := g.worlds[strings.ToLower(address)]; w != nil {
		return w
	}
	return &audience{Recipient: r.Person(address)}
}

// repeat returns the longest repeat interval of what concerns the recipient.
func (w *audience) repeat() time.Duration {
	var d time.Duration
	for _, m := range w.matters {
		d = max(d, m.Settings.Repeat)
	}
	return d
}
