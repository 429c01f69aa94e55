// Tests of retention.

package store

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"testing"
	"time"

	"tocsin/alertrules"
	"tocsin/ingest"
	"tocsin/notifier"
)

const aDay = 24 * time.Hour

// loadAt takes a script of the test logstore in at a moment.
func loadAt(t *testing.T, l *Logs, now time.Time, name string, records ...rec) {
	t.Helper()
	appendScripts(t, l, testLogstore(), []script{{name, "1", records}}, func(o *AppendOptions) { o.Now = now })
}

func dropAt(t *testing.T, l *Logs, now time.Time, keep time.Duration, change func(*DropOptions)) []Dropped {
	t.Helper()
	o := DropOptions{Keep: map[string]time.Duration{"t": keep, "never used": keep}, Now: now}
	if change != nil {
		change(&o)
	}
	dropped, err := l.Drop(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return dropped
}

// Whole days go, and nothing that came in during the last week; the ledger stays,
// so that the object is not loaded again.
func TestDropDeletesWholeDays(t *testing.T) {
	l := openTest(t, t.TempDir()).Logs
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	load := begin.Add(20 * aDay)
	var records []rec
	for i := range 10 {
		records = append(records, rec{id: i + 1, time: begin.Add(time.Duration(i) * 12 * time.Hour)})
	}
	loadAt(t, l, load, "a", records...)
	if got := dropAt(t, l, load.Add(Stay), aDay, nil); got != nil {
		t.Errorf("within a week: %v", got)
	}
	now := begin.Add(40*aDay + 5*time.Hour)
	want := []Dropped{{Logstore: "t", Records: 4, Before: begin.Add(2 * aDay)}}
	if got := dropAt(t, l, now, 38*aDay, nil); !reflect.DeepEqual(got, want) {
		t.Errorf("dropped %v, want %v", got, want)
	}
	if n := count(t, l, "SELECT count(*) FROM log_t WHERE time < TIMESTAMP '2026-01-03'"); n != 0 {
		t.Errorf("%d old records are left", n)
	}
	loadAt(t, l, now, "a", records...)
	if n := count(t, l, "SELECT count(*) FROM log_t"); n != 6 {
		t.Errorf("%d records after the object came again", n)
	}
	if seq, _, err := l.LastSeq(t.Context()); seq != 10 || err != nil {
		t.Errorf("last seq %d %v", seq, err)
	}
}

// What a rule has not seen is a gap before it is deleted; when that cannot be
// recorded, it is not deleted.
func TestDropRecordsWhatRulesHaveNotSeen(t *testing.T) {
	l := openTest(t, t.TempDir()).Logs
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range 4 {
		loadAt(t, l, begin, fmt.Sprint("f", i), rec{id: i + 1, time: begin.Add(time.Duration(i) * time.Hour)})
	}
	loadAt(t, l, begin, "new", rec{id: 9, time: begin.Add(90 * aDay)})
	now := begin.Add(100 * aDay)
	cursors := map[string][]alertrules.Cursor{"t": {{Rule: "slow", Seq: 2}, {Rule: "slower not", Seq: 4}}, "other": {{Rule: "x", Seq: 0}}}
	full := errors.New("the disk is full")
	o := DropOptions{Keep: map[string]time.Duration{"t": 30 * aDay}, Now: now, Cursors: cursors, Gaps: func([]alertrules.Gap) error { return full }}
	if _, err := l.Drop(t.Context(), o); !errors.Is(err, full) || count(t, l, "SELECT count(*) FROM log_t") != 5 {
		t.Errorf("error %v, %d records", err, count(t, l, "SELECT count(*) FROM log_t"))
	}
	var gaps []alertrules.Gap
	o.Gaps = func(g []alertrules.Gap) error { gaps = append(gaps, g...); return nil }
	if _, err := l.Drop(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	want := []alertrules.Gap{{Rule: "slow", From: begin.Add(2 * time.Hour), To: begin.Add(3 * time.Hour), FromSeq: 2, ToSeq: 4, Reason: "no longer kept"}}
	if !reflect.DeepEqual(gaps, want) {
		t.Errorf("gaps %+v, want %+v", gaps, want)
	}
	if n := count(t, l, "SELECT count(*) FROM log_t"); n != 1 {
		t.Errorf("%d records are left", n)
	}
}

// Findings as they stand, and what they stand on, remain: of two runs the second.
func TestDropKeepsWhatStands(t *testing.T) {
	run1, run2 := runFiles(t)
	dir := t.TempDir()
	s := openTest(t, dir)
	l := s.Logs
	loadFindings(t, l, fileObject(run1))
	loadFindings(t, l, fileObject(run2))
	const all = "* | SELECT * ORDER BY @finding"
	want := table(t, l, "findings_now", all, 0)
	keep := map[string]time.Duration{"findings": aDay, "findings_now": aDay}
	dropped, err := l.Drop(t.Context(), DropOptions{Keep: keep, Now: testNow.Add(50 * aDay)})
	ok(t, err)
	if len(dropped) != 1 || dropped[0].Records != 91 || count(t, l, "SELECT count(*) FROM log_findings") != 91 {
		t.Errorf("dropped %v", dropped)
	}
	if n := count(t, l, "SELECT count(*) FROM findings_past"); n != 0 {
		t.Errorf("%d versions are left without a record", n)
	}
	same(t, "what stands", table(t, l, "findings_now", all, 0), want)
	ok(t, s.Close(t.Context()))
	l = openTest(t, dir).Logs
	ok(t, l.Declare(t.Context(), ingest.Builtin()...))
	same(t, "after opening again", table(t, l, "findings_now", all, 0), want)
}

// Space is used again: rounds of loading and deleting do not grow the file.
func TestDropGivesSpaceBack(t *testing.T) {
	s := openTest(t, t.TempDir())
	l, rnd := s.Logs, rand.New(rand.NewPCG(1, 2))
	now, id := testNow, 0
	var sizes []int64
	for round := range 10 {
		var records []rec
		for range 20_000 {
			id++
			records = append(records, rec{id: id, name: fmt.Sprintf("%x%x%x%x", rnd.Uint64(), rnd.Uint64(), rnd.Uint64(), rnd.Uint64()), time: now.Add(-time.Duration(id%86_400) * time.Second)})
		}
		appendScripts(t, l, testLogstore(), []script{{fmt.Sprint("f", round), "1", records}}, func(o *AppendOptions) { o.Now = now; o.rows, o.records = 2048, 2048 })
		if err := l.in.checkpoint(t.Context()); err != nil {
			t.Fatal(err)
		}
		now = now.Add(10 * aDay)
		if got := dropAt(t, l, now, 2*aDay, nil); len(got) != 1 || got[0].Records != 20_000 {
			t.Fatalf("round %d: dropped %v", round, got)
		}
		info, err := os.Stat(l.in.path)
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, info.Size())
	}
	if last, second := sizes[9], sizes[1]; last > second*5/4 {
		t.Errorf("sizes %v", sizes)
	}
	t.Log("sizes", sizes)
}

// Alerts that ended before what is kept of the history go with their news and
// acknowledgements, but none of which somebody has to be told.
func TestG43EndedAlertsGoWithTheHistory(t *testing.T) {
	s, ctx := openTestState(t), t.Context()
	old := now.Add(-100 * aDay)
	alert := func(id string, mode alertrules.Mode, ended time.Time) *alertrules.Alert {
		return &alertrules.Alert{ID: id, Rule: "r", Key: "r{" + id + "}", Mode: mode, Began: old, Ended: ended, MaxSeverity: alertrules.Low}
	}
	filled := func(id string, at time.Time) *alertrules.Alert { // what happened at old was found at
		a := alert(id, alertrules.Event, old.Add(time.Hour))
		a.Late, a.Filled = true, at
		return a
	}
	news := func(id string, n int64, at time.Time) *alertrules.News {
		return &alertrules.News{Alert: id, N: n, At: at}
	}
	var evals []alertrules.Evaluation
	for at, filled := range map[time.Time]time.Time{old: {}, old.Add(time.Hour): old.Add(aDay), old.Add(2 * time.Hour): now, now: {}} {
		evals = append(evals, alertrules.Evaluation{Rule: "r", At: at, Outcome: alertrules.Firing, Rows: 1, Filled: filled})
	}
	ok(t, s.CommitRound(ctx, &alertrules.Round{
		Evaluations: evals,
		Alerts: []*alertrules.Alert{
			alert("A-0001", alertrules.State, old.Add(time.Hour)), alert("A-0002", alertrules.State, now), alert("A-0003", alertrules.State, time.Time{}),
			alert("A-0004", alertrules.State, old.Add(time.Hour)), // untold
			alert("A-0005", alertrules.Event, old.Add(time.Hour)), alert("A-0006", alertrules.Event, time.Time{}),
			filled("A-0007", now), filled("A-0008", old.Add(aDay)),
		},
		News: []*alertrules.News{news("A-0005", 1, old), news("A-0006", 1, old), news("A-0006", 2, old), news("A-0006", 3, now), news("A-0007", 1, old)},
	}))
	ok(t, s.Acknowledge(ctx, []*alertrules.Alert{alert("A-0001", alertrules.State, now), alert("A-0003", alertrules.State, now)}, &alertrules.Ack{By: "ami", At: now}, Operation{At: now}))
	ok(t, s.Commit(ctx, &notifier.Decided{
		Settled:     []string{"A-0001", "A-0002", "A-0003", "A-0005", "A-0006", "A-0007", "A-0008"},
		SettledNews: []notifier.NewsKey{{Alert: "A-0005", N: 1}, {Alert: "A-0007", N: 1}, {Alert: "A-0006", N: 1}, {Alert: "A-0006", N: 3}},
	}))
	ok(t, s.DropHistory(ctx, now.Add(-30*aDay)))
	var alerts, pieces, acks string
	ok(t, s.in.db.QueryRow("SELECT (SELECT string_agg(id, ' ' ORDER BY id) FROM alerts), (SELECT string_agg(alert || '#' || n, ' ' ORDER BY alert, n) FROM news), (SELECT string_agg(alert, ' ') FROM acks)").Scan(&alerts, &pieces, &acks))
	if got, want := alerts+"; "+pieces+"; "+acks, "A-0002 A-0003 A-0004 A-0006 A-0007; A-0006#2 A-0006#3 A-0007#1; A-0003"; got != want {
		t.Errorf("left %s, want %s", got, want)
	}
	kept, err := s.Evaluations(ctx, "r", old, now, 10)
	if ok(t, err); len(kept) != 2 || !kept[0].At.Equal(old.Add(2*time.Hour)) || !kept[1].At.Equal(now) {
		t.Errorf("evaluations left %v", kept)
	}
}
