package ingest

import (
	"errors"
	"strings"
)

// Which format an object has: its first records are shown to each.

// How many records at the beginning of an object are looked at.
const (
	sniffed       = 20
	sniffedBroken = 200
)

// detect finds the format of which the first line is the header, or of which
// the first records are. Whole records come first: nearly always one is enough.
func detect(head []byte, candidates []*Format, columns *ColumnMap) (*Format, *table, error) {
	d := detection{candidates: candidates, columns: columns}
	if c := head[space(head, 0)]; c != '{' && c != '[' {
		f, t, tried := detectTable(head, candidates, columns)
		if f != nil {
			return f, t, nil
		}
		d.tried = tried
	}
	if f := d.whole(head); f != nil {
		return f, nil, nil
	}
	for _, s := range d.cut {
		if f := d.matching(s); f != nil {
			return f, nil, nil
		}
	}
	if d.tried != nil {
		return nil, nil, &NoFormat{Tried: d.tried}
	}
	return nil, nil, &NoFormat{Why: "there is no JSON object with a field at its beginning; tried: " + names(candidates)}
}

// detection is what is known while the first records are looked at.
type detection struct {
	candidates []*Format
	columns    *ColumnMap
	samples    int
	cut        []sniff // records that are broken, or that head does not hold whole
	tried      []Tried // why the first does not fit; nil when it has no members
}

// matching returns the format that a record is of, or nil.
func (d *detection) matching(s sniff) *Format {
	s.columns = d.columns
	tried := make([]Tried, len(d.candidates))
	for i, f := range d.candidates {
		why := f.match(s)
		if why == "" {
			return f
		}
		tried[i] = Tried{f.Name, why}
	}
	if d.samples++; d.samples == 1 && len(s.members) > 0 {
		d.tried = tried
	}
	return nil
}

// whole looks at the records that head holds whole, and collects the others.
func (d *detection) whole(head []byte) *Format {
	var s scanner
	wrap := ""
	f := framer{win: windowOf(head), limits: Limits{}.withDefaults(), scan: &s}
	for _, c := range d.candidates {
		f.wraps = append(f.wraps, c.wraps...)
	}
	f.cut = func(b []byte) int { return s.value(b, 0, 0) }
	f.found = func(key string) { wrap = key }
	for d.samples < sniffed && len(d.cut) < sniffedBroken {
		raw, err := f.next()
		var broken *Broken
		switch {
		case err == nil:
			if found := d.matching(newSniff(wrap, raw, members)); found != nil {
				return found
			}
		case errors.As(err, &broken):
			d.cut = append(d.cut, newSniff(wrap, head[broken.Offset:], looseMembers))
		default:
			if d.samples+len(d.cut) == 0 && wrap != "" {
				return d.matching(sniff{wrap: wrap})
			}
			return nil
		}
	}
	return nil
}

func names(formats []*Format) string {
	var out []string
	for _, f := range formats {
		out = append(out, f.Name)
	}
	return strings.Join(out, ", ")
}

// walkFunc calls f for the members of an object.
type walkFunc func(raw []byte, f func(key, value []byte) bool)

func newSniff(wrap string, raw []byte, walk walkFunc) sniff {
	s := sniff{wrap: wrap, members: map[string][]byte{}}
	walk(raw, func(key, value []byte) bool {
		if _, known := s.members[string(key)]; !known {
			s.members[string(key)] = value
		}
		return len(s.members) < 1000
	})
	return s
}
