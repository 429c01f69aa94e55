package main

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// The pitfalls of docs/pitfalls-tests.md that a timeline shows: files of
// testdata/pitfalls, which are read as those of TestTimelines are.

func TestP01WindowAgainstIngestionDelay(t *testing.T) { pitfall(t, "P01") }

func TestP13PendingFiringAndResolvedAfterARestart(t *testing.T) { pitfall(t, "P13") }

func TestP27OverlappingWindows(t *testing.T) { pitfall(t, "P27") }

func TestP30TimestampsInTheFuture(t *testing.T) { pitfall(t, "P30") }

func pitfall(t *testing.T, name string) {
	t.Helper()
	t.Parallel()
	for _, fault := range play(t, readTimeline(t, "testdata/pitfalls/"+name+".yaml")) {
		t.Error(fault)
	}
}

// TestP28TruncatedInput: a rule finds more rows than a rule may have. Mail, status and
// why say that there are at least so many; a cut answer ends nothing; and what the
// engine counts it counts before it cuts.
func TestP28TruncatedInput(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.write("tocsin.yaml", "operator: [ops@example.com]\nnotify: {to: [ken@example.com]}\n")
	b.write("rules/rules.yaml", `defaults: {logstore: cloudtrail, delay: 0s, every: 10m, severity: high}
rules:
  - {id: last, window: 1h, query: "eventName:x | SELECT requestID ORDER BY requestID", trigger: {when: "requestID == 'r9999'"}}
  - {id: all, window: 1h, query: "eventName:x | SELECT requestID", trigger: {rows: ">= 2"}}
  - {id: many, window: 1h, query: "eventName:x | SELECT count(*) AS n", trigger: {when: "n == 10050"}}
`)
	load := func(name string, from, to int) {
		var records strings.Builder
		for i := from; i < to; i++ {
			fmt.Fprintf(&records, `{"eventVersion":"1.08","eventTime":%q,"eventSource":"ec2.amazonaws.com","eventName":"x","awsRegion":"us-east-1","eventID":"%d","requestID":"r%d"}`+"\n", b.now.Add(-time.Minute).Format(time.RFC3339), i, i)
		}
		b.write(name, records.String())
		b.must(0, "load", "--live", b.path(name))
	}
	has := func(what, text string, wants ...string) {
		t.Helper()
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("%s does not say %q:\n%.3000s", what, want, text)
			}
		}
	}
	load("first.jsonl", 9999, 10_000)
	b.must(0, "run", "--once")
	b.now = b.now.Add(10 * time.Minute)
	load("rest.jsonl", 1, 10_051) // of r9999 nothing is left in the first 10,000
	b.must(0, "run", "--once")
	has("status", b.must(1, "status").out, "all: partial at", "≥ 10000 rows: rows >= 2; only the first 10000 rows", "many: firing")
	has("why", b.must(0, "why", "all@"+b.now.Format(time.RFC3339)).out, "≥ 10000 rows: rows >= 2; only the first 10000 rows")
	mails, err := delivered(b.dir)
	if err != nil {
		t.Fatal(err)
	}
	texts := ""
	for _, m := range mails {
		a, err := receive(m.body)
		if err != nil {
			t.Fatal(err)
		}
		texts += a.Letter.Subject + "\n" + a.Letter.Text
	}
	has("the mails", texts, "20 of ≥ 10000 rows", "The 10000 rows that were read are in the attachment", "[FIRING high] many", "rule all hit a bound")
	if strings.Contains(texts, "[RESOLVED") {
		t.Errorf("something is over:\n%.3000s", texts)
	}
}

// TestP32RulesThatCanNeverFire: what is misspelt is an error or a warning with what is
// nearest; what a rule's own tests hold counts as seen.
func TestP32RulesThatCanNeverFire(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.write("tocsin.yaml", "operator: [ops@example.com]\nnotify: {to: [ken@example.com]}\n")
	b.write("trail.jsonl", `{"eventVersion":"1.08","eventTime":"2026-11-20T10:00:00Z","eventSource":"cloudtrail.amazonaws.com","eventName":"StopLogging","awsRegion":"us-east-1","eventID":"1","requestParameters":{"name":"trail"}}`+"\n")
	b.write("cspm.jsonl", `{"__topic__":"sas-cspm-log","__time__":"1763632800","check_id":"7","check_item_name":"port 22 open","instance_id":"i-1","instance_type":"ECS","risk_level":"HIGH","status":"NOT_PASS"}`+"\n")
	check := func(logstore, filter, more string) string {
		b.write("rules/rules.yaml", fmt.Sprintf("rules:\n  - {id: r, logstore: %s, query: %q%s}\n", logstore, filter, more))
		return b.call("check").err
	}
	if said := check("cloudtrail", "eventName:StopLoging", ""); !strings.Contains(said, "0 errors, 0 warnings") {
		t.Errorf("without records: %s", said)
	}
	b.must(0, "load", "--live", b.path("trail.jsonl"), b.path("cspm.jsonl"))
	const test = `, tests: [{name: t, at: "2026-11-20T10:00:00Z", records: [{eventName: StopLoging}], expect: {alerts: 1}}]`
	for _, c := range []struct{ logstore, filter, more, says string }{
		{"cloudtrail", "evenName:StopLogging", "", "did you mean eventName?"},
		{"cloudtrail", "eventName:StopLogging", "", "0 errors, 0 warnings"},
		{"cloudtrail", "eventName:stoplogging and not errorCode:*", "", "0 errors, 0 warnings"},
		{"cloudtrail", "eventName:StopLoging", "", "warning: no stored record has eventName:StopLoging"},
		{"cloudtrail", "eventName:StopLoging", "", "did you mean StopLogging?"},
		{"cloudtrail", "eventName:(StopLogging or DeleteTrail)", "", "0 errors, 0 warnings"},
		{"cloudtrail", "eventName:(StopLoging or DeleteTrail)", "", "did you mean StopLogging?"},
		{"cloudtrail", "eventName:CreateUser or eventName:DeleteUser", "", "no stored record has eventName:CreateUser, nor any of 1 others"},
		{"cloudtrail", "eventName:CreateUser", "", "eventName holds StopLogging"},
		{"cloudtrail", "errorCode:AccessDenied", "", "no stored record has a value in errorCode"},
		{"cloudtrail", "requestParameters.name:trial", "", "did you mean trail?"},
		{"cloudtrail", "eventName:StopLoging", test, "0 errors, 0 warnings"},
		{"findings", "__topic__:sas-cspm-lgo and status:NOT_PASS", "", "did you mean sas-cspm-log?"},
		{"findings", "check_item_name:port", "", "0 errors, 0 warnings"},
	} {
		if said := check(c.logstore, c.filter, c.more); !strings.Contains(said, c.says) {
			t.Errorf("%s: check does not say %q:\n%s", c.filter, c.says, said)
		}
	}
}
