// The text of a rule that is saved.

package shell

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode"

	"tocsin/alertrules"
	"tocsin/diag"
)

// A draft is what is known of a rule before it is written.
type draft struct {
	id, logstore, query string
	news                bool          // every record that the rule has not seen
	window              time.Duration // else the length of event time; 0: the logstore has none
	asked               time.Time     // when the question was asked
	records             [][]member    // of the test
	newest              time.Time     // time of the newest of them
	untested            string        // why there is no test
}

// text is the rule as one item of a list `rules`, without indentation.
func (d draft) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "- id: %s\n", d.id)
	fmt.Fprintf(&b, "  logstore: %s\n", keyYAML(d.logstore))
	b.WriteString("  query: " + block(d.query, "    "))
	b.WriteString("  # What follows are the defaults, and stands here to be changed.\n")
	switch {
	case d.news:
		b.WriteString("  window: new          # every record that comes in is told once\n")
	case d.window > 0:
		fmt.Fprintf(&b, "  window: %-12s # of event time, looked at each time\n", alertrules.FormatDuration(d.window))
	}
	fmt.Fprintf(&b, "  every: %s\n", d.every())
	b.WriteString("  severity: medium     # critical, high, medium, low or report\n")
	b.WriteString("  # runbook: what the reader of the mail has to do\n")
	b.WriteString(d.test())
	return b.String()
}

// every is how often the rule is evaluated: often enough for its window.
func (d draft) every() string {
	switch {
	case d.news || d.window == 0:
		return "5m"
	case d.window > 6*time.Hour:
		return "15m"
	case d.window < 5*time.Minute:
		return "1m"
	}
	return "5m"
}

// test is the example of the rule.
func (d draft) test() string {
	if d.records == nil {
		return "  # No test: " + d.untested + ".\n"
	}
	var b strings.Builder
	b.WriteString("  tests:\n")
	b.WriteString("    # Records as they were logged. Look at them before you share this file.\n")
	b.WriteString("    - name: the rows on the screen\n")
	fmt.Fprintf(&b, "      at: %s\n", quoteYAML(d.at().UTC().Format(time.RFC3339)))
	b.WriteString("      records:\n")
	for _, r := range d.records {
		writeMembers(&b, r, "        - ", "          ")
	}
	b.WriteString("      expect: {alerts: 1, severity: medium}\n")
	return b.String()
}

// at is the moment of the test: when the newest record is a minute old.
func (d draft) at() time.Time {
	if d.newest.IsZero() {
		return d.asked
	}
	return d.newest.Add(time.Minute).Truncate(time.Second)
}

// writeMembers writes the keys of a mapping; the first stands behind first, the
// others behind indent.
func writeMembers(b *strings.Builder, list []member, first, indent string) {
	for i, m := range list {
		if i == 0 {
			b.WriteString(first)
		} else {
			b.WriteString(indent)
		}
		b.WriteString(keyYAML(m.key) + ":")
		writeValue(b, m.value, indent)
	}
}

// writeValue writes what stands behind a key, or behind the dash of a list, whose
// own indentation is indent.
func writeValue(b *strings.Builder, value json.RawMessage, indent string) {
	trimmed := bytes.TrimSpace(value)
	var items []json.RawMessage
	switch {
	case len(trimmed) > 2 && trimmed[0] == '{':
		if list, err := members(string(trimmed)); err == nil && len(list) > 0 {
			b.WriteByte('\n')
			writeMembers(b, list, indent+"  ", indent+"  ")
			return
		}
	case len(trimmed) > 2 && trimmed[0] == '[':
		if json.Unmarshal(trimmed, &items) == nil && len(items) > 0 {
			b.WriteByte('\n')
			for _, item := range items {
				writeItem(b, item, indent+"  ")
			}
			return
		}
	}
	b.WriteString(" " + scalarYAML(trimmed) + "\n")
}

// writeItem writes one item of a list.
func writeItem(b *strings.Builder, item json.RawMessage, indent string) {
	trimmed := bytes.TrimSpace(item)
	if len(trimmed) > 2 && trimmed[0] == '{' {
		if list, err := members(string(trimmed)); err == nil && len(list) > 0 {
			writeMembers(b, list, indent+"- ", indent+"  ")
			return
		}
	}
	b.WriteString(indent + "-")
	writeValue(b, item, indent)
}

// scalarYAML is a JSON value without members as YAML.
func scalarYAML(value []byte) string {
	var text string
	if len(value) > 0 && value[0] == '"' && json.Unmarshal(value, &text) == nil {
		return quoteYAML(text)
	}
	return string(value) // numbers, true, false, null, {} and [] are the same
}

// keyYAML is a key; one that is a plain word stands without quotes.
func keyYAML(key string) string {
	plain := key != "" && !strings.ContainsFunc(key, func(r rune) bool {
		return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_'
	})
	if !plain || !unicode.IsLetter(rune(key[0])) {
		return quoteYAML(key)
	}
	switch strings.ToLower(key) {
	case "null", "true", "false", "yes", "no", "on", "off", "y", "n":
		return quoteYAML(key)
	}
	return key
}

// quoteYAML is a text in double quotes, with everything that a reader does not see
// written as its number.
func quoteYAML(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case diag.Clean(string(r)) == string(r):
			b.WriteRune(r)
		case r > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// block is a text as a block below its key; one that a block would change or hide
// stands in quotes.
func block(s, indent string) string {
	lines := strings.Split(s, "\n")
	for _, l := range lines {
		if diag.Clean(l) != l || strings.Contains(l, "\t") || strings.TrimRight(l, " ") != l {
			return quoteYAML(s) + "\n"
		}
	}
	if strings.HasPrefix(s, " ") {
		return quoteYAML(s) + "\n"
	}
	var b strings.Builder
	b.WriteString("|-\n")
	for _, l := range lines {
		if l != "" {
			l = indent + l
		}
		b.WriteString(l + "\n")
	}
	return b.String()
}
