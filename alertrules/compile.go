package alertrules

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"time"

	"tocsin/diag"
	"tocsin/query"
)

// From the text of a rule to a Rule: identity, schedule, window.

// A compiler makes one Rule of one mapping. Each part is read by its own
// method; every mistake goes to the document, and the rule is dropped at the
// end when there was one.
type compiler struct {
	doc  *Document
	env  Env
	node *Node
	text ruleText
	rule *Rule
}

// compile returns the rule, nil when it has an error.
func (c *compiler) compile() *Rule {
	before := len(c.doc.List.Problems)
	c.doc.Decode(c.node, &c.text)
	line, _ := c.doc.List.LineColumn(c.node.Span.Start)
	c.rule = &Rule{Line: line, Enabled: true, Labels: map[string]string{}, Zone: c.env.zone(), states: c.env.maxStates()}
	c.names()
	c.schedule()
	c.window()
	c.query()
	c.mode()
	c.trigger()
	c.threshold()
	c.noData()
	c.alertPer()
	c.severity()
	c.texts()
	c.notify()
	c.tests()
	c.overNew()
	for _, p := range c.doc.List.Problems[before:] {
		if p.Level == diag.Error {
			return nil
		}
	}
	c.rule.Hash, c.rule.rest = hashOf(c.rule), restOf(c.rule)
	return c.rule
}

// fail reports an error at a text.
func (c *compiler) fail(check string, t Text, message, hint string) {
	c.doc.Problem(check, cmp.Or(t.Node, c.node), message, hint)
}

func (c *compiler) names() {
	t, r := c.text, c.rule
	r.ID = t.ID.Value
	switch {
	case !t.ID.Given():
		c.fail("rule/no-id", t.ID, "the rule has no id", "write id: NAME; it keeps the rule's state through every other edit")
	case !ValidName(r.ID):
		c.fail("rule/id", t.ID, quote(r.ID)+" is no id", nameHint)
	case t.ID.Node.Like != "":
		c.doc.Warn("rule/id", t.ID.Node, "the id looks like "+t.ID.Node.Like+"; it is taken as the text "+quote(r.ID), "put it in quotes")
	}
	r.Name = cmp.Or(t.Name.Value, r.ID)
	c.oneLine(t.Name, 200)
	r.Owner = t.Owner.Value
	c.oneLine(t.Owner, 200)
	if t.Enabled != nil {
		r.Enabled = *t.Enabled
	}
	r.Staging = c.oneOf(t.Stage, "live", "staging") == "staging"
	for _, control := range t.Controls {
		c.oneLine(control, 200)
		r.Controls = append(r.Controls, control.Value)
	}
}

// oneLine refuses what cannot stand in a header.
func (c *compiler) oneLine(t Text, most int) {
	switch {
	case !t.Given():
	case !oneLine(t.Value):
		c.fail("rule/text", t, "the text holds a line break, a control or an invisible character", "write one line")
	case len([]rune(t.Value)) > most:
		c.fail("rule/text", t, "the text is longer than "+itoa(most)+" characters", "")
	}
}

// oneOf returns the value of t when it is one of the names, which are exact.
func (c *compiler) oneOf(t Text, names ...string) string {
	if !t.Given() || slices.Contains(names, t.Value) {
		return t.Value
	}
	c.fail("rule/value", t, quote(t.Value)+" is none of "+strings.Join(names, ", "), c.didYouMean(strings.TrimSpace(t.Value), names))
	return ""
}

func (c *compiler) didYouMean(word string, names []string) string {
	if s := diag.Suggest(word, names); s != "" {
		return "did you mean " + quote(s) + "?"
	}
	return ""
}

// length reads an optional length of time.
func (c *compiler) length(t Text, otherwise time.Duration) time.Duration {
	if !t.Given() {
		return otherwise
	}
	d, ok := c.doc.Duration(t.Node)
	if !ok {
		return otherwise
	}
	return d
}

func (c *compiler) schedule() {
	t, r := c.text, c.rule
	if t.TimeZone.Given() {
		zone, err := LoadZone(t.TimeZone.Value)
		if err != nil {
			c.fail("rule/time-zone", t.TimeZone, quote(t.TimeZone.Value)+" is no time zone", suggestZone(t.TimeZone.Value))
		} else {
			r.Zone = zone
		}
	}
	r.Schedule = newEvery(5*time.Minute, r.Zone)
	if t.Cron.Given() {
		c.cron()
		return
	}
	every := c.length(t.Every, 5*time.Minute)
	switch {
	case every < minEvery:
		c.fail("rule/every", t.Every, "every is at least "+FormatDuration(minEvery), "write every: 5m")
		return
	case every < time.Minute:
		c.doc.Warn("rule/every", t.Every.Node, "every "+t.Every.Value+" is more often than once a minute", "records take longer than that to arrive; 1m is enough")
	case every > 366*day:
		c.fail("rule/every", t.Every, "every is at most a year", "")
		return
	}
	r.Schedule = newEvery(every, r.Zone)
}

