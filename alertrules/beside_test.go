package alertrules_test

import (
	"strings"
	"testing"

	"tocsin/alertrules/alertrulestest"
	"tocsin/query"
)

const besideRule = `
rules:
  - id: first
    every: 5m
    queries:
      - {logstore: cloudtrail, window: 5m, query: "* | SELECT @actor AS who, count(*) AS n GROUP BY who"}
      - {logstore: findings, window: 1h, query: "* | SELECT count(*) AS open"}
    combine: {kind: no_join}
    trigger: {when: "$0.n >= 2"}
    alert_per: [who]
    annotations:
      title: "${who}: ${n}, of ${__1_count__} beside: ${open}"
      desc: "{{ alert.results[1].raw_results[0].open }} in {{ alert.results[1].store }}"`

// What no_join leaves beside the first result decides nothing and is shown: its
// own window, the same moment, in texts and with the alert.
func TestBeside(t *testing.T) {
	w := world(t, "10:00", besideRule)
	handle(t, w, "first", func(_ *query.Plan, _ query.Window, in []alertrulestest.Record) (*query.Result, error) {
		if len(in) == 0 {
			return &query.Result{}, nil
		}
		return &query.Result{Rows: [][]any{{"eve", int64(2)}, {"ken", int64(1)}}}, nil
	})
	w.Log.Add(record("10:01", "10:01"))
	rounds := runTo(t, w, "10:20")
	want(t, rounds, "n", `10:20 begin A-0001{who=t:"eve"} medium: 2`)
	a := rounds[len(rounds)-1].Alerts[0]
	if want := "eve: 2, of 1 beside: 1; 1 in findings"; a.Annotations["title"]+"; "+a.Annotations["desc"] != want {
		t.Errorf("it says %q, want %q", a.Annotations, want)
	}
	if len(a.Beside) != 1 || a.Beside[0].N != 1 || a.Beside[0].Logstore != "findings" || a.Beside[0].To.Sub(a.Beside[0].From).String() != "1h0m0s" {
		t.Errorf("beside %+v", a.Beside)
	}
}

// A mistake in a query that stands beside the first has its place, and a text
// may name its columns.
func TestBesideIsChecked(t *testing.T) {
	broken := strings.Replace(besideRule, "count(*) AS open", "count(*) AS open WHERE stauts = 'x'", 1)
	w := alertrulestest.NewWorld(clock("10:00"))
	if err := w.Load(broken); err == nil || !strings.Contains(err.Error(), "stauts") || !strings.Contains(err.Error(), ":7:") {
		t.Errorf("a field that does not exist: %v", err)
	}
	r, _ := world(t, "10:00", besideRule).Set.Rule("first")
	if _, problems := r.Sample(clock("10:00")); len(problems) > 0 {
		t.Errorf("annotations of the sample: %v", problems)
	}
}
