//go:build integration || soak

// Random statements and filters over random records.

package trino_test

import (
	"math/rand/v2"
	"testing"

	"tocsin/ingest"
	"tocsin/query/querytest"
)

func randomPair(t *testing.T, rng *rand.Rand) *pair {
	t.Helper()
	ls, err := ingest.Declared("rnd", ingest.Declaration{Format: "json", Time: "time", Fields: querytest.Fields()})
	if err != nil {
		t.Fatal(err)
	}
	ls.Fields = append(ls.Fields,
		ingest.Field{Name: "apiVersion", Column: "extra", Path: []string{"apiVersion"}},
		ingest.Field{Name: "retries", Column: "extra", Path: []string{"retries"}, Type: ingest.IntegerField})
	return newPair(t, map[*ingest.Logstore][]string{ls: querytest.Records(rng, 150)})
}

// randomQueries compares the engines over records and queries of a seed, and
// returns how many queries ran.
func randomQueries(t *testing.T, seed uint64, filters, statements int) int {
	rng := rand.New(rand.NewPCG(seed, 1))
	p := randomPair(t, rng)
	var queries []string
	for range filters {
		queries = append(queries, querytest.Filter(rng)+" | SELECT __seq__")
	}
	for range statements {
		queries = append(queries, querytest.Statement(rng))
	}
	o, err := querytest.Options(testdata, "rnd")
	if err != nil {
		t.Fatal(err)
	}
	o.MaxRows = 100000 // no cut, whose rows would be any
	ran, gave := p.compare(t, o, queries)
	if ran < len(queries)/3 || gave < ran/3 {
		t.Errorf("of %d queries %d ran, %d gave rows", len(queries), ran, gave)
	}
	return ran
}

func TestIntegrationTrinoRandom(t *testing.T) {
	if ran := randomQueries(t, 1, 250, 900); ran < 500 {
		t.Errorf("only %d queries ran", ran)
	}
}
