package sample

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
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

// loaded counts what becomes of the records below dir.
func loaded(t *testing.T, dir string) (stored map[string]int, twice, aside, odd int) {
	t.Helper()
	objects, skipped, err := ingest.Files([]string{dir})
	if err != nil || len(skipped) > 0 {
		t.Fatal(skipped, err)
	}
	stored, ids := map[string]int{}, map[[16]byte]bool{}
	for _, obj := range objects {
		o, err := ingest.Decode(obj, ingest.Options{Now: now.Add(time.Hour)})
		if err != nil {
			t.Fatal(obj.Name, err)
		}
		var r ingest.Record
		for {
			var broken *ingest.Broken
			err := o.Next(&r)
			switch {
			case errors.Is(err, io.EOF):
			case errors.As(err, &broken):
				aside++
				continue
			case err != nil:
				t.Fatal(obj.Name, err)
			case ids[r.ID]:
				twice++
				continue
			default:
				ids[r.ID] = true
				stored[o.Logstore.Name]++
				if len(r.Flags) > 0 {
					odd++
				}
				continue
			}
			break
		}
		if err := o.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return stored, twice, aside, odd
}

// holds sees that what is below dir loads with the counts of the manifest.
func holds(t *testing.T, dir string, m Manifest) {
	t.Helper()
	stored, twice, aside, odd := loaded(t, dir)
	var want FormatCount
	for _, f := range m.Formats {
		want.Records, want.Files = want.Records+f.Records, want.Files+f.Files
		want.Duplicates, want.Broken, want.Late = want.Duplicates+f.Duplicates, want.Broken+f.Broken, want.Late+f.Late
	}
	sum := 0
	for store, n := range m.Records {
		sum += n
		if stored[store] != n {
			t.Errorf("%s: %d stored, the manifest says %d", store, stored[store], n)
		}
	}
	if sum != want.Records || want.Files != m.Files || twice != want.Duplicates || aside != want.Broken || odd > 0 {
		t.Errorf("%d records, %d duplicates, %d set aside, %d odd; the manifest: %+v", sum, twice, aside, odd, want)
	}
	for _, o := range m.Oddities {
		if _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(o.File))); err != nil {
			t.Errorf("the manifest names a file that is not there: %v", err)
			break
		}
	}
	if n := len(m.Oddities) + m.MoreOddities; n != want.Duplicates+want.Broken+want.Late {
		t.Errorf("%d oddities are listed, %d counted", n, want.Duplicates+want.Broken+want.Late)
	}
}

// TestFormats: every format loads with the counts of its manifest, with and
// without what goes wrong, and is the same again by its seed.
func TestFormats(t *testing.T) {
	for _, name := range Formats() {
		t.Run(name, func(t *testing.T) {
			o := Options{Seed: 3, Formats: []string{name}, Events: 6500, Now: now, Plain: true}
			dir := t.TempDir()
			m, err := Write(dir, o)
			if err != nil {
				t.Fatal(err)
			}
			holds(t, dir, m)
			if planted := m.Formats[0].Records - o.Events; planted < 1 || len(m.Incidents) < 1 || m.Oddities != nil {
				t.Errorf("%d records are planted for %d incidents, %d oddities", planted, len(m.Incidents), len(m.Oddities))
			}
			again := t.TempDir()
			o.Duplicates, o.Late, o.Broken = 0.02, 0.02, 0.02
			if m, err = Write(again, o); err != nil {
				t.Fatal(err)
			}
			holds(t, again, m)
			f := m.Formats[0]
			scan := strings.HasPrefix(name, "prowler-")
			if f.Duplicates < 50 || f.Broken < 50 || (f.Late < 50) != scan {
				t.Errorf("%+v", f)
			}
			third := t.TempDir()
			if _, err := Write(third, o); err != nil || digest(t, again) != digest(t, third) || digest(t, again) == digest(t, dir) {
				t.Errorf("not the same again: %v", err)
			}
		})
	}
}

// TestFollow: what comes as time goes on loads with the counts of its manifest,
// in the time in which it came, and stops at its limit.
func TestFollow(t *testing.T) {
	dir := t.TempDir()
	f, err := Follow(dir, Options{Seed: 1, Formats: []string{"cloudtrail", "actiontrail"}, Events: 700, Now: now, Plain: true, Duplicates: 0.05, Late: 0.05, Broken: 0.05}, 20)
	if err != nil {
		t.Fatal(err)
	}
	files, at := 0, now
	for more := true; more; {
		at = at.Add(time.Second)
		if more, err = f.Until(at); err != nil {
			t.Fatal(err)
		}
		if m := f.Manifest(); more && at.Sub(now) < 35*time.Second && m.Files <= files {
			t.Errorf("%s: no new file", at)
		} else {
			files = m.Files
		}
	}
	m := f.Manifest()
	holds(t, dir, m)
	if at.Sub(now) != 35*time.Second || m.Records["audit"] != 701 || m.Records["cloudtrail"] != 718 || len(m.Incidents) != 6 {
		t.Errorf("%s: %v, %d incidents", at.Sub(now), m.Records, len(m.Incidents))
	}
	for i := range m.Incidents {
		if when := m.Incidents[i].At; when.Before(now.Add(-2*time.Minute)) || when.After(at) {
			t.Errorf("%s at %s", m.Incidents[i].Kind, when)
		}
	}
	endless, err := Follow(t.TempDir(), Options{Now: now, Quiet: true}, 0.5)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		if more, err := endless.Until(now.Add(time.Duration(i) * time.Second)); err != nil || !more {
			t.Fatal(more, err)
		}
	}
	if m := endless.Manifest(); m.Records["cloudtrail"] != 4 {
		t.Errorf("%v in nine seconds", m.Records)
	}
	if _, err := Follow(dir, Options{Now: now, Formats: []string{"nosuch"}}, 1); err == nil {
		t.Error("no error of an unknown format")
	}
}

// TestBounded: a file never holds more than its bounds, so that any number of
// records takes the memory of one file for each account and region.
func TestBounded(t *testing.T) {
	w := newWriter(t.TempDir(), Options{})
	o, err := Options{Seed: 1, Events: 60_000, Now: now, From: now.Add(-time.Minute), Quiet: true}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	g := newTrail(w, o)
	if err := g.fill(o.Events, o.From, o.To); err != nil {
		t.Fatal(err)
	}
	for _, p := range g.open {
		if cap(p.data) > 2*fileBytes {
			t.Errorf("%s %s: %d bytes", p.account, p.region, cap(p.data))
		}
	}
	if w.m.Files == 0 {
		t.Error("no file was written before its slot was over")
	}
	if err := g.finish(); err != nil {
		t.Fatal(err)
	}
	holds(t, w.dir, w.m)
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
