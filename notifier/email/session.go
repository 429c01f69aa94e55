package email

// This file opens a connection to the server: resolve, connect, banner, EHLO,
// TLS, AUTH. What it holds is ready for MAIL.

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/wneessen/go-mail/smtp"
)

// A step is one thing that was done or asked, for whoever wants to follow.
type step struct {
	stage string
	said  string // the server's answer as it came, or ""
	note  string // what else is to be known, in words
	err   error
}

// A session is one open connection.
type session struct {
	client  *smtp.Client
	guard   *guard
	tls     *tls.ConnectionState
	mechs   []string // of AUTH, as offered last
	ext     map[string]bool
	secrets []string
	roots   *x509.CertPool
	opened  time.Time
	used    time.Time
	release func() bool // ends the watch over ctx
}

// A dialer opens sessions.
type dialer struct {
	cfg   Config
	trace func(step)
	only  string // the one mechanism of AUTH that may be used; "" for any
}

// A stageError says where a session ended. It wraps the cause, which is a
// *textproto.Error when the server refused.
type stageError struct {
	stage string
	said  string
	err   error
}

func (e *stageError) Error() string { return e.stage + ": " + e.err.Error() }
func (e *stageError) Unwrap() error { return e.err }

// Refusals of ours.
var (
	errNoTLS     = errors.New("the server does not offer STARTTLS, and a password is never sent in plain text")
	errInjected  = errors.New("the server's line carried answers in plain text after STARTTLS: somebody on the way adds to the dialogue")
	errNoMech    = errors.New("the server offers no way of authentication that is known here")
	errSilentTLS = errors.New("the server offers STARTTLS and does not answer it; a password is never sent in plain text")
)

// open connects and brings the session to the point where MAIL may follow. Its
// error is a *stageError. A session that is returned watches ctx until watch is
// called again or it is dropped.
func (d dialer) open(ctx context.Context) (*session, error) {
	end, err := d.cfg.endpoint()
	if err != nil {
		return nil, d.fail("settings", nil, err)
	}
	password, err := d.cfg.password()
	if err != nil {
		return nil, d.fail("settings", nil, err)
	}
	roots, err := d.cfg.roots()
	if err != nil {
		return nil, d.fail("settings", nil, err)
	}
	conn, err := d.connect(ctx, end)
	if err != nil {
		return nil, err
	}
	s := &session{roots: roots, opened: d.cfg.Now(), used: d.cfg.Now(), secrets: secretForms(d.cfg.User, password)}
	if err := d.greet(ctx, s, conn, end); err != nil {
		s.drop()
		_ = conn.Close() // where there is no guard yet
		return nil, err
	}
	if password == "" {
		return s, nil
	}
	if err := d.authenticate(s, end.host, password); err != nil {
		s.drop()
		return nil, err
	}
	return s, nil
}

// connect resolves the name and opens the line.
func (d dialer) connect(ctx context.Context, end endpoint) (net.Conn, error) {
	ctx, stop := context.WithTimeout(ctx, d.cfg.Timeouts.Connect)
	defer stop()
	addrs, err := net.DefaultResolver.LookupHost(ctx, end.host)
	if err != nil {
		return nil, d.fail("resolve", nil, err)
	}
	d.tell(step{stage: "resolve", note: fmt.Sprintf("%s is %s", end.host, strings.Join(addrs, ", "))})
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", end.String())
	if err != nil {
		return nil, d.fail("connect", nil, err)
	}
	d.tell(step{stage: "connect", note: conn.RemoteAddr().String()})
	return conn, nil
}

