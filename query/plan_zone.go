// Times in a zone: x AT TIME ZONE 'Europe/Berlin'.

package query

import "time"

// atZone resolves x AT TIME ZONE 'Asia/Tokyo'.
func (s *stage) atZone(e *AtZone, v env) value {
	x := s.time(s.expr(e.X, v), e.X)
	name, ok := constText(s.expr(e.Zone, v))
	if !ok {
		s.fault("query/zone", e.Zone.Span(), "a time zone is a constant", "write AT TIME ZONE 'Asia/Tokyo'")
		return null()
	}
	return s.inZone(x, name, e.Zone)
}

// inZone checks the name of a zone.
func (p *planner) inZone(x value, name string, at Node) value {
	if _, err := time.LoadLocation(name); err != nil || name == "" || name == "Local" {
		p.fault("query/zone", at.Span(), "there is no time zone "+cut(name), "write a name of the IANA list, as 'Europe/Berlin', or 'UTC'")
		return null()
	}
	if z, ok := x.(*inZone); ok {
		x = z.x
	}
	return &inZone{x, name}
}

// zoneless refuses a time in a zone where its zone would be lost.
func (p *planner) zoneless(v value, at Node) value {
	if _, ok := v.(*inZone); !ok {
		return v
	}
	p.fault("query/zone", at.Span(), "a time in a zone is formatted, cut or taken apart, nothing else", "date_format, date_trunc, hour and their like take it")
	return null()
}

// local is what a clock in the zone shows.
func (z *inZone) local() value {
	return &call{fn: "local_time", args: []value{z.x, textConst(z.zone)}, t: Time}
}

// zoned takes the zone of a time into account where a function is about clocks.
func (s *stage) zoned(c *call, e *Call) value {
	for i, a := range c.args {
		z, ok := a.(*inZone)
		if !ok {
			continue
		}
		switch c.fn {
		case "date_trunc":
			unit, _ := constText(c.args[0])
			if unit == "millisecond" || unit == "second" || unit == "minute" {
				c.args[i] = z.x
				return &inZone{c, z.zone}
			}
			return &inZone{&call{fn: "date_trunc_zone", args: []value{c.args[0], z.x, textConst(z.zone)}, t: Time}, z.zone}
		case "date_format", "year", "quarter", "month", "week", "day", "day_of_week", "day_of_year", "year_of_week", "millisecond", "hour", "minute", "second":
			c.args[i] = z.local()
		case "to_unixtime":
			c.args[i] = z.x
		default:
			s.fault("query/zone", e.Args[len(e.Args)-len(c.args)+i].Span(), e.Name+" does not take a time in a zone", "date_format, date_trunc, hour and their like take it")
			return null()
		}
	}
	return c
}
