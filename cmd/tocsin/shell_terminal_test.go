package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A terminal is a tmux session in which a person types.
type terminal struct {
	t      *testing.T
	socket string
}

// newTerminal starts tocsin shell in dir; without tmux the test is skipped.
func newTerminal(t *testing.T, dir string) *terminal {
	t.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		t.Skipf("no terminal to test in: %v", err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	short, err := os.MkdirTemp("", "tmux") // the name of a socket is bounded
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(short) })
	term := &terminal{t, filepath.Join(short, "s")}
	program := fmt.Sprintf("cd '%s' && env %s=1 TOCSIN_DATA= TOCSIN_CONFIG= PAGER= TOCSIN_HISTORY='%s' '%s' shell; echo left with $?; sleep 100", dir, asProgram, filepath.Join(dir, "history"), self)
	term.tmux("-f", "/dev/null", "new-session", "-d", "-x", "100", "-y", "30", program)
	t.Cleanup(func() { term.tmux("kill-server") })
	term.waitFor(".help shows what there is")
	return term
}

func (x *terminal) tmux(args ...string) string {
	x.t.Helper()
	out, err := exec.Command("tmux", append([]string{"-S", x.socket}, args...)...).CombinedOutput()
	if err != nil {
		x.t.Fatalf("tmux %s: %v: %s", args, err, out)
	}
	return string(out)
}

// pause is the time between keys. Without one the library loses a line feed now
// and then.
const pause = 60 * time.Millisecond

// types types texts; those that begin with @ are names of keys.
func (x *terminal) types(texts ...string) {
	x.t.Helper()
	for _, text := range texts {
		if key, ok := strings.CutPrefix(text, "@"); ok {
			x.tmux("send-keys", key)
		} else {
			x.tmux("send-keys", "-l", text)
		}
		time.Sleep(pause)
	}
}

// pastes pastes a text as a terminal with bracketed paste does.
func (x *terminal) pastes(text string) {
	x.t.Helper()
	x.tmux("set-buffer", "--", text)
	x.tmux("paste-buffer", "-p")
	time.Sleep(pause)
}

func (x *terminal) screen() string { return x.tmux("capture-pane", "-p") }

