package alertrules

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"tocsin/diag"
	"tocsin/query"
)

// From the text of a rule to a Rule: the query, its exceptions and plans.

// query reads the query and its exceptions and plans them.
func (c *compiler) query() {
	t, r := c.text.Query, c.rule
	if c.text.Queries != nil {
		c.queries()
		return
	}
	r.Query = t.Value
	if !t.Given() {
		if c.node.Get("query") == nil {
			c.fail("rule/no-query", t, "the rule has no query", "write query: with a filter such as eventName:ConsoleLogin")
		}
		return
	}
	if t.Node.Plain && (t.Node.Like != "" || t.Node.Kind == NullNode) {
		c.fail("rule/query", t, "a query is a text, not "+t.Node.what(), "put it in quotes")
		return
	}
	q, err := query.Parse(t.Value)
	if !c.merge(t, err) {
		return
	}
	excludes := c.exceptions()
	if l, ok := c.env.Schema.Logstore(r.Logstore); !ok || l.Lookup {
		return
	}
	r.bySeq = true
	for _, stage := range q.Stages {
		r.bySeq = r.bySeq && len(stage.OrderBy) == 0
	}
	c.plan(excludes, single{q}, []query.Part{{Logstore: r.Logstore, Query: q}})
}

// merge reports whether err is nil; else its problems go to where t stands.
func (c *compiler) merge(t Text, err error) bool {
	if err == nil {
		return true
	}
	var list *diag.List
	if errors.As(err, &list) {
		c.doc.Merge(t.Node, list)
	} else {
		c.fail("rule/query", t, err.Error(), "")
	}
	return false
}

// An exclude is an exception with its parsed search.
type exclude struct {
	until  time.Time
	search query.Search
}

func (c *compiler) exceptions() []exclude {
	var out []exclude
	for i, e := range c.text.Exceptions {
		if !e.Match.Given() {
			c.doc.Problem("rule/exception", c.node.Get("exceptions").Items[i], "an exception has no match", "write match: with a filter of the records to leave out")
			continue
		}
		search, err := query.ParseSearch(e.Match.Value)
		if !c.merge(e.Match, err) {
			continue
		}
		if _, all := search.(*query.SearchAll); all {
			c.doc.Warn("rule/exception-all", e.Match.Node, "this exception leaves no record over", "name what is left out, or write enabled: false")
		}
		until := c.until(e)
		c.oneLine(e.Reason, 500)
		c.oneLine(e.By, 200)
		c.rule.Exceptions = append(c.rule.Exceptions, Exception{Match: e.Match.Value, Until: until, Reason: e.Reason.Value, By: e.By.Value})
		out = append(out, exclude{until, search})
	}
	return out
}

// until reads the last day of an exception, in the zone of tocsin.yaml (D25).
func (c *compiler) until(e exceptText) time.Time {
	if !e.Until.Given() {
		c.doc.Warn("rule/exception-without-end", e.Match.Node, "this exception has no end", "write until: with its last day")
		return time.Time{}
	}
	last, err := time.ParseInLocation("2006-01-02", e.Until.Value, c.env.zone())
	if err != nil {
		c.fail("rule/exception", e.Until, quote(e.Until.Value)+" is no day", "write until: 2027-01-31")
		return time.Time{}
	}
	until := wall(last.Year(), last.Month(), last.Day()+1, 0, c.env.zone())
	switch now := c.env.Now; {
	case now.IsZero():
	case !now.Before(until):
		c.doc.Warn("rule/exception-expired", e.Until.Node, "this exception has run out", "delete it, or set a new end")
	case until.Sub(now) > 3*366*day:
		c.doc.Warn("rule/exception-long", e.Until.Node, "this exception lasts for more than three years", "set an earlier end and look at it then")
	}
	return until
}

// asked is what a rule asks: one query, or several that are combined.
type asked interface {
	plan(s query.Schema, o query.Options) (*query.Plan, error)
	// fault reports where in the text of the rule the mistake is that plan found.
	fault(c *compiler, o query.Options, err error)
}

type single struct{ *query.Query }

func (q single) plan(s query.Schema, o query.Options) (*query.Plan, error) { return q.Plan(s, o) }

func (q single) fault(c *compiler, _ query.Options, err error) { c.merge(c.text.Query, err) }

