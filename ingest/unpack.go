package ingest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/gzip"
)

// gzip, and the bounds of what comes out of it (G14).

// A LimitError says which limit an object exceeds. The object is set aside.
type LimitError struct {
	Limit string // its name in the configuration: "limits.object", "limits.ratio"
	Max   int64
}

func (e *LimitError) Error() string {
	if e.Limit == "limits.ratio" {
		return fmt.Sprintf("the object unpacks to more than %d times its size (%s)", e.Max, e.Limit)
	}
	return fmt.Sprintf("the object has more than %d bytes unpacked (%s)", e.Max, e.Limit)
}

// A cutOff says that a gzip ends too early, and that what holds it ended well: a
// line that breaks has an error of its own.
type cutOff struct{}

func (cutOff) Error() string { return "the gzip is cut off" }

// unpackError is the error of an object that cannot be unpacked.
func unpackError(err error) error {
	if err == io.ErrUnexpectedEOF { //nolint:errorlint // one that tells more keeps its text
		return cutOff{}
	}
	return fmt.Errorf("unpack: %w", err)
}

// ratioFrom is where the ratio is looked at first: a short text may well pack to
// a thousandth.
const ratioFrom = 1 << 20

// counter counts what is read through it.
type counter struct {
	io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += int64(n)
	return n, err
}

// A limited reader fails with a *LimitError beyond a limit.
type limited struct {
	src    io.Reader
	packed *counter // nil: the object is not packed
	limits Limits
	n      int64
}

func (l *limited) Read(p []byte) (int, error) {
	n, err := l.src.Read(p)
	l.n += int64(n)
	switch {
	case l.n > l.limits.Object:
		return n, &LimitError{Limit: "limits.object", Max: l.limits.Object}
	case l.packed != nil && l.n > ratioFrom && l.n/max(l.packed.n, 1) > l.limits.Ratio:
		return n, &LimitError{Limit: "limits.ratio", Max: l.limits.Ratio}
	case err != nil && err != io.EOF && l.packed != nil:
		return n, unpackError(err)
	}
	return n, err
}

// An unpacker reads an object through one layer of gzip, if it has one, and
// without its byte order mark. Its buffers are used again for later objects: an
// object of a few records costs little more than these.
type unpacker struct {
	b    *bufio.Reader
	gzip *gzip.Reader // nil until an object is packed
	body *bufio.Reader
}

var unpackers = sync.Pool{New: func() any {
	return &unpacker{b: bufio.NewReaderSize(nil, 64<<10), body: bufio.NewReaderSize(nil, 16)}
}}

// unpack begins an object; without unzip, what is packed is read as it stands.
// Whoever reads it calls release at the end.
func unpack(raw io.Reader, limits Limits, unzip bool) (*unpacker, error) {
	u, _ := unpackers.Get().(*unpacker) // New makes no others
	if err := u.begin(raw, limits, unzip); err != nil {
		u.release()
		return nil, err
	}
	return u, nil
}

func (u *unpacker) begin(raw io.Reader, limits Limits, unzip bool) error {
	packed := &counter{Reader: raw}
	u.b.Reset(packed)
	l := &limited{src: u.b, limits: limits}
	if magic, err := u.b.Peek(2); unzip && err == nil && magic[0] == 0x1f && magic[1] == 0x8b {
		if err := u.unzip(); err != nil {
			return unpackError(err)
		}
		l.src, l.packed = u.gzip, packed
	}
	u.body.Reset(l)
	if mark, err := u.body.Peek(3); err == nil && string(mark) == "\xef\xbb\xbf" {
		if _, err := u.body.Discard(3); err != nil {
			return err
		}
	}
	return nil
}

// unzip reads the header of gzip.
func (u *unpacker) unzip() (err error) {
	if u.gzip == nil {
		u.gzip, err = gzip.NewReader(u.b)
	} else {
		err = u.gzip.Reset(u.b)
	}
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// Read implements io.Reader.
func (u *unpacker) Read(p []byte) (int, error) { return u.body.Read(p) }

// release gives the buffers away: nothing may be read afterwards.
func (u *unpacker) release() {
	u.b.Reset(nil)
	u.body.Reset(nil)
	unpackers.Put(u)
}

// closing closes c because of err.
func closing(c io.Closer, err error) error {
	if e := c.Close(); e != nil {
		return fmt.Errorf("%w (and close: %w)", err, e)
	}
	return err
}
