// Where the shape of a column stands for the column.

package query

import (
	"slices"
	"strings"
)

// below returns the column to read for what lies at a path below the JSON text:
// the shape where there is one and no hole lies on the path or below it; else "".
func (s *Shape) below(path []string) string {
	if s == nil || len(path) == 0 {
		return ""
	}
	for _, h := range s.Holes {
		n := min(len(h), len(path))
		if slices.Equal(h[:n], path[:n]) {
			return ""
		}
	}
	return s.Column
}

// anywhere returns the column in which to look for l in all values: the shape, when
// no hole can match. The parts have to be looked through as well.
func (s *Shape) anywhere(l *leaf) string {
	if s == nil {
		return ""
	}
	text := strings.Join(l.texts, "")
	for _, p := range l.parts {
		text += p.Text
	}
	if text == "" || strings.Contains(text, s.Char) {
		return ""
	}
	return s.Column
}
