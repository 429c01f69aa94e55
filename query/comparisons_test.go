// The table of docs/comparisons.md has a case for each of its cells.

package query

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

func TestComparisonsHaveCases(t *testing.T) {
	page, err := os.ReadFile("../docs/comparisons.md")
	if err != nil {
		t.Fatal(err)
	}
	cases, err := os.ReadFile("testdata/cases_comparisons.txt")
	if err != nil {
		t.Fatal(err)
	}
	count, section := map[string]int{}, ""
	for line := range strings.Lines(string(cases)) {
		line = strings.TrimSpace(line)
		title, ok := strings.CutPrefix(line, "-- ")
		switch {
		case ok:
			section = title
		case line != "" && line != "ordered" && !strings.HasPrefix(line, "=>") && !strings.HasPrefix(line, "#"):
			count[section]++
		}
	}
	for n := 1; n <= 12; n++ {
		row := fmt.Sprintf("| C%d |", n)
		if strings.Count(string(page), "\n"+row) != 1 {
			t.Errorf("docs/comparisons.md has no row %s", row)
		}
		for _, half := range []string{"filter", "SQL"} {
			if cell := fmt.Sprintf("C%d %s", n, half); count[cell] == 0 {
				t.Errorf("%s has no case", cell)
			}
		}
	}
}
