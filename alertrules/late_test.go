package alertrules_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"tocsin/alertrules"
	"tocsin/alertrules/alertrulestest"
	"tocsin/query"
)

// A record that no moment to come looks at makes a gap of the moments that were
// evaluated without it, and filling it tells what they did not.
func TestLateRecordsAreGaps(t *testing.T) {
	for _, c := range []struct {
		name, rule string
		records    [][2]string // arrived, happened
		gaps       []string
		found      []string
	}{
		{"late", `window: 15m`, [][2]string{{"10:47", "10:02"}}, []string{"10:05-10:20 late"}, []string{"10:05-10:20 late1"}},
		{"in time for one", `window: 15m`, [][2]string{{"10:14", "10:02"}}, nil, nil},
		{"a delay", `window: 15m, delay: 10m`, [][2]string{{"10:47", "10:02"}}, []string{"10:15-10:30 late"}, []string{"10:15-10:30 late1"}},
		{"two, far apart", `window: 5m`, [][2]string{{"12:47", "10:02"}, {"12:47", "12:02"}}, []string{"10:05-10:10 late", "12:05-12:10 late"}, []string{"10:05-10:10 late1", "12:05-12:10 late2"}},
		{"before the rule was known", `window: 15m`, [][2]string{{"10:47", "09:02"}}, nil, nil},
		{"some of it before", `window: 15m`, [][2]string{{"10:47", "09:50"}}, []string{"10:00-10:10 late"}, []string{"10:00-10:10 late1"}},
		{"told without it", `window: 15m`, [][2]string{{"10:04", "10:03"}, {"10:47", "10:02"}}, []string{"10:05-10:20 late"}, nil},
		{"records, each once", `window: 15m, mode: event`, [][2]string{{"10:04", "10:03"}, {"10:47", "10:02"}}, []string{"10:05-10:20 late"}, []string{"late2"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := world(t, "09:58", `rules: [{id: s, logstore: findings, every: 5m, query: "status:x", severity: high, `+c.rule+`}]`)
			handle(t, w, "s", alertrulestest.Matching(everything))
			for i, r := range c.records {
				w.Log.Add(record(r[0], r[1], "status", fmt.Sprint("late", i+1)))
			}
			runTo(t, w, "13:00")
			all := w.States.Gaps()
			var got []string
			for _, g := range all {
				got = append(got, g.From.Format("15:04-")+g.To.Format("15:04 ")+g.Reason)
			}
			if !slices.Equal(got, c.gaps) {
				t.Errorf("gaps %q, want %q", got, c.gaps)
			}
			before := len(w.States.Rounds())
			if err := w.Engine.Fill(t.Context(), w.Set.Rules, all, alertrules.FillOptions{Now: clock("13:01")}); err != nil {
				t.Fatal(err)
			}
			if found := findings(w.States.Rounds()[before:]); !slices.Equal(found, c.found) {
				t.Errorf("found %q, want %q", found, c.found)
			}
		})
	}
}

// findings are the alerts and the news of rounds, with the first field of their
// rows.
func findings(rounds []*alertrules.Round) []string {
	var out []string
	for _, r := range rounds {
		for _, a := range r.Alerts {
			if a.Mode == alertrules.State {
				out = append(out, a.Since.Format("15:04-")+a.Ended.Format("15:04 ")+cells(a.Rows[0]))
			}
		}
		for _, n := range r.News {
			out = append(out, cells(n.Rows[0]))
		}
	}
	return out
}

func cells(r alertrules.Row) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(fmt.Sprintln(r.Cells...), "<nil>", "")), " ")
}

// lacks answers for two queries, put together by left_exclude: regions of records in
// cloudtrail, of a length of time, that findings do not have, of another.
func lacks(left, right time.Duration) alertrulestest.Answer {
	return func(p *query.Plan, w query.Window, in []alertrulestest.Record) (*query.Result, error) {
		return alertrulestest.LeftExclude(p, in, func(r alertrulestest.Record) (string, bool) {
			region, _ := r.Fields["awsRegion"].(string)
			if r.Logstore == "cloudtrail" {
				return region, !r.Time.Before(w.To.Add(-left))
			}
			return region, !r.Time.Before(w.To.Add(-right))
		}), nil
	}
}

