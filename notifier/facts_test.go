package notifier

import (
	"testing"
	"time"

	"tocsin/alertrules"
)

func TestFacts(t *testing.T) {
	columns := []alertrules.Column{{Name: "time"}, {Name: "@actor"}, {Name: "account"}, {Name: "region"}, {Name: "resource"}}
	rows := []alertrules.Row{
		{Cells: []any{"2026-11-23T10:05:00Z", "bob", "111", "us-east-1", nil}},
		{Cells: []any{"2026-11-23T10:02:00Z", "eve", "111", "eu-west-1", "trail\nx"}},
		{Cells: []any{"no time", "bob", "222", "us-east-1", nil}},
	}
	all := table{columns: columns, rows: rows}
	for _, c := range []struct {
		name       string
		t          table
		who, where string
	}{
		{"all fields", all, "bob, eve", "111, 222 / us-east-1, eu-west-1 / trail x"},
		{"none", table{rows: rows}, "", ""},
	} {
		if who := (mask{}).distinct(c.t, "actor"); who != c.who {
			t.Errorf("%s: who %q, want %q", c.name, who, c.who)
		}
		if where := (mask{}).where(c.t); where != c.where {
			t.Errorf("%s: where %q, want %q", c.name, where, c.where)
		}
	}
	if got, _ := recordTimes(columns, rows); !got.Equal(time.Date(2026, 11, 23, 10, 2, 0, 0, time.UTC)) {
		t.Errorf("first record %v", got)
	}
	if oldest, newest := recordTimes(columns, nil); !oldest.IsZero() || !newest.IsZero() {
		t.Errorf("times of no rows %v, %v", oldest, newest)
	}
}
