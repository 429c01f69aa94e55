package main

import (
	"testing"
	"time"

	"tocsin/alertrules"
)

// How far a gap is filled: up to a moment, or, of a range of numbers, how much.
func TestProgressText(t *testing.T) {
	from := time.Date(2024, 5, 1, 10, 0, 0, 0, time.UTC)
	f := alertrules.Filled{Gap: alertrules.Gap{Rule: "burst", From: from, To: from.Add(48 * time.Hour)}, Evaluations: 500, Found: 2, UpTo: from.Add(24 * time.Hour)}
	if got, want := progressText(f), "burst: 500 evaluations so far, 2 found, up to 2024-05-02T10:00:00Z of 2024-05-03T10:00:00Z"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	f.UpTo = time.Time{}
	if got, want := progressText(f), "burst: 500 evaluations so far, 2 found"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
