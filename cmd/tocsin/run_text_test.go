package main

import (
	"testing"
	"time"

	"tocsin/alertrules"
)

// TestRoundText: rules are counted as rules, however many of their moments were made
// up for, and each has one line.
func TestRoundText(t *testing.T) {
	at := time.Date(2026, 11, 26, 10, 0, 0, 0, time.UTC)
	e := func(rule string, minute int, o alertrules.Outcome, reason, err string) alertrules.Evaluation {
		return alertrules.Evaluation{Rule: rule, At: at.Add(time.Duration(minute) * time.Minute), Outcome: o, Reason: reason, Error: err}
	}
	for want, list := range map[string][]alertrules.Evaluation{
		"no rule was due":                  nil,
		"1 rule evaluated: 0 firing, 1 ok": {e("a", 0, alertrules.OK, "", "")},
		"a: error: no file\n1 rule evaluated: 0 firing, 0 ok, 1 in error": {e("a", 0, alertrules.Failed, "kept", "no file")},
		"a: firing: 3 rows (at 2026-11-26T10:05:00Z, of 3 moments; tocsin why a@MOMENT)\nb: no data: none\n2 rules evaluated at 4 moments: 2 firing, 1 ok, 1 without data": {
			e("a", 0, alertrules.Firing, "2 rows", ""), e("a", 5, alertrules.Firing, "3 rows", ""), e("b", 0, alertrules.NoData, "none", ""), e("a", 10, alertrules.OK, "", ""),
		},
	} {
		if got := roundText(list); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
}
