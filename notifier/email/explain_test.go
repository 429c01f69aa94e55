package email

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"tocsin/notifier"
)

// Each row is what a server does and what `tocsin mail-test` has to say about
// it, in order.
func TestExplain(t *testing.T) {
	cert, ca := certificate(t)
	for _, c := range []struct {
		name   string
		steps  [][]any
		secure bool
		want   []string
		fails  bool
	}{
		{"sent", steps("send 220 mx \x1b[31mred\r\n", "wait EHLO", "send 250 mx\r\n", "wait MAIL", "send 250 ok\r\n", "wait RCPT", "send 250 ok\r\n", "wait DATA", "send 354 go\r\n", "data ", "send 250 2.0.0 queued as 7\r\n"), false, []string{
			"resolve   ok       127.0.0.1", "connect   ok", `banner    ok       the server said: 220 mx \u001b[31mred`, "STARTTLS  ok       not offered",
			"MAIL      ok", "RCPT      ok", "DATA      ok       the server said: 354 go", "answer    ok       the server said: 250 2.0.0 queued as 7", "result    sent",
		}, false},
		{"wrong password", overTLS("send 250-mx\r\n250 AUTH PLAIN\r\n", "wait AUTH", "send 535 5.7.8 no "+secret+"\r\n"), true, []string{
			"STARTTLS  ok       TLS 1.3, certificate of mx.test", "AUTH      FAILED   the server said: 535 5.7.8 no …", "result    operator", "means    the server does not accept the user tocsin with the password in /", "do       compare both",
		}, true},
		{"no TLS", steps("send 220 mx\r\n", "wait EHLO", "send 250 mx\r\n", "wait QUIT"), true, []string{
			"STARTTLS  FAILED   the server does not offer STARTTLS", "result    operator", "TLS is demanded",
		}, true},
		{"no such recipient", steps("send 220 mx\r\n", "wait EHLO", "send 250 mx\r\n", "wait MAIL", "send 250 ok\r\n", "wait RCPT", "send 550 5.1.1 who?\r\n"), false, []string{
			"RCPT      FAILED   the server said: 550 5.1.1 who?", "result    failed", "no such recipient", "compare the address",
		}, true},
		{"another protocol", steps("send HTTP/1.1 400 Bad Request\r\n"), false, []string{
			"banner    FAILED   the answer is not one of a mail server; the server said: HTTP/1.1 400 Bad Request", "it is no mail server",
		}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := &player{steps: c.steps, cert: cert}
			cfg := settings(t, p.start(t), ca, c.secure)
			cfg.Now = func() time.Time { return time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC) }
			var b bytes.Buffer
			err := Explain(context.Background(), cfg, "ami@example.com", &b)
			if (err != nil) != c.fails {
				t.Errorf("error %v", err)
			}
			rest := b.String()
			for _, w := range c.want {
				_, after, found := strings.Cut(rest, w)
				if !found {
					t.Fatalf("%q is missing, or out of order, in\n%s", w, b.String())
				}
				rest = after
			}
			if strings.Contains(b.String(), secret) || strings.ContainsAny(b.String(), "\x1b\r") {
				t.Errorf("not fit to be shown:\n%s", b.String())
			}
		})
	}
}

// What cannot work is said before anything is sent; what is odd about the
// settings is said as well.
func TestExplainChecksFirst(t *testing.T) {
	cfg := settings(t, "127.0.0.1:1", "", true)
	cfg.Allow = []string{"example.com"}
	var b bytes.Buffer
	if err := Explain(context.Background(), cfg, "x@example.net", &b); err == nil || !strings.Contains(err.Error(), "mail.allow") || b.Len() != 0 {
		t.Errorf("got %v and %q", err, b.String())
	}
	if err := os.Chmod(cfg.PasswordFile, 0o640); err != nil {
		t.Fatal(err)
	}
	if err := Explain(context.Background(), cfg, "x@example.com", &b); err == nil {
		t.Error("nobody listens, and it was sent")
	}
	for _, want := range []string{"settings  warning", "0640", "connect   FAILED", "result    retry", "nothing listens at that port"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is missing in\n%s", want, b.String())
		}
	}
}

// Every outcome that the channel can come to has words, and none shows a name
// of ours that was to be replaced.
func TestEveryOutcomeHasAdvice(t *testing.T) {
	cfg := Config{Server: "smtp://mx.example.com", User: "tocsin", PasswordFile: "/run/x", From: "t@example.com"}
	for stage := range before {
		for kind := notifier.Retry; kind <= notifier.Unknown; kind++ {
			if stage == "mark" || kind == notifier.Sent || kind == notifier.Unknown || stage != "MAIL" && kind == notifier.Failed {
				continue
			}
			if a := advise(notifier.Outcome{Stage: stage, Kind: kind}, cfg); strings.Contains(a.means, "not listed") || strings.Contains(a.means+a.do, "SERVER") {
				t.Errorf("%s %v: %+v", stage, kind, a)
			}
		}
	}
	for _, o := range []notifier.Outcome{
		{Stage: "RCPT", Kind: notifier.Failed},
		{Stage: "RCPT"},
		{Stage: "DATA", Kind: notifier.Failed},
		{Stage: "DATA"},
		{Stage: "answer", Kind: notifier.Failed},
		{Stage: "answer"},
		{Stage: "answer", Kind: notifier.Unknown},
	} {
		if a := advise(o, cfg); strings.Contains(a.means, "not listed") {
			t.Errorf("%s %v: %+v", o.Stage, o.Kind, a)
		}
	}
}

func TestExplainSaysWhenItCannotWrite(t *testing.T) {
	err := Explain(context.Background(), settings(t, "127.0.0.1:1", "", false), "x@example.com", full{})
	if !errors.Is(err, errFull) {
		t.Errorf("got %v", err)
	}
}

type full struct{}

var errFull = errors.New("full")

func (full) Write([]byte) (int, error) { return 0, errFull }
