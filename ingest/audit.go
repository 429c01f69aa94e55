package ingest

import (
	"crypto/sha256"
	"strings"
	"time"
	"unicode/utf8"
)

// Audit logs of APIs: from what a format read to the cells of a record.

// An auditEntry is what a format's reader found in one record.
type auditEntry struct {
	topic                                              string
	id                                                 string // "" where the format has none
	actor, action, resource, account, region, sourceIP string
	success                                            Cell // a Boolean
	at                                                 stamp
	event                                              []byte          // a JSON object; nil: none
	shown                                              map[string]bool // members that the columns hold, and extra need not
	flags                                              []string
}

// An auditReader reads the members of a record into e, and returns "" or why the
// record is not of its format.
type auditReader func(d *auditDecoder, m object, e *auditEntry) string

// auditDecoder decodes one record after the other by an auditReader. Records may
// say __time__, __topic__ and __source__ themselves, as those do that SLS wrote.
type auditDecoder struct {
	base
	read auditReader
	got  object
}

func newAudit(read auditReader) func(input) Decoder {
	return func(in input) Decoder {
		d := &auditDecoder{read: read, got: object{}}
		d.set(in, noKeys)
		return d
	}
}

// Next implements Decoder.
func (d *auditDecoder) Next(r *Record) error {
	raw, err := d.record()
	if err != nil {
		return err
	}
	clear(d.got)
	for _, m := range d.rest[:min(len(d.rest), d.slicer.limits.Keys)] {
		key := string(d.plain(m))
		if _, known := d.got[key]; !known && !m.text {
			d.got[key] = m.value
		}
	}
	e := auditEntry{shown: map[string]bool{}}
	if why := d.read(d, d.got, &e); why != "" {
		return d.reject(raw, why)
	}
	d.begin(r, raw, auColumns)
	d.fill(r, &e)
	d.identify(r, raw, &e)
	d.finish(r)
	return nil
}

func (d *auditDecoder) fill(r *Record, e *auditEntry) {
	d.own(r, e)
	for i, s := range [...]string{
		auActor: e.actor, auAction: e.action, auResource: e.resource, auAccount: e.account, auRegion: e.region, auSourceIP: e.sourceIP,
	} {
		r.Cells[i] = Cell{}
		if s != "" {
			n := len(d.arena)
			d.arena = append(d.arena, s...)
			r.Cells[i] = Cell{Valid: true, B: d.arena[n:len(d.arena):len(d.arena)]}
		}
	}
	r.Cells[auSuccess] = e.success
	r.Cells[auEvent] = Cell{Valid: e.event != nil, B: e.event}
	r.Flags = append(r.Flags, e.flags...)
	d.put(r, e.at)
	w := objectWriter{dst: d.arena, start: len(d.arena)}
	if v := d.got["__tags__"]; len(v) > 0 && v[0] == '{' {
		e.shown["__tags__"] = true
		members(v, func(key, value []byte) bool {
			quoted := appendQuoted(nil, append([]byte("__tag__:"), key...))
			w.put(member{key: quoted[1 : len(quoted)-1], value: value, escaped: true})
			return true
		})
	}
	r.Cells[auExtra] = d.gather(r, &w, func(m member) bool { return e.shown[string(d.plain(m))] })
}

// own takes what the record itself says of its topic, source and time, as SLS
// writes it. What cannot be used is left where it is.
func (d *auditDecoder) own(r *Record, e *auditEntry) {
	word := func(key, other string) string {
		if v := d.got[key]; len(v) > 2 && v[0] == '"' {
			e.shown[key] = true
			return text(v)
		}
		e.shown[key] = len(d.got[key]) == 2
		return other
	}
	r.Topic, r.Source = word("__topic__", e.topic), word("__source__", r.Source)
	if v := d.got.text("__time__"); v != "" {
		st := readTime(v, d.zone)
		if e.shown["__time__"] = st.ok; st.ok {
			e.at = st
		} else {
			e.at.plain = false
		}
	}
}

// identify sets the identity: the topic and the event's own id, or, in a format
// without one, the content: the same line through a queue and in a file is one.
func (d *auditDecoder) identify(r *Record, raw []byte, e *auditEntry) {
	if e.id != "" {
		r.ID = hashID("audit", []byte(r.Topic), []byte(e.id))
		return
	}
	sum := sha256.Sum256(raw)
	r.ID = hashID("audit content", []byte(r.Topic), []byte(r.Tenant), sum[:])
}

// document is the JSON object that a text holds, as valid JSON without faults;
// nil where the text holds none. beyond says that it exceeds a limit.
func (d *auditDecoder) document(inside []byte) (doc []byte, beyond bool) {
	var s scanner
	i := space(inside, 0)
	if i >= len(inside) || inside[i] != '{' {
		return nil, false
	}
	end := s.value(inside, i, 0)
	if end < 0 || space(inside, end) != len(inside) {
		return nil, false
	}
	doc, odd := inside[i:end], s.faults
	if !utf8.Valid(doc) {
		odd |= faultUTF8
	}
	if odd != 0 {
		d.odd |= odd
		doc = mend(nil, doc)
	}
	return doc, s.deepest > d.slicer.limits.Depth || s.keys > d.slicer.limits.Keys
}

