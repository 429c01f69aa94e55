package main

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"tocsin/diag"
	"tocsin/templates"
)

// docConfig are the parts of a tocsin.yaml that a fragment in the documentation
// may lean on; those that the fragment has itself are left out.
var docConfig = map[string]string{
	"people":    "people:\n  ami: {email: ami@example.com}\n  ben: {email: ben@example.com}\n",
	"groups":    "groups:\n  cloud-team: [ami]\n  security: [ami]\n  payments: [ami]\n",
	"operator":  "operator: [ami]\n",
	"calendars": "calendars:\n  nights: {daily: \"22:00-07:00\"}\n",
	"logstores": "logstores:\n  nginx: {format: json, time: ts, fields: {status: integer}}\n",
	"notify":    "notify: {to: [ami]}\n",
	"lists":     "lists:\n  office: [192.0.2.0/24, 203.0.113.7]\n  allowed: [us-east-1, eu-*]\n  break_glass: lists/break-glass.txt\n",
	"tables":    "tables:\n  accounts: accounts.csv\n",
}

// docFiles are files that a tocsin.yaml of the documentation names.
var docFiles = map[string]string{
	"lists/break-glass.txt": "# who may do anything\nemergency-*\nhiro              # until the audit is over\n",
	"accounts.csv":          "account,owner,stage\n111111111111,\"Ann, Payments\",prod\n222222222222,Ben,test\n",
	"quotas.csv":            "account,quota,since\n111111111111,10,2026-01-31\n",
}

// writeDocFiles writes docFiles, and a tocsin.yaml that names them.
func writeDocFiles(t *testing.T, dir string) {
	t.Helper()
	writeFiles(t, dir, docFiles)
	writeFiles(t, dir, map[string]string{"tocsin.yaml": completed("")})
}

func writeFiles(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
}

// docRule is a rule that sends the template of a page.
const docRule = `rules:
  - id: cspm-not-pass
    logstore: findings
    query: status:NOT_PASS | SELECT instance_type, check_item_name, count(*) AS cnt GROUP BY instance_type, check_item_name
    window: 24h
    every: 15m
    notify: {template: cspm-summary}
`

var topKey = regexp.MustCompile(`(?m)^([a-z_]+):`)

// TestDocsFiles hands every file and fragment of the documentation to
// `tocsin check`: rule files as they are, fragments of tocsin.yaml completed,
// templates with a rule that uses them.
func TestDocsFiles(t *testing.T) {
	for _, p := range docPages(t) {
		for _, f := range p.fences() {
			config, rules, template := "", docRule, "<p>{{ alert.alert_name }}</p>\n"
			switch {
			case f.kind == "yaml" && strings.HasPrefix(f.text, "# tocsin.yaml"):
				config = f.text
			case f.kind == "yaml":
				rules = f.text
			case f.kind == "html":
				template = f.text
			default:
				continue
			}
			t.Run(p.name+":"+strconv.Itoa(f.line), func(t *testing.T) {
				checkFiles(t, map[string]string{"tocsin.yaml": completed(config), "rules/doc.yaml": rules, "templates/cspm-summary.html": template})
			})
		}
	}
}

// completed adds to a fragment of tocsin.yaml what it does not have itself.
func completed(fragment string) string {
	var has []string
	for _, m := range topKey.FindAllStringSubmatch(fragment, -1) {
		has = append(has, m[1])
	}
	for _, key := range names(docConfig) {
		if !slices.Contains(has, key) {
			fragment += docConfig[key]
		}
	}
	return fragment
}

// checkFiles runs `tocsin check` over a project of these files.
func checkFiles(t *testing.T, files map[string]string) {
	dir := t.TempDir()
	t.Chdir(dir)
	writeFiles(t, dir, docFiles)
	writeFiles(t, dir, files)
	s := &session{t: t, dir: dir}
	if status, _, stderr := s.run("check"); status != exitDone || strings.Contains(stderr, "0 rules") {
		t.Errorf("tocsin check: status %d\n%s", status, stderr)
	}
}

