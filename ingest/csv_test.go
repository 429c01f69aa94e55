package ingest

import (
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"
)

const csvHeader = "FINDING_UID;CHECK_ID;STATUS;RESOURCE_UID;STATUS_EXTENDED\n"

// TestRows: what becomes of rows. A record is shown as the JSON it is kept as,
// without what all have; a broken one as its line and reason.
func TestRows(t *testing.T) {
	row := func(n int, text string) string { return fmt.Sprintf("u%d;c;FAIL;r;%s", n, text) }
	record := func(n int, text string) string {
		return fmt.Sprintf(`{"FINDING_UID":"u%d","CHECK_ID":"c","STATUS":"FAIL","RESOURCE_UID":"r","STATUS_EXTENDED":"%s"}`, n, text)
	}
	for _, x := range []struct {
		name, text string
		want       []string
		flags      string
	}{
		{"plain", csvHeader + row(1, "a") + "\n" + row(2, "b") + "\n", []string{record(1, "a"), record(2, "b")}, ""},
		{"CRLF", strings.ReplaceAll(csvHeader+row(1, "a")+"\n", "\n", "\r\n"), []string{record(1, "a")}, ""},
		{"no last line end", csvHeader + row(1, "a"), []string{record(1, "a")}, "cut"},
		{"no last line feed", csvHeader + row(1, "a") + "\r", []string{record(1, "a")}, "cut"},
		{"quotes", csvHeader + row(1, `"a;""b"""`) + "\n", []string{record(1, `a;\"b\"`)}, ""},
		{"quoted, CRLF", csvHeader + row(1, `"a"`) + "\r\n" + row(2, `""`) + "\r\n", []string{record(1, "a"), record(2, "")}, ""},
		{"a quote inside of a plain field", csvHeader + row(1, `5" disk`) + "\n", []string{record(1, `5\" disk`)}, ""},
		{"lines in a field", csvHeader + row(1, "\"a\nb\r\n\nc\"") + "\n" + row(2, "d") + "\n", []string{record(1, `a\u000ab\u000d\u000a\u000ac`), record(2, "d")}, ""},
		{"empty fields", csvHeader + "u1;c;FAIL;r;\n", []string{record(1, "")}, ""},
		{"commas", strings.ReplaceAll(csvHeader+row(1, "a"), ";", ",") + "\n", []string{record(1, "a")}, ""},
		{"tabs", strings.ReplaceAll(csvHeader+row(1, "a"), ";", "\t") + "\n", []string{record(1, "a")}, ""},
		{"byte order mark", "\ufeff" + csvHeader + row(1, "a") + "\n", []string{record(1, "a")}, ""},
		{"blank lines", "\r\n" + csvHeader + "\n\r\n" + row(1, "a") + "\n\n", []string{record(1, "a")}, ""},
		{"a header in the middle", csvHeader + row(1, "a") + "\n" + csvHeader + row(2, "b") + "\n", []string{record(1, "a"), record(2, "b")}, ""},
		{"a marked header in the middle", csvHeader + row(1, "a") + "\n\ufeff" + csvHeader + row(2, "b") + "\n", []string{record(1, "a"), record(2, "b")}, ""},
		{
			"another header in the middle", csvHeader + row(1, "a") + "\nSTATUS;CHECK_ID;FINDING_UID\nPASS;c;u2\n",
			[]string{record(1, "a"), `{"STATUS":"PASS","CHECK_ID":"c","FINDING_UID":"u2"}`},
			"",
		},
		{"columns in another order", "STATUS;NEW;CHECK_ID;FINDING_UID\nPASS;n;c;u1\n", []string{`{"STATUS":"PASS","NEW":"n","CHECK_ID":"c","FINDING_UID":"u1"}`}, ""},
		{"too few", csvHeader + "u1;c;FAIL\n" + row(2, "b") + "\n", []string{"2: the row has 3 fields, the header 5", record(2, "b")}, ""},
		{"too many", csvHeader + row(1, "a;b") + "\n" + row(2, "b") + "\n", []string{"2: the row has 6 fields, the header 5", record(2, "b")}, ""},
		{"too many, with lines", csvHeader + row(1, "\"a\nb\nc\";d") + "\n" + row(2, "b") + "\n", []string{"2: the row has 6 fields, the header 5", record(2, "b")}, "quote"},
		{"no check", csvHeader + "u1;;FAIL;r;a\n" + row(2, "b") + "\n", []string{"2: no finding of Prowler: it has no check id", record(2, "b")}, ""},
		{
			"a quote that does not close", csvHeader + row(1, `"a`) + "\n" + row(2, "b") + "\n" + row(3, "c") + "\n",
			[]string{"2: a quote is not closed", record(2, "b"), record(3, "c")},
			"quote quote",
		},
		{
			"a quote that closes in another row", csvHeader + row(1, `"a`) + "\n" + row(2, `"b"`) + "\n" + row(3, "c") + "\n",
			[]string{"2: something follows a closing quote", record(2, "b"), record(3, "c")},
			"quote quote",
		},
		{"cut in quotes", csvHeader + row(1, "a") + "\n" + row(2, "\"b\nc\nd"), []string{record(1, "a"), "3: a quote is not closed"}, ""},
		{"a run that died, and another", csvHeader + row(1, "\"a\nb") + csvHeader + row(2, "b") + "\n", []string{"2: a quote is not closed", "3: the row is cut off: the header comes again on its line", record(2, "b")}, "quote"},
		{
			"a run that died in its first field, and another", csvHeader + "u" + csvHeader + row(2, "b") + "\n",
			[]string{"2: the row is cut off: the header comes again on its line", record(2, "b")},
			"",
		},
		{"wrong charset", csvHeader + row(1, "M\xfcnchen") + "\n" + row(2, "b") + "\n", []string{record(1, "M\ufffdnchen"), record(2, "b")}, "utf8"},
		{"control characters", csvHeader + row(1, "a\x00\x1bb") + "\n", []string{record(1, `a\u0000\u001bb`)}, ""},
		{
			"our names", strings.TrimSuffix(csvHeader, "\n") + ";__time__;@status\n" + row(1, "a;7;PASS") + "\n",
			[]string{strings.TrimSuffix(record(1, "a"), "}") + `,"__time__":"7","@status":"PASS"}`},
			"reserved:__time__ reserved:@status",
		},
		{
			"a name twice", strings.TrimSuffix(csvHeader, "\n") + ";STATUS\n" + row(1, "a;PASS") + "\n",
			[]string{strings.TrimSuffix(record(1, "a"), "}") + `,"STATUS":"PASS"}`},
			"",
		},
		{"the header alone", csvHeader, nil, ""},
		{
			"longer than the limit", csvHeader + row(1, strings.Repeat("x", 3000)) + "\n" + row(2, "b") + "\n",
			[]string{"2: the record is longer than 2000 bytes (limits.record)", record(2, "b")},
			"quote",
		},
	} {
		var got, flags []string
		out, err := decode(strings.NewReader(x.text), "x", Options{Now: loadTime, Limits: Limits{Record: 2000}})
		if err != nil {
			t.Errorf("%s: %v", x.name, err)
			continue
		}
		n, broken := drain(t, out, func(r *Record) {
			got = append(got, string(r.Cells[fdRecord].B))
			for _, f := range r.Flags {
				if f != FlagNoTime {
					flags = append(flags, f)
				}
			}
			if s := string(r.Cells[fdStatus].B); s != "FAIL" && len(got) == 1 && !strings.Contains(x.name, "order") {
				t.Errorf("%s: status %s", x.name, s)
			}
		})
		for _, b := range broken {
			got = append(got[:b.Position:b.Position], append([]string{fmt.Sprintf("%d: %s", b.Line, b.Reason)}, got[b.Position:]...)...)
			if !strings.Contains(x.text, string(b.Raw)) || len(b.Raw) == 0 || !strings.HasPrefix(x.text[b.Offset:], string(b.Raw)) {
				t.Errorf("%s: kept %q", x.name, b.Raw)
			}
		}
		if n+len(broken) != len(x.want) || strings.Join(got, "\n") != strings.Join(x.want, "\n") {
			t.Errorf("%s:\n%s\nnot\n%s", x.name, strings.Join(got, "\n"), strings.Join(x.want, "\n"))
		}
		if s := strings.Join(flags, " "); s != x.flags {
			t.Errorf("%s: flags %s, not %s", x.name, s, x.flags)
		}
	}
}

