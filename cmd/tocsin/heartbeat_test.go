package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"tocsin/ingest/awsapi"
)

func TestHeartbeatProblems(t *testing.T) {
	for text, want := range map[string]string{
		"heartbeat: {file: alive}":                                                                     "",
		"heartbeat: {url: \"https://hc.example.com/secret\"}":                                          "",
		"heartbeat: {url: \"http://hc.example.com/secret\"}":                                           "called by https only",
		"heartbeat: {url: \"https://127.0.0.1/secret\"}":                                               "private_addresses does not list",
		"heartbeat: {url: \"http://127.0.0.1/secret\"}\nprivate_addresses: [127.0.0.1]":                "",
		"heartbeat: {url: \"https://me:secret@hc.example.com/\"}":                                      "does not hold a password",
		"heartbeat: {url: \"ftp://hc.example.com/secret\"}":                                            "no address of the web",
		"heartbeat: {url: \"https://hc.example.com/secret\", url_file: x}":                             "given twice",
		"heartbeat: {file: alive, every: 1s}":                                                          "every 10s at most",
		"heartbeat: {file: /dev/null}":                                                                 "not one of your files to write",
		"heartbeat: {mail: \"08:00\"}":                                                                 "there is none",
		"heartbeat: {mail: \"8 am\"}\noperator: [ops@example.com]":                                     "no time of day",
		"heartbeat: {mail: \"08:00\"}\noperator: [ops@example.com]":                                    "",
		"metrics: 127.0.0.1:9464":                                                                      "",
		"metrics: \"[::1]:9464\"":                                                                      "",
		"metrics: 0.0.0.0:9464":                                                                        "no loopback address",
		"metrics: 9464":                                                                                "9464",
		"metrics: 127.0.0.1:1\nsources: [{name: a, webhook: \"127.0.0.1:1\", secret_file: config.go}]": "source a listens there",
	} {
		_, err := parseConfig("tocsin.yaml", []byte(text+"\n"))
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret")) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

// TestRunIsSeen: a process that runs shows that it is alive to all who want to know:
// in a file, to an address, by a mail, to Prometheus, and to systemd; its log is JSON
// with the ids of rules and alerts.
func TestRunIsSeen(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("waits for a watchdog and a heartbeat: takes ten seconds")
	}
	var called atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/secret" {
			called.Add(1)
		}
		w.WriteHeader(http.StatusInternalServerError) // which is logged, without the path
	}))
	defer server.Close()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listen := free.Addr().String()
	socket := filepath.Join(t.TempDir(), "s")
	systemd, err2 := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err := errors.Join(err2, free.Close()); err != nil {
		t.Fatal(err)
	}
	defer systemd.Close()
	dir := t.TempDir()
	writeSettled(t, dir, map[string]string{
		"tocsin.yaml": "metrics: " + listen + "\nheartbeat: {file: alive, url_file: address, every: 10s, mail: \"00:00\"}\nprivate_addresses: [127.0.0.1]\n" +
			"people: {ken: {email: ken@example.com}}\noperator: [ops@example.com]\nsources: [{name: in, dir: in}]\n",
		"address": server.URL + "/secret\n", "rules/a.yaml": reloadRule("alpha", "eventName:GetUser"), "in/.keep": "",
	})
	heard := make(chan string, 100)
	go func() {
		b := make([]byte, 1000)
		for {
			n, err := systemd.Read(b)
			if err != nil {
				return
			}
			heard <- string(b[:n])
		}
	}()
	p := startWith(t, dir, []string{"NOTIFY_SOCKET=" + socket, "WATCHDOG_USEC=1000000"}, "--log", "json")
	hears := func(want string) {
		t.Helper()
		for limit := time.After(30 * time.Second); ; {
			select {
			case got := <-heard:
				if strings.HasPrefix(got, want) {
					return
				}
			case <-limit:
				t.Fatalf("systemd does not hear %s\n%s", want, p.said.String())
			}
		}
	}
	hears("READY=1")
	hears("WATCHDOG=1")
	p.write(map[string]string{"in/1.jsonl": trailRecord(1, time.Now(), "1")})
	p.awaitMail(1, "ken@example.com", "alpha")
	p.awaitMail(1, "ops@example.com", "alive: 1 rule, 1 source")
	p.until("a call", func() bool { return called.Load() > 0 })
	p.until("the file", func() bool { _, err := os.Stat(filepath.Join(dir, "alive")); return err == nil })
	fetch := func(path string) string {
		answer, err := http.Get("http://" + listen + path)
		if err != nil {
			return ""
		}
		defer answer.Body.Close()
		b, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	p.until("a metric", func() bool { return strings.Contains(fetch("/metrics"), `tocsin_records_total{source="in"} 1`) })
	for _, want := range []string{`tocsin_evaluations_total{outcome="firing",rule="alpha"} `, `tocsin_loop_alive{loop="source in"} 1`, "tocsin_disk_free_bytes ", "tocsin_rules 1"} {
		if !strings.Contains(fetch("/metrics"), want) {
			t.Errorf("%s is not measured\n%s", want, fetch("/metrics"))
		}
	}
	if got := fetch("/healthz"); got != "ok\n" {
		t.Errorf("healthz: %q", got)
	}
	p.signal(syscall.SIGHUP)
	hears("RELOADING=1")
	hears("READY=1")
	p.signal(syscall.SIGTERM)
	hears("STOPPING=1")
	if err := <-p.ended; err != nil {
		t.Error(err)
	}
	checkLog(t, p.said.String())
}

