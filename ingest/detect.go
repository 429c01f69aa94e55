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
	if what := recordless(samples); what != "" {
		return nil, &NoRecords{What: what}
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
	f := framer{win: newWindow(bytes.NewReader(head)), limits: Limits{}.withDefaults(), scan: &s, rows: wrapRows}
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

// recordless names what all the samples are of, where that is something known
// that holds no records; else it is "".
func recordless(samples []sniff) (what string) {
	for _, s := range samples {
		kind := ""
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
