// Times for the functions that DuckDB calls: date_parse with the formats of
// MySQL, and ISO 8601. Both know milliseconds, as in Presto.

package query

import (
	"strings"
	"time"
)

// timeUDFs are the functions that read times, as microseconds since 1970.
func timeUDFs() []DuckDBFunction {
	return []DuckDBFunction{
		{"tocsin_date_parse", []Type{Text, Text}, Integer, func(a []any) (any, error) {
			return micros(parseDate(a[0].(string), a[1].(string))), nil
		}},
		{"tocsin_iso8601", []Type{Text, Boolean}, Integer, func(a []any) (any, error) {
			return micros(parseISO(a[0].(string), a[1].(bool))), nil
		}},
	}
}

func micros(t time.Time, ok bool) any {
	if !ok || t.Year() < 1 || t.Year() > 9999 {
		return nil
	}
	return t.UnixMilli() * 1000
}

// A dateReader reads the parts of a time out of a text, from the left.
type dateReader struct {
	rest string
	bad  bool

	year, weekYear, month, day, yearDay, week, weekDay int // 0: not there
	hour, half, minute, second, nano                   int
	afternoon, twelve                                  bool
	zone                                               time.Duration
}

// number reads up to so many digits, at least one.
func (r *dateReader) number(digits int) int {
	n, i := 0, 0
	for i < digits && i < len(r.rest) && r.rest[i] >= '0' && r.rest[i] <= '9' {
		n = n*10 + int(r.rest[i]-'0')
		i++
	}
	r.bad = r.bad || i == 0
	r.rest = r.rest[i:]
	return n
}

// between is number within bounds.
func (r *dateReader) between(digits, least, greatest int) int {
	n := r.number(digits)
	r.bad = r.bad || n < least || n > greatest
	return n
}

// fraction reads the digits of a part of a second, as nanoseconds.
func (r *dateReader) fraction() int {
	digits := len(r.rest)
	n := r.number(9)
	for i := digits - len(r.rest); i < 9; i++ {
		n *= 10
	}
	return n
}

// name reads one of the names, whole or as its first three letters, and returns
// which.
func (r *dateReader) name(names []string) int {
	for _, short := range [...]bool{false, true} {
		for i, n := range names {
			if short {
				n = n[:3]
			}
			if len(r.rest) >= len(n) && strings.EqualFold(r.rest[:len(n)], n) {
				r.rest = r.rest[len(n):]
				return i + 1
			}
		}
	}
	r.bad = true
	return 0
}

// text reads what has to stand there.
func (r *dateReader) text(s string) {
	if len(r.rest) < len(s) || !strings.EqualFold(r.rest[:len(s)], s) {
		r.bad = true
		return
	}
	r.rest = r.rest[len(s):]
}

// has reads s where it stands there.
func (r *dateReader) has(s string) bool {
	if len(r.rest) < len(s) || !strings.EqualFold(r.rest[:len(s)], s) {
		return false
	}
	r.rest = r.rest[len(s):]
	return true
}

func monthNames() []string {
	return strings.Fields("January February March April May June July August September October November December")
}

func dayNames() []string {
	return strings.Fields("Monday Tuesday Wednesday Thursday Friday Saturday Sunday")
}

// parseDate is date_parse; the format was checked.
func parseDate(s, format string) (time.Time, bool) {
	r := &dateReader{rest: s}
	for i := 0; i < len(format); i++ {
		switch {
		case format[i] != '%' || i+1 == len(format):
			r.text(format[i : i+1])
		default:
			i++
			r.letter(format[i])
		}
	}
	if r.bad || r.rest != "" {
		return time.Time{}, false
	}
	return r.time()
}

// letter reads what one letter of a format stands for.
func (r *dateReader) letter(c byte) {
	switch c {
	case 'Y':
		r.year = r.between(4, 1, 9999)
	case 'y':
		if r.year = r.number(2); r.year < 70 {
			r.year += 100
		}
		r.year += 1900
	case 'x':
		r.weekYear = r.between(4, 1, 9999)
	case 'v':
		r.week = r.between(2, 1, 53)
	case 'm', 'c':
		r.month = r.between(2, 1, 12)
	case 'M', 'b':
		r.month = r.name(monthNames())
	case 'd', 'e':
		r.day = r.between(2, 1, 31)
	case 'j':
		r.yearDay = r.between(3, 1, 366)
	case 'W', 'a':
		r.weekDay = r.name(dayNames())
	case '%':
		r.text("%")
	default:
		r.clock(c)
	}
}

