//go:build integration || soak

// The cases of query/testdata over their records: the rows that are written
// there are those of Trino, too.

package trino_test

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tocsin/query"
	"tocsin/query/querytest"
)

const testdata = "../../query/testdata"

func TestIntegrationTrinoCases(t *testing.T) {
	s, l := server(t)
	script, err := querytest.Script(testdata)
	if err != nil {
		t.Fatal(err)
	}
	tables := statements(script)
	for _, name := range []string{"cloudtrail", "findings", "accounts", "audit"} {
		tables = append([]string{"DROP TABLE IF EXISTS " + name}, tables...)
	}
	if err := s.Run(context.Background(), tables...); err != nil {
		t.Fatal(err)
	}
	schema, err := querytest.Schema(testdata)
	if err != nil {
		t.Fatal(err)
	}
	cases, err := querytest.Cases(testdata)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		if c.Fails {
			continue
		}
		t.Run(c.Query, func(t *testing.T) {
			q, err := query.Parse(c.Query)
			if err != nil {
				t.Fatal(err)
			}
			o, err := querytest.Options(testdata, c.Logstore)
			if err != nil {
				t.Fatal(err)
			}
			p, err := q.Plan(schema, o)
			if err != nil {
				t.Fatal(err)
			}
			got, want := rowsOf(t, l, p), slices.Clone(c.Rows)
			if !c.Ordered {
				slices.Sort(got)
				slices.Sort(want)
			}
			if !slices.Equal(got, want) {
				t.Errorf("line %d: got\n%s\nwant\n%s\n%s", c.Line, strings.Join(got, "\n"), strings.Join(want, "\n"), shown(p))
			}
		})
	}
}

// statements are those of a script for DuckDB, as Trino reads them.
func statements(script string) []string {
	script = regexp.MustCompile(`'(2026-[0-9-]+ [0-9:.]+)'`).ReplaceAllString(script, "TIMESTAMP '$1'")
	out := strings.Split(strings.TrimSpace(script), ";\n")
	for i, s := range out {
		s = strings.TrimSuffix(strings.TrimSpace(s), ";")
		if strings.HasPrefix(s, "CREATE") {
			s = strings.ReplaceAll(s, " TIMESTAMP", " TIMESTAMP(6)")
		}
		out[i] = s
	}
	return out
}

// rowsOf are the rows of a plan, each as JSON.
func rowsOf(t *testing.T, l asker, p *query.Plan) (out []string) {
	t.Helper()
	r, err := l.Query(context.Background(), p, querytest.Window())
	if err != nil {
		t.Fatalf("%v\n%s", err, shown(p))
	}
	for _, row := range r.Rows {
		var b strings.Builder
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(row); err != nil {
			t.Fatal(err)
		}
		out = append(out, strings.TrimSpace(b.String()))
	}
	return out
}

// shown is a statement with its parameters, without the functions in front of it.
func shown(p *query.Plan) string {
	s := p.SQL(query.Trino(), querytest.Window())
	text := s.Text
	if i := strings.Index(text, "\nSELECT"); i > 0 {
		text = text[i+1:]
	}
	return fmt.Sprintf("%s\n%v", text, s.Args)
}

// asker is a store that answers queries.
type asker interface {
	Query(ctx context.Context, p *query.Plan, w query.Window) (*query.Result, error)
}
