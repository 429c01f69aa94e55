package notifier

// This file knows quiet periods: which moments a calendar covers, in a zone of
// its own or in each recipient's, over both clock changes (D13).

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Calendar is a set of periods that come again every day or every week, in
// wall-clock time. It is immutable.
type Calendar struct {
	Name    string
	zone    *time.Location // nil: each recipient's own
	periods []weekly
}

// weekly is one period, by the day of the week on which it starts.
type weekly struct {
	day        time.Weekday
	start, end int // minutes after midnight of that day; end may lie up to eight days on
}

// A calendar looks this many days back and ahead for periods that touch: more
// than a week, so that a period of any length is found from each of its moments.
const (
	daysBack  = 9
	daysAhead = 9
)

// NewCalendar reads the periods of a calendar. Daily ones are written
// "22:00-07:00", weekly ones "SAT-SUN" (whole days), "MON-FRI 22:00-07:00" (on
// each of these days) or "FRI 18:00-MON 09:00" (one stretch). A period whose end
// is not after its start goes on into the next day and belongs to the day on
// which it starts; "24:00" is the end of the day. A nil zone means that of each
// recipient.
func NewCalendar(name string, daily, weeklies []string, zone *time.Location) (*Calendar, error) {
	c := &Calendar{Name: name, zone: zone}
	for _, s := range daily {
		start, end, err := parseSpan(s)
		if err != nil {
			return nil, err
		}
		for d := time.Sunday; d <= time.Saturday; d++ {
			c.periods = append(c.periods, weekly{d, start, end})
		}
	}
	for _, s := range weeklies {
		p, err := parseWeekly(s)
		if err != nil {
			return nil, err
		}
		c.periods = append(c.periods, p...)
	}
	return c, nil
}

// Quiet reports whether the moment t lies in a period, and when that period
// ends. Periods that touch or overlap are one. zone is the recipient's; a
// calendar with a zone of its own ignores it.
func (c *Calendar) Quiet(t time.Time, zone *time.Location) (until time.Time, quiet bool) {
	_, until, quiet = c.Period(t, zone)
	return until, quiet
}

// Period is Quiet with the beginning of the period. Of a period that goes on for
// more than nine days in either direction the answer is cut there.
func (c *Calendar) Period(t time.Time, zone *time.Location) (from, until time.Time, quiet bool) {
	if c == nil {
		return time.Time{}, time.Time{}, false
	}
	if c.zone != nil {
		zone = c.zone
	}
	var one stretch
	for _, s := range c.around(t, zone) {
		switch {
		case !one.until.IsZero() && !s.from.After(one.until): // it touches what came before
			if s.until.After(one.until) {
				one.until = s.until
			}
		case one.holds(t):
			return one.from, one.until, true
		default:
			one = s
		}
	}
	if one.holds(t) {
		return one.from, one.until, true
	}
	return time.Time{}, time.Time{}, false
}

// A stretch is the time from one moment until another, without the latter.
type stretch struct{ from, until time.Time }

func (s stretch) holds(t time.Time) bool { return !t.Before(s.from) && t.Before(s.until) }

// around returns the periods of the days around t, by their start.
func (c *Calendar) around(t time.Time, zone *time.Location) []stretch {
	local := t.In(zone)
	var out []stretch
	for i := -daysBack; i <= daysAhead; i++ {
		day := time.Date(local.Year(), local.Month(), local.Day()+i, 0, 0, 0, 0, time.UTC)
		for _, p := range c.periods {
			if day.Weekday() != p.day {
				continue
			}
			from := instant(day.Add(time.Duration(p.start)*time.Minute), zone, false)
			until := instant(day.Add(time.Duration(p.end)*time.Minute), zone, true)
			if until.After(from) {
				out = append(out, stretch{from, until})
			}
		}
	}
	slices.SortFunc(out, func(a, b stretch) int { return a.from.Compare(b.from) })
	return out
}

// instant returns the moment at which the clocks of zone show wall, whose own
// zone is UTC. Of a repeated time it is the first, or with last the second; a
// time that is skipped is the moment of the jump.
func instant(wall time.Time, zone *time.Location, last bool) time.Time {
	_, before := wall.Add(-26 * time.Hour).In(zone).Zone()
	_, after := wall.Add(26 * time.Hour).In(zone).Zone()
	var found []time.Time
	for _, offset := range []int{before, after} {
		t := wall.Add(-time.Duration(offset) * time.Second).In(zone)
		if _, o := t.Zone(); o == offset {
			found = append(found, t)
		}
	}
	if len(found) == 0 {
		jump, _ := wall.Add(-time.Duration(before) * time.Second).In(zone).ZoneBounds()
		return jump
	}
	slices.SortFunc(found, time.Time.Compare)
	if last {
		return found[len(found)-1]
	}
	return found[0]
}

