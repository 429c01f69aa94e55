package main

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestScripts runs testdata/script/*.txtar: the program as a user runs it. The
// command `stamp FILE…` replaces {{now-5m}} and its like in files by moments.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/script",
		UpdateScripts: os.Getenv("UPDATE") != "",
		Setup: func(e *testscript.Env) error {
			e.Setenv("NO_COLOR", "1")
			e.Setenv("TOCSIN_DATA", "")
			e.Setenv("TOCSIN_CONFIG", "")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"stamp": stampFiles},
	})
}

func stampFiles(ts *testscript.TestScript, _ bool, args []string) {
	for _, name := range args {
		text := ts.ReadFile(name)
		for {
			before, rest, ok := strings.Cut(text, "{{now-")
			if !ok {
				break
			}
			age, after, _ := strings.Cut(rest, "}}")
			d, err := time.ParseDuration(age)
			ts.Check(err)
			text = before + time.Now().Add(-d).UTC().Format(time.RFC3339) + after
		}
		ts.Check(os.WriteFile(ts.MkAbs(name), []byte(text), 0o644))
	}
}
