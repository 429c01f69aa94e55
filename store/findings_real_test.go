package store

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"tocsin/ingest"
	"tocsin/query"
)

// The real files of findings: what is in each, and that native names run.

// realFindings are the records and the broken records of each file.
var realFindings = map[string][2]int64{
	"asff/asff_findings.jsonl":                {126, 0},
	"prowler/docs_3.16.17_JSON-ASFF.json":     {2, 0},
	"prowler/docs_3.16.17_JSON-OCSF.json":     {2, 0},
	"prowler/docs_3.16.17_JSON.json":          {2, 0},
	"prowler/docs_4.6.2_JSON-ASFF.json":       {1, 0},
	"prowler/docs_4.6.2_JSON-OCSF.json":       {0, 1}, // no JSON as published
	"prowler/docs_5.7.1_JSON-ASFF.json":       {1, 0},
	"prowler/docs_5.7.1_JSON-OCSF.json":       {1, 0},
	"prowler/example_output_aws.csv":          {4, 0},
	"prowler/example_output_aws.ocsf.json":    {5, 0},
	"prowler-runs/3.1.4-small/*.asff.json":    {21, 0},
	"prowler-runs/3.1.4-small/*.csv":          {21, 0},
	"prowler-runs/3.1.4-small/*[0-9].json":    {21, 0},
	"prowler-runs/3.16.17-run1/*.asff.json":   {95, 0},
	"prowler-runs/3.16.17-run1/*.csv":         {95, 0},
	"prowler-runs/3.16.17-run1/*[0-9].json":   {95, 0},
	"prowler-runs/3.16.17-run1/*.ocsf.json":   {95, 0},
	"prowler-runs/4.0.1-small/*.asff.json":    {19, 0},
	"prowler-runs/4.0.1-small/*.csv":          {19, 0},
	"prowler-runs/4.0.1-small/*.ocsf.json":    {19, 0},
	"prowler-runs/4.6.2-run1/*.asff.json":     {89, 0},
	"prowler-runs/4.6.2-run1/*.csv":           {91, 0},
	"prowler-runs/4.6.2-run1/*.ocsf.json":     {91, 0},
	"prowler-runs/4.6.2-samename/*.asff.json": {2, 0},
	"prowler-runs/4.6.2-samename/*.csv":       {2, 0},
	"prowler-runs/4.6.2-samename/*.ocsf.json": {2, 0},
	"prowler-runs/5.46.0-muted/*.asff.json":   {18, 0},
	"prowler-runs/5.46.0-muted/*.csv":         {19, 0},
	"prowler-runs/5.46.0-muted/*.ocsf.json":   {19, 0},
	"prowler-runs/5.46.0-run1/*.asff.json":    {89, 0},
	"prowler-runs/5.46.0-run1/*.csv":          {91, 0},
	"prowler-runs/5.46.0-run1/*.ocsf.json":    {91, 0},
	"prowler-runs/5.46.0-run2/*.asff.json":    {89, 0},
	"prowler-runs/5.46.0-run2/*.csv":          {91, 0},
	"prowler-runs/5.46.0-run2/*.ocsf.json":    {91, 0},
	"samples/alibaba_cspm.jsonl":              {2, 0},
	"samples/guardduty.json":                  {1, 0},
	"samples/prisma_alert.json":               {1, 0},
	"samples/qualys_totalcloud_eval.json":     {1, 0},
}

// notFindings are the files of the same folder that hold logs.
var notFindings = []string{"cwl_subscription_decoded.json", "eventbridge_cloudtrail.json", "prisma_audit.jsonl"}

// loadAll loads objects into a store of its own.
func loadAll(t *testing.T, objects []ingest.Object) (*Store, *Report) {
	t.Helper()
	s := openTest(t, t.TempDir())
	report, err := s.Logs.Load(t.Context(), objects, LoadOptions{Ingest: ingest.Options{Now: testNow}})
	if err != nil {
		t.Fatal(err)
	}
	return s, report
}

