package s3

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"

	"tocsin/ingest"
	"tocsin/ingest/awsapi"
)

// Options are what a Source is made from. Reader and Places are required.
type Options struct {
	Name   string // of the source, for its mark
	Reader *Reader
	Places []Place
	Marks  ingest.Marks  // nil: each use begins anew
	Ledger ingest.Ledger // what was loaded or set aside; nil: whoever loads finds out
	Every  time.Duration // between two lists; 0: a minute
	Tries  int           // how often an object is read before it is a dead letter; 0: 5

	room int // instead of maxKnown, in tests
}

// Bounds of a batch.
const (
	batchObjects = 500
	batchBytes   = 64 << 20
)

// Bounds of what is held in memory, whatever lies in the buckets.
const (
	sifted   = 5000    // keys that the ledger is asked about at once, and what a page adds
	maxKnown = 100_000 // versions that are remembered from one pass to the next; the ledger knows the others
	maxFails = 1000    // objects whose failures are counted; further ones wait for their turn
)

// New returns the source that lists places in buckets, again and again, and hands
// out what is new there. Below folders that are named by year, month and day, as
// CloudTrail and the shippers of other clouds write them, it begins at the day
// before the last one that it has seen; everywhere else it lists all. What it
// handed out, and what the ledger has, it does not hand out twice. How many keys
// there are costs calls, and no memory.
func New(o Options) ingest.Source {
	if o.Every == 0 {
		o.Every = time.Minute
	}
	if o.Tries == 0 {
		o.Tries = 5
	}
	o.room = cmp.Or(o.room, maxKnown)
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
	taken    map[known]struct{} // of the pass before: handed out and settled, or in the ledger; at most maxKnown
	failures map[string]int     // how often an object could not be read, by name; at most maxFails
	counted  string             // the failures, as they are marked

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
		s.pass.short, s.pass.failed = true, true
		s.pass.todo = nil
	}
	more := s.pass.more()
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
		found := days{}
		mark, err := s.recall(ctx, s.mark(), &found)
		if err == nil {
			s.counted, err = s.recall(ctx, s.triesMark(), &s.failures)
		}
		if err != nil {
			return err
		}
		s.days, s.marked = found, mark
	}
	s.next = now.Add(s.o.Every)
	s.pass = newPass(s.o.Places, s.days, now)
	s.pass.unmet = maps.Clone(s.failures)
	return nil
}

func (s *source) mark() string { return "read " + s.o.Name }

// triesMark is the name of the mark of the failures: an agent that is started anew
// for each pass gives up as well.
func (s *source) triesMark() string { return "tries " + s.o.Name }

// recall reads a mark into a value, and returns it; one that was never set is "".
func (s *source) recall(ctx context.Context, name string, into any) (string, error) {
	if s.o.Marks == nil {
		return "", nil
	}
	mark, err := s.o.Marks.Mark(ctx, name)
	if err != nil || mark == "" {
		return "", err
	}
	if err := json.Unmarshal([]byte(mark), into); err != nil {
		return "", fmt.Errorf("the mark %q of source %s is broken: %w", name, s.o.Name, err)
	}
	return mark, nil
}

// remember sets a mark to a value, unless it is that already, and returns it.
func (s *source) remember(ctx context.Context, name, before string, value any) (string, error) {
	mark, err := json.Marshal(value)
	if err != nil || s.o.Marks == nil || string(mark) == cmp.Or(before, "{}") {
		return before, err
	}
	if err := s.o.Marks.SetMark(ctx, name, string(mark)); err != nil {
		return before, err
	}
	return string(mark), nil
}

// fill lists until a batch is full, or there is no more. A look takes one object.
func (s *source) fill(ctx context.Context, few bool) (refs []Ref, err error) {
	var bytes int64
	p := s.pass
	for {
		for len(p.fresh) > 0 && len(refs) < batchObjects && bytes < batchBytes {
			refs = append(refs, p.fresh[0])
			bytes += max(p.fresh[0].Size, 0)
			p.fresh = p.fresh[1:]
		}
		if few && len(refs) > 0 {
			return refs[len(refs)-1:], nil
		}
		if len(p.fresh) > 0 || !p.more() || len(refs) >= batchObjects || bytes >= batchBytes {
			return refs, nil
		}
		for len(p.todo) > 0 && len(p.found) < sifted && err == nil {
			err = p.step(ctx, s.o.Reader)
		}
		if unsifted := s.sift(ctx); unsifted != nil || err != nil {
			return refs, errors.Join(err, unsifted)
		}
	}
}

// sift takes out of what was found what was handed out before, and what the ledger
// has.
func (s *source) sift(ctx context.Context) error {
	p := s.pass
	var fresh []Ref
	for _, ref := range p.found {
		k := ref.known()
		if _, ok := p.seen[k]; ok {
			continue // two places hold it
		}
		p.note(k, s.o.room)
		if _, ok := s.taken[k]; !ok {
			fresh = append(fresh, ref)
		}
	}
	settled := make([]bool, len(fresh))
	if s.o.Ledger != nil && len(fresh) > 0 {
		objects := make([]ingest.Object, len(fresh))
		for i, ref := range fresh {
			objects[i] = ingest.Object{Name: ref.Name(), Version: ref.ETag}
		}
		var err error
		if settled, err = s.o.Ledger.Settled(ctx, objects); err != nil {
			for _, ref := range fresh {
				delete(p.seen, ref.known())
			}
			p.found = nil // the next pass finds it
			return err
		}
	}
	for i, ref := range fresh {
		switch {
		case !settled[i]:
			p.fresh = append(p.fresh, ref)
		case len(p.seen) > s.o.room/2: // the room is for what the ledger does not know
			delete(p.seen, ref.known())
		}
	}
	p.found = nil
	return nil
}

// objects makes the objects of a batch.
func (s *source) objects(ctx context.Context, refs []Ref) []ingest.Object {
	objects := s.o.Reader.Objects(ctx, refs)
	for i := range objects {
		delete(s.pass.unmet, objects[i].Name)
		objects[i].Named = true // the place is one of logs: what is none is said to be so
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
			if _, counted := s.failures[ref.Name()]; counted || len(s.failures) < maxFails {
				s.failures[ref.Name()]++
			}
			delete(s.pass.seen, ref.known())
		default:
			delete(s.failures, ref.Name())
		}
	}
	if s.pass.more() {
		return nil
	}
	return s.finish(ctx)
}

// finish ends a pass: what it saw need not be handed out again, and after a pass
// without a failure the next one begins later. Failures whose objects are no longer
// there, or were loaded by another way, are forgotten: they would hold the place of
// others for ever.
func (s *source) finish(ctx context.Context) (err error) {
	p := s.pass
	s.pass = nil
	if !p.short {
		maps.DeleteFunc(s.failures, func(name string, _ int) bool { _, unmet := p.unmet[name]; return unmet })
	}
	if s.counted, err = s.remember(ctx, s.triesMark(), s.counted, s.failures); err != nil {
		p.failed = true
	}
	if p.failed {
		for k := range s.taken { // it has not seen all of them
			p.note(k, s.o.room)
		}
		s.taken = p.seen
		return err
	}
	s.taken, s.days = p.seen, p.days
	s.marked, err = s.remember(ctx, s.mark(), s.marked, p.days)
	return err
}
