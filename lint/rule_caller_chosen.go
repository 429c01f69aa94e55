// The check of what an intruder could write.

package lint

import (
	"strings"

	"tocsin/alertrules"
	"tocsin/query"
)

// callerChosen finds exceptions and alert_per on fields whose content the caller
// of an API chooses (G12): an intruder can write the value that an exception
// leaves out, or a new value for each call.
func callerChosen(r *Reporter, rule *alertrules.Rule) {
	if r.Caller == nil {
		return
	}
	for _, name := range rule.AlertPer {
		if r.Caller(rule.Logstore, name) || r.Caller(rule.Logstore, "@"+name) {
			r.warn(rule, "whoever calls chooses what "+name+" holds: a new value in each call is a new alert in each call", "group by what the provider sets, such as @account or sourceIPAddress", "alert_per")
		}
	}
	for _, e := range rule.Exceptions {
		search, err := query.ParseSearch(e.Match)
		if err != nil {
			continue // not possible: the rule was compiled
		}
		for _, field := range fields(search) {
			if r.Caller(rule.Logstore, field) {
				r.warn(rule, "whoever calls chooses what "+field+" holds: an intruder can write what this exception leaves out", "match something beside it that the provider sets, such as @account", "exceptions")
			}
		}
	}
}

// fields are the names of the fields that a search looks at.
func fields(s query.Search) []string {
	var out []string
	query.Walk(s, func(n query.Node) bool {
		if p, ok := n.(*query.Path); ok {
			parts := make([]string, len(p.Names))
			for i, name := range p.Names {
				parts[i] = name.Text
			}
			out = append(out, strings.Join(parts, "."))
		}
		return true
	})
	return out
}
