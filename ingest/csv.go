package ingest

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Where a record begins and ends in an object of comma-separated values.

// A table makes a framer find the rows of CSV (RFC 4180): a header, then one
// record a row, fields between commas or what else the header has, quotes around
// a field that holds a comma, a quote (twice) or line ends. A row becomes a JSON
// object of texts under the names of the header, so that all behind the framer
// is the same for both. The header may come again, also another one of the
// format, since runs are appended to each other.
//
// A row that is broken costs itself: where it has other than the header's number
// of fields it ends as its quotes say; where quotes do not close, or that number
// is wrong and the row has many lines, the next line that is a row ends it. What
// comes behind that is flagged, since it may have been text in the quotes.
type table struct {
	comma  byte
	header func(names []string) bool // whether a row is a header of the format
	names  []string                  // of the header; none before it
	keys   [][]byte                  // the names as JSON texts, with the colon
	fields []csvField                // of the row that was split last
	why    string                    // why it is none
	doc    []byte                    // scratch: the row as JSON
	doubt  bool                      // quotes did not close before
}

// A csvField is one field of a row, without its quotes.
type csvField struct {
	from, to int
	doubled  bool // quotes in it are written twice
}

// split finds the fields of the row that begins at b[0], and returns the index
// behind its line end, more or bad. final: there is nothing behind b.
func (t *table) split(b []byte, final bool) int {
	t.fields = t.fields[:0]
	for i := 0; ; i++ {
		f, end := t.field(b, i)
		if end < 0 && (end == bad || !final) {
			return end
		}
		if end < 0 {
			t.why = "a quote is not closed"
			return bad
		}
		t.fields = append(t.fields, f)
		switch i = end; {
		case i < len(b) && b[i] == t.comma:
		case i < len(b):
			return i + 1 + bit(b[i] == '\r') // the line end
		case final:
			return i
		default:
			return more
		}
	}
}

