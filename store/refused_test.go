package store

import (
	"io"
	"strings"
	"testing"
	"time"

	"tocsin/ingest"
)

// A file of no known format that the user named is a dead letter until it can
// be loaded; in a folder it is skipped.
func TestRefusedIsADeadLetter(t *testing.T) {
	ctx := t.Context()
	now := time.Date(2026, 11, 20, 10, 30, 0, 0, time.UTC)
	s, err := Open(ctx, Options{Dir: t.TempDir(), Now: now})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(ctx)
	load := func(name, text string, named bool) *Report {
		t.Helper()
		o := ingest.Object{Name: name, Version: text, Size: int64(len(text)), Modified: now, Named: named, Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }}
		r, err := s.Logs.Load(ctx, []ingest.Object{o}, LoadOptions{Ingest: ingest.Options{Now: now}})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	letters := func() []DeadLetter {
		t.Helper()
		list, _, err := s.Logs.DeadLetters(ctx, "", 10)
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	if r := load("folder/a", "[]\n", false); len(r.Refused) != 1 || len(letters()) != 0 {
		t.Errorf("in a folder: %v, dead letters %v", r.Refused, letters())
	}
	for range 2 {
		load("a", "[]\n", true)
	}
	got := letters()
	if len(got) != 1 || got[0].Object != "a" || !got[0].Whole || !strings.Contains(got[0].Reason, "no known format") || !got[0].At.Equal(now) {
		t.Errorf("named twice: %+v", got)
	}
	if d, err := s.Logs.DeadLetter(ctx, got[0].ID); err != nil || d.Object != "a" {
		t.Errorf("%+v %v", d, err)
	}
	load("a", `{"eventVersion":"1.08","eventTime":"2026-11-20T10:00:00Z","eventSource":"iam.amazonaws.com","eventName":"CreateUser","awsRegion":"us-east-1","eventID":"0c0c0000-0000-4000-8000-000000000001"}`+"\n", true)
	if got := letters(); len(got) != 0 {
		t.Errorf("after it was loaded: %+v", got)
	}
}
