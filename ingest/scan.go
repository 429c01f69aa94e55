package ingest

import (
	"encoding/binary"
	"math"
	"math/bits"
	"strconv"
)

// A walk over JSON that finds where values end, and decodes nothing.

// What the scanning methods return instead of an index.
const (
	more = -1 // the bytes end before the value does
	bad  = -2 // no JSON; scanner.why says why
)

// fault is what is odd about a record that can be mended.
type fault uint8

const (
	faultUTF8      fault = 1 << iota // bytes that are no UTF-8
	faultControl                     // raw control characters in a text
	faultSurrogate                   // half of a surrogate pair
	faultNumber                      // a number beyond a double
	faultQuote                       // CSV: found behind quotes that do not close
	faultCut                         // CSV: the last row has no line end
)

// A scanner walks over JSON strictly (RFC 8259), except that it takes raw
// control characters other than line feeds in texts, which it notes as a fault.
// It decodes nothing, allocates nothing, and does not recurse, so nesting costs
// one bit of memory for each level.
type scanner struct {
	faults  fault
	escaped bool // the last text held a backslash
	keys    int  // keys seen
	deepest int  // deepest nesting seen
	kinds   []uint64
	at      int    // where it went wrong
	why     string // what went wrong
}

func (s *scanner) reset() {
	s.faults, s.escaped, s.keys, s.deepest, s.at, s.why = 0, false, 0, 0, 0, ""
}

func (s *scanner) fail(at int, why string) int {
	s.at, s.why = at, why
	return bad
}

func space(b []byte, i int) int {
	for i < len(b) && b[i] <= ' ' && (b[i] == ' ' || b[i] == '\n' || b[i] == '\r' || b[i] == '\t') {
		i++
	}
	return i
}

// value returns the index behind the value that begins at b[i]; depth is the
// nesting around it.
func (s *scanner) value(b []byte, i, depth int) int {
	if i >= len(b) {
		return more
	}
	if b[i] == '{' || b[i] == '[' {
		return s.nested(b, i, depth)
	}
	return s.scalar(b, i)
}

// nested returns the index behind the object or array that begins at b[i].
func (s *scanner) nested(b []byte, i, depth int) int {
	d, fresh := s.push(0, b[i] == '{'), true
	i++
	for {
		if i = space(b, i); i >= len(b) {
			return more
		}
		object := s.kinds[d>>6]&(1<<(d&63)) != 0
		if b[i] == '}' && object || b[i] == ']' && !object {
			s.deepest = max(s.deepest, depth+d)
			i++
			if d--; d == 0 {
				return i
			}
			fresh = false
			continue
		}
		if i = s.toValue(b, i, fresh, object); i < 0 {
			return i
		}
		if b[i] == '{' || b[i] == '[' {
			d, fresh = s.push(d, b[i] == '{'), true
			i++
			continue
		}
		if i = s.scalar(b, i); i < 0 {
			return i
		}
		fresh = false
	}
}

func (s *scanner) push(d int, object bool) int {
	d++
	for d>>6 >= len(s.kinds) {
		s.kinds = append(s.kinds, 0)
	}
	if object {
		s.kinds[d>>6] |= 1 << (d & 63)
	} else {
		s.kinds[d>>6] &^= 1 << (d & 63)
	}
	return d
}

// toValue walks over what stands before a member's value: comma, key, colon.
func (s *scanner) toValue(b []byte, i int, fresh, object bool) int {
	if !fresh {
		if b[i] != ',' {
			return s.fail(i, "a comma or a closing bracket is missing")
		}
		if i = space(b, i+1); i >= len(b) {
			return more
		}
	}
	if !object {
		return i
	}
	if b[i] != '"' {
		return s.fail(i, "a key is missing")
	}
	if i = s.text(b, i+1); i < 0 {
		return i
	}
	s.keys++
	return s.colon(b, i)
}

// colon returns the index of the value behind the colon.
func (s *scanner) colon(b []byte, i int) int {
	if i = space(b, i); i >= len(b) {
		return more
	}
	if b[i] != ':' {
		return s.fail(i, "a colon is missing")
	}
	if i = space(b, i+1); i >= len(b) {
		return more
	}
	return i
}

// scalar returns the index behind a text, a number, or one of the three words.
func (s *scanner) scalar(b []byte, i int) int {
	switch c := b[i]; {
	case c == '"':
		return s.text(b, i+1)
	case c == '-' || c >= '0' && c <= '9':
		return s.number(b, i)
	case c == 't':
		return s.word(b, i, "true")
	case c == 'f':
		return s.word(b, i, "false")
	case c == 'n':
		return s.word(b, i, "null")
	}
	return s.fail(i, "a value is missing")
}

