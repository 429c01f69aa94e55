// Problems of a text with their places: what a parser returns and a program shows.

package diag

import (
	"fmt"
	"strings"
)

// Level says whether a Problem stops the text from being used.
type Level int

// The levels. The zero value is Error, so that a forgotten level is the strict one.
const (
	Error Level = iota
	Warning
)

// String returns "error" or "warning".
func (l Level) String() string {
	if l == Warning {
		return "warning"
	}
	return "error"
}

// Span is a half-open range of bytes in List.Source.
type Span struct{ Start, End int }

// A Problem is one fault found in a text.
type Problem struct {
	Level   Level
	Check   string // name of the check that found it, such as "query/unknown-field"
	Span    Span
	Message string // one sentence without a full stop; it may quote the text
	Hint    string // the way out; may be empty
}

// A List is the problems of one text. As an error it is non-empty.
type List struct {
	Name     string // file name, or "" for text typed on the command line
	Source   string // the whole text that the spans refer to
	Problems []Problem
	// Hide keeps lines of the source out of Print: it holds a secret (G38).
	Hide bool
}

// Add appends an error-level problem.
func (l *List) Add(check string, span Span, message, hint string) {
	l.Problems = append(l.Problems, Problem{Check: check, Span: span, Message: message, Hint: hint})
}

// Err returns l as an error when it holds a problem of level Error, else nil.
func (l *List) Err() error {
	for _, p := range l.Problems {
		if p.Level == Error {
			return l
		}
	}
	return nil
}

// Error returns the first problem as "name:line:column: message", with the
// number of further ones.
func (l *List) Error() string {
	if len(l.Problems) == 0 {
		return "no problem"
	}
	s := l.Position(l.Problems[0].Span.Start) + ": " + Clean(l.Problems[0].Message)
	if h := l.Problems[0].Hint; h != "" {
		s += " (" + Clean(h) + ")"
	}
	if n := len(l.Problems) - 1; n > 0 {
		s += fmt.Sprintf(" (and %d more)", n)
	}
	return s
}

// Position returns "name:line:column" of a byte offset; without a name,
// "line:column". Lines and columns count from 1, columns in runes.
func (l *List) Position(offset int) string {
	line, col := l.LineColumn(offset)
	if l.Name == "" {
		return fmt.Sprintf("%d:%d", line, col)
	}
	return fmt.Sprintf("%s:%d:%d", Clean(l.Name), line, col)
}

// LineColumn returns line and column, both from 1, of a byte offset. Offsets
// outside of the source are moved to its nearest end.
func (l *List) LineColumn(offset int) (line, col int) {
	before := l.Source[:min(max(offset, 0), len(l.Source))]
	start := strings.LastIndexByte(before, '\n') + 1
	return strings.Count(before, "\n") + 1, len([]rune(before[start:])) + 1
}
