package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// hostileTemplate is a line of templates.jsonl.
type hostileTemplate struct{ ID, Class, Template, Expect, Why string }

// placeInFile matches the place of an error in a file: name, line, column.
var placeInFile = regexp.MustCompile(`(?m)^(\S+):([0-9]+):([0-9]+): error: (.*)$`)

// annotationKeys are those that the templates of the corpus print.
var annotationKeys = []string{"title", "url", "attr", "js", "css", "comment", "tpl", "quote", "path", "host", "header", "bidi", "bad_utf8", "link"}

// TestHostileTemplates puts every template of the corpus into use. What check
// refuses it shows with its place; the mail of a template that cannot be used is
// the built-in one with the error; all other mails have the shape that harmless
// values give them.
func TestHostileTemplates(t *testing.T) {
	t.Parallel()
	cases := corpus[hostileTemplate](t, "templates.jsonl")
	values := templateValues(t)
	b, twin := templateBench(t, cases, values), templateBench(t, cases, nil)
	check := b.must(1, "check")
	if why := unclean(check.err); why != "" || len(check.err) > 200_000 {
		t.Errorf("check prints %s, %d bytes", why, len(check.err))
	}
	refused := map[string]bool{}
	for _, m := range placeInFile.FindAllStringSubmatch(check.err, -1) {
		refused[strings.TrimSuffix(filepath.Base(m[1]), ".html")] = true
	}
	got, tame := b.mailsByRule(t), twin.mailsByRule(t)
	shown := 0
	for _, c := range cases {
		id := strings.ToLower(c.ID)
		l, ok := got[id]
		if !ok {
			t.Errorf("%s (%s): the alert has no mail", c.ID, c.Why)
			continue
		}
		fallback := strings.Contains(l.text, "template could not be used")
		if fallback {
			shown++
		}
		if c.Expect == "refused" && !fallback || refused[id] && !fallback {
			t.Errorf("%s (%s), %s: check refuses it: %v, and the mail is made with it:\n%.500s", c.ID, c.Why, c.Expect, refused[id], l.text)
		}
		if fallback && !regexp.MustCompile(id+`\.html(:[0-9]+:[0-9]+)?: `).MatchString(l.text) {
			t.Errorf("%s: the mail does not show the error: %.600s", c.ID, l.text)
		}
		for _, fault := range templateFaults(l, tame[id]) {
			t.Errorf("%s (%s), %s: %s", c.ID, c.Why, c.Expect, fault)
		}
	}
	t.Logf("%d templates, %d refused by check, %d mails with the built-in template", len(cases), len(refused), shown)
	if len(refused) < 40 {
		t.Errorf("check refuses only %d", len(refused))
	}
}

func templateFaults(l, twin letter) (faults []string) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	for name, text := range map[string]string{"subject": l.subject, "text": l.text, "HTML": l.html} {
		if why := unclean(text); why != "" {
			fault("%s has %s", name, why)
		}
	}
	if len([]rune(l.subject)) > 120 || strings.ContainsAny(l.subject, "\r\n") || !strings.HasPrefix(l.subject, "[FIRING ") {
		fault("subject %q", l.subject)
	}
	if l.shape != twin.shape {
		fault("another shape than with harmless values: %s", firstDifference(l.shape, twin.shape))
	}
	if !slices.Equal(l.headers, twin.headers) || !slices.Equal(l.parts, twin.parts) {
		fault("headers %q and parts %q, not %q and %q", l.headers, l.parts, twin.headers, twin.parts)
	}
	if len(l.html)+len(l.text) > 4<<20 {
		fault("%d bytes", len(l.html)+len(l.text))
	}
	return faults
}

// templateValues are the annotations of templates-data.json.
func templateValues(t *testing.T) map[string]string {
	t.Helper()
	src, err := os.ReadFile(filepath.Join(shared(t, "hostile"), "templates-data.json"))
	if err != nil {
		t.Fatal(err)
	}
	var data struct {
		Alert struct{ Annotations map[string]string }
	}
	if err := json.Unmarshal(src, &data); err != nil {
		t.Fatal(err)
	}
	return data.Alert.Annotations
}

// templateBench is a folder with all templates, a rule for each, and one record
// that holds the values; without values harmless ones.
func templateBench(t *testing.T, cases []hostileTemplate, values map[string]string) *bench {
	t.Helper()
	b := newBench(t)
	b.write("tocsin.yaml", recordsConfig)
	harmless := map[string]string{}
	var selected, annotations []string
	for _, k := range annotationKeys {
		harmless[k] = "x"
		selected = append(selected, fmt.Sprintf("requestParameters.%s AS %s", k, k))
		annotations = append(annotations, fmt.Sprintf("%s: '${%s}'", k, k))
	}
	if values == nil {
		values = harmless
	}
	parameters, err := json.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	b.write("in.jsonl", strings.Replace(good(1), `"awsRegion"`, `"requestParameters":`+string(parameters)+`,"awsRegion"`, 1))
	var y strings.Builder
	fmt.Fprintf(&y, "defaults: {start: -24h, logstore: cloudtrail, query: 'eventName:GoodNeighbour | SELECT %s', annotations: {%s}, notify: {to: [rows]}}\nrules:\n",
		strings.Join(selected, ", "), strings.Join(annotations, ", "))
	for _, c := range cases {
		id := strings.ToLower(c.ID)
		b.write("templates/"+id+".html", c.Template)
		fmt.Fprintf(&y, "- {id: %s, notify: {to: [rows], template: %s}}\n", id, id)
	}
	b.write("rules/rules.yaml", y.String())
	return b
}

