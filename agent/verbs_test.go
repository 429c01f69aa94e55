package agent

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// answering serves a data directory until the test ends.
func answering(t *testing.T, v *Verbs) *Client {
	t.Helper()
	v.Version, v.Log = "v1", slog.New(slog.DiscardHandler)
	ctx, end := context.WithCancel(context.Background())
	served := make(chan struct{})
	go func() { defer close(served); v.Serve(ctx) }()
	t.Cleanup(func() { end(); <-served })
	for range 1000 {
		if path, err := findSocket(v.Dir); err == nil {
			if c, err := net.Dial("unix", path); err == nil {
				_ = c.Close()
				return &Client{Dir: v.Dir, Version: "v1"}
			}
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatal("nothing answers")
	return nil
}

func asked(t *testing.T, c *Client, call Call, in string) (code int, out, said string) {
	t.Helper()
	call.ID = "id"
	var o, e bytes.Buffer
	code, err := c.Ask(t.Context(), call, Streams{In: strings.NewReader(in), Out: &o, Err: &e})
	if err != nil {
		t.Fatal(err)
	}
	return code, o.String(), e.String()
}

// A verb gets the call and standard input, and its outputs and exit status come back.
func TestVerbs(t *testing.T) {
	v := &Verbs{Dir: t.TempDir(), Answer: func(_ context.Context, c Call, s Streams) int {
		switch c.Args[0] {
		case "cat":
			n, err := io.Copy(s.Out, s.In)
			fmt.Fprintln(s.Err, n, err)
		case "break":
			panic("a mistake")
		default:
			fmt.Fprint(s.Out, "out\x00\xff", c.Args, c.Dir)
			fmt.Fprint(s.Err, "err")
		}
		return 7
	}}
	c := answering(t, v)
	if code, out, said := asked(t, c, Call{Args: []string{"x", "y"}, Dir: "/d"}, ""); code != 7 || out != "out\x00\xff[x y]/d" || said != "err" {
		t.Errorf("%d %q %q", code, out, said)
	}
	in := strings.Repeat("0123456789abcdef", 300_000)
	if code, out, said := asked(t, c, Call{Args: []string{"cat"}}, in); code != 7 || out != in || said != fmt.Sprintln(len(in), error(nil)) {
		t.Errorf("%d, %d of %d bytes, %q", code, len(out), len(in), said)
	}
	if code, _, said := asked(t, c, Call{Args: []string{"break"}}, ""); code != brokeStatus || !strings.Contains(said, "a mistake in the program") {
		t.Errorf("%d %q", code, said)
	}
	untouched := &countingReader{}
	if _, err := c.Ask(t.Context(), Call{ID: "i", Args: []string{"x"}}, Streams{In: untouched, Out: io.Discard, Err: io.Discard}); err != nil || untouched.reads != 0 {
		t.Errorf("standard input was read %d times by a verb that does not want it (%v)", untouched.reads, err)
	}
	if _, err := c.Ask(t.Context(), Call{ID: "i", Args: []string{"x"}}, Streams{Out: fullDisk{}, Err: io.Discard}); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("an output that cannot be written: %v", err)
	}
}

type countingReader struct{ reads int }

func (c *countingReader) Read([]byte) (int, error) { c.reads++; return 0, io.EOF }

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

// A verb ends when who asked interrupts it, and when who asked is gone; also one that
// waits for its input.
func TestVerbsAreCancelled(t *testing.T) {
	began, causes := make(chan struct{}, 1), make(chan error, 1)
	c := answering(t, &Verbs{Dir: t.TempDir(), Answer: func(ctx context.Context, c Call, s Streams) int {
		began <- struct{}{}
		if c.Args[0] == "reads" {
			_, err := io.ReadAll(s.In)
			causes <- err
			return 3
		}
		<-ctx.Done()
		causes <- context.Cause(ctx)
		fmt.Fprint(s.Err, "interrupted")
		return 3
	}})
	for _, verb := range []string{"waits", "reads"} {
		ctx, cancel := context.WithCancel(t.Context())
		var said bytes.Buffer
		ended := make(chan int, 1)
		nothing, never := io.Pipe()
		go func() {
			code, err := c.Ask(ctx, Call{ID: verb, Args: []string{verb}}, Streams{In: nothing, Out: io.Discard, Err: &said})
			if err != nil {
				t.Error(err)
			}
			ended <- code
		}()
		<-began
		cancel()
		if err := <-causes; !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", verb, err)
		}
		if code := <-ended; code != 3 || verb == "waits" && said.String() != "interrupted" {
			t.Errorf("%s: exit status %d, %q", verb, code, said.String())
		}
		_ = never.Close()
	}
	conn := dialSocket(t, c.Dir)
	fmt.Fprint(conn, verbHead, chunk(`{"id":"gone","args":["waits"]}`+"\n"))
	<-began
	_ = conn.Close()
	if err := <-causes; !errors.Is(err, ErrGone) {
		t.Errorf("of a client that is gone: %v", err)
	}
}

