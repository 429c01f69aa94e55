// Where values and literals may stand.

package templates

import (
	htmltemplate "html/template"
	"io"
	"strings"
	"testing"
)

// TestPlaces lists where a value, and what literals, may stand.
func TestPlaces(t *testing.T) {
	const v = "{{ alert.alert_name }}"
	for _, c := range []struct{ src, err string }{
		{"<p>" + v + "</p>", ""},
		{"<title>" + v + "</title><textarea>" + v + "</textarea>", ""},
		{`<td title="` + v + `" class='a ` + v + `' data-x="` + v + `" aria-label="` + v + `">`, ""},
		{`<a href="{{ link(alert.alert_name) }}">x</a>`, ""},
		{`<a href="{{ alert.alert_name | link }}">x</a>`, ""},
		{`<a href="{{ alert.query_url }}">x</a>`, ""},
		{`<a href="https://example.com/">x</a><a href="mailto:a@example.com">x</a><img src="cid:logo">`, ""},
		{`<p {% if alert.labels %}style="color:red"{% else %}style="color:blue"{% endif %}>`, ""},
		{"<!--[if mso]><v:rect fill=\"x\"></v:rect><![endif]--><!--[if !mso]><!-->" + v + "<!--<![endif]-->", ""},
		{"<p>a < b && c</p>" + v, ""},
		{"<td title=" + v + ">", "without quotes"},
		{"<" + v + ">", "name of a tag"},
		{"</" + v + ">", "in a comment"},
		{"<p " + v + ">", "in the name of an attribute"},
		{"<p x" + v + `="a">`, "in the name of an attribute"},
		{`<p onclick="` + v + `">`, "event handler"},
		{`<p style="color:` + v + `">`, "in the attribute style"},
		{"<style>" + v + "</style>", "in a style"},
		{"<script>" + v + "</script>", "may not hold <script>"},
		{"<!-- " + v + " -->", "in a comment"},
		{"<!--[if mso]>" + v + "<![endif]-->", "in a comment"},
		{`<a href="` + v + `">`, "in a part of an address"},
		{`<a href="https://h/` + v + `">`, "in a part of an address"},
		{`<a href="https://{{ link(alert.alert_name) }}">`, "in a part of an address"},
		{`<a href="{{ link(alert.alert_name) ~ "" }}">`, "in a part of an address"},
		{`<img src="` + v + `">`, "remote src"},
		{`<img src="cid:` + v + `">`, "in the attribute src"},
		{`<iframe srcdoc="` + v + `">`, "<iframe>"},
		{`<p srcdoc="` + v + `">`, "srcdoc"},
		{`<img src="https://example.net/x.png">`, "remote src"},
		{`<img srcset="x 2x">`, "srcset"},
		{`<td background="https://example.net/x.png">`, "background"},
		{`<p style="background:url(https://example.net/x)">`, "in a style"},
		{`<p style="background:u\72l(https://example.net/x)">`, "in a style"},
		{"<style>@import 'x';</style>", "in a style"},
		{"<link rel=stylesheet href=x>", "<link>"},
		{"<base href=x>", "<base>"},
		{`<meta http-equiv="refresh" content="0;url=x">`, "http-equiv"},
		{`<a href="java&#10;script:alert(1)">`, "not http(s)"},
		{`<a href=" JaVaScRiPt:alert(1)">`, "not http(s)"},
		{`<a href="data:text/html,x">`, "not http(s)"},
		{"<svg><text>x</text></svg>", "<svg>"},
		{"<form action=x>", "<form>"},
		{"<!--[if mso]><script>x</script><![endif]-->", "<script>"},
		{`<!--[if mso]><v:fill src="https://example.net/x"/><![endif]-->`, "remote src"},
		{strings.Repeat("< ", 300), "more than 200"},
		{`<p title="{% if alert.labels %}"{% endif %}>`, "branches"},
		{`<p title="` + v, "not closed"},
		{"{% if alert.labels %}<b{% endif %} " + v + ">", "in the name of an attribute"},
		{"x\x00", "may not hold"},
		{"\ue0001\ue001", "may not hold"},
	} {
		_, err := compilePage(pageSource{html: source{"x.html", c.src}})
		if c.err == "" && err != nil {
			t.Errorf("%s: %v", c.src, err)
		}
		if c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%s: %v, not %q", c.src, err, c.err)
		}
	}
}

// TestEscaperNames pins the names inside of html/template that the second check
// reads. If it fails with a new Go, read what has changed before changing it:
// until then every template is refused.
func TestEscaperNames(t *testing.T) {
	for src, want := range map[string]string{
		"<p>{{.}}": "htmlescaper", "<title>{{.}}</title>": "rcdataescaper", `<p title="{{.}}">`: "attrescaper",
		`<a href="{{.}}">`: "urlfilter | _html_template_urlnormalizer | _html_template_attrescaper", "<p title={{.}}>": "nospaceescaper",
		"<script>{{.}}</script>": "jsvalescaper", "<style>{{.}}</style>": "cssvaluefilter", `<p style="{{.}}">`: "cssvaluefilter | _html_template_attrescaper",
		"<p {{.}}>": "htmlnamefilter",
	} {
		x, err := htmltemplate.New("").Parse(src)
		if err != nil {
			t.Fatal(err)
		}
		if err := x.Execute(io.Discard, "v"); err != nil {
			t.Fatal(err)
		}
		if got := x.Tree.Root.String(); !strings.Contains(got, "| "+escaperPrefix+want+"}}") {
			t.Errorf("%s: %s, not %s", src, got, want)
		}
	}
}

// TestSecondCheckAlone shows that the escapers alone refuse what the tokenizer
// refuses: html/template's choice is read, whatever the first check said.
func TestSecondCheckAlone(t *testing.T) {
	for _, src := range []string{
		"<td title={{ alert.alert_name }}>", "<style>{{ alert.alert_name }}</style>", `<p style="{{ alert.alert_name }}">`,
		`<p onclick="{{ alert.alert_name }}">`, `<a href="{{ alert.alert_name }}">`, "<p {{ alert.alert_name }}>", `<img srcset="{{ alert.alert_name }}">`,
		`<a href="https://h/{{ alert.alert_name }}">`,
	} {
		c := &compiler{p: &program{}, roots: roots(), scope: newScope(nil)}
		c.addFile("x", src)
		c.guard(func() { c.body(src, 0) })
		c.guard(func() { c.escape() })
		if c.err() == nil {
			t.Errorf("%s: accepted by the second check", src)
		}
	}
}
