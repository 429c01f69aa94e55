package notifier_test

import (
	"context"
	"errors"
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
		go func() { done <- b.n.Run(ctx, wake) }()
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
