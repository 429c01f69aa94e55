package alertrules_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"tocsin/alertrules"
	"tocsin/alertrules/alertrulestest"
	"tocsin/query"
)

// The part of the timelines (T01 …) that the engine decides: which alerts begin
// and end, which rows are news. What is mailed of it, and when, is tested with
// the notifier.

// clock returns a time of Monday 2026-11-23, or of a day after it: "Tue 10:00".
func clock(s string) time.Time {
	days := map[string]int{"Mon": 23, "Tue": 24, "Wed": 25}
	d := 23
	if name, rest, ok := strings.Cut(s, " "); ok {
		d, s = days[name], rest
	}
	t, err := time.Parse("15:04:05", (s + ":00")[:8])
	if err != nil {
		panic(err)
	}
	return time.Date(2026, 11, d, t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
}

// world loads rules at a time.
func world(t *testing.T, now, rules string) *alertrulestest.World {
	t.Helper()
	w := alertrulestest.NewWorld(clock(now))
	load(t, w, rules)
	return w
}

func load(t *testing.T, w *alertrulestest.World, rules string) {
	t.Helper()
	if err := w.Load(rules); err != nil {
		t.Fatal(err)
	}
}

func handle(t *testing.T, w *alertrulestest.World, id string, a alertrulestest.Answer) {
	t.Helper()
	if err := w.Answer(id, a); err != nil {
		t.Fatal(err)
	}
}

func runTo(t *testing.T, w *alertrulestest.World, end string) []*alertrules.Round {
	t.Helper()
	rounds, err := w.RunTo(clock(end))
	if err != nil {
		t.Fatal(err)
	}
	return rounds
}

func want(t *testing.T, rounds []*alertrules.Round, field string, lines ...string) {
	t.Helper()
	got := alertrulestest.Describe(rounds, field)
	if !slices.Equal(got, lines) {
		t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(lines, "\n  "))
	}
}

// record is an event whose fields are name, value, name, value.
func record(arrived, event string, fields ...any) alertrulestest.Record {
	r := alertrulestest.Record{Arrived: clock(arrived), Time: clock(event), Fields: map[string]any{}}
	for i := 0; i+1 < len(fields); i += 2 {
		r.Fields[fields[i].(string)] = fields[i+1]
	}
	return r
}

func everything(alertrulestest.Record) bool { return true }

// script answers by the moment of the schedule: rows of one column, texts
// separated by spaces; "-" is no row, "!" an error.
func script(column string, moments map[string]string) alertrulestest.Answer {
	return func(p *query.Plan, w query.Window, _ []alertrulestest.Record) (*query.Result, error) {
		res := &query.Result{Columns: p.Columns()}
		i := slices.IndexFunc(res.Columns, func(c query.Column) bool { return c.Name == column })
		text := moments[w.Now.UTC().Format("15:04")]
		if text == "!" {
			return nil, fmt.Errorf("the engine is down")
		}
		for n, value := range strings.Fields(text) {
			if value == "-" {
				continue
			}
			row := make([]any, len(res.Columns))
			row[i] = value
			if k := slices.IndexFunc(res.Columns, func(c query.Column) bool { return !c.Key }); k >= 0 {
				row[k] = int64(n + 1)
			}
			res.Rows = append(res.Rows, row)
			if p.RowIdentity() {
				res.Seqs = append(res.Seqs, int64(n+1))
			}
		}
		return res, nil
	}
}

func TestT01EventRuleTellsEachRowOnce(t *testing.T) {
	w := world(t, "10:00", `rules: [{id: logins, logstore: cloudtrail, query: "eventName:ConsoleLogin", every: 5m, severity: high}]`)
	handle(t, w, "logins", alertrulestest.Matching(everything))
	for n := range 246 {
		at := clock("10:00:30").Add(time.Duration(n) * time.Minute)
		w.Log.Add(alertrulestest.Record{Arrived: at, Time: at, Fields: map[string]any{"eventName": "r" + fmt.Sprint(n+1)}})
	}
	rounds := runTo(t, w, "10:10")
	want(t, rounds, "eventName", "10:05 news A-0001#1 high: r1 r2 r3 r4 r5", "10:10 news A-0001#2 high: r6 r7 r8 r9 r10")
	rounds = append(rounds, runTo(t, w, "23:00")...)
	told := map[string]int{}
	for _, r := range rounds {
		for _, n := range r.News {
			for _, row := range n.Rows {
				told[row.Key]++
			}
		}
	}
	if len(told) != 246 {
		t.Errorf("%d rows told of 246", len(told))
	}
	// The notifier says when the episode is over (D06); news after it opens another.
	a := w.States.Alert("A-0001")
	a.ClosesAt = clock("22:05")
	w.States.Put(a)
	w.Log.Add(record("23:01", "23:01", "eventName", "r247"))
	want(t, runTo(t, w, "23:10"), "eventName", "23:05 end A-0001 quiet", "23:05 news A-0002#1 high: r247")
	if b := w.States.Alert("A-0002"); !b.Again || !b.PrevEnded.Equal(clock("22:05")) {
		t.Errorf("again %t, %s", b.Again, b.PrevEnded)
	}
}

