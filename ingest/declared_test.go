package ingest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestDeclaredErrors(t *testing.T) {
	for _, x := range []struct {
		name string
		d    Declaration
		want string // part of the error; "" none
	}{
		{"nginx", Declaration{Format: "json", Time: "ts", Fields: map[string]string{"status": "integer", "path": "text"}}, ""},
		{"nginx", Declaration{Format: "csv"}, `format "csv" is not known`},
		{"cloudtrail", Declaration{Format: "json"}, "the name is taken"},
		{"Nginx", Declaration{Format: "json"}, "a name is"},
		{"nginx", Declaration{Format: "json", Fields: map[string]string{"a": "varchar"}}, `field a: type "varchar" is not known (keyword, text,`},
		{"nginx", Declaration{Format: "json", Fields: map[string]string{"@actor": "keyword"}}, "are ours"},
		{"nginx", Declaration{Format: "json", Fields: map[string]string{"__seq__": "integer"}}, "are ours"},
		{"nginx", Declaration{Format: "json", Fields: map[string]string{"extra": "object"}}, "are ours"},
	} {
		_, err := Declared(x.name, x.d)
		if x.want == "" && err != nil || x.want != "" && (err == nil || !strings.Contains(err.Error(), x.want)) {
			t.Errorf("%s %+v: %v, not %q", x.name, x.d, err, x.want)
		}
	}
}

func TestDeclaredColumnsNeverCollide(t *testing.T) {
	fields := map[string]string{}
	for _, n := range []string{"a", "A", "a.b", "a_b", "a-b", "名前", "åäö", "time", "seq", "extra_", strings.Repeat("x", 100), strings.Repeat("x", 101)} {
		fields[n] = "keyword"
	}
	l, err := Declared("odd", Declaration{Format: "json", Fields: fields})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, c := range append(SystemColumns(), l.Columns...) {
		if seen[c.Name] || strings.ToLower(c.Name) != c.Name || len(c.Name) > 63 {
			t.Errorf("column %q", c.Name)
		}
		seen[c.Name] = true
	}
}

