// Text that is not ours, made fit to be shown.

package diag

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/bidi"
)

// Clean makes text that is not ours fit for a terminal, a log line or the text
// part of a mail (G02): control characters but tab and line feed, bidirectional
// controls, zero-width, tag and line-separator characters are shown as \u202e,
// invalid UTF-8 as \xff. Text without any of these is returned unchanged.
// A value with a right-to-left letter also needs Isolate.
func Clean(s string) string {
	if !strings.ContainsFunc(s, hidden) && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case hidden(r) && r > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, r)
		case hidden(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteString(s[i : i+n])
		}
		i += n
	}
	return b.String()
}

// Line is Clean for places that hold one line (a table cell, a header, a
// subject): tab and line feed are shown as a space, and runs of them as one.
func Line(s string) string {
	if strings.ContainsAny(s, "\t\n\r") {
		s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '\t' || r == '\n' || r == '\r' }), " ")
	}
	return Clean(s)
}

// Isolate puts text that holds a right-to-left letter (bidi class R, AL or AN)
// between U+2068 and U+2069, so that it cannot reorder what surrounds it. Other
// text is returned unchanged. Use it after Clean, which would show an isolate.
func Isolate(s string) string {
	if !RightToLeft(s) {
		return s
	}
	return "\u2068" + s + "\u2069"
}

// RightToLeft reports whether s holds a letter of bidi class R, AL or AN. A mark
// of these classes that Clean shows as its number is no letter.
func RightToLeft(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool {
		if r < 0x590 || hidden(r) {
			return false
		}
		p, _ := bidi.LookupRune(r)
		c := p.Class()
		return c == bidi.R || c == bidi.AL || c == bidi.AN
	})
}

// hidden reports whether r must not reach a reader as it is.
func hidden(r rune) bool {
	switch {
	case r == '\t' || r == '\n':
		return false
	case r < 0x20 || r >= 0x7f && r <= 0x9f:
		return true
	case r < 0xad:
		return false
	case r == 0xad || r == 0x034f || r == 0x061c || r == 0x115f || r == 0x1160 || r == 0x17b4 || r == 0x17b5 || r == 0x3164 || r == 0xffa0:
		return true // soft hyphen, joiners and fillers without a glyph
	case r == 0x2028 || r == 0x2029 || r >= 0xe0000 && r <= 0xe0fff:
		return true
	}
	return unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Noncharacter_Code_Point, r)
}
