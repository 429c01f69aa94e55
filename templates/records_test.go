// The corpus of hostile records, in every built-in template and some of authors.

package templates

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// mails are templates as authors write them.
var mails = map[string]string{
	"article": article,
	"table": `<style>td{padding:4px} .x{color:red} @media (max-width:600px){.x{display:none}}</style><table>{% for r in alert.results[0].raw_results %}<tr>
{% for k, v in r.items() %}<td class="x" title="{{ v }}">{{ k }}: {{ v }}</td>{% endfor %}</tr>{% endfor %}</table>`,
	"parts": `<title>{{ alert.alert_name }}</title><textarea>{{ alert.annotations.title }}</textarea><p id="{{ alert.alert_name }}">
{{ alert.annotations | to_list }}{{ alert.annotations.title | blockquote }}{{ alert.labels | to_json }}</p>`,
	"links": `<a href="{{ link("https://wiki.example.com/x?q=" ~ (alert.annotations.title | url_encoding)) }}">wiki</a>
<a href="{{ link(alert.annotations.title) }}">x</a><a href="{{ alert.query_url }}">q</a>{{ link(alert.annotations.title, alert.alert_name) }}`,
	"outlook": `<!--[if mso]><table><tr><td><![endif]-->{{ alert.annotations.title | truncate(20, "…") }}<!--[if mso]></td></tr></table><![endif]-->`,
	"cut":     `{{ alert.annotations.title | upper }}{{ alert.annotations.title | replace("x", "<b>") }}{{ alert.annotations.title | quote }}{{ alert.missing_ok | default(alert.annotations.title) }}`,
	"markup":  `{{ (alert.annotations | to_list) ~ alert.annotations.title }}{{ alert.annotations.title | blockquote | upper }}`,
	"own":     `{{ table(["a", alert.annotations.title], alert.results[0].raw_results) }}{% for k in alert.labels %}{{ k }}{% endfor %}`,
}

// hostileStrings are all texts and keys of the hostile records.
func hostileStrings(t testing.TB) []string {
	t.Helper()
	seen := map[string]bool{}
	var all []string
	marker := regexp.MustCompile(`MK[a-z][0-9]{4}K`) // makes texts differ that are the same
	add := func(s string) {
		if len(s) > 5000 {
			s = strings.ToValidUTF8(s[:5000], "")
		}
		if k := marker.ReplaceAllString(s, ""); !seen[k] {
			seen[k] = true
			all = append(all, s)
		}
	}
	var walk func(v any)
	walk = func(v any) {
		switch x := v.(type) {
		case string:
			add(x)
		case []any:
			for _, e := range x {
				walk(e)
			}
		case map[string]any:
			for k, e := range x {
				add(k)
				walk(e)
			}
		}
	}
	eachLine(t, shared(t, "records.jsonl"), func(line []byte) {
		var r struct{ Record map[string]any }
		if err := json.Unmarshal(line, &r); err != nil {
			t.Fatal(err)
		}
		walk(r.Record)
	})
	if len(all) < 100 {
		t.Fatalf("only %d texts", len(all))
	}
	return all
}

// valueData puts one text wherever a template may meet it.
func valueData(s string) Data {
	address := s
	if strings.HasPrefix(s, "http") {
		address = "https://wiki.example.com/q" // an address in query_url is one of ours
	}
	row := map[string]any{"a": s, s: s, "n": int64(4)}
	sls := SLS{
		AlertID: "r", AlertName: s, Status: "firing", Severity: "high", At: testNow, Labels: map[string]string{"k": s, s: "v"},
		Annotations: map[string]any{"title": s, "desc": s}, Results: []Result{{Rows: []map[string]any{row}, Count: 1}}, FireRows: []map[string]any{row}, QueryURL: address,
	}
	a := MailAlert{
		ID: "A-7F3K", RuleName: s, State: "firing", Severity: "high", Title: s, Desc: s, Actor: s, Labels: map[string]string{"k": s}, Since: testNow,
		Columns: []string{"a", s}, Rows: []MailRow{{Cells: []any{s, int64(1)}, New: true, Was: s}}, RowCount: 30, Again: s, Partial: s,
	}
	still := a
	still.Still = true
	return NewData(sls, Mail{
		Kind: "first", ID: "A-7F3K", State: "firing", Severity: "high", RuleName: s, Title: s, Desc: s, Reason: s, Period: s,
		Notes: []string{s}, Alerts: []MailAlert{a, still}, Counts: []Count{{s, 1}}, Storm: true, Attachment: s, Items: []Item{{Title: s, Detail: s, Action: s}}, Now: testNow,
	})
}

