package ingest

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestCloudTrailValues: what odd records become.
func TestCloudTrailValues(t *testing.T) {
	const head = `{"eventVersion":"1.08","eventTime":"2026-11-20T10:00:00Z","eventName":"A","eventID":"0a0a0000-0000-4000-8000-000000000001",`
	for _, x := range []struct{ name, text, column, want, extra, flags string }{
		{"of equal keys the first", `"userAgent":"a","userAgent":"b"}`, "user_agent", "a", "", "[]"},
		{"null is first, too", `"userAgent":null,"userAgent":"b"}`, "user_agent", "", "", "[]"},
		{"a key with escapes", `"user\u0041gent":"a"}`, "user_agent", "a", "", "[]"},
		{"of equal objects the first", `"userIdentity":{"type":"A"},"userIdentity":{"type":"B","userName":"x"}}`, "ui_user", "", "", "[]"},
		{"keys inside of lists are others", `"userIdentity":[{"type":"A"}]}`, "ui_type", "", "", "[]"},
		{"an object where a text belongs", `"userAgent":{"a": [1]}}`, "user_agent", `{"a": [1]}`, "", "[]"},
		{"escapes", `"userAgent":"\u0041\ud83d\ude00\"\\\/\b\f\n\r\t"}`, "user_agent", "A😀\"\\/\b\f\n\r\t", "", "[]"},
		{"unknown keys", `"z":[1, 2],"a":{"b":1.0}}`, "user_agent", "", `{"z":[1, 2],"a":{"b":1.0}}`, "[]"},
		{"unknown keys twice", `"z":1,"\u007a":2,"y":3,"z":4}`, "user_agent", "", `{"z":1,"y":3}`, "[]"},
		{"reserved keys", `"__seq__":9,"@actor":"root","@x":1,"__tag__:a":"b"}`, "actor", "", `{"__seq__":9,"@actor":"root","@x":1,"__tag__:a":"b"}`, "[reserved:__seq__ reserved:@actor reserved:@]"},
		{"readOnly is no truth", `"readOnly":"perhaps"}`, "event_name", "A", `{"readOnly":"perhaps"}`, "[type:readOnly]"},
		{"other case", `"EventName":"B"}`, "event_name", "A", `{"EventName":"B"}`, "[]"},
		{"digits stay", `"requestParameters":{"n":123456789012345678901234567890,"m":1.0}}`, "request_parameters", `{"n":123456789012345678901234567890,"m":1.0}`, "", "[]"},
		{"beyond a double", `"requestParameters":{"n":[-1e999,1E5]}}`, "request_parameters", `{"n":["-1e999",1E5]}`, "", "[number]"},
		{"half of a pair", `"requestParameters":{"n\udc00":"\ud800x\ud83d\ude00"}}`, "request_parameters", `{"n\ufffd":"\ufffdx\ud83d\ude00"}`, "", "[surrogate]"},
		{"raw control characters", "\"requestParameters\":\"a\x01\tb\"}", "request_parameters", `"a\u0001\u0009b"`, "", "[control]"},
		{"overlong", "\"userAgent\":\"\xc0\xbcscript\"}", "user_agent", "\uFFFDscript", "", "[utf8]"},
		{"resource of the list", `"resources":[{"ARN":"arn:x"}],"requestParameters":{"bucketName":"b"}}`, "resource", "arn:x", "", "[]"},
		{"resource of the request", `"requestParameters":{"name":"n","groupId":"sg-1"}}`, "resource", "sg-1", "", "[]"},
		{"actor is the ARN", `"userIdentity":{"userName":"u","arn":"arn:u","principalId":"p"}}`, "actor", "arn:u", "", "[]"},
		{"actor is the service", `"userIdentity":{"arn":"","invokedBy":"s3.amazonaws.com","principalId":"p"}}`, "actor", "s3.amazonaws.com", "", "[]"},
		{"insight", `"insightDetails":{"state":"Start"}}`, "event_name", "A", `{"insightDetails":{"state":"Start"}}`, "[]"},
	} {
		out := load([]byte(head+x.text), Options{})
		if len(out.cells) != 1 || out.err != nil {
			t.Errorf("%s: %v %v", x.name, out.broken, out.err)
			continue
		}
		if got := out.cells[0][x.column]; got != x.want {
			t.Errorf("%s: %s is %q, not %q", x.name, x.column, got, x.want)
		}
		if got := out.cells[0]["extra"]; got != x.extra {
			t.Errorf("%s: extra is %s, not %s", x.name, got, x.extra)
		}
		if got := fmt.Sprint(out.flags); got != x.flags {
			t.Errorf("%s: flags %s, not %s", x.name, got, x.flags)
		}
	}
}

