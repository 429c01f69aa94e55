package notifier

// This file says in templates.Mail and templates.SLS what a mail tells, and
// renders it for one recipient.

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"tocsin/alertrules"
	"tocsin/diag"
	"tocsin/templates"
)

// How much of the rows a mail shows.
const (
	alertRows   = 20      // rows of one alert in its table
	mailRows    = 200     // rows of all tables
	stormRows   = 20      // alerts that a storm mail shows (D28)
	stillAlerts = 20      // alerts named that only go on
	slsRows     = 100     // rows that an SLS template sees
	csvBytes    = 1 << 20 // of the attachment
	stormBytes  = 100_000 // of the attachment in the storm form (P18)
	shownNotes  = 12
	shownLabels = 10
	titleChars  = 500
	descChars   = 10_000
	labelChars  = 200 // of a label's value
)

// rendering is a message in the making that recipients may share.
type rendering struct {
	message templates.Message
	fault   error // why the author's template was not used
}

// composition is one mail as it is put together.
type composition struct {
	s           *step
	d           *draft
	mask        mask
	items       []entry
	mail        templates.Mail
	sls         templates.SLS
	attachments []Attachment
}

// entry is an item with the rule and decision that it belongs to.
type entry struct {
	Item
	rule Rule
}

func newComposition(s *step, d *draft) *composition {
	c := &composition{s: s, d: d, mask: newMask(d.to.Mask)}
	if d.kind == KindOperator {
		c.operator()
		return c
	}
	for _, r := range d.parts {
		for _, it := range r.d.Items {
			c.items = append(c.items, entry{it, r.group.rule})
		}
	}
	if len(d.parts) > 1 {
		slices.SortStableFunc(c.items, func(a, b entry) int { return rank(a.What) - rank(b.What) })
	}
	c.head()
	c.alerts()
	c.legacy()
	c.attach()
	return c
}

// lead is the item that the mail is about.
func (c *composition) lead() entry {
	for _, e := range c.items {
		if e.What != Still {
			return e
		}
	}
	return c.items[0]
}

// head fills what concerns the mail as a whole.
func (c *composition) head() {
	lead, first := c.lead(), c.d.parts[0]
	a := lead.Alert
	c.mail = templates.Mail{
		Kind: string(c.d.kind), ID: a.ID, State: "resolved", RuleID: lead.rule.ID, RuleName: ruleName(lead.rule), Owner: lead.rule.Owner,
		Title: c.title(a), Desc: c.desc(a), Runbook: a.Runbook,
		Reason: first.d.Reason, Now: c.s.now, Controls: lead.rule.Controls, Others: c.others(),
	}
	worst := alertrules.Severity(0)
	told := 0
	for _, e := range c.items {
		if e.What == Still {
			continue
		}
		told++
		worst = max(worst, e.severity())
		if firingItem(e.Item) {
			c.mail.State = "firing"
		}
	}
	c.mail.Severity = worst.String()
	c.mail.Storm = told > StormAlerts
	if c.d.kind == KindRecap && !first.d.History {
		c.mail.Period = c.period(first)
	}
	c.counts()
	c.notes()
}

// severity is that of an entry: of a state alert the highest of its episode, of
// news the highest among what is told.
func (e entry) severity() alertrules.Severity {
	worst := alertrules.Severity(0)
	for _, n := range e.News {
		worst = max(worst, n.Severity)
	}
	if worst == 0 {
		worst = e.Alert.MaxSeverity
	}
	return worst
}

func firingItem(it Item) bool { return it.What <= Still }

func ruleName(r Rule) string {
	if r.Name == "" {
		return r.ID
	}
	return r.Name
}

// others returns the names of everybody else whom the alert concerns.
func (c *composition) others() []string {
	var out []string
	for _, w := range c.d.parts[0].group.worlds {
		if !strings.EqualFold(w.Address, c.d.to.Address) {
			out = append(out, w.Name)
		}
	}
	slices.Sort(out)
	return out
}

