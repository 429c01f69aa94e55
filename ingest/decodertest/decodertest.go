// Package decodertest is the suite that every format passes. A new format gives
// it a Case, and gets held to the contract of ingest.Decoder: positions,
// identities, types of cells, what happens to broken records, to packed,
// trickling, failing and truncated objects.
package decodertest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"
	"testing/iotest"
	"time"
	"unicode/utf8"

	"github.com/klauspost/compress/gzip"

	"tocsin/ingest"
)

// A Case is an object of one format.
type Case struct {
	Name     string
	Data     []byte            // as it lies in a file, not packed
	Logstore *ingest.Logstore  // a declared one, to be named; nil: by content
	Format   string            // what it must be recognised as
	Records  int               // records that must come out
	Broken   int               // broken records that must come out
	Columns  *ingest.ColumnMap // of the source; nil: the default
	Loose    bool              // what is left of a record that is cut off may look like a whole one: CSV
}

// Now is the load time in the suite.
var Now = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// Run holds a Case to the contract.
func Run(t *testing.T, c Case) {
	t.Helper()
	t.Run(c.Name, func(t *testing.T) {
		t.Parallel()
		want := c.read(t, plain)
		if want.format != c.Format {
			t.Errorf("format %s, not %s", want.format, c.Format)
		}
		if want.err != nil || len(want.records) != c.Records || want.broken != c.Broken {
			t.Fatalf("%d records, %d broken, error %v; not %d and %d", len(want.records), want.broken, want.err, c.Records, c.Broken)
		}
		if n := len(want.positions); n != c.Records+c.Broken {
			t.Errorf("%d positions", n)
		}
		for i, p := range want.positions {
			if p != int64(i) {
				t.Errorf("position %d in place %d", p, i)
			}
		}
		for name, open := range map[string]opener{"again": plain, "one byte at a time": trickle, "gzip": packed, "byte order mark": marked} {
			if got := c.read(t, open); !slices.Equal(got.records, want.records) || got.broken != want.broken || got.err != nil {
				t.Errorf("%s: %d records, %d broken, error %v, other than plain", name, len(got.records), got.broken, got.err)
			}
		}
		c.failing(t)
		c.truncated(t, want)
	})
}

// opener is a way in which an object may come.
type opener func(data []byte) (io.Reader, error)

func plain(data []byte) (io.Reader, error)   { return bytes.NewReader(data), nil }
func trickle(data []byte) (io.Reader, error) { return iotest.OneByteReader(bytes.NewReader(data)), nil }

func marked(data []byte) (io.Reader, error) {
	return bytes.NewReader(append([]byte("\xef\xbb\xbf"), data...)), nil
}

func packed(data []byte) (io.Reader, error) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(data); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return &b, nil
}

// result is what came out of an object. A record is all of it, as text.
type result struct {
	format    string
	records   []string
	positions []int64
	broken    int
	err       error
}

func (c Case) read(t *testing.T, open opener) (res result) {
	t.Helper()
	r, err := open(c.Data)
	if err != nil {
		t.Fatal(err)
	}
	return c.readFrom(t, r)
}

func (c Case) readFrom(t *testing.T, r io.Reader) (res result) {
	t.Helper()
	obj := ingest.Object{Name: c.Name, Open: func() (io.ReadCloser, error) { return io.NopCloser(r), nil }}
	o, err := ingest.Decode(obj, ingest.Options{Now: Now, Logstore: c.Logstore, Source: "suite", Columns: c.Columns})
	if err != nil {
		return result{err: err}
	}
	defer func() {
		if err := o.Close(); err != nil {
			t.Error(err)
		}
	}()
	res.format = o.Format.Name
	var rec ingest.Record
	for {
		var b *ingest.Broken
		switch err := o.Next(&rec); {
		case errors.Is(err, io.EOF):
			if err := o.Next(&rec); !errors.Is(err, io.EOF) {
				t.Errorf("behind the end: %v", err)
			}
			return res
		case errors.As(err, &b):
			res.broken++
			res.positions = append(res.positions, b.Position)
			checkBroken(t, b, c.Data)
		case err != nil:
			res.err = err
			return res
		default:
			res.positions = append(res.positions, rec.Position)
			res.records = append(res.records, checkRecord(t, o.Logstore, &rec))
		}
	}
}

