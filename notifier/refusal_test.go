package notifier_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"tocsin/alertrules"
	"tocsin/notifier"
)

// That an address was refused is over when it takes a mail, or when the last of its
// mails that were given up is dropped; until then it says the way out.
func TestRefusalEnds(t *testing.T) {
	for _, c := range []struct {
		name string
		do   []string // about the mails that were given up, in their order
		open []int    // causes, after each
	}{
		{"dropped", []string{"drop", "drop"}, []int{1, 0}},
		{"sent at last", []string{"retry"}, []int{0}},
		{"refused again", []string{"fail"}, []int{1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx := context.Background()
			b := newBench(t, map[string]notifier.Person{"ken": {Email: "ken@example.com"}, "ben": {Email: "Ben@example.com"}}, notifier.Rule{ID: "r"}, nil)
			refuses := true
			b.channel.Answer = func(e notifier.Envelope) notifier.Outcome {
				if refuses && e.To == "Ben@example.com" {
					return notifier.Outcome{Kind: notifier.Failed, Code: 550, Stage: "RCPT", Answer: "550 no such user"}
				}
				return notifier.Outcome{Kind: notifier.Sent, Code: 250, Answer: "250 ok"}
			}
			mails := b.round([]*alertrules.Alert{stateAlert("A-0001", []any{"bob"})}, nil)
			if text := mails["ken@example.com"].Text; !strings.HasPrefix(text, "ABOUT TOCSIN ITSELF - HIGH") || !strings.Contains(text, "refused: 550 no such user") {
				t.Errorf("the operator gets %q", text)
			}
			b.now = b.now.Add(24 * time.Hour)
			other := stateAlert("A-0002", []any{"eve"})
			other.Began, other.At, other.LastHit = b.now, b.now, b.now
			b.round([]*alertrules.Alert{other}, nil)
			parked, err := b.store.ParkedFor(ctx, "ben@example.com")
			if err != nil || len(parked) != 2 {
				t.Fatalf("given up: %v, %v", parked, err)
			}
			if text := b.store.Open()[0].Text; !strings.Contains(text, "tocsin outbox retry ") || !strings.Contains(text, "tocsin outbox drop ") {
				t.Errorf("the operator is told %q", text)
			}
			for i, what := range c.do {
				switch what {
				case "drop":
					err = b.n.Drop(ctx, parked[i], b.now, "ben has left")
				default:
					refuses = what == "fail"
					err = b.n.Retry(ctx, parked[i], b.now, "again")
				}
				if err != nil {
					t.Fatal(err)
				}
				b.deliver()
				if open := b.store.Open(); len(open) != c.open[i] {
					t.Errorf("after %s %d: open %+v, want %d", what, i+1, open, c.open[i])
				}
			}
		})
	}
}
