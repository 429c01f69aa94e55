package main

// This file reads the mails of the tests over hostile records as a mail program
// does, and judges them.

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/emersion/go-message"
	"golang.org/x/net/html"
)

// A letter is one delivered message as a mail program reads it.
type letter struct {
	to, rule, alert, subject, text, html string

	headers []string // names, in their order
	parts   []string // media types, in their order
	shape   string   // elements, attributes and addresses of the HTML
	shown   string   // text of the HTML, white space as one blank
	rows    string   // of the attachment
}

// judgeMails reads every mail of the maildir and compares it with its twin's.
func judgeMails(t *testing.T, b *bench, payloads []payload) {
	letters := map[string]letter{} // by rule and recipient
	for _, l := range b.letters(t) {
		if _, again := letters[l.rule+" "+l.to]; again || l.rule == "" {
			t.Errorf("%s: a second mail of rule %q to %s", l.alert, l.rule, l.to)
		}
		letters[l.rule+" "+l.to] = l
	}
	judgeAll(t, letters["all <rows@example.com>"])
	twins := map[string]string{}
	for _, p := range payloads {
		if p.twin {
			twins[p.Format+" "+p.Field] = strings.ToLower(p.ID)
		}
	}
	want := 1
	for _, p := range payloads {
		id, twin := strings.ToLower(p.ID), twins[p.Format+" "+p.Field]
		kinds := []string{"-o <rows@example.com>"}
		for _, reader := range p.readers() {
			kinds = append(kinds, "-d <"+reader+"@example.com>")
		}
		want += len(kinds)
		for _, kind := range kinds {
			l, ok := letters[id+kind]
			if !ok {
				t.Errorf("%s: no mail %s", p.ID, kind)
				continue
			}
			for _, fault := range p.judge(l, letters[twin+kind]) {
				t.Errorf("%s %s (%s in %s %s: %s): %s", p.ID, kind, p.Class, p.Format, p.Field, p.Why, fault)
			}
		}
	}
	if len(letters) != want {
		t.Errorf("%d mails, not %d", len(letters), want)
	}
}

// judgeAll is about the mail with all rows: a table of the first, an attachment
// with all, under a hostile heading and by a rule with a hostile name.
func judgeAll(t *testing.T, l letter) {
	t.Helper()
	for name, text := range map[string]string{"subject": l.subject, "text": l.text, "HTML": l.html, "attachment": l.rows} {
		if why := unclean(text); why != "" || text == "" {
			t.Errorf("all rows: %s has %q: %.200s", name, why, text)
		}
	}
	for _, text := range []string{l.shown, l.text, l.subject} {
		if at := clickable.FindStringIndex(text); at != nil {
			t.Errorf("all rows: becomes a link: %q", text[max(0, at[0]-80):at[1]])
		}
	}
	for name, text := range map[string]string{"subject": l.subject, "text": l.text, "attachment": l.rows} {
		if why := reorders(text); why != "" {
			t.Errorf("all rows: %s: %s", name, why)
		}
	}
	for _, no := range []string{"<StartTag img", "<StartTag script", "onerror", "example.net"} {
		if strings.Contains(l.shape, no) {
			t.Errorf("all rows: the HTML has %s", no)
		}
	}
	rows, err := csv.NewReader(strings.NewReader(l.rows)).ReadAll()
	if err != nil || len(rows) < 80 {
		t.Errorf("all rows: an attachment of %d rows: %v", len(rows), err)
	}
	for _, row := range rows {
		for _, cell := range row {
			if formulaLike(cell) {
				t.Errorf("all rows: %q is a formula", cell)
			}
		}
	}
}

// judge says what is wrong with a letter.
func (p payload) judge(l, twin letter) (faults []string) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	for name, text := range map[string]string{"subject": l.subject, "text": l.text, "HTML": l.html, "attachment": l.rows} {
		if why := unclean(text); why != "" {
			fault("%s has %s", name, why)
		}
	}
	if s := l.subject; strings.ContainsAny(s, "\n\r\t") || len([]rune(s)) > 120 || !strings.HasPrefix(s, "[FIRING high] ") {
		fault("the subject is %q", s)
	}
	if strings.Contains(l.subject[len("[FIRING high]"):], "[RESOLVED]") {
		fault("the subject has a forged state: %q", l.subject)
	}
	if !slices.Equal(l.headers, twin.headers) || !slices.Equal(l.parts, twin.parts) {
		fault("headers %q, parts %q, of the twin %q, %q", l.headers, l.parts, twin.headers, twin.parts)
	}
	if l.shape != twin.shape {
		fault("the HTML has another shape than with a harmless value:\n%s\n%s", firstDifference(l.shape, twin.shape), "")
	}
	for name, text := range map[string]string{"text": l.text, "HTML": l.shown, "subject": l.subject} {
		if found := clickable.FindString(text); found != "" {
			fault("%s has what becomes a link: %q", name, found)
		}
	}
	places := map[string]string{"text": l.text, "HTML": l.shown}
	if strings.HasPrefix(l.to, "<csv") {
		places = map[string]string{"attachment": l.rows, "HTML": l.shown}
	}
	for name, text := range places {
		if p.Marker != "" && !strings.Contains(text, p.Marker) {
			fault("the marker is not in the %s", name)
		}
	}
	if p.Class == "template" && !strings.Contains(l.shown, visible(p.value)) && !p.isKey() {
		fault("the template text is not shown as typed: %.300q", l.shown)
	}
	return append(faults, p.judgeRows(l)...)
}

