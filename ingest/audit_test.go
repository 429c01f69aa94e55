package ingest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestAudit: what the normalised fields hold of each shape.
func TestAudit(t *testing.T) {
	const event = `{"eventId":"e1","eventName":"DeleteDisk","serviceName":"Ecs","acsRegion":"cn-beijing","sourceIpAddress":"203.0.113.9","eventTime":"2026-11-19T10:00:00Z","recipientAccountId":"1002","userIdentity":{"type":"ram-user","principalId":"2001","accountId":"1001","userName":"alice"},"resourceName":"d-1;i-1","errorCode":"NoPermission"}`
	const cells = "alice DeleteDisk d-1 1002 cn-beijing 203.0.113.9 false"
	flat := `{"event.eventId":"e1","event.eventName":"DeleteDisk","event.serviceName":"Ecs","event.acsRegion":"cn-beijing","event.sourceIpAddress":"203.0.113.9","event.eventTime":"2026-11-19T10:00:00Z","event.recipientAccountId":"1002","event.userIdentity.type":"ram-user","event.userIdentity.principalId":"2001","event.userIdentity.accountId":"1001","event.userIdentity.userName":"alice","event.resourceName":"d-1;i-1","event.errorCode":"NoPermission"}`
	eventTime := time.Date(2026, 11, 19, 10, 0, 0, 0, time.UTC)
	named := auditLogstore()
	for _, c := range []struct {
		name, data   string
		named        *Logstore
		topic, cells string
		at           time.Time
		extra, flags string
	}{
		{"object", `{"event":` + event + `}`, nil, "actiontrail_audit_event", cells, eventTime, "", "[]"},
		{"text", `{"event":` + quoted(t, event) + `}`, nil, "actiontrail_audit_event", cells, eventTime, "", "[]"},
		{"flat", flat, nil, "actiontrail_audit_event", cells, eventTime, "", "[]"},
		{"as delivered", "[" + event + "]", nil, "actiontrail_audit_event", cells, eventTime, "", "[]"},
		{
			"of SLS", `{"__topic__":"actiontrail_event","__time__":"1795000000","__source__":"own","__tag__:__client_ip__":"192.0.2.1","event":` + event + `}`, nil,
			"actiontrail_event", cells, time.Unix(1795000000, 0), `{"__tag__:__client_ip__":"192.0.2.1"}`, "[]",
		},
		{
			"tags as an object", `{"__topic__":"","__time__":1795000000,"__tags__":{"a \"b\"":"c"},"event":` + event + `}`, nil,
			"actiontrail_audit_event", cells, time.Unix(1795000000, 0), `{"__tag__:a \"b\"":"c"}`, "[]",
		},
		{"fields that are ours", `{"__seq__":1,"@actor":"root","__time__":"soon","event":` + event + `}`, nil, "actiontrail_audit_event", cells, eventTime, `{"__seq__":1,"@actor":"root","__time__":"soon"}`, "[time reserved:__seq__ reserved:@actor reserved:__time__]"},
		{"a place that is taken", `{"event.a":"1","event.a.b":"2","event.eventName":"x"}`, nil, "actiontrail_audit_event", "x true", loadTime, `{"event.a.b":"2"}`, "[no-time]"},
		{"without resourceName", `{"eventName":"x","acsRegion":"r","eventTime":"2026-11-19T10:00:00Z","referencedResources":{"ACS::ECS::Disk":[],"ACS::ECS::Instance":["i-2","i-3"]}}`, nil, "actiontrail_audit_event", "x i-2 r true", eventTime, "", "[]"},
		{"Prisma", `{"result":"Successful","actionType":"CREATE","ipAddress":"198.51.100.7","action":"'a' made it","resourceName":"TEST","user":"alice","timestamp":1795000000123,"resourceType":"Account Group"}`, nil, "prisma-audit", "alice CREATE TEST 198.51.100.7 true", time.UnixMilli(1795000000123), "*", "[]"},
		{"Prisma itself", `{"result":"FAILED","actionType":"LOGIN","ipAddress":"RedLock Internal IP","resourceName":"b","user":"b","timestamp":1795000000123,"resourceType":"Login"}`, nil, "prisma-audit", "b LOGIN b false", time.UnixMilli(1795000000123), "*", "[]"},
		{"Prisma without an answer", `{"result":"pending","actionType":"LOGIN","resourceName":"b","user":"b","timestamp":1795000000123}`, nil, "prisma-audit", "b LOGIN b", time.UnixMilli(1795000000123), "*", "[]"},
		{"Kubernetes", `{"kind":"Event","auditID":"a","verb":"delete","user":{"username":"system:admin"},"sourceIPs":["192.0.2.1"],"objectRef":{"name":"web"},"responseStatus":{"code":403},"requestReceivedTimestamp":"2026-11-19T10:00:00.000000Z"}`, named, "api-audit", "system:admin delete web 192.0.2.1 false", eventTime, "*", "[]"},
		{"another", `{"user":"u","operation":"op","target":{"id":"t"},"result":"success","ts":1795000000}`, named, "api-audit", "u op t true", time.Unix(1795000000, 0), "*", "[]"},
	} {
		out := load([]byte(c.data), Options{Logstore: c.named})
		if out.records != 1 || out.err != nil {
			t.Errorf("%s: %+v", c.name, out)
			continue
		}
		o, err := Decode(bytesObject([]byte(c.data)), Options{Now: loadTime, Logstore: c.named, Source: "configured"})
		if err != nil {
			t.Fatal(err)
		}
		var r Record
		if err := o.Next(&r); err != nil {
			t.Fatal(err)
		}
		var words []string
		for _, i := range []int{auActor, auAction, auResource, auAccount, auRegion, auSourceIP} {
			if r.Cells[i].Valid {
				words = append(words, string(r.Cells[i].B))
			}
		}
		if s := r.Cells[auSuccess]; s.Valid {
			words = append(words, fmt.Sprint(s.N == 1))
		}
		if got := strings.Join(words, " "); got != c.cells || r.Topic != c.topic || !time.UnixMicro(r.Time).Equal(c.at) {
			t.Errorf("%s: %s, topic %s, time %s", c.name, got, r.Topic, time.UnixMicro(r.Time).UTC())
		}
		want := c.extra
		if want == "*" {
			want = c.data
		}
		if got := string(r.Cells[auExtra].B); got != want {
			t.Errorf("%s: extra %s", c.name, got)
		}
		if got := fmt.Sprint(r.Flags); got != c.flags {
			t.Errorf("%s: flags %s", c.name, got)
		}
		if source := "configured"; c.name == "of SLS" && r.Source != "own" || c.name != "of SLS" && r.Source != source {
			t.Errorf("%s: source %s", c.name, r.Source)
		}
	}
}

