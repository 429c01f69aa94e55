package alertrules

import (
	"strings"
	"testing"
	"time"

	"tocsin/diag"
)

func TestPlacesInTexts(t *testing.T) {
	// Each source holds a text in which X stands once; the caret must be under it.
	for name, src := range map[string]string{
		"plain":             "q: abc X def\n",
		"plain, wide":       "q: 日本 X def\n",
		"plain, lines":      "q: abc\n  def\n\n  ghi X\n",
		"single":            "q: 'it''s X'\n",
		"single, lines":     "q: 'a ''\n  b X'\n",
		"double":            `q: "a\tb\u65e5\U0001F600\" X"` + "\n",
		"double, lines":     "q: \"a \\\n   b\n\n  X\"\n",
		"literal":           "q: |\n  abc\n   def X\n",
		"literal, strip":    "r:\n  - q: |-\n      abc\n\n        \n      X y\n",
		"literal, indent":   "q: |2\n    abc\n  X\n",
		"literal, CR LF":    "q: |\r\n  abc\r\n  def X\r\n",
		"folded":            "q: >\n  abc\n  def\n\n  X\n",
		"folded, strip":     "q: >-\n  abc\n    more\n  X y\n",
		"flow":              "q: {a: b, c: 'd X'}\n",
		"flow list":         "q: [a, 日本, \"X\"]\n",
		"byte order mark":   "\ufeffq: X\n",
		"comment before it": "# 日本\nq: # what\n  a X\n",
	} {
		t.Run(name, func(t *testing.T) {
			d, err := ParseYAML("f.yaml", []byte(src))
			if err != nil {
				t.Fatal(err)
			}
			n := find(d.Root, "X")
			if n == nil {
				t.Fatal("X was not read")
			}
			i := strings.Index(n.Text, "X")
			got := n.Locate(diag.Span{Start: i, End: i + 1})
			want := strings.Index(d.List.Source, "X")
			if got.Start != want || got.End != want+1 {
				t.Errorf("X of %q lies at %v, not at %d", n.Text, got, want)
			}
		})
	}
}

// find returns the scalar whose text holds s.
func find(n *Node, s string) *Node {
	if n.Kind == ScalarNode && strings.Contains(n.Text, s) {
		return n
	}
	for _, item := range n.Items {
		if f := find(item, s); f != nil {
			return f
		}
	}
	for _, p := range n.Pairs {
		if f := find(p.Value, s); f != nil {
			return f
		}
	}
	return nil
}

func TestTextsAreAsWritten(t *testing.T) {
	var v struct {
		M map[string]string `yaml:"m"`
	}
	src := "m: {a: NO, b: ~, c: 0777, d: 12:30:45, e: 1.10, f: 1e3, g: '007', h: 99999999999999999999999, i: true, j: .inf, k: 0x1F, l: 1_000, m: -5}\n"
	if _, err := DecodeStrict("f", []byte(src), &v); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"a": "NO", "b": "~", "c": "0777", "d": "12:30:45", "e": "1.10", "f": "1e3", "g": "007", "h": "99999999999999999999999", "i": "true", "j": ".inf", "k": "0x1F", "l": "1_000", "m": "-5"}
	for k, w := range want {
		if v.M[k] != w {
			t.Errorf("%s is %q, not %q", k, v.M[k], w)
		}
	}
}

