package query_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"tocsin/diag"
	"tocsin/query"
	"tocsin/query/querytest"
)

// TestCombinationsPlan holds names and mistakes; the rows are held by engines.
func TestCombinationsPlan(t *testing.T) {
	cases, err := querytest.Combinations("testdata")
	if err != nil || len(cases) < 20 {
		t.Fatalf("%d cases: %v", len(cases), err)
	}
	schema, err := querytest.Schema("testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			p, err := c.Plan(schema, query.Options{MaxRows: 100})
			if got := mistake(err); got != c.Fails {
				t.Fatalf("line %d: error %q, want %q", c.Line, got, c.Fails)
			}
			if err != nil {
				return
			}
			var names []string
			for _, col := range p.Columns() {
				names = append(names, col.Name)
			}
			if got := strings.Join(names, " "); c.Columns != "" && got != c.Columns {
				t.Errorf("line %d: columns %s", c.Line, got)
			}
			for _, d := range []query.Dialect{query.DuckDB(), query.Trino()} {
				if s := p.SQL(d, querytest.Window()); strings.Count(s.Text, "?")+strings.Count(s.Text, "$") < len(s.Args) {
					t.Errorf("%s: %d parameters: %s", d.Name(), len(s.Args), s.Text)
				}
			}
			if d := p.Describe(); !strings.HasPrefix(d.Query, "$0 ") && c.Joinings[0] != "no_join" || len(d.Reads) == 0 {
				t.Errorf("described as %+v", d)
			}
		})
	}
}

// mistake is the first mistake with its place.
func mistake(err error) string {
	var l *diag.List
	if !errors.As(err, &l) {
		if err != nil {
			return err.Error()
		}
		return ""
	}
	p := l.Problems[0]
	text := fmt.Sprintf("%d-%d %s", p.Span.Start, p.Span.End, p.Message)
	if p.Hint != "" {
		text += "; " + p.Hint
	}
	return text
}
