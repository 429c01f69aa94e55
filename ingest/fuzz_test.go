package ingest

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"
)

// Seeds of one format each; the hostile corpus adds more where it is there.
const (
	seedTrail = `{"Records":[{"eventVersion":"1.09","eventTime":"2026-11-25T10:00:00Z","eventSource":"iam.amazonaws.com","eventName":"CreateUser","eventID":"0a0a0000-0000-4000-8000-000000000001","userIdentity":{"type":"IAMUser","principalId":"A:b","arn":"a","accessKeyId":"k","userName":"u","sessionContext":{"sessionIssuer":{"principalId":"A","arn":"r","userName":"n"},"attributes":{"mfaAuthenticated":"true"}}},"requestID":"0a0a0000-0000-4000-8000-000000000002","requestParameters":{"userName":"b\u00f6b"},"extra":1}]}`
	seedCheck = `{"__topic__":"sas-cspm-log","__time__":"1795600000","check_id":"7","check_item_name":"x","instance_id":"b","status":"NOT_PASS"}` + "\n"
	seedHub   = `[{"SchemaVersion":"2018-10-08","Id":"a","ProductArn":"p","Resources":[{"Id":"r"},{"Id":"s"}],"Severity":{"Label":"HIGH"}}]`
	seedOCSF  = "[{\n\"class_uid\": 2004, \"metadata\": {\"version\": \"1.5.0\"}, \"time\": 1795600000, \"resources\": [{\"uid\": \"u\"}]\n},]"
	seedEvent = `{"version":"0","detail-type":"x","detail":{"findings":[` + seedDuty + `]}}` + "\n" + `{"detail-type":"GuardDuty Finding","detail":` + seedDuty + `}`
	seedDuty  = `{"schemaVersion":"2.0","id":"d","type":"T","severity":5,"resource":{"s3BucketDetails":[{"arn":"a"},{}]},"service":{"archived":true}}`
	seedRun   = `[{"CheckID":"c","Status":"FAIL","FindingUniqueId":"","AccountId":"1","ResourceId":"r","AssessmentStartTime":"2026-11-20T10:00:00"}]{"CheckID":"d"}]`
	seedAlert = `{"items":[{"id":"P-1","policyId":"p","status":"open","lastSeen":1763632800000}]}` + "\n" + `{"riskDetail":{}}`
	seedPage  = `{"content":[{"controlId":"1","resourceId":"r","result":"FAIL","evaluationDates":{"firstEvaluated":"2026-11-20T10:00:00+0000"}}],"last":true}`
	seedLine  = `{"ts":"2026-11-25 10:00:00","n":"12","o":{"a":[1e999]},"__seq__":1,"\ud800":"x"}` + "\n{\"n\":1}}"
)

// seedsEnclosed are of the formats whose records come inside of something else.
var seedsEnclosed = []string{
	`{"detail-type":"AWS API Call via CloudTrail","id":"1","account":"2","time":"2026-11-25T10:00:00Z","detail":{"eventVersion":"1","eventName":"x\u00e9"}}`,
	`{"messageType":"DATA_MESSAGE","owner":"2","logEvents":[{"id":"1","timestamp":1795600000000,"message":"{\"eventVersion\":\"1\",\"eventName\":\"\\ud800\"}"}]}`,
	`{"Events":[{"EventId":"1","EventTime":1795600000.5,"CloudTrailEvent":"{\"eventVersion\":\"1\",\"eventName\":\"x\"}"}]}`,
	`{"eventname":"x","eventsource":"y","eventtime":"2026-11-25 10:00:00.000","useridentity":"{type=a, arn=b, sessioncontext={attributes={mfaauthenticated=true}}}","resources":"[{arn=x, type=y}]"}`,
	`{"QueryResultRows":[[{"eventname":"x"},{"eventsource":"y"},{"requestparameters":"{\"A\":1}"}]]}`,
	`{"__topic__":"actiontrail_audit_event","__time__":"1795600000","__tags__":{"a":"b"},"event":"{\"eventId\":\"1\",\"eventName\":\"x\"}"}`,
	`{"event.eventName":"x","event.userIdentity.userName":"a","event.userIdentity":"b"}`,
	`{"eventId":"1","eventName":"x","acsRegion":"r","referencedResources":{"a":["b"]}}`,
	`{"actionType":"LOGIN","timestamp":1795600000123,"user":"a","result":"Successful","resourceType":"Login"}`,
}

// smallLimits make every bound something that a fuzzer meets.
func smallLimits() Limits { return Limits{Object: 1 << 20, Record: 4 << 10, Keys: 8, Depth: 4} }