// succeeded reads the word for a result by how it begins: vendors write
// Successful, success, fail, Failed and more.
func succeeded(word string) Cell {
	w := strings.ToLower(strings.TrimSpace(word))
	for _, p := range []string{"success", "succeed", "ok", "allow", "granted"} {
		if strings.HasPrefix(w, p) {
			return flagCell(true)
		}
	}
	for _, p := range []string{"fail", "error", "den", "unauth", "forbid", "reject"} {
		if strings.HasPrefix(w, p) {
			return flagCell(false)
		}
	}
	return Cell{}
}

// prismaAuditTopic is the topic of Prisma Cloud's audit log.
const prismaAuditTopic = "prisma-audit"

func matchPrismaAudit(s sniff) string {
	switch {
	case !s.has("actionType") || !s.has("timestamp"):
		return "it has no actionType and timestamp"
	case !s.has("resourceType") && !s.has("resourceName"):
		return "it has neither resourceType nor resourceName"
	case !s.has("result") && !s.has("user"):
		return "it has neither result nor user"
	}
	return ""
}

// readPrismaAudit reads an entry of Prisma Cloud's audit log. What it does
// itself has a text in the place of the address.
func readPrismaAudit(d *auditDecoder, m object, e *auditEntry) string {
	if m.text("actionType") == "" {
		return "no entry of Prisma Cloud's audit log: it has no actionType"
	}
	e.topic = prismaAuditTopic
	e.actor, e.action, e.resource = m.text("user"), m.text("actionType"), m.text("resourceName")
	if ip := m.text("ipAddress"); !strings.EqualFold(ip, "RedLock Internal IP") {
		e.sourceIP = ip
	}
	e.success = succeeded(m.text("result"))
	e.at = when(d.zone, m.text("timestamp"))
	return ""
}

// otherTopic is the topic of audit logs of no format that is known by name.
const otherTopic = "api-audit"

// Where the audit logs of other APIs hold what the normalised fields ask for:
// the first that is there counts. Among them are those of Kubernetes, Google
// Cloud and Azure.
var (
	otherTime    = paths("eventTime timestamp @timestamp time ts datetime requestReceivedTimestamp stageTimestamp receiveTimestamp")
	otherActor   = paths("userName username user.username user.email user.name user actor.email actor.name actor principalEmail principal protoPayload.authenticationInfo.principalEmail caller")
	otherAction  = paths("actionType action operationName operation eventName event verb protoPayload.methodName method")
	otherThing   = paths("resourceName resourceId objectRef.name protoPayload.resourceName target.id target.name target resource requestURI path")
	otherAccount = paths("accountId account subscriptionId tenantId projectId resource.labels.project_id")
	otherRegion  = paths("region awsRegion location resource.labels.location")
	otherAddress = paths("sourceIPAddress sourceIpAddress ipAddress callerIpAddress clientIp client_ip sourceIPs.0 protoPayload.requestMetadata.callerIp remoteAddr ip")
	otherResult  = paths("result outcome.result outcome status resultType responseStatus.status")
	otherCode    = paths("statusCode responseStatus.code status_code responseCode")
)

// paths reads names with blanks between them.
func paths(names string) (all [][]string) {
	for _, n := range strings.Fields(names) {
		all = append(all, strings.Split(n, "."))
	}
	return all
}

// firstAt is the first of the values at these paths that is a text, a number or a truth.
func (o object) firstAt(all [][]string) string {
	for _, p := range all {
		if v := o.at(p...); len(v) > 0 && v[0] != '{' && v[0] != '[' {
			if s := text(v); s != "" {
				return s
			}
		}
	}
	return ""
}

// otherAudit is the format of what the user says is an audit log.
func otherAudit() *Format {
	return &Format{
		Name: otherTopic, Logstore: "audit", Doc: "audit logs of other APIs, where they are named (-l audit): one record a line, or lists",
		match: matchOtherAudit, open: newAudit(readOtherAudit),
	}
}

func matchOtherAudit(s sniff) string {
	if object(s.members).firstAt(otherAction) == "" {
		return "it has no action, operation, verb or method"
	}
	return ""
}

// readOtherAudit reads an entry by the names that are usual. It takes no id from
// it: nobody knows of what it is one, and where records share it (the stages of a
// request to Kubernetes, numbers that two APIs count each for itself) all but one
// would be left out.
func readOtherAudit(d *auditDecoder, m object, e *auditEntry) string {
	e.topic, e.action = otherTopic, m.firstAt(otherAction)
	if e.action == "" {
		return "no entry of an audit log: it has no action, operation, verb or method"
	}
	e.actor, e.resource, e.account = m.firstAt(otherActor), m.firstAt(otherThing), m.firstAt(otherAccount)
	e.region, e.sourceIP = m.firstAt(otherRegion), m.firstAt(otherAddress)
	e.at = when(d.zone, m.firstAt(otherTime))
	code := m.firstAt(otherCode)
	if e.success = succeeded(m.firstAt(otherResult)); !e.success.Valid && len(code) == 3 {
		e.success = flagCell(code < "400")
	}
	return ""
}

// zoneless reads a time of a format that writes all of them in UTC.
func zoneless(values ...string) stamp { return when(time.UTC, values...) }