// parseSpan reads "22:00-07:00"; an end that is not after the start is of the
// next day.
func parseSpan(s string) (start, end int, err error) {
	a, b, ok := strings.Cut(s, "-")
	if !ok {
		return 0, 0, fmt.Errorf("%q is no period; write it as 22:00-07:00", s)
	}
	if start, err = parseClock(a); err != nil {
		return 0, 0, err
	}
	if end, err = parseClock(b); err != nil {
		return 0, 0, err
	}
	if start == 24*60 {
		return 0, 0, fmt.Errorf("%q starts at 24:00; write 00:00", s)
	}
	if start == end {
		return 0, 0, fmt.Errorf("%q starts where it ends; for whole days write 00:00-24:00", s)
	}
	if end < start {
		end += 24 * 60
	}
	return start, end, nil
}

// parseClock reads "07:00" as minutes after midnight; "24:00" is allowed.
func parseClock(s string) (int, error) {
	h, m, ok := strings.Cut(strings.TrimSpace(s), ":")
	hours, err1 := strconv.ParseUint(h, 10, 8)
	minutes, err2 := strconv.ParseUint(m, 10, 8)
	if !ok || len(m) != 2 || err1 != nil || err2 != nil || hours > 24 || minutes > 59 || hours == 24 && minutes > 0 {
		return 0, fmt.Errorf("%q is no time of day; write it as 07:00", strings.TrimSpace(s))
	}
	return int(hours)*60 + int(minutes), nil
}

// parseWeekly reads "SAT-SUN", "SAT", "MON-FRI 22:00-07:00" or "FRI 18:00-MON 09:00".
func parseWeekly(s string) ([]weekly, error) {
	fields := strings.Fields(strings.ReplaceAll(s, "-", " - "))
	fault := fmt.Errorf("%q is no weekly period; write it as SAT-SUN, MON-FRI 22:00-07:00 or FRI 18:00-MON 09:00", s)
	switch strings.Join(shape(fields), " ") {
	case "day":
		return wholeDays(fields[0], fields[0])
	case "day - day":
		return wholeDays(fields[0], fields[2])
	case "day time - time":
		return eachDay(fields[0], fields[0], strings.Join(fields[1:], ""))
	case "day - day time - time":
		return eachDay(fields[0], fields[2], strings.Join(fields[3:], ""))
	case "day time - day time":
		return oneStretch(fields)
	}
	return nil, fault
}

// shape names what stands in each field.
func shape(fields []string) []string {
	out := make([]string, len(fields))
	for i, f := range fields {
		_, isDay := weekday(f)
		_, err := parseClock(f)
		switch {
		case isDay:
			out[i] = "day"
		case err == nil:
			out[i] = "time"
		default:
			out[i] = f
		}
	}
	return out
}

func weekday(s string) (time.Weekday, bool) {
	for d := time.Sunday; d <= time.Saturday; d++ {
		if strings.EqualFold(s, d.String()[:3]) || strings.EqualFold(s, d.String()) {
			return d, true
		}
	}
	return 0, false
}

// days returns the days from a to b, which may lie in the next week.
func days(a, b string) []time.Weekday {
	from, _ := weekday(a)
	to, _ := weekday(b)
	out := []time.Weekday{from}
	for d := from; d != to; {
		d = (d + 1) % 7
		out = append(out, d)
	}
	return out
}

func wholeDays(a, b string) ([]weekly, error) { return eachDay(a, b, "00:00-24:00") }

func eachDay(a, b, span string) ([]weekly, error) {
	start, end, err := parseSpan(span)
	if err != nil {
		return nil, err
	}
	var out []weekly
	for _, d := range days(a, b) {
		out = append(out, weekly{d, start, end})
	}
	return out, nil
}

func oneStretch(f []string) ([]weekly, error) {
	from, _ := weekday(f[0])
	to, _ := weekday(f[3])
	start, err := parseClock(f[1])
	if err != nil {
		return nil, err
	}
	end, err := parseClock(f[4])
	if err != nil {
		return nil, err
	}
	end += int((to-from+7)%7) * 24 * 60
	if end <= start {
		end += 7 * 24 * 60
	}
	return []weekly{{from, start, end}}, nil
}
