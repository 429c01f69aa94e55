package main

import (
	"bufio"
	"bytes"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
)

// A recorder is an SMTP server that keeps what it accepted. It loses the answer
// to some of the messages that it has taken.
type recorder struct {
	listener net.Listener
	mu       sync.Mutex
	mails    [][]byte
	lost     int     // answers that were never sent
	lose     float64 // share of answers to lose
	random   *rand.Rand
}

func newRecorder(t *testing.T, lose float64) *recorder {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{listener: l, lose: lose, random: rand.New(rand.NewPCG(1, 2))}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go r.serve(c)
		}
	}()
	return r
}

func (r *recorder) address() string { return r.listener.Addr().String() }

// serve is one session. A client that is killed in the middle of a message has
// sent nothing.
func (r *recorder) serve(c net.Conn) {
	defer c.Close()
	in := bufio.NewReader(c)
	say := func(line string) { c.Write([]byte(line + "\r\n")) }
	say("220 recorder.test ESMTP")
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		switch verb, _, _ := strings.Cut(strings.ToUpper(strings.TrimSpace(line)), " "); verb {
		case "EHLO", "HELO":
			say("250-recorder.test")
			say("250 8BITMIME")
		case "DATA":
			say("354 go on")
			body, ok := readMessage(in)
			if !ok {
				return
			}
			if !r.take(body) {
				return
			}
			say("250 2.0.0 taken")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 2.0.0 ok")
		}
	}
}

// take keeps a message and reports whether its answer is to be sent.
func (r *recorder) take(body []byte) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mails = append(r.mails, body)
	if r.random.Float64() < r.lose {
		r.lost++
		return false
	}
	return true
}

func (r *recorder) taken() ([][]byte, int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([][]byte{}, r.mails...), r.lost
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
