package notifier_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"tocsin/alertrules"
	"tocsin/notifier"
)

// A refusal about us pauses the channel, changes no row and is told once; when
// it works again, that is told too (G40).
func TestOperatorPause(t *testing.T) {
	people := map[string]notifier.Person{"ken": {Email: "ken@example.com"}, "ami": {Email: "ami@example.com"}}
	b := newBench(t, people, notifier.Rule{ID: "r"}, nil)
	refuse := true
	b.channel.Answer = func(notifier.Envelope) notifier.Outcome {
		if refuse {
			return notifier.Outcome{Kind: notifier.Operator, Code: 535, Stage: "AUTH", Answer: "535 wrong password"}
		}
		return notifier.Outcome{Kind: notifier.Sent, Code: 250, Answer: "250 ok"}
	}
	b.round([]*alertrules.Alert{stateAlert("A-0001", []any{"bob"})}, nil)
	attempts := b.channel.Attempts
	if attempts != 1 {
		t.Errorf("%d attempts before the pause", attempts)
	}
	for range 12 { // an hour
		b.now = b.now.Add(5 * time.Minute)
		b.deliver()
	}
	if n := b.channel.Attempts; n < 3 || n > 6 {
		t.Errorf("%d attempts in an hour: a server that refuses us locks accounts", n)
	}
	refuse = false
	b.now = b.now.Add(2 * time.Hour)
	got := b.deliver()
	if !strings.Contains(got["ami@example.com"].Text, "bob") || got["ami@example.com"].Tags["Kind"] != "delayed" {
		t.Errorf("ami gets %q", got["ami@example.com"].Subject)
	}
	operator := 0
	for _, m := range b.store.All() {
		if m.Kind == notifier.KindOperator {
			operator++
			if m.State != notifier.Accepted || m.Recipient != "ken@example.com" {
				t.Errorf("the operator's mail is %s to %s", m.State, m.Recipient)
			}
		}
		if m.State == notifier.Parked {
			t.Error("a recipient is marked as failed")
		}
	}
	if operator != 2 {
		t.Errorf("%d mails to the operator, want the failure and its end", operator)
	}
}

// Refusals that turn out to be about us are taken back.
func TestUndo(t *testing.T) {
	people := map[string]notifier.Person{"ken": {Email: "ken@example.com"}, "ami": {Email: "ami@example.com"}, "eve": {Email: "eve@example.com"}}
	b := newBench(t, people, notifier.Rule{ID: "r"}, nil)
	var refused []int64
	b.channel.Answer = func(e notifier.Envelope) notifier.Outcome {
		if b.now.Hour() > 10 {
			return notifier.Outcome{Kind: notifier.Sent, Code: 250, Answer: "250 ok"}
		}
		if len(refused) == 2 {
			return notifier.Outcome{Kind: notifier.Operator, Code: 550, Stage: "RCPT", Answer: "550 5.7.1 no", Undo: refused}
		}
		refused = append(refused, e.ID)
		return notifier.Outcome{Kind: notifier.Failed, Code: 550, Stage: "RCPT", Answer: "550 5.7.1 no"}
	}
	b.round([]*alertrules.Alert{stateAlert("A-0001", []any{"bob"})}, nil)
	for _, m := range b.store.All() {
		if m.Kind != notifier.KindOperator && m.State != notifier.Waiting {
			t.Errorf("the row of %s is %s", m.Recipient, m.State)
		}
	}
	b.now = b.now.Add(2 * time.Hour)
	got := b.deliver()
	for _, to := range []string{"ken", "ami", "eve"} {
		if !strings.Contains(got[to+"@example.com"].Text, "bob") && to != "ken" { // ken is the operator: his last mail is another
			t.Errorf("%s gets %q", to, got[to+"@example.com"].Subject)
		}
	}
}

// While a server cannot be reached there is one attempt at least every five
// minutes, and no more than one row is held up by it (D26).
func TestBackoffBound(t *testing.T) {
	b := newBench(t, ken, notifier.Rule{ID: "r"}, nil)
	down := notifier.Outcome{Kind: notifier.Retry, Stage: "connect", Answer: "refused", Server: true}
	b.channel.Answer = func(notifier.Envelope) notifier.Outcome { return down }
	b.round([]*alertrules.Alert{stateAlert("A-0001", []any{"bob"})}, nil)
	last, attempts := b.now, b.channel.Attempts
	for range 10_000 {
		next, err := b.n.Deliver(context.Background(), b.now)
		if err != nil {
			t.Fatal(err)
		}
		if b.channel.Attempts > attempts+1 {
			t.Fatalf("%d attempts at once", b.channel.Attempts-attempts)
		}
		attempts = b.channel.Attempts
		if next.Sub(b.now) > 5*time.Minute {
			t.Fatalf("waits %s", next.Sub(b.now))
		}
		b.now = next
		if b.now.Sub(last) > 26*time.Hour {
			break
		}
	}
	b.channel.Answer = nil
	if got := b.deliver(); got["ken@example.com"].Tags["Kind"] != "delayed" {
		t.Errorf("after 26 hours: %+v", got)
	}
}

// A decision that is made while a server thinks about the old mail wins, as long
// as the old one did not get to DATA.
func TestReplacedDuringDialogue(t *testing.T) {
	for _, kind := range []notifier.OutcomeKind{notifier.Sent, notifier.Retry, notifier.Failed} {
		b := newBench(t, ken, notifier.Rule{ID: "r"}, nil)
		a := stateAlert("A-0001", []any{"bob"})
		first := true
		b.channel.Answer = func(notifier.Envelope) notifier.Outcome {
			if !first {
				return notifier.Outcome{Kind: notifier.Sent, Code: 250, Answer: "250 ok"}
			}
			first = false
			a.Ended, a.How = b.now, alertrules.EndNoRows
			if err := b.store.CommitRound(context.Background(), &alertrules.Round{At: b.now, Alerts: []*alertrules.Alert{a}}); err != nil {
				t.Fatal(err)
			}
			if _, err := b.n.Step(context.Background(), b.now); err != nil {
				t.Fatal(err)
			}
			return notifier.Outcome{Kind: kind, Answer: "whatever"}
		}
		b.round([]*alertrules.Alert{a}, nil)
		rows := b.store.All()
		if len(b.channel.Arrived) != 1 || len(rows) != 2 || rows[0].State != notifier.Replaced || rows[1].State != notifier.Accepted {
			t.Errorf("%s: %d mails arrived, rows %v", kind, len(b.channel.Arrived), rows)
		}
		if open, _ := b.store.Unsettled(); open != 0 {
			t.Errorf("%s: the alert is not settled", kind)
		}
	}
}

// An alert that concerns nobody settles, and does not stay for ever.
func TestNobodyToTell(t *testing.T) {
	b := newBench(t, nil, notifier.Rule{ID: "r"}, nil)
	a := stateAlert("A-0001", []any{"bob"})
	a.Ended = b.now
	e := stateAlert("A-0002")
	e.Mode, e.NewsN = alertrules.Event, 1
	b.round([]*alertrules.Alert{a, e}, []*alertrules.News{{Alert: "A-0002", N: 1, At: b.now, Severity: alertrules.High}})
	if alerts, news := b.store.Unsettled(); alerts != 1 || news != 0 {
		t.Errorf("%d alerts and %d pieces of news wait", alerts, news)
	}
}
