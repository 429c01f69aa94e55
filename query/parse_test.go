// Trees of queries (testdata/trees.txtar), and texts of real systems.

package query

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// update says that golden files are written again: `make golden`.
var update = os.Getenv("UPDATE") != ""

// golden runs every file of an archive through show, which gets the part above
// the line "---" and returns the part below it.
func golden(t *testing.T, name string, show func(t *testing.T, src string) string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	archive, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range archive.Files {
		src, want, _ := strings.Cut(string(f.Data), "\n---\n")
		t.Run(f.Name, func(t *testing.T) {
			got := show(t, strings.TrimSuffix(src, "\n"))
			if update {
				archive.Files[i].Data = []byte(strings.TrimSuffix(src, "\n") + "\n---\n" + got)
				return
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("run make golden if this is right (-want +got):\n%s", d)
			}
		})
	}
	if update {
		if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestParse holds, for each query, the normal form and the tree.
func TestParse(t *testing.T) {
	golden(t, "trees.txtar", func(t *testing.T, src string) string {
		if cond, ok := strings.CutPrefix(src, "when: "); ok {
			c, err := ParseCondition(cond)
			if err != nil {
				t.Fatal(err)
			}
			roundTripCondition(t, cond)
			return c.String() + "\n" + tree(c.X) + "\n"
		}
		q, err := Parse(src)
		if err != nil {
			t.Fatal(err)
		}
		roundTrip(t, src)
		out := q.String() + "\n"
		if q.Filter != nil {
			out += tree(q.Filter) + "\n"
		}
		for _, s := range q.Stages {
			out += tree(s) + "\n"
		}
		return out
	})
}

// roundTrip checks that a text that parses prints as one that parses to the same
// tree, and that the printed text stays as it is.
func roundTrip(t *testing.T, src string) {
	t.Helper()
	q, err := Parse(src)
	if err != nil {
		return
	}
	checkSpans(t, src, q)
	text := q.String()
	again, err := Parse(text)
	if err != nil {
		t.Fatalf("%.200q is printed as %.200q, which does not parse: %v", src, text, err)
	}
	if a, b := tree(q), tree(again); a != b {
		t.Fatalf("%.200q is printed as %.200q, another query:\n%.2000s\n%.2000s", src, text, a, b)
	}
	if s := again.String(); s != text {
		t.Fatalf("%.200q is printed as %.200q, then as %q", src, text, s)
	}
}

// roundTripCondition does so for a condition.
func roundTripCondition(t *testing.T, src string) {
	t.Helper()
	c, err := ParseCondition(src)
	if err != nil {
		return
	}
	checkSpans(t, src, c)
	text := c.String()
	again, err := ParseCondition(text)
	if err != nil {
		t.Fatalf("%.200q is printed as %.200q, which does not parse: %v", src, text, err)
	}
	if a, b := tree(c), tree(again); a != b {
		t.Fatalf("%.200q is printed as %.200q, another condition:\n%.2000s\n%.2000s", src, text, a, b)
	}
}

// jsonLines reads a file of the shared data, or skips the test.
func jsonLines[T any](t testing.TB, path string) []T {
	t.Helper()
	for _, root := range []string{os.Getenv("TOCSIN_SHARED"), "../../shared", "../../../shared"} {
		if root == "" {
			continue
		}
		f, err := os.Open(filepath.Join(root, path))
		if err != nil {
			continue
		}
		defer f.Close()
		var list []T
		s := bufio.NewScanner(f)
		s.Buffer(nil, 1<<24)
		for s.Scan() {
			var x T
			if err := json.Unmarshal(s.Bytes(), &x); err != nil {
				t.Fatal(err)
			}
			list = append(list, x)
		}
		if s.Err() != nil {
			t.Fatal(s.Err())
		}
		return list
	}
	t.Skipf("%s is not here: set TOCSIN_SHARED to the directory of shared data", path)
	return nil
}

// TestPublished parses the alert queries that Alibaba published for SLS.
func TestPublished(t *testing.T) {
	queries := jsonLines[struct{ Query string }](t, "data/rules/sls/published_queries.jsonl")
	if len(queries) != 27 {
		t.Errorf("%d published queries, not 27", len(queries))
	}
	for _, q := range queries {
		if _, err := Parse(q.Query); err != nil {
			t.Errorf("%s: %v", q.Query, err)
		}
		roundTrip(t, q.Query)
	}
}
