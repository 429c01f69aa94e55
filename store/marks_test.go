package store

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"tocsin/ingest"
)

// A mark stays as it was set last, also in a file that was closed.
func TestMarks(t *testing.T) {
	dir := t.TempDir()
	s := openTest(t, dir)
	for _, value := range []string{"a", "b\x00\xff"} {
		ok(t, s.Logs.SetMark(t.Context(), "read x", value))
	}
	ok(t, s.Close(t.Context()))
	s = openTest(t, dir)
	got, err := s.Logs.Mark(t.Context(), "read x")
	ok(t, err)
	none, err := s.Logs.Mark(t.Context(), "read y")
	ok(t, err)
	if !strings.HasPrefix(got, "b") || none != "" || count(t, s.Logs, "SELECT count(*) FROM marks") != 1 {
		t.Errorf("marks %q, %q", got, none)
	}
}

// In the first drain of a source an object is history by the source's clock,
// whatever times its records have (G10).
func TestHistoryBySource(t *testing.T) {
	l := openTest(t, t.TempDir()).Logs
	object := func(name, eventTime string, age time.Duration) ingest.Object {
		text := `{"eventVersion":"1.08","eventTime":"` + eventTime + `","eventSource":"iam.amazonaws.com","eventName":"CreateUser","awsRegion":"us-east-1","requestID":"` + name + `"}` + "\n"
		return ingest.Object{Name: name, Version: "1", Modified: testNow.Add(-age), Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }}
	}
	fresh, old := testNow.Format(time.RFC3339), testNow.Add(-300*24*time.Hour).Format(time.RFC3339)
	objects := []ingest.Object{
		object("backdated", old, time.Hour), object("old, and forward-dated", fresh, 30*24*time.Hour), object("six days", old, 6*24*time.Hour),
	}
	r, err := l.Load(t.Context(), objects, LoadOptions{Ingest: ingest.Options{Now: testNow}, History: BySource})
	ok(t, err)
	if r.Records() != 3 || r.Logstores[0].History != 1 {
		t.Errorf("%d records, %d objects of history", r.Records(), r.Logstores[0].History)
	}
	if n := count(t, l, "SELECT count(*) FROM objects WHERE history AND name = 'old, and forward-dated'"); n != 1 {
		t.Error("it is not the old object")
	}
}

// What its source hands out again is no dead letter yet; one that a source forgets
// keeps its bytes; what the ledger has is not opened.
func TestHandedOutAgain(t *testing.T) {
	l := openTest(t, t.TempDir()).Logs
	const good = `{"eventVersion":"1.08","eventTime":"2026-11-20T10:00:00Z","eventSource":"iam.amazonaws.com","eventName":"CreateUser","awsRegion":"us-east-1","requestID":"1"}` + "\n"
	away := errors.New("the line is broken")
	opened := 0
	load := func(err error, text string, again bool) *Report {
		t.Helper()
		o := ingest.Object{Name: "m", Version: "1", Named: true, Held: []byte("held"), Again: func(error) bool { return again }}
		o.Open = func() (io.ReadCloser, error) {
			opened++
			return io.NopCloser(strings.NewReader(text)), err
		}
		r, e := l.Load(t.Context(), []ingest.Object{o}, LoadOptions{Ingest: ingest.Options{Now: testNow}})
		ok(t, e)
		return r
	}
	letters := func() int64 { return count(t, l, "SELECT count(*) FROM deadletters WHERE raw = 'held'::BLOB") }
	r := load(away, "", true)
	if f := r.Refused; len(f) != 1 || !f[0].Again || letters() != 0 || r.SetAside() {
		t.Errorf("to be handed out again: %+v, %d dead letters", f, letters())
	}
	if f := load(away, "", false).Refused; len(f) != 1 || f[0].Again || letters() != 1 {
		t.Errorf("for good: %+v, %d dead letters", f, letters())
	}
	o := ingest.Object{Name: "n", Version: "1", Held: []byte("held"), Open: func() (io.ReadCloser, error) {
		return io.NopCloser(io.MultiReader(strings.NewReader(strings.Repeat(good, 5000)), iotest.ErrReader(away))), nil
	}}
	_, err := l.Load(t.Context(), []ingest.Object{o}, LoadOptions{Ingest: ingest.Options{Now: testNow}})
	ok(t, err)
	if letters() != 2 {
		t.Errorf("broken while it is read: %d dead letters", letters())
	}
	if load(nil, good, true).Records() != 1 || letters() != 1 { // of n
		t.Errorf("after it was read: %d dead letters", letters())
	}
	opened = 0
	if r := load(nil, good, true); opened != 0 || r.Logstores[0].Known != 1 {
		t.Errorf("what the ledger has was opened %d times: %+v", opened, r)
	}
}

// Settled is what is stored in this version, and what is set aside as a whole in this
// version: an object with a broken record is stored, one that its source hands out
// again is neither.
func TestSettled(t *testing.T) {
	l := openTest(t, t.TempDir()).Logs
	const good = `{"eventVersion":"1.08","eventTime":"2026-11-20T10:00:00Z","eventSource":"iam.amazonaws.com","eventName":"CreateUser","awsRegion":"us-east-1","requestID":"1"}` + "\n"
	object := func(name, version, text string) ingest.Object {
		return ingest.Object{Name: name, Version: version, Named: true, Open: ingest.Bytes([]byte(text))}
	}
	again := object("again", "1", "no log")
	again.Again = func(error) bool { return true }
	skipped := object("skipped", "1", `{"Service":"Amazon S3","Event":"s3:TestEvent"}`)
	_, err := l.Load(t.Context(), []ingest.Object{object("good", "1", good), object("half", "1", good+"{\n"), object("bad", "1", "no log"), again, skipped}, LoadOptions{Ingest: ingest.Options{Now: testNow}})
	ok(t, err)
	asked := []ingest.Object{object("good", "1", ""), object("good", "2", ""), object("half", "1", ""), object("bad", "1", ""), object("bad", "2", ""), again, skipped, object("never", "1", "")}
	got, err := l.Settled(t.Context(), asked)
	ok(t, err)
	if want := []bool{true, false, true, true, false, false, false, false}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got, err := l.Settled(t.Context(), nil); len(got) != 0 || err != nil {
		t.Errorf("nothing: %v %v", got, err)
	}
}
