package diag

import (
	"strings"
	"testing"
)

// A mark of right-to-left writing is no letter: what shows it as its number
// needs no isolate.
func TestMarksAreNoLetters(t *testing.T) {
	for s, want := range map[string]bool{"a\u200fb": false, "\u061c": false, "\u05d0": true, "\u0627": true, "\u0661": true, "abc": false} {
		if RightToLeft(s) != want {
			t.Errorf("RightToLeft(%+q) = %v", s, !want)
		}
	}
}

// A long span is cut, and the line says so.
func TestLongSpanIsCut(t *testing.T) {
	l := &List{Source: "x " + strings.Repeat("y", 500) + " z"}
	l.Add("test", Span{Start: 2, End: 502}, "too long", "")
	var b strings.Builder
	if err := Print(&b, l); err != nil || !strings.Contains(b.String(), "yyy…\n") || strings.Contains(b.String(), "z") {
		t.Errorf("%v %s", err, b.String())
	}
}
