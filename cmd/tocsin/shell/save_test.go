package shell

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"tocsin/alertrules"
	"tocsin/alertrules/alertrulestest"
	"tocsin/query"
)

// record reads an object of JSON as members.
func record(t testing.TB, text string) []member {
	t.Helper()
	list, err := members(text)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// The rule files that are written, as they are written. UPDATE=1 writes
// testdata/rules.yaml anew.
func TestSavedRules(t *testing.T) {
	asked := time.Date(2026, 11, 25, 20, 0, 0, 0, time.UTC)
	drafts := []draft{
		{
			id: "trail-stopped", logstore: "cloudtrail", query: "eventName:(StopLogging or DeleteTrail)\nand not errorCode:*", news: true, asked: asked,
			newest: asked.Add(-time.Hour),
			records: [][]member{
				record(t, `{"eventName":"StopLogging","n":1.50,"yes":true,"none":null,"deep":{"list":[1,"a",{"b":"x: y","c":[]},[2,[3]]],"empty":{}},"x-y z":"#no comment","null":"~","text":"a \"quote\" \\ and \u001b[31m \u202e \ud83d\ude00 \udb40\udc41\n"}`),
				record(t, `{"eventName":"DeleteTrail","requestParameters":{"name":"t"}}`),
			},
		},
		{id: "by-source", logstore: "cloudtrail", query: "* | GROUP BY eventName", window: 7 * 24 * time.Hour, asked: asked, untested: "the query found nothing"},
		{id: "hidden", logstore: "cloudtrail", query: "eventName:\"a\u00a0\u202eb\"", window: 15 * time.Minute, asked: asked, untested: "the query found nothing"},
		{id: "tab", logstore: "cloudtrail", query: "  eventName:a\tand b", window: 2 * time.Minute, asked: asked, untested: "the query found nothing"},
	}
	text := ""
	for _, d := range drafts {
		var err error
		if text, err = PlaceRule(text, d.text()); err != nil {
			t.Fatal(err)
		}
	}
	golden(t, "testdata/rules.yaml", text)
	f, err := alertrules.Parse("rules.yaml", []byte(text), alertrulestest.Env())
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Rules) != len(drafts) {
		t.Fatalf("%d rules of %d", len(f.Rules), len(drafts))
	}
	for i, r := range f.Rules {
		if r.Query != drafts[i].query {
			t.Errorf("the query of %s is %q, not %q", r.ID, r.Query, drafts[i].query)
		}
	}
	if n := f.Rules[0].Tests[0].Expect.Alerts; n == nil || *n != 1 {
		t.Error("the test expects no alert")
	}
}

// golden compares a text with a file, or writes it with UPDATE=1.
func golden(t *testing.T, name, got string) {
	t.Helper()
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s:\n%s\nwant\n%s", name, got, want)
	}
}