func TestDecodeStrictTellsAll(t *testing.T) {
	type mail struct {
		Server string        `yaml:"server"`
		Port   int           `yaml:"port"`
		Wait   time.Duration `yaml:"wait"`
		TLS    bool          `yaml:"tls"`
	}
	var v struct {
		Zone Text            `yaml:"time_zone"`
		Mail *mail           `yaml:"mail"`
		To   []string        `yaml:"to"`
		Sub  map[string]mail `yaml:"sub"`
	}
	src := "time_zone: UTC\nmail:\n  servr: x\n  port: 25a\n  wait: 5 apples\n  tls: yes\nto: ops\nsub: {a: {port: 1, wait: 1d}}\nzzz: 1\n"
	d, err := DecodeStrict("t.yaml", []byte(src), &v)
	if err == nil {
		t.Fatal("no error")
	}
	var got []string
	for _, p := range d.List.Problems {
		got = append(got, d.List.Position(p.Span.Start)+" "+p.Message+" | "+p.Hint)
	}
	want := []string{
		`t.yaml:3:3 unknown key "servr" | did you mean "server"?`,
		`t.yaml:4:9 a whole number is expected here, not "25a" | `,
		`t.yaml:5:9 "5 apples" is no length of time | write it as 30s, 15m, 4h, 7d or 2w`,
		`t.yaml:6:8 true or false is expected here, not "yes" | write true or false`,
		`t.yaml:7:5 a list is expected here, not a text | `,
		`t.yaml:9:1 unknown key "zzz" | known keys: time_zone, mail, to, sub`,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if v.Sub["a"].Wait != 24*time.Hour || v.Zone.Value != "UTC" || d.At("mail", "port").Text != "25a" {
		t.Errorf("what is right was not read: %+v", v)
	}
}

func TestGuards(t *testing.T) {
	deep := func(s string, n int) string { return strings.Repeat(s, n) }
	for name, c := range map[string]struct{ src, at, message string }{
		"large":          {deep("# xxxxxxxx\n", 100_000), "1:1", "at most 1048576"},
		"brackets":       {"a: " + deep("[", 100_000), "1:54", "nested"},
		"brackets, text": {"a: " + deep("[x,", 60), "1:151", "levels"},
		"dashes":         {deep("- ", 60) + "a", "1:101", "levels"},
		"many marks":     {"a: [" + deep("x,", 300_000) + "]", "", "nested or listed"},
		"two documents":  {"a: 1\n---\nb: 2\n", "2:1", "second document"},
		"anchor":         {"a: &x 1\n", "1:4", "anchors"},
		"alias":          {"q: * | SELECT 1\n", "1:4", "aliases"},
		"merge key":      {"a:\n  <<: x\n", "2:3", "merge keys"},
		"tag":            {"a: !!str 3\n", "1:4", "tags"},
		"directive":      {"%YAML 1.2\n---\na: 1\n", "1:1", "directives"},
		"control":        {"a: \"x\x1b[31m\"\n", "1:6", "control character (U+001B)"},
		"not UTF-8":      {"a: \xff\n", "1:4", "not UTF-8"},
		"no-break space": {"a:\n\u00a0\u00a0b: c\n", "2:1", "no-break space (U+00A0)"},
		"tab":            {"a:\n\tb: c\n", "2:1", "cannot start any token"},
		"reserved":       {"q: @status:FAIL\n", "1:4", "reserved"},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := ParseYAML("", []byte(c.src))
			if err == nil {
				t.Fatal("accepted")
			}
			p := d.List.Problems[0]
			if at := d.List.Position(p.Span.Start); c.at != "" && at != c.at || !strings.Contains(p.Message, c.message) {
				t.Errorf("%s: %s, want %s: …%s…", at, p.Message, c.at, c.message)
			}
		})
	}
	if _, err := ParseYAML("", []byte("---\n# one document\na: {b: [c]}\n")); err != nil {
		t.Errorf("a leading --- is refused: %v", err)
	}
}

func TestParseDuration(t *testing.T) {
	for s, want := range map[string]time.Duration{
		"90s": 90 * time.Second, "1h30m": 90 * time.Minute, "7d": 7 * day, "2w": 14 * day, "1w2d3h": 9*day + 3*time.Hour,
		"1.5h": 90 * time.Minute, "-24h": -24 * time.Hour, "0s": 0, "-1d": -day,
	} {
		if got, err := ParseDuration(s); err != nil || got != want {
			t.Errorf("%s: %v, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "5", "d", "1dd", "1d2w", "--1h", "1d-2h", "1d+2h", "9999999999999999999999h", "99999999999d", "1.5d", "banana", "1 h"} {
		if got, err := ParseDuration(s); err == nil {
			t.Errorf("%q is %v", s, got)
		}
	}
}

func FuzzYAML(f *testing.F) {
	for _, s := range []string{"rules:\n  - id: a\n    query: |\n      x\n", "a: {b: [c, 'd''e', \"f\\u0041\"]}\n", "a: >\n  b\n\n   c\n", "? a\n: b\n", "a: 'x\n  y'\n", "\ufeff---\na: b\r\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src string) {
		d, _ := ParseYAML("f", []byte(src))
		for _, p := range d.List.Problems {
			if p.Span.Start < 0 || p.Span.Start > len(d.List.Source) || p.Span.End > len(d.List.Source) {
				t.Fatalf("span %v outside of %d bytes", p.Span, len(d.List.Source))
			}
		}
		if d.Root != nil {
			walk(t, d, d.Root)
		}
	})
}

func walk(t *testing.T, d *Document, n *Node) {
	for i := range len(n.Text) {
		s := n.Locate(diag.Span{Start: i, End: i + 1})
		if s.Start < 0 || s.End > len(d.List.Source) || s.End < s.Start {
			t.Fatalf("byte %d of %q lies at %v", i, n.Text, s)
		}
	}
	for _, item := range n.Items {
		walk(t, d, item)
	}
	for _, p := range n.Pairs {
		walk(t, d, p.Key)
		walk(t, d, p.Value)
	}
}
