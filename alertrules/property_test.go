package alertrules_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tocsin/alertrules"
	"tocsin/alertrules/alertrulestest"
	"tocsin/query"
)

// Without an aggregate over `new`, the rows told equal the rows stored, each
// once, whatever the order of arrival, the batches, the failures, the restarts
// and the bounds (DESIGN.md §5).
func TestRowsToldEqualRowsStored(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := clock("10:00")
		w := alertrulestest.NewWorld(now)
		perAlert := rapid.SampledFrom([]string{"", ", alert_per: [awsRegion]"}).Draw(t, "alert_per")
		if err := w.Load(`rules: [{id: r, logstore: cloudtrail, every: 5m, query: "eventName:x"` + perAlert + `, severity: [{when: "eventName == 'a'", is: critical}, {is: low}]}]`); err != nil {
			t.Fatal(err)
		}
		limit := rapid.SampledFrom([]int{3, 10, 1000}).Draw(t, "limit")
		broken := false
		answer := bounded(alertrulestest.Matching(everything), limit)
		if err := w.Answer("r", func(p *query.Plan, win query.Window, in []alertrulestest.Record) (*query.Result, error) {
			if broken {
				return nil, errors.New("broken")
			}
			return answer(p, win, in)
		}); err != nil {
			t.Fatal(err)
		}
		stored := 0
		steps := rapid.IntRange(1, 15).Draw(t, "steps")
		for i := range steps + 4 { // the last rounds are quiet, so that all that waits is taken
			if i < steps {
				for range rapid.IntRange(0, 12).Draw(t, "arrivals") {
					stored++
					event := now.Add(-time.Duration(rapid.IntRange(0, 5000).Draw(t, "late")) * time.Minute)
					w.Log.Add(alertrulestest.Record{Arrived: now.Add(time.Second), Time: event, Fields: map[string]any{
						"eventName": rapid.SampledFrom([]string{"a", "b"}).Draw(t, "name"), "awsRegion": rapid.SampledFrom([]any{"x", "y", nil}).Draw(t, "region"),
					}})
				}
				broken = rapid.IntRange(0, 4).Draw(t, "broken") == 0
				if rapid.IntRange(0, 4).Draw(t, "crash") == 0 {
					w.States.Fail = errors.New("killed before the commit")
				}
				if rapid.IntRange(0, 4).Draw(t, "restart") == 0 {
					w.Engine = &alertrules.Engine{Query: w.Log.Query, Logs: w.Log, States: w.States}
				}
			} else {
				broken, w.States.Fail = false, nil
			}
			now = now.Add(time.Duration(rapid.IntRange(1, 3).Draw(t, "pause")) * 5 * time.Minute)
			w.Log.Now = now
			_, _ = w.Engine.Round(context.Background(), w.Set.Rules, now) // a killed round is tried again by the next
		}
		for range stored/limit + 1 {
			now = now.Add(5 * time.Minute)
			w.Log.Now = now
			if _, err := w.Engine.Round(context.Background(), w.Set.Rules, now); err != nil {
				t.Fatal(err)
			}
		}
		told := map[int64]int{}
		var last int64
		numbers := map[string]int64{}
		for _, r := range w.States.Rounds() {
			for _, n := range r.News {
				if n.N != numbers[n.Alert]+1 {
					t.Fatalf("news %d of %s after %d", n.N, n.Alert, numbers[n.Alert])
				}
				numbers[n.Alert] = n.N
				last = max(last, n.ToSeq)
				for _, row := range n.Rows {
					told[row.Seq]++
				}
			}
		}
		for seq := int64(1); seq <= int64(stored); seq++ {
			if told[seq] != 1 {
				t.Fatalf("record %d of %d was told %d times", seq, stored, told[seq])
			}
		}
	})
}

// bounded cuts an answer after so many rows, as the store does.
func bounded(a alertrulestest.Answer, limit int) alertrulestest.Answer {
	return func(p *query.Plan, w query.Window, in []alertrulestest.Record) (*query.Result, error) {
		res, err := a(p, w, in)
		if err == nil && len(res.Rows) > limit {
			res.Rows, res.Partial = res.Rows[:limit], fmt.Sprintf("more than %d rows", limit)
			if res.Seqs != nil {
				res.Seqs = res.Seqs[:limit]
			}
		}
		return res, err
	}
}

