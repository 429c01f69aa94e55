package alertrules

import (
	"fmt"
	"strings"
	"time"
)

// The windows of rules, and where whole ones begin and end.

// WindowKind says what a rule looks at.
type WindowKind int

// The kinds of window (DESIGN.md §5).
const (
	NewWindow      WindowKind = iota // every record that the rule has not seen yet
	SlidingWindow                    // the last Length of event time
	WholeWindow                      // tumbling in event time, aligned in the rule's zone
	SnapshotWindow                   // all of a logstore that has no window (findings_now)
)

// A Window is the `window:` of a rule.
type Window struct {
	Kind   WindowKind
	Length time.Duration // of SlidingWindow; of WholeWindow up to a week
	Months int           // of WholeWindow: calendar months instead of Length
}

const (
	day  = 24 * time.Hour
	week = 7 * day
)

// String returns the window as rule files write it.
func (w Window) String() string {
	switch {
	case w.Kind == NewWindow:
		return "new"
	case w.Kind == SnapshotWindow:
		return "none"
	case w.Months > 0:
		return "whole month"
	case w.Kind == WholeWindow:
		return "whole " + FormatDuration(w.Length)
	}
	return FormatDuration(w.Length)
}

// parseWindow reads "new", "24h", "whole 1d", "whole month".
func parseWindow(s string) (Window, error) {
	if s == "new" {
		return Window{Kind: NewWindow}, nil
	}
	if rest, ok := strings.CutPrefix(s, "whole "); ok {
		return parseWhole(strings.TrimSpace(rest))
	}
	length, err := ParseDuration(s)
	if err != nil {
		return Window{}, fmt.Errorf("%s is no window", quote(s))
	}
	if length < time.Second {
		return Window{}, fmt.Errorf("a window of %s holds nothing", s)
	}
	return Window{Kind: SlidingWindow, Length: length}, nil
}

func parseWhole(s string) (Window, error) {
	named := map[string]time.Duration{"minute": time.Minute, "hour": time.Hour, "day": day, "week": week}
	if s == "month" || s == "1 month" || s == "1mo" {
		return Window{Kind: WholeWindow, Months: 1}, nil
	}
	length, ok := named[strings.TrimPrefix(s, "1 ")]
	if !ok {
		var err error
		if length, err = ParseDuration(s); err != nil {
			return Window{}, fmt.Errorf("%s is no length of time", quote(s))
		}
	}
	fits := length == week || length >= time.Minute && length <= day && day%length == 0
	if !fits {
		return Window{}, fmt.Errorf("windows of %s do not fill a day", quote(s))
	}
	return Window{Kind: WholeWindow, Length: length}, nil
}

// Around returns the whole window in which t lies, half-open. Days and longer
// begin at midnight in the zone, weeks on Monday, and have 23 or 25 hours when
// clocks change. Only for WholeWindow.
func (w Window) Around(t time.Time, zone *time.Location) (from, to time.Time) {
	local := t.In(zone)
	y, m, d := local.Date()
	switch {
	case w.Months > 0:
		return wall(y, m, 1, 0, zone), wall(y, m+1, 1, 0, zone)
	case w.Length == week:
		monday := d - (int(local.Weekday())+6)%7
		return wall(y, m, monday, 0, zone), wall(y, m, monday+7, 0, zone)
	case w.Length == day:
		return wall(y, m, d, 0, zone), wall(y, m, d+1, 0, zone)
	case w.Length <= time.Hour:
		midnight, next := wall(y, m, d, 0, zone), wall(y, m, d+1, 0, zone)
		from = midnight.Add(t.Sub(midnight) / w.Length * w.Length)
		if to = from.Add(w.Length); to.After(next) {
			to = next
		}
		return from, to
	}
	return w.aroundHours(t, zone)
}

// aroundHours is Around for 2h to 12h: boundaries are times of the wall clock.
func (w Window) aroundHours(t time.Time, zone *time.Location) (from, to time.Time) {
	y, m, d := t.In(zone).Date()
	from = wall(y, m, d, 0, zone)
	for at := w.Length; at <= day; at += w.Length {
		if to = wall(y, m, d, at, zone); to.After(t) {
			return from, to
		}
		from = to
	}
	return from, to
}

// wall returns the moment at which clocks in a zone show a time of a day. In a
// repeated hour it is the first, in a skipped hour the jump (D13).
func wall(y int, m time.Month, d int, clock time.Duration, zone *time.Location) time.Time {
	want := time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Add(clock)
	t := time.Date(want.Year(), want.Month(), want.Day(), want.Hour(), want.Minute(), want.Second(), want.Nanosecond(), zone)
	shown := floating(t)
	start, end := t.ZoneBounds()
	switch {
	case shown.Before(want):
		return end.UTC()
	case shown.After(want):
		return start.UTC()
	case !start.IsZero():
		_, after := t.Zone()
		_, before := start.Add(-time.Second).Zone()
		if first := t.Add(-time.Duration(before-after) * time.Second); before > after && first.Before(start) {
			return first.UTC()
		}
	}
	return t.UTC()
}

// floating returns what clocks show at t in its zone, as if that were UTC.
func floating(t time.Time) time.Time {
	y, m, d := t.Date()
	h, mi, s := t.Clock()
	return time.Date(y, m, d, h, mi, s, t.Nanosecond(), time.UTC)
}

// FormatDuration writes a length of time as rule files do: 15m, 24h, 7d, 1h30m.
func FormatDuration(d time.Duration) string {
	switch {
	case d == 0:
		return "0s"
	case d%day == 0 && d > day:
		return fmt.Sprintf("%dd", d/day)
	}
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
