package shell

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

type timeT = time.Time

var utc = time.UTC

func timeNow() time.Time { return noon }

// The history outlives the session, is for its owner alone, and does not grow for
// ever.
func TestHistory(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state", "tocsin", "history")
	h, err := openHistory(file, timeNow)
	if err != nil || h.Len() != 0 {
		t.Fatal(h, err)
	}
	for _, text := range []string{"* |\nSELECT 1", "b", "b", " secret", "", "c\n"} {
		if _, err := h.Write(text); err != nil {
			t.Fatal(err)
		}
	}
	if h.err != nil {
		t.Fatal(h.err)
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatal(info, err)
	}
	again, err := openHistory(file, timeNow)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"* |\nSELECT 1", "b", "c"} {
		if got, err := again.GetLine(i); err != nil || got != want {
			t.Errorf("%d: %q, %v", i, got, err)
		}
	}
	if _, err := again.GetLine(3); err == nil || again.Len() != 3 {
		t.Error("there is a fourth entry")
	}
	if n := again.newest(2); len(n) != 2 || n[0].Text != "b" || !n[0].At.Equal(noon) {
		t.Errorf("%+v", n)
	}
}

func TestHistoryIsBounded(t *testing.T) {
	file := filepath.Join(t.TempDir(), "history")
	var b strings.Builder
	b.WriteString("no JSON\n" + strings.Repeat("x", 2<<20) + "\n")
	for i := range 2*maxHistory + 1 {
		fmt.Fprintf(&b, "{\"at\":\"2026-11-25T12:00:00Z\",\"text\":\"q%d\"}\n", i)
	}
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	h, err := openHistory(file, timeNow)
	if err != nil || h.Len() != maxHistory {
		t.Fatal(h.Len(), err)
	}
	again, err := openHistory(file, timeNow)
	if err != nil || again.Len() != maxHistory {
		t.Fatal(again.Len(), err)
	}
	if first, _ := again.GetLine(0); first != fmt.Sprintf("q%d", maxHistory+1) {
		t.Errorf("the first is %s", first)
	}
}

// A history that cannot be kept does not stop the session.
func TestHistoryWithoutAFile(t *testing.T) {
	h, err := openHistory(t.TempDir(), timeNow) // a directory
	if err == nil || h == nil {
		t.Fatal("a directory was read")
	}
	if n, err := h.Write("a"); n != 1 || err != nil || h.err != nil {
		t.Errorf("%d %v %v", n, err, h.err)
	}
	h, err = openHistory(filepath.Join("/dev/null", "history"), timeNow)
	if err == nil {
		t.Error("a file below a device was opened", h)
	}
}
