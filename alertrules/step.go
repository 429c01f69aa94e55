package alertrules

import (
	"strings"
	"time"
)

// The state step: what is remembered of one key, and what was observed, give
// what is remembered next (DESIGN.md §5, D16, D17). Pure: it looks at its
// arguments only.

// A change is what one observation does to an alert.
type change int

const (
	stays change = iota // pending, quiet, or firing on
	begins
	goesOn // fires and was hit
	ends
)

// A threshold decides when an alert begins and ends.
type threshold struct {
	Threshold
	keep time.Duration
}

// step takes one observation at a moment into p.
func (t threshold) step(p Pending, firing, hit bool, at time.Time) (Pending, change) {
	p = p.observe(hit, at, t.N)
	hits := strings.Count(p.Observations, "H")
	if !firing {
		p.FirstMiss = time.Time{}
		if hits >= t.M {
			return p, begins
		}
		return p, stays
	}
	if hit {
		p.FirstMiss = time.Time{}
		return p, goesOn
	}
	if p.FirstMiss.IsZero() {
		p.FirstMiss = at
	}
	// Unobserved moments count as hits here: a gap empties the counters, and an
	// alert must not end for want of observations.
	if misses := len(p.Observations) - hits; misses <= t.N-t.M || at.Sub(p.FirstMiss) < t.keep {
		return p, stays
	}
	p.FirstMiss = time.Time{}
	return p, ends
}

// observe appends one observation and forgets what is older than the last n.
func (p Pending) observe(hit bool, at time.Time, n int) Pending {
	mark := "M"
	if hit {
		mark = "H"
		p.Hits = append(p.Hits[:len(p.Hits):len(p.Hits)], at)
	}
	p.Observations += mark
	if cut := len(p.Observations) - n; cut > 0 {
		p.Hits = p.Hits[strings.Count(p.Observations[:cut], "H"):]
		p.Observations = p.Observations[cut:]
	}
	p.FirstHit = time.Time{}
	if len(p.Hits) > 0 {
		p.FirstHit = p.Hits[0]
	}
	return p
}

// below forgets the oldest observations, until one more hit makes m: after the end of
// an alert that was cut another one begins with the next hit, and with no miss.
func (p Pending) below(m int) Pending {
	for len(p.Hits) >= m {
		if p.Observations[0] == 'H' {
			p.Hits = p.Hits[1:]
		}
		p.Observations = p.Observations[1:]
	}
	p.FirstHit, p.FirstMiss = time.Time{}, time.Time{}
	if len(p.Hits) > 0 {
		p.FirstHit = p.Hits[0]
	}
	return p
}

// idle reports whether p says nothing that matters later.
func (p Pending) idle() bool { return len(p.Hits) == 0 && p.FirstMiss.IsZero() }
