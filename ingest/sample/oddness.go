package sample

import (
	"math/rand/v2"
	"time"
)

// What goes wrong on request: records told twice, late, or broken.

// oddness decides which records it happens to. Its numbers are a stream of its
// own, so that the records are the same with and without it.
type oddness struct {
	rng     *rand.Rand
	options Options
}

func newOddness(o Options, number uint64) *oddness {
	return &oddness{rng: source(o.Seed, 100+number), options: o}
}

// maxAgain bounds the records that a file repeats.
const maxAgain = 1000

func (o *oddness) happens(share float64) bool { return share > 0 && o.rng.Float64() < share }

func (o *oddness) duplicate() bool { return o.happens(o.options.Duplicates) }

func (o *oddness) broken() bool { return o.happens(o.options.Broken) }

// Lateness of a late record.
const (
	leastLate = 30 * time.Minute
	mostLate  = 12 * time.Hour
)

// late moves the time of a record back by up to half a day, not before from;
// false: there is no room, or it is not one of them.
func (o *oddness) late(from time.Time, at *time.Time) bool {
	if !o.happens(o.options.Late) {
		return false
	}
	if o.options.Follow {
		from = from.Add(-mostLate)
	}
	room := min(at.Sub(from), mostLate)
	if room <= leastLate {
		return false
	}
	*at = at.Add(-leastLate - time.Duration(o.rng.Float64()*float64(room-leastLate)))
	return true
}

// A sheet is a file that is being filled with rows.
type sheet struct {
	head, sep string // before the first row, and before each other
	data      []byte
	rows      int
	marks     []Oddity
	again     [][]byte // records that the next file repeats
}

// next begins a row, and returns where it begins.
func (s *sheet) next() int {
	if s.rows == 0 {
		s.data = append(s.data[:0], s.head...)
	} else {
		s.data = append(s.data, s.sep...)
	}
	s.rows++
	return len(s.data)
}

// repeat begins a file with the records that are told again.
func (s *sheet) repeat(c *FormatCount) {
	for _, row := range s.again {
		s.marks = append(s.marks, Oddity{Kind: "duplicate", Record: s.rows})
		s.next()
		s.data = append(s.data, row...)
		c.Duplicates++
	}
	s.again = s.again[:0]
}

// spoil does what is to go wrong with the row that begins at from and is complete:
// it will come twice, or a broken one stands behind it.
func (s *sheet) spoil(from int, o *oddness, c *FormatCount, broken func(b []byte, i int) []byte) {
	if o.duplicate() && len(s.again) < maxAgain {
		s.again = append(s.again, append([]byte(nil), s.data[from:]...))
	}
	if o.broken() {
		s.marks = append(s.marks, Oddity{Kind: "broken", Record: s.rows})
		s.next()
		s.data = broken(s.data, c.Broken)
		c.Broken++
	}
}

// maxNoted bounds the lists in a manifest.
const maxNoted = 1000

// plant notes an incident.
func (m *Manifest) plant(i Incident) {
	if len(m.Incidents) >= maxNoted {
		m.MoreIncidents++
		return
	}
	m.Incidents = append(m.Incidents, i)
}

// note lists what went wrong in a file.
func (w *writer) note(format, file string, marks []Oddity) {
	m := &w.m
	for _, o := range marks {
		if len(m.Oddities) >= maxNoted {
			m.MoreOddities++
			continue
		}
		o.Format, o.File = format, w.ending(file)
		m.Oddities = append(m.Oddities, o)
	}
}
