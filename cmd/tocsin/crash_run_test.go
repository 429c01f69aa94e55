//go:build integration || soak

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/mail"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestIntegrationCrashRun kills `tocsin run`, whose loops work beside each other in
// real time, at random moments of load → evaluate → deliver, and starts it again.
// Whatever was planted was mailed; nothing was mailed more often than answers were
// lost, by the server or by a kill; what is repeated is the same, byte for byte; and
// the store holds every record once.
func TestIntegrationCrashRun(t *testing.T) {
	const kills = 50
	dir := t.TempDir()
	server := newRecorder(t)
	losing := rand.New(rand.NewPCG(1, 2))
	server.answer = func(taken, int) string {
		if losing.Float64() < 0.3 {
			return ""
		}
		return accepted
	}
	writeCrashProject(t, dir, server.address())
	random := rand.New(rand.NewPCG(7, 11))
	for n := range kills {
		plant(t, dir, n)
		p := &process{t: t, dir: dir, cmd: command(t, dir, "run"), patience: time.Minute}
		p.cmd.Stderr = &p.said
		if err := p.cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if n%2 == 1 { // it loads, evaluates and delivers; the others may be killed while they start
			p.waits("msg=running")
		}
		time.Sleep(time.Duration(50+random.IntN(900)) * time.Millisecond)
		if err := p.cmd.Process.Kill(); err != nil {
			t.Fatalf("run %d ended by itself: %v\n%s", n, err, p.said.String())
		}
		p.cmd.Wait()
		server.died()
	}
	if before := len(server.taken()); before == 0 {
		t.Error("none of the agents that were killed had sent a mail")
	} else {
		t.Logf("the agents that were killed sent %d mails", before)
	}
	settleCrash(t, dir, server, kills)
	checkCrash(t, server, kills)
	out, err := command(t, dir, "query", "-l", "cloudtrail", "--all", "-o", "ndjson", "* | SELECT count(*) AS n, approx_distinct(requestID) AS d").Output()
	if err != nil {
		t.Fatalf("the store does not open: %v", err)
	}
	var counts struct{ N, D int }
	if err := json.Unmarshal(out, &counts); err != nil || counts.N != kills*recordsPerFile {
		t.Errorf("the store holds %s, want %d records", out, kills*recordsPerFile)
	}
}

const recordsPerFile = 40 // one of them is planted

// writeCrashProject writes a configuration with one critical rule, whose rows no
// repeat interval holds.
func writeCrashProject(t *testing.T, dir, server string) {
	t.Helper()
	for _, d := range []string{"rules", "in"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	files := map[string]string{
		"tocsin.yaml": fmt.Sprintf("rules: [rules/]\nsources: [{name: in, dir: in/}]\nmail: {server: \"smtp://%s\", from: tocsin@example.com}\noperator: [ops@example.com]\nnotify: {to: [ken@example.com]}\n", server),
		"rules/r.yaml": `rules:
  - id: planted
    logstore: cloudtrail
    query: eventName:StopLogging | SELECT requestParameters.name AS marker
    every: 1s
    severity: critical
`,
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// plant writes one object with one planted record, old enough to be read.
func plant(t *testing.T, dir string, n int) {
	t.Helper()
	var b strings.Builder
	for i := range recordsPerFile {
		name, parameters := "DescribeInstances", "null"
		if i == n%recordsPerFile {
			name, parameters = "StopLogging", fmt.Sprintf(`{"name":"marker-%03d-end"}`, n)
		}
		fmt.Fprintf(&b, `{"eventVersion":"1.08","eventTime":%q,"eventSource":"cloudtrail.amazonaws.com","eventName":%q,"awsRegion":"us-east-1","requestID":"r-%d-%d","eventID":"%08x-0000-4000-8000-%012x","userIdentity":{"type":"IAMUser","userName":"bob"},"requestParameters":%s}`+"\n",
			time.Now().UTC().Format(time.RFC3339), name, n, i, n, i, parameters)
	}
	path := filepath.Join(dir, "in", fmt.Sprintf("%03d.json", n))
	if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-time.Minute)
	if err := os.Chtimes(path, old, old); err != nil {
		t.Fatal(err)
	}
}

// settleCrash lets the agent run until everything that was planted has been
// mailed, or gives up. A mail whose answer is lost waits twice as long each time,
// and the server may lose several in a row.
func settleCrash(t *testing.T, dir string, server *recorder, planted int) {
	t.Helper()
	for begun := time.Now(); time.Since(begun) < 5*time.Minute; {
		if out, err := command(t, dir, "run", "--once").CombinedOutput(); err != nil {
			t.Fatalf("run --once: %v\n%s", err, out)
		}
		if len(markers(server.taken())) == planted {
			return
		}
		time.Sleep(time.Second)
	}
}

var marker = regexp.MustCompile(`marker-\d{3}-end`)

// markers are the planted markers that occur in mails, by the Message-IDs that
// carry them.
func markers(mails []taken) map[string]map[string]bool {
	found := map[string]map[string]bool{}
	for _, m := range mails {
		_, text, err := mailText(bytes.NewReader(m.body))
		if err != nil {
			continue
		}
		parsed, err := mail.ReadMessage(bytes.NewReader(m.body))
		if err != nil {
			continue
		}
		if rows, err := textPart(parsed.Body, parsed.Header, "text/csv"); err == nil { // on a slow machine a mail has more rows than its table shows
			text += rows
		}
		for _, name := range marker.FindAllString(text, -1) {
			if found[name] == nil {
				found[name] = map[string]bool{}
			}
			found[name][m.id] = true
		}
	}
	return found
}

func checkCrash(t *testing.T, server *recorder, kills int) {
	t.Helper()
	mails := server.taken()
	found := markers(mails)
	for n := range kills {
		name := fmt.Sprintf("marker-%03d-end", n)
		if len(found[name]) != 1 {
			t.Errorf("%s is in %d different mails, want 1", name, len(found[name]))
		}
	}
	onlyLostRepeat(t, "tocsin run", mails)
	t.Logf("%d mails", len(mails))
}
