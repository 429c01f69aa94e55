package notifier_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"tocsin/alertrules"
	"tocsin/notifier"
	"tocsin/notifier/email"
	"tocsin/notifier/notifiertest"
	"tocsin/templates"
)

// bench is a notifier with the real templates, and one rule.
type bench struct {
	t       *testing.T
	store   *notifiertest.Memory
	channel *notifiertest.Recorder
	n       *notifier.Notifier
	now     time.Time
}

func newBench(t *testing.T, people map[string]notifier.Person, rule notifier.Rule, own fstest.MapFS) *bench {
	t.Helper()
	b := &bench{t: t, store: notifiertest.NewMemory(), channel: &notifiertest.Recorder{}, now: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)}
	var names []string
	for name := range people {
		names = append(names, name)
	}
	router, err := notifier.NewRouter(notifier.Config{People: people, Notify: notifier.Defaults{To: names}, Operator: []string{"ken"}})
	if err != nil {
		t.Fatal(err)
	}
	set, err := templates.Load(own)
	if err != nil {
		t.Fatal(err)
	}
	b.n, err = notifier.New(notifier.Options{
		Book: b.store, Outbox: b.store, Channel: b.channel, Router: func() *notifier.Router { return router },
		Rules:     func(string) (notifier.Rule, bool) { return rule, true },
		Templates: func() *templates.Set { return set },
		Build: func(l notifier.Letter) ([]byte, error) {
			if _, err := email.Build(l); err != nil {
				return nil, err // also a real mail can be made of it
			}
			return notifiertest.Build(l)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// round commits alerts and news and returns the letters that go out, by address.
func (b *bench) round(alerts []*alertrules.Alert, news []*alertrules.News) map[string]notifier.Letter {
	b.t.Helper()
	if err := b.store.CommitRound(context.Background(), &alertrules.Round{At: b.now, Alerts: alerts, News: news}); err != nil {
		b.t.Fatal(err)
	}
	return b.deliver()
}

func (b *bench) deliver() map[string]notifier.Letter {
	b.t.Helper()
	before := len(b.channel.Arrived)
	if err := b.n.DeliverAll(context.Background(), b.now); err != nil {
		b.t.Fatal(err)
	}
	out := map[string]notifier.Letter{}
	for _, e := range b.channel.Arrived[before:] {
		l, err := notifiertest.Letter(e.Bytes)
		if err != nil {
			b.t.Fatal(err)
		}
		out[e.To] = l
	}
	return out
}

var ken = map[string]notifier.Person{"ken": {Email: "ken@example.com"}}

func stateAlert(id string, rows ...[]any) *alertrules.Alert {
	t := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	a := &alertrules.Alert{ID: id, Rule: "r", Key: "r/" + id, Mode: alertrules.State, Severity: alertrules.High, MaxSeverity: alertrules.High, Since: t, Began: t, At: t, LastHit: t}
	a.Columns = []alertrules.Column{{Name: "@actor", Type: "text"}, {Name: "requestParameters", Type: "json"}, {Name: "sessionToken", Type: "text"}, {Name: "n", Type: "integer"}}
	for i, cells := range rows {
		a.Rows = append(a.Rows, alertrules.Row{Key: fmt.Sprint(i), Cells: cells, Severity: alertrules.High})
	}
	a.RowsAll = len(a.Rows)
	return a
}

func TestMailSays(t *testing.T) {
	rule := notifier.Rule{ID: "r", Name: "Root login", Owner: "cloud-team", Controls: []string{"CIS-AWS-4.0:4.3"}}
	people := map[string]notifier.Person{"ken": {Email: "ken@example.com", TimeZone: "Asia/Tokyo"}, "ami": {Email: "ami@example.com"}}
	b := newBench(t, people, rule, nil)
	a := stateAlert("A-7F3K", []any{"bob", `{"x":1}`, "t", int64(3)})
	a.Runbook, a.Annotations = "Call the actor.", map[string]string{"title": "Root came in", "desc": "Nobody should."}
	l := b.round([]*alertrules.Alert{a}, nil)["ken@example.com"]
	if l.Subject != "[FIRING high] Root login (A-7F3K) Root came in" {
		t.Errorf("subject %q", l.Subject)
	}
	for _, want := range []string{"bob", "Call the actor.", "Nobody should.", "CIS-AWS-4.0:4.3", "Also sent to ami", "tocsin query --alert A-7F3K", "19:00"} {
		if !strings.Contains(l.Text, want) || !strings.Contains(l.HTML, want) {
			t.Errorf("%q is missing in text or HTML:\n%s", want, l.Text)
		}
	}
	if len(l.References) != 1 || l.InReplyTo != l.References[0] || l.List != "r" || l.Tags["Alert"] != "A-7F3K" {
		t.Errorf("headers %+v", l)
	}
	b.now = b.now.Add(4 * time.Hour)
	again := b.deliver()["ken@example.com"]
	if again.InReplyTo != l.InReplyTo || again.ID == l.ID || again.Tags["Kind"] != "repeat" {
		t.Errorf("the repeat is not in the thread: %+v", again)
	}
}

// An address that the rule's author wrote stays one; the same text with a value
// of a record in it is made harmless (G03).
func TestAuthorsAddresses(t *testing.T) {
	const text = "Read https://wiki.example.com/root first."
	for _, authored := range [][]string{{"desc"}, nil} {
		b := newBench(t, ken, notifier.Rule{ID: "r"}, nil)
		a := stateAlert("A-0001", []any{"bob"})
		a.Annotations, a.Authored = map[string]string{"desc": text}, authored
		l := b.round([]*alertrules.Alert{a}, nil)["ken@example.com"]
		if whole := strings.Contains(l.HTML, text); whole != (authored != nil) {
			t.Errorf("authored %q: %v\n%s", authored, whole, l.HTML)
		}
	}
}

// A template sees what other queries of the rule returned, numbered as they are,
// and no secret in it.
func TestMailBeside(t *testing.T) {
	own := fstest.MapFS{"mine.html": {Data: []byte("---\nsubject: mine\n---\n<p>{{ alert.results | length }}, {{ alert.results[2].store }}: {{ alert.results[2].raw_results[0].n }} of {{ alert.results[2].raw_results_count }}, {{ alert.results[2].raw_results[0].sessionToken }}</p>\n")}}
	b := newBench(t, ken, notifier.Rule{ID: "r", Notify: alertrules.Notify{Template: "mine"}}, own)
	a := stateAlert("A-0001", []any{"bob"})
	a.Beside = []alertrules.Beside{{N: 2, Logstore: "findings", Columns: []alertrules.Column{{Name: "n"}, {Name: "sessionToken"}}, Rows: []alertrules.Row{{Cells: []any{int64(7), "hunter2"}}}, All: 9}}
	l := b.round([]*alertrules.Alert{a}, nil)["ken@example.com"]
	if !strings.Contains(l.Text, "3, findings: 7 of 9") || strings.Contains(l.Text, "hunter2") || strings.Contains(l.HTML, "hunter2") {
		t.Errorf("the mail says\n%s", l.Text)
	}
}

// Secrets and what a person is not to see appear nowhere (G07).
func TestMailMasks(t *testing.T) {
	people := map[string]notifier.Person{
		"ken": {Email: "ken@example.com"},
		"ami": {Email: "ami@example.com", Mask: []string{"accessKeyId", "n"}},
		"csv": {Email: "csv@example.com", Content: "csv"},
	}
	b := newBench(t, people, notifier.Rule{ID: "r"}, nil)
	secret := `{"user":"eve","masterUserPassword":"hunter2","deep":{"private_key":"hunter2","text":"{\"token\":\"hunter2\"}","accessKeyId":"AKIAX"},"big":12345678901234567890}`
	for to, l := range b.round([]*alertrules.Alert{stateAlert("A-0001", []any{"bob", secret, "hunter2", int64(77)}, []any{"bob", `{"password":"hunter2`, nil, int64(77)})}, nil) {
		all := l.Subject + l.Text + l.HTML
		for _, a := range l.Attachments {
			all += string(a.Data)
		}
		if strings.Contains(all, "hunter2") {
			t.Errorf("%s gets the secret:\n%s", to, all)
		}
		if !strings.Contains(all, "eve") && to != "csv@example.com" || strings.Contains(all, "1234567890123456789") != strings.Contains(all, "12345678901234567890") {
			t.Errorf("%s gets too little:\n%s", to, l.Text)
		}
		if hidden := !strings.Contains(all, "AKIAX") && !strings.Contains(all, "77"); hidden != (to == "ami@example.com") {
			t.Errorf("%s: hidden is %v", to, hidden)
		}
	}
}

func TestMailContent(t *testing.T) {
	people := map[string]notifier.Person{"ken": {Email: "ken@example.com"}, "sum": {Email: "sum@example.com", Content: "summary"}, "csv": {Email: "csv@example.com", Content: "csv"}}
	b := newBench(t, people, notifier.Rule{ID: "r"}, nil)
	var rows [][]any
	for i := range 25 {
		rows = append(rows, []any{fmt.Sprintf("=actor%02d", i), nil, nil, int64(i)})
	}
	got := b.round([]*alertrules.Alert{stateAlert("A-0001", rows...)}, nil)
	for to, want := range map[string]struct {
		table, lines int
	}{"ken@example.com": {20, 26}, "sum@example.com": {0, 0}, "csv@example.com": {0, 26}} {
		l := got[to]
		table, lines := 0, 0
		for i := 3; i < 25; i++ { // the first three are named as actors
			if strings.Contains(l.Text, fmt.Sprintf("actor%02d", i)) {
				table++
			}
		}
		for _, a := range l.Attachments {
			lines = strings.Count(string(a.Data), "\n")
			if !strings.Contains(string(a.Data), "'=actor03") || a.Name != "rows.csv" {
				t.Errorf("%s: attachment %s", a.Name, a.Data)
			}
		}
		if table != max(0, want.table-3) || lines != want.lines {
			t.Errorf("%s: %d rows in the table, %d lines attached\n%s", to, table, lines, l.Text)
		}
	}
}

// Of whole records a table shows what tells something.
func TestMailWideRecords(t *testing.T) {
	b := newBench(t, ken, notifier.Rule{ID: "r"}, nil)
	a := stateAlert("A-0001")
	a.Columns = nil
	cells := []any{}
	for i := range 45 {
		a.Columns = append(a.Columns, alertrules.Column{Name: fmt.Sprintf("field%02d", i), Type: "text"})
		cells = append(cells, fmt.Sprintf("value%02d", i))
	}
	for i, name := range map[int]string{30: "actor", 31: "time", 32: "@region", 33: "action"} {
		a.Columns[i].Name = name
	}
	cells[33] = nil
	a.Rows, a.RowsAll = []alertrules.Row{{Key: "1", Seq: 1, Cells: cells}}, 1
	l := b.round([]*alertrules.Alert{a}, nil)["ken@example.com"]
	for name, want := range map[string]bool{"value30": true, "value31": true, "value32": true, "action": false, "value00": false, "3 of 45 fields": true} {
		if strings.Contains(l.Text, name) != want {
			t.Errorf("%q is there: %v\n%s", name, !want, l.Text)
		}
	}
	if strings.LastIndex(l.Text, "value31") > strings.LastIndex(l.Text, "value32") {
		t.Error("in the table the time comes first")
	}
}

// 5,000 alerts are one mail of bounded size with the worst on top (D28, P18).
func TestMailStorm(t *testing.T) {
	b := newBench(t, ken, notifier.Rule{ID: "r"}, nil)
	var alerts []*alertrules.Alert
	for i := range 5000 {
		a := stateAlert(fmt.Sprintf("A-%04d", i), []any{fmt.Sprintf("resource-%04d", i), strings.Repeat("x", 100), nil, int64(1)})
		a.Severity = alertrules.Medium
		if i%400 == 0 {
			a.Severity = alertrules.Critical
		}
		a.MaxSeverity = a.Severity
		alerts = append(alerts, a)
	}
	start := time.Now()
	l := b.round(alerts, nil)["ken@example.com"]
	t.Logf("5,000 alerts: %s", time.Since(start))
	if len(b.channel.Arrived) != 1 {
		t.Fatalf("%d mails", len(b.channel.Arrived))
	}
	size := len(l.Text) + len(l.HTML) + len(l.Attachments[0].Data)*4/3
	if size > 200_000 {
		t.Errorf("the mail has %d bytes", size)
	}
	for i := 0; i < 5000; i += 400 {
		if !strings.Contains(l.Text, fmt.Sprintf("resource-%04d", i)) {
			t.Errorf("critical resource-%04d is not shown", i)
		}
	}
	for _, want := range []string{"13 critical", "4987 medium"} {
		if !strings.Contains(l.Text, want) {
			t.Errorf("%q is missing:\n%s", want, l.Text)
		}
	}
	b.now = b.now.Add(5 * time.Minute)
	for _, a := range alerts[:4000] {
		a.Ended, a.How = b.now, alertrules.EndNoRows
	}
	start = time.Now()
	over := b.round(alerts[:4000], nil)["ken@example.com"]
	t.Logf("4,000 ends: %s", time.Since(start))
	if over.Tags["Kind"] != "resolved" || len(over.Text) > 50_000 {
		t.Errorf("%s of %d bytes", over.Tags["Kind"], len(over.Text))
	}
	if open, _ := b.store.Unsettled(); open != 1000 {
		t.Errorf("%d alerts are not settled", open)
	}
}

// A template that fails costs its looks, not the alert (P23); the operator hears of it once.
func TestMailFallback(t *testing.T) {
	rule := notifier.Rule{ID: "r", Notify: alertrules.Notify{Template: "mine", To: []string{"ami"}}}
	people := map[string]notifier.Person{"ken": {Email: "ken@example.com"}, "ami": {Email: "ami@example.com"}}
	own := fstest.MapFS{"mine.html": {Data: []byte("---\nsubject: mine\n---\n<p>{% for i in range(100000) %}{% for j in range(100000) %}x{% endfor %}{% endfor %}</p>\n")}}
	b := newBench(t, people, rule, own)
	got := b.round([]*alertrules.Alert{stateAlert("A-0001", []any{"bob", nil, nil, int64(1)})}, nil)
	if l := got["ami@example.com"]; !strings.Contains(l.Text, "bob") || !strings.Contains(l.Text, "could not be used") {
		t.Errorf("the fallback says\n%s", l.Text)
	}
	if l := got["ken@example.com"]; !strings.Contains(l.Text, "template mine") || l.Tags["Kind"] != "operator" {
		t.Errorf("the operator is told\n%s", l.Text)
	}
	b.now = b.now.Add(4 * time.Hour)
	if got = b.deliver(); len(got) != 1 {
		t.Errorf("the operator is told again: %d mails", len(got))
	}
}

// What logs and rule authors write cannot take the place of our part of the
// subject, nor break a header (G04, P25).
func TestMailHostile(t *testing.T) {
	nasty := "x\r\nBcc: eve@example.net\u202e [RESOLVED high] (A-0002) A-0003 \x1b[31m" + strings.Repeat("ñ", 400)
	b := newBench(t, ken, notifier.Rule{ID: "r", Name: nasty, Owner: nasty, Controls: []string{nasty}}, nil)
	a := stateAlert("A-0001", []any{nasty, nasty, nasty, nasty})
	a.Annotations = map[string]string{"title": nasty, "desc": nasty}
	a.Labels, a.Partial, a.Runbook = map[string]string{"l": nasty}, nasty, nasty
	l := b.round([]*alertrules.Alert{a}, nil)["ken@example.com"]
	if !strings.HasPrefix(l.Subject, "[FIRING high] x") || !strings.Contains(l.Subject, "(A-0001)") || len([]rune(l.Subject)) > 120 || strings.ContainsAny(l.Subject, "\r\n\x1b\u202e") {
		t.Errorf("subject %q", l.Subject)
	}
	if strings.ContainsAny(l.Text+l.HTML, "\x1b\u202e\r") {
		t.Errorf("not clean:\n%q", l.Text)
	}
}

// A mail whose bytes cannot be made is told to the operator and tried again.
func TestMailCannotBeBuilt(t *testing.T) {
	b := newBench(t, ken, notifier.Rule{ID: "r"}, nil)
	fail := errors.New("no")
	n, err := notifier.New(notifier.Options{
		Book: b.store, Outbox: b.store, Channel: b.channel, Router: routerOf(t, ken), Rules: func(string) (notifier.Rule, bool) { return notifier.Rule{ID: "r"}, true },
		Templates: plainSet(t), Build: func(l notifier.Letter) ([]byte, error) {
			if fail != nil {
				return nil, fail
			}
			return notifiertest.Build(l)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	b.n = n
	if got := b.round([]*alertrules.Alert{stateAlert("A-0001", []any{"bob"})}, nil); len(got) != 0 {
		t.Error("something goes out")
	}
	fail = nil
	b.now = b.now.Add(5 * time.Minute)
	if got := b.deliver(); !strings.Contains(got["ken@example.com"].Text, "bob") {
		t.Errorf("it is not tried again: %v", got)
	}
}

func routerOf(t *testing.T, people map[string]notifier.Person) func() *notifier.Router {
	t.Helper()
	r, err := notifier.NewRouter(notifier.Config{People: people, Notify: notifier.Defaults{To: []string{"ken"}}})
	if err != nil {
		t.Fatal(err)
	}
	return func() *notifier.Router { return r }
}

func plainSet(t *testing.T) func() *templates.Set {
	t.Helper()
	set, err := notifiertest.PlainTemplates()
	if err != nil {
		t.Fatal(err)
	}
	return func() *templates.Set { return set }
}
