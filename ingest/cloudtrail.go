package ingest

import (
	"bytes"
	"crypto/sha256"
	"hash/maphash"
	"strconv"
)

// contentSeed makes Record.Hash something that no writer of logs can aim at.
var contentSeed = maphash.MakeSeed()

// cloudTrailDecoder fills records from what a slicer cut.
type cloudTrailDecoder struct {
	framer
	slicer
	clock
	object         string // its name, for records without an id
	source, tenant string
	arena          []byte // what had to be unescaped or put together
}

func newCloudTrail(in input) Decoder {
	d := &cloudTrailDecoder{framer: in.framer, clock: in.clock, object: in.object, source: in.source, tenant: in.tenant}
	d.slicer.keyed, d.slicer.limits = cloudTrailKeys, in.framer.limits
	d.framer.scan, d.framer.cut = &d.slicer.scanner, d.slicer.cut
	return d
}

// Next implements Decoder.
func (d *cloudTrailDecoder) Next(r *Record) error {
	raw, err := d.record()
	if err != nil {
		return err
	}
	if why := d.foreign(); why != "" {
		return d.reject(raw, why)
	}
	d.fill(r, raw)
	return nil
}

// foreign says why what was cut is no CloudTrail record, or "".
func (d *cloudTrailDecoder) foreign() string {
	name, source := d.f[ctEventName], d.f[ctEventSource]
	switch {
	case bytes.HasPrefix(source, []byte(`"aws:`)):
		return "no CloudTrail record: a notification of " + string(source[1:min(len(source)-1, 20)])
	case name == nil && d.f[ctInsight] == nil, len(name) > 0 && name[0] != '"':
		return "no CloudTrail record: it has no eventName"
	case d.f[ctEventVersion] == nil && source == nil && d.f[ctIdentity] == nil:
		return "no CloudTrail record: it has neither eventVersion nor eventSource"
	}
	return ""
}

func (d *cloudTrailDecoder) fill(r *Record, raw []byte) {
	if len(r.Cells) != ctColumns {
		r.Cells = make([]Cell, ctColumns)
	}
	d.arena = d.arena[:0]
	r.Flags = appendFaults(r.Flags[:0], d.odd)
	r.Position, r.Hash = d.pos-1, maphash.Bytes(contentSeed, raw)
	r.Source, r.Tenant, r.Topic = d.source, d.tenant, "cloudtrail"
	if d.f[ctInsight] != nil || string(d.f[ctEventCategory]) == `"Insight"` {
		r.Topic = "cloudtrail-insight"
	}
	for i := range ctIdentity {
		r.Cells[i] = d.textCell(i)
	}
	for i := ctIdentity; i <= ctTLS; i++ {
		r.Cells[i] = d.jsonCell(i)
	}
	d.derive(r)
	var odd [4]int // fields whose value is kept under extra as well
	n := odd[:0]
	for _, i := range [...]int{ctReadOnly, ctManagement} {
		if r.Cells[i] = booleanCell(d.f[i]); !r.Cells[i].Valid && !absent(d.f[i]) {
			n = append(n, i)
			r.Flags = append(r.Flags, "type:"+oddNames[i])
		}
	}
	if !d.setTime(r) {
		n = append(n, ctTime)
	}
	if !d.identify(r) {
		n = append(n, ctID)
	}
	d.extra(r, n)
	if d.deep {
		r.Flags = append(r.Flags, FlagDeep)
	}
	if d.wide {
		r.Flags = append(r.Flags, FlagKeys)
	}
}

// oddNames are the native names of the fields that are kept under extra where
// their column cannot hold what the record has.
var oddNames = map[int]string{ctReadOnly: "readOnly", ctManagement: "managementEvent", ctTime: "eventTime", ctID: "eventID"}

func absent(v []byte) bool { return v == nil || v[0] == 'n' }

func booleanCell(v []byte) Cell {
	switch string(v) {
	case "true", `"true"`:
		return Cell{Valid: true, N: 1}
	case "false", `"false"`:
		return Cell{Valid: true}
	}
	return Cell{}
}

// textCell is a field as text: a JSON text without quotes and escapes, anything
// else as it stands, null as NULL.
func (d *cloudTrailDecoder) textCell(field int) Cell {
	v := d.f[field]
	if absent(v) {
		return Cell{}
	}
	if v[0] != '"' {
		return Cell{Valid: true, B: v}
	}
	v = v[1 : len(v)-1]
	if d.esc>>field&1 != 0 {
		n := len(d.arena)
		d.arena = appendUnescaped(d.arena, v)
		v = d.arena[n:]
	}
	return Cell{Valid: true, B: v}
}

