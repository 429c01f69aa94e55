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
// object is what came within a second. Nobody keeps them for us, so that what is
// under way when the agent is killed is lost. At the end of the stream the source
// is empty for ever.
func Lines(name string, r io.Reader) ingest.Source {
	l := &lineSource{name: name, chunks: make(chan []byte), ended: make(chan error, 1)}
	go l.read(r)
	return l
}

// Bounds of an object of lines. A line that is longer goes in pieces into one
// object, and the decoder sets it aside.
const (
	lineBytes   = 1 << 20
	objectBytes = 8 << 20
	gatherLines = time.Second
)

// A lineSource reads on one goroutine, and hands out on another. The channel is
// not buffered: a stream that is faster than the store has to wait.
type lineSource struct {
	name   string
	chunks chan []byte // whole lines, or pieces of a line that is too long
	ended  chan error
	end    error
	over   bool
	n      int
	back   []ingest.Object // not stored yet
}

// read cuts the stream into lines.
func (l *lineSource) read(r io.Reader) {
	in := bufio.NewReaderSize(r, lineBytes)
	for {
		line, err := in.ReadSlice('\n')
		if len(line) > 0 {
			l.chunks <- bytes.Clone(line)
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			l.ended <- err
			return
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
	chunks, ended := l.chunks, l.ended
	if l.over {
		chunks, ended = nil, nil
		if ask.All {
			return nil
		}
	}
	for len(text) < objectBytes {
		select {
		case line := <-chunks:
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
		Version: "1", Modified: now, Size: int64(len(text)), Named: true, Held: text,
		Open: ingest.Bytes(text),
	}
}

// Close implements ingest.Source. The reading goroutine ends with the stream.
func (l *lineSource) Close() error { return nil }
