package main

import (
	"time"

	"tocsin/alertrules"
)

// This file reads how far back missed moments are evaluated, and how long the
// first round waits for the sources.

// catchUpConfig is what a rule makes up for. 0 is the default of each.
type catchUpConfig struct {
	back, wait time.Duration
}

// Bounds of the two: a schedule is not of seconds, and nothing is evaluated while
// the sources are waited for.
const (
	leastCatchUp = time.Minute
	mostCatchUp  = 7 * 24 * time.Hour
	mostWait     = 24 * time.Hour
)

func (r *configReader) catchUp(c *config) {
	c.catchUp.back = r.between(r.file.CatchUp, leastCatchUp, mostCatchUp, "write catch_up: 24h; what is older is a gap, which tocsin gaps fill makes up for")
	c.catchUp.wait = r.between(r.file.CatchWait, time.Second, mostWait, "write catch_up_wait: 10m")
}

// between reads a length of time within bounds; 0 where none is given.
func (r *configReader) between(t alertrules.Text, least, most time.Duration, hint string) time.Duration {
	if !t.Given() {
		return 0
	}
	d, ok := r.doc.Duration(t.Node)
	switch {
	case !ok:
		return 0
	case d < least || d > most:
		r.doc.Problem("config/catch-up", t.Node, "this is from "+alertrules.FormatDuration(least)+" to "+alertrules.FormatDuration(most), hint)
		return 0
	}
	return d
}
