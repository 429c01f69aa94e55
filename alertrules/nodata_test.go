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

// perAccount answers by the moment: accounts with their numbers, "111=5 222=40";
// "!" is an error the first time.
func perAccount(moments map[string]string) alertrulestest.Answer {
	failed := map[string]bool{}
	return func(p *query.Plan, w query.Window, _ []alertrulestest.Record) (*query.Result, error) {
		res := &query.Result{Columns: p.Columns()}
		at := w.Now.UTC().Format("15:04")
		text := moments[at]
		if text == "!" && !failed[at] {
			failed[at] = true
			return nil, fmt.Errorf("the engine is down")
		}
		for _, pair := range strings.Fields(strings.TrimPrefix(text, "!")) {
			if pair == "cut" {
				res.Partial = "10,000 rows"
				continue
			}
			account, n, _ := strings.Cut(pair, "=")
			count := int64(0)
			fmt.Sscan(n, &count)
			res.Rows = append(res.Rows, []any{account, count})
		}
		return res, nil
	}
}

const beat = `{id: beat, logstore: cloudtrail, window: 1h, delay: 0s, every: 15m, query: "* | SELECT @account, count(*) AS n GROUP BY @account", trigger: {when: "n < 10"}, alert_per: [account], no_data: {after: 2, severity: low}, severity: high}`

// outcomes are the evaluations of rounds with a text in their reason.
func outcomes(rounds []*alertrules.Round) []string {
	var out []string
	for _, r := range rounds {
		for _, e := range r.Evaluations {
			_, silence, _ := strings.Cut(e.Reason, "hit; ")
			out = append(out, strings.TrimSpace(e.At.UTC().Format("15:04")+" "+string(e.Outcome)+" "+silence))
		}
	}
	return out
}

func TestT13NoData(t *testing.T) {
	w := world(t, "09:46", "rules: ["+beat+"]")
	handle(t, w, "beat", perAccount(map[string]string{"10:00": "111=5", "10:45": "!", "11:15": "111=40"}))
	rounds := runTo(t, w, "10:30")
	want(t, rounds, "account",
		`10:00 begin A-0001{account=t:"111"} high: 111`,
		`10:30 begin A-0002@no data low: `)
	if got := outcomes(rounds); !slices.Equal(got, []string{"10:00 firing", "10:15 no data no data, 1 of 2", "10:30 no data no data, 2 of 2"}) {
		t.Errorf("outcomes %q", got)
	}
	a, silence := w.States.Alert("A-0001"), w.States.Alert("A-0002")
	if !a.LastData.Equal(clock("10:00")) || a.NoData || !a.Firing() {
		t.Errorf("the alert that is not checked: %+v", a)
	}
	if !silence.NoData || !silence.Since.Equal(clock("10:15")) || !silence.LastData.Equal(clock("10:00")) || silence.Labels["account"] != "" {
		t.Errorf("the alert of no data: %+v", silence)
	}
	want(t, runTo(t, w, "11:15"), "account",
		"10:45 notice rule/failed/beat over=false",
		"11:00 notice rule/failed/beat over=true",
		`11:15 end A-0001{account=t:"111"} passed`, "11:15 end A-0002@no data data")
	if a := w.States.Alert("A-0001"); !a.LastData.IsZero() {
		t.Errorf("the alert was checked again: %+v", a.LastData)
	}
}

func TestNoDataOfOneValue(t *testing.T) {
	w := world(t, "09:46", "rules: ["+beat+"]")
	handle(t, w, "beat", perAccount(map[string]string{
		"10:00": "111=50 222=5", "10:15": "111=50 222=5", "10:30": "111=50", "10:45": "111=50 cut", "11:00": "111=50", "11:15": "",
		"11:30": "111=50 333=1", "11:45": "111=50 222=60 333=50",
	}))
	rounds := runTo(t, w, "11:45")
	want(t, rounds, "account",
		`10:00 begin A-0001{account=t:"222"} high: 222`,
		"10:45 notice rule/partial/beat over=false",
		`11:00 begin A-0002{account=t:"222"}@no data low: `, "11:00 notice rule/partial/beat over=true",
		`11:30 begin A-0003{account=t:"333"} high: 333`,
		`11:45 end A-0001{account=t:"222"} passed`, `11:45 end A-0003{account=t:"333"} passed`, `11:45 end A-0002{account=t:"222"}@no data data`)
	if a := w.States.Alert("A-0002"); a.Labels["account"] != "222" || !a.Since.Equal(clock("10:30")) {
		t.Errorf("%+v", a)
	}
	if got := outcomes(rounds)[2]; got != "10:30 firing no data of 1 value" {
		t.Errorf("outcome %q", got)
	}
}

func TestNoDataIsForgotten(t *testing.T) {
	w := world(t, "09:46", "rules: ["+strings.Replace(beat, "every: 15m", "every: 1d", 1)+"]")
	n := 0
	handle(t, w, "beat", func(p *query.Plan, w query.Window, _ []alertrulestest.Record) (*query.Result, error) {
		res := &query.Result{Columns: p.Columns(), Rows: [][]any{{"111", int64(50)}}}
		if n++; n == 1 {
			res.Rows = append(res.Rows, []any{"222", int64(5)})
		}
		return res, nil
	})
	rounds, err := w.RunTo(clock("10:00").AddDate(0, 0, 40))
	if err != nil {
		t.Fatal(err)
	}
	var ends []string
	for _, line := range alertrulestest.Describe(rounds, "account") {
		if strings.Contains(line, " end ") {
			ends = append(ends, line[6:])
		}
	}
	if !slices.Equal(ends, []string{`end A-0002{account=t:"222"}@no data forgotten`, `end A-0001{account=t:"222"} forgotten`}) {
		t.Errorf("ends %q", ends)
	}
}

