package main

import (
	"strconv"
	"strings"
	"time"

	"tocsin/agent"
	"tocsin/alertrules"
)

// `silent_after:` of a source, and the reserve of the disk.

// silentFile is `silent_after:`: a length of time, or that of each account or
// region.
type silentFile struct {
	node *alertrules.Node
	each alertrules.Text
	is   time.Duration
}

// silentEach is silent_after as keys.
type silentEach struct {
	Each alertrules.Text `yaml:"each"`
	Is   time.Duration   `yaml:"is"`
}

// Shapes implements alertrules.Shaper.
func (*silentFile) Shapes() []any { return []any{"", silentEach{}} }

// DecodeNode implements alertrules.NodeDecoder.
func (f *silentFile) DecodeNode(d *alertrules.Document, n *alertrules.Node) {
	f.node = n
	if n.Kind != alertrules.MapNode {
		f.is, _ = d.Duration(n)
		return
	}
	var each silentEach
	d.Decode(n, &each)
	f.each, f.is = each.Each, each.Is
}

// leastSilence is the shortest silence that can be told: sources are looked at
// every half minute.
const leastSilence = time.Minute

// silence checks `silent_after:` of a source.
func (r *configReader) silence(f silentFile) agent.Silence {
	const hint = `silent_after: 1h, or silent_after: {each: "@account", is: 2h}`
	switch {
	case f.node == nil:
		return agent.Silence{}
	case f.is < leastSilence:
		r.doc.Problem("config/silent-after", f.node, "a source may be silent for a minute at least", hint)
	case f.node.Kind == alertrules.MapNode && f.each.Value != "@account" && f.each.Value != "@region":
		r.doc.Problem("config/silent-after", orNode(f.each.Node, f.node), "each: is @account or @region", hint)
	}
	return agent.Silence{After: f.is, Each: f.each.Value}
}

// reserve checks `limits.disk_reserve:`.
func (r *configReader) reserve(c *config) {
	c.reserve = agent.DefaultReserve()
	t := r.file.Limits.DiskReserve
	if !t.Given() {
		return
	}
	c.reserve = agent.Reserve{}
	var err error
	if percent, ok := strings.CutSuffix(t.Value, "%"); ok {
		c.reserve.Percent, err = strconv.ParseFloat(strings.TrimSpace(percent), 64)
		if err == nil && c.reserve.Percent >= 0 && c.reserve.Percent <= 90 {
			return
		}
	} else if t.Value == "0" {
		return
	} else if c.reserve.Bytes, err = parseSize(t.Value); err == nil {
		return
	}
	r.doc.Problem("config/limits", t.Node, "this is no part of a disk: a size such as 2GB, or 0% to 90%", "disk_reserve: 2GB, 5%, or 0 for none")
}
