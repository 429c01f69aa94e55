// Package trinotest starts a real Trino server for tests, with tables in
// memory, and fills them.
package trinotest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// ErrMissing says that there is no Trino on this machine.
var ErrMissing = errors.New("no Trino here: run tools/trino.sh install (needs Maven, the network, and Java 22 or pip)")

// A Server is a Trino server of our own, on a loopback port, with the catalog
// `memory` and nothing else. Stop it.
type Server struct {
	port int
	dir  string // its working directory, for what it writes
	cmd  *exec.Cmd
	log  *bytes.Buffer
	done chan struct{} // closed when it has ended, as end says
	end  error
}

// Start starts a server and waits until it answers. Without an installation
// (tools/trino.sh) the error is ErrMissing. TOCSIN_TRINO_PORT names a server on
// this machine that runs already, for who works on tests.
func Start(ctx context.Context) (*Server, error) {
	if port, err := strconv.Atoi(os.Getenv("TOCSIN_TRINO_PORT")); err == nil {
		return &Server{port: port}, nil
	}
	home, err := find()
	if err != nil {
		return nil, err
	}
	java, err := os.ReadFile(filepath.Join(home, "java"))
	if err != nil {
		return nil, ErrMissing
	}
	s := &Server{log: &bytes.Buffer{}, done: make(chan struct{})}
	if s.port, err = freePort(ctx); err != nil {
		return nil, err
	}
	if s.dir, err = os.MkdirTemp("", "trino"); err != nil {
		return nil, err
	}
	s.cmd = exec.Command(string(bytes.TrimSpace(java)), arguments(home, s.port)...)
	s.cmd.Dir, s.cmd.Stdout, s.cmd.Stderr = s.dir, s.log, s.log
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // it never outlives the test
	if err := s.cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start Trino: %w", err), os.RemoveAll(s.dir))
	}
	go func() {
		s.end = s.cmd.Wait()
		close(s.done)
	}()
	if err := s.ready(ctx); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// find returns the folder that tools/trino.sh installed into: .cache/trino
// beside the go.mod above the working directory.
func find() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			home := filepath.Join(dir, ".cache", "trino")
			if _, err := os.Stat(filepath.Join(home, "lib")); err != nil {
				return "", ErrMissing
			}
			return home, nil
		}
	}
	return "", ErrMissing
}

func freePort(ctx context.Context) (int, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a port for Trino: %w", err)
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

// arguments start the server without any configuration file, on the loopback
// address only.
func arguments(home string, port int) []string {
	uri := fmt.Sprintf("http://127.0.0.1:%d", port)
	return []string{
		"-cp", filepath.Join(home, "lib", "*"), "-Xmx1G", "-XX:TieredStopAtLevel=1",
		"-XX:+AutoCreateSharedArchive", "-XX:SharedArchiveFile=" + filepath.Join(home, "trino.jsa"),
		"-Djdk.attach.allowAttachSelf=true", "--add-modules=jdk.incubator.vector",
		"-Dnode.environment=test", "-Dnode.bind-ip=127.0.0.1", "-Dnode.internal-address=127.0.0.1",
		"-Dcoordinator=true", "-Dnode-scheduler.include-coordinator=true", "-Dweb-ui.enabled=false",
		fmt.Sprintf("-Dhttp-server.http.port=%d", port), "-Ddiscovery.uri=" + uri, "-Dhttp-server.log.enabled=false",
		"-Dcatalog.management=dynamic", "-Dcatalog.store=memory", "-Dplugin.dir=" + filepath.Join(home, "plugin"),
		"-Dquery.max-memory=300MB", "-Dquery.max-memory-per-node=300MB", "-Dmemory.heap-headroom-per-node=200MB",
		"io.trino.server.TrinoServer",
	}
}

// Address is the address of the server for trino.Open, with the schema
// memory.default.
func (s *Server) Address() string {
	return fmt.Sprintf("http://test@127.0.0.1:%d?catalog=memory&schema=default&timezone=UTC", s.port)
}

// startTime is how long a start may take; the first one, which builds the
// archive of classes, takes up to 40 s on two shared cores.
const startTime = 3 * time.Minute

// ready waits until the server has started and makes the catalog.
func (s *Server) ready(ctx context.Context) error {
	ctx, stop := context.WithTimeout(ctx, startTime)
	defer stop()
	for {
		if started, err := s.started(ctx); err == nil && started {
			return s.catalog(ctx)
		}
		select {
		case <-s.done:
			return fmt.Errorf("start Trino: it ended: %w\n%s", s.end, tail(s.log.String()))
		case <-ctx.Done():
			return fmt.Errorf("start Trino: %w", ctx.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (s *Server) started(ctx context.Context) (ok bool, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d/v1/info", s.port), nil)
	if err != nil {
		return false, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	info := struct{ Starting bool }{Starting: true}
	err = json.NewDecoder(resp.Body).Decode(&info)
	return !info.Starting, err
}

// Stop ends the server and removes what it wrote. A clean end also writes the
// archive of classes that makes the next start fast.
func (s *Server) Stop() error {
	if s.cmd == nil {
		return nil
	}
	err := s.cmd.Process.Signal(syscall.SIGTERM)
	if errors.Is(err, os.ErrProcessDone) {
		err = nil
	}
	select {
	case <-s.done:
	case <-time.After(30 * time.Second):
		err = errors.Join(err, s.cmd.Process.Kill())
		<-s.done
	}
	return errors.Join(err, os.RemoveAll(s.dir))
}

func tail(s string) string { return s[max(0, len(s)-4096):] }
