// Directories of templates, fallback, budgets, renderings at once.

package templates

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"
)

func files(m map[string]string) fstest.MapFS {
	out := fstest.MapFS{}
	for n, s := range m {
		out[n] = &fstest.MapFile{Data: []byte(s)}
	}
	return out
}

// TestLoad: a broken file takes no other with it, parts are no templates, a file
// overrides a built-in one.
func TestLoad(t *testing.T) {
	s, err := Load(files(map[string]string{
		"good.html": "{% include 'row.html' %}{% for r in alert.fire_results %}{% include \"cell.html\" %}{% endfor %}{% include \"style.html\" %}", "row.html": "<b>row</b>", "cell.html": "{{ r.a }}",
		"bad.html": "{{ alert.nope }}", "bad2.html": "{% if %}", "Upper.html": "x", "default.html": "mine", "texts.html": "<p>h</p>", "texts.txt": "{{ alert.alert_name }} <",
		"badtext.html": "x", "badtext.txt": "{{ nope }}", "self.html": "{% include \"self.html\" %}", "big.html": strings.Repeat("x", 100<<10), "note.md": "{{",
	}))
	if got := strings.Join(s.Names(), " "); got != "bad bad2 badtext big default digest good operator recap self texts" {
		t.Errorf("names %s", got)
	}
	for _, want := range []string{"bad.html:1:10: there is no", "bad2.html:1:7:", "Upper.html", "badtext.txt:1:4:", "self.html:1:12: self.html includes itself", "big.html:1:1: the template is larger"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v\nlacks %s", err, want)
		}
	}
	if _, err := s.Render("bad2", Data{}, Options{}); err == nil || !strings.Contains(err.Error(), "bad2.html:1:7:") || s.Has("bad2") {
		t.Errorf("a broken template: %v", err)
	}
	d := NewData(SLS{AlertName: "n & m", FireRows: []map[string]any{{"a": "<1>"}}}, Mail{})
	m, err := s.Render("good", d, Options{})
	if err != nil || !strings.Contains(m.HTML, "<b>row</b>&lt;1&gt;") {
		t.Errorf("%v %s", err, m.HTML)
	}
	if m, err = s.Render("texts", d, Options{}); err != nil || m.Text != "n & m <" {
		t.Errorf("%v %q", err, m.Text)
	}
	if _, err = s.Render("tetxs", d, Options{}); err == nil || !strings.Contains(err.Error(), "did you mean texts?") {
		t.Errorf("%v", err)
	}
	if m, err = s.Render("default", d, Options{}); err != nil || !strings.Contains(m.HTML, "mine") {
		t.Errorf("%v %s", err, m.HTML)
	}
	if m := s.RenderFallback(errors.New("x\r\n<b>"), d, Options{}); !strings.Contains(m.HTML, "x &lt;b&gt;") || strings.Contains(m.HTML, "mine") || !strings.Contains(m.Text, "could not be used") {
		t.Errorf("fallback %s", m.Text)
	}
	huge := NewData(SLS{AlertName: "rule <x>"}, Mail{ID: "A-7F3K", Title: strings.Repeat("x", 2<<20)})
	if m := s.RenderFallback(errors.New("first"), huge, Options{}); !strings.Contains(m.Text, "A-7F3K") || !strings.Contains(m.HTML, "rule &lt;x&gt;") || !strings.Contains(m.Text, "1 MB") {
		t.Errorf("last resort %s", m.Text)
	}
	long := NewData(SLS{AlertName: "rule"}, Mail{Kind: "alert", ID: "A-7F3K", Severity: "high", Title: strings.Repeat("<&", 1<<20), Alerts: []MailAlert{{
		ID: "A-7F3K", Columns: []string{"who"}, Rows: []MailRow{{Cells: []any{"mallory " + strings.Repeat("&", 1<<20)}}}, RowCount: 1,
	}}})
	if m := s.RenderFallback(errors.New("first"), long, Options{}); !strings.Contains(m.Text, "mallory") || !strings.Contains(m.HTML, "mallory") || !strings.Contains(m.Text, "are cut here") {
		t.Errorf("values of a megabyte hide the rest: %s", m.Text)
	}
	if m := s.RenderFallback(nil, nil, Options{}); m.HTML == "" {
		t.Error("no message without data")
	}
}

