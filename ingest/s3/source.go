package s3

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"tocsin/ingest"
	"tocsin/ingest/awsapi"
)

// Options are what a Source is made from. Reader and Places are required.
type Options struct {
	Name   string // of the source, for its mark
	Reader *Reader
	Places []Place
	Marks  ingest.Marks  // nil: each use begins anew; the ledger knows what was loaded
	Every  time.Duration // between two lists; 0: a minute
	Tries  int           // how often an object is read before it is a dead letter; 0: 5
}

// Bounds of a batch.
const (
	batchObjects = 500
	batchBytes   = 64 << 20
)

// New returns the source that lists places in buckets, again and again, and hands
// out what is new there. Below folders that are named by year, month and day, as
// CloudTrail and the shippers of other clouds write them, it begins at the day
// before the last one that it has seen; everywhere else it lists all. What it
// handed out, and what the store has, it does not hand out twice.
func New(o Options) ingest.Source {
	if o.Every == 0 {
		o.Every = time.Minute
	}
	if o.Tries == 0 {
		o.Tries = 5
	}
	return &source{o: o, failures: map[string]int{}}
}

// known is what tells a version of an object from all others.
type known [16]byte

func (r Ref) known() (k known) {
	h := sha256.Sum256([]byte(r.Key + "\x00" + r.Bucket + "\x00" + r.ETag)) // NUL is in no name of a bucket and no ETag
	copy(k[:], h[:])
	return k
}

// A source is the state of a Source.
type source struct {
	o        Options
	days     days               // as they are marked
	marked   string             // the mark
	taken    map[known]struct{} // handed out in the pass before, and settled
	failures map[string]int     // how often an object could not be read, by name

	pass *pass // nil: none is under way
	next time.Time
}

// Receive implements ingest.Source.
func (s *source) Receive(ctx context.Context, ask ingest.Ask) (ingest.Batch, error) {
	if s.pass == nil {
		now, due := awsapi.Await(ctx, ask, s.next)
		if !due {
			return ingest.Batch{}, ctx.Err()
		}
		if err := s.begin(ctx, now); err != nil {
			return ingest.Batch{}, err
		}
	}
	refs, err := s.fill(ctx, ask.Few)
	if err != nil { // the pass is given up; what it found is handed out
		s.pass.failed = true
		s.pass.todo = nil
	}
	p := s.pass
	more := len(p.todo) > 0 || len(p.found) > 0
	if len(refs) == 0 {
		if !more {
			err = errors.Join(err, s.finish(ctx))
		}
		return ingest.Batch{More: more}, err
	}
	return ingest.Batch{Objects: s.objects(ctx, refs), More: more, Settle: func(ctx context.Context, o ingest.Outcome) error {
		return s.settle(ctx, refs, o)
	}}, err
}

// Close implements ingest.Source.
func (s *source) Close() error { return nil }

// begin starts a pass over all places.
func (s *source) begin(ctx context.Context, now time.Time) error {
	if s.days == nil {
		s.days = days{}
		if s.o.Marks != nil {
			mark, err := s.o.Marks.Mark(ctx, s.mark())
			if err != nil {
				return err
			}
			if mark != "" {
				if err := json.Unmarshal([]byte(mark), &s.days); err != nil {
					return fmt.Errorf("the mark of source %s is broken: %w", s.o.Name, err)
				}
			}
			s.marked = mark
		}
	}
	s.next = now.Add(s.o.Every)
	s.pass = newPass(s.o.Places, s.days, now)
	return nil
}

func (s *source) mark() string { return "read " + s.o.Name }

// fill lists until a batch is full, or there is no more. A look takes one object.
func (s *source) fill(ctx context.Context, few bool) (refs []Ref, err error) {
	var bytes int64
	p := s.pass
	for {
		for len(p.found) > 0 && len(refs) < batchObjects && bytes < batchBytes {
			ref := p.found[0]
			p.found = p.found[1:]
			k := ref.known()
			if _, ok := p.seen[k]; ok {
				continue // two places hold it
			}
			p.seen[k] = struct{}{}
			if _, ok := s.taken[k]; ok {
				continue
			}
			refs = append(refs, ref)
			bytes += max(ref.Size, 0)
		}
		if few && len(refs) > 0 {
			return refs[len(refs)-1:], nil
		}
		if len(p.found) > 0 || len(p.todo) == 0 || len(refs) >= batchObjects {
			return refs, nil
		}
		if err := p.step(ctx, s.o.Reader); err != nil {
			return refs, err
		}
	}
}

// objects makes the objects of a batch.
func (s *source) objects(ctx context.Context, refs []Ref) []ingest.Object {
	objects := s.o.Reader.Objects(ctx, refs)
	for i := range objects {
		objects[i].Again = awsapi.Patience{Tries: s.o.Tries, Seen: s.failures[objects[i].Name] + 1}.Again
	}
	return objects
}

// settle notes what became of a batch.
func (s *source) settle(ctx context.Context, refs []Ref, o ingest.Outcome) error {
	if s.pass == nil {
		return nil
	}
	for _, ref := range refs {
		err := o.Failed[ref.Name()]
		patience := awsapi.Patience{Tries: s.o.Tries, Seen: s.failures[ref.Name()] + 1}
		switch {
		case !o.Committed:
			s.pass.failed = true
			delete(s.pass.seen, ref.known())
		case err != nil && patience.Again(err):
			s.pass.failed = true
			s.failures[ref.Name()]++
			delete(s.pass.seen, ref.known())
		default:
			delete(s.failures, ref.Name())
		}
	}
	if len(s.pass.todo) > 0 || len(s.pass.found) > 0 {
		return nil
	}
	return s.finish(ctx)
}

// finish ends a pass: what it saw need not be handed out again, and after a pass
// without a failure the next one begins later.
func (s *source) finish(ctx context.Context) error {
	p := s.pass
	s.pass = nil
	if p.failed {
		for k := range s.taken { // it has not seen all of them
			p.seen[k] = struct{}{}
		}
		s.taken = p.seen
		return nil
	}
	s.taken, s.days = p.seen, p.days
	mark, err := json.Marshal(p.days)
	if err != nil || s.o.Marks == nil || string(mark) == s.marked {
		return err
	}
	if err := s.o.Marks.SetMark(ctx, s.mark(), string(mark)); err != nil {
		return err
	}
	s.marked = string(mark)
	return nil
}
