//go:build integration

package email

// This file delivers to a real Postfix and reads the mail back from a real
// Dovecot: tools/mailtest.sh starts both on loopback. It needs root.

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tocsin/notifier"
	"tocsin/notifier/channeltest"
)

func realConfig(t *testing.T, dir, server string) Config {
	c := settings(t, "", filepath.Join(dir, "tls/crt.pem"), true)
	c.Server, c.User, c.Timeouts = server, "ops@example.com", Timeouts{}
	if err := os.WriteFile(c.PasswordFile, []byte("s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return c
}

func build(t *testing.T, id int64, to string) notifier.Envelope {
	t.Helper()
	l := letter()
	l.ID, l.To = fmt.Sprintf("n-%d", id), to
	b, err := Build(l)
	if err != nil {
		t.Fatal(err)
	}
	return notifier.Envelope{ID: id, From: l.From, To: to, Bytes: b}
}

// Headers, parts and encodings come back from a real server as they were
// built, by STARTTLS and by implicit TLS, to several recipients over one
// connection.
func TestIntegrationMailServer(t *testing.T) {
	dir := channeltest.Servers(t)
	t.Run("delivered and read back", func(t *testing.T) { realDelivery(t, dir) })
	t.Run("refusals", func(t *testing.T) { realRefusals(t, dir) })
	t.Run("every mechanism", func(t *testing.T) { realMechanisms(t, dir) })
	t.Run("explained", func(t *testing.T) { realExplain(t, dir) })
}

func realDelivery(t *testing.T, dir string) {
	var sent []notifier.Envelope
	for i, server := range []string{"smtp://127.0.0.1:2587", "smtps://localhost:2465"} {
		c, err := New(realConfig(t, dir, server))
		if err != nil {
			t.Fatal(err)
		}
		for j, to := range []string{"imai@example.jp", "ops@example.com"} {
			e := build(t, int64(10*i+j), to)
			marks := 0
			if o := c.Send(context.Background(), e, func() error { marks++; return nil }); o.Kind != notifier.Sent || marks != 1 {
				t.Fatalf("%s to %s: %v at %s: %s (%d marks)", server, to, o.Kind, o.Stage, o.Answer, marks)
			}
			if to == "imai@example.jp" {
				sent = append(sent, e)
			}
		}
		if err := c.Close(); err != nil {
			t.Errorf("QUIT: %v", err)
		}
	}
	for i, got := range channeltest.Inbox(t, "imai@example.jp", len(sent)) {
		_, tail, found := bytes.Cut(got, []byte("Content-Type: multipart/mixed"))
		_, want, _ := bytes.Cut(sent[i].Bytes, []byte("Content-Type: multipart/mixed"))
		if !found || !bytes.Equal(tail, want) {
			t.Errorf("the bytes changed on the way:\n%q\nwant\n%q", tail, want)
		}
		h, leaves := read(t, got)
		l := letter()
		if s, err := h.Text("Subject"); err != nil || s != l.Subject {
			t.Errorf("subject %q (%v), want %q", s, err, l.Subject)
		}
		if to := h.Get("To"); to != "<imai@example.jp>" || h.Get("Bcc") != "" {
			t.Errorf("to %q", to)
		}
		if leaves["text/plain"] != strings.ReplaceAll(l.Text, "\n", "\r\n") || leaves["text/html"] != strings.ReplaceAll(l.HTML, "\n", "\r\n") || leaves["text/csv"] != string(l.Attachments[0].Data) {
			t.Errorf("parts %q", leaves)
		}
		if !strings.Contains(h.Get("Received"), "mx.test") {
			t.Errorf("it did not pass the server: %q", h.Get("Received"))
		}
	}
}

func realRefusals(t *testing.T, dir string) {
	c, err := New(realConfig(t, dir, "smtp://127.0.0.1:2587"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	big := build(t, 100, "ops@example.com")
	big.Bytes = append(big.Bytes, bytes.Repeat([]byte("0123456789012345678901234567890123456789\r\n"), 300_000)...)
	for _, x := range []struct {
		e    notifier.Envelope
		want string
	}{
		{build(t, 101, "nobody@elsewhere.invalid"), "failed"},
		{build(t, 102, "ops@example.com"), "sent"},
		{big, "failed"},
		{build(t, 103, "ops@example.com"), "sent"},
	} {
		if o := c.Send(context.Background(), x.e, func() error { return nil }); o.Kind.String() != x.want {
			t.Errorf("to %s: %v at %s: %s, want %s", x.e.To, o.Kind, o.Stage, o.Answer, x.want)
		}
	}
	wrong := realConfig(t, dir, "smtp://127.0.0.1:2587")
	if err := os.WriteFile(wrong.PasswordFile, []byte("wrong\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	w, err := New(wrong)
	if err != nil {
		t.Fatal(err)
	}
	if o := w.Send(context.Background(), build(t, 104, "ops@example.com"), func() error { return nil }); o.Kind != notifier.Operator || o.Stage != "AUTH" {
		t.Errorf("wrong password: %v at %s: %s", o.Kind, o.Stage, o.Answer)
	}
}

// realMechanisms logs in once by each mechanism that Dovecot has.
func realMechanisms(t *testing.T, dir string) {
	cfg := realConfig(t, dir, "smtp://127.0.0.1:2587")
	cfg.Timeouts = cfg.Timeouts.filled()
	cfg.Now = time.Now
	for _, mech := range []string{"SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5", "PLAIN", "LOGIN"} {
		d := dialer{cfg: cfg, only: mech}
		s, err := d.open(context.Background())
		if err != nil {
			t.Errorf("%s: %v", mech, err)
			continue
		}
		if err := s.client.Quit(); err != nil {
			t.Errorf("%s: QUIT: %v", mech, err)
		}
		s.drop()
	}
}

func realExplain(t *testing.T, dir string) {
	var b bytes.Buffer
	if err := Explain(context.Background(), realConfig(t, dir, "smtp://127.0.0.1:2587"), "ops@example.com", &b); err != nil {
		t.Errorf("%v", err)
	}
	t.Logf("\n%s", b.String())
	for _, stage := range []string{"resolve ", "connect ", "banner ", "EHLO ", "STARTTLS ", "AUTH ", "MAIL ", "RCPT ", "DATA ", "answer ", "result    sent"} {
		if !strings.Contains(b.String(), stage) {
			t.Errorf("%q is missing", stage)
		}
	}
	if strings.Contains(b.String(), "s3cret") {
		t.Error("the password is shown")
	}
}
