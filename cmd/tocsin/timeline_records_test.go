package main

// This file makes the records of timelines.

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// coming is a record that has not come in yet.
type coming struct {
	at   time.Time
	line string
}

// schedule notes the records of a step.
func (pl *player) schedule(s step) {
	for _, a := range s.Records {
		day := a.Day
		if day == "" {
			day = s.Day
		}
		at, event := pl.moment(day, a.At), pl.moment(day, a.At)
		if a.Event != "" {
			event = pl.moment(day, a.Event)
		}
		if a.File != "" {
			pl.scheduleFile(a, at)
			continue
		}
		for n := range max(1, a.Times) {
			later := time.Duration(n) * a.Every
			pl.coming = append(pl.coming, coming{at.Add(later), pl.record(a, event.Add(later), max(1, a.First)+n)})
		}
	}
}

// scheduleFile notes the records of a file.
func (pl *player) scheduleFile(a arrival, at time.Time) {
	src, err := os.ReadFile(filepath.Join(pl.tl.Project, a.File))
	pl.check(err)
	for line := range strings.Lines(shiftTimes(string(src), a.Shift)) {
		for old, text := range a.Replace {
			line = strings.ReplaceAll(line, old, text)
		}
		pl.coming = append(pl.coming, coming{at, line})
	}
}

var epoch = regexp.MustCompile(`"(__time__|start_time)": "(\d+)"`)

// shiftTimes moves the times of records as SLS writes them.
func shiftTimes(records string, by time.Duration) string {
	return epoch.ReplaceAllStringFunc(records, func(pair string) string {
		part := epoch.FindStringSubmatch(pair)
		seconds, err := strconv.ParseInt(part[2], 10, 64)
		if err != nil {
			return pair
		}
		return fmt.Sprintf(`"%s": "%d"`, part[1], seconds+int64(by/time.Second))
	})
}

func (pl *player) record(a arrival, event time.Time, n int) string {
	replace := []string{
		"{time}", event.UTC().Format(time.RFC3339), "{epoch}", fmt.Sprint(event.Unix()),
		"{uuid}", fmt.Sprintf("%08x-0000-4000-8000-000000000000", len(pl.coming)),
	}
	for name, value := range a.Fields {
		replace = append(replace, "{"+name+"}", strings.ReplaceAll(value, "{n}", fmt.Sprint(n)))
	}
	return strings.TrimSpace(strings.NewReplacer(replace...).Replace(pl.tl.Record)) + "\n"
}
