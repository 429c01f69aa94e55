package ingest

import (
	"bytes"
	"strconv"
)

// Reading of single values in JSON that is known to be valid.

// lookup returns the value at a path inside of valid JSON, as it stands, or nil.
// A step into a list is its index. Of equal keys the first wins.
func lookup(b []byte, path ...string) []byte {
	var s scanner
	i := space(b, 0)
	for _, step := range path {
		if i >= len(b) {
			return nil
		}
		switch b[i] {
		case '{':
			i = s.find(b, i, step)
		case '[':
			i = s.index(b, i, step)
		default:
			return nil
		}
		if i < 0 {
			return nil
		}
	}
	end := s.value(b, i, 0)
	switch {
	case end >= 0:
		return b[i:end]
	case end == more && i < len(b): // a number at the end of the text
		return b[i:]
	}
	return nil
}

// find returns where the value of a key begins in the object at b[i].
func (s *scanner) find(b []byte, i int, key string) int {
	for i = space(b, i+1); i < len(b) && b[i] == '"'; i = space(b, i+1) {
		k := i + 1
		if i = s.text(b, k); i < 0 {
			return i
		}
		name := b[k : i-1]
		if s.escaped {
			name = appendUnescaped(nil, name)
		}
		if i = s.colon(b, i); i < 0 || string(name) == key {
			return i
		}
		if i = s.value(b, i, 0); i < 0 {
			return i
		}
		if i = space(b, i); i >= len(b) || b[i] != ',' {
			return bad
		}
	}
	return bad
}

// index returns where an element begins in the list at b[i].
func (s *scanner) index(b []byte, i int, step string) int {
	n, err := strconv.Atoi(step)
	if err != nil || n < 0 {
		return bad
	}
	for i = space(b, i+1); i < len(b) && b[i] != ']'; i = space(b, i+1) {
		if n == 0 {
			return i
		}
		n--
		if i = s.value(b, i, 0); i < 0 {
			return i
		}
		if i = space(b, i); i >= len(b) || b[i] != ',' {
			return bad
		}
	}
	return bad
}

// members calls f for each member of the object that begins at b[0], until one
// ends behind b or f returns false.
func members(b []byte, f func(key, value []byte) bool) {
	var s scanner
	for i := space(b, 1); i < len(b) && b[i] == '"'; i = space(b, i+1) {
		k := i + 1
		if i = s.text(b, k); i < 0 {
			return
		}
		name := b[k : i-1]
		if s.escaped {
			name = appendUnescaped(nil, name)
		}
		v := s.colon(b, i)
		if v < 0 {
			return
		}
		if i = s.value(b, v, 0); i < 0 || !f(name, b[v:i]) {
			return
		}
		if i = space(b, i); i >= len(b) || b[i] != ',' {
			return
		}
	}
}

// elements calls f for each element of the list that begins at b[0], until one
// ends behind b or f returns false.
func elements(b []byte, f func(value []byte) bool) {
	var s scanner
	for i := space(b, 1); i < len(b) && b[i] != ']'; i = space(b, i+1) {
		end := s.value(b, i, 0)
		if end < 0 || !f(b[i:end]) {
			return
		}
		if i = space(b, end); i >= len(b) || b[i] != ',' {
			return
		}
	}
}

// text is a JSON value as text: a text without quotes and escapes, null and
// nothing as "", anything else as it stands. The value may be the beginning of one,
// as of a record that is cut off.
func text(v []byte) string {
	switch {
	case len(v) == 0 || v[0] == 'n':
		return ""
	case v[0] == '"':
		return string(appendUnescaped(nil, bytes.TrimSuffix(v[1:], []byte{'"'})))
	}
	return string(v)
}
