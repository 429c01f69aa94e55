// Any template, with data that want to become markup.

package templates

import (
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

const nasty = `"'><zz-evil onx=1>&--></title></style>javascript:https://e.example/ a@b.c`

func fuzzData() Data {
	row := map[string]any{"a": nasty, nasty: "v", "n": int64(3), "f": 1.5, "l": []any{int64(1), nasty}, "none": nil}
	s := SLS{
		AlertName: nasty, Status: "firing", Severity: "high", At: testNow, Labels: map[string]string{"k": nasty, nasty: "v"},
		Annotations: map[string]any{"title": nasty, "desc": Authored(nasty)}, Results: []Result{{Rows: []map[string]any{row, row}, Count: 2}}, FireRows: []map[string]any{row},
	}
	a := MailAlert{ID: "A-7F3K", Title: nasty, Columns: []string{"a", nasty}, Rows: []MailRow{{Cells: []any{nasty, int64(1)}, New: true}}}
	d := NewData(s, Mail{Title: nasty, Alerts: []MailAlert{a}, Now: testNow})
	d["x"] = []any{nasty, int64(1), map[string]any{"k": nasty}}
	return d
}

// FuzzTemplate holds the invariants of the engine for any template: no panic,
// errors with a place, bounded output, no element or attribute of a value,
// unchanged data.
func FuzzTemplate(f *testing.F) {
	for _, src := range mails {
		f.Add(src)
	}
	for _, src := range []string{
		article, "---\nsubject: '{{ alert.alert_name }}'\n---\n{{ x | to_json }}", "{% for k, v in x[2].items() %}<p title='{{ k }}'>{{ v }}</p>{% endfor %}",
		"{{ x | sort | join(',') }}", "{% if x %}{% set a = x[0] %}{% endif %}{{ a | title | truncate(3) }}", "{{ table(['a'], x) }}", "<!--[if mso]>x<![endif]-->{{ x[0] }}",
	} {
		f.Add(src)
	}
	if !testing.Short() {
		for _, c := range hostileTemplates(f) {
			if len(c.Template) < 3000 {
				f.Add(c.Template)
			}
		}
	}
	before := fuzzData()
	f.Fuzz(func(t *testing.T, src string) {
		start := time.Now()
		open := roots()
		open["x"] = nil
		p, err := compilePage(pageSource{html: source{"x.html", src}, roots: open})
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("check took %v", took)
		}
		if err != nil {
			checkProblem(t, err)
			return
		}
		d := fuzzData()
		m, err := p.render(d, Options{Now: testNow, Links: []string{"wiki.example.com"}})
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("took %v", took)
		}
		if !reflect.DeepEqual(d, before) {
			t.Error("the data were changed")
		}
		if err != nil {
			checkProblem(t, err)
			return
		}
		if len(m.HTML) > 8*maxOutput || !utf8.ValidString(m.HTML+m.Text+m.Subject) {
			t.Errorf("%d bytes of HTML", len(m.HTML))
		}
		if s := addresses.ReplaceAllString(shape(m.HTML), ""); !strings.Contains(src, "zz-evil") && strings.Contains(s, "zz-evil") || !strings.Contains(src, "onx") && strings.Contains(s, " onx") || strings.Contains(m.HTML, "ZgotmplZ") && !strings.Contains(src, "Zgotmpl") {
			t.Errorf("a value became markup: %s\n%s", s, m.HTML)
		}
	})
}