// TestDocsTemplates holds docs/templates.md to the template language: every
// function and every variable has a row, and every example prints what its row
// says.
func TestDocsTemplates(t *testing.T) {
	p := docPage(t, "docs/templates.md")
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	data := templates.Sample(map[string]any{"cnt": int64(3)}, now)
	options := templates.Options{Zone: time.UTC, Now: now}
	described, named := map[string]bool{}, map[string]bool{}
	for _, r := range p.rows() {
		for _, code := range spans(r.cells[0]) {
			switch r.head[0] {
			case "function":
				name, _, _ := strings.Cut(code, "(")
				described[name] = true
			case "name":
				named[code] = true
				checkName(t, p, r, code)
			}
		}
		if r.head[0] == "function" {
			checkExample(t, p, r, data, options)
		}
	}
	for _, name := range templateFunctions(t) {
		if !described[name] {
			t.Errorf("%s: the function %s has no row", p.name, name)
		}
		delete(described, name)
	}
	for name := range described {
		t.Errorf("%s: there is no function %s", p.name, name)
	}
	for _, name := range variables(data) {
		if !named[name] && !named[name+".NAME"] {
			t.Errorf("%s: the variable %s has no row", p.name, name)
		}
	}
}

// checkName compiles a variable of the page.
func checkName(t *testing.T, p page, r row, code string) {
	t.Helper()
	src := "{{ " + strings.ReplaceAll(code, ".NAME", ".x") + " }}"
	if strings.HasPrefix(code, "a.") {
		src = "{% for a in alerts %}" + src + "{% endfor %}"
	}
	if _, err := templates.CompileText("example", src); err != nil {
		t.Errorf("%s:%d: %s: %v", p.name, r.line, code, err)
	}
}

// checkExample renders the example of a function.
func checkExample(t *testing.T, p page, r row, data templates.Data, o templates.Options) {
	t.Helper()
	text, err := templates.CompileText("example", "{{ "+spans(r.cells[1])[0]+" }}")
	if err != nil {
		t.Errorf("%s:%d: %s: %v", p.name, r.line, r.cells[1], fullText(err))
		return
	}
	got, err := text.Render(data, o)
	if want := spans(r.cells[2])[0]; err != nil || strings.TrimSpace(got) != want {
		t.Errorf("%s:%d: %s prints %q, not %q: %v", p.name, r.line, r.cells[1], got, want, err)
	}
}

// variables are the names of the data of a mail, as the page writes them.
func variables(data templates.Data) []string {
	var out []string
	add := func(prefix string, v any) {
		m, _ := v.(map[string]any)
		for name := range m {
			out = append(out, prefix+"."+name)
		}
	}
	first := func(v any) any {
		if l, ok := v.([]any); ok && len(l) > 0 {
			return l[0]
		}
		return nil
	}
	alert, _ := data["alert"].(map[string]any)
	add("alert", alert)
	add("alert.results[0]", first(alert["results"]))
	add("alert.policy", alert["policy"])
	add("mail", data["mail"])
	add("a", first(data["alerts"]))
	return slices.DeleteFunc(out, func(name string) bool { return name == "alert.results" || name == "alert.policy" })
}

// templateFunctions reads the names out of the table of package templates.
func templateFunctions(t *testing.T) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", "..", "templates", "funcs.go"), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || spec.Names[0].Name != "functions" {
			return true
		}
		for _, e := range spec.Values[0].(*ast.CompositeLit).Elts {
			name, err := strconv.Unquote(e.(*ast.KeyValueExpr).Key.(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, name)
		}
		return false
	})
	if len(out) < 50 {
		t.Fatalf("only %d functions were found in the table of package templates", len(out))
	}
	return out
}

// fullText is an error with its hints.
func fullText(err error) string {
	var list *diag.List
	if !errors.As(err, &list) {
		return err.Error()
	}
	var b strings.Builder
	if printErr := diag.Print(&b, list); printErr != nil {
		return printErr.Error()
	}
	return b.String()
}
