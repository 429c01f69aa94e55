package ingest

import "bytes"

// CloudTrail: from the fields that the slicer cut to the cells of a record.

// cloudTrailDecoder fills records from what a slicer cut.
type cloudTrailDecoder struct {
	base
	around   around // of a record that came inside of something else
	lent     bool   // there is something around the record
	inner    []byte // scratch: the text that holds it
	remended []byte // scratch: the same, mended
}

func newCloudTrail(in input) Decoder {
	d := &cloudTrailDecoder{}
	d.set(in, cloudTrailKeys)
	d.rows = wrapRows
	return d
}

// Next implements Decoder.
func (d *cloudTrailDecoder) Next(r *Record) error {
	for {
		raw, err := d.record()
		if err != nil {
			return err
		}
		record := raw
		if d.lent {
			d.around, d.lent = around{}, false
		}
		if d.f[ctEventName] == nil || d.table != nil {
			inside, skip, why := d.unwrap(raw)
			if skip {
				d.pos--
				continue
			}
			if why != "" {
				return d.reject(raw, why)
			}
			record = inside
		}
		if why := d.foreign(); why != "" {
			return d.reject(raw, why)
		}
		d.fill(r, record)
		return nil
	}
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
	d.begin(r, raw, ctColumns)
	r.Topic = "cloudtrail"
	if d.f[ctInsight] != nil || string(d.f[ctEventCategory]) == `"Insight"` {
		r.Topic = "cloudtrail-insight"
	}
	for i := range ctIdentity {
		if c, v := &r.Cells[i], d.f[i]; absent(v) {
			c.Valid, c.B = false, nil
		} else if v[0] == '"' && d.esc>>i&1 == 0 {
			c.Valid, c.B = true, v[1:len(v)-1] // nearly always
		} else {
			*c = d.textCell(i)
		}
	}
	for i := ctIdentity; i <= ctTLS; i++ {
		r.Cells[i] = d.jsonCell(i)
	}
	r.Cells[ctIdentity] = d.identityShape(r.Cells[ctIdentity], r.Cells[ctPrincipal].B)
	r.Cells[ctRequestID], r.Cells[ctRequestUUID] = d.orUUID(r.Cells[ctRequestID])
	d.derive(r)
	var odd [5]int // fields that are kept under extra, for want of a column that can hold them
	n := odd[:0]
	if d.f[ctInsight] != nil {
		n = append(n, ctInsight)
	}
	for _, i := range [...]int{ctReadOnly, ctManagement} {
		if r.Cells[i] = booleanCell(d.f[i]); !r.Cells[i].Valid && !absent(d.f[i]) {
			n = append(n, i)
			r.Flags = append(r.Flags, "type:"+oddNames[i])
		}
	}
	if !d.setTime(r) {
		n = append(n, ctTime)
	}
	if !d.identify(r, raw) {
		n = append(n, ctID)
	}
	d.extra(r, n)
	if d.lent {
		d.lend(r)
	}
	d.finish(r)
}

// oddNames are the native names of the fields that are kept under extra where
// their column cannot hold what the record has.
var oddNames = map[int]string{ctReadOnly: "readOnly", ctManagement: "managementEvent", ctTime: "eventTime", ctID: "eventID", ctInsight: "insightDetails"}

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
		return d.unescape(v)
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
		return d.quotedText(v)
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
	r.Cells[ctSuccess] = flagCell(!r.Cells[ctErrorCode].Valid && string(d.f[ctLogin]) != `"Failure"`)
}

// firstResource is the ARN of the first of the resources that has one.
func (d *cloudTrailDecoder) firstResource() Cell {
	v := d.f[ctResources]
	if len(v) == 0 || v[0] != '[' {
		return Cell{}
	}
	return d.decoded(lookup(v, "0", "ARN"))
}

// setTime sets the time of r. False: eventTime is not as it should be written.
func (d *cloudTrailDecoder) setTime(r *Record) bool {
	v := d.f[ctTime]
	if absent(v) {
		d.put(r, d.around.at)
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
func (d *cloudTrailDecoder) identify(r *Record, raw []byte) bool {
	v := d.f[ctID]
	if absent(v) || v[0] != '"' || len(v) == 2 {
		if id, ok := d.lentID(); ok {
			r.ID = id
			return absent(v)
		}
		r.Flags = append(r.Flags, FlagID)
		r.ID = d.placeID(raw, r.Position)
		return absent(v)
	}
	if id, ok := parseUUID(v[1 : len(v)-1]); ok {
		r.ID = id
		return true
	}
	r.ID = hashID("cloudtrail", d.textCell(ctID).B)
	return false
}
