package alertrules

import (
	"testing"
	"time"
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := LoadZone(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func at(t *testing.T, s string) time.Time {
	t.Helper()
	v, err := time.Parse("2006-01-02 15:04", s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// P09: wall-clock schedules run once on days that repeat or skip an hour. Timelines T15
// run them through the engine.
func TestP09DaylightSavingInSchedules(t *testing.T) {
	// New York: 2026-11-01 06:00 UTC is the second 01:00; 2027-03-14 07:00 UTC is
	// 03:00, 02:00 does not exist.
	for name, c := range map[string]struct {
		cron, zone, from string
		want             []string
	}{
		"repeated hour, once (T15 a)":        {"30 1 * * *", "America/New_York", "2026-10-31 12:00", []string{"2026-11-01 05:30", "2026-11-02 06:30", "2026-11-03 06:30"}},
		"the skipped day of robfig/cron":     {"0 2 * * *", "America/New_York", "2025-03-08 12:00", []string{"2025-03-09 07:00", "2025-03-10 06:00"}},
		"and at half past":                   {"30 2 * * *", "America/New_York", "2025-03-08 12:00", []string{"2025-03-09 07:00", "2025-03-10 06:30"}},
		"its second run":                     {"30 1 * * *", "America/New_York", "2025-11-01 12:00", []string{"2025-11-02 05:30", "2025-11-03 06:30"}},
		"a midnight that did not exist":      {"0 0 * * *", "America/Sao_Paulo", "2018-11-03 12:00", []string{"2018-11-04 03:00", "2018-11-05 02:00"}},
		"from between the two":               {"30 1 * * *", "America/New_York", "2026-11-01 05:45", []string{"2026-11-02 06:30"}},
		"from inside the second":             {"30 1 * * *", "America/New_York", "2026-11-01 06:15", []string{"2026-11-02 06:30"}},
		"skipped hour, at the jump (T15 b)":  {"30 2 * * *", "America/New_York", "2027-03-13 12:00", []string{"2027-03-14 07:00", "2027-03-15 06:30"}},
		"two in the skipped hour are one":    {"15,45 2 * * *", "America/New_York", "2027-03-13 12:00", []string{"2027-03-14 07:00", "2027-03-15 06:15"}},
		"every hour goes on in real time":    {"0 * * * *", "America/New_York", "2026-11-01 04:30", []string{"2026-11-01 05:00", "2026-11-01 06:00", "2026-11-01 07:00"}},
		"every half hour over the jump":      {"*/30 * * * *", "Europe/Berlin", "2027-03-28 00:15", []string{"2027-03-28 00:30", "2027-03-28 01:00", "2027-03-28 01:30"}},
		"minutes of a repeated hour, once":   {"*/30 2 * * *", "Europe/Berlin", "2026-10-25 00:00", []string{"2026-10-25 00:30", "2026-10-26 01:00"}},
		"weekdays, Tokyo":                    {"0 9 * * MON-FRI", "Asia/Tokyo", "2026-11-27 00:00", []string{"2026-11-30 00:00", "2026-12-01 00:00"}},
		"half an hour of change (Lord Howe)": {"15 2 * * *", "Australia/Lord_Howe", "2026-10-02 20:00", []string{"2026-10-03 15:30", "2026-10-04 15:15"}},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := newCron(c.cron, zone(t, c.zone))
			if err != nil {
				t.Fatal(err)
			}
			moment := at(t, c.from)
			for _, want := range c.want {
				if moment = s.Next(moment); moment.Format("2006-01-02 15:04") != want {
					t.Fatalf("%s, not %s", moment.Format("2006-01-02 15:04"), want)
				}
			}
		})
	}
}

func TestEveryIsAlignedToTheClock(t *testing.T) {
	for _, c := range []struct {
		every      time.Duration
		zone, from string
		want       string
	}{
		{5 * time.Minute, "UTC", "2026-11-23 10:03", "2026-11-23 10:05"},
		{5 * time.Minute, "UTC", "2026-11-23 10:05", "2026-11-23 10:10"},
		{day, "Asia/Tokyo", "2026-11-23 10:00", "2026-11-23 15:00"},
		{week, "UTC", "2026-11-25 10:00", "2026-11-30 00:00"},
		{time.Hour, "Asia/Kathmandu", "2026-11-23 10:00", "2026-11-23 10:15"},
	} {
		s := newEvery(c.every, zone(t, c.zone))
		if got := s.Next(at(t, c.from)).Format("2006-01-02 15:04"); got != c.want {
			t.Errorf("every %s in %s after %s: %s, not %s", c.every, c.zone, c.from, got, c.want)
		}
	}
	s := newEvery(5*time.Minute, time.UTC)
	if got := s.last(at(t, "2026-11-23 10:00"), at(t, "2026-11-23 10:14")); got != at(t, "2026-11-23 10:10") {
		t.Errorf("last is %s", got)
	}
	if got := s.last(at(t, "2026-11-23 10:10"), at(t, "2026-11-23 10:14")); !got.IsZero() {
		t.Errorf("last is %s", got)
	}
}

func TestCronIsRefused(t *testing.T) {
	for _, s := range []string{"", "TZ=0", "CRON_TZ=x 0 0 * * *", "0 0 30 2 *", "@reboot", "@every 5m", "@daily", "* * * *", "0 0 * * * *", "61 * * * *", "TZ= 0 0 * * *"} {
		if _, err := newCron(s, time.UTC); err == nil {
			t.Errorf("%q is accepted", s)
		}
	}
	s, err := newCron("0 9,10 * * *", time.UTC)
	if err != nil || s.Every != time.Hour {
		t.Errorf("the shortest distance is %v, %v", s.Every, err)
	}
}

func TestWholeWindows(t *testing.T) {
	for _, c := range []struct{ window, zone, in, from, to string }{
		{"whole 10m", "UTC", "2026-11-23 10:05", "2026-11-23 10:00", "2026-11-23 10:10"},
		{"whole 1h", "Asia/Kathmandu", "2026-11-23 10:05", "2026-11-23 09:15", "2026-11-23 10:15"},
		{"whole 1d", "America/New_York", "2026-11-01 06:30", "2026-11-01 04:00", "2026-11-02 05:00"}, // 25 hours
		{"whole 1d", "America/New_York", "2027-03-14 12:00", "2027-03-14 05:00", "2027-03-15 04:00"}, // 23 hours
		{"whole day", "Asia/Tokyo", "2026-11-23 15:00", "2026-11-23 15:00", "2026-11-24 15:00"},
		{"whole 1w", "Europe/Berlin", "2026-11-25 10:00", "2026-11-22 23:00", "2026-11-29 23:00"},
		{"whole month", "UTC", "2026-12-31 23:59", "2026-12-01 00:00", "2027-01-01 00:00"},
		{"whole 6h", "Europe/Berlin", "2026-10-25 02:00", "2026-10-24 22:00", "2026-10-25 05:00"}, // 7 hours
		{"whole 1h", "Europe/Berlin", "2026-10-25 01:30", "2026-10-25 01:00", "2026-10-25 02:00"},
	} {
		w, err := parseWindow(c.window)
		if err != nil {
			t.Fatal(err)
		}
		from, to := w.Around(at(t, c.in), zone(t, c.zone))
		if !from.Equal(at(t, c.from)) || !to.Equal(at(t, c.to)) {
			t.Errorf("%s in %s around %s: %s to %s", c.window, c.zone, c.in, from.UTC(), to.UTC())
		}
	}
	for _, s := range []string{"", "whole", "whole 7m", "whole 2d", "whole 25h", "whole 0s", "whole x", "0s", "-5m", "new ", "1x", "500ms"} {
		if w, err := parseWindow(s); err == nil {
			t.Errorf("%q is %v", s, w)
		}
	}
}

// Windows follow each other without a hole or an overlap, over every clock change.
func TestWholeWindowsTile(t *testing.T) {
	for _, name := range []string{"UTC", "Asia/Tokyo", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo", "Africa/Cairo", "Asia/Kathmandu"} {
		for _, window := range []string{"whole 30m", "whole 1h", "whole 6h", "whole 12h", "whole 1d", "whole 1w", "whole month"} {
			w, err := parseWindow(window)
			if err != nil {
				t.Fatal(err)
			}
			z := zone(t, name)
			_, moment := w.Around(at(t, "2026-09-01 00:00"), z)
			for range 3000 {
				from, to := w.Around(moment, z)
				if !from.Equal(moment) || !to.After(from) {
					t.Fatalf("%s in %s: around %s lies %s to %s", window, name, moment, from, to)
				}
				moment = to
				if moment.Year() > 2027 {
					break
				}
			}
		}
	}
}

// The moment before is the one that is followed by this one.
func TestBefore(t *testing.T) {
	schedules := []*Schedule{newEvery(5*time.Minute, time.UTC), newEvery(7*time.Hour, zone(t, "America/New_York"))}
	for _, line := range []string{"*/10 * * * *", "30 2 * * *", "0 9 * * MON-FRI", "0 0 1 1 *"} {
		s, err := newCron(line, zone(t, "America/New_York"))
		if err != nil {
			t.Fatal(err)
		}
		schedules = append(schedules, s)
	}
	for _, s := range schedules {
		moment := s.Next(at(t, "2026-10-30 00:03"))
		for range 20 {
			next := s.Next(moment)
			if before := s.before(next); !before.Equal(moment) {
				t.Fatalf("%s: before %s comes %s, not %s", s, next, before, moment)
			}
			moment = next
		}
	}
}