const verbHead = "POST /v1/verb HTTP/1.1\r\nHost: tocsin\r\nTocsin-Version: v1\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"

func chunk(s string) string { return fmt.Sprintf("%x\r\n%s\r\n", len(s), s) }

func dialSocket(t *testing.T, dir string) net.Conn {
	t.Helper()
	path, err := findSocket(dir)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// Who reads nothing keeps no verb from ending: the answer waits, first in memory, then
// in a file without a name, and can be read later; beyond the bound the verb is told.
func TestVerbsSlowReader(t *testing.T) {
	const size = 8 << 20
	ended := make(chan error, 2)
	dir := t.TempDir()
	c := answering(t, &Verbs{Dir: dir, Spool: 24 << 20, Answer: func(_ context.Context, c Call, s Streams) int {
		line := []byte(strings.Repeat("x", 1023) + "\n")
		var err error
		for range size / len(line) * len(c.Args) {
			if _, err = s.Out.Write(line); err != nil {
				break
			}
		}
		ended <- err
		return 0
	}})
	conn := dialSocket(t, dir)
	fmt.Fprint(conn, verbHead, chunk(`{"id":"slow","args":["x"]}`+"\n"))
	if err := within(t, ended); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(filepath.Join(dir, "answers")); err != nil || len(left) > 0 {
		t.Errorf("files of answers that would outlive a crash: %v %v", left, err)
	}
	if code, out, _ := asked(t, c, Call{Args: []string{}}, ""); code != 0 || out != "" {
		t.Errorf("another verb beside it: %d %q", code, out)
	}
	within(t, ended)
	got := 0
	lines := bufio.NewReader(conn)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			t.Fatalf("after %d bytes: %v", got, err)
		}
		if line[0] != '{' { // of HTTP
			continue
		}
		var f frame
		if err := json.Unmarshal(line, &f); err != nil {
			continue // cut by a chunk
		}
		if got += len(f.Out); f.Exit != nil {
			break
		}
	}
	if got < size*9/10 {
		t.Errorf("%d bytes of %d came", got, size)
	}
	full := dialSocket(t, dir)
	fmt.Fprint(full, verbHead, chunk(`{"id":"full","args":["x","x","x","x"]}`+"\n"))
	if err := within(t, ended); !errors.Is(err, errSpoolFull) {
		t.Errorf("beyond the bound: %v", err)
	}
}

func within[T any](t *testing.T, c <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(30 * time.Second):
		t.Fatal("it did not end")
	}
	return v
}

// A whole answer goes through the file and comes back in order.
func TestSpool(t *testing.T) {
	dir := t.TempDir()
	c := answering(t, &Verbs{Dir: dir, Answer: func(_ context.Context, _ Call, s Streams) int {
		for i := range 200_000 {
			fmt.Fprintln(s.Out, i)
		}
		return 0
	}})
	pause := &slowWriter{}
	if _, err := c.Ask(t.Context(), Call{ID: "1", Args: []string{}}, Streams{Out: pause, Err: io.Discard}); err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	for i := range 200_000 {
		fmt.Fprintln(&want, i)
	}
	if !bytes.Equal(pause.b.Bytes(), want.Bytes()) {
		t.Errorf("%d bytes came, not the %d that were written", pause.b.Len(), want.Len())
	}
}

// A slowWriter takes its time with the first piece.
type slowWriter struct {
	once sync.Once
	b    bytes.Buffer
}

func (s *slowWriter) Write(p []byte) (int, error) {
	s.once.Do(func() { time.Sleep(300 * time.Millisecond) })
	return s.b.Write(p)
}

