// The colours of texts (testdata/highlight.txtar), whole and half-typed.

package query

import (
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"
)

// TestHighlight holds the pieces of each text.
func TestHighlight(t *testing.T) {
	golden(t, "highlight.txtar", func(t *testing.T, src string) string {
		checkHighlight(t, src)
		var lines []string
		for _, tok := range Highlight(src) {
			text := src[tok.Span.Start:tok.Span.End]
			if strings.Contains(text, "\n") {
				text = strconv.Quote(text)
			}
			if n := len(lines) - 1; n >= 0 && strings.HasPrefix(lines[n], tok.Class.String()+" ") {
				lines[n] += "  " + text
				continue
			}
			lines = append(lines, tok.Class.String()+"  "+text)
		}
		return strings.Join(lines, "\n") + "\n"
	})
}

// checkHighlight holds that the pieces are in order, lie in the text, have a
// class, and leave out white space only.
func checkHighlight(t *testing.T, src string) {
	t.Helper()
	at := len(src) - len(strings.TrimPrefix(src, "\uFEFF"))
	for _, tok := range Highlight(src) {
		s := tok.Span
		if s.Start < at || s.End <= s.Start || s.End > len(src) {
			t.Fatalf("%.200q: a piece at %v, the one before ends at %d", src, s, at)
		}
		if left := strings.TrimFunc(src[at:s.Start], unicode.IsSpace); left != "" {
			t.Fatalf("%.200q: %q has no class", src, left)
		}
		if tok.Class.String() == "other" {
			t.Fatalf("%.200q: class %d has no name", src, tok.Class)
		}
		at = s.End
	}
	if left := strings.TrimFunc(src[at:], unicode.IsSpace); left != "" {
		t.Fatalf("%.200q: %q at the end has no class", src, left)
	}
}

// TestHighlightTyping colours beginnings of every query that the tests know; a
// whole one that parses has nothing wrong in it.
func TestHighlightTyping(t *testing.T) {
	for n, src := range corpus(t) {
		for i := n % 5; i <= len(src); i += 5 {
			checkHighlight(t, src[:i])
		}
		if _, err := Parse(src); err != nil {
			continue
		}
		for _, tok := range Highlight(src) {
			if tok.Class == ErrorToken {
				t.Errorf("%.200q parses, and %q is coloured as wrong", src, src[tok.Span.Start:tok.Span.End])
			}
		}
	}
}

// TestHighlightShapes colours 64 KiB of every shape in bounded time.
func TestHighlightShapes(t *testing.T) {
	for _, shape := range shapes {
		for _, s := range repeated(shape, 64<<10) {
			start := time.Now()
			checkHighlight(t, s)
			if d := time.Since(start); d > 20*time.Second {
				t.Errorf("%q: %v", shape, d)
			}
		}
	}
}

// FuzzHighlight takes any text.
func FuzzHighlight(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, src string) { checkHighlight(t, src) })
}
