// A disk that is really full: a small file system in memory.

package store

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"tocsin/alertrules"
	"tocsin/ingest"
	"tocsin/notifier"
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
	killed := filepath.Join(t.TempDir(), "killed")
	if err := os.CopyFS(killed, os.DirFS(filepath.Join(dir, "data"))); err != nil {
		t.Fatal(err)
	}
	if n := count(t, openTest(t, killed).Logs, "SELECT count(*) FROM log_t"); n != first.Records {
		t.Errorf("%d records after a kill, want %d", n, first.Records)
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
	// A checkpoint that was cut off: nothing can be read, until the file is opened again.
	room, _, err := s.Room()
	if err == nil {
		err = os.WriteFile(ballast, make([]byte, room-4096), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Logs.in.checkpoint(t.Context()); err == nil {
		t.Fatal("a checkpoint on a full disk went well")
	}
	if _, _, err := s.Logs.LastSeq(t.Context()); err == nil {
		t.Error("the file was not given up")
	}
	if err := s.Logs.Maintain(t.Context()); err != nil {
		t.Errorf("on a full disk: %v", err)
	}
	if n := count(t, s.Logs, "SELECT count(*) FROM log_t"); n != each*many {
		t.Errorf("%d records, want %d", n, each*many)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
}

// T1, T2 and T3 on a full disk are undone as a whole, and go on by themselves with
// room: in the same process, and in one that starts after a kill. A checkpoint that
// was cut off has the file opened again.
func TestFullDiskTransactions(t *testing.T) {
	const size = 48 << 20
	dir := smallDisk(t, size)
	data, ballast := filepath.Join(dir, "data"), filepath.Join(dir, "ballast")
	s := openTest(t, data)
	leave := func(free int64) { // 0: all of it
		t.Helper()
		if err := os.Remove(ballast); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		room, _, err := s.Room()
		if err == nil && free > 0 {
			err = os.WriteFile(ballast, make([]byte, room-free), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	id, text := int64(0), strings.Repeat("x", 30_000)
	mail := func(state notifier.MailState) *notifier.Mail {
		return &notifier.Mail{ID: id, State: state, Since: testNow, Recipient: "a@example.com", Bytes: []byte(text)}
	}
	transactions := []func() error{
		func() error {
			id++
			return s.State.CommitRound(t.Context(), &alertrules.Round{At: testNow, Notices: []alertrules.Notice{{Key: fmt.Sprint(id), Text: text, Since: testNow}}, Rules: []*alertrules.RuleState{{Rule: fmt.Sprint(id), Error: text}}})
		},
		func() error {
			return s.State.Commit(t.Context(), &notifier.Decided{At: testNow, Mails: []*notifier.Mail{mail(notifier.Waiting)}, Log: []notifier.Entry{{At: testNow, Reason: text}}})
		},
		func() error {
			return s.State.Record(t.Context(), &notifier.Delivery{At: testNow, Mails: []*notifier.Mail{mail(notifier.Accepted)}, Log: []notifier.Entry{{At: testNow, Reason: text, Answer: true}}})
		},
	}
	var want [5]int64
	counts := func(s *Store, what string) {
		t.Helper()
		var got [5]int64
		row := s.State.in.db.QueryRowContext(t.Context(), "SELECT (SELECT count(*) FROM causes), (SELECT count(*) FROM rule_states), (SELECT count(*) FROM mails), (SELECT count(*) FROM decisions), (SELECT count(*) FROM mails WHERE state = 'sent')")
		if err := row.Scan(&got[0], &got[1], &got[2], &got[3], &got[4]); err != nil || got != want {
			t.Errorf("%s: %v, want %v, %v", what, got, want, err)
		}
	}
	does := [3][5]int64{{1, 1}, {0, 0, 1, 1}, {0, 0, 0, 1, 1}}
	for n, do := range transactions {
		for _, free := range []int64{4 << 10, 12 << 10} {
			leave(free)
			err := do()
			leave(0)
			if err == nil {
				t.Fatalf("T%d went well with %d bytes free", n+1, free)
			}
			counts(s, fmt.Sprintf("T%d with %d bytes free", n+1, free))
		}
		if err := do(); err != nil {
			t.Errorf("T%d with room: %v", n+1, err)
		}
		for i := range want {
			want[i] += does[n][i]
		}
		copied := filepath.Join(dir, fmt.Sprint("killed", n))
		if err := os.CopyFS(copied, os.DirFS(data)); err != nil {
			t.Fatal(err)
		}
		counts(openTest(t, copied), "after a kill")
	}
	leave(4 << 10)
	if err := s.State.in.checkpoint(t.Context()); err == nil {
		t.Fatal("a checkpoint on a full disk went well")
	}
	if err := s.State.Maintain(t.Context()); err != nil {
		t.Errorf("on a full disk: %v", err)
	}
	counts(s, "opened again")
	if h := s.Health(); h != (Health{Repaired: 1}) {
		t.Errorf("%+v", h)
	}
	leave(0)
}
