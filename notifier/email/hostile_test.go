package email

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"tocsin/notifier"
)

// shared opens a file of the shared data, or skips the test.
func shared(t *testing.T, name string) *os.File {
	t.Helper()
	dirs := []string{os.Getenv("TOCSIN_SHARED"), "../../../../shared", "../../../shared"}
	for _, d := range dirs {
		if d == "" {
			continue
		}
		if f, err := os.Open(filepath.Join(d, name)); err == nil {
			t.Cleanup(func() { f.Close() })
			return f
		}
	}
	t.Skipf("no %s: set TOCSIN_SHARED to the folder of the shared data", name)
	return nil
}

// quick are time-outs for a server that sleeps for at most 3 s.
var quick = Timeouts{Connect: 3 * time.Second, Answer: 1500 * time.Millisecond, Dot: 1500 * time.Millisecond, Dialogue: 6 * time.Second, Quiet: 200 * time.Millisecond}

const secret = "pa55-w0rd-of-the-test"

// settings returns a configuration for a server at addr; secure adds user,
// password and the authority of the server's certificate.
func settings(t testing.TB, addr, ca string, secure bool) Config {
	t.Helper()
	c := Config{Server: "smtp://" + addr, From: "tocsin@example.com", Timeouts: quick}
	if secure {
		c.User, c.PasswordFile, c.CAFile = "tocsin", filepath.Join(t.TempDir(), "password"), ca
		if err := os.WriteFile(c.PasswordFile, []byte(secret+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

type dialogue struct {
	ID     string  `json:"id"`
	Class  string  `json:"class"`
	Steps  [][]any `json:"steps"`
	Expect string  `json:"expect"`
	Why    string  `json:"why"`
}

// A played dialogue is one that goes on in the background, and what came of it.
type played struct {
	dialogue
	player  *player
	outcome notifier.Outcome
	marks   int
	took    time.Duration
	done    chan struct{}
}

// hostileMail has lines that begin with dots.
var hostileMail = notifier.Envelope{ID: 1, From: "tocsin@example.com", To: "ami@example.com", Bytes: []byte("Subject: x\r\n\r\nbody\r\n.dot\r\n..\r\n")}

// play starts a server for d, and a client that sends one mail to it.
func play(t *testing.T, d dialogue, p *player, ca string) *played {
	r := &played{dialogue: d, player: p, done: make(chan struct{})}
	c, err := New(settings(t, p.start(t), ca, d.demandsTLS()))
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(r.done)
		begin := time.Now()
		r.outcome = c.Send(context.Background(), hostileMail, func() error { r.marks++; return nil })
		r.took = time.Since(begin)
		c.Close()
		<-p.done
	}()
	return r
}

func (d dialogue) demandsTLS() bool { return d.Class == "tls" || d.Class == "auth" }

// Every dialogue of the hostile corpus ends as its manifest says, within its
// bounds, with an answer that is fit to be shown; no password goes out in plain
// text, and the mark is committed whenever the bytes may have gone out.
func TestHostileDialogues(t *testing.T) {
	cert, ca := certificate(t)
	var all []*played
	for in := bufio.NewScanner(shared(t, "data/hostile/smtp.jsonl")); in.Scan(); {
		var d dialogue
		if err := json.Unmarshal(in.Bytes(), &d); err != nil {
			t.Fatal(err)
		}
		p := &player{steps: d.Steps, cert: cert, maxSleep: 3 * time.Second, drip: 100 * time.Millisecond}
		all = append(all, play(t, d, p, ca))
	}
	if len(all) < 48 {
		t.Errorf("only %d dialogues", len(all))
	}
	for _, r := range all {
		<-r.done
		t.Run(r.ID, func(t *testing.T) { checkPlayed(t, r) })
	}
}

func checkPlayed(t *testing.T, r *played) {
	o := r.outcome
	if o.Kind.String() != r.Expect {
		t.Errorf("got %v at %s (%d %q), want %s: %s", o.Kind, o.Stage, o.Code, o.Answer, r.Expect, r.Why)
	}
	if r.took > 20*time.Second {
		t.Errorf("the next recipient was held up for %v", r.took)
	}
	if o.Kind == notifier.Sent && r.player.got.String() != string(hostileMail.Bytes) {
		t.Errorf("the server got %q", r.player.got.String())
	}
	if out := o.Kind == notifier.Sent || o.Kind == notifier.Unknown; out && r.marks != 1 || r.marks > 1 {
		t.Errorf("%d marks for %v", r.marks, o.Kind)
	}
	if o.Answer == "" || utf8.RuneCountInString(o.Answer) > maxAnswer+2 || strings.ContainsFunc(o.Answer, func(c rune) bool { return c < 0x20 || c >= 0x7f && c < 0xa0 }) {
		t.Errorf("the answer is not fit to be shown: %q", o.Answer)
	}
	if plain := r.player.plain.String(); strings.Contains(plain, secret) || r.demandsTLS() && (strings.Contains(plain, "AUTH") || strings.Contains(plain, "MAIL")) {
		t.Errorf("went out in plain text: %q", plain)
	}
}

// A server that never stops talking takes no memory.
func TestEndlessBannerTakesNoMemory(t *testing.T) {
	p := &player{steps: [][]any{{"repeat", "A", 200e6}}}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r := play(t, dialogue{}, p, "")
	<-r.done
	runtime.ReadMemStats(&after)
	if r.outcome.Kind != notifier.Retry || len(r.outcome.Answer) > 4*maxAnswer {
		t.Errorf("got %v with an answer of %d bytes", r.outcome.Kind, len(r.outcome.Answer))
	}
	if mb := (after.TotalAlloc - before.TotalAlloc) >> 20; mb > 16 {
		t.Errorf("%d MB were allocated", mb)
	}
}
