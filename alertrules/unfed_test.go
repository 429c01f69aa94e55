package alertrules_test

import (
	"testing"
	"testing/synctest"
	"time"

	"tocsin/alertrules/alertrulestest"
)

// Rules while nothing is taken in (Engine.Unfed).

// That nothing is there may be because it was not taken in; that something is there is
// known.
func TestAbsenceWhileNothingIsTakenIn(t *testing.T) {
	w := world(t, "09:30", `
defaults: {logstore: findings, window: 10m, delay: 0s, every: 5m, query: "status:x"}
rules: [{id: a, trigger: {rows: "== 0"}}]`)
	handle(t, w, "a", alertrulestest.Matching(everything))
	unfed := false
	w.Engine.Unfed = func() bool { return unfed }
	want(t, runTo(t, w, "09:40"), "", "09:35 begin A-0001 medium: ")
	w.Log.Add(record("09:42", "09:42", "status", "x"))
	unfed = true
	want(t, runTo(t, w, "10:00"), "", "09:45 end A-0001 passed")
	unfed = false
	want(t, runTo(t, w, "10:05"), "", "10:05 begin A-0002 medium:  again")
}

// A verdict of a window that was not taken in yet takes no alert back.
func TestNothingIsWithdrawnWhileNothingIsTakenIn(t *testing.T) {
	w := world(t, "09:30", `
defaults: {logstore: findings, window: whole 10m, delay: 0s, every: 5m, query: "status:x"}
rules: [{id: w}]`)
	handle(t, w, "w", alertrulestest.Matching(everything))
	unfed := false
	w.Engine.Unfed = func() bool { return unfed }
	w.Log.Add(record("10:02", "10:01", "status", "x"))
	want(t, runTo(t, w, "10:10"), "status", "10:10 begin A-0001 medium: x")
	unfed = true
	runTo(t, w, "10:40")
	w.Log.Add(record("10:41", "10:11", "status", "x")) // the first part of what waited
	want(t, runTo(t, w, "10:45"), "status")
	for _, minute := range []string{"10:21", "10:31", "10:41"} {
		w.Log.Add(record("10:46", minute, "status", "x"))
	}
	unfed = false
	want(t, runTo(t, w, "10:50"), "status")
	want(t, runTo(t, w, "11:00"), "status", "11:00 end A-0001 no rows")
}

// Windows that an earlier start added are what they are.
func TestAnEarlierStartWhileNothingIsTakenIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		took := time.Duration(0)
		w := earlierWorld(t, `rules: [{id: s, logstore: findings, window: whole 1h, every: 1h, delay: 0s, start: "%s", query: "status:x", after: 3}]`, "-20d", func(hour int) bool { return hour%7 == 1 }, &took)
		w.Engine.Unfed = func() bool { return true }
		pieces(t, w)
		if got := hours(w); len(got) > 0 {
			t.Errorf("hits hours apart are told as three in a row: %v", got)
		}
	})
}
