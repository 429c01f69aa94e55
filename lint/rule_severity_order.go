// The check of the order of severities.

package lint

import "tocsin/alertrules"

// severityOrder finds branches that do not run from the worst severity down:
// the first that holds wins, so that a worse one below may never be reached.
func severityOrder(r *Reporter, rule *alertrules.Rule) {
	for i := 1; i < len(rule.Branches); i++ {
		if rule.Branches[i].Is > rule.Branches[i-1].Is {
			r.warn(rule, "the branch "+rule.Branches[i].Is.String()+" stands below "+rule.Branches[i-1].Is.String()+"; the first that holds wins", "put the worst severity first", "severity")
			return
		}
	}
}
