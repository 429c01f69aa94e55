package notifier

// This file is what was not in time, put into words: records that arrived late,
// moments that were evaluated late or not at all, exceptions that hold or ran out.

import (
	"fmt"
	"time"

	"tocsin/alertrules"
	"tocsin/diag"
)

const (
	lateAfter    = 30 * time.Minute   // what is first seen so long after it happened arrived late
	aheadAfter   = 5 * time.Minute    // what is seen so long before it happened is of a clock that is wrong
	longAgoAfter = 7 * 24 * time.Hour // and what is delivered so long after it is delayed (D33)
)

// additionText says why a whole window has another verdict.
const additionText = "late addition: records came after its window had been evaluated"

// seen says when the oldest record of what happened was, and how much later it was
// first looked at; zero when the rows do not tell.
func (it Item) seen() (oldest time.Time, later time.Duration) {
	if it.What != Happened || it.history() {
		return oldest, 0
	}
	for _, n := range it.News {
		if at, _ := recordTimes(n.Columns, n.Rows); !at.IsZero() && n.At.Sub(at) > later {
			oldest, later = at, n.At.Sub(at)
		}
	}
	return oldest, later
}

// longAgo reports whether all that happened is older than history may be, and was
// delivered by a source that runs.
func (it Item) longAgo() bool {
	if it.What != Happened || it.history() || len(it.News) == 0 {
		return false
	}
	for _, n := range it.News {
		_, newest := recordTimes(n.Columns, n.Rows)
		if newest.IsZero() || n.At.Sub(newest) < longAgoAfter {
			return false
		}
	}
	return true
}

// lateText says how late something arrived; "" when it was in time.
func lateText(it Item, zone *time.Location) string {
	oldest, later := it.seen()
	if later < lateAfter {
		return ""
	}
	return fmt.Sprintf("what happened at %s was first seen %s later", moment(oldest, oldest.Add(later), zone), span(later))
}

// aheadText says how far the clock of a source is ahead; "" when it is not.
func aheadText(it Item, zone *time.Location) string {
	if it.What != Happened {
		return ""
	}
	var newest time.Time
	var ahead time.Duration
	for _, n := range it.News {
		if _, at := recordTimes(n.Columns, n.Rows); at.Sub(n.At) > ahead {
			newest, ahead = at, at.Sub(n.At)
		}
	}
	if ahead < aheadAfter {
		return ""
	}
	return fmt.Sprintf("the clock of its source is ahead by %s or more: what it says happened at %s was there before", span(ahead), moment(newest, newest.Add(-ahead), zone))
}

// firstText says why something is told for the first time.
func firstText(lead Item, now time.Time, zone *time.Location) string {
	a := lead.Alert
	text := againText(a)
	switch {
	case a.Ack != nil && !a.Acked(): // told to whoever hears of the worse alone
		text = fmt.Sprintf("%s → %s since %s acknowledged it at %s", a.Ack.Severity, a.MaxSeverity, diag.Line(a.Ack.By), moment(a.Ack.At, now, zone))
	case text == "":
		text = "new"
	}
	if a.Addition {
		text += "; " + additionText
	}
	if a.Expired != "" {
		text += "; an exception expired " + a.Expired
	}
	if a.Mode == alertrules.State && !a.CaughtUp.IsZero() {
		text += "; nothing ran in time: decided for " + moment(a.Began, now, zone)
	}
	for _, n := range lead.News {
		if !n.CaughtUp.IsZero() {
			return text + "; nothing was evaluated since " + moment(n.CaughtUp, now, zone)
		}
	}
	return text
}

// uncertain are the notes on what an item does not show.
func (c *composition) uncertain(e entry) []string {
	zone := c.d.to.Zone
	var out []string
	if text := lateText(e.Item, zone); text != "" && !e.longAgo() { // or it is the reason
		out = append(out, "arrived late: "+text)
	}
	if text := aheadText(e.Item, zone); text != "" {
		out = append(out, text)
	}
	a := e.Alert
	if age := c.s.now.Sub(a.At); a.Mode == alertrules.State && a.Firing() && !a.NoData && a.LastData.IsZero() && e.rule.Every > 0 && age > e.rule.Every+time.Minute {
		out = append(out, a.ID+": last evaluated "+moment(a.At, c.s.now, zone))
	}
	for _, x := range e.rule.Exceptions {
		if x.Until.IsZero() || c.s.now.Before(x.Until) {
			out = append(out, "left out by an exception: "+exceptionText(x))
		}
	}
	return out
}

// exceptionText is why an exception was made, by whom, and until when it holds. What
// it matches is not said: it may be what a mail must not show.
func exceptionText(x alertrules.Exception) string {
	text := diag.Line(x.Reason)
	if text == "" {
		text = "no reason is given"
	}
	by := diag.Line(x.By)
	if day := x.LastDay(); day != "" {
		if by != "" {
			by += ", "
		}
		by += "until " + day
	}
	if by == "" {
		return text
	}
	return text + " (" + by + ")"
}