// jsonCell is a field as JSON text.
func (d *cloudTrailDecoder) jsonCell(field int) Cell {
	v := d.f[field]
	if absent(v) {
		return Cell{}
	}
	if d.quoted>>field&1 != 0 {
		n := len(d.arena)
		d.arena = appendQuoted(d.arena, v)
		v = d.arena[n:]
	}
	return Cell{Valid: true, B: v}
}

// derive fills the normalised columns.
func (d *cloudTrailDecoder) derive(r *Record) {
	r.Cells[ctActor] = Cell{}
	for _, i := range [...]int{ctARN, ctUser, ctInvokedBy, ctPrincipal} {
		if c := r.Cells[i]; c.Valid && len(c.B) > 0 {
			r.Cells[ctActor] = c
			break
		}
	}
	r.Cells[ctResource] = d.firstResource()
	for i := ctTargets; i < ctTargets1 && !r.Cells[ctResource].Valid; i++ {
		if v := d.f[i]; v != nil && v[0] == '"' {
			r.Cells[ctResource] = d.textCell(i)
		}
	}
	r.Cells[ctSuccess] = Cell{Valid: true}
	if !r.Cells[ctErrorCode].Valid && string(d.f[ctLogin]) != `"Failure"` {
		r.Cells[ctSuccess].N = 1
	}
}

// firstResource is the ARN of the first of the resources that has one.
func (d *cloudTrailDecoder) firstResource() Cell {
	v := d.f[ctResources]
	if len(v) == 0 || v[0] != '[' {
		return Cell{}
	}
	arn := lookup(v, "0", "ARN")
	if len(arn) < 3 || arn[0] != '"' {
		return Cell{}
	}
	if arn = arn[1 : len(arn)-1]; bytes.IndexByte(arn, '\\') >= 0 {
		n := len(d.arena)
		d.arena = appendUnescaped(d.arena, arn)
		arn = d.arena[n:]
	}
	return Cell{Valid: true, B: arn}
}

// setTime sets the time of r. False: eventTime is not as it should be written.
func (d *cloudTrailDecoder) setTime(r *Record) bool {
	v := d.f[ctTime]
	if absent(v) {
		d.put(r, stamp{})
		return true
	}
	if len(v) == 22 && v[0] == '"' {
		if st := utcSeconds(v[1:21]); st.ok {
			d.put(r, st)
			return true
		}
	}
	st := readTime(string(d.textCell(ctTime).B), d.zone)
	st.plain = st.plain && v[0] == '"'
	d.put(r, st)
	return st.plain && st.micros%1e6 == 0
}

// identify sets the identity of r. False: eventID is no UUID.
func (d *cloudTrailDecoder) identify(r *Record) bool {
	v := d.f[ctID]
	if absent(v) || v[0] != '"' || len(v) == 2 {
		r.Flags = append(r.Flags, FlagID)
		r.ID = placeID(d.object, r.Position)
		return absent(v)
	}
	if id, ok := parseUUID(v[1 : len(v)-1]); ok {
		r.ID = id
		return true
	}
	r.ID = hashID("cloudtrail", d.textCell(ctID).B)
	return false
}

// placeID identifies a record by its object and position.
func placeID(object string, position int64) [16]byte {
	return hashID("object", []byte(object), strconv.AppendInt(nil, position, 10))
}

// hashID is a hash over parts that cannot be shifted into each other.
func hashID(kind string, parts ...[]byte) (id [16]byte) {
	h := sha256.New()
	h.Write([]byte(kind)) // a hash.Hash never returns an error
	for _, p := range parts {
		h.Write(strconv.AppendInt([]byte{0}, int64(len(p)), 10))
		h.Write([]byte{0})
		h.Write(p)
	}
	copy(id[:], h.Sum(nil))
	return id
}

// parseUUID reads 8-4-4-4-12 hexadecimal digits.
func parseUUID(b []byte) (id [16]byte, ok bool) {
	if len(b) != 36 || b[8] != '-' || b[13] != '-' || b[18] != '-' || b[23] != '-' {
		return id, false
	}
	k := 0
	for i := 0; i < 36; i += 2 {
		if b[i] == '-' {
			i++
		}
		hi, lo := unhex[b[i]], unhex[b[i+1]]
		if hi|lo > 15 {
			return id, false
		}
		id[k] = hi<<4 | lo
		k++
	}
	return id, true
}

// unhex holds the value of each hexadecimal digit, 255 elsewhere.
var unhex = func() (t [256]byte) {
	for i := range t {
		t[i] = 255
	}
	for i := range byte(10) {
		t['0'+i] = i
	}
	for i := range byte(6) {
		t['a'+i], t['A'+i] = 10+i, 10+i
	}
	return t
}()
