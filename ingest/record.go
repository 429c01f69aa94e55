package ingest

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"time"
)

// What goes in and comes out: objects, records, and the contract of a decoder.

// A Cell is one value of a record. A Cell that is not Valid is NULL.
type Cell struct {
	Valid bool
	B     []byte  // Text and UUID; it may alias the decoder's buffer
	N     int64   // Stamp, Boolean, Integer
	F     float64 // Double
}

// A Record is one decoded record. It is reused: what a Decoder put into it is
// valid until the next call of Next.
type Record struct {
	Cells    []Cell   // one for each Column of the logstore, in its order
	ID       [16]byte // identity: two records of a logstore with one ID are one
	Time     int64    // __time__ and @time, microseconds since 1970
	Position int64    // number of the record in its object, from 0
	Topic    string
	Source   string
	Tenant   string
	Flags    []string // what was odd about it, each a short word of ours: see the Flag constants
}

// A Decoder cuts the records of one object. Next fills r and returns nil;
// io.EOF ends the object; a *Broken is one record that is set aside, and the
// next call goes on behind it; any other error ends the object, which is then
// not stored. A Decoder belongs to one goroutine.
type Decoder interface {
	Next(r *Record) error
}

// Broken is a record that could not be read. The object goes on behind it.
type Broken struct {
	Position int64  // number of the record in its object, from 0
	Line     int64  // line in the unpacked object, from 1; 0 where lines mean nothing
	Offset   int64  // byte in the unpacked object
	Reason   string // one sentence; it may quote the record
	Raw      []byte // the bytes, cut to 64 KiB
}

// Error says where and why.
func (b *Broken) Error() string {
	if b.Line > 0 {
		return fmt.Sprintf("line %d: %s", b.Line, b.Reason)
	}
	return fmt.Sprintf("record %d at byte %d: %s", b.Position, b.Offset, b.Reason)
}

// Cut reports whether bytes that were kept of a broken record may be not all of
// it.
func Cut(raw []byte) bool { return len(raw) >= rawKept }

// An Object is something to load: a file, an S3 object, a message or a page of
// an API. Open may be called again to read it anew.
type Object struct {
	Name     string    // path or URL; unique within its source
	Version  string    // changes when the content does (size and time of a file, an ETag)
	Modified time.Time // by the source's clock
	Size     int64     // packed bytes, -1 when unknown
	Named    bool      // the user named it, rather than a folder that holds it
	Archived string    // its key in the archive; "" when it is not there
	Held     []byte    // the content, when its source forgets it: kept with a dead letter
	Lines    bool      // lines of many writers: none says for the others what they are, so that nothing is unpacked
	Part     bool      // a part of a log that grows, see Growing: its source hands out the whole later
	Open     func() (io.ReadCloser, error)
	// Again says whether the source hands the object out again when it could not
	// be read for this reason; nil: it does not.
	Again func(error) bool
}

// Bytes returns the Open of an object whose content is at hand, and is not changed.
func Bytes(content []byte) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil }
}

// Limits bound what one object may cost (G14). The zero value means the defaults.
type Limits struct {
	Object int64 // unpacked bytes, default 4 GB
	Ratio  int64 // unpacked to packed, default 1000
	Record int64 // bytes of one record, default 16 MB
	Keys   int   // keys in one record, default 100,000
	Depth  int   // nesting of one value, default 100
}

// MaxObject is Object, or its default.
func (l Limits) MaxObject() int64 { return l.withDefaults().Object }

// MaxRecord is Record, or its default.
func (l Limits) MaxRecord() int64 { return l.withDefaults().Record }

// withDefaults fills in what is zero.
func (l Limits) withDefaults() Limits {
	l.Object = cmp.Or(l.Object, 4<<30)
	l.Ratio = cmp.Or(l.Ratio, 1000)
	l.Record = cmp.Or(l.Record, 16<<20)
	l.Keys = cmp.Or(l.Keys, 100_000)
	l.Depth = cmp.Or(l.Depth, 100)
	return l
}
