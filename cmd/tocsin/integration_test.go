//go:build integration

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"tocsin/examples"
)

// TestIntegrationArticle is the published article against a real Postfix and
// Dovecot: load, run --once and mail-test through STARTTLS and AUTH, and the mail
// read back by IMAP.
func TestIntegrationArticle(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root to start Postfix and Dovecot")
	}
	servers, dir := startMailServers(t), t.TempDir()
	writeArticle(t, dir, servers)
	for _, args := range [][]string{{"check"}, {"load", "--live", "records.jsonl"}, {"run", "--once"}, {"mail-test", "imai@example.jp"}} {
		out, err := command(t, dir, args...).CombinedOutput()
		if err != nil {
			t.Fatalf("tocsin %v: %v\n%s", args, err, out)
		}
		if bytes.Contains(out, []byte("s3cret")) {
			t.Errorf("tocsin %v shows the password", args)
		}
	}
	var alert string
	for _, raw := range inbox(t, "imai@example.jp", 2) {
		subject, text, err := mailText(bytes.NewReader(raw))
		if err != nil {
			t.Fatalf("read back: %v\n%s", err, raw)
		}
		if strings.Contains(subject, "要対応") {
			alert = text
		}
	}
	for _, want := range []string{
		"【ECS】Ensure no security groups allow ingress from 0.0.0.0/0 to port 22 - 2 resources",
		"【OSS】バケットの公開設定 - 1 resources", "修正が必要な設定があります",
	} {
		if !strings.Contains(strings.Join(strings.Fields(alert), " "), want) {
			t.Errorf("the mail lacks %q:\n%s", want, alert)
		}
	}
}

// startMailServers starts both on loopback and returns their folder.
func startMailServers(t *testing.T) string {
	t.Helper()
	script, err := filepath.Abs("../../tools/mailtest.sh")
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("/tmp", "tocsin-mail-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil { // postfix and vmail have to enter it
		t.Fatal(err)
	}
	run := func(what string) {
		if out, err := exec.Command(script, what, dir).CombinedOutput(); err != nil {
			t.Fatalf("mailtest.sh %s: %v\n%s", what, err, out)
		}
	}
	run("up")
	t.Cleanup(func() { run("down"); os.RemoveAll(dir) })
	return dir
}

// writeArticle writes the example project, with a mail server, its records moved
// to the last hour.
func writeArticle(t *testing.T, dir, servers string) {
	t.Helper()
	read := func(name string) string {
		b, err := examples.FS.ReadFile("cspm-article/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	config := strings.NewReplacer("ken@example.com", "imai@example.jp", `"22:00-07:00"`, `"00:00-00:01"`).Replace(read("tocsin.yaml"))
	config += fmt.Sprintf("mail:\n  server: smtp://localhost:2587\n  user: ops@example.com\n  password_file: password\n  ca_file: %s/tls/crt.pem\n  from: ops@example.com\n", servers)
	records := read("records.jsonl")
	for n := range 6 {
		old := time.Date(2026, 10, 23, 23, 50, n, 0, time.UTC).Unix()
		records = strings.ReplaceAll(records, fmt.Sprint(old), fmt.Sprint(time.Now().Add(-time.Hour).Unix()+int64(n)))
	}
	files := map[string]string{
		"tocsin.yaml": config, "password": "s3cret\n", "records.jsonl": records,
		"rules/cspm.yaml": read("rules/cspm.yaml"), "templates/cspm-article.html": read("templates/cspm-article.html"),
	}
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// inbox returns the messages of a mailbox, waiting until there are n.
func inbox(t *testing.T, user string, n int) (all [][]byte) {
	t.Helper()
	c, err := imapclient.DialInsecure("127.0.0.1:2143", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Login(user, "s3cret").Wait(); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		box, err := c.Select("INBOX", nil).Wait()
		if err != nil {
			t.Fatal(err)
		}
		if int(box.NumMessages) >= n {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	section := &imap.FetchItemBodySection{}
	messages, err := c.Fetch(imap.SeqSet{imap.SeqRange{Start: 1, Stop: 0}}, &imap.FetchOptions{BodySection: []*imap.FetchItemBodySection{section}}).Collect()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range messages {
		all = append(all, m.FindBodySection(section))
	}
	if len(all) != n {
		t.Fatalf("%s has %d messages, want %d", user, len(all), n)
	}
	return all
}
