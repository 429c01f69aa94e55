package ingest

import (
	"fmt"
	"io"
	"unicode/utf8"
)

// Where a record begins and ends in an object.

// place is where in an object a framer stands.
type place int

const (
	atTop  place = iota // between documents
	inList              // inside of a list of records
	inTail              // behind the list of an envelope
)

const (
	rawKept   = 64 << 10 // bytes of a broken record that are kept
	lookahead = 64 << 10 // bytes of a document that decide whether it ends with its line
)

// A framer finds the records in an object of JSON documents: one record a line,
// arrays, envelopes with a list, any of these one after the other; or the rows
// of CSV (table). It goes on behind what is broken:
//
//   - where a document is one line, its records end with the line;
//   - elsewhere a broken record ends where its brackets close (a line end closes
//     a text), or where another begins in the first column as it did itself.
type framer struct {
	win    *window
	wraps  []string           // keys of envelopes whose list holds the records; "a.b" is b in the object a
	limits Limits             // complete
	cut    func(b []byte) int // index behind the record that begins at b[0]; more, bad
	scan   *scanner           // what cut scans with
	place  place              // where win.at is
	wrap   string             // key of the envelope that the list is in, or ""
	byLine bool               // the document ends with its line
	docs   int                // documents begun
	rows   string             // key of an envelope whose records are lists, not objects
	behind bool               // the list of the first document lies behind other keys of its envelope
	header []byte             // of the envelope: all up to the bracket that opens its list
	failed int                // how far a broken record was scanned
	size   int                // length of the record as it stands
	pos    int64              // records and broken records so far
	mended []byte             // scratch
	odd    fault              // what was mended in the record
	found  func(wrap string)  // told of each envelope, if set
	table  *table             // set: the object is CSV
}

// record returns the next record as valid JSON without faults, for which cut
// ran last. It is valid until the next call.
func (f *framer) record() ([]byte, error) {
	raw, err := f.next()
	if err != nil {
		return nil, err
	}
	f.odd = f.scan.faults
	if !utf8.Valid(raw) {
		f.odd |= faultUTF8
	}
	if f.odd == 0 {
		return raw, nil
	}
	f.mended = mend(f.mended[:0], raw)
	f.scan.reset()
	if n := f.cut(f.mended); n != len(f.mended) {
		return nil, f.reject(raw, "it cannot be mended")
	}
	return f.mended, nil
}

// next returns the next record as it stands; win.at is behind it.
func (f *framer) next() ([]byte, error) {
	if f.table != nil {
		return f.row()
	}
	for {
		c, err := f.peek()
		if err != nil {
			return nil, err
		}
		var raw []byte
		switch f.place {
		case inTail:
			err = f.tail()
		case inList:
			raw, err = f.element(c)
		default:
			raw, err = f.top(c)
		}
		if raw != nil || err != nil {
			return raw, err
		}
	}
}

// peek moves to the next byte that is not white space. A list that its line or
// the object does not close is a broken record.
func (f *framer) peek() (byte, error) {
	w := f.win
	for {
		b := w.unread()
		i := space(b, 0)
		if f.byLine && f.place != atTop {
			if nl := w.newline(); nl >= 0 && nl < i {
				w.at += nl
				f.place = atTop
				return 0, f.broken("the list is not closed on its line", nil)
			}
		}
		if w.at += i; i < len(b) {
			return b[i], nil
		}
		if w.more() {
			continue
		}
		if err := w.failure(); err != nil {
			return 0, err
		}
		if f.place != atTop {
			f.place = atTop
			return 0, f.broken("the list is not closed: the object was cut off", nil)
		}
		return 0, io.EOF
	}
}

// top reads at the start of a document.
func (f *framer) top(c byte) ([]byte, error) {
	w := f.win
	switch c {
	case '{':
		f.begin()
		if n, key := envelope(w.unread(), f.wraps, f.docs == 1 || f.behind); n > 0 {
			if f.docs == 1 {
				shallow, _ := envelope(w.unread(), f.wraps, false)
				f.behind = shallow == 0
			}
			f.enter(n, key)
			return nil, nil
		}
		return f.object()
	case '[':
		f.begin()
		f.enter(1, "")
		return nil, nil
	case ',', ']':
		if f.docs > 0 && !f.byLine { // a report that was appended to another
			w.at++
			return nil, nil
		}
	}
	return nil, f.garbage()
}