// one decodes an object of one record.
func one(t *testing.T, text, object string, o Options) *Record {
	t.Helper()
	o.Now = loadTime
	d, err := decode(strings.NewReader(text), object, o)
	if err != nil {
		t.Fatal(text, err)
	}
	var r Record
	if err := d.Next(&r); err != nil {
		t.Fatal(text, err)
	}
	return &r
}

func TestIdentity(t *testing.T) {
	trail := func(id, name string) string {
		return `{"eventVersion":"1","eventTime":"2026-11-20T10:00:00Z","eventID":` + id + `,"eventName":"` + name + `"}`
	}
	const upper, lower = `"0A0A0000-0000-4000-8000-00000000000F"`, `"0a0a0000-0000-4000-8000-00000000000f"`
	hub := func(id, at, title string) string {
		return `{"SchemaVersion":"2018-10-08","Id":"` + id + `","ProductArn":"p","UpdatedAt":"` + at + `","Title":"` + title + `"}`
	}
	for _, x := range []struct {
		name, a, objectA, b, objectB string
		same                         bool
	}{
		{"one event id", trail(lower, "A"), "x", trail(upper, "B"), "y", true},
		{"ids that are no UUIDs", trail(`"e1"`, "A"), "x", trail(`"e1"`, "A"), "y", true},
		{"other ids that are no UUIDs", trail(`"e1"`, "A"), "x", trail(`"e2"`, "A"), "x", false},
		{"no id, other object", trail(`""`, "A"), "x", trail(`""`, "A"), "y", false},
		{"no id, same place", trail(`7`, "A"), "x", trail(`7`, "A"), "x", true},
		{"no id, same place, other content", trail(`7`, "A"), "x", trail(`7`, "B"), "x", false},
		{"no id, rotated", trail(`7`, "A"), "/l/a.log", trail(`7`, "A"), "/l/a.log-20261126.2.gz", true},
		{"no id, another folder", trail(`7`, "A"), "/l/a.log", trail(`7`, "A"), "/m/a.log", false},
		{"one finding", hub("i", "2026-11-20T10:00:00Z", "t"), "x", hub("i", "2026-11-20T10:00:00Z", "t"), "y", true},
		{"one finding, later", hub("i", "2026-11-20T10:00:00Z", "t"), "x", hub("i", "2026-11-20T11:00:00Z", "t"), "x", false},
		{"one finding, other content", hub("i", "2026-11-20T10:00:00Z", "t"), "x", hub("i", "2026-11-20T10:00:00Z", "u"), "x", false},
	} {
		a, b := one(t, x.a, x.objectA, Options{}), one(t, x.b, x.objectB, Options{})
		if (a.ID == b.ID) != x.same {
			t.Errorf("%s: %x and %x", x.name, a.ID, b.ID)
		}
	}
	r := one(t, trail(lower, "A"), "x", Options{Source: "s", Tenant: "n"})
	if fmt.Sprintf("%x", r.ID) != "0a0a000000004000800000000000000f" || r.Source != "s" || r.Tenant != "n" || r.Topic != "cloudtrail" {
		t.Errorf("%+v", r)
	}
	insight := one(t, `{"eventVersion":"1","eventCategory":"Insight","insightDetails":{}}`, "x", Options{})
	if insight.Topic != "cloudtrail-insight" {
		t.Errorf("topic %s", insight.Topic)
	}
}

