package notifier

// This file turns decisions into rows of the outbox.

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"tocsin/alertrules"
	"tocsin/diag"
)

// draft is one mail to be written.
type draft struct {
	to      Recipient
	kind    Kind
	parts   []*result // one, or all groups of a recap; none for the operator
	notices []Notice
	since   time.Time
}

// drafts puts decisions into mails: what one recipient's quiet period held is
// one recap over all groups; everything else is a mail of its own, also what was
// found in history.
func (s *step) drafts(notices []Notice) []*draft {
	var out []*draft
	recap := map[string]*draft{}
	for _, r := range s.results {
		since := s.now
		if r.replaced != nil {
			since = r.replaced.Since
		}
		key := strings.ToLower(r.to.Address)
		quiet := r.d.Kind == KindRecap && !r.d.History
		if one := recap[key]; quiet && one != nil {
			one.parts, one.since = append(one.parts, r), soonest(one.since, since)
			continue
		}
		d := &draft{to: r.to, kind: r.d.Kind, parts: []*result{r}, since: since}
		if quiet {
			recap[key] = d
		}
		out = append(out, d)
	}
	if len(notices) > 0 {
		for _, n := range notices {
			s.d.Told = append(s.d.Told, n.N)
		}
		out = append(out, s.operatorDrafts(notices)...)
	}
	return out
}

// operatorDrafts tell the operators everything, and an owner what is about what is
// theirs: one mail for each address.
func (s *step) operatorDrafts(notices []Notice) []*draft {
	var out []*draft
	for _, to := range s.router.Operators() {
		out = append(out, &draft{to: to, kind: KindOperator, notices: notices, since: s.now})
	}
	operators := len(out)
	for _, n := range notices {
		for _, to := range s.router.recipients(n.Owners) {
			i := slices.IndexFunc(out, func(d *draft) bool { return strings.EqualFold(d.to.Address, to.Address) })
			switch {
			case i < 0:
				out = append(out, &draft{to: to, kind: KindOperator, notices: []Notice{n}, since: s.now})
			case i >= operators:
				out[i].notices = append(out[i].notices, n)
			}
		}
	}
	return out
}

// write adds the mails to the transaction.
func (s *step) write(ctx context.Context, notices []Notice) error {
	all := s.drafts(notices)
	if len(all) == 0 {
		return nil
	}
	id, err := s.n.o.Book.NextMailIDs(ctx, len(all))
	if err != nil {
		return err
	}
	for _, d := range all {
		s.mail(d, id)
		id++
	}
	return nil
}

// mail writes one mail. When its bytes cannot be made the operator is told, and
// it is tried again later: the belief stays as it is.
func (s *step) mail(d *draft, id int64) {
	letter := s.letter(d)
	bytes, err := s.n.o.Build(letter)
	if err != nil {
		s.n.o.Log.Warn("a mail goes out as text alone", "recipient", d.to.Address, "error", err)
		letter.HTML, letter.Attachments = "", nil
		bytes, err = s.n.o.Build(letter)
	}
	if err != nil {
		s.cannotBuild(d, err)
		return
	}
	m := &Mail{
		ID: id, Channel: s.n.o.Name, From: letter.From, Recipient: d.to.Address, Kind: d.kind, Subject: letter.Subject,
		Since: d.since, Written: s.now, Bytes: bytes, State: Waiting, Next: s.now,
	}
	for _, r := range d.parts {
		m.Groups = append(m.Groups, r.group.rule.ID)
		m.Quiet = append(m.Quiet, r.d.Quiet...)
		m.Pierces = m.Pierces || r.d.Pierced
		m.Alerts = append(m.Alerts, alertIDs(r.d.Items)...)
	}
	slices.Sort(m.Quiet)
	m.Quiet = slices.Compact(m.Quiet)
	for _, r := range d.parts {
		r.b.Queue = append(slices.Clone(r.b.Queue), Queued{Mail: id, Since: d.since, Written: s.now, Groups: m.Groups, Pierced: r.d.Pierced && !r.d.Hold.IsZero(), Tells: r.d.Tells})
		s.d.Log = append(s.d.Log, Entry{At: s.now, Group: r.group.rule.ID, Recipient: d.to.Address, Kind: r.d.Kind, Reason: r.d.Reason, Next: r.d.Next, Mail: id, Alerts: alertIDs(r.d.Items)})
	}
	if d.kind == KindOperator {
		s.d.Log = append(s.d.Log, Entry{At: s.now, Recipient: d.to.Address, Kind: d.kind, Reason: "told the operator", Mail: id})
	}
	s.d.Mails = append(s.d.Mails, m)
}

// cannotBuild leaves the belief to be looked at again.
func (s *step) cannotBuild(d *draft, err error) {
	text := fmt.Sprintf("a mail to %s cannot be made: %s", d.to.Address, diag.Line(err.Error()))
	s.d.Notices = append(s.d.Notices, alertrules.Notice{Key: "mail/build/" + d.to.Address, Text: text, Since: s.now})
	for _, r := range d.parts {
		r.b.Next = soonest(r.b.Next, s.now.Add(5*time.Minute))
	}
}

// alertIDs returns the ids of the alerts that a mail tells of, without those
// that only go on.
func alertIDs(items []Item) []string {
	var out []string
	for _, it := range items {
		if it.What != Still {
			out = append(out, it.Alert.ID)
		}
	}
	return out
}

// letter writes what the mail says.
func (s *step) letter(d *draft) Letter {
	from := s.router.c.Mail.From
	if from == "" {
		from = "tocsin@localhost"
	}
	l := Letter{ID: s.n.o.NewID(), From: from, FromName: "tocsin", To: d.to.Address, Date: s.now}
	c := newComposition(s, d)
	msg := c.render()
	l.Subject, l.Text, l.HTML = msg.Subject, msg.Text, msg.HTML
	l.Attachments = c.attachments
	l.Tags = map[string]string{"Kind": string(d.kind)}
	if len(d.parts) == 0 {
		return l
	}
	l.Tags["Alert"], l.Tags["Severity"], l.Tags["State"] = c.mail.ID, c.mail.Severity, c.mail.State
	if len(d.parts) == 1 {
		l.List = d.parts[0].group.rule.ID
		l.Tags["Rule"] = l.List
	}
	if d.kind != KindRecap {
		root := threadRoot(c.mail.ID, d.to.Address, from)
		l.InReplyTo, l.References = root, []string{root}
	}
	return l
}

// threadRoot is the Message-ID that all mails of an episode to one recipient
// answer, also the first: mail programs put them into one thread although no
// such message exists, whichever of them arrives first.
func threadRoot(alert, to, from string) string {
	sum := sha256.Sum256([]byte(strings.ToLower(to)))
	return "thread." + strings.ToLower(alert) + "." + hex.EncodeToString(sum[:6]) + from[strings.LastIndexByte(from, '@'):]
}
