package email

// This file delivers envelopes over a session and keeps it for the next one.

import (
	"context"
	"errors"
	"io"
	"time"

	"tocsin/diag"
	"tocsin/notifier"
)

const (
	maxIdle = 30 * time.Second // after which a session is not used again: servers end idle ones
	maxAge  = 10 * time.Minute // of a session
)

// A Client is the SMTP channel. It keeps one session between envelopes.
type Client struct {
	dialer  dialer
	session *session
	refused streak
}

// New returns the channel of cfg, or what is wrong with the settings. It does
// not connect.
func New(cfg Config) (*Client, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	return newClient(cfg, nil), nil
}

func newClient(cfg Config, trace func(step)) *Client {
	cfg.Timeouts = cfg.Timeouts.filled()
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Client{dialer: dialer{cfg: cfg, trace: trace}}
}

// Send implements notifier.Channel: MAIL, RCPT, mark, DATA, and the answer
// after the dot, which alone says whether the mail was delivered. A session
// that the server has ended meanwhile is replaced by a new one.
func (c *Client) Send(ctx context.Context, e notifier.Envelope, mark func() error) notifier.Outcome {
	if err := notifier.CheckAddress(e.To, c.dialer.cfg.Allow); err != nil {
		return notifier.Outcome{Kind: notifier.Failed, Stage: "settings", Answer: err.Error()}
	}
	if err := context.Cause(ctx); err != nil {
		return notifier.Outcome{Stage: "connect", Answer: err.Error(), Server: true}
	}
	reused := c.reuse(ctx)
	o := c.attempt(ctx, e, mark)
	if reused && o.Stage == "MAIL" && o.Kind == notifier.Retry && c.session == nil && ctx.Err() == nil {
		o = c.attempt(ctx, e, mark)
	}
	return c.refused.add(e, o)
}

// Close says QUIT and closes the line. Its error is for the curious: it changes
// nothing about what was delivered.
func (c *Client) Close() error {
	s := c.session
	if s == nil {
		return nil
	}
	c.session = nil
	defer s.drop()
	s.unwatch()
	s.guard.renew(c.dialer.cfg.Timeouts.Connect)
	s.guard.within(min(c.dialer.cfg.Timeouts.Connect, 5*time.Second))
	return s.client.Quit()
}

// reuse reports whether the session of before will be used again.
func (c *Client) reuse(ctx context.Context) bool {
	s := c.session
	if s == nil {
		return false
	}
	now := c.dialer.cfg.Now()
	if now.Sub(s.used) > maxIdle || now.Sub(s.opened) > maxAge {
		c.lose()
		return false
	}
	s.guard.renew(c.dialer.cfg.Timeouts.Dialogue)
	s.watch(ctx)
	return true
}

func (c *Client) lose() {
	c.session.drop()
	c.session = nil
}

// attempt delivers e over the session, or over a new one.
func (c *Client) attempt(ctx context.Context, e notifier.Envelope, mark func() error) notifier.Outcome {
	if c.session == nil {
		s, err := c.dialer.open(ctx)
		if err != nil {
			return c.outcome(nil, err, false)
		}
		c.session = s
	}
	s := c.session
	defer s.unwatch()
	err := c.deliver(s, e, mark)
	sent := err == nil
	o := c.outcome(s, err, s.guard.wrote)
	s.used = c.dialer.cfg.Now()
	if !sent && !c.reset(s, o) {
		c.lose()
	}
	return o
}

// deliver goes through the dialogue of one message. Its error is a *stageError.
// When it returns, s.guard.wrote says whether the final dot may be out.
func (c *Client) deliver(s *session, e notifier.Envelope, mark func() error) error {
	d, t := c.dialer, c.dialer.cfg.Timeouts
	s.guard.wrote = false
	s.guard.within(t.Answer)
	if err := s.client.Mail("<" + e.From + ">"); err != nil {
		return d.refusal("MAIL", s, err)
	}
	d.tell(step{stage: "MAIL", said: s.guard.said()})
	s.guard.within(t.Answer)
	if err := s.client.Rcpt("<" + e.To + ">"); err != nil {
		return d.refusal("RCPT", s, err)
	}
	d.tell(step{stage: "RCPT", said: s.guard.said()})
	if err := mark(); err != nil {
		return d.refusal("mark", s, err)
	}
	s.guard.within(t.Answer)
	w, err := s.client.Data()
	if err != nil {
		return d.refusal("DATA", s, err)
	}
	d.tell(step{stage: "DATA", said: s.guard.said()})
	return d.body(s, w, e.Bytes)
}

