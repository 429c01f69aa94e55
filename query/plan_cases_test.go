// The statement of every case: testdata/cases*.txt and testdata/statements.txt.

package query

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tocsin/diag"
)

func testSchema(t testing.TB) Fixed {
	t.Helper()
	b, err := os.ReadFile("testdata/schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var s Fixed
	if err := json.Unmarshal(b, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func testOptions(t testing.TB, logstore string) Options {
	t.Helper()
	o := Options{Logstore: logstore, MaxRows: 100}
	b, err := os.ReadFile("testdata/lists.json")
	if err == nil {
		err = json.Unmarshal(b, &o.Lists)
	}
	if err != nil {
		t.Fatal(err)
	}
	return o
}

var testWindow = Window{From: time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC), UpToSeq: 1000}

func planOf(t testing.TB, logstore, text string) (*Plan, error) {
	t.Helper()
	q, err := Parse(text)
	if err != nil {
		return nil, err
	}
	return q.Plan(testSchema(t), testOptions(t, logstore))
}

// caseQueries are the queries of testdata/cases*.txt, with their logstores.
func caseQueries(t testing.TB) (queries [][2]string) {
	t.Helper()
	files, err := filepath.Glob("testdata/cases*.txt")
	if err != nil {
		t.Fatal(err)
	}
	text := ""
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		text += string(b)
	}
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		for _, prefix := range []string{"#", "--", "=>", "columns ", "ordered", "error"} {
			if strings.HasPrefix(line, prefix) && !strings.HasPrefix(line, `#"`) && !strings.HasPrefix(line, "errorC") && !strings.HasPrefix(line, "errorM") {
				line = ""
			}
		}
		if line == "" {
			continue
		}
		c := [2]string{"cloudtrail", line}
		for _, other := range []string{"findings", "accounts", "audit"} {
			if rest, ok := strings.CutPrefix(line, other+": "); ok {
				c = [2]string{other, rest}
			}
		}
		queries = append(queries, c)
	}
	return queries
}

// TestStatements holds the statement of each case in each dialect; make golden
// writes them.
func TestStatements(t *testing.T) {
	for file, dialect := range map[string]Dialect{"testdata/statements.txt": DuckDB(), "testdata/statements_trino.txt": Trino()} {
		got := statementsOf(t, dialect)
		if update {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if string(want) == got {
			continue
		}
		w, g := strings.Split(string(want), "\n"), strings.Split(got, "\n")
		if len(w) != len(g) {
			t.Errorf("%s has %d lines, not %d", file, len(w), len(g))
		}
		for i := range min(len(w), len(g)) {
			if w[i] != g[i] {
				t.Errorf("line %d of %s differs:\n got %s\nwant %s", i+1, file, g[i], w[i])
				break
			}
		}
	}
}

// statementsOf are the statements of all cases with their parameters. Of the
// functions in front of one only the names are shown.
func statementsOf(t *testing.T, d Dialect) string {
	var b strings.Builder
	for _, c := range caseQueries(t) {
		b.WriteString(c[1] + "\n")
		p, err := planOf(t, c[0], c[1])
		if err != nil {
			b.WriteString("  ! " + err.Error() + "\n")
			continue
		}
		s := p.SQL(d, testWindow)
		args, err := json.Marshal(s.Args)
		if err != nil {
			t.Fatal(err)
		}
		b.WriteString("  " + withoutFunctions(s.Text) + "\n  " + string(args) + "\n")
	}
	return b.String()
}

func withoutFunctions(text string) string {
	var names []string
	for _, f := range trinoFunctions {
		if all := f.declaration(); strings.Contains(text, all) {
			text = strings.Replace(text, all, "", 1)
			names = append(names, f.name)
		}
	}
	if len(names) == 0 {
		return text
	}
	return "WITH FUNCTION " + strings.Join(names, ", ") + " … " + strings.TrimLeft(strings.TrimPrefix(text, "WITH "), ",\n")
}

func problems(err error) []diag.Problem {
	var l *diag.List
	if errors.As(err, &l) {
		return l.Problems
	}
	return nil
}
