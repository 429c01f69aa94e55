//go:build integration

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The agent on a disk that fills up: it takes nothing in below the reserve, its rules
// and mails go on, the operator is told once, and all resumes by itself. When nothing
// at all is left, nothing is lost, and what opens after that is whole.
func TestFullDiskIntegration(t *testing.T) {
	t.Parallel()
	dir := terrorProject(t, 3, "1s", "rules: [{id: any, logstore: cloudtrail, query: \"* | SELECT count(*) AS n\", window: 24h, delay: 0s, every: 1s, severity: low}]\n")
	data := filepath.Join(dir, "tocsin-data")
	must(os.Mkdir(data, 0o700))
	const size = 64 << 20
	if err := syscall.Mount("tmpfs", data, "tmpfs", 0, fmt.Sprintf("size=%d,mode=0700", size)); err != nil {
		t.Skipf("no small disk: mount tmpfs: %v (it needs root)", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(data, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	config, err := os.ReadFile(filepath.Join(dir, "tocsin.yaml"))
	must(err)
	writeSettled(t, dir, map[string]string{"tocsin.yaml": string(config) + "limits: {disk_reserve: 24MB}\n"})
	ballast := filepath.Join(data, "ballast")
	leave := func(free int64) { // 0: all of it
		t.Helper()
		if free == 0 {
			must(os.Remove(ballast))
			return
		}
		var f syscall.Statfs_t
		must(syscall.Statfs(data, &f))
		must(os.WriteFile(ballast, make([]byte, int64(f.Bavail)*f.Frsize-free), 0o600))
	}
	id := 0
	put := func(names ...string) {
		var records strings.Builder
		for _, name := range names {
			id++
			records.WriteString(terrorRecord(id, name, "", ""))
		}
		writeSettled(t, dir, map[string]string{fmt.Sprintf("in/%d.json", id): records.String()})
	}
	p := start(t, dir)
	p.patience = 2 * time.Minute
	put("Good0")
	p.awaitMail(1, "ken@example.com", "good-000")

	leave(8 << 20)
	p.awaitMail(1, "ops@example.com", "the disk of the data directory has")
	put("Good1")
	time.Sleep(35 * time.Second)
	if n := p.mailed("ken@example.com", "good-001"); n != 0 {
		t.Errorf("%d mails of what was not to be taken in", n)
	}
	p.stop() // rules were evaluated and their outcome was stored
	moment := func() string {
		t.Helper()
		out, _ := command(t, dir, "status").Output() // 1: the disk is full
		return string(out)
	}
	if said := moment(); !strings.Contains(said, "(limits.disk_reserve): nothing is taken in\n") || !strings.Contains(said, "the disk of the data directory has") || !strings.Contains(said, "any: ") {
		t.Errorf("status: %s", said)
	}

	// Nothing is left at all, in the middle of everything.
	p = start(t, dir)
	p.patience = 2 * time.Minute
	leave(0)
	p.awaitMail(2, "ops@example.com", "the disk")
	p.awaitMail(1, "ken@example.com", "good-001")
	leave(4 << 10)
	put("Good2")
	time.Sleep(35 * time.Second)
	if said := moment(); !strings.Contains(said, "(limits.disk_reserve): nothing is taken in; rules do not go on since ") || !strings.Contains(said, ": rules do not go on: ") {
		t.Errorf("status, where no round can be stored: %s", said)
	}
	p.kill()
	leave(0)
	p = start(t, dir)
	p.patience = 2 * time.Minute
	p.awaitMail(1, "ken@example.com", "good-002")
	p.stop()
	for i := range 3 {
		if n := p.mailed("ken@example.com", fmt.Sprintf("good-%03d", i)); n != 1 {
			t.Errorf("good-%03d was told %d times", i, n)
		}
	}
	out, err := command(t, dir, "query", "-l", "cloudtrail", "--all", "-o", "csv", "* | SELECT count(*) AS n").Output()
	if err != nil || strings.TrimSpace(string(out)) != "n\n3" {
		t.Errorf("records: %s %v", out, err)
	}
}
