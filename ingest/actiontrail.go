package ingest

import (
	"bytes"
	"strings"
)

// Alibaba ActionTrail: as SLS keeps it, with the event as an object, as a text
// that holds one, or as flat keys event.…; and as ActionTrail itself delivers it.

// actionTrailTopic is the topic under which SLS keeps the events of ActionTrail.
const actionTrailTopic = "actiontrail_audit_event"

// flatEvent begins the keys of an event that was made flat.
const flatEvent = "event."

func matchActionTrail(s sniff) string {
	event := s.members["event"]
	topic := strings.HasPrefix(text(s.members["__topic__"]), "actiontrail")
	switch {
	case s.has("acsRegion") && s.isText("eventName"):
		return ""
	case s.has(flatEvent + "eventName"), s.has(flatEvent + "eventId"), s.has(flatEvent + "insightDetails"):
		return ""
	case topic && (s.has("event") || hasFlat(s.members)):
		return ""
	case len(event) == 0:
		return "it has no event"
	case event[0] != '{' && event[0] != '"':
		return "its event is no object"
	}
	if event[0] == '"' {
		event = []byte(text(event))
	}
	for _, key := range []string{`"acsRegion"`, `"serviceName"`, `"eventRW"`, `"insightDetails"`} {
		if bytes.Contains(event, []byte(key)) && (bytes.Contains(event, []byte(`"eventName"`)) || key == `"insightDetails"`) {
			return ""
		}
	}
	return "its event has no eventName with a serviceName or acsRegion"
}

func hasFlat(m map[string][]byte) bool {
	for k := range m {
		if strings.HasPrefix(k, flatEvent) {
			return true
		}
	}
	return false
}

// readActionTrail reads an event of ActionTrail.
func readActionTrail(d *auditDecoder, m object, e *auditEntry) string {
	e.topic = actionTrailTopic
	if why := d.eventOf(m, e); why != "" {
		return why
	}
	event := object{}
	members(e.event, func(key, value []byte) bool {
		if _, known := event[string(key)]; !known {
			event[string(key)] = value
		}
		return true
	})
	e.id, e.action = event.text("eventId"), event.text("eventName")
	e.actor = firstText(event.text("userIdentity", "userName"), event.text("userIdentity", "principalId"), event.text("userIdentity", "accountId"))
	e.account = firstText(event.text("recipientAccountId"), event.text("userIdentity", "accountId"))
	e.region, e.sourceIP = event.text("acsRegion"), event.text("sourceIpAddress")
	e.resource, _, _ = strings.Cut(event.text("resourceName"), ";")
	if e.resource == "" {
		e.resource = referenced(event.at("referencedResources"))
	}
	code := event.text("errorCode")
	e.success = flagCell(code == "" || strings.EqualFold(code, "null"))
	e.at = zoneless(event.text("eventTime"))
	return ""
}

// referenced is the first name of {"ACS::ECS::Instance":["i-1",…],…}.
func referenced(v []byte) (name string) {
	if len(v) == 0 || v[0] != '{' {
		return ""
	}
	members(v, func(_, list []byte) bool {
		name = text(lookup(list, "0"))
		return name == ""
	})
	return name
}

// eventOf finds the event in one of its shapes. One beyond the limits stays
// where it is, as text.
func (d *auditDecoder) eventOf(m object, e *auditEntry) string {
	v, deep := m["event"], false
	switch {
	case len(v) > 0 && v[0] == '{':
		e.event = v
	case len(v) > 0 && v[0] == '"':
		e.event, deep = d.document([]byte(text(v)))
		if e.event == nil {
			return "no event of ActionTrail: the text of event is no JSON object"
		}
	case hasFlat(m):
		if deep = d.unflatten(e); deep {
			clear(e.shown)
		}
	case !absent(m["acsRegion"]) && !absent(m["eventName"]):
		d.bareEvent(e)
	case !d.beyondLimits():
		return "no event of ActionTrail: it has no event"
	}
	if deep {
		e.event, d.deep = nil, true
		return ""
	}
	e.shown["event"] = v != nil
	return ""
}

// beyondLimits says whether the record's event is there, and beyond a limit.
func (d *auditDecoder) beyondLimits() bool {
	for _, m := range d.rest {
		if m.text && string(d.plain(m)) == "event" {
			return true
		}
	}
	return false
}

// bareEvent makes the event of a record that is one: all but what SLS added.
func (d *auditDecoder) bareEvent(e *auditEntry) {
	var w objectWriter
	for _, m := range d.rest[:min(len(d.rest), d.slicer.limits.Keys)] {
		key := d.plain(m)
		if len(key) > 1 && (key[0] == '@' || key[0] == '_' && key[1] == '_') {
			continue
		}
		w.put(m)
		e.shown[string(key)] = true
	}
	e.event = append(w.dst, '}') // it has acsRegion at least
}

// A flatNode is one step of the keys of a flat event.
type flatNode struct {
	value []byte // JSON; nil where there are steps below
	order []string
	below map[string]*flatNode
}

// unflatten makes an object of the keys event.…; one that cannot have its place,
// because another has it, stays where it was. beyond says that the object is
// deeper than the limit.
func (d *auditDecoder) unflatten(e *auditEntry) (beyond bool) {
	root := &flatNode{}
	for _, m := range d.rest[:min(len(d.rest), d.slicer.limits.Keys)] {
		key := string(d.plain(m))
		path, ok := strings.CutPrefix(key, flatEvent)
		if !ok || m.text || e.shown[key] || strings.Count(path, ".") >= d.slicer.limits.Depth {
			continue
		}
		if root.plant(strings.Split(path, "."), m.value) {
			e.shown[key] = true
		}
	}
	e.event = root.append(nil)
	var s scanner
	s.value(e.event, 0, 0)
	return s.deepest > d.slicer.limits.Depth
}

// plant puts a value at its place, unless that is taken.
func (n *flatNode) plant(path []string, value []byte) bool {
	for i, step := range path {
		last := i == len(path)-1
		next := n.below[step]
		if next != nil && (last || next.value != nil) {
			return false
		}
		if next == nil {
			if n.below == nil {
				n.below = map[string]*flatNode{}
			}
			next = &flatNode{}
			n.below[step] = next
			n.order = append(n.order, step)
		}
		n = next
	}
	n.value = value
	return true
}

func (n *flatNode) append(dst []byte) []byte {
	if n.value != nil {
		return append(dst, n.value...)
	}
	dst = append(dst, '{')
	for i, step := range n.order {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendQuoted(dst, []byte(step)), ':')
		dst = n.below[step].append(dst)
	}
	return append(dst, '}')
}
