// The built-in templates with every kind of message.

package templates

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var testNow = time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)

// sampleMail is a mail as the notifier makes it.
func sampleMail(kind string) (SLS, Mail) {
	rows := []MailRow{
		{Cells: []any{"ECS", "Ensure no security groups allow ingress from 0.0.0.0/0 to port 22", int64(2)}, New: true},
		{Cells: []any{"OSS", "バケットの公開設定", int64(14)}, Was: "was 9"},
		{Cells: []any{"RAM", "AdministratorAccess <b>Policy</b> Attachment", int64(1)}},
	}
	a := MailAlert{
		ID: "A-7F3K", RuleID: "cspm", RuleName: "CSPM checks that did not pass", State: "firing", Severity: "high",
		Labels: map[string]string{"service": "oss", "account": "111111111111"}, Title: "3 kinds of check did not pass", Actor: "assumed-role/deploy/alice",
		Since: testNow.Add(-125 * time.Minute), Columns: []string{"instance_type", "check_item_name", "cnt"}, Rows: rows, RowCount: 42, NewCount: 1,
	}
	still := MailAlert{ID: "A-2B4C", RuleID: "cspm", RuleName: a.RuleName, State: "firing", Severity: "medium", Labels: map[string]string{"service": "vpc"}, Since: testNow.Add(-26 * time.Hour), Still: true}
	over := MailAlert{ID: "A-9Q2M", RuleID: "cspm", RuleName: a.RuleName, State: "resolved", Severity: "low", Since: testNow.Add(-5 * time.Hour), Ended: testNow.Add(-time.Hour), How: "rows pass now", Rows: rows[:1], Columns: a.Columns, RowCount: 1}
	gone := over
	gone.ID, gone.CameAndWent = "A-1X1X", true
	m := Mail{
		Kind: kind, ID: "A-7F3K", State: "firing", Severity: "high", RuleID: "cspm", RuleName: a.RuleName, Owner: "cloud-team",
		Title: a.Title, Desc: "Open the console only if a row is new to you.", Runbook: "Close the port; then see https://wiki.example.com/cspm.",
		Others: []string{"ben@example.com"}, Reason: "1 row is new", NewCount: 1, RowCount: 42, Attachment: "A-7F3K.csv", Now: testNow,
		Controls: []string{"CIS-AWS-4.0:4.10"}, Alerts: []MailAlert{a, still},
	}
	switch kind {
	case "recap":
		m.Period, m.Alerts, m.Reason = "nights, 22:00 to 07:00 JST", []MailAlert{a, over, gone}, ""
	case "digest":
		m.Alerts, m.Counts, m.Reason = []MailAlert{a, over, gone}, []Count{{"high", 1}, {"low", 2}}, ""
	case "resolved":
		m.State, m.Alerts = "resolved", []MailAlert{over, still}
	case "operator":
		m = Mail{
			Kind: kind, Title: "2 rules cannot be evaluated", Severity: "high", RuleName: "tocsin on host-1", Now: testNow,
			Items: []Item{
				{Title: "cspm-not-pass", Detail: "query: unknown field \"statsu\"", Action: "Correct the rule; its last good version runs on.", Since: testNow.Add(-time.Hour)},
				{Title: "smtp.example.com:587", Detail: "421 try later", Over: true},
			},
		}
	}
	s := SLS{AlertID: "cspm", AlertName: a.RuleName, InstanceID: "A-7F3K", At: testNow, Status: m.State, Severity: "high"}
	return s, m
}

var kinds = map[string]string{"first": "default", "news": "default", "repeat": "default", "resolved": "default", "recap": "recap", "digest": "digest", "operator": "operator", "delayed": "default"}

func TestBuiltin(t *testing.T) {
	s, err := Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(s.Names(), " "); got != "default digest operator recap" {
		t.Errorf("names %s", got)
	}
	tokyo, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	for kind, name := range kinds {
		t.Run(kind, func(t *testing.T) {
			sls, mail := sampleMail(kind)
			m, err := s.Render(name, NewData(sls, mail), Options{Zone: tokyo, Now: testNow, Links: []string{"wiki.example.com"}})
			if err != nil {
				t.Fatal(err)
			}
			Footer{ID: mail.ID, Others: mail.Others, Firing: mail.State == "firing"}.Append(&m)
			if dir := os.Getenv("TEMPLATES_OUT"); dir != "" {
				write(t, filepath.Join(dir, kind+".html"), m.HTML)
				write(t, filepath.Join(dir, kind+".txt"), "Subject: "+m.Subject+"\n\n"+m.Text)
			}
			golden(t, filepath.Join("testdata", "mail-"+kind+".txt"), "Subject: "+m.Subject+"\n\n"+m.Text)
			if strings.Contains(m.HTML, "∅") || strings.Contains(m.Text, "∅") || strings.Contains(m.Subject, "∅") {
				t.Errorf("a value is missing:\n%s\n%s", m.Subject, m.Text)
			}
			if strings.Contains(m.HTML, "ZgotmplZ") || strings.Contains(m.HTML, "<b>Policy") || strings.Contains(m.HTML, footMark) {
				t.Errorf("markup: %s", m.HTML)
			}
		})
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func BenchmarkBuiltin(b *testing.B) {
	s, err := Load(nil)
	if err != nil {
		b.Fatal(err)
	}
	sls, mail := sampleMail("first")
	d := NewData(sls, mail)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Render("default", d, Options{Now: testNow}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLoadBuiltin(b *testing.B) {
	for b.Loop() {
		if _, err := Load(nil); err != nil {
			b.Fatal(err)
		}
	}
}

// golden compares with a file, or writes it when UPDATE is set: `make golden`.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if os.Getenv("UPDATE") != "" {
		write(t, path, got)
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got {
		t.Errorf("differs from %s (make golden writes it anew):\n%s", path, got)
	}
}

// TestDefaultShowsItems: a message about the agent can be shown by "default" too.
func TestDefaultShowsItems(t *testing.T) {
	s, err := Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	sls, mail := sampleMail("operator")
	m, err := s.Render("default", NewData(sls, mail), Options{Now: testNow})
	if err != nil || !strings.Contains(m.Text, "421 try later") || !strings.Contains(m.HTML, "421 try later") {
		t.Errorf("%v\n%s", err, m.Text)
	}
}

// TestSample: what check uses renders in every built-in template.
func TestSample(t *testing.T) {
	s, err := Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range s.Names() {
		for _, row := range []map[string]any{nil, {"a": "x", "n": int64(1)}} {
			if _, err := s.Render(n, Sample(row, testNow), Options{Now: testNow}); err != nil {
				t.Errorf("%s: %v", n, err)
			}
		}
	}
}
