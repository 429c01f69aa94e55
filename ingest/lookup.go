package ingest

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Lookup tables: small tables of a user that queries join, from CSV.

// Bounds of a lookup table.
const (
	MaxLookupBytes   = 64 << 20
	MaxLookupRows    = 100_000
	maxLookupColumns = 200
	maxLookupName    = 200 // bytes of the name of a column
)

// A Lookup is a table with a name and named columns. Its rows stay in the form
// of the file, and are read again each time.
type Lookup struct {
	Name    string
	Columns []LookupColumn
	Rows    int64
	Hash    string // of the content and of the types of the columns

	src []byte
}

// A LookupColumn is one column. Every value is a text as it is written, unless
// the column is declared otherwise: an account id keeps its zeros.
type LookupColumn struct {
	Name string
	Type FieldType // TextField, IntegerField, DoubleField, BooleanField or TimeField
}

// LookupTypeNames returns what a user may declare a column to be.
func LookupTypeNames() []string { return []string{"text", "integer", "double", "boolean", "time"} }

var lookupTypes = map[string]FieldType{
	"text": TextField, "integer": IntegerField, "double": DoubleField, "boolean": BooleanField, "time": TimeField,
}

// ParseLookup reads CSV as RFC 4180 has it: commas, a first line with the names
// of the columns, "…" around a value with a comma, a quote ("") or a line break
// in it. A byte order mark is skipped. An empty value is an empty text, and NULL
// in a column of another type. types declares columns that are no texts.
//
// The errors, at most ten, are each one sentence that begins with the line;
// they are for whoever knows the file's name. With errors in the rows the Lookup
// has its columns all the same, so that queries can be checked; else it is nil.
func ParseLookup(name string, src []byte, types map[string]string) (*Lookup, []error) {
	l := &Lookup{Name: name, src: bytes.TrimPrefix(src, []byte("\ufeff"))}
	if !validName(name) {
		return nil, []error{fmt.Errorf("the name of a table is [a-z0-9][a-z0-9._-]{0,63}, not %q", name)}
	}
	header, err := l.reader().Read()
	if errors.Is(err, io.EOF) {
		return nil, []error{errors.New("the file is empty: its first line has the names of the columns")}
	}
	if err != nil {
		return nil, []error{csvError(err)}
	}
	var errs []error
	if l.Columns, errs = lookupColumns(header, types); len(errs) > 0 {
		return nil, errs
	}
	l.Hash = l.hash()
	return l, l.check()
}

// maxLookupErrors is how many mistakes of one file are reported.
const maxLookupErrors = 10

func (l *Lookup) reader() *csv.Reader {
	r := csv.NewReader(bytes.NewReader(l.src))
	r.ReuseRecord = true
	return r
}

// csvError says what is wrong with a line in words of ours.
func csvError(err error) error {
	var p *csv.ParseError
	if !errors.As(err, &p) {
		return err
	}
	switch {
	case errors.Is(p.Err, csv.ErrFieldCount):
		return fmt.Errorf("line %d: not as many values as the first line has names", p.StartLine)
	case errors.Is(p.Err, csv.ErrQuote):
		return fmt.Errorf("line %d: a value in quotes does not end where it should: a quote inside of it is written twice", p.StartLine)
	}
	return fmt.Errorf("line %d, column %d: a quote in the middle of a value: write the value in quotes and the quote twice", p.Line, p.Column)
}

