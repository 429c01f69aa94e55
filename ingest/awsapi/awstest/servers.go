package awstest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Key and Secret are the credentials that the real servers take.
const (
	Key    = "AKIAIOSFODNN7EXAMPLE"
	Secret = "wJalrXUtnFEMIK7MDENG"
)

// Moto starts a moto server (SQS, SNS, EventBridge, STS and S3 with notifications)
// and returns its address. Where tools/aws.sh installed none it skips the test.
func Moto(t testing.TB) string {
	return start(t, "aws/bin/moto_server", "/moto-api/data.json", func(port string) []string { return []string{"-H", "127.0.0.1", "-p", port} })
}

// Versity starts a versitygw server (S3 alone, at speed, with signatures checked)
// of a region over an empty folder, and returns its address, or skips the test.
func Versity(t testing.TB, region string) string {
	dir := t.TempDir()
	for _, d := range []string{"data", "sidecar"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return start(t, "bin/versitygw", "/health", func(port string) []string {
		return []string{
			"--port", "127.0.0.1:" + port, "--access", Key, "--secret", Secret, "--region", region, "--quiet", "--health", "/health",
			"posix", "--sidecar", filepath.Join(dir, "sidecar"), filepath.Join(dir, "data"),
		}
	})
}

// start starts a server of .cache and waits until it answers.
func start(t testing.TB, name, health string, arguments func(port string) []string) string {
	t.Helper()
	path, err := installed(name)
	if err != nil {
		t.Skip(err)
	}
	port, err := freePort(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	cmd := exec.Command(path, arguments(port)...)
	cmd.Stdout, cmd.Stderr = &log, &log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // it never outlives the test
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", name, err)
	}
	t.Cleanup(func() {
		if err := errors.Join(cmd.Process.Kill(), quiet(cmd.Wait())); err != nil {
			t.Errorf("stop %s: %v", name, err)
		}
		if t.Failed() {
			t.Logf("%s said last:\n%s", name, log.Bytes()[max(0, log.Len()-4000):])
		}
	})
	address := "http://127.0.0.1:" + port
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		answer, err := http.Get(address + health)
		if err == nil {
			if err := answer.Body.Close(); err != nil {
				t.Fatal(err)
			}
			return address
		}
		if time.Now().After(end) {
			t.Fatalf("%s does not answer: %v\n%s", name, err, log.String())
		}
	}
}

// quiet leaves out that a process was killed.
func quiet(err error) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return nil
	}
	return err
}

// installed finds a program of .cache beside the go.mod above the working
// directory.
func installed(name string) (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			path := filepath.Join(dir, ".cache", name)
			if _, err := os.Stat(path); err == nil {
				return path, nil
			}
			break
		}
	}
	return "", fmt.Errorf("no %s here: run tools/aws.sh install (needs Python, Go and the network)", filepath.Base(name))
}

func freePort(ctx context.Context) (string, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a port: %w", err)
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, errors.Join(err, l.Close())
}

// Proxy stands before real servers, one of the queues and one of the buckets, and
// does to calls what fault says; it is called by one goroutine at a time. It
// returns its address.
func Proxy(t testing.TB, queues, buckets string, fault func(operation string) *Fault) string {
	p := &proxy{fault: fault}
	for _, s := range []struct {
		address string
		into    **httputil.ReverseProxy
	}{{queues, &p.queues}, {buckets, &p.buckets}} {
		u, err := url.Parse(s.address)
		if err != nil {
			t.Fatal(err)
		}
		*s.into = &httputil.ReverseProxy{
			Rewrite:        func(pr *httputil.ProxyRequest) { pr.SetURL(u); pr.Out.Host = pr.In.Host }, // the host is signed
			ModifyResponse: cut,
			ErrorHandler:   func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }, // its caller was killed
		}
	}
	s := httptest.NewServer(p)
	t.Cleanup(s.Close)
	return s.URL
}

type proxy struct {
	queues, buckets *httputil.ReverseProxy
	mu              sync.Mutex
	fault           func(operation string) *Fault
}

type cutKey struct{}

// cut lets half of an answer through: its length is announced before.
func cut(r *http.Response) error {
	if r.Request.Context().Value(cutKey{}) != nil && r.ContentLength > 1 {
		r.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(r.Body, r.ContentLength/2), r.Body}
	}
	return nil
}

// ServeHTTP implements http.Handler.
func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	to, operation := p.buckets, r.Method
	if target, ok := strings.CutPrefix(r.Header.Get("X-Amz-Target"), "AmazonSQS."); ok {
		to, operation = p.queues, target
	} else if r.Method == http.MethodGet && r.URL.Query().Get("list-type") == "" {
		operation = "GetObject"
	}
	p.mu.Lock()
	f := p.fault(operation)
	p.mu.Unlock()
	switch {
	case f == nil:
		to.ServeHTTP(w, r)
	case f.Cut:
		to.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), cutKey{}, true)))
	case operation == "GetObject":
		w.WriteHeader(f.Status)
		fmt.Fprintf(w, "<Error><Code>%s</Code><Message>injected</Message></Error>", f.Code)
	default:
		fail(w, f.Status, f.Code, "injected")
	}
}