// clock reads a part of the time of day.
func (r *dateReader) clock(c byte) {
	switch c {
	case 'H', 'k':
		r.hour, r.twelve = r.between(2, 0, 23), false
	case 'h', 'I', 'l':
		r.half, r.twelve = r.between(2, 1, 12), true
	case 'p':
		if r.afternoon = r.has("PM"); !r.afternoon {
			r.text("AM")
		}
	case 'i':
		r.minute = r.between(2, 0, 59)
	case 's', 'S':
		r.second = r.between(2, 0, 59)
	case 'f':
		r.nano = r.fraction()
	case 'T', 'r':
		r.clock(map[byte]byte{'T': 'H', 'r': 'h'}[c])
		r.text(":")
		r.clock('i')
		r.text(":")
		r.clock('s')
		if c == 'r' {
			r.text(" ")
			r.clock('p')
		}
	}
}

// time puts the parts together; what is missing is that of 1970, or of 2000
// beside a month or day.
func (r *dateReader) time() (time.Time, bool) {
	if r.twelve {
		r.hour = r.half % 12
		if r.afternoon {
			r.hour += 12
		}
	}
	year := max(r.year, r.weekYear)
	if year == 0 {
		year = 1970
		if r.month+r.day+r.week+r.weekDay+r.yearDay > 0 {
			year = 2000
		}
	}
	day := time.Date(year, time.Month(max(1, r.month)), max(1, r.day), 0, 0, 0, 0, time.UTC)
	if r.day > 0 && day.Day() != r.day {
		return time.Time{}, false
	}
	if r.yearDay > 0 {
		if day = time.Date(year, 1, r.yearDay, 0, 0, 0, 0, time.UTC); day.Year() != year {
			return time.Time{}, false
		}
	}
	if r.week > 0 || r.weekYear > 0 {
		if r.weekYear == 0 {
			year, _ = day.ISOWeek()
		}
		week := max(1, r.week)
		day = monday(time.Date(year, 1, 4, 0, 0, 0, 0, time.UTC)).AddDate(0, 0, 7*(week-1))
		if y, _ := day.ISOWeek(); y != year {
			return time.Time{}, false
		}
	}
	if r.weekDay > 0 {
		day = monday(day).AddDate(0, 0, r.weekDay-1)
	}
	clock := time.Duration(r.hour)*time.Hour + time.Duration(r.minute)*time.Minute + time.Duration(r.second)*time.Second + time.Duration(r.nano)
	return day.Add(clock - r.zone), true
}

// monday is the first day of the week of t.
func monday(t time.Time) time.Time { return t.AddDate(0, 0, -(int(t.Weekday())+6)%7) }

// parseISO reads a date of ISO 8601, and where clock is set also a time of day and
// a zone behind it; without a zone it is UTC.
func parseISO(s string, clock bool) (time.Time, bool) {
	r := &dateReader{rest: s}
	if !clock || !r.has("T") {
		r.has("+") // of the year
		r.isoDate()
		clock = clock && r.has("T")
	} else if r.rest == "" {
		return time.Time{}, false
	}
	if clock && r.rest != "" {
		r.isoClock()
	}
	if r.bad || r.rest != "" || s == "" {
		return time.Time{}, false
	}
	return r.time()
}

// isoDate reads 2026-01-31, 2026-W05-6 or 2026-031; the last parts may be missing.
func (r *dateReader) isoDate() {
	r.year = r.between(4, 1, 9999)
	switch {
	case !r.has("-"):
	case r.has("W"):
		r.weekYear, r.year = r.year, 0
		r.week = r.between(2, 1, 53)
		if r.has("-") {
			r.weekDay = r.between(1, 1, 7)
		}
	case len(r.rest) >= 3 && strings.Trim(r.rest[:3], "0123456789") == "":
		r.yearDay = r.between(3, 1, 366)
	default:
		r.month = r.between(2, 1, 12)
		if r.has("-") {
			r.day = r.between(2, 1, 31)
		}
	}
}

// isoClock reads 09:05:06.5 and a zone.
func (r *dateReader) isoClock() {
	unit := time.Hour // of a fraction: of what stands before it
	r.hour = r.between(2, 0, 23)
	if r.has(":") {
		unit, r.minute = time.Minute, r.between(2, 0, 59)
		if r.has(":") {
			unit, r.second = time.Second, r.between(2, 0, 59)
		}
	}
	if r.has(".") || r.has(",") {
		r.nano = r.fraction() * int(unit/time.Second)
	}
	switch {
	case r.has("Z"):
	case r.has("+"):
		r.zone = r.offset()
	case r.has("-"):
		r.zone = -r.offset()
	}
}

// offset reads 09:00, 0900 or 09.
func (r *dateReader) offset() time.Duration {
	d := time.Duration(r.between(2, 0, 23)) * time.Hour
	if r.has(":") || r.rest != "" {
		d += time.Duration(r.between(2, 0, 59)) * time.Minute
	}
	return d
}
