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
	if diff := cmp.Diff([]alertrules.SeqRange{{From: 0, To: 3}}, got); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
	got, err = s.Logs.History(t.Context(), 1, 2)
	ok(t, err)
	if diff := cmp.Diff([]alertrules.SeqRange{{From: 1, To: 2}}, got); diff != "" {
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
	got, err := s.Logs.HistoryTimes(t.Context(), testLogstore().Name, 1, 8)
	ok(t, err)
	want := []alertrules.TimeRange{
		{From: at(0, 5).time, To: at(0, 12).time.Add(time.Microsecond)},
		{From: at(0, 20).time, To: at(0, 20).time.Add(time.Microsecond)},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
	got, err = s.Logs.HistoryTimes(t.Context(), "another", 0, 8)
	if err != nil || len(got) != 0 {
		t.Errorf("history of another logstore: %v, %v", got, err)
	}
}
