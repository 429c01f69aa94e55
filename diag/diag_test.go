// What people see of a problem, and what they must never see.

package diag

import (
	"strings"
	"testing"
)

func TestPrint(t *testing.T) {
	for _, c := range []struct {
		name string
		list List
		want string
	}{
		{
			"caret under the span, wide letters and tabs",
			List{Name: "a.yaml", Source: "x: 1\n\t件 qurey: y\n", Problems: []Problem{{Check: "yaml/unknown-key", Span: Span{10, 15}, Message: `unknown key "qurey"`, Hint: `did you mean "query"?`}}},
			"a.yaml:2:4: error: unknown key \"qurey\" [yaml/unknown-key]\n  | \t件 qurey: y\n  | \t   ^^^^^\n  = hint: did you mean \"query\"?\n",
		},
		{
			"hostile text is shown, not sent",
			List{Source: "a\x1b[31m\u202eb", Problems: []Problem{{Level: Warning, Span: Span{0, 1}, Message: "odd \x1b[0m"}}},
			"1:1: warning: odd \\u001b[0m\n  | a\\u001b[31m\\u202eb\n  | ^\n",
		},
		{
			"spans outside of the source are moved to its end",
			List{Source: "ab", Problems: []Problem{{Span: Span{90, 99}, Message: "m"}}},
			"1:3: error: m\n  | ab\n  |   ^\n",
		},
		{
			"a source with a secret is not shown",
			List{Source: "password: hunter2", Hide: true, Problems: []Problem{{Message: "m"}}},
			"1:1: error: m\n",
		},
	} {
		var b strings.Builder
		if err := Print(&b, &c.list); err != nil {
			t.Fatal(err)
		}
		if b.String() != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, b.String(), c.want)
		}
	}
}

func TestErr(t *testing.T) {
	warned := &List{Problems: []Problem{{Level: Warning, Message: "w"}}}
	if err := warned.Err(); err != nil {
		t.Errorf("a warning is an error: %v", err)
	}
	warned.Add("c", Span{}, "m", "h")
	if err := warned.Err(); err == nil || !strings.Contains(err.Error(), "and 1 more") {
		t.Errorf("Err() = %v", err)
	}
}

func TestSuggest(t *testing.T) {
	known := []string{"eventName", "eventSource", "errorCode", "id"}
	for _, c := range [][2]string{
		{"eventNmae", "eventName"}, {"EVENTNAME", "eventName"}, {"evntSource", "eventSource"}, {"di", "id"}, {"x", ""}, {"unrelated", ""},
	} {
		if got := Suggest(c[0], known); got != c[1] {
			t.Errorf("Suggest(%q) = %q, want %q", c[0], got, c[1])
		}
	}
	if got := DidYouMean("eventNmae", known, "read the manual"); got != "did you mean eventName?" {
		t.Errorf("DidYouMean = %q", got)
	}
	if got := DidYouMean("unrelated", known, "read the manual"); got != "read the manual" {
		t.Errorf("DidYouMean = %q", got)
	}
}

func TestClean(t *testing.T) {
	for _, c := range [][2]string{
		{"plain 日本語\ttab\n", "plain 日本語\ttab\n"},
		{"a\rb\x00c\x7f\u0085", `a\u000db\u0000c\u007f\u0085`},
		{"\u202e\u2066\u200b\ufeff\u2028", `\u202e\u2066\u200b\ufeff\u2028`},
		{"\U000e0041", `\U000e0041`},
		{"\xff\xfe ok", `\xff\xfe ok`},
		{"\u00ad\u3164", `\u00ad\u3164`},
	} {
		if got := Clean(c[0]); got != c[1] {
			t.Errorf("Clean(%q) = %q, want %q", c[0], got, c[1])
		}
	}
	if got := Line("a\r\n\tb\n"); got != "a b" {
		t.Errorf("Line = %q", got)
	}
}

func TestIsolate(t *testing.T) {
	for _, s := range []string{"", "abc 日本 123", "naïve"} {
		if Isolate(s) != s {
			t.Errorf("Isolate(%q) changes it", s)
		}
	}
	for _, s := range []string{"שלום", "a ب", "\u0661"} {
		if got := Isolate(s); got != "\u2068"+s+"\u2069" {
			t.Errorf("Isolate(%q) = %q", s, got)
		}
	}
}

// FuzzClean holds what is promised of every text.
func FuzzClean(f *testing.F) {
	for _, s := range []string{"", "a\x1b", "\u202e", "\xff", "日本"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c := Clean(s)
		if c2 := Clean(c); c2 != c {
			t.Errorf("not stable: %q, then %q", c, c2)
		}
		if strings.ContainsFunc(c, hidden) {
			t.Errorf("Clean(%q) = %q", s, c)
		}
		if strings.ContainsAny(Line(s), "\n\t\r") {
			t.Errorf("Line(%q) has more than one line", s)
		}
	})
}
