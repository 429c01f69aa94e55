package alertrules

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"time"

	"tocsin/query"
)

// From the text of a rule to a Rule: several queries whose results are put
// together (`queries` and `combine`).

// A Part is one query of a rule that has several.
type Part struct {
	Logstore string
	Window   Window // SnapshotWindow: the logstore has none
	Query    string // as written
}

// partText is one entry of `queries`. What it does not say is that of the rule.
type partText struct {
	Logstore Text `yaml:"logstore" doc:"where the records are; default: that of the rule"`
	Window   Text `yaml:"window" doc:"a length of event time, or whole 1h and so on, the same for all; default: that of the rule"`
	Query    Text `yaml:"query" doc:"filter | SQL"`
}

// joiningText is one step of `combine`.
type joiningText struct {
	node *Node
	Kind Text `yaml:"kind" doc:"how two results are put together"`
	On   Text `yaml:"on" doc:"which rows belong together: $0.host == $1.ip"`
}

// A combineText is one joining, or a list of them.
type combineText struct {
	node  *Node
	steps []joiningText
}

// DecodeNode implements NodeDecoder.
func (t *combineText) DecodeNode(d *Document, n *Node) {
	t.node = n
	items := []*Node{n}
	if n.Kind == ListNode {
		items = n.Items
	}
	for _, item := range items {
		step := joiningText{}
		d.Decode(item, &step)
		step.node = item
		t.steps = append(t.steps, step)
	}
}

const combineHint = `write combine: {kind: left_exclude, on: "$0.host == $1.host"}`

// parts reads where and over what each of the queries is asked, and takes the
// rule's own window and logstore from them.
func (c *compiler) parts() {
	r, texts := c.rule, c.text.Queries
	at := cmp.Or(c.node.Get("queries"), c.node)
	switch {
	case c.text.Query.Given():
		c.fail("rule/queries", c.text.Query, "query and queries say two different things", "keep one of them")
	case len(texts) == 0:
		c.doc.Problem("rule/queries", at, "there is no query", "write - {logstore: cloudtrail, window: 1h, query: …}")
	case len(texts) > query.MaxParts:
		c.doc.Problem("rule/queries", at.Items[query.MaxParts], "more than "+itoa(query.MaxParts)+" queries", "put two of them together in one, by JOIN or UNION")
	}
	for i, t := range texts[:min(len(texts), query.MaxParts)] {
		r.Parts = append(r.Parts, c.part(at.Items[i], t))
	}
	r.Window = Window{Kind: SnapshotWindow}
	for i, p := range r.Parts {
		if store, ok := c.env.Schema.Logstore(p.Logstore); r.Logstore == "" && ok && !store.Lookup {
			r.Logstore = p.Logstore
		}
		switch {
		case p.Window.Kind == SnapshotWindow:
		case r.Window.Kind == SnapshotWindow, p.Window.Kind == SlidingWindow && r.Window.Kind == SlidingWindow:
			if p.Window.Length > r.Window.Length || p.Window.Kind == WholeWindow {
				r.Window = p.Window
			}
		case p.Window != r.Window:
			c.doc.Problem("rule/window", cmp.Or(texts[i].Window.Node, at.Items[i]), "whole windows have to be the same for all queries, and others are "+r.Window.String(), "write the same window, or lengths such as 1h")
		}
	}
	if r.Logstore == "" && len(r.Parts) > 0 && len(c.doc.List.Problems) == 0 {
		c.doc.Problem("rule/logstore", at, "no record comes into any of the logstores", "name one of "+strings.Join(c.recordStores(), ", "))
	}
}

// part reads one entry of `queries`.
func (c *compiler) part(at *Node, t partText) Part {
	name := t.Logstore
	if !name.Given() {
		name = c.text.Logstore
	}
	p := Part{Logstore: name.Value, Query: t.Query.Value}
	store := c.logstore(name, true)
	window := t.Window
	if store != nil && (store.NoWindow || store.Lookup) {
		p.Window.Kind = SnapshotWindow
		if window.Given() && window.Value != "none" {
			c.fail("rule/window", window, p.Logstore+" has no window", "leave the key window out")
		}
		return p
	}
	if !window.Given() {
		window = c.text.Window
	}
	const hint = "write window: 1h, or whole 1h for all of them"
	if !window.Given() {
		c.doc.Problem("rule/window", at, "one of several queries needs a window of event time", hint)
	} else if w, err := parseWindow(window.Value); err != nil {
		c.fail("rule/window", window, err.Error(), hint)
	} else if w.Kind == NewWindow {
		c.fail("rule/window", window, "the window new is not possible for one of several queries", hint)
	} else {
		p.Window = w
		return p
	}
	p.Window.Kind = SnapshotWindow // says no more about it
	return p
}

