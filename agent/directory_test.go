package agent

import (
	"log/slog"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"tocsin/ingest"
)

// A source that waits looks again by itself when a file has settled.
func TestDirectoryWaits(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		put(t, dir, "a.json", time.Now())
		d := &directory{dir: dir, name: filepath.Clean, stop: func() {}} // a watch would stop the simulated clock
		began := time.Now()
		batch, err := d.Receive(t.Context(), ingest.Ask{Now: began, Wait: time.Minute})
		if took := time.Since(began); err != nil || len(batch.Objects) != 1 || took < settle || took > 2*settle {
			t.Errorf("%d objects after %s, %v", len(batch.Objects), took, err)
		}
		if err := batch.Settle(t.Context(), ingest.Outcome{Committed: true}); err != nil {
			t.Fatal(err)
		}
		began = time.Now()
		batch, err = d.Receive(t.Context(), ingest.Ask{Now: began, Wait: time.Minute})
		if took := time.Since(began); err != nil || len(batch.Objects) != 0 || took < time.Minute {
			t.Errorf("nothing new: %d objects after %s, %v", len(batch.Objects), took, err)
		}
	})
}

// A change below a directory wakes its loop; stopping ends the watch.
func TestChanges(t *testing.T) {
	dir := t.TempDir()
	wake, stop := changes(dir, slog.New(slog.DiscardHandler))
	put(t, dir, "a.json", noon)
	select {
	case <-wake:
	case <-time.After(10 * time.Second):
		t.Error("no change was told")
	}
	stop()
	log := &lines{}
	wake, stop = changes(filepath.Join(dir, "none"), slog.New(slog.NewTextHandler(log, nil)))
	stop()
	if wake != nil || log.count("only polled") != 1 {
		t.Error("a directory that is not there")
	}
}