// TestIncludeError names the place in the included file.
func TestIncludeError(t *testing.T) {
	_, err := Load(files(map[string]string{"a.html": "x{% include \"part.html\" %}", "part.html": "y\n{{ alert.nope }}"}))
	if err == nil || !strings.Contains(err.Error(), "part.html:2:10: there is no") {
		t.Errorf("%v", err)
	}
	s, err := Load(files(map[string]string{"a.html": "x{% include \"part.html\" %}", "part.html": "y\n{{ 1 // alert.severity }}"}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err = s.Render("a", NewData(SLS{}, Mail{}), Options{}); err == nil || !strings.HasPrefix(err.Error(), "part.html:2:6: division") {
		t.Errorf("%v", err)
	}
}

// TestStyles: rules of a style element reach the elements, @media stays, and
// text of values is whole.
func TestStyles(t *testing.T) {
	s, err := Load(files(map[string]string{"css.html": "<style>td { color: red } @media (max-width: 600px) { td { color: blue !important } }</style>", "a.html": "{% include 'css.html' %}<table><tr><td>{{ alert.alert_name }}</td></tr></table>"}))
	if err != nil {
		t.Fatal(err)
	}
	m, err := s.Render("a", NewData(SLS{AlertName: `日本語 <style>p{}</style> & "q"`}, Mail{}), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`style="color:red"`, "@media", `日本語 &lt;style&gt;p{}&lt;/style&gt; &amp; &#34;q&#34;`} {
		if !strings.Contains(m.HTML, want) {
			t.Errorf("lacks %s:\n%s", want, m.HTML)
		}
	}
	if !strings.Contains(m.Text, `日本語 <style>p{}</style> & "q"`) {
		t.Errorf("text %q", m.Text)
	}
}

// TestBounds: what a template could cost is stopped, by the limit that is meant,
// and soon. The times are far above what is measured, so that only a lost limit
// fails them.
func TestBounds(t *testing.T) {
	rows := make([]map[string]any, 120)
	for i := range rows {
		rows[i] = map[string]any{"a": strings.Repeat("x", 1000), "n": int64(i)}
	}
	d := NewData(SLS{AlertName: "name", FireRows: rows, Annotations: map[string]any{"long": strings.Repeat("<", 65000), "rtl": strings.Repeat("ש", 60000)}}, Mail{})
	doubling := "{% set a0 = alert.annotations.long %}"
	for i := range 30 {
		doubling += fmt.Sprintf("{%% set a%d = a%d ~ a%d %%}", i+1, i, i)
	}
	loop := func(n int, body string) string {
		return strings.Repeat("{% for x in range(10000) %}", n) + body + strings.Repeat("{% endfor %}", n)
	}
	for _, c := range []struct{ name, src, err string }{
		{"doubling", doubling, "larger than 1 MB"},
		{"lists", "{% set a = range(10000) %}" + loop(2, "{{ (a + a) | length }}"), "16 MB"},
		{"turns", loop(3, ""), "1,000,000 turns"},
		{"turns of conditions", "{% for a in range(10000) %}{% for b in range(10000) if false %}{% endfor %}{% endfor %}", "1,000,000 turns"},
		{"output", loop(2, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"), "larger than 1 MB"},
		{"prints", loop(2, "{{ '' }}"), "200,000 values"},
		{"sorting in loops", "{% set l = range(10000) %}" + loop(1, "{% set m = l | reverse | sort %}"), "MB"},
		{"joined", "{{ [alert.annotations.long] | join | replace('<', alert.annotations.long) }}", "larger than 1 MB"},
		{"indent", "{{ 'x' | indent(1000000000) }}", "0 to 200"},
		{"escaping", "{{ alert.annotations.long }}{{ alert.annotations.rtl | to_list }}{{ [alert.annotations.rtl] | to_list }}", ""},
		{"loops deep", loop(6, ""), "more than 5 deep"},
		{"chain", "{{ 1" + strings.Repeat(" ~ 1", 51) + " }}", "50 steps"},
		{"filters", "{{ 1" + strings.Repeat(" | string", 51) + " }}", "50 steps"},
		{"parentheses", "{{ " + strings.Repeat("(", 60) + "1" + strings.Repeat(")", 60) + " }}", "50 deep"},
		{"elif", "{% if 1 %}" + strings.Repeat("{% elif 1 %}", 51) + "{% endif %}", "50 {% elif %}"},
		{"nested json", "{{ parse_json('" + strings.Repeat("[", 60) + "') }}", "50 levels"},
		{"zones", loop(2, "{% if format_date(1, tz='Asia/' ~ x) %}{% endif %}"), "no time zone"},
		{"equal lists", "{% set l = range(10000) %}" + loop(2, "{% if l == l %}{% endif %}"), "2 seconds"},
		{"contains", "{% set l = range(10000) %}" + loop(2, "{% if -1 in l %}{% endif %}"), "2 seconds"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.err == "2 seconds" {
				t.Parallel()
			}
			start := time.Now()
			p, err := compilePage(pageSource{html: source{"x.html", c.src}})
			if err == nil {
				_, err = p.render(d, Options{})
			}
			stopped := err != nil && c.err != "" && strings.Contains(err.Error(), "2 seconds") // a busy machine
			if (err == nil) != (c.err == "") || err != nil && !stopped && !strings.Contains(err.Error(), c.err) {
				t.Errorf("%v, not %q", err, c.err)
			}
			if took := time.Since(start); took > 15*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

func TestConcurrent(t *testing.T) {
	s, err := Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	sls, mail := sampleMail("first")
	d := NewData(sls, mail)
	want, err := s.Render("default", d, Options{Now: testNow})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range 5 {
				if got, err := s.Render("default", d, Options{Now: testNow}); err != nil || got != want {
					t.Errorf("differs: %v", err)
				}
			}
		})
	}
	wg.Wait()
}
