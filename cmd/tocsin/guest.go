package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"tocsin/agent"
	"tocsin/diag"
	"tocsin/store"
)

// This file is the side of the agent: verbs of other processes are done over its open
// store, with the files that it goes by.

// A host is an agent that does verbs for others.
type host struct {
	mu      sync.RWMutex // held to write while the agent is made anew
	project *project
	filling chan struct{} // full while gaps are filled or dropped
	woken   chan struct{} // gets a value after each verb
	agent   atomic.Pointer[agent.Agent]

	reads struct {
		mu    sync.Mutex
		stamp string        // of the files that the agent goes by
		next  chan struct{} // closed when it is another
	}
}

func newHost(p *project) *host {
	h := &host{project: p, filling: make(chan struct{}, 1), woken: make(chan struct{}, 1)}
	h.reads.next = make(chan struct{})
	h.wasRead(p.read)
	return h
}

// serve answers until ctx ends; the function that it returns waits for the verbs, but
// not for ever: one may hang in the engine.
func (h *host) serve(ctx context.Context) func() {
	e := h.project.env
	v := &agent.Verbs{Dir: h.project.store.Dir(), Short: shortFolders(e.getenv), Version: version, Answer: h.answer, Log: e.logger()}
	served := make(chan struct{})
	go func() {
		defer close(served)
		v.Serve(ctx)
	}()
	return func() {
		select {
		case <-served:
		case <-time.After(closeTime):
			e.logger().Warn("socket: a verb did not end", "after", closeTime)
		}
	}
}

// shortFolders are where a socket lies whose path in the data directory is too long.
func shortFolders(getenv func(string) string) []string {
	folders := strings.Split(getenv("RUNTIME_DIRECTORY"), ":") // of systemd
	folders = append(folders, getenv("XDG_RUNTIME_DIR"), os.TempDir())
	var list []string
	for _, f := range folders {
		if filepath.IsAbs(f) {
			list = append(list, f)
		}
	}
	return list
}

// answer is agent.Verbs.Answer.
func (h *host) answer(ctx context.Context, c agent.Call, s agent.Streams) int {
	e := &env{
		stdin: s.In, stdout: s.Out, stderr: s.Err, now: h.project.env.now,
		getenv:   func(name string) string { return c.Env[name] },
		terminal: c.Terminal, errTerminal: c.ErrTerminal, width: c.Width,
		host: h, asked: &c,
	}
	code := run(ctx, e, c.Args)
	select {
	case h.woken <- struct{}{}: // it may have changed what is to be told
	default:
	}
	return code
}

// prepare makes sure, before a verb, that the agent sees what the user sees: the files
// of its own that changed, and what the command line names. It says when the agent
// goes by another configuration than the user's.
func (h *host) prepare(ctx context.Context, e *env) error {
	h.fresh(ctx)
	for _, place := range e.asked.Places {
		info, err := os.Stat(place.Path)
		if err == nil && identify(place.Path, info) == place {
			continue
		}
		if err == nil {
			err = errors.New("there is another file by that name")
		}
		return fmt.Errorf("the agent (pid %d) does not see %s as you do: %w; name a place that it sees too, or hand a file over: tocsin load - < FILE", os.Getpid(), diag.Line(place.Path), err)
	}
	h.mu.RLock()
	path := h.project.config.path
	h.mu.RUnlock()
	if e.asked.Config == "" || sameFile(path, e.asked.Config) {
		return nil
	}
	by := "goes by no tocsin.yaml"
	if whole, err := filepath.Abs(path); path != "" && err == nil {
		by = "goes by " + whole
	}
	return note(e, "tocsin: note: the agent (pid %d) that does this %s; %s is not read", os.Getpid(), diag.Line(by), diag.Line(e.asked.Config))
}

func sameFile(a, b string) bool {
	x, err := os.Stat(a)
	if errors.Is(err, fs.ErrNotExist) { // it is read again when it is there again
		whole, err := filepath.Abs(a)
		return err == nil && whole == b
	}
	y, other := os.Stat(b)
	return err == nil && other == nil && os.SameFile(x, y)
}

// freshTime bounds how long a verb waits until the agent has read files that changed.
const freshTime = 10 * time.Second