// Late records of every logstore that a rule reads make a gap, as far as the query
// reaches back that reads them; and are looked at again in whole windows.
func TestLateRecordsOfOtherLogstores(t *testing.T) {
	const combined = `
    queries:
      - {logstore: cloudtrail, window: %s, query: "* | SELECT awsRegion, count(*) AS n GROUP BY awsRegion"}
      - {logstore: findings, window: %s, query: "* | SELECT @region AS r, count(*) AS m GROUP BY r"}
    combine: {kind: %s, on: "$0.awsRegion == $1.r"}`
	sliding := fmt.Sprintf(combined, "15m", "1h", "left_exclude")
	whole := fmt.Sprintf(combined, "whole 1h", "whole 1h", "left_exclude")
	const joined = `
    logstore: cloudtrail
    window: %s
    query: "* | SELECT count(*) AS n FROM log LEFT JOIN findings ON log.awsRegion = findings.status WHERE findings.status IS NULL"`
	in := func(logstore, arrived, happened string) alertrulestest.Record {
		r := record(arrived, happened, "awsRegion", "x")
		r.Logstore = logstore
		return r
	}
	for _, c := range []struct {
		name, rule string
		late       alertrulestest.Record
		gaps       []string
		again      []string // windows that were evaluated again
	}{
		{"its own", sliding, in("cloudtrail", "12:47", "10:02"), []string{"10:05-10:20 late"}, nil},
		{"the other", sliding, in("findings", "12:47", "10:02"), []string{"10:05-11:05 late"}, nil},
		{"the other, in time for one", sliding, in("findings", "10:58", "10:02"), nil, nil},
		{"its own, in time for the other", sliding, in("cloudtrail", "10:58", "10:02"), []string{"10:05-10:20 late"}, nil},
		{"what stands beside", fmt.Sprintf(strings.ReplaceAll(combined, ", on: \"$0.awsRegion == $1.r\"", ""), "15m", "1h", "no_join"), in("findings", "12:47", "10:02"), nil, nil},
		{"joined", fmt.Sprintf(joined, "15m"), in("findings", "12:47", "10:02"), []string{"10:05-10:20 late"}, nil},
		{"a whole window", whole, in("findings", "12:47", "10:02"), nil, []string{"10:00"}},
		{"an old one", whole, in("findings", "Wed 12:47", "10:02"), nil, []string{"10:00"}},
		{"a joined one", fmt.Sprintf(joined, "whole 1h"), in("findings", "12:47", "10:02"), nil, []string{"10:00"}},
		{"an old joined one", fmt.Sprintf(joined, "whole 1h"), in("findings", "Wed 12:47", "10:02"), nil, []string{"10:00"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := world(t, "09:58", `rules: []`)
			load(t, w, "rules:\n  - id: s\n    every: 5m\n    delay: 0s"+c.rule)
			handle(t, w, "s", lacks(15*time.Minute, time.Hour))
			w.Log.Add(c.late)
			end := c.late.Arrived.Add(15 * time.Minute)
			if _, err := w.RunTo(end); err != nil {
				t.Fatal(err)
			}
			var got, again []string
			for _, g := range w.States.Gaps() {
				got = append(got, g.From.Format("15:04-")+g.To.Format("15:04 ")+g.Reason)
			}
			if !slices.Equal(got, c.gaps) {
				t.Errorf("gaps %q, want %q", got, c.gaps)
			}
			for _, r := range w.States.Rounds() {
				for _, e := range r.Evaluations {
					if strings.HasPrefix(e.Reason, "late records") {
						again = append(again, e.Window.From.Format("15:04"))
					}
				}
			}
			if !slices.Equal(again, c.again) {
				t.Errorf("evaluated again %q, want %q", again, c.again)
			}
			fill(t, w, false)
			if left := w.States.Gaps(); len(left) > 0 {
				t.Errorf("left %v", left)
			}
		})
	}
}

// What an alert told that went on, or is over, is not told again when a gap of late
// records is filled; what is told ends where the other begins, or for the reason that
// is true.
func TestLateRecordsTellWhatNobodyTold(t *testing.T) {
	for _, c := range []struct {
		name, rule string
		records    [][3]string // arrived, happened, region
		found      []string
		says       string // of an evaluation
	}{
		{"another value", `window: 15m, alert_per: [awsRegion]`, [][3]string{{"10:04", "10:03", "x"}, {"10:47", "10:02", "y"}}, []string{"y 10:05-10:20 no rows"}, "covered by A-0001"},
		{"no hit, but it fired", `window: 15m, keep_firing_for: 30m`, [][3]string{{"10:04", "10:03", "x"}, {"10:58", "10:22", "x"}}, nil, "covered by A-0001"},
		{"it goes on", `window: 15m, keep_firing_for: 300m`, [][3]string{{"10:04", "10:03", "x"}, {"10:58", "10:22", "x"}}, nil, "covered by A-0001"},
		{"before it", `window: 15m`, [][3]string{{"10:13", "10:13", "x"}, {"10:47", "10:02", "x"}}, []string{"x 10:05-10:15 told A-0001"}, ""},
		{"behind it", `window: 15m`, [][3]string{{"10:04", "09:59", "x"}, {"10:47", "10:12", "x"}}, []string{"x 10:15-10:30 no rows"}, ""},
		{"with what was too little", `window: 10m, after: 2`, [][3]string{{"10:08", "10:08", "x"}, {"10:47", "10:03", "x"}}, []string{"x 10:10-10:15 told A-0001"}, ""},
		{"rows that do not meet it", `window: 15m, trigger: {rows: ">= 2"}`, [][3]string{{"10:13", "10:13", "x"}, {"10:47", "10:02", "x"}}, []string{"x 10:15-10:20 passed"}, ""},
		{"the same", `window: 15m`, [][3]string{{"10:04", "10:03", "x"}, {"10:47", "10:02", "x"}}, nil, "covered by A-0001"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := world(t, "09:58", `rules: [{id: s, logstore: cloudtrail, delay: 0s, every: 5m, query: "eventName:*", severity: high, `+c.rule+`}]`)
			handle(t, w, "s", alertrulestest.Matching(everything))
			for _, r := range c.records {
				w.Log.Add(record(r[0], r[1], "awsRegion", r[2]))
			}
			runTo(t, w, "11:15")
			if len(w.States.Gaps()) == 0 {
				t.Fatal("there is no gap")
			}
			before := len(w.States.Rounds())
			fill(t, w, false)
			var found []string
			said := false
			for _, r := range w.States.Rounds()[before:] {
				for _, a := range r.Alerts {
					found = append(found, strings.TrimSpace(fmt.Sprint(cells(a.Rows[0]), a.Began.Format(" 15:04-"), a.Ended.Format("15:04 "), a.How, " ", a.Then)))
				}
				for _, e := range r.Evaluations {
					said = said || strings.Contains(e.Reason, c.says)
				}
			}
			if !slices.Equal(found, c.found) || !said {
				t.Errorf("found %q, want %q; said %t", found, c.found, said)
			}
		})
	}
}
