package email

import (
	"context"
	"net"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"tocsin/notifier"
)

// A script is the line to a server that says one piece after each thing that
// the client writes, whatever it was.
type script struct {
	net.Conn
	pieces []string
	ready  string
	dot    string // the piece that followed the final dot
}

func (s *script) release() string {
	if len(s.pieces) == 0 {
		return ""
	}
	p := s.pieces[0]
	s.pieces = s.pieces[1:]
	s.ready += p
	return p
}

func (s *script) Read(b []byte) (int, error) {
	if s.ready == "" {
		return 0, os.ErrDeadlineExceeded
	}
	n := copy(b, s.ready)
	s.ready = s.ready[n:]
	return n, nil
}

func (s *script) Write(b []byte) (int, error) {
	p := s.release()
	if strings.HasSuffix(string(b), "\r\n.\r\n") || string(b) == ".\r\n" {
		s.dot = p
	}
	return len(b), nil
}

func (*script) Close() error                     { return nil }
func (*script) SetDeadline(time.Time) error      { return nil }
func (*script) SetReadDeadline(time.Time) error  { return nil }
func (*script) SetWriteDeadline(time.Time) error { return nil }
func (*script) LocalAddr() net.Addr              { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }
func (*script) RemoteAddr() net.Addr             { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }

// Whatever a server says, the attempt ends, its answer is fit to be shown, and
// the mail counts as sent only if what came after the dot begins with a 2.
func FuzzDialogue(f *testing.F) {
	for _, s := range []string{
		"220 mx\r\n|250 mx\r\n|250 ok\r\n|250 ok\r\n|354 go\r\n||250 taken\r\n",
		"220 mx\r\n|250-mx\r\n250 SIZE 1\r\n|250 ok\r\n|250 ok\r\n|354 go\r\n||250\r\n",
		"220 mx\r\n|250 mx\r\n|250 ok\r\n|250 ok\r\n|354 go\r\n|250 early\r\n|250 taken\r\n",
		"220 mx\r\n|250 mx\r\n|250 ok\r\n|250 ok\r\n|354 go\r\n||451 no\r\n|250 reset\r\n",
		"220 mx\r\n|500 what\r\n|250 mx\r\n|552 5.3.4 big\r\n",
		"220-a\r\n220-\r\n220 b\r\n|250-mx\r\n450 x\r\n", "554 5.7.1 no\r\n", "HTTP/1.1 400\r\n", "25", "\x00\xff\x1b[31m\r\n",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, speech string) {
		line := &script{pieces: strings.Split(speech, "|")}
		line.release()
		c := newClient(Config{Server: "smtp://127.0.0.1", From: "t@example.com", HELO: "x"}, nil)
		s := &session{}
		err := c.dialer.greet(context.Background(), s, line, endpoint{host: "127.0.0.1"})
		out := false
		if err == nil {
			marked := false
			err = c.deliver(s, notifier.Envelope{From: "t@example.com", To: "a@example.com", Bytes: []byte("Subject: x\r\n\r\n.\r\n")}, func() error { marked = true; return nil })
			if out = s.guard.wrote; out && err != nil && !marked {
				t.Error("it went out without a mark")
			}
		}
		o := c.outcome(s, err, out)
		s.drop()
		if o.Kind == notifier.Sent && !strings.HasPrefix(line.dot, "2") {
			t.Errorf("sent, although %q came after the dot", line.dot)
		}
		if utf8.RuneCountInString(o.Answer) > maxAnswer+2 || strings.ContainsFunc(o.Answer, func(r rune) bool { return r < 0x20 || r >= 0x7f && r < 0xa0 || r == 0x202e }) {
			t.Errorf("not fit to be shown: %q", o.Answer)
		}
	})
}
