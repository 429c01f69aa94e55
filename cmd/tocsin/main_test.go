package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"tocsin/diag"
)

// TestMain lets the test binary be the program: scripts run it as `tocsin`, and
// tests that kill it start it with command.
func TestMain(m *testing.M) {
	if os.Getenv(asLife) != "" {
		if err := allowStops(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(exitCould)
		}
		os.Exit(relive("."))
	}
	switch {
	case os.Getenv(terror) != "":
		terrible()
	case os.Getenv(asProgram) != "":
		main()
	}
	os.Setenv(asProgram, "1")                  // what the program starts of itself is the program
	if filepath.Base(os.Args[0]) != "tocsin" { // a script says what is in its environment
		for name, value := range cloudEnvironment() {
			os.Setenv(name, value)
		}
	}
	testscript.Main(m, map[string]func(){"tocsin": main})
}

// TestExitCode: the worst part of an error decides, and every part is said.
func TestExitCode(t *testing.T) {
	mistake := &diag.List{Problems: []diag.Problem{{Message: "a mistake"}}}
	for _, c := range []struct {
		err  error
		code int
		said []string
	}{
		{found(), exitFound, nil},
		{usage("no %s", "verb"), exitUsage, []string{"no verb"}},
		{wrong(mistake), exitUsage, []string{"a mistake"}},
		{errors.Join(found(), errors.New("close it")), exitCould, []string{"close it"}},
		{errors.Join(mistake, errors.New("close it")), exitCould, []string{"a mistake", "close it"}},
		{fmt.Errorf("read: %w", errors.Join(errors.New("one"), errors.New("two"))), exitCould, []string{"one", "two"}},
	} {
		var said bytes.Buffer
		report(&env{stderr: &said}, c.err)
		code := exitCode(c.err)
		missing := slices.ContainsFunc(c.said, func(s string) bool { return !strings.Contains(said.String(), s) })
		if code != c.code || missing || (len(c.said) == 0) != (said.Len() == 0) {
			t.Errorf("%v: exit status %d, not %d, and it says %q", c.err, code, c.code, said.String())
		}
	}
}

// full is a standard output that cannot be written.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

// TestLostOutput: what could not be told was not done.
func TestLostOutput(t *testing.T) {
	for _, args := range [][]string{{"version"}, {"--help"}, {"sample", t.TempDir()}} {
		var said bytes.Buffer
		e := &env{stdin: strings.NewReader(""), stdout: full{}, stderr: &said, getenv: func(string) string { return "" }, now: time.Now}
		if code := run(t.Context(), e, args); code != exitCould || !strings.Contains(said.String(), "write the output") {
			t.Errorf("%s: exit status %d: %s", args, code, said.String())
		}
	}
}

// TestInterrupted: a verb that was interrupted says so in one word.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var said bytes.Buffer
	e := &env{stdin: strings.NewReader(""), stdout: &said, stderr: &said, getenv: func(string) string { return "" }, now: time.Now}
	if code := run(ctx, e, []string{"load", "--data", t.TempDir(), "testdata/script"}); code != exitCould || said.String() != "tocsin: interrupted\n" {
		t.Errorf("exit status %d: %s", code, said.String())
	}
}

const asProgram = "TOCSIN_TEST_AS_PROGRAM"

// command is the program as a process of its own, in dir.
func command(t testing.TB, dir string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), asProgram+"=1", "NO_COLOR=1", "TOCSIN_DATA=", "TOCSIN_CONFIG=")
	return cmd
}

// shared is the folder of real and hostile data, or skips the test.
func shared(t *testing.T, path ...string) string {
	t.Helper()
	root := os.Getenv("TOCSIN_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared")
	}
	dir, err := filepath.Abs(filepath.Join(append([]string{root, "data"}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no data for this test: %v (TOCSIN_SHARED names the folder that has it)", err)
	}
	return dir
}
