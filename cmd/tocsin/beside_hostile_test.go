package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestG42HostileSocket sends the requests of the hostile corpus to the socket of an
// agent: each is refused with its status, no second request is read, and the agent
// answers on.
func TestG42HostileSocket(t *testing.T) {
	t.Parallel()
	cases := corpus[struct{ ID, Kind, Value, Expect, Why string }](t, "inputs.jsonl")
	dir := t.TempDir()
	writeFiles(t, dir, besideFiles())
	c, _ := hosting(t, dir)
	n := 0
	for _, one := range cases {
		if one.Kind != "socket" {
			continue
		}
		n++
		conn, err := net.Dial("unix", filepath.Join(c.Dir, "socket"))
		if err != nil {
			t.Fatal(err)
		}
		if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, one.Value); err != nil {
			t.Errorf("%s: %v", one.ID, err)
		}
		got, err := io.ReadAll(bufio.NewReader(conn))
		status, _, _ := strings.Cut(strings.TrimPrefix(string(got), "HTTP/1.1 "), " ")
		if status != one.Expect || strings.Count(string(got), "HTTP/1.1 ") != 1 {
			t.Errorf("%s (%s): %v %.300q, want %s", one.ID, one.Why, err, got, one.Expect)
		}
		_ = conn.Close()
	}
	if n < 7 {
		t.Errorf("the corpus has %d requests", n)
	}
	if a := besideIn(t, dir, "status"); a.code != 0 {
		t.Errorf("after them: %+v", a)
	}
}

// TestG41Files: whatever tocsin keeps is for its user alone, also what others were let
// at before the start: the data directory, the socket, spill and answers, the history
// of the shell, exports and backups.
func TestG41Files(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeFiles(t, dir, besideFiles())
	data := filepath.Join(dir, "tocsin-data")
	if out, err := command(t, dir, "load", "live.json", "broken.json").CombinedOutput(); len(out) == 0 {
		t.Fatal(err)
	}
	for _, name := range []string{"logs.duckdb", "state.duckdb", "lock", "mail", ""} {
		if err := os.Chmod(filepath.Join(data, name), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(data, "state.duckdb.before-3"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	p := start(t, dir)
	hostedBy(t, data)
	shell := command(t, dir, "shell", "-l", "cloudtrail", "--all")
	shell.Stdin = strings.NewReader("*\n\n.export answer.csv\n")
	if out, err := shell.CombinedOutput(); err != nil {
		t.Errorf("%v %s", err, out)
	}
	for _, args := range [][]string{{"backup", "safe/one"}, {"export", "parquet", "lake/two", "-l", "cloudtrail", "--all"}} {
		if out, err := command(t, dir, args...).CombinedOutput(); err != nil {
			t.Errorf("%v: %v %s", args, err, out)
		}
	}
	private(t, data, "tocsin-data")
	for _, name := range []string{"safe", "lake", "answer.csv"} {
		private(t, filepath.Join(dir, name), name)
	}
	p.stop()
}

// private demands that a file, or all of a folder, is for its user alone.
func private(t *testing.T, root, name string) {
	t.Helper()
	n := 0
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) { // it was there for a moment
			return nil
		}
		if err != nil {
			return err
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			err = fmt.Errorf("%s is %s", path, info.Mode())
		}
		n++
		return err
	})
	if err != nil || n == 0 {
		t.Errorf("%s: %d files: %v", name, n, err)
	}
}
