package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tocsin/agent"
)

// endless is a standard input that has no end; it says how much was read of it.
type endless struct{ read int64 }

func (e *endless) Read(b []byte) (int, error) {
	e.read += int64(len(b))
	return len(b), nil
}

// What is kept of a standard input stops before the room does.
func TestStdinIsKeptWhileThereIsRoom(t *testing.T) {
	full := errors.New("no room")
	looks := 0
	in := &endless{}
	err := keepParts(io.Discard, in, func() error {
		if looks++; looks > 3 {
			return full
		}
		return nil
	})
	if !errors.Is(err, full) || !strings.Contains(err.Error(), "make room, or save it elsewhere") || in.read != 3*stdinPart {
		t.Errorf("%d bytes, %v", in.read, err)
	}
	for _, size := range []int{0, 5, stdinPart, stdinPart + 5} {
		var out bytes.Buffer
		if err := keepParts(&out, bytes.NewReader(make([]byte, size)), func() error { return nil }); err != nil || out.Len() != size {
			t.Errorf("%d of %d bytes, %v", out.Len(), size, err)
		}
	}
	if err := keepParts(io.Discard, &endless{}, func() error { return nil }); err == nil || !strings.Contains(err.Error(), "more than 8 GB") {
		t.Errorf("without an end: %v", err)
	}
}

// A standard input takes no room of the reserve: who asks is told so at once, however
// long it is, nothing of it is left, and what lies in a file is loaded.
func TestBesideStdinLeavesTheReserve(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	files := besideFiles()
	files["tocsin.yaml"] += "limits: {disk_reserve: 90000GB}\n" // more than a disk has
	writeFiles(t, dir, files)
	c, _ := hosting(t, dir)
	stdin, typed := io.Pipe() // nothing comes, and it does not end
	defer typed.Close()
	var said bytes.Buffer
	ended := make(chan int, 1)
	go func() {
		e := &env{stdin: stdin, stdout: io.Discard, stderr: &said, getenv: func(string) string { return "" }, now: time.Now}
		ended <- run(context.Background(), e, []string{"load", "--data", c.Dir, "-"})
	}()
	select {
	case code := <-ended:
		if code != exitCould || !strings.Contains(said.String(), "free, and a reserve of 90000.0 GB (limits.disk_reserve): make room, or save it elsewhere and load that file") {
			t.Errorf("%d %s", code, said.String())
		}
	case <-time.After(time.Minute):
		t.Fatal("it waits for what does not come")
	}
	left, err := filepath.Glob(filepath.Join(c.Dir, agent.SpoolFolder, "stdin-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left: %v %v", left, err)
	}
	if a := besideIn(t, dir, "load", filepath.Join(dir, "live.json")); a.code != 0 {
		t.Errorf("%+v", a)
	}
}
