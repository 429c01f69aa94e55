package notifier_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"tocsin/alertrules"
	"tocsin/notifier"
)

// That an address was refused is over when it takes a mail, or when the last of its
// mails that were given up is dropped; until then it says the way out.
func TestRefusalEnds(t *testing.T) {
	const refused = "mail/refused/ben@example.com/"
	for _, c := range []struct {
		name string
		do   []string // about the mails that were given up, in their order
		open [][]string
	}{
		{"dropped", []string{"drop", "drop"}, [][]string{{refused + "2026-11-23", refused + "2026-11-24"}, nil}},
		{"sent at last", []string{"retry"}, [][]string{nil}},
		{"refused again", []string{"fail"}, [][]string{{refused + "2026-11-23", refused + "2026-11-24"}}},
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
			b.round([]*alertrules.Alert{stateAlert("A-0001", []any{"bob"})}, nil)
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
				if open, err := b.store.OpenCauses(ctx, refused); err != nil || !slices.Equal(open, c.open[i]) {
					t.Errorf("after %s %d: open %q, %v; want %q", what, i+1, open, err, c.open[i])
				}
			}
		})
	}
}