func checkBroken(t *testing.T, b *ingest.Broken, data []byte) {
	t.Helper()
	if b.Reason == "" || b.Error() == "" || len(b.Raw) > 64<<10 {
		t.Errorf("broken record %d: reason %q, %d bytes kept", b.Position, b.Reason, len(b.Raw))
	}
	if b.Offset < 0 || b.Offset > int64(len(data)) || b.Line < 0 || b.Line > int64(bytes.Count(data, []byte{'\n'}))+1 {
		t.Errorf("broken record %d: line %d, byte %d", b.Position, b.Line, b.Offset)
	}
}

// checkRecord holds a record to its logstore, and returns all of it as text.
func checkRecord(t *testing.T, l *ingest.Logstore, r *ingest.Record) string {
	t.Helper()
	if len(r.Cells) != len(l.Columns) {
		t.Fatalf("%d cells for %d columns", len(r.Cells), len(l.Columns))
	}
	if r.ID == [16]byte{} || r.Topic == "" {
		t.Errorf("record %d: id %x, topic %q", r.Position, r.ID, r.Topic)
	}
	for i, c := range l.Columns {
		cell := r.Cells[i]
		switch {
		case !cell.Valid:
		case c.Kind == ingest.Text && !utf8.Valid(cell.B):
			t.Errorf("record %d: %s is no UTF-8", r.Position, c.Name)
		case c.Kind == ingest.UUID && len(cell.B) != 16:
			t.Errorf("record %d: %s has %d bytes", r.Position, c.Name, len(cell.B))
		case c.Kind == ingest.Boolean && cell.N != 0 && cell.N != 1:
			t.Errorf("record %d: %s is %d", r.Position, c.Name, cell.N)
		}
	}
	for _, f := range l.Fields {
		i := slices.IndexFunc(l.Columns, func(c ingest.Column) bool { return c.Name == f.Column })
		if i >= 0 && f.Open && r.Cells[i].Valid && !json.Valid(r.Cells[i].B) {
			t.Errorf("record %d: %s is no JSON: %.100s", r.Position, f.Name, r.Cells[i].B)
		}
	}
	return fmt.Sprintf("%+v", *r)
}

// failing: an error of the source ends the object with that error, wherever it comes.
func (c Case) failing(t *testing.T) {
	t.Helper()
	cause := errors.New("the disk is gone")
	for n := 0; n < len(c.Data); n += 1 + len(c.Data)/7 {
		got := c.readFrom(t, io.MultiReader(bytes.NewReader(c.Data[:n]), iotest.ErrReader(cause)))
		if !errors.Is(got.err, cause) {
			t.Errorf("source fails after %d bytes: %v", n, got.err)
		}
	}
}

// truncated: what comes out of a beginning of the object is a beginning of what
// comes out of all of it, and then at most one broken record more.
func (c Case) truncated(t *testing.T, want result) {
	t.Helper()
	for n := 1; n < len(c.Data); n += 1 + len(c.Data)/23 {
		got := c.readFrom(t, bytes.NewReader(c.Data[:n]))
		var none *ingest.NoFormat
		if got.err != nil && !errors.As(got.err, &none) {
			t.Errorf("cut at byte %d: %v", n, got.err)
		}
		if c.Loose && len(got.records) > 0 {
			got.records = got.records[:len(got.records)-1]
		}
		if len(got.records) > len(want.records) || !slices.Equal(got.records, want.records[:len(got.records)]) || got.broken > want.broken+2 {
			t.Errorf("cut at byte %d: %d records, %d broken, other than the beginning", n, len(got.records), got.broken)
		}
	}
}
