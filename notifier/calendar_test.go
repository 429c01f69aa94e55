package notifier

import (
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"pgregory.net/rapid"
)

// Times are written in UTC; a calendar is quiet from the first until the second
// of a pair, and not quiet a minute before and at the second: P10, with the odd nights and zones; timelines T08 and T09 have two recipients.
func TestP10QuietPeriodArithmetic(t *testing.T) {
	for _, c := range []struct {
		name   string
		daily  string
		weekly string
		zone   string
		from   string // "2026-11-23 13:00"; "" when quiet is never
		until  string
	}{
		{"Tokyo night", "22:00-07:00", "", "Asia/Tokyo", "2026-11-24 13:00", "2026-11-24 22:00"},
		{"Berlin night back, 10 h", "22:00-07:00", "", "Europe/Berlin", "2026-10-24 20:00", "2026-10-25 06:00"},
		{"Berlin night forward, 8 h", "22:00-07:00", "", "Europe/Berlin", "2027-03-27 21:00", "2027-03-28 05:00"},
		{"end in the repeated hour is its second", "22:00-02:30", "", "Europe/Berlin", "2026-10-24 20:00", "2026-10-25 01:30"},
		{"start in the repeated hour is its first", "02:30-07:00", "", "Europe/Berlin", "2026-10-25 00:30", "2026-10-25 06:00"},
		{"start in the skipped hour is the jump", "02:30-07:00", "", "Europe/Berlin", "2027-03-28 01:00", "2027-03-28 05:00"},
		{"end in the skipped hour is the jump", "22:00-02:30", "", "Europe/Berlin", "2027-03-27 21:00", "2027-03-28 01:00"},
		{"New York back", "22:00-07:00", "", "America/New_York", "2026-11-01 02:00", "2026-11-01 12:00"},
		{"half an hour of daylight saving", "22:00-07:00", "", "Australia/Lord_Howe", "2026-10-03 11:30", "2026-10-03 20:00"},
		{"Kolkata", "22:00-07:00", "", "Asia/Kolkata", "2026-11-23 16:30", "2026-11-24 01:30"},
		{"midnight that does not exist", "00:00-06:00", "", "America/Sao_Paulo", "2018-11-04 03:00", "2018-11-04 08:00"},
		{"no wrap", "12:00-13:00", "", "UTC", "2026-11-23 12:00", "2026-11-23 13:00"},
		{"until midnight", "22:00-24:00", "", "UTC", "2026-11-23 22:00", "2026-11-24 00:00"},
		{"two that touch are one", "22:00-24:00 00:00-07:00", "", "UTC", "2026-11-23 22:00", "2026-11-24 07:00"},
		{"two that overlap are one", "20:00-23:00 22:00-07:00", "", "UTC", "2026-11-23 20:00", "2026-11-24 07:00"},
		{"weekend", "", "SAT-SUN", "UTC", "2026-11-28 00:00", "2026-11-30 00:00"},
		{"weekend in one stretch", "", "FRI 18:00-MON 09:00", "Europe/Berlin", "2026-11-27 17:00", "2026-11-30 08:00"},
		{"weekend and nights touch", "22:00-07:00", "SAT-SUN", "UTC", "2026-11-27 22:00", "2026-11-30 07:00"},
		{"one day", "", "WED", "UTC", "2026-11-25 00:00", "2026-11-26 00:00"},
		{"nights of working days: Friday's goes into Saturday", "", "MON-FRI 22:00-07:00", "UTC", "2026-11-27 22:00", "2026-11-28 07:00"},
		{"days across the week's end", "", "SUN-MON", "UTC", "2026-11-29 00:00", "2026-12-01 00:00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cal, zone := calendar(t, c.daily, c.weekly, c.zone)
			from, until := at(t, c.from), at(t, c.until)
			for _, inside := range []time.Time{from, from.Add(time.Minute), until.Add(-time.Second)} {
				f, u, quiet := cal.Period(inside, zone)
				if !quiet || !f.Equal(from) || !u.Equal(until) {
					t.Errorf("at %s: %v, %s to %s, want %s to %s", inside, quiet, f.UTC(), u.UTC(), from, until)
				}
			}
			for _, outside := range []time.Time{from.Add(-time.Second), until} {
				if _, quiet := cal.Quiet(outside, zone); quiet {
					t.Errorf("quiet at %s", outside)
				}
			}
		})
	}
}

