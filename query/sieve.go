// Which plans find nothing among records, told without asking an engine.

package query

import (
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// A Sieve knows which values some fields of records have. Most rules look for what
// seldom happens, and a rule whose field does not have the value anywhere has no
// rows. What it says of a plan holds for the records that it was made of; it may be
// asked by several goroutines at once.
type Sieve struct {
	records int
	times   []int64 // microseconds; none: no record has one, or they are not known
	seqs    []int64
	fields  map[sieveField]*sieveValues

	mu    sync.Mutex
	found map[*need][]int32 // the records that a plan may find
}

// A need is a condition that a record has to meet for a plan to have rows.
type need struct{ pred }

// A sieveField is a column, or what is below a path of one that holds JSON.
type sieveField struct{ column, path string }

// sieveValues are the values of a field, without their case: record rows[i] has the
// value ids[i]. The value 0 stands for texts that are not ASCII, of which nothing is
// known. A record without a value is not among them.
type sieveValues struct {
	rows, ids []int32
	texts     []string // by id
	known     map[string]int32
	written   map[string]int32 // as the records have them
}

// minPaths is how many readings have to ask for what is below a path for it to be
// looked up in every record.
const minPaths = 8

// NewSieve makes one of records for readings of their table; value gives what a record
// has in a column, as it is in the table.
func NewSieve(readings []Reading, columns []string, records int, value func(record, column int) any) *Sieve {
	s := &Sieve{records: records, fields: map[sieveField]*sieveValues{}, found: map[*need][]int32{}}
	asked := map[sieveField]int{}
	paths := map[sieveField][]string{}
	for _, r := range readings {
		if r.need == nil {
			continue
		}
		eachTold(r.need.pred, func(l *leaf) {
			asked[l.sieved()]++
			paths[l.sieved()] = l.path
		})
	}
	for f, n := range asked {
		column := slices.Index(columns, f.column)
		if column < 0 || f.path != "" && n < minPaths {
			continue
		}
		if v := readValues(paths[f], records, func(i int) any { return value(i, column) }); v != nil {
			s.fields[f] = v
		}
	}
	if i := slices.Index(columns, timeColumn); i >= 0 {
		s.times = numbersOfEach(records, func(record int) (int64, bool) {
			t, ok := value(record, i).(time.Time)
			return t.UnixMicro(), ok
		})
	}
	if i := slices.Index(columns, seqColumn); i >= 0 {
		s.seqs = numbersOfEach(records, func(record int) (int64, bool) {
			n, ok := value(record, i).(int64)
			return n, ok
		})
	}
	return s
}

// Barren reports that a plan with this reading has no rows over w. When it does not,
// it may have some.
func (s *Sieve) Barren(r Reading, w Window) bool {
	if r.need == nil {
		return false
	}
	s.mu.Lock()
	found, asked := s.found[r.need]
	if !asked {
		found = s.find(r.need.pred)
		s.found[r.need] = found
	}
	s.mu.Unlock()
	return found != nil && !slices.ContainsFunc(found, func(i int32) bool { return s.within(int(i), w) })
}

// maxFound is how many records are remembered for a plan: one that may find more
// finds something in most windows.
const maxFound = 4096

// find lists the records that may meet p; nil: that is not known, or they are many.
func (s *Sieve) find(p pred) []int32 {
	may := s.may(p)
	if may == nil {
		return nil
	}
	found := []int32{}
	for i := range s.records {
		if !may.has(i) {
			continue
		}
		if len(found) == maxFound {
			return nil
		}
		found = append(found, int32(i))
	}
	return found
}

// within reports whether w may bound a record.
func (s *Sieve) within(i int, w Window) bool {
	if s.times != nil {
		if t := s.times[i]; !w.From.IsZero() && t < w.From.UnixMicro() || !w.To.IsZero() && t >= w.To.UnixMicro() {
			return false
		}
	}
	if s.seqs != nil {
		return s.seqs[i] > w.AfterSeq && (w.UpToSeq <= 0 || s.seqs[i] <= w.UpToSeq)
	}
	return true
}

// may is a set of records, outside of which none meets p; nil: nothing is known.
func (s *Sieve) may(p pred) bitset {
	switch p := p.(type) {
	case *leaf:
		if v := s.fields[p.sieved()]; v != nil && p.told() {
			return v.may(p, s.records)
		}
	case *predAnd:
		var all bitset
		for _, x := range p.xs {
			if one := s.may(x); all == nil {
				all = one
			} else if one != nil {
				all.and(one)
			}
		}
		return all
	case *predOr:
		some := newBitset(s.records)
		for _, x := range p.xs {
			one := s.may(x)
			if one == nil {
				return nil
			}
			some.or(one)
		}
		return some
	}
	return nil
}

// may is the set of records whose values a leaf may accept.
func (v *sieveValues) may(l *leaf, records int) bitset {
	set := newBitset(records)
	want := make([]bool, len(v.texts))
	want[0] = true
	switch l.op {
	case leafEqual:
		for _, t := range l.texts {
			if id, has := v.known[strings.ToLower(t)]; has {
				want[id] = true
			}
		}
	case leafGlob:
		parts := lowered(l.parts)
		for id, t := range v.texts {
			want[id] = want[id] || globMatch(t, parts)
		}
	case leafExists:
		for id := range want {
			want[id] = true
		}
	}
	for i, row := range v.rows {
		if want[v.ids[i]] {
			set.add(int(row))
		}
	}
	return set
}

// told reports whether a sieve can tell of a leaf: it compares texts as a whole, and
// the letters of the constants have one lower case.
func (l *leaf) told() bool {
	if l.deep || l.t != JSON && l.t != Text || (l.t == JSON) != (len(l.path) > 0) {
		return false
	}
	switch l.op {
	case leafEqual:
		return !slices.ContainsFunc(l.texts, beyondASCII)
	case leafGlob:
		return !slices.ContainsFunc(l.parts, func(g Glob) bool { return beyondASCII(g.Text) })
	case leafExists:
		return true
	}
	return false
}

// sieved is the field that a leaf tests, as the DuckDB dialect reads it.
func (l *leaf) sieved() sieveField {
	return sieveField{DuckDB().kept(l.column, l.kept), strings.Join(l.path, "\x00")}
}

// beyondASCII reports whether a text is more than ASCII.
func beyondASCII(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf })
}

