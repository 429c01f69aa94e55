package notifier

// This file says what a decision is: what goes into it, and what comes out.

import (
	"time"

	"tocsin/alertrules"
)

// Kind says what a mail is to its reader.
type Kind string

// The kinds.
const (
	KindNone     Kind = ""         // nothing is sent now
	KindFirst    Kind = "first"    // something begins
	KindNews     Kind = "news"     // more of something that was told
	KindRepeat   Kind = "repeat"   // it goes on, unchanged
	KindResolved Kind = "resolved" // it is over
	KindRecap    Kind = "recap"    // what a quiet period held, or what was found in history
	KindDelayed  Kind = "delayed"  // what could not be told in time
	KindOperator Kind = "operator" // about the agent itself
)

// Settings are the notify settings of one alert for one recipient, merged.
type Settings struct {
	Repeat      time.Duration
	Quiet       *Calendar           // nil: none
	QuietExcept alertrules.Severity // this severity and above pierce; 0: none does
	Resolved    bool                // ends are told
	Template    string              // "": the built-in one
}

// A Matter is one thing of which a recipient is to be told: a state alert as it
// stands, or one piece of news of an event alert. An event alert that is over
// also stands without News.
type Matter struct {
	Alert    *alertrules.Alert
	News     *alertrules.News
	Settings Settings
}

// A World is what Decide compares with a belief: everything unsettled of one
// group that concerns one recipient.
type World struct {
	Zone    *time.Location // of the recipient
	Matters []Matter
	// Since is when the mail that this decision replaces was first decided;
	// zero: it replaces none.
	Since time.Time
}

// What says what a mail tells of an alert.
type What int

// In the order in which a mail lists them.
const (
	Begins      What = iota // it fires, which was not told
	Rises                   // its severity is higher than what was told
	Happened                // news of an event alert
	Changed                 // it goes on, with rows that are new or gone, or less severe
	GoesOn                  // it goes on: a repeat
	Still                   // it goes on: a line, no more
	Ends                    // it is over, and had been told
	CameAndWent             // it began and ended untold
	Unwatched               // the rule was removed, disabled or put on staging
)

// An Item is what a mail tells of one alert.
type Item struct {
	What     What
	Alert    *alertrules.Alert
	News     []*alertrules.News // of Happened and Unwatched, in order
	Settings Settings
	Told     *Told // what the reader knew before; nil: nothing
	Flap     *Flap // set when it flaps
}

// A Decision is what is to be done for one recipient of one group now. It is
// complete: nothing else of the belief is needed to write the mail.
type Decision struct {
	Kind   Kind
	Reason string // in words, for the mail and for `why`; also when nothing is sent
	Items  []Item // in the order of the mail
	Tells  []Telling

	Waiting int       // changes that wait while others pierce
	Waits   time.Time // when the first of them may go: its quiet period is over then, and its repeat interval
	Hold    time.Time // end of the quiet period that holds something; zero: none
	Pierced bool      // sent during a quiet period
	Quiet   []string  // names of calendars to ask again before each attempt
	Next    time.Time // when to decide again; zero: only when something changes
	Storm   bool      // more than StormAlerts alerts (D28)
	History bool      // a recap of history that somebody asked for, and of nothing else

	Flaps  map[string]*Flap    // begins as counted now, by key
	Counts map[string][]string // by key: ended episodes that need no telling of their own
	Silent []string            // keys whose end needs no telling (resolved: false, or begin never arrived)
}

// StormAlerts is the number of alerts above which a mail takes the storm form (D28).
const StormAlerts = 50

// StaleAfter is the age from which a mail that could not be sent is written
// anew, as delayed (D26).
const StaleAfter = 15 * time.Minute