func fuzzLogstore(t testing.TB) *Logstore {
	l, err := Declared("fuzz", Declaration{Format: "json", Time: "ts", Fields: map[string]string{
		"n": "integer", "o": "object", "o.a": "keyword", "s": "text", "d": "double", "b": "boolean", "t": "time",
	}})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// fuzzFormat fuzzes one format, without detection.
func fuzzFormat(f *testing.F, format *Format, l *Logstore) {
	for _, s := range append([]string{seedTrail, seedCheck, seedHub, seedOCSF, seedEvent, seedRun, seedAlert, seedPage, seedLine, "[", `{"a":`, "{}\n[]\n1"}, seedsEnclosed...) {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		decode := func(r io.Reader) ([]int64, error) {
			w := newWindow(r)
			in := input{
				framer: framer{win: w, wraps: format.wraps, limits: smallLimits().withDefaults()}, clock: newClock(loadTime, nil), logstore: l, object: "fuzz", columns: DefaultColumns(),
			}
			return exhaust(t, &Opened{Decoder: format.open(in), Format: format, Logstore: l}, len(data))
		}
		whole, err := decode(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		if slow, err := decode(iotest.HalfReader(bytes.NewReader(data))); err != nil || len(slow) != len(whole) {
			t.Fatalf("%d records by halves, %d at once, %v", len(slow), len(whole), err)
		}
	})
}

// exhaust reads all, and checks what must hold of whatever comes.
func exhaust(t *testing.T, o *Opened, size int) (positions []int64, err error) {
	var r Record
	for {
		var b *Broken
		err := o.Next(&r)
		switch {
		case errors.Is(err, io.EOF):
			return positions, nil
		case errors.As(err, &b):
			if b.Offset < 0 || b.Offset > int64(size) || len(b.Raw) > rawKept || b.Reason == "" || b.Position != int64(len(positions)) {
				t.Fatalf("broken: %+v", b)
			}
			positions = append(positions, b.Position)
			continue
		case err != nil:
			return positions, err
		}
		if r.Position != int64(len(positions)) {
			t.Fatalf("position %d in place %d", r.Position, len(positions))
		}
		positions = append(positions, r.Position)
		checkCells(t, o.Logstore, &r)
	}
}

func checkCells(t *testing.T, l *Logstore, r *Record) {
	open := map[string]bool{}
	for _, f := range l.Fields {
		open[f.Column] = open[f.Column] || f.Open
	}
	put := wholes(l, r)
	for _, w := range l.Wholes {
		kept, whole := put[w.Kept].B, put[w.Name].B
		if bytes.HasPrefix(kept, []byte(" ")) && w.Holes != nil && (!json.Valid(whole) || bytes.Contains(whole, []byte(HoleChar)) || len(whole) == 0) {
			t.Fatalf("%s: %q of %q", w.Name, whole, kept)
		}
	}
	for i, c := range l.Columns {
		if cell := r.Cells[i]; cell.Valid && c.Kind == Text {
			if !utf8.Valid(cell.B) || open[c.Name] && !json.Valid(cell.B) {
				t.Fatalf("%s: %q", c.Name, cell.B)
			}
		}
	}
}

func formatNamed(f *testing.F, name string) (*Format, *Logstore) {
	for _, x := range formats() {
		for _, l := range Builtin() {
			if x.Name == name && l.Name == x.Logstore {
				return x, l
			}
		}
	}
	f.Fatal(name)
	return nil, nil
}

func FuzzCloudTrail(f *testing.F)  { fuzzNamed(f, "cloudtrail") }
func FuzzCSPM(f *testing.F)        { fuzzNamed(f, cspmTopic) }
func FuzzASFF(f *testing.F)        { fuzzNamed(f, "asff") }
func FuzzOCSF(f *testing.F)        { fuzzNamed(f, "ocsf") }
func FuzzProwler(f *testing.F)     { fuzzNamed(f, prowlerTopic) }
func FuzzGuardDuty(f *testing.F)   { fuzzNamed(f, guardDutyTopic) }
func FuzzPrismaAlert(f *testing.F) { fuzzNamed(f, prismaAlertTopic) }
func FuzzMapped(f *testing.F)      { fuzzNamed(f, mappedFormat) }
func FuzzActionTrail(f *testing.F) { fuzzNamed(f, "actiontrail") }
func FuzzPrismaAudit(f *testing.F) { fuzzNamed(f, prismaAuditTopic) }
func FuzzOtherAudit(f *testing.F)  { fuzzFormat(f, otherAudit(), auditLogstore()) }
func FuzzDeclared(f *testing.F)    { fuzzFormat(f, jsonLines(), fuzzLogstore(f)) }

func fuzzNamed(f *testing.F, name string) {
	format, l := formatNamed(f, name)
	fuzzFormat(f, format, l)
}

// FuzzRows fuzzes the rows behind a header, and holds them against encoding/csv
// where that takes all of them.
func FuzzRows(f *testing.F) {
	for _, s := range []string{
		"u1;c;FAIL;r;a\n", "u1;c;FAIL;r;\"a;\"\"b\nc\"\r\n\nu2;c;PASS;r;b", csvHeader, "x" + csvHeader, "u;c\nu;c;d;\"e", "\"a\"b;c;d;e;f\nu;c;FAIL;r;a\n",
		"\ufeff" + csvHeader, "STATUS;CHECK_ID;FINDING_UID\nPASS;c;u\n", "u1;c;FAIL;r;\"a\nu2;c;FAIL;r;b\n", "\xff;c;FAIL;r;\x00\n",
	} {
		f.Add([]byte(s))
	}
	format, l := formatNamed(f, prowlerTopic)
	f.Fuzz(func(t *testing.T, rows []byte) {
		data := append([]byte(csvHeader), rows...)
		decode := func(r io.Reader) *Opened {
			known := func(names []string) bool { return headerProwler(header{names: names}) == "" }
			in := input{
				framer: framer{win: newWindow(r), limits: smallLimits().withDefaults(), table: &table{comma: ';', header: known}},
				clock:  newClock(loadTime, nil), logstore: l, object: "fuzz",
			}
			return &Opened{Decoder: format.open(in), Format: format, Logstore: l}
		}
		whole, err := exhaust(t, decode(bytes.NewReader(data)), len(data))
		if err != nil {
			t.Fatal(err)
		}
		slow, err := exhaust(t, decode(iotest.HalfReader(bytes.NewReader(data))), len(data))
		if err != nil || len(slow) != len(whole) {
			t.Fatalf("%d records by halves, %d at once, %v", len(slow), len(whole), err)
		}
		likeCSV(t, decode(bytes.NewReader(data)), data)
	})
}

// likeCSV compares with encoding/csv. It leaves out what that reads otherwise
// (carriage returns), and what we do otherwise on purpose.
func likeCSV(t *testing.T, o *Opened, data []byte) {
	r := csv.NewReader(bytes.NewReader(data))
	r.Comma = ';'
	all, err := r.ReadAll()
	if err != nil || bytes.ContainsAny(data, "\r") || !utf8.Valid(data) || bytes.Count(data, []byte("CHECK_ID")) > 1 {
		return
	}
	var rec Record
	for _, want := range all[1:] {
		var b *Broken
		if err := o.Next(&rec); errors.As(err, &b) {
			if want[1] != "" && !strings.Contains(b.Reason, "limits.record") {
				t.Fatalf("%q: %v", want, b)
			}
			if strings.Contains(b.Reason, "limits.record") {
				return
			}
			continue
		} else if err != nil {
			t.Fatalf("%q: %v", want, err)
		}
		var got map[string]string
		if err := json.Unmarshal(rec.Cells[fdRecord].B, &got); err != nil {
			t.Fatal(err)
		}
		for i, name := range all[0] {
			if got[name] != want[i] {
				t.Fatalf("%s is %q, encoding/csv: %q", name, got[name], want[i])
			}
		}
	}
	if err := o.Next(&rec); !errors.Is(err, io.EOF) {
		t.Fatalf("behind the end: %v", err)
	}
}

// FuzzDecode fuzzes detection and what follows it.
func FuzzDecode(f *testing.F) {
	for _, s := range append(seedsEnclosed, seedTrail, seedCheck, seedHub, seedOCSF, seedEvent, seedRun, seedAlert, seedPage, seedLine, csvHeader+"u;c;FAIL;r;\"a\nb\"\n", "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", "\xef\xbb\xbf[]", `{"Findings":[]}`) {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		obj := Object{Name: "fuzz", Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }}
		o, err := Decode(obj, Options{Now: loadTime, Limits: smallLimits()})
		if err != nil {
			if err.Error() == "" {
				t.Fatal("an error without a word")
			}
			return
		}
		_, _ = exhaust(t, o, 1<<20) // a broken archive may end it with an error
	})
}

