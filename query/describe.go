// What a plan does, in words: for `--explain`, whose reader wants to know what
// is read, what each stage gives, and what its rows are.

package query

import "slices"

// A Description is a plan in words.
type Description struct {
	Query  string // the whole query in its normal form
	Reads  []Read
	Stages []StageDescription // none: the records as they are
}

// A Read is one logstore or lookup table that a plan reads.
type Read struct {
	Name   string
	Lookup bool // whole, whatever the window is
	// History is set for what tocsin keeps of what it did.
	History bool
	Search  string // the filter, which its records pass first; "": all of them do
}

// A StageDescription is one stage.
type StageDescription struct {
	Text    string   // in its normal form
	Columns []Column // what it gives
	Rows    string   // what one row of it is: "a record", "one for each group", …
}

// Describe says what the plan does.
func (p *Plan) Describe() Description {
	d := Description{Query: p.text}
	search := ""
	if p.source != nil {
		d.Query = p.source.String()
	}
	if p.source != nil && p.source.Filter != nil {
		search = (&Query{Filter: p.source.Filter}).String()
	}
	for i, name := range slices.Concat(p.logstores, p.histories) {
		r := Read{Name: name, History: i >= len(p.logstores)}
		if name == p.own && search != "*" {
			r.Search = search
		}
		d.Reads = append(d.Reads, r)
	}
	for _, name := range p.lookups {
		d.Reads = append(d.Reads, Read{Name: name, Lookup: true})
	}
	for i, s := range p.stages {
		text := &printer{}
		text.stage(p.source.Stages[i])
		d.Stages = append(d.Stages, StageDescription{Text: text.String(), Columns: s.columns(), Rows: s.kind()})
	}
	return d
}

// columns are the columns of a result.
func (r *rows) columns() []Column {
	out := make([]Column, len(r.cols))
	for i, c := range r.cols {
		out[i] = Column{Name: c.name, Field: c.field, Type: userType(c.t), Key: !c.agg}
	}
	return out
}

// kind says what one of the rows is.
func (r *rows) kind() string {
	sel, ok := r.set.(*selection)
	switch {
	case !ok:
		return "a row of one of the sides"
	case sel.grouped && len(sel.groups) == 0:
		return "one for all that is read"
	case sel.grouped:
		return "one for each group"
	case sel.distinct:
		return "one for each combination of values"
	case r.seq:
		return "a record"
	}
	switch f := sel.from.(type) {
	case *joined:
		return "one for each pair that the join finds"
	case *unnested:
		return "one for each element"
	case *named:
		if in, ok := f.rows.(*selection); ok {
			return (&rows{set: in, seq: in.seq != nil}).kind()
		}
	}
	return "a row of what is read"
}
