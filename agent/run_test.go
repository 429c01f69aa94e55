package agent

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"tocsin/alertrules/alertrulestest"
	"tocsin/ingest"
	"tocsin/notifier"
)

// The agent takes in what comes while it runs, evaluates on schedule, tells at
// once, keeps the files tidy, and says a failure that lasts once. The directory
// comes later than the agent, so that it is polled: a watch would stop the
// simulated clock.
func TestRun(t *testing.T) {
	parent := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		dir := filepath.Join(parent, "inbox")
		r := newRig(t, time.Now(), dir)
		r.maintain = make(chan struct{}, 1000)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- r.agent.Run(ctx) }()
		time.Sleep(time.Minute)
		if n := r.log.count("take in"); n < 1 || n > 2 { // the first drain, and the loop
			t.Errorf("a missing directory was logged %d times", n)
		}
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		put(t, dir, "a.json", time.Now())
		time.Sleep(6 * time.Minute) // the rule's default is every 5m
		synctest.Wait()
		if got := r.arrived(); !slices.Equal(got, []string{"ami@example.com"}) {
			t.Errorf("mails to %v", got)
		}
		if len(r.maintain) < 10 || r.log.count("the disk is full") == 0 {
			t.Errorf("%d times tidied, log:\n%s", len(r.maintain), r.log.b.String())
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// When its context ends, the agent finishes what is in flight: the answer to a
// mail is kept.
func TestRunFinishesADialogue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, time.Now())
		asked, answer := make(chan struct{}), make(chan struct{})
		r.channel.Answer = func(notifier.Envelope) notifier.Outcome {
			close(asked)
			<-answer
			return notifier.Outcome{Kind: notifier.Sent}
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- r.agent.Run(ctx) }()
		synctest.Wait()
		r.records.Add(alertrulestest.Record{Arrived: time.Now(), Time: time.Now(), Fields: map[string]any{"eventName": "x"}})
		<-asked
		cancel()
		synctest.Wait()
		select {
		case err := <-done:
			t.Fatalf("it did not wait for the answer: %v", err)
		default:
		}
		close(answer)
		if err := <-done; err != nil {
			t.Error(err)
		}
		if all := r.store.All(); len(all) != 1 || all[0].State != notifier.Accepted {
			t.Errorf("outbox %+v", all)
		}
	})
}

// The same of a load: Run returns after it.
func TestRunFinishesALoad(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "a.json", noon)
	r := newRig(t, time.Now(), dir)
	loading, release := make(chan struct{}), make(chan struct{})
	r.take = func(Source) error {
		close(loading)
		<-release
		return nil
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.agent.Run(ctx) }()
	<-loading
	cancel()
	select {
	case err := <-done:
		t.Fatalf("it did not wait for the load: %v", err)
	case <-time.After(20 * time.Millisecond):
	}
	close(release)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if n, _, err := r.records.LastSeq(t.Context()); n != 1 || err != nil {
		t.Errorf("%d records %v", n, err)
	}
}

// What a source forgets is stored also when the agent is told to end, if that does
// not take too long; what it hands out again is not waited for.
func TestFinishing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		forgotten, done := finishing(ctx, []ingest.Object{{Name: "a"}, {Name: "b", Held: []byte("x")}})
		defer done()
		again, _ := finishing(ctx, []ingest.Object{{Name: "a"}})
		cancel()
		time.Sleep(settleTime - time.Second)
		if forgotten.Err() != nil || again.Err() == nil {
			t.Errorf("%v, %v", forgotten.Err(), again.Err())
		}
		time.Sleep(2 * time.Second)
		if forgotten.Err() == nil {
			t.Error("it has no end")
		}
	})
}