// body sends the message and its final dot, and reads what decides.
func (d dialer) body(s *session, w io.WriteCloser, message []byte) error {
	t := d.cfg.Timeouts
	s.guard.body = true
	for rest := message; len(rest) > 0; {
		n := min(len(rest), 64<<10)
		s.guard.within(t.Answer)
		if _, err := w.Write(rest[:n]); err != nil {
			return d.refusal("DATA", s, err)
		}
		rest = rest[n:]
	}
	if err := s.quiet(t.Quiet); err != nil {
		return d.refusal("DATA", s, err)
	}
	s.guard.wrote, s.guard.body = false, false
	s.guard.beyond(t.Dot)
	if err := w.Close(); err != nil {
		return d.dotAnswer(s, err)
	}
	d.tell(step{stage: "answer", said: s.guard.said()})
	return nil
}

// quiet sends what is still in the buffer and listens: a server that speaks or
// goes before it has seen the final dot has taken nothing.
func (s *session) quiet(d time.Duration) error {
	if err := s.client.Text.W.Flush(); err != nil {
		return err
	}
	if err := s.guard.silent(d); err != nil {
		return s.guard.fail(err)
	}
	return nil
}

// refusal is fail for a stage before the final dot: nothing can have been
// delivered.
func (d dialer) refusal(stage string, s *session, err error) error {
	s.guard.wrote = false
	g := s.guard
	if stage == "mark" {
		g = nil
	}
	return d.fail(stage, g, err)
}

// dotAnswer is fail for what came instead of 250 after the dot. The library
// takes every code but 250 for an error; judge does not.
func (d dialer) dotAnswer(s *session, err error) error {
	if judge("answer", err, s.guard.wrote).Kind != notifier.Sent {
		return d.fail("answer", s.guard, err)
	}
	said := s.guard.said()
	d.tell(step{stage: "answer", said: said})
	return &stageError{stage: "answer", said: said, err: err}
}

// outcome turns the end of an attempt into what the notifier is told.
func (c *Client) outcome(s *session, err error, out bool) notifier.Outcome {
	var secrets []string
	if s != nil {
		secrets = s.secrets
	} else if password, perr := c.dialer.cfg.password(); perr == nil {
		secrets = secretForms(c.dialer.cfg.User, password)
	}
	if err == nil {
		said := s.guard.said()
		o := notifier.Outcome{Kind: notifier.Sent, Stage: "answer", Code: 250, Answer: answerText(said, secrets)}
		if len(said) > 4 {
			o.Status = status(said[4:])
		}
		return o
	}
	var e *stageError
	if !errors.As(err, &e) {
		e = &stageError{stage: "settings", err: err}
	}
	o := judge(e.stage, e.err, out)
	o.Answer = answerText(explained(e, o.Code), secrets)
	return o
}

// explained is the server's answer where it decided, else the error, with what
// the server said last.
func explained(e *stageError, code int) string {
	switch {
	case code != 0 && e.said != "":
		return e.said
	case e.said != "":
		return e.err.Error() + " (the server said: " + diag.Line(e.said) + ")"
	}
	return e.err.Error()
}

// reset makes the session fit for the next envelope after a refusal that the
// server itself expects to go on from.
func (c *Client) reset(s *session, o notifier.Outcome) bool {
	if o.Code == 0 && o.Stage != "mark" || o.Code == 421 || o.Kind == notifier.Operator || s.guard.err != nil {
		return false
	}
	if o.Stage == "answer" {
		return true
	}
	if o.Stage == "DATA" && o.Code < 400 {
		return false // the two sides do not agree on where they are
	}
	s.guard.within(min(c.dialer.cfg.Timeouts.Answer, 10*time.Second))
	return s.client.Reset() == nil
}
