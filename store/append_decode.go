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
	refused  []refusal // what no logstore takes, where objects say their own
	record   ingest.Record
	progress Progress
	before   int64 // packed bytes of the objects before this one
	read     int64 // packed bytes of this one, as far as it is read
	broken   int64 // of the object
}

// counted counts what is read of an object.
type counted struct {
	io.ReadCloser
	n *int64
}

// Read implements io.Reader.
func (c counted) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	*c.n += int64(n)
	return n, err
}

// counting is an object that counts what is read of it.
func (d *decoding) counting(o ingest.Object) ingest.Object {
	open := o.Open
	o.Open = func() (io.ReadCloser, error) {
		r, err := open()
		if err != nil {
			return nil, err
		}
		return counted{r, &d.read}, nil
	}
	return o
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
		d.before += max(d.objects[i].Size, d.read)
		d.read = 0
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
	d.progress.Bytes = d.before + d.read
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
	opened, err := d.options.decode(d.counting(d.objects[i]))
	switch {
	case err != nil && d.options.Logstore == nil:
		d.refused = append(d.refused, refusal{d.objects[i], err})
		return true
	case err != nil:
		d.begin(segment{object: i, first: true})
		d.end(err)
		return true
	}
	alive := d.turn(ctx, opened.logstore)
	if alive {
		d.begin(segment{object: i, first: true, format: opened.format})
		alive, err = d.records(ctx, opened)
	}
	if opened.close != nil {
		err = errors.Join(err, opened.close())
	}
	if alive {
		d.end(err)
	}
	return alive
}

// turn sees to it that the batch is one of that logstore, nil for the one of
// before; false when ctx is over.
func (d *decoding) turn(ctx context.Context, ls *ingest.Logstore) bool {
	if ls == nil || d.b.logstore == ls {
		return true
	}
	if len(d.b.segments) > 0 && !d.pass(ctx) {
		return false
	}
	d.b.turn(ls)
	return true
}

// records decodes the records of an object until its end or an error.
func (d *decoding) records(ctx context.Context, opened decoder) (alive bool, err error) {
	for {
		err := opened.Next(&d.record)
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
		if d.b.full() && !d.goOn(ctx) {
			return false, nil
		}
	}
}

// goOn changes to another batch in the middle of an object. What the object
// has put into the batch goes along, unless it is alone in it: then it is too
// large for one batch. It returns false when ctx is over.
func (d *decoding) goOn(ctx context.Context) bool {
	d.tell()
	s, ls := *d.segment(), d.b.logstore
	if len(d.b.segments) == 1 {
		if !d.pass(ctx) {
			return false
		}
		d.b.turn(ls)
		d.begin(segment{object: s.object, format: s.format})
		return true
	}
	old, next := d.b, d.take(ctx)
	if next == nil {
		return false
	}
	next.turn(ls)
	old.carry(next)
	if !d.send(ctx) {
		return false
	}
	d.b = next
	return true
}

func (d *decoding) segment() *segment { return &d.b.segments[len(d.b.segments)-1] }

func (d *decoding) begin(s segment) {
	s.from, s.to, s.text = len(d.b.rows), len(d.b.rows), len(d.b.text)
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
