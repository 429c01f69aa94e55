package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// hostileRecord is a line of records.jsonl.
type hostileRecord struct {
	ID, Class, Format, Field, Marker, Why string
	Record                                json.RawMessage
}

// A payload is one record with a value under the control of an attacker, and
// how to ask for it.
type payload struct {
	hostileRecord
	value    string // what the attacker placed
	n        int    // of the rule and of the identity
	twin     bool   // the same record with a harmless value
	identity string
	record   map[string]any
}

const keyValue = "value under a hostile key" // stands under the keys that attackers chose

// TestHostileRecords takes every case of records.jsonl the whole way: loaded,
// selected by a rule into rows, labels, title and subject, delivered, and
// queried. Beside the cases of one field stands a twin with a harmless value:
// whatever its mail has not, comes from the value.
func TestHostileRecords(t *testing.T) {
	t.Parallel()
	payloads := readPayloads(t)
	b := newBench(t)
	b.write("tocsin.yaml", recordsConfig)
	b.write("templates/own.html", recordsTemplate)
	for format, lines := range recordFiles(t, payloads) {
		b.write("in/"+format+".jsonl", lines)
	}
	b.write("rules/rules.yaml", recordRules(payloads))
	check := b.must(0, "check")
	if why := unclean(check.err); why != "" {
		t.Errorf("check: %s", why)
	}
	loaded := b.must(0, "load", b.path("in"))
	if !strings.Contains(loaded.err, fmt.Sprintf("findings: %d records stored", countIn(payloads, "findings"))) || strings.Contains(loaded.err, "set aside") {
		t.Errorf("load: %s", loaded.err)
	}
	once := b.must(0, "run", "--once")
	if why := unclean(once.err); why != "" {
		t.Errorf("run --once: %s", why)
	}
	b.terminal = true
	for _, args := range [][]string{{"status"}, {"deadletters", "list"}, {"preview", "rp-0121-d"}} {
		a := b.must(0, args...)
		if why := unclean(a.err + withoutColour(a.out)); why != "" {
			t.Errorf("%s: %s", args, why)
		}
	}
	for _, l := range b.letters(t)[:5] {
		a := b.must(0, "query", "--alert", l.alert)
		if why := unclean(a.out + a.err); why != "" || a.out == "" {
			t.Errorf("query --alert %s: %s", l.alert, why)
		}
	}
	t.Run("mails", func(t *testing.T) { judgeMails(t, b, payloads) })
	t.Run("queries", func(t *testing.T) { judgeOutputs(t, b, payloads) })
}

const recordsConfig = `
rules: [rules/]
templates: templates/
mail: {from: tocsin@example.com}
people:
  rows: {email: rows@example.com, content: rows}
  csv: {email: csv@example.com, content: csv}
operator: [rows]
links: [wiki.example.com]
`

// recordsTemplate inserts the value wherever an author may.
const recordsTemplate = `---
subject: "value {{ alert.results[0].raw_results[0].payload }}"
---
<h1 title="{{ alert.results[0].raw_results[0].payload }}">{{ alert.annotations.title }}</h1>
<p>{{ alert.results[0].raw_results[0].payload }}</p>
<pre>{{ alert.results[0].raw_results[0].payload }}</pre>
<a href="{{ link(alert.results[0].raw_results[0].payload) }}">place</a>
{% for row in alert.results[0].raw_results %}<ul>{% for k, v in row.items() %}<li>{{ k }}: {{ v }}</li>{% endfor %}</ul>{% endfor %}
`

// readPayloads reads the cases and makes the twins.
func readPayloads(t *testing.T) []payload {
	t.Helper()
	var all []payload
	seen := map[string]bool{}
	for i, c := range corpus[hostileRecord](t, "records.jsonl") {
		p := payload{hostileRecord: c, n: i + 1}
		if err := json.Unmarshal(c.Record, &p.record); err != nil {
			t.Fatal(err)
		}
		p.value, p.identity = valueAt(p.record, c.Field), identityOf(p.record, c.Format)
		all = append(all, p)
		if place := c.Format + " " + c.Field; !seen[place] {
			seen[place] = true
			twin := p
			twin.ID, twin.Class, twin.n, twin.twin, twin.record = "twin-"+c.ID, "twin", 1000+p.n, true, nil
			twin.Marker = fmt.Sprintf("MKtwin%04dK", twin.n)
			twin.value = twin.Marker
			if err := json.Unmarshal(c.Record, &twin.record); err != nil {
				t.Fatal(err)
			}
			place := placeOf(twin.record, c.Field)
			place.set(twin.value)
			twin.identity = setIdentity(twin.record, c.Format, twin.n)
			all = append(all, twin)
		}
	}
	if len(all) < 200 {
		t.Fatalf("only %d payloads", len(all))
	}
	return all
}

// A place is where a path of the corpus leads to in a record.
type place struct {
	object map[string]any
	list   []any
	key    string
	index  int
	isKey  bool // the payload is the key
}

func placeOf(record map[string]any, path string) place {
	var at any = record
	steps := strings.Split(path, ".")
	for _, s := range steps[:len(steps)-1] {
		if list, ok := at.([]any); ok {
			at = list[int(s[0]-'0')]
			continue
		}
		at = at.(map[string]any)[s]
	}
	last := steps[len(steps)-1]
	if list, ok := at.([]any); ok {
		return place{list: list, index: int(last[0] - '0')}
	}
	p := place{object: at.(map[string]any), key: last}
	if last == "{key}" {
		p.isKey = true
		for k, v := range p.object {
			if v == keyValue {
				p.key = k
			}
		}
	}
	return p
}

