package alertrulestest

import (
	"flag"
	"strconv"
	"testing"
)

// Checks has a property be tried n times, as many as every run bears, unless
// -rapid.checks says otherwise.
func Checks(t *testing.T, n int) {
	t.Helper()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "rapid.checks" })
	if given {
		return
	}
	f := flag.Lookup("rapid.checks")
	was := f.Value.String()
	set := func(value string) { // not flag.Set, after which it would be given
		if err := f.Value.Set(value); err != nil {
			t.Fatal(err)
		}
	}
	set(strconv.Itoa(n))
	t.Cleanup(func() { set(was) })
}