func TestCalendarNotQuiet(t *testing.T) {
	for _, c := range []struct{ name, daily, weekly, zone, at string }{
		{"Mon to Fri on the night of the clock change", "", "MON-FRI 22:00-07:00", "Europe/Berlin", "2026-10-24 22:00"},
		{"Mon to Fri on Sunday night", "", "MON-FRI 22:00-07:00", "Europe/Berlin", "2026-10-25 22:30"},
		{"noon", "22:00-07:00", "", "Asia/Tokyo", "2026-11-23 03:00"},
	} {
		cal, zone := calendar(t, c.daily, c.weekly, c.zone)
		if until, quiet := cal.Quiet(at(t, c.at), zone); quiet {
			t.Errorf("%s: quiet until %s", c.name, until)
		}
	}
	var none *Calendar
	if _, quiet := none.Quiet(time.Now(), time.UTC); quiet {
		t.Error("no calendar is quiet")
	}
}

func TestCalendarZones(t *testing.T) {
	cal, _ := calendar(t, "22:00-07:00", "", "UTC")
	berlin, _ := time.LoadLocation("Europe/Berlin")
	fixed, err := NewCalendar("fixed", []string{"22:00-07:00"}, nil, berlin)
	if err != nil {
		t.Fatal(err)
	}
	tokyo, _ := time.LoadLocation("Asia/Tokyo")
	night := at(t, "2026-11-23 14:00") // 23:00 in Tokyo, 15:00 in Berlin
	if _, quiet := cal.Quiet(night, tokyo); !quiet {
		t.Error("a calendar without a zone follows the recipient")
	}
	if _, quiet := fixed.Quiet(night, tokyo); quiet {
		t.Error("a calendar with a zone does not follow the recipient")
	}
}

func TestCalendarMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"22:00": "no period", "22-07": "no time of day", "25:00-07:00": "no time of day", "22:00-07:60": "no time of day",
		"22:00-22:00": "starts where it ends", "24:00-07:00": "starts at 24:00", "": "no period", "-": "no time of day",
	} {
		if _, err := NewCalendar("c", []string{text}, nil, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("daily %q: %v, want %q", text, err, want)
		}
	}
	for _, text := range []string{"", "SATURN", "SAT-", "MON-FRI 22:00", "FRI 18:00-09:00-", "FRI 18:00 MON 09:00", "22:00-07:00"} {
		if _, err := NewCalendar("c", nil, []string{text}, nil); err == nil {
			t.Errorf("weekly %q is accepted", text)
		}
	}
}

// Whatever the zone and the period: the answer of a moment and those of the
// edges of its period agree, and periods do not touch.
func TestCalendarAgrees(t *testing.T) {
	zones := []string{"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "America/Sao_Paulo", "Pacific/Apia", "Africa/Casablanca"}
	rapid.Check(t, func(t *rapid.T) {
		zone, err := time.LoadLocation(rapid.SampledFrom(zones).Draw(t, "zone"))
		if err != nil {
			t.Fatal(err)
		}
		minute := rapid.IntRange(0, 24*60-1)
		start, end := minute.Draw(t, "start"), minute.Draw(t, "end")
		if start == end {
			return
		}
		if end < start {
			end += 24 * 60
		}
		c := &Calendar{}
		for d := time.Sunday; d <= time.Saturday; d++ {
			c.periods = append(c.periods, weekly{d, start, end})
		}
		when := time.Unix(rapid.Int64Range(1_000_000_000, 2_000_000_000).Draw(t, "when"), 0)
		from, until, quiet := c.Period(when, zone)
		if !quiet {
			return
		}
		if when.Before(from) || !when.Before(until) {
			t.Fatalf("%s is not in %s to %s", when, from, until)
		}
		for _, edge := range []time.Time{from, until.Add(-time.Second)} {
			if f, u, q := c.Period(edge, zone); !q || !f.Equal(from) || !u.Equal(until) {
				t.Fatalf("%s says %s to %s, %s says %s to %s", when, from, until, edge, f, u)
			}
		}
		if _, q := c.Quiet(until, zone); q {
			t.Fatalf("quiet goes on at its end %s", until)
		}
	})
}

func calendar(t *testing.T, daily, weeklies, zone string) (*Calendar, *time.Location) {
	t.Helper()
	z, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	var w []string
	if weeklies != "" {
		w = []string{weeklies}
	}
	c, err := NewCalendar("c", strings.Fields(daily), w, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c, z
}

func at(t *testing.T, text string) time.Time {
	t.Helper()
	out, err := time.Parse("2006-01-02 15:04", text)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
