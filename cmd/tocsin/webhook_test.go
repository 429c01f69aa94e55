package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// What a service posts is stored when it is answered with 200, once; the agent that
// ends answers before it does.
func TestWebhookSource(t *testing.T) {
	c := newCalendar(t, map[string]string{
		"tocsin.yaml":     "operator: [ops@example.com]\nsources: [{name: hook, webhook: 127.0.0.1:0, secret_file: secret, header: X-Ours}]\n",
		"secret":          "correct horse\n",
		"rules/none.yaml": "",
	})
	c.now = time.Now()
	record := strings.TrimSpace(trailRecord(1, c.now, "111"))
	e := &env{stdin: strings.NewReader(""), stdout: &strings.Builder{}, getenv: func(string) string { return "" }, now: time.Now}
	withWebhook(t, e, []string{"run"}, func(address string) {
		for i, p := range []struct {
			body, secret string
			status       int
		}{
			{record, "wrong", 401}, {"[" + record + "]", "correct horse", 200}, {"[" + record + "]", "correct horse", 200}, {record, "correct horse", 200}, {"no JSON", "correct horse", 400},
		} {
			if got, _ := post(t, address, "X-Ours: "+p.secret, []byte(p.body)); got != p.status {
				t.Errorf("post %d: %d, want %d", i, got, p.status)
			}
		}
	})
	c.wants(c.run(exitDone, "query", "--all", "-o", "csv", "* | SELECT count(*) AS n, count_if(__source__ = 'hook') AS hook"), "1,1")
}

// withWebhook runs the agent, with a source that is a webhook at port 0, and ends it
// when do returns, which gets the address that it says it listens at. Nobody else can
// have taken that.
func withWebhook(t *testing.T, e *env, args []string, do func(address string)) {
	t.Helper()
	said, stderr := io.Pipe()
	e.stderr = stderr
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, e, args)
		stderr.Close() //nolint:errcheck // it never fails
	}()
	starting := time.AfterFunc(time.Minute, stop)
	var log, address string
	for lines := bufio.NewScanner(said); address == "" && lines.Scan(); {
		log += lines.Text() + "\n"
		if strings.Contains(log, "webhook listens") {
			_, address, _ = strings.Cut(lines.Text(), "address=")
		}
	}
	if !starting.Stop() || address == "" {
		t.Fatalf("it does not listen: %s", log)
	}
	go io.Copy(io.Discard, said) //nolint:errcheck // whoever says more is not waited for
	do(address)
	stop()
	if code := <-ended; code != exitDone {
		t.Errorf("run ended with %d", code)
	}
}

// post sends a body to a webhook with the header that carries the secret, and returns
// the answer.
func post(t *testing.T, address, header string, body []byte) (status int, text string) {
	t.Helper()
	q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address+"/", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	name, secret, _ := strings.Cut(header, ": ")
	q.Header.Set(name, secret)
	a, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(a.Body)
	if err := errors.Join(err, a.Body.Close()); err != nil {
		t.Fatal(err)
	}
	return a.StatusCode, strings.TrimSpace(string(b))
}

func TestWebhookProblems(t *testing.T) {
	for text, want := range map[string]string{
		"webhook: 0.0.0.0:8686, secret_file: s":              "no loopback address",
		"webhook: 127.0.0.1:8686":                            "no secret_file",
		"webhook: 127.0.0.1:8686, secret_file: s, role: x":   "means nothing",
		"stdin: true, secret_file: s":                        "means nothing",
		"webhook: 127.0.0.1:8686, secret_file: s, header: ü": "no name of a header",
	} {
		if _, err := parseConfig("tocsin.yaml", []byte("sources: [{name: a, "+text+"}]\n")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}
