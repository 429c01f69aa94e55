package store

import (
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
)

// What a process leaves that ends with queries at work is what the next one finds,
// however long or short it is; after one that ends as it should that is nothing.
func TestMarker(t *testing.T) {
	dir := t.TempDir()
	s := openTest(t, dir)
	open := func(want ...string) *Marker {
		t.Helper()
		m, found, err := s.OpenMarker(testNow)
		if err != nil || !slices.Equal(found.Rules, want) || len(want) > 0 && found.ID == "" {
			t.Fatalf("found %+v, want %q, %v", found, want, err)
		}
		return m
	}
	m := open()
	long := m.Begin("a-rule-with-quite-a-long-id-so-that-the-next-is-shorter")
	m.Begin("b")
	long()
	again := m.Begin("b") // of a rule that asks twice
	again()
	m = open("b") // killed
	open("b")     // and again, before anything began
	if err := m.Clear(); err != nil {
		t.Fatal(err)
	}
	open().Begin("x")()
	m = open()
	m.Begin("y")
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	m = open()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 200 {
				m.Begin("many")()
			}
		})
	}
	all.Wait()
	open()
	info, err := os.Stat(filepath.Join(dir, "at-work"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	for _, text := range []string{"", "{", "\x00\x00\x00", `{"id":"1","rules":[`, `[1]`} {
		if err := os.WriteFile(filepath.Join(dir, "at-work"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, found, err := s.OpenMarker(testNow); err != nil || len(found.Rules) > 0 {
			t.Errorf("%q: %+v %v", text, found, err)
		}
	}
}

// A marker costs little beside a query.
func BenchmarkMarker(b *testing.B) {
	s := openTest(b, b.TempDir())
	m, _, err := s.OpenMarker(testNow)
	must(err)
	for b.Loop() {
		m.Begin("trail-stopped")()
	}
}
