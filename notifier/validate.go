package notifier

// This file finds what is wrong in a configuration that decodes.

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"tocsin/alertrules"
	"tocsin/diag"
)

// A Fault is a mistake in a value of a YAML file.
type Fault struct {
	Path    string // where, as YAML paths are written: "$.people.ami.email"
	Message string
	Hint    string // the way out; may be empty
}

// Report adds faults to the file in which they were found. Paths start at base;
// a place that the file does not have is the nearest one around it.
func Report(d *alertrules.Document, base *alertrules.Node, faults []Fault) {
	for _, f := range faults {
		d.Problem("notify/config", nodeAt(base, f.Path), f.Message, f.Hint)
	}
}

// nodeAt follows a path such as "$.notify.routes[1].to".
func nodeAt(n *alertrules.Node, path string) *alertrules.Node {
	path = strings.NewReplacer("[", ".", "]", "").Replace(strings.TrimPrefix(path, "$"))
	for _, step := range strings.Split(path, ".") {
		if step == "" || n == nil {
			continue
		}
		next := n.Get(step)
		if i, err := strconv.Atoi(step); err == nil && n.Kind == alertrules.ListNode && i < len(n.Items) {
			next = n.Items[i]
		}
		if next == nil {
			return n
		}
		n = next
	}
	return n
}

// None is what files write to switch off a setting that would be inherited.
const None = "none"

// validator collects faults.
type validator struct {
	c      *Config
	faults []Fault
}

func (v *validator) add(path, hint, format string, args ...any) {
	v.faults = append(v.faults, Fault{Path: path, Message: fmt.Sprintf(format, args...), Hint: hint})
}

// Validate returns the mistakes of c, in the order of the file's sections.
func (c *Config) Validate() []Fault {
	v := &validator{c: c}
	v.zone("$.time_zone", c.TimeZone)
	if c.Mail.From != "" {
		if err := CheckAddress(c.Mail.From, nil); err != nil {
			v.add("$.mail.from", "", "%v", err)
		}
	}
	v.people()
	for _, name := range slices.Sorted(maps.Keys(c.Groups)) {
		v.name("$.groups."+name, name)
		if _, both := c.People[name]; both {
			v.add("$.groups."+name, "", "%q is a person and a group", name)
		}
		v.to("$.groups."+name, c.Groups[name])
		if c.contains(name, name, 0) {
			v.add("$.groups."+name, "", "the group contains itself")
		}
	}
	v.to("$.operator", c.Operator)
	v.calendars()
	v.defaults()
	return v.faults
}

func (v *validator) people() {
	for _, name := range slices.Sorted(maps.Keys(v.c.People)) {
		p, path := v.c.People[name], "$.people."+name
		v.name(path, name)
		if err := CheckAddress(p.Email, v.c.Mail.Allow); err != nil {
			v.add(path+".email", "", "%v", err)
		}
		v.zone(path+".time_zone", p.TimeZone)
		v.oneOf(path+".language", p.Language, []string{"en", "ja"})
		v.oneOf(path+".content", p.Content, []string{"rows", "summary", "csv"})
		v.calendar(path+".quiet", p.Quiet)
	}
}

func (v *validator) calendars() {
	for _, name := range slices.Sorted(maps.Keys(v.c.Calendars)) {
		s, path := v.c.Calendars[name], "$.calendars."+name
		v.name(path, name)
		if name == None {
			v.add(path, "choose another name", "%q switches quiet periods off and cannot name a calendar", name)
		}
		v.zone(path+".time_zone", s.TimeZone)
		if _, err := NewCalendar(name, s.Daily, nil, nil); err != nil {
			v.add(path+".daily", "", "%v", err)
		}
		if _, err := NewCalendar(name, nil, s.Weekly, nil); err != nil {
			v.add(path+".weekly", "", "%v", err)
		}
		if len(s.Daily)+len(s.Weekly) == 0 {
			v.add(path, `daily: "22:00-07:00", or weekly: "SAT-SUN"`, "the calendar has no period")
		}
	}
}

