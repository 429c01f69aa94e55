package alertrules

import "time"

// Notify is the `notify:` part of a rule, plain data that package notifier
// interprets (DESIGN.md §4.1). A nil or empty part means: not said here.
type Notify struct {
	To             []string       // people, groups or addresses
	AlsoTo         []string       // added to what a route says
	Template       string         // name of a template
	RepeatInterval *time.Duration // state: while it lasts; event: how often new rows may be told
	Quiet          *string        // name of a calendar; "none" switches off
	QuietExcept    *Severity      // this severity and above go out at once
	Resolved       *bool
	GroupBy        []string
	GroupWait      *time.Duration
	GroupInterval  *time.Duration
}
