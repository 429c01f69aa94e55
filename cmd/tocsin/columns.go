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

// Maps of columns: files of a user that say which column of a scanner's CSV or
// JSON holds what (`columns:` of a source, `load --columns`).

// columnsFile is such a file: YAML, and so JSON, too.
type columnsFile struct {
	Topic    string        `yaml:"topic"`
	Columns  columnPairs   `yaml:"columns"`
	Status   statusWords   `yaml:"status"`
	Severity severityWords `yaml:"severity"`
}

// columnPairs keep their order, which counts.
type columnPairs []ingest.ColumnPair

// DecodeNode implements alertrules.NodeDecoder.
func (c *columnPairs) DecodeNode(d *alertrules.Document, n *alertrules.Node) {
	if n.Kind != alertrules.MapNode {
		d.Problem("config/columns", n, "a column with its field is missing", "columns: {Control ID: check, …}")
		return
	}
	fields := ingest.ColumnFieldNames()
	for _, p := range n.Pairs {
		if !slices.Contains(fields, p.Value.Text) {
			hint := diag.DidYouMean(p.Value.Text, fields, "the fields are "+strings.Join(fields, ", "))
			d.Problem("config/columns", p.Value, fmt.Sprintf("there is no field %q", diag.Line(p.Value.Text)), hint)
			continue
		}
		*c = append(*c, ingest.ColumnPair{Native: p.Key.Text, Field: p.Value.Text})
	}
}

// statusWords say what the words of a scanner mean.
type statusWords map[string]string

// DecodeNode implements alertrules.NodeDecoder.
func (s *statusWords) DecodeNode(d *alertrules.Document, n *alertrules.Node) {
	if n.Kind != alertrules.MapNode {
		d.Problem("config/columns", n, "a word with its status is missing", "status: {open: FAIL, accepted: FAIL muted, …}")
		return
	}
	*s = statusWords{}
	for _, p := range n.Pairs {
		if err := ingest.CheckStatus(p.Key.Text, p.Value.Text); err != nil {
			d.Problem("config/columns", p.Key, diag.Line(err.Error()), "")
			continue
		}
		(*s)[p.Key.Text] = p.Value.Text
	}
}

// severityWords say what the words and numbers of a scanner mean.
type severityWords map[string]string

// DecodeNode implements alertrules.NodeDecoder.
func (s *severityWords) DecodeNode(d *alertrules.Document, n *alertrules.Node) {
	if n.Kind != alertrules.MapNode {
		d.Problem("config/columns", n, "a word or number with its severity is missing", `severity: {P1: critical, ">= 7": high, …}`)
		return
	}
	*s = severityWords{}
	for _, p := range n.Pairs {
		if err := ingest.CheckSeverity(p.Key.Text, p.Value.Text); err != nil {
			d.Problem("config/columns", p.Key, diag.Line(err.Error()), "")
			continue
		}
		(*s)[p.Key.Text] = p.Value.Text
	}
}

// readColumns reads a map of columns. The error is a *diag.List for mistakes in
// the file.
func readColumns(path string) (*ingest.ColumnMap, error) {
	src, err := readRegular(path)
	if err != nil {
		return nil, err
	}
	return parseColumns(path, src)
}

// readColumns reads the map of columns that the user named.
func (e *env) readColumns(path string) (*ingest.ColumnMap, error) {
	src, err := readRegular(e.whole(path))
	if err != nil {
		if named := (*fs.PathError)(nil); errors.As(err, &named) {
			named.Path = path
		}
		return nil, err
	}
	return parseColumns(path, src)
}

func parseColumns(path string, src []byte) (*ingest.ColumnMap, error) {
	var file columnsFile
	doc, err := alertrules.DecodeStrict(path, src, &file)
	if err != nil {
		return nil, err
	}
	m, err := ingest.NewColumnMap(ingest.ColumnSpec{Topic: file.Topic, Columns: file.Columns, Status: file.Status, Severity: file.Severity})
	if err != nil {
		doc.Problem("config/columns", doc.Root, err.Error(), "")
		return nil, doc.List.Err()
	}
	return m, nil
}

// columns reads the map of a source; nil: there is none, or it cannot be used,
// which is reported.
func (r *configReader) columns(t alertrules.Text) *ingest.ColumnMap {
	if !t.Given() {
		return nil
	}
	path, ok := r.userPath(t)
	if !ok {
		return nil
	}
	r.machinery += r.reads(path)
	m, err := readColumns(path)
	if err != nil {
		r.doc.Problem("config/columns", t.Node, diag.Line(filepath.Base(path)+": "+err.Error()), "")
	}
	return m
}
