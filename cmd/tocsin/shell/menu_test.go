package shell

import (
	"fmt"
	"strings"
	"testing"

	"tocsin/diag"
	"tocsin/query"
)

// What the editor gets of an offer: every text begins with the prefix that it takes
// out, and nothing is lost or doubled when one is chosen.
func TestFit(t *testing.T) {
	values := func(texts ...string) []entry {
		var out []entry
		for _, s := range texts {
			out = append(out, entry{text: s, group: "values"})
		}
		return out
	}
	for _, c := range []struct {
		name    string
		line    string // | is the cursor
		start   int
		entries []entry
		want    []string // the line after each choice
	}{
		{"a word", "eventName:Sto|", 10, values("StopLogging", "StopInstances"), []string{"eventName:StopLogging|", "eventName:StopInstances|"}},
		{"in any case", "eventname:sto|", 10, values("StopLogging"), []string{"eventname:StopLogging|"}},
		{"nothing typed yet", "eventName:|", 10, values("StopLogging", `"a b"`), []string{"eventName:StopLogging|", `eventName:"a b"|`}},
		{"behind a space", "a and |", 6, values("b"), []string{"a and b|"}},
		{"an empty line", "|", 0, values("eventName"), []string{"eventName|"}},
		{"a quote is missing", "user:Roo|", 5, values(`"Root user"`), []string{`user:"Root user"|`}},
		{"a quote is missing for one of two", "user:Roo|", 5, values("Root", `"Root user"`), []string{`user:"Root"|`, `user:"Root user"|`}},
		{"a quote is there", `user:"Roo|`, 5, values(`"Root user"`), []string{`user:"Root user"|`}},
		{"Japanese", "check:バケ|", 6, values("バケットの公開", "バケット"), []string{"check:バケ|", "check:バケットの公開|", "check:バケット|"}},
		{"in the middle", "a:Sto| and b", 2, values("Stop"), []string{"a:Stop| and b"}},
		{"hostile", "a:|", 2, values("x\x1b[2J", "x\ny", "\u202ex", "fine"), []string{"a:fine|"}},
		{"another word", "a:Sto|", 2, values("Delete"), nil},
		{"nothing", "a:|", 2, nil, nil},
	} {
		at := strings.Index(c.line, "|")
		line := strings.Replace(c.line, "|", "", 1)
		m := fit(line, at, offer{span: diag.Span{Start: c.start, End: at}, entries: c.entries}, 80)
		var got []string
		for _, it := range m.items {
			if !strings.HasPrefix(strings.ToLower(it.insert), strings.ToLower(m.prefix)) || !ascii(m.prefix) || m.prefix == "" && line != "" {
				t.Errorf("%s: %q does not begin with %q", c.name, it.insert, m.prefix)
			}
			got = append(got, m.line[:m.cursor-len(m.prefix)]+it.insert+"|"+m.line[m.cursor:])
		}
		if fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s: %q, not %q", c.name, got, c.want)
		}
	}
}

// Labels stand in columns, fit the screen, and are clean.
func TestLabels(t *testing.T) {
	list := items([]entry{
		{"eventName", "fields", "text", "what was called"},
		{"a", "fields", "integer", ""},
		{strings.Repeat("long", 30), "fields", "", strings.Repeat("doc ", 30)},
		{"バケット", "fields", "9 records", "\x1b[2J"},
	}, "", 60)
	for i, it := range list {
		if width(it.label) > 56 || strings.Contains(it.label, "\x1b") {
			t.Errorf("%d: %q", i, it.label)
		}
	}
	if list[0].label[:30] != "eventName"+strings.Repeat(" ", 21) || !strings.HasPrefix(list[1].label, "a"+strings.Repeat(" ", 31)+"integer") {
		t.Errorf("%q\n%q", list[0].label, list[1].label)
	}
}

// What Tab offers for dot commands.
func TestCompleteCommands(t *testing.T) {
	s := &session{Options: Options{Project: &fake{}, Logstore: "trail", Now: timeNow, Zone: utc}}
	if o := s.complete(t.Context(), ".fields", 0); len(o.entries) > 0 { // before the dot
		t.Errorf("%v", o.entries)
	}
	for text, want := range map[string]string{
		".c":              ".chart",
		".fie":            ".fields",
		".us":             ".use",
		".use ":           "findings trail",
		".use tr":         "trail",
		".chart ":         "bar line",
		".output js":      "json",
		".help la":        "last",
		".save ":          "as rule ",
		".x o":            "on off",
		".functions coun": "count count_if",
		".all ":           "",
		".nope":           "",
		".nope x":         "",
	} {
		o := s.complete(t.Context(), text, len(text))
		var got []string
		for _, e := range o.entries {
			got = append(got, e.text)
			if !strings.HasPrefix(e.text, text[o.span.Start:o.span.End]) {
				t.Errorf("%q: %q stands in the place of %q", text, e.text, text[o.span.Start:])
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: %q, not %q", text, got, want)
		}
	}
}

// Lookups are kept for a while, and what fails is told.
func TestLookups(t *testing.T) {
	f := &fake{values: []query.SeenValue{{Value: "x", Count: 1}}}
	now := noon
	s := &session{Options: Options{Project: f, Logstore: "trail", Zone: utc}}
	s.Now = timeNow
	if v, err := s.valuesOf(t.Context(), "trail", "eventName", ""); err != nil || len(v) != 1 {
		t.Fatal(v, err)
	}
	f.values = nil
	if v, _ := s.valuesOf(t.Context(), "trail", "eventName", ""); len(v) != 1 {
		t.Error("looked up again")
	}
	s.Now = func() (t2 timeT) { return now.Add(2 * cacheTime) }
	if v, _ := s.valuesOf(t.Context(), "trail", "eventName", ""); len(v) != 0 {
		t.Error("kept for ever")
	}
}

// The line as it is shown has the characters that were typed, and no escapes; what
// is pasted loses them.
func TestShown(t *testing.T) {
	const hostile = "a\x1b[31m\u202eb\tc\nd"
	if got := shown(hostile); got != "a\uFFFD[31m\uFFFDb\tc\nd" {
		t.Errorf("%q", got)
	}
	if got := pasted(hostile + "\n\n"); got != "a[31mb\tc\nd" {
		t.Errorf("%q", got)
	}
	s := &session{Options: Options{Color: true}}
	for _, line := range []string{"eventName:(Stop or \"x\") and not a | SELECT 'x' AS y -- c", ".chart bar", ".explain a | SELECT 1", "x\x1b]0;title\x07", "バケット:x", "\"open", ""} {
		bare := strings.NewReplacer("\x1b[0m", "", "\x1b[1;34m", "", "\x1b[36m", "", "\x1b[32m", "", "\x1b[33m", "", "\x1b[35m", "", "\x1b[34m", "", "\x1b[2m", "", "\x1b[31m", "").Replace(s.highlight(line))
		if bare != shown(line) {
			t.Errorf("%q: %q", line, bare)
		}
	}
}
