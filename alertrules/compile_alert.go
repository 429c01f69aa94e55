package alertrules

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"tocsin/query"
	"tocsin/templates"
)

// From the text of a rule to a Rule: mode, trigger, severity, texts, recipients.

func (c *compiler) mode() {
	c.rule.Mode = State
	if c.rule.Window.Kind == NewWindow {
		c.rule.Mode = Event
	}
	switch c.oneOf(c.text.Mode, "state", "event") {
	case "state":
		c.rule.Mode = State
	case "event":
		c.rule.Mode = Event
	}
	if c.rule.Mode == Event && c.rule.Window.Kind == SnapshotWindow {
		c.fail("rule/mode", c.text.Mode, c.rule.Logstore+" says what stands, and has no events", "leave mode out; or tell each finding once: logstore: findings, query: \"@change:opened\"")
	}
}

// test compiles a condition over the columns of the result.
func (c *compiler) test(t Text) *Test {
	cond, err := query.ParseCondition(t.Value)
	if !c.merge(t, err) {
		return nil
	}
	if len(c.rule.plans) == 0 {
		return nil // the query is wrong: its columns are not known
	}
	test, err := newTest(t.Value, cond, c.rule.plans[0].plan.Columns())
	if !c.merge(t, err) {
		return nil
	}
	return test
}

var countPattern = regexp.MustCompile(`^\s*(>=|<=|==|!=|=|>|<)?\s*([0-9]{1,9})\s*$`)

func (c *compiler) trigger() {
	t, r := c.text.Trigger, c.rule
	r.Trigger = Trigger{Rows: Count{">=", 1}, Text: "data is returned"}
	if t.when.Given() {
		if count := c.onlyCount(t.when); count != nil && !t.rows.Given() {
			r.Trigger.Rows, r.Trigger.Text = *count, "rows "+count.String()
			c.rowCount(t.when)
			return
		}
		r.Trigger.When = c.test(t.when)
		r.Trigger.Text = t.when.Value
	}
	if !t.rows.Given() {
		return
	}
	m := countPattern.FindStringSubmatch(t.rows.Value)
	if m == nil {
		c.fail("rule/trigger", t.rows, quote(t.rows.Value)+" is no number of rows", `write rows: ">= 3"`)
		return
	}
	n, _ := strconv.Atoi(m[2]) // at most nine digits
	op := cmp.Or(m[1], ">=")
	if op == "=" {
		op = "=="
	}
	r.Trigger.Rows = Count{op, n}
	r.Trigger.Text = strings.TrimSpace("rows " + r.Trigger.Rows.String())
	if t.when.Given() {
		r.Trigger.Text = t.when.Value + ", " + r.Trigger.Text
	}
	c.rowCount(t.rows)
}

// rowCount refuses a number of rows that says nothing, or that no evaluation can
// find.
func (c *compiler) rowCount(at Text) {
	rows := c.rule.Trigger.Rows
	switch {
	case rows.Holds(0) && rows.Grows():
		c.fail("rule/trigger", at, "this is always true", `write rows: ">= 1"`)
	case rows == Count{"<", 0}:
		c.fail("rule/trigger", at, "this is never true", `write rows: "< 1"`)
	case rows.N > c.env.maxRows():
		c.fail("rule/trigger", at, "an evaluation reads at most "+itoa(c.env.maxRows())+" rows", "count in the query: SELECT count(*) AS n, with trigger: {when: \"n > "+itoa(rows.N)+"\"}")
	case rows.Holds(0) && len(c.text.AlertPer) > 0:
		c.fail("rule/trigger", at, "with alert_per nothing is known of a value that has no row", "leave alert_per out, or count in the query")
	}
}

// maxObservations bounds what is remembered of one alert's past.
const maxObservations = 1000

var ofPattern = regexp.MustCompile(`^([0-9]{1,9})(?: of ([0-9]{1,9}))?$`)

