package agent

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"tocsin/ingest"
)

// What is kept of lines with a dead letter is all of them: nobody else has them.
// What is not stored is handed out again.
func TestLinesAreHeld(t *testing.T) {
	text := strings.Repeat(strings.Repeat("x", 1000)+"\n", 3000)
	s := Lines("in", strings.NewReader(text), 2000)
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

// A line that is too long is handed out cut, whole among whole lines, however much
// of it comes, and the rest of it is held nowhere; what stands around it is intact.
func TestLongLines(t *testing.T) {
	// One byte more than lineBuffer-1 is a whole piece of a line.
	for _, longest := range []int{100_000, lineBuffer - 2, lineBuffer - 1, lineBuffer, 2*lineBuffer - 1} {
		longLines(t, longest)
	}
}

func longLines(t *testing.T, longest int) {
	long := strings.Repeat("long", 3*objectBytes/4)
	for _, c := range []struct{ name, text, want string }{
		{"as long as it may be", strings.Repeat("x", longest-1) + "\n", strings.Repeat("x", longest-1) + "\n"},
		{"one byte too long", long[:longest+1] + "\nb\n", long[:longest+1] + "\nb\n"},
		{"between others", "a\n" + long + "\nb\n", "a\n" + long[:longest+1] + "\nb\n"},
		{"without an end", "a\n" + long, "a\n" + long[:longest+1] + "\n"},
		{"twice", long + "\n" + long + "\n", long[:longest+1] + "\n" + long[:longest+1] + "\n"},
		{"the last without an end", "a\nb", "a\nb"},
		{"byte order marks", "\ufeffa\n\ufeffb\nc\ufeff\n", "a\nb\nc\ufeff\n"},
		{"blank", "\n\n", "\n\n"},
	} {
		s := Lines("in", strings.NewReader(c.text), int64(longest))
		b, err := s.Receive(t.Context(), ingest.Ask{Now: noon, All: true})
		if err != nil || len(b.Objects) != 1 {
			t.Fatalf("%d, %s: %d objects, %v", longest, c.name, len(b.Objects), err)
		}
		if got := string(b.Objects[0].Held); got != c.want {
			t.Errorf("%d, %s: %d bytes, want %d", longest, c.name, len(got), len(c.want))
		}
	}
}

// An object of lines ends with a line, also where it is full, and when a line comes
// in pieces.
func TestWholeLines(t *testing.T) {
	r, w := io.Pipe()
	go func() {
		for n := range 3000 { // 12 MB, each line in two pieces
			fmt.Fprintf(w, "%04d", n)                         //nolint:errcheck // the test fails without it
			fmt.Fprintf(w, "%s\n", strings.Repeat("x", 4000)) //nolint:errcheck // the same
		}
		w.Close() //nolint:errcheck // the same
	}()
	s := Lines("in", r, 1<<20)
	next := 0
	for more := true; more; {
		b, err := s.Receive(t.Context(), ingest.Ask{Now: noon, All: true})
		if err != nil {
			t.Fatal(err)
		}
		more = b.More
		for _, o := range b.Objects {
			if len(o.Held) > objectBytes+5000 {
				t.Errorf("an object of %d bytes", len(o.Held))
			}
			for line := range strings.Lines(string(o.Held)) {
				if !strings.HasPrefix(line, fmt.Sprintf("%04d", next)) || len(line) != 4005 {
					t.Fatalf("line %d: %.20q of %d bytes", next, line, len(line))
				}
				next++
			}
		}
		if b.Settle != nil {
			if err := b.Settle(t.Context(), ingest.Outcome{Committed: true}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if next != 3000 {
		t.Errorf("%d lines", next)
	}
}

// A stream that is packed is no stream of lines, and says so for as long as it is
// asked.
func TestPackedStream(t *testing.T) {
	s := Lines("in", strings.NewReader("\x1f\x8b\x08\x00 packed"), 1<<20)
	for range 2 {
		b, err := s.Receive(t.Context(), ingest.Ask{Now: noon, All: true})
		if len(b.Objects) != 0 || err == nil || !strings.Contains(err.Error(), "in is packed: unpack it before") {
			t.Errorf("%d objects, %v", len(b.Objects), err)
		}
	}
}
