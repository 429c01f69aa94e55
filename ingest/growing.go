package ingest

import (
	"bytes"
	"errors"
	"io"
)

// Logs that are read while they are written.

// growingHead bounds how much of a file is looked at for its first record, and how
// much at once for its last line end.
const growingHead = 64 << 10

// Growing returns the part of a listed file that can be read while more is written
// to its end: all whole lines. Its version is none of the file, so that the file is news
// once more when it rests. When it cannot be read, it is no dead letter: its source hands
// out the file later. false: nothing can be, since there is no whole line, or since it is no file
// of one record a line; lists, tables and what is packed may be cut within a record.
func Growing(o Object) (part Object, ok bool, err error) {
	whole, err := wholeLines(o)
	if err != nil || whole == 0 {
		return Object{}, false, err
	}
	part = o
	part.Size, part.Version, part.Part = whole, fileVersion(whole, o.Modified)+"-part", true
	part.Again = func(error) bool { return true }
	part.Open = func() (io.ReadCloser, error) {
		f, err := o.Open()
		if err != nil {
			return nil, err
		}
		return &firstBytes{ReadCloser: f, left: whole}, nil
	}
	return part, true, nil
}

// wholeLines is how many bytes of a file of one record a line are whole lines, or 0.
func wholeLines(o Object) (n int64, err error) {
	f, err := o.Open()
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	at, ok := f.(io.ReaderAt)
	if !ok {
		return 0, nil
	}
	head := make([]byte, min(o.Size, growingHead))
	if read, err := at.ReadAt(head, 0); read < len(head) {
		return 0, shorter(err)
	}
	if !lineRecords(head) {
		return 0, nil
	}
	block := make([]byte, growingHead)
	for end := o.Size; end > 0; {
		from := max(0, end-growingHead)
		b := block[:end-from]
		if read, err := at.ReadAt(b, from); read < len(b) {
			return 0, shorter(err)
		}
		if nl := bytes.LastIndexByte(b, '\n'); nl >= 0 {
			return from + int64(nl) + 1, nil
		}
		end = from
	}
	return 0, nil
}

// shorter is the error of a read, but for that of a file which has become shorter
// since it was listed: it is no growing one.
func shorter(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// lineRecords says whether the first JSON in an object is one line that is whole.
// Lines before it that no list or object begins with are broken records.
func lineRecords(head []byte) bool {
	if bytes.HasPrefix(head, []byte{0x1f, 0x8b}) {
		return false
	}
	for len(head) > 0 {
		nl := bytes.IndexByte(head, '\n')
		if nl < 0 {
			return false
		}
		line := bytes.TrimSpace(head[:nl])
		var s scanner
		switch {
		case len(line) == 0:
		case line[0] == '[':
			return false
		case line[0] == '{' && s.value(line, 0, 0) == len(line):
			return true
		case line[0] == '{' && !endsWithLine(head[space(head, 0):], nl-space(head, 0), false, nil):
			return false
		}
		head = head[nl+1:]
	}
	return false
}

// firstBytes reads so many bytes. A file that has fewer has been written anew.
type firstBytes struct {
	io.ReadCloser
	left int64
}

// Read implements io.Reader.
func (f *firstBytes) Read(p []byte) (int, error) {
	if f.left == 0 {
		return 0, io.EOF
	}
	n, err := f.ReadCloser.Read(p[:min(int64(len(p)), f.left)])
	f.left -= int64(n)
	if errors.Is(err, io.EOF) && f.left > 0 {
		err = errors.New("the file became shorter while it was read")
	}
	return n, err
}
