package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tocsin/alertrules"
)

// Two records that lie within half a window, wherever they are, are seen
// together by a window; no window is looked at that has no records near.
func TestScanWindowEnds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := alertrules.Window{Kind: alertrules.SlidingWindow, Length: time.Duration(rapid.IntRange(1, 100_000).Draw(t, "minutes")) * time.Minute}
		size := time.Hour
		if w.Length < 2*time.Hour {
			size = time.Minute
		}
		at := time.Unix(rapid.Int64Range(-1e9, 4e9).Draw(t, "start"), 0)
		var pairs [][2]time.Time
		var filled []time.Time
		for range rapid.IntRange(1, 5).Draw(t, "records") {
			at = at.Add(time.Duration(rapid.Int64Range(0, 1e15).Draw(t, "gap")))
			near := at.Add(time.Duration(rapid.Int64Range(0, int64(w.Length/2)-1).Draw(t, "near")))
			pairs = append(pairs, [2]time.Time{at, near})
			for _, r := range pairs[len(pairs)-1] {
				if start := r.Truncate(size); len(filled) == 0 || start.After(filled[len(filled)-1]) {
					filled = append(filled, start)
				}
			}
			at = near
		}
		ends := windowEnds(filled, size, w)
		for _, pair := range pairs {
			if !seenTogether(ends, w.Length, pair) {
				t.Fatalf("no window of %s sees %s", w.Length, pair)
			}
		}
		if most := len(filled) * int(2*(w.Length+size)/w.Length+2); len(ends) > most {
			t.Fatalf("%d evaluations for %d stretches, at most %d are needed", len(ends), len(filled), most)
		}
	})
}

func seenTogether(ends []time.Time, length time.Duration, pair [2]time.Time) bool {
	for _, end := range ends {
		if !pair[0].Before(end.Add(-length)) && pair[1].Before(end) {
			return true
		}
	}
	return false
}

// failedLogins writes n failed sign-ins of one user, a minute apart.
func failedLogins(b *strings.Builder, user string, n int, at time.Time) {
	for i := range n {
		fmt.Fprintf(b, `{"eventVersion":"1.08","eventID":"%s-%d-%d","eventName":"ConsoleLogin","eventSource":"signin.amazonaws.com","awsRegion":"us-east-1","eventTime":%q,`+
			`"sourceIPAddress":"192.0.2.1","userIdentity":{"type":"IAMUser","userName":%q},"responseElements":{"ConsoleLogin":"Failure"}}`+"\n",
			user, at.Unix(), i, at.Add(time.Duration(i)*time.Minute).UTC().Format(time.RFC3339), user)
	}
}

// Logs of years are looked at everywhere: the burst is between single records
// that lie far apart.
func TestScanLongRange(t *testing.T) {
	t.Parallel()
	var logs strings.Builder
	failedLogins(&logs, "early", 1, time.Date(2016, 1, 1, 0, 0, 0, 0, time.UTC))
	failedLogins(&logs, "burst", 8, time.Date(2019, 5, 5, 11, 58, 0, 0, time.UTC))
	failedLogins(&logs, "late", 1, time.Date(2025, 12, 1, 0, 0, 0, 0, time.UTC))
	file := filepath.Join(t.TempDir(), "trail.jsonl")
	if err := os.WriteFile(file, []byte(logs.String()+"{\"eventVersion\":\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, stderr := inProcess(t, "scan", file)
	if code != 1 || !strings.Contains(stderr, "set aside: record ") || strings.Contains(stderr, "deadletters") {
		t.Errorf("status %d: %s", code, stderr)
	}
	if !strings.Contains(out, "Many failed sign-ins of one user") || !strings.Contains(out, "burst") {
		t.Errorf("the burst was not found:\n%s%s", out, stderr)
	}
}
