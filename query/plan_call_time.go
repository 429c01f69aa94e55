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

// dateFormat checks a format of MySQL.
func (s *stage) dateFormat(c *call, e *Call) value {
	format, _ := constText(c.args[1])
	if _, ok := strftime(format); !ok {
		s.fault("query/date-format", e.Args[1].Span(), "the format has a % that is not known", "%Y-%m-%d %H:%i:%s, as in MySQL; Presto has no %D %U %u %V %w %X")
		return null()
	}
	return c
}