// period names the calendars that held the mail, and when the quiet time ended.
func (c *composition) period(r *result) string {
	if r.b.Held.IsZero() || len(r.d.Quiet) == 0 {
		return "Quiet period"
	}
	cal := c.s.router.Calendar(r.d.Quiet[0])
	from, until, quiet := cal.Period(r.b.Held.Add(-time.Second), c.d.to.Zone)
	if !quiet {
		return r.d.Quiet[0]
	}
	return fmt.Sprintf("%s, %s to %s", cal.Name, from.In(c.d.to.Zone).Format("15:04"), until.In(c.d.to.Zone).Format("15:04 MST"))
}

// counts counts the alerts of a storm by severity.
func (c *composition) counts() {
	if !c.mail.Storm {
		return
	}
	n := map[string]int{}
	for _, e := range c.items {
		if e.What != Still {
			n[e.severity().String()]++
		}
	}
	for _, name := range alertrules.SeverityNames() {
		if n[name] > 0 {
			c.mail.Counts = append(c.mail.Counts, templates.Count{Name: name, N: n[name]})
		}
	}
}

// notes are our lines: what waits, what is gone, what flaps, what was cut.
func (c *composition) notes() {
	zone := c.d.to.Zone
	var out []string
	for _, r := range c.d.parts {
		if r.d.Waiting > 0 {
			out = append(out, fmt.Sprintf("%s for %s", waitText(r.d.Waiting), moment(r.d.Waits, c.s.now, zone)))
		}
	}
	for _, e := range c.items {
		if e.Flap != nil && e.What != Still {
			out = append(out, flapText(e.Flap, zone))
		}
		if gone := goneRows(e.Item); len(gone) > 0 && e.Alert.Firing() {
			out = append(out, "gone: "+c.goneText(e.Alert, gone))
		}
		if e.What == Unwatched {
			out = append(out, howText(e.Alert, zone))
		}
		if e.Alert.Ack != nil {
			out = append(out, ackText(e.Alert, c.s.now, zone))
		}
		out = append(out, c.uncertain(e)...)
		if e.Alert.Beyond > 0 {
			out = append(out, beyondText(e.Alert))
		}
		if e.Alert.Partial != "" {
			out = append(out, e.Alert.ID+" is not complete: "+diag.Line(e.Alert.Partial))
		}
	}
	if text := uncheckedText(c.items, c.s.now, zone); text != "" {
		out = append(out, text)
	}
	slices.Sort(out[min(1, len(out)):])
	c.mail.Notes = first(slices.Compact(out), shownNotes)
}

func waitText(n int) string {
	if n == 1 {
		return "1 change waits"
	}
	return fmt.Sprintf("%d changes wait", n)
}

// goneText lists rows that are gone; for a reader who does not see all fields it
// counts them, since labels do not say which field is which.
func (c *composition) goneText(a *alertrules.Alert, gone []goneRow) string {
	if len(c.d.to.Mask) > 0 {
		return plural(len(gone), "row")
	}
	labels := make([]string, len(gone))
	for i, g := range gone {
		labels[i] = g.label + goneHow(a, g.id, c.s.now, c.d.to.Zone)
	}
	return joinSome(labels, shownLabels)
}

func joinSome(labels []string, n int) string {
	if len(labels) <= n {
		return strings.Join(labels, "; ")
	}
	return fmt.Sprintf("%s; and %d more", strings.Join(labels[:n], "; "), len(labels)-n)
}

// operator fills a mail about the agent itself.
func (c *composition) operator() {
	c.mail = templates.Mail{
		Kind: string(KindOperator), State: "resolved", Severity: alertrules.High.String(), RuleName: "tocsin", Now: c.s.now,
		Reason: "the agent needs a look",
	}
	for _, n := range c.d.notices {
		title, detail, _ := strings.Cut(n.Text, "\n")
		c.mail.Items = append(c.mail.Items, templates.Item{Title: diag.Line(title), Detail: diag.Clean(detail), Since: n.Since, Over: n.Over})
		if !n.Over {
			c.mail.State = "firing"
		}
	}
	switch {
	case c.mail.State == "resolved":
		c.mail.Reason = "it works again"
	case !slices.ContainsFunc(c.d.notices, func(n Notice) bool { return !n.Once || n.Wrong }):
		c.mail.Severity, c.mail.Reason = "", "news of the agent; nothing is wrong"
	}
	c.mail.Title = c.mail.Items[0].Title
	if n := len(c.mail.Items); n > 1 {
		c.mail.Title += fmt.Sprintf(", and %d more", n-1)
	}
	c.sls = templates.SLS{AlertName: "tocsin", At: c.s.now, Fired: c.s.now, Status: c.mail.State, Severity: c.mail.Severity}
}

