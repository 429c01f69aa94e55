// Reading JSON texts for the functions that DuckDB calls. The texts were
// checked when they were stored; here a broken one simply ends early. Nothing
// recurses deeper than maxJSONDepth, nothing is built but what is asked for,
// and of two equal keys of an object the first wins (G11).

package query

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
)

// maxJSONDepth is beyond what is stored (values deeper than 100 are kept as
// text).
const maxJSONDepth = 250

func jsonSpace(s string, i int) int {
	for i < len(s) && (s[i] == ' ' || s[i] == '\n' || s[i] == '\t' || s[i] == '\r') {
		i++
	}
	return i
}

// jsonEnd returns the index behind the value that begins at i.
func jsonEnd(s string, i int) int {
	if i >= len(s) {
		return len(s)
	}
	switch s[i] {
	case '"':
		return stringEnd(s, i)
	case '{', '[':
		return bracketEnd(s, i)
	}
	for i < len(s) && !strings.ContainsRune(",]} \n\t\r:", rune(s[i])) {
		i++
	}
	return i
}

func stringEnd(s string, i int) int {
	for i++; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(s)
}

func bracketEnd(s string, i int) int {
	depth := 0
	for i < len(s) {
		switch s[i] {
		case '"':
			i = stringEnd(s, i)
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
			if depth == 0 {
				return i + 1
			}
		}
		i++
	}
	return len(s)
}

// eachElement calls visit for the elements of the array s until it returns
// false.
func eachElement(s string, visit func(raw string) bool) {
	i := jsonSpace(s, 1)
	for i < len(s) && s[i] != ']' {
		end := jsonEnd(s, i)
		if end == i || !visit(s[i:end]) {
			return
		}
		i = jsonSpace(s, end)
		if i >= len(s) || s[i] != ',' {
			return
		}
		i = jsonSpace(s, i+1)
	}
}

// eachMember calls visit for the members of the object s until it returns
// false. The key is raw, with its quotes.
func eachMember(s string, visit func(key, raw string) bool) {
	i := jsonSpace(s, 1)
	for i < len(s) && s[i] == '"' {
		end := stringEnd(s, i)
		key := s[i:end]
		i = jsonSpace(s, end)
		if i >= len(s) || s[i] != ':' {
			return
		}
		i = jsonSpace(s, i+1)
		end = jsonEnd(s, i)
		if end == i || !visit(key, s[i:end]) {
			return
		}
		i = jsonSpace(s, end)
		if i >= len(s) || s[i] != ',' {
			return
		}
		i = jsonSpace(s, i+1)
	}
}

// member returns the value of a key of the object s; "": it has none.
func member(s, key string) string {
	found := ""
	eachMember(s, func(k, raw string) bool {
		if sameKey(k, key) {
			found = raw
		}
		return found == ""
	})
	return found
}

// element returns the element of the array s with an index; "": it has none.
func element(s string, index int) string {
	found, n := "", 0
	eachElement(s, func(raw string) bool {
		if n == index {
			found = raw
		}
		n++
		return found == ""
	})
	return found
}

// sameKey reports whether a raw key, with its quotes, means key.
func sameKey(raw, key string) bool {
	if strings.IndexByte(raw, '\\') < 0 {
		return len(raw) == len(key)+2 && raw[1:len(raw)-1] == key
	}
	return unquoted(raw) == key
}

// unquoted is the text of a raw JSON string. Half of a surrogate pair is a
// question mark, as in Trino.
func unquoted(raw string) string {
	if len(raw) < 2 {
		return ""
	}
	raw = raw[1 : len(raw)-1]
	if strings.IndexByte(raw, '\\') < 0 {
		return raw
	}
	var b strings.Builder
	for i := 0; i < len(raw); {
		if raw[i] != '\\' || i+1 == len(raw) {
			b.WriteByte(raw[i])
			i++
			continue
		}
		if c := strings.IndexByte(`bfnrt`, raw[i+1]); c >= 0 {
			b.WriteByte("\b\f\n\r\t"[c])
		} else if raw[i+1] != 'u' {
			b.WriteByte(raw[i+1])
		} else {
			r, n := escaped(raw[i:])
			b.WriteRune(r)
			i += n
			continue
		}
		i += 2
	}
	return b.String()
}

// escaped reads \uXXXX, or two of them for one letter, and returns how long they
// are.
func escaped(s string) (rune, int) {
	unit := func(s string) (rune, bool) {
		if len(s) < 6 || s[:2] != `\u` {
			return 0, false
		}
		n, err := strconv.ParseUint(s[2:6], 16, 16)
		return rune(n), err == nil
	}
	r, ok := unit(s)
	if !ok {
		return '?', min(len(s), 2)
	}
	if !utf16.IsSurrogate(r) {
		return r, 6
	}
	if low, ok := unit(s[6:]); ok {
		if both := utf16.DecodeRune(r, low); both != unicode.ReplacementChar {
			return both, 12
		}
	}
	return '?', 6
}

// below calls visit for the values below a path, through arrays at any place,
// until it returns false. JSON null is no value.
func below(s string, path []string, depth int, visit func(raw string) bool) bool {
	s = strings.Trim(s, " \n\t\r")
	if s == "" || depth > maxJSONDepth {
		return true
	}
	if s[0] == '[' {
		goOn := true
		eachElement(s, func(raw string) bool {
			goOn = below(raw, path, depth+1, visit)
			return goOn
		})
		return goOn
	}
	if len(path) == 0 {
		return s == "null" || visit(s)
	}
	if s[0] != '{' {
		return true
	}
	v := member(s, path[0])
	return v == "" || below(v, path[1:], depth+1, visit)
}

// deepBelow calls visit for the texts, numbers and truth values at any depth.
func deepBelow(s string, depth int, visit func(raw string) bool) bool {
	s = strings.Trim(s, " \n\t\r")
	if s == "" || depth > maxJSONDepth {
		return true
	}
	goOn := true
	switch s[0] {
	case '[':
		eachElement(s, func(raw string) bool {
			goOn = deepBelow(raw, depth+1, visit)
			return goOn
		})
	case '{':
		seen := map[string]bool{}
		eachMember(s, func(k, raw string) bool {
			if k = unquoted(k); !seen[k] {
				seen[k] = true
				goOn = deepBelow(raw, depth+1, visit)
			}
			return goOn
		})
	default:
		goOn = s == "null" || visit(s)
	}
	return goOn
}

// plain is a value as text: of a string what it means, of anything else its
// JSON text without white space.
func plain(raw string) string {
	switch {
	case raw == "":
		return ""
	case raw[0] == '"':
		return unquoted(raw)
	case raw[0] == '{' || raw[0] == '[':
		return compact(raw)
	}
	return raw
}

// compact drops white space outside of strings.
func compact(s string) string {
	if !strings.ContainsAny(s, " \n\t\r") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		switch s[i] {
		case '"':
			end := stringEnd(s, i)
			b.WriteString(s[i:end])
			i = end
		case ' ', '\n', '\t', '\r':
			i++
		default:
			b.WriteByte(s[i])
			i++
		}
	}
	return b.String()
}