func TestT02SeveritiesAreNewsOfTheirOwn(t *testing.T) {
	w := world(t, "10:00", `rules: [{id: trail, logstore: cloudtrail, query: "eventName:(StopLogging or DeleteTrail) and not errorCode:*", severity: [{when: "eventName == 'DeleteTrail'", is: critical}, {is: high}]}]`)
	handle(t, w, "trail", alertrulestest.Matching(everything))
	w.Log.Add(record("10:02", "10:02", "eventName", "StopLogging"))
	w.Log.Add(record("10:08", "10:08", "eventName", "DeleteTrail"))
	w.Log.Add(record("10:09", "10:09", "eventName", "StopLogging"))
	want(t, runTo(t, w, "10:10"), "eventName",
		"10:05 news A-0001#1 high: StopLogging",
		"10:10 news A-0001#2 critical: DeleteTrail", "10:10 news A-0001#3 high: StopLogging")
}

const cspm = `rules: [{id: cspm, logstore: findings, every: 15m, window: 24h, severity: high, query: "status:NOT_PASS | SELECT instance_type, check_item_name, count(*) AS cnt GROUP BY instance_type, check_item_name"}]`

func TestT03CSPM(t *testing.T) {
	w := world(t, "09:46", cspm)
	handle(t, w, "cspm", alertrulestest.Matching(everything))
	for _, r := range [][3]string{{"09:50", "09:50", "A"}, {"09:51", "09:51", "A"}, {"09:55", "09:55", "B"}, {"12:10", "12:08", "A"}, {"13:00", "12:58", "C"}, {"Tue 14:25", "Tue 14:21", "A"}} {
		w.Log.Add(record(r[0], r[1], "instance_type", r[2], "check_item_name", r[2]+" check"))
	}
	want(t, runTo(t, w, "14:00"), "instance_type", "10:00 begin A-0001 high: A B")
	a := w.States.Alert("A-0001")
	var rows []string
	for _, r := range a.Rows {
		rows = append(rows, fmt.Sprint(r.Cells[0], " ", r.Cells[2], " since ", r.Since.Format("15:04")))
	}
	if got := strings.Join(rows, ", "); got != "A 3 since 10:00, B 1 since 10:00, C 1 since 13:00" {
		t.Errorf("rows at 14:00: %s", got)
	}
	want(t, runTo(t, w, "Tue 15:00"), "instance_type", "13:00 end A-0001 no rows", "14:30 begin A-0002 high: A again")
	b := w.States.Alert("A-0002")
	if d := b.Began.Sub(b.PrevEnded); d != 90*time.Minute {
		t.Errorf("again %s after it ended", d)
	}
}

// P15: what begins and ends by turns, with and without keep_firing_for; timeline T04 has the
// three mails and the one.
func TestP15Flapping(t *testing.T) {
	w := world(t, "09:56", `
defaults: {logstore: cloudtrail, query: "eventName:x", window: 5m, every: 5m, delay: 10m, severity: high}
rules: [{id: a}, {id: b, keep_firing_for: 10m}]`)
	moments := map[string]string{}
	for n := 0; n < 24; n += 2 {
		moments[clock("10:00").Add(time.Duration(n)*5*time.Minute).Format("15:04")] = "r"
	}
	handle(t, w, "a", script("eventName", moments))
	handle(t, w, "b", script("eventName", moments))
	begins, ends := map[string]int{}, map[string]int{}
	for _, line := range alertrulestest.Describe(runTo(t, w, "11:50"), "eventName") {
		id := strings.TrimSuffix(strings.Fields(line)[2], ":")
		rule := w.States.Alert(id).Rule
		if strings.Contains(line, "begin") {
			begins[rule]++
		} else {
			ends[rule]++
		}
	}
	if begins["a"] != 12 || ends["a"] != 11 || begins["b"] != 1 || ends["b"] != 0 {
		t.Errorf("begins %v, ends %v", begins, ends)
	}
}

