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

// refusalCauses begins the keys of the causes that mails to an address were refused.
func refusalCauses(address string) string { return "mail/refused/" + strings.ToLower(address) + "/" }

// refusedNotice tells of a refused address, once for each address and day (D27).
func refusedNotice(m *Mail, now time.Time) alertrules.Notice {
	return alertrules.Notice{
		Key: refusalCauses(m.Recipient) + now.UTC().Format(time.DateOnly),
		Text: fmt.Sprintf("%s refused: %s\nMail %d is given up, and kept. The next news tries the address again; \"tocsin outbox retry %d\" does so now, \"tocsin outbox drop %d\" ends it.",
			m.Recipient, m.Answer, m.ID, m.ID, m.ID),
		Since: now,
	}
}

// accepted ends what the operator was told of refusals of the address of m, which was
// sent.
func (n *Notifier) accepted(ctx context.Context, m *Mail, now time.Time) ([]alertrules.Notice, error) {
	return n.refusalsOver(ctx, m.Recipient, m.Recipient+" is refused no longer: mail "+fmt.Sprint(m.ID)+" was sent", now)
}

// dropped does so for m that is dropped, unless another mail to its address is
// given up.
func (n *Notifier) dropped(ctx context.Context, m *Mail, now time.Time) ([]alertrules.Notice, error) {
	parked, err := n.o.Outbox.ParkedFor(ctx, m.Recipient)
	if err != nil || slices.ContainsFunc(parked, func(id int64) bool { return id != m.ID }) {
		return nil, err
	}
	return n.refusalsOver(ctx, m.Recipient, m.Recipient+" refused mails, and the last of them was dropped", now)
}

// refusalsOver ends all causes that mails to an address were refused.
func (n *Notifier) refusalsOver(ctx context.Context, address, text string, now time.Time) ([]alertrules.Notice, error) {
	keys, err := n.o.Outbox.OpenCauses(ctx, refusalCauses(address))
	var over []alertrules.Notice
	for _, key := range keys {
		over = append(over, alertrules.Notice{Key: key, Text: text, Since: now, Over: true})
	}
	return over, err
}