// queries reads the queries and plans them as one.
func (c *compiler) queries() {
	r, ok := c.rule, true
	var parts []query.Part
	var lines []string
	for i, p := range r.Parts {
		t := c.text.Queries[i].Query
		if !t.Given() {
			c.doc.Problem("rule/no-query", cmp.Or(t.Node, c.node.Get("queries").Items[i]), "there is no query", "write query: with a filter such as eventName:ConsoleLogin")
			ok = false
			continue
		}
		q, err := query.Parse(t.Value)
		if !c.merge(t, err) {
			ok = false
			continue
		}
		part := query.Part{Logstore: p.Logstore, Query: q}
		if p.Window.Kind == SlidingWindow {
			part.Length = p.Window.Length
		}
		parts = append(parts, part)
		lines = append(lines, "$"+itoa(i)+" "+p.Logstore+", "+p.Window.String()+": "+strings.TrimSpace(p.Query))
	}
	joinings, read := c.joinings()
	for i, j := range joinings {
		on := ""
		if j.On != nil {
			on = " on " + c.text.Combine.steps[min(i, len(c.text.Combine.steps)-1)].On.Value
		}
		lines = append(lines, string(j.Kind)+on)
	}
	r.Query = strings.Join(lines, "\n")
	excludes := c.exceptions()
	for _, p := range r.Parts {
		_, known := c.env.Schema.Logstore(p.Logstore)
		ok = ok && known
	}
	all := combined{parts, joinings}
	if ok && read && r.Logstore != "" && c.plan(excludes, all, all.deciding()) {
		c.besides(excludes, parts, joinings)
	}
}

// joinings reads `combine`: a step less than there are queries.
func (c *compiler) joinings() (out []query.Joining, ok bool) {
	t, n := c.text.Combine, len(c.rule.Parts)-1
	switch {
	case t == nil && n < 1:
		return nil, true
	case t == nil:
		c.doc.Problem("rule/combine", cmp.Or(c.node.Get("queries"), c.node), "nothing says how the results are put together", combineHint)
		return nil, false
	}
	ok = true
	for i := range t.steps {
		j, read := c.joining(t.steps[i])
		out, ok = append(out, j), ok && read
	}
	if len(out) == 1 && n > 1 && ok && !out[0].Kind.Conditional() && t.node.Kind == MapNode {
		out = slices.Repeat(out, n) // said once for all
	}
	if ok && len(out) != n {
		c.doc.Problem("rule/combine", t.node, itoa(len(c.rule.Parts))+" queries are put together in "+itoa(max(n, 0))+" steps, and here are "+itoa(len(out)), "write a list with a kind for each query after the first")
		return nil, false
	}
	return out, ok
}

// joining reads one step.
func (c *compiler) joining(t joiningText) (j query.Joining, ok bool) {
	j.Kind = query.Combination(c.oneOf(t.Kind, query.Combinations()...))
	switch {
	case !t.Kind.Given():
		c.doc.Problem("rule/combine", t.node, "the step has no kind", combineHint)
		return j, false
	case j.Kind == "":
		return j, false
	case j.Kind.Conditional() && !t.On.Given():
		c.doc.Problem("rule/combine", t.node, string(j.Kind)+" needs a condition", combineHint)
		return j, false
	case !j.Kind.Conditional() && t.On.Given():
		c.fail("rule/combine", t.On, string(j.Kind)+" takes no condition", "leave on out, or write kind: inner_join")
		return j, false
	case !t.On.Given():
		return j, true
	}
	var err error
	j.On, err = query.ParseJoin(t.On.Value)
	return j, c.merge(t.On, err)
}

// combined is what a rule with several queries asks.
type combined struct {
	parts    []query.Part
	joinings []query.Joining
}

// plan implements asked.
func (q combined) plan(s query.Schema, o query.Options) (*query.Plan, error) {
	return query.Combine(q.parts, q.joinings, s, o)
}

// deciding are the queries but for those that stand beside the result.
func (q combined) deciding() []query.Part {
	list := slices.Clone(q.parts[:min(1, len(q.parts))])
	for i, j := range q.joinings {
		if j.Kind != query.NoJoin {
			list = append(list, q.parts[i+1])
		}
	}
	return list
}

// fault implements asked: it says in which of the queries, or in which step, a
// mistake is.
func (q combined) fault(c *compiler, o query.Options, err error) {
	well := true
	for i, p := range q.parts {
		alone := o
		alone.Logstore = p.Logstore
		if p.Logstore != o.Logstore {
			alone.Exclude = nil
		}
		_, err := p.Query.Plan(c.env.Schema, alone)
		well = c.merge(c.text.Queries[i].Query, err) && well
	}
	if !well {
		return
	}
	at := Text{Node: cmp.Or(c.node.Get("combine"), c.node.Get("queries"))}
	if step := (*query.JoiningError)(nil); errors.As(err, &step) {
		t := c.text.Combine.steps[min(step.Joining, len(c.text.Combine.steps)-1)]
		if at = t.Kind; t.On.Given() {
			at = t.On
		}
	}
	c.merge(at, err)
}

// lateness is how late records of any of the rule's logstores come, beyond what a
// sliding window of theirs reaches back for anyhow.
func (c *compiler) lateness() (late, usual time.Duration) {
	r := c.rule
	parts := r.Parts
	if parts == nil {
		parts = []Part{{Logstore: r.Logstore, Window: r.Window}}
	}
	for _, p := range parts {
		l := c.env.Lateness[p.Logstore]
		late = max(late, l)
		switch p.Window.Kind {
		case SlidingWindow:
			usual = max(usual, l-max(0, p.Window.Length-r.Schedule.Every))
		case WholeWindow:
			usual = max(usual, l)
		}
	}
	return late, usual
}
