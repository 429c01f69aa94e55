// Any text through the planner into a statement.

package query

import (
	"strings"
	"testing"
)

// FuzzPlan: no query makes the planner or the printer panic, and no statement
// holds what a user wrote.
func FuzzPlan(f *testing.F) {
	for _, c := range caseQueries(f) {
		f.Add(c[1])
	}
	schema, options := testSchema(f), testOptions(f, "cloudtrail")
	f.Fuzz(func(t *testing.T, text string) {
		q, err := Parse(text)
		if err != nil {
			return
		}
		p, err := q.Plan(schema, options)
		if err != nil {
			for _, pr := range problems(err) {
				if pr.Span.Start < 0 || pr.Span.End > len(text) || pr.Span.Start > pr.Span.End {
					t.Fatalf("%q: a place outside of the text, %+v", text, pr)
				}
			}
			return
		}
		s := p.SQL(DuckDB(), testWindow)
		if n := strings.Count(s.Text, "$"); n != len(s.Args) {
			t.Fatalf("%q: %d parameters, %d values: %s", text, n, len(s.Args), s.Text)
		}
		if rest := strings.Trim(keepOdd(s.Text), " "); rest != "" {
			t.Fatalf("%q: %q in %s", text, rest, s.Text)
		}
	})
}

// keepOdd is what a statement of ours never holds.
func keepOdd(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune(" \t\n\v\f\r_\"'$(),.*+-/%<>=|&~[]:\\", r) {
			return -1
		}
		return r
	}, s)
}
