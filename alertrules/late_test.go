package alertrules_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"tocsin/alertrules"
	"tocsin/alertrules/alertrulestest"
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
