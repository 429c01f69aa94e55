package store_test

import (
	"slices"
	"strings"
	"testing"

	"tocsin/query"
	"tocsin/query/querytest"
)

// TestCombinations holds the rows of results that are put together.
func TestCombinations(t *testing.T) {
	conn, schema := conformanceConn(t), conformanceSchema(t)
	cases, err := querytest.Combinations("../query/testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		if c.Fails != "" {
			continue // held by the planner's own tests
		}
		t.Run(c.Name, func(t *testing.T) {
			p, err := c.Plan(schema, query.Options{MaxRows: 100})
			if err != nil {
				t.Fatal(err)
			}
			got := runConformance(t, conn, p, querytest.Window())
			slices.Sort(got)
			want := slices.Clone(c.Rows)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("line %d: got\n%s\nwant\n%s\n%s", c.Line, strings.Join(got, "\n"), strings.Join(want, "\n"), p.SQL(query.DuckDB(), querytest.Window()).Text)
			}
		})
	}
}