// FuzzScanner holds the scanner against encoding/json: they agree on what is
// JSON, but for raw control characters, and on nothing else.
func FuzzScanner(f *testing.F) {
	for _, s := range []string{seedTrail, `[1,-0.5e+3,"\u00e9\n",true,null,{}]`, "[01]", "{\"a\":1,}", "[\"\x01\"]", `"\ud83d\ude00"`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var s scanner
		padded := append(bytes.Clone(data), ' ') // a number needs an end
		i := space(padded, 0)
		n := s.value(padded, i, 0)
		valid := n >= 0 && space(padded, n) == len(padded)
		if want := json.Valid(data); valid != want && s.faults == 0 {
			t.Fatalf("%q: %v, encoding/json: %v (%s)", data, valid, want, s.why)
		}
		if !valid || !utf8.Valid(data) && s.faults == 0 {
			return
		}
		mended := mend(nil, padded)
		if !json.Valid(mended) || !utf8.Valid(mended) {
			t.Fatalf("%q mended: %q", data, mended)
		}
		s.reset()
		if n := s.value(mended, space(mended, 0), 0); n < 0 || s.faults != 0 {
			t.Fatalf("%q mended: %q has faults %b", data, mended, s.faults)
		}
		if v := bytes.TrimSpace(mended); v[0] == '"' {
			var want string
			if err := json.Unmarshal(v, &want); err != nil || text(v) != want {
				t.Fatalf("%q: %q, encoding/json: %q %v", v, text(v), want, err)
			}
		}
	})
}
