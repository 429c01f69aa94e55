package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the test binary be the program: scripts run it as `tocsin`, and
// tests that kill it start it with command.
func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	testscript.Main(m, map[string]func(){"tocsin": main})
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
