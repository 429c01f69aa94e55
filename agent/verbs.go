package agent

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// This file answers verbs of other processes on the socket of the data directory:
// HTTP/1.1, one request a connection. POST /v1/verb has a Call as the first line of
// its body, and behind it standard input, once a frame of the answer asked for it.
// The answer is frames as NDJSON; an empty one says each second that it goes on.
// POST /v1/cancel ends a verb by its id, as Ctrl-C does; a connection that breaks
// does so too.

const (
	verbPath   = "/v1/verb"
	cancelPath = "/v1/cancel"

	socketHost    = "tocsin"
	versionHeader = "Tocsin-Version"
	frames        = "application/x-ndjson"

	// SpoolFolder is in the data directory: what waits there is of verbs under way, in
	// files without names. It is emptied when an agent starts.
	SpoolFolder = "answers"

	// maxBody bounds a body that is no standard input.
	maxBody = 1 << 20
	// maxVerbs bounds the verbs that run at once.
	maxVerbs = 32
	// beatEvery is how often an answer says that it goes on.
	beatEvery = time.Second
	// callTime is how long a call may take to come.
	callTime = 10 * time.Second
)

// A Call is a command line of another process, and what the verb has to know of where
// it was given.
type Call struct {
	ID     string            `json:"id"` // chosen by the client, to cancel it
	Args   []string          `json:"args"`
	Dir    string            `json:"dir"`    // the working directory
	Config string            `json:"config"` // the whole path of the configuration that the client would read; "": none
	Env    map[string]string `json:"env"`
	User   string            `json:"user"`
	Width  int               `json:"width"` // of the terminal
	// Of the client, what is a terminal.
	Terminal    bool `json:"terminal"`
	ErrTerminal bool `json:"errTerminal"`
	// Places are the files and folders that the command line names, as far as they are
	// there for the client.
	Places []Place `json:"places"`
}

// A Place is a file or folder as the client sees it: the nearest one that exists on
// the way to a path. Device and Inode tell whether the agent sees the same.
type Place struct {
	Path   string `json:"path"`
	Device uint64 `json:"device"`
	Inode  uint64 `json:"inode"`
}

// Streams are those of a call.
type Streams struct {
	In       io.Reader // what the client has on its standard input; asked for when it is read
	Out, Err io.Writer
}

// Verbs are what a Socket answers.
type Verbs struct {
	Dir     string   // the data directory, whose lock the caller holds
	Short   []string // folders for the socket, when its path in Dir is too long
	Version string   // of the program; another one is refused
	// Answer runs a verb and returns its exit status. It is called by several
	// goroutines; ctx ends when the client goes away or asks for it.
	Answer func(ctx context.Context, c Call, s Streams) int
	Log    *slog.Logger
	// Spool bounds what answers that are not read take of the disk; 0: 1 GB.
	Spool int64
}

// ErrGone is why a verb is cancelled whose client is not there any more.
var ErrGone = errors.New("who asked has gone away")

// Serve answers until ctx ends, and returns when every verb has ended. A socket that
// cannot be made is tried again: the agent has more to do than to be asked.
func (v *Verbs) Serve(ctx context.Context) {
	s := &verbServer{Verbs: v, ctx: ctx, spools: filepath.Join(v.Dir, SpoolFolder), running: map[string]context.CancelCauseFunc{}, slots: make(chan struct{}, maxVerbs)}
	for said := ""; ctx.Err() == nil; sleep(ctx, pollEvery, nil) {
		if err := s.serve(ctx); err != nil && ctx.Err() == nil && said != err.Error() {
			said = err.Error()
			v.Log.Error("socket: verbs beside this agent are not answered", "error", err)
		}
	}
	s.work.Wait()
}

type verbServer struct {
	*Verbs
	ctx    context.Context // of the agent
	spools string
	disk   atomic.Int64
	slots  chan struct{}
	work   sync.WaitGroup

	mu      sync.Mutex
	running map[string]context.CancelCauseFunc
}

