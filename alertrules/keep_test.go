package alertrules_test

import (
	"slices"
	"strings"
	"testing"

	"tocsin/alertrules"
	"tocsin/alertrules/alertrulestest"
)

// keepFile is a rule file with rules that look for the same text.
func keepFile(look string, ids ...string) string {
	var b strings.Builder
	b.WriteString("rules:\n")
	for _, id := range ids {
		b.WriteString("  - {id: " + id + ", logstore: cloudtrail, severity: low, query: \"eventName:" + look + "\"}\n")
	}
	return b.String()
}

// TestKeepFrom: one step of files after another; which rules run then, each with
// the text that it looks for.
func TestKeepFrom(t *testing.T) {
	wrongRule := func(text string) string { return text + "  - {id: more, logstore: nowhere}\n" }
	const noYAML = "rules: [\n"
	for name, c := range map[string]struct {
		steps []map[string]string
		want  string
	}{
		"an edit": {[]map[string]string{{"a": keepFile("x", "one", "two")}, {"a": keepFile("y", "one")}}, "one=y"},
		"broken": {[]map[string]string{
			{"a": keepFile("x", "one"), "b": keepFile("x", "two", "three")},
			{"a": keepFile("y", "one"), "b": wrongRule(keepFile("y", "two"))},
		}, "one=y three=x two=x"},
		"broken twice":      {[]map[string]string{{"a": keepFile("x", "one")}, {"a": wrongRule(keepFile("y", "one"))}, {"a": noYAML}}, "one=x"},
		"broken and mended": {[]map[string]string{{"a": keepFile("x", "one", "two")}, {"a": noYAML}, {"a": keepFile("z", "one")}}, "one=z"},
		"never good":        {[]map[string]string{{"a": wrongRule(keepFile("x", "one"))}}, ""},
		"an id in two files": {[]map[string]string{
			{"a": keepFile("x", "one"), "b": keepFile("x", "two")},
			{"a": keepFile("x", "one"), "b": keepFile("y", "two", "one")},
		}, "one=x two=x"},
		"moved out of a broken file": {[]map[string]string{
			{"a": keepFile("x", "one", "two"), "b": keepFile("x", "three")},
			{"a": noYAML, "b": keepFile("y", "three", "one")},
		}, "one=y three=y two=x"},
		"renamed and broken": {[]map[string]string{
			{"a": keepFile("x", "one", "two")}, {"b": wrongRule(keepFile("y", "one"))},
		}, "one=x"},
		"renamed, and nobody can read what is in it": {[]map[string]string{
			{"a": keepFile("x", "one", "two")}, {"b": noYAML},
		}, "one=x two=x"},
		"and then it can be read": {[]map[string]string{
			{"a": keepFile("x", "one", "two")}, {"b": noYAML}, {"b": keepFile("y", "two")},
		}, "two=y"},
		"gone": {[]map[string]string{{"a": keepFile("x", "one"), "b": keepFile("x", "two")}, {"b": keepFile("x", "two")}}, "two=x"},
	} {
		t.Run(name, func(t *testing.T) {
			var set *alertrules.Set
			for _, step := range c.steps {
				files := map[string][]byte{}
				for name, text := range step {
					files[name+".yaml"] = []byte(text)
				}
				set = alertrules.ParseSet(files, alertrulestest.Env()).KeepFrom(set)
			}
			if got := running(set); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
			// A process that starts now, over the same files, runs the same.
			last := map[string][]byte{}
			for _, f := range set.Files {
				last[f.Name] = f.Text
			}
			again := alertrules.ParseSet(last, alertrulestest.Env()).KeepFrom(alertrules.Lasting(set.LastGood(), alertrulestest.Env()))
			if got := running(again); got != c.want {
				t.Errorf("after a restart %s, want %s", got, c.want)
			}
		})
	}
}

func running(s *alertrules.Set) string {
	var list []string
	for _, r := range s.Rules {
		if _, ok := s.Rule(r.ID); !ok {
			return r.ID + " is not found"
		}
		_, look, _ := strings.Cut(r.Query, ":")
		list = append(list, r.ID+"="+look)
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

// TestLasting: whom a text names need not be known any more.
func TestLasting(t *testing.T) {
	env := alertrulestest.Env()
	env.People, env.Templates, env.Calendars, env.Groups, env.AllowMail = []string{}, []string{}, []string{}, []string{}, []string{"example.com"}
	text := map[string][]byte{"a.yaml": []byte(strings.Replace(keepFile("x", "one"), "severity", "notify: {to: [gone], template: gone, quiet: gone}, severity", 1))}
	if alertrules.ParseSet(text, env).Err() == nil {
		t.Error("the names are known: the test shows nothing")
	}
	last := []alertrules.LastGood{{Name: "a.yaml", Text: string(text["a.yaml"]), IDs: []string{"one"}}, {Name: "b.yaml", Text: "rules: [", IDs: []string{"two"}}}
	if got := running(alertrules.Lasting(last, env)); got != "one=x" {
		t.Error(got)
	}
}
