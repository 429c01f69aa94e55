package alertrules

import (
	"strings"
	"testing"
	"time"
)

// Each line is what happens to the query of a rule, and how it stands after each:
// "." trusted, s a suspect that runs alone, q quarantined.
func TestDangerStep(t *testing.T) {
	type event struct {
		kind  dangerKind
		hash  string
		wreck string
	}
	at := func(kind dangerKind, wreck ...string) event { return event{kind, "h", strings.Join(wreck, "")} }
	for name, c := range map[string]struct {
		events []event
		stands string
		reason string
	}{
		"it goes well":                          {[]event{at(wentWell), at(wentWell)}, "..", ""},
		"it runs away":                          {[]event{at(ranAway), at(wentWell), at(ranAway)}, "qqq", "told to stop"},
		"two crashes alone":                     {[]event{at(crashedAlone, "1"), at(crashedAlone, "2")}, "sq", "started anew"},
		"one crash, found twice":                {[]event{at(crashedAlone, "1"), at(crashedAlone, "1")}, "ss", ""},
		"a crash, then well":                    {[]event{at(crashedAlone, "1"), at(wentWell), at(crashedAlone, "2")}, "s.s", ""},
		"among others, however often":           {[]event{at(crashedAmong, "1"), at(crashedAmong, "2"), at(crashedAmong, "3")}, "sss", ""},
		"among others, then alone":              {[]event{at(crashedAmong, "1"), at(crashedAlone, "2")}, "sq", "started anew"},
		"alone, then among others":              {[]event{at(crashedAlone, "1"), at(crashedAmong, "2")}, "ss", ""},
		"released":                              {[]event{at(ranAway), at(released), at(wentWell)}, "q..", ""},
		"a suspect is released":                 {[]event{at(crashedAlone, "1"), at(released)}, "s.", ""},
		"released, and again":                   {[]event{at(ranAway), at(released), at(ranAway)}, "q.q", "told to stop"},
		"quarantined, and the process crashes":  {[]event{at(ranAway), at(crashedAlone, "1")}, "qq", "told to stop"},
		"another text goes well":                {[]event{at(crashedAlone, "1"), {wentWell, "i", ""}}, "s.", ""},
		"another text is not to blame":          {[]event{at(crashedAlone, "1"), {crashedAlone, "i", "2"}}, "ss", ""},
		"another text runs away":                {[]event{at(ranAway), {ranAway, "i", ""}}, "qq", "told to stop"},
		"another text, as if it were the first": {[]event{at(ranAway), {crashedAlone, "i", "1"}, {crashedAlone, "i", "2"}}, "qsq", "started anew"},
	} {
		t.Run(name, func(t *testing.T) {
			var d Danger
			var stands strings.Builder
			now := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
			for _, e := range c.events {
				before := d
				d = d.step(dangerEvent(e), now)
				switch {
				case d.Quarantined(e.hash) && !d.Suspected(e.hash):
					stands.WriteByte('q')
				case d.Suspected(e.hash):
					stands.WriteByte('s')
				default:
					stands.WriteByte('.')
				}
				if before.Quarantined(e.hash) && d.Quarantined(e.hash) && before != d {
					t.Errorf("a quarantine became another: %+v, %+v", before, d)
				}
				if d.Quarantined(e.hash) && d.Since.After(now) || d.Quarantined("another") || d.Suspected("another") {
					t.Errorf("%+v", d)
				}
				now = now.Add(time.Minute)
			}
			if stands.String() != c.stands || (d.Reason == "") != (c.reason == "") || !strings.Contains(d.Reason, c.reason) {
				t.Errorf("it stands %s, want %s, because %q", stands.String(), c.stands, d.Reason)
			}
		})
	}
}
