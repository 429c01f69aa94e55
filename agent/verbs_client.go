package agent

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"
)

// This file is the other end of the socket: how a verb asks the agent.

// ErrNoAgent says that no agent answers for a data directory.
var ErrNoAgent = errors.New("no agent answers")

// A VersionError says that the agent is another program than who asks.
type VersionError struct {
	Dir         string
	Agent, Mine string
}

// Error says the way out.
func (e *VersionError) Error() string {
	return fmt.Sprintf("the agent that has %s is tocsin %s, and this is %s: restart the agent with this program, or ask with the one that the agent runs", e.Dir, e.Agent, e.Mine)
}

// A Client asks the agent of a data directory.
type Client struct {
	Dir     string // the data directory, its whole path
	Version string // of the program
}

const (
	// answerTime is how long an agent may be silent.
	answerTime = 30 * time.Second
	// cancelTime is how long a verb may take to end that was cancelled.
	cancelTime = 10 * time.Second
)

// Ask has the agent run a verb, and returns its exit status. s.In is read only when
// the verb wants it. When ctx ends the verb is cancelled, and what it says of that is
// waited for, for a moment. Without an agent the error is ErrNoAgent, and nothing was
// read or written.
func (c *Client) Ask(ctx context.Context, call Call, s Streams) (code int, err error) {
	path, err := findSocket(c.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, ErrNoAgent
	}
	if err != nil {
		return 0, fmt.Errorf("ask the agent: %w", err)
	}
	conn, err := c.dial(ctx, path)
	if errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, fs.ErrNotExist) { // it was killed
		return 0, ErrNoAgent
	}
	if err != nil {
		return 0, fmt.Errorf("ask the agent: %w", err)
	}
	defer func() { _ = conn.Close() }() // all that was to come has come
	line, err := json.Marshal(call)
	if err != nil {
		return 0, fmt.Errorf("ask the agent: %w", err)
	}
	asked, end := context.WithCancelCause(context.WithoutCancel(ctx))
	defer end(nil)
	a := &asking{client: c, path: path, conn: conn, call: call, streams: s}
	a.silence = time.AfterFunc(answerTime, func() { end(fmt.Errorf("the agent is silent for %s: it hangs, or the machine is busy", answerTime)) })
	defer a.silence.Stop()
	interrupted := context.AfterFunc(ctx, func() {
		a.cancel(asked)
		if sleep(asked, cancelTime, nil) {
			end(context.Cause(ctx))
		}
	})
	defer interrupted()
	code, err = a.run(asked, append(line, '\n'))
	switch {
	case err == nil:
		return code, nil
	case ctx.Err() != nil:
		return 0, ctx.Err()
	case context.Cause(asked) != nil:
		return 0, fmt.Errorf("ask the agent: %w", context.Cause(asked))
	}
	return 0, err
}

// dial connects, and makes sure by whom it is answered.
func (c *Client) dial(ctx context.Context, path string) (net.Conn, error) {
	conn, err := (&net.Dialer{Timeout: callTime}).DialContext(ctx, "unix", path)
	if err != nil {
		return nil, err
	}
	uid, err := peerOf(conn)
	if err == nil && !trusted(c.Dir, uid) {
		err = fmt.Errorf("%s is answered by another user (uid %d)", path, uid)
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

// asking is one call on its way.
type asking struct {
	client  *Client
	path    string
	conn    net.Conn
	call    Call
	streams Streams
	silence *time.Timer
}

// post sends a request over a connection.
func (c *Client) post(ctx context.Context, path string, conn net.Conn, body io.Reader) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+socketHost+path, body)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", frames)
	r.Header.Set(versionHeader, c.Version)
	t := &http.Transport{DisableKeepAlives: true, DisableCompression: true, DialContext: func(context.Context, string, string) (net.Conn, error) { return conn, nil }}
	return t.RoundTrip(r)
}

func (a *asking) run(ctx context.Context, line []byte) (int, error) {
	body, to := io.Pipe()
	defer func() { _ = to.Close() }()     // a pipe in memory
	go func() { _, _ = to.Write(line) }() // when it does not arrive there is no answer
	resp, err := a.client.post(ctx, verbPath, a.conn, body)
	if err != nil {
		return 0, fmt.Errorf("ask the agent: %w", err)
	}
	defer func() { _ = resp.Body.Close() }() // it is the connection
	if theirs := resp.Header.Get(versionHeader); theirs != a.client.Version {
		return 0, &VersionError{Dir: a.client.Dir, Agent: theirs, Mine: a.client.Version}
	}
	if resp.StatusCode != http.StatusOK {
		var why refusedCall
		if err := json.NewDecoder(io.LimitReader(resp.Body, maxBody)).Decode(&why); err != nil {
			why.Error = resp.Status
		}
		return 0, fmt.Errorf("the agent refused: %s", why.Error)
	}
	return a.read(resp.Body, to)
}

// read takes the frames of an answer.
func (a *asking) read(from io.Reader, stdin *io.PipeWriter) (int, error) {
	dec := json.NewDecoder(from)
	var input sync.Once
	for {
		var f frame
		if err := dec.Decode(&f); err != nil {
			return 0, fmt.Errorf("the agent ended before it had answered; what was stored is whole, do it again: %w", err)
		}
		a.silence.Reset(answerTime)
		for _, part := range []struct {
			to   io.Writer
			text []byte
		}{{a.streams.Out, f.Out}, {a.streams.Err, f.Err}} {
			if len(part.text) == 0 {
				continue
			}
			a.silence.Stop() // who reads us may take long
			if _, err := part.to.Write(part.text); err != nil {
				return 0, fmt.Errorf("write the output: %w", err)
			}
			a.silence.Reset(answerTime)
		}
		if f.In {
			input.Do(func() {
				go func() {
					_, err := io.Copy(stdin, a.streams.In)
					stdin.CloseWithError(err) // nil is its end
				}()
			})
		}
		if f.Exit != nil {
			return *f.Exit, nil
		}
	}
}

// cancel asks the agent to end the verb. When that cannot be said, the connection is
// closed a moment later, which says it too.
func (a *asking) cancel(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	conn, err := a.client.dial(ctx, a.path)
	if err != nil {
		return
	}
	defer func() { _ = conn.Close() }() // nothing more is said
	line, err := json.Marshal(Call{ID: a.call.ID})
	if err != nil {
		return
	}
	if resp, err := a.client.post(ctx, cancelPath, conn, bytes.NewReader(line)); err == nil {
		_ = resp.Body.Close()
	}
}
