// Checks of what stands before the pipe.

package lint

import (
	"strings"

	"tocsin/alertrules"
	"tocsin/query"
)

// sqlInSearch finds SQL before the pipe, which the search half reads as words
// to look for: "k is not NULL" searches for k, is, and not NULL (sls.md §1.7).
func sqlInSearch(r *Reporter, rule *alertrules.Rule) {
	q, err := query.Parse(rule.Query)
	if err != nil || q.Filter == nil {
		return
	}
	found := ""
	query.Walk(q.Filter, func(n query.Node) bool {
		if t, ok := n.(*query.SearchTerm); ok && !t.Value.Quoted && sqlWords[strings.ToLower(t.Value.Text)] && found == "" {
			found = t.Value.Text
		}
		_, group := n.(*query.SearchGroup)
		return !group
	})
	if found != "" {
		r.warn(rule, "before the pipe, "+found+" is a word to look for, not SQL", "write field:* for a field that exists, not field:* for one that does not, or move the condition behind the pipe: | WHERE …", "query")
	}
}

// sqlWords are words that nobody looks for in logs, and that SQL is full of.
var sqlWords = map[string]bool{
	"is": true, "null": true, "like": true, "between": true, "where": true, "select": true, "from": true, "group": true, "having": true,
	"=": true, "!=": true, "<>": true, "''": true, "!=''": true, "<>''": true,
}

// noFilter finds a rule over `new` that tells every record there is.
func noFilter(r *Reporter, rule *alertrules.Rule) {
	if rule.Window.Kind != alertrules.NewWindow || rule.Aggregates || rule.Trigger.When != nil {
		return
	}
	q, err := query.Parse(rule.Query)
	if err != nil {
		return
	}
	for _, s := range q.Stages {
		if s.Where != nil || s.Having != nil || s.From != nil {
			return
		}
	}
	if _, all := q.Filter.(*query.SearchAll); all || q.Filter == nil {
		r.warn(rule, "this rule tells every record of "+rule.Logstore, "write a filter before the pipe", "query")
	}
}
