package notifier

import (
	"strings"
	"testing"
	"time"

	"tocsin/alertrules"
	"tocsin/templates"
)

// A preview is what people would get, also at night, and stores nothing.
func TestPreviewLetters(t *testing.T) {
	set, err := templates.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	night := time.Date(2026, 11, 24, 23, 0, 0, 0, time.UTC)
	p := Preview{
		Config: Config{
			People: map[string]Person{
				"ken": {Email: "ken@example.com", Quiet: "nights"},
				"ami": {Email: "ami@example.com", TimeZone: "Europe/Berlin"},
			},
			Calendars: map[string]CalendarSpec{"nights": {Daily: []string{"22:00-07:00"}}},
			Notify:    Defaults{To: []string{"ken", "ami"}, Quiet: "nights"},
		},
		Rule: Rule{ID: "r", Name: "Rule"}, Templates: set,
		Alerts: []*alertrules.Alert{{
			ID: "preview-1", Rule: "r", Key: "r", Mode: alertrules.State, Severity: alertrules.High, MaxSeverity: alertrules.High,
			Since: night, Began: night, LastHit: night, At: night,
		}},
	}
	letters, err := p.Letters(t.Context(), night)
	if err != nil {
		t.Fatal(err)
	}
	if len(letters) != 2 {
		t.Fatalf("%d letters, want 2", len(letters))
	}
	for _, l := range letters {
		if !strings.Contains(l.Subject, "Rule (preview-1)") {
			t.Errorf("subject to %s: %s", l.To, l.Subject)
		}
	}
	if q := p.Config.People["ken"].Quiet; q != "nights" {
		t.Errorf("the configuration was changed: %s", q)
	}
}
