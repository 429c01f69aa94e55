package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Pages of the documentation, taken apart: fences and tables, with the lines on
// which they stand.

// A page is one Markdown file.
type page struct {
	name string // "README.md", "docs/rules.md"
	dir  string
	text string
}

// A fence is a block between two lines of backquotes.
type fence struct {
	kind string // the first word behind the backquotes
	arg  string // what follows it
	line int    // of its first line, from 1
	text string
}

// A row is one line of a table below its head.
type row struct {
	head  []string
	cells []string
	line  int
}

// docPages reads README.md and docs/*.md.
func docPages(t *testing.T) []page {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	paths, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil || len(paths) < 6 {
		t.Fatalf("only %d pages in docs: %v", len(paths), err)
	}
	var pages []page
	for _, path := range append([]string{filepath.Join(root, "README.md")}, paths...) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, page{name: name, dir: filepath.Dir(path), text: string(text)})
	}
	return pages
}

// docPage reads one page.
func docPage(t *testing.T, name string) page {
	t.Helper()
	for _, p := range docPages(t) {
		if p.name == name {
			return p
		}
	}
	t.Fatalf("there is no page %s", name)
	return page{}
}

// fences returns the blocks of a page.
func (p page) fences() []fence {
	var out []fence
	open := false
	for i, line := range strings.Split(p.text, "\n") {
		info, mark := strings.CutPrefix(line, "```")
		switch {
		case mark && open:
			open = false
		case mark:
			kind, arg, _ := strings.Cut(info, " ")
			out = append(out, fence{kind: kind, arg: arg, line: i + 2})
			open = true
		case open:
			out[len(out)-1].text += line + "\n"
		}
	}
	return out
}

// bar parts the cells of a table; one behind a backslash is text.
var bar = regexp.MustCompile(`(?:[^\\])(\|)`)

// rows returns the lines of all tables outside of fences.
func (p page) rows() []row {
	var out []row
	var head []string
	fenced := false
	for i, line := range strings.Split(p.text, "\n") {
		if strings.HasPrefix(line, "```") {
			fenced = !fenced
		}
		switch {
		case fenced || !strings.HasPrefix(line, "|"):
			head = nil
		case head == nil:
			head = cellsOf(line)
		case !strings.HasPrefix(line, "|---"):
			out = append(out, row{head: head, cells: cellsOf(line), line: i + 1})
		}
	}
	return out
}

func cellsOf(line string) []string {
	line = strings.TrimSuffix(strings.TrimPrefix(line, "|"), "|")
	var cells []string
	for {
		at := bar.FindStringSubmatchIndex(line)
		if at == nil {
			break
		}
		cells = append(cells, clearCell(line[:at[2]]))
		line = line[at[3]:]
	}
	return append(cells, clearCell(line))
}

func clearCell(s string) string { return strings.ReplaceAll(strings.TrimSpace(s), `\|`, "|") }

// span finds code between backquotes.
var codeSpan = regexp.MustCompile("`([^`]+)`")

// spans returns the code in a text.
func spans(s string) []string {
	var out []string
	for _, m := range codeSpan.FindAllStringSubmatch(s, -1) {
		out = append(out, m[1])
	}
	return out
}

// prose is the page without its fences.
func (p page) prose() []string {
	lines := strings.Split(p.text, "\n")
	fenced := false
	for i, line := range lines {
		mark := strings.HasPrefix(line, "```")
		if mark || fenced {
			lines[i] = ""
		}
		if mark {
			fenced = !fenced
		}
	}
	return lines
}