func TestFindingValues(t *testing.T) {
	tokyo := time.FixedZone("JST", 9*3600)
	const cspm = `{"__topic__":"sas-cspm-log","__source__":"10.0.0.1","__time__":"1795600000","check_id":"7","check_item_name":"公開","instance_id":"b","instance_type":"OSS","region_id":"r","risk_level":"HIGH","status":"%s"}`
	const ocsf = `{"class_uid":2004,"metadata":{"product":{"name":"Prowler"}},"finding_info":{"uid":"prowler-aws-iam_x-1-r-u","title":"T"},"cloud":{"region":"r","account":{"uid":"1"}},"resources":[{"uid":"u"},{"uid":"v"}],%s}`
	const hub = `{"SchemaVersion":"2018-10-08","Id":"i","ProductArn":"%s","UpdatedAt":"2026-11-20T10:00:00Z","FirstObservedAt":"2026-11-01T00:00:00Z","GeneratorId":"a/b/c","Resources":[{"Type":"AwsEc2Instance","Id":"arn:aws:ec2:r:1:instance/i-1"}],%s}`
	for _, x := range []struct {
		text  string
		cells string // check status severity title resource service region muted success
		time  string
		flags string
	}{
		{fmt.Sprintf(cspm, "NOT_PASS"), "7 FAIL high 公開 b OSS r 0 0", "2026-11-25T09:46:40Z", "[time-range]"},
		{fmt.Sprintf(cspm, "PASS"), "7 PASS high 公開 b OSS r 0 1", "2026-11-25T09:46:40Z", "[time-range]"},
		{fmt.Sprintf(cspm, "WHITELIST"), "7 FAIL high 公開 b OSS r 1 0", "2026-11-25T09:46:40Z", "[time-range]"},
		{fmt.Sprintf(cspm, "CHECKING"), "7 UNKNOWN high 公開 b OSS r 0 -", "2026-11-25T09:46:40Z", "[time-range]"},
		{strings.Replace(fmt.Sprintf(cspm, "PASS"), `"1795600000"`, `"soon","start_time":"1763632800"`, 1), "7 PASS high 公開 b OSS r 0 1", "2025-11-20T10:00:00Z", "[time]"},
		{fmt.Sprintf(ocsf, `"severity_id":5,"status_code":"FAIL","status_id":3,"time":1763632800`), "iam_x FAIL critical T u  r 1 0", "2025-11-20T10:00:00Z", "[more]"},
		{fmt.Sprintf(ocsf, `"severity":"Low","status_code":"MANUAL","event_time":"2026-11-20T10:00:00.5"`), "iam_x MANUAL low T u  r 0 -", "2026-11-20T01:00:00.5Z", "[more]"},
		{fmt.Sprintf(ocsf, `"status":"Success","time":"2026-11-20 10:00:00"`), "iam_x PASS  T u  r 0 1", "2026-11-20T01:00:00Z", "[more]"},
		{fmt.Sprintf(ocsf, `"status":"Other","time":1763632800000`), "iam_x FAIL  T u  r 1 0", "2025-11-20T10:00:00Z", "[more]"},
		{fmt.Sprintf(hub, "p", `"Compliance":{"Status":"FAILED"},"Severity":{"Normalized":70}`), "c FAIL high  arn:aws:ec2:r:1:instance/i-1 ec2  0 0", "2026-11-20T10:00:00Z", "[]"},
		{fmt.Sprintf(hub, "arn::product/prowler/prowler", `"Compliance":{"Status":"WARNING"},"Severity":{"Label":"LOW"}`), "c FAIL low  arn:aws:ec2:r:1:instance/i-1 ec2  1 0", "2026-11-20T10:00:00Z", "[]"},
		{fmt.Sprintf(hub, "p", `"Compliance":{"Status":"NOT_AVAILABLE","SecurityControlId":"S3.1"},"__time__":1,"@severity":"low"`), "S3.1 UNKNOWN   arn:aws:ec2:r:1:instance/i-1 ec2  0 -", "2026-11-20T10:00:00Z", "[reserved:__time__ reserved:@severity]"},
	} {
		r := one(t, x.text, "x", Options{Zone: tokyo, Source: "src"})
		var got []string
		for _, i := range []int{fdCheck, fdStatus, fdSeverity, fdTitle, fdResource, fdService, fdRegion} {
			got = append(got, string(r.Cells[i].B))
		}
		for _, i := range []int{fdMuted, fdSuccess} {
			got = append(got, map[bool]string{true: fmt.Sprint(r.Cells[i].N), false: "-"}[r.Cells[i].Valid])
		}
		if s := strings.Join(got, " "); s != x.cells {
			t.Errorf("%s:\n %s\n not %s", x.text, s, x.cells)
		}
		if at := time.UnixMicro(r.Time).UTC().Format(time.RFC3339Nano); at != x.time || fmt.Sprint(r.Flags) != x.flags {
			t.Errorf("%s: %s %v, not %s %s", x.text, at, r.Flags, x.time, x.flags)
		}
		if string(r.Cells[fdRecord].B) != x.text {
			t.Errorf("record: %s", r.Cells[fdRecord].B)
		}
		want := map[bool]string{true: "10.0.0.1", false: "src"}[strings.Contains(x.text, "__source__")]
		if r.Source != want {
			t.Errorf("%s: source %s", x.text, r.Source)
		}
	}
}

