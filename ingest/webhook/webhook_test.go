package webhook

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"tocsin/ingest"
)

const secret = "correct horse"

// rig is a webhook that listens, and what stores its batches.
type rig struct {
	t *testing.T
	*source
	secretFile string
}

func newRig(t *testing.T, change func(*Options)) rig {
	t.Helper()
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte(secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	o := Options{Name: "prisma", Listen: "127.0.0.1:0", SecretFile: file}
	if change != nil {
		change(&o)
	}
	s, err := New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	src, ok := s.(*source)
	if !ok {
		t.Fatal("another type")
	}
	return rig{t, src, file}
}

func (r rig) close() {
	r.t.Helper()
	if err := r.Close(); err != nil {
		r.t.Error(err)
	}
}

// post sends a body and returns the status.
func (r rig) post(body, secret string) (status int, answer string) {
	r.t.Helper()
	q, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, "http://"+r.listener.Addr().String()+"/", strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	q.Header.Set(r.o.Header, secret)
	a, err := http.DefaultClient.Do(q)
	if err != nil {
		r.t.Error(err)
		return 0, ""
	}
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	if err != nil {
		r.t.Error(err)
	}
	return a.StatusCode, string(text)
}

// What cannot be believed or read is refused at the door.
func TestRefused(t *testing.T) {
	r := newRig(t, func(o *Options) { o.MaxBody = 100 })
	defer r.close()
	for _, c := range []struct {
		name, body, secret string
		status             int
	}{
		{"no secret", `{}`, "", 401},
		{"a wrong secret", `{}`, "correct hors", 401},
		{"an empty body", " ", secret, 400},
		{"a text", `"x"`, secret, 400},
		{"no JSON", `{"a":`, secret, 400},
		{"two objects", `{} {}`, secret, 400},
		{"too long", `{"a":"` + strings.Repeat("x", 100) + `"}`, secret, 413},
	} {
		if status, answer := r.post(c.body, c.secret); status != c.status {
			t.Errorf("%s: %d %s, want %d", c.name, status, answer, c.status)
		}
	}
	a, err := http.Get("http://" + r.listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	a.Body.Close()
	if a.StatusCode != http.StatusUnauthorized {
		t.Errorf("a GET without the secret: %d", a.StatusCode)
	}
	if b, err := r.Receive(t.Context(), ingest.Ask{Now: time.Now()}); err != nil || len(b.Objects) != 0 {
		t.Errorf("something got in: %+v %v", b, err)
	}
	if err := os.WriteFile(r.secretFile, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if status, _ := r.post(`{}`, ""); status != 503 {
		t.Errorf("an empty secret lets in: %d", status)
	}
	if err := os.WriteFile(r.secretFile, []byte("new"), 0o600); err != nil {
		t.Fatal(err)
	}
	if status, _ := r.post(`nothing`, "new"); status != 400 {
		t.Errorf("the new secret: %d", status)
	}
}

// A request is answered when its batch is settled, not before; what is not
// committed is answered with 503, and comes again as the same object.
func TestAnsweredAfterTheCommit(t *testing.T) {
	r := newRig(t, nil)
	defer r.close()
	answers := make(chan int, 1)
	send := func(body string) {
		go func() {
			status, _ := r.post(body, secret)
			answers <- status
		}()
	}
	receive := func() ingest.Batch {
		t.Helper()
		b, err := r.Receive(t.Context(), ingest.Ask{Now: time.Unix(1e9, 0), Wait: 10 * time.Second})
		if err != nil || len(b.Objects) != 1 {
			t.Fatalf("%+v %v", b, err)
		}
		return b
	}
	settle := func(b ingest.Batch, o ingest.Outcome) int {
		t.Helper()
		select {
		case status := <-answers:
			t.Errorf("answered with %d before it was settled", status)
		case <-time.After(20 * time.Millisecond):
		}
		if err := b.Settle(t.Context(), o); err != nil {
			t.Error(err)
		}
		return <-answers
	}
	send(`[{"a":1}]`)
	first := receive()
	if status := settle(first, ingest.Outcome{}); status != 503 {
		t.Errorf("not committed: %d", status)
	}
	send(`[{"a":1}]`)
	again := receive()
	if status := settle(again, ingest.Outcome{Committed: true}); status != 200 {
		t.Errorf("committed: %d", status)
	}
	a, b := first.Objects[0], again.Objects[0]
	if a.Name != b.Name || a.Version != b.Version || !strings.HasPrefix(a.Name, "webhook://prisma/") || !a.Modified.Equal(time.Unix(1e9, 0)) || string(a.Held) != `[{"a":1}]` {
		t.Errorf("%+v and %+v", a, b)
	}
	send(`{"a":2}`)
	other := receive()
	failed := map[string]error{other.Objects[0].Name: errors.New("no known format")}
	if status := settle(other, ingest.Outcome{Committed: true, Failed: failed}); status != 200 {
		t.Errorf("set aside with its bytes: %d", status)
	}
	if other.Objects[0].Name == a.Name {
		t.Error("two bodies have one name")
	}
}

// When nobody asks, as on a full disk, requests are answered with 503 in the end;
// so are those that wait when it is closed, and those that are too many.
func TestPaused(t *testing.T) {
	r := newRig(t, nil)
	answers := make(chan int, maxWaiting+1)
	for range maxWaiting + 1 {
		go func() {
			status, _ := r.post(`{}`, secret)
			answers <- status
		}()
	}
	if status := <-answers; status != 503 {
		t.Errorf("one too many: %d", status)
	}
	for len(r.waiting) < maxWaiting {
		time.Sleep(time.Millisecond)
	}
	r.close()
	for range maxWaiting {
		if status := <-answers; status != 503 {
			t.Errorf("at the end: %d", status)
		}
	}
}

// A webhook whose listener ends fails once for whoever asks it, also for one that
// waits, hands out what was posted before, and listens again; while another has its
// address it goes on failing.
func TestListensAgain(t *testing.T) {
	r := newRig(t, nil)
	defer r.close()
	address := r.listener.Addr().String()
	receive := func(wait time.Duration) (int, error) {
		b, err := r.Receive(t.Context(), ingest.Ask{Now: time.Unix(1e9, 0), Wait: wait})
		if b.Settle != nil {
			if err := b.Settle(t.Context(), ingest.Outcome{Committed: true}); err != nil {
				t.Error(err)
			}
		}
		return len(b.Objects), err
	}
	lose := func() {
		if err := r.listener.Close(); err != nil {
			t.Fatal(err)
		}
	}
	answers := make(chan int, 1)
	send := func() {
		status, _ := r.post(`{"a":1}`, secret)
		answers <- status
	}
	go send()
	for len(r.waiting) == 0 {
		time.Sleep(time.Millisecond)
	}
	lose()
	handed, err := 0, error(nil)
	for err == nil { // none of these waits for a minute
		var n int
		n, err = receive(time.Minute)
		handed += n
	}
	if handed != 1 || !strings.Contains(err.Error(), "webhook: it listens no more at "+address) || <-answers != 200 {
		t.Errorf("%d objects, %v", handed, err)
	}
	taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := receive(time.Minute); err == nil || !strings.Contains(err.Error(), "listens no more") || !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("while another has its address: %v", err)
		}
	}
	if err := taken.Close(); err != nil {
		t.Fatal(err)
	}
	if n, err := receive(0); n != 0 || err != nil {
		t.Errorf("%d objects, %v", n, err)
	}
	go send()
	if n, err := receive(time.Minute); n != 1 || err != nil || <-answers != 200 {
		t.Errorf("after it: %d objects, %v", n, err)
	}
}

func TestParseListen(t *testing.T) {
	for s, ok := range map[string]bool{
		"127.0.0.1:8686": true, "[::1]:8686": true, "localhost:8686": true, "127.9.9.9:1": true,
		"0.0.0.0:8686": false, ":8686": false, "10.0.0.1:8686": false, "example.com:80": false, "127.0.0.1": false, "[::]:1": false, "": false,
	} {
		if _, err := ParseListen(s); (err == nil) != ok {
			t.Errorf("%s: %v", s, err)
		}
	}
	if _, err := New(context.Background(), Options{Listen: "0.0.0.0:0"}); err == nil {
		t.Error("it listens to everybody")
	}
}
