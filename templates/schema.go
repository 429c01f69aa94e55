// Which names the data can have, for errors before the first mail.

package templates

// kind is what a part of the data is, as far as it is known when a template is
// compiled.
type kind int

const (
	kAny     kind = iota // open: any path below it is legal
	kScalar              // text, number or boolean: has no parts
	kAddress             // text that is an address of ours: may stand in href
	kList                // of elem
	kMap                 // open keys, values of elem
	kObject              // closed: only fields
)

// schema describes one value. A nil *schema is kAny.
type schema struct {
	kind   kind
	elem   *schema
	fields map[string]*schema
}

func list(e *schema) *schema { return &schema{kind: kList, elem: e} }
func dict(e *schema) *schema { return &schema{kind: kMap, elem: e} }
func scalar() *schema        { return &schema{kind: kScalar} }
func address() *schema       { return &schema{kind: kAddress} }
func object(scalars []string, others map[string]*schema) *schema {
	s := &schema{kind: kObject, fields: map[string]*schema{}}
	for _, n := range scalars {
		s.fields[n] = scalar()
	}
	for n, f := range others {
		s.fields[n] = f
	}
	return s
}

// roots is the schema of Data: the names that a template may use. SLS.Value and
// Mail fill it.
func roots() map[string]*schema {
	row := dict(nil)
	result := object([]string{
		"store_type", "region", "project", "store", "query", "start_time", "end_time", "raw_results_count", "raw_result_count",
		"dashboard_id", "role_arn", "truncated",
	},
		map[string]*schema{"raw_results": list(row), "fire_result": row, "query_url": address(), "dashboard_url": address()})
	alert := object([]string{
		"aliuid", "alert_instance_id", "alert_id", "alert_name", "region", "project", "alert_type", "next_eval_interval",
		"alert_time", "fire_time", "resolve_time", "status", "severity", "fire_results_count", "condition", "raw_condition", "dashboard", "fingerprint",
	},
		map[string]*schema{
			"labels": dict(scalar()), "annotations": dict(scalar()), "results": list(result), "fire_results": list(row),
			"policy":    object([]string{"alert_policy_id", "action_policy_id", "repeat_interval"}, nil),
			"alert_url": address(), "query_url": address(), "alert_history_dashboard_url": address(), "dashboard_url": address(), "signin_url": address(),
		})
	return map[string]*schema{
		"alert": alert, "mail": mailSchema(), "alerts": list(alertSchema()),
		"counts": list(object([]string{"name", "n"}, nil)),
	}
}

func mailSchema() *schema {
	return object([]string{
		"kind", "id", "state", "severity", "rule_id", "rule_name", "owner", "title", "desc", "runbook", "reason", "period",
		"new_count", "row_count", "partial", "attachment", "storm", "now",
	},
		map[string]*schema{
			"others": list(scalar()), "notes": list(scalar()), "controls": list(scalar()),
			"items": list(object([]string{"title", "detail", "action", "since", "over"}, nil)),
		})
}

func alertSchema() *schema {
	return object([]string{
		"id", "rule_id", "rule_name", "state", "severity", "title", "desc", "runbook", "actor", "where", "since", "ended", "how", "again",
		"partial", "row_count", "new_count", "still", "came_and_went", "no_data",
	},
		map[string]*schema{
			"labels": dict(scalar()), "columns": list(scalar()),
			"rows": list(object([]string{"is_new", "was"}, map[string]*schema{"cells": list(nil)})),
		})
}
