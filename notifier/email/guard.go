package email

// This file stands between the SMTP client and the line, and keeps what a
// server may do within bounds (G39).

import (
	"bufio"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"time"
)

const (
	maxLine  = 2048 // bytes of one line of an answer
	maxLines = 100  // lines of one answer
)

// What a server did that ends the connection.
var (
	errLongLine   = errors.New("a line of the answer is longer than 2 KB")
	errManyLines  = errors.New("the answer has more than 100 lines")
	errEarly      = errors.New("the server answered before it was asked")
	errTwoAnswers = errors.New("the answer has two codes")
)

// A guard is a net.Conn that hands an SMTP client one whole line of an answer
// at a time, and only when a command is out. It is used by one goroutine, but
// for cancel.
type guard struct {
	net.Conn // the line, in plain text or TLS

	in      *bufio.Reader
	pending []byte   // of the current line, not yet handed out
	answer  []string // lines of the answer that is being read, or was read last
	asked   bool     // a command is out whose answer is not complete
	body    bool     // between the go-ahead to DATA and the final dot
	wrote   bool     // something was written since the last reset of this flag
	err     error    // why the connection has ended

	mu        sync.Mutex
	cancelled error     // why ctx ended
	end       time.Time // of the dialogue
	stage     time.Time // of the stage that goes on
}

// newGuard guards a new connection, whose server speaks first.
func newGuard(c net.Conn, dialogue time.Duration) *guard {
	return &guard{Conn: c, in: bufio.NewReaderSize(c, maxLine), asked: true, end: time.Now().Add(dialogue)}
}

// renew starts the dialogue of another message on the same connection.
func (g *guard) renew(dialogue time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.end = time.Now().Add(dialogue)
}

// cancel ends whatever read or write goes on, and all later ones, with cause.
func (g *guard) cancel(cause error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.cancelled = cause
	_ = g.SetDeadline(time.Unix(1, 0)) // it fails only where the line is closed already
}

// within bounds the coming stage: it ends after d, and not later than the
// dialogue.
func (g *guard) within(d time.Duration) { g.deadline(d, false) }

// beyond bounds the coming stage by d alone.
func (g *guard) beyond(d time.Duration) { g.deadline(d, true) }

func (g *guard) deadline(d time.Duration, beyond bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.cancelled != nil {
		return
	}
	t := time.Now().Add(d)
	if !beyond && t.After(g.end) {
		t = g.end
	}
	g.stage = t
	if err := g.SetDeadline(t); err != nil && g.err == nil {
		g.err = err
	}
}

// Read hands out the next line of the answer that was asked for.
func (g *guard) Read(p []byte) (int, error) {
	if len(g.pending) == 0 {
		if err := g.line(); err != nil {
			return 0, g.fail(err)
		}
	}
	n := copy(p, g.pending)
	g.pending = g.pending[n:]
	return n, nil
}

// line reads one line into pending. A code without a text, which is legal, gets
// the space that the client's parser insists on.
func (g *guard) line() error {
	if g.err != nil {
		return g.err
	}
	if !g.asked {
		return errTwoAnswers
	}
	raw, err := g.in.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return errLongLine
	case errors.Is(err, io.EOF) && len(raw) > 0:
		return io.ErrUnexpectedEOF
	case err != nil:
		return err
	}
	text := strings.TrimRight(string(raw), "\r\n")
	if len(text) == 3 {
		text += " "
	}
	if len(g.answer) >= maxLines {
		return errManyLines
	}
	g.answer = append(g.answer, text)
	g.asked = len(text) > 3 && text[3] == '-'
	g.pending = []byte(text + "\r\n")
	return nil
}

// Write sends a command, or a piece of the message. A command is not sent when
// the server has said something that it was not asked for.
func (g *guard) Write(p []byte) (int, error) {
	if g.err != nil {
		return 0, g.err
	}
	if !g.body {
		if err := g.silent(time.Millisecond); err != nil {
			return 0, g.fail(err)
		}
		g.asked, g.answer = true, nil
	}
	g.wrote = true
	n, err := g.Conn.Write(p)
	if err != nil {
		return n, g.fail(err)
	}
	return n, nil
}

// silent returns an error when the server says something within d, or has
// closed the line.
func (g *guard) silent(d time.Duration) error {
	if g.in.Buffered() == 0 {
		if err := g.listen(time.Now().Add(d)); err != nil {
			return err
		}
		_, err := g.in.Peek(1)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded) && g.cause() == nil:
			return g.listen(g.stage)
		case err != nil:
			return err
		}
	}
	rest, _ := g.in.Peek(g.in.Buffered())
	first, _, _ := strings.Cut(string(rest), "\n")
	g.answer = []string{strings.TrimRight(first, "\r")}
	return errEarly
}

// listen lets the next read last until t.
func (g *guard) listen(t time.Time) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.cancelled != nil {
		return g.cancelled
	}
	return g.SetReadDeadline(t)
}

func (g *guard) cause() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.cancelled
}

// fail keeps the first reason for which the connection ended.
func (g *guard) fail(err error) error {
	if cause := g.cause(); cause != nil {
		err = cause
	}
	if g.err == nil {
		g.err = err
	}
	return g.err
}

// said returns the last answer of the server, as it came.
func (g *guard) said() string { return strings.Join(g.answer, "\n") }
