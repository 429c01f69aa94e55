package main

import (
	"bufio"
	"bytes"
	"net"
	"net/mail"
	"slices"
	"strings"
	"sync"
	"testing"
)

// A recorder is an SMTP server that keeps what it accepted, and does as it is told.
type recorder struct {
	listener net.Listener
	sessions sync.WaitGroup
	mu       sync.Mutex
	mails    []taken
	// refuse says what is answered to RCPT; "": the address is good. nil: all are.
	refuse func(to string) string
	// answer says what is answered to a message that was taken, the copies before it
	// given; "": nothing, the line is dropped. nil: it was taken.
	answer func(m taken, copies int) string
}

// taken is a message that a recorder kept.
type taken struct {
	id, to string // Message-ID, and the address of RCPT
	body   []byte
	lost   bool // the client was not told that it was taken
	killed bool // the client was killed before it sent another message
}

const accepted = "250 2.0.0 taken"

func newRecorder(t *testing.T) *recorder {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{listener: l}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			r.sessions.Go(func() { r.serve(c) })
		}
	}()
	return r
}

func (r *recorder) address() string { return r.listener.Addr().String() }

// serve is one session. A client that is killed in the middle of a message has
// sent nothing.
func (r *recorder) serve(c net.Conn) {
	defer c.Close()
	in, to := bufio.NewReader(c), ""
	say := func(line string) { c.Write([]byte(line + "\r\n")) }
	say("220 recorder.test ESMTP")
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		switch verb, rest, _ := strings.Cut(strings.TrimSpace(line), " "); strings.ToUpper(verb) {
		case "EHLO", "HELO":
			say("250-recorder.test")
			say("250 8BITMIME")
		case "RCPT":
			to = strings.Trim(rest[len("TO:"):], "<> ")
			say(r.recipient(to))
		case "DATA":
			say("354 go on")
			body, ok := readMessage(in)
			if !ok {
				return
			}
			answer := r.take(to, body)
			if answer == "" {
				return
			}
			say(answer)
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 2.0.0 ok")
		}
	}
}

func (r *recorder) recipient(to string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.refuse != nil {
		if answer := r.refuse(to); answer != "" {
			return answer
		}
	}
	return "250 2.1.5 ok"
}

// take keeps a message and returns what is answered.
func (r *recorder) take(to string, body []byte) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	m := taken{to: to, body: body}
	if parsed, err := mail.ReadMessage(bytes.NewReader(body)); err == nil {
		m.id = parsed.Header.Get("Message-Id")
	}
	copies := 0
	for _, before := range r.mails {
		if before.id == m.id {
			copies++
		}
	}
	answer := accepted
	if r.answer != nil {
		answer = r.answer(m, copies)
	}
	m.lost = answer != accepted
	r.mails = append(r.mails, m)
	return answer
}

// died notes that the client was killed. It waits until what came of it is kept.
func (r *recorder) died() {
	r.sessions.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.mails); n > 0 {
		r.mails[n-1].killed = true
	}
}

// taken is what was kept, in order.
func (r *recorder) taken() []taken {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.mails)
}

func readMessage(in *bufio.Reader) ([]byte, bool) {
	var body bytes.Buffer
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return nil, false
		}
		if bytes.Equal(line, []byte(".\r\n")) {
			return body.Bytes(), true
		}
		body.Write(bytes.TrimPrefix(line, []byte(".")))
	}
}
