package ingest

import (
	"bytes"
	"unicode/utf8"
)

// CloudTrail records that come inside of something else: an event of
// EventBridge, a log event of a CloudWatch Logs subscription, an answer of
// lookup-events, a row of CloudTrail Lake. Where the record itself says nothing
// of its id, time, account or region, what is around it does.

// Keys of envelopes whose list holds what encloses the records.
const (
	wrapLogEvents = "logEvents"       // subscription of CloudWatch Logs
	wrapLookup    = "Events"          // aws cloudtrail lookup-events
	wrapRows      = "QueryResultRows" // aws cloudtrail get-query-results; each a list of objects of one key
)

// controlMessage begins the text with which CloudWatch Logs tries a subscription.
const controlMessage = "CWL CONTROL MESSAGE"

// around is what encloses a record says of it. The values are JSON, nil where
// it says nothing.
type around struct {
	id, account, region []byte
	at                  stamp
	flags               []string // what is odd about the record, because of how it was written
}

// unwrap cuts the record inside of what was cut last, and returns its text. What
// encloses no record stays as it is. why says what is wrong; skip, that it is
// none of the records and no fault.
func (d *cloudTrailDecoder) unwrap(raw []byte) (record []byte, skip bool, why string) {
	d.lent = true
	if raw[0] == '[' || d.table != nil {
		return d.fromLake(raw)
	}
	got := d.outer()
	switch {
	case got.detail != nil:
		d.around = around{id: got.id, account: got.account, region: got.region, at: when(d.zone, text(got.time))}
		record, why = d.enclosed(got.detail)
	case got.message != nil && d.framer.wrap == wrapLogEvents:
		return d.fromSubscription(got)
	case got.event != nil:
		d.around = around{id: got.eventID, at: when(d.zone, text(got.eventTime))}
		record, why = d.enclosed(got.event)
	case got.lake:
		return d.fromLake(raw)
	default:
		return raw, false, ""
	}
	return record, false, why
}

// enclosing are the members of what may enclose a record.
type enclosing struct {
	detail, id, time, account, region []byte // EventBridge
	message, timestamp                []byte // a log event
	event, eventID, eventTime         []byte // lookup-events
	lake                              bool   // its fields are in lower case
}

// outer looks at the members that the slicer did not know.
func (d *cloudTrailDecoder) outer() (e enclosing) {
	kind := false
	for _, m := range d.rest {
		for _, x := range [...]struct {
			key string
			to  *[]byte
		}{
			{"detail", &e.detail},
			{"id", &e.id},
			{"time", &e.time},
			{"account", &e.account},
			{"region", &e.region},
			{"message", &e.message},
			{"timestamp", &e.timestamp},
			{"CloudTrailEvent", &e.event},
			{"EventId", &e.eventID},
			{"EventTime", &e.eventTime},
		} {
			if string(m.key) == x.key && *x.to == nil && !absent(m.value) {
				*x.to = m.value
			}
		}
		kind = kind || string(m.key) == "detail-type"
		e.lake = e.lake || isLakeKey(m.key)
	}
	if !kind {
		e.detail = nil
	}
	return e
}

// fromSubscription cuts the record in a log event. CloudWatch Logs names the
// account that owns the group beside the list.
func (d *cloudTrailDecoder) fromSubscription(e enclosing) (record []byte, skip bool, why string) {
	if bytes.HasPrefix(e.message, []byte(`"`+controlMessage)) || d.headerText("messageType") == "CONTROL_MESSAGE" {
		return nil, true, ""
	}
	d.around = around{id: e.id, at: when(d.zone, text(e.timestamp))}
	if owner := d.headerText("owner"); owner != "" {
		d.around.account = appendQuoted(nil, []byte(owner))
	}
	record, why = d.enclosed(e.message)
	return record, false, why
}

// headerText is a text that stands in the envelope before its list.
func (d *cloudTrailDecoder) headerText(key string) (value string) {
	members(d.header, func(k, v []byte) bool {
		if string(k) == key {
			value = text(v)
		}
		return value == ""
	})
	return value
}

// enclosed cuts a record that is the JSON value v: an object, or a text that
// holds one. It returns the record as valid JSON without faults.
func (d *cloudTrailDecoder) enclosed(v []byte) (record []byte, why string) {
	if v[0] == '"' {
		d.inner = appendUnescaped(d.inner[:0], v[1:len(v)-1])
		v = bytes.TrimSpace(d.inner)
	}
	if len(v) == 0 || v[0] != '{' {
		return nil, "no CloudTrail record: what it encloses is no JSON object"
	}
	if why := d.cutAll(v); why != "" {
		return nil, "no CloudTrail record in it: " + why
	}
	odd := d.faults
	if !utf8.Valid(v) {
		odd |= faultUTF8
	}
	if odd == 0 {
		return v, ""
	}
	d.odd |= odd
	d.remended = mend(d.remended[:0], v)
	if d.cutAll(d.remended) != "" {
		return nil, "no CloudTrail record in it: it cannot be mended"
	}
	return d.remended, ""
}

// cutAll cuts the object that b is, and says why it is none.
func (d *cloudTrailDecoder) cutAll(b []byte) string {
	d.scanner.reset()
	switch n := d.slicer.cut(b); {
	case n == bad:
		return "no JSON: " + d.why
	case n < 0:
		return "it has no end"
	case n < len(b):
		return "something follows it"
	}
	return ""
}

// lend fills from what is around the record what the record does not say.
func (d *cloudTrailDecoder) lend(r *Record) {
	if !r.Cells[ctRecipient].Valid {
		r.Cells[ctRecipient] = d.decoded(d.around.account)
	}
	if !r.Cells[ctRegion].Valid {
		r.Cells[ctRegion] = d.decoded(d.around.region)
	}
	r.Flags = append(r.Flags, d.around.flags...)
}

// lentID is the identity of a record that has no id, by that of what encloses it.
func (d *cloudTrailDecoder) lentID() (id [16]byte, ok bool) {
	name := text(d.around.id)
	if name == "" {
		return id, false
	}
	if id, ok = parseUUID([]byte(name)); ok {
		return id, true
	}
	return hashID("cloudtrail", []byte(name)), true
}

// matchEnclosed says why a record is not one that encloses a CloudTrail record.
// What looks like an envelope, and encloses something else, has no empty answer.
func matchEnclosed(s sniff) (why string, known bool) {
	switch {
	case s.has("detail") && s.isText("detail-type"):
		if !bytes.HasSuffix(s.members["detail-type"], []byte(` via CloudTrail"`)) {
			return "it is an event of EventBridge that is none of CloudTrail", true
		}
		return "", true
	case s.wrap == wrapLogEvents:
		message := text(s.members["message"])
		for _, key := range []string{`"eventVersion"`, `"eventName"`} {
			if len(message) > 0 && message[0] == '{' && bytes.Contains([]byte(message), []byte(key)) {
				return "", true
			}
		}
		return "its log events hold no CloudTrail record", true
	case s.isText("CloudTrailEvent"):
		return "", true
	case s.has("eventname") && (s.has("eventsource") || s.has("eventversion") || s.has("useridentity")), s.isText("eventjson"):
		return "", true
	}
	return "", false
}