// plan plans the query and takes over what the plan knows, and what those of its
// queries read that decide; it reports whether that went well.
func (c *compiler) plan(excludes []exclude, q asked, deciding []query.Part) bool {
	plans := c.plans(excludes, q)
	if plans == nil {
		return false
	}
	c.rule.plans = plans
	c.planned(plans[0].plan)
	c.readings(excludes, deciding)
	if c.rule.Window.Kind == WholeWindow || c.rule.Window.Kind == NewWindow {
		c.touchPlans()
	}
	return true
}

// plans plans a query once for each set of exceptions that will ever hold: they
// drop out one after another, so there is one more set than ends. Without a plan
// the mistake is reported.
func (c *compiler) plans(excludes []exclude, q asked) (plans []timedPlan) {
	ends := []time.Time{}
	for _, e := range excludes {
		if !e.until.IsZero() && !slices.Contains(ends, e.until) {
			ends = append(ends, e.until)
		}
	}
	slices.SortFunc(ends, time.Time.Compare)
	r := c.rule
	for _, end := range append(ends, time.Time{}) {
		o := query.Options{Logstore: r.Logstore, Lists: c.env.Lists, MaxRows: c.env.maxRows()}
		for _, e := range excludes {
			if e.until.IsZero() || !end.IsZero() && !e.until.Before(end) {
				o.Exclude = append(o.Exclude, e.search)
			}
		}
		p, err := q.plan(c.env.Schema, o)
		if err != nil {
			c.planError(q, o, err)
			return nil
		}
		plans = append(plans, timedPlan{end, p})
	}
	c.onlyRecords(plans[0].plan)
	return plans
}

// onlyRecords refuses a plan that reads what tocsin did itself.
func (c *compiler) onlyRecords(p *query.Plan) {
	if own := p.Histories(); len(own) > 0 {
		c.fail("rule/joined", c.text.Query, "a rule does not read "+strings.Join(own, ", ")+", which is what tocsin did itself", "ask it with tocsin query or in the shell")
	}
}

// planError says where a name is unknown: in an exception, which is planned on
// its own to find the place, in the query, or in both.
func (c *compiler) planError(q asked, o query.Options, err error) {
	placed := false
	for _, e := range c.text.Exceptions {
		search, unread := query.ParseSearch(e.Match.Value)
		if !e.Match.Given() || unread != nil {
			continue // reported when it was read
		}
		placed = !c.merge(e.Match, query.PlanSearch(search, c.env.Schema, o)) || placed
	}
	if placed {
		o.Exclude = nil
		_, err = q.plan(c.env.Schema, o)
	}
	if err != nil {
		q.fault(c, o, err)
	}
}

// planned takes over what the plan knows.
func (c *compiler) planned(p *query.Plan) {
	r := c.rule
	r.Identity, r.Aggregates = p.RowIdentity(), p.Aggregates()
	r.Columns = columnsOf(p)
	for i, col := range p.Columns() {
		if col.Key {
			r.keys = append(r.keys, i)
		}
	}
	stores := p.Logstores()
	others := slices.DeleteFunc(slices.Clone(stores), func(s string) bool { return s == r.Logstore })
	if r.Parts == nil && len(others) > 0 && (r.Window.Kind == NewWindow || r.Window.Kind == SnapshotWindow) {
		c.fail("rule/joined", c.text.Query, "a query that reads "+strings.Join(others, ", ")+" besides "+r.Logstore+" needs a window of event time", "write window: 1h or whole 1h: each logstore is then read over the same time")
	}
	r.bySeq = r.bySeq && r.Identity
	if l, ok := c.env.Schema.Logstore(r.Logstore); ok && l.Pinned && r.Identity {
		r.standings = standingsOf(c.env.Schema, r.Logstore)
	}
}

// readings takes over what a rule reads over windows of event time. Records that
// it tells each once are those of its own logstore: nothing else brings one back.
func (c *compiler) readings(excludes []exclude, deciding []query.Part) {
	r := c.rule
	for _, part := range deciding {
		p := r.plans[0].plan
		if r.Parts != nil { // it is a plan of all of them
			var err error
			p, err = part.Query.Plan(c.env.Schema, query.Options{Logstore: part.Logstore, Lists: c.env.Lists, MaxRows: c.env.maxRows()})
			if err != nil {
				c.fail("rule/query", c.text.Query, fmt.Sprintf("what one of the queries reads cannot be found: %v", err), "")
				return
			}
		}
		for _, name := range p.Logstores() {
			store, ok := c.env.Schema.Logstore(name)
			if !ok || store.NoWindow || store.Lookup || r.rowsOnly() && name != r.Logstore {
				continue
			}
			next := reading{logstore: name, length: part.Length}
			if r.Window.Kind == SlidingWindow {
				next.length = cmp.Or(part.Length, r.Window.Length)
				next.late = c.latePlan(part, name, excludes)
			}
			r.reads = append(r.reads, next)
		}
	}
}

