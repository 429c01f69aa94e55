package ingest

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// Times as records write them.

// A stamp is a time read from a record.
type stamp struct {
	micros int64
	ok     bool
	plain  bool // written as RFC 3339, or as the number that the format uses
	zoned  bool // it says its offset, or needs none
}

// utcSeconds reads "2006-01-02T15:04:05Z" without allocating, as nearly every
// CloudTrail record writes it. A leap second is the first of the next minute.
func utcSeconds(b []byte) stamp {
	if len(b) != 20 || b[4] != '-' || b[7] != '-' || b[10] != 'T' || b[13] != ':' || b[16] != ':' || b[19] != 'Z' {
		return stamp{}
	}
	y, ok0 := two(b, 0)
	c, ok1 := two(b, 2)
	mo, ok2 := two(b, 5)
	d, ok3 := two(b, 8)
	h, ok4 := two(b, 11)
	mi, ok5 := two(b, 14)
	s, ok6 := two(b, 17)
	y = y*100 + c
	numeric := ok0 && ok1 && ok2 && ok3 && ok4 && ok5 && ok6
	if !numeric || h > 23 || mi > 59 || s > 60 || !validDay(y, mo, d) {
		return stamp{}
	}
	n := daysSince1970(y, mo, d)*86400 + int64(h*3600+mi*60+s)
	return stamp{micros: n * 1e6, ok: true, plain: true}
}

func two(b []byte, i int) (int, bool) {
	x, y := b[i]-'0', b[i+1]-'0'
	return int(x)*10 + int(y), x < 10 && y < 10
}

func validDay(y, m, d int) bool {
	if m < 1 || m > 12 || d < 1 || d > 31 {
		return false
	}
	switch m {
	case 4, 6, 9, 11:
		return d <= 30
	case 2:
		leap := y%4 == 0 && (y%100 != 0 || y%400 == 0)
		return d <= 28 || leap && d == 29
	}
	return true
}

// daysSince1970 counts in the Gregorian calendar, also before its beginning.
func daysSince1970(y, m, d int) int64 {
	if m <= 2 {
		y--
		m += 12
	}
	era := y
	if y < 0 {
		era -= 399
	}
	era /= 400
	yoe := y - era*400
	doy := (153*(m-3)+2)/5 + d - 1
	return int64(era*146097+yoe*365+yoe/4-yoe/100+doy) - 719468
}

// readTime reads a time as text: RFC 3339 with any number of digits, and what
// comes near it; or a number of seconds, of which ever unit. A text without an
// offset is in zone.
func readTime(text string, zone *time.Location) stamp {
	if len(text) > longestTime {
		return stamp{}
	}
	if st := utcSeconds([]byte(text)); st.ok {
		return st
	}
	if t, ok := parseTime(text, time.RFC3339Nano); ok {
		_, offset := t.Zone()
		if offset < -12*3600 || offset > 14*3600 {
			return stamp{}
		}
		return stamp{micros: t.UnixMicro(), ok: true, plain: true}
	}
	if strings.Contains(text, ":60") {
		if st := readTime(strings.Replace(text, ":60", ":59", 1), zone); st.ok {
			st.micros += 1e6
			return st
		}
		return stamp{}
	}
	for i, layout := range timeLayouts {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil {
			return stamp{micros: t.UnixMicro(), ok: true, zoned: i >= zonedFrom}
		}
	}
	return epoch(text)
}

// longestTime is more than any way to write a time needs; a longer text is none.
const longestTime = 100

// timeLayouts are other ways to write a time; from zonedFrom on with an offset.
var timeLayouts = [...]string{
	"2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999",
	"2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999 -0700", "2006-01-02T15:04:05.999999999-0700", "2006-01-02T15:04Z07:00",
	"02/Jan/2006:15:04:05 -0700", time.RFC1123Z,
}

const zonedFrom = 2

func parseTime(text, layout string) (time.Time, bool) {
	t, err := time.Parse(layout, text)
	return t, err == nil
}

// epoch reads a number of seconds, milliseconds, microseconds or nanoseconds
// since 1970. Which, is told by its size, as real producers mix them up (OCSF
// says milliseconds, Prowler writes seconds): up to 1e11 seconds (the year 5138),
// and so on by thousands.
func epoch(text string) stamp {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return epochOf(n)
	}
	f, err := strconv.ParseFloat(text, 64)
	a := math.Abs(f)
	switch {
	case err != nil || math.IsNaN(f) || a >= 1e20:
		return stamp{}
	case a < 1e11:
		f *= 1e6
	case a < 1e14:
		f *= 1e3
	case a >= 1e17:
		f /= 1e3
	}
	return stamp{micros: int64(math.Round(f)), ok: true, plain: true}
}

func epochOf(n int64) stamp {
	a := n
	if a < 0 {
		a = -a
	}
	switch {
	case a < 0:
		return stamp{}
	case a < 1e11:
		return stamp{micros: n * 1e6, ok: true, plain: true}
	case a < 1e14:
		return stamp{micros: n * 1e3, ok: true, plain: true}
	case a < 1e17:
		return stamp{micros: n, ok: true, plain: true}
	}
	return stamp{micros: n / 1e3, ok: true, plain: true}
}

// clock puts times into records.
type clock struct {
	now         int64          // load time, microseconds
	first, last int64          // outside of these a time is flagged
	zone        *time.Location // of texts without an offset
}

func newClock(now time.Time, zone *time.Location) clock {
	if zone == nil {
		zone = time.UTC
	}
	last := int64(math.MaxInt64)
	if !now.IsZero() {
		last = now.AddDate(0, 0, 1).UnixMicro()
	}
	return clock{
		now: now.UnixMicro(), zone: zone,
		first: time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro(), last: last,
	}
}

// put sets the time of r, and flags it where it is odd.
func (c *clock) put(r *Record, st stamp) {
	if !st.ok {
		r.Time = c.now
		r.Flags = append(r.Flags, FlagNoTime)
		return
	}
	r.Time = st.micros
	if !st.plain {
		r.Flags = append(r.Flags, FlagTime)
	}
	if st.micros < c.first || st.micros > c.last {
		r.Flags = append(r.Flags, FlagTimeRange)
	}
}
