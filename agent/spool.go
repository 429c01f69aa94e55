package agent

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// This file is where an answer waits for a reader who is slow, so that nobody else
// waits for that reader: no transaction, no lock.

const (
	// spoolMemory is how much of an answer waits in memory; the rest is in a file.
	spoolMemory = 1 << 20
	// spoolDisk bounds what all answers of an agent that wait take of the disk.
	spoolDisk = 1 << 30
	// spoolPiece is how much is handed on at once.
	spoolPiece = 256 << 10
)

// errSpoolFull ends a verb whose answer nobody reads.
var errSpoolFull = errors.New("what was answered is not read, and too much of it waits: read it, or ask for less")

// A frame is one line of an answer.
type frame struct {
	Out  []byte `json:"out,omitempty"`  // for standard output
	Err  []byte `json:"err,omitempty"`  // for standard error
	In   bool   `json:"in,omitempty"`   // standard input is wanted
	Exit *int   `json:"exit,omitempty"` // the exit status, which ends the answer
}

// A spool keeps the frames of one answer, in order, until they are read. One
// goroutine reads; any may write.
type spool struct {
	dir   string // of the file
	limit int64
	disk  *atomic.Int64 // what all spools take of the disk

	mu    sync.Mutex
	mem   []byte // comes before what is in the file
	file  *os.File
	from  int64 // of the file, what was not read yet
	to    int64
	err   error // of the first write that did not go well
	done  bool
	ready chan struct{}
}

func newSpool(dir string, limit int64, disk *atomic.Int64) *spool {
	return &spool{dir: dir, limit: limit, disk: disk, ready: make(chan struct{}, 1)}
}

// A stream is one of the two outputs of a verb.
type stream struct {
	spool *spool
	make  func(p []byte) frame
}

func (s *spool) stdout() io.Writer {
	return stream{s, func(p []byte) frame { return frame{Out: p} }}
}

func (s *spool) stderr() io.Writer {
	return stream{s, func(p []byte) frame { return frame{Err: p} }}
}

func (s stream) Write(p []byte) (n int, err error) {
	for n < len(p) {
		piece := p[n:min(len(p), n+48<<10)]
		if err := s.spool.put(s.make(piece)); err != nil {
			return n, err
		}
		n += len(piece)
	}
	return n, nil
}

// put adds a frame. The last one, with the exit status, always has room.
func (s *spool) put(f frame) error {
	line, err := json.Marshal(f)
	if err != nil {
		return fmt.Errorf("write an answer: %w", err)
	}
	line = append(line, '\n')
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.wake()
	last := f.Exit != nil
	switch {
	case last:
		s.done = true
	case s.err != nil:
		return s.err
	}
	if s.from == s.to && (len(s.mem)+len(line) <= spoolMemory || last) {
		s.mem = append(s.mem, line...)
		return nil
	}
	if err := s.store(line, last); err != nil {
		s.err = err
	}
	return s.err
}

// store writes a frame into the file.
func (s *spool) store(line []byte, last bool) error {
	if s.file == nil {
		f, err := os.CreateTemp(s.dir, "answer-") // of mode 0600
		if err == nil {
			err = os.Remove(f.Name()) // it goes with this process, however that ends
		}
		if err != nil {
			return fmt.Errorf("keep an answer that is not read: %w", err)
		}
		s.file = f
	}
	n := int64(len(line))
	if s.disk.Add(n) > s.limit && !last {
		s.disk.Add(-n)
		return errSpoolFull
	}
	if _, err := s.file.WriteAt(line, s.to); err != nil {
		s.disk.Add(-n)
		return fmt.Errorf("keep an answer that is not read: %w", err)
	}
	s.to += n
	return nil
}

func (s *spool) wake() {
	select {
	case s.ready <- struct{}{}:
	default:
	}
}

// next returns what comes next; nothing when nothing came for a while. more is false
// when the answer has ended and all of it was returned.
func (s *spool) next(wait time.Duration) (piece []byte, more bool, err error) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		piece, more, err := s.take()
		if len(piece) > 0 || !more || err != nil {
			return piece, more, err
		}
		select {
		case <-s.ready:
		case <-timer.C:
			return nil, true, nil
		}
	}
}

// take returns what is there.
func (s *spool) take() (piece []byte, more bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case len(s.mem) > 0:
		piece, s.mem = s.mem, nil
		return piece, true, nil
	case s.from == s.to:
		return nil, !s.done, nil
	}
	piece = make([]byte, min(s.to-s.from, spoolPiece))
	if _, err := s.file.ReadAt(piece, s.from); err != nil {
		return nil, false, fmt.Errorf("read an answer that was kept: %w", err)
	}
	s.from += int64(len(piece))
	if s.from == s.to {
		s.disk.Add(-s.to)
		s.from, s.to = 0, 0
		err = s.file.Truncate(0)
	}
	return piece, true, err
}

// abandon lets go of what nobody will read; later writes fail with err.
func (s *spool) abandon(err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err, s.mem, s.done = err, nil, true
	s.disk.Add(-s.to)
	s.from, s.to = 0, 0
	if s.file == nil {
		return nil
	}
	f := s.file
	s.file = nil
	return f.Close()
}
