package notifier

import (
	"testing"
	"time"

	"tocsin/alertrules"
)

// What was found by filling a gap says why it was not found before, and how it ended.
func TestFoundText(t *testing.T) {
	for _, c := range []struct {
		gap  string
		how  alertrules.EndHow
		want string
	}{
		{alertrules.GapLate, alertrules.EndTold, "found late: records came after its moments; from then on it is A-7F3K"},
		{alertrules.GapLate, alertrules.EndPassed, "found late: records came after its moments; its rows pass now"},
		{alertrules.GapDown, alertrules.EndCut, "found late: its moments had not been evaluated; it was looked at no further when the gap was filled"},
		{alertrules.GapSkipped, alertrules.EndTold, "found late: its moments had not been evaluated; from then on it is A-7F3K"},
		{"", alertrules.EndData, "found late: its moments had not been evaluated; there are data again"}, // stored by an older program
	} {
		a := &alertrules.Alert{Late: true, Mode: alertrules.State, Gap: c.gap, How: c.how, Then: "A-7F3K"}
		if got := foundText(a, time.UTC); got != c.want {
			t.Errorf("%s, %s: %q, want %q", c.gap, c.how, got, c.want)
		}
	}
	if got := foundText(&alertrules.Alert{Late: true, Mode: alertrules.Event, How: alertrules.EndQuiet}, time.UTC); got != "found late: its moments had not been evaluated" {
		t.Errorf("an event: %q", got)
	}
}
