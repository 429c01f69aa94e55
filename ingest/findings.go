package ingest

import (
	"bytes"
	"crypto/sha256"
	"strconv"
	"strings"
	"time"
)

// Findings: from what a format read to the cells of a record.

// A finding is what a format's reader found in one record. Texts are as the
// scanner wrote them, but for status and severity.
type finding struct {
	topic, source                                          string // source: "" for the object's
	uid, check, status, severity, title                    string
	resource, resourceName, resourceType, service, account string
	region, remediation, actor, sourceIP                   string
	muted, several, oddSeverity, oddStatus                 bool
	observed, first, last                                  stamp
}

// A readFunc reads the members of a record into f, and returns "" or why the
// record is not of its format.
type readFunc func(m object, zone *time.Location, f *finding) string

// An object is a JSON object by its members. Of equal keys the first counts.
type object map[string][]byte

// at returns the value at a path, or nil.
func (o object) at(path ...string) []byte {
	v := o[path[0]]
	if v == nil || len(path) == 1 {
		return v
	}
	return lookup(v, path[1:]...)
}

// text returns the value at a path as text; "" for null and nothing.
func (o object) text(path ...string) string { return text(o.at(path...)) }

// first returns the first of the members that has a text that is not empty.
func (o object) first(keys ...string) string {
	for _, key := range keys {
		if t := o.text(key); t != "" {
			return t
		}
	}
	return ""
}