// mailsByRule loads the record, runs the rules once and returns the mails.
func (b *bench) mailsByRule(t *testing.T) map[string]letter {
	t.Helper()
	b.must(0, "load", b.path("in.jsonl"))
	a := b.call("run", "--once")
	if why := unclean(a.err); why != "" || a.code > exitFound {
		t.Errorf("run --once: %d %s\n%.2000s", a.code, why, a.err)
	}
	all := map[string]letter{}
	for _, l := range b.letters(t) {
		all[l.rule] = l
	}
	return all
}

// hostileRule is a line of rules/cases.jsonl.
type hostileRule struct{ ID, File, Kind, Expect, Why string }

// TestHostileRuleFiles checks each file of the corpus as its author would:
// error, warning or nothing, with a place, in lines that are clean and repeat no
// secret. A good file beside it still runs.
func TestHostileRuleFiles(t *testing.T) {
	t.Parallel()
	dir := shared(t, "hostile", "rules")
	for _, c := range corpus[hostileRule](t, "rules/cases.jsonl") {
		t.Run(c.ID+" "+c.File, func(t *testing.T) {
			src, err := os.ReadFile(filepath.Join(dir, c.File))
			if err != nil {
				t.Fatal(err)
			}
			b := newBench(t)
			b.now = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
			b.write("tocsin.yaml", ruleFilesConfig)
			b.write("rules/good.yaml", "rules:\n- {id: good, logstore: cloudtrail, query: 'eventName:x'}\n")
			args := []string{"check", filepath.Join(dir, c.File)}
			if c.Kind == "config" {
				b.write("tocsin.yaml", string(src))
				args = []string{"check"}
			}
			a := b.call(args...)
			b.judgeCheck(t, c, a)
			if c.Kind == "rules" {
				b.write("rules/bad.yaml", string(src))
				p, err := readProject(b.env(&bytes.Buffer{}, &bytes.Buffer{}), &options{data: b.path("data"), config: b.path("tocsin.yaml")})
				if err != nil {
					t.Fatal(err)
				}
				if _, ok := p.rules.Rule("good"); !ok {
					t.Error("the good file beside it fell with it")
				}
				if c.Expect == "error" && c.ID != "yp-006" && len(p.rules.Rules) != 1 {
					t.Errorf("%d rules are used, with those of the broken file", len(p.rules.Rules))
				}
			}
		})
	}
}

const ruleFilesConfig = `
rules: [rules/]
people: {ami: {email: ami@example.com}}
groups: {cloud-team: [ami]}
operator: [ami]
notify: {to: [ami]}
`

func (b *bench) judgeCheck(t *testing.T, c hostileRule, a answer) {
	t.Helper()
	got := "ok"
	switch {
	case strings.Contains(a.err, ": error: "):
		got = "error"
	case strings.Contains(a.err, ": warning: "):
		got = "warning"
	}
	if got != c.Expect && !(c.ID == "yp-014" && got == "error") {
		t.Errorf("%s: %s, not %s:\n%.2000s", c.Why, got, c.Expect, a.err)
	}
	if (a.code == exitFound) != (got == "error") || a.code > exitFound {
		t.Errorf("%s: exit status %d", got, a.code)
	}
	if why := unclean(a.err); why != "" || len(a.err) > 400_000 {
		t.Errorf("check prints %s in %d bytes", why, len(a.err))
	}
	if strings.Contains(a.err+a.out, "hunter2") || strings.Contains(a.err, "root:x:0") {
		t.Errorf("a secret is repeated:\n%s", a.err)
	}
	for line := range strings.Lines(a.err) {
		if strings.Contains(line, ": error: ") && !placeInFile.MatchString(line) {
			t.Errorf("an error without a place: %s", line)
		}
	}
}

// TestHostileBigFiles: the template of a million parentheses and the file of a
// hundred thousand rules are refused, in place, and take nothing with them.
func TestHostileBigFiles(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 makes the large cases: " + err.Error())
	}
	script := filepath.Join(shared(t, "hostile"), "generate.py")
	b := newLoadBench(t)
	size := uint64(0)
	for name, into := range map[string]string{"template-nest-1m": "templates/nest.html", "yaml-100k": "rules/many.yaml"} {
		text, err := exec.CommandContext(context.Background(), python, script, "--big", name).Output()
		if err != nil {
			t.Fatal(err)
		}
		b.write(into, string(text))
		size += uint64(len(text))
	}
	b.write("rules/rules.yaml", "rules:\n- {id: nested, logstore: cloudtrail, start: -24h, query: '*', notify: {to: [rows], template: nest}}\n")
	before := allocated()
	a := b.must(1, "check")
	work := allocated() - before
	t.Logf("%d bytes of files, %d MB allocated to refuse them", size, work>>20)
	if !strings.Contains(a.err, "nest.html:1:") || !strings.Contains(a.err, "many.yaml:1:") || len(a.err) > 5000 {
		t.Errorf("check: %.2000s", a.err)
	}
	if work > 10*size {
		t.Errorf("check allocates %d bytes to refuse %d", work, size)
	}
	b.write("in.jsonl", good(1))
	if l := b.mailsByRule(t)["nested"]; !strings.Contains(l.text, "template could not be used") { // beside that to the operator
		t.Errorf("the mail of the rule: %.500s", l.text)
	}
}

// allocated is how much memory was allocated since the program began. Unlike
// time, and unlike what is in use, it does not depend on how busy the machine is.
func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}
