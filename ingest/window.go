package ingest

import (
	"bytes"
	"io"
	"sync"
)

// A window slides over a reader and holds the bytes that are not yet consumed.
// It grows as a record needs it; whoever asks for more bounds that.
type window struct {
	src     io.Reader
	buf     []byte
	at, end int   // buf[at:end] is unread
	base    int64 // offset of buf[0] in the unpacked object
	lines   int64 // line ends before buf[counted]
	counted int
	nl      int   // index of the next line end at or behind at, or -1
	seen    int   // up to here nl was looked for
	done    error // io.EOF, or what the reader said
}

const windowSize = 256 << 10

func newWindow(src io.Reader) *window {
	buf, _ := windowBuffers.Get().(*[]byte)
	if buf == nil {
		b := make([]byte, windowSize)
		buf = &b
	}
	return &window{src: src, buf: *buf, nl: -1}
}

// windowOf is a window over bytes that are there.
func windowOf(b []byte) *window {
	return &window{buf: b, end: len(b), nl: -1, done: io.EOF}
}

// windowBuffers are buffers of windowSize of objects that were closed.
var windowBuffers sync.Pool

// release gives the buffer away: nothing may use it afterwards.
func (w *window) release() {
	if cap(w.buf) == windowSize {
		b := w.buf[:windowSize]
		windowBuffers.Put(&b)
	}
	w.buf, w.at, w.end, w.done = nil, 0, 0, io.EOF
}

func (w *window) unread() []byte { return w.buf[w.at:w.end] }

func (w *window) offset() int64 { return w.base + int64(w.at) }

// line is the number, from 1, of the line in which the unread bytes begin, or of
// a later one that was asked for before.
func (w *window) line() int64 {
	w.count(w.at)
	return w.lines + 1
}

// count moves counted on.
func (w *window) count(to int) {
	if to > w.counted {
		w.lines += int64(bytes.Count(w.buf[w.counted:to], []byte{'\n'}))
		w.counted = to
	}
}

// newline returns the index of the next line end in unread, or -1.
func (w *window) newline() int {
	if w.nl < w.at {
		from := max(w.at, w.seen)
		w.nl = bytes.IndexByte(w.buf[from:w.end], '\n')
		if w.seen = w.end; w.nl < 0 {
			return -1
		}
		w.nl += from
		w.seen = w.nl + 1
	}
	return w.nl - w.at
}

// more reads on, and says whether there was something. What unread returned
// before is no longer valid.
func (w *window) more() bool {
	if w.done != nil {
		return false
	}
	if drop := w.at - 1; drop > 0 { // the byte before is kept: it says whether a line begins here
		w.count(drop)
		w.counted -= drop
		copy(w.buf, w.buf[drop:w.end])
		w.base += int64(drop)
		w.nl, w.seen = max(w.nl-drop, -1), max(w.seen-drop, 0)
		w.at, w.end = 1, w.end-drop
	}
	if w.end == len(w.buf) {
		w.buf = append(w.buf, make([]byte, len(w.buf))...)
	}
	for tries := 0; w.end < len(w.buf) && tries < 100; tries++ {
		n, err := w.src.Read(w.buf[w.end:])
		w.end += n
		if err != nil {
			w.done = err
			return n > 0
		}
		if n > 0 {
			return true
		}
	}
	w.done = io.ErrNoProgress
	return false
}

// atLeast reads on until n bytes are unread or there are no more.
func (w *window) atLeast(n int) {
	for w.end-w.at < n && w.more() {
		continue
	}
}

// failure is the reader's error when it was another than the end.
func (w *window) failure() error {
	if w.done == io.EOF { //nolint:errorlint // a reader ends with io.EOF itself; a wrapped one is a fault
		return nil
	}
	return w.done
}
