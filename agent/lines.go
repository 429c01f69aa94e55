package agent

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"tocsin/ingest"
)

// This file is the source that is a stream of lines, such as standard input.

// Lines returns the source that hands out the lines of a stream as they come: an
// object is what came within a second, in whole lines. Nobody keeps them for us, so
// that what is under way when the agent is killed is lost. A line of more than
// longest bytes is handed out cut behind them, so that the decoder sets it aside, and
// the rest of it is held nowhere. At the end of the stream the source is empty for
// ever. A stream that is packed has no lines: it is an error.
func Lines(name string, r io.Reader, longest int64) ingest.Source {
	l := &lineSource{name: name, longest: int(longest), lines: make(chan []byte), ended: make(chan error, 1)}
	go l.read(r)
	return l
}

// Bounds of an object of lines: it ends with the line that makes it this long.
const (
	lineBuffer  = 64 << 10
	objectBytes = 8 << 20
	gatherLines = time.Second
)

// A lineSource reads on one goroutine, and hands out on another. The channel is
// not buffered: a stream that is faster than the store has to wait.
type lineSource struct {
	name    string
	longest int
	lines   chan []byte
	ended   chan error
	end     error
	over    bool
	n       int
	back    []ingest.Object // not stored yet
}

// read cuts the stream into lines.
func (l *lineSource) read(r io.Reader) {
	in := bufio.NewReaderSize(r, lineBuffer)
	if magic, err := in.Peek(2); err == nil && magic[0] == 0x1f && magic[1] == 0x8b {
		l.ended <- fmt.Errorf("%s is packed: unpack it before (zcat FILE | tocsin run), or load it (tocsin load - < FILE)", l.name)
		return
	}
	for {
		line, err := l.line(in)
		if len(line) > 0 {
			l.lines <- line
		}
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			l.ended <- err
			return
		}
	}
}

// line reads a line with its end, without the byte order mark of a file that was put
// behind another. Of one that is too long it keeps one byte too many, and the end.
func (l *lineSource) line(in *bufio.Reader) (line []byte, err error) {
	cut := false
	for {
		piece, err := in.ReadSlice('\n')
		if room := l.longest + 1 - len(line); len(piece) <= room {
			line = append(line, piece...)
		} else if !cut {
			line, cut = append(append(line, piece[:room]...), '\n'), true
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return bytes.TrimPrefix(line, []byte("\ufeff")), err
		}
	}
}

// Receive implements ingest.Source.
func (l *lineSource) Receive(ctx context.Context, ask ingest.Ask) (ingest.Batch, error) {
	if len(l.back) == 0 {
		text := l.gather(ctx, ask)
		if len(text) > 0 {
			l.n++
			l.back = []ingest.Object{l.object(text, ask.Now)}
		}
	}
	if len(l.back) == 0 {
		return ingest.Batch{}, l.end
	}
	return ingest.Batch{Objects: l.back, More: !l.over, Settle: func(_ context.Context, o ingest.Outcome) error {
		if o.Committed {
			l.back = nil
		}
		return nil
	}}, nil
}

// gather collects lines for a second after the first, or until there are many.
// With All it goes on to the end of the stream.
func (l *lineSource) gather(ctx context.Context, ask ingest.Ask) (text []byte) {
	wait := time.NewTimer(ask.Wait)
	defer wait.Stop()
	due := wait.C
	if ask.All {
		due = nil
	}
	lines, ended := l.lines, l.ended
	if l.over {
		lines, ended = nil, nil
		if ask.All {
			return nil
		}
	}
	for len(text) < objectBytes {
		select {
		case line := <-lines:
			if len(text) == 0 && !ask.All {
				wait.Reset(gatherLines)
			}
			text = append(text, line...)
		case l.end = <-ended:
			l.over = true
			return text
		case <-due:
			return text
		case <-ctx.Done():
			return text
		}
	}
	return text
}

// object is the lines that came together.
func (l *lineSource) object(text []byte, now time.Time) ingest.Object {
	return ingest.Object{
		Name:    fmt.Sprintf("%s at %s, part %d", l.name, now.UTC().Format(time.RFC3339Nano), l.n),
		Version: "1", Modified: now, Size: int64(len(text)), Named: true, Lines: true, Held: text,
		Open: ingest.Bytes(text),
	}
}

// Close implements ingest.Source. The reading goroutine ends with the stream.
func (l *lineSource) Close() error { return nil }
