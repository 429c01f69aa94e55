package email

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
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

// quick are time-outs for a server that sleeps for at most 1.5 s.
var quick = Timeouts{Connect: 2 * time.Second, Answer: 700 * time.Millisecond, Dot: 700 * time.Millisecond, Dialogue: 3 * time.Second, Quiet: 100 * time.Millisecond}

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

// Every dialogue of the hostile corpus ends as its manifest says, within its
// bounds, with an answer that is fit to be shown; no password goes out in plain
// text, and the mark is committed whenever the bytes may have gone out.
func TestHostileDialogues(t *testing.T) {
	cert, ca := certificate(t)
	n := 0
	for in := bufio.NewScanner(shared(t, "data/hostile/smtp.jsonl")); in.Scan(); n++ {
		var d dialogue
		if err := json.Unmarshal(in.Bytes(), &d); err != nil {
			t.Fatal(err)
		}
		t.Run(d.ID, func(t *testing.T) {
			t.Parallel()
			playDialogue(t, d, &player{steps: d.Steps, cert: cert, maxSleep: 1500 * time.Millisecond, drip: 100 * time.Millisecond}, ca)
		})
	}
	if n < 48 {
		t.Errorf("only %d dialogues", n)
	}
}

func playDialogue(t *testing.T, d dialogue, p *player, ca string) {
	c, err := New(settings(t, p.start(t), ca, d.Class == "tls" || d.Class == "auth"))
	if err != nil {
		t.Fatal(err)
	}
	marked := 0
	e := notifier.Envelope{ID: 1, From: "tocsin@example.com", To: "ami@example.com", Bytes: []byte("Subject: x\r\n\r\nbody\r\n.dot\r\n")}
	begin := time.Now()
	o := c.Send(context.Background(), e, func() error { marked++; return nil })
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("the next recipient was held up for %v", took)
	}
	c.Close()
	<-p.done
	if o.Kind.String() != d.Expect {
		t.Errorf("got %v at %s (%d %q), want %s: %s", o.Kind, o.Stage, o.Code, o.Answer, d.Expect, d.Why)
	}
	if o.Kind == notifier.Sent && p.got.String() != string(e.Bytes) {
		t.Errorf("the server got %q", p.got.String())
	}
	if out := o.Kind == notifier.Sent || o.Kind == notifier.Unknown; out && marked != 1 || marked > 1 {
		t.Errorf("%d marks for %v", marked, o.Kind)
	}
	if o.Answer == "" && o.Kind != notifier.Sent || utf8.RuneCountInString(o.Answer) > maxAnswer+2 || strings.ContainsFunc(o.Answer, func(r rune) bool { return r < 0x20 || r >= 0x7f && r < 0xa0 }) {
		t.Errorf("the answer is not fit to be shown: %q", o.Answer)
	}
	if plain := p.plain.String(); strings.Contains(plain, secret) || (d.Class == "tls" || d.Class == "auth") && (strings.Contains(plain, "AUTH") || strings.Contains(plain, "MAIL")) {
		t.Errorf("went out in plain text: %q", plain)
	}
}