func (s *verbServer) serve(ctx context.Context) error {
	if err := errors.Join(os.RemoveAll(s.spools), os.Mkdir(s.spools, 0o700)); err != nil { // of an agent that was killed
		return err
	}
	l, err := listenSocket(s.Dir, s.Short)
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler: s, ReadHeaderTimeout: callTime, MaxHeaderBytes: maxHead,
		ErrorLog:    slog.NewLogLogger(s.Log.Handler(), slog.LevelDebug),
		ConnContext: func(ctx context.Context, c net.Conn) context.Context { return context.WithValue(ctx, askerKey{}, c) },
	}
	server.SetKeepAlivesEnabled(false)
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	select {
	case err := <-ended:
		return errors.Join(err, server.Close())
	case <-ctx.Done():
	}
	inTime, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
	defer cancel()
	return errors.Join(server.Shutdown(inTime), server.Close())
}

type askerKey struct{}

// ServeHTTP implements http.Handler.
func (s *verbServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set(versionHeader, s.Version)
	if status, why := s.refusal(r); status != 0 {
		refuse(w, status, why)
		return
	}
	if r.URL.Path == cancelPath {
		s.cancel(w, r)
		return
	}
	s.verb(w, r)
}

// refusal says why a request is not looked at (G41, G42); 0: it is.
func (s *verbServer) refusal(r *http.Request) (status int, why string) {
	a, ok := r.Context().Value(askerKey{}).(*asker)
	if !ok || !mayAsk(a.uid) {
		return http.StatusForbidden, "the agent answers the user it runs as, and root"
	}
	if status, why := foreign(r, func(host string) bool { return host == socketHost }, http.StatusBadRequest); status != 0 {
		return status, why
	}
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	switch {
	case a.both.Load():
		return http.StatusBadRequest, "the request says its length in two ways"
	case r.URL.Path != verbPath && r.URL.Path != cancelPath:
		return http.StatusNotFound, "there is no " + r.URL.Path
	case r.Method != http.MethodPost:
		return http.StatusMethodNotAllowed, "only POST"
	case strings.TrimSpace(kind) != frames:
		return http.StatusUnsupportedMediaType, "the body is " + frames
	case r.Header.Get(versionHeader) != s.Version:
		return http.StatusConflict, "this agent is tocsin " + s.Version
	}
	return 0, ""
}

// foreign refuses what a page in a browser could have sent, and what is too large.
func foreign(r *http.Request, ours func(host string) bool, status int) (int, string) {
	switch {
	case len(r.Header.Values("Origin")) > 0 || !ours(r.Host):
		return status, "only for this machine"
	case r.ContentLength > maxBody:
		return http.StatusRequestEntityTooLarge, "a body has at most 1 MB"
	}
	return 0, ""
}

// A refusedCall is the body of an answer that is none.
type refusedCall struct {
	Error string `json:"error"`
}

func refuse(w http.ResponseWriter, status int, why string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(refusedCall{why}) // who does not read it knows the status
}

// cancel is POST /v1/cancel.
func (s *verbServer) cancel(w http.ResponseWriter, r *http.Request) {
	var c Call
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&c); err != nil {
		refuse(w, http.StatusBadRequest, "no call: "+err.Error())
		return
	}
	s.mu.Lock()
	end := s.running[c.ID]
	s.mu.Unlock()
	if end == nil {
		refuse(w, http.StatusNotFound, "no such verb runs")
		return
	}
	end(context.Canceled)
	w.WriteHeader(http.StatusNoContent)
}

