package store

import (
	"testing"

	"tocsin/alertrules/alertrulestest"
)

// checks has a property be tried n times, as many as a database of its own bears in
// every run, unless -rapid.checks says otherwise.
func checks(t *testing.T, n int) {
	t.Helper()
	alertrulestest.Checks(t, n)
}
