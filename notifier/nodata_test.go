package notifier_test

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"tocsin/alertrules"
	"tocsin/notifier"
)

// A mail about missing data has a text of ours: the author's template, title and
// runbook speak of rows.
func TestMailOfNoData(t *testing.T) {
	own := fstest.MapFS{"rows.html": {Data: []byte("---\nsubject: rows\n---\n<p>rows of the author</p>")}}
	template := "rows"
	rule := notifier.Rule{ID: "r", Name: "Heartbeat"}
	rule.Notify.Template = template
	b := newBench(t, ken, rule, own)
	checked := stateAlert("A-0001", []any{"bob"})
	b.round([]*alertrules.Alert{checked}, nil)
	b.now = b.now.Add(30 * time.Minute)
	missing := stateAlert("A-0002")
	missing.Key, missing.NoData, missing.Since, missing.LastData = "r@no data", true, b.now.Add(-15*time.Minute), b.now.Add(-30*time.Minute)
	missing.Severity, missing.MaxSeverity, missing.Began = alertrules.Low, alertrules.Low, b.now
	checked.LastData = missing.LastData
	l := b.round([]*alertrules.Alert{checked, missing}, nil)["ken@example.com"]
	if want := "[FIRING low] Heartbeat (A-0002) no data since 10:15"; !strings.HasPrefix(l.Subject, want) {
		t.Errorf("subject %q, want %q", l.Subject, want)
	}
	for _, want := range []string{"The query gives no row at all.", "The last data were there at 10:00.", "A-0001 was not checked since 10:00: there are no data"} {
		if !strings.Contains(l.Text, want) || !strings.Contains(l.HTML, want) {
			t.Errorf("%q is missing in text or HTML:\n%s", want, l.Text)
		}
	}
	if strings.Contains(l.HTML, "of the author") {
		t.Errorf("the author's template was used:\n%s", l.HTML)
	}
	b.now = b.now.Add(15 * time.Minute)
	missing.Ended, missing.How = b.now, alertrules.EndData
	l = b.round([]*alertrules.Alert{missing}, nil)["ken@example.com"]
	if !strings.Contains(l.Text, "there are data again") || strings.Contains(l.Text, "no row at all") {
		t.Errorf("when it is over:\n%s", l.Text)
	}
	value := stateAlert("A-0003")
	value.Key, value.NoData, value.Labels = `r{account=t:"1"}@no data`, true, map[string]string{"account": "1"}
	l = b.round([]*alertrules.Alert{value}, nil)["ken@example.com"]
	if !strings.Contains(l.Text, "no row any more of this value") || !strings.Contains(l.Text, "account: 1") {
		t.Errorf("of a value:\n%s", l.Text)
	}
}
