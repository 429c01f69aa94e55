package email

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"tocsin/notifier"
	"tocsin/notifier/channeltest"
)

// An mx is a mail server that takes everything, but for the fault that the
// next attempt is to meet.
type mx struct {
	mu       sync.Mutex
	fault    channeltest.Fault
	armed    bool
	refuse   map[string]string // recipient: what RCPT answers
	received []channeltest.Message
	sessions int
	idle     bool // end the session after each message, as servers do with idle ones
}

func (m *mx) start(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var open sync.WaitGroup
	t.Cleanup(func() { l.Close(); open.Wait() })
	open.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			m.mu.Lock()
			m.sessions++
			m.mu.Unlock()
			open.Go(func() { m.serve(c); c.Close() })
		}
	})
	return l.Addr().String()
}

// meets reports whether the fault f is armed, and disarms it.
func (m *mx) meets(f channeltest.Fault) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	hit := m.armed && m.fault == f
	m.armed = m.armed && !hit
	return hit
}

func (m *mx) serve(c net.Conn) {
	in := bufio.NewReader(c)
	say := func(s string) { fmt.Fprintf(c, "%s\r\n", s) }
	if m.meets(channeltest.AboutUs) {
		say("554 5.7.1 you are not welcome")
		return
	}
	say("220 mx.test ESMTP")
	to := ""
	for {
		l, err := in.ReadString('\n')
		if err != nil {
			return
		}
		verb, _, _ := strings.Cut(strings.ToUpper(strings.TrimSpace(l)), " ")
		switch verb {
		case "RCPT":
			to = strings.Trim(strings.TrimSpace(l)[len("RCPT TO:"):], "<>")
			say(m.rcpt(to))
		case "DATA":
			if m.meets(channeltest.Hang) {
				in.ReadString('\n')
				return
			}
			say("354 go ahead")
			if !m.data(in, to) {
				return
			}
			say("250 2.0.0 taken")
			if m.idle {
				say("421 4.4.2 idle for too long")
				return
			}
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

func (m *mx) rcpt(to string) string {
	switch {
	case m.meets(channeltest.Temporary):
		return "450 4.2.0 greylisted"
	case m.meets(channeltest.Permanent):
		return "550 5.1.1 no such user"
	}
	if answer := m.refuse[to]; answer != "" {
		return answer
	}
	return "250 ok"
}

// data takes one message and reports whether an answer follows.
func (m *mx) data(in *bufio.Reader, to string) bool {
	var b bytes.Buffer
	for {
		l, err := in.ReadString('\n')
		if err != nil {
			return false
		}
		if l == ".\r\n" {
			break
		}
		b.WriteString(strings.TrimPrefix(l, "."))
	}
	m.mu.Lock()
	m.received = append(m.received, channeltest.Message{To: to, Bytes: b.Bytes()})
	m.mu.Unlock()
	return !m.meets(channeltest.LostAnswer)
}

func (m *mx) all() []channeltest.Message {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]channeltest.Message(nil), m.received...)
}

func client(t *testing.T, m *mx) *Client {
	t.Helper()
	cfg := settings(t, m.start(t), "", false)
	cfg.Timeouts = Timeouts{}
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestChannel(t *testing.T) {
	channeltest.Run(t, func(t *testing.T) channeltest.Rig {
		m := &mx{}
		return channeltest.Rig{Channel: client(t, m), Received: m.all, Arrange: func(f channeltest.Fault) bool {
			m.mu.Lock()
			defer m.mu.Unlock()
			m.fault, m.armed = f, true
			return true
		}}
	})
}

func send(c *Client, id int64, to string) notifier.Outcome {
	e := notifier.Envelope{ID: id, From: "tocsin@example.com", To: to, Bytes: []byte("Subject: x\r\n\r\nx\r\n")}
	return c.Send(context.Background(), e, func() error { return nil })
}

// P21: five recipients, one refused for good and one for now: the others get
// the mail once, over one connection.
func TestOneConnectionManyRecipients(t *testing.T) {
	m := &mx{refuse: map[string]string{"b@example.com": "550 5.1.1 no such user", "d@example.com": "451 4.3.0 later"}}
	c := client(t, m)
	var kinds []string
	for i, to := range []string{"a", "b", "c", "d", "e"} {
		kinds = append(kinds, send(c, int64(i), to+"@example.com").Kind.String())
	}
	if got := strings.Join(kinds, " "); got != "sent failed sent retry sent" {
		t.Errorf("got %s", got)
	}
	if len(m.all()) != 3 || m.sessions != 1 {
		t.Errorf("%d messages over %d connections, want 3 over 1", len(m.all()), m.sessions)
	}
}

// A connection that the server has ended since the last message costs nothing.
func TestEndedConnectionIsReplaced(t *testing.T) {
	m := &mx{idle: true}
	c := client(t, m)
	for i := range 3 {
		if o := send(c, int64(i), "a@example.com"); o.Kind != notifier.Sent {
			t.Fatalf("message %d: %v at %s: %s", i, o.Kind, o.Stage, o.Answer)
		}
	}
	if len(m.all()) != 3 || m.sessions != 3 {
		t.Errorf("%d messages over %d connections, want 3 over 3", len(m.all()), m.sessions)
	}
}

// Refusals of policy in a row are about us, whoever they name: the run's
// earlier ones are taken back. A delivery in between, another reason, or the
// same recipient again starts no run.
func TestPolicyRefusalsInARow(t *testing.T) {
	policy, unknown := "554 5.7.1 relay access denied", "550 5.1.1 no such user"
	m := &mx{refuse: map[string]string{"p@example.com": policy, "q@example.com": policy, "r@example.com": policy, "u@example.com": unknown}}
	c := client(t, m)
	for i, s := range []struct{ to, want string }{
		{"p", "failed"},
		{"q", "failed"},
		{"ok", "sent"},
		{"p", "failed"},
		{"p", "failed"},
		{"q", "failed"},
		{"u", "failed"},
		{"p", "failed"},
		{"q", "failed"},
		{"r", "operator [8 9]"},
		{"p", "failed"},
	} {
		o := send(c, int64(i+1), s.to+"@example.com")
		got := o.Kind.String()
		if o.Undo != nil {
			got += fmt.Sprint(" ", o.Undo)
		}
		if got != s.want {
			t.Errorf("attempt %d to %s: got %s, want %s", i+1, s.to, got, s.want)
		}
	}
}

// Whoever is not in mail.allow gets nothing, even if the outbox holds a row.
func TestAllowIsAskedAgain(t *testing.T) {
	m := &mx{}
	c := client(t, m)
	c.dialer.cfg.Allow = []string{"example.com"}
	if o := send(c, 1, "x@example.net"); o.Kind != notifier.Failed || m.sessions != 0 {
		t.Errorf("got %v with %d connections", o.Kind, m.sessions)
	}
}

func steps(s ...any) [][]any {
	var out [][]any
	for _, x := range s {
		switch x := x.(type) {
		case string:
			verb, text, _ := strings.Cut(x, " ")
			out = append(out, []any{verb, text})
		case []any:
			out = append(out, x)
		}
	}
	return out
}

func overTLS(rest ...any) [][]any {
	head := []any{"send 220 mx\r\n", "wait EHLO", "send 250-mx\r\n250 STARTTLS\r\n", "wait STARTTLS", "send 220 go\r\n", "tls ", "wait EHLO"}
	return steps(append(head, rest...)...)
}

// The exchanges of AUTH that a server can make go wrong, and those that a
// password survives.
func TestAuth(t *testing.T) {
	cert, ca := certificate(t)
	plain := base64.StdEncoding.EncodeToString([]byte("\x00tocsin\x00" + secret))
	asking := []any{"send 250-mx\r\n250 AUTH SCRAM-SHA-256\r\n", "wait AUTH"}
	for range 20 {
		asking = append(asking, "send 334 \r\n", "wait ")
	}
	taken := []any{"send 235 2.7.0 ok\r\n", "wait MAIL", "send 451 4.3.0 later\r\n"}
	for _, c := range []struct {
		name  string
		steps [][]any
		want  string
	}{
		{"plain", overTLS(append([]any{"send 250-mx\r\n250 AUTH LOGIN PLAIN\r\n", "wait AUTH PLAIN " + strings.ToUpper(plain)}, taken...)...), "retry MAIL"},
		{"login", overTLS(append([]any{"send 250-mx\r\n250 auth=login\r\n", "wait AUTH LOGIN", "send 334 VXNlcm5hbWU6\r\n", "wait ", "send 334 UGFzc3dvcmQ6\r\n", "wait "}, taken...)...), "retry MAIL"},
		{"cram", overTLS(append([]any{"send 250-mx\r\n250 AUTH CRAM-MD5 PLAIN\r\n", "wait AUTH CRAM-MD5", "send 334 PDEyMzQ+\r\n", "wait "}, taken...)...), "retry MAIL"},
		{"scram", overTLS("send 250-mx\r\n250 AUTH SCRAM-SHA-256 PLAIN\r\n", "wait AUTH SCRAM-SHA-256", "send 334 \r\n", []any{"scram", 4096.0}, "wait ", "send 535 5.7.8 no\r\n"), "operator AUTH"},
		{"scram without end", overTLS("send 250-mx\r\n250 AUTH SCRAM-SHA-256\r\n", "wait AUTH", "send 334 \r\n", []any{"scram", 2e9}, "wait ", "sleep 1"), "operator AUTH"},
		{"scram with no rounds", overTLS("send 250-mx\r\n250 AUTH SCRAM-SHA-1\r\n", "wait AUTH", "send 334 \r\n", []any{"scram", 0.0}, "wait ", "sleep 1"), "operator AUTH"},
		{"the password comes back", overTLS("send 250-mx\r\n250 AUTH PLAIN\r\n", "wait AUTH", "send 535 5.7.8 "+plain+" "+secret+" is wrong\r\n"), "operator AUTH"},
		{"not now", overTLS("send 250-mx\r\n250 AUTH PLAIN\r\n", "wait AUTH", "send 454 4.7.0 later\r\n"), "retry AUTH"},
		{"neither yes nor no", overTLS("send 250-mx\r\n250 AUTH PLAIN\r\n", "wait AUTH", "send 250 ok\r\n"), "operator AUTH"},
		{"line breaks", overTLS("send 250-mx\r\n250 AUTH PLAIN\r\n", "wait AUTH"), "retry AUTH"},
		{"asks for ever", overTLS(asking...), "operator AUTH"},
		{"log in first", overTLS("send 250-mx\r\n250 AUTH PLAIN\r\n", "wait AUTH", "send 235 ok\r\n", "wait MAIL", "send 530 5.7.0 log in first\r\n"), "operator MAIL"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := &player{steps: fixSteps(c.steps), cert: cert, maxSleep: time.Second}
			cl, err := New(settings(t, p.start(t), ca, true))
			if err != nil {
				t.Fatal(err)
			}
			o := send(cl, 1, "a@example.com")
			cl.Close()
			if got := o.Kind.String() + " " + o.Stage; got != c.want {
				t.Errorf("got %s (%q), want %s", got, o.Answer, c.want)
			}
			if strings.Contains(o.Answer, secret) || strings.Contains(o.Answer, plain) {
				t.Errorf("the answer shows the password: %q", o.Answer)
			}
			if strings.Contains(p.plain.String(), "AUTH") {
				t.Errorf("AUTH in plain text")
			}
		})
	}
}

// fixSteps gives numbers the type that they have in the corpus.
func fixSteps(in [][]any) [][]any {
	for _, s := range in {
		if s[0] == "sleep" {
			s[1] = 1000.0
		}
	}
	return in
}

// The certificate counts whenever there is a password; without one, TLS is
// better than none.
func TestCertificates(t *testing.T) {
	cert, ca := certificate(t)
	_, other := certificate(t)
	head := overTLS("send 250-mx\r\n250 AUTH PLAIN\r\n", "wait AUTH", "send 454 4.7.0 later\r\n")
	open := overTLS("send 250 mx\r\n", "wait MAIL", "send 451 4.3.0 later\r\n")
	for _, c := range []struct {
		name, ca string
		secure   bool
		steps    [][]any
		want     string
	}{
		{"known", ca, true, head, "retry AUTH"},
		{"unknown", other, true, head, "operator STARTTLS"},
		{"of the system only", "", true, head, "operator STARTTLS"},
		{"no authorities in the file", "/dev/null", true, nil, "operator settings"},
		{"no password", "", false, open, "retry MAIL"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := &player{steps: c.steps, cert: cert}
			cl, err := New(settings(t, p.start(t), c.ca, c.secure))
			if err != nil {
				t.Fatal(err)
			}
			o := send(cl, 1, "a@example.com")
			cl.Close()
			if got := o.Kind.String() + " " + o.Stage; got != c.want {
				t.Errorf("got %s (%q), want %s", got, o.Answer, c.want)
			}
		})
	}
}

