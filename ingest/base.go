package ingest

import (
	"bytes"
	"crypto/sha256"
	"strconv"
	"strings"
)

// What the decoders of all formats share.

// base is what the decoders of all formats are made of: a framer that finds
// records, a slicer that takes them apart, and how their parts become cells.
type base struct {
	framer
	slicer
	clock
	object         string   // its name, for records without an id
	first          [32]byte // hash of the first record that could be read, for the same
	begun          bool
	source, tenant string
	arena          []byte // what had to be unescaped or put together for the cells
}

// set connects the parts. It is called once, when the base has its final place.
func (d *base) set(in input, keys keyFunc) {
	d.framer, d.clock, d.object, d.source, d.tenant = in.framer, in.clock, in.object, in.source, in.tenant
	d.keyed, d.slicer.limits = keys, in.framer.limits
	d.scan, d.framer.cut = &d.scanner, d.slicer.cut
}

// begin prepares r for the record raw of a logstore with n columns. Its cells
// still hold those of the record before.
func (d *base) begin(r *Record, raw []byte, n int) {
	if len(r.Cells) != n {
		r.Cells = make([]Cell, n)
	}
	d.arena = d.arena[:0]
	if !d.begun {
		d.first, d.begun = sha256.Sum256(raw), true
	}
	r.Flags = appendFaults(r.Flags[:0], d.odd)
	r.Position = d.pos - 1
	r.Source, r.Tenant = d.source, d.tenant
}

// finish adds the flags of what was beyond a limit.
func (d *base) finish(r *Record) {
	if d.deep {
		r.Flags = append(r.Flags, FlagDeep)
	}
	if d.wide {
		r.Flags = append(r.Flags, FlagKeys)
	}
}

func absent(v []byte) bool { return len(v) == 0 || v[0] == 'n' }

// decoded is a JSON value as text: a text without quotes and escapes, anything
// else as it stands, null as NULL.
func (d *base) decoded(v []byte) Cell {
	if absent(v) {
		return Cell{}
	}
	if v[0] != '"' {
		return Cell{Valid: true, B: v}
	}
	if v = v[1 : len(v)-1]; bytes.IndexByte(v, '\\') < 0 {
		return Cell{Valid: true, B: v}
	}
	return d.unescape(v)
}

func (d *base) unescape(v []byte) Cell {
	n := len(d.arena)
	d.arena = appendUnescaped(d.arena, v)
	return Cell{Valid: true, B: d.arena[n:len(d.arena):len(d.arena)]}
}

// quotedText is a JSON value as a JSON text that holds it.
func (d *base) quotedText(v []byte) Cell {
	n := len(d.arena)
	d.arena = appendQuoted(d.arena, v)
	return Cell{Valid: true, B: d.arena[n:len(d.arena):len(d.arena)]}
}

func booleanCell(v []byte) Cell {
	switch string(v) {
	case "true", `"true"`:
		return Cell{Valid: true, N: 1}
	case "false", `"false"`:
		return Cell{Valid: true}
	}
	return Cell{}
}

func flagCell(b bool) Cell {
	if b {
		return Cell{Valid: true, N: 1}
	}
	return Cell{Valid: true}
}

// placeID identifies a record that has no id of its own, raw at a position: by the
// log that its object is a piece of (logOf), by the first record of that object,
// and by its own place and content. So a log that has grown is read again for what
// is new in it, one that was renamed or packed is known, and one that begins anew
// under the old name, or was replaced by another, is not.
func (d *base) placeID(raw []byte, position int64) [16]byte {
	return d.tenantID("place", []byte(logOf(d.object)), d.first[:], strconv.AppendInt(nil, position, 10), raw)
}

// tenantID is hashID with the tenant as one more part, for what is no id that is good
// everywhere: two tenants may well write the same, and each keeps its own. Without a
// tenant it is hashID of the parts alone.
func (d *base) tenantID(kind string, parts ...[]byte) [16]byte {
	if d.tenant != "" {
		parts = append(parts, []byte(d.tenant))
	}
	return hashID(kind, parts...)
}

// logOf is the name of the log that an object is a piece of: without what
// rotation puts behind it (access.log.1, access.log-20261126, access.log.2.gz).
func logOf(object string) string {
	name := strings.TrimSuffix(object, ".gz")
	for {
		cut := strings.TrimRight(name, "0123456789")
		rest := strings.TrimRight(cut, ".-_")
		if cut == name || rest == cut || rest == "" || strings.HasSuffix(rest, "/") {
			return name
		}
		name = rest
	}
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
