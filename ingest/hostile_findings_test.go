package ingest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// The hostile corpus in the formats of findings that it was not written for.

// A carrier is a record of a format that carries a text.
type carrier struct {
	name string
	csv  bool
	// make returns a record with the text of one field, and as JSON also with a
	// member whose value is raw.
	make func(text, raw string) string
}

// asQuoted is a text as JSON, as it stands: also what is no UTF-8.
func asQuoted(text string) string { return string(appendQuoted(nil, []byte(text))) }

func carriers() []carrier {
	member := func(format string) func(text, raw string) string {
		return func(text, raw string) string {
			return strings.NewReplacer("TEXT", asQuoted(text), "RAW", raw).Replace(format)
		}
	}
	return []carrier{
		{"prowler", false, member(`{"CheckID":"c","Status":"FAIL","FindingUniqueId":"u","AssessmentStartTime":"2026-11-20T10:00:00","StatusExtended":TEXT,"ResourceTags":RAW}`)},
		{"guardduty", false, member(`{"schemaVersion":"2.0","id":"d","type":"T","updatedAt":"2026-11-20T10:00:00Z","resource":{"resourceType":"X"},"service":{"additionalInfo":RAW},"title":TEXT}`)},
		{"prisma-alert", false, member(`{"id":"P-1","policyId":"p","status":"open","lastSeen":1763632800000,"reason":TEXT,"resource":{"data":RAW}}`)},
		{"qualys", false, member(`{"controlId":"1","resourceId":"r","result":"FAIL","evaluatedOn":"2026-11-20T10:00:00Z","controlName":TEXT,"evidences":RAW}`)},
		{"ocsf", false, member(`{"class_uid":2003,"metadata":{"product":{"name":"X"}},"time":1763632800,"finding_info":{"uid":"u"},"message":TEXT,"unmapped":RAW}`)},
		{"prowler", true, func(text, _ string) string {
			return "u;c;FAIL;2026-11-20 10:00:00;\"" + strings.ReplaceAll(text, `"`, `""`) + `"`
		}},
	}
}

// object makes an object of records.
func (c carrier) object(records ...string) []byte {
	if c.csv {
		return []byte("FINDING_UID;CHECK_ID;STATUS;TIMESTAMP;STATUS_EXTENDED\n" + strings.Join(records, "\n") + "\n")
	}
	return []byte(strings.Join(records, "\n") + "\n")
}

// texts are all texts in a JSON value.
func texts(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		var all []string
		for _, x := range v {
			all = append(all, texts(x)...)
		}
		return all
	case map[string]any:
		var all []string
		for k, x := range v {
			all = append(append(all, k), texts(x)...)
		}
		return all
	}
	return nil
}

// TestHostileTexts puts every text of the hostile records into each format: it
// comes out unchanged, in one record, and makes no other.
func TestHostileTexts(t *testing.T) {
	var all []string
	for _, c := range hostile(t, "records.jsonl") {
		var v any
		if err := json.Unmarshal(c.Record, &v); err != nil {
			t.Fatal(err)
		}
		all = append(all, texts(v)...)
	}
	slices.Sort(all)
	if all = slices.Compact(all); len(all) < 300 {
		t.Errorf("%d texts", len(all))
	}
	for _, k := range carriers() {
		hostileTexts(t, k, all)
	}
}

func hostileTexts(t *testing.T, k carrier, all []string) {
	t.Helper()
	records := make([]string, len(all))
	for i, text := range all {
		records[i] = k.make(text, "{}")
	}
	out := load(k.object(records...), Options{})
	if out.records != len(all) || out.err != nil || len(out.flags) > 0 {
		t.Errorf("as %s: %d records of %d, %v %v %v", k.name, out.records, len(all), out.flags, out.broken, out.err)
		return
	}
	for i, text := range all {
		var got any
		if err := json.Unmarshal([]byte(out.cells[i]["record"]), &got); err != nil || !slices.Contains(texts(got), text) {
			t.Errorf("as %s: %q is gone: %v", k.name, text, err)
		}
	}
}

