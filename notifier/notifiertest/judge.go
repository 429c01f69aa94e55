package notifiertest

import (
	"fmt"
	"strings"

	"tocsin/notifier"
)

// Whether the mails that arrived are those that were expected.

// An Arrival is a mail as its recipient has it. The text part is that of
// PlainTemplates.
type Arrival struct {
	To     string // address
	Letter notifier.Letter
	Copy   bool // the same bytes arrived before
}

// Compare says in what the mails of one moment differ from what is wanted: in
// any order of recipients, in order for each of them.
func Compare(got []Arrival, want []Want, people map[string]notifier.Person) []string {
	var faults []string
	used := make([]bool, len(got))
	for _, w := range want {
		i := -1
		for j, a := range got {
			if i < 0 && !used[j] && strings.EqualFold(a.To, people[w.To].Email) {
				i = j
			}
		}
		if i < 0 {
			faults = append(faults, fmt.Sprintf("no mail to %s, want %s %q", w.To, w.Kind, w.Tells))
			continue
		}
		used[i] = true
		for _, fault := range got[i].differs(w) {
			faults = append(faults, fmt.Sprintf("the mail to %s %s\n%s", w.To, fault, got[i].Letter.Text))
		}
	}
	for i, a := range got {
		if !used[i] {
			faults = append(faults, fmt.Sprintf("a mail to %s that is not expected: %s\n%s", a.To, a.Letter.Subject, a.Letter.Text))
		}
	}
	return faults
}

// differs compares one mail.
func (a Arrival) differs(w Want) []string {
	var faults []string
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	kind, tells := read(a.Letter.Text)
	if kind != w.Kind {
		fault("is of kind %q, want %q", kind, w.Kind)
	}
	if strings.Join(tells, "\n") != strings.Join(w.Tells, "\n") {
		fault("tells\n  %s\nwant\n  %s", strings.Join(tells, "\n  "), strings.Join(w.Tells, "\n  "))
	}
	if !strings.Contains(a.Letter.Subject, w.Subject) {
		fault("has the subject %q, want %q", a.Letter.Subject, w.Subject)
	}
	for _, s := range w.Says {
		if !strings.Contains(a.Letter.Text, s) {
			fault("does not say %q", s)
		}
	}
	rows := 0
	for _, f := range a.Letter.Attachments {
		rows = strings.Count(string(f.Data), "\n") - 1
	}
	if rows != w.Rows {
		fault("has an attachment of %d rows, want %d", rows, w.Rows)
	}
	if w.Same && !a.Copy {
		fault("is no copy")
	}
	return faults
}
