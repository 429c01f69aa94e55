package ingest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"tocsin/diag"
)

// From an object to a decoder: open, unpack, recognise.

// Options say how an object is read.
type Options struct {
	Logstore *Logstore      // the one that the user named; nil: by content
	Now      time.Time      // load time, for records without one; it also bounds what times are plausible
	Zone     *time.Location // of times without an offset (Prowler writes local time); nil: UTC
	Source   string         // __source__ of its records, unless they may say it themselves
	Tenant   string         // __tenant__
	Columns  *ColumnMap     // of a scanner's own CSV or JSON, tried before all formats; nil: DefaultColumns, tried last
	Limits   Limits
	First    int64 // number of the first record, when the object is a piece of another one

	lines bool // Object.Lines
}

// Opened is an object that was recognised. It is a Decoder; whoever opened it
// closes it. A record of it is no longer valid afterwards.
type Opened struct {
	Decoder
	Format   *Format
	Logstore *Logstore
	closer   io.Closer
	body     *unpacker
	window   *window
}

// Close closes the object.
func (o *Opened) Close() error {
	if o.body == nil {
		return nil // it is closed: its buffers may be another object's
	}
	o.window.release()
	o.body.release()
	o.body = nil
	return o.closer.Close()
}

// NoFormat is the error of an object that no decoder takes.
type NoFormat struct {
	Why    string   // what is wrong with the whole; "" when it is only that none fits
	Tried  []Tried  // formats, and why each does not fit; the map of a user first
	Fields []string // of Tried: the names of the first record, or of the header
	Named  bool     // Tried are those of the logstore that was named
}

// Tried is one format that does not fit.
type Tried struct{ Format, Why string }

// namedFields bounds the fields that Error names, and fieldChars each of them.
const namedFields, fieldChars = 5, 40

// Error is one line: what the object begins with, and what the map of a user misses
// in it, which it quotes cleaned.
func (e *NoFormat) Error() string {
	const begin = "no known format: "
	if e.Why != "" {
		return begin + e.Why
	}
	var names []string
	for _, name := range e.Fields[:min(len(e.Fields), namedFields)] {
		if r := []rune(name); len(r) > fieldChars {
			name = string(r[:fieldChars]) + "…"
		}
		names = append(names, diag.Line(name))
	}
	if more := len(e.Fields) - namedFields; more > 0 {
		names = append(names, fmt.Sprintf("%d more", more))
	}
	text := "none of " + strconv.Itoa(len(e.Tried)) + " formats has the fields " + strings.Join(names, ", ")
	var why []string
	for i, t := range e.Tried {
		switch {
		case i == 0 && t.Format == mappedFormat:
			why = append(why, t.Why) // the map of a user
		case e.Named, !strings.HasPrefix(t.Why, "it has no ") && !strings.HasPrefix(t.Why, "its header has "): // it knows the object
			why = append(why, t.Format+": "+t.Why)
		}
	}
	return begin + strings.Join(append(why, text), "; ")
}

// NoRecords is the error of an object that is known, and known to hold no
// records: it is skipped, which is no fault.
type NoRecords struct{ What string }

// Error names what the object is.
func (e *NoRecords) Error() string { return "it holds no records: it is " + e.What }

// Decode opens an object, unpacks it, and recognises its format by its content.
// It fails with a *NoFormat when there is none, with a *NoRecords, with a
// *LimitError, or with what opening and reading returned.
func Decode(obj Object, o Options) (*Opened, error) {
	raw, err := obj.Open()
	if err != nil {
		return nil, err
	}
	o.lines = obj.Lines
	opened, err := decode(raw, obj.Name, o)
	if err != nil {
		return nil, closing(raw, err)
	}
	opened.closer = raw
	return opened, nil
}

func decode(raw io.Reader, name string, o Options) (*Opened, error) {
	body, err := unpack(raw, o.Limits.withDefaults(), !o.lines)
	if err != nil {
		return nil, err
	}
	w := newWindow(body)
	opened, err := decodeWindow(w, name, o)
	if err != nil {
		w.release()
		body.release()
		return nil, err
	}
	opened.body = body
	return opened, nil
}