// TestHostileValues puts every odd record as a value into a finding: what is
// JSON is stored, one for one, and what is not costs its own record.
func TestHostileValues(t *testing.T) {
	for _, c := range hostile(t, "oddities.jsonl") {
		for raw := range strings.Lines(c.Text) {
			raw = strings.TrimSpace(raw)
			valid := json.Valid([]byte(raw))
			for _, k := range carriers() {
				if k.csv {
					if utf8.ValidString(raw) && raw != "" {
						hostileTexts(t, k, []string{raw})
					}
					continue
				}
				out := load(k.object(k.make("a", raw), k.make("neighbour", "{}")), Options{})
				if valid && (out.records != 2 || out.err != nil) || out.records < 1 {
					t.Errorf("%s as %s: %d records, %v %v", c.ID, k.name, out.records, out.broken, out.err)
				}
			}
		}
	}
}

// TestBrokenNeighbours puts every broken line between two findings: both stay.
func TestBrokenNeighbours(t *testing.T) {
	for _, c := range hostile(t, "broken.jsonl") {
		line, err := base64.StdEncoding.DecodeString(c.Base64)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range carriers() {
			out := load(k.object(k.make("first", "{}"), string(line), k.make("last", "{}")), Options{})
			first, last := false, false
			for _, cells := range out.cells {
				first = first || strings.Contains(cells["record"], `"first"`)
				last = last || strings.Contains(cells["record"], `"last"`)
			}
			if !first || !last || out.err != nil {
				t.Errorf("%s (%s) as %s, CSV %v: %d records, %v %v", c.ID, c.Why, k.name, k.csv, out.records, out.broken, out.err)
			}
			if bytes.ContainsRune(line, '{') && len(out.broken) == 0 && out.records == 2 {
				t.Errorf("%s (%s) as %s: the line is gone", c.ID, c.Why, k.name)
			}
		}
	}
}

// TestOursAlone: what only we may write is kept under its name in the record,
// and flagged, and changes nothing (G08, G09).
func TestOursAlone(t *testing.T) {
	for _, k := range carriers() {
		text := k.make("a", "{}")
		data := k.object(strings.TrimSuffix(text, "}") + `,"__time__":1,"__topic__":"cloudtrail","__tenant__":"x","@status":"PASS"}`)
		if k.csv {
			data = bytes.Replace(k.object(text+";1;cloudtrail;x;PASS"), []byte("EXTENDED"), []byte("EXTENDED;__time__;__topic__;__tenant__;@status"), 1)
		}
		r := one(t, string(data), "x", Options{Source: "s", Tenant: "n"})
		if r.Topic != k.name || r.Source != "s" || r.Tenant != "n" || string(r.Cells[fdStatus].B) == "PASS" || r.Time < 1e15 {
			t.Errorf("%s: %+v", k.name, r)
		}
		if s := fmt.Sprint(r.Flags); s != "[reserved:__time__ reserved:__topic__ reserved:__tenant__ reserved:@status]" {
			t.Errorf("%s: flags %s", k.name, s)
		}
		if !strings.Contains(string(r.Cells[fdRecord].B), `"@status":"PASS"`) {
			t.Errorf("%s: the value is gone", k.name)
		}
	}
}

// TestBigFindings: a finding with a large value, many keys, and deep nesting is
// stored within its bounds in each format.
func TestBigFindings(t *testing.T) {
	limits := Limits{Record: 8 << 20, Keys: 1000, Depth: 50}
	var keys strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&keys, `"k%d":%d,`, i, i)
	}
	for name, x := range map[string]struct{ text, raw, flag string }{
		"long":  {strings.Repeat(`a;"b`+"\n", 1<<20/5), "{}", ""},
		"deep":  {"a", strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000), FlagDeep},
		"keys":  {"a", "{" + keys.String() + `"z":1}`, FlagKeys},
		"limit": {strings.Repeat("x", 9<<20), "{}", "broken"},
	} {
		for _, k := range carriers() {
			if k.csv && name != "long" && name != "limit" {
				continue
			}
			out := load(k.object(k.make(x.text, x.raw), k.make("neighbour", "{}")), Options{Limits: limits})
			flags := slices.DeleteFunc(out.flags, func(f string) bool { return f == FlagQuote })
			want := map[bool]string{true: "[" + x.flag + "]", false: "[]"}[x.flag != "" && x.flag != "broken"]
			if x.flag == "broken" && (out.records != 1 || len(out.broken) != 1) || x.flag != "broken" && (out.records != 2 || fmt.Sprint(flags) != want) {
				t.Errorf("%s as %s: %d records, %v %v %v", name, k.name, out.records, out.flags, len(out.broken), out.err)
			}
		}
	}
}
