package main

// This file loads the large cases of the hostile corpus.

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestHostileBig makes the large cases and loads them: memory stays flat, the
// neighbour is stored, a rule, its mail and a query work afterwards.
func TestHostileBig(t *testing.T) {
	loadBig(t, "field-1m", "nest-array-100k", "nest-object-100k", "keys-500k", "records-same-id", "escapes-4m", "gzip-members")
}

// loadBig loads large cases by name.
func loadBig(t *testing.T, names ...string) { eachBig(t, loadOneBig, names...) }

// eachBig does something with large cases, and the commands that make them.
func eachBig(t *testing.T, do func(t *testing.T, c hostileText, made *exec.Cmd), names ...string) {
	if testing.Short() {
		t.Skip("short")
	}
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 makes the large cases: " + err.Error())
	}
	script := filepath.Join(shared(t, "hostile"), "generate.py")
	for _, c := range corpus[hostileText](t, "big.jsonl") {
		if slices.Contains(names, c.Name) {
			t.Run(c.Name, func(t *testing.T) { do(t, c, exec.Command(python, script, "--big", c.Name)) })
		}
	}
}

func loadOneBig(t *testing.T, c hostileText, made *exec.Cmd) {
	b := newLoadBench(t)
	b.make(c.Name, made)
	b.write("good.jsonl", good(1))
	peak := peakMemory()
	start := time.Now()
	a := b.call("load", b.path(c.Name), b.path("good.jsonl"))
	grown := peak()
	t.Logf("%v, memory grew by at most %d MB: %s", time.Since(start), grown>>20, strings.TrimSpace(a.err))
	if got := verdictOf(a, 1); got != c.Expect || (a.code == 1) != (got == "set-aside") {
		t.Errorf("%s: %s with exit status %d, not %s:\n%s", c.Why, got, a.code, c.Expect, a.err)
	}
	if grown > 512<<20 {
		t.Errorf("it took %d MB", grown>>20)
	}
	b.stillWorks(t, 1)
	for _, l := range b.letters(t) {
		if size := len(l.text) + len(l.html) + len(l.rows); size > 2<<20 {
			t.Errorf("the mail of %s has %d bytes", l.rule, size)
		}
	}
	if c.Name == "field-1m" {
		b.cutAndSaid(t)
	}
}

// make writes a large case into a file.
func (b *bench) make(name string, made *exec.Cmd) {
	b.t.Helper()
	out, err := os.Create(b.path(name))
	if err != nil {
		b.t.Fatal(err)
	}
	made.Stdout = out
	if err := errors.Join(made.Run(), out.Close()); err != nil {
		b.t.Fatal(err)
	}
}

// cutAndSaid holds that a mail and a table that cut a value show it.
func (b *bench) cutAndSaid(t *testing.T) {
	t.Helper()
	for _, l := range b.letters(t) {
		if !strings.Contains(l.shown, "CreateUser") || !strings.Contains(l.text, "CreateUser") {
			t.Errorf("the value hides the rest of the mail of %s: %.3000s", l.rule, l.text)
		}
		if l.rule != "names" && (!strings.Contains(l.shown, "…") || !strings.Contains(l.text, "…")) {
			t.Errorf("the mail of %s does not show that it cut the value: HTML of %d bytes, text of %d: %.3000s", l.rule, len(l.shown), len(l.text), l.text)
		}
	}
	table := b.must(0, "query", "-l", "cloudtrail", "--all", "-o", "table", "not eventName:GoodNeighbour | SELECT userAgent").out
	if len(table) > 100_000 || !strings.Contains(table, "…") {
		t.Errorf("a table of %d bytes, cut without a sign", len(table))
	}
}

// peakMemory returns a function that says by how much the memory of this process
// grew at most since; 0 where the system does not tell.
func peakMemory() func() int64 {
	read := func(field string) int64 {
		status, err := os.ReadFile("/proc/self/status")
		if err != nil {
			return 0
		}
		for line := range strings.Lines(string(status)) {
			if value, ok := strings.CutPrefix(line, field+":"); ok {
				n, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
				return n << 10
			}
		}
		return 0
	}
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
		return func() int64 { return 0 }
	}
	before := read("VmRSS")
	return func() int64 { return max(0, read("VmHWM")-before) }
}
