package main

import (
	"context"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// What a service posts is stored when it is answered with 200, once; the agent that
// ends answers before it does.
func TestWebhookSource(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	c := newCalendar(t, map[string]string{
		"tocsin.yaml":     "operator: [ops@example.com]\nsources: [{name: hook, webhook: \"" + address + "\", secret_file: secret, header: X-Ours}]\n",
		"secret":          "correct horse\n",
		"rules/none.yaml": "",
	})
	c.now = time.Now()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan int, 1)
	go func() {
		e := &env{stdin: strings.NewReader(""), stdout: &strings.Builder{}, stderr: &strings.Builder{}, getenv: func(string) string { return "" }, now: time.Now}
		done <- run(ctx, e, []string{"run"})
	}()
	post := func(body, secret string) int {
		q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address+"/prisma", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		q.Header.Set("X-Ours", secret)
		for try := 0; ; try++ {
			a, err := http.DefaultClient.Do(q.Clone(t.Context()))
			if err == nil {
				return a.StatusCode
			}
			if try == 200 {
				t.Fatal(err)
			}
			time.Sleep(50 * time.Millisecond) // it is starting
			q.Body, _ = q.GetBody()
		}
	}
	record := strings.TrimSpace(trailRecord(1, c.now, "111"))
	for i, p := range []struct {
		body, secret string
		status       int
	}{
		{record, "wrong", 401}, {"[" + record + "]", "correct horse", 200}, {"[" + record + "]", "correct horse", 200}, {record, "correct horse", 200}, {"no JSON", "correct horse", 400},
	} {
		if got := post(p.body, p.secret); got != p.status {
			t.Errorf("post %d: %d, want %d", i, got, p.status)
		}
	}
	stop()
	if code := <-done; code != exitDone {
		t.Errorf("run ended with %d", code)
	}
	c.wants(c.run(exitDone, "query", "--all", "-o", "csv", "* | SELECT count(*) AS n, count_if(__source__ = 'hook') AS hook"), "1,1")
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