func TestT05AggregateOverNewIsPieces(t *testing.T) {
	w := world(t, "10:00", `rules: [{id: failed, logstore: cloudtrail, every: 10m, query: "errorMessage:Failed* | SELECT @actor, count(*) AS n GROUP BY @actor", severity: medium}]`)
	handle(t, w, "failed", alertrulestest.Matching(everything))
	for _, r := range [][2]string{{"10:01", "bob"}, {"10:02", "bob"}, {"10:03", "bob"}, {"10:12", "bob"}, {"10:13", "bob"}, {"10:14", "mallory"}, {"10:35", "bob"}} {
		w.Log.Add(record(r[0], r[0], "actor", r[1]))
	}
	rounds := runTo(t, w, "11:10")
	want(t, rounds, "actor", "10:10 news A-0001#1 medium: bob", "10:20 news A-0001#2 medium: bob mallory", "10:40 news A-0001#3 medium: bob")
	var ranges []string
	for _, r := range rounds {
		for _, n := range r.News {
			ranges = append(ranges, fmt.Sprintf("(%d,%d] %t", n.FromSeq, n.ToSeq, n.Whole))
		}
	}
	if got := strings.Join(ranges, " "); got != "(0,3] true (3,6] true (6,7] true" {
		t.Errorf("ranges %s", got)
	}
}

func TestT10AlertPerWithSeverities(t *testing.T) {
	w := world(t, "09:16", `rules: [{id: n, logstore: findings, window: 1h, every: 15m, query: "status:x", alert_per: [instance_type], severity: [{when: "instance_type == 'SLB'", is: critical}, {is: high}]}]`)
	handle(t, w, "n", script("instance_type", map[string]string{
		"09:30": "VPC", "09:45": "VPC", "12:45": "VPC ECS", "14:15": "VPC ECS OSS", "14:30": "VPC OSS", "16:00": "VPC OSS SLB", "16:30": "VPC OSS",
	}))
	got := alertrulestest.Describe(runTo(t, w, "10:00"), "instance_type")
	if want := []string{`09:30 begin A-0001{instance_type=t:"VPC"} high: VPC`, `10:00 end A-0001{instance_type=t:"VPC"} no rows`}; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	runTo(t, w, "15:59")
	rounds := runTo(t, w, "16:00")
	for _, a := range rounds[0].Alerts {
		wantSeverity := alertrules.High
		if a.Labels["instance_type"] == "SLB" {
			wantSeverity = alertrules.Critical
		}
		if a.Severity != wantSeverity {
			t.Errorf("%s is %s", a.Key, a.Severity)
		}
	}
}

func TestT11AlertPer(t *testing.T) {
	w := world(t, "09:46", `rules: [{id: k, logstore: findings, window: 1h, every: 15m, query: "status:x", alert_per: [instance_type], severity: high}]`)
	moments := map[string]string{"10:00": "ECS OSS RAM", "10:15": "ECS OSS RAM", "10:30": "ECS OSS RAM", "10:45": "ECS RAM", "11:00": "ECS RAM SLB"}
	handle(t, w, "k", script("instance_type", moments))
	want(t, runTo(t, w, "11:00"), "instance_type",
		`10:00 begin A-0001{instance_type=t:"ECS"} high: ECS`, `10:00 begin A-0002{instance_type=t:"OSS"} high: OSS`, `10:00 begin A-0003{instance_type=t:"RAM"} high: RAM`,
		`10:45 end A-0002{instance_type=t:"OSS"} no rows`,
		`11:00 begin A-0004{instance_type=t:"SLB"} high: SLB`)
}