// lookupColumns reads the first line.
func lookupColumns(header []string, types map[string]string) ([]LookupColumn, []error) {
	if len(header) > maxLookupColumns {
		return nil, []error{fmt.Errorf("line 1: %d columns; a table has at most %d", len(header), maxLookupColumns)}
	}
	var columns []LookupColumn
	var errs []error
	seen := map[string]bool{}
	for i, name := range header {
		name = strings.Clone(strings.TrimSpace(name))
		switch {
		case name == "":
			errs = append(errs, fmt.Errorf("line 1: column %d has no name", i+1))
		case seen[name]:
			errs = append(errs, fmt.Errorf("line 1: two columns are named %q", name))
		case strings.HasPrefix(name, "@") || strings.HasPrefix(name, "__"):
			errs = append(errs, fmt.Errorf("line 1: column %q: names that begin with @ or __ are ours", name))
		case len(name) > maxLookupName || !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f }):
			errs = append(errs, fmt.Errorf("line 1: column %d: a name is one line of UTF-8, at most %d bytes", i+1, maxLookupName))
		}
		seen[name] = true
		columns = append(columns, LookupColumn{Name: name, Type: lookupTypes[types[name]]})
	}
	for _, name := range slices.Sorted(maps.Keys(types)) {
		if _, ok := lookupTypes[types[name]]; !ok {
			errs = append(errs, fmt.Errorf("column %q: there is no type %q (%s)", name, types[name], strings.Join(LookupTypeNames(), ", ")))
		} else if !seen[name] {
			errs = append(errs, fmt.Errorf("the types name a column %q, which the first line does not have", name))
		}
	}
	if len(errs) > maxLookupErrors {
		errs = errs[:maxLookupErrors]
	}
	return columns, errs
}

// check reads every row, and counts.
func (l *Lookup) check() []error {
	var errs []error
	r := l.reader()
	row := make([]any, len(l.Columns))
	for first := true; len(errs) < maxLookupErrors; first = false {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			errs = append(errs, csvError(err))
			if errors.Is(err, csv.ErrFieldCount) {
				continue
			}
			break // where a quote is open, nothing behind it can be read
		}
		if first {
			continue
		}
		line, _ := r.FieldPos(0)
		if l.Rows++; l.Rows > MaxLookupRows {
			return append(errs, fmt.Errorf("line %d: more than %d rows; load it as a logstore", line, MaxLookupRows))
		}
		if err := l.values(record, row); err != nil {
			errs = append(errs, fmt.Errorf("line %d: %w", line, err))
		}
	}
	return errs
}

// values reads the values of one row into out.
func (l *Lookup) values(record []string, out []any) error {
	for i, text := range record {
		v, ok := lookupValue(text, l.Columns[i].Type)
		if !ok {
			return fmt.Errorf("the value of %q is no %s", l.Columns[i].Name, lookupTypeName(l.Columns[i].Type))
		}
		out[i] = v
	}
	return nil
}

func lookupTypeName(t FieldType) string {
	for _, name := range LookupTypeNames() {
		if lookupTypes[name] == t && t != TextField {
			return name
		}
	}
	return "text in UTF-8"
}

// lookupValue reads one value: string, int64, float64, bool, time.Time, or nil
// for NULL.
func lookupValue(text string, t FieldType) (v any, ok bool) {
	if t == TextField {
		return text, utf8.ValidString(text) && !strings.Contains(text, "\x00")
	}
	text = strings.TrimSpace(text)
	if text == "" {
		return nil, true
	}
	switch t {
	case IntegerField:
		n, err := strconv.ParseInt(text, 10, 64)
		return n, err == nil
	case DoubleField:
		f, err := strconv.ParseFloat(text, 64)
		return f, err == nil && !math.IsNaN(f) && !math.IsInf(f, 0)
	case BooleanField:
		return strings.EqualFold(text, "true"), strings.EqualFold(text, "true") || strings.EqualFold(text, "false")
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC(), true
		}
	}
	return nil, false
}

func (l *Lookup) hash() string {
	h := sha256.New()
	for _, c := range l.Columns {
		fmt.Fprintf(h, "%q %d\n", c.Name, c.Type)
	}
	h.Write(l.src)
	return hex.EncodeToString(h.Sum(nil))
}

// Each calls do with the values of each row in the order of the file, until it
// returns an error: string, int64, float64, bool, time.Time, or nil for NULL.
// The slice is used again for the next row.
func (l *Lookup) Each(do func(row []any) error) error {
	r := l.reader()
	row := make([]any, len(l.Columns))
	for first := true; ; first = false {
		record, err := r.Read()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return csvError(err)
		case first:
			continue
		}
		if err := l.values(record, row); err != nil {
			return err
		}
		if err := do(row); err != nil {
			return err
		}
	}
}
