package templates_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"tocsin/templates"
)

// loaded are the templates of files, some of which may be broken.
func loaded(files map[string]string) *templates.Set {
	all := fstest.MapFS{}
	for name, text := range files {
		all[name] = &fstest.MapFile{Data: []byte(text)}
	}
	s, _ := templates.Load(all) // the mistakes are what it is about
	return s
}

// TestKeepFrom: a template whose file is broken is used as it was before; one that
// was never good, or is gone, is not.
func TestKeepFrom(t *testing.T) {
	page := func(word string) string { return "---\nsubject: s\n---\n<p>" + word + "</p>" }
	const broken = "---\nsubject: s\n---\n<p>{% if %}</p>"
	first := loaded(map[string]string{"a.html": page("one"), "b.html": page("one"), "gone.html": page("one")})
	second := loaded(map[string]string{"a.html": broken, "b.html": page("two"), "c.html": broken, "default.html": broken}).KeepFrom(first)
	third := loaded(map[string]string{"a.html": broken, "b.html": broken}).KeepFrom(second)
	for _, c := range []struct {
		set        *templates.Set
		name, want string // "": it cannot be rendered
	}{
		{second, "a", "one"},
		{second, "b", "two"},
		{second, "c", ""},
		{second, "gone", ""},
		{third, "a", "one"},
		{third, "b", "two"},
		{second.KeepFrom(nil), "a", "one"},
	} {
		m, err := c.set.Render(c.name, templates.NewData(templates.SLS{}, templates.Mail{}), templates.Options{})
		if (err == nil) != (c.want != "") || c.want != "" && !strings.Contains(m.HTML, c.want) {
			t.Errorf("%s: %v, %s; want %q", c.name, err, m.HTML, c.want)
		}
	}
	if third.Has("c") || !second.Has("default") {
		t.Error("the built-in template is not there, or one that is gone is")
	}
}

// TestLasting: what is remembered of templates is used where the file is broken by
// then, with what it includes and its text part; what is good, or new, is not touched.
func TestLasting(t *testing.T) {
	page := func(word string) string { return "---\nsubject: s\n---\n<p>" + word + "{% include 'part.html' %}</p>" }
	good := loaded(map[string]string{"a.html": page("one"), "a.txt": "plain", "part.html": "PART", "b.html": page("one")})
	list := good.LastGood()
	if len(list) != 2 || len(list[0].Files) != 3 {
		t.Fatalf("remembered: %q", list)
	}
	list = append(list, templates.LastGood{Name: "c", Files: map[string]string{"c.html": "{% if %}"}})
	now := loaded(map[string]string{"a.html": "{% if %}", "b.html": page("two"), "part.html": "NEW", "c.html": "{% if %}"})
	if !now.Broken() || good.Broken() {
		t.Error("what is broken is not known")
	}
	now = now.KeepFrom(templates.Lasting(list))
	for name, want := range map[string]string{"a": "onePART", "b": "twoNEW", "c": ""} {
		m, err := now.Render(name, templates.NewData(templates.SLS{}, templates.Mail{}), templates.Options{})
		if (err == nil) != (want != "") || want != "" && !strings.Contains(m.HTML, want) {
			t.Errorf("%s: %v, %s; want %q", name, err, m.HTML, want)
		}
		if name == "a" && m.Text != "plain" {
			t.Errorf("the text part is %q", m.Text)
		}
	}
}