// checkLog wants lines of JSON that say which rule and which alert.
func checkLog(t *testing.T, said string) {
	t.Helper()
	seen := map[string]map[string]any{}
	for line := range strings.Lines(said) {
		var entry map[string]any
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Errorf("%v: %s", err, line)
			continue
		}
		key := fmt.Sprint(entry["msg"])
		if key == "delivered" {
			key += fmt.Sprint(" ", entry["to"])
		}
		seen[key] = entry
	}
	alert := fmt.Sprint(seen["alert"]["alert"])
	if !strings.HasPrefix(alert, "A-") || seen["alert"]["rule"] != "alpha" || seen["evaluated"]["rule"] != "alpha" {
		t.Errorf("no rule and alert in %v and %v", seen["alert"], seen["evaluated"])
	}
	if d := seen["delivered ken@example.com"]; d["rules"] != "alpha" || d["alerts"] != alert {
		t.Errorf("%v does not say %s", d, alert)
	}
	if strings.Contains(said, "secret") || !strings.Contains(fmt.Sprint(seen["heartbeat"]["error"]), "500") {
		t.Errorf("the heartbeat is logged as %v", seen["heartbeat"])
	}
}

// TestLogFormat: another format is a mistake of the command line.
func TestLogFormat(t *testing.T) {
	var said bytes.Buffer
	e := &env{stdin: strings.NewReader(""), stdout: &said, stderr: &said, getenv: func(string) string { return "" }, now: time.Now}
	if code := run(t.Context(), e, []string{"run", "--data", t.TempDir(), "--log", "xml"}); code != exitUsage || !strings.Contains(said.String(), "text or json") {
		t.Errorf("%d %s", code, said.String())
	}
}

// TestBrief: a report is cut behind whole lines, and says how many are left out.
func TestBrief(t *testing.T) {
	for _, c := range []struct {
		text string
		size int
		want string
	}{
		{"a\nb\n", 100, "a\nb\n"},
		{strings.Repeat("é", 300) + "\n", 1000, strings.Repeat("é", reportLine-1) + "…\n"},
		{strings.Repeat("12345678\n", 20), 100, strings.Repeat("12345678\n", 7) + "… 13 lines more (tocsin status)\n"},
	} {
		if got := brief(c.text, c.size); got != c.want {
			t.Errorf("%q", got)
		}
	}
}

// TestHeartbeatTimesOut: an address that does not answer is said in words of ours.
func TestHeartbeatTimesOut(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer server.Close()
	defer close(release)
	client := server.Client()
	client.Timeout = 50 * time.Millisecond
	private := awsapi.Private{netip.MustParsePrefix("127.0.0.0/8")}
	err := heartbeatConfig{url: server.URL + "/secret"}.call(t.Context(), client, private)
	if want := "call " + strings.TrimPrefix(server.URL, "http://") + ": no answer within 50ms"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}
