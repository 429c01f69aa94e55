package alertrules

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Where the bytes of a text lie in its YAML file, so that a caret in a query
// stands under the character that is wrong, whatever the way it was written.

type textStyle int

const (
	stylePlain  textStyle = iota // plain, literal or folded: lines are joined, indentation is cut
	styleSingle                  // '…'
	styleDouble                  // "…" with escapes
)

// align walks text and source side by side from offset at and returns the
// offset of each byte of text, and of its end. White space may differ (folding,
// indentation); where anything else does, the rest is placed at the end of what
// was matched.
func align(text, src string, at int, style textStyle) []int {
	places := make([]int, 0, len(text)+1)
	if style != stylePlain {
		at = min(at+1, len(src))
	}
	for i := 0; i < len(text); {
		n, took := step(text[i:], src[at:], style)
		if n == 0 {
			break
		}
		start := at + skipped(text[i], src[at:], style)
		for range n {
			places = append(places, start)
		}
		if took == 1 && n == 1 {
			places[len(places)-1] = start
		}
		i += n
		at += took
	}
	for len(places) <= len(text) {
		places = append(places, at)
	}
	return places
}

// step matches the next piece of text with the next piece of src: n bytes of
// text are written as the next took bytes of src; n is 0 when they do not match.
func step(text, src string, style textStyle) (n, took int) {
	skip := skipped(text[0], src, style)
	rest := src[skip:]
	escaped := style == styleDouble && strings.HasPrefix(rest, "\\") && !strings.HasPrefix(rest, "\\\n")
	switch {
	case escaped:
		n, took = escape(text, rest)
		return n, skip + took
	case isSpace(text[0]) && (rest == "" || rest[0] != text[0]):
		return 1, skip + len(rest) - len(strings.TrimLeft(rest, " \t\r\n"))
	case rest == "":
		return 0, 0
	case style == styleSingle && strings.HasPrefix(rest, "''") && text[0] == '\'':
		return 1, skip + 2
	case rest[0] == text[0]:
		return 1, skip + 1
	}
	return 0, 0
}

// skipped counts the white space of src that is not part of the text: what
// stands before c where c is no white space or another one.
func skipped(c byte, src string, style textStyle) int {
	if src == "" || src[0] == c {
		return 0
	}
	if c == '\n' { // a blank line of the source may hold spaces
		if trimmed := strings.TrimLeft(src, " \t\r"); strings.HasPrefix(trimmed, "\n") {
			return len(src) - len(trimmed)
		}
		return 0
	}
	if isSpace(c) {
		return 0
	}
	n := len(src) - len(strings.TrimLeft(src, " \t\r\n"))
	if style == styleDouble && strings.HasPrefix(src[n:], "\\\n") { // a line that is continued
		n += 2
		n += len(src[n:]) - len(strings.TrimLeft(src[n:], " \t"))
	}
	return n
}

// escape matches one escape of a double-quoted text.
func escape(text, src string) (n, took int) {
	if len(src) < 2 {
		return 0, 0
	}
	width := map[byte]int{'x': 2, 'u': 4, 'U': 8}[src[1]]
	if width == 0 {
		_, size := utf8.DecodeRuneInString(text)
		return size, 2
	}
	if len(src) < 2+width {
		return 0, 0
	}
	if _, err := strconv.ParseUint(src[2:2+width], 16, 32); err != nil {
		return 0, 0
	}
	_, size := utf8.DecodeRuneInString(text)
	return size, 2 + width
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }
