package sample

import (
	"errors"
	"math"
	"time"
)

// Logs that keep coming.

// plantEvery is how often the incidents are planted again.
const plantEvery = 10 * time.Minute

// A Follower writes logs as time goes on, into new files each time. It belongs to
// one goroutine.
type Follower struct {
	w       *writer
	options Options
	rate    float64 // records a second, of each format
	flows   []*flow
	last    time.Time // up to here all is written
	planted time.Time // when incidents were planted last; zero: never
	limit   int       // records of each format; 0: no end
}

// flow is one format of a Follower.
type flow struct {
	generator
	begun time.Time
	done  int
}

// Follow prepares to write below dir, from o.Now on, rate records a second of each
// of o.Formats (CloudTrail without one). With o.Events that many records of each
// are all.
func Follow(dir string, o Options, rate float64) (*Follower, error) {
	if o.Now.IsZero() || rate <= 0 || math.IsInf(rate, 0) || math.IsNaN(rate) {
		return nil, errors.New("sample: following needs a moment to begin at and a rate above 0")
	}
	if len(o.Formats) == 0 {
		o.Formats = []string{trailName}
	}
	limit := o.Events
	o.Follow, o.From, o.To = true, o.Now.Add(-plantEvery), o.Now
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	f := &Follower{w: newWriter(dir, o), options: o, rate: rate, last: o.Now, limit: limit}
	quiet := o
	quiet.Quiet = true // planting is for Until, which knows when
	f.w.m.From = o.Now.UTC()
	for _, name := range o.Formats {
		g, err := newGenerator(f.w, quiet, name)
		if err != nil {
			return nil, err
		}
		f.flows = append(f.flows, &flow{generator: g, begun: o.Now})
	}
	return f, nil
}

// Until writes what is to come up to now, whole files, and returns false when
// there is no more. The caller decides how often: a call is at least one file for
// each format that has a record due.
func (f *Follower) Until(now time.Time) (more bool, err error) {
	if !now.After(f.last) {
		return true, nil
	}
	plant := !f.options.Quiet && now.Sub(f.planted) >= plantEvery
	for _, w := range f.flows {
		due := int(now.Sub(w.begun).Seconds() * f.rate)
		if f.limit > 0 {
			due = min(due, f.limit)
		}
		n := due - w.done
		if n > 0 || plant {
			if err := f.write(w.generator, n, now, plant); err != nil {
				return false, err
			}
			w.done = due
		}
		more = more || f.limit == 0 || due < f.limit
	}
	if plant {
		f.planted = now
	}
	f.last, f.w.m.To = now, now.UTC()
	return more, nil
}

// write lets a generator write n records, and its incidents.
func (f *Follower) write(g generator, n int, now time.Time, plant bool) error {
	if plant {
		o := f.options
		o.From, o.To = f.last.Add(-time.Minute).UTC(), now.UTC()
		switch g := g.(type) {
		case *trail:
			g.planted = plantCloudTrail(f.w, o)
		case *stream:
			g.incident(now.UTC().Truncate(time.Second))
		}
	}
	if t, ok := g.(*trail); ok { // all of it is delivered now, whatever the slot
		t.end, t.slot = now.UTC().Add(time.Nanosecond), time.Nanosecond
	}
	if err := g.fill(n, f.last.UTC(), now.UTC()); err != nil {
		return err
	}
	return g.finish()
}

// Manifest says what was written so far.
func (f *Follower) Manifest() Manifest { return f.w.m }
