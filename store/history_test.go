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
