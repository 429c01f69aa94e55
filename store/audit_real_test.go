package store

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"tocsin/ingest"
	"tocsin/query"
)

// The real files of CloudTrail, and the samples of its envelopes and of audit
// logs: each in a store of its own, counted.

// trailRecords counts the records of a file of CloudTrail by encoding/json.
func trailRecords(t *testing.T, path string) int64 {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var envelope struct{ Records []json.RawMessage }
	if json.Unmarshal(text, &envelope) == nil {
		return int64(len(envelope.Records))
	}
	if err := json.Unmarshal(text, &envelope.Records); err != nil {
		t.Fatal(path, err)
	}
	return int64(len(envelope.Records))
}

func TestRealCloudTrailFiles(t *testing.T) {
	if testing.Short() {
		t.Skip("ninety stores take a while, and -short was said")
	}
	var files, total int64
	for _, o := range globObjects(t, filepath.Join(shared(t), "data/cloudtrail/*/*.json")) {
		want := trailRecords(t, o.Name)
		files, total = files+1, total+want
		s, report := loadAll(t, []ingest.Object{o})
		if len(report.Refused) > 0 || len(report.Logstores) != 1 || want == 0 {
			t.Fatalf("%s: %+v", o.Name, report)
		}
		got := report.Logstores[0]
		stored := count(t, s.Logs, "SELECT count(*) FROM log_cloudtrail")
		if got.Records+got.Duplicates != want || got.Broken != 0 || got.Conflicts != 0 || stored != got.Records {
			t.Errorf("%s: %d stored, not %d: %+v", o.Name, stored, want, got)
		}
		if err := s.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if files != 90 || total != 3210 {
		t.Errorf("%d records in %d files", total, files)
	}
}

func TestRealAuditSamples(t *testing.T) {
	for name, want := range map[string]struct {
		logstore, query string
		records         int64
		found           int
	}{
		"cwl_subscription_decoded.json": {"cloudtrail", "eventName:ConsoleLogin and @account:123456789012", 1, 1},
		"eventbridge_cloudtrail.json":   {"cloudtrail", `@actor:"arn:aws:iam::123456789012:user/alice" and requestParameters.userName:bob`, 1, 1},
		"prisma_audit.jsonl":            {"audit", `@success:false and actionType:LOGIN and action:"logged in"`, 2, 1},
	} {
		s, report := loadAll(t, globObjects(t, filepath.Join(shared(t), "data/findings/samples", name)))
		if len(report.Refused) > 0 || len(report.Logstores) != 1 {
			t.Fatalf("%s: %+v", name, report)
		}
		got := report.Logstores[0]
		if got.Name != want.logstore || got.Records != want.records || got.Broken+got.Flagged != 0 {
			t.Errorf("%s: %+v", name, got)
		}
		if r := rowsOf(t, s.Logs, want.logstore, want.query, query.Window{}); len(r.Rows) != want.found {
			t.Errorf("%s: %s finds %d", name, want.query, len(r.Rows))
		}
	}
}