func TestRealFindingsFiles(t *testing.T) {
	root := filepath.Join(shared(t), "data/findings")
	known := map[string]bool{}
	for pattern, want := range realFindings {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil || len(files) != 1 {
			t.Fatal(pattern, files, err)
		}
		known[files[0]] = true
		t.Run(pattern, func(t *testing.T) {
			s, report := loadAll(t, []ingest.Object{fileObject(files[0])})
			if len(report.Refused) > 0 || len(report.Logstores) != 1 {
				t.Fatalf("%+v", report)
			}
			got := report.Logstores[0]
			stored := count(t, s.Logs, "SELECT count(*) FROM log_findings")
			if got.Name != "findings" || got.Records+got.Duplicates != want[0] || got.Broken != want[1] || stored != got.Records || got.Conflicts != 0 {
				t.Errorf("%d stored, %d duplicates, %d broken, not %v: %+v", stored, got.Duplicates, got.Broken, want, got)
			}
		})
	}
	err := filepath.WalkDir(root, func(p string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() && !known[p] && e.Name() != "LICENSE" && !strings.Contains(strings.Join(notFindings, " "), e.Name()) {
			t.Errorf("%s is in no table", p)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// TestNativeNames: queries that were written for the scanner run, whatever the
// format.
func TestNativeNames(t *testing.T) {
	root := filepath.Join(shared(t), "data/findings")
	var objects []ingest.Object
	for _, pattern := range []string{"prowler-runs/3.16.17-run1/*.csv", "prowler-runs/3.16.17-run1/*[0-9].json", "prowler-runs/5.46.0-run1/*.csv", "prowler-runs/5.46.0-run1/*.asff.json", "samples/*"} {
		for _, o := range globObjects(t, filepath.Join(root, pattern)) {
			if !strings.Contains(strings.Join(notFindings, " "), filepath.Base(o.Name)) {
				objects = append(objects, o)
			}
		}
	}
	s, _ := loadAll(t, objects)
	for text, want := range map[string]int{
		"STATUS:FAIL": 51 + 53, "CHECK_ID:iam_root_mfa_enabled": 2, "Status:FAIL": 51, "CheckID:iam_root_mfa_enabled": 1,
		`COMPLIANCE:"NIST-800-171-Revision-2: 3_1_1" and CHECK_ID:iam_root_mfa_enabled`: 2, "MUTED:False": 91, "PROWLER_VERSION:5.46.0": 91,
		"Severity:critical and CheckID:iam_root_mfa_enabled": 1, "Severity.Label:CRITICAL and GeneratorId:prowler-iam_root_mfa_enabled": 1,
		"Compliance.Status:FAILED": 53, "__topic__:prowler": 95 + 95 + 91 + 89, "@check:iam_root_mfa_enabled": 4,
		"__topic__:guardduty and service.archived:false and severity >= 4": 1, "resource.accessKeyDetails.userName:alice": 1,
		"policy.severity:high and lastSeen > 1694003441000": 1, "service:CLOUD_TRAIL and result:FAIL": 1, "criticality:MEDIUM": 1,
		`check_item:"bucket is publicly readable"`: 1, "alice": 1, "status:NOT_PASS": 1,
	} {
		if r := rowsOf(t, s.Logs, "findings", text, query.Window{}); len(r.Rows) != want {
			t.Errorf("%s: %d records, not %d", text, len(r.Rows), want)
		}
	}
	r := rowsOf(t, s.Logs, "findings", "@finding:* | SELECT count(*) AS n, count(DISTINCT @finding) AS d FROM log WHERE __topic__ = 'prowler'", query.Window{})
	if got := fmt.Sprint(r.Rows); got != "[[370 103]]" { // 86 of 95 and 91 agree, and ASFF cannot name three
		t.Errorf("findings and distinct ones: %s", got)
	}
}
