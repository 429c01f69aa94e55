package notifier

// This file finds out whom an alert concerns and which settings apply: routes,
// groups, people.

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"tocsin/alertrules"
)

// A Recipient is one address with what is known of the person behind it.
type Recipient struct {
	Name     string // of the person, or the address
	Address  string
	Zone     *time.Location
	Language string
	Content  string // rows, summary or csv
	Quiet    string // the person's own calendar, "none" or ""
	Mask     []string
}

// A Router is a valid configuration in the form that decisions need. It is
// immutable.
type Router struct {
	c         Config
	zone      *time.Location
	calendars map[string]*Calendar
	people    map[string]Recipient // by name
	addresses map[string]Recipient // by address, in lower case
}

// DefaultRepeat is the repeat interval where none is said.
const DefaultRepeat = 4 * time.Hour

// NewRouter prepares a configuration that Validate finds no fault with.
func NewRouter(c Config) (*Router, error) {
	r := &Router{c: c, calendars: map[string]*Calendar{}, people: map[string]Recipient{}, addresses: map[string]Recipient{}}
	var err error
	if r.zone, err = loadZone(c.TimeZone); err != nil {
		return nil, fmt.Errorf("the default zone: %w", err)
	}
	for name, s := range c.Calendars {
		var zone *time.Location
		if s.TimeZone != "" {
			if zone, err = loadZone(s.TimeZone); err != nil {
				return nil, fmt.Errorf("calendar %s: %w", name, err)
			}
		}
		if r.calendars[name], err = NewCalendar(name, s.Daily, s.Weekly, zone); err != nil {
			return nil, fmt.Errorf("calendar %s: %w", name, err)
		}
	}
	for name, p := range c.People {
		one, err := r.person(name, p)
		if err != nil {
			return nil, fmt.Errorf("person %s: %w", name, err)
		}
		r.people[name], r.addresses[strings.ToLower(p.Email)] = one, one
	}
	return r, nil
}

// loadZone is alertrules.LoadZone, with UTC where nothing is said.
func loadZone(name string) (*time.Location, error) {
	if name == "" {
		return time.UTC, nil
	}
	return alertrules.LoadZone(name)
}

// An Addressee is a recipient with the settings of one alert.
type Addressee struct {
	Recipient
	Settings
}

// Route returns whom an alert of rule r with these labels and this severity
// concerns, each address once, in the order in which they are named.
func (r *Router) Route(rule Rule, labels map[string]string, severity alertrules.Severity) []Addressee {
	said := ruleChoices(rule.Notify)
	to := rule.Notify.To
	if len(to) == 0 && r.known(rule.Owner) {
		to = []string{rule.Owner}
	}
	own := len(to) > 0
	also := slices.Clone(rule.Notify.AlsoTo)
	for _, route := range r.c.Notify.Routes {
		if !route.matches(rule, labels, severity) {
			continue
		}
		said = said.over(route.choices())
		also = append(also, route.AlsoTo...)
		if !own {
			to = append(slices.Clone(to), route.To...)
		}
		if !route.Continue {
			break
		}
	}
	if len(to) == 0 {
		to = r.c.Notify.To
	}
	said = said.over(r.c.Notify.choices())
	people := r.recipients(slices.Concat(to, also))
	if len(people) == 0 {
		people = r.recipients(r.c.Notify.To) // better somebody than nobody
	}
	var out []Addressee
	for _, person := range people {
		out = append(out, Addressee{person, r.settings(said, person)})
	}
	return out
}

// matches reports whether an alert has everything that the route asks for.
func (t Route) matches(rule Rule, labels map[string]string, severity alertrules.Severity) bool {
	for name, want := range t.Match {
		got, ok := labels[name]
		switch name {
		case "severity":
			got, ok = severity.String(), true
		case "rule":
			got, ok = rule.ID, true
		case "owner":
			got, ok = rule.Owner, true
		}
		if !ok || got != want {
			return false
		}
	}
	return true
}

// settings makes choices concrete for one person, whose own calendar goes first.
func (r *Router) settings(c choices, person Recipient) Settings {
	s := Settings{Repeat: DefaultRepeat, QuietExcept: alertrules.Critical, Resolved: true, Template: c.template}
	if c.repeat != nil {
		s.Repeat = *c.repeat
	}
	if c.resolved != nil {
		s.Resolved = *c.resolved
	}
	if c.quietExcept != "" {
		s.QuietExcept, _ = alertrules.ParseSeverity(c.quietExcept) // 0 for "none"
	}
	name := c.quiet
	if person.Quiet != "" {
		name = person.Quiet
	}
	s.Quiet = r.calendars[name] // nil for "none"
	return s
}

// Operators returns who is told about the agent itself.
func (r *Router) Operators() []Recipient { return r.recipients(r.c.Operator) }

// Calendar returns the calendar of a name, nil when there is none.
func (r *Router) Calendar(name string) *Calendar { return r.calendars[name] }

// Person returns what is known of an address.
func (r *Router) Person(address string) Recipient {
	if one, ok := r.addresses[strings.ToLower(address)]; ok {
		return one
	}
	return Recipient{Name: address, Address: address, Zone: r.zone, Language: "en", Content: "rows"}
}

// known reports whether an owner is somebody who can be told.
func (r *Router) known(name string) bool {
	_, person := r.c.People[name]
	_, group := r.c.Groups[name]
	return person || group || CheckAddress(name, r.c.Mail.Allow) == nil
}

// recipients resolves people, groups and addresses, each address once. What is
// not known or not allowed is left out: Validate, and the check of rule files, name
// it.
func (r *Router) recipients(names []string) []Recipient {
	var out []Recipient
	var walk func(names []string, depth int)
	walk = func(names []string, depth int) {
		for _, n := range names {
			if members, ok := r.c.Groups[n]; ok && depth < 20 {
				walk(members, depth+1)
				continue
			}
			one, ok := r.people[n]
			if !ok {
				one = r.Person(n)
			}
			known := slices.ContainsFunc(out, func(o Recipient) bool { return strings.EqualFold(o.Address, one.Address) })
			if !known && CheckAddress(one.Address, r.c.Mail.Allow) == nil {
				out = append(out, one)
			}
		}
	}
	walk(names, 0)
	return out
}

func (r *Router) person(name string, p Person) (Recipient, error) {
	out := Recipient{Name: name, Address: p.Email, Zone: r.zone, Language: p.Language, Content: p.Content, Quiet: p.Quiet, Mask: p.Mask}
	if p.TimeZone != "" {
		zone, err := loadZone(p.TimeZone)
		if err != nil {
			return out, err
		}
		out.Zone = zone
	}
	if out.Language == "" {
		out.Language = "en"
	}
	if out.Content == "" {
		out.Content = "rows"
	}
	return out, nil
}