func (p place) set(value string) {
	switch {
	case p.isKey:
		delete(p.object, p.key)
		p.object[value] = keyValue
	case p.list != nil:
		p.list[p.index] = value
	default:
		p.object[p.key] = value
	}
}

func valueAt(record map[string]any, path string) string {
	p := placeOf(record, path)
	switch {
	case p.isKey:
		return p.key
	case p.list != nil:
		return p.list[p.index].(string)
	}
	return p.object[p.key].(string)
}

// identityOf is the search that finds one record.
func identityOf(record map[string]any, format string) string {
	switch format {
	case "cloudtrail":
		return fmt.Sprintf("eventID:%q", record["eventID"])
	case "asff":
		return fmt.Sprintf("Id:%q", record["Id"])
	case "ocsf":
		return fmt.Sprintf("finding_info.uid:%q", record["finding_info"].(map[string]any)["uid"])
	}
	return fmt.Sprintf("check_id:%q", record["check_id"])
}

// setIdentity makes a record another one.
func setIdentity(record map[string]any, format string, n int) string {
	switch format {
	case "cloudtrail":
		record["eventID"] = fmt.Sprintf("0a0affff-0000-4000-8000-%012d", n)
	case "asff":
		record["Id"] = fmt.Sprintf("arn:aws:securityhub:us-east-1:111111111111:finding/twin-%06d", n)
	case "ocsf":
		record["finding_info"].(map[string]any)["uid"] = fmt.Sprintf("prowler-aws-twin-%06d", n)
	default:
		record["check_id"] = fmt.Sprint(900000 + n)
	}
	return identityOf(record, format)
}

// selected is the expression that finds the value in a logstore.
func (p payload) selected() string {
	json := func(column, path string) string { return fmt.Sprintf("json_extract_scalar(%s, '$%s')", column, path) }
	switch p.Field { // findings are one for each resource: the list has become the object
	case "requestParameters.tags.0.value":
		return json("requestParameters", ".tags[0].value")
	case "Resources.0.Id", "Resources.0.Tags.team":
		return json("Resources", strings.TrimPrefix(p.Field, "Resources.0"))
	case "resources.0.name":
		return json("resources", ".name")
	case "resources.0.labels.0":
		return json("resources", ".labels[0]")
	case "remediation.references.0":
		return json("remediation", ".references[0]")
	}
	return strings.TrimSuffix(p.Field, ".{key}")
}

func (p payload) logstore() string {
	if p.Format == "cloudtrail" {
		return "cloudtrail"
	}
	return "findings"
}

func (p payload) isKey() bool { return strings.HasSuffix(p.Field, "{key}") }

func countIn(all []payload, logstore string) (n int) {
	for _, p := range all {
		if p.logstore() == logstore {
			n++
		}
	}
	return n
}

func recordFiles(t *testing.T, payloads []payload) map[string]string {
	t.Helper()
	files := map[string]string{}
	for _, p := range payloads {
		line, err := json.Marshal(p.record)
		if err != nil {
			t.Fatal(err)
		}
		files[p.Format] += string(line) + "\n"
	}
	return files
}

// recordRules are two rules for each record: one with the built-in template,
// with the value in rows, a label and the title, and one with a template of an
// author. The corpus has each payload twice: its first mail shows rows, its
// second has them attached. One more rule has all rows of CloudTrail.
func recordRules(payloads []payload) string {
	var y strings.Builder
	y.WriteString("defaults: {start: -24h, severity: high}\nrules:\n")
	for _, p := range payloads {
		q := fmt.Sprintf("%s | SELECT %s AS payload, __topic__ AS topic", p.identity, p.selected())
		fmt.Fprintf(&y, "- {id: %s-d, logstore: %s, query: %q, alert_per: [payload], annotations: {title: %q, desc: %q}, notify: {to: [%s]}}\n",
			strings.ToLower(p.ID), p.logstore(), q, "seen ${payload}", "It says {{ alert.results[0].raw_results[0].payload }} here.", strings.Join(p.readers(), ", "))
		fmt.Fprintf(&y, "- {id: %s-o, logstore: %s, query: %q, annotations: {title: %q}, notify: {to: [rows], template: own}}\n",
			strings.ToLower(p.ID), p.logstore(), q, "own {{ alert.results[0].raw_results[0].payload }}")
	}
	fmt.Fprintf(&y, "- {id: all, name: %q, logstore: cloudtrail, query: %q, notify: {to: [rows]}}\n", hostileName,
		`* | SELECT eventName, userAgent AS "`+hostileName+`", errorMessage, errorCode, requestParameters, sourceIPAddress`)
	return y.String()
}

// hostileName is the name of a rule and of a column.
const hostileName = "=1+1 <img src=x> https://example.net/ {{ 7*7 }} מנהל"

// readers are the people who get the mail with the built-in template.
func (p payload) readers() []string {
	switch {
	case p.twin:
		return []string{"rows", "csv"}
	case p.n%2 == 1:
		return []string{"rows"}
	}
	return []string{"csv"}
}

// withoutColour removes the colours that status itself writes.
func withoutColour(s string) string {
	for _, c := range []string{"\x1b[31m", "\x1b[33m", "\x1b[0m"} {
		s = strings.ReplaceAll(s, c, "")
	}
	return s
}