func (c *compiler) cron() {
	if c.text.Every.Given() {
		c.fail("rule/schedule", c.text.Every, "every and cron say two different things", "keep one of them")
	}
	s, err := newCron(c.text.Cron.Value, c.rule.Zone)
	if err != nil {
		c.fail("rule/cron", c.text.Cron, err.Error(), `write cron: "0 9 * * MON-FRI"`)
		return
	}
	first := s.Next(cronStart)
	if first.Sub(cronStart) > 367*day || s.Next(first).Sub(first) > 367*day {
		c.doc.Warn("rule/cron", c.text.Cron.Node, "this schedule does not come in every year", "the next moment is "+first.In(c.rule.Zone).Format("2006-01-02 15:04"))
	}
	c.rule.Schedule = s
}

func (c *compiler) window() {
	t, r := c.text, c.rule
	if t.Queries != nil {
		c.parts()
		c.delay()
		c.start()
		return
	}
	r.Logstore = t.Logstore.Value
	store := c.logstore(t.Logstore, false)
	var err error
	switch {
	case store != nil && store.NoWindow && t.Window.Given() && t.Window.Value != "none":
		c.fail("rule/window", t.Window, r.Logstore+" is a snapshot and has no window", "leave the key window out")
		r.Window.Kind = SnapshotWindow
	case store != nil && store.NoWindow:
		r.Window.Kind = SnapshotWindow
	case t.Window.Given():
		if r.Window, err = parseWindow(t.Window.Value); err != nil {
			c.fail("rule/window", t.Window, err.Error(), "write new, a length such as 24h, or whole with an hour, a day, a week, a month or what fills a day: whole 1d")
		}
	}
	c.delay()
	c.start()
}

// logstore finds the logstore of a name; nil: there is none, which is reported.
func (c *compiler) logstore(t Text, lookup bool) *query.Logstore {
	if !t.Given() {
		c.fail("rule/logstore", t, "the rule has no logstore", "write logstore: with one of "+strings.Join(c.recordStores(), ", "))
		return nil
	}
	store, ok := c.env.Schema.Logstore(t.Value)
	if ok && store.Lookup && !lookup {
		c.fail("rule/logstore", t, quote(t.Value)+" is a lookup table, which no record comes into", "name a logstore, and the table in FROM or JOIN")
		return nil
	}
	if ok && store.History {
		c.fail("rule/logstore", t, quote(t.Value)+" is what tocsin did itself, which is no record: a rule does not look at it", "ask it with tocsin query or in the shell; what goes wrong with a rule is told to the operator")
		return nil
	}
	if !ok {
		known := c.recordStores()
		c.fail("rule/logstore", t, "there is no logstore "+quote(t.Value), cmp.Or(c.didYouMean(t.Value, known), "known: "+strings.Join(known, ", ")))
		return nil
	}
	return store
}

// recordStores are the logstores that records come into.
func (c *compiler) recordStores() []string {
	return slices.DeleteFunc(c.env.Schema.Logstores(), func(name string) bool {
		l, ok := c.env.Schema.Logstore(name)
		return ok && l.Lookup
	})
}

func (c *compiler) delay() {
	t, r := c.text.Delay, c.rule
	var lateness time.Duration
	lateness, r.Delay = c.lateness()
	if !t.Given() {
		return
	}
	if r.Window.Kind == NewWindow || r.Window.Kind == SnapshotWindow {
		c.fail("rule/delay", t, "window "+r.Window.String()+" has no delay", "delay belongs to windows of event time: window: 1h")
		return
	}
	usual := r.Delay
	r.Delay = c.length(t, r.Delay)
	if r.Delay < usual {
		c.doc.Warn("rule/delay", t.Node, "records of "+r.Logstore+" arrive up to "+FormatDuration(lateness)+" late; a delay of "+FormatDuration(r.Delay)+" misses the latest of them", "leave delay out, or write "+FormatDuration(usual)+" or more")
	}
}

func (c *compiler) start() {
	t, r := c.text.Start, c.rule
	r.Start.Text = "now"
	if !t.Given() {
		return
	}
	if r.Window.Kind != NewWindow && r.Window.Kind != WholeWindow {
		c.fail("rule/start", t, "start bounds only the windows new and whole", "a window of "+r.Window.String()+" always looks back its whole length")
		return
	}
	start, err := parseStart(t.Value, c.env.zone())
	if err != nil {
		c.fail("rule/start", t, err.Error(), `write now, "-24h", 2026-11-01 or 2026-11-01T09:00:00+09:00`)
		return
	}
	r.Start = start
}

func parseStart(s string, zone *time.Location) (Start, error) {
	if s == "now" {
		return Start{Text: s}, nil
	}
	if back, err := ParseDuration(s); err == nil {
		if back > 0 {
			return Start{}, errors.New("a start lies in the past: -" + s)
		}
		return Start{Text: s, Back: -back}, nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04", "2006-01-02"} {
		if at, err := time.ParseInLocation(layout, s, zone); err == nil {
			return Start{Text: s, At: at.UTC()}, nil
		}
	}
	return Start{}, errors.New(quote(s) + " is no start")
}