func decodeWindow(w *window, name string, o Options) (*Opened, error) {
	w.atLeast(windowSize)
	if err := w.failure(); err != nil {
		return nil, err
	}
	columns := o.Columns
	if columns == nil {
		columns = DefaultColumns()
	}
	f, table, store, err := recognise(w.unread(), o, columns)
	if err != nil {
		return nil, err
	}
	in := input{
		framer: framer{win: w, wraps: f.wraps, limits: o.Limits.withDefaults(), table: table, pos: o.First}, clock: newClock(o.Now, o.Zone),
		logstore: store, object: name, source: o.Source, tenant: o.Tenant, columns: columns,
	}
	return &Opened{Decoder: f.open(in), Format: f, Logstore: store, window: w}, nil
}

// recognise finds the format of an object by its first bytes, and of CSV what
// finds its rows.
func recognise(head []byte, o Options, columns *ColumnMap) (*Format, *table, *Logstore, error) {
	if why := unlikeText(head, o.lines); why != "" {
		return nil, nil, nil, &NoFormat{Why: why}
	}
	named := o.Logstore
	if named != nil && !slices.ContainsFunc(builtin(), func(l *Logstore) bool { return l.Name == named.Name }) {
		return jsonLines(), nil, named, nil
	}
	candidates := formats()
	if o.Columns != nil { // the map of a user knows better than we do
		i := slices.IndexFunc(candidates, func(f *Format) bool { return f.Name == mappedFormat })
		candidates = slices.Concat(candidates[i:i+1], candidates[:i], candidates[i+1:])
	}
	if named != nil && named.Name == "audit" {
		candidates = append(candidates, otherAudit())
	}
	found, table, err := detect(head, candidates, columns)
	var none *NoFormat
	if errors.As(err, &none) && named != nil {
		none.Tried = slices.DeleteFunc(none.Tried, func(t Tried) bool {
			return !slices.ContainsFunc(candidates, func(f *Format) bool { return f.Name == t.Format && f.Logstore == named.Name })
		})
		none.Named = true
	}
	if err != nil {
		return nil, nil, nil, err
	}
	if named != nil && named.Name != found.Logstore {
		why := fmt.Sprintf("it is %s, which belongs to logstore %s, not %s", found.Name, found.Logstore, named.Name)
		return nil, nil, nil, &NoFormat{Why: why}
	}
	for _, l := range builtin() {
		if l.Name == found.Logstore {
			return found, table, l, nil
		}
	}
	return nil, nil, nil, fmt.Errorf("format %s: no logstore %s", found.Name, found.Logstore)
}

// unlikeText says why an object can hold neither JSON nor CSV, or "". Of lines only
// the first is like nothing then.
func unlikeText(head []byte, lines bool) string {
	i := space(head, 0)
	switch {
	case len(head) == 0:
		return "it is empty"
	case i == len(head):
		return "it is blank"
	case lines:
		return ""
	case len(head) > 1 && head[0] == 0x1f && head[1] == 0x8b:
		return "it is packed more than once; one layer is unpacked"
	case head[0] == 0:
		return "it begins with zeros"
	case len(head) > 262 && string(head[257:262]) == "ustar":
		return "it is a tar archive: unpack it, and load what is in it"
	case len(head) > 1 && (head[0] == 0xff && head[1] == 0xfe || head[0] == 0xfe && head[1] == 0xff):
		return "it is UTF-16, not UTF-8"
	}
	for _, p := range [...]struct{ magic, what string }{
		{"PK\x03\x04", "a zip archive"},
		{"7z\xbc\xaf", "a 7z archive"},
		{"\x28\xb5\x2f\xfd", "packed with zstd"},
		{"BZh", "packed with bzip2"},
		{"\xfd7zXZ", "packed with xz"},
	} {
		if bytes.HasPrefix(head, []byte(p.magic)) {
			return "it is " + p.what + ": unpack it, and load what is in it"
		}
	}
	return ""
}
