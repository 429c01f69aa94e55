//go:build integration

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tocsin/examples"
	"tocsin/notifier/channeltest"
)

// TestIntegrationArticle is the published article against a real Postfix and
// Dovecot: load, run --once and mail-test through STARTTLS and AUTH, and the mail
// read back by IMAP.
func TestIntegrationArticle(t *testing.T) {
	servers, dir := channeltest.Servers(t), t.TempDir()
	writeArticle(t, dir, servers)
	for _, args := range [][]string{{"check"}, {"load", "--live", "records.jsonl"}, {"run", "--once"}, {"mail-test", "imai@example.jp"}} {
		out, err := command(t, dir, args...).CombinedOutput()
		if err != nil {
			t.Fatalf("tocsin %v: %v\n%s", args, err, out)
		}
		if bytes.Contains(out, []byte(channeltest.Password)) {
			t.Errorf("tocsin %v shows the password", args)
		}
	}
	var alert string
	for _, raw := range channeltest.Inbox(t, "imai@example.jp", 2) {
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
		"tocsin.yaml": config, "password": channeltest.Password + "\n", "records.jsonl": records,
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
