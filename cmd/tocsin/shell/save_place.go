// Where a rule is put in a file of rules.

package shell

import (
	"errors"
	"strings"

	"tocsin/alertrules"
)

// fileHead begins a new file of rules.
const fileHead = "# Saved by tocsin shell. tocsin check reads it, tocsin preview shows its mails,\n# tocsin run evaluates it.\nrules:\n"

// PlaceRule puts a rule, as Project.AddRule gets it, behind the last rule of a
// file, whose text may be empty. What stood there stays as it was. An error is
// that the file does not end in a list of rules.
func PlaceRule(old, rule string) (string, error) {
	if strings.TrimSpace(old) == "" {
		return fileHead + indent(rule, "  "), nil
	}
	doc, err := alertrules.ParseYAML("", []byte(old))
	if err != nil {
		return "", err
	}
	if doc.Root == nil { // comments alone
		return strings.TrimRight(old, "\n") + "\n" + fileHead + indent(rule, "  "), nil
	}
	rules := doc.Root.Get("rules")
	if rules == nil || rules.Kind != alertrules.ListNode || len(rules.Items) == 0 || doc.Root.Pairs[len(doc.Root.Pairs)-1].Value != rules {
		return "", errNotLast
	}
	first := rules.Items[0].Span.Start
	text := doc.List.Source
	dash := strings.LastIndex(text[:first], "-")
	lineStart := strings.LastIndexByte(text[:max(0, dash)], '\n') + 1
	if dash < 0 || strings.TrimSpace(text[dash+1:first]) != "" || strings.Trim(text[lineStart:dash], " ") != "" {
		return "", errNotLast
	}
	return strings.TrimRight(old, "\n") + "\n" + indent(rule, text[lineStart:dash]), nil
}

var errNotLast = errors.New("the file does not end in a list of rules, each behind a dash; name another file")

// indent puts space before every line that is not empty.
func indent(text, space string) string {
	lines := strings.SplitAfter(text, "\n")
	for i, l := range lines {
		if strings.TrimSpace(l) != "" {
			lines[i] = space + l
		}
	}
	return strings.Join(lines, "")
}