// An edit of the query forgets what it gave; one of the recipients does not.
func TestNoDataAndEdits(t *testing.T) {
	w := world(t, "09:46", "rules: ["+beat+"]")
	handle(t, w, "beat", perAccount(map[string]string{"10:00": "111=50 222=50", "10:15": "111=50", "10:30": "111=50", "10:45": "111=50", "11:00": "111=50", "11:15": "111=50"}))
	want(t, runTo(t, w, "10:30"), "account", `10:30 begin A-0001{account=t:"222"}@no data low: `)
	load(t, w, "rules: ["+strings.Replace(beat, "severity: high", "severity: critical", 1)+"]")
	want(t, runTo(t, w, "10:45"), "account")
	load(t, w, "rules: ["+strings.Replace(beat, `"* |`, `"awsRegion:x |`, 1)+"]")
	want(t, runTo(t, w, "11:00"), "account", `11:00 end A-0001{account=t:"222"}@no data edited`)
	want(t, runTo(t, w, "11:15"), "account")
}

func TestNoDataOfEvents(t *testing.T) {
	w := world(t, "09:46", `rules: [{id: e, logstore: cloudtrail, window: 15m, every: 15m, delay: 0s, mode: event, query: "eventName:x", no_data: {after: 2, severity: low}}]`)
	handle(t, w, "e", script("eventName", map[string]string{"10:00": "x", "11:00": "y"}))
	want(t, runTo(t, w, "11:00"), "eventName",
		"10:00 news A-0001#1 medium: x", "10:30 begin A-0002@no data low: ", "11:00 end A-0002@no data data", "11:00 news A-0001#2 medium: y")
}

// A record that arrives late gives data to a whole window that had none: what
// was told of it is withdrawn, and what could not be judged is.
func TestNoDataWithdrawn(t *testing.T) {
	w := world(t, "10:03", `rules: [{id: w, logstore: cloudtrail, window: whole 1h, delay: 0s, every: 5m, severity: high, query: "* | SELECT @account, count(*) AS n GROUP BY @account", trigger: {when: "n < 2"}, no_data: {after: 1, severity: low}}]`)
	handle(t, w, "w", alertrulestest.Matching(everything))
	for _, r := range [][2]string{{"10:10", "10:10"}, {"12:20", "11:30"}, {"12:20", "11:31"}} {
		w.Log.Add(record(r[0], r[1], "account", "111"))
	}
	want(t, runTo(t, w, "12:40"), "account",
		"11:00 begin A-0001 high: 111",
		"12:00 begin A-0002@no data low: ",
		"12:20 end A-0001 withdrawn", "12:20 end A-0002@no data withdrawn")
}

// What `gaps fill` finds of missing data is an alert that is over where the gap ends:
// whether there are data again is not known.
func TestNoDataInAGap(t *testing.T) {
	w := world(t, "09:46", "rules: ["+beat+"]")
	handle(t, w, "beat", perAccount(map[string]string{"10:00": "111=50"}))
	runTo(t, w, "10:00")
	round, err := w.At(clock("10:00").Add(30 * time.Hour))
	if err != nil || len(round.Gaps) != 1 {
		t.Fatalf("gaps %v, %v", round.Gaps, err)
	}
	set := w.Set.Rules
	if err := w.Engine.Fill(t.Context(), set, round.Gaps, alertrules.FillOptions{Now: w.Log.Now}); err != nil {
		t.Fatal(err)
	}
	var late []string
	for _, a := range w.States.All() {
		if a.Late {
			late = append(late, fmt.Sprint(a.NoData, " ", a.How, " ", a.Began.Sub(clock("10:00"))))
		}
	}
	if !slices.Equal(late, []string{"true cut 30m0s"}) {
		t.Errorf("found late: %q", late)
	}
}

// While nothing is taken in, what is not found is not known to be over, nor to be
// missing; what is found fires.
func TestNothingEndsWhileNothingIsTakenIn(t *testing.T) {
	w := world(t, "09:58", `
defaults: {logstore: findings, window: 10m, every: 5m, query: "status:* | SELECT status, count(*) AS n GROUP BY status", alert_per: [status]}
rules: [{id: s}, {id: quiet, no_data: {severity: high}, trigger: {when: n > 5}}, {id: whole, window: whole 10m, delay: 0s, after: 2}]`)
	for _, id := range []string{"s", "quiet", "whole"} {
		handle(t, w, id, alertrulestest.Matching(everything))
	}
	w.Log.Add(record("10:02", "10:01", "status", "x"))
	w.Log.Add(record("10:12", "10:12", "status", "x"))
	unfed := false
	w.Engine.Unfed = func() bool { return unfed }
	want(t, runTo(t, w, "10:20"), "status",
		"10:00 begin A-0001@no data high: ", "10:05 end A-0001@no data data", `10:05 begin A-0002{status=t:"x"} medium: x`, `10:20 begin A-0003{status=t:"x"} medium: x`)
	unfed = true
	w.Log.Add(record("10:41", "10:41", "status", "y"))
	want(t, runTo(t, w, "11:00"), "status", `10:45 begin A-0004{status=t:"y"} medium: y`)
	if a := w.States.Alert("A-0002"); !a.Firing() || !a.LastData.Equal(clock("10:20")) {
		t.Errorf("%s ended %s, was not checked since %s", a.ID, a.Ended, a.LastData)
	}
	unfed = false
	want(t, runTo(t, w, "11:10"), "status",
		"11:05 begin A-0005@no data high:  again", `11:05 end A-0002{status=t:"x"} no rows`, `11:05 end A-0004{status=t:"y"} no rows`, `11:10 end A-0003{status=t:"x"} no rows`)
}
