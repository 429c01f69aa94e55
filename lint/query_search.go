// Checks of what stands before the pipe.

package lint

import (
	"tocsin/alertrules"
	"tocsin/query"
)

// sqlInSearch finds SQL before the pipe, which the search half reads as words
// to look for: "k is not NULL" searches for k, is, and not NULL (sls.md §1.7).
func sqlInSearch(r *Reporter, rule *alertrules.Rule) { r.notes(rule, sqlCheck) }

// otherNotation finds what other languages write and a filter takes as text:
// comments, single quotes, networks as values, lists with commas, /patterns/.
func otherNotation(r *Reporter, rule *alertrules.Rule) { r.notes(rule, notationCheck) }

// notes reports the notes of one check on the query and the exceptions of a rule.
func (r *Reporter) notes(rule *alertrules.Rule, check string) {
	report := func(src, key string) {
		for _, n := range SearchNotes(src) {
			if n.Check == check {
				r.warn(rule, n.Message, n.Hint, key)
			}
		}
	}
	if rule.Parts == nil {
		report(rule.Query, "query")
	}
	for _, p := range rule.Parts {
		report(p.Query, "queries")
	}
	for _, e := range rule.Exceptions {
		report(e.Match, "exceptions")
	}
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