// touchPlans are how a late record in a window is noticed (T14), and how those of
// the rule's own logstore before its start are counted (T30).
func (c *compiler) touchPlans() {
	r := c.rule
	stores := r.Reads()
	for _, p := range r.Parts { // what stands beside the result is looked at anew with it
		if p.Window.Kind == WholeWindow && !slices.Contains(stores, p.Logstore) {
			stores = append(stores, p.Logstore)
		}
	}
	for _, name := range stores {
		q, err := query.Parse("* | SELECT count(*) AS n")
		if err != nil {
			c.fail("rule/query", c.text.Query, fmt.Sprintf("records cannot be counted: %v", err), "")
			return
		}
		p, err := q.Plan(c.env.Schema, query.Options{Logstore: name})
		if err != nil {
			c.fail("rule/query", c.text.Query, fmt.Sprintf("records of %s cannot be counted: %v", name, err), "")
			return
		}
		r.touch = append(r.touch, p)
	}
}

// batched is why a number of rows means nothing over new.
const batched = "over new, how many rows an evaluation sees depends on when records arrive"

// overNew refuses what depends on how arrivals are batched (D11).
func (c *compiler) overNew() {
	t, r := c.text, c.rule
	if r.Window.Kind != NewWindow {
		return
	}
	length := FormatDuration(max(r.Schedule.Every, time.Minute))
	hint := "write window: " + length + " or window: whole " + wholeFor(r.Schedule.Every)
	for _, k := range []struct {
		key string
		at  Text
	}{{"after", t.After}, {"for", t.For}, {"keep_firing_for", t.KeepFiringFor}} {
		if k.at.Given() && (k.key != "after" || r.After.N > 1) && (k.key != "keep_firing_for" || r.KeepFiringFor > 0) {
			c.fail("rule/over-new", k.at, k.key+" needs a window of fixed length, and new has none", hint)
		}
	}
	if t.NoData != nil {
		c.doc.Problem("rule/over-new", c.node.Get("no_data"), "no_data needs a window of fixed length, and new has none", hint)
	}
	switch {
	case r.Trigger.Rows != Count{">=", 1} && t.Trigger.rows.Given():
		c.fail("rule/over-new", t.Trigger.rows, batched+"; only rows: \">= 1\" is possible", hint)
	case r.Trigger.Rows != Count{">=", 1}, r.Trigger.When != nil && r.Trigger.When.counts:
		c.fail("rule/over-new", t.Trigger.when, batched, hint)
	}
	if len(r.plans) == 0 {
		return
	}
	if r.plans[0].plan.HavingOnAggregate() {
		c.fail("rule/over-new", t.Query, "over new, a condition on an aggregate would drop rows that arrive in pieces", hint)
	}
	if w := r.Trigger.When; w != nil && r.Aggregates && w.onAggregate(r.keys) {
		c.fail("rule/over-new", t.Trigger.when, "over new, a condition on an aggregate would drop rows that arrive in pieces", hint)
	}
	if r.Mode == State {
		c.fail("rule/over-new", t.Mode, "nothing over new is ever over, so it has no state", "leave mode out, or "+hint)
	}
}

// wholeFor is a whole window not shorter than every.
func wholeFor(every time.Duration) string {
	for _, d := range []time.Duration{time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 6 * time.Hour} {
		if every <= d {
			return FormatDuration(d)
		}
	}
	return "1d"
}

// columnsOf are the columns of a plan as alerts have them.
func columnsOf(p *query.Plan) (list []Column) {
	for _, col := range p.Columns() {
		list = append(list, Column{Name: col.Name, Type: typeName(col.Type), Field: col.Field})
	}
	return list
}

// typeName is the type of a column as Column names it.
func typeName(t query.Type) string {
	switch {
	case t.IsArray(), t.IsMap(), t == query.JSON:
		return "json"
	case t == query.EpochSeconds:
		return "integer"
	case t == query.Unknown:
		return "text"
	}
	return cmp.Or(t.String(), "text")
}
