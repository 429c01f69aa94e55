package main

import (
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestThreatsPage: every test that docs/threats-tests.md names is there.
func TestThreatsPage(t *testing.T) {
	named := 0
	for range namedTests(t, "threats-tests.md") {
		named++
	}
	if named < 60 {
		t.Errorf("only %d tests are named", named)
	}
}

// TestPitfallsPage: docs/pitfalls-tests.md has a row for each pitfall, with tests that
// are there.
func TestPitfallsPage(t *testing.T) {
	rows := map[string]int{}
	for line := range namedTests(t, "pitfalls-tests.md") {
		if row, _, ok := strings.Cut(strings.TrimPrefix(line, "| "), " | "); ok {
			rows[row]++
		}
	}
	for n := 1; n <= 32; n++ {
		if row := fmt.Sprintf("P%02d", n); rows[row] == 0 {
			t.Errorf("%s has no test", row)
		}
	}
}

// namedTests yields a line of a page for each test that it names, which has to be
// there; of a timeline of TestTimelines also its file.
func namedTests(t *testing.T, name string) iter.Seq[string] {
	t.Helper()
	page, err := os.ReadFile("../../docs/" + name)
	if err != nil {
		t.Fatal(err)
	}
	word := regexp.MustCompile("`([a-z0-9/]+)`|\\b((?:Test|Fuzz)[A-Za-z0-9]+)(?:/([A-Za-z0-9-]+))?")
	return func(yield func(string) bool) {
		folder := ""
		for line := range strings.Lines(string(page)) {
			for _, m := range word.FindAllStringSubmatch(line, -1) {
				if m[1] != "" {
					folder = m[1]
					continue
				}
				if folder != "" && !hasTest(t, folder, m[2]) {
					t.Errorf("%s: %s has no %s", name, folder, m[2])
				}
				if timeline := filepath.Join("../..", folder, "testdata/timelines", m[3]+".yaml"); m[2] == "TestTimelines" {
					if _, err := os.Stat(timeline); err != nil {
						t.Errorf("%s: %v", name, err)
					}
				}
				if folder != "" && !yield(line) {
					return
				}
			}
		}
	}
}

func hasTest(t *testing.T, folder, name string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("../..", folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(src), "\nfunc "+name+"(") {
			return true
		}
	}
	return false
}