// render renders the mail, puts our fixed part in front of its subject and our
// line below it. Recipients of the same contents share one rendering.
func (c *composition) render() templates.Message {
	name := c.template()
	options := templates.Options{Zone: c.d.to.Zone, Language: c.d.to.Language, Now: c.s.now, Links: c.s.router.c.Links}
	r := c.shared(name, options)
	if r.fault != nil {
		c.s.templateFailed(name, c.mail.RuleID, r.fault)
	}
	m := r.message
	m.Subject = templates.Subject(c.fixed(), m.Subject)
	id := c.mail.ID
	if c.d.kind == KindOperator {
		id = ""
	}
	templates.Footer{ID: id, Others: c.mail.Others, Firing: c.mail.State == "firing"}.Append(&m)
	return m
}

// shared renders once what several recipients get.
func (c *composition) shared(name string, o templates.Options) rendering {
	key, err := json.Marshal([]any{name, o.Zone.String(), o.Language, c.mail, c.sls})
	if r, ok := c.s.rendered[string(key)]; ok && err == nil {
		return r
	}
	set, data := c.s.n.o.Templates(), templates.NewData(c.sls, c.mail)
	r := rendering{}
	if r.message, r.fault = set.Render(name, data, o); r.fault != nil {
		r.message = set.RenderFallback(r.fault, data, o)
	}
	if err == nil {
		c.s.rendered[string(key)] = r
	}
	return r
}

// template returns the author's template for what authors write templates for:
// alerts of one rule that begin, go on, or end. Of missing data they do not speak.
func (c *composition) template() string {
	missing := slices.ContainsFunc(c.items, func(e entry) bool { return e.Alert.NoData && e.What != Still })
	switch c.d.kind {
	case KindOperator:
		return string(c.d.kind)
	case KindRecap:
		if !c.d.parts[0].d.History { // that is no quiet period
			return string(c.d.kind)
		}
	case KindFirst, KindNews, KindRepeat, KindResolved:
		if name := c.lead().Settings.Template; name != "" && !c.mail.Storm && !missing {
			return name
		}
	}
	return "default"
}

// templateFailed tells the operator once.
func (s *step) templateFailed(name, rule string, err error) {
	s.d.Notices = append(s.d.Notices, alertrules.Notice{
		Key:  "template/failed/" + name + "/" + rule,
		Text: fmt.Sprintf("the template %s of rule %s failed, the built-in one was sent\n%s", name, rule, diag.Clean(err.Error())), Since: s.now,
	})
}

// fixed is our part of the subject: state, severity, rule name, id (G04).
func (c *composition) fixed() string {
	state := "FIRING"
	switch {
	case c.d.kind == KindOperator && c.mail.State == "firing":
		return "[OPERATOR] tocsin:"
	case c.d.kind == KindOperator:
		return "[OPERATOR OVER] tocsin:"
	case c.d.kind == KindRecap:
		state = "RECAP"
	case c.d.kind == KindDelayed:
		state = "DELAYED"
	case c.lead().What == Unwatched:
		state = "UNWATCHED"
	case c.mail.State == "resolved":
		state = "RESOLVED"
	}
	name := diag.Isolate(templates.Defang(cut(diag.Line(c.mail.RuleName), 50)))
	if n := len(c.d.parts); n > 1 {
		name += fmt.Sprintf(" and %s", plural(n-1, "more rule"))
	}
	return fmt.Sprintf("[%s %s] %s (%s)", state, c.mail.Severity, name, c.mail.ID)
}
