package notifier

// This file puts decisions into words: for the mail's "why now" and for `why`.

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"tocsin/alertrules"
	"tocsin/diag"
)

// reason says why nothing is sent now.
func (s *sorted) reason(b *Belief, zone *time.Location) string {
	switch {
	case len(s.held) > 0 && !s.hold.IsZero():
		return fmt.Sprintf("held: quiet (%s) until %s", s.holder, moment(s.hold, s.now, zone))
	case hasEnd(s.later):
		return "held: it flaps, its end waits until " + moment(earliest(s.later), s.now, zone)
	case len(s.early) > 0:
		return "held: repeat until " + moment(earliest(s.early), s.now, zone)
	case len(s.held) > 0:
		return "held: repeat until " + moment(earliest(s.held), s.now, zone)
	case len(b.Queue) > 0:
		return "nothing more: a mail is on its way"
	case len(b.Parked) > 0:
		return "nothing new: a mail was refused or dropped, the next news is tried again"
	case len(s.later) > 0:
		return "nothing new: repeat at " + moment(earliest(s.later), s.now, zone)
	case s.acked != nil:
		return "not repeated: " + ackText(s.acked, s.now, zone)
	}
	return "nothing to tell"
}

func hasEnd(changes []change) bool {
	for _, ch := range changes {
		if ch.item.What == Ends {
			return true
		}
	}
	return false
}

func earliest(changes []change) time.Time {
	t := changes[0].due
	for _, ch := range changes[1:] {
		if ch.due.Before(t) {
			t = ch.due
		}
	}
	return t
}

// because says why the mail goes out now.
func (d *Decision) because(b *Belief, w World, now time.Time) string {
	lead := d.lead()
	switch d.Kind {
	case KindRecap:
		if d.History {
			return d.historyText(w.Zone)
		}
		return "held during a quiet period until " + moment(b.Held, now, w.Zone)
	case KindDelayed:
		if w.Since.IsZero() && lead.longAgo() {
			return "arrived late: " + lateText(lead, w.Zone)
		}
		if w.Since.IsZero() && lead.Alert.Late {
			return foundText(lead.Alert, w.Zone)
		}
		if w.Since.IsZero() && lead.Alert.Addition {
			return additionText
		}
		if w.Since.IsZero() {
			return "it began and ended before it could be told"
		}
		return fmt.Sprintf("decided at %s, could not be sent before", moment(w.Since, now, w.Zone))
	case KindFirst:
		return firstText(lead, now, w.Zone)
	case KindNews:
		return d.newsText(b, w, now)
	case KindResolved:
		return "over: " + howText(lead.Alert, w.Zone)
	}
	text := "goes on; repeated every " + span(lead.Settings.Repeat)
	for _, it := range d.Items {
		if it.Flap != nil {
			text += "; " + flapText(it.Flap, w.Zone)
			break
		}
	}
	return text
}

// historyText says what was found in history, and of which days it is.
func (d *Decision) historyText(zone *time.Location) string {
	rows := 0
	var oldest, newest time.Time
	reach := func(from, to time.Time) {
		oldest = soonest(oldest, from)
		if to.After(newest) {
			newest = to
		}
	}
	for _, it := range d.Items {
		if it.What == CameAndWent {
			a := it.Alert
			rows += a.RowsAll
			reach(a.Began.Add(a.From.Sub(a.At)), a.LastHit.Add(a.To.Sub(a.At)-time.Nanosecond)) // what its windows held
		}
		for _, n := range it.News {
			rows += len(n.Rows)
			reach(recordTimes(n.Columns, n.Rows))
		}
	}
	text := "found in history that was loaded: " + plural(rows, "row")
	if oldest.IsZero() {
		return text
	}
	const layout = "2 January 2006"
	from, to := in(oldest, zone).Format(layout), in(newest, zone).Format(layout)
	if from != to {
		from += " to " + to
	}
	return text + " of " + from
}

// lead is the item that the mail is about; there is one.
func (d *Decision) lead() Item {
	for _, it := range d.Items {
		if it.What != Still {
			return it
		}
	}
	return d.Items[0]
}

