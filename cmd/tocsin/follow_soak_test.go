//go:build soak

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"tocsin/ingest/sample"
)

// The 24 simulated hours: every two minutes new files of CloudTrail and of three
// other formats, a round of rules, mails; every half hour what is done in quiet
// moments.
const (
	followStep  = 2 * time.Minute
	followHours = 24
)

const followConfig = `sources:
  - {name: everything, dir: logs}
people: {ami: {email: ami@example.com}}
notify: {to: [ami]}
`

const followRules = `rules:
  - {id: denied, logstore: cloudtrail, query: "errorCode:AccessDenied | SELECT @actor, count(*) AS n GROUP BY @actor HAVING n > 3", window: 15m, every: 4m, severity: high}
  - {id: logins, logstore: cloudtrail, query: "eventName:ConsoleLogin", severity: medium}
  - {id: whole, logstore: cloudtrail, query: "* | SELECT count(*) AS n", window: whole 1h, every: 10m, severity: low}
  - {id: opened, logstore: findings, query: "@change:opened", severity: high}
`

// held is what a process holds.
type held struct {
	handles int
	heap    uint64 // after a collection
	rss     int64
	state   int64 // bytes of state.duckdb and its log
}

// TestSoakFollow lets a project follow its source for a simulated day. From the
// second hour on no handle is added, and the memory does not grow; the file of the
// records is at the end not much larger than one that the same files are loaded
// into at once.
func TestSoakFollow(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"tocsin.yaml": followConfig, "rules/rules.yaml": followRules} {
		path := filepath.Join(dir, name)
		mustDo(t, os.MkdirAll(filepath.Dir(path), 0o755))
		mustDo(t, os.WriteFile(path, []byte(text), 0o600))
	}
	logs := filepath.Join(dir, "logs")
	now := time.Now().Truncate(time.Second)
	f, err := sample.Follow(logs, sample.Options{Seed: 1, Now: now, Formats: []string{"cloudtrail", "asff", "cspm", "prisma-audit"}, Duplicates: 0.01}, 0.5)
	mustDo(t, err)
	p := followProject(t, dir, &now)
	var early held
	for n := range int(followHours * time.Hour / followStep) {
		now = now.Add(followStep)
		_, err := f.Until(now)
		mustDo(t, err)
		p.now = now
		_, err = p.agent().Once(t.Context(), now)
		mustDo(t, err)
		if n%15 == 14 {
			mustDo(t, p.store.Logs.Maintain(t.Context()))
			mustDo(t, p.store.State.Maintain(t.Context()))
		}
		if hour := time.Duration(n+1) * followStep; hour == 2*time.Hour || hour%(4*time.Hour) == 0 {
			u := holds(t, p.dir)
			t.Logf("after %s: %d handles, heap %d MiB, process %d MiB, state %d KiB", hour, u.handles, u.heap>>20, u.rss>>20, u.state>>10)
			if hour == 2*time.Hour {
				early = u
			}
		}
	}
	late := holds(t, p.dir)
	counts, err := p.store.Logs.Counts(t.Context())
	mustDo(t, err)
	for logstore, want := range f.Manifest().Records {
		if counts[logstore] != int64(want) {
			t.Errorf("%s: %d records, the manifest says %d", logstore, counts[logstore], want)
		}
	}
	mustDo(t, p.close())
	if late.handles > early.handles+2 {
		t.Errorf("%d handles after two hours, %d at the end", early.handles, late.handles)
	}
	if late.heap > early.heap+64<<20 || late.rss > early.rss+512<<20 {
		t.Errorf("heap %d MiB and process %d MiB after two hours, %d and %d at the end", early.heap>>20, early.rss>>20, late.heap>>20, late.rss>>20)
	}
	followed := sizeOf(t, filepath.Join(p.dir, "logs.duckdb"))
	fresh := freshLoad(t, dir, logs, &now)
	t.Logf("logs.duckdb %d KiB, of one load %d KiB; state.duckdb %d KiB", followed>>10, fresh>>10, sizeOf(t, filepath.Join(p.dir, "state.duckdb"))>>10)
	if followed > 2*fresh {
		t.Errorf("logs.duckdb has %d bytes, one load of the same files %d", followed, fresh)
	}
}

func followProject(t *testing.T, dir string, now *time.Time) *project {
	t.Helper()
	var said bytes.Buffer
	e := &env{stdin: strings.NewReader(""), stdout: &said, stderr: &said, getenv: func(string) string { return "" }, now: func() time.Time { return *now }}
	p, err := openProject(context.Background(), e, &options{data: filepath.Join(dir, "data"), config: filepath.Join(dir, "tocsin.yaml")}, "tocsin run")
	if err != nil {
		t.Fatal(err, said.String())
	}
	return p
}

// freshLoad loads the files at once and returns the size of the file.
func freshLoad(t *testing.T, dir, logs string, now *time.Time) int64 {
	t.Helper()
	other := filepath.Join(dir, "fresh")
	mustDo(t, os.MkdirAll(other, 0o700))
	mustDo(t, os.WriteFile(filepath.Join(other, "tocsin.yaml"), nil, 0o600))
	p := followProject(t, other, now)
	_, _, err := p.load(t.Context(), loadFlags{}, []string{logs})
	mustDo(t, err)
	mustDo(t, p.close())
	return sizeOf(t, filepath.Join(p.dir, "logs.duckdb"))
}

func holds(t *testing.T, data string) (u held) {
	t.Helper()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	u.heap = m.HeapAlloc
	handles, err := os.ReadDir("/proc/self/fd")
	mustDo(t, err)
	u.handles = len(handles)
	statm, err := os.ReadFile("/proc/self/statm")
	mustDo(t, err)
	var size, resident int64
	_, err = fmt.Sscan(string(statm), &size, &resident)
	mustDo(t, err)
	u.rss = resident * int64(os.Getpagesize())
	u.state = sizeOf(t, filepath.Join(data, "state.duckdb"))
	return u
}

func sizeOf(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	mustDo(t, err)
	return info.Size()
}

func mustDo(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