// Another version is refused by both sides, with a way out.
func TestVerbsVersion(t *testing.T) {
	dir := t.TempDir()
	answering(t, &Verbs{Dir: dir, Answer: func(context.Context, Call, Streams) int { t.Error("it was done"); return 0 }})
	_, err := (&Client{Dir: dir, Version: "v2"}).Ask(t.Context(), Call{ID: "1", Args: []string{}}, Streams{})
	var other *VersionError
	if !errors.As(err, &other) || !strings.Contains(err.Error(), "is tocsin v1, and this is v2: restart the agent") {
		t.Errorf("%v", err)
	}
}

// A socket that is left of an agent that was killed is nobody; the next agent takes
// its place. What is no socket stays, and is named.
func TestSocketLeftBehind(t *testing.T) {
	dir := t.TempDir()
	c := &Client{Dir: dir, Version: "v1"}
	ask := func() error {
		_, err := c.Ask(t.Context(), Call{ID: "1", Args: []string{}}, Streams{})
		return err
	}
	if err := ask(); !errors.Is(err, ErrNoAgent) {
		t.Errorf("without a socket: %v", err)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(dir, "socket"), Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	_ = l.Close()
	if err := ask(); !errors.Is(err, ErrNoAgent) {
		t.Errorf("with one that nobody listens at: %v", err)
	}
	next, err := listenSocket(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = next.Close()
	if err := os.WriteFile(filepath.Join(dir, "socket"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := listenSocket(dir, nil); err == nil || !strings.Contains(err.Error(), "is no socket: delete it") {
		t.Errorf("%v", err)
	}
	if err := ask(); err == nil || errors.Is(err, ErrNoAgent) {
		t.Errorf("a file by that name: %v", err)
	}
}

// A path that is too long for a socket is pointed to, by a file that is ours.
func TestSocketPointer(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("long/", 30))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	short, err := os.MkdirTemp("/tmp", "t-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(short) })
	t.Run("serves", func(t *testing.T) {
		c := answering(t, &Verbs{Dir: dir, Short: []string{"/absent", short}, Answer: func(context.Context, Call, Streams) int { return 5 }})
		if code, _, _ := asked(t, c, Call{Args: []string{}}, ""); code != 5 {
			t.Errorf("exit status %d", code)
		}
	})
	if left, err := os.ReadDir(short); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
	if _, err := listenSocket(dir, []string{"/absent"}); err == nil || !strings.Contains(err.Error(), "too long for a socket") {
		t.Errorf("%v", err)
	}
	l, err := listenSocket(dir, []string{short})
	if err != nil {
		t.Fatal(err)
	}
	pointer := filepath.Join(dir, pointerName)
	at, err := findSocket(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what string
		do   func() error
	}{
		{"writable by others", func() error { return os.Chmod(pointer, 0o666) }},
		{"a link", func() error {
			return errors.Join(os.Rename(pointer, pointer+".1"), os.Symlink(pointer+".1", pointer))
		}},
		{"to nothing like it", func() error {
			return errors.Join(os.Remove(pointer), os.WriteFile(pointer, []byte("/etc/passwd\n"), 0o600))
		}},
		{"relative", func() error { return os.WriteFile(pointer, []byte("a/socket\n"), 0o600) }},
		{"to an open folder", func() error {
			return errors.Join(os.WriteFile(pointer, []byte(at+"\n"), 0o600), os.Chmod(filepath.Dir(at), 0o777))
		}},
		{"of another user", func() error {
			if os.Geteuid() != 0 {
				return os.Chmod(pointer, 0o666) // only root can give it away
			}
			return errors.Join(os.Chmod(filepath.Dir(at), 0o700), os.Chown(pointer, 12345, 12345))
		}},
	} {
		if err := c.do(); err != nil {
			t.Fatal(err)
		}
		if path, err := findSocket(dir); err == nil {
			t.Errorf("a pointer that is %s is followed to %s", c.what, path)
		}
	}
	_ = l.Close()
}

// TestG41Socket: the socket is of mode 0600, and what another user sends is refused,
// also where the mode would let it through; a socket of another user is not asked.
func TestG41Socket(t *testing.T) {
	dir, err := os.MkdirTemp("/tmp", "t-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	c := answering(t, &Verbs{Dir: dir, Answer: func(context.Context, Call, Streams) int { return 0 }})
	path := filepath.Join(dir, "socket")
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v %v", info.Mode(), err)
	}
	if answers, err := os.Stat(filepath.Join(dir, "answers")); err != nil || answers.Mode().Perm() != 0o700 {
		t.Fatalf("%v %v", answers.Mode(), err)
	}
	for uid, want := range map[int]bool{os.Geteuid(): true, 0: true, 12345: false, -1: false} {
		if mayAsk(uid) != want {
			t.Errorf("user %d may ask: %t", uid, !want)
		}
	}
	if os.Geteuid() != 0 {
		t.Skip("only root can be another user")
	}
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("no curl to ask with")
	}
	if err := errors.Join(os.Chmod(dir, 0o755), os.Chmod(path, 0o666)); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("curl", "-sS", "--unix-socket", path, "-H", "Tocsin-Version: v1", "-H", "Content-Type: application/x-ndjson", "-d", `{"id":"1","args":[]}`, "http://tocsin/v1/verb")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "the agent answers the user it runs as") {
		t.Errorf("%v: %s", err, out)
	}
	if err := os.Chown(path, 12345, 12345); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Ask(t.Context(), Call{ID: "1"}, Streams{}); err == nil || !strings.Contains(err.Error(), "belongs to another user (uid 12345)") {
		t.Errorf("%v", err)
	}
}

// TestG42Socket: what a page in a browser could send, what is too large and what
// changes by GET is refused.
func TestG42Socket(t *testing.T) {
	dir := t.TempDir()
	answering(t, &Verbs{Dir: dir, Answer: func(context.Context, Call, Streams) int { t.Error("it was done"); return 0 }})
	const good = "Host: tocsin\r\nTocsin-Version: v1\r\nContent-Type: application/x-ndjson\r\n"
	for _, c := range []struct{ request, want string }{
		{"GET /v1/verb HTTP/1.1\r\n" + good + "\r\n", "405"},
		{"PUT /v1/verb HTTP/1.1\r\n" + good + "\r\n", "405"},
		{"POST /v1/verbs HTTP/1.1\r\n" + good + "\r\n", "404"},
		{"POST /v1/verb HTTP/1.1\r\nHost: localhost\r\nTocsin-Version: v1\r\n\r\n", "400"},
		{"POST /v1/verb HTTP/1.1\r\nHost: tocsin:80\r\nTocsin-Version: v1\r\n\r\n", "400"},
		{"POST http://tocsin/v1/verb HTTP/1.1\r\nHost: tocsin\r\nOrigin: null\r\n\r\n", "400"},
		{"POST /v1/verb HTTP/1.1\r\nOrigin:\r\n" + good + "\r\n", "400"},
		{"POST /v1/verb HTTP/1.1\r\n" + good + "Content-Length: 1048577\r\n\r\n", "413"},
		{"POST /v1/verb HTTP/1.1\r\n" + good + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
		{"POST /v1/verb HTTP/1.1\r\nHost: tocsin\r\nTocsin-Version: v1\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}", "415"},
		{"POST /v1/verb HTTP/1.1\r\nHost: tocsin\r\nContent-Type: application/x-ndjson\r\nContent-Length: 2\r\n\r\n{}", "409"},
		{"POST /v1/verb HTTP/1.1\r\n" + good + "Content-Length: 3\r\n\r\n{}\n", "400"},
		{"POST /v1/verb HTTP/1.1\r\n" + good + "Content-Length: 22\r\n\r\n{\"id\":\"1\",\"other\":\"\"}\n", "400"},
		{"POST /v1/cancel HTTP/1.1\r\n" + good + "Content-Length: 10\r\n\r\n{\"id\":\"1\"}", "404"},
		{verbHead + chunk(`{"id":"`+strings.Repeat("1", 2<<20)), "413"},
	} {
		conn := dialSocket(t, dir)
		go func() { _, _ = io.WriteString(conn, c.request) }() // it is refused before all of it was read
		status, err := bufio.NewReader(conn).ReadString('\n')
		if err != nil || !strings.HasPrefix(status, "HTTP/1.1 "+c.want) {
			t.Errorf("%.200q: %q %v, want %s", c.request, status, err, c.want)
		}
		_ = conn.Close()
	}
}
