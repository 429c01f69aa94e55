// A batch holds records between a decoder and the table: copied out of the
// decoder's buffers, so that decoding and writing overlap.

package store

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"tocsin/ingest"
)

// Bounds of a batch. Whichever is reached first ends it.
const (
	batchRows   = 16 * 2048 // whole vectors of DuckDB
	batchText   = 32 << 20  // bytes of text
	batchBroken = 4 << 20   // bytes of dead letters
)

// Bounds of what a TIMESTAMP of ours may hold: years 1 to 9999.
var (
	minTime = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()
	maxTime = time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC).UnixMicro()
)

// batchRow is what every record has beside its cells.
type batchRow struct {
	id        [16]byte
	time      int64
	position  int64
	seq       int64
	object    int64 // id in the ledger
	segment   int32
	untimed   bool
	duplicate bool
	topic     string
	source    string
	tenant    string
	flags     string
}

// A segment is what one object, or a piece of it, put into a batch.
type segment struct {
	object      int // index in the list of Append
	format      string
	from, to    int  // rows
	text        int  // where their text begins
	first, last bool // the object begins, ends in it
	failed      error
	broken      []*ingest.Broken
	counted     int64 // broken records, also those that are not kept
}

// batch is a reusable buffer of records, at a time of one logstore.
type batch struct {
	logstore *ingest.Logstore // nil as long as it holds nothing
	columns  []ingest.Column
	limit    int // rows
	rows     []batchRow
	cells    []uint64 // len(columns) for each row: text as offset<<32 | length, else the value
	valid    []bool   // as cells: not NULL
	text     []byte
	segments []segment
	broken   int // bytes of dead letters

	seen  map[[16]byte]int32 // of the run that is written
	order []int32            // its rows, as they will be written
}

// newBatch makes a batch for a logstore; nil for one that is turned to it later.
func newBatch(ls *ingest.Logstore, rows int) *batch {
	b := &batch{limit: rows, seen: make(map[[16]byte]int32, rows)}
	if ls != nil {
		b.turn(ls)
	}
	return b
}

// turn makes an empty batch one of a logstore.
func (b *batch) turn(ls *ingest.Logstore) { b.logstore, b.columns = ls, ls.Columns }

// reset empties the batch and keeps its memory.
func (b *batch) reset() {
	clear(b.rows) // lets go of strings
	clear(b.segments)
	b.rows, b.cells, b.valid, b.text = b.rows[:0], b.cells[:0], b.valid[:0], b.text[:0]
	b.segments, b.broken = b.segments[:0], 0
	if cap(b.text) > 2*batchText {
		b.text = nil // one record was very long
	}
}

func (b *batch) full() bool {
	return len(b.rows) >= b.limit || len(b.text) >= batchText || b.broken >= batchBroken
}

// cut takes the rows of the last segment out again.
func (b *batch) cut() {
	s := &b.segments[len(b.segments)-1]
	b.rows = b.rows[:s.from]
	b.cells, b.valid = b.cells[:s.from*len(b.columns)], b.valid[:s.from*len(b.columns)]
	s.to = s.from
}

// carry moves the last segment of b to next, which is empty. An object that
// began late in a batch thus stays whole.
func (b *batch) carry(next *batch) {
	s := b.segments[len(b.segments)-1]
	n := len(b.columns)
	next.text = append(next.text, b.text[s.text:]...)
	next.cells = append(next.cells, b.cells[s.from*n:]...)
	next.valid = append(next.valid, b.valid[s.from*n:]...)
	next.rows = append(next.rows, b.rows[s.from:]...)
	for i := range next.cells {
		if k := b.columns[i%n].Kind; next.valid[i] && (k == ingest.Text || k == ingest.UUID) {
			next.cells[i] -= uint64(s.text) << 32
		}
	}
	for i := range next.rows {
		next.rows[i].segment = 0
	}
	b.cut()
	b.segments = b.segments[:len(b.segments)-1]
	s.from, s.to, s.text = 0, len(next.rows), 0
	next.segments = append(next.segments, s)
}

// add copies a record into the batch as a row of its last segment. Text that is
// no UTF-8 and times outside of the years 1 to 9999 are mended and flagged:
// DuckDB would store NULL, or infinity, and say nothing.
func (b *batch) add(r *ingest.Record) {
	flags := r.Flags
	n, at := len(b.columns), len(b.cells)
	b.cells, b.valid = slices.Grow(b.cells, n)[:at+n], slices.Grow(b.valid, n)[:at+n]
	cells, valid := b.cells[at:], b.valid[at:]
	for i := range b.columns {
		cells[i], valid[i] = 0, i < len(r.Cells) && r.Cells[i].Valid
		if !valid[i] {
			continue
		}
		var mended bool
		if cells[i], mended = b.cell(b.columns[i].Kind, r.Cells[i]); mended {
			flags = append(slices.Clone(flags), ingest.FlagUTF8)
		}
	}
	when := min(max(r.Time, minTime), maxTime)
	if when != r.Time {
		flags = append(slices.Clone(flags), ingest.FlagTimeRange)
	}
	b.rows = append(b.rows, batchRow{
		id: r.ID, time: when, position: r.Position, segment: int32(len(b.segments) - 1),
		untimed: slices.Contains(flags, ingest.FlagNoTime),
		topic:   validText(r.Topic), source: validText(r.Source), tenant: validText(r.Tenant), flags: joinFlags(flags),
	})
	b.segments[len(b.segments)-1].to = len(b.rows)
}

// cell encodes one valid cell, and copies its text.
func (b *batch) cell(kind ingest.Kind, c ingest.Cell) (value uint64, mended bool) {
	switch kind {
	case ingest.Text, ingest.UUID:
		p := c.B
		if kind == ingest.Text && !utf8.Valid(p) {
			p, mended = bytes.ToValidUTF8(p, []byte("\uFFFD")), true
		}
		at := len(b.text)
		b.text = append(b.text, p...)
		return uint64(at)<<32 | uint64(len(p)), mended
	case ingest.Double:
		return math.Float64bits(c.F), false
	default:
		return uint64(c.N), false
	}
}

// bytes returns the text of a valid cell.
func (b *batch) bytes(row int32, column int) []byte {
	c := b.cells[int(row)*len(b.columns)+column]
	at := c >> 32
	return b.text[at : at+c&math.MaxUint32]
}

// same reports whether two rows have the same content: everything but where
// they came from.
func (b *batch) same(x, y int32) bool {
	p, q := &b.rows[x], &b.rows[y]
	if p.time != q.time && !(p.untimed && q.untimed) || p.topic != q.topic {
		return false
	}
	n := len(b.columns)
	for i, c := range b.columns {
		ix, iy := int(x)*n+i, int(y)*n+i
		switch {
		case c.Derived:
		case b.valid[ix] != b.valid[iy]:
			return false
		case !b.valid[ix]:
		case c.Kind == ingest.Text || c.Kind == ingest.UUID:
			if !bytes.Equal(b.bytes(x, i), b.bytes(y, i)) {
				return false
			}
		case b.cells[ix] != b.cells[iy]:
			return false
		}
	}
	return true
}

func validText(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

// joinFlags returns the distinct flags, each between spaces: " deep no-time ".
func joinFlags(flags []string) string {
	if len(flags) == 0 {
		return ""
	}
	sorted := slices.Clone(flags)
	slices.Sort(sorted)
	return " " + validText(strings.Join(slices.Compact(sorted), " ")) + " "
}