// verb is POST /v1/verb.
func (s *verbServer) verb(w http.ResponseWriter, r *http.Request) {
	rc := http.NewResponseController(w)
	if err := errors.Join(rc.EnableFullDuplex(), rc.SetReadDeadline(time.Now().Add(callTime))); err != nil {
		refuse(w, http.StatusInternalServerError, err.Error())
		return
	}
	body := bufio.NewReaderSize(r.Body, 64<<10)
	c, status, err := readCall(body)
	if err != nil {
		refuse(w, status, err.Error())
		return
	}
	select {
	case s.slots <- struct{}{}:
	default:
		refuse(w, http.StatusServiceUnavailable, fmt.Sprintf("the agent answers %d verbs already: do it again when one has ended", maxVerbs))
		return
	}
	s.work.Add(1)
	defer s.work.Done()
	w.Header().Set("Content-Type", frames)
	w.WriteHeader(http.StatusOK)
	if err := errors.Join(rc.SetReadDeadline(time.Time{}), rc.Flush()); err != nil {
		<-s.slots
		return
	}
	out := newSpool(s.spools, cmp.Or(s.Spool, spoolDisk), &s.disk)
	ctx, end := context.WithCancelCause(s.ctx)
	defer end(nil)
	s.note(c.ID, end)
	defer s.note(c.ID, nil)
	in, from := io.Pipe()
	defer context.AfterFunc(ctx, func() { from.CloseWithError(context.Canceled) })() // a verb may wait for its input
	var both sync.WaitGroup
	both.Go(func() {
		_, err := io.Copy(from, body)
		if err != nil && !errors.Is(err, io.ErrClosedPipe) { // the verb has not ended
			end(ErrGone)
		}
		from.CloseWithError(err) // nil is its end
	})
	both.Go(func() {
		code := s.answer(ctx, c, Streams{In: &wanted{spool: out, from: in}, Out: out.stdout(), Err: out.stderr()})
		<-s.slots // who reads slowly keeps nobody from asking
		in.CloseWithError(io.ErrClosedPipe)
		if err := out.put(frame{Exit: &code}); err != nil {
			s.Log.Warn("socket", "error", err)
		}
	})
	stuck := context.AfterFunc(s.ctx, func() { _ = rc.SetWriteDeadline(time.Now().Add(shutdownTime)) }) // without it the server closes it
	defer stuck()
	if err := handOn(w, rc, out); err != nil {
		end(ErrGone)
	}
	err = errors.Join(out.abandon(ErrGone), rc.SetReadDeadline(time.Now().Add(beatEvery)))
	if err != nil {
		s.Log.Debug("socket", "error", err)
	}
	both.Wait()
}

// handOn writes an answer as it comes.
func handOn(w io.Writer, rc *http.ResponseController, out *spool) error {
	for {
		piece, more, err := out.next(beatEvery)
		if err != nil {
			return err
		}
		if len(piece) == 0 && more {
			piece = []byte("{}\n")
		}
		if _, err := w.Write(piece); err != nil {
			return err
		}
		if err := rc.Flush(); err != nil || !more {
			return err
		}
	}
}

// answer runs the verb. A mistake of ours in it must not end the agent.
func (s *verbServer) answer(ctx context.Context, c Call, io Streams) (code int) {
	defer func() {
		if p := recover(); p != nil {
			s.Log.Error("a verb broke", "error", fmt.Sprint(p), "stack", string(debug.Stack()))
			fmt.Fprintln(io.Err, "tocsin: a mistake in the program ended this; the log of the agent has it")
			code = brokeStatus
		}
	}()
	code = s.Answer(ctx, c, io)
	if code != 0 && s.ctx.Err() != nil {
		fmt.Fprintln(io.Err, "tocsin: the agent that did this was told to end; what was stored is whole, do it again")
	}
	return code
}

// brokeStatus is the exit status of a verb that could not be done.
const brokeStatus = 3

// note notes how a running verb is cancelled; nil: it has ended.
func (s *verbServer) note(id string, end context.CancelCauseFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if end == nil {
		delete(s.running, id)
		return
	}
	s.running[id] = end
}

// readCall reads the first line of a body.
func readCall(body *bufio.Reader) (c Call, status int, err error) {
	var line []byte
	for {
		part, err := body.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case len(line) > maxBody:
			return c, http.StatusRequestEntityTooLarge, errors.New("a command line has at most 1 MB")
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err != nil:
			return c, http.StatusBadRequest, fmt.Errorf("no call: %w", err)
		}
		break
	}
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&c); err != nil {
		return c, http.StatusBadRequest, fmt.Errorf("no call: %w", err)
	}
	if c.ID == "" {
		return c, http.StatusBadRequest, errors.New("no call: it has no id")
	}
	return c, 0, nil
}

// wanted asks for standard input when it is first read, so that a verb that does not
// read it takes nothing of what stands there.
type wanted struct {
	spool *spool
	from  io.Reader
	once  sync.Once
}

func (w *wanted) Read(p []byte) (int, error) {
	var err error
	w.once.Do(func() { err = w.spool.put(frame{In: true}) })
	if err != nil {
		return 0, err
	}
	return w.from.Read(p)
}
