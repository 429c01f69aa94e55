// Checks of windows and intervals against the schedule and the lateness.

package lint

import "tocsin/alertrules"

// windowShorter finds a sliding window that has left a record's time behind
// before the record usually arrives.
func windowShorter(r *Reporter, rule *alertrules.Rule) {
	late := r.Lateness[rule.Logstore]
	reach := rule.Delay + rule.Window.Length
	if rule.Window.Kind != alertrules.SlidingWindow || late == 0 || reach >= late {
		return
	}
	r.warn(rule, "records of "+rule.Logstore+" arrive up to "+alertrules.FormatDuration(late)+" late, and the window looks back "+alertrules.FormatDuration(reach), "write a longer window, leave delay out, or use window: new", "window")
}

// unwatchedTime finds a sliding window that is shorter than the distance of two
// evaluations: what happens between them is never looked at.
func unwatchedTime(r *Reporter, rule *alertrules.Rule) {
	if rule.Window.Kind != alertrules.SlidingWindow || rule.Window.Length >= rule.Schedule.Every {
		return
	}
	r.warn(rule, "the window is shorter than the time between two evaluations ("+alertrules.FormatDuration(rule.Schedule.Every)+"): records in between are never looked at", "write window: "+alertrules.FormatDuration(rule.Schedule.Every)+" or longer, evaluate more often, or use window: new", "window")
}

// repeatBelowEvery finds a repeat interval that no evaluation can keep up with.
func repeatBelowEvery(r *Reporter, rule *alertrules.Rule) {
	n := rule.Notify.RepeatInterval
	if n == nil || *n >= rule.Schedule.Every {
		return
	}
	r.warn(rule, "repeat_interval is shorter than the time between two evaluations ("+alertrules.FormatDuration(rule.Schedule.Every)+"): mails would repeat what nobody has looked at again", "write repeat_interval: "+alertrules.FormatDuration(rule.Schedule.Every)+" or longer", "notify", "repeat_interval")
}
