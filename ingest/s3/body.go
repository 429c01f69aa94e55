package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"tocsin/ingest/awsapi"
)

// How often a body that broke off is opened again, and when one that does not
// move is given up.
const (
	reopens   = 4
	stallTime = 60 * time.Second
)

// A body is the content of an object. The SDK retries until a body begins; what
// breaks off behind that is opened again here, at the byte where it broke, and
// only if the object is still the same.
type body struct {
	ctx    context.Context //nolint:containedctx // a reader has no other way to be cancelled
	reader *Reader
	ref    Ref

	in     io.ReadCloser // nil: to be opened
	stop   context.CancelFunc
	etag   string // of what is read
	at     int64  // the next byte
	length int64  // of the whole, -1 when unknown
	left   int    // how often it may still be opened again
}

// open begins to read an object.
func (r *Reader) open(ctx context.Context, ref Ref) (*body, error) {
	b := &body{ctx: ctx, reader: r, ref: ref, length: -1, left: reopens}
	return b, b.connect()
}

// connect asks for the object from the next byte on.
func (b *body) connect() error {
	in := &awss3.GetObjectInput{Bucket: &b.ref.Bucket, Key: &b.ref.Key}
	switch {
	case b.at == 0 && b.ref.Same && b.ref.ETag != "":
		in.IfMatch = aws.String(`"` + b.ref.ETag + `"`)
	case b.at > 0:
		in.Range, in.IfMatch = aws.String(fmt.Sprintf("bytes=%d-", b.at)), aws.String(b.etag)
	}
	ctx, stop := context.WithCancel(b.ctx)
	out, err := b.reader.Client.GetObject(ctx, in)
	if err != nil {
		stop()
		return b.ref.call(b.reader, awsapi.GetObject).Wrap(err)
	}
	b.in, b.stop = out.Body, stop
	if b.at > 0 && out.ContentLength != nil && *out.ContentLength != b.length-b.at {
		b.disconnect()
		return b.ref.call(b.reader, awsapi.GetObject).Wrap(fmt.Errorf("it broke off, and the server does not go on at byte %d: %w", b.at, io.ErrUnexpectedEOF))
	}
	if b.at == 0 {
		b.etag, b.length = aws.ToString(out.ETag), -1
		if out.ContentLength != nil {
			b.length = *out.ContentLength
		}
	}
	return nil
}

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	for {
		if b.in == nil {
			if err := b.connect(); err != nil {
				return 0, err
			}
		}
		n, err := b.readOnce(p)
		b.at += int64(n)
		if errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			if b.length < 0 || b.at >= b.length {
				return n, io.EOF
			}
			err = io.ErrUnexpectedEOF
		}
		if err == nil {
			return n, nil
		}
		b.disconnect()
		if b.ctx.Err() != nil || b.left == 0 || b.at > 0 && (b.etag == "" || b.length < 0) {
			return n, b.ref.call(b.reader, awsapi.GetObject).Wrap(err)
		}
		b.reader.pause(b.ctx, reopens-b.left)
		b.left--
		if n > 0 {
			return n, nil // the next call opens it again
		}
	}
}

// readOnce reads, and gives up a line on which nothing moves.
func (b *body) readOnce(p []byte) (int, error) {
	stalled := time.AfterFunc(stallTime, b.stop)
	defer stalled.Stop()
	n, err := b.in.Read(p)
	if err != nil && errors.Is(err, context.Canceled) && b.ctx.Err() == nil {
		err = fmt.Errorf("nothing came for %s: %w", stallTime, io.ErrUnexpectedEOF)
	}
	return n, err
}

// disconnect drops the connection; its error says no more than the one before.
func (b *body) disconnect() {
	if b.in == nil {
		return
	}
	_ = b.in.Close() //nolint:errcheck // it broke off
	b.stop()
	b.in = nil
}

// Close implements io.Closer.
func (b *body) Close() error {
	if b.in == nil {
		return nil
	}
	b.stop()
	err := b.in.Close()
	b.in = nil
	if errors.Is(err, context.Canceled) {
		return nil // what was left of it was not wanted
	}
	return err
}
