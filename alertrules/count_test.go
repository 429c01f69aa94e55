package alertrules_test

import (
	"slices"
	"testing"

	"tocsin/alertrules"
	"tocsin/alertrules/alertrulestest"
	"tocsin/query"
)

// __count__ is the number of rows of the result, of one value with alert_per: a
// condition on it alone holds without a row, too, and a severity may depend on it.
// A cut result is taken for what it has at least.
func TestCountInConditions(t *testing.T) {
	w := world(t, "10:00", `
defaults: {logstore: findings, window: 5m, every: 5m, query: "* | SELECT status, count(*) AS n GROUP BY status"}
rules:
  - {id: few, trigger: {when: __count__ < 2}}
  - {id: some, alert_per: [status], trigger: {when: "__count__ > 1 and n > 5"}, severity: [{when: __count__ > 2, is: high}, {is: low}]}
  - {id: less, trigger: {when: "__count__ < 9 and n > 5"}}`)
	rows := func(partial string, n ...int64) alertrulestest.Answer {
		return func(*query.Plan, query.Window, []alertrulestest.Record) (*query.Result, error) {
			res := &query.Result{Partial: partial}
			for _, n := range n {
				res.Rows = append(res.Rows, []any{"a", n})
			}
			return res, nil
		}
	}
	handle(t, w, "some", rows("", 9))
	handle(t, w, "less", rows("only the first 2 rows", 9, 9))
	want(t, runTo(t, w, "10:05"), "n", "10:05 begin A-0001 medium: ", "10:05 notice rule/partial/less over=false")
	handle(t, w, "few", rows("", 1, 2))
	handle(t, w, "some", rows("only the first 2 rows", 9, 1))
	handle(t, w, "less", rows("", 9, 9))
	want(t, runTo(t, w, "10:10"), "n", "10:10 end A-0001 passed", "10:10 begin A-0002 medium: 9 9", `10:10 begin A-0003{status=t:"a"} low: 9`,
		"10:10 notice rule/partial/less over=true", "10:10 notice rule/partial/some over=false")
	handle(t, w, "some", rows("", 9, 1, 1))
	alerts := runTo(t, w, "10:15")[0].Alerts
	if i := slices.IndexFunc(alerts, func(a *alertrules.Alert) bool { return a.ID == "A-0003" }); i < 0 || alerts[i].Severity != alertrules.High {
		t.Errorf("of three rows it is not high: %v", alerts)
	}
}