// firstText is the first text that is not empty.
func firstText(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// when is the first value that is a time.
func when(zone *time.Location, values ...string) stamp {
	for _, v := range values {
		if st := readTime(v, zone); st.ok {
			st.plain = true
			return st
		}
	}
	return stamp{}
}

// findingsDecoder decodes one record after the other by a readFunc.
type findingsDecoder struct {
	base
	format string
	own    bool // records may say __time__, __topic__ and __source__ themselves
	read   readFunc
	got    object
}

func newFindings(format string, own bool, read readFunc) func(input) Decoder {
	return func(in input) Decoder {
		d := &findingsDecoder{format: format, own: own, read: read, got: object{}}
		d.set(in, noKeys)
		return d
	}
}

// noKeys makes every member one of slicer.rest.
func noKeys([]byte) (int, keyFunc) { return -1, nil }

// Next implements Decoder.
func (d *findingsDecoder) Next(r *Record) error {
	raw, err := d.record()
	if err != nil {
		return err
	}
	if raw, err = d.event(raw); err != nil {
		return err
	}
	clear(d.got)
	whole := !d.deep && !d.wide && len(d.rest) <= d.slicer.limits.Keys
	for i, m := range d.rest {
		if i >= d.slicer.limits.Keys {
			break
		}
		key := string(d.plain(m))
		if _, known := d.got[key]; !known && !m.text {
			d.got[key] = m.value
		}
	}
	var f finding
	if why := d.read(d.got, d.zone, &f); why != "" {
		return d.reject(raw, why)
	}
	d.begin(r, raw, fdColumns)
	d.fill(r, &f)
	d.native(r, raw, whole)
	d.finish(r)
	return nil
}

// event returns the finding that an event of EventBridge is about; of raw, when
// it is none, raw itself.
func (d *findingsDecoder) event(raw []byte) ([]byte, error) {
	var typed bool
	var detail member
	for _, m := range d.rest {
		switch string(d.plain(m)) {
		case "detail-type":
			typed = m.value[0] == '"'
		case "detail":
			if detail.value == nil {
				detail = m
			}
		}
	}
	if !typed || detail.value == nil || detail.value[0] != '{' {
		return raw, nil
	}
	d.scanner.reset()
	if d.framer.cut(detail.value) != len(detail.value) {
		return nil, d.reject(raw, "the detail of the event cannot be read")
	}
	return detail.value, nil
}

func (d *findingsDecoder) fill(r *Record, f *finding) {
	r.Topic = f.topic
	if d.own && f.source != "" {
		r.Source = f.source
	}
	for i, s := range [...]string{
		fdUID: f.uid, fdCheck: f.check, fdStatus: f.status, fdSeverity: f.severity, fdTitle: f.title, fdResource: f.resource,
		fdResourceName: f.resourceName, fdResourceType: f.resourceType, fdService: f.service, fdAccount: f.account, fdRegion: f.region,
		fdActor: f.actor, fdSourceIP: f.sourceIP, fdRemediation: f.remediation,
	} {
		r.Cells[i] = Cell{Valid: s != ""}
		if s != "" {
			n := len(d.arena)
			d.arena = append(d.arena, s...)
			r.Cells[i].B = d.arena[n:len(d.arena):len(d.arena)]
		}
	}
	r.Cells[fdMuted] = flagCell(f.muted)
	r.Cells[fdSuccess] = Cell{}
	if f.status == "PASS" || f.status == "FAIL" {
		r.Cells[fdSuccess] = flagCell(f.status == "PASS")
	}
	r.Cells[fdFirstSeen] = Cell{Valid: f.first.ok, N: f.first.micros}
	r.Cells[fdLastSeen] = Cell{Valid: f.last.ok, N: f.last.micros}
	if f.several {
		r.Flags = append(r.Flags, FlagMore)
	}
	if f.oddSeverity {
		r.Flags = append(r.Flags, FlagSeverity)
	}
	if f.oddStatus {
		r.Flags = append(r.Flags, FlagStatus)
	}
	d.put(r, f.observed)
}

// native fills the record's own text, and its identity: tenant, format, finding id,
// observed time and content, because real files repeat ids, and those of some
// scanners are good within one tenant alone.
func (d *findingsDecoder) native(r *Record, raw []byte, whole bool) {
	for _, m := range d.rest[:min(len(d.rest), d.slicer.limits.Keys)] {
		key := d.plain(m)
		if flag := reservedFlag(key); flag != "" && (!d.own || !declaredKey(key)) {
			r.Flags = appendFlag(r.Flags, flag)
		}
	}
	r.Cells[fdRecord] = Cell{Valid: true, B: raw}
	if !whole {
		w := objectWriter{dst: d.arena, start: len(d.arena)}
		flags := len(r.Flags)
		r.Cells[fdRecord] = d.gather(r, &w, nil)
		r.Flags = r.Flags[:flags]
	}
	uid := r.Cells[fdUID].B
	if len(uid) == 0 {
		r.ID = d.placeID(raw, r.Position)
		r.Flags = append(r.Flags, FlagID)
		return
	}
	sum := sha256.Sum256(raw)
	var observed []byte
	if !d.timeless(r) {
		observed = strconv.AppendInt(nil, r.Time, 10)
	}
	r.ID = d.tenantID("finding", []byte(d.format), uid, observed, sum[:])
}

// timeless says whether the record's time is only that of its loading.
func (d *findingsDecoder) timeless(r *Record) bool {
	for _, f := range r.Flags {
		if f == FlagNoTime {
			return true
		}
	}
	return false
}

// declaredKey says whether key is one that SLS writes, and that formats may declare.
func declaredKey(key []byte) bool {
	switch string(key) {
	case "__time__", "__topic__", "__source__":
		return true
	}
	return false
}

// severityOf turns the word of a scanner into ours.
func severityOf(word string) string {
	switch w := strings.ToLower(strings.TrimSpace(word)); w {
	case "critical", "high", "medium", "low", "informational":
		return w
	case "fatal", "urgent":
		return "critical"
	case "serious", "important", "major":
		return "high"
	case "minor":
		return "low"
	case "info", "information", "informative", "none":
		return "informational"
	case "moderate":
		return "medium"
	}
	return ""
}

// listLen counts the elements of a list up to two.
func listLen(v []byte) int {
	n := 0
	for n < 2 && lookup(v, strconv.Itoa(n)) != nil {
		n++
	}
	return n
}

// lastSegment is the name at the end of an ARN.
func lastSegment(arn string) string {
	if i := strings.LastIndexAny(arn, ":/"); i >= 0 && strings.HasPrefix(arn, "arn:") {
		return arn[i+1:]
	}
	return arn
}

// looseMembers calls f for each member of a broken object, as far as it goes.
// It counts brackets and does not look at the grammar of values.
func looseMembers(b []byte, f func(key, value []byte) bool) {
	var s scanner
	for i := space(b, 1); i < len(b) && b[i] == '"'; i = space(b, i+1) {
		k := i + 1
		if i = s.text(b, k); i < 0 {
			return
		}
		key := b[k : i-1]
		v := s.colon(b, i)
		if v < 0 {
			return
		}
		var sk skipper
		n, ended := sk.run(b[v:])
		value := bytes.TrimRight(b[v:v+n], " \t\r\n")
		if !ended || len(value) == 0 || !f(key, value) {
			return
		}
		if i = space(b, v+n); i >= len(b) || b[i] != ',' {
			return
		}
	}
}
