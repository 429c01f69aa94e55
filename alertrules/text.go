package alertrules

import (
	"strings"
)

// The keys of a rule as they are written (DESIGN.md §4.1), before anything is
// checked against a logstore. The comments of the tags are what an editor shows.

type ruleText struct {
	ID            Text         `yaml:"id" doc:"identity: state survives every other edit"`
	Name          Text         `yaml:"name" doc:"for people; default: the id"`
	Owner         Text         `yaml:"owner" doc:"a person or group; notify.to falls back to it"`
	Enabled       *bool        `yaml:"enabled" doc:"false: not evaluated"`
	Stage         Text         `yaml:"stage" doc:"live, or staging: evaluated and recorded, never mailed"`
	Controls      []Text       `yaml:"controls" doc:"controls that the rule is evidence for, such as CIS-AWS-4.0:4.10"`
	Every         Text         `yaml:"every" doc:"how often the rule is evaluated; default 5m"`
	Cron          Text         `yaml:"cron" doc:"instead of every: minute, hour, day of the month, month, day of the week"`
	TimeZone      Text         `yaml:"time_zone" doc:"of cron and of whole windows, such as Asia/Tokyo"`
	Window        Text         `yaml:"window" doc:"new (default), a length of event time such as 24h, or whole 1h, whole 1d, whole month"`
	Delay         Text         `yaml:"delay" doc:"windows of event time end this long ago; default: the lateness of the logstore"`
	Start         Text         `yaml:"start" doc:"of new and whole windows: now, -24h, or a time"`
	Logstore      Text         `yaml:"logstore" doc:"where the records are, such as cloudtrail or findings"`
	Query         Text         `yaml:"query" doc:"filter | SQL"`
	Queries       []partText   `yaml:"queries" doc:"instead of query: up to three, whose results combine puts together"`
	Combine       *combineText `yaml:"combine" doc:"how: {kind: left_exclude, on: \"$0.host == $1.host\"}, or a list of them"`
	Trigger       triggerText  `yaml:"trigger" doc:"data is returned (default), or rows and when"`
	After         Text         `yaml:"after" doc:"3: three hits in a row; 2 of 5: two of the last five"`
	For           Text         `yaml:"for" doc:"like after, as a length of time"`
	KeepFiringFor Text         `yaml:"keep_firing_for" doc:"how long an alert outlives its last hit"`
	NoData        *noDataText  `yaml:"no_data" doc:"an alert of its own when there are no rows, or none of a value that reported before"`
	AlertPer      []Text       `yaml:"alert_per" doc:"columns: one alert for each distinct value"`
	Mode          Text         `yaml:"mode" doc:"state or event"`
	Severity      severityText `yaml:"severity" doc:"critical, high, medium (default), low or report; or a list of branches, first match wins"`
	Labels        textMap      `yaml:"labels" doc:"names with values, for routes and groups"`
	Annotations   textMap      `yaml:"annotations" doc:"names with templates, for the mail: title, desc"`
	Runbook       Text         `yaml:"runbook" doc:"what to do, or an address that says it"`
	Exceptions    []exceptText `yaml:"exceptions" doc:"records that are left out before anything is counted"`
	Notify        notifyText   `yaml:"notify" doc:"key by key over what is configured"`
	Tests         []testText   `yaml:"tests" doc:"examples with the alerts and mails that are expected"`
}

// KeyHint implements KeyHinter.
func (*ruleText) KeyHint(key string) string {
	switch key {
	case "rows", "when", "condition":
		return `it belongs to the trigger: trigger: {when: "cnt > 10", rows: ">= 3"}`
	case "to", "also_to", "template", "repeat_interval", "quiet", "quiet_except", "resolved", "group_by", "group_wait", "group_interval":
		return "it belongs to notify: notify: {" + key + ": …}"
	case "title", "desc", "description", "summary":
		return "it belongs to the annotations: annotations: {" + key + ": …}"
	}
	return ""
}

// A triggerText is "data is returned" or {when: …, rows: …}.
type triggerText struct {
	node *Node
	when Text
	rows Text
}

// DecodeNode implements NodeDecoder.
func (t *triggerText) DecodeNode(d *Document, n *Node) {
	t.node = n
	const hint = `write trigger: data is returned, trigger: {rows: ">= 3"} or trigger: {when: "cnt > 10"}`
	if n.Kind == MapNode {
		var keys struct {
			When Text `yaml:"when"`
			Rows Text `yaml:"rows"`
		}
		d.Decode(n, &keys)
		t.when, t.rows = keys.When, keys.Rows
		return
	}
	if n.Kind != ScalarNode || n.Text != "data is returned" {
		d.Problem("rule/trigger", n, "this is no trigger", hint)
	}
}

// A severityText is one name or a list of branches.
type severityText struct {
	node     *Node
	one      Text
	branches []branchText
}

type branchText struct {
	When Text `yaml:"when"`
	Is   Text `yaml:"is"`
}

// DecodeNode implements NodeDecoder.
func (s *severityText) DecodeNode(d *Document, n *Node) {
	s.node = n
	switch n.Kind {
	case ListNode:
		d.Decode(n, &s.branches)
	case MapNode:
		if risk := n.Get("risk"); risk != nil {
			d.Problem("rule/not-yet", risk, "severity from risk is not in this version", "give one severity, or a list of {when: …, is: …}")
			return
		}
		d.Problem("rule/severity", n, "a severity is one name or a list", `write severity: high, or a list of {when: "cnt > 10", is: critical}`)
	default:
		d.Decode(n, &s.one)
	}
}

// A noDataText says when missing data are told.
type noDataText struct {
	After    Text `yaml:"after" doc:"evaluations in a row without data; default 1"`
	Severity Text `yaml:"severity" doc:"of the alert about it; default medium"`
}

type exceptText struct {
	Match  Text `yaml:"match"`
	Until  Text `yaml:"until"`
	Reason Text `yaml:"reason"`
	By     Text `yaml:"by"`
}

type notifyText struct {
	To             []Text `yaml:"to" doc:"people, groups or addresses"`
	AlsoTo         []Text `yaml:"also_to" doc:"added to what a route says"`
	Template       Text   `yaml:"template" doc:"name of a template"`
	RepeatInterval Text   `yaml:"repeat_interval" doc:"state: while it lasts; event: how often new rows may be told"`
	Quiet          Text   `yaml:"quiet" doc:"name of a calendar; none switches off"`
	QuietExcept    Text   `yaml:"quiet_except" doc:"this severity and above go out at once"`
	Resolved       *bool  `yaml:"resolved" doc:"false: no mail when an alert is over"`
	GroupBy        []Text `yaml:"group_by"`
	GroupWait      Text   `yaml:"group_wait"`
	GroupInterval  Text   `yaml:"group_interval"`
}

// A textMap is names with texts, exactly as written, in order.
type textMap []Pair

// DecodeNode implements NodeDecoder.
func (m *textMap) DecodeNode(d *Document, n *Node) {
	if n.Kind != MapNode {
		d.Problem("yaml/type", n, "names with texts are expected here, not "+n.what(), "write name: text")
		return
	}
	for _, p := range n.Pairs {
		if d.isScalar(p.Value, "a text") {
			*m = append(*m, p)
		}
	}
}

// oneLine reports whether a text may stand in a header or a table cell: one
// line without control or direction characters.
func oneLine(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return r < 0x20 || r >= 0x7f && r <= 0x9f || r >= 0x200b && r <= 0x200f || r >= 0x2028 && r <= 0x202e || r >= 0x2060 && r <= 0x206f || r == 0xfeff
	})
}
