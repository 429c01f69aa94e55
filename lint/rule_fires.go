// Checks of triggers that always or never hold.

package lint

import (
	"slices"

	"tocsin/alertrules"
	"tocsin/query"
)

// alwaysFires finds a rule whose query returns a row whatever happens, such as
// SELECT count(*) without GROUP BY, with a trigger that asks only for data.
func alwaysFires(r *Reporter, rule *alertrules.Rule) {
	if !oneRow(rule) || rule.Trigger.When != nil || !rule.Trigger.Rows.Holds(1) {
		return
	}
	r.warn(rule, "the query always returns one row, so "+rule.ID+" fires at every evaluation", `compare the number: trigger: {when: "n > 5"}, or group by something`, "query")
}

// neverFires finds a rule whose trigger asks for more rows than its query can
// return.
func neverFires(r *Reporter, rule *alertrules.Rule) {
	if oneRow(rule) && !rule.Trigger.Rows.Holds(1) && !rule.Trigger.Rows.Holds(0) {
		r.warn(rule, "the query returns one row, so "+rule.ID+" can never fire", `compare the number: trigger: {when: "n > 5"}`, "trigger")
		return
	}
	n, ok := limit(rule)
	if ok && rule.Trigger.Rows.Grows() && !rule.Trigger.Rows.Holds(n) {
		r.warn(rule, "the query returns fewer rows than the trigger asks for, so "+rule.ID+" can never fire", "raise the LIMIT, or leave it out", "trigger")
	}
}

// oneRow reports whether the result is one row of aggregates.
func oneRow(rule *alertrules.Rule) bool {
	q, err := query.Parse(rule.Query)
	if err != nil || len(q.Stages) == 0 || !rule.Aggregates || rule.Parts != nil {
		return false
	}
	last := q.Stages[len(q.Stages)-1]
	plain := len(last.Sets) == 0 && last.Sub == nil && len(last.GroupBy) == 0 && last.Having == nil && last.Limit == nil && !last.Distinct
	return plain && len(last.Items) > 0 && !slices.ContainsFunc(last.Items, func(i *query.Item) bool { return i.Star || !hasAggregate(i.X) })
}

// hasAggregate reports whether an expression calls an aggregate.
func hasAggregate(x query.Expr) bool {
	found := false
	query.Walk(x, func(n query.Node) bool {
		c, ok := n.(*query.Call)
		found = found || ok && c.Over == nil && query.IsAggregate(c.Name)
		_, sub := n.(*query.Subquery)
		return !found && !sub
	})
	return found
}

// limit is the LIMIT of the last stage.
func limit(rule *alertrules.Rule) (int, bool) {
	q, err := query.Parse(rule.Query)
	if err != nil || rule.Parts != nil || len(q.Stages) == 0 || q.Stages[len(q.Stages)-1].Limit == nil {
		return 0, false
	}
	return int(min(q.Stages[len(q.Stages)-1].Limit.Count, 1<<31-1)), true
}
