//go:build soak

package trino_test

import (
	"fmt"
	"testing"
)

// TestSoakTrinoRandom compares ten thousand queries, over new records every few
// hundred.
func TestSoakTrinoRandom(t *testing.T) {
	ran := 0
	for seed := uint64(100); ran < 10_000; seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { ran += randomQueries(t, seed, 250, 750) })
		if t.Failed() && testing.Short() {
			return
		}
	}
	t.Logf("%d queries ran", ran)
}
