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
		for _, other := range []string{"findings", "accounts"} {
			if rest, ok := strings.CutPrefix(line, other+": "); ok {
				c = [2]string{other, rest}
			}
		}
		queries = append(queries, c)
	}
	return queries
}

// TestStatements holds the statement of each case; make golden writes them.
func TestStatements(t *testing.T) {
	var got strings.Builder
	for _, c := range caseQueries(t) {
		got.WriteString(c[1] + "\n")
		p, err := planOf(t, c[0], c[1])
		if err != nil {
			got.WriteString("  ! " + err.Error() + "\n")
			continue
		}
		s := p.SQL(DuckDB(), testWindow)
		got.WriteString("  " + s.Text + "\n")
		args, err := json.Marshal(s.Args)
		if err != nil {
			t.Fatal(err)
		}
		got.WriteString("  " + string(args) + "\n")
	}
	if update {
		if err := os.WriteFile("testdata/statements.txt", []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/statements.txt")
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got.String() {
		w, g := strings.Split(string(want), "\n"), strings.Split(got.String(), "\n")
		for i := range min(len(w), len(g)) {
			if w[i] != g[i] {
				t.Fatalf("line %d of statements.txt differs:\n got %s\nwant %s", i+1, g[i], w[i])
			}
		}
		t.Fatal("statements.txt has another length")
	}
}

func problems(err error) []diag.Problem {
	var l *diag.List
	if errors.As(err, &l) {
		return l.Problems
	}
	return nil
}
