// Package sample generates logs with planted incidents: CloudTrail laid out as
// AWS delivers it, Alibaba Security Center checks as SLS writes them, and
// Security Hub findings. One seed gives the same bytes each time. What was
// planted is returned as a Manifest, so that a demo can say what it expects and
// a test can hold rules against it; nothing else in the logs looks like it.
//
// All names, accounts and addresses are invented: accounts of the
// documentation, and addresses of 192.0.2.0/24, 198.51.100.0/24 and
// 203.0.113.0/24.
package sample

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
)

// Options say what to generate.
type Options struct {
	Seed     uint64
	Formats  []string  // of Formats(); none: CloudTrail, Security Center and Security Hub, as a demo wants them
	Events   int       // records of each of Formats, or of CloudTrail, beside the planted ones; 0: 5,000
	Checks   int       // Security Center checks beside the planted ones; 0: 200; negative: no checks at all; without Formats
	Findings int       // Security Hub findings; 0: 60; negative: none; without Formats
	Now      time.Time // required unless To is set
	From, To time.Time // range of event times; default: the day before Now
	Plain    bool      // no gzip
	Quiet    bool      // nothing planted
	Follow   bool      // it is for Follow: late records may be older than From

	// Shares, from 0 to 1, of the records that come twice, that are half an hour
	// to half a day older than their file (but for scans, whose records are all of
	// one moment), and that a broken one stands behind.
	Duplicates, Late, Broken float64
}

// A Manifest says what was written.
type Manifest struct {
	Seed          uint64         `json:"seed"`
	From          time.Time      `json:"from"`
	To            time.Time      `json:"to"`
	Files         int            `json:"files"`
	Bytes         int64          `json:"bytes"`   // packed
	Records       map[string]int `json:"records"` // by logstore; that many are stored when all is loaded
	Formats       []*FormatCount `json:"formats"`
	Incidents     []Incident     `json:"incidents"` // the first thousand
	MoreIncidents int            `json:"more_incidents,omitempty"`
	Oddities      []Oddity       `json:"oddities,omitempty"`      // the first thousand
	MoreOddities  int            `json:"more_oddities,omitempty"` // those beyond, which only the counts tell of
}

// A FormatCount says what was written in one format.
type FormatCount struct {
	Format     string `json:"format"`
	Logstore   string `json:"logstore"`
	Files      int    `json:"files"`
	Records    int    `json:"records"` // without duplicates and broken ones
	Duplicates int    `json:"duplicates,omitempty"`
	Late       int    `json:"late,omitempty"` // of Records
	Broken     int    `json:"broken,omitempty"`
}

// An Oddity is a record that comes twice, late or broken.
type Oddity struct {
	Kind   string `json:"kind"` // "duplicate", "late" or "broken"
	Format string `json:"format"`
	File   string `json:"file"`   // below the directory
	Record int    `json:"record"` // its number in the file, from 0
}

// An Incident is something that was planted.
type Incident struct {
	Kind     string    `json:"kind"` // "root-login", "trail-stopped", "login-without-mfa", "failed-logins", "open-security-group", "cspm-not-passed", …
	Logstore string    `json:"logstore"`
	What     string    `json:"what"` // one sentence
	At       time.Time `json:"at"`   // of its first record
	Account  string    `json:"account,omitempty"`
	Region   string    `json:"region,omitempty"`
	Actor    string    `json:"actor,omitempty"` // "" where there is none
	Records  int       `json:"records"`
	Query    string    `json:"query"` // in the language of rules: finds these records, and no others, also among those of all formats
}

// withDefaults fills in what was left out.
func (o Options) withDefaults() (Options, error) {
	o.Events, o.Checks, o.Findings = cmp.Or(o.Events, 5000), cmp.Or(o.Checks, 200), cmp.Or(o.Findings, 60)
	if o.To.IsZero() {
		o.To = o.Now
	}
	if o.To.IsZero() {
		return o, errors.New("sample: neither Now nor To is set")
	}
	if o.From.IsZero() {
		o.From = o.To.Add(-24 * time.Hour)
	}
	if !o.From.Before(o.To) {
		return o, fmt.Errorf("sample: the range from %s to %s is empty", o.From.Format(time.RFC3339), o.To.Format(time.RFC3339))
	}
	for _, name := range o.Formats {
		if known := Formats(); !slices.Contains(known, name) {
			return o, fmt.Errorf("sample: there is no format %q; known are %s", name, strings.Join(known, ", "))
		}
	}
	o.From, o.To = o.From.UTC(), o.To.UTC()
	return o, nil
}

// Write writes the logs below dir, which it makes. Files that are there already
// under the same names are replaced. It needs the memory of a few files, however
// much it writes.
func Write(dir string, o Options) (Manifest, error) {
	o, err := o.withDefaults()
	if err != nil {
		return Manifest{}, err
	}
	w := newWriter(dir, o)
	if len(o.Formats) > 0 {
		return w.m, writeFormats(w, o)
	}
	if err := writeCloudTrail(w, o); err != nil {
		return w.m, err
	}
	if o.Checks > 0 {
		if err := writeCSPM(w, o); err != nil {
			return w.m, err
		}
	}
	if o.Findings > 0 {
		if err := writeASFF(w, o); err != nil {
			return w.m, err
		}
	}
	return w.m, nil
}

// writer writes files and keeps the manifest.
type writer struct {
	dir   string
	plain bool
	m     Manifest
	buf   bytes.Buffer
	zip   *gzip.Writer
}

func newWriter(dir string, o Options) *writer {
	return &writer{dir: dir, plain: o.Plain, m: Manifest{Seed: o.Seed, From: o.From, To: o.To, Records: map[string]int{}}}
}

// format counts what is written in a format.
func (w *writer) format(name, logstore string) *FormatCount {
	c := &FormatCount{Format: name, Logstore: logstore}
	w.m.Formats = append(w.m.Formats, c)
	return c
}

// ending adds that of gzip to a name, where files are packed.
func (w *writer) ending(name string) string {
	if w.plain {
		return name
	}
	return name + ".gz"
}

// file writes one file; name is relative, without the ending of gzip.
func (w *writer) file(name string, data []byte) error {
	path := filepath.Join(w.dir, filepath.FromSlash(w.ending(name)))
	if !w.plain {
		packed, err := w.pack(data)
		if err != nil {
			return fmt.Errorf("pack %s: %w", path, err)
		}
		data = packed
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	w.m.Files++
	w.m.Bytes += int64(len(data))
	part := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".part") // hidden until it is whole
	if err := os.WriteFile(part, data, 0o644); err != nil {
		return err
	}
	return os.Rename(part, path)
}

func (w *writer) pack(data []byte) ([]byte, error) {
	w.buf.Reset()
	if w.zip == nil {
		z, err := gzip.NewWriterLevel(&w.buf, gzip.BestSpeed)
		if err != nil {
			return nil, err
		}
		w.zip = z
	}
	w.zip.Reset(&w.buf)
	if _, err := w.zip.Write(data); err != nil {
		return nil, err
	}
	if err := w.zip.Close(); err != nil {
		return nil, err
	}
	return w.buf.Bytes(), nil
}

// source is a stream of random numbers of its own for each kind of log, so that
// one does not change when another does.
func source(seed, kind uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, kind)) }

// before returns the moment that lies a while before the end of the range, or,
// in a short range, the same share of six hours.
func (o Options) before(d time.Duration) time.Time {
	if span := o.To.Sub(o.From); span < 6*time.Hour {
		d = time.Duration(float64(d) / float64(6*time.Hour) * float64(span))
	}
	return o.To.Add(-d).Truncate(time.Second)
}
