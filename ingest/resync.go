package ingest

import (
	"bytes"
	"slices"
	"strings"
)

// How a framer goes on behind a record that is broken.

// resync leaves a record that is broken and returns it.
func (f *framer) resync(reason string) error {
	b := f.broken(reason, nil)
	if f.place == atTop && f.byLine {
		b.Raw = f.toLineEnd(b.Raw)
		return f.orFailure(b)
	}
	s := skipper{byLine: f.byLine, column: f.atColumn0(), scanned: f.failed}
	b.Raw = f.skip(&s, b.Raw)
	return f.orFailure(b)
}

// orFailure prefers the error of the reader, which ends the object.
func (f *framer) orFailure(b *Broken) error {
	if err := f.win.failure(); err != nil && len(f.win.unread()) == 0 {
		return err
	}
	return b
}

// garbage leaves what is no document: up to the line end, or, where documents
// have many lines, up to the next that begins in the first column.
func (f *framer) garbage() error {
	b := f.broken("no JSON: neither an object nor a list begins here", nil)
	for {
		b.Raw = f.toLineEnd(b.Raw)
		f.win.atLeast(2)
		u := f.win.unread()
		if len(u) < 2 || f.byLine || f.docs == 0 || u[1] == '{' || u[1] == '[' {
			return f.orFailure(b)
		}
		f.win.at++
		b.Raw = keep(b.Raw, []byte{'\n'})
	}
}

// toLineEnd moves to the next line end, holding no more than the window, and
// appends what it passes to raw up to the bound.
func (f *framer) toLineEnd(raw []byte) []byte {
	w := f.win
	for {
		b := w.unread()
		if nl := w.newline(); nl >= 0 {
			w.at += nl
			return keep(raw, b[:nl])
		}
		raw = keep(raw, b)
		w.at = w.end
		if !w.more() {
			return raw
		}
	}
}

func keep(raw, b []byte) []byte {
	return append(raw, b[:min(len(b), max(rawKept-len(raw), 0))]...)
}

// tail leaves an envelope behind its list.
func (f *framer) tail() error {
	s := skipper{byLine: f.byLine, depth: 1 + strings.Count(f.wrap, ".")}
	f.skip(&s, nil)
	f.place = atTop
	if s.depth > 0 {
		return f.orFailure(f.broken("the envelope is not closed: the object was cut off", nil))
	}
	return nil
}

// skip moves behind what s measures, holding no more than the window.
func (f *framer) skip(s *skipper, raw []byte) []byte {
	w := f.win
	for {
		b := w.unread()
		n, ended := s.run(b)
		raw = keep(raw, b[:n])
		w.at += n
		if ended || !w.more() {
			return raw
		}
	}
}

func (f *framer) atColumn0() bool {
	w := f.win
	return w.at > 0 && w.buf[w.at-1] == '\n' || w.offset() == 0
}

// A skipper counts brackets, outside of texts, without a look at the grammar.
type skipper struct {
	byLine  bool // a line end is the end
	column  bool // an object in the first column is the end,
	scanned int  // but not before this many bytes, or records without end would be scanned again and again
	depth   int
	text    bool
	escaped bool
	begun   bool
	first   bool // the last byte was a line end
}

// run returns how many bytes of b still belong to the value, and whether it ended.
func (s *skipper) run(b []byte) (int, bool) {
	defer func() { s.scanned -= len(b) }()
	for i, c := range b {
		if s.first && s.column && c == '{' && i >= s.scanned || c == '\n' && s.byLine {
			return i, true
		}
		if s.first = c == '\n'; s.first {
			s.text, s.escaped = false, false
			continue
		}
		if s.text {
			s.inText(c)
			continue
		}
		if s.depth == 0 && s.begun && (c == ',' || c == ']' || c == '}') {
			return i, true
		}
		s.begun = true
		switch c {
		case '"':
			s.text = true
		case '{', '[':
			s.depth++
		case '}', ']':
			if s.depth--; s.depth <= 0 {
				return i + 1, true
			}
		}
	}
	return len(b), false
}

func (s *skipper) inText(c byte) {
	switch {
	case s.escaped:
		s.escaped = false
	case c == '\\':
		s.escaped = true
	case c == '"':
		s.text = false
	}
}

// endsWithLine says whether the document that begins at b[0] ends with its
// line, as records one a line and envelopes in one line do. nl is the index of
// the line's end in b, or -1. before: the document before this one did.
func endsWithLine(b []byte, nl int, before bool, wraps []string) bool {
	if nl < 0 {
		return true // a long line; should it have an end, it is one
	}
	line := bytes.TrimRight(b[:nl], " \t\r")
	if before && !bare(line, wraps) {
		return true
	}
	var s scanner
	if s.value(line, 0, 0) != more || len(s.kinds) > 2 {
		return true // complete, broken within, or over 128 brackets that no indenting writer opens
	}
	s.reset()
	if s.value(b, 0, 0) != bad {
		return false
	}
	next := space(b, nl) // an object must not begin behind an unfinished one
	return s.at <= next && (b[0] == '{' || len(line) > 64)
}

// bare says whether a line opens a list or an envelope and does nothing else.
func bare(line []byte, wraps []string) bool {
	if n, key := envelope(line, wraps, false); n > 0 && key != "" {
		return n == len(line)
	}
	switch string(line) {
	case "[", "{", "[{":
		return true
	}
	return false
}

// envelope returns how far it is behind the bracket that opens the list of
// records, and the list's key; or 0. deep: look beyond the first key.
func envelope(b []byte, wraps []string, deep bool) (int, string) {
	if len(wraps) == 0 {
		return 0, ""
	}
	var s scanner
	i := space(b, 1)
	for i < len(b) && b[i] == '"' {
		k := i + 1
		if i = s.text(b, k); i < 0 {
			return 0, ""
		}
		key := b[k : i-1]
		if i = s.colon(b, i); i < 0 {
			return 0, ""
		}
		n := slices.IndexFunc(wraps, func(w string) bool { return w == string(key) })
		if n >= 0 && b[i] == '[' {
			return i + 1, wraps[n]
		}
		if n, inner := within(b[i:], wraps, string(key)); n > 0 {
			return i + n, inner
		}
		if !deep {
			return 0, ""
		}
		if i = s.value(b, i, 1); i < 0 {
			return 0, ""
		}
		if i = space(b, i); i < len(b) && b[i] == ',' {
			i = space(b, i+1)
		}
	}
	return 0, ""
}

// within is envelope for the object that is the value of key.
func within(b []byte, wraps []string, key string) (int, string) {
	if b[0] != '{' {
		return 0, ""
	}
	for _, w := range wraps {
		if outer, inner, nested := strings.Cut(w, "."); nested && outer == key {
			n, _ := envelope(b, []string{inner}, true)
			if n > 0 {
				return n, w
			}
		}
	}
	return 0, ""
}
