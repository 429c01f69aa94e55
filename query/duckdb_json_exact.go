// Reading JSON along an exact path, as the JSON functions of Presto do: of a text
// that may be any, since queries ask them of messages, too. What is passed on the
// way must be well formed, and so must the value; what stands behind it is not
// looked at.

package query

import "strings"

// A jsonReader is a place in a text.
type jsonReader struct {
	s string
	i int
}

// follow goes an exact path: a string is a key, an int an index. Of equal keys
// the first counts.
func follow(s string, path []any) (string, bool) {
	r := &jsonReader{s: s}
	for _, step := range path {
		found := false
		switch step := step.(type) {
		case string:
			found = r.toMember(step)
		case int:
			found = r.toElement(step)
		}
		if !found {
			return "", false
		}
	}
	r.space()
	from := r.i
	if !r.value() || len(path) == 0 && strings.ContainsRune("-0123456789", rune(s[from])) && r.i < len(s) && jsonSpace(s, r.i) == r.i {
		return "", false // 1x is no number
	}
	return s[from:r.i], true
}

// validJSON reports whether the whole of a text is JSON.
func validJSON(s string) bool {
	r := &jsonReader{s: s}
	return r.value() && jsonSpace(s, r.i) == len(s)
}

func (r *jsonReader) space() { r.i = jsonSpace(r.s, r.i) }

// take goes over one character.
func (r *jsonReader) take(c byte) bool {
	r.space()
	ok := r.i < len(r.s) && r.s[r.i] == c
	if ok {
		r.i++
	}
	return ok
}

// toMember goes to the value of a key of the object here.
func (r *jsonReader) toMember(key string) bool {
	if !r.take('{') || r.take('}') {
		return false
	}
	for {
		r.space()
		from := r.i
		if !r.text() {
			return false
		}
		name := r.s[from:r.i]
		if !r.take(':') {
			return false
		}
		if sameKey(name, key) {
			return true
		}
		r.space()
		if !r.value() || !r.take(',') {
			return false
		}
	}
}

// toElement goes to an element of the array here.
func (r *jsonReader) toElement(index int) bool {
	if !r.take('[') || r.take(']') {
		return false
	}
	for range index {
		r.space()
		if !r.value() || !r.take(',') {
			return false
		}
	}
	return true
}

// value goes over a value. It does not recurse; open holds the brackets around.
func (r *jsonReader) value() bool {
	var open []byte
	for {
		r.space()
		if r.i >= len(r.s) {
			return false
		}
		switch c := r.s[r.i]; {
		case c == '{' || c == '[':
			r.i++
			open = append(open, c+2) // the bracket that closes it
			if len(open) > maxReadDepth {
				return false
			}
			if !r.take(c + 2) {
				if c == '{' && !r.name() {
					return false
				}
				continue
			}
			open = open[:len(open)-1]
		case c == '"' && !r.text(), c != '"' && !r.scalar():
			return false
		}
		for len(open) > 0 && r.take(open[len(open)-1]) {
			open = open[:len(open)-1]
		}
		if len(open) == 0 {
			return true
		}
		if !r.take(',') || open[len(open)-1] == '}' && !r.name() {
			return false
		}
	}
}

// maxReadDepth is how deep the JSON functions of Trino read.
const maxReadDepth = 1000

// name goes over a key and its colon.
func (r *jsonReader) name() bool {
	r.space()
	return r.text() && r.take(':')
}

// text goes over a string.
func (r *jsonReader) text() bool {
	if r.i >= len(r.s) || r.s[r.i] != '"' {
		return false
	}
	for r.i++; r.i < len(r.s); r.i++ {
		switch c := r.s[r.i]; {
		case c == '"':
			r.i++
			return true
		case c < ' ':
			return false
		case c == '\\':
			r.i++
			rest := r.s[r.i:]
			if rest == "" || !strings.ContainsRune(`"\/bfnrtu`, rune(rest[0])) {
				return false
			}
			if rest[0] == 'u' {
				if len(rest) < 5 || strings.Trim(rest[1:5], "0123456789abcdefABCDEF") != "" {
					return false
				}
				r.i += 4
			}
		}
	}
	return false
}

// scalar goes over true, false, null or a number.
func (r *jsonReader) scalar() bool {
	rest := r.s[r.i:]
	for _, word := range []string{"true", "false", "null"} {
		if strings.HasPrefix(rest, word) {
			r.i += len(word)
			return len(rest) == len(word) || !strings.ContainsRune(letters, rune(rest[len(word)]))
		}
	}
	i := 0
	digits := func() bool {
		from := i
		for i < len(rest) && rest[i] >= '0' && rest[i] <= '9' {
			i++
		}
		return i > from
	}
	if strings.HasPrefix(rest, "-") {
		i++
	}
	whole := i
	if !digits() || rest[whole] == '0' && i > whole+1 {
		return false
	}
	if i < len(rest) && rest[i] == '.' {
		if i++; !digits() {
			return false
		}
	}
	if i < len(rest) && (rest[i] == 'e' || rest[i] == 'E') {
		if i++; i < len(rest) && (rest[i] == '+' || rest[i] == '-') {
			i++
		}
		if !digits() {
			return false
		}
	}
	r.i += i
	return true
}

// letters go on a word.
const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_$"