// foundText says why an alert was found by filling a gap, and how it ended.
func foundText(a *alertrules.Alert, zone *time.Location) string {
	text := "found late: its moments had not been evaluated"
	if a.Gap == alertrules.GapLate {
		text = "found late: records came after its moments"
	}
	if a.Mode == alertrules.State {
		text += "; " + howText(a, zone)
	}
	return text
}

// newsText says what is more than before.
func (d *Decision) newsText(b *Belief, w World, now time.Time) string {
	var parts []string
	rows, fresh := 0, 0
	for _, it := range d.Items {
		switch it.What {
		case Rises:
			text := fmt.Sprintf("%s → %s", it.Told.Severity, it.Alert.MaxSeverity)
			if !it.Alert.Edited.IsZero() {
				text += ", by the edit of " + moment(it.Alert.Edited, now, w.Zone)
			}
			parts = append(parts, text)
		case Unwatched:
			parts = append(parts, howText(it.Alert, w.Zone))
		case Ends:
			parts = append(parts, it.Alert.ID+" is over: "+howText(it.Alert, w.Zone))
		case Changed:
			fresh += len(newRows(it))
		}
		for _, n := range it.News {
			rows += len(n.Rows)
		}
	}
	if rows > 0 && !b.Accepted.IsZero() {
		parts = append(parts, fmt.Sprintf("+%d since %s", rows, moment(b.Accepted, now, w.Zone)))
	}
	if fresh > 0 {
		parts = append(parts, plural(fresh, "new row"))
	}
	if len(parts) == 0 {
		return "more of it"
	}
	return strings.Join(first(parts, 3), "; ")
}

// flapText counts the begins of an alert that flaps.
func flapText(f *Flap, zone *time.Location) string {
	return fmt.Sprintf("flapping: began %d times since %s", f.N, moment(f.First, f.Last, zone))
}

// againText says that an alert began again, or nothing. Events are no states, so
// they do not begin again.
func againText(a *alertrules.Alert) string {
	if !a.Again || a.Mode == alertrules.Event {
		return ""
	}
	if a.PrevEnded.IsZero() || !a.Began.After(a.PrevEnded) {
		return "again"
	}
	return fmt.Sprintf("again, %s after it ended", span(a.Began.Sub(a.PrevEnded)))
}

// ackText says who has taken an alert on.
func ackText(a *alertrules.Alert, now time.Time, zone *time.Location) string {
	text := fmt.Sprintf("%s was acknowledged by %s at %s", a.ID, diag.Line(a.Ack.By), moment(a.Ack.At, now, zone))
	if a.Ack.Note != "" {
		text += ": " + diag.Line(a.Ack.Note)
	}
	return text
}

// howText says how an alert ended (D10).
func howText(a *alertrules.Alert, zone *time.Location) string {
	switch a.How {
	case alertrules.EndPassed:
		return "its rows pass now"
	case alertrules.EndNoRows:
		return noRowsText(a, zone)
	case alertrules.EndEdited:
		if a.Edited.IsZero() {
			return "it no longer matches since the rule was changed"
		}
		return "it no longer matches since the rule was changed at " + moment(a.Edited, a.Ended, zone)
	case alertrules.EndExcepted:
		return "the rest is left out by an exception since " + moment(a.Edited, a.Ended, zone)
	case alertrules.EndRemoved:
		return "no longer watched: the rule was removed"
	case alertrules.EndDisabled:
		return "no longer watched: the rule was disabled"
	case alertrules.EndStaging:
		return "from now on recorded, not mailed: the rule is on staging"
	case alertrules.EndData:
		return "there are data again"
	case alertrules.EndBeyond:
		return "every value has room for an alert of its own again: what still fires has one"
	case alertrules.EndTold:
		return "from then on it is " + a.Then
	case alertrules.EndCut:
		return "it was looked at no further when the gap was filled"
	case alertrules.EndForgotten:
		return "it did not report for so long that it is not expected any more"
	case alertrules.EndWithdrawn:
		return "withdrawn: a record that arrived late reverses it"
	}
	return string(a.How)
}