// FuzzSavedRecord: whatever a record holds, the rule that is written of it can be
// read, and its test holds the same record.
func FuzzSavedRecord(f *testing.F) {
	for _, s := range []string{`{"a":1}`, `{"a":{"b":[{"c":"d"},[[]],{}]}}`, `{"":"","a b":"\u0000\u2028\ufeff","- x":": #"}`, `{"a":"` + strings.Repeat("é\t", 100) + `"}`, `{"a":1e400,"b":-0.0,"c":"é̈"}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var want map[string]any
		list, err := members(text)
		if err != nil || len(list) == 0 || len(text) > 20_000 || json.Unmarshal([]byte(text), &want) != nil || len(want) != len(list) || strings.Count(text, "[")+strings.Count(text, "{") > 30 || repeats(text) {
			t.Skip("no record that a logstore could hold, or one that YAML's guard refuses")
		}
		d := draft{id: "a", logstore: "cloudtrail", query: "eventName:x", news: true, newest: time.Unix(1, 0), records: [][]member{list}}
		rule, err := PlaceRule("", d.text())
		if err != nil {
			t.Fatal(err)
		}
		file, err := alertrules.Parse("a.yaml", []byte(rule), alertrulestest.Env())
		if err != nil {
			t.Fatalf("%v\n%s", err, rule)
		}
		var got map[string]any
		if err := json.Unmarshal(file.Rules[0].Tests[0].Records[0], &got); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%v\nwant\n%v\n%s", got, want, rule)
		}
	})
}

// repeats reports whether an object in the text has one key twice.
func repeats(text string) bool {
	var v any
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	if dec.Decode(&v) != nil {
		return true
	}
	short, err := json.Marshal(v)
	var long bytes.Buffer
	return err != nil || json.Compact(&long, []byte(text)) != nil || strings.Count(string(short), `":`) != strings.Count(long.String(), `":`)
}

// A rule is put behind the others; what stood there stays.
func TestPlaceRule(t *testing.T) {
	const rule = "- id: new\n  logstore: cloudtrail\n"
	for _, c := range []struct{ old, want string }{
		{"", fileHead + "  - id: new\n    logstore: cloudtrail\n"},
		{"# mine\n", "# mine\n" + fileHead + "  - id: new\n    logstore: cloudtrail\n"},
		{"rules:\n- id: a # first\n\n\n", "rules:\n- id: a # first\n- id: new\n  logstore: cloudtrail\n"},
		{"defaults: {every: 1m}\nrules:\n    - id: a\n      query: |\n        x\n    # end\n", "defaults: {every: 1m}\nrules:\n    - id: a\n      query: |\n        x\n    # end\n    - id: new\n      logstore: cloudtrail\n"},
		{"rules:\n  -\n    id: a\n", "rules:\n  -\n    id: a\n  - id: new\n    logstore: cloudtrail\n"},
		{"rules: [{id: a}]\n", ""},
		{"rules:\n  - {id: a}\n", "rules:\n  - {id: a}\n  - id: new\n    logstore: cloudtrail\n"},
		{"rules:\n  - id: a\ndefaults: {every: 1m}\n", ""},
		{"rules: []\n", ""},
		{"other: 1\n", ""},
		{"- id: a\n", ""},
		{"rules: [", ""},
	} {
		got, err := PlaceRule(c.old, rule)
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%q: %v\n%s\nwant\n%s", c.old, err, got, c.want)
		}
	}
}

// The record behind a row is what was logged: no field of ours, and no part of an
// object beside the object.
func TestNativeRecord(t *testing.T) {
	l := &query.Logstore{Name: "l", Fields: []query.Field{
		{Name: "__time__", Column: "time", Type: query.EpochSeconds},
		{Name: "@actor", Column: "actor"},
		{Name: "eventTime", Column: "time", Type: query.Time},
		{Name: "eventName", Column: "event_name"},
		{Name: "n", Column: "n", Type: query.Integer},
		{Name: "user", Column: "user", Type: query.JSON, Open: true},
		{Name: "user.name", Column: "user_name"},
		{Name: "plain.key", Column: "plain_key"},
		{Name: "odd", Column: "odd", Type: query.JSON, Open: true},
		{Name: "inside", Column: "extra", Path: []string{"inside"}},
		{Name: "extra", Column: "extra", Type: query.JSON, Open: true},
	}}
	native := nativeFields(l)
	at := time.Date(2026, 11, 25, 20, 0, 0, 0, time.UTC)
	got, err := nativeRecord(native, []any{at, at, "X<Y", int64(3), `{"name":"ami"}`, "ami", "k", "[no JSON", `{"n":"three","inside":[1]}`})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	writeMembers(&b, got, "", "")
	const want = `eventTime: "2026-11-25T20:00:00Z"
eventName: "X<Y"
user:
  name: "ami"
odd: "[no JSON"
"n": "three"
inside:
  - 1
"plain.key": "k"
`
	if b.String() != want {
		t.Errorf("%s\nwant\n%s", b.String(), want)
	}
	if got := wholeRecords(native[:2], []int64{7, 3}); got != `__seq__:(3 or 7) | SELECT @time, "eventTime" AS f0, "eventName" AS f1 ORDER BY __seq__` {
		t.Error(got)
	}
	l.Fields[len(l.Fields)-1].Column = "record" // as of findings: the whole record
	if n := nativeFields(l); len(n) != 1 || n[0].Name != "extra" {
		t.Errorf("%+v", n)
	}
}

func TestOnlySeqs(t *testing.T) {
	for text, want := range map[string]string{
		"eventName:a or b | LIMIT 2": `(eventName:a or b) and __seq__:(3 or 5) | LIMIT 2`,
		"* | GROUP BY a":             `* and __seq__:(3 or 5) | GROUP BY a`,
		"| GROUP BY a":               `__seq__:(3 or 5) | GROUP BY a`,
	} {
		got, err := onlySeqs(text, []int64{5, 3})
		if err != nil || got != want {
			t.Errorf("%s: %s, not %s (%v)", text, got, want, err)
		}
	}
}

// A file that is written over keeps its mode, and a link to it stays a link.
func TestWriteFile(t *testing.T) {
	dir := t.TempDir()
	file, link := filepath.Join(dir, "rules.yaml"), filepath.Join(dir, "link.yaml")
	if err := errors.Join(os.WriteFile(file, []byte("old"), 0o640), os.Chmod(file, 0o640), os.Symlink("rules.yaml", link)); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(WriteFile(link, []byte("new")), WriteFile(filepath.Join(dir, "own.yaml"), nil)); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	info, err2 := os.Lstat(file)
	linked, err3 := os.Lstat(link)
	own, err4 := os.Stat(filepath.Join(dir, "own.yaml"))
	if err := errors.Join(err, err2, err3, err4); err != nil {
		t.Fatal(err)
	}
	if string(text) != "new" || info.Mode().Perm() != 0o640 || linked.Mode()&os.ModeSymlink == 0 || own.Mode().Perm() != 0o600 {
		t.Errorf("%s %v %v %v", text, info.Mode(), linked.Mode(), own.Mode())
	}
	if list, err := os.ReadDir(dir); err != nil || len(list) != 3 {
		t.Errorf("%v %v", list, err)
	}
}