// endless makes a text again and again, up to a size.
type endless struct {
	text string
	at   int
	left int64
}

func (e *endless) Read(p []byte) (n int, err error) {
	for n < len(p) && e.left > 0 {
		k := copy(p[n:min(int64(len(p)), int64(n)+e.left)], e.text[e.at:])
		e.at = (e.at + k) % len(e.text)
		n, e.left = n+k, e.left-int64(k)
	}
	if e.left == 0 {
		err = io.EOF
	}
	return n, err
}

// TestRowsAreBounded: a line, quotes and a field without end cost neither memory
// nor time that grows faster than they do.
func TestRowsAreBounded(t *testing.T) {
	const size = 24 << 20
	limits := Limits{Record: 1 << 20}
	for name, text := range map[string]string{
		"a line without end": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "quotes": `"`, "quotes and lines": "\"\n",
		"a quoted line without end": `""`, "commas": ";", "short lines": "\"a\nb;", "lines that open": "a;\"\n",
	} {
		start := time.Now()
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		n := int64(size)
		if strings.Contains(text, "\n") {
			n = 2 << 20 // each of its lines is a record or a broken one
		}
		body := io.MultiReader(strings.NewReader(csvHeader+"u1;c;FAIL;r;\""), &endless{text: text, left: n}, strings.NewReader("\nu2;c;FAIL;r;b\n"))
		out, err := decode(body, "x", Options{Now: loadTime, Limits: limits})
		if err != nil {
			t.Fatal(name, err)
		}
		records, kept := 0, 0
		var r Record
		for {
			err := out.Next(&r)
			if err == io.EOF { //nolint:errorlint // a decoder ends with io.EOF itself
				break
			}
			if b, ok := err.(*Broken); ok { //nolint:errorlint // as it is
				kept = max(kept, len(b.Raw))
				continue
			}
			if err != nil {
				t.Fatal(name, err)
			}
			records++
		}
		runtime.ReadMemStats(&after)
		held := int64(after.HeapAlloc) - int64(before.HeapAlloc)
		if records < 1 || held > 32<<20 || kept > rawKept {
			t.Errorf("%s: %d records, %d MB held, %d bytes kept", name, records, held>>20, kept)
		}
		t.Logf("%s: %v, %d records", name, time.Since(start).Round(time.Millisecond), records)
		runtime.KeepAlive(out)
	}
}