// field returns the field that begins at b[i] and the index of what ends it: a
// comma, a line end (the first byte of it), or the end of b.
func (t *table) field(b []byte, i int) (csvField, int) {
	if i >= len(b) || b[i] != '"' {
		f := csvField{from: i}
		for i < len(b) && b[i] != t.comma && b[i] != '\n' {
			i++
		}
		if f.to = i; i > f.from && b[i-1] == '\r' && (i == len(b) || b[i] == '\n') {
			f.to, i = i-1, i-bit(i < len(b))
		}
		return f, i
	}
	f := csvField{from: i + 1}
	for i++; ; i += 2 {
		k := bytes.IndexByte(b[i:], '"')
		if k < 0 {
			return f, more
		}
		if i += k; i+1 == len(b) || b[i+1] != '"' {
			break
		}
		f.doubled = true
	}
	f.to = i
	i++
	switch {
	case i == len(b), b[i] == t.comma, b[i] == '\n':
		return f, i
	case b[i] == '\r' && i+1 == len(b):
		return f, i + 1
	case b[i] == '\r' && b[i+1] == '\n':
		return f, i
	}
	t.why = "something follows a closing quote"
	return f, bad
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// texts are the fields of the row as texts.
func (t *table) texts(b []byte) []string {
	out := make([]string, len(t.fields))
	for i, f := range t.fields {
		out[i] = strings.TrimPrefix(string(t.plain(b, f)), "\ufeff")
	}
	return out
}

// plain is a field without the quotes that are written twice.
func (t *table) plain(b []byte, f csvField) []byte {
	if f.doubled {
		return bytes.ReplaceAll(b[f.from:f.to], []byte(`""`), []byte(`"`))
	}
	return b[f.from:f.to]
}

// begins says whether the row that was split is a header, and takes it as such.
// Where a run died in the middle of a line, the next one's header stands behind
// what there is of that line.
func (t *table) begins(b []byte) bool {
	first := t.fields[0]
	same := len(t.fields) == len(t.names)
	if same && !bytes.HasSuffix(t.plain(b, first), []byte(t.names[0])) {
		return false // what every row is, without a look at all of it
	}
	names := t.texts(b)
	if same && slices.Equal(names[1:], t.names[1:]) {
		return true
	}
	if !t.header(names) {
		return false
	}
	t.names, t.keys = names, make([][]byte, len(names))
	for i, name := range names {
		t.keys[i] = append(appendQuoted(nil, []byte(name)), ':')
	}
	return true
}

// before is what stands before the header that was split, on its line.
func (t *table) before(b []byte) []byte {
	first := bytes.TrimPrefix(t.plain(b, t.fields[0]), []byte("\ufeff"))
	return first[:max(0, len(first)-len(t.names[0]))]
}

// object is the row that was split as a JSON object.
func (t *table) object(b []byte) []byte {
	t.doc = append(t.doc[:0], '{')
	for i, f := range t.fields {
		if i > 0 {
			t.doc = append(t.doc, ',')
		}
		t.doc = appendQuoted(append(t.doc, t.keys[i]...), t.plain(b, f))
	}
	t.doc = append(t.doc, '}')
	return t.doc
}

// row is next for a table.
func (f *framer) row() ([]byte, error) {
	t, w := f.table, f.win
	for {
		if err := f.toRow(); err != nil {
			return nil, err
		}
		n, why := f.measureRow()
		if why != "" {
			return nil, f.toNextRow(why)
		}
		b := w.unread()[:n]
		open := b[n-1] != '\n'
		if err := w.failure(); err != nil && open {
			return nil, err
		}
		if t.begins(b) {
			if cut := t.before(b); len(cut) > 0 {
				broken := f.broken("the row is cut off: the header comes again on its line", cut)
				w.at += n
				return nil, broken
			}
			w.at += n
			continue
		}
		if len(t.fields) != len(t.keys) {
			return nil, f.misfit(n)
		}
		doc := t.object(b)
		w.at += n
		f.size = n
		f.pos++
		f.scan.reset()
		if f.cut(doc) != len(doc) {
			return nil, f.reject(doc, "the row cannot be read")
		}
		if t.doubt {
			f.scan.faults |= faultQuote
		}
		if open {
			f.scan.faults |= faultCut
		}
		return doc, nil
	}
}

// toRow moves over blank lines.
func (f *framer) toRow() error {
	w := f.win
	for {
		b := w.unread()
		i := 0
		for i < len(b) && (b[i] == '\n' || b[i] == '\r') {
			i++
		}
		if w.at += i; i < len(b) {
			return nil
		}
		if w.more() {
			continue
		}
		if err := w.failure(); err != nil {
			return err
		}
		return io.EOF
	}
}

// measureRow splits the row that begins here, reading on as it needs, and
// returns its length with its line end; or what is wrong with it.
func (f *framer) measureRow() (int, string) {
	t, w := f.table, f.win
	for {
		b := w.unread()
		n := t.split(b, w.done != nil)
		switch {
		case n > int(f.limits.Record):
			return 0, f.tooLong()
		case n >= 0:
			return n, ""
		case n == bad:
			return 0, t.why
		case int64(len(b)) > f.limits.Record:
			return 0, f.tooLong()
		}
		w.atLeast(max(2*len(b), lookahead)) // twice as much, so that the scanning stays linear
	}
}

// misfit leaves a row of n bytes that has not as many fields as the header.
func (f *framer) misfit(n int) error {
	t, w := f.table, f.win
	why := fmt.Sprintf("the row has %d fields, the header %d", len(t.fields), len(t.keys))
	if len(t.keys) == 0 {
		why = "there is no header above it"
	}
	b := w.unread()[:n]
	if nl := bytes.IndexByte(b, '\n'); nl >= 0 && nl < n-1 {
		return f.toNextRow(why)
	}
	broken := f.broken(why, b)
	w.at += n
	return broken
}

// toNextRow leaves a row that has no certain end: the next line that is a row
// begins the next record.
func (f *framer) toNextRow(why string) error {
	t, w := f.table, f.win
	b := f.broken(why, nil)
	t.doubt = true
	for {
		b.Raw = f.toLineEnd(b.Raw)
		w.atLeast(2)
		if len(w.unread()) == 0 {
			return f.orFailure(b)
		}
		w.at++
		if len(w.unread()) == 0 {
			return f.orFailure(b)
		}
		if _, why := f.measureRow(); why == "" && (len(t.fields) == len(t.keys) || t.header(t.texts(w.unread()))) {
			return b
		}
		b.Raw = keep(b.Raw, []byte{'\n'})
	}
}

// csvCommas are what may stand between fields.
const csvCommas = ";,\t|"

// detectTable finds the format of which the first line is a header; or says, if
// that line looks like a header at all, why each format does not fit.
func detectTable(head []byte, candidates []*Format, columns *ColumnMap) (*Format, *table, NoFormat) {
	head = bytes.TrimLeft(head, "\r\n")
	var none NoFormat
	for _, comma := range []byte(csvCommas) {
		t := &table{comma: comma}
		if n := t.split(head, true); n < 0 || len(t.fields) < 2 {
			continue
		}
		names := t.texts(head)
		for _, f := range candidates {
			if f.header == nil {
				continue
			}
			why := f.header(header{names, columns})
			if why == "" {
				t.header = func(names []string) bool { return f.header(header{names, columns}) == "" }
				return f, t, none
			}
			if len(names) > 2 {
				none.Tried, none.Fields = append(none.Tried, Tried{f.Name, why}), names
			}
		}
	}
	return nil, nil, none
}

// A header is the first line of a table.
type header struct {
	names   []string
	columns *ColumnMap
}

func (h header) has(name string) bool { return slices.Contains(h.names, name) }