// begin decides how far the document goes that begins here.
func (f *framer) begin() {
	w := f.win
	w.atLeast(lookahead)
	b, nl := w.unread(), w.newline()
	if b = b[:min(len(b), lookahead)]; nl >= len(b) {
		nl = -1
	}
	f.byLine = endsWithLine(b, nl, f.docs > 0 && f.byLine, f.wraps)
	f.docs++
}

func (f *framer) enter(n int, key string) {
	f.header = append(f.header[:0], f.win.unread()[:n]...)
	f.win.at += n
	f.place, f.wrap = inList, key
	if f.found != nil {
		f.found(key)
	}
}

// element reads inside of a list.
func (f *framer) element(c byte) ([]byte, error) {
	switch c {
	case ',':
		f.win.at++
		return nil, nil
	case ']':
		f.win.at++
		f.place = atTop
		if f.wrap != "" {
			f.place = inTail
		}
		return nil, nil
	case '{':
		return f.object()
	case '[':
		if f.wrap != "" && f.wrap == f.rows {
			return f.object()
		}
	}
	n, fault := f.measure(f.stray)
	if fault != "" {
		return nil, f.resync(fault)
	}
	raw := f.win.unread()[:n]
	f.win.at += n
	return nil, f.brokenBefore(n, "a record is an object, this is "+kindOf(c), raw)
}

// stray measures an element that is no object.
func (f *framer) stray(b []byte) int { return f.scan.value(b, 0, 0) }

func kindOf(c byte) string {
	switch c {
	case '[':
		return "a list"
	case '"':
		return "a text"
	case 'n':
		return "null"
	case 't', 'f':
		return "true or false"
	}
	return "a number"
}

// object reads a record.
func (f *framer) object() ([]byte, error) {
	n, fault := f.measure(f.cut)
	if fault == "" && f.place == atTop && f.byLine {
		n, fault = f.alone(n)
	}
	if fault != "" {
		return nil, f.resync(fault)
	}
	raw := f.win.unread()[:n]
	f.win.at += n
	f.size = n
	f.pos++
	return raw, nil
}

// measure returns the length of what cut finds, reading on as it needs; or what
// is wrong with it, and then f.failed is how far it was scanned.
func (f *framer) measure(cut func([]byte) int) (int, string) {
	w := f.win
	for {
		b, final := w.unread(), w.done != nil
		if f.byLine {
			if nl := w.newline(); nl >= 0 {
				b, final = b[:nl], true
			}
		}
		f.scan.reset()
		n := cut(b)
		f.failed = len(b)
		switch {
		case n > int(f.limits.Record):
			return 0, f.tooLong()
		case n >= 0:
			return n, ""
		case n == bad:
			f.failed = f.scan.at
			return 0, fmt.Sprintf("no JSON at byte %d: %s", w.offset()+int64(f.scan.at), f.scan.why)
		case int64(len(b)) > f.limits.Record:
			return 0, f.tooLong()
		case final:
			return 0, "the record has no end"
		}
		w.atLeast(max(2*len(b), lookahead)) // twice as much, so that the scanning stays linear
	}
}

func (f *framer) tooLong() string {
	return fmt.Sprintf("the record is longer than %d bytes (limits.record)", f.limits.Record)
}

// alone sees to it that nothing but another document follows on a record's line.
func (f *framer) alone(n int) (int, string) {
	w := f.win
	for {
		b := w.unread()
		i := n
		for i < len(b) && (b[i] == ' ' || b[i] == '\t' || b[i] == '\r') {
			i++
		}
		if i < len(b) {
			if c := b[i]; c != '\n' && c != '{' && c != '[' {
				return 0, "something follows the record on its line"
			}
			return n, ""
		}
		if !w.more() {
			return n, ""
		}
		f.scan.reset()
		n = f.cut(w.unread()) // what it keeps pointed into the window
	}
}

// broken makes a broken record that begins here.
func (f *framer) broken(reason string, raw []byte) *Broken {
	b := &Broken{Position: f.pos, Line: f.win.line(), Offset: f.win.offset(), Reason: reason}
	b.Raw = append(b.Raw, raw[:min(len(raw), rawKept)]...)
	f.pos++
	return b
}

// brokenBefore makes a broken record that began n bytes before this point.
func (f *framer) brokenBefore(n int, reason string, raw []byte) *Broken {
	f.win.at -= n
	b := f.broken(reason, raw)
	f.win.at += n
	return b
}

// reject turns the record that was returned last into a broken one.
func (f *framer) reject(raw []byte, reason string) *Broken {
	f.pos--
	if f.table != nil {
		raw = f.win.buf[f.win.at-f.size : f.win.at]
	}
	return f.brokenBefore(f.size, reason, raw)
}
