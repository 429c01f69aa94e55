package ingest

import (
	"bytes"
	"unicode/utf8"
)

// Records with faults that can be mended.

// mend appends to dst a record that scanner found valid but for faults, with
// these taken away: bytes that are no UTF-8 and halves of surrogate pairs become
// U+FFFD, raw control characters become escapes, numbers beyond a double become
// texts. An overlong form never becomes the character it hides.
func mend(dst, raw []byte) []byte {
	if !utf8.Valid(raw) {
		raw = bytes.ToValidUTF8(raw, []byte("\uFFFD"))
	}
	for i := 0; i < len(raw); {
		switch c := raw[i]; {
		case c == '"':
			dst, i = mendText(append(dst, c), raw, i+1)
		case c == '-' || c >= '0' && c <= '9':
			dst, i = mendNumber(dst, raw, i)
		default:
			dst = append(dst, c)
			i++
		}
	}
	return dst
}

func mendText(dst, raw []byte, i int) ([]byte, int) {
	for i < len(raw) {
		switch c := raw[i]; {
		case c == '"':
			return append(dst, c), i + 1
		case c < ' ':
			dst = appendControl(dst, c)
			i++
		case c == '\\' && i+1 < len(raw) && raw[i+1] == 'u':
			n, lone := surrogate(raw, i)
			if lone {
				dst = append(dst, `\ufffd`...)
			} else {
				dst = append(dst, raw[i:min(i+n, len(raw))]...)
			}
			i += n
		case c == '\\' && i+1 < len(raw):
			dst = append(dst, c, raw[i+1])
			i += 2
		default:
			dst = append(dst, c)
			i++
		}
	}
	return dst, i
}

// surrogate says how long the escape at raw[i] is, with its second half, and
// whether it is half of a pair.
func surrogate(raw []byte, i int) (n int, lone bool) {
	u, _ := hex4(raw, i+2)
	if u < 0xD800 || u > 0xDFFF {
		return 6, false
	}
	if u < 0xDC00 && i+8 <= len(raw) && raw[i+6] == '\\' && raw[i+7] == 'u' {
		if low, n := hex4(raw, i+8); n == 4 && low >= 0xDC00 && low <= 0xDFFF {
			return 12, false
		}
	}
	return 6, true
}

func mendNumber(dst, raw []byte, i int) ([]byte, int) {
	end, exponent := i, false
	for end < len(raw) && numeral(raw[end]) {
		exponent = exponent || raw[end] == 'e' || raw[end] == 'E'
		end++
	}
	if !exponent || !infinite(raw[i:end]) {
		return append(dst, raw[i:end]...), end
	}
	dst = append(dst, '"')
	dst = append(dst, raw[i:end]...)
	return append(dst, '"'), end
}

func numeral(c byte) bool {
	return c >= '0' && c <= '9' || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E'
}

// appendControl appends a control character as an escape.
func appendControl(dst []byte, c byte) []byte {
	const hex = "0123456789abcdef"
	return append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
}

// appendQuoted appends valid UTF-8 as a JSON text.
func appendQuoted(dst, text []byte) []byte {
	dst = append(dst, '"')
	for _, c := range text {
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c < ' ':
			dst = appendControl(dst, c)
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}

// appendUnescaped appends what a JSON text means; raw is valid, without quotes.
func appendUnescaped(dst, raw []byte) []byte {
	for i := 0; i < len(raw); {
		k := bytes.IndexByte(raw[i:], '\\')
		if k < 0 || i+k+1 >= len(raw) {
			return append(dst, raw[i:]...)
		}
		dst = append(dst, raw[i:i+k]...)
		i += k
		if raw[i+1] == 'u' {
			var r rune
			r, i = unescapeUnicode(raw, i)
			dst = utf8.AppendRune(dst, r)
			continue
		}
		dst = append(dst, unescaped(raw[i+1]))
		i += 2
	}
	return dst
}

func unescapeUnicode(raw []byte, i int) (rune, int) {
	n, lone := surrogate(raw, i)
	u, _ := hex4(raw, i+2)
	if lone {
		return utf8.RuneError, i + n
	}
	if n == 12 {
		low, _ := hex4(raw, i+8)
		return rune(0x10000 + (u-0xD800)<<10 + (low - 0xDC00)), i + n
	}
	return rune(u), i + n
}

func unescaped(c byte) byte {
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c
}
