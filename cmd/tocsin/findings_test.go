package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tocsin/notifier/notifiertest"
)

// TestFindingsOfRealRuns plays two real runs of Prowler over one account, with
// repairs between them, and a third one after a bucket was deleted. The second
// run is seven pieces of news, not 91; what was in the bucket is not resolved,
// and says when it was last seen.
func TestFindingsOfRealRuns(t *testing.T) {
	run := func(name string) string {
		return shared(t, "findings", "prowler-runs", name)
	}
	config, err := os.ReadFile("testdata/timelines/tocsin.yaml")
	if err != nil {
		t.Fatal(err)
	}
	const stale = " (last seen Wed 25 Nov 11:20 (16:20Z), not in the scan of 11:20 (16:20Z))"
	tl := timeline{
		Config: string(config), Day: "2026-11-25", Show: []string{"check", "status"},
		Rules: `rules:
  - {id: opened, logstore: findings, query: "@change:opened | SELECT @check, @resource ORDER BY @check", every: 30m, notify: {to: [ken], repeat_interval: 1h}}
  - {id: resolved, logstore: findings, query: "@change:resolved | SELECT @check, @resource ORDER BY @check", every: 30m, notify: {to: [ami]}}
  - {id: posture, logstore: findings_now, query: "@status:FAIL and @check:(s3_bucket_p* or ec2_*port_22) | SELECT @check, @resource ORDER BY @check, @resource", every: 30m, notify: {to: [eve], repeat_interval: 24h}}
`,
		Steps: []step{
			{At: "16:00"},
			{At: "16:30", Load: []string{run("5.46.0-run1")}, Mails: []notifiertest.Want{
				{To: "ken", Kind: "first", Tells: []string{"firing: cloudtrail_cloudwatch_logging_enabled … ec2_instance_imdsv2_enabled of 53"}, Rows: 53},
				{To: "eve", Kind: "first", Tells: []string{"firing: ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_22, s3_bucket_public_access, s3_bucket_public_list_acl"}},
			}},
			{At: "20:30", Load: []string{run("5.46.0-run2")}, Mails: []notifiertest.Want{
				{To: "ken", Kind: "first", Tells: []string{"firing: s3_bucket_public_access, s3_bucket_public_list_acl"}},
				{To: "ami", Kind: "first", Tells: []string{"firing: cloudtrail_log_file_validation_enabled, ec2_instance_port_ssh_exposed_to_internet, ec2_securitygroup_allow_ingress_from_internet_to_any_port, ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_22, ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_3389"}},
			}},
			{Day: "2026-11-26", At: "16:30", Load: []string{withoutBucket(t, run("5.46.0-run2"), "acme-eu-data")}, Mails: []notifiertest.Want{
				{
					To: "eve", Kind: "news",
					Tells: []string{"firing: + s3_bucket_public_access" + stale + ", s3_bucket_public_access, + s3_bucket_public_list_acl" + stale + ", s3_bucket_public_list_acl"},
					Says:  []string{"gone: ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_22", "passes since Wed 25 Nov 11:20 (16:20Z)"},
				},
			}},
		},
	}
	for _, fault := range play(t, tl) {
		t.Error(fault)
	}
}

// withoutBucket writes a run a day later that does not know a bucket.
func withoutBucket(t *testing.T, run, bucket string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(run, "*.ocsf.json"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%s: %v %v", run, files, err)
	}
	src, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	var list, kept []map[string]any
	if err := json.Unmarshal(src, &list); err != nil {
		t.Fatal(err)
	}
	for _, f := range list {
		if text, err := json.Marshal(f["resources"]); err != nil || strings.Contains(string(text), bucket) {
			continue
		}
		f["time"] = f["time"].(float64) + 86_400
		kept = append(kept, f)
	}
	out, err := json.Marshal(kept)
	if err != nil || len(kept) == len(list) {
		t.Fatalf("%d of %d findings are not of %s: %v", len(kept), len(list), bucket, err)
	}
	path := filepath.Join(t.TempDir(), "later.ocsf.json")
	if err := os.WriteFile(path, out, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
