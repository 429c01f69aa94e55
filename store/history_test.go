package store

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tocsin/alertrules"
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
