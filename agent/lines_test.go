package agent

import (
	"io"
	"strings"
	"testing"

	"tocsin/ingest"
)

// What is kept of lines with a dead letter is all of them: nobody else has them.
// What is not stored is handed out again.
func TestLinesAreHeld(t *testing.T) {
	text := strings.Repeat(strings.Repeat("x", 1000)+"\n", 3000)
	s := Lines("in", strings.NewReader(text))
	ask := ingest.Ask{Now: noon, All: true}
	first, err := s.Receive(t.Context(), ask)
	if err != nil || len(first.Objects) != 1 || string(first.Objects[0].Held) != text {
		t.Fatalf("%d objects, %v", len(first.Objects), err)
	}
	if err := first.Settle(t.Context(), ingest.Outcome{}); err != nil {
		t.Fatal(err)
	}
	again, err := s.Receive(t.Context(), ask)
	if err != nil || len(again.Objects) != 1 {
		t.Fatalf("again: %d objects, %v", len(again.Objects), err)
	}
	in, err := again.Objects[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(in); string(got) != text || err != nil {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if err := again.Settle(t.Context(), ingest.Outcome{Committed: true}); err != nil {
		t.Fatal(err)
	}
	if end, err := s.Receive(t.Context(), ask); len(end.Objects) != 0 || err != nil {
		t.Errorf("at the end: %d objects, %v", len(end.Objects), err)
	}
}
