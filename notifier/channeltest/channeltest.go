// Package channeltest is the suite that every notifier.Channel passes. A
// channel's test is a function that makes a Rig, and one call of Run:
//
//	func TestChannel(t *testing.T) { channeltest.Run(t, open) }
//
// The suite holds what the notifier relies on: the bytes arrive unchanged, each
// once and in order; mark is called once and before anything goes out; an
// attempt says truly what came of it; the end of a context ends an attempt.
package channeltest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"tocsin/notifier"
)

// A Fault is what an attempt meets on the far side.
type Fault int

// The faults. A rig says which of them it can arrange.
const (
	Temporary  Fault = iota // refused for now: Retry
	Permanent               // this recipient refused for good: Failed
	AboutUs                 // our settings or credentials refused: Operator
	LostAnswer              // the bytes were taken, the answer never came: Unknown
	Hang                    // the far side does not answer
)

// A Message is what arrived on the far side.
type Message struct {
	To    string
	Bytes []byte
}

// A Rig is a channel with its far side.
type Rig struct {
	Channel  notifier.Channel
	Received func() []Message // all that arrived so far, in order
	// Arrange makes the next attempt, and only that one, meet f. It returns
	// false when this kind of channel cannot meet f; nil: it meets none.
	Arrange func(f Fault) bool
}

// patience bounds every attempt of the suite that should succeed.
const patience = 30 * time.Second

// Run runs the suite, each case on a rig of its own.
func Run(t *testing.T, open func(t *testing.T) Rig) {
	for _, c := range []struct {
		name string
		run  func(t *testing.T, r Rig)
	}{
		{"the bytes arrive unchanged", unchanged},
		{"each once and in order", inOrder},
		{"mark comes before the data", markFirst},
		{"nothing goes out when mark fails", markFails},
		{"an ended context sends nothing", ended},
		{"the end of a context ends an attempt", hang},
		{"a temporary refusal", temporary},
		{"a permanent refusal", permanent},
		{"a refusal about us", aboutUs},
		{"a lost answer", lostAnswer},
		{"sending after Close", reopened},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := open(t)
			t.Cleanup(func() {
				if err := r.Channel.Close(); err != nil {
					t.Logf("close: %v", err) // the far side may be gone by then
				}
			})
			c.run(t, r)
		})
	}
}

func envelope(id int64, body string) notifier.Envelope {
	return notifier.Envelope{
		ID: id, From: "tocsin@example.com", To: fmt.Sprintf("r%d@example.com", id),
		Bytes: fmt.Appendf(nil, "From: <tocsin@example.com>\r\nTo: <r%d@example.com>\r\nMessage-Id: <m%d@example.com>\r\nSubject: x\r\n\r\n%s", id, id, body),
	}
}

// send makes one attempt and fails the test when it does not end as want.
func send(t *testing.T, r Rig, e notifier.Envelope, want notifier.OutcomeKind) notifier.Outcome {
	t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), patience)
	defer stop()
	o := r.Channel.Send(ctx, e, func() error { return nil })
	if o.Kind != want {
		t.Fatalf("envelope %d: got %v at %s (%d %q), want %v", e.ID, o.Kind, o.Stage, o.Code, o.Answer, want)
	}
	if o.Stage == "" && want != notifier.Sent {
		t.Errorf("envelope %d: the outcome does not say where it was decided", e.ID)
	}
	return o
}

// arrived fails the test when what arrived is not want, in order.
func arrived(t *testing.T, r Rig, want ...notifier.Envelope) {
	t.Helper()
	got := r.Received()
	if len(got) != len(want) {
		t.Fatalf("%d messages arrived, want %d", len(got), len(want))
	}
	for i, m := range got {
		if m.To != want[i].To || !bytes.Equal(m.Bytes, want[i].Bytes) {
			t.Errorf("message %d: got to %s\n%q\nwant to %s\n%q", i, m.To, m.Bytes, want[i].To, want[i].Bytes)
		}
	}
}

func unchanged(t *testing.T, r Rig) {
	long := string(bytes.Repeat([]byte("0123456789"), 90))
	bodies := []string{
		"one line\r\n", "", "\r\n", ".\r\n", "..\r\n.x\r\n", "a\r\n.\r\nb\r\n", long + "\r\n" + long + "\r\n", "\tx \r\n\r\n\r\n",
		string(bytes.Repeat([]byte(long+"\r\n"), 300)),
	}
	var sent []notifier.Envelope
	for i, b := range bodies {
		sent = append(sent, envelope(int64(i+1), b))
	}
	subject := envelope(100, "x\r\n")
	subject.Bytes = bytes.Replace(subject.Bytes, []byte("Subject: x"), []byte("Subject: =?utf-8?q?=E6=9D=B1=E4=BA=AC_=F0=9F=94=94?="), 1)
	sent = append(sent, subject)
	for _, e := range sent {
		send(t, r, e, notifier.Sent)
	}
	arrived(t, r, sent...)
}

