package querytest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"tocsin/query"
)

// A Combined is one of combinations.txt: queries, and how they are put together.
type Combined struct {
	Line     int
	Name     string
	Parts    []string // "cloudtrail 24h: the query"
	Joinings []string // "left_join $0.a == $1.b"
	Columns  string
	Fails    string // what is wrong; "": nothing
	Rows     []string
}

// Combinations reads combinations.txt of a folder (query/testdata).
func Combinations(dir string) (cases []Combined, err error) {
	b, err := os.ReadFile(filepath.Join(dir, "combinations.txt"))
	if err != nil {
		return nil, fmt.Errorf("read the combinations: %w", err)
	}
	for i, line := range strings.Split(string(b), "\n") {
		last := len(cases) - 1
		word, rest, _ := strings.Cut(line, " ")
		switch {
		case line == "", word == "#":
		case word == "--":
			cases = append(cases, Combined{Line: i + 1, Name: rest})
		case strings.HasPrefix(word, "$"):
			cases[last].Parts = append(cases[last].Parts, rest)
		case word == "=>":
			cases[last].Rows = append(cases[last].Rows, rest)
		case word == "columns":
			cases[last].Columns = rest
		case word == "error":
			cases[last].Fails = rest
		default:
			cases[last].Joinings = append(cases[last].Joinings, line)
		}
	}
	return cases, nil
}

// Plan plans the queries together. The error says what is wrong.
func (c Combined) Plan(s query.Schema, o query.Options) (*query.Plan, error) {
	var parts []query.Part
	for _, text := range c.Parts {
		head, text, _ := strings.Cut(text, ": ")
		logstore, length, _ := strings.Cut(head, " ")
		q, err := query.Parse(text)
		if err != nil {
			return nil, err
		}
		p := query.Part{Logstore: logstore, Query: q}
		if length != "" {
			if p.Length, err = time.ParseDuration(length); err != nil {
				return nil, err
			}
		}
		parts = append(parts, p)
	}
	var joinings []query.Joining
	for _, text := range c.Joinings {
		kind, on, given := strings.Cut(text, " ")
		j := query.Joining{Kind: query.Combination(kind)}
		if given {
			var err error
			if j.On, err = query.ParseJoin(on); err != nil {
				return nil, err
			}
		}
		joinings = append(joinings, j)
	}
	return query.Combine(parts, joinings, s, o)
}
