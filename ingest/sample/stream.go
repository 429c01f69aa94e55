package sample

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// Formats whose files are a list of rows: lines, JSON lists, CSV. Files are
// bounded, so that a stream of any length needs the memory of one file.

// Bounds of one file.
const (
	fileRows  = 5000
	fileBytes = 8 << 20
)

// A shape is a format that can be written.
type shape struct {
	name, logstore  string
	head, sep, tail string                               // of a file
	path            func(at time.Time, n int) string     // of a file whose last record is of that time, and its number
	row             func(b []byte, f *facts) []byte      // appends one record
	broken          func(b []byte, i int) []byte         // appends a row that is set aside as one; i counts them
	planted         func(at time.Time) (Incident, facts) // what is planted: how it is told, and the facts of its one record
	scan            bool                                 // a file is one scan: all of its records have its time
}

// facts are what a row is made from.
type facts struct {
	rng     *rand.Rand
	at      time.Time
	n       int  // number of the record in its stream, from 0
	planted bool // it is the planted one
}

// stream writes the files of a shape.
type stream struct {
	*writer
	shape
	odd     *oddness
	counts  *FormatCount
	rng     *rand.Rand
	plant   []facts // planted records that are still to come
	sheet   sheet
	n       int // records so far
	last    time.Time
	started time.Time // time of the first record in the file
}

func newStream(w *writer, o Options, s shape, number uint64) *stream {
	return &stream{writer: w, shape: s, odd: newOddness(o, number), counts: w.format(s.name, s.logstore), rng: source(o.Seed, 20+number), sheet: sheet{head: s.head, sep: s.sep}}
}

// incident plants what the shape has to plant, at a moment.
func (s *stream) incident(at time.Time) {
	i, f := s.planted(at)
	i.Logstore, i.At, i.Records = s.logstore, at, 1
	f.at, f.planted, f.rng = at, true, s.rng
	s.plant = append(s.plant, f)
	s.m.plant(i)
}

// fill implements generator.
func (s *stream) fill(n int, from, to time.Time) error {
	span := to.Sub(from)
	for i := range n {
		at := from.Add(time.Duration(float64(span) * (float64(i) + s.rng.Float64()) / float64(n)))
		for len(s.plant) > 0 && s.plant[0].at.Before(at) {
			if err := s.add(s.plant[0]); err != nil {
				return err
			}
			s.plant = s.plant[1:]
		}
		f := facts{rng: s.rng, at: at}
		if !s.scan && s.odd.late(from, &f.at) {
			s.counts.Late++
			s.sheet.marks = append(s.sheet.marks, Oddity{Kind: "late", Record: s.sheet.rows})
		}
		if err := s.add(f); err != nil {
			return err
		}
	}
	return nil
}

// finish implements generator.
func (s *stream) finish() error {
	for _, f := range s.plant {
		if err := s.add(f); err != nil {
			return err
		}
	}
	s.plant = nil
	if err := s.flush(); err != nil || len(s.sheet.again) == 0 {
		return err
	}
	s.sheet.repeat(s.counts)
	return s.flush()
}

// add writes a record, and what is to go wrong with it.
func (s *stream) add(f facts) error {
	if s.sheet.rows == 0 {
		s.started = f.at
		s.sheet.repeat(s.counts)
	}
	if s.scan {
		f.at = s.started
	}
	f.n = s.n
	s.n++
	from := s.sheet.next()
	s.sheet.data = s.row(s.sheet.data, &f)
	s.last = f.at
	s.counts.Records++
	s.m.Records[s.logstore]++
	s.sheet.spoil(from, s.odd, s.counts, s.broken)
	if s.sheet.rows >= fileRows || len(s.sheet.data) > fileBytes {
		return s.flush()
	}
	return nil
}

// flush writes the file.
func (s *stream) flush() error {
	if s.sheet.rows == 0 {
		return nil
	}
	name := s.path(s.last, s.counts.Files)
	s.note(s.name, name, s.sheet.marks)
	s.counts.Files++
	s.sheet.rows, s.sheet.marks = 0, s.sheet.marks[:0]
	return s.file(name, append(s.sheet.data, s.tail...))
}

// inFolder names the files of a shape: a folder a day, and the moment.
func inFolder(folder, ending string) func(time.Time, int) string {
	return func(at time.Time, n int) string {
		return fmt.Sprintf("%s/%s/%s-%04d%s", folder, at.Format("2006/01/02"), at.Format("150405"), n, ending)
	}
}

// brokenJSON is an element of a list that is none: as a value, as a word, and as
// a record.
func brokenJSON(b []byte, i int) []byte {
	return append(b, [...]string{`{"broken":tru}`, `null`, `{"broken":01}`}[i%3]...)
}

// brokenLine is a line that was cut off.
func brokenLine(b []byte, i int) []byte {
	return append(b, [...]string{`{"broken":"no en`, `{"broken":{"a":1`, `}{`}[i%3]...)
}
