package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// A calendar runs verbs in a folder of its own, each at a moment.
type calendar struct {
	t   *testing.T
	now time.Time
}

func newCalendar(t *testing.T, files map[string]string) *calendar {
	t.Helper()
	t.Chdir(t.TempDir())
	writeFiles(t, ".", files)
	return &calendar{t: t, now: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)}
}

// run executes a command line and returns all that it said.
func (c *calendar) run(status int, args ...string) string {
	c.t.Helper()
	var out bytes.Buffer
	e := &env{stdin: strings.NewReader(""), stdout: &out, stderr: &out, getenv: func(string) string { return "" }, now: func() time.Time { return c.now }}
	if got := run(c.t.Context(), e, args); got != status {
		c.t.Errorf("tocsin %s at %s: status %d, want %d\n%s", strings.Join(args, " "), c.now, got, status, out.String())
	}
	return out.String()
}

// wants says that a text holds others.
func (c *calendar) wants(text string, all ...string) {
	c.t.Helper()
	for _, want := range all {
		if !strings.Contains(text, want) {
			c.t.Errorf("at %s it lacks %q:\n%s", c.now, want, text)
		}
	}
}

// touch makes a file as old as the calendar says.
func (c *calendar) touch(path string, age time.Duration) {
	c.t.Helper()
	if err := os.Chtimes(path, c.now.Add(-age), c.now.Add(-age)); err != nil {
		c.t.Fatal(err)
	}
}

// trailRecord is a line of CloudTrail.
func trailRecord(id int, at time.Time, account string) string {
	return fmt.Sprintf(`{"eventVersion":"1.08","eventTime":%q,"eventSource":"iam.amazonaws.com","eventName":"GetUser","awsRegion":"us-east-1","eventID":"6f1f7b3c-7a0e-4a52-9c55-%012d","recipientAccountId":%q,"userIdentity":{"type":"Root"}}`,
		at.UTC().Format(time.RFC3339), id, account) + "\n"
}

// What is older than it is kept for goes once it was there for a week; what a
// rule has not seen is a gap; what is loaded stays known.
func TestKeep(t *testing.T) {
	c := newCalendar(t, map[string]string{
		"tocsin.yaml":     "operator: [ops@example.com]\nkeep: {cloudtrail: 30d, history: 60d}\n",
		"rules/rule.yaml": "rules:\n  - {id: late, logstore: cloudtrail, query: \"eventName:GetUser\", every: 30d, notify: {to: [ops@example.com]}}\n",
	})
	writeFiles(t, ".", map[string]string{"old.jsonl": trailRecord(1, c.now.Add(-50*24*time.Hour), "1"), "new.jsonl": trailRecord(2, c.now, "1")})
	c.run(exitDone, "run", "--once")
	c.now = c.now.Add(time.Minute)
	c.run(exitDone, "load", "old.jsonl", "new.jsonl")
	c.run(exitDone, "run", "--once")
	c.wants(c.run(exitDone, "status"), "cloudtrail: 2 records, 2026-10-01T12:00:00Z to 2026-11-20T12:00:00Z, kept 30d")
	c.now = c.now.Add(8 * 24 * time.Hour)
	c.run(exitDone, "run", "--once")
	c.wants(c.run(exitDone, "status"), "cloudtrail: 1 record, 2026-11-20T12:00:00Z", "gap: late was not evaluated from 2026-10-01T12:00:00Z to 2026-10-01T12:00:00Z: no longer kept")
	c.wants(c.run(exitDone, "load", "old.jsonl"), "1 object loaded before")
}

func TestKeepProblems(t *testing.T) {
	for text, want := range map[string]string{
		"keep: {cloudtrial: 400d}\n":  "did you mean",
		"keep: {cloudtrail: 3h}\n":    "a day at least",
		"keep: {findings_now: 10d}\n": "snapshot",
		"keep: {cloudtrail: long}\n":  "no length of time",
	} {
		if _, err := parseConfig("tocsin.yaml", []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	if c, err := parseConfig("tocsin.yaml", []byte("keep: {cloudtrail: 400d, history: 800d}\n")); err != nil || c.keep["cloudtrail"] != 400*24*time.Hour {
		t.Errorf("%v %v", c, err)
	}
}
