package ingest

import (
	"bytes"
	"errors"
	"io"
)

// Objects that can be read only once, such as standard input.

// Stream makes an object of a reader. It may be opened twice: to recognise its
// format, and to read it; what the first took is kept for the second.
func Stream(name string, r io.Reader) Object {
	s := &stream{rest: r}
	return Object{Name: name, Version: "1", Size: -1, Named: true, Open: s.open}
}

// maxHead bounds what is kept: recognising reads the first window of an object,
// which is packed larger than it is unpacked only in theory.
const maxHead = 4 << 20

type stream struct {
	head   []byte // what the first took
	rest   io.Reader
	opened int
}

func (s *stream) open() (io.ReadCloser, error) {
	s.opened++
	switch {
	case s.opened == 1:
		return io.NopCloser(headReader{s}), nil
	case s.opened == 2 && len(s.head) <= maxHead:
		return io.NopCloser(io.MultiReader(bytes.NewReader(s.head), s.rest)), nil
	}
	return nil, errors.New("a stream cannot be read once more: save it to a file, and load that")
}

// headReader keeps what it reads.
type headReader struct{ s *stream }

// Read implements io.Reader.
func (h headReader) Read(p []byte) (int, error) {
	n, err := h.s.rest.Read(p)
	if len(h.s.head) <= maxHead {
		h.s.head = append(h.s.head, p[:n]...)
	}
	return n, err
}
