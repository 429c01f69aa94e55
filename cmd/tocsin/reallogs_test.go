package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
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

// What a scan finds in a real file of Security Hub is what is counted in the
// file: a row for each check that fails, and the findings by severity.
func TestScanRealFindings(t *testing.T) {
	t.Parallel()
	findings := shared(t, "findings")
	name := filepath.Join(findings, "asff", "asff_findings.jsonl")
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	checks, counts, known := map[[3]string]bool{}, map[string]int{}, map[string]bool{}
	for line := range strings.Lines(string(raw)) {
		var f struct {
			GeneratorID        string `json:"GeneratorId"`
			Title, RecordState string
			Severity           struct{ Label string }
			Compliance         struct{ Status string }
		}
		if err := json.Unmarshal([]byte(line), &f); err != nil {
			t.Fatal(err)
		}
		if known[line] || f.Compliance.Status != "FAILED" {
			continue
		}
		known[line] = true
		label := strings.ToLower(f.Severity.Label)
		counts[label]++
		if label == "critical" || label == "high" {
			checks[[3]string{f.GeneratorID, f.Title, label}] = true
		}
	}
	code, out, stderr := inProcess(t, "scan", name)
	if code != 0 {
		t.Fatalf("status %d: %s", code, stderr)
	}
	wants := []string{fmt.Sprintf("│ critical │ Critical and high findings │ %4d │", len(checks)), fmt.Sprintf("… and %d more\n", len(checks)-scanSamples)}
	for label, n := range counts {
		wants = append(wants, fmt.Sprintf("%d %s", n, label))
	}
	for _, want := range wants {
		if !strings.Contains(out, want) {
			t.Errorf("the scan lacks %q:\n%s", want, out)
		}
	}
	_, out, _ = inProcess(t, "scan", filepath.Join(findings, "prowler", "example_output_aws.ocsf.json"))
	if !strings.Contains(out, "findings that fail, of all scanners: 1 low, 1 medium\n") {
		t.Errorf("the scan of Prowler's example: %s", out)
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
		"prowler/example_output_aws.csv":       "findings: 4 records stored from 1 object",
		"samples/guardduty.json":               "findings: 1 record stored from 1 object",
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
