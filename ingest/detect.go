package ingest

import (
	"bytes"
	"errors"
	"strings"
)

// Which format an object has: its first records are shown to each.

// How many records at the beginning of an object are looked at.
const (
	sniffed       = 20
	sniffedBroken = 200
)

// detect finds the format of which the first records are.
func detect(head []byte, candidates []*Format) (*Format, error) {
	samples := sample(head, candidates)
	tried := make([]Tried, len(candidates))
	for n, s := range samples {
		for i, f := range candidates {
			why := f.match(s)
			if why == "" {
				return f, nil
			}
			if n == 0 {
				tried[i] = Tried{f.Name, why}
			}
		}
	}
	if len(samples) > 0 && len(samples[0].members) > 0 {
		return nil, &NoFormat{Tried: tried}
	}
	return nil, &NoFormat{Why: "there is no JSON object with a field at its beginning; tried: " + names(candidates)}
}

func names(formats []*Format) string {
	var out []string
	for _, f := range formats {
		out = append(out, f.Name)
	}
	return strings.Join(out, ", ")
}

// sample looks at the first records, broken ones last.
func sample(head []byte, candidates []*Format) []sniff {
	var all, cut []sniff // cut: of records that are broken, or that head does not hold whole
	var s scanner
	wrap := ""
	f := framer{win: newWindow(bytes.NewReader(head)), limits: Limits{}.withDefaults(), scan: &s}
	for _, c := range candidates {
		f.wraps = append(f.wraps, c.wraps...)
	}
	f.cut = func(b []byte) int { return s.value(b, 0, 0) }
	f.found = func(key string) { wrap = key }
	for len(all) < sniffed && len(cut) < sniffedBroken {
		raw, err := f.next()
		var broken *Broken
		switch {
		case err == nil:
			all = append(all, newSniff(wrap, raw, members))
		case errors.As(err, &broken):
			cut = append(cut, newSniff(wrap, head[broken.Offset:], looseMembers))
		default:
			if len(all)+len(cut) == 0 && wrap != "" {
				all = append(all, sniff{wrap: wrap})
			}
			return append(all, cut...)
		}
	}
	return append(all, cut...)
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
