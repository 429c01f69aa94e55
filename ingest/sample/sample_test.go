package sample

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"tocsin/ingest"
)

var now = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// digest is a hash over the names and bytes of all files.
func digest(t *testing.T, dir string) string {
	h := sha256.New()
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, p)
		io.WriteString(h, rel)
		h.Write(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func TestSameSeedSameBytes(t *testing.T) {
	var digests []string
	for _, seed := range []uint64{7, 7, 8} {
		dir := t.TempDir()
		if _, err := Write(dir, Options{Seed: seed, Events: 2000, Now: now}); err != nil {
			t.Fatal(err)
		}
		digests = append(digests, digest(t, dir))
	}
	if digests[0] != digests[1] || digests[0] == digests[2] {
		t.Errorf("digests %v", digests)
	}
}

func TestEveryRecordLoads(t *testing.T) {
	for _, o := range []Options{
		{Seed: 1, Events: 3000, Now: now},
		{Seed: 1, Events: 10, Now: now, Plain: true, From: now.Add(-10 * time.Minute)},
		{Seed: 2, Events: 500, Now: now, Quiet: true},
	} {
		dir := t.TempDir()
		m, err := Write(dir, o)
		if err != nil {
			t.Fatal(err)
		}
		objects, skipped, err := ingest.Files([]string{dir})
		if err != nil || len(skipped) > 0 || len(objects) != m.Files {
			t.Fatalf("%d objects of %d, skipped %v, %v", len(objects), m.Files, skipped, err)
		}
		got, ids := map[string]int{}, map[[16]byte]bool{}
		for _, obj := range objects {
			read(t, obj, func(store string, r *ingest.Record) {
				got[store]++
				ids[r.ID] = true
				if at := time.UnixMicro(r.Time); at.Before(now.Add(-24*time.Hour)) || at.After(now) {
					t.Errorf("%s: a record of %s", obj.Name, at)
				}
				if len(r.Flags) > 0 {
					t.Errorf("%s: flags %v", obj.Name, r.Flags)
				}
			})
		}
		if got["cloudtrail"] != m.Records["cloudtrail"] || got["findings"] != m.Records["findings"] || len(ids) != got["cloudtrail"]+got["findings"] {
			t.Errorf("records %v, manifest %v, %d ids", got, m.Records, len(ids))
		}
		if want := 6; len(m.Incidents) != want && !o.Quiet || o.Quiet && len(m.Incidents) > 0 {
			t.Errorf("%d incidents", len(m.Incidents))
		}
	}
}

func read(t *testing.T, obj ingest.Object, each func(store string, r *ingest.Record)) {
	t.Helper()
	o, err := ingest.Decode(obj, ingest.Options{Now: now})
	if err != nil {
		t.Fatal(obj.Name, err)
	}
	defer o.Close()
	var r ingest.Record
	for {
		switch err := o.Next(&r); {
		case err == nil:
			each(o.Logstore.Name, &r)
		case errors.Is(err, io.EOF):
			return
		default:
			t.Fatal(obj.Name, err)
		}
	}
}

func TestRangeIsChecked(t *testing.T) {
	for _, o := range []Options{{}, {Now: now, From: now}} {
		if _, err := Write(t.TempDir(), o); err == nil {
			t.Errorf("%+v: no error", o)
		}
	}
}

func BenchmarkWrite(b *testing.B) {
	for b.Loop() {
		if _, err := Write(b.TempDir(), Options{Seed: 1, Events: 100_000, Now: now}); err != nil {
			b.Fatal(err)
		}
	}
}