// A changed password file is used at the next connection; one that is gone is
// for the operator.
func TestPasswordIsReadAtEachConnection(t *testing.T) {
	cert, ca := certificate(t)
	p := &player{steps: overTLS("send 250-mx\r\n250 AUTH PLAIN\r\n", "wait AUTH PLAIN "+strings.ToUpper(base64.StdEncoding.EncodeToString([]byte("\x00tocsin\x00second"))), "send 454 4.7.0 later\r\n"), cert: cert}
	cfg := settings(t, p.start(t), ca, true)
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(cfg.PasswordFile, []byte("second\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if o := send(c, 1, "a@example.com"); o.Code != 454 {
		t.Errorf("got %v %q", o.Kind, o.Answer)
	}
	os.Remove(cfg.PasswordFile)
	if o := send(c, 1, "a@example.com"); o.Kind != notifier.Operator || o.Stage != "settings" || !o.Server {
		t.Errorf("without the file: %v at %s: %q", o.Kind, o.Stage, o.Answer)
	}
}

func TestConfigCheck(t *testing.T) {
	for _, c := range []struct {
		cfg  Config
		want string
	}{
		{Config{Server: "smtp://mx.example.com:587", From: "t@example.com"}, ""},
		{Config{Server: "smtps://mx.example.com", From: "t@example.com", User: "u", PasswordFile: "f"}, ""},
		{Config{Server: "smtp://[::1]:25", From: "t@example.com"}, ""},
		{Config{Server: "mx.example.com:587", From: "t@example.com"}, "smtp://"},
		{Config{Server: "http://mx.example.com", From: "t@example.com"}, "smtp://"},
		{Config{Server: "smtp://", From: "t@example.com"}, "host"},
		{Config{Server: "smtp://mx.example.com/x", From: "t@example.com"}, "host"},
		{Config{Server: "smtp://u:hunter2@mx.example.com", From: "t@example.com"}, "mail.user"},
		{Config{Server: "smtp://u:hun ter2%zz@mx.example.com", From: "t@example.com"}, "smtp://"},
		{Config{Server: "smtp://mx.example.com", From: "T <t@example.com>"}, "mail.from"},
		{Config{Server: "smtp://mx.example.com", From: "t@example.com", User: "u"}, "password_file"},
		{Config{Server: "smtp://mx.example.com", From: "t@example.com", PasswordFile: "f"}, "mail.user"},
	} {
		_, err := New(c.cfg)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: got %v, want %q", c.cfg.Server, err, c.want)
		}
		if err != nil && (strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "ter2")) {
			t.Errorf("the error shows the password: %v", err)
		}
	}
}

func TestPasswordFileWarning(t *testing.T) {
	cfg := settings(t, "127.0.0.1:1", "", true)
	if w := cfg.Warnings(); len(w) != 0 {
		t.Errorf("mode 0600: %v", w)
	}
	if err := os.Chmod(cfg.PasswordFile, 0o644); err != nil {
		t.Fatal(err)
	}
	if w := cfg.Warnings(); len(w) != 1 || !strings.Contains(w[0], "0644") {
		t.Errorf("mode 0644: %v", w)
	}
}
