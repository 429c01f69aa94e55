// Texts for the functions that DuckDB calls: letters as Presto counts them.

package query

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// whiteSpace is what trim takes away: what Java takes for white space, so not
// the spaces that forbid a line break.
func whiteSpace(r rune) bool {
	return r >= '\t' && r <= '\r' || r >= 0x1C && r <= 0x20 || unicode.In(r, unicode.Z) && r != 0xA0 && r != 0x2007 && r != 0x202F
}

// reversed is a text from behind, letter by letter; DuckDB's own reverse keeps
// letters with their accents together.
func reversed(s string) string {
	out := make([]byte, len(s))
	at := len(s)
	for i := 0; i < len(s); {
		_, n := utf8.DecodeRuneInString(s[i:])
		at -= n
		copy(out[at:], s[i:i+n])
		i += n
	}
	return string(out)
}

// substr is at most n letters from letter start, counted from 1, or from the end
// when negative; a start outside of the text gives an empty one.
func substr(s string, start, n int64) string {
	size := int64(utf8.RuneCountInString(s))
	if start < 0 {
		start += size + 1
	}
	if start <= 0 || start > size || n <= 0 {
		return ""
	}
	s = s[letterAt(s, start-1):]
	return s[:letterAt(s, n)]
}

// letterAt is where letter n of s begins, counted from 0.
func letterAt(s string, n int64) int {
	for i := range s {
		if n == 0 {
			return i
		}
		n--
	}
	return len(s)
}

// doubleText is a double as Presto writes it: 1.0, 0.5, 1.0E10.
func doubleText(f float64) string {
	mantissa, exponent, ok := strings.Cut(strconv.FormatFloat(f, 'E', -1, 64), "E")
	if !ok { // NaN, +Inf
		return strings.NewReplacer("+Inf", "Infinity", "-Inf", "-Infinity").Replace(mantissa)
	}
	if !strings.Contains(mantissa, ".") { // two digits at least, as near as they can be
		two := strconv.FormatFloat(f, 'E', 1, 64)
		if g, err := strconv.ParseFloat(two, 64); err == nil && g == f {
			mantissa, exponent, _ = strings.Cut(two, "E")
		} else {
			mantissa += ".0"
		}
	}
	e, err := strconv.Atoi(exponent)
	if err != nil {
		return mantissa
	}
	if f == 0 || e >= -3 && e < 7 {
		text := strconv.FormatFloat(f, 'f', -1, 64)
		if !strings.Contains(text, ".") {
			text += ".0"
		}
		return text
	}
	return mantissa + "E" + strconv.Itoa(e)
}

// validText replaces what is no UTF-8 as Java does: one mark for the longest
// beginning of a letter, else one for each byte.
func validText(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 {
			n = begun(s[i:])
			b.WriteRune(utf8.RuneError)
		} else {
			b.WriteString(s[i : i+n])
		}
		i += n
	}
	return b.String()
}

// begun is how many bytes of an incomplete letter stand at the start of s, at
// least 1.
func begun(s string) int {
	low, high, size := byte(0x80), byte(0xBF), 1
	switch c := s[0]; {
	case c >= 0xC2 && c <= 0xDF:
		size = 2
	case c == 0xE0:
		size, low = 3, 0xA0
	case c >= 0xE1 && c <= 0xEF: // half of a surrogate pair is one letter
		size = 3
	case c == 0xF0:
		size, low = 4, 0x90
	case c >= 0xF1 && c <= 0xF3:
		size = 4
	case c == 0xF4:
		size, high = 4, 0x8F
	}
	n := 1
	for n < size && n < len(s) && s[n] >= low && s[n] <= high {
		n++
		low, high = 0x80, 0xBF
	}
	return n
}

func readPattern(pattern string) *regexp.Regexp {
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil // the planner has refused it
	}
	return re
}

// regexpGroups are the texts of a group in the first n matches, or in all when n
// is negative; one alone when n is 1. A group that took no part is NULL, which
// DuckDB's functions do not tell from an empty one.
func regexpGroups(s string, re *regexp.Regexp, group, n int) any {
	if re == nil || group > re.NumSubexp() {
		return nil
	}
	out := []any{}
	for _, m := range re.FindAllStringSubmatchIndex(s, n) {
		var v any
		if m[2*group] >= 0 {
			v = s[m[2*group]:m[2*group+1]]
		}
		if n == 1 {
			return v
		}
		out = append(out, v)
	}
	if n == 1 {
		return nil
	}
	return out
}
