package alertrules_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
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

// Whatever came in as history, whenever, in however many loads, while rules are
// enabled or not, and however the program ended: once the gaps are filled, each
// window that holds a record of it and that is over was evaluated with it
// (DESIGN.md §1 P1, §5).
func TestHistoryIsEvaluatedOnceItsGapsAreFilled(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := &past{T: t, w: alertrulestest.NewWorld(clock("10:00"))}
		p.turn(true)
		for _, r := range p.w.Set.Rules {
			p.must(p.w.Answer(r.ID, alertrulestest.Matching(everything)))
		}
		for range rapid.IntRange(1, 8).Draw(t, "steps") {
			p.load()
			if rapid.IntRange(0, 2).Draw(t, "crash") == 0 {
				p.w.States.Fail = errKilled
			}
			if rapid.IntRange(0, 2).Draw(t, "turn") == 0 {
				p.turn(rapid.Bool().Draw(t, "enabled"))
				p.at(0)
			}
			p.at(time.Duration(rapid.IntRange(1, 400).Draw(t, "pause")) * 5 * time.Minute)
			if rapid.Bool().Draw(t, "fill") {
				p.fill()
			}
		}
		p.w.States.Fail = nil
		p.turn(true)
		p.at(0)
		p.at(5 * time.Minute)
		p.fill()
		if gaps := p.w.States.Gaps(); len(gaps) != 0 {
			t.Fatalf("left %v", gaps)
		}
		p.check()
	})
}

var errKilled = errors.New("killed before the commit")

// past is a world into which history comes.
type past struct {
	*rapid.T
	w       *alertrulestest.World
	records []alertrulestest.Record
}

func (p *past) must(err error) {
	if err != nil && !errors.Is(err, errKilled) {
		p.Fatal(err)
	}
}

// turn enables the rules or disables them; when it is killed, as is done once, it
// is tried again.
func (p *past) turn(enabled bool) {
	rules := fmt.Sprintf(`
defaults: {logstore: cloudtrail, every: 5m, query: "eventName:x", enabled: %t}
rules: [{id: s, window: 20m, delay: 0s}, {id: w, window: whole 15m, delay: 0s}]`, enabled)
	if err := p.w.Load(rules); errors.Is(err, errKilled) {
		p.must(p.w.Load(rules))
	} else {
		p.must(err)
	}
}

// load stores some history.
func (p *past) load() {
	for range rapid.IntRange(0, 3).Draw(p.T, "records") {
		now := p.w.Log.Now
		event := now.Add(-time.Duration(rapid.IntRange(0, 600).Draw(p.T, "age")) * time.Minute)
		r := alertrulestest.Record{Arrived: now, Time: event, History: true, Notify: rapid.Bool().Draw(p.T, "notify")}
		p.w.Log.Add(r)
		p.records = append(p.records, r)
	}
}

// at evaluates what is due after a pause; without one, when it is killed, again.
func (p *past) at(pause time.Duration) {
	_, err := p.w.At(p.w.Log.Now.Add(pause))
	if pause == 0 && err != nil {
		_, err = p.w.At(p.w.Log.Now)
	}
	p.must(err)
}

func (p *past) fill() {
	p.must(p.w.Engine.Fill(context.Background(), p.w.Set.Rules, p.w.States.Gaps(), alertrules.FillOptions{Now: p.w.Log.Now}))
}

// check looks for windows that did not see a record.
func (p *past) check() {
	seen := map[string]int64{} // the last record that was there, by rule and window
	for _, r := range p.w.States.Rounds() {
		for _, e := range r.Evaluations {
			key := e.Rule + e.Window.From.UTC().String()
			seen[key] = max(seen[key], e.Window.UpToSeq)
		}
	}
	now := p.w.Log.Now
	for i, r := range p.records {
		seq := int64(i + 1)
		for at := r.Time.Truncate(5 * time.Minute).Add(5 * time.Minute); !at.After(r.Time.Add(20*time.Minute)) && !at.After(now); at = at.Add(5 * time.Minute) {
			if from := at.Add(-20 * time.Minute); seen["s"+from.UTC().String()] < seq {
				p.Fatalf("s has not seen the record of %s at %s", r.Time, at)
			}
		}
		if from := r.Time.Truncate(15 * time.Minute); !from.Add(15*time.Minute).After(now) && seen["w"+from.UTC().String()] < seq {
			p.Fatalf("w has not seen the record of %s", r.Time)
		}
	}
}

// What DESIGN.md §5 guarantees holds for random histories, also where pieces of
// catching up are cut because queries are slow.
func TestGuarantees(t *testing.T) {
	alertrulestest.Checks(t, 60)
	rapid.Check(t, func(r *rapid.T) {
		inBubble(t, func() {
			m := alertrulestest.NewMemory()
			alertrulestest.Play(r, m, m.Env(), clock("09:02"), alertrulestest.Size{Steps: 25, Down: []int{1, 3, 15, 30, 200}, Slow: true})
		})
	})
}

// inBubble tries a property once with a clock of its own. The clock of rapid is
// another, by which it would end after a day.
func inBubble(t *testing.T, try func()) {
	var failed any
	synctest.Test(t, func(*testing.T) {
		defer func() { failed = recover() }()
		try()
	})
	switch {
	case failed == nil:
	case fmt.Sprintf("%T", failed) == "rapid.invalidData": // rapid tells failures apart by where they are
		panic(failed)
	default:
		panic(failed)
	}
}