// greet reads the banner, says EHLO, and puts TLS on the line: at once for
// smtps, else by STARTTLS where it is offered or demanded.
func (d dialer) greet(ctx context.Context, s *session, conn net.Conn, end endpoint) error {
	if end.implicit {
		var err error
		if conn, err = d.handshake(ctx, s, conn, end); err != nil {
			return d.fail("TLS", nil, err)
		}
	}
	s.take(ctx, newGuard(conn, d.cfg.Timeouts.Dialogue))
	s.guard.within(d.cfg.Timeouts.Answer)
	client, err := smtp.NewClient(s.guard, end.host)
	if err != nil {
		return d.fail("banner", s.guard, err)
	}
	s.client = client
	d.tell(step{stage: "banner", said: s.guard.said()})
	if err := d.hello(s); err != nil {
		return err
	}
	switch {
	case end.implicit:
		return nil
	case s.ext["STARTTLS"]:
		return d.startTLS(ctx, s, conn, end)
	case d.cfg.User != "":
		return d.fail("STARTTLS", nil, errNoTLS)
	}
	d.tell(step{stage: "STARTTLS", note: "not offered; there is no password, so the mail goes in plain text"})
	return nil
}

// hello says EHLO and notes what the server offers.
func (d dialer) hello(s *session) error {
	s.guard.within(d.cfg.Timeouts.Answer)
	if err := s.client.Hello(d.cfg.helloName(s.guard.LocalAddr())); err != nil {
		return d.fail("EHLO", s.guard, err)
	}
	s.client.SkipSMTPUTF8(true) // addresses are ASCII, and so is every header as sent
	s.ext, s.mechs = map[string]bool{}, nil
	for i, line := range s.guard.answer {
		if i == 0 || len(line) < 5 {
			continue
		}
		words := strings.Fields(strings.ToUpper(strings.Replace(line[4:], "=", " ", 1)))
		if len(words) == 0 {
			continue
		}
		s.ext[words[0]] = true
		if words[0] == "AUTH" {
			s.mechs = append(s.mechs, words[1:]...)
		}
	}
	d.tell(step{stage: "EHLO", said: s.guard.said()})
	return nil
}

// timeout reports whether err says that nothing came in time.
func timeout(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}

// ask sends a command that go-mail's client has no method for, and reads the
// answer. It takes its turn in the client's pipeline, as its own commands do.
func (s *session) ask(want int, line string) (int, string, error) {
	id, err := s.client.Text.Cmd("%s", line)
	if err != nil {
		return 0, "", err
	}
	s.client.Text.StartResponse(id)
	defer s.client.Text.EndResponse(id)
	return s.client.Text.ReadResponse(want)
}

// take makes g the line of s and lets ctx end it.
func (s *session) take(ctx context.Context, g *guard) {
	s.guard = g
	s.watch(ctx)
}

// watch lets ctx, and no other context, end the session.
func (s *session) watch(ctx context.Context) {
	s.unwatch()
	g := s.guard
	s.release = context.AfterFunc(ctx, func() { g.cancel(context.Cause(ctx)) })
}

func (s *session) unwatch() {
	if s.release != nil {
		s.release()
		s.release = nil
	}
}

// drop closes the line without a word; how the other side takes it is of no
// interest.
func (s *session) drop() {
	s.unwatch()
	if s.guard != nil {
		_ = s.guard.Close()
	}
}

// fail tells the trace and makes the error of a stage.
func (d dialer) fail(stage string, g *guard, err error) error {
	e := &stageError{stage: stage, err: err}
	var reply *textproto.Error
	if g != nil {
		e.said = g.said()
		if g.err != nil && !errors.As(err, &reply) && !errors.Is(err, errSilentTLS) {
			e.err = g.err
		}
	}
	e.err = inWords(e.err)
	d.tell(step{stage: stage, said: e.said, err: e.err})
	return e
}

// A worded error says in words what it wraps.
type worded struct {
	text string
	err  error
}

func (w worded) Error() string { return w.text }
func (w worded) Unwrap() error { return w.err }

// inWords words what ends a connection most often.
func inWords(err error) error {
	var foreign textproto.ProtocolError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return worded{"the line was closed in the middle of an answer", err}
	case errors.Is(err, io.EOF):
		return worded{"the line was closed without an answer", err}
	case errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE):
		return worded{"the line broke (" + err.Error() + ")", err}
	case errors.Is(err, os.ErrDeadlineExceeded):
		return worded{"no answer in time", err}
	case errors.As(err, &foreign):
		return worded{"the answer is not one of a mail server", err}
	}
	return err
}

func (d dialer) tell(s step) {
	if d.trace != nil {
		d.trace(s)
	}
}