// TestLogstores holds what must be so in every logstore.
func TestLogstores(t *testing.T) {
	declared, err := Declared("web", Declaration{Format: "json", Time: "ts", Fields: map[string]string{"o": "object"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range append(Builtin(), declared) {
		columns, names := map[string]Kind{}, map[string]bool{}
		for _, c := range slices.Concat(SystemColumns(), l.Columns, l.Computed) {
			if _, twice := columns[c.Name]; twice || strings.ToLower(c.Name) != c.Name {
				t.Errorf("%s: column %q", l.Name, c.Name)
			}
			columns[c.Name] = c.Kind
		}
		for _, w := range l.Wholes {
			if _, ok := columns[w.Kept]; !ok || w.UUID != "" && columns[w.UUID] != UUID {
				t.Errorf("%s: %+v", l.Name, w)
			}
			for _, h := range w.Holes {
				if kind, ok := columns[h.Column]; !ok || kind != Text {
					t.Errorf("%s: hole %+v", l.Name, h)
				}
			}
			columns[w.Name] = Text
		}
		for _, f := range l.Fields {
			kind, ok := columns[f.Column]
			if !ok || names[f.Name] || f.Doc == "" {
				t.Errorf("%s: field %+v", l.Name, f)
			}
			names[f.Name] = true
			if f.Type == TimeField && kind != Stamp || f.Type == BooleanField && f.Path == nil && kind != Boolean {
				t.Errorf("%s: field %s lies in a column of kind %d", l.Name, f.Name, kind)
			}
		}
		for _, n := range []string{
			"@time", "@actor", "@action", "@resource", "@account", "@region", "@source_ip", "@success",
			"__time__", "__ingest_time__", "__seq__", "__topic__", "__source__", "__tenant__",
		} {
			if !names[n] {
				t.Errorf("%s: no field %s", l.Name, n)
			}
		}
	}
}

func TestDeclaredValues(t *testing.T) {
	l, err := Declared("web", Declaration{Format: "json", Time: "ts", Fields: map[string]string{
		"n": "integer", "d": "double", "b": "boolean", "t": "time", "k": "keyword", "o": "object", "req.method": "keyword",
	}})
	if err != nil {
		t.Fatal(err)
	}
	column := func(name string) int {
		return slices.IndexFunc(l.Columns, func(c Column) bool { return c.Name == declaredColumn(name) })
	}
	for _, x := range []struct {
		text, field string
		want        Cell
		extra       string
		flags       string
	}{
		{`{"ts":"2026-11-20T10:00:00Z","n":12}`, "n", Cell{Valid: true, N: 12}, "", "[]"},
		{`{"ts":"2026-11-20T10:00:00Z","n":"12"}`, "n", Cell{Valid: true, N: 12}, "", "[]"},
		{`{"ts":"2026-11-20T10:00:00Z","n":12.5}`, "n", Cell{}, `{"n":12.5}`, "[type:n]"},
		{`{"ts":"2026-11-20T10:00:00Z","n":99999999999999999999}`, "n", Cell{}, `{"n":99999999999999999999}`, "[type:n]"},
		{`{"ts":"2026-11-20T10:00:00Z","n":null}`, "n", Cell{}, "", "[]"},
		{`{"ts":"2026-11-20T10:00:00Z","d":1e3}`, "d", Cell{Valid: true, F: 1000}, "", "[]"},
		{`{"ts":"2026-11-20T10:00:00Z","d":1e999}`, "d", Cell{}, `{"d":"1e999"}`, "[number type:d]"},
		{`{"ts":"2026-11-20T10:00:00Z","d":"NaN"}`, "d", Cell{}, `{"d":"NaN"}`, "[type:d]"},
		{`{"ts":"2026-11-20T10:00:00Z","b":"true"}`, "b", Cell{Valid: true, N: 1}, "", "[]"},
		{`{"ts":"2026-11-20T10:00:00Z","b":1}`, "b", Cell{}, `{"b":1}`, "[type:b]"},
		{`{"ts":"2026-11-20T10:00:00Z","t":1795600000}`, "t", Cell{Valid: true, N: 1795600000e6}, "", "[]"},
		{`{"ts":"2026-11-20T10:00:00Z","k":{"a":1},"z":1}`, "k", Cell{Valid: true, B: []byte(`{"a":1}`)}, `{"z":1}`, "[]"},
		{`{"ts":"2026-11-20T10:00:00Z","o":{"a":[1]}}`, "o", Cell{Valid: true, B: []byte(`{"a":[1]}`)}, "", "[]"},
		{`{"ts":"2026-11-20T10:00:00Z","req":{"method":"GET"}}`, "req.method", Cell{Valid: true, B: []byte("GET")}, `{"req":{"method":"GET"}}`, "[]"},
		{`{"ts":"2026-11-20T10:00:00Z","req.method":"PUT","req":1}`, "req.method", Cell{Valid: true, B: []byte("PUT")}, `{"req":1}`, "[]"},
		{`{"ts":"2026-11-20T10:00:00Z","k":"first","k":"second"}`, "k", Cell{Valid: true, B: []byte("first")}, "", "[]"},
		{`{"ts":"2026-11-20T10:00:00Z","\u006b":"x"}`, "k", Cell{Valid: true, B: []byte("x")}, "", "[]"},
		{`{"ts":"soon","k":"x"}`, "k", Cell{Valid: true, B: []byte("x")}, `{"ts":"soon"}`, "[no-time]"},
		{`{"k":"x","__time__":5,"@actor":"root"}`, "k", Cell{Valid: true, B: []byte("x")}, `{"__time__":5,"@actor":"root"}`, "[no-time reserved:__time__ reserved:@actor]"},
	} {
		o, err := decode(strings.NewReader(x.text), "x", Options{Now: loadTime, Logstore: l})
		if err != nil {
			t.Fatal(err)
		}
		var r Record
		if err := o.Next(&r); err != nil {
			t.Errorf("%s: %v", x.text, err)
			continue
		}
		got := r.Cells[column(x.field)]
		if got.Valid != x.want.Valid || got.N != x.want.N || got.F != x.want.F || string(got.B) != string(x.want.B) {
			t.Errorf("%s: %+v, not %+v", x.text, got, x.want)
		}
		if extra := r.Cells[len(r.Cells)-1]; string(extra.B) != x.extra || extra.Valid != (x.extra != "") {
			t.Errorf("%s: extra %s, not %s", x.text, extra.B, x.extra)
		}
		if fmt.Sprint(r.Flags) != x.flags {
			t.Errorf("%s: flags %v, not %s", x.text, r.Flags, x.flags)
		}
		if r.Topic != "web" {
			t.Errorf("topic %s", r.Topic)
		}
	}
}

// TestDeclaredTime: where the time of a record lies, and in which unit.
func TestDeclaredTime(t *testing.T) {
	at := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	for _, x := range []struct {
		declared, text, extra, flags string
	}{
		{"ts", `{"ts":1795168800}`, "", "[]"},
		{"ts", `{"ts":"1795168800"}`, "", "[]"},
		{"ts", `{"ts":1795168800000}`, "", "[]"},
		{"ts", `{"ts":1795168800000.0}`, "", "[]"},
		{"ts", `{"ts":1795168800000000}`, "", "[]"},
		{"ts", `{"ts":" 1795168800000000000 "}`, "", "[]"},
		{"ts", `{"ts":"20/Nov/2026:19:00:00 +0900"}`, "", "[]"},
		{"ts", `{"ts":"2026-11-20 10:00:00"}`, "", "[time]"}, // whose midnight, it does not say
		{"meta.ts", `{"meta":{"ts":1795168800}}`, `{"meta":{"ts":1795168800}}`, "[]"},
		{"meta.ts", `{"meta.ts":1795168800}`, "", "[]"},
		{"times.0", `{"times":[1795168800,1]}`, `{"times":[1795168800,1]}`, "[]"},
		{"__time__", `{"__time__":"1795168800","__topic__":"x"}`, `{"__topic__":"x"}`, "[reserved:__topic__]"},
		{"n", `{"n":1795168800}`, "", "[]"}, // a field that is also the time
	} {
		l, err := Declared("web", Declaration{Format: "json", Time: x.declared, Fields: map[string]string{"n": "integer"}})
		if err != nil {
			t.Fatal(err)
		}
		o, err := Decode(bytesObject([]byte(x.text)), Options{Now: loadTime, Logstore: l})
		if err != nil {
			t.Fatal(err)
		}
		var r Record
		if err := o.Next(&r); err != nil {
			t.Fatal(err)
		}
		extra := string(r.Cells[len(r.Cells)-1].B)
		if got := time.UnixMicro(r.Time).UTC(); !got.Equal(at) || extra != x.extra || fmt.Sprint(r.Flags) != x.flags {
			t.Errorf("%s, %s: %s, extra %s, flags %v", x.declared, x.text, got, extra, r.Flags)
		}
	}
}

func TestTimes(t *testing.T) {
	tokyo := time.FixedZone("JST", 9*3600)
	for text, want := range map[string]string{
		"2026-11-20T10:00:00Z":              "2026-11-20T10:00:00Z",
		"2026-11-20T10:00:00.123456789123Z": "2026-11-20T10:00:00.123456Z",
		"2026-11-20T10:00:00+14:00":         "2026-11-19T20:00:00Z",
		"2026-11-20T10:00:00-23:59":         "",
		"2016-12-31T23:59:60Z":              "2017-01-01T00:00:00Z",
		"2026-11-20T24:00:00Z":              "",
		"2026-02-30T10:00:00Z":              "",
		"2024-02-29T00:00:00Z":              "2024-02-29T00:00:00Z",
		"1969-12-31T23:59:59Z":              "1969-12-31T23:59:59Z",
		"0000-01-01T00:00:00Z":              "0000-01-01T00:00:00Z",
		"2026-11-20 10:00:00":               "2026-11-20T01:00:00Z",
		"2026-11-20T10:00:00.5":             "2026-11-20T01:00:00.5Z",
		"2025-04-21T10:02:11+0000":          "2025-04-21T10:02:11Z",
		"1795600000":                        "2026-11-25T09:46:40Z",
		"1795600000.25":                     "2026-11-25T09:46:40.25Z",
		"1795600000123":                     "2026-11-25T09:46:40.123Z",
		"1795600000123456":                  "2026-11-25T09:46:40.123456Z",
		"1795600000123456789":               "2026-11-25T09:46:40.123456Z",
		"1795600000123.5":                   "2026-11-25T09:46:40.1235Z",
		"1.795600000123456e15":              "2026-11-25T09:46:40.123456Z",
		"1.7956e9":                          "2026-11-25T09:46:40Z",
		"1e20":                              "",
		strings.Repeat(":60", 1<<20):        "",
		"26/Jan/2016:19:54:02 +0800":        "2016-01-26T11:54:02Z",
		"2026-11-20 10:00:00 +0900":         "2026-11-20T01:00:00Z",
		"Fri, 20 Nov 2026 10:00:00 +0100":   "2026-11-20T09:00:00Z",
		"-1":                                "1969-12-31T23:59:59Z",
		"":                                  "",
		"NaN":                               "",
		"1e400":                             "",
		"-9223372036854775808":              "",
		"+292278994-08-17T07:12:55Z":        "",
	} {
		st := readTime(text, tokyo)
		got := ""
		if st.ok {
			got = time.UnixMicro(st.micros).UTC().Format(time.RFC3339Nano)
		}
		if got != want {
			t.Errorf("%q: %q, not %q", text, got, want)
		}
	}
	for d := time.Date(1880, 1, 1, 11, 12, 13, 0, time.UTC); d.Year() < 2120; d = d.AddDate(0, 0, 1) {
		if st := utcSeconds([]byte(d.Format("2006-01-02T15:04:05Z"))); !st.ok || st.micros != d.UnixMicro() {
			t.Fatalf("%s: %d", d, st.micros)
		}
	}
}
