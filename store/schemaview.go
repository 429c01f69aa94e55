// The schema that queries see: logstores of package ingest, as package query
// wants them. It needs no open store, so that `check` can use it.

package store

import (
	"tocsin/ingest"
	"tocsin/query"
)

// Schema returns the schema of a set of logstores and lookup tables, and of the
// history.
func Schema(logstores []*ingest.Logstore, lookups ...*ingest.Lookup) query.Schema {
	fixed := make(query.Fixed, 0, len(logstores)+len(lookups))
	for _, ls := range logstores {
		fixed = append(fixed, view(ls))
	}
	for _, t := range lookups {
		fixed = append(fixed, lookupView(t))
	}
	return append(fixed, historyViews()...)
}

// lookupView describes one lookup table.
func lookupView(t *ingest.Lookup) *query.Logstore {
	q := &query.Logstore{Name: t.Name, Table: lookupTable(t.Name), NoWindow: true, Lookup: true}
	for i, c := range t.Columns {
		q.Fields = append(q.Fields, query.Field{Name: c.Name, Column: lookupColumn(i), Type: fieldType(c.Type), Doc: "of the table " + t.Name})
	}
	return q
}

// view describes one logstore.
func view(ls *ingest.Logstore) *query.Logstore {
	kinds := map[string]ingest.Kind{}
	for _, c := range allColumns(ls) {
		kinds[c.Name] = c.Kind
	}
	q := &query.Logstore{Name: ls.Name, Table: readName(ls), Fields: make([]query.Field, 0, len(ls.Fields))}
	if ls.Snapshot {
		q.Table, q.NoWindow, q.Pinned, q.Identity = findingsAt, true, true, "number"
	}
	shapes := map[string]*query.Shape{}
	for _, w := range ls.Wholes {
		if w.Holes != nil {
			shapes[w.Name] = shapeView(w)
		}
	}
	for _, f := range ls.Fields {
		field := query.Field{Name: f.Name, Column: f.Column, Path: f.Path, Type: fieldType(f.Type), Open: f.Open, Shape: shapes[f.Column], Doc: f.Doc}
		if f.Match == ingest.Tokens {
			field.Match = query.Tokens
		}
		if kinds[f.Column] == ingest.UUID {
			field.Column, field.UUID = textColumn(f.Column), true // compared with text
		}
		q.Fields = append(q.Fields, field)
	}
	return q
}

// shapeView describes what is kept of a column.
func shapeView(w ingest.Whole) *query.Shape {
	s := &query.Shape{Column: w.Kept, Char: ingest.HoleChar}
	for _, h := range w.Holes {
		s.Holes = append(s.Holes, h.Path)
		s.Parts = append(s.Parts, query.Field{Column: h.Column, Type: query.Text})
	}
	return s
}

// fieldType is the type of a field as queries see it.
func fieldType(t ingest.FieldType) query.Type {
	switch t {
	case ingest.IntegerField:
		return query.Integer
	case ingest.DoubleField:
		return query.Double
	case ingest.BooleanField:
		return query.Boolean
	case ingest.TimeField:
		return query.Time
	case ingest.EpochField:
		return query.EpochSeconds
	case ingest.JSONField:
		return query.JSON
	default:
		return query.Text
	}
}
