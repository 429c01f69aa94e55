// Lookup tables of tocsin.yaml: CSV files that queries join.

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"tocsin/alertrules"
	"tocsin/diag"
	"tocsin/ingest"
)

// tableFile is one table: the path of its file, or the path with the types of
// columns that are no texts.
type tableFile struct {
	File  alertrules.Text   `yaml:"file"`
	Types map[string]string `yaml:"types"`
}

// plainTable keeps DecodeNode from calling itself.
type plainTable tableFile

// Shapes implements alertrules.Shaper.
func (*tableFile) Shapes() []any { return []any{"", plainTable{}} }

// DecodeNode implements alertrules.NodeDecoder.
func (t *tableFile) DecodeNode(d *alertrules.Document, n *alertrules.Node) {
	if n.Kind == alertrules.ScalarNode {
		t.File = alertrules.Text{Value: n.Text, Node: n}
		return
	}
	var plain plainTable
	d.Decode(n, &plain)
	*t = tableFile(plain)
}

// tables reads the tables in the order of the file.
func (r *configReader) tables(c *config) {
	node := r.doc.At("tables")
	if node == nil {
		return
	}
	for _, p := range node.Pairs {
		if t := r.table(c, p.Key, r.file.Tables[p.Key.Text]); t != nil {
			c.tables = append(c.tables, t)
		}
	}
}

// table reads one table; nil: it cannot be used, which is reported.
func (r *configReader) table(c *config, key *alertrules.Node, f tableFile) *ingest.Lookup {
	name := key.Text
	taken := name == "log" || slices.ContainsFunc(c.logstores, func(l *ingest.Logstore) bool { return l.Name == name })
	switch {
	case !alertrules.ValidName(name):
		r.doc.Problem("config/table", key, fmt.Sprintf("%q cannot name a table", diag.Line(name)), "lower-case letters, digits, '.', '_' and '-'")
		return nil
	case taken:
		r.doc.Problem("config/table", key, name+" is the name of a logstore", "queries name both in FROM: choose another name")
		return nil
	case !f.File.Given():
		r.doc.Problem("config/table", key, "the table has no file", name+": "+name+".csv")
		return nil
	}
	path, ok := r.userPath(f.File)
	if !ok {
		return nil
	}
	r.reads(path)
	src, err := readBounded(path, ingest.MaxLookupBytes)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		r.doc.Problem("config/table", f.File.Node, "there is no file "+diag.Line(path), "")
		return nil
	case err != nil:
		r.doc.Problem("config/table", f.File.Node, err.Error(), "")
		return nil
	}
	table, faults := ingest.ParseLookup(name, src, f.Types)
	for _, fault := range faults {
		r.doc.Problem("config/table", f.File.Node, diag.Line(filepath.Base(path)+", "+fault.Error()), "")
	}
	if table != nil && len(table.Columns) == 1 && strings.ContainsAny(table.Columns[0].Name, ";\t") {
		r.doc.Warn("config/table", f.File.Node, "the table has one column, "+fmt.Sprintf("%q", diag.Line(table.Columns[0].Name)), "the values of a line are parted by commas")
	}
	return table
}
