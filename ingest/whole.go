package ingest

import "strings"

// Columns that are kept in parts: what other columns of the record say is not
// written twice.

// A Whole is a column that queries see and that is not kept as it stands: it is
// put together, byte for byte, when it is read.
type Whole struct {
	Name string
	Kept string // the text column that is kept of it
	// UUID, unless "", is a column of that kind, which holds it where it is the
	// usual text of a UUID; Kept is NULL then.
	UUID string
	// Holes are where texts that other columns hold may be left out of Kept, which
	// is a JSON object then: see Fill.
	Holes []HoleIn
}

// A HoleIn is what may be left out of the JSON text of a Whole.
type HoleIn struct {
	Path   []string // of a text in the JSON
	Column string   // the text column that holds it
	Before string   // only what stands before the first of these in it; "": all of it
}

// HoleChar is the character that holes are made of, DEL. A text that has it itself
// is kept without holes.
const HoleChar = "\x7f"

// Hole is the JSON text that stands for the text of the hole n, from 0.
func Hole(n int) string { return `"` + strings.Repeat(HoleChar, n+1) + `"` }

// Fill puts the column together from what is kept, which has holes when it begins
// with a blank, and from the texts that belong in the holes, in the order of Holes;
// "" for none. What has the character of holes itself is kept without any.
func (w *Whole) Fill(kept string, texts []string) string {
	rest, ok := strings.CutPrefix(kept, " ")
	if !ok || len(w.Holes) == 0 {
		return kept
	}
	var b strings.Builder
	b.Grow(2 * len(kept))
	for {
		i := strings.Index(rest, HoleChar)
		if i < 0 {
			b.WriteString(rest)
			return b.String()
		}
		b.WriteString(rest[:i])
		n := len(rest) - i
		rest = strings.TrimLeft(rest[i:], HoleChar)
		if n -= len(rest); n > len(w.Holes) {
			continue
		}
		text := texts[n-1]
		if before := w.Holes[n-1].Before; before != "" {
			text, _, _ = strings.Cut(text, before)
		}
		b.WriteString(text)
	}
}
