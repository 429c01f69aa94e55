package main

// This file reads the mails of timelines as a mail program does, and compares
// them with what is wanted.

import (
	"bytes"
	"errors"
	"net/mail"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"tocsin/notifier"
	"tocsin/notifier/notifiertest"
)

// compare takes the mails out of the maildir, oldest first, and compares them.
func (pl *player) compare(want []notifiertest.Want) {
	got := pl.mails()
	if pl.tl.Project != "" {
		pl.compareTexts(got, want)
		return
	}
	for _, fault := range notifiertest.Compare(got, want, pl.people) {
		pl.fault("%s", fault)
	}
}

// compareTexts compares mails of templates that are not ours: subjects, and
// what both parts say.
func (pl *player) compareTexts(got []notifiertest.Arrival, want []notifiertest.Want) {
	if len(got) != len(want) {
		pl.fault("%d mails, want %d", len(got), len(want))
		for _, a := range got {
			pl.fault("a mail to %s: %s\n%s", a.To, a.Letter.Subject, a.Letter.Text)
		}
		return
	}
	for _, w := range want {
		to := pl.people[w.To].Email
		i := slices.IndexFunc(got, func(a notifiertest.Arrival) bool { return a.To == to })
		if i < 0 {
			pl.fault("no mail to %s", w.To)
			continue
		}
		pl.compareText(got[i].Letter, w)
	}
}

func (pl *player) compareText(l notifier.Letter, w notifiertest.Want) {
	if !strings.Contains(l.Subject, w.Subject) {
		pl.fault("the subject of the mail to %s is %q, want %q", w.To, l.Subject, w.Subject)
	}
	for _, body := range []string{l.Text, l.HTML} {
		body = strings.Join(strings.Fields(body), " ")
		for _, text := range w.Says {
			if !strings.Contains(body, text) {
				pl.fault("the mail to %s does not say %q:\n%s", w.To, text, body)
			}
		}
		for _, text := range pl.tl.Never {
			if strings.Contains(body, text) {
				pl.fault("the mail to %s says %q:\n%s", w.To, text, body)
			}
		}
	}
}

func (pl *player) mails() []notifiertest.Arrival {
	folder := filepath.Join(pl.data, "mail", "new")
	entries, err := os.ReadDir(folder) // sorted: in the order of sending
	pl.check(err)
	var got []notifiertest.Arrival
	for _, entry := range entries {
		path := filepath.Join(folder, entry.Name())
		raw, err := os.ReadFile(path)
		pl.check(err)
		pl.check(os.Remove(path))
		a, err := receive(raw)
		pl.check(err)
		a.Letter.Text = strings.ReplaceAll(a.Letter.Text, pl.dir+"/", "") // of files
		a.Copy, pl.seen[string(raw)] = pl.seen[string(raw)], true
		got = append(got, a)
	}
	return got
}

// receive reads a message as a mail program does.
func receive(raw []byte) (notifiertest.Arrival, error) {
	var a notifiertest.Arrival
	l := &a.Letter
	rows := ""
	for kind, into := range map[string]*string{"text/plain": &l.Text, "text/html": &l.HTML, "text/csv": &rows} {
		m, err := mail.ReadMessage(bytes.NewReader(raw))
		if err != nil {
			return a, err
		}
		to, err := mail.ParseAddress(m.Header.Get("To"))
		if err != nil {
			return a, err
		}
		a.To = to.Address
		if *into, err = textPart(m.Body, m.Header, kind); err != nil && !errors.Is(err, errNoPart) {
			return a, err
		}
	}
	if rows != "" {
		l.Attachments = []notifier.Attachment{{Data: []byte(rows)}}
	}
	var err error
	l.Subject, _, err = mailText(bytes.NewReader(raw))
	return a, err
}
