package alertrules_test

import (
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

// A record that comes too late for every moment of a sliding window to come is a
// gap, and nothing else changes; gaps fill finds it.
func TestT14LateRecordOfASlidingWindow(t *testing.T) {
	w := world(t, "09:50", `rules: [{id: s, logstore: cloudtrail, window: 15m, delay: 0s, every: 5m, query: "eventName:DeleteTrail", severity: high}]`)
	handle(t, w, "s", alertrulestest.Matching(everything))
	w.Log.Add(record("10:47", "10:02", "eventName", "DeleteTrail"))
	w.Log.Add(record("10:47", "10:41", "eventName", "DeleteTrail")) // late, but not for 10:50
	w.Log.Add(record("10:48", "09:34", "eventName", "DeleteTrail")) // no moment was there to look at it
	want(t, runTo(t, w, "10:50"), "eventName", "10:50 begin A-0001 high: DeleteTrail", "10:50 gap s late")
	if g := w.States.Gaps(); len(g) != 1 || !g[0].From.Equal(clock("10:05")) || !g[0].To.Equal(clock("10:20")) {
		t.Errorf("gaps %v", g)
	}
	same(t, "filled", fill(t, w, false), "s late: 3 evaluated, 1 found, told=true")
	same(t, "found", lates(w), "s 10:05-10:20 history=false notify=false")
}

// told counts how often each record was told, by its number.
func told(w *alertrulestest.World) map[int64]int {
	n := map[int64]int{}
	for _, r := range w.States.Rounds() {
		for _, news := range r.News {
			for _, row := range news.Rows {
				n[row.Seq]++
			}
		}
	}
	return n
}

func toldOnce(t *testing.T, w *alertrulestest.World, records ...int64) {
	t.Helper()
	got := told(w)
	for _, seq := range records {
		if got[seq] != 1 {
			t.Errorf("record %d was told %d times", seq, got[seq])
		}
	}
	if len(got) != len(records) {
		t.Errorf("told %v", got)
	}
}

const oldWindows = `
defaults: {logstore: findings, window: whole 1h, every: 1h, delay: 0s, query: "status:x"}
rules: [{id: rows, mode: event}, {id: two, trigger: {rows: ">= 2"}}, {id: none, trigger: {rows: "== 0"}}, {id: often, after: 2}]`

// Whole windows are evaluated again however old they are.
func TestLateRecordsOfOldWindows(t *testing.T) {
	w := world(t, "09:10", oldWindows)
	for _, r := range w.Set.Rules {
		handle(t, w, r.ID, alertrulestest.Matching(everything))
	}
	w.Log.Add(record("09:30", "09:20", "status", "a"))
	w.Log.Add(record("Tue 10:30", "09:40", "status", "b"))
	w.Log.Add(record("Tue 10:30", "08:40", "status", "c")) // before the first window
	runTo(t, w, "Tue 10:10")
	before := len(w.States.Rounds())
	runTo(t, w, "Tue 11:00")
	var lines []string
	for _, r := range w.States.Rounds()[before:] {
		for _, a := range r.Alerts {
			lines = append(lines, fmt.Sprint(a.Rule, " since ", a.Since.Format("Mon 15:04"), " ended ", !a.Ended.IsZero()))
		}
		for _, e := range r.Evaluations {
			if e.Window.From.Equal(clock("09:00")) && e.Rule != "rows" {
				lines = append(lines, fmt.Sprint(e.Rule, " ", e.Rows, " rows, superseded ", strings.Contains(e.Reason, "the verdict of 2026-11-23T10:00:00Z is superseded")))
			}
		}
	}
	slices.Sort(lines)
	same(t, "found", lines, "none 2 rows, superseded false", "none since Mon 11:00 ended false", "often 2 rows, superseded false",
		"rows since Mon 10:00 ended false", "two 2 rows, superseded true", "two since Mon 10:00 ended true")
	toldOnce(t, w, 1, 2)
}

// What a window that is not kept any more saw in the round that dropped it is looked
// at, too, and an error in between tells nothing twice.
func TestLateRecordsAndErrors(t *testing.T) {
	w := world(t, "09:10", `rules: [{id: rows, mode: event, logstore: findings, window: whole 1h, every: 15m, delay: 0s, query: "status:x"}]`)
	fails := 0 // the query so many questions ahead
	handle(t, w, "rows", func(p *query.Plan, win query.Window, in []alertrulestest.Record) (*query.Result, error) {
		if fails--; fails == 0 {
			return nil, errors.New("broken")
		}
		return alertrulestest.Matching(everything)(p, win, in)
	})
	runTo(t, w, "13:00")
	for _, at := range []string{"09:20", "10:20", "11:20"} {
		w.Log.Add(record("13:01", at, "status", "late"))
	}
	fails = 2
	runTo(t, w, "13:30")
	toldOnce(t, w, 1, 2, 3)
	runTo(t, w, "21:00")
	w.Log.Add(record("21:50", "09:30", "status", "when 9:00 is dropped"))
	runTo(t, w, "23:00")
	toldOnce(t, w, 1, 2, 3, 4)
}

// failsOnce has the second question about late records fail once.
func failsOnce(t *testing.T, w *alertrulestest.World) (failed func() bool) {
	t.Helper()
	n := 0
	handle(t, w, "rows", func(p *query.Plan, win query.Window, in []alertrulestest.Record) (*query.Result, error) {
		if win.AfterSeq == 2 && n == 0 {
			n++
			return nil, errors.New("broken")
		}
		return alertrulestest.Matching(everything)(p, win, in)
	})
	return func() bool { return n > 0 }
}

// Of a window in which history and late records lie, each is told once: these at
// once, those by gaps fill.
func TestHistoryAndLateRecordsInOneWindow(t *testing.T) {
	w := world(t, "09:10", `rules: [{id: rows, mode: event, logstore: findings, window: whole 1h, every: 15m, delay: 0s, query: "status:x"}]`)
	failed := failsOnce(t, w)
	runTo(t, w, "11:00")
	old := record("11:01", "09:20", "status", "history")
	old.History = true
	w.Log.Add(record("11:01", "09:21", "status", "late"))
	w.Log.Add(old)
	w.Log.Add(record("11:02", "09:22", "status", "late"))
	runTo(t, w, "11:30")
	if !failed() {
		t.Error("nothing failed")
	}
	toldOnce(t, w, 1, 3)
	w.Log.Add(record("11:31", "09:23", "status", "late, while it is a gap"))
	runTo(t, w, "11:45")
	fill(t, w, false)
	toldOnce(t, w, 1, 2, 3, 4)
}

// So is it when another window got its verdict before the error.
func TestHistoryAndLateRecordsAfterAnError(t *testing.T) {
	w := world(t, "09:10", `rules: [{id: rows, mode: event, logstore: findings, window: whole 1h, every: 15m, delay: 0s, query: "status:x"}]`)
	failed := failsOnce(t, w)
	runTo(t, w, "10:45")
	old := record("10:50", "09:20", "status", "history")
	old.History = true
	w.Log.Add(record("10:50", "09:21", "status", "late"))
	w.Log.Add(old)
	w.Log.Add(record("10:50", "09:22", "status", "late"))
	runTo(t, w, "11:30")
	if !failed() {
		t.Error("nothing failed")
	}
	toldOnce(t, w, 1, 3)
	fill(t, w, false)
	toldOnce(t, w, 1, 2, 3)
}

// What came after the last evaluation is left to the next one by gaps fill.
func TestFillLeavesWhatIsNew(t *testing.T) {
	w := world(t, "09:10", `rules: [{id: rows, mode: event, logstore: findings, window: whole 1h, every: 15m, delay: 0s, query: "status:x"}]`)
	handle(t, w, "rows", alertrulestest.Matching(everything))
	runTo(t, w, "10:00")
	w.Log.Now = clock("10:00").Add(10 * 24 * time.Hour)
	if _, err := w.At(w.Log.Now); err != nil {
		t.Fatal(err)
	}
	w.Log.Add(alertrulestest.Record{Arrived: w.Log.Now, Time: clock("12:00"), Fields: map[string]any{"status": "x"}})
	fill(t, w, false)
	if _, err := w.At(w.Log.Now.Add(15 * time.Minute)); err != nil {
		t.Fatal(err)
	}
	toldOnce(t, w, 1)
}

// While a rule was off, records came for windows and moments that it had evaluated.
func TestLateWhileOff(t *testing.T) {
	rules := func(on bool) string {
		return fmt.Sprintf(`
defaults: {logstore: findings, every: 10m, query: "status:x", enabled: %t}
rules: [{id: n}, {id: s, window: 20m}, {id: w, window: whole 30m, delay: 0s}]`, on)
	}
	w := world(t, "09:00", rules(true))
	for _, r := range w.Set.Rules {
		handle(t, w, r.ID, alertrulestest.Matching(everything))
	}
	runTo(t, w, "10:00")
	load(t, w, rules(false))
	w.Log.Add(record("10:00:30", "09:05", "status", "late"))
	w.Log.Now = clock("10:01")
	load(t, w, rules(true))
	w.Log.Add(record("10:02", "09:35", "status", "late, before it was evaluated again"))
	runTo(t, w, "10:10")
	same(t, "filled", fill(t, w, false),
		"n disabled: 1 evaluated, 1 found, told=true",
		"w late: 1 evaluated, 1 found, told=true",
		"s late: 2 evaluated, 1 found, told=true", "s late: 2 evaluated, 1 found, told=true")
	if len(w.States.Gaps()) > 0 {
		t.Errorf("left %v", w.States.Gaps())
	}
}

// What changes nothing of a verdict is told to nobody, but the last evaluation rests
// on it.
func TestLateWhileOffChangesNoVerdict(t *testing.T) {
	rules := func(on bool) string {
		return fmt.Sprintf(`
defaults: {logstore: findings, every: 10m, delay: 0s, query: "status:x", enabled: %t}
rules: [{id: hit, window: whole 30m}, {id: miss, window: whole 30m, trigger: {rows: ">= 9"}}, {id: slide, window: 10m}]`, on)
	}
	w := world(t, "09:00", rules(true))
	for _, r := range w.Set.Rules {
		handle(t, w, r.ID, alertrulestest.Matching(everything))
	}
	w.Log.Add(record("09:05", "09:05", "status", "in time"))
	runTo(t, w, "10:00")
	load(t, w, rules(false))
	w.Log.Add(record("10:00:30", "09:06", "status", "late"))
	w.Log.Now = clock("10:01")
	load(t, w, rules(true))
	runTo(t, w, "10:10")
	before := len(w.States.Rounds())
	fill(t, w, false)
	var lines []string
	for _, r := range w.States.Rounds()[before:] {
		for _, a := range r.Alerts {
			t.Errorf("told %+v", a)
		}
		for _, e := range r.Evaluations {
			lines = append(lines, fmt.Sprint(e.Rule, e.Window.From.Format(" 15:04 "), e.Rows, " ", e.Outcome))
		}
	}
	same(t, "evaluated", lines, "hit 09:00 2 firing", "miss 09:00 2 ok", "slide 09:00 2 firing")
}

// A rule that fails misses nothing, also when it is off and on again at once.
func TestOffAndOnAtOnce(t *testing.T) {
	rules := func(on bool) string {
		return fmt.Sprintf(`rules: [{id: n, logstore: findings, every: 10m, query: "status:x", enabled: %t}]`, on)
	}
	w := world(t, "09:00", rules(true))
	handle(t, w, "n", alertrulestest.Matching(everything))
	runTo(t, w, "09:10")
	handle(t, w, "n", func(*query.Plan, query.Window, []alertrulestest.Record) (*query.Result, error) {
		return nil, errors.New("broken")
	})
	w.Log.Add(record("09:12", "09:12", "status", "a"))
	runTo(t, w, "09:20")
	load(t, w, rules(false))
	load(t, w, rules(true))
	handle(t, w, "n", alertrulestest.Matching(everything))
	fill(t, w, false)
	toldOnce(t, w, 1)
	if n := slices.IndexFunc(w.States.Gaps(), func(alertrules.Gap) bool { return true }); n >= 0 {
		t.Errorf("left %v", w.States.Gaps())
	}
}

// Moments that failed are tried again one by one. What the first of them saw is not
// late for the next.
func TestRetriedMomentsAreNotLate(t *testing.T) {
	w := world(t, "09:00", `
defaults: {logstore: findings, every: 10m, query: "status:x", mode: event}
rules: [{id: s, window: 20m}, {id: w, window: whole 10m, delay: 0s}]`)
	n := 0
	for _, r := range w.Set.Rules {
		handle(t, w, r.ID, func(p *query.Plan, win query.Window, in []alertrulestest.Record) (*query.Result, error) {
			if len(in) == 0 && n > 0 || n > 1 {
				n--
				return nil, errors.New("broken")
			}
			return alertrulestest.Matching(everything)(p, win, in)
		})
	}
	runTo(t, w, "10:00")
	n = 5
	old := record("10:03", "10:02", "status", "a")
	old.History = true
	w.Log.Add(old)
	runTo(t, w, "11:00")
	if g := w.States.Gaps(); n > 0 || len(g) > 0 {
		t.Errorf("%d failures left, gaps %v", n, g)
	}
	if got := told(w); got[1] != 2 {
		t.Errorf("told %v", got)
	}
}

// What late records added to an older window is not told again where the window becomes a
// gap, because more came for it while others failed; what is new in others is.
func TestAdditionsAreNotFoundAgain(t *testing.T) {
	w := world(t, "09:10", `rules: [{id: s, logstore: findings, window: whole 1h, every: 1h, delay: 0s, query: "status:x"}]`)
	fails := false
	handle(t, w, "s", func(p *query.Plan, win query.Window, in []alertrulestest.Record) (*query.Result, error) {
		if fails && win.From.Equal(clock("09:00")) {
			return nil, errors.New("broken")
		}
		return alertrulestest.Matching(everything)(p, win, in)
	})
	w.Log.Add(record("Tue 10:30", "09:40", "status", "told"))
	for _, at := range []string{"09:45", "11:45"} {
		w.Log.Add(record("Tue 11:30", at, "status", "more"))
	}
	runTo(t, w, "Tue 11:00")
	fails = true
	runTo(t, w, "Tue 12:00")
	fails = false
	runTo(t, w, "Tue 14:00")
	var added []string
	for _, a := range w.States.All() {
		added = append(added, fmt.Sprint(a.Since.Format("15:04 "), a.Addition, a.Late))
	}
	same(t, "added", added, "10:00 true false")
	same(t, "filled", fill(t, w, false), "s late: 1 evaluated, 0 found, told=true", "s late: 1 evaluated, 1 found, told=true")
	same(t, "found", lates(w), "s 12:00-13:00 history=false notify=false")
	covered := 0
	for _, r := range w.States.Rounds() {
		for _, e := range r.Evaluations {
			covered += strings.Count(e.Reason, "; covered by A-0001")
		}
	}
	if covered != 1 {
		t.Errorf("%d evaluations say who covers them", covered)
	}
}

// A late record that takes back what an alert told which is over adds nothing: the windows
// behind were told, too.
func TestWhatIsTakenBackAddsNothing(t *testing.T) {
	w := world(t, "09:10", `rules: [{id: s, logstore: findings, window: whole 1h, every: 1h, delay: 0s, query: "status:x", trigger: {rows: "== 1"}}]`)
	handle(t, w, "s", alertrulestest.Matching(everything))
	for _, at := range []string{"09:20", "10:20"} {
		w.Log.Add(record(at, at, "status", "a"))
	}
	w.Log.Add(record("12:30", "09:40", "status", "late"))
	want(t, runTo(t, w, "14:00"), "status", "10:00 begin A-0001 medium: a", "12:00 end A-0001 no rows")
	if all := w.States.All(); len(all) != 1 {
		t.Errorf("%d alerts", len(all))
	}
}