// threshold reads after, for (D16) and keep_firing_for (D17).
func (c *compiler) threshold() {
	t, r := c.text, c.rule
	r.After = Threshold{1, 1}
	r.KeepFiringFor = c.length(t.KeepFiringFor, 0)
	if t.For.Given() && t.After.Given() {
		c.fail("rule/threshold", t.For, "after and for say the same thing twice", "keep one of them")
		return
	}
	if t.For.Given() {
		d := c.length(t.For, 0)
		n := int((d+r.Schedule.Every-1)/r.Schedule.Every) + 1
		r.After = Threshold{n, n}
	}
	if t.After.Given() {
		m := ofPattern.FindStringSubmatch(t.After.Value)
		if m == nil {
			c.fail("rule/threshold", t.After, quote(t.After.Value)+" is no number of evaluations", `write after: 3 or after: "2 of 5"`)
			return
		}
		r.After.M, _ = strconv.Atoi(m[1]) // at most nine digits
		r.After.N = r.After.M
		if m[2] != "" {
			r.After.N, _ = strconv.Atoi(m[2])
		}
	}
	at := cmp.Or(t.After.Node, t.For.Node)
	switch {
	case r.After.M < 1 || r.After.M > r.After.N:
		c.doc.Problem("rule/threshold", at, "this can never be reached", `write after: 3 or after: "2 of 5"`)
	case r.After.N > maxObservations:
		c.doc.Problem("rule/threshold", at, "at most "+itoa(maxObservations)+" evaluations are remembered", "evaluate less often")
	}
}

func (c *compiler) alertPer() {
	r := c.rule
	for _, t := range c.text.AlertPer {
		r.AlertPer = append(r.AlertPer, t.Value)
		if len(r.plans) == 0 {
			continue
		}
		i := slices.IndexFunc(r.Columns, func(col Column) bool { return col.Name == t.Value })
		if i < 0 {
			c.fail("rule/alert-per", t, "the result has no column "+quote(t.Value), cmp.Or(c.didYouMean(t.Value, columnNames(r.Columns)), "its columns: "+strings.Join(columnNames(r.Columns), ", ")))
			continue
		}
		if slices.Contains(r.per, i) {
			c.fail("rule/alert-per", t, quote(t.Value)+" stands here a second time", "")
		}
		if r.Aggregates && !slices.Contains(r.keys, i) {
			c.fail("rule/alert-per", t, quote(t.Value)+" is an aggregate: each new value would be a new alert", "name a column of GROUP BY")
		}
		r.per = append(r.per, i)
	}
}

func columnNames(cols []Column) []string {
	names := make([]string, len(cols))
	for i, col := range cols {
		names[i] = col.Name
	}
	return names
}

func (c *compiler) severity() {
	t := c.text.Severity
	switch {
	case t.node == nil:
		c.rule.Branches = []Branch{{Is: Medium}}
	case t.one.Given():
		if s, ok := c.level(t.one); ok {
			c.rule.Branches = []Branch{{Is: s}}
		}
	case t.node.Kind == ListNode && len(t.branches) == 0:
		c.doc.Problem("rule/severity", t.node, "the list has no severity", `write - {when: "cnt > 10", is: critical} and - {is: high}`)
	}
	for i, b := range t.branches {
		c.branch(t.node.Items[i], b, i == len(t.branches)-1)
	}
}

func (c *compiler) branch(n *Node, b branchText, last bool) {
	if !b.Is.Given() {
		c.doc.Problem("rule/severity", n, "the branch has no severity", "write is: high")
		return
	}
	s, _ := c.level(b.Is)
	branch := Branch{Is: s}
	switch {
	case b.When.Given():
		branch.When = c.test(b.When)
		if branch.When != nil && branch.When.counts && c.rule.Window.Kind == NewWindow {
			c.fail("rule/over-new", b.When, batched, "leave __count__ out, or write a window of fixed length: window: 1h")
		}
	case !last:
		c.doc.Problem("rule/severity", n, "branches below this one are never reached", "put the branch without when last")
	}
	c.rule.Branches = append(c.rule.Branches, branch)
	if last && b.When.Given() {
		c.rule.Branches = append(c.rule.Branches, Branch{Is: Medium})
		c.doc.Warn("rule/severity", n, "rows for which no branch holds are medium", "end the list with - {is: medium}")
	}
}

func (c *compiler) level(t Text) (Severity, bool) {
	s, ok := ParseSeverity(t.Value)
	if !ok {
		c.oneOf(t, SeverityNames()...)
	}
	return s, ok
}