// waitFor waits until the screen shows a text.
func (x *terminal) waitFor(text string) string {
	x.t.Helper()
	end := time.Now().Add(20 * time.Second)
	for {
		screen := x.screen()
		if strings.Contains(screen, text) {
			return screen
		}
		if time.Now().After(end) {
			x.t.Fatalf("there is no %q on the screen:\n%s", text, screen)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// clear waits for the prompt and empties the screen.
func (x *terminal) clear() {
	x.t.Helper()
	prompt := func() bool {
		lines := strings.Split(strings.TrimSpace(x.screen()), "\n")
		return strings.HasSuffix(lines[len(lines)-1], ">")
	}
	for end := time.Now().Add(20 * time.Second); !prompt(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			x.t.Fatalf("there is no prompt on the screen:\n%s", x.screen())
		}
	}
	time.Sleep(pause)
	x.types("@C-l")
}

// TestShellInTerminal is a session as a person has it.
func TestShellInTerminal(t *testing.T) {
	dir := t.TempDir()
	sampled(t, dir)
	x := newTerminal(t, dir)
	for _, step := range []struct {
		name string
		do   func(t *testing.T, x *terminal)
	}{
		{"a value is completed", typeValue},
		{"a menu of values with counts", typeMenu},
		{"a statement of several lines", typeLines},
		{"a chart", typeChart},
		{"Ctrl-C", typeInterrupt},
		{"a range in the prompt", typeRange},
		{"long answers stop", typePages},
		{"hostile paste", typeHostile},
		{"a rule", func(t *testing.T, x *terminal) { typeRule(t, x, dir) }},
		{"history", typeHistory},
	} {
		if !t.Run(step.name, func(t *testing.T) { x.t = t; x.clear(); step.do(t, x) }) {
			t.Fatal("the session cannot go on")
		}
	}
	x.t = t
	x.types("@C-d")
	x.waitFor("left with 0")
	if kept, err := os.ReadFile(filepath.Join(dir, "history")); err != nil || !strings.Contains(string(kept), `SELECT awsRegion, count(*) AS n\nGROUP BY awsRegion"`) {
		t.Errorf("%v\n%s", err, kept)
	}
}

func typeValue(_ *testing.T, x *terminal) {
	x.types("eventName:StopL", "@Tab")
	x.waitFor("> eventName:StopLogging")
	x.types(" | SELECT eventName, @actor", "@Enter")
	x.waitFor("1 row in ")
}

func typeMenu(_ *testing.T, x *terminal) {
	x.types("awsRegion:", "@Tab")
	screen := x.waitFor("ap-northeast-1")
	if !strings.Contains(screen, "values") || !strings.Contains(screen, "us-east-1") {
		x.t.Errorf("no menu of values:\n%s", screen)
	}
	for _, line := range strings.Split(screen, "\n") {
		if strings.HasPrefix(line, "ap-northeast-1") && !strings.ContainsAny(line[len("ap-northeast-1"):], "123456789") {
			x.t.Errorf("a value without its count: %s", line)
		}
	}
	x.types("@C-c")
}

func typeLines(_ *testing.T, x *terminal) {
	x.types("* |", "@Enter", "SELECT awsRegion, count(*) AS n", "@Enter", "GROUP BY awsRegion", "@Enter")
	x.waitFor("3 rows in ")
}

func typeChart(_ *testing.T, x *terminal) {
	x.types(".chart", "@Enter")
	x.waitFor("██████")
}

// typeInterrupt demands the prompt 200 ms after Ctrl-C. The best of three counts:
// other tests run beside this one.
func typeInterrupt(t *testing.T, x *terminal) {
	best := time.Hour
	for range 3 {
		x.clear()
		x.pastes(slowQuery)
		x.types("@Enter")
		time.Sleep(time.Second)
		if screen := x.screen(); strings.Contains(screen, "interrupted") || strings.Contains(screen, " row in ") {
			t.Fatalf("the slow query is over already:\n%s", screen)
		}
		pressed := time.Now()
		x.tmux("send-keys", "C-c")
		x.waitFor("interrupted")
		best = min(best, time.Since(pressed))
		x.types("eventName:StopLogging | SELECT eventName AS back", "@Enter")
		x.waitFor("│ back ")
	}
	if best > 200*time.Millisecond {
		t.Errorf("the prompt came %s after Ctrl-C", best)
	}
	t.Logf("the prompt came %s after Ctrl-C", best)
}

func typeRange(_ *testing.T, x *terminal) {
	x.types(".last 4h", "@Enter")
	x.waitFor("cloudtrail · last 4h>")
	x.types(".use fin", "@Tab", "@Enter")
	x.waitFor("findings · last 4h>")
	x.types(".use cloudtrail", "@Enter", ".all", "@Enter")
	x.waitFor("cloudtrail · all>")
}

func typePages(_ *testing.T, x *terminal) {
	x.types("* | SELECT eventName LIMIT 100", "@Enter")
	if _, err := exec.LookPath("less"); err != nil {
		x.waitFor("more lines: Enter goes on")
	} else {
		time.Sleep(time.Second)
	}
	x.types("q")
	x.types("@Enter")
	x.waitFor("100 rows in ")
}

func typeHostile(t *testing.T, x *terminal) {
	x.pastes("eventName:\"a\x1b]0;owned\x07\x1b[2J\u202eb\" | SELECT eventName")
	screen := x.waitFor(`eventName:"a]0;owned[2Jb"`)
	if title := x.tmux("display-message", "-p", "#{pane_title}"); strings.Contains(title, "owned") {
		t.Errorf("the paste set the title of the terminal:\n%s", screen)
	}
	x.types("@Enter")
	x.waitFor("no rows; cloudtrail holds")
}

func typeRule(t *testing.T, x *terminal, dir string) {
	x.types("eventName:(StopLogging or DeleteTrail)", "@Enter")
	x.waitFor("1 row in ")
	x.clear()
	x.types(".save as rule trail-stopped", "@Enter")
	x.waitFor("0 errors")
	cmd := command(t, dir, "check")
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "1 rule: 0 errors") {
		t.Errorf("check: %v\n%s", err, out)
	}
	if r := readRule(t, filepath.Join(dir, "rules", "trail-stopped.yaml")); len(r.Tests) != 1 || len(r.Tests[0].Records) != 1 {
		t.Errorf("%+v", r.Tests)
	}
}

func typeHistory(_ *testing.T, x *terminal) {
	x.types("@Up")
	x.waitFor("> .save as rule trail-stopped")
	x.types("@C-c", ".history 3", "@Enter")
	x.waitFor("  eventName:(StopLogging or DeleteTrail)")
}
