package store

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestOpenAfterAnInterruptedCreation: a process that is killed while it creates a file
// leaves the beginning of one, under another name; the next one creates it. A file that
// has its name and is cut is an error, never made anew.
func TestOpenAfterAnInterruptedCreation(t *testing.T) {
	opens := func(dir string) error {
		s, err := Open(t.Context(), Options{Dir: dir, Command: "test", Now: time.Now()})
		if err != nil {
			return err
		}
		return s.Close(t.Context())
	}
	whole := t.TempDir()
	ok(t, opens(whole))
	for _, name := range []string{"logs.duckdb", "state.duckdb"} {
		text, err := os.ReadFile(filepath.Join(whole, name))
		ok(t, err)
		for _, size := range []int{0, 4096, 8192, 12288} {
			dir := t.TempDir()
			ok(t, os.WriteFile(filepath.Join(dir, name+".new"), text[:size], 0o600))
			ok(t, os.WriteFile(filepath.Join(dir, name+".new.wal"), []byte("x"), 0o600))
			if err := opens(dir); err != nil {
				t.Errorf("the first %d bytes of %s were written: %v", size, name, err)
			}
			if left, err := filepath.Glob(filepath.Join(dir, "*.new*")); err != nil || len(left) > 0 {
				t.Errorf("left: %v, %v", left, err)
			}
		}
		t.Run(fmt.Sprintf("%s is cut", name), func(t *testing.T) {
			ok(t, os.Truncate(filepath.Join(whole, name), 0))
			if err := opens(whole); err == nil {
				t.Error("it was made anew")
			}
			ok(t, os.WriteFile(filepath.Join(whole, name), text, 0o600))
		})
	}
}