// TestAuditLimits: an event beyond the limits is kept as text and flagged.
func TestAuditLimits(t *testing.T) {
	deep := strings.Repeat(`{"a":`, 101) + "1" + strings.Repeat("}", 101)
	long := "event" + strings.Repeat(".a", 101)
	for name, data := range map[string]string{
		"object": `{"__topic__":"actiontrail_event","__time__":1795000000,"event":` + deep + `}`,
		"text":   `{"__topic__":"actiontrail_event","__time__":1795000000,"event":` + quoted(t, deep) + `}`,
		"flat":   `{"__time__":1795000000,"event.eventName":"x","event.` + strings.Repeat("a.", 60) + `b":` + strings.Repeat(`{"a":`, 60) + "1" + strings.Repeat("}", 60) + `}`,
	} {
		out := load([]byte(data), Options{})
		if out.records != 1 || out.err != nil || fmt.Sprint(out.flags) != "[deep]" || out.cells[0]["event"] != "" || !strings.Contains(out.cells[0]["extra"], `"event`) {
			t.Errorf("%s: %+v", name, out)
		}
	}
	out := load([]byte(`{"event.eventName":"x","`+long+`":1,"__time__":1795000000}`), Options{})
	if out.records != 1 || out.cells[0]["extra"] != `{"`+long+`":1}` || out.cells[0]["event"] != `{"eventName":"x"}` {
		t.Errorf("a long key: %+v", out)
	}
	for _, data := range []string{`{"__topic__":"actiontrail_event","event":"{"}`, `{"__topic__":"actiontrail_event","event":7}`} {
		if out := load([]byte(data), Options{}); out.records != 0 || len(out.broken) != 1 {
			t.Errorf("%s: %+v", data, out)
		}
	}
}

