// The examples that a rule carries (`tests:`). They are read and kept; nothing
// that is evaluated looks at them.

package alertrules

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// A RuleTest is one example: records, a moment, and what the rule has to do then.
type RuleTest struct {
	Name    string
	Logs    string   // file of records, relative to the rule file; "" with Records
	Records [][]byte // records that stand in the rule file, each as JSON
	At      time.Time
	Expect  Expect
}

// Expect is what a test demands.
type Expect struct {
	Alerts       *int     // number of alerts; nil: any
	Severity     Severity // of the worst; 0: any
	MailContains []string // texts that the mail holds
}

type testText struct {
	Name    Text       `yaml:"name" doc:"what it shows, in words"`
	Logs    Text       `yaml:"logs" doc:"file of records, relative to this file"`
	Records []*Node    `yaml:"records" doc:"the records themselves, instead of logs"`
	At      Text       `yaml:"at" doc:"the moment of the evaluation"`
	Expect  expectText `yaml:"expect" doc:"what the rule has to do then"`
}

type expectText struct {
	Alerts       *int   `yaml:"alerts" doc:"number of alerts"`
	Severity     Text   `yaml:"severity" doc:"critical, high, medium, low or report"`
	MailContains []Text `yaml:"mail_contains" doc:"texts that the mail holds"`
}

// tests reads the examples of the rule.
func (c *compiler) tests() {
	seen := map[string]bool{}
	for i, t := range c.text.Tests {
		node := c.node.Get("tests").Items[i]
		if node.Kind != MapNode {
			continue // which is said
		}
		test := RuleTest{Name: t.Name.Value, Logs: t.Logs.Value}
		c.oneLine(t.Name, 200)
		switch {
		case !t.Name.Given() || t.Name.Value == "":
			c.doc.Problem("rule/test", node, "a test has no name", "write name: with what it shows")
		case seen[test.Name]:
			c.fail("rule/test", t.Name, "two tests of the rule have this name", "say what each of them shows")
		}
		seen[test.Name] = true
		if t.Logs.Given() == (node.Get("records") != nil) {
			c.doc.Problem("rule/test", node, "a test has records of its own, or a file of them", "write records: with a list, or logs: with the name of a file")
		}
		for _, n := range t.Records {
			if record, ok := c.record(n); ok {
				test.Records = append(test.Records, record)
			}
		}
		test.At = c.testMoment(t.At)
		test.Expect = c.expect(t.Expect, node)
		c.rule.Tests = append(c.rule.Tests, test)
	}
}

// testMoment reads `at`, which has a zone or is in that of the rule.
func (c *compiler) testMoment(t Text) time.Time {
	if !t.Given() {
		return time.Time{}
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04"} {
		if at, err := time.ParseInLocation(layout, t.Value, c.rule.Zone); err == nil {
			return at.UTC()
		}
	}
	c.fail("rule/test", t, quote(t.Value)+" is no moment", "write at: 2026-11-22T09:00:00+09:00")
	return time.Time{}
}

// expect reads what a test demands, which is something, and can be.
func (c *compiler) expect(t expectText, test *Node) Expect {
	e := Expect{Alerts: t.Alerts}
	if t.Severity.Given() {
		var ok bool
		if e.Severity, ok = ParseSeverity(t.Severity.Value); !ok {
			c.oneOf(t.Severity, SeverityNames()...)
		}
	}
	for _, m := range t.MailContains {
		e.MailContains = append(e.MailContains, m.Value)
	}
	at := test.Get("expect")
	switch {
	case len(at.pairs()) == 0:
		c.doc.Problem("rule/test", test, "the test expects nothing", "write expect: {alerts: 1}")
	case t.Alerts != nil && *t.Alerts < 0:
		c.doc.Problem("rule/test", at, "the number of alerts is 0 or more", "write expect: {alerts: 1}")
	case t.Alerts != nil && *t.Alerts == 0 && (t.Severity.Given() || len(t.MailContains) > 0):
		c.doc.Problem("rule/test", at, "no alert has no severity and no mail", "leave severity and mail_contains out")
	}
	return e
}

// pairs are the keys of a mapping; none of anything else.
func (n *Node) pairs() []Pair {
	if n == nil || n.Kind != MapNode {
		return nil
	}
	return n.Pairs
}

// record is an inline record as JSON.
func (c *compiler) record(n *Node) ([]byte, bool) {
	const hint = "write it as it was logged, in JSON or YAML"
	switch {
	case n.Kind != MapNode:
		c.doc.Problem("rule/test", n, "a record is keys with values, not "+n.what(), hint)
		return nil, false
	case len(n.Pairs) == 0:
		c.doc.Problem("rule/test", n, "a record without a key", hint)
		return nil, false
	}
	var b bytes.Buffer
	ok := c.json(&b, n)
	return b.Bytes(), ok
}

// json writes a node as JSON: what stands in quotes, or looks like nothing else,
// is a text. A number that JSON does not know would be another one there.
func (c *compiler) json(b *bytes.Buffer, n *Node) bool {
	switch {
	case n.Kind == MapNode:
		return c.list(b, "{}", len(n.Pairs), func(i int) bool {
			writeText(b, n.Pairs[i].Key.Text)
			b.WriteByte(':')
			return c.json(b, n.Pairs[i].Value)
		})
	case n.Kind == ListNode:
		return c.list(b, "[]", len(n.Items), func(i int) bool { return c.json(b, n.Items[i]) })
	case n.Kind == NullNode:
		b.WriteString("null")
	case n.Like == "true or false":
		b.WriteString(strconv.FormatBool(strings.EqualFold(n.Text, "true")))
	case n.Plain && n.Text != "" && strings.ContainsRune("-0123456789", rune(n.Text[0])) && json.Valid([]byte(n.Text)):
		b.WriteString(n.Text) // also where YAML sees none, as in 1e-00
	case n.Like == "a number":
		c.doc.Problem("rule/test", n, n.Text+" is no number of JSON", "write it in digits, or put it in quotes where it is a text")
		return false
	default:
		writeText(b, n.Text)
	}
	return true
}

// list writes n elements between the two brackets.
func (c *compiler) list(b *bytes.Buffer, brackets string, n int, element func(i int) bool) bool {
	ok := true
	b.WriteByte(brackets[0])
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		ok = element(i) && ok
	}
	b.WriteByte(brackets[1])
	return ok
}

func writeText(b *bytes.Buffer, s string) {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string can always be written
	}
	b.Write(text)
}
