package alertrules_test

import (
	"testing"
	"time"

	"tocsin/alertrules"
	"tocsin/alertrules/alertrulestest"
)

// What a test of a rule holds is what stands in it: texts, numbers and nothing
// are told apart as in JSON.
func TestRuleTests(t *testing.T) {
	const src = `
rules:
  - id: a
    logstore: cloudtrail
    query: eventName:StopLogging
    time_zone: Asia/Tokyo
    tests:
      - name: inline
        at: 2026-11-22T09:00
        records:
          - {eventName: StopLogging, "n": 1, "s": "1", f: 1.50, on: true, yes: "true", none: null, tilde: "~", deep: {list: [1, a, {b: "x: \u202e\U0001f600"}]}, empty: "", o: {}}
          - eventTime: 2026-11-22T00:00:00Z
            long: |
              two
              lines
        expect: {alerts: 0}
      - name: file
        logs: testdata/a.jsonl
        at: 2026-11-22T09:00:00+01:00
        expect: {severity: high, mail_contains: [OSS, "1"]}
`
	f, err := alertrules.Parse("rules.yaml", []byte(src), alertrulestest.Env())
	if err != nil {
		t.Fatal(err)
	}
	tests := f.Rules[0].Tests
	if len(tests) != 2 || len(tests[0].Records) != 2 {
		t.Fatalf("%+v", tests)
	}
	for i, want := range []string{
		`{"eventName":"StopLogging","n":1,"s":"1","f":1.50,"on":true,"yes":"true","none":null,"tilde":"~","deep":{"list":[1,"a",{"b":"x: ` + "\u202e\U0001f600" + `"}]},"empty":"","o":{}}`,
		`{"eventTime":"2026-11-22T00:00:00Z","long":"two\nlines\n"}`,
	} {
		if got := string(tests[0].Records[i]); got != want {
			t.Errorf("record %d:\n%s\nwant\n%s", i, got, want)
		}
	}
	if at := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC); !tests[0].At.Equal(at) {
		t.Errorf("at %s, not %s: a moment without a zone is in that of the rule", tests[0].At, at)
	}
	if n := tests[0].Expect.Alerts; n == nil || *n != 0 {
		t.Error("0 alerts are not told from any number")
	}
	second := tests[1]
	if second.Logs != "testdata/a.jsonl" || second.Expect.Alerts != nil || second.Expect.Severity != alertrules.High || len(second.Expect.MailContains) != 2 || second.Expect.MailContains[1] != "1" {
		t.Errorf("%+v", second)
	}
	if at := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC); !second.At.Equal(at) {
		t.Errorf("at %s, not %s", second.At, at)
	}
	other, err := alertrules.Parse("rules.yaml", []byte("rules:\n  - {id: a, logstore: cloudtrail, query: 'eventName:StopLogging', time_zone: Asia/Tokyo}\n"), alertrulestest.Env())
	if err != nil {
		t.Fatal(err)
	}
	if other.Rules[0].Hash != f.Rules[0].Hash {
		t.Error("an edit of the tests of a rule counts as an edit of what it evaluates")
	}
}
