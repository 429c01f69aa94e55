package notifier

// This file shows what mails alerts would make, without storing or sending any.

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"tocsin/alertrules"
	"tocsin/templates"
)

// A Preview is what to show: alerts and news of one rule, to people who know
// nothing of it yet.
type Preview struct {
	Config    Config
	Rule      Rule
	Templates *templates.Set
	Alerts    []*alertrules.Alert
	News      []*alertrules.News
}

// Letters decides and renders at a moment as Step does, without quiet periods,
// and returns the letters instead of storing them.
func (p Preview) Letters(ctx context.Context, at time.Time) ([]Letter, error) {
	router, err := NewRouter(withoutQuiet(p.Config))
	if err != nil {
		return nil, err
	}
	none := None
	p.Rule.Notify.Quiet = &none
	var letters []Letter
	book := &previewBook{rule: p.Rule.ID, group: Group{Alerts: p.Alerts, News: p.News}}
	n, err := New(Options{
		Book: book, Outbox: book, Channel: book,
		Router:    func() *Router { return router },
		Rules:     func(id string) (Rule, bool) { return p.Rule, id == p.Rule.ID },
		Templates: func() *templates.Set { return p.Templates },
		Build: func(l Letter) ([]byte, error) {
			letters = append(letters, l)
			return []byte{}, nil
		},
	})
	if err != nil {
		return nil, err
	}
	_, err = n.Step(ctx, at)
	return letters, err
}

// withoutQuiet returns a configuration in which nothing is held.
func withoutQuiet(c Config) Config {
	c.Notify.Quiet = None
	c.Notify.Routes = slices.Clone(c.Notify.Routes)
	for i := range c.Notify.Routes {
		c.Notify.Routes[i].Quiet = None
	}
	c.People = maps.Clone(c.People)
	for name, person := range c.People {
		person.Quiet = None
		c.People[name] = person
	}
	return c
}

// previewBook is a store that holds one group and forgets what it is told.
type previewBook struct {
	rule  string
	group Group
}

// Work implements Book: the one group has changed.
func (b *previewBook) Work(context.Context, time.Time) (*Work, error) {
	return &Work{Changed: []Change{{Rule: b.rule, Round: 1}}}, nil
}

// Group implements Book.
func (b *previewBook) Group(context.Context, string) (*Group, error) { return &b.group, nil }

// Beliefs implements Book: nobody knows anything.
func (b *previewBook) Beliefs(context.Context, []BeliefKey) ([]*Belief, error) { return nil, nil }

// NextMailIDs implements Book.
func (b *previewBook) NextMailIDs(context.Context, int) (first int64, err error) { return 1, nil }

// Commit implements Book and forgets.
func (b *previewBook) Commit(context.Context, *Decided) error { return nil }

// Ready implements Outbox: nothing is ever due.
func (b *previewBook) Ready(context.Context, time.Time, int) (rows []*Mail, next time.Time, err error) {
	return nil, next, nil
}

// Mails implements Outbox.
func (b *previewBook) Mails(context.Context, []int64) ([]*Mail, error) { return nil, nil }

// ParkedFor implements Outbox.
func (b *previewBook) ParkedFor(context.Context, string) ([]int64, error) { return nil, nil }

// Record implements Outbox and forgets.
func (b *previewBook) Record(context.Context, *Delivery) error { return nil }

// Send implements Channel. It is never called: nothing is delivered.
func (b *previewBook) Send(context.Context, Envelope, func() error) Outcome {
	return Outcome{Answer: errors.ErrUnsupported.Error()}
}

// Close implements Channel.
func (b *previewBook) Close() error { return nil }