func (v *validator) defaults() {
	n := v.c.Notify
	v.to("$.notify.to", n.To)
	v.choices("$.notify", n.choices())
	v.groupBy("$.notify.group_by", n.GroupBy)
	for i, r := range n.Routes {
		path := "$.notify.routes[" + strconv.Itoa(i) + "]"
		if len(r.Match) == 0 {
			v.add(path, "what applies to all belongs into notify itself", "the route has no match")
		}
		if s, ok := r.Match["severity"]; ok {
			v.oneOf(path+".match.severity", s, alertrules.SeverityNames())
		}
		v.to(path+".to", r.To)
		v.to(path+".also_to", r.AlsoTo)
		v.choices(path, r.choices())
	}
}

// groupBy accepts the default only; groups that join rules are not built.
func (v *validator) groupBy(path string, by []string) {
	if len(by) > 0 && !slices.Equal(by, []string{"rule"}) {
		v.add(path, "[rule] is the default", "groups that join rules are not supported")
	}
}

func (v *validator) choices(path string, c choices) {
	if c.repeat != nil && *c.repeat < time.Minute {
		v.add(path+".repeat_interval", "write it as 30m or 4h", "the repeat interval is shorter than a minute")
	}
	v.calendar(path+".quiet", c.quiet)
	v.oneOf(path+".quiet_except", c.quietExcept, append(alertrules.SeverityNames(), None))
	if c.template != "" {
		v.name(path+".template", c.template)
	}
}

func (v *validator) calendar(path, name string) {
	if name == "" || name == None {
		return
	}
	if _, ok := v.c.Calendars[name]; !ok {
		v.unknown(path, "calendar", name, slices.Collect(maps.Keys(v.c.Calendars)))
	}
}

func (v *validator) oneOf(path, value string, known []string) {
	if value != "" && !slices.Contains(known, value) {
		v.add(path, "one of "+strings.Join(known, ", "), "%q is not known here", diag.Line(value))
	}
}

func (v *validator) zone(path, name string) {
	if _, err := loadZone(name); err != nil {
		v.add(path, "names are those of the tz database, such as Europe/Berlin", "%q is no time zone", diag.Line(name))
	}
}

func (v *validator) name(path, name string) {
	if !alertrules.ValidName(name) {
		v.add(path, "lower-case letters, digits, '.', '_' and '-', at most 64", "%q cannot be a name", diag.Line(name))
	}
}

func (v *validator) unknown(path, what, name string, known []string) {
	hint := ""
	slices.Sort(known)
	if s := diag.Suggest(name, known); s != "" {
		hint = fmt.Sprintf("did you mean %q?", s)
	}
	v.add(path, hint, "there is no %s %q", what, diag.Line(name))
}

// to checks a list of people, groups and addresses.
func (v *validator) to(path string, names []string) {
	for i, name := range names {
		at := path + "[" + strconv.Itoa(i) + "]"
		_, isPerson := v.c.People[name]
		_, isGroup := v.c.Groups[name]
		switch {
		case isPerson || isGroup:
		case strings.Contains(name, "@"):
			if err := CheckAddress(name, v.c.Mail.Allow); err != nil {
				v.add(at, "", "%v", err)
			}
		default:
			v.unknown(at, "person or group", name, slices.Concat(slices.Collect(maps.Keys(v.c.People)), slices.Collect(maps.Keys(v.c.Groups))))
		}
	}
}

// contains reports whether the group `name` leads to the group `goal`.
func (c *Config) contains(name, goal string, depth int) bool {
	if depth > len(c.Groups) {
		return false
	}
	for _, m := range c.Groups[name] {
		if m == goal || c.Groups[m] != nil && c.contains(m, goal, depth+1) {
			return true
		}
	}
	return false
}