// For whole windows the last verdict equals that of in-order arrival, and the
// alert that stands is the one that in-order arrival would have left.
func TestLastVerdictEqualsInOrderArrival(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rule := `rules: [{id: w, logstore: cloudtrail, window: whole 1h, every: 15m, query: "* | SELECT count(*) AS n", trigger: {when: "n >= 2"}, severity: high, after: ` +
			rapid.SampledFrom([]string{"1", "2", "2 of 3"}).Draw(t, "after") + `}]`
		type arrival struct{ event, late time.Duration }
		var arrivals []arrival
		for range rapid.IntRange(0, 20).Draw(t, "records") {
			event := time.Duration(rapid.IntRange(0, 299).Draw(t, "event")) * time.Minute
			arrivals = append(arrivals, arrival{event, time.Duration(rapid.IntRange(0, 240).Draw(t, "late")) * time.Minute})
		}
		end := clock("20:00")
		run := func(late bool) (verdicts string, firing bool) {
			w := alertrulestest.NewWorld(clock("10:00"))
			if err := w.Load(rule); err != nil {
				t.Fatal(err)
			}
			if err := w.Answer("w", alertrulestest.Matching(everything)); err != nil {
				t.Fatal(err)
			}
			for _, a := range arrivals {
				at := clock("10:00").Add(a.event)
				r := alertrulestest.Record{Arrived: at, Time: at}
				if late {
					r.Arrived = at.Add(a.late)
				}
				w.Log.Add(r)
			}
			if _, err := w.RunTo(end); err != nil {
				t.Fatal(err)
			}
			s := w.States.State("w")
			for _, v := range s.Verdicts {
				verdicts += fmt.Sprint(v.From.Format("15:04 "), len(v.Hits), "; ")
			}
			return verdicts, s.Live > 0
		}
		wantVerdicts, wantFiring := run(false)
		gotVerdicts, gotFiring := run(true)
		if gotVerdicts != wantVerdicts || gotFiring != wantFiring {
			t.Fatalf("late: %s%t\nin order: %s%t", gotVerdicts, gotFiring, wantVerdicts, wantFiring)
		}
	})
}

// Whatever came in as history, whenever, in however many loads, and however the
// program ended: once the gaps are filled, each window that holds a record of it
// and that is over was evaluated with it (DESIGN.md §1 P1, §5).
func TestHistoryIsEvaluatedOnceItsGapsAreFilled(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := clock("10:00")
		w := alertrulestest.NewWorld(now)
		if err := w.Load(`
defaults: {logstore: cloudtrail, every: 5m, query: "eventName:x"}
rules: [{id: s, window: 20m, delay: 0s}, {id: w, window: whole 15m, delay: 0s}]`); err != nil {
			t.Fatal(err)
		}
		for _, r := range w.Set.Rules {
			if err := w.Answer(r.ID, alertrulestest.Matching(everything)); err != nil {
				t.Fatal(err)
			}
		}
		killed := errors.New("killed before the commit")
		type stored struct {
			seq  int64
			time time.Time
		}
		var records []stored
		for range rapid.IntRange(1, 8).Draw(t, "steps") {
			for range rapid.IntRange(0, 3).Draw(t, "records") {
				event := now.Add(-time.Duration(rapid.IntRange(0, 600).Draw(t, "age")) * time.Minute)
				w.Log.Add(alertrulestest.Record{Arrived: now.Add(time.Second), Time: event, History: true, Notify: rapid.Bool().Draw(t, "notify")})
				records = append(records, stored{int64(len(records) + 1), event})
			}
			if rapid.IntRange(0, 2).Draw(t, "crash") == 0 {
				w.States.Fail = killed
			}
			now = now.Add(time.Duration(rapid.IntRange(1, 400).Draw(t, "pause")) * 5 * time.Minute)
			_, err := w.At(now)
			if rapid.Bool().Draw(t, "fill") {
				err = errors.Join(err, w.Engine.Fill(context.Background(), w.Set.Rules, w.States.Gaps(), alertrules.FillOptions{Now: now}))
			}
			if err != nil && !errors.Is(err, killed) {
				t.Fatal(err)
			}
		}
		w.States.Fail = nil
		now = now.Add(5 * time.Minute)
		if _, err := w.At(now); err != nil {
			t.Fatal(err)
		}
		if err := w.Engine.Fill(context.Background(), w.Set.Rules, w.States.Gaps(), alertrules.FillOptions{Now: now}); err != nil {
			t.Fatal(err)
		}
		if gaps := w.States.Gaps(); len(gaps) != 0 {
			t.Fatalf("left %v", gaps)
		}
		seen := map[string]int64{} // the last record that was there, by rule and window
		for _, r := range w.States.Rounds() {
			for _, e := range r.Evaluations {
				key := e.Rule + e.Window.From.UTC().String()
				seen[key] = max(seen[key], e.Window.UpToSeq)
			}
		}
		for _, r := range records {
			for at := r.time.Truncate(5 * time.Minute).Add(5 * time.Minute); !at.After(r.time.Add(20*time.Minute)) && !at.After(now); at = at.Add(5 * time.Minute) {
				if from := at.Add(-20 * time.Minute); seen["s"+from.UTC().String()] < r.seq {
					t.Fatalf("s has not seen the record of %s at %s", r.time, at)
				}
			}
			if from := r.time.Truncate(15 * time.Minute); !from.Add(15*time.Minute).After(now) && seen["w"+from.UTC().String()] < r.seq {
				t.Fatalf("w has not seen the record of %s", r.time)
			}
		}
	})
}
