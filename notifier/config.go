package notifier

// This file is the part of tocsin.yaml that says who is told, when and how
// (DESIGN.md §4.3).

import (
	"time"

	"tocsin/alertrules"
)

// Config is what the notifier takes from tocsin.yaml. The fields are decoded
// strictly; Validate finds what decoding cannot.
type Config struct {
	TimeZone  string                  `yaml:"time_zone"` // default zone of recipients; "": UTC
	Mail      MailConfig              `yaml:"mail"`
	People    map[string]Person       `yaml:"people"`
	Groups    map[string][]string     `yaml:"groups"` // people, groups or addresses
	Operator  []string                `yaml:"operator"`
	Calendars map[string]CalendarSpec `yaml:"calendars"`
	Notify    Defaults                `yaml:"notify"`
	Links     []string                `yaml:"links"` // hosts that link() in templates may point to
}

// MailConfig is what the notifier needs of `mail:`; the keys of the server
// belong to the channel.
type MailConfig struct {
	From  string   `yaml:"from"`  // one address; "": tocsin@localhost
	Allow []string `yaml:"allow"` // domains that recipients may be in; empty: all
}

// A Person is somebody who gets mail.
type Person struct {
	Email    string   `yaml:"email"`
	TimeZone string   `yaml:"time_zone"` // "": that of the file
	Language string   `yaml:"language"`  // en (default) or ja
	Content  string   `yaml:"content"`   // rows (default), summary or csv
	Quiet    string   `yaml:"quiet"`     // a calendar that goes before all others, or "none"
	Mask     []string `yaml:"mask"`      // names of fields whose values this person does not get
}

// A CalendarSpec is one calendar as it is written: see NewCalendar.
type CalendarSpec struct {
	Daily    OneOrMore `yaml:"daily"`
	Weekly   OneOrMore `yaml:"weekly"`
	TimeZone string    `yaml:"time_zone"` // "": that of each recipient
}

// Defaults is `notify:`. Of the settings that rules, routes and defaults share,
// nil or empty means: not said here.
type Defaults struct {
	To             []string       `yaml:"to"` // when no route matches and neither rule nor owner says
	Routes         []Route        `yaml:"routes"`
	Template       string         `yaml:"template"`
	RepeatInterval *time.Duration `yaml:"repeat_interval"`
	Quiet          string         `yaml:"quiet"`        // name of a calendar, or "none"
	QuietExcept    string         `yaml:"quiet_except"` // a severity, or "none"
	Resolved       *bool          `yaml:"resolved"`
	GroupBy        []string       `yaml:"group_by"` // [rule]: then the two waits do not apply (D03)
	GroupWait      *time.Duration `yaml:"group_wait"`
	GroupInterval  *time.Duration `yaml:"group_interval"`
}

// A Route applies to alerts that have all of Match: labels by name, and the
// names "severity", "rule" and "owner".
type Route struct {
	Match          map[string]string `yaml:"match"`
	To             []string          `yaml:"to"`
	AlsoTo         []string          `yaml:"also_to"` // also where the rule says whom
	Continue       bool              `yaml:"continue"`
	Template       string            `yaml:"template"`
	RepeatInterval *time.Duration    `yaml:"repeat_interval"`
	Quiet          string            `yaml:"quiet"`
	QuietExcept    string            `yaml:"quiet_except"`
	Resolved       *bool             `yaml:"resolved"`
}

// OneOrMore is a text or a list of texts.
type OneOrMore []string

// Shapes implements alertrules.Shaper.
func (*OneOrMore) Shapes() []any { return []any{"", []string(nil)} }

// DecodeNode implements alertrules.NodeDecoder.
func (o *OneOrMore) DecodeNode(d *alertrules.Document, n *alertrules.Node) {
	if n.Kind == alertrules.ListNode {
		d.Decode(n, (*[]string)(o))
		return
	}
	var one string
	d.Decode(n, &one)
	*o = OneOrMore{one}
}

// A Rule is what the notifier has to know of a rule; alerts name it by id.
type Rule struct {
	ID, Name, Owner string
	Logstore        string
	Query           string // as its author wrote it
	Condition       string // the trigger, as its author wrote it
	Every           time.Duration
	Controls        []string
	Exceptions      []alertrules.Exception
	Notify          alertrules.Notify
}

// choices are the settings that rules, routes and defaults share.
type choices struct {
	template    string
	repeat      *time.Duration
	quiet       string
	quietExcept string
	resolved    *bool
}

func ruleChoices(n alertrules.Notify) choices {
	c := choices{template: n.Template, repeat: n.RepeatInterval, resolved: n.Resolved}
	if n.Quiet != nil {
		c.quiet = *n.Quiet
	}
	if n.QuietExcept != nil {
		c.quietExcept = n.QuietExcept.String()
	}
	return c
}

func (r Route) choices() choices {
	return choices{r.Template, r.RepeatInterval, r.Quiet, r.QuietExcept, r.Resolved}
}

func (d Defaults) choices() choices {
	return choices{d.Template, d.RepeatInterval, d.Quiet, d.QuietExcept, d.Resolved}
}

// over returns c with what it does not say taken from base.
func (c choices) over(base choices) choices {
	if c.template == "" {
		c.template = base.template
	}
	if c.repeat == nil {
		c.repeat = base.repeat
	}
	if c.quiet == "" {
		c.quiet = base.quiet
	}
	if c.quietExcept == "" {
		c.quietExcept = base.quietExcept
	}
	if c.resolved == nil {
		c.resolved = base.resolved
	}
	return c
}
