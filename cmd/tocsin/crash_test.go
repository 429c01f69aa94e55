package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tocsin/store"
)

// TestCrash kills lives (crash_life_test.go) at a few random points; there are more of
// them in make integration, and many more in make soak.
func TestCrash(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("kills processes")
	}
	crash(t, 12, 1)
}

// crash kills lives until so many kills are done, half of the lives with a mail server
// and half with a maildir. The process that follows each kill finds what is whole
// (crash_whole_test.go), and goes on; in the end all is as in a life without a kill,
// and each mail was delivered once, but for those whose answer was lost.
func crash(t *testing.T, kills int, seed uint64) {
	var done, atCalls, torn, lives atomic.Int64
	references := map[bool]*ended{}
	for _, served := range []bool{false, true} {
		c := &crasher{random: rand.New(rand.NewPCG(seed, 0)), served: served}
		references[served] = c.life(t)
	}
	if len(references[false].letters) < 15 {
		t.Fatalf("a life has only %d mails:\n%s", len(references[false].letters), strings.Join(references[false].letters, "\n"))
	}
	for worker := range uint64(2) {
		t.Run(fmt.Sprintf("worker %d", worker), func(t *testing.T) {
			t.Parallel()
			for n := uint64(0); done.Load() < int64(kills) && !t.Failed(); n++ {
				c := &crasher{random: rand.New(rand.NewPCG(seed<<32|n, worker+1)), served: n%2 == 0, late: n%4 == worker, kills: min(40, kills/4)}
				got := c.life(t)
				done.Add(int64(c.done))
				atCalls.Add(int64(c.atCalls))
				torn.Add(int64(c.torn))
				lives.Add(1)
				want := references[c.served]
				if c.late { // another life
					continue
				}
				if diff := cmp.Diff(strings.Split(want.world, "\n"), strings.Split(got.world, "\n")); diff != "" {
					t.Errorf("life %d, %s: another world (-without kills +with them):\n%s", n, c, diff)
				}
				if diff := cmp.Diff(want.letters, got.letters); diff != "" {
					t.Errorf("life %d, %s: other mails (-without kills +with them):\n%s", n, c, diff)
				}
			}
		})
	}
	t.Cleanup(func() {
		t.Logf("%d kills in %d lives, %d of them before a call of the kernel, %d in the middle of one", done.Load(), lives.Load(), atCalls.Load(), torn.Load())
	})
}

// A crasher kills one life.
type crasher struct {
	random *rand.Rand
	served bool // by a mail server; else there is a maildir
	late   bool // after some of the kills nobody starts it again for hours
	kills  int  // at most
	dir    string
	server *recorder

	done, atCalls, torn int      // kills; those before a call; those in the middle of one
	points              []string // where it was killed
}

func (c *crasher) String() string {
	return fmt.Sprintf("served %t, killed at %s", c.served, strings.Join(c.points, ", "))
}

// ended is what a life leaves.
type ended struct {
	world   string
	letters []string
}

// life lets a life be lived to its end, killing it on the way.
func (c *crasher) life(t *testing.T) *ended {
	t.Helper()
	c.dir = t.TempDir()
	address := ""
	if c.served {
		c.server = newRecorder(t)
		c.server.refuse, c.server.answer = c.refuse(), crashAnswer
		address = c.server.address()
	}
	if err := writeLife(c.dir, address); err != nil {
		t.Fatal(err)
	}
	for {
		killed, said, err := c.process(t)
		if killed {
			c.done++
			if c.server != nil {
				c.server.died()
			}
			if c.done > 1 { // of more than one a rule would be thought to be the cause, and quarantined
				if err := os.Remove(filepath.Join(c.dir, "data", "at-work")); err != nil && !errors.Is(err, fs.ErrNotExist) {
					t.Fatal(err)
				}
			}
			if c.late && c.random.IntN(3) == 0 {
				c.pass(t)
			}
			continue
		}
		if err != nil {
			t.Fatalf("%s: %v\n%s", c, err, said)
		}
		break
	}
	e := c.ended(t)
	os.RemoveAll(c.dir) // there may be hundreds of them
	return e
}

// pass lets the time pass until the next moment of the script.
func (c *crasher) pass(t *testing.T) {
	t.Helper()
	l := &life{dir: c.dir}
	if err := l.remember(); err != nil {
		t.Fatal(err)
	}
	if l.step+1 >= len(lifeSteps) {
		return
	}
	l.step++
	l.now = lifeMoment(lifeSteps[l.step].at)
	c.points = append(c.points, "down until "+lifeSteps[l.step].at)
	if err := l.note(); err != nil {
		t.Fatal(err)
	}
}

// process runs the life until it is killed or ends. Half of the kills are before a
// call of the kernel, the others come at a time.
func (c *crasher) process(t *testing.T) (killed bool, said string, err error) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	var stderr bytes.Buffer
	cmd.Dir, cmd.Stderr, cmd.Env = c.dir, &stderr, append(os.Environ(), asLife+"=1")
	var stopped *stopper
	switch {
	case c.done >= c.kills:
	case c.random.IntN(2) == 0:
		n := 1 + c.random.IntN([]int{130, 130, 130, 1200}[c.random.IntN(4)])
		c.points = append(c.points, fmt.Sprintf("call %d", n))
		if stopped, err = startStopped(cmd, n, c.random); errors.Is(err, errors.ErrUnsupported) {
			err = nil
		}
	default:
		after := time.Duration(c.random.IntN(400_000)) * time.Microsecond
		c.points = append(c.points, after.String())
		timer := time.AfterFunc(after, func() {
			if cmd.Process != nil {
				_ = cmd.Process.Kill() // it may have ended
			}
		})
		defer timer.Stop()
	}
	if err == nil && stopped == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	if stopped != nil {
		at, torn := stopped.wait()
		c.atCalls, c.torn = c.atCalls+at, c.torn+torn
	}
	err = cmd.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == -1 { // by a signal
		return true, "", nil
	}
	return false, stderr.String(), err
}

