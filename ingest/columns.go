package ingest

import (
	"cmp"
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Findings by a map of columns: which native column of a scanner holds what.

// A ColumnSpec is a map of columns as a user writes it.
type ColumnSpec struct {
	Topic   string            // __topic__ of the records; "": qualys
	Columns []ColumnPair      // of two native columns with one field the first that has a value counts
	Status  map[string]string // word of the scanner, in any case → PASS, FAIL, WARN, MANUAL or UNKNOWN, and "muted" behind it; nil: PASS and FAIL mean that
	// Severity is what the scanner's words and numbers mean, in any case, or its
	// numbers from one on (">= 7"): one of SeverityWords. Other words mean what they
	// mean without it.
	Severity map[string]string
}

// A ColumnPair says that a native column holds a field: one of ColumnFieldNames.
// The name of the column is exact; in JSON it may be a path with dots.
type ColumnPair struct{ Native, Field string }

// A ColumnMap reads findings by a ColumnSpec. It does not change.
type ColumnMap struct {
	topic  string
	fields map[string][][]string // field → native columns, as paths
	status map[string]verdict

	severity map[string]string // by word or number
	levels   []level           // highest first
}

// A level is what numbers from one on mean.
type level struct {
	from     float64
	severity string
}

// A verdict is what a scanner's word says of a check.
type verdict struct {
	status string
	muted  bool
}

// mappedFormat is the name of the format that is read by a map.
const mappedFormat = "qualys"

// ColumnFieldNames returns the fields that a column may hold: those that users
// write with an @ before them.
func ColumnFieldNames() []string {
	return []string{
		"finding", "check", "status", "severity", "title", "resource", "resource_name", "resource_type", "service", "account", "region", "actor",
		"source_ip", "remediation", "muted", "time", "first_seen", "last_seen",
	}
}

// NewColumnMap checks a map. The error names the column or the word, and what is
// possible; it is one sentence to stand behind a position.
func NewColumnMap(spec ColumnSpec) (*ColumnMap, error) {
	m := &ColumnMap{topic: spec.Topic, fields: map[string][][]string{}, status: map[string]verdict{}}
	if m.topic == "" {
		m.topic = mappedFormat
	}
	if !validName(m.topic) {
		return nil, fmt.Errorf("topic %q: a topic is [a-z0-9][a-z0-9._-]{0,63}", m.topic)
	}
	for _, p := range spec.Columns {
		if p.Native == "" {
			return nil, errors.New("a column has no name")
		}
		if !slices.Contains(ColumnFieldNames(), p.Field) {
			return nil, fmt.Errorf("column %q: there is no field %q (%s)", p.Native, p.Field, strings.Join(ColumnFieldNames(), ", "))
		}
		m.fields[p.Field] = append(m.fields[p.Field], strings.Split(p.Native, "."))
	}
	for _, needed := range []string{"check", "status", "resource"} {
		if m.fields[needed] == nil {
			return nil, fmt.Errorf("no column holds %s: a finding needs check, status and resource", needed)
		}
	}
	if spec.Status == nil {
		m.status = map[string]verdict{"PASS": {"PASS", false}, "FAIL": {"FAIL", false}}
	}
	for _, word := range slices.Sorted(maps.Keys(spec.Status)) {
		if err := CheckStatus(word, spec.Status[word]); err != nil {
			return nil, err
		}
		status, rest, _ := strings.Cut(spec.Status[word], " ")
		m.status[strings.ToUpper(word)] = verdict{status, rest == "muted"}
	}
	if err := m.severities(spec.Severity); err != nil {
		return nil, err
	}
	return m, nil
}

func (m *ColumnMap) severities(words map[string]string) error {
	m.severity = map[string]string{}
	for _, word := range slices.Sorted(maps.Keys(words)) {
		if err := CheckSeverity(word, words[word]); err != nil {
			return err
		}
		if from, ok := fromNumber(word); ok {
			m.levels = append(m.levels, level{from, words[word]})
			continue
		}
		m.severity[strings.ToLower(strings.TrimSpace(word))] = words[word]
	}
	slices.SortFunc(m.levels, func(a, b level) int { return cmp.Compare(b.from, a.from) })
	return nil
}

// fromNumber reads ">= 7".
func fromNumber(word string) (float64, bool) {
	rest, ok := strings.CutPrefix(strings.TrimSpace(word), ">=")
	n, err := strconv.ParseFloat(strings.TrimSpace(rest), 64)
	return n, ok && err == nil && !math.IsNaN(n)
}

// severityWord is what a word or a number of the scanner means.
func (m *ColumnMap) severityWord(word string) string {
	word = strings.ToLower(strings.TrimSpace(word))
	if s, ok := m.severity[word]; ok {
		return s
	}
	if n, err := strconv.ParseFloat(word, 64); err == nil {
		for _, l := range m.levels {
			if n >= l.from {
				return l.severity
			}
		}
	}
	return severityOf(word)
}

// SeverityWords are the values of @severity.
func SeverityWords() []string {
	return []string{"critical", "high", "medium", "low", "informational"}
}

// CheckSeverity says what is wrong with a severity that a map gives a word or a
// number of the scanner; nil: nothing.
func CheckSeverity(word, said string) error {
	if _, ok := fromNumber(word); !ok && strings.ContainsAny(word, "<>=") {
		return fmt.Errorf("severity %q: numbers from one on are written \">= 7\"", word)
	}
	if !slices.Contains(SeverityWords(), said) {
		return fmt.Errorf("severity %q: %q is none of %s", word, said, strings.Join(SeverityWords(), ", "))
	}
	return nil
}

// CheckStatus says what is wrong with a status that a map gives a word of the
// scanner; nil: nothing.
func CheckStatus(word, said string) error {
	status, rest, _ := strings.Cut(said, " ")
	if !slices.Contains([]string{"PASS", "FAIL", "WARN", "MANUAL", "UNKNOWN"}, status) || rest != "" && rest != "muted" {
		return fmt.Errorf("status %q: %q is none of PASS, FAIL, WARN, MANUAL and UNKNOWN, and muted behind it", word, said)
	}
	return nil
}

//go:embed qualys.json
var qualysColumns []byte

// DefaultColumns is the map of Qualys TotalCloud, qualys.json. Nobody may change it.
var DefaultColumns = sync.OnceValue(func() *ColumnMap {
	m, err := ParseColumns(qualysColumns)
	if err != nil {
		panic("qualys.json: " + err.Error()) // a test reads it
	}
	return m
})

// ParseColumns reads a map from JSON: {"topic": …, "columns": {column: field},
// "status": {word: status}, "severity": {word: severity}}. The order of the columns counts.
func ParseColumns(src []byte) (*ColumnMap, error) {
	var s scanner
	b := append(slices.Clone(src), '\n')
	start := space(b, 0)
	if end := s.value(b, start, 0); end < 0 || b[start] != '{' || space(b, end) != len(b) {
		return nil, errors.New("a map of columns is one JSON object")
	}
	var spec ColumnSpec
	var unknown string
	members(b[start:], func(key, value []byte) bool {
		switch string(key) {
		case "topic":
			spec.Topic = text(value)
		case "columns":
			members(value, func(native, field []byte) bool {
				spec.Columns = append(spec.Columns, ColumnPair{string(native), text(field)})
				return true
			})
		case "status":
			spec.Status = map[string]string{}
			members(value, func(word, status []byte) bool {
				spec.Status[string(word)] = text(status)
				return true
			})
		case "severity":
			spec.Severity = map[string]string{}
			members(value, func(word, severity []byte) bool {
				spec.Severity[string(word)] = text(severity)
				return true
			})
		default:
			unknown = string(key)
		}
		return unknown == ""
	})
	if unknown != "" {
		return nil, fmt.Errorf("there is no key %q (topic, columns, status, severity)", unknown)
	}
	return NewColumnMap(spec)
}

// first is the first column of a field that has a value in a record.
func (m *ColumnMap) first(o object, field string) string {
	for _, path := range m.fields[field] {
		if t := o.text(strings.Join(path, ".")); t != "" {
			return t
		}
		if len(path) > 1 {
			if t := o.text(path...); t != "" {
				return t
			}
		}
	}
	return ""
}

// misses says which of the fields that a finding needs no column holds, or "".
func (m *ColumnMap) misses(has func(native string) bool) string {
	for _, field := range []string{"check", "status", "resource"} {
		if !slices.ContainsFunc(m.fields[field], func(path []string) bool { return has(strings.Join(path, ".")) || has(path[0]) }) {
			return "it has no column for " + field + " of the map " + m.topic
		}
	}
	return ""
}

func headerMapped(h header) string { return h.columns.misses(h.has) }

func matchMapped(s sniff) string {
	if s.columns == nil {
		return "there is no map of columns"
	}
	return s.columns.misses(s.has)
}

func newMapped(in input) Decoder { return newFindings(in.columns.topic, false, in.columns.read)(in) }

// read reads a finding by the map.
func (m *ColumnMap) read(o object, zone *time.Location, f *finding) string {
	get := func(field string) string { return m.first(o, field) }
	f.topic, f.check, f.resource = m.topic, get("check"), get("resource")
	if f.check == "" || f.resource == "" {
		return "no finding of " + m.topic + ": it has no check and resource"
	}
	f.title, f.severity = firstText(get("title"), f.check), m.severityWord(get("severity"))
	f.resourceName, f.resourceType = firstText(get("resource_name"), lastSegment(f.resource)), get("resource_type")
	f.oddSeverity = f.severity == "" && strings.TrimSpace(get("severity")) != ""
	f.service, f.account, f.region = get("service"), get("account"), get("region")
	f.actor, f.sourceIP, f.remediation = get("actor"), get("source_ip"), get("remediation")
	said, known := m.status[strings.ToUpper(strings.TrimSpace(get("status")))]
	f.oddStatus = !known
	if f.status = "UNKNOWN"; known {
		f.status, f.muted = said.status, said.muted
	}
	f.muted = f.muted || truth(get("muted"))
	if f.uid = get("finding"); f.uid == "" {
		f.uid = f.check + "/" + f.account + "/" + f.resource
	}
	f.observed = when(zone, get("time"))
	f.first = when(zone, get("first_seen"))
	if f.last = when(zone, get("last_seen")); !f.last.ok {
		f.last = f.observed
	}
	return ""
}

func truth(word string) bool {
	switch strings.ToLower(word) {
	case "true", "yes", "1":
		return true
	}
	return false
}
