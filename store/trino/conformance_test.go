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
	"sync"
	"testing"

	"tocsin/query"
	"tocsin/query/querytest"
	"tocsin/store/trino"
)

const testdata = "../../query/testdata"

func TestIntegrationTrinoCases(t *testing.T) {
	s, l := server(t)
	script, err := querytest.Script(testdata)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Run(context.Background(), statements(string(script))...); err != nil {
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
	var wait sync.WaitGroup
	work := make(chan querytest.Case)
	for range workers {
		wait.Go(func() {
			for c := range work {
				if fault := caseFault(l, schema, c); fault != "" {
					t.Errorf("line %d: %s\n%s", c.Line, c.Query, fault)
				}
			}
		})
	}
	for _, c := range cases {
		if !c.Fails {
			work <- c
		}
	}
	close(work)
	wait.Wait()
	combinations(t, l, schema)
}

// combinations holds results that are put together.
func combinations(t *testing.T, l *trino.Logs, schema query.Schema) {
	cases, err := querytest.Combinations(testdata)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		if c.Fails != "" {
			continue
		}
		p, err := c.Plan(schema, query.Options{MaxRows: 100})
		if err != nil {
			t.Errorf("line %d: %s: %v", c.Line, c.Name, err)
			continue
		}
		if fault := answerFault(l, p, querytest.Case{Rows: c.Rows}); fault != "" {
			t.Errorf("line %d: %s\n%s", c.Line, c.Name, fault)
		}
	}
}

// caseFault says what is wrong with the answer to a case; "": nothing.
func caseFault(l *trino.Logs, schema query.Schema, c querytest.Case) string {
	o, err := querytest.Options(testdata, c.Logstore)
	if err != nil {
		return err.Error()
	}
	p, err := planned(schema, o, c.Query)
	if err != nil {
		return err.Error()
	}
	return answerFault(l, p, c)
}

// answerFault says what is wrong with the rows of a plan; "": nothing.
func answerFault(l *trino.Logs, p *query.Plan, c querytest.Case) string {
	r, err := l.Query(context.Background(), p, querytest.Window())
	if err != nil {
		return err.Error() + "\n" + shown(p)
	}
	got, want := asLines(r), slices.Clone(c.Rows)
	if !c.Ordered {
		slices.Sort(got)
		slices.Sort(want)
	}
	if slices.Equal(got, want) {
		return ""
	}
	return "got\n" + strings.Join(got, "\n") + "\nwant\n" + strings.Join(want, "\n") + "\n" + shown(p)
}

// statements are those of a script for DuckDB, as Trino reads them.
func statements(script string) []string {
	script = regexp.MustCompile(`'(2026-[0-9-]+ [0-9:.]+)'`).ReplaceAllString(script, "TIMESTAMP '$1'")
	var out []string
	for _, s := range strings.Split(strings.TrimSpace(script), ";\n") {
		s = strings.TrimSuffix(strings.TrimSpace(s), ";")
		if rest, ok := strings.CutPrefix(s, "CREATE TABLE "); ok {
			name, _, _ := strings.Cut(rest, " ")
			s = strings.ReplaceAll(s, " TIMESTAMP", " TIMESTAMP(6)")
			out = append(out, "DROP TABLE IF EXISTS "+name)
		}
		out = append(out, s)
	}
	return out
}

// asLines are the rows of an answer, each as JSON.
func asLines(r *query.Result) (out []string) {
	for _, row := range r.Rows {
		var b strings.Builder
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(row); err != nil {
			return []string{err.Error()}
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
