// The language: testdata/language.yaml, and what is no part of it.

package templates

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"tocsin/diag"
)

// TestLanguage runs testdata/language.yaml.
func TestLanguage(t *testing.T) {
	b, err := os.ReadFile("testdata/language.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct{ Src, Want, Err string }
	if err := yaml.UnmarshalWithOptions(b, &cases, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	o := Options{Zone: time.FixedZone("JST", 9*3600), Now: testNow, Links: []string{"wiki.example.com"}}
	d := NewData(SLS{
		AlertName: "n", At: testNow.Add(-time.Hour), Labels: map[string]string{"service": "oss"}, Annotations: map[string]any{},
		FireRows: []map[string]any{{"a": int64(1)}},
	}, Mail{})
	for _, c := range cases {
		t.Run(c.Src, func(t *testing.T) {
			p, err := compile(unit{name: "t", text: c.Src, out: outText})
			got := ""
			if err == nil {
				got, err = p.render(d, o)
			}
			if c.Err != "" {
				if err == nil || !strings.Contains(err.Error(), c.Err) {
					t.Fatalf("error %v, not %q (%q)", err, c.Err, got)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got != c.Want {
				t.Errorf("got %q, want %q", got, c.Want)
			}
		})
	}
}

// TestPositions demands line and column of errors, also in the front matter, in
// an included file and while rendering.
func TestPositions(t *testing.T) {
	for _, c := range []struct{ src, want string }{
		{"a\n  {{ alert.nope }}", "x.html:2:12: "},
		{"---\nsubject: \"{{ alert.nope }}\"\n---\nx", "x.html:2:20: "},
		{"---\nsubject: a\n---\n<p>\n{{ 1 +  }}", "x.html:5:9: "},
		{"---\nsubjct: a\n---\nx", "x.html:2:1: "},
		{"<p>\n<td title={{ alert.alert_name }}>", "x.html:2:11: "},
		{"<p>\n{% if alert.labels %}<a title=\"{% endif %}", "x.html:2:1: "},
		{"<p>\n<script>x</script>", "x.html:2:1: "},
		{"<p>\n\n<td a\"=b>", "x.html:3:"},
		{"あ{{ alert.nope }}", "x.html:1:11: "},
	} {
		_, err := compilePage(pageSource{html: source{"x.html", c.src}})
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%q: %v, not at %s", c.src, err, c.want)
		}
	}
	p, err := compile(unit{name: "x", text: "a\n{{ 1 // alert.labels.n }}", out: outText})
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.render(Data{"alert": map[string]any{"labels": map[string]any{"n": int64(0)}}}, Options{})
	var l *diag.List
	if !errors.As(err, &l) || !strings.HasPrefix(err.Error(), "x:2:6: division by zero") {
		t.Errorf("%v", err)
	}
}

func TestText(t *testing.T) {
	row := map[string]any{"host": "a\u202eb", "n": int64(3)}
	d := NewData(SLS{
		AlertName: "name", Labels: map[string]string{"service": "oss"}, Results: []Result{{Rows: []map[string]any{row}, Count: 7}},
		FireRows: []map[string]any{row}, FireCount: 2, Annotations: map[string]any{},
	}, Mail{})
	for src, want := range map[string]string{
		"${host} ${n} ${service} ${alert_name} ${__count__} ${__0_count__} ${nope} $${n}": `a\u202eb 3 oss name 2 7 ∅ 3`,
		"{{ alert.results[0].raw_results | length }} rows, ${host}":                       "1 rows, ${host}",
		"שלום <b>": "שלום <b>",
	} {
		x, err := CompileText("annotations.title", src)
		if err != nil {
			t.Fatal(err)
		}
		got, err := x.Render(d, Options{})
		if err != nil || got != want {
			t.Errorf("%q: %q, %v; want %q", src, got, err, want)
		}
		if x.Constant() != (src == want) {
			t.Errorf("%q: constant %v", src, x.Constant())
		}
	}
}

func TestSubject(t *testing.T) {
	for _, c := range []struct{ fixed, rendered, want string }{
		{"[FIRING] high: r (A-7F3K)", "by A-9Q2M [RESOLVED]", "[FIRING] high: r (A-7F3K) by A- 9Q2M RESOLVED"},
		{"[FIRING] r", "x\r\nBcc: m@example.net", "[FIRING] r x Bcc: m@example.net"},
		{"[FIRING] r", "", "[FIRING] r"},
		{"f", strings.Repeat("あ", 200), "f " + strings.Repeat("あ", 116) + "…"},
		{"f", "\u2068" + strings.Repeat("ש", 200) + "\u2069", "f \u2068" + strings.Repeat("ש", 115) + "…\u2069"},
		{"f", "a\u202eb 2026-1234", `f a\u202eb 2026-1234`},
	} {
		if got := Subject(c.fixed, c.rendered); got != c.want {
			t.Errorf("Subject(%q, %q) = %q, want %q", c.fixed, c.rendered, got, c.want)
		}
	}
}

func TestFooter(t *testing.T) {
	m := Message{Text: "x\n", HTML: "<html><body>x</BODY></html>"}
	Footer{ID: "A-7F3K", Others: []string{"ben@example.com", "<b>"}}.Append(&m)
	for _, want := range []string{"A-7F3K · Also sent to ben@example.com, <b>.", "\nShow: tocsin query --alert A-7F3K\n"} {
		if !strings.Contains(m.Text, want) {
			t.Errorf("text lacks %q: %s", want, m.Text)
		}
	}
	if strings.Contains(m.Text+m.HTML, "tocsin ack") || strings.Contains(m.Text+m.HTML, "tocsin silence") {
		t.Errorf("a command that does not exist, or is of no use for what is over: %s", m.Text)
	}
	open := Message{}
	Footer{ID: "A-7F3K", Firing: true}.Append(&open)
	if !strings.Contains(open.Text, "\nAcknowledge: tocsin ack A-7F3K\n") || !strings.Contains(open.HTML, "tocsin ack A-7F3K</code>") {
		t.Errorf("nobody learns how to take it on: %s", open.Text)
	}
	if !strings.Contains(m.HTML, "&lt;b&gt;") || !strings.HasSuffix(m.HTML, "</BODY></html>") {
		t.Errorf("HTML %s", m.HTML)
	}
	m = Message{}
	Footer{ID: "A-7F3K; rm -rf /"}.Append(&m)
	if strings.Contains(m.Text+m.HTML, "rm -rf") {
		t.Errorf("an id that is not ours in a command: %s", m.Text)
	}
}
