// A problem as a person sees it: the line, a caret, the hint.

package diag

import (
	"fmt"
	"io"
	"strings"

	"github.com/mattn/go-runewidth"
)

// Print writes every problem of l for a person: position, level, message, the
// line with a caret under the span, and the hint. Text of the user is cleaned
// (Clean), so the output is safe for a terminal.
func Print(w io.Writer, l *List) error {
	for _, p := range l.Problems {
		if _, err := io.WriteString(w, l.render(p)); err != nil {
			return err
		}
	}
	return nil
}

const maxShown = 160 // runes of a source line that are shown around the caret

func (l *List) render(p Problem) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s: %s", l.Position(p.Span.Start), p.Level, Clean(p.Message))
	if p.Check != "" {
		fmt.Fprintf(&b, " [%s]", p.Check)
	}
	b.WriteByte('\n')
	if line, caret, ok := l.excerpt(p.Span); ok {
		fmt.Fprintf(&b, "  | %s\n  | %s\n", line, caret)
	}
	if p.Hint != "" {
		fmt.Fprintf(&b, "  = hint: %s\n", Clean(p.Hint))
	}
	return b.String()
}

// excerpt returns the first line of the span, cut to maxShown runes around it,
// and the carets that belong under it.
func (l *List) excerpt(s Span) (line, caret string, ok bool) {
	if l.Source == "" || l.Hide {
		return "", "", false
	}
	start := min(max(s.Start, 0), len(l.Source))
	end := min(max(s.End, start), len(l.Source))
	from := strings.LastIndexByte(l.Source[:start], '\n') + 1
	to := len(l.Source)
	if i := strings.IndexByte(l.Source[start:], '\n'); i >= 0 {
		to = start + i
	}
	end = min(end, to)
	before, marked, after := []rune(l.Source[from:start]), l.Source[start:end], []rune(l.Source[end:to])
	lead, tail := "", ""
	if len(before) > maxShown/2 {
		before, lead = before[len(before)-maxShown/2:], "…"
	}
	if len(after) > maxShown/2 {
		after, tail = after[:maxShown/2], "…"
	}
	if m := []rune(marked); len(m) > maxShown/2 {
		marked, after, tail = string(m[:maxShown/2]), nil, "…"
	}
	head := lead + Clean(string(before))
	line = head + Clean(marked) + Clean(string(after)) + tail
	caret = pad(head) + strings.Repeat("^", max(1, runewidth.StringWidth(Clean(marked))))
	return line, caret, true
}

// pad returns white space as wide as s; tabs stay tabs.
func pad(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r == '\t' {
			b.WriteByte('\t')
		} else {
			b.WriteString(strings.Repeat(" ", runewidth.RuneWidth(r)))
		}
	}
	return b.String()
}
