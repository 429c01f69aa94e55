package ingest

import (
	"bytes"
	"math"
	"strconv"
	"strings"
)

// jsonLines is the format of declared logstores: any JSON objects.
func jsonLines() *Format {
	return &Format{Name: "json", Doc: "JSON objects, one a line or in lists, into a declared logstore", open: newJSONLines}
}

// declaredDecoder decodes into the fields of a declared logstore.
type declaredDecoder struct {
	base
	store  *Logstore
	time   string // name of the time field
	places map[string]int
	fields []declaredPlace
}

// declaredPlace is one field: its cell, what it holds, and its path.
type declaredPlace struct {
	cell int
	kind Kind
	open bool
	name string
	path []string
}

func newJSONLines(in input) Decoder {
	d := &declaredDecoder{store: in.logstore, time: in.logstore.timeField, places: map[string]int{}}
	d.set(in, noKeys)
	column := map[string]int{}
	for i, c := range in.logstore.Columns {
		column[c.Name] = i
	}
	for _, f := range in.logstore.Fields {
		i, ours := column[f.Column]
		if !ours || f.Path != nil || f.Name == extraName || strings.HasPrefix(f.Name, "@") {
			continue
		}
		p := declaredPlace{cell: i, kind: in.logstore.Columns[i].Kind, open: f.Open, name: f.Name, path: strings.Split(f.Name, ".")}
		d.places[f.Name] = len(d.fields)
		d.fields = append(d.fields, p)
	}
	return d
}

// Next implements Decoder.
func (d *declaredDecoder) Next(r *Record) error {
	raw, err := d.record()
	if err != nil {
		return err
	}
	if len(d.rest) == 0 {
		return d.reject(raw, "the record has no keys")
	}
	d.begin(r, raw, len(d.store.Columns))
	clear(r.Cells)
	r.Topic, r.ID = d.store.Name, d.placeID(raw, r.Position)
	taken := map[string]bool{}
	for i := range d.fields {
		d.fill(r, &d.fields[i], taken)
	}
	d.stamp(r, taken)
	w := objectWriter{dst: d.arena, start: len(d.arena)}
	r.Cells[len(r.Cells)-1] = d.gather(r, &w, func(m member) bool { return taken[string(d.plain(m))] })
	d.finish(r)
	return nil
}

// find returns the member of a top-level name; of equal keys the first.
func (d *declaredDecoder) find(name string) (member, bool) {
	for _, m := range d.rest[:min(len(d.rest), d.slicer.limits.Keys)] {
		if string(d.plain(m)) == name {
			return m, true
		}
	}
	return member{}, false
}

// fill puts a field into its cell. A value of another type stays in extra.
func (d *declaredDecoder) fill(r *Record, p *declaredPlace, taken map[string]bool) {
	m, top := d.find(p.name)
	if !top && len(p.path) > 1 {
		if outer, ok := d.find(p.path[0]); ok && !outer.text {
			m.value = lookup(outer.value, p.path[1:]...)
		}
	}
	if m.value == nil {
		return
	}
	var ok bool
	switch {
	case m.text || p.open && m.value[0] == 'n':
		r.Cells[p.cell], ok = d.deepCell(m, p), true
	case p.open:
		r.Cells[p.cell], ok = Cell{Valid: true, B: m.value}, true
	case absent(m.value):
		ok = true
	default:
		r.Cells[p.cell], ok = d.typed(m.value, p.kind)
	}
	if !ok {
		r.Flags = appendFlag(r.Flags, "type:"+p.name)
	}
	if top && ok {
		taken[p.name] = true
	}
}

func (d *declaredDecoder) deepCell(m member, p *declaredPlace) Cell {
	switch {
	case m.value[0] == 'n':
		return Cell{}
	case p.open:
		return d.quotedText(m.value)
	case p.kind == Text:
		return Cell{Valid: true, B: m.value}
	}
	return Cell{}
}

// typed is a value as the kind of its column wants it: numbers and truths may
// be written as texts.
func (d *declaredDecoder) typed(v []byte, kind Kind) (Cell, bool) {
	switch kind {
	case Text:
		return d.decoded(v), true
	case Boolean:
		c := booleanCell(v)
		return c, c.Valid
	}
	c, word := Cell{}, text(v)
	switch kind {
	case Integer:
		n, err := strconv.ParseInt(word, 10, 64)
		c = Cell{Valid: err == nil, N: n}
	case Double:
		f, err := strconv.ParseFloat(word, 64)
		c = Cell{Valid: err == nil && !math.IsNaN(f) && !math.IsInf(f, 0), F: f}
	case Stamp:
		st := readTime(word, d.zone)
		c = Cell{Valid: st.ok, N: st.micros}
	}
	if !c.Valid {
		return Cell{}, false
	}
	return c, true
}

// stamp sets the time of r from the declared field. Where it cannot be read as
// it stands, the text is kept under extra.
func (d *declaredDecoder) stamp(r *Record, taken map[string]bool) {
	m, ok := d.find(d.time)
	if !ok {
		if first, rest, nested := strings.Cut(d.time, "."); nested {
			outer, _ := d.find(first)
			m.value = lookup(outer.value, strings.Split(rest, ".")...)
		}
	}
	var st stamp
	if d.time != "" && len(m.value) > 0 {
		st = readTime(string(bytes.TrimSpace([]byte(text(m.value)))), d.zone)
	}
	st.plain = st.plain || st.zoned || st.ok && d.zone.String() != "UTC"
	d.put(r, st)
	if _, field := d.places[d.time]; ok && st.ok && !field {
		taken[d.time] = true
	}
}
