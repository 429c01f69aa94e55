// A disk that is really full: a small file system in memory.

package store

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"tocsin/alertrules"
	"tocsin/ingest"
)

// smallDisk mounts a file system of so many bytes, or skips the test.
func smallDisk(t *testing.T, size int64) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "disk")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d,mode=0700", size)); err != nil {
		t.Skipf("no small disk: mount tmpfs: %v (it needs root)", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// A load that fills the disk is undone where it stopped and says so; what was
// committed before is whole, rules go on as soon as there is a little room, and
// with room the same objects load, each record once.
func TestFullDisk(t *testing.T) {
	const size = 40 << 20
	dir := smallDisk(t, size)
	s := openTest(t, filepath.Join(dir, "data"))
	if free, total, err := s.Room(); err != nil || total != size || free <= 0 || free > size {
		t.Errorf("room: %d of %d, %v", free, total, err)
	}
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, size*6/10), 0o600); err != nil {
		t.Fatal(err)
	}
	rnd := rand.New(rand.NewPCG(3, 4))
	var objects []ingest.Object
	scripts := map[string][]rec{}
	const each, many = 2000, 60
	for i := range many {
		name := fmt.Sprintf("o%02d", i)
		for j := range each {
			scripts[name] = append(scripts[name], rec{id: i*each + j + 1, name: fmt.Sprintf("%x%x%x%x%x%x%x%x", rnd.Uint64(), rnd.Uint64(), rnd.Uint64(), rnd.Uint64(), rnd.Uint64(), rnd.Uint64(), rnd.Uint64(), rnd.Uint64())})
		}
		objects = append(objects, ingest.Object{Name: name, Version: "1", Size: each})
	}
	o := AppendOptions{Logstore: testLogstore(), Now: testNow, rows: 4096, records: 4096, decode: func(o ingest.Object) (decoder, error) {
		return decoder{Decoder: &scripted{records: scripts[o.Name]}, format: "script"}, nil
	}}
	load := func() (Summary, error) { return s.Logs.Append(t.Context(), objects, o) }
	first, err := load()
	if err == nil || !strings.Contains(strings.ToLower(err.Error()), syscall.ENOSPC.Error()) {
		t.Fatalf("a full disk: %v", err)
	}
	if first.Records == 0 || first.Records == each*many {
		t.Fatalf("%d records were stored", first.Records)
	}
	second, err := load()
	if err == nil {
		t.Error("the disk is full still, and it loads")
	}
	if err := os.Truncate(ballast, size*5/10); err != nil {
		t.Fatal(err)
	}
	round := &alertrules.Round{At: testNow, Notices: []alertrules.Notice{{Key: "disk/low", Text: "full", Since: testNow}}}
	if err := s.State.CommitRound(t.Context(), round); err != nil {
		t.Errorf("rules do not go on: %v", err)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	third, err := load()
	if err != nil {
		t.Fatalf("with room: %v", err)
	}
	if sum := first.Records + second.Records + third.Records; sum != each*many {
		t.Errorf("%d + %d + %d records, want %d", first.Records, second.Records, third.Records, each*many)
	}
	for query, want := range map[string]int64{
		"SELECT count(*) FROM log_t": each * many, "SELECT count(DISTINCT id) FROM log_t": each * many,
		"SELECT count(*) FROM objects": many, "SELECT sum(records)::BIGINT FROM objects": each * many, "SELECT count(*) FROM deadletters": 0,
		"SELECT count(DISTINCT seq) FROM log_t": each * many,
	} {
		if n := count(t, s.Logs, query); n != want {
			t.Errorf("%s: %d, want %d", query, n, want)
		}
	}
}
