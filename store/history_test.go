package store

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tocsin/alertrules"
	"tocsin/notifier"
)

// Numbers of history objects and of others do not mix, though their records
// overlap in time and come in one batch.
func TestHistoryRanges(t *testing.T) {
	s := openTest(t, t.TempDir())
	old := testNow.Add(-30 * 24 * time.Hour)
	at := func(id int, days int) rec { return rec{id: id, time: old.Add(time.Duration(days) * 24 * time.Hour)} }
	appendScripts(t, s.Logs, testLogstore(), []script{
		{name: "live", version: "1", records: []rec{at(1, 0), at(2, 5), at(3, 30)}},
		{name: "history", version: "1", records: []rec{at(4, 1), at(5, 6)}},
		{name: "more history", version: "1", records: []rec{at(6, 2)}},
	}, nil)
	got, err := s.Logs.History(t.Context(), 0, 6)
	ok(t, err)
	if diff := cmp.Diff([]alertrules.Past{{SeqRange: alertrules.SeqRange{From: 0, To: 3}}}, got); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
	got, err = s.Logs.History(t.Context(), 1, 2)
	ok(t, err)
	if diff := cmp.Diff([]alertrules.Past{{SeqRange: alertrules.SeqRange{From: 1, To: 2}}}, got); diff != "" {
		t.Errorf("history of a part (-want +got):\n%s", diff)
	}
}

