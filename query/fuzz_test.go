package query

import (
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

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
		} else if text := SearchString(s); text != "" {
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
