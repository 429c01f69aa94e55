package main

import (
	"bytes"
	"testing"
	"time"

	"tocsin/ingest"
	"tocsin/store"
)

// Progress ends, also when objects were skipped and the bytes fall short.
func TestProgressEnds(t *testing.T) {
	var out bytes.Buffer
	e := &env{stderr: &out, errTerminal: true, getenv: func(string) string { return "" }}
	for _, done := range []int64{0, 40, 100} {
		progress, finish := showProgress(e, []ingest.Object{{Size: 60}, {Size: 40}, {Size: -1}})
		progress(store.Progress{Bytes: done, Records: 3})
		ended := make(chan struct{})
		go func() { finish(); close(ended) }()
		select {
		case <-ended:
		case <-time.After(30 * time.Second):
			t.Fatalf("the bar at %d of 100 bytes never ends", done)
		}
	}
}
