package main

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"tocsin/notifier/notifiertest"
)

// A process is the program that runs beside the test, in a folder.
type process struct {
	t     *testing.T
	dir   string
	cmd   *exec.Cmd
	said  said
	ended chan error

	patience time.Duration // with what it does; 0: 40 seconds
}

// said is what a process wrote so far.
type said struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// start runs `tocsin run` in dir.
func start(t *testing.T, dir string) *process {
	t.Helper()
	return startWith(t, dir, nil)
}

// startWith adds to the environment and to the command line.
func startWith(t *testing.T, dir string, environment []string, args ...string) *process {
	t.Helper()
	p := &process{t: t, dir: dir, cmd: command(t, dir, append([]string{"run"}, args...)...), ended: make(chan error, 1)}
	p.cmd.Env = append(p.cmd.Env, environment...)
	p.cmd.Stderr = &p.said
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.ended <- p.cmd.Wait() }()
	t.Cleanup(func() { _ = p.cmd.Process.Kill() }) // it may have ended
	p.waits("running")
	return p
}

// until waits until something holds.
func (p *process) until(what string, holds func() bool) {
	p.t.Helper()
	for begun := time.Now(); !holds(); time.Sleep(50 * time.Millisecond) {
		if time.Since(begun) > cmp.Or(p.patience, 40*time.Second) {
			p.t.Fatalf("%s did not come\n%s", what, p.said.String())
		}
	}
}

// waits waits until the process has said a text so many times (once).
func (p *process) waits(text string, times ...int) {
	p.t.Helper()
	n := append(times, 1)[0]
	p.until(fmt.Sprintf("%q, %d times", text, n), func() bool { return strings.Count(p.said.String(), text) >= n })
}

func (p *process) signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// stop ends it as systemd does.
func (p *process) stop() {
	p.t.Helper()
	p.signal(syscall.SIGTERM)
	if err := <-p.ended; err != nil {
		p.t.Errorf("it ended with %v\n%s", err, p.said.String())
	}
}

// kill ends it without a word.
func (p *process) kill() {
	p.t.Helper()
	p.signal(syscall.SIGKILL)
	<-p.ended
}

// received is what is in the maildir.
func (p *process) received() []notifiertest.Arrival {
	p.t.Helper()
	files, err := filepath.Glob(filepath.Join(p.dir, "tocsin-data", "mail", "new", "*"))
	if err != nil {
		p.t.Fatal(err)
	}
	var list []notifiertest.Arrival
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			p.t.Fatal(err)
		}
		a, err := receive(raw)
		if err != nil {
			p.t.Fatal(err)
		}
		list = append(list, a)
	}
	return list
}

// mails are the subjects of what is in the maildir, with their recipients.
func (p *process) mails() []string {
	p.t.Helper()
	var list []string
	for _, a := range p.received() {
		list = append(list, a.To+" "+a.Letter.Subject)
	}
	return list
}

// mailed counts the mails whose recipient and subject hold all of these texts.
func (p *process) mailed(texts ...string) int {
	p.t.Helper()
	n := 0
	for _, m := range p.mails() {
		all := true
		for _, text := range texts {
			all = all && strings.Contains(m, text)
		}
		if all {
			n++
		}
	}
	return n
}

// awaitMail waits for the n-th mail that holds these texts.
func (p *process) awaitMail(n int, texts ...string) {
	p.t.Helper()
	p.until(fmt.Sprintf("mail %d with %q", n, texts), func() bool { return p.mailed(texts...) >= n })
	if got := p.mailed(texts...); got != n {
		p.t.Errorf("%d mails with %q, want %d: %q", got, texts, n, p.mails())
	}
}

// write writes files that have settled already.
func (p *process) write(files map[string]string) {
	p.t.Helper()
	writeSettled(p.t, p.dir, files)
}

func writeSettled(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	writeFiles(t, dir, files)
	old := time.Now().Add(-time.Minute)
	for name := range files {
		if err := os.Chtimes(filepath.Join(dir, name), old, old); err != nil {
			t.Fatal(err)
		}
	}
}
