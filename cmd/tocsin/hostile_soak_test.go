//go:build soak

package main

import "testing"

// TestSoakHostileBig adds the large cases that take long to make: gigabytes, and
// archives in archives.
func TestSoakHostileBig(t *testing.T) {
	loadBig(t, "gzip-bomb", "gzip-bomb-json", "gzip-nested", "line-2g")
}