// TestAuditNamed: what is no format's is an audit log only where the user says so.
func TestAuditNamed(t *testing.T) {
	const other = `{"user":"u","operation":"op","ts":1795000000}`
	if out := load([]byte(other), Options{}); out.err == nil {
		t.Errorf("by content: %+v", out)
	}
	if out := load([]byte(`{"a":1}`), Options{Logstore: auditLogstore()}); out.err == nil || !strings.Contains(out.err.Error(), "api-audit: it has no action") {
		t.Errorf("nothing of an audit log: %+v", out.err)
	}
	out := load([]byte(trailEvent), Options{Logstore: auditLogstore()})
	if out.err == nil || !strings.Contains(out.err.Error(), "which belongs to logstore cloudtrail") {
		t.Errorf("CloudTrail: %v", out.err)
	}
}

// TestAuditSharedID: records of other APIs that share an id are records of their own.
func TestAuditSharedID(t *testing.T) {
	const stages = `{"auditID":"a","stage":"RequestReceived","verb":"delete"}
{"auditID":"a","stage":"ResponseComplete","verb":"delete","responseStatus":{"code":403}}
`
	o, err := Decode(bytesObject([]byte(stages)), Options{Now: loadTime, Logstore: auditLogstore()})
	if err != nil {
		t.Fatal(err)
	}
	var first, second Record
	if err := errors.Join(o.Next(&first), o.Next(&second)); err != nil || first.ID == second.ID {
		t.Errorf("%x %x %v", first.ID, second.ID, err)
	}
}

// TestAuditIdentity: one event is one record, however it came; two events are two.
func TestAuditIdentity(t *testing.T) {
	id := func(name, data string) [16]byte {
		o, err := Decode(Object{Name: name, Open: bytesObject([]byte(data)).Open}, Options{Now: loadTime})
		if err != nil {
			t.Fatal(err)
		}
		var r Record
		if err := o.Next(&r); err != nil {
			t.Fatal(err)
		}
		return r.ID
	}
	const bare = `{"eventId":"e1","eventName":"x","acsRegion":"r"}`
	const prisma = `{"actionType":"LOGIN","resourceName":"b","user":"b","timestamp":1795000000123}`
	for _, c := range []struct {
		name, one, two string
		same           bool
	}{
		{"delivered and through SLS", bare, `{"__topic__":"actiontrail_audit_event","__time__":1,"event":` + bare + `}`, true},
		{"under two topics", bare, `{"__topic__":"actiontrail_event","event":` + bare + `}`, false},
		{"another id", bare, strings.Replace(bare, "e1", "e2", 1), false},
		{"one entry in two objects", prisma, prisma, true},
		{"another time", prisma, strings.Replace(prisma, "0123", "0124", 1), false},
	} {
		if same := id("one", c.one) == id("two", c.two); same != c.same {
			t.Errorf("%s: the same: %v", c.name, same)
		}
	}
}

// TestAuditSamples counts the samples.
func TestAuditSamples(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(shared(t), "data/findings/samples/prisma_audit.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	if out := load(data, Options{}); out.records != 2 || len(out.broken)+len(out.flags) > 0 || out.err != nil {
		t.Errorf("%+v", out)
	}
}