func visible(s string) string { return strings.Join(strings.Fields(s), " ") }

// judgeRows reads the attachment as a spreadsheet does.
func (p payload) judgeRows(l letter) (faults []string) {
	if !strings.HasPrefix(l.to, "<csv") {
		return nil
	}
	rows, err := csv.NewReader(strings.NewReader(l.rows)).ReadAll()
	if err != nil || len(rows) != 2 || len(rows[0]) != len(rows[1]) {
		return []string{fmt.Sprintf("attachment: %d rows: %v\n%s", len(rows), err, l.rows)}
	}
	for _, row := range rows {
		for _, cell := range row {
			if formulaLike(cell) {
				faults = append(faults, fmt.Sprintf("attachment: %q is a formula", cell))
			}
		}
	}
	return faults
}

func firstDifference(a, b string) string {
	i := 0
	for i < min(len(a), len(b)) && a[i] == b[i] {
		i++
	}
	i = max(0, i-60)
	return fmt.Sprintf("…%.200q\n…%.200q", a[i:], b[i:])
}

// shapeOf is the elements of a document with their attributes; values of
// attributes that say where to go or how to look belong to it, title is text.
// Line breaks and isolates are no markup of the value's.
func shapeOf(doc string) (shape, shown string) {
	var s, text strings.Builder
	z := html.NewTokenizer(strings.NewReader(doc))
	for {
		switch kind := z.Next(); kind {
		case html.ErrorToken:
			return s.String(), visible(text.String())
		case html.TextToken:
			text.WriteString(z.Token().Data)
		case html.CommentToken:
			s.WriteString("<!>")
		default:
			token := z.Token()
			if token.Data == "bdi" || token.Data == "br" || token.Data == "wbr" {
				continue
			}
			s.WriteString("<" + kind.String() + " " + token.Data)
			for _, a := range token.Attr {
				s.WriteString(" " + a.Key)
				if a.Key == "title" {
					text.WriteString(" " + a.Val + " ")
				} else {
					s.WriteString("=" + a.Val)
				}
			}
			s.WriteString(">")
		}
	}
}

// readLetter reads a message with all of its headers and parts. Lines have at
// most 998 bytes, and only CR LF ends them.
func readLetter(raw []byte) (letter, error) {
	var l letter
	for line := range bytes.SplitSeq(bytes.TrimSuffix(raw, []byte("\r\n")), []byte("\r\n")) {
		if len(line) > 998 || bytes.ContainsAny(line, "\r\n\x00") {
			return l, fmt.Errorf("a line of %d bytes, or with a bare CR, LF or NUL: %.80q", len(line), line)
		}
	}
	entity, err := message.Read(bytes.NewReader(raw))
	if err != nil {
		return l, err
	}
	for f := entity.Header.Fields(); f.Next(); {
		l.headers = append(l.headers, f.Key())
	}
	l.to, l.rule, l.alert = entity.Header.Get("To"), entity.Header.Get("X-Tocsin-Rule"), entity.Header.Get("X-Tocsin-Alert")
	if l.subject, err = entity.Header.Text("Subject"); err != nil {
		return l, err
	}
	if err := entity.Walk(func(_ []int, e *message.Entity, err error) error { return l.part(e, err) }); err != nil {
		return l, err
	}
	l.shape, l.shown = shapeOf(l.html)
	return l, nil
}

func (l *letter) part(e *message.Entity, err error) error {
	if err != nil {
		return err
	}
	kind, _, err := e.Header.ContentType()
	l.parts = append(l.parts, kind)
	if err != nil || e.MultipartReader() != nil {
		return err
	}
	body, err := io.ReadAll(e.Body)
	text := strings.ReplaceAll(string(body), "\r\n", "\n")
	switch kind {
	case "text/plain":
		l.text = text
	case "text/html":
		l.html = text
	case "text/csv":
		l.rows = text
	default:
		return fmt.Errorf("a part of type %s", kind)
	}
	return err
}
