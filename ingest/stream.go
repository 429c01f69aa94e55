package ingest

import (
	"errors"
	"io"
)

// Objects that can be read only once, such as standard input.

// Stream makes an object of a reader. It may be opened once.
func Stream(name string, r io.Reader) Object {
	opened := false
	return Object{Name: name, Version: "1", Size: -1, Named: true, Open: func() (io.ReadCloser, error) {
		if opened {
			return nil, errors.New("a stream cannot be read once more: save it to a file, and load that")
		}
		opened = true
		return io.NopCloser(r), nil
	}}
}