func TestT30FirstRun(t *testing.T) {
	const n = `{id: n, logstore: cloudtrail, window: new, query: "eventName:ConsoleLogin", severity: high%s}`
	const s = `{id: s, logstore: cloudtrail, window: 24h, query: "eventName:ConsoleLogin", severity: high}`
	rules := func(start string) string { return "rules: [" + fmt.Sprintf(n, start) + ", " + s + "]" }
	login := alertrulestest.Matching(func(r alertrulestest.Record) bool { return r.Fields["eventName"] == "ConsoleLogin" })
	fill := func(w *alertrulestest.World, at string) {
		for i := range 3210 {
			r := record(at, "02:00", "eventName", "Other")
			if i%200 == 0 {
				r.Fields["eventName"] = "ConsoleLogin"
			}
			w.Log.Add(r)
		}
	}
	t.Run("rules first", func(t *testing.T) {
		w := world(t, "09:00", rules(""))
		handle(t, w, "n", login)
		handle(t, w, "s", login)
		fill(w, "09:01")
		round, err := w.At(clock("09:10"))
		if err != nil {
			t.Fatal(err)
		}
		if len(round.News) != 1 || len(round.News[0].Rows) != 17 || round.News[0].ToSeq != 3210 {
			t.Errorf("news %+v", round.News)
		}
		again, err := w.At(clock("09:11"))
		if err != nil || len(again.Rules) > 0 {
			t.Errorf("09:11: %+v, %v", again, err)
		}
	})
	t.Run("records first", func(t *testing.T) {
		w := alertrulestest.NewWorld(clock("09:01"))
		fill(w, "09:01")
		w.Log.Now = clock("09:20")
		load(t, w, rules(""))
		handle(t, w, "n", login)
		handle(t, w, "s", login)
		round, err := w.At(clock("09:20"))
		if err != nil {
			t.Fatal(err)
		}
		if len(round.News) != 0 || len(round.Alerts) != 1 || round.Alerts[0].Rule != "s" {
			t.Errorf("news %d, alerts %d", len(round.News), len(round.Alerts))
		}
		rule, _ := w.Set.Rule("n")
		states, err := w.Engine.States.RuleStates(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		hint, err := w.Engine.Before(context.Background(), rule, states[rule.ID], clock("09:20"))
		if err != nil || hint.Records != 3210 || hint.Start != "-24h" {
			t.Errorf("hint %+v, %v", hint, err)
		}
		w.Log.Now = clock("09:21")
		for range 2 { // the second time there is nothing left to take in
			load(t, w, rules(`, start: "-24h"`))
			round, err = w.At(w.Log.Now)
			if err != nil {
				t.Fatal(err)
			}
			if w.Log.Now.Equal(clock("09:21")) && (len(round.News) != 1 || len(round.News[0].Rows) != 17) {
				t.Errorf("after an earlier start: %+v", round.News)
			}
			if w.Log.Now.After(clock("09:21")) && len(round.News) != 0 {
				t.Errorf("taken in twice: %+v", round.News)
			}
			w.Log.Now = clock("09:30")
		}
	})
}

func TestT29HistoryIsAGap(t *testing.T) {
	w := world(t, "Mon 09:58", `
defaults: {logstore: cloudtrail, every: 5m, severity: high, query: "eventName:x"}
rules: [{id: n}, {id: s, window: 1h, delay: 0s}, {id: w, window: whole 1h, delay: 0s, start: -2h}, {id: p, logstore: findings_now, query: "@status:FAIL"}]`)
	for _, id := range []string{"n", "s", "w"} {
		handle(t, w, id, alertrulestest.Matching(everything))
	}
	runTo(t, w, "10:02")
	for _, event := range []string{"Mon 08:10", "Mon 08:50"} { // w has a verdict of that hour
		r := record("10:03", event, "eventName", "old")
		r.History = true
		w.Log.Add(r)
	}
	w.Log.Add(record("10:03", "10:01", "eventName", "live"))
	w.States.Fail = errors.New("killed before the commit")
	w.Log.Now = clock("10:05")
	if _, err := w.At(clock("10:05")); err == nil {
		t.Fatal("the round was committed")
	}
	round, err := w.At(clock("10:05"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, g := range round.Gaps {
		got = append(got, fmt.Sprintf("%s %s-%s %s", g.Rule, g.From.UTC().Format("15:04"), g.To.UTC().Format("15:04"), g.Reason))
	}
	if want := []string{"s 08:15-09:55 history", "w 08:00-09:00 history"}; !slices.Equal(got, want) {
		t.Errorf("gaps %v, want %v", got, want)
	}
	for _, n := range round.News {
		if rows := fmt.Sprint(n.Rows[0].Cells); n.History != strings.Contains(rows, "old") {
			t.Errorf("history %t: %s", n.History, rows)
		}
	}
	if len(round.News) != 2 || len(round.Notices) != 0 {
		t.Errorf("%d news, notices %v", len(round.News), round.Notices)
	}
	for _, e := range round.Evaluations {
		if e.Rule == "w" {
			t.Errorf("history touched a whole window: %+v", e)
		}
	}
	if rounds := runTo(t, w, "10:30"); len(alertrulestest.Describe(rounds, "eventName")) != 0 {
		t.Errorf("later: %v", alertrulestest.Describe(rounds, "eventName"))
	}
}
