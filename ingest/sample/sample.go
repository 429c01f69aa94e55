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
	"time"

	"github.com/klauspost/compress/gzip"
)

// Options say what to generate.
type Options struct {
	Seed     uint64
	Events   int       // CloudTrail records beside the planted ones; 0: 5,000
	Checks   int       // Security Center checks beside the planted ones; 0: 200; negative: no checks at all
	Findings int       // Security Hub findings; 0: 60; negative: none
	Now      time.Time // required unless To is set
	From, To time.Time // range of event times; default: the day before Now
	Plain    bool      // no gzip
	Quiet    bool      // nothing planted
}

// A Manifest says what was written.
type Manifest struct {
	Files     int
	Bytes     int64          // packed
	Records   map[string]int // by logstore
	Incidents []Incident
}

// An Incident is something that was planted.
type Incident struct {
	Kind     string // "root-login", "trail-stopped", "login-without-mfa", "failed-logins", "open-security-group", "cspm-not-passed"
	Logstore string
	What     string    // one sentence
	At       time.Time // of its first record
	Account  string
	Region   string
	Actor    string // "" where there is none
	Records  int
	Query    string // in the language of rules: finds these records, and no others
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
	o.From, o.To = o.From.UTC(), o.To.UTC()
	return o, nil
}

// Write writes the logs below dir, which it makes. Files that are there already
// under the same names are replaced.
func Write(dir string, o Options) (Manifest, error) {
	o, err := o.withDefaults()
	if err != nil {
		return Manifest{}, err
	}
	w := &writer{dir: dir, plain: o.Plain, m: Manifest{Records: map[string]int{}}}
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

// file writes one file; name is relative, without the ending of gzip.
func (w *writer) file(name string, data []byte) error {
	path := filepath.Join(w.dir, filepath.FromSlash(name))
	if !w.plain {
		path += ".gz"
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
	return os.WriteFile(path, data, 0o644)
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
