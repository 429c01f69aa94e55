package notifier

// This file tells the operator of an address that a server refused, and when that is
// over.

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"tocsin/alertrules"
)

// refused tells of a refused address, once for each address and day (D27), and begins
// the cause that it is refused.
func refused(m *Mail, now time.Time) []alertrules.Notice {
	n := alertrules.Notice{
		Key: refusal(m.Recipient),
		Text: fmt.Sprintf("%s refused: %s\nMail %d is given up, and kept. The next news tries the address again; \"tocsin outbox retry %d\" does so now, \"tocsin outbox drop %d\" ends it.",
			m.Recipient, m.Answer, m.ID, m.ID, m.ID),
		Since:  now,
		Silent: true,
	}
	told := n
	told.Key, told.Once, told.Wrong, told.Silent = n.Key+"/"+now.UTC().Format(time.DateOnly), true, true, false
	return []alertrules.Notice{n, told}
}

// refusal is the cause that mails to an address were refused.
func refusal(address string) string { return "mail/refused/" + strings.ToLower(address) }

// refusedNoLonger ends the cause that the address of m was refused: m was sent, or the
// last that was given up is dropped. Nobody is told: who dropped it knows.
func refusedNoLonger(m *Mail, now time.Time) alertrules.Notice {
	return alertrules.Notice{Key: refusal(m.Recipient), Since: now, Over: true, Silent: true}
}

// dropped is what follows from dropping m: its address is refused no longer, unless
// another mail to it is given up.
func (n *Notifier) dropped(ctx context.Context, m *Mail, now time.Time) ([]alertrules.Notice, error) {
	parked, err := n.o.Outbox.ParkedFor(ctx, m.Recipient)
	if err != nil || slices.ContainsFunc(parked, func(id int64) bool { return id != m.ID }) {
		return nil, err
	}
	return []alertrules.Notice{refusedNoLonger(m, now)}, nil
}
