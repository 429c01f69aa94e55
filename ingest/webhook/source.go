package webhook

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"

	"tocsin/ingest"
)

// Options say where a webhook listens, and what it believes.
type Options struct {
	Name   string // of the source
	Listen string // loopback address and port, see ParseListen
	// SecretFile holds the secret, on one line. It is read for each request, so that
	// it can be changed.
	SecretFile string
	Header     string       // that carries the secret; "" is DefaultHeader
	MaxBody    int64        // bytes; 0 is 8 MB
	Log        *slog.Logger // nil: nothing is logged
}

// DefaultHeader carries the secret when nothing else is said.
const DefaultHeader = "X-Tocsin-Secret"

// Bounds of what is under way. A request beyond them is answered with 503. In
// memory are at most three times maxWaiting bodies: those that are read, that wait,
// and that are stored, also when nobody waits for their answer any more.
const (
	maxWaiting   = 16
	batchBytes   = 16 << 20
	answerTime   = 25 * time.Second // how long a request waits to be stored
	retryAfter   = "30"             // seconds
	gatherOthers = 50 * time.Millisecond
)

// ParseListen reads the address of a webhook, such as 127.0.0.1:8686. Anything but
// a loopback address is an error.
func ParseListen(s string) (string, error) {
	host, port, err := net.SplitHostPort(s)
	if err != nil || port == "" {
		return "", fmt.Errorf("%q is no address and port, such as 127.0.0.1:8686", s)
	}
	if host == "localhost" {
		return s, nil
	}
	if ip, err := netip.ParseAddr(host); err != nil || !ip.IsLoopback() {
		return "", fmt.Errorf("%q is no loopback address: what listens to others, with TLS, belongs in front of it", host)
	}
	return s, nil
}

// source is the ingest.Source of a webhook.
type source struct {
	o        Options
	server   *http.Server
	listener net.Listener // the last one
	ended    chan error   // why it listens no more
	down     error        // the same, until it listens again; of the goroutine that asks
	waiting  chan *request
	slots    chan struct{} // of requests that are answered
	closed   chan struct{}
}

// A request waits for what becomes of its body.
type request struct {
	object ingest.Object
	body   []byte
	done   chan int // the status to answer with; never blocks
}

// Try reports what keeps a webhook from working: a secret that cannot be read, or
// an address that cannot be listened at, for a moment. One that is in use, as by an
// agent that runs, is a syscall.EADDRINUSE.
func Try(ctx context.Context, o Options) error {
	if _, err := o.secret(); err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", o.Listen)
	if err != nil {
		return fmt.Errorf("webhook: %w", err)
	}
	return listener.Close()
}

// New listens and returns the source. What it answers is up to whoever asks it: as
// long as nobody does, requests are answered with 503.
func New(ctx context.Context, o Options) (ingest.Source, error) {
	listen, err := ParseListen(o.Listen)
	if err != nil {
		return nil, fmt.Errorf("webhook: %w", err)
	}
	if o.Header == "" {
		o.Header = DefaultHeader
	}
	if o.MaxBody == 0 {
		o.MaxBody = 8 << 20
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &source{
		o: o, ended: make(chan error, 1), waiting: make(chan *request, maxWaiting), slots: make(chan struct{}, maxWaiting), closed: make(chan struct{}),
	}
	s.server = &http.Server{
		Handler: s, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: time.Minute,
		IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10, ErrorLog: slog.NewLogLogger(o.Log.Handler(), slog.LevelDebug),
	}
	if err := s.listen(ctx, listen); err != nil {
		return nil, err
	}
	return s, nil
}

// listen begins to listen at an address.
func (s *source) listen(ctx context.Context, address string) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("webhook: %w", err)
	}
	s.listener = listener
	s.o.Log.Info("webhook listens", "source", s.o.Name, "address", listener.Addr().String())
	go func() {
		if err := s.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			s.ended <- fmt.Errorf("webhook: it listens no more at %s: %w", listener.Addr(), err)
		}
	}()
	return nil
}

// hears reports whether it listens. Why it listens no more is returned once before it
// listens again, so that whoever asks knows that something was missed.
func (s *source) hears(ctx context.Context) error {
	select {
	case s.down = <-s.ended:
		return s.down
	default:
	}
	if s.down == nil {
		return nil
	}
	if err := s.listen(ctx, s.listener.Addr().String()); err != nil {
		return errors.Join(s.down, err)
	}
	s.down = nil
	return nil
}

// Receive implements ingest.Source: what is posted now, and until the Ask's wait is
// over. An error says that it listens no more; what was posted before is handed out
// all the same.
func (s *source) Receive(ctx context.Context, ask ingest.Ask) (ingest.Batch, error) {
	down := s.hears(ctx)
	if down != nil {
		ask.Wait = 0
	}
	var got []*request
	size, wait := 0, ask.Wait
	for len(got) < maxWaiting && size < batchBytes {
		r := s.next(ctx, wait)
		if r == nil {
			break
		}
		got, size = append(got, r), size+len(r.body)
		wait = min(ask.Wait, gatherOthers) // those that come with it
	}
	batch := ingest.Batch{More: len(s.waiting) > 0}
	for _, r := range got {
		r.object.Modified = ask.Now
		batch.Objects = append(batch.Objects, r.object)
	}
	batch.Settle = func(_ context.Context, o ingest.Outcome) error {
		for _, r := range got {
			status := http.StatusServiceUnavailable
			if o.Committed {
				status = http.StatusOK // also what was set aside, with its bytes: sent again it would be no better
			}
			r.done <- status
		}
		return nil
	}
	return batch, down
}

// next waits for a request; nil: there is none, or none can come any more.
func (s *source) next(ctx context.Context, wait time.Duration) *request {
	select {
	case r := <-s.waiting:
		return r
	default:
	}
	if wait <= 0 {
		return nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case r := <-s.waiting:
		return r
	case err := <-s.ended:
		s.ended <- err // for the next call
	case <-timer.C:
	case <-ctx.Done():
	}
	return nil
}

// Close implements ingest.Source. Requests that wait are answered with 503.
func (s *source) Close() error {
	close(s.closed)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := s.server.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("webhook: %w", err), s.server.Close())
	}
	return nil
}
