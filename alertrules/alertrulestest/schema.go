package alertrulestest

import (
	"time"

	"tocsin/alertrules"
	"tocsin/query"
)

// Schema holds two logstores, cloudtrail and findings, with the fields that the
// rules of tests name, and the snapshot findings_now.
func Schema() query.Schema {
	text := func(name, column string) query.Field {
		return query.Field{Name: name, Column: column, Type: query.Text}
	}
	findings := []query.Field{
		text("instance_type", "instance_type"), text("check_item_name", "check_item_name"), text("status", "status"),
		text("@finding", "finding"), text("@severity", "severity"), text("@status", "at_status"), text("@account", "account"), text("@region", "region"),
	}
	return query.Fixed{
		{Name: "cloudtrail", Table: "cloudtrail", Fields: []query.Field{
			text("eventName", "event_name"), text("errorCode", "error_code"), text("awsRegion", "aws_region"),
			text("sourceIPAddress", "source_ip"), text("@actor", "actor"), text("@account", "account"),
			{Name: "errorMessage", Column: "error_message", Type: query.Text, Match: query.Tokens},
			{Name: "userAgent", Column: "user_agent", Type: query.Text, Match: query.Tokens},
			{Name: "cnt", Column: "cnt", Type: query.Integer},
			{Name: "requestParameters", Column: "request_parameters", Type: query.JSON, Open: true},
		}},
		{Name: "findings", Table: "findings", Fields: findings},
		{Name: "findings_now", Table: "findings_now", Fields: findings, NoWindow: true},
	}
}

// Env is what rules of tests are read against: Schema, cloudtrail 15 minutes
// late, UTC.
func Env() alertrules.Env {
	return alertrules.Env{
		Schema:   Schema(),
		Zone:     time.UTC,
		Lateness: map[string]time.Duration{"cloudtrail": 15 * time.Minute},
	}
}