// When history happened is known by logstore, and what overlaps is one range;
// what came in before is left out.
func TestHistoryTimes(t *testing.T) {
	s := openTest(t, t.TempDir())
	old := testNow.Add(-30 * 24 * time.Hour)
	at := func(id int, hours int) rec {
		return rec{id: id, time: old.Add(time.Duration(hours) * time.Hour)}
	}
	appendScripts(t, s.Logs, testLogstore(), []script{{name: "before", version: "1", records: []rec{at(1, 1)}}}, nil)
	appendScripts(t, s.Logs, testLogstore(), []script{
		{name: "a", version: "1", records: []rec{at(2, 5), at(3, 9)}},
		{name: "b", version: "1", records: []rec{at(4, 7), at(5, 12)}},
		{name: "c", version: "1", records: []rec{at(6, 20)}},
		{name: "live", version: "1", records: []rec{at(7, 16), at(8, 30*24)}},
		{name: "nothing new", version: "1", records: []rec{at(1, 1)}},
	}, nil)
	appendScripts(t, s.Logs, testLogstore(), []script{{name: "told", version: "1", records: []rec{at(9, 8)}}, {name: "told live", version: "1", records: []rec{at(10, 30*24)}}},
		func(o *AppendOptions) { o.Notify = true })
	got, err := s.Logs.HistoryTimes(t.Context(), testLogstore().Name, 1, 10)
	ok(t, err)
	between := func(from, to int, notify bool) alertrules.PastTime {
		return alertrules.PastTime{TimeRange: alertrules.TimeRange{From: at(0, from).time, To: at(0, to).time.Add(time.Microsecond)}, Notify: notify}
	}
	want := []alertrules.PastTime{between(5, 12, false), between(20, 20, false), between(8, 8, true)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
	got, err = s.Logs.HistoryTimes(t.Context(), "another", 0, 10)
	if err != nil || len(got) != 0 {
		t.Errorf("history of another logstore: %v, %v", got, err)
	}
	ranges, err := s.Logs.History(t.Context(), 0, 10)
	ok(t, err)
	if n := len(ranges); n == 0 || ranges[n-1] != (alertrules.Past{SeqRange: alertrules.SeqRange{From: 8, To: 9}, Notify: true}) {
		t.Errorf("ranges of history %v", ranges)
	}
}

// When late records happened is known by the minute, up to the time that is asked
// for; history is told apart by whoever asks.
func TestLateTimes(t *testing.T) {
	s := openTest(t, t.TempDir())
	day := testNow.Truncate(24 * time.Hour)
	at := func(id int, clock time.Duration) rec { return rec{id: id, time: day.Add(clock)} }
	appendScripts(t, s.Logs, testLogstore(), []script{{name: "before", version: "1", records: []rec{at(1, time.Hour)}}}, nil)
	appendScripts(t, s.Logs, testLogstore(), []script{{name: "a", version: "1", records: []rec{
		at(2, 3*time.Hour+10*time.Second), at(3, 3*time.Hour+59*time.Second), at(4, 2*time.Hour), at(5, 4*time.Hour+20*time.Second), at(6, 4*time.Hour+40*time.Second),
	}}}, nil)
	got, err := s.Logs.LateTimes(t.Context(), testLogstore().Name, alertrules.SeqRange{From: 1, To: 6}, day.Add(4*time.Hour+30*time.Second))
	ok(t, err)
	between := func(from, to time.Duration) alertrules.TimeRange {
		return alertrules.TimeRange{From: day.Add(from), To: day.Add(to)}
	}
	want := []alertrules.TimeRange{between(2*time.Hour, 2*time.Hour+time.Minute), between(3*time.Hour, 3*time.Hour+time.Minute), between(4*time.Hour, 4*time.Hour+30*time.Second)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("late (-want +got):\n%s", diff)
	}
	many := make([]rec, maxLate+1) // too many minutes: hours
	for i := range many {
		many[i] = at(10+i, -time.Duration(i)*time.Minute)
	}
	appendScripts(t, s.Logs, testLogstore(), []script{{name: "many", version: "1", records: many}}, nil)
	got, err = s.Logs.LateTimes(t.Context(), testLogstore().Name, alertrules.SeqRange{From: 6, To: 6 + maxLate + 1}, day.Add(time.Hour))
	ok(t, err)
	if len(got) != maxLate/60+2 || got[0].To.Sub(got[0].From) != time.Hour {
		t.Errorf("%d ranges, the first %v", len(got), got[0])
	}
}

// Of an object that spans years those hours are known in which it holds records.
func TestHistoryHours(t *testing.T) {
	s := openTest(t, t.TempDir())
	old := time.Date(1971, 5, 1, 10, 59, 59, 0, time.UTC)
	appendScripts(t, s.Logs, testLogstore(), []script{{name: "before", version: "1", records: []rec{{id: 1, time: old.Add(-time.Hour)}}}}, nil)
	appendScripts(t, s.Logs, testLogstore(), []script{
		{name: "history", version: "1", records: []rec{{id: 2, time: old}, {id: 3, time: old.Add(-time.Minute)}, {id: 4, time: old.AddDate(50, 0, 0)}}},
		{name: "live", version: "1", records: []rec{{id: 5, time: old.AddDate(10, 0, 0)}, {id: 6, time: testNow}}},
	}, nil)
	got, err := s.Logs.HistoryHours(t.Context(), testLogstore().Name, alertrules.SeqRange{From: 1, To: 6})
	ok(t, err)
	if diff := cmp.Diff([]time.Time{old.Truncate(time.Hour), old.AddDate(50, 0, 0).Truncate(time.Hour)}, got); diff != "" {
		t.Errorf("hours (-want +got):\n%s", diff)
	}
	if got, err = s.Logs.HistoryHours(t.Context(), "another", alertrules.SeqRange{From: 0, To: 6}); err != nil || len(got) != 0 {
		t.Errorf("hours of another logstore: %v, %v", got, err)
	}
}

// What was found in history without a mail is told when somebody asks, once; of
// other ranges, of other rules and what is live stays as it is.
func TestTellHistory(t *testing.T) {
	s, ctx := openTestState(t), t.Context()
	alerts := []*alertrules.Alert{{ID: "A-0001", Rule: "r", Mode: alertrules.Event, Began: now}, {ID: "A-0002", Rule: "other", Mode: alertrules.Event, Began: now}}
	news := func(alert string, n, from int64, history, notify bool) *alertrules.News {
		return &alertrules.News{Alert: alert, N: n, FromSeq: from, ToSeq: from + 5, History: history, Notify: notify, Rows: []alertrules.Row{{Key: hostile}, {Key: "b"}}}
	}
	ok(t, s.CommitRound(ctx, &alertrules.Round{At: now, Alerts: alerts, News: []*alertrules.News{
		news("A-0001", 1, 0, true, false), news("A-0001", 2, 5, true, false), news("A-0001", 3, 5, false, false), news("A-0001", 4, 5, true, true), news("A-0002", 1, 5, true, false),
	}}))
	var settled []notifier.NewsKey
	for n := range int64(4) {
		settled = append(settled, notifier.NewsKey{Alert: "A-0001", N: n + 1})
	}
	ok(t, s.Commit(ctx, &notifier.Decided{At: now, Changed: []notifier.Change{{Rule: "r", Round: 1}, {Rule: "other", Round: 1}}, Settled: []string{"A-0001"}, SettledNews: settled}))
	found, err := s.SilentHistory(ctx)
	if ok(t, err); !cmp.Equal(found, map[string]Found{"r": {Rows: 4}, "other": {Rows: 2}}) {
		t.Errorf("found %v", found)
	}
	for _, want := range []int64{2, 0} {
		told, err := s.TellHistory(ctx, &alertrules.Rule{ID: "r"}, []alertrules.Arrival{{Numbers: alertrules.SeqRange{From: 7, To: 20}}})
		if err != nil || told != (Found{Rows: want}) {
			t.Errorf("%v is told, want %d rows: %v", told, want, err)
		}
	}
	work, err := s.Work(ctx, now)
	if ok(t, err); len(work.Changed) != 1 || work.Changed[0].Rule != "r" {
		t.Errorf("changed %v", work.Changed)
	}
	g, err := s.Group(ctx, "r")
	if ok(t, err); len(g.Alerts) != 1 || len(g.News) != 1 || g.News[0].N != 2 || !g.News[0].Notify || g.News[0].Rows[0].Key != hostile {
		t.Errorf("to be decided: %+v", g)
	}
	found, err = s.SilentHistory(ctx)
	if ok(t, err); !cmp.Equal(found, map[string]Found{"r": {Rows: 2}, "other": {Rows: 2}}) {
		t.Errorf("found then %v", found)
	}
}
