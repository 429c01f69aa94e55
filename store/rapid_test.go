package store

import (
	"flag"
	"strconv"
	"testing"
)

// checks has a property be tried n times, as many as a database of its own bears in
// every run, unless -rapid.checks says otherwise.
func checks(t *testing.T, n int) {
	t.Helper()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "rapid.checks" })
	if given {
		return
	}
	f := flag.Lookup("rapid.checks")
	was := f.Value.String()
	must(flag.Set(f.Name, strconv.Itoa(n)))
	t.Cleanup(func() { must(flag.Set(f.Name, was)) })
}
