package ingest

import (
	"context"
	"errors"
	"time"
)

// Where objects come from: the seam between sources and whoever stores what
// they deliver.

// A Source hands out objects as they come, and is told what became of them. It
// belongs to one goroutine, which asks (Receive), stores the objects, settles the
// batch, and asks again.
type Source interface {
	// Receive returns what there is now. When there is nothing it waits, as the
	// Ask says, and then returns an empty batch. With an error the batch may hold
	// objects all the same: those that were got before it.
	Receive(ctx context.Context, ask Ask) (Batch, error)
	// Close ends watches and connections. No batch is settled after it.
	Close() error
}

// An Ask says what is wanted of a source.
type Ask struct {
	Now  time.Time     // of the call
	Wait time.Duration // how long to wait for something to come; 0: not at all
	All  bool          // also what may not be complete yet: there will be no later call
	Few  bool          // a look: as little as the source can hand out
}

// A Batch is what a source hands out at once. Its objects are opened when they
// are decoded, not before, and not after Settle.
type Batch struct {
	Objects []Object
	// More reports that the source is known to hold more.
	More bool
	// Settle tells the source what became of the batch; it is called once, also
	// for a batch without objects. nil: the source need not know.
	Settle func(ctx context.Context, o Outcome) error
}

// An Outcome says what became of a batch. The zero value: nothing was stored, and
// all of it is to be handed out again.
type Outcome struct {
	// Committed: every object is stored for good, or set aside for good, but for
	// those in Failed.
	Committed bool
	// Failed holds, by its name, why an object could not be read.
	Failed map[string]error
}

// Marks remember how far sources were read. The store implements them. A mark is
// set after what it stands for is committed; one that was never set is "".
type Marks interface {
	Mark(ctx context.Context, name string) (string, error)
	SetMark(ctx context.Context, name, value string) error
}

// A Ledger knows which objects were taken in. The store implements it.
type Ledger interface {
	// Settled says of each object whether it is stored in this version, or set
	// aside for good. It looks at their names and versions alone.
	Settled(ctx context.Context, objects []Object) ([]bool, error)
}

// Rejected is the error of an object that a source made of something which names
// nothing that may be read, such as a message that is no JSON.
type Rejected struct{ Reason string }

// Error is the reason. It may quote the message.
func (r *Rejected) Error() string { return r.Reason }

// Hopeless reports whether an object that failed with this error would fail again
// however often it is read: its content is not what can be loaded.
func Hopeless(err error) bool {
	var (
		format   *NoFormat
		limit    *LimitError
		rejected *Rejected
	)
	return errors.As(err, &format) || errors.As(err, &limit) || errors.As(err, &rejected)
}

// Retried reports whether the source of the object hands it out again after this
// error. Then it is no dead letter yet.
func (o *Object) Retried(err error) bool { return o.Again != nil && o.Again(err) }
