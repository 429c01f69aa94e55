package query

import (
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"strings"
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

// FuzzParsePrint: any text parses or is refused in words; what parses is printed
// as a text that parses to the same.
func FuzzParsePrint(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, src string) {
		if _, err := Parse(src); err != nil {
			checkErrors(t, src, err)
		}
		roundTrip(t, src)
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
