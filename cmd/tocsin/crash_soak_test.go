//go:build soak

package main

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
)

// TestSoakCrash is TestCrash with 10,000 kills, or as many as TOCSIN_TEST_KILLS says,
// at other points each time.
func TestSoakCrash(t *testing.T) {
	kills := 10_000
	if text := os.Getenv("TOCSIN_TEST_KILLS"); text != "" {
		var err error
		if kills, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	seed := uint64(rand.Uint32())
	t.Logf("seed %d", seed)
	crash(t, kills, seed)
}
