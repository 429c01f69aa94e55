// Tests of what sources delivered.

package store

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"tocsin/ingest"
)

// hear takes a file of CloudTrail records of some accounts in.
func hear(t *testing.T, l *Logs, source, name string, at time.Time, accounts ...string) {
	t.Helper()
	var text strings.Builder
	for i, account := range accounts {
		text.WriteString(trailLine(i, `,"requestID":"`+name+`","recipientAccountId":"`+account+`"`) + "\n")
	}
	body := strings.ReplaceAll(text.String(), "0c0c0000", "0c0c"+name)
	o := ingest.Object{Name: name, Version: "1", Modified: at.Add(-time.Minute), Open: ingest.Bytes([]byte(body))}
	r, err := l.Load(t.Context(), []ingest.Object{o}, LoadOptions{Ingest: ingest.Options{Now: at, Source: source}, History: Live})
	if err != nil || r.Records() != int64(len(accounts)) {
		t.Fatalf("%d records %v", r.Records(), err)
	}
}

// Each account of a source has its last moment, also after the file was closed,
// and what others deliver does not count.
func TestHeard(t *testing.T) {
	dir := t.TempDir()
	s := openTest(t, dir)
	l := s.Logs
	if err := l.Declare(t.Context(), ingest.Builtin()...); err != nil {
		t.Fatal(err)
	}
	if got, err := l.Heard(t.Context(), "a", "@account", time.Time{}); err != nil || len(got) != 0 {
		t.Errorf("an empty store: %v %v", got, err)
	}
	at := func(h int) time.Time { return testNow.Add(time.Duration(h) * time.Hour) }
	hear(t, l, "a", "0001", at(0), "111", "222")
	hear(t, l, "b", "0002", at(1), "111", "333")
	check := func(step string, want ...Voice) {
		t.Helper()
		if got, err := l.Heard(t.Context(), "a", "@account", time.Time{}); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v %v, want %v", step, got, err, want)
		}
	}
	check("two", Voice{"", at(0)}, Voice{"111", at(0)}, Voice{"222", at(0)})
	hear(t, l, "a", "0003", at(2), "222", "444", "")
	check("three", Voice{"", at(2)}, Voice{"111", at(0)}, Voice{"222", at(2)}, Voice{"444", at(2)})
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	l = openTest(t, dir).Logs
	if err := l.Declare(t.Context(), ingest.Builtin()...); err != nil {
		t.Fatal(err)
	}
	hear(t, l, "a", "0004", at(3), "111")
	check("opened again", Voice{"", at(3)}, Voice{"111", at(3)}, Voice{"222", at(2)}, Voice{"444", at(2)})
	if got, err := l.Heard(t.Context(), "a", "", time.Time{}); err != nil || !reflect.DeepEqual(got, []Voice{{"", at(3)}}) {
		t.Errorf("the source: %v %v", got, err)
	}
	list, err := l.Sources(t.Context())
	want := []SourceState{
		{Name: "a", Objects: 3, Last: at(3), Lag: time.Minute, Lagged: 3, Pause: 2 * time.Hour, Pauses: 2},
		{Name: "b", Objects: 1, Last: at(1), Lag: time.Minute, Lagged: 1},
	}
	if err != nil || !reflect.DeepEqual(list, want) {
		t.Errorf("sources %+v %v", list, err)
	}
}

// An account of which nothing came for long is forgotten, for good: its place is for
// others. When it speaks it is known again.
func TestHeardForgets(t *testing.T) {
	l := openTest(t, t.TempDir()).Logs
	if err := l.Declare(t.Context(), ingest.Builtin()...); err != nil {
		t.Fatal(err)
	}
	at := func(h int) time.Time { return testNow.Add(time.Duration(h) * time.Hour) }
	hear(t, l, "a", "0001", at(0), "111", "222")
	hear(t, l, "b", "0002", at(0), "333")
	check := func(step, source string, since time.Time, want ...Voice) {
		t.Helper()
		if got, err := l.Heard(t.Context(), source, "@account", since); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v %v, want %v", step, got, err, want)
		}
	}
	check("both", "a", at(0), Voice{"", at(0)}, Voice{"111", at(0)}, Voice{"222", at(0)})
	check("another source", "b", at(0), Voice{"", at(0)}, Voice{"333", at(0)})
	hear(t, l, "a", "0003", at(5), "222")
	check("not counted yet", "a", at(0), Voice{"", at(5)}, Voice{"111", at(0)}, Voice{"222", at(5)})
	check("long after", "a", at(1), Voice{"", at(5)}, Voice{"222", at(5)})
	check("for good", "a", time.Time{}, Voice{"", at(5)}, Voice{"222", at(5)})
	check("of its own source alone", "b", time.Time{}, Voice{"", at(0)}, Voice{"333", at(0)})
	hear(t, l, "a", "0004", at(6), "111")
	check("it speaks", "a", at(1), Voice{"", at(6)}, Voice{"111", at(6)}, Voice{"222", at(5)})
}
