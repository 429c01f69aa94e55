package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestThreatsPage: every test that docs/threats-tests.md names is there.
func TestThreatsPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/threats-tests.md")
	if err != nil {
		t.Fatal(err)
	}
	named, folder := 0, ""
	word := regexp.MustCompile("`([a-z0-9/]+)`|\\b(Test|Fuzz)[A-Za-z0-9]+\\b")
	for line := range strings.Lines(string(page)) {
		for _, m := range word.FindAllStringSubmatch(line, -1) {
			if m[1] != "" {
				folder = m[1]
				continue
			}
			named++
			if !hasTest(t, folder, m[0]) {
				t.Errorf("%s has no %s", folder, m[0])
			}
		}
	}
	if named < 60 {
		t.Errorf("only %d tests are named", named)
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
