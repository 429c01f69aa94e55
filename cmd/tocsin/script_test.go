package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestScripts runs testdata/script/*.txtar: the program as a user runs it. The
// command `stamp FILE…` replaces {{now-5m}} and its like in files by moments,
// `replace OLD NEW FILE` a text in a file, `status NUMBER COMMAND…` demands an
// exit status, `alertid FILE` puts the first id of an alert in a file into $ALERT, `moment NAME`
// the moment into $NAME.
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
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"stamp": stampFiles, "replace": replaceText, "article": copyArticle, "mails": readMails,
			"status": exitStatus, "alertid": setAlertID, "moment": setMoment,
		},
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

func replaceText(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: replace OLD NEW FILE")
	}
	text := ts.ReadFile(args[2])
	if !strings.Contains(text, args[0]) {
		ts.Fatalf("%s does not contain %q", args[2], args[0])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(strings.ReplaceAll(text, args[0], args[1])), 0o644))
}

// setAlertID puts the first id of an alert in a file into $ALERT.
func setAlertID(ts *testscript.TestScript, _ bool, args []string) {
	id := regexp.MustCompile(`\bA-[0-9A-Z]{4,}\b`).FindString(ts.ReadFile(args[0]))
	if id == "" {
		ts.Fatalf("%s names no alert", args[0])
	}
	ts.Setenv("ALERT", id)
}

// setMoment puts the moment into a variable.
func setMoment(ts *testscript.TestScript, _ bool, args []string) {
	ts.Setenv(args[0], time.Now().UTC().Format(time.RFC3339))
}

func exitStatus(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: status NUMBER COMMAND…")
	}
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if fmt.Sprint(got) != args[0] {
		ts.Fatalf("exit status %d, not %s", got, args[0])
	}
}
