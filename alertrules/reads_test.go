package alertrules_test

import (
	"slices"
	"testing"

	"tocsin/alertrules"
)

// History that comes into the second logstore of a rule makes gaps as far as its
// own window reaches, and filling them looks at all of it; what stands beside the
// result and tables make none.
func TestHistoryOfOtherLogstores(t *testing.T) {
	w := world(t, "10:00", `
defaults: {every: 1h, delay: 15m}
rules:
  - id: joined
    queries:
      - {logstore: cloudtrail, window: 1h, query: "* | SELECT @account AS a, count(*) AS n GROUP BY a"}
      - {logstore: findings, window: 3h, query: "* | SELECT @account AS a, count(*) AS m GROUP BY a"}
    combine: {kind: inner_join, on: "$0.a == $1.a"}
  - id: beside
    queries:
      - {logstore: cloudtrail, window: 1h, query: "* | SELECT @account AS a, count(*) AS n GROUP BY a"}
      - {logstore: findings, window: 3h, query: "* | SELECT @account AS a, count(*) AS m GROUP BY a"}
    combine: {kind: no_join}
  - id: sql
    logstore: cloudtrail
    window: 2h
    query: "* | SELECT count(*) AS n FROM log JOIN findings ON log.eventName = findings.status"`)
	for id, reads := range map[string][]string{"joined": {"cloudtrail", "findings"}, "beside": {"cloudtrail"}, "sql": {"cloudtrail", "findings"}} {
		r, _ := w.Set.Rule(id)
		if !slices.Equal(r.Reads(), reads) {
			t.Errorf("%s reads %q, want %q", id, r.Reads(), reads)
		}
	}
	old := record("10:30", "05:20")
	old.History = true
	w.Log.Add(old)
	var gaps []string
	var all []alertrules.Gap
	for _, r := range runTo(t, w, "11:00") {
		for _, g := range r.Gaps {
			all = append(all, g)
			gaps = append(gaps, g.Rule+" "+g.From.Format("15:04")+" "+g.To.Format("15:04"))
		}
	}
	slices.Sort(gaps)
	if want := []string{"beside 06:00 07:00", "joined 06:00 09:00", "sql 06:00 08:00"}; !slices.Equal(gaps, want) {
		t.Errorf("gaps %q, want %q", gaps, want)
	}
	evaluations := map[string]int{}
	err := w.Engine.Fill(t.Context(), w.Set.Rules, all, alertrules.FillOptions{Now: clock("11:00"), Done: func(f alertrules.Filled) { evaluations[f.Rule] += f.Evaluations }})
	if err != nil || evaluations["joined"] != 3 || evaluations["sql"] != 2 || evaluations["beside"] != 1 {
		t.Errorf("filled with %v evaluations: %v", evaluations, err)
	}
}