// eachTold calls visit for the leaves of p that a sieve may tell of.
func eachTold(p pred, visit func(*leaf)) {
	switch p := p.(type) {
	case *leaf:
		if p.told() {
			visit(p)
		}
	case *predAnd:
		for _, x := range p.xs {
			eachTold(x, visit)
		}
	case *predOr:
		for _, x := range p.xs {
			eachTold(x, visit)
		}
	}
}

// readValues collects the values of a field; nil: one of them is no text.
func readValues(path []string, records int, value func(record int) any) *sieveValues {
	v := &sieveValues{texts: []string{""}, known: map[string]int32{}, written: map[string]int32{}}
	for i := range records {
		switch text := value(i).(type) {
		case nil:
		case string:
			if len(path) == 0 {
				v.add(i, text)
				continue
			}
			below(text, path, 0, func(raw string) bool {
				v.add(i, plain(raw))
				return true
			})
		default:
			return nil
		}
	}
	v.written = nil
	return v
}

func (v *sieveValues) add(record int, text string) {
	id, has := v.written[text]
	if !has {
		if !beyondASCII(text) {
			low := strings.ToLower(text)
			if id, has = v.known[low]; !has {
				id = int32(len(v.texts))
				low = strings.Clone(low) // and not what it is a part of
				v.known[low], v.texts = id, append(v.texts, low)
			}
		}
		v.written[text] = id
	}
	v.rows, v.ids = append(v.rows, int32(record)), append(v.ids, id)
}

// numbersOfEach is a number of each record; nil: one has none.
func numbersOfEach(records int, of func(record int) (int64, bool)) []int64 {
	numbers := make([]int64, records)
	for i := range numbers {
		n, ok := of(i)
		if !ok {
			return nil
		}
		numbers[i] = n
	}
	return numbers
}

// A bitset is a set of small numbers.
type bitset []uint64

func newBitset(n int) bitset { return make(bitset, n/64+1) }

func (b bitset) add(i int)      { b[i/64] |= 1 << (i % 64) }
func (b bitset) has(i int) bool { return b[i/64]>>(i%64)&1 == 1 }

func (b bitset) and(c bitset) {
	for i := range b {
		b[i] &= c[i]
	}
}

func (b bitset) or(c bitset) {
	for i := range b {
		b[i] |= c[i]
	}
}

// needOf is what a record has to meet for s to have rows, beside what the search
// says: what its innermost WHERE says of texts.
func needOf(s *selection, search pred) *need {
	for {
		from, ok := s.from.(*named)
		if !ok {
			return &need{search}
		}
		inner, ok := from.rows.(*selection)
		if !ok {
			return &need{&predAnd{append([]pred{search}, needs(s.where, from.id)...)}}
		}
		s = inner
	}
}

// needs are conditions that follow from where, over the columns of a relation.
func needs(where value, rel int) []pred {
	equal := func(x value, items ...value) []pred {
		c, ok := x.(*column)
		if !ok || c.rel != rel || c.t != Text || c.path {
			return nil
		}
		l := &leaf{column: c.name, kept: c.kept, t: Text, op: leafEqual}
		for _, item := range items {
			text, ok := constText(item)
			if !ok {
				return nil
			}
			l.texts = append(l.texts, text)
		}
		return []pred{l}
	}
	switch v := where.(type) {
	case *logic:
		if v.or {
			return nil
		}
		var all []pred
		for _, x := range v.xs {
			all = append(all, needs(x, rel)...)
		}
		return all
	case *membership:
		return equal(v.x, v.items...)
	case *call:
		if v.fn == string(OpEq) {
			return append(equal(v.args[0], v.args[1]), equal(v.args[1], v.args[0])...)
		}
	}
	return nil
}
