package main

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// inProcess runs one command line in this process and returns its exit status
// and what it wrote.
func inProcess(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	e := &env{stdin: strings.NewReader(""), stdout: &out, stderr: &err, getenv: func(string) string { return "" }, now: time.Now}
	code = run(t.Context(), e, args)
	return code, out.String(), err.String()
}

// The bundled rules find what is in the real logs: counted by reading the files.
func TestScanRealLogs(t *testing.T) {
	t.Parallel()
	logs := shared(t, "cloudtrail")
	code, out, stderr := inProcess(t, "scan", filepath.Join(logs, "attack-simulation"), filepath.Join(logs, "techniques"))
	if code != 0 {
		t.Fatalf("status %d: %s", code, stderr)
	}
	if !strings.Contains(stderr, "cloudtrail: 3210 records stored from 90 objects") {
		t.Errorf("loaded: %s", stderr)
	}
	for name, rows := range map[string]int{
		"CloudTrail was stopped or deleted":  4,
		"Console sign-in without MFA":        2,
		"Security group opened to the world": 3,
	} {
		if want := fmt.Sprintf("│ %-34s │ %4d │", name, rows); !strings.Contains(out, want) {
			t.Errorf("the scan lacks %q:\n%s", want, out)
		}
	}
}

// Every real file of findings loads completely, each into a store of its own.
func TestRealFindings(t *testing.T) {
	t.Parallel()
	findings := shared(t, "findings")
	for name, want := range map[string]string{
		"asff/asff_findings.jsonl":             "findings: 123 records stored from 1 object, 3 duplicates",
		"prowler/example_output_aws.ocsf.json": "stored from 1 object",
		"prowler/docs_3.16.17_JSON-ASFF.json":  "stored from 1 object",
		"prowler/docs_3.16.17_JSON-OCSF.json":  "stored from 1 object",
		"prowler/docs_4.6.2_JSON-ASFF.json":    "stored from 1 object",
		"prowler/docs_5.7.1_JSON-ASFF.json":    "stored from 1 object",
		"prowler/docs_5.7.1_JSON-OCSF.json":    "stored from 1 object",
		"prowler/docs_4.6.2_JSON-OCSF.json":    "1 record set aside",
		"samples/alibaba_cspm.jsonl":           "stored from 1 object",
	} {
		code, _, stderr := inProcess(t, "load", "--data", filepath.Join(t.TempDir(), "data"), filepath.Join(findings, name))
		wantCode := 0
		if strings.Contains(want, "set aside") {
			wantCode = 1
		}
		if code != wantCode || !strings.Contains(stderr, want) {
			t.Errorf("%s: status %d, want %d and %q:\n%s", name, code, wantCode, want, stderr)
		}
	}
}