// beyondText says for how many values an alert stands that have none of their own.
func beyondText(a *alertrules.Alert) string {
	was := "stands"
	if !a.Firing() {
		was = "stood at last"
	}
	return fmt.Sprintf("%s %s for %d of the values that fire: the rule has more of them than are told apart (limits.states)", a.ID, was, a.Beyond)
}

// noDataTitle and noDataText say what is missing, and since when. What rules say
// of rows does not speak of it.
func noDataTitle(a *alertrules.Alert, now time.Time, zone *time.Location) string {
	return "no data since " + moment(a.Since, now, zone)
}

func noDataText(a *alertrules.Alert, now time.Time, zone *time.Location) string {
	text := "The query gives no row any more of this value, which reported before. Its other alerts go on, unchecked."
	if a.OfRule() {
		text = "The query gives no row at all. What fires goes on, unchecked, until there are data again."
	}
	if !a.LastData.IsZero() {
		text += " The last data were there at " + moment(a.LastData, now, zone) + "."
	}
	return text
}

// uncheckedText says which alerts could not be checked for want of data.
func uncheckedText(items []entry, now time.Time, zone *time.Location) string {
	var ids []string
	var oldest time.Time
	for _, e := range items {
		if a := e.Alert; !a.NoData && !a.LastData.IsZero() && a.Firing() {
			ids, oldest = append(ids, a.ID), soonest(oldest, a.LastData)
		}
	}
	switch {
	case len(ids) == 0:
		return ""
	case len(ids) == 1:
		return ids[0] + " was not checked since " + moment(oldest, now, zone) + ": there are no data"
	}
	return joinSome(ids, shownLabels) + " were not checked, the first since " + moment(oldest, now, zone) + ": there are no data"
}

// noRowsText says since when nothing matches. What the window of the last hit
// held and that of the end does not, lies at the beginning of the former; so
// the last record is known up to the distance of two moments.
func noRowsText(a *alertrules.Alert, zone *time.Location) string {
	d := a.To.Sub(a.From)
	window := !a.From.IsZero() && d > 0
	switch {
	case window && a.LastHit.IsZero():
		return "no matching record in the last " + span(d)
	case window:
		return "no matching record in the last " + span(d) + "; the last was of about " + moment(a.LastHit.Add(a.From.Sub(a.At)), a.Ended, zone)
	case a.LastHit.IsZero():
		return "nothing matches any more"
	}
	return "nothing matches any more; last seen " + moment(a.LastHit, a.Ended, zone)
}

// moment prints t in zone: the time of day when it is the day of now, else with
// the day; and in UTC beside it where that differs.
func moment(t, now time.Time, zone *time.Location) string {
	local := in(t, zone)
	layout := "15:04"
	if y, m, d := in(now, zone).Date(); local.Year() != y || local.Month() != m || local.Day() != d {
		layout = "Mon 2 Jan 15:04"
	}
	text := local.Format(layout)
	if _, offset := local.Zone(); offset != 0 {
		text += t.UTC().Format(" (15:04Z)")
	}
	return text
}

// in is t in a zone, in UTC where none is said.
func in(t time.Time, zone *time.Location) time.Time {
	if zone == nil {
		return t.UTC()
	}
	return t.In(zone)
}

// span prints a duration in words: "4 h", "1 h 30 min", "2 d"; hours up to two
// days, as windows are written.
func span(d time.Duration) string {
	d = d.Round(time.Second)
	var parts []string
	for _, u := range []struct {
		unit time.Duration
		name string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "min"}, {time.Second, "s"}} {
		if n := d / u.unit; n > 1 || n == 1 && u.unit < 24*time.Hour {
			parts = append(parts, strconv.FormatInt(int64(n), 10)+" "+u.name)
			d -= n * u.unit
		}
	}
	if len(parts) == 0 {
		return "0 s"
	}
	return strings.Join(first(parts, 2), " ")
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

func first(parts []string, n int) []string { return parts[:min(n, len(parts))] }