func inOrder(t *testing.T, r Rig) {
	var sent []notifier.Envelope
	for i := range 5 {
		e := envelope(int64(i+1), fmt.Sprintf("%d\r\n", i))
		sent = append(sent, e)
		send(t, r, e, notifier.Sent)
	}
	arrived(t, r, sent...)
}

func markFirst(t *testing.T, r Rig) {
	e, marks := envelope(1, "x\r\n"), 0
	o := r.Channel.Send(context.Background(), e, func() error {
		marks++
		if n := len(r.Received()); n != 0 {
			t.Errorf("%d messages had arrived when mark was called", n)
		}
		return nil
	})
	if o.Kind != notifier.Sent || marks != 1 {
		t.Errorf("got %v with %d marks, want sent with 1", o.Kind, marks)
	}
	arrived(t, r, e)
}

func markFails(t *testing.T, r Rig) {
	e := envelope(1, "x\r\n")
	o := r.Channel.Send(context.Background(), e, func() error { return errors.New("the store is full") })
	if o.Kind != notifier.Retry || o.Stage != "mark" || !o.Server {
		t.Errorf("got %v at %q (server %v), want retry at mark (server true)", o.Kind, o.Stage, o.Server)
	}
	arrived(t, r)
	send(t, r, e, notifier.Sent)
	arrived(t, r, e)
}

func ended(t *testing.T, r Rig) {
	ctx, stop := context.WithCancel(context.Background())
	stop()
	o := r.Channel.Send(ctx, envelope(1, "x\r\n"), func() error { t.Error("mark was called"); return nil })
	if o.Kind != notifier.Retry || !o.Server {
		t.Errorf("got %v (server %v), want retry (server true)", o.Kind, o.Server)
	}
	arrived(t, r)
}

func arrange(t *testing.T, r Rig, f Fault) {
	t.Helper()
	if r.Arrange == nil || !r.Arrange(f) {
		t.Skip("this channel cannot meet the fault")
	}
}

func hang(t *testing.T, r Rig) {
	arrange(t, r, Hang)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan notifier.Outcome, 1)
	go func() { done <- r.Channel.Send(ctx, envelope(1, "x\r\n"), func() error { return nil }) }()
	select {
	case o := <-done:
		t.Fatalf("the attempt ended by itself: %v %q", o.Kind, o.Answer)
	case <-time.After(100 * time.Millisecond):
	}
	stop()
	select {
	case o := <-done:
		if o.Kind != notifier.Retry && o.Kind != notifier.Unknown {
			t.Errorf("got %v, want retry or unknown", o.Kind)
		}
	case <-time.After(patience):
		t.Fatal("the attempt goes on after its context has ended")
	}
	send(t, r, envelope(2, "y\r\n"), notifier.Sent)
}

func temporary(t *testing.T, r Rig) {
	arrange(t, r, Temporary)
	e := envelope(1, "x\r\n")
	send(t, r, e, notifier.Retry)
	arrived(t, r)
	send(t, r, e, notifier.Sent)
	arrived(t, r, e)
}

func permanent(t *testing.T, r Rig) {
	arrange(t, r, Permanent)
	if o := send(t, r, envelope(1, "x\r\n"), notifier.Failed); o.Server {
		t.Error("a refusal of one recipient is said to be about the server")
	}
	next := envelope(2, "y\r\n")
	send(t, r, next, notifier.Sent)
	arrived(t, r, next)
}

func aboutUs(t *testing.T, r Rig) {
	arrange(t, r, AboutUs)
	if o := send(t, r, envelope(1, "x\r\n"), notifier.Operator); !o.Server || o.Answer == "" {
		t.Errorf("server %v, answer %q: want true and a text", o.Server, o.Answer)
	}
	arrived(t, r)
}

func lostAnswer(t *testing.T, r Rig) {
	arrange(t, r, LostAnswer)
	e := envelope(1, "x\r\n")
	send(t, r, e, notifier.Unknown)
	e.Marked, e.Tries = true, 1
	send(t, r, e, notifier.Sent)
	arrived(t, r, e, e)
}

func reopened(t *testing.T, r Rig) {
	a, b := envelope(1, "x\r\n"), envelope(2, "y\r\n")
	send(t, r, a, notifier.Sent)
	if err := r.Channel.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	send(t, r, b, notifier.Sent)
	arrived(t, r, a, b)
}
