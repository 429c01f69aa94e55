package agent

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tocsin/alertrules/alertrulestest"
	"tocsin/query"
)

func TestHealthAfter(t *testing.T) {
	for name, c := range map[string]struct {
		before, is Health
		told       string
		replace    bool
	}{
		"all is well":                     {Health{}, Health{}, "", false},
		"one query is left behind":        {Health{}, Health{Abandoned: 1}, "", false},
		"two":                             {Health{Abandoned: 1}, Health{Abandoned: 2}, "2 queries went on", true},
		"a file was opened again":         {Health{}, Health{Repaired: 1}, "opened again", false},
		"it is known":                     {Health{Repaired: 3}, Health{Repaired: 3}, "", false},
		"another time":                    {Health{Repaired: 3}, Health{Repaired: 4}, "opened again", false},
		"it cannot be, for one of them":   {Health{}, Health{Abandoned: 1, Stuck: true}, "a query holds", true},
		"it cannot be, and was before":    {Health{}, Health{Abandoned: 1, Repaired: 1, Stuck: true}, "opened again; a query holds", true},
		"it is to be replaced still":      {Health{Abandoned: 2}, Health{Abandoned: 2}, "2 queries went on", true},
		"two, and a file was opened anew": {Health{}, Health{Abandoned: 3, Repaired: 1}, "opened again; 3 queries", true},
	} {
		notices, replace := c.is.after(c.before, noon)
		ok := replace == c.replace && (len(notices) == 0) == (c.told == "")
		for i, part := range strings.Split(c.told, "; ") {
			ok = ok && (c.told == "" || i < len(notices) && strings.Contains(notices[i].Text, part) && notices[i].Once)
		}
		if !ok {
			t.Errorf("%s: %+v, replace %t", name, notices, replace)
		}
	}
}

// Two queries cannot be stopped: what they quarantine is committed, the operator and
// nobody else is told, and Run ends in order, so that the process is replaced. The
// agent after it tells nothing twice and goes on.
func TestP31TwoQueriesThatCannotBeStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, time.Now())
		r.records.Now = time.Now().Add(1000 * time.Hour)
		health := Health{}
		r.agent.o.Health = func() Health { r.mu.Lock(); defer r.mu.Unlock(); return health }
		ask := r.agent.o.Engine.Query
		r.agent.o.Engine.Query = func(ctx context.Context, p *query.Plan, w query.Window) (*query.Result, error) {
			r.mu.Lock()
			health.Abandoned++
			r.mu.Unlock()
			return ask(ctx, p, w)
		}
		run := func() (stop func(), done chan error) {
			r.agent = New(r.agent.o)
			ctx, cancel := context.WithCancel(t.Context())
			done = make(chan error, 1)
			go func() { done <- r.agent.Run(ctx) }()
			return cancel, done
		}
		record := func() {
			r.records.Add(alertrulestest.Record{Arrived: time.Now(), Time: time.Now(), Fields: map[string]any{"eventName": "x"}})
			time.Sleep(10 * time.Minute)
		}
		_, done := run()
		time.Sleep(time.Minute) // the rule is known
		record()
		if len(done) > 0 {
			t.Fatalf("one query: %v", <-done)
		}
		record()
		if len(done) == 0 {
			t.Fatalf("it goes on, %+v, %s", health, r.log.b.String())
		}
		if err := <-done; !errors.Is(err, ErrReplace) {
			t.Errorf("it ended with %v", err)
		}
		health, r.agent.o.Engine.Query = Health{}, ask // another process
		stop, done := run()
		time.Sleep(time.Minute)
		record()
		r.mu.Lock()
		health.Repaired = 1
		r.mu.Unlock()
		time.Sleep(time.Hour)
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		told := map[string]int{}
		for _, to := range r.arrived() {
			told[to]++
		}
		if told["ken@example.com"] != 2 || told["ami@example.com"] != 3 {
			t.Errorf("mails to %v", told)
		}
		for _, text := range []string{"2 queries went on after they were told to stop: tocsin starts itself anew", "it was opened again, and nothing is lost"} {
			if n := r.log.count(text); n != 1 {
				t.Errorf("%q was said %d times", text, n)
			}
		}
	})
}
