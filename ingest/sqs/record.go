package sqs

import (
	"fmt"
	"io"

	"tocsin/ingest"
)

// Messages as objects: those that are the records, and those that are nothing.

// name of what a message brought, other than objects of buckets.
func (s *Source) name(m message) string { return "sqs://" + s.o.Queue.Name + "/" + m.id }

// held is an object whose content is a message. The queue forgets it, so that a
// dead letter has to keep it.
func (s *Source) held(m message, text string) ingest.Object {
	return ingest.Object{
		Name: s.name(m), Version: "1", Modified: m.sent, Size: int64(len(text)), Named: true, Held: []byte(m.body),
		Open:  ingest.Bytes([]byte(text)),
		Again: s.patience(m).Again,
	}
}

// record is a message that is one record or several, in the envelope of SNS or
// not.
func (s *Source) record(m message) ingest.Object {
	text := m.body
	if n, err := parse([]byte(text)); err == nil {
		if inner, ok := n.wrapped(); ok {
			text = inner
		}
	}
	refs, err := Named(m.body, m.sent)
	if err == nil && len(refs) > 0 {
		return s.rejected(m, fmt.Errorf("the message names %s, and the source reads no buckets: write buckets: [%s] if it may", refs[0].Name(), refs[0].Bucket))
	}
	return s.held(m, text)
}

// rejected is a message that brings nothing that may be read.
func (s *Source) rejected(m message, why error) ingest.Object {
	o := s.held(m, m.body)
	o.Open = func() (io.ReadCloser, error) { return nil, &ingest.Rejected{Reason: why.Error()} }
	return o
}
