package notifier

// This file says how long to wait after an attempt that failed, and tells the
// operator when the channel as a whole does.

import (
	"fmt"
	"time"

	"tocsin/alertrules"
)

// Backoffs. While the server cannot be reached or refuses us, the whole channel
// waits; a row that is refused for now waits alone.
const (
	firstPause   = 2 * time.Second
	lastPause    = 5 * time.Minute // D26
	alarmPause   = 5 * time.Minute // after a refusal about us
	longestAlarm = time.Hour
	firstRetry   = time.Minute
	lastRetry    = 30 * time.Minute
)

// pause is a channel that waits.
type pause struct {
	until time.Time
	tries int
}

// hold pauses the channel.
func (n *Notifier) hold(now time.Time, o Outcome) {
	n.pause.tries++
	wait := n.backoff(n.pause.tries, firstPause, lastPause)
	if o.Kind == Operator {
		wait = n.backoff(n.pause.tries, alarmPause, longestAlarm)
	}
	n.pause.until = now.Add(wait)
}

// alarm tells the operator of a refusal about us; the Book keeps one cause open
// at a time.
func (n *Notifier) alarm(o Outcome, now time.Time) alertrules.Notice {
	n.proven = false
	return alertrules.Notice{
		Key:   "mail/channel/" + n.o.Name,
		Text:  fmt.Sprintf("no mail goes out: %s (%s)\nIt is tried again with growing waits; tocsin mail-test ADDRESS shows the dialogue.", o.Answer, o.Stage),
		Since: now,
	}
}

// works ends the pause of the channel, and the alarm where one was open: also
// one of before a restart.
func (n *Notifier) works(now time.Time) []alertrules.Notice {
	n.pause = pause{}
	if n.proven {
		return nil
	}
	n.proven = true
	return []alertrules.Notice{{Key: "mail/channel/" + n.o.Name, Text: "mail goes out again", Since: now, Over: true}}
}

// backoff doubles from shortest to longest with the number of tries, and takes a
// part of up to a quarter away at random.
func (n *Notifier) backoff(tries int, shortest, longest time.Duration) time.Duration {
	d := longest
	if tries < 20 {
		d = min(longest, shortest<<max(0, tries-1))
	}
	return (d - time.Duration(n.o.Jitter()*float64(d)/4)).Truncate(time.Millisecond)
}
