//go:build soak

package ingest

import "testing"

// TestSoakBigCases adds what takes long to make: gigabytes, and archives in archives.
func TestSoakBigCases(t *testing.T) {
	bigCases(t, "gzip-bomb-json", "line-2g", "gzip-members", "gzip-nested")
}
