// The range of time that questions look at.

package shell

import (
	"strings"
	"time"

	"tocsin/alertrules"
	"tocsin/query"
)

// A Range is what questions look at: the time before they are asked, or a time
// between two moments. The zero value is everything.
type Range struct {
	Last     time.Duration
	From, To time.Time // half-open; each may be zero
}

// All reports whether r is everything.
func (r Range) All() bool { return r == Range{} }

// Window is what r means for a question that is asked now.
func (r Range) Window(now time.Time) query.Window {
	w := query.Window{Now: now, From: r.From, To: r.To}
	if r.Last > 0 {
		w.From = now.Add(-r.Last)
	}
	return w
}

// Words is r for a prompt; moments are in zone.
func (r Range) Words(zone *time.Location) string {
	var words []string
	switch {
	case r.All():
		return "all"
	case r.Last > 0:
		return "last " + alertrules.FormatDuration(r.Last)
	}
	if !r.From.IsZero() {
		words = append(words, "from "+moment(r.From, zone))
	}
	if !r.To.IsZero() {
		words = append(words, "to "+moment(r.To, zone))
	}
	return strings.Join(words, " ")
}

// moment is a time as short as it can be written and read again.
func moment(t time.Time, zone *time.Location) string {
	t = t.In(zone)
	for _, layout := range []string{"2006-01-02", "2006-01-02T15:04"} {
		if again, err := time.ParseInLocation(layout, t.Format(layout), zone); err == nil && again.Equal(t) {
			return t.Format(layout)
		}
	}
	return t.Format("2006-01-02T15:04:05")
}
