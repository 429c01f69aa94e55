package ingest

import (
	"errors"
	"maps"
	"slices"
	"strings"
)

// Which format an object has: its first records are shown to each.

// How many records at the beginning of an object are looked at.
const (
	sniffed       = 20
	sniffedBroken = 200
)

// detect finds the format of which the first line is the header, or of which the
// first records are. Whole records come first: nearly always one is enough.
func detect(head []byte, candidates []*Format, columns *ColumnMap) (*Format, *table, error) {
	d := detection{candidates: candidates, columns: columns}
	if c := head[space(head, 0)]; c != '{' && c != '[' {
		f, t, none := detectTable(head, candidates, columns)
		if f != nil {
			return f, t, nil
		}
		d.tried, d.fields = none.Tried, none.Fields
	}
	if f := d.whole(head); f != nil {
		return f, nil, nil
	}
	for _, s := range d.cut {
		if f := d.matching(s); f != nil {
			return f, nil, nil
		}
	}
	if what := recordless(d.seen); what != "" {
		return nil, nil, &NoRecords{What: what}
	}
	if len(d.tried) > 0 {
		return nil, nil, &NoFormat{Tried: d.tried, Fields: d.fields}
	}
	return nil, nil, &NoFormat{Why: "it begins neither with a JSON object that has a field nor with a CSV header"}
}

// detection is what is known while the first records are looked at.
type detection struct {
	candidates []*Format
	columns    *ColumnMap
	seen       []sniff // records that no format matches
	cut        []sniff // records that are broken, or that head does not hold whole
	tried      []Tried // why the first does not fit; nil when it has no members
	fields     []string
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
	if d.seen = append(d.seen, s); len(d.seen) == 1 && len(s.members) > 0 {
		d.tried = append(d.tried, tried...)
		d.fields = slices.Sorted(maps.Keys(s.members))
	}
	return nil
}

// whole looks at the records that head holds whole, and collects the others.
func (d *detection) whole(head []byte) *Format {
	var s scanner
	wrap := ""
	f := framer{win: windowOf(head), limits: Limits{}.withDefaults(), scan: &s, rows: wrapRows}
	for _, c := range d.candidates {
		f.wraps = append(f.wraps, c.wraps...)
	}
	f.cut = func(b []byte) int { return s.value(b, 0, 0) }
	f.found = func(key string) { wrap = key }
	for len(d.seen) < sniffed && len(d.cut) < sniffedBroken {
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
			if len(d.seen)+len(d.cut) == 0 && wrap != "" {
				return d.matching(sniff{wrap: wrap})
			}
			return nil
		}
	}
	return nil
}

// recordless names what all the samples are of, where that is something known
// that holds no records; else it is "".
func recordless(samples []sniff) (what string) {
	for _, s := range samples {
		var kind string
		switch {
		case s.has("digestStartTime") && s.members["logFiles"] != nil:
			kind = "a CloudTrail digest"
		case text(s.members["Event"]) == "s3:TestEvent":
			kind = "a test event of S3"
		case s.wrap == "Records" && text(s.members["eventSource"]) == "aws:s3":
			kind = "a notification of aws:s3, which names objects"
		case s.wrap == wrapLogEvents && strings.HasPrefix(text(s.members["message"]), controlMessage):
			kind = "a control message of CloudWatch Logs"
		default:
			return ""
		}
		if what != "" && what != kind {
			return ""
		}
		what = kind
	}
	return what
}

// walkFunc calls f for the members of an object.
type walkFunc func(raw []byte, f func(key, value []byte) bool)

func newSniff(wrap string, raw []byte, walk walkFunc) sniff {
	s := sniff{wrap: wrap, members: map[string][]byte{}}
	note := func(key, value []byte) bool {
		if _, known := s.members[string(key)]; !known {
			s.members[string(key)] = value
		}
		return len(s.members) < 1000
	}
	if len(raw) > 0 && raw[0] == '[' { // a row: a list of objects
		elements(raw, func(v []byte) bool {
			if v[0] == '{' {
				walk(v, note)
			}
			return len(s.members) < 1000
		})
		return s
	}
	walk(raw, note)
	return s
}
