package templates

import (
	"strings"
	"testing"
)

// Rows with many columns stand below each other, a line for each value that is
// there; what stands in them is as inert as in a table.
func TestWideRows(t *testing.T) {
	set, err := Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	columns := []string{"time", "actor", "action", "resource", "account", "region", "source_ip", "<b>k"}
	m := Mail{Kind: "news", ID: "A-7F3K", State: "firing", Severity: "high", RuleName: "r", Alerts: []MailAlert{{
		ID: "A-7F3K", State: "firing", Severity: "high", Columns: columns, RowCount: 2,
		Rows: []MailRow{
			{Cells: []any{"10:00", "bob", "StopLogging", nil, "111", "us-east-1", "192.0.2.1", "<img src=x>"}, New: true},
			{Cells: []any{"10:01", "eve", "DeleteTrail", "trail", "111", "us-east-1", "192.0.2.2", "x"}, Was: "was 2"},
		},
	}}}
	got, err := set.Render("default", NewData(SLS{}, m), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"NEW\ntime       10:00\nactor      bob\naction     StopLogging\naccount    111", "<b>k       <img src=x>\n\n(was 2)\ntime       10:01", "resource   trail"} {
		if !strings.Contains(got.Text, want) {
			t.Errorf("the text lacks %q:\n%s", want, got.Text)
		}
	}
	if strings.Contains(got.HTML, "<img") || strings.Contains(got.HTML, "<b>k") || !strings.Contains(got.HTML, "&lt;img src=x&gt;") {
		t.Errorf("markup of a value or a name got through:\n%s", got.HTML)
	}
	if strings.Count(got.HTML, ">resource<") != 1 {
		t.Errorf("a value that is absent is shown")
	}
}
