// The check that somebody gets the mails of a rule.

package lint

import "tocsin/alertrules"

// noRecipient finds a rule whose mails would reach nobody: it names nobody, its
// owner is unknown, and neither a route nor a default applies.
func noRecipient(r *Reporter, rule *alertrules.Rule) {
	if r.Reached == nil || !rule.Enabled || rule.Staging || len(rule.Notify.To)+len(rule.Notify.AlsoTo) > 0 {
		return
	}
	if rule.Owner != "" && (r.Known == nil || r.Known(rule.Owner)) || r.Reached(rule) {
		return
	}
	if rule.Owner != "" {
		r.warn(rule, "nobody gets the alerts of "+rule.ID+": its owner is neither a person nor a group", "add the owner to people or groups in tocsin.yaml, or write notify: {to: […]}", "owner")
		return
	}
	r.warn(rule, "nobody gets the alerts of "+rule.ID, "write notify: {to: […]} here, or notify: {to: […]} in tocsin.yaml for all rules", "id")
}
