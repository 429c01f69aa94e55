package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"tocsin/query"
)

// TestDocs runs what README.md and docs/*.md tell a reader to type: every
// command in a fence, in order, in a folder for each page, and every query of
// docs/language.md over the sample logs.
func TestDocs(t *testing.T) {
	logs := filepath.Join(t.TempDir(), "logs")
	s := &session{t: t}
	s.must("sample", logs)
	for _, p := range docPages(t) {
		t.Run(p.name, func(t *testing.T) { runPage(t, p, logs) })
	}
	language, tables, investigations := docPage(t, "docs/language.md"), docPage(t, "docs/tables.md"), docPage(t, "docs/investigations.md")
	findings := docPage(t, "docs/findings.md")
	t.Run("queries", func(t *testing.T) {
		s := newSession(t, logs, false)
		writeDocFiles(t, s.dir)
		s.must("load", "logs")
		e := systemEnv()
		err := withProject(t.Context(), e, &options{data: "tocsin-data"}, "tocsin load", func(p *project) error {
			a := &asker{t, p}
			a.page(language)
			a.fences(tables)
			if n := a.fences(findings); n != 5 {
				t.Errorf("docs/findings.md has %d queries", n)
			}
			if n := a.fences(investigations); n != 25 {
				t.Errorf("docs/investigations.md has %d queries", n)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// runPage runs the commands of a page. In a console fence every line is one; in
// any other those lines that begin like one.
func runPage(t *testing.T, p page, logs string) {
	s := newSession(t, logs, p.name != "README.md")
	for _, f := range p.fences() {
		for i, line := range strings.Split(f.text, "\n") {
			ours := strings.HasPrefix(line, "tocsin ") || strings.HasPrefix(line, "bin/tocsin ") || strings.HasPrefix(line, "make ")
			if ours || f.kind == "console" && strings.TrimSpace(line) != "" {
				s.command(p.name, f.line+i, line)
			}
		}
	}
}

// asker runs the queries of the page of the language.
type asker struct {
	t *testing.T
	p *project
}

// fences runs the queries of a page that stand in fences, and returns how many
// there are.
func (a *asker) fences(p page) (queries int) {
	for _, f := range p.fences() {
		switch f.kind {
		case "query":
			queries++
			a.rows(p.name, f.line, strings.TrimSpace(f.text), f.arg)
		case "refused":
			if _, err := a.p.plan(strings.TrimSpace(f.text), f.arg, 100); err == nil {
				a.t.Errorf("%s:%d: the query is not refused", p.name, f.line)
			}
		}
	}
	return queries
}

// page runs the queries of the page of the language, and holds its tables to the
// program.
func (a *asker) page(p page) {
	a.fences(p)
	described := map[string]bool{}
	for _, r := range p.rows() {
		switch r.head[0] {
		case "filter":
			for _, src := range spans(r.cells[0]) {
				if _, err := a.ask(src, "cloudtrail"); err != nil {
					a.t.Errorf("%s:%d: %s: %v", p.name, r.line, src, err)
				}
			}
		case "expression":
			a.gives(p.name, r.line, spans(r.cells[0])[0], r.cells[1])
		case "function":
			for _, name := range a.functions(p.name, r) {
				described[name] = true
			}
		}
	}
	for _, name := range query.Functions() {
		if !described[name] {
			a.t.Errorf("%s: the function %s has no row", p.name, name)
		}
	}
	if len(described) != len(query.Functions()) {
		a.t.Errorf("%s: %d functions are described, there are %d", p.name, len(described), len(query.Functions()))
	}
}

// rows demands that a query finds something in the sample logs.
func (a *asker) rows(page string, line int, src, logstore string) {
	r, err := a.ask(src, logstore)
	switch {
	case err != nil:
		a.t.Errorf("%s:%d: %v", page, line, err)
	case len(r.Rows) == 0:
		a.t.Errorf("%s:%d: the query finds nothing in the sample logs", page, line)
	}
}

func (a *asker) ask(src, logstore string) (*query.Result, error) {
	plan, err := a.p.plan(src, logstore, 1000)
	if err != nil {
		return nil, err
	}
	return a.p.store.Logs.Query(a.t.Context(), plan, query.Window{Now: a.p.now})
}

// functions checks a row of a table of functions, of one or of several that go
// together: the arguments as the program shows them, and the example.
func (a *asker) functions(page string, r row) (names []string) {
	for _, signature := range spans(r.cells[0]) {
		name, _, _ := strings.Cut(signature, "(")
		usage, _, _ := query.Signature(name)
		short := strings.NewReplacer("constant text", "'text'", "constant integer", "'integer'", "time or epoch seconds", "time", "JSON field", "JSON")
		if want := short.Replace(usage); signature != want {
			a.t.Errorf("%s:%d: %s, want %s", page, r.line, signature, want)
		}
		names = append(names, name)
	}
	a.gives(page, r.line, spans(r.cells[1])[0], r.cells[2])
	return names
}

// gives checks the value of an expression where the page says it.
func (a *asker) gives(page string, line int, expression, cell string) {
	r, err := a.ask("* | SELECT "+expression+" AS x LIMIT 1", "cloudtrail")
	if err != nil {
		a.t.Errorf("%s:%d: %s: %v", page, line, expression, err)
		return
	}
	if len(r.Rows) != 1 {
		a.t.Errorf("%s:%d: %s: %d rows", page, line, expression, len(r.Rows))
		return
	}
	if cell == "" {
		return
	}
	got, err := marshal(r.Rows[0][0])
	if err != nil {
		a.t.Fatal(err)
	}
	if want := spans(cell); len(want) != 1 || !sameJSON(string(got), want[0]) {
		a.t.Errorf("%s:%d: %s is %s, not %s", page, line, expression, got, cell)
	}
}

func sameJSON(a, b string) bool {
	var x, y any
	if json.Unmarshal([]byte(a), &x) != nil || json.Unmarshal([]byte(b), &y) != nil {
		return a == b
	}
	return fmt.Sprint(x) == fmt.Sprint(y)
}

// TestDocsMention holds that verbs and flags in the running text exist.
func TestDocsMention(t *testing.T) {
	root := newRoot(systemEnv())
	for _, p := range docPages(t) {
		for i, line := range p.prose() {
			for _, code := range spans(line) {
				words := shellWords(strings.TrimPrefix(code, "bin/"))
				if len(words) < 2 || words[0] != "tocsin" {
					continue
				}
				if fault := verbFault(root, words[1:]); fault != "" {
					t.Errorf("%s:%d: %s: %s", p.name, i+1, code, fault)
				}
			}
		}
	}
}

// verbFault says what of a command line does not exist, or "".
func verbFault(root *cobra.Command, words []string) string {
	cmd, rest, err := root.Find(words)
	if err != nil || cmd == root {
		return "there is no such verb"
	}
	cmd.InitDefaultHelpFlag()
	for _, w := range rest {
		name, _, _ := strings.Cut(strings.TrimPrefix(w, "--"), "=")
		if strings.HasPrefix(w, "--") && cmd.Flag(name) == nil {
			return "there is no such flag"
		}
	}
	return ""
}

var link = regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`)

// TestDocsLinks holds that links between the pages lead somewhere.
func TestDocsLinks(t *testing.T) {
	for _, p := range docPages(t) {
		for i, line := range p.prose() {
			for _, m := range link.FindAllStringSubmatch(line, -1) {
				if _, err := os.Stat(filepath.Join(p.dir, filepath.FromSlash(m[1]))); err != nil {
					t.Errorf("%s:%d: %v", p.name, i+1, err)
				}
			}
		}
	}
}

// TestHelp holds that every verb says what it does, and that examples in help
// texts exist.
func TestHelp(t *testing.T) {
	root := newRoot(systemEnv())
	root.SetContext(context.Background())
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		if !strings.HasSuffix(c.Short, ".") {
			t.Errorf("%s: the short text is no sentence: %q", c.CommandPath(), c.Short)
		}
		for _, line := range strings.Split(c.Long, "\n") {
			if len([]rune(line)) > 80 {
				t.Errorf("%s: a line of %d characters: %s", c.CommandPath(), len([]rune(line)), line)
			}
			if code, ok := strings.CutPrefix(line, "  tocsin "); ok {
				if fault := verbFault(root, shellWords(code)); fault != "" {
					t.Errorf("%s: %s: %s", c.CommandPath(), code, fault)
				}
			}
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(root)
}