func TestLogOf(t *testing.T) {
	for name, want := range map[string]string{
		"/l/access.log": "/l/access.log", "/l/access.log.1": "/l/access.log", "/l/access.log.2.gz": "/l/access.log", "/l/access.log-20261126": "/l/access.log",
		"/l/access.log-2026-11-26_00.gz": "/l/access.log", "/l/web-2026-11-26.log": "/l/web-2026-11-26.log", "/l/2026/11": "/l/2026/11", "/l/7": "/l/7", "7": "7", "a1": "a1",
		"/l/-1": "/l/-1", "": "", "queue/0a1b-22": "queue/0a1b",
	} {
		if got := logOf(name); got != want {
			t.Errorf("%s is a piece of %s, not %s", name, got, want)
		}
	}
}

// Two tenants that write the same line, in one place, have a record each; but for an
// event with an id that is good everywhere, which may be delivered to both.
func TestIdentityOfTenants(t *testing.T) {
	declared, err := Declared("app", Declaration{Format: "json", Time: "ts"})
	if err != nil {
		t.Fatal(err)
	}
	var cases []tenantCase
	for _, c := range carriers() {
		cases = append(cases, tenantCase{name: c.name, text: string(c.object(c.make("x", "{}")))})
	}
	cases = append(cases,
		tenantCase{name: "asff", text: `{"SchemaVersion":"2018-10-08","Id":"i","ProductArn":"p","UpdatedAt":"2026-11-20T10:00:00Z","Title":"t"}`},
		tenantCase{name: "cspm", text: `{"__topic__":"sas-cspm-log","check_id":"1","check_item_name":"n","instance_id":"i","status":"NOT_PASS","start_time":"1763632800"}`},
		tenantCase{name: "a finding without an id", text: `{"id":"P-","policyId":"p","status":"open"}`},
		tenantCase{name: "prisma-audit", text: `{"timestamp":1763632800000,"actionType":"CREATE","user":"u","resourceName":"r","result":"ok"}`},
		tenantCase{name: "declared", text: `{"ts":"2026-11-20T10:00:00Z","a":1}`, logstore: declared},
		tenantCase{name: "cloudtrail without an id", text: `{"eventVersion":"1","eventTime":"2026-11-20T10:00:00Z","eventName":"A"}`},
		tenantCase{name: "cloudtrail", text: `{"eventVersion":"1","eventTime":"2026-11-20T10:00:00Z","eventID":"0a0a0000-0000-4000-8000-00000000000f","eventName":"A"}`, same: true},
		tenantCase{name: "cloudtrail, another id", text: `{"eventVersion":"1","eventTime":"2026-11-20T10:00:00Z","eventID":"e1","eventName":"A"}`, same: true},
		tenantCase{name: "actiontrail", text: `{"__topic__":"actiontrail_event","__time__":1795000000,"event":{"eventId":"e","eventName":"x"}}`, same: true},
	)
	for _, c := range cases {
		of := func(tenant string) [16]byte {
			return one(t, c.text, "o", Options{Tenant: tenant, Logstore: c.logstore}).ID
		}
		none, acme, other := of(""), of("acme"), of("other")
		if (acme == other) != c.same || (none == acme) != c.same || acme != of("acme") {
			t.Errorf("%s: %x, %x and %x", c.name, none, acme, other)
		}
	}
}

// A tenantCase is a record of a format; same: it is one for all tenants.
type tenantCase struct {
	name, text string
	logstore   *Logstore
	same       bool
}
