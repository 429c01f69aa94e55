package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A query that runs long ends when who asked is killed, or interrupts it; the agent is
// idle after that, as before. It has nothing else to do, so that it is busy says that the
// query has begun.
func TestBesideCancel(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeFiles(t, dir, besideFiles())
	data := sampled(t, dir)
	p := start(t, dir)
	hostedBy(t, data)
	idle := func() bool {
		before := cpu(t, p.cmd.Process.Pid)
		time.Sleep(500 * time.Millisecond)
		return cpu(t, p.cmd.Process.Pid)-before < 100*time.Millisecond
	}
	p.until("an idle agent", idle)
	for _, sig := range []syscall.Signal{syscall.SIGKILL, syscall.SIGINT} {
		before := cpu(t, p.cmd.Process.Pid)
		cmd := command(t, dir, "query", "-l", "cloudtrail", "--all", "--timeout", "10m", slowQuery)
		var said bytes.Buffer
		cmd.Stderr = &said
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		p.until("a busy agent", func() bool { return cpu(t, p.cmd.Process.Pid)-before > time.Second })
		if err := cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		if sig == syscall.SIGINT && (cmd.ProcessState.ExitCode() != exitCould || said.String() != "tocsin: interrupted\n") {
			t.Errorf("after Ctrl-C: exit status %d, %q", cmd.ProcessState.ExitCode(), said.String())
		}
		p.until("an idle agent after "+sig.String(), idle)
	}
	p.stop()
}

// cpu is the time of the processor that a process has used.
func cpu(t *testing.T, pid int) time.Duration {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Skipf("no /proc to look at: %v", err)
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	var ticks int
	for _, f := range fields[11:13] {
		n, err := strconv.Atoi(f)
		if err != nil {
			t.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * time.Second / 100
}
