// Named lists of tocsin.yaml: values, patterns and networks, in it or in a file
// with one entry a line.

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"tocsin/alertrules"
	"tocsin/diag"
	"tocsin/query"
)

const (
	maxListFile     = 16 << 20
	maxListProblems = 10 // of one list; who has more has the wrong file
)

// listFile is one list: the path of its file, or its entries. They are read from
// their nodes, which know their places.
type listFile struct{}

// Shapes implements alertrules.Shaper.
func (*listFile) Shapes() []any { return []any{"", []string(nil)} }

// DecodeNode implements alertrules.NodeDecoder.
func (*listFile) DecodeNode(*alertrules.Document, *alertrules.Node) {}

// lists reads the lists in the order of the file.
func (r *configReader) lists(c *config) {
	c.lists = map[string][]string{}
	node := r.doc.At("lists")
	if node == nil {
		return
	}
	for _, p := range node.Pairs {
		if !alertrules.ValidName(p.Key.Text) || strings.Contains(p.Key.Text, ".") {
			r.doc.Problem("config/list", p.Key, fmt.Sprintf("%q cannot name a list", diag.Line(p.Key.Text)), "lower-case letters, digits, '_' and '-'; queries write it as $name")
			continue
		}
		entries := r.list(p.Value)
		c.lists[p.Key.Text] = entries.texts
		r.checkList(p.Value, entries)
	}
}

// listEntries are the entries of a list with their places: nodes of the
// configuration, or lines of a file.
type listEntries struct {
	texts []string
	nodes []*alertrules.Node
	file  string
	lines []int
}

func (r *configReader) list(n *alertrules.Node) listEntries {
	var out listEntries
	switch {
	case n.Kind == alertrules.ScalarNode:
		return r.listFile(n)
	case n.Kind != alertrules.ListNode:
		r.doc.Problem("config/list", n, "a list, or the path of a file, is expected here", "office: [192.0.2.0/24, 203.0.113.7], or office: lists/office.txt")
		return out
	}
	for _, item := range n.Items {
		if item.Kind != alertrules.ScalarNode {
			r.doc.Problem("config/list", item, "an entry is a value, a pattern with * or ?, or a network", "")
			continue
		}
		out.texts, out.nodes = append(out.texts, item.Text), append(out.nodes, item)
	}
	return out
}

// listFile reads a list from a file.
func (r *configReader) listFile(n *alertrules.Node) listEntries {
	path, ok := r.userPath(alertrules.Text{Value: n.Text, Node: n})
	if !ok {
		return listEntries{}
	}
	r.reads(path)
	src, err := readBounded(path, maxListFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		r.doc.Problem("config/list", n, "there is no file "+diag.Line(path), "a list that is no file stands in brackets: [a, b]")
		return listEntries{}
	case err != nil:
		r.doc.Problem("config/list", n, err.Error(), "")
		return listEntries{}
	}
	out := parseList(src)
	out.file = filepath.Base(path)
	return out
}

// parseList takes a file of a list apart: one entry a line, blank lines and what
// stands behind a # are left out. A # inside of an entry belongs to it.
func parseList(src []byte) listEntries {
	var out listEntries
	number := 0
	for line := range strings.Lines(string(bytes.TrimPrefix(src, []byte("\ufeff")))) {
		number++
		line = strings.TrimSpace(line)
		for i := range line {
			if line[i] == '#' && (i == 0 || line[i-1] == ' ' || line[i-1] == '\t') {
				line = strings.TrimSpace(line[:i])
				break
			}
		}
		if line != "" {
			out.texts, out.lines = append(out.texts, line), append(out.lines, number)
		}
	}
	return out
}

// checkList reports entries that cannot be used.
func (r *configReader) checkList(n *alertrules.Node, l listEntries) {
	if len(l.texts) == 0 && (n.Kind == alertrules.ListNode && len(n.Items) == 0 || l.file != "") {
		r.doc.Warn("config/list", n, "the list is empty: nothing is in it", "")
	}
	if len(l.texts) > query.MaxListEntries {
		r.doc.Problem("config/list", n, fmt.Sprintf("%d entries; a list has at most %d", len(l.texts), query.MaxListEntries), "join a table instead: tables: {name: file.csv}")
		return
	}
	costly, wrong := 0, 0
	for i, entry := range l.texts {
		slow, err := query.CheckListEntry(entry)
		if slow {
			costly++
		}
		if err == nil {
			continue
		}
		if wrong++; wrong <= maxListProblems {
			r.entryProblem(n, l, i, err)
		}
	}
	if wrong > maxListProblems {
		r.doc.Problem("config/list", n, fmt.Sprintf("%d more entries cannot be used", wrong-maxListProblems), "")
	}
	if costly > query.MaxListPatterns {
		r.doc.Problem("config/list", n, fmt.Sprintf("%d entries with a wildcard inside; a list has at most %d", costly, query.MaxListPatterns), "text* and *text are not bounded: write those where they say the same")
	}
}

func (r *configReader) entryProblem(n *alertrules.Node, l listEntries, i int, err error) {
	if l.file == "" {
		r.doc.Problem("config/list", l.nodes[i], diag.Line(err.Error()), "")
		return
	}
	r.doc.Problem("config/list", n, fmt.Sprintf("%s, line %d: %s", diag.Line(l.file), l.lines[i], diag.Line(err.Error())), "")
}

// readBounded reads a regular file of at most so many bytes.
func readBounded(name string, most int64) ([]byte, error) {
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is no regular file", diag.Line(name))
	case info.Size() > most:
		return nil, fmt.Errorf("%s has %d bytes; at most %d MB are read", diag.Line(name), info.Size(), most>>20)
	}
	return os.ReadFile(name)
}