// fresh waits until the agent goes by the files as they are now. One that cannot be
// read was read all the same, and what was good of it before is used.
func (h *host) fresh(ctx context.Context) {
	end := time.NewTimer(freshTime)
	defer end.Stop()
	for {
		h.reads.mu.Lock()
		read, next := h.reads.stamp, h.reads.next
		h.reads.mu.Unlock()
		h.mu.RLock()
		now := h.project.stamp()
		h.mu.RUnlock()
		if read == now {
			return
		}
		select {
		case <-next:
		case <-end.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

// wasRead notes which files the agent goes by; without a host nobody asks.
func (h *host) wasRead(stamp string) {
	if h == nil {
		return
	}
	h.reads.mu.Lock()
	defer h.reads.mu.Unlock()
	h.reads.stamp = stamp
	close(h.reads.next)
	h.reads.next = make(chan struct{})
}

// renew makes the agent's project that of other files, while no verb looks at it.
func (h *host) renew(ctx context.Context, next *project) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	defer func() { h.wasRead(h.project.read) }()
	return h.project.renew(ctx, next)
}

// open is the project of a verb: the store, the files and the machinery of the agent,
// and the outside of who asked.
func (h *host) open(e *env, o *options) *project {
	h.mu.RLock()
	defer h.mu.RUnlock()
	a := h.project
	p := &project{
		env: e, now: e.now().Truncate(time.Microsecond), dir: o.data, home: filepath.Dir(a.store.Dir()), seen: a.seen,
		archive: a.archive, userFiles: a.userFiles, store: a.store, engine: a.engine, notifier: a.notifier,
	}
	now := a.running()
	p.config, p.schema, p.rules, p.templates, p.problems = now.config, now.schema, now.rules, now.templates, now.problems
	return p
}

// known makes rules known that the agent has read and not met yet, so that they see
// what is taken in now.
func (h *host) known(ctx context.Context, p *project) error {
	states, err := p.store.State.RuleStates(ctx)
	if err != nil {
		return err
	}
	for _, r := range p.rules.Rules {
		if s := states[r.ID]; s == nil || r.Enabled && s.Off != "" {
			h.mu.RLock()
			defer h.mu.RUnlock()
			_, err := h.project.engine.Known(ctx, p.rules, p.now)
			return err
		}
	}
	return nil
}

// errFilling says that gaps are filled, or dropped, for somebody else.
var errFilling = errors.New("gaps are filled or dropped by another verb just now: wait for it to end")

// alone keeps what changes gaps from others that do; without wait it is an error that
// somebody else does. In a process of its own nobody else can.
func (p *project) alone(ctx context.Context, wait bool) (release func(), err error) {
	h := p.env.host
	if h == nil {
		return func() {}, nil
	}
	select {
	case h.filling <- struct{}{}:
		return func() { <-h.filling }, nil
	default:
	}
	if !wait {
		return nil, errFilling
	}
	select {
	case h.filling <- struct{}{}:
		return func() { <-h.filling }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

const (
	maxStdin  = 8 << 30  // bytes of a standard input that are kept before it is loaded
	stdinPart = 16 << 20 // of these between two looks at the room of the disk
)

// stdinWhole is standard input. For another process all of it is taken to a file first:
// one that stops in the middle would hold a transaction, for which the agent waits. The
// reserve of the disk is left alone.
func (p *project) stdinWhole(ctx context.Context) (stdin io.Reader, done func(), err error) {
	if p.env.host == nil {
		return p.env.stdin, func() {}, nil
	}
	f, err := os.CreateTemp(filepath.Join(p.store.Dir(), agent.SpoolFolder), "stdin-")
	if err != nil {
		return nil, nil, fmt.Errorf("keep the standard input: %w", err)
	}
	done = func() { _ = f.Close() } // it has no name: nothing is left
	if err = os.Remove(f.Name()); err == nil {
		err = keepParts(f, p.env.stdin, func() error {
			room, err := p.room()
			if err != nil {
				return err
			}
			return p.config.reserve.Spares(room, stdinPart)
		})
	}
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	if err != nil {
		done()
		return nil, nil, fmt.Errorf("keep the standard input: %w", err)
	}
	return f, done, nil
}

// keepParts writes what comes to a file, part by part, while there is room for one
// more.
func keepParts(f io.Writer, from io.Reader, room func() error) error {
	for n := int64(0); n < maxStdin; n += stdinPart {
		if err := room(); err != nil {
			return fmt.Errorf("%w: make room, or save it elsewhere and load that file", err)
		}
		if _, err := io.CopyN(f, from, stdinPart); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
	if _, err := io.ReadFull(from, make([]byte, 1)); errors.Is(err, io.EOF) {
		return nil
	} else if err != nil {
		return err
	}
	return errors.New("it has more than 8 GB: save it to a file, and load that")
}

// steady keeps the agent that does the verb from being made anew, and gives the verb
// the engine and the notifier that it has now, until the function that it returns is
// called.
func (p *project) steady() func() {
	h := p.env.host
	if h == nil {
		return func() {}
	}
	h.mu.RLock()
	p.engine, p.notifier = h.project.engine, h.project.notifier
	return h.mu.RUnlock
}

// withStore opens the store of a verb that needs nothing else, and closes it.
func withStore(ctx context.Context, e *env, o *options, command string, do func(s *store.Store) error) error {
	if e.host != nil {
		return wayOut(do(e.host.project.store))
	}
	s, err := store.Open(ctx, store.Options{Dir: o.data, Command: command, Existing: true, Now: e.now(), Threads: store.LoadThreads})
	if err != nil {
		return wayOut(err)
	}
	err = do(s)
	return wayOut(errors.Join(err, s.Close(context.WithoutCancel(ctx))))
}
