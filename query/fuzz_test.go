// Any text through parser, printer and parser again.

package query

import (
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// broke are texts on which a printer or a parser of this language once broke.
var broke = []string{
	`0:\!*`, "a:0: 0", "a:0:\uFFFD", `"":0:#""`, "! =0", `a:\:`, "a | GROUP", "| SELECT - -1", "| SELECT (a).b", "| SELECT (array)[1]", "| SELECT (interval) + '1'",
	"| SELECT (1).x", "| HAVING a AT TIME ZONE .5", "| ORDER BY a desc", "| SELECT CAST(a AS time with time zone)", "| SELECT f() FILTER (WHERE a)", "| SELECT current_date.x, (current_date()).x",
}

// seeds adds the queries of all tables.
func seeds(f *testing.F) {
	f.Helper()
	for _, name := range []string{"testdata/trees.txtar", "testdata/errors.txtar"} {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range archive.Files {
			src, _, _ := strings.Cut(string(file.Data), "\n---\n")
			f.Add(strings.TrimPrefix(src, "when: "))
		}
	}
	for _, s := range shapes {
		f.Add(s)
	}
	for _, s := range broke {
		f.Add(s)
	}
}

// FuzzParsePrint: what parses is printed as a text that parses to the same. It
// leaves out the words of errors, which take most of the time.
func FuzzParsePrint(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, src string) {
		tokens, fault := tokenize(src, modeQuery)
		if fault != nil {
			return
		}
		if _, fault = parseTokens(tokens); fault == nil {
			roundTrip(t, src)
		}
	})
}

// FuzzErrors: what does not parse is refused in words, at a place in the text.
func FuzzErrors(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, src string) {
		if _, err := Parse(src); err != nil {
			checkErrors(t, src, err)
		}
		if s, err := ParseSearch(src); err != nil {
			checkErrors(t, src, err)
		} else if text := (&Query{Filter: s}).String(); text != "" {
			roundTrip(t, text)
		}
	})
}

// FuzzCondition does so for conditions.
func FuzzCondition(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, src string) {
		if _, err := ParseCondition(src); err != nil {
			checkErrors(t, src, err)
		}
		roundTripCondition(t, src)
	})
}
