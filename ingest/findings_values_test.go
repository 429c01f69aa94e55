package ingest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// shown is a finding as the texts of the columns that are named, and its times.
func shown(r *Record, columns ...int) string {
	var out []string
	for _, i := range columns {
		switch c := r.Cells[i]; {
		case !c.Valid:
			out = append(out, "-")
		case i == fdMuted || i == fdSuccess:
			out = append(out, fmt.Sprint(c.N))
		case i == fdFirstSeen || i == fdLastSeen:
			out = append(out, time.UnixMicro(c.N).UTC().Format(time.RFC3339Nano))
		default:
			out = append(out, string(c.B))
		}
	}
	return strings.Join(append(out, time.UnixMicro(r.Time).UTC().Format(time.RFC3339Nano)), " | ")
}

const guardDutyHead = `{"schemaVersion":"2.0","accountId":"1","region":"r","partition":"aws","id":"d1","type":"Recon:X/Y","title":"T","updatedAt":"2026-11-20T10:00:00.000Z","createdAt":"2026-11-01T00:00:00Z",`

// TestGuardDuty: what is affected, by whom, how bad, in either spelling.
func TestGuardDuty(t *testing.T) {
	for _, x := range []struct{ text, want string }{
		{
			`"severity":5,"resource":{"resourceType":"AccessKey","accessKeyDetails":{"userType":"IAMUser","userName":"alice"}},"service":{"archived":false,"eventFirstSeen":"2026-11-02T00:00:00Z","eventLastSeen":"2026-11-20T09:00:00Z","action":{"awsApiCallAction":{"remoteIpDetails":{"ipAddressV4":"198.51.100.7"}}}}`,
			"medium | arn:aws:iam::1:user/alice | alice | AccessKey | alice | 198.51.100.7 | FAIL | 0 | 2026-11-02T00:00:00Z | 2026-11-20T09:00:00Z",
		},
		{`"severity":8.9,"resource":{"resourceType":"AccessKey","accessKeyDetails":{"userType":"Role","userName":"ci"}},"service":{"archived":true}`, "high | arn:aws:iam::1:role/ci | ci | AccessKey | ci | - | FAIL | 1 | 2026-11-01T00:00:00Z | 2026-11-20T10:00:00Z"},
		{`"severity":9,"resource":{"resourceType":"AccessKey","accessKeyDetails":{"userType":"Root"}},"service":{}`, "critical | arn:aws:iam::1:root | root | AccessKey | - | - | FAIL | 0 | 2026-11-01T00:00:00Z | 2026-11-20T10:00:00Z"},
		{`"severity":1,"resource":{"resourceType":"Instance","instanceDetails":{"instanceId":"i-1"}},"service":{"action":{"portProbeAction":{"portProbeDetails":[{"remoteIpDetails":{"ipAddressV4":"192.0.2.1"}}]}}}`, "low | arn:aws:ec2:r:1:instance/i-1 | i-1 | Instance | - | 192.0.2.1 | FAIL | 0 | 2026-11-01T00:00:00Z | 2026-11-20T10:00:00Z"},
		{`"severity":0,"resource":{"resourceType":"S3Bucket","s3BucketDetails":[{"arn":"arn:aws:s3:::b"}],"accessKeyDetails":{"userName":"bob"}},"service":{}`, "informational | arn:aws:s3:::b | b | S3Bucket | bob | - | FAIL | 0 | 2026-11-01T00:00:00Z | 2026-11-20T10:00:00Z"},
		{`"severity":4.0,"resource":{"resourceType":"Lambda","lambdaDetails":{"functionArn":"arn:aws:lambda:r:1:function:f"}},"service":{}`, "medium | arn:aws:lambda:r:1:function:f | f | Lambda | - | - | FAIL | 0 | 2026-11-01T00:00:00Z | 2026-11-20T10:00:00Z"},
	} {
		text := guardDutyHead + x.text + "}"
		want := "d1 | Recon:X/Y | T | 1 | r | " + x.want + " | 2026-11-20T10:00:00Z"
		columns := []int{fdUID, fdCheck, fdTitle, fdAccount, fdRegion, fdSeverity, fdResource, fdResourceName, fdService, fdActor, fdSourceIP, fdStatus, fdMuted, fdFirstSeen, fdLastSeen}
		var ids [][16]byte
		for shape, s := range map[string]string{
			"alone": text, "exported": `{"findings":[` + text + `]}`,
			"event": `{"version":"0","id":"e","detail-type":"GuardDuty Finding","source":"aws.guardduty","account":"9","region":"other","detail":` + text + `}`,
			"API":   `{"Findings":[` + pascalText(t, text) + `]}`,
		} {
			r := one(t, s, "x", Options{})
			if got := shown(r, columns...); got != want || r.Topic != "guardduty" || len(r.Flags) > 0 {
				t.Errorf("%s of %s:\n%s %v\nnot\n%s", shape, x.text, got, r.Flags, want)
			}
			if shape != "API" {
				ids = append(ids, r.ID)
				if string(r.Cells[fdRecord].B) != text {
					t.Errorf("%s: kept as %s", shape, r.Cells[fdRecord].B)
				}
			}
		}
		if ids[0] != ids[1] || ids[1] != ids[2] {
			t.Errorf("%s: the envelope is part of the identity", x.text)
		}
	}
	if o := load([]byte(`{"findings":[]}`), Options{}); o.err != nil || o.records != 0 {
		t.Errorf("an export without findings: %+v", o)
	}
}

