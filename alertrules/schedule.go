package alertrules

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// A Schedule says at which moments a rule is evaluated. It computes; the loop
// that waits is Loop.Run.
type Schedule struct {
	Every time.Duration // with Cron: the shortest distance between two moments
	Cron  string        // five fields; empty: every Every
	Zone  *time.Location

	cron cron.Schedule
	real bool // the hour is not fixed: moments follow each other in real time
}

// minEvery is the smallest interval; shorter ones are refused.
const minEvery = time.Second

// newEvery returns a schedule whose moments are the multiples of a length of
// time, counted from a Monday's midnight in the zone.
func newEvery(every time.Duration, zone *time.Location) *Schedule {
	return &Schedule{Every: every, Zone: zone}
}

// cronStart is where the distances of a cron line are measured from. A fixed
// moment, so that a rule means the same whenever it is read.
var cronStart = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// newCron reads five fields. robfig/cron only parses them and computes: it
// panics on "TZ=0", takes lines that never come, and runs twice, or not at all,
// on days when clocks change (deps.md §12).
func newCron(line string, zone *time.Location) (*Schedule, error) {
	if strings.HasPrefix(line, "@") || strings.Contains(line, "=") {
		return nil, errors.New("a schedule has five fields: minute, hour, day of the month, month, day of the week")
	}
	if len(line) > 64*4 {
		return nil, errors.New("the line is too long")
	}
	parsed, err := cron.ParseStandard(line)
	if err != nil {
		return nil, fmt.Errorf("%s is no schedule: %s", quote(line), strings.TrimPrefix(err.Error(), "cron: "))
	}
	if parsed.Next(cronStart).IsZero() {
		return nil, fmt.Errorf("%s never comes", quote(line))
	}
	fields := strings.Fields(line)
	s := &Schedule{Cron: line, Zone: zone, cron: parsed, real: len(fields) == 5 && strings.HasPrefix(fields[1], "*")}
	s.Every = s.shortest()
	return s, nil
}

// shortest is the least distance between neighbouring moments of a year or so.
func (s *Schedule) shortest() time.Duration {
	least, at := time.Duration(0), s.Next(cronStart)
	for range 600 {
		next := s.Next(at)
		if next.IsZero() {
			break
		}
		if d := next.Sub(at); least == 0 || d < least {
			least = d
		}
		at = next
	}
	return least
}

// Next returns the first moment after t, in UTC. A time of day that clocks skip
// comes at the jump, one that they repeat comes once.
func (s *Schedule) Next(t time.Time) time.Time {
	if s.cron == nil {
		anchor := wall(2024, 1, 1, 0, s.Zone) // a Monday
		n := t.Sub(anchor) / s.Every
		if t.Before(anchor.Add(n * s.Every)) {
			n--
		}
		return anchor.Add((n + 1) * s.Every).UTC()
	}
	if s.real {
		if next := s.cron.Next(t.In(s.Zone)); !next.IsZero() {
			return next.UTC()
		}
		return time.Time{}
	}
	shown := floating(t.In(s.Zone))
	for range 4 {
		if shown = s.cron.Next(shown); shown.IsZero() {
			return time.Time{}
		}
		y, m, d := shown.Date()
		clock := shown.Sub(time.Date(y, m, d, 0, 0, 0, 0, time.UTC))
		if next := wall(y, m, d, clock, s.Zone); next.After(t) {
			return next
		}
	}
	return time.Time{}
}

// before returns the last moment before t; zero when there was none for a year
// and more.
func (s *Schedule) before(t time.Time) time.Time {
	for back := max(s.Every, time.Second); back <= 800*day; back *= 2 {
		if at := s.last(t.Add(-back-time.Nanosecond), t.Add(-time.Nanosecond)); !at.IsZero() {
			return at
		}
	}
	return time.Time{}
}

// Last returns the last moment until t, t included; zero when there was none for a year
// and more.
func (s *Schedule) Last(t time.Time) time.Time { return s.before(t.Add(time.Nanosecond)) }

// String returns the schedule as rule files write it.
func (s *Schedule) String() string {
	if s.cron != nil {
		return "cron " + s.Cron
	}
	return "every " + FormatDuration(s.Every)
}

// Moments returns the moments in (after, upTo], oldest first, at most limit: the
// newest ones. More reports that older ones were left out.
func (s *Schedule) Moments(after, upTo time.Time, limit int) (moments []time.Time, more bool) {
	for at := s.Next(after); !at.IsZero() && !at.After(upTo); at = s.Next(at) {
		if moments = append(moments, at); len(moments) > limit {
			moments, more = moments[1:], true
		}
	}
	return moments, more
}