// texts reads labels, annotations and the runbook.
func (c *compiler) texts() {
	r := c.rule
	for _, p := range c.text.Labels {
		c.oneLine(Text{p.Key.Text, p.Key}, 100)
		c.oneLine(Text{p.Value.Text, p.Value}, 500)
		r.Labels[p.Key.Text] = p.Value.Text
	}
	for _, p := range c.text.Annotations {
		t, err := templates.CompileText(p.Key.Text, p.Value.Text)
		c.oneLine(Text{p.Key.Text, p.Key}, 100)
		if c.merge(Text{p.Value.Text, p.Value}, err) {
			r.Annotations = append(r.Annotations, Annotation{p.Key.Text, p.Value.Text, t})
		}
	}
	slices.SortFunc(r.Annotations, func(a, b Annotation) int { return strings.Compare(a.Name, b.Name) })
	r.Runbook = c.text.Runbook.Value
	if linkPattern.MatchString(r.Runbook) && !strings.HasPrefix(r.Runbook, "https://") && !strings.HasPrefix(r.Runbook, "http://") {
		c.fail("rule/runbook", c.text.Runbook, "a runbook that is an address begins with https:// or http://", "or write in words what to do")
	}
}

// linkPattern matches a text that is one address of any scheme.
var linkPattern = regexp.MustCompile(`^\s*[A-Za-z][A-Za-z0-9+.-]*:\S+\s*$`)

func (c *compiler) notify() {
	t := c.text.Notify
	n := Notify{To: c.recipients(t.To), AlsoTo: c.recipients(t.AlsoTo), Template: c.template(t.Template), Resolved: t.Resolved}
	n.RepeatInterval, n.GroupWait, n.GroupInterval = c.optional(t.RepeatInterval), c.optional(t.GroupWait), c.optional(t.GroupInterval)
	if n.RepeatInterval != nil && *n.RepeatInterval < time.Minute {
		c.fail("rule/repeat", t.RepeatInterval, "repeat_interval is at least 1m", "write repeat_interval: 4h")
	}
	if t.Quiet.Given() {
		n.Quiet = &t.Quiet.Value
		if t.Quiet.Value != "none" {
			c.known("calendar", t.Quiet, c.env.Calendars)
		}
	}
	if t.QuietExcept.Given() {
		if s, ok := c.level(t.QuietExcept); ok {
			n.QuietExcept = &s
		}
	}
	for _, g := range t.GroupBy {
		if g.Value != "rule" {
			c.fail("rule/not-yet", g, "groups that join rules are not in this version", "leave group_by out, or write group_by: [rule]")
		}
		n.GroupBy = append(n.GroupBy, g.Value)
	}
	if len(n.To)+len(n.AlsoTo) > 50 {
		c.doc.Warn("rule/many-recipients", cmp.Or(c.node.Get("notify").Get("to"), c.node), itoa(len(n.To)+len(n.AlsoTo))+" recipients get a mail each", "write to one list or group address")
	}
	c.rule.Notify = n
}

func (c *compiler) optional(t Text) *time.Duration {
	if !t.Given() {
		return nil
	}
	d := c.length(t, 0)
	return &d
}

func (c *compiler) template(t Text) string {
	if t.Given() {
		c.known("template", t, c.env.Templates)
	}
	return t.Value
}

// known reports a name that is malformed or that names does not hold.
func (c *compiler) known(what string, t Text, names []string) {
	switch {
	case !ValidName(t.Value):
		c.fail("rule/name", t, quote(t.Value)+" is no name of a "+what, nameHint)
	case names != nil && !slices.Contains(names, t.Value):
		c.fail("rule/unknown-"+what, t, "there is no "+what+" "+quote(t.Value), cmp.Or(c.didYouMean(t.Value, names), "known: "+strings.Join(names, ", ")))
	}
}

func (c *compiler) recipients(list []Text) []string {
	var out []string
	for _, t := range list {
		out = append(out, t.Value)
		switch {
		case strings.ContainsAny(t.Value, "@<>, \r\n{"):
			c.address(t)
		case c.env.People == nil && c.env.Groups == nil:
			if !oneLine(t.Value) || t.Value == "" {
				c.fail("rule/recipient", t, quote(t.Value)+" is no recipient", "write a person, a group or one address")
			}
		case !slices.Contains(c.env.People, t.Value) && !slices.Contains(c.env.Groups, t.Value):
			names := slices.Concat(c.env.People, c.env.Groups)
			c.fail("rule/unknown-recipient", t, quote(t.Value)+" is neither a person nor a group nor an address", cmp.Or(c.didYouMean(t.Value, names), "people and groups are in tocsin.yaml"))
		}
	}
	return out
}

func (c *compiler) address(t Text) {
	err := CheckAddress(t.Value, c.env.AllowMail)
	if err == nil {
		return
	}
	hint := ""
	if strings.ContainsAny(t.Value, ",; <>") {
		hint = "write each address as an entry of its own: [ops@example.com, ami@example.com]"
	}
	c.fail("rule/recipient", t, err.Error(), hint)
}