// pascalText writes every key of a JSON object in PascalCase.
func pascalText(t *testing.T, text string) string {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	var walk func(v any) any
	walk = func(v any) any {
		switch v := v.(type) {
		case map[string]any:
			out := map[string]any{}
			for k, x := range v {
				out[pascal(k)] = walk(x)
			}
			return out
		case []any:
			for i := range v {
				v[i] = walk(v[i])
			}
		}
		return v
	}
	out, err := json.Marshal(walk(v))
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestPrismaAlert(t *testing.T) {
	const head = `{"id":"P-1","policyId":"p1","policy":{"name":"N","severity":"high","recommendation":"do"},"resource":{"rrn":"rrn:x","id":"x","name":"n","accountId":"1","account":"prod","regionId":"us-east-1","region":"AWS Virginia","resourceType":"B","cloudServiceName":"S3"},"firstSeen":1763632800000,`
	for _, x := range []struct{ text, want, flags string }{
		{head + `"status":"open","lastSeen":1763632800966}`, "P-1 | p1 | N | 1 | us-east-1 | high | rrn:x | n | S3 | FAIL | 0 | 2025-11-20T10:00:00Z | 2025-11-20T10:00:00.966Z", "[]"},
		{head + `"status":"resolved","lastSeen":1763632800000,"lastUpdated":1763632801000}`, "P-1 | p1 | N | 1 | us-east-1 | high | rrn:x | n | S3 | PASS | 0 | 2025-11-20T10:00:00Z | 2025-11-20T10:00:01Z", "[]"},
		{head + `"status":"dismissed"}`, "P-1 | p1 | N | 1 | us-east-1 | high | rrn:x | n | S3 | FAIL | 1 | 2025-11-20T10:00:00Z | 2025-11-20T10:00:00Z", "[]"},
		{head + `"status":"snoozed"}`, "P-1 | p1 | N | 1 | us-east-1 | high | rrn:x | n | S3 | FAIL | 1 | 2025-11-20T10:00:00Z | 2025-11-20T10:00:00Z", "[]"},
		{`{"riskDetail":{"riskScore":{"score":7}}}`, "- | - | - | - | - | - | - | - | - | UNKNOWN | 0 | - | 2026-11-20T12:00:00Z", "[no-time id]"},
		{`{"totalRows":1,"items":[` + head + `"status":"open"}],"nextPageToken":""}`, "P-1 | p1 | N | 1 | us-east-1 | high | rrn:x | n | S3 | FAIL | 0 | 2025-11-20T10:00:00Z | 2025-11-20T10:00:00Z", "[]"},
	} {
		r := one(t, x.text, "x", Options{})
		got := shown(r, fdUID, fdCheck, fdTitle, fdAccount, fdRegion, fdSeverity, fdResource, fdResourceName, fdService, fdStatus, fdMuted, fdFirstSeen)
		if got != x.want || r.Topic != "prisma-alert" || fmt.Sprint(r.Flags) != x.flags {
			t.Errorf("%s:\n%s %v\nnot\n%s", x.text, got, r.Flags, x.want)
		}
	}
}

// TestGeneralOCSF: findings of other writers than Prowler.
func TestGeneralOCSF(t *testing.T) {
	const head = `{"class_uid":%s,"metadata":{"product":{"name":"X"}},"severity_id":4,"time":1763632800123,"cloud":{"region":"r","account":{"uid":"1"}},`
	const compliance, detection = "2003", "2004"
	for _, x := range []struct{ class, text, want string }{
		{compliance, `"status":"New","status_id":1,"compliance":{"control":"S3.1","status":"Fail","status_id":3},"finding_info":{"uid":"u","title":"T"},"resource":{"uid":"b","type":"AwsS3Bucket"}`, "u | S3.1 | FAIL | 0 | b | - | -"},
		{compliance, `"status_id":4,"compliance":{"control":"S3.1","status_id":1},"finding_info":{"uid":"u"},"resources":[{"uid":"b"}]`, "u | S3.1 | PASS | 0 | b | - | -"},
		{compliance, `"status_id":3,"compliance":{"control":"S3.1","status_id":2},"finding_info":{"uid":"u"},"resources":[{"name":"b"}]`, "u | S3.1 | WARN | 1 | b | - | -"},
		{compliance, `"compliance":{"control":"S3.1","status_code":"NOT_AVAILABLE"},"finding_info":{"uid":"u"}`, "u | S3.1 | UNKNOWN | 0 | - | - | -"},
		{detection, `"status":"New","status_id":1,"finding_info":{"uid":"u","analytic":{"uid":"rule-1"}},"actor":{"user":{"name":"alice"}},"src_endpoint":{"ip":"192.0.2.1"},"device":{"uid":"i-1","hostname":"web"}`, "u | rule-1 | FAIL | 0 | i-1 | alice | 192.0.2.1"},
		{detection, `"status_id":4,"finding_info":{"uid":"u","types":["Recon"]},"evidences":[{"actor":{"user":{"uid":"arn:a"}},"src_endpoint":{"ip":"192.0.2.2"}}]`, "u | Recon | PASS | 0 | - | arn:a | 192.0.2.2"},
		{detection, `"status_id":5,"finding_info":{"uid":"u"}`, "u | - | FAIL | 1 | - | - | -"},
	} {
		text := fmt.Sprintf(head, x.class) + x.text + "}"
		want := x.want + " | 2025-11-20T10:00:00.123Z"
		for shape, s := range map[string]string{
			"alone": text, "GetFindingsV2": `{"Findings":[` + text + `],"NextToken":"n"}`,
			"event": `{"version":"0","detail-type":"Findings Imported V2","source":"aws.securityhub","detail":{"findings":[` + text + `]}}`,
		} {
			r := one(t, s, "x", Options{})
			if got := shown(r, fdUID, fdCheck, fdStatus, fdMuted, fdResource, fdActor, fdSourceIP); got != want || r.Topic != "ocsf" {
				t.Errorf("%s of %s:\n%s\nnot\n%s", shape, x.text, got, want)
			}
		}
	}
}

// TestProwlerTimes: what --unix-timestamp and the versions make of one moment,
// 10:00:00 in Tokyo.
func TestProwlerTimes(t *testing.T) {
	tokyo := time.FixedZone("JST", 9*3600)
	const csv = "FINDING_UID;CHECK_ID;STATUS;RESOURCE_UID;TIMESTAMP\nu;c;FAIL;r;"
	const csv3 = "FINDING_UNIQUE_ID;CHECK_ID;STATUS;RESOURCE_ARN;ASSESSMENT_START_TIME\nu;c;FAIL;r;"
	const ocsf = `{"class_uid":2004,"metadata":{"product":{"name":"Prowler"}},"finding_info":{"uid":"u"},`
	const ocsf3 = `{"class_uid":2001,"metadata":{"product":{"name":"Prowler"},"version":"1.0.0-rc.3",%s},"finding":{"uid":"u"},`
	const native = `{"CheckID":"c","Status":"FAIL","FindingUniqueId":"u","AssessmentStartTime":`
	for _, text := range []string{
		csv + "2026-11-20 10:00:00.000000\n", csv + "1795136400\n", csv3 + "2026-11-20T10:00:00.000000\n", csv3 + "1795136400\n",
		ocsf + `"time":1795136400,"time_dt":"2026-11-20T10:00:00.000000"}`, ocsf + `"time":1795136400,"time_dt":"2026-11-20T01:00:00Z"}`,
		ocsf + `"event_time":"2026-11-20T10:00:00.000000"}`, ocsf + `"event_time":1795136400}`, ocsf + `"time":1795136400000}`,
		fmt.Sprintf(ocsf3, `"original_time":"2026-11-20T10:00:00"`) + `"time":"2026-11-20 10:00:00.000000"}`,
		fmt.Sprintf(ocsf3, `"original_time":1795136400`) + `"time":"2026-11-20 01:00:00+00:00"}`,
		native + `"2026-11-20T10:00:00.000000"}`, native + `1795136400}`, native + `"1795136400"}`,
	} {
		r := one(t, text, "x", Options{Zone: tokyo})
		if got := time.UnixMicro(r.Time).UTC().Format(time.RFC3339Nano); got != "2026-11-20T01:00:00Z" || len(r.Flags) > 0 {
			t.Errorf("%s: %s %v", text, got, r.Flags)
		}
	}
}

// TestColumns: findings by the default map, and by one of a user.
func TestColumns(t *testing.T) {
	own, err := NewColumnMap(ColumnSpec{
		Topic:    "wiz",
		Columns:  []ColumnPair{{"Rule ID", "check"}, {"Rule", "title"}, {"Rule.name", "title"}, {"Asset", "resource"}, {"asset.id", "resource"}, {"State", "status"}, {"Level", "severity"}, {"Ignored", "muted"}, {"Seen", "time"}, {"Key", "finding"}},
		Status:   map[string]string{"Open": "FAIL", "Closed": "PASS", "Accepted": "FAIL muted"},
		Severity: map[string]string{"P1": "critical", "5": "critical", ">= 3": "high", ">= 0.5": "low"},
	})
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(shared(t), "data/findings/samples/qualys_totalcloud_eval.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		text    string
		columns *ColumnMap
		want    string
	}{
		{string(page), nil, "32/123456789012/arn:aws:cloudtrail:us-east-1:123456789012:trail/main | 32 | Ensure AWS Management Console authentication failures are monitored | FAIL | 0 | medium | arn:aws:cloudtrail:us-east-1:123456789012:trail/main | main | 123456789012 | us-east-1 | 2025-03-01T00:00:00Z | 2025-04-21T10:02:11Z"},
		{"CID,Control Name,Result,Criticality,Resource ID,Account ID,Region,Last Evaluated\n32,n,PASSE,HIGH,b,1,r,2025-04-21T10:02:11+0000\n", nil, "32/1/b | 32 | n | PASS | 1 | high | b | b | 1 | r | - | 2025-04-21T10:02:11Z"},
		{"CID,Result,Resource ID\n32,N/A,b\n", nil, "32//b | 32 | 32 | UNKNOWN | 0 | - | b | b | - | - | - | 2026-11-20T12:00:00Z"},
		{"Rule ID\tRule\tAsset\tState\tLevel\tIgnored\tSeen\tKey\nr1\tR\ta\tOPEN\tmoderate\tyes\t1763632800\tk\n", own, "k | r1 | R | FAIL | 1 | medium | a | a | - | - | - | 2025-11-20T10:00:00Z"},
		{"Rule ID,Asset,State,Level\nr1,a,Open,5\n", own, "r1//a | r1 | r1 | FAIL | 0 | critical | a | a | - | - | - | 2026-11-20T12:00:00Z"},
		{`{"Rule ID":"r1","asset":{"id":"a"},"State":"Open","Level":4.5}`, own, "r1//a | r1 | r1 | FAIL | 0 | high | a | a | - | - | - | 2026-11-20T12:00:00Z"},
		{"Rule ID,Asset,State,Level\nr1,a,Open,p1\n", own, "r1//a | r1 | r1 | FAIL | 0 | critical | a | a | - | - | - | 2026-11-20T12:00:00Z"},
		{"Rule ID,Asset,State,Level\nr1,a,Open,0\n", own, "r1//a | r1 | r1 | FAIL | 0 | - | a | a | - | - | - | 2026-11-20T12:00:00Z"},
		{`{"Rule ID":"r1","Rule":"","Rule.name":"R","asset":{"id":"a"},"State":"Accepted"}`, own, "r1//a | r1 | R | FAIL | 1 | - | a | a | - | - | - | 2026-11-20T12:00:00Z"},
	} {
		r := one(t, x.text, "x", Options{Columns: x.columns})
		got := shown(r, fdUID, fdCheck, fdTitle, fdStatus, fdMuted, fdSeverity, fdResource, fdResourceName, fdAccount, fdRegion, fdFirstSeen)
		if topic := map[bool]string{true: "qualys", false: "wiz"}[x.columns == nil]; got != x.want || r.Topic != topic {
			t.Errorf("%s: %s\n%s\nnot\n%s", x.text, r.Topic, got, x.want)
		}
	}
	if r := one(t, seedHub, "x", Options{Columns: own}); r.Topic != "asff" {
		t.Errorf("a map took %s", r.Topic)
	}
}

// TestColumnsPage: what docs/formats.md shows is a map, and it names every field.
func TestColumnsPage(t *testing.T) {
	page, err := os.ReadFile("../docs/formats.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "```json\n")
	shown, _, _ := strings.Cut(rest, "```")
	if _, err := ParseColumns([]byte(shown)); err != nil {
		t.Errorf("%s: %v", shown, err)
	}
	for _, field := range ColumnFieldNames() {
		if !strings.Contains(string(page), "`"+field+"`") {
			t.Errorf("the page does not name %s", field)
		}
	}
}

func TestColumnMistakes(t *testing.T) {
	for _, x := range []struct{ text, want string }{
		{`{"columns":{"a":"check","b":"status","c":"resource"}}`, ""},
		{string(qualysColumns), ""},
		{`{"columns":{"a":"chek"}}`, `column "a": there is no field "chek" (finding, check, `},
		{`{"columns":{"":"check"}}`, "a column has no name"},
		{`{"columns":{"a":"check","b":"status"}}`, "no column holds resource: a finding needs check, status and resource"},
		{`{"columns":{"a":"check","b":"status","c":"resource"},"status":{"ok":"GOOD"}}`, `status "ok": "GOOD" is none of PASS`},
		{`{"columns":{"a":"check","b":"status","c":"resource"},"status":{"ok":"PASS quiet"}}`, `status "ok": "PASS quiet" is none of PASS`},
		{`{"columns":{"a":"check","b":"status","c":"resource"},"severity":{"5":"worst"}}`, `severity "5": "worst" is none of critical, high`},
		{`{"columns":{"a":"check","b":"status","c":"resource"},"severity":{">= x":"high"}}`, `severity ">= x": numbers from one on are written ">= 7"`},
		{`{"topic":"A b","columns":{}}`, `topic "A b": a topic is`},
		{`{"colums":{}}`, `there is no key "colums" (topic, columns, status, severity)`},
		{`[]`, "a map of columns is one JSON object"},
		{`{"columns":`, "a map of columns is one JSON object"},
	} {
		_, err := ParseColumns([]byte(x.text))
		if (err == nil) != (x.want == "") || err != nil && !strings.HasPrefix(err.Error(), x.want) {
			t.Errorf("%s: %v, not %s", x.text, err, x.want)
		}
	}
}