// ended opens what the life left.
func (c *crasher) ended(t *testing.T) *ended {
	t.Helper()
	ctx := t.Context()
	l := &life{dir: c.dir, now: lifeMoment(lifeSteps[len(lifeSteps)-1].at).Add(time.Hour), step: len(lifeSteps)}
	if err := l.open(ctx); err != nil {
		t.Fatalf("%s: %v", c, err)
	}
	defer func() {
		if err := l.p.close(); err != nil {
			t.Error(err)
		}
	}()
	world, err := l.world(ctx)
	if err != nil {
		t.Fatal(err)
	}
	names, err := l.names(ctx)
	if err != nil {
		t.Fatal(err)
	}
	mails, err := delivered(c.dir)
	if c.served {
		mails = c.server.taken()
	}
	if err != nil {
		t.Fatal(err)
	}
	onlyLostRepeat(t, c.String(), mails)
	c.toldOnce(t, mails)
	list, err := letters(mails, names)
	if err != nil {
		t.Fatal(err)
	}
	c.backedUp(t)
	return &ended{world, list}
}

// onlyLostRepeat holds that no mail was repeated but after a lost answer, and then the
// same, byte for byte.
func onlyLostRepeat(t *testing.T, who string, mails []taken) {
	t.Helper()
	last := map[string]taken{}
	for _, m := range mails {
		if m.id == "" {
			t.Errorf("%s: a mail without a Message-ID:\n%s", who, m.body)
		}
		before, again := last[m.id]
		last[m.id] = m
		switch {
		case !again:
		case !before.lost && !before.killed:
			t.Errorf("%s: %s was delivered again, though its answer was not lost:\n%s", who, m.id, m.body)
		case !bytes.Equal(before.body, m.body) || before.to != m.to:
			t.Errorf("%s: %s was repeated with other bytes", who, m.id)
		}
	}
}

// toldOnce holds that each planted record is in one mail to each of those who are to
// be told, whatever became of the process; a repeated mail is the same one.
func (c *crasher) toldOnce(t *testing.T, mails []taken) {
	t.Helper()
	told := map[string]map[string]bool{} // Message-IDs by recipient and marker
	for _, m := range mails {
		a, err := receive(m.body)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range lifeMarker.FindAllString(a.Letter.Text, -1) {
			key := a.To + " " + name
			if told[key] == nil {
				told[key] = map[string]bool{}
			}
			told[key][m.id] = true
		}
	}
	for name, f := range lifeFiles {
		if f.planted == 0 || name == "again.json" {
			continue
		}
		for _, to := range []string{"ken@example.com", "eve@example.com"} {
			if key := fmt.Sprintf("%s marker-%s-0", to, name); len(told[key]) != 1 {
				t.Errorf("%s: %s is in %d mails", c, key, len(told[key]))
			}
		}
	}
}

var lifeMarker = regexp.MustCompile(`marker-[0-9]\.json-[0-9]`)

// backedUp opens the backup: its two files are there, and belong together.
func (c *crasher) backedUp(t *testing.T) {
	t.Helper()
	if _, err := os.Stat(filepath.Join(c.dir, "backup")); err != nil {
		if !c.late { // else nobody was there to make it
			t.Errorf("%s: %v", c, err)
		}
		return
	}
	s, err := store.Open(t.Context(), store.Options{Dir: filepath.Join(c.dir, "backup"), Command: "test", Now: time.Now(), Threads: 1})
	if err != nil {
		t.Fatalf("%s: the backup does not open: %v", c, err)
	}
	defer s.Close(t.Context())
	seq, generation, err := s.Logs.LastSeq(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	states, err := s.State.RuleStates(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if p := states["planted"]; p == nil || p.Cursor > seq || p.Cursor < seq && !c.late || p.Generation != generation { // a late life may make it between a load and its round
		t.Errorf("%s: the backup holds records up to %d, and the rule %+v", c, seq, p)
	}
}

// refuse is what the server of a life answers to RCPT: pat's address is not known until
// the second day, every other mail to ami may not come yet.
func (c *crasher) refuse() func(to string) string {
	asked := 0
	return func(to string) string {
		switch to {
		case "pat@example.com":
			var w where
			text, err := os.ReadFile(filepath.Join(c.dir, "where"))
			if err != nil || json.Unmarshal(text, &w) != nil || w.Now.Before(lifeMoment("4 00:00")) {
				return "550 5.1.1 nobody of that name"
			}
		case "ami@example.com":
			if asked++; asked%2 == 1 {
				return "451 4.7.1 come back later"
			}
		}
		return ""
	}
}

// crashAnswer is what the server of a life says to a message that it has taken: the
// answer to eve's is lost once, of zoe's it says once that it has not taken it.
func crashAnswer(m taken, copies int) string {
	switch {
	case copies == 0 && m.to == "eve@example.com":
		return ""
	case copies == 0 && m.to == "zoe@example.com":
		return "451 4.3.0 not taken, as far as I know"
	}
	return accepted
}
