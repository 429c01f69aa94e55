package sqs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"

	"tocsin/ingest"
	"tocsin/ingest/awsapi"
	"tocsin/ingest/s3"
)

// Options are what a Source is made from. Client and Queue are required.
type Options struct {
	Client *awssqs.Client
	Queue  Queue
	// Reader and Places are for a queue whose messages name objects: which may be
	// read, and by what. Without Places the messages are the records.
	Reader *s3.Reader
	Places []s3.Place
	Tries  int // how often a message is received before it is a dead letter; 0: 5
	Log    *slog.Logger
}

// Bounds of a batch: no more is received than can be worked on at a time.
const (
	batchMessages = 100
	batchObjects  = 500
	batchBytes    = 64 << 20
	gatherTime    = time.Second
)

// shortestPoll is how long is waited for messages at least: an answer without a
// wait asks only some of the servers that hold a queue, and may be empty though
// there are messages.
const shortestPoll = time.Second

// Messages that are handed out again come after a while that doubles each time.
const (
	againSoon = 15 * time.Second
	againLate = 15 * time.Minute
)

// A Source is a queue.
type Source struct {
	o      Options
	line   line
	hidden time.Duration // how long a received message is hidden; 0: not known yet
	least  time.Duration // shortestPoll, but for tests
}

// New returns the source of a queue.
func New(o Options) *Source {
	if o.Tries == 0 {
		o.Tries = 5
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Source{o: o, line: line{o.Queue, o.Client}, least: shortestPoll}
}

// Receive implements ingest.Source. What it hands out is hidden from others until
// it is settled, or ctx ends.
func (s *Source) Receive(ctx context.Context, ask ingest.Ask) (ingest.Batch, error) {
	if s.hidden == 0 {
		hidden, err := s.line.visibility(ctx)
		if err != nil {
			return ingest.Batch{}, err
		}
		s.hidden = max(hidden, time.Second)
	}
	b := &batch{source: s}
	err := b.gather(ctx, ask)
	if b.lease == nil {
		return ingest.Batch{}, err
	}
	objects := b.objects(ctx)
	return ingest.Batch{Objects: objects, More: b.more, Settle: b.settle}, err
}

// Close implements ingest.Source.
func (s *Source) Close() error { return nil }

// Probe asks for the permissions that receiving does not use, without consuming
// anything.
func (s *Source) Probe(ctx context.Context) error { return s.line.probe(ctx) }

// patience of a message.
func (s *Source) patience(m message) awsapi.Patience {
	return awsapi.Patience{Tries: s.o.Tries, Seen: m.received}
}

// A batch is what was received and is not settled yet.
type batch struct {
	source *Source
	lease  *lease   // nil: nothing was received
	parts  []part   // one for each message
	refs   []s3.Ref // that messages name, in their order
	bytes  int64
	more   bool
}

// part is what one message brought.
type part struct {
	message
	names   []string        // of its objects
	refs    int             // how many of the batch's refs are its own
	objects []ingest.Object // those that lie in no bucket
}

// gather receives until there are enough messages, or none for now. That there are
// no more is known when nothing came although it waited, or when what came was sent
// just now: a queue that is never empty is not asked for ever.
func (b *batch) gather(ctx context.Context, ask ingest.Ask) error {
	var deadline time.Time
	for wait := max(ask.Wait, b.source.least); ; wait = 0 {
		got, err := b.source.line.receive(ctx, wait)
		if err != nil {
			return err
		}
		if len(got) == 0 {
			b.more = len(b.parts) > 0 && !b.upToDate(ask.Now)
			return nil
		}
		if b.lease == nil {
			deadline = time.Now().Add(gatherTime)
			b.lease = b.source.hold(ctx)
		}
		b.lease.add(got)
		for _, m := range got {
			b.parts = append(b.parts, b.part(m))
		}
		b.more = true
		full := len(b.parts) >= batchMessages || len(b.refs) >= batchObjects || b.bytes >= batchBytes
		if full || ask.Few || time.Now().After(deadline) {
			return nil
		}
	}
}

// upToDate reports whether a message was sent within the last minute.
func (b *batch) upToDate(now time.Time) bool {
	return slices.ContainsFunc(b.parts, func(p part) bool { return now.Sub(p.sent) < time.Minute })
}

// part reads a message.
func (b *batch) part(m message) part {
	p := part{message: m}
	if len(b.source.o.Places) == 0 {
		p.add(b.source.record(m))
		return p
	}
	refs, err := Named(m.body, m.sent)
	for _, ref := range refs {
		switch {
		case ref.Ignored():
		case !s3.Within(b.source.o.Places, ref): // it may not be read (G15)
			err = errors.Join(err, fmt.Errorf("the message names %s, which is in none of the configured buckets", ref.Name()))
		default:
			b.refs = append(b.refs, ref)
			b.bytes += max(ref.Size, 0)
			p.refs++
		}
	}
	if err != nil {
		p.add(b.source.rejected(m, err))
	}
	return p
}

func (p *part) add(o ingest.Object) {
	p.names = append(p.names, o.Name)
	p.objects = append(p.objects, o)
}

// objects makes the objects of all messages, in their order.
func (b *batch) objects(ctx context.Context) (all []ingest.Object) {
	var fromBuckets []ingest.Object
	if len(b.refs) > 0 {
		fromBuckets = b.source.o.Reader.Objects(ctx, b.refs)
	}
	for i := range b.parts {
		p := &b.parts[i]
		for _, o := range fromBuckets[:p.refs] {
			o.Named, o.Again = true, b.source.patience(p.message).Again
			p.names = append(p.names, o.Name)
			all = append(all, o)
		}
		fromBuckets = fromBuckets[p.refs:]
		all = append(all, p.objects...)
	}
	return all
}

// settle deletes the messages whose objects are stored or set aside, and has the
// others handed out again.
func (b *batch) settle(ctx context.Context, o ingest.Outcome) error {
	b.lease.end()
	line := &b.source.line
	if !o.Committed {
		return line.hide(ctx, b.lease.messages, 0)
	}
	var done []message
	later := map[time.Duration][]message{}
	for _, p := range b.parts {
		if p.again(o.Failed, b.source.patience(p.message)) {
			pause := min(againSoon<<min(p.received-1, 16), againLate)
			later[pause] = append(later[pause], p.message)
			continue
		}
		done = append(done, p.message)
	}
	errs := []error{line.remove(ctx, done)}
	for pause, messages := range later {
		errs = append(errs, line.hide(ctx, messages, pause))
	}
	return errors.Join(errs...)
}

// again reports whether the message is to come again: for any object of it that
// is neither stored nor a dead letter, whatever became of the others.
func (p *part) again(failed map[string]error, patience awsapi.Patience) bool {
	for _, name := range p.names {
		if err := failed[name]; err != nil && patience.Again(err) {
			return true
		}
	}
	return false
}
