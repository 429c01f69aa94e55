package store

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"tocsin/alertrules"
	"tocsin/ingest"
	"tocsin/notifier"
	"tocsin/query"
)

func openTestStore(t *testing.T) *Store {
	t.Helper()
	s, err := Open(t.Context(), Options{Dir: t.TempDir(), Command: "test", Now: now})
	ok(t, err)
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	ok(t, s.Logs.Declare(t.Context(), ingest.Builtin()...))
	return s
}

// askHistory runs a query over the store.
func askHistory(t *testing.T, s *Store, logstore, src string, w query.Window) *query.Result {
	t.Helper()
	q, err := query.Parse(src)
	ok(t, err)
	p, err := q.Plan(Schema(ingest.Builtin()), query.Options{Logstore: logstore, MaxRows: 100})
	ok(t, err)
	r, err := s.Logs.Query(t.Context(), p, w)
	ok(t, err)
	return r
}

// What a document holds comes out as it went in, and what it does not is NULL.
func TestHistoryIsReadAsItWas(t *testing.T) {
	s := openTestStore(t)
	a := &alertrules.Alert{
		ID: "A-0001", Rule: "r", Mode: alertrules.State, Labels: map[string]string{"k": hostile}, Severity: alertrules.Low, MaxSeverity: alertrules.Critical,
		Since: now.Add(-time.Minute), Began: now, Annotations: map[string]string{"title": hostile}, RowsAll: 7,
	}
	ok(t, s.State.CommitRound(t.Context(), &alertrules.Round{
		At: now, Alerts: []*alertrules.Alert{a},
		Evaluations: []alertrules.Evaluation{
			{Rule: "r", At: now, Outcome: alertrules.Firing, Rows: 7, Reason: hostile, Took: 1500 * time.Microsecond, Window: query.Window{From: now.Add(-time.Hour), To: now, UpToSeq: 9}},
			{Rule: "r", At: now.Add(time.Minute), Outcome: alertrules.OK},
			{Rule: "r", At: now.Add(2 * time.Minute), Outcome: alertrules.OK},
		},
	}))
	ok(t, s.State.Commit(t.Context(), &notifier.Decided{At: now, Log: []notifier.Entry{{At: now, Group: "r", Recipient: "a@example.com", Reason: hostile}}}))
	for _, c := range []struct{ logstore, src, want string }{
		{"__alerts__", "* | SELECT alert, severity, state, labels.k = title AS same, since, until, acknowledged_by, rows", fmt.Sprint([]any{"A-0001", "critical", "firing", true, a.Since, nil, nil, int64(7)})},
		{"__evaluations__", "outcome:firing | SELECT rule, took_ms, window_from, last_seq, after_seq, evaluations", fmt.Sprint([]any{"r", 1.5, now.Add(-time.Hour), int64(9), nil, int64(1)})},
		{"__evaluations__", "outcome:ok | SELECT @time, evaluations, rows, reason", fmt.Sprint([]any{now.Truncate(time.Hour), int64(2), int64(0), nil})},
		{"__notifications__", "* | SELECT rule, kind, step, mail, state", fmt.Sprint([]any{"r", "none", "decision", nil, nil})},
	} {
		r := askHistory(t, s, c.logstore, c.src, query.Window{})
		if len(r.Rows) != 1 || fmt.Sprint(r.Rows[0]) != c.want {
			t.Errorf("%s: %s gives %v, want %s", c.logstore, c.src, r.Rows, c.want)
		}
	}
	r := askHistory(t, s, "__evaluations__", "outcome:firing | SELECT reason", query.Window{From: now, To: now.Add(time.Microsecond)})
	if len(r.Rows) != 1 || r.Rows[0][0] != hostile {
		t.Errorf("the reason is %q", r.Rows)
	}
	if r := askHistory(t, s, "__evaluations__", "outcome:firing", query.Window{From: now.Add(time.Microsecond)}); len(r.Rows) != 0 {
		t.Errorf("outside of the range: %v", r.Rows)
	}
	values, err := s.Logs.Values(t.Context(), "__alerts__", "severity", "")
	if err != nil || len(values) != 1 || values[0].Value != "critical" {
		t.Errorf("values of severity: %+v, %v", values, err)
	}
}

// What is handed over has a bound, and whoever asks learns that it was hit.
func TestHistoryIsBounded(t *testing.T) {
	s := openTestStore(t)
	_, err := s.State.in.db.ExecContext(t.Context(), "INSERT INTO operations SELECT range, TIMESTAMP '2026-01-01' + to_seconds(range), 'ack', 'ami', 'A-0001', '' FROM range(?)", maxHistoryRows+10)
	ok(t, err)
	r := askHistory(t, s, "__operations__", "* | SELECT count(*) AS n, min(@time) AS oldest", query.Window{})
	if !strings.Contains(r.Partial, "only the newest 100000 rows of __operations__ were read") {
		t.Errorf("partial: %q", r.Partial)
	}
	if want := time.Date(2026, 1, 1, 0, 0, 10, 0, time.UTC); r.Rows[0][0] != int64(maxHistoryRows) || r.Rows[0][1] != want {
		t.Errorf("%v, want the newest %d, from %s", r.Rows, maxHistoryRows, want)
	}
	r = askHistory(t, s, "__operations__", "* | SELECT count(*) AS n", query.Window{To: time.Date(2026, 1, 1, 1, 0, 0, 0, time.UTC)})
	if r.Partial != "" || r.Rows[0][0] != int64(3600) {
		t.Errorf("of an hour: %v, partial %q", r.Rows, r.Partial)
	}
}
