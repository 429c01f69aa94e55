// The corpus of hostile templates, and what every output must hold.

package templates

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/net/html"

	"tocsin/diag"
)

// shared returns a file of the shared data, or skips the test.
func shared(t testing.TB, name string) string {
	t.Helper()
	for _, root := range []string{os.Getenv("TOCSIN_SHARED"), "../../../shared", "../../shared", "../shared"} {
		if root == "" {
			continue
		}
		p := filepath.Join(root, "data", "hostile", name)
		if _, err := os.Stat(p); err == nil {
			return p
		}
	}
	t.Skip("the shared data are not here (TOCSIN_SHARED)")
	return ""
}

type hostileCase struct{ ID, Class, Template, Expect, Why string }

func hostileTemplates(t testing.TB) []hostileCase {
	t.Helper()
	var cases []hostileCase
	eachLine(t, shared(t, "templates.jsonl"), func(line []byte) {
		var c hostileCase
		if err := json.Unmarshal(line, &c); err != nil {
			t.Fatal(err)
		}
		cases = append(cases, c)
	})
	return cases
}

func eachLine(t testing.TB, path string, do func([]byte)) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s := bufio.NewScanner(f)
	s.Buffer(nil, 64<<20)
	for s.Scan() {
		if len(s.Bytes()) > 0 {
			do(s.Bytes())
		}
	}
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
}

func hostileData(t testing.TB) Data {
	t.Helper()
	b, err := os.ReadFile(shared(t, "templates-data.json"))
	if err != nil {
		t.Fatal(err)
	}
	var d Data
	dec := json.NewDecoder(strings.NewReader(string(b)))
	dec.UseNumber()
	if err := dec.Decode(&d); err != nil {
		t.Fatal(err)
	}
	for k := range d {
		d[k] = fromJSON(d[k])
	}
	return d
}

// tame replaces every text of the data by a harmless one.
func tame(v any) any {
	switch x := v.(type) {
	case string:
		return "x"
	case []any:
		out := make([]any, len(x))
		for i := range x {
			out[i] = tame(x[i])
		}
		return out
	case map[string]any:
		out := map[string]any{}
		for k := range x {
			out[k] = tame(x[k])
		}
		return out
	}
	return v
}

// shape is the elements, attribute names and addresses of a document.
func shape(doc string) string {
	var b strings.Builder
	z := html.NewTokenizer(strings.NewReader(doc))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return b.String()
		case html.StartTagToken, html.SelfClosingTagToken:
			name, more := z.TagName()
			b.WriteString("<" + string(name))
			for more {
				var k, v []byte
				k, v, more = z.TagAttr()
				b.WriteString(" " + string(k))
				if string(k) == "href" || string(k) == "src" || string(k) == "style" {
					b.WriteString("=" + string(v))
				}
			}
			b.WriteString(">")
		case html.CommentToken:
			b.WriteString("<!>")
		}
	}
}

// TestHostileTemplates holds every case of the corpus: refused with a place,
// bounded, or rendered with the shape that harmless data have.
func TestHostileTemplates(t *testing.T) {
	d, before := hostileData(t), hostileData(t)
	o := Options{Zone: time.UTC, Now: time.Unix(1763802000, 0)}
	for _, open := range []bool{false, true} {
		hostileRun(t, open, d, o)
	}
	if !reflect.DeepEqual(d, before) {
		t.Error("the data were changed")
	}
}

// hostileRun runs all cases; with an open schema more of them get as far as rendering.
func hostileRun(t *testing.T, open bool, d Data, o Options) {
	counts := map[string]int{}
	for _, c := range hostileTemplates(t) {
		t.Run(c.ID, func(t *testing.T) {
			start := time.Now()
			in := pageSource{html: source{c.ID + ".html", c.Template}}
			if open {
				in.roots = map[string]*schema{"alert": nil}
			}
			p, err := compilePage(in)
			if err != nil {
				counts[c.Expect+" refused"]++
				checkProblem(t, err)
				return
			}
			if c.Expect == "refused" && !open {
				t.Fatalf("accepted: %s", c.Why)
			}
			m, err := p.render(d, o)
			if took := time.Since(start); took > 20*time.Second {
				t.Errorf("took %v", took)
			}
			if err != nil {
				counts[c.Expect+" stopped"]++
				checkProblem(t, err)
				return
			}
			counts[c.Expect+" rendered"]++
			if len(m.HTML) > maxOutput+1000 || len(m.Text) > maxOutput+1000 {
				t.Errorf("%d bytes of HTML, %d of text", len(m.HTML), len(m.Text))
			}
			harmless, err := p.render(Data(tame(map[string]any(d)).(map[string]any)), o)
			if err != nil {
				t.Fatalf("with harmless data: %v", err)
			}
			if c.Expect == "inert" && shape(m.HTML) != shape(harmless.HTML) {
				t.Errorf("shape %s\nwith harmless data %s", shape(m.HTML), shape(harmless.HTML))
			}
			checkInert(t, m)
		})
	}
	t.Logf("open schema %v: %v", open, counts)
}

// checkProblem demands a place and one short line.
func checkProblem(t *testing.T, err error) {
	t.Helper()
	var l *diag.List
	if !errors.As(err, &l) || len(l.Problems) == 0 {
		t.Fatalf("no diag.List: %v", err)
	}
	if s := l.Error(); len(s) > 600 || strings.ContainsAny(s, "\n\x00") {
		t.Errorf("message of %d bytes: %.200q", len(s), s)
	}
	if strings.HasPrefix(l.Problems[0].Message, "internal") {
		t.Errorf("unforeseen: %v", l)
	}
}

// checkInert demands that nothing of a value acts.
func checkInert(t *testing.T, m Message) {
	t.Helper()
	if strings.Contains(m.HTML, "ZgotmplZ") {
		t.Error("ZgotmplZ in the HTML")
	}
	if strings.ContainsAny(m.Subject, "\r\n") {
		t.Errorf("line break in the subject %q", m.Subject)
	}
	for _, part := range []string{m.Subject, m.Text, m.HTML} {
		if !utf8.ValidString(part) {
			t.Error("not UTF-8")
		}
		for _, r := range part {
			if r < 0x20 && r != '\n' && r != '\t' && r != '\r' || r >= 0x7f && r <= 0x9f || r >= 0x202a && r <= 0x202e || r >= 0x200b && r <= 0x200f || r == 0x2066 || r == 0x2067 {
				t.Fatalf("character %U in the output", r)
			}
		}
	}
}
