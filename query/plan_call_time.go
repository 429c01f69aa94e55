// What functions ask of times: units, formats, zones.

package query

import (
	"slices"
	"strings"
)

// specialTime checks functions of times; false: c is none of them.
func (s *stage) specialTime(c *call, e *Call) (value, bool) {
	switch c.fn {
	case "date_trunc", "date_diff", "date_add":
		return s.dateUnit(c, e), true
	case "date_format", "date_parse":
		return s.dateFormat(c, e), true
	case "date", "last_day_of_month":
		x := c.args[0]
		if z, ok := x.(*inZone); ok {
			x = z.local()
		}
		if c.fn == "last_day_of_month" {
			x = &call{fn: c.fn, args: []value{x}, t: Time}
		}
		return &conversion{x: x, to: Time, day: true}, true
	case "from_iso8601_date":
		return &conversion{x: c, to: Time, day: true}, true
	case "from_unixtime", "at_timezone":
		if len(c.args) == 1 {
			return c, true
		}
		zone, _ := constText(c.args[1])
		x := c.args[0]
		if c.fn == "from_unixtime" {
			x = &call{fn: c.fn, args: c.args[:1], t: Time}
		}
		return s.inZone(x, zone, e.Args[1]), true
	case "to_iso8601":
		if isDay(c.args[0]) {
			return &conversion{x: c.args[0], to: Text}, true
		}
		return c, true
	}
	return c, false
}

// dateUnit checks the unit of date_trunc and its like against a closed list.
func (s *stage) dateUnit(c *call, e *Call) value {
	unit, _ := constText(c.args[0])
	unit = strings.ToLower(unit)
	known := []string{"millisecond", "second", "minute", "hour", "day", "week", "month", "quarter", "year"}
	if !slices.Contains(known, unit) {
		s.fault("query/unit", e.Args[0].Span(), "there is no unit "+cut(unit), "millisecond, second, minute, hour, day, week, month, quarter and year are")
		return null()
	}
	c.args[0] = textConst(unit)
	if c.fn == "date_add" {
		return &call{"date_add_" + unit, c.args[1:], Time}
	}
	return c
}

// dateFormat checks a format. Of date_format the second argument becomes the
// format of strftime, and the third the one of MySQL.
func (s *stage) dateFormat(c *call, e *Call) value {
	format, _ := constText(c.args[1])
	var b strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			b.WriteByte(format[i])
			continue
		}
		i++
		if i == len(format) || dateLetter(format[i]) == "" {
			hint := "%Y-%m-%d %H:%i:%s, as in MySQL"
			if i < len(format) && strings.IndexByte("DUuVwX", format[i]) >= 0 {
				hint = "Presto does not have it either; %v is the week, %W the day of the week"
			}
			s.fault("query/date-format", e.Args[1].Span(), "the format has a % that is not known", hint)
			return null()
		}
		b.WriteString(dateLetter(format[i]))
	}
	if c.fn == "date_format" {
		c.args = []value{c.args[0], textConst(b.String()), c.args[1]}
	}
	return c
}

// dateLetter is a letter of MySQL, of those that Presto knows, in the words of
// strftime; "": it is none.
func dateLetter(c byte) string {
	switch c {
	case 'Y', 'y', 'm', 'd', 'H', 'S', 'p', 'a', 'b', 'j', '%':
		return "%" + string(c)
	case 'c':
		return "%-m"
	case 'e':
		return "%-d"
	case 'k':
		return "%-H"
	case 'h', 'I':
		return "%I"
	case 'l':
		return "%-I"
	case 'i':
		return "%M"
	case 's':
		return "%S"
	case 'M':
		return "%B"
	case 'W':
		return "%A"
	case 'T':
		return "%H:%M:%S"
	case 'r':
		return "%I:%M:%S %p"
	case 'f':
		return "%g000" // milliseconds, as Presto counts
	case 'v':
		return "%V"
	case 'x':
		return "%G"
	}
	return ""
}
