package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// What query says beside an answer.
func TestQueryNotes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	if code, _, stderr := inProcess(t, "sample", "--plain", "--events", "20", filepath.Join(dir, "logs")); code != 0 {
		t.Fatal(stderr)
	}
	if code, _, stderr := inProcess(t, "load", "--data", data, filepath.Join(dir, "logs")); code != 0 {
		t.Fatal(stderr)
	}
	const pipe, all = "write * | SELECT", "(--all looks"
	for _, c := range []struct {
		args    []string
		code    int
		says    string
		without string
	}{
		{[]string{"--all", "select eventName"}, 0, pipe, all},
		{[]string{"SELECT (x = FROM log"}, exitUsage, pipe, all},
		{[]string{"select and x | LIMIT 1"}, 0, all, pipe},
		{[]string{"--all", "nothingLikeThis"}, 0, "no rows; cloudtrail holds", all},
		{[]string{"nothingLikeThis"}, 0, all, pipe},
		{[]string{"--from", "2026-01-01", "--last", "1h", "*"}, exitUsage, "--last", pipe},
		{[]string{"--to", "2026-01-01", "--all", "*"}, exitUsage, "--all", pipe},
		{[]string{"eventName:'StopLogging'"}, 0, "tocsin: note: single quotes are a part of the text: write eventName:StopLogging or eventName:\"StopLogging\"\n", pipe},
		{[]string{"eventName:\"'StopLogging'\""}, 0, all, "note:"},
		{[]string{"event from cloud.audit_logs where operation IN ('StopLogging')"}, exitUsage, "with -l cloudtrail, and\n  operation IN", "note:"},
		{[]string{"config from cloud.resource where api.name = 'x'"}, exitUsage, "-l findings, and @status:FAIL", "note:"},
	} {
		args := append([]string{"query", "--data", data, "-l", "cloudtrail"}, c.args...)
		code, _, stderr := inProcess(t, args...)
		if code != c.code || !strings.Contains(stderr, c.says) || strings.Contains(stderr, c.without) {
			t.Errorf("%q: status %d, not %d; it says %q", c.args, code, c.code, stderr)
		}
	}
}
