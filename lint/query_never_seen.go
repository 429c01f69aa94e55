// A check of what a filter asks for against what is stored.

package lint

import (
	"fmt"
	"strings"

	"tocsin/alertrules"
	"tocsin/diag"
	"tocsin/query"
)

// Stored is what is known of the records that are stored.
type Stored interface {
	// Holds reports whether a logstore has any record, and whether one of them
	// matches a filter.
	Holds(logstore, filter string) (any, matches bool)
	// Values are the values that occur at a field, the commonest first, at most 50.
	Values(logstore, field string) []string
}

// neverSeen finds what a filter asks for although no stored record has it: a value
// that is misspelt, or a field that is always empty. What a rule's own tests hold
// counts as seen.
func neverSeen(r *Reporter, rule *alertrules.Rule) {
	if r.Stored == nil {
		return
	}
	n := &unseen{r: r, rule: rule}
	if rule.Parts == nil {
		n.query(rule.Logstore, rule.Query, "query")
	}
	for _, p := range rule.Parts {
		n.query(p.Logstore, p.Query, "queries")
	}
}

// A leaf is one condition that a record has to meet for the filter to be true.
type leaf struct {
	text  string // as a filter of its own
	field string // "" of a text anywhere
	value string // "" of what has none
}

// unseen looks at the filters of one rule.
type unseen struct {
	r        *Reporter
	rule     *alertrules.Rule
	logstore string
	src      string
}

func (n *unseen) query(logstore, src, key string) {
	q, err := query.Parse(src)
	if err != nil || q.Filter == nil {
		return
	}
	if n.logstore, n.src = logstore, src; !n.any() {
		return
	}
	for _, one := range n.conditions(q.Filter, nil) {
		n.look(one, key)
	}
}

// any reports whether the logstore has a record.
func (n *unseen) any() bool {
	stored, _ := n.r.Stored.Holds(n.logstore, "*")
	return stored
}

// look warns of alternatives that are misspelt, and of all of them when none occurs.
func (n *unseen) look(alternatives []leaf, key string) {
	var missing []leaf
	for _, l := range alternatives {
		if !n.seen(l) {
			missing = append(missing, l)
		}
	}
	told := false
	for _, l := range missing {
		if near := diag.Suggest(l.value, n.values(l)); l.value != "" && near != "" {
			n.r.warn(n.rule, "no stored record has "+diag.Line(l.text), "did you mean "+diag.Line(near)+"?", key)
			told = true
		}
	}
	if told || len(missing) < len(alternatives) || len(missing) == 0 {
		return
	}
	first := missing[0]
	message, hint := "no stored record has "+diag.Line(first.text), "a test of the rule with such a record says that it is meant"
	if more := len(missing) - 1; more > 0 {
		message += fmt.Sprintf(", nor any of %d others", more)
	}
	switch values := n.values(first); {
	case first.field == "":
	case len(values) == 0:
		message = "no stored record has a value in " + diag.Line(first.field)
	default:
		hint = diag.Line(first.field) + " holds " + diag.Line(strings.Join(values[:min(len(values), shownValues)], ", ")) + "; " + hint
	}
	n.r.warn(n.rule, message, hint, key)
}

// shownValues bounds the values of a hint.
const shownValues = 5

// seen reports whether a stored record meets the condition, or a test of the rule has
// its text.
func (n *unseen) seen(l leaf) bool {
	if _, matches := n.r.Stored.Holds(n.logstore, l.text); matches {
		return true
	}
	fixtures := ""
	if n.r.Fixtures != nil {
		fixtures = strings.ToLower(n.r.Fixtures(n.rule))
	}
	return l.value != "" && strings.Contains(fixtures, strings.ToLower(l.value))
}

func (n *unseen) values(l leaf) []string {
	if l.field == "" {
		return nil
	}
	return n.r.Stored.Values(n.logstore, l.field)
}

// conditions are the alternatives of each condition that has to hold; what is negated,
// and what is kept in lists, is left out. in is the field of a group.
func (n *unseen) conditions(s query.Search, in *query.Path) [][]leaf {
	switch s := s.(type) {
	case *query.SearchAnd:
		var all [][]leaf
		for _, x := range s.Xs {
			all = append(all, n.conditions(x, in)...)
		}
		return all
	case *query.SearchOr:
		var either []leaf
		for _, x := range s.Xs {
			for _, one := range n.conditions(x, in) {
				either = append(either, one...)
			}
		}
		return [][]leaf{either}
	case *query.SearchGroup:
		return n.conditions(s.X, s.Field)
	case *query.SearchTerm:
		if in == nil {
			return [][]leaf{{{text: n.text(s), value: s.Value.Text}}}
		}
		return [][]leaf{{{n.text(in) + ":" + n.text(s), n.text(in), s.Value.Text}}}
	case *query.SearchMatch:
		return [][]leaf{{{n.text(s), n.text(s.Field), s.Value.Text}}}
	case *query.SearchExists:
		return [][]leaf{{{text: n.text(s), field: n.text(s.Field)}}}
	case *query.SearchCompare:
		return [][]leaf{{{text: n.text(s), field: n.text(s.Field)}}}
	}
	return nil
}

// text is a part of the query as it was written.
func (n *unseen) text(at query.Node) string { return n.src[at.Span().Start:at.Span().End] }
