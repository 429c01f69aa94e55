// The decoding half of Append: objects into batches, on a goroutine of its own.
package store

import (
	"context"
	"errors"
	"io"

	"tocsin/ingest"
)

// maxRaw is the number of dead letters of an object whose bytes are kept; of
// further ones only position and reason are.
const maxRaw = 1000

// decoding is the state of that goroutine.
type decoding struct {
	options AppendOptions
	objects []ingest.Object
	skip    map[int]bool
	full    chan *batch // to the writer; closed at the end
	free    chan *batch // back from it

	b        *batch
	record   ingest.Record
	progress Progress
	broken   int64 // of the object
}

// run decodes all objects. It ends early when ctx is over.
func (d *decoding) run(ctx context.Context) {
	defer close(d.full)
	if d.b = d.take(ctx); d.b == nil {
		return
	}
	for i := range d.objects {
		if !d.skip[i] && !d.object(ctx, i) {
			return
		}
		d.progress.Objects++
		d.progress.Bytes += max(d.objects[i].Size, 0)
		d.tell()
		if d.b.full() && !d.pass(ctx) {
			return
		}
	}
	if len(d.b.segments) > 0 {
		d.send(ctx)
	}
}

func (d *decoding) tell() {
	if d.options.Progress != nil {
		d.options.Progress(d.progress)
	}
}

// take waits for an empty batch; nil when ctx is over.
func (d *decoding) take(ctx context.Context) *batch {
	select {
	case b := <-d.free:
		b.reset()
		return b
	case <-ctx.Done():
		return nil
	}
}

func (d *decoding) send(ctx context.Context) bool {
	select {
	case d.full <- d.b:
		return true
	case <-ctx.Done():
		return false
	}
}

// pass hands the batch to the writer and takes an empty one.
func (d *decoding) pass(ctx context.Context) bool {
	if !d.send(ctx) {
		return false
	}
	d.b = d.take(ctx)
	return d.b != nil
}

// object decodes one object; false when ctx is over.
func (d *decoding) object(ctx context.Context, i int) bool {
	d.broken = 0
	d.begin(segment{object: i, first: true})
	opened, err := d.options.Decode(d.objects[i])
	if err != nil {
		d.end(err)
		return true
	}
	d.segment().format = opened.Format
	alive, err := d.records(ctx, i, opened)
	if opened.Closer != nil {
		err = errors.Join(err, opened.Closer.Close())
	}
	if alive {
		d.end(err)
	}
	return alive
}

// records decodes the records of an object until its end or an error.
func (d *decoding) records(ctx context.Context, i int, opened Decoding) (alive bool, err error) {
	for {
		err := opened.Decoder.Next(&d.record)
		var broken *ingest.Broken
		switch {
		case err == nil:
			d.b.add(&d.record)
			d.progress.Records++
		case errors.Is(err, io.EOF):
			return true, nil
		case errors.As(err, &broken):
			d.setAside(broken)
		default:
			return true, err
		}
		if d.b.full() {
			if !d.pass(ctx) {
				return false, nil
			}
			d.tell()
			d.begin(segment{object: i, format: opened.Format})
		}
	}
}

func (d *decoding) segment() *segment { return &d.b.segments[len(d.b.segments)-1] }

func (d *decoding) begin(s segment) {
	s.from, s.to = len(d.b.rows), len(d.b.rows)
	d.b.segments = append(d.b.segments, s)
}

// end closes the segment of the object; a failed object has no rows.
func (d *decoding) end(err error) {
	s := d.segment()
	s.last, s.failed = true, err
	if err != nil {
		d.b.cut()
		s.broken, s.counted = nil, 0
	}
}

func (d *decoding) setAside(broken *ingest.Broken) {
	s := d.segment()
	kept := *broken // the decoder may reuse it
	kept.Raw = nil
	if d.broken++; d.broken <= maxRaw {
		kept.Raw = append([]byte(nil), broken.Raw...)
	}
	d.b.broken += len(kept.Raw) + len(kept.Reason) + 64
	s.broken = append(s.broken, &kept)
	s.counted++
}