var (
	readLink = regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*://`)
	readMail = regexp.MustCompile(`[\pL\pN]@[\pL\pN]`)
)

// TestHostileValues renders every hostile text in every mail: elements,
// attributes and addresses are those of a harmless text, nothing is a link,
// nothing controls a reader.
func TestHostileValues(t *testing.T) {
	values := hostileStrings(t)
	builtin, err := Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	pages := map[string]*page{}
	for n, p := range builtin.pages {
		pages[n] = p
	}
	for n, src := range mails {
		in := pageSource{html: source{n, src}}
		in.roots = map[string]*schema{}
		for k, v := range roots() {
			in.roots[k] = v
		}
		in.roots["alert"].fields["missing_ok"] = nil
		if pages[n], err = compilePage(in); err != nil {
			t.Fatal(err)
		}
	}
	o := Options{Zone: time.UTC, Now: testNow, Links: []string{"wiki.example.com"}}
	for name, p := range pages {
		t.Run(name, func(t *testing.T) {
			plain := map[bool]string{}
			for i, s := range values {
				rtl := strings.ContainsFunc(s, func(r rune) bool { return r >= 0x590 && r < 0x8ff })
				m, err := p.render(valueData(s), o)
				if err != nil {
					t.Errorf("value %d %.80q: %v", i, s, err)
					continue
				}
				checkInert(t, m)
				got := strings.ReplaceAll(shape(m.HTML), "<bdi>", "")
				key := s == ""
				if plain[key] == "" {
					h, err := p.render(valueData(map[bool]string{true: "", false: "x"}[key]), o)
					if err != nil {
						t.Fatal(err)
					}
					plain[key] = shape(h.HTML)
				}
				if addresses.ReplaceAllString(got, "") != addresses.ReplaceAllString(plain[key], "") && len(valueDataKeys(s)) == 3 && !rtl && !secretName.MatchString(s) && s != "https://wiki.example.com/s3" {
					t.Errorf("value %.80q: shape\n%s\nnot\n%s", s, got, plain[key])
				}
				checkLinks(t, s, m)
			}
		})
	}
}

var addresses = regexp.MustCompile(` href=(https://wiki\.example\.com/[^ >]*|#)`)

// valueDataKeys are the keys of the row in valueData: fewer when s is one of them.
func valueDataKeys(s string) map[string]bool { return map[string]bool{"a": true, "n": true, s: true} }

// checkLinks demands that no reader makes a link of a value.
func checkLinks(t *testing.T, s string, m Message) {
	t.Helper()
	text := strings.ReplaceAll(m.Text, "https://wiki.example.com/", "")
	if x := readLink.FindString(text); x != "" {
		t.Errorf("value %.80q: the text holds %q", s, x)
	}
	if x := readMail.FindString(m.Text); x != "" {
		t.Errorf("value %.80q: the text holds %q", s, x)
	}
	subject := Subject("[FIRING] high: rule (A-7F3K)", m.Subject)
	if utf8.RuneCountInString(subject) > maxSubject || strings.ContainsAny(subject, "\r\n") {
		t.Errorf("subject %q", subject)
	}
	if strings.Count(subject, "[FIRING]") != 1 || strings.Count(subject, "A-7F3K") != 1 {
		t.Errorf("subject %q repeats our id or state", subject)
	}
	if strings.Count(subject, string(isolate)) != strings.Count(subject, string(isolateEnd)) {
		t.Errorf("subject %q leaves an isolate open", subject)
	}
}
