package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A rule over a window is tried on old logs with --at, and the mail names no
// command for an alert that is not stored.
func TestPreviewAt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var logs strings.Builder
	for _, user := range strings.Fields("a b c d e f g h i j k l m n o p q r s t u v w x y z") {
		failedLogins(&logs, user, 2, time.Date(2024, 5, 5, 11, 0, 0, 0, time.UTC))
	}
	for name, text := range map[string]string{
		"trail.jsonl": logs.String(),
		"tocsin.yaml": "rules: [rules.yaml]\nnotify: {to: [a@example.com]}\n",
		"rules.yaml": "rules:\n  - {id: failed, logstore: cloudtrail, window: 1h, severity: low, " +
			"query: 'errorCode:* or eventName:ConsoleLogin | GROUP BY userIdentity.userName'}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	flags := []string{"--data", filepath.Join(dir, "data"), "--config", filepath.Join(dir, "tocsin.yaml")}
	if code, _, stderr := inProcess(t, append([]string{"load", filepath.Join(dir, "trail.jsonl")}, flags...)...); code != 0 {
		t.Fatal(stderr)
	}
	for _, c := range []struct {
		at, mails, text string
		code            int
	}{
		{"2024-05-05T11:30:00Z", "1 mail would", "20 of 26 rows", 0},
		{"2024-05-05T12:30:00Z", "0 mails would", "", 0},
		{"", "0 mails would", "", 0},
		{"yesterday", "is no moment", "", exitUsage},
	} {
		code, out, stderr := inProcess(t, append([]string{"preview", "failed", "--at", c.at}, flags...)...)
		if code != c.code || !strings.Contains(stderr, c.mails) || !strings.Contains(out, c.text) || strings.Contains(out, "tocsin query") {
			t.Errorf("at %q: status %d: %s%s", c.at, code, stderr, out)
		}
	}
}
