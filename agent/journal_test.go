package agent

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"tocsin/alertrules"
)

// TestJournal: what changes is one line; what goes on is none.
func TestJournal(t *testing.T) {
	var said lines
	a := New(Options{Log: slog.New(slog.NewTextHandler(&said, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey || a.Key == "reason" || a.Key == "took" {
			return slog.Attr{}
		}
		return a
	}}))})
	at := noon
	alert := func(severity alertrules.Severity, began time.Time, news int64) *alertrules.Alert {
		return &alertrules.Alert{ID: "A-7F3K", Rule: "r", Severity: severity, Began: began, At: at, NewsN: news}
	}
	over := alert(alertrules.High, noon, 0)
	over.Ended = noon.Add(time.Hour)
	old := alert(alertrules.Low, noon.Add(-time.Hour), 7)
	for i, c := range []struct {
		outcome alertrules.Outcome // or several
		err     string
		alert   *alertrules.Alert
		news    bool
		want    string
	}{
		{alertrules.OK, "", nil, false, ""},
		{alertrules.Firing, "", alert(alertrules.Low, noon.Add(time.Minute), 0), false, "level=INFO msg=evaluated rule=r outcome=firing; level=INFO msg=alert rule=r alert=A-7F3K severity=low firing=true did=began"},
		{alertrules.Firing, "", alert(alertrules.Low, noon.Add(time.Minute), 0), false, ""},
		{"firing, skipped", "", nil, false, "level=INFO msg=evaluated rule=r outcome=skipped"},
		{"firing, skipped", "", alert(alertrules.High, noon.Add(time.Minute), 0), false, "level=INFO msg=alert rule=r alert=A-7F3K severity=high firing=true did=changed"},
		{"skipped, firing", "", nil, false, ""},
		{alertrules.Firing, "", nil, false, ""},
		{"firing, skipped", "", nil, false, "level=INFO msg=evaluated rule=r outcome=skipped"}, // it was well meanwhile
		{alertrules.Failed, "no", nil, false, "level=ERROR msg=evaluated rule=r outcome=error error=no"},
		{alertrules.Failed, "no", nil, false, ""},
		{alertrules.Failed, "not yet", nil, false, `level=ERROR msg=evaluated rule=r outcome=error error="not yet"`},
		{alertrules.OK, "", over, false, "level=INFO msg=evaluated rule=r outcome=ok; level=INFO msg=alert rule=r alert=A-7F3K severity=high firing=false did=ended"},
		{alertrules.OK, "", nil, false, ""},
		{alertrules.OK, "", old, false, ""}, // it went on before the process
		{alertrules.OK, "", alert(alertrules.Low, noon.Add(-time.Hour), 8), true, "level=INFO msg=alert rule=r alert=A-7F3K severity=low firing=true did=changed"},
	} {
		at = noon.Add(time.Duration(i) * time.Minute)
		r := &alertrules.Round{}
		for _, outcome := range strings.Split(string(c.outcome), ", ") {
			r.Evaluations = append(r.Evaluations, alertrules.Evaluation{Rule: "r", At: at, Outcome: alertrules.Outcome(outcome), Error: c.err})
		}
		if c.alert != nil {
			r.Alerts = append(r.Alerts, c.alert)
		}
		if c.news {
			r.News = append(r.News, &alertrules.News{Alert: c.alert.ID})
		}
		said.b.Reset()
		a.logRound(t.Context(), r)
		if got := strings.Join(strings.Split(strings.TrimSpace(said.b.String()), "\n"), "; "); got != c.want {
			t.Errorf("%d: %s\nwant %s", i, got, c.want)
		}
	}
}
