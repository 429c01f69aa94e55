package agent

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"tocsin/alertrules"
)

// This file is a disk that fills up: below a reserve nothing is taken in, so that
// rules and mails can go on; what is not taken in stays where it is.

// A Room is how much of the disk of the data directory is free for this process,
// in bytes.
type Room struct{ Free, Total int64 }

// A Reserve is what has to be free: Bytes, or Percent of the disk when that is
// less. One that is zero does not count; both: there is no reserve.
type Reserve struct {
	Bytes   int64
	Percent float64
}

// DefaultReserve is 1 GB, or 5 % of a disk under 20 GB.
func DefaultReserve() Reserve { return Reserve{Bytes: 1 << 30, Percent: 5} }

// of is the reserve of a disk in bytes.
func (r Reserve) of(total int64) int64 {
	part := int64(r.Percent / 100 * float64(total))
	switch {
	case r.Percent == 0:
		return r.Bytes
	case r.Bytes == 0:
		return part
	}
	return min(r.Bytes, part)
}

// low reports whether nothing is to be taken in. Once it was so, a tenth more has
// to be free, so that it does not change to and fro. A disk of which nothing is
// known (Total is 0) is not low.
func (r Reserve) low(room Room, before bool) bool {
	if room.Total == 0 {
		return false
	}
	need := r.of(room.Total)
	if before {
		need += need / 10
	}
	return room.Free < need
}

// Spares is nil when so many bytes more can be written and the reserve is free all the
// same, else an error that says how much is.
func (r Reserve) Spares(room Room, more int64) error {
	after := room
	if after.Free = max(0, room.Free-more); r.low(after, false) {
		return errors.New(r.lacks(room))
	}
	return nil
}

// lacks says how much is free and how much has to be.
func (r Reserve) lacks(room Room) string {
	return fmt.Sprintf("the disk of the data directory has %s free, and a reserve of %s (limits.disk_reserve)", inBytes(room.Free), inBytes(r.of(room.Total)))
}

// Pauses says that a disk has less room than the reserve, so that nothing is taken in; ""
// where it has enough. open are the causes that the operator was told.
func (r Reserve) Pauses(room Room, open []alertrules.Notice) string {
	if !r.low(room, knows(open, diskKey)) {
		return ""
	}
	return fmt.Sprintf("%s free of %s, less than the reserve of %s (limits.disk_reserve): nothing is taken in", inBytes(room.Free), inBytes(room.Total), inBytes(r.of(room.Total)))
}

// GoesOn says which of rules and mails go on.
func GoesOn(stuck []Stuck) string {
	var list []string
	for _, loop := range []string{rulesLoop, mailsLoop} {
		text := loop + " go on"
		if i := slices.IndexFunc(stuck, func(s Stuck) bool { return s.Loop == loop }); i >= 0 {
			text = fmt.Sprintf("%s do not go on since %s", loop, stuck[i].Since.UTC().Format(time.RFC3339))
		}
		list = append(list, text)
	}
	return strings.Join(list, ", ")
}

// disk is what is known of it. It is used by all loops.
type disk struct {
	mu   sync.Mutex
	low  bool
	room Room
}

// look asks how much is free now. What cannot be found out does not stop anything.
func (a *Agent) look() (low bool, room Room) {
	a.disk.mu.Lock()
	defer a.disk.mu.Unlock()
	room, err := a.o.Room()
	if err != nil {
		a.o.Log.Warn("free space of the disk", "error", err)
		return a.disk.low, a.disk.room
	}
	a.disk.low, a.disk.room = a.o.Reserve.low(room, a.disk.low), room
	return a.disk.low, room
}

// diskKey is the cause that the operator is told of.
const diskKey = "disk/low"

// space looks at the disk and tells the operator when it is low, and when there
// is room again.
func (a *Agent) space(ctx context.Context, now time.Time) (told bool, err error) {
	open, err := a.o.Causes(ctx)
	if err != nil {
		return false, err
	}
	known := knows(open, diskKey)
	a.disk.mu.Lock()
	a.disk.low = a.disk.low || known // of the process before this one
	a.disk.mu.Unlock()
	low, room := a.look()
	if low == known {
		return false, nil
	}
	n := alertrules.Notice{Key: diskKey, Since: now, Over: known, Text: "the disk has room again: what the sources hold is taken in; moments of rules that did without it are gaps then (tocsin gaps)"}
	if low {
		n.Text = a.o.Reserve.lacks(room) + ": nothing is taken in until there is room; rules and mails go on while what is left is enough for them"
	}
	return a.tell(ctx, []alertrules.Notice{n}, now)
}

// inBytes prints a number of bytes for a person.
func inBytes(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.0f MB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%d bytes", n)
}

// attend looks after what is around the loops: the disk, and sources that fail or
// fell silent, which they cannot help when nothing is taken in.
func (a *Agent) attend(ctx context.Context, now time.Time) (told bool, err error) {
	told, err = a.space(ctx, now)
	if err != nil || a.lowDisk() {
		return told, err
	}
	failed, err := a.failures(ctx, now)
	if err != nil {
		return told || failed, err
	}
	silence, err := a.silence(ctx, now)
	return told || failed || silence, err
}

// unfed reports whether sources hold records that were not taken in for want of room. A
// source that always has more, or fails, is waited for as long as at the start.
func (a *Agent) unfed() bool {
	since := time.Now().Add(-a.o.CatchUpWait).Unix()
	return slices.ContainsFunc(a.feeds, func(f *feed) bool { return f.held.Load() > since })
}

func (a *Agent) lowDisk() bool {
	a.disk.mu.Lock()
	defer a.disk.mu.Unlock()
	return a.disk.low
}
