package notifier_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tocsin/alertrules"
	"tocsin/notifier"
)

// The loop tells at once what a round wakes it for, repeats on time without
// being woken, and ends with its context.
func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, ken, notifier.Rule{ID: "r"}, nil)
		ctx, cancel := context.WithCancel(t.Context())
		wake, done := make(chan struct{}), make(chan error)
		go func() { done <- b.n.Run(ctx, wake, nil, nil) }()
		synctest.Wait()
		a := stateAlert("A-0001", []any{"bob"})
		a.Began = time.Now()
		if err := b.store.CommitRound(ctx, &alertrules.Round{Alerts: []*alertrules.Alert{a}}); err != nil {
			t.Fatal(err)
		}
		wake <- struct{}{}
		synctest.Wait()
		if n := accepted(b); n != 1 {
			t.Fatalf("%d mails after the round", n)
		}
		time.Sleep(4*time.Hour - time.Second)
		synctest.Wait()
		if n := accepted(b); n != 1 {
			t.Fatalf("%d mails before the repeat", n)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if n := accepted(b); n != 2 {
			t.Fatalf("%d mails after the repeat interval", n)
		}
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	})
}

// While a rule has not caught up nothing is decided about it, not even a repeat
// that is due; then all of it is, at once.
func TestRunWaitsForCatchUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, ken, notifier.Rule{ID: "r"}, nil)
		ctx, cancel := context.WithCancel(t.Context())
		wake, done := make(chan struct{}), make(chan error)
		var behind atomic.Bool
		go func() {
			done <- b.n.Run(ctx, wake, func(rule string) bool { return rule == "r" && behind.Load() }, nil)
		}()
		a := stateAlert("A-0001", []any{"bob"})
		a.Began = time.Now()
		commit := func() {
			if err := b.store.CommitRound(ctx, &alertrules.Round{Alerts: []*alertrules.Alert{a}}); err != nil {
				t.Fatal(err)
			}
			wake <- struct{}{}
			synctest.Wait()
		}
		commit()
		behind.Store(true)
		time.Sleep(5 * time.Hour) // a repeat was due at 4 h
		commit()
		if n := accepted(b); n != 1 {
			t.Fatalf("%d mails while the rule is behind", n)
		}
		a.Ended, a.How = time.Now(), alertrules.EndNoRows
		behind.Store(false)
		commit()
		if n := accepted(b); n != 2 {
			t.Fatalf("%d mails once it has caught up", n)
		}
		cancel()
		<-done
	})
}

// accepted counts the rows of the outbox that were delivered.
func accepted(b *bench) int {
	n := 0
	for _, m := range b.store.All() {
		if m.State == notifier.Accepted {
			n++
		}
	}
	return n
}