func (s *scanner) word(b []byte, i int, w string) int {
	for k := 0; k < len(w); k++ {
		if i+k >= len(b) {
			return more
		}
		if b[i+k] != w[k] {
			return s.fail(i, "a value is missing")
		}
	}
	return i + len(w)
}

const (
	eachLow   = 0x0101010101010101
	eachHigh  = 0x8080808080808080
	eachQuote = eachLow * '"'
	eachSlash = eachLow * '\\'
	eachBlank = eachLow * ' '
)

// text returns the index behind the closing quote; i is behind the opening one.
// Eight bytes at once: a zero byte in q or e is a quote or a backslash, and a
// byte below a blank borrows.
func (s *scanner) text(b []byte, i int) int {
	s.escaped = false
	for {
		for i+8 <= len(b) {
			w := binary.LittleEndian.Uint64(b[i:])
			q, e := w^eachQuote, w^eachSlash
			m := ((q-eachLow)&^q | (e-eachLow)&^e | (w-eachBlank)&^w) & eachHigh
			if m != 0 {
				i += bits.TrailingZeros64(m) >> 3
				break
			}
			i += 8
		}
		if i >= len(b) {
			return more
		}
		switch c := b[i]; {
		case c == '"':
			return i + 1
		case c == '\\':
			s.escaped = true
			if i = s.escape(b, i+1); i < 0 {
				return i
			}
		case c == '\n':
			return s.fail(i, "a text is not closed on its line")
		case c < ' ':
			s.faults |= faultControl
			i++
		default:
			i++
		}
	}
}

// escape returns the index behind an escape; i is behind its backslash.
func (s *scanner) escape(b []byte, i int) int {
	if i >= len(b) {
		return more
	}
	switch b[i] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 1
	case 'u':
		return s.unicode(b, i+1)
	}
	return s.fail(i, "an escape that JSON does not know")
}

func (s *scanner) unicode(b []byte, i int) int {
	u, n := hex4(b, i)
	if n < 4 {
		if i+n >= len(b) {
			return more
		}
		return s.fail(i, "\\u without four hexadecimal digits")
	}
	i += 4
	if u < 0xD800 || u > 0xDFFF {
		return i
	}
	if u >= 0xDC00 {
		s.faults |= faultSurrogate
		return i
	}
	if i+1 >= len(b) {
		return more
	}
	if b[i] == '\\' && b[i+1] == 'u' {
		low, n := hex4(b, i+2)
		if n < 4 && i+2+n >= len(b) {
			return more
		}
		if n == 4 && low >= 0xDC00 && low <= 0xDFFF {
			return i + 6
		}
	}
	s.faults |= faultSurrogate
	return i
}

// hex4 reads up to four hexadecimal digits and says how many there were.
func hex4(b []byte, i int) (v uint32, n int) {
	for n = 0; n < 4 && i+n < len(b); n++ {
		c := b[i+n]
		switch {
		case c >= '0' && c <= '9':
			v = v<<4 | uint32(c-'0')
		case c >= 'a' && c <= 'f':
			v = v<<4 | uint32(c-'a'+10)
		case c >= 'A' && c <= 'F':
			v = v<<4 | uint32(c-'A'+10)
		default:
			return v, n
		}
	}
	return v, n
}

func (s *scanner) number(b []byte, i int) int {
	start := i
	if b[i] == '-' {
		i++
	}
	zero := i < len(b) && b[i] == '0'
	n := digits(b, i)
	if n == i && n < len(b) || zero && n > i+1 {
		return s.fail(start, "a number as JSON does not write it")
	}
	i = n
	if i < len(b) && b[i] == '.' {
		n = digits(b, i+1)
		if n == i+1 && n < len(b) {
			return s.fail(start, "a number as JSON does not write it")
		}
		i = n
	}
	if i < len(b) && (b[i] == 'e' || b[i] == 'E') {
		if i = s.exponent(b, start, i+1); i < 0 {
			return i
		}
	}
	if i >= len(b) {
		return more
	}
	return i
}

func (s *scanner) exponent(b []byte, start, i int) int {
	if i < len(b) && (b[i] == '+' || b[i] == '-') {
		i++
	}
	n := digits(b, i)
	if n == i && n < len(b) {
		return s.fail(start, "a number as JSON does not write it")
	}
	if n-i > 2 && n < len(b) && infinite(b[start:n]) {
		s.faults |= faultNumber
	}
	return n
}

func digits(b []byte, i int) int {
	for i < len(b) && b[i] >= '0' && b[i] <= '9' {
		i++
	}
	return i
}

// infinite says whether a number with an exponent is beyond a double.
func infinite(num []byte) bool {
	f, _ := strconv.ParseFloat(string(num), 64) // the value on ErrRange is what is asked for
	return math.IsInf(f, 0)
}
