// Times in a zone for the functions that DuckDB calls, as Presto has them. Times
// are microseconds since 1970; local ones are what a clock in the zone shows, as
// if it were UTC.

package query

import "time"

func readZone(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil {
		return time.UTC // the planner has refused it
	}
	return zone
}

// offset is how far a clock in the zone is ahead, in microseconds.
func offset(us int64, zone *time.Location) int64 {
	_, seconds := time.UnixMicro(us).In(zone).Zone()
	return int64(seconds) * 1e6
}

func localTime(us int64, zone *time.Location) int64 { return us + offset(us, zone) }

// utcOf is the moment at which a clock in the zone shows a local time: of two the
// first, and where the clock jumps over it, as far behind the jump as it lies
// behind it.
func utcOf(local int64, zone *time.Location) int64 {
	const day = 24 * 3600 * 1e6
	first := local - offset(local-day, zone)
	if localTime(first, zone) == local {
		return first
	}
	if second := local - offset(local+day, zone); localTime(second, zone) == local {
		return second
	}
	return first
}

// truncZone cuts a time to a unit of the clock in the zone. Of two moments at
// which the clock shows that, it is the one with the offset of the time itself;
// an hour has that in any case.
func truncZone(unit string, us int64, zone *time.Location) int64 {
	off := offset(us, zone)
	cut := truncTime(unit, time.UnixMicro(us+off).UTC()).UnixMicro()
	if unit == "hour" || localTime(cut-off, zone) == cut {
		return cut - off
	}
	return utcOf(cut, zone)
}

func truncTime(unit string, t time.Time) time.Time {
	y, m, d := t.Date()
	switch unit {
	case "hour":
		return time.Date(y, m, d, t.Hour(), 0, 0, 0, time.UTC)
	case "week": // begins on Monday
		d -= (int(t.Weekday()) + 6) % 7
	case "month":
		d = 1
	case "quarter":
		m, d = m-(m-1)%3, 1
	case "year":
		m, d = 1, 1
	}
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// zoneUDFs are those of times in a zone.
func zoneUDFs() []DuckDBFunction {
	zones := &cache[*time.Location]{}
	return []DuckDBFunction{
		{"tocsin_local_time", []Type{Integer, Text}, Integer, func(a []any) (any, error) {
			return localTime(a[0].(int64), zones.get(a[1].(string), readZone)), nil
		}},
		{"tocsin_utc_of", []Type{Integer, Text}, Integer, func(a []any) (any, error) {
			return utcOf(a[0].(int64), zones.get(a[1].(string), readZone)), nil
		}},
		{"tocsin_trunc_zone", []Type{Text, Integer, Text}, Integer, func(a []any) (any, error) {
			return truncZone(a[0].(string), a[1].(int64), zones.get(a[2].(string), readZone)), nil
		}},
	}
}
