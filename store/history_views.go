// The history as logstores: what tocsin keeps of what it did, as queries see it.

package store

import (
	"fmt"

	"tocsin/alertrules"
	"tocsin/ingest"
	"tocsin/query"
)

// A historyTable is one of them. Its statement runs in the state instance and
// gives time and the columns, of a range of time.
type historyTable struct {
	name      string
	function  string // the table function by which its rows are handed over
	columns   []historyColumn
	statement string
}

// A historyColumn is a column behind those that every logstore has.
type historyColumn struct {
	name string
	kind ingest.FieldType
	doc  string
}

// docTime is a time in a document; the zero time is NULL.
func docTime(doc, path string) string {
	return "nullif(json_extract_string(" + doc + ", '" + path + "')::TIMESTAMP, TIMESTAMP '0001-01-01')"
}

// docText is a text in a document; an empty one is NULL.
func docText(doc, path string) string {
	return "nullif(json_extract_string(" + doc + ", '" + path + "'), '')"
}

// docNumber is a number in a document; 0 is NULL.
func docNumber(doc, path string) string {
	return "nullif(json_extract_string(" + doc + ", '" + path + "')::BIGINT, 0)"
}

// severityName is a severity in a document by its name.
func severityName(doc, path string) string {
	text := "CASE json_extract_string(" + doc + ", '" + path + "')"
	for s := alertrules.Report; s <= alertrules.Critical; s++ {
		text += fmt.Sprintf(" WHEN '%d' THEN '%s'", int(s), s)
	}
	return text + " END"
}

// historyTables are the five of them.
func historyTables() []historyTable {
	return []historyTable{evaluationsTable(), alertsTable(), notificationsTable(), rulesTable(), operationsTable()}
}

func evaluationsTable() historyTable {
	return historyTable{
		name: "__evaluations__", function: "tocsin_history_evaluations",
		columns: []historyColumn{
			{"rule", ingest.TextField, "id of the rule"},
			{"outcome", ingest.TextField, "ok, firing, no data, error, partial or skipped"},
			{"reason", ingest.TextField, "why the condition held or did not"},
			{"error", ingest.TextField, "what went wrong"},
			{"rows", ingest.IntegerField, "rows of the query"},
			{"evaluations", ingest.IntegerField, "1; of quiet ones, which are counted by the hour, how many"},
			{"took_ms", ingest.DoubleField, "how long the query took, in milliseconds"},
			{"window_from", ingest.TimeField, "of the window in event time"},
			{"window_to", ingest.TimeField, "where it ends"},
			{"after_seq", ingest.IntegerField, "the window begins behind this __seq__"},
			{"last_seq", ingest.IntegerField, "the last __seq__ that was stored then"},
		},
		statement: "SELECT moment AS time, rule, outcome, " + docText("doc", "$.Reason") + ", " + docText("doc", "$.Error") +
			", json_extract_string(doc, '$.Rows')::BIGINT, 1::BIGINT, json_extract_string(doc, '$.Took')::DOUBLE / 1e6, " +
			docTime("doc", "$.Window.From") + ", " + docTime("doc", "$.Window.To") + ", " + docNumber("doc", "$.Window.AfterSeq") + ", " + docNumber("doc", "$.Window.UpToSeq") +
			" FROM evaluations UNION ALL SELECT hour, rule, 'ok', NULL, NULL, 0, n, NULL, NULL, NULL, NULL, NULL FROM quiet_evaluations",
	}
}

func alertsTable() historyTable {
	return historyTable{
		name: "__alerts__", function: "tocsin_history_alerts",
		columns: []historyColumn{
			{"alert", ingest.TextField, "its id, such as A-7F3K"},
			{"rule", ingest.TextField, "id of the rule"},
			{"severity", ingest.TextField, "the worst of the episode"},
			{"state", ingest.TextField, "firing or over"},
			{"how", ingest.TextField, "how it was over"},
			{"mode", ingest.TextField, "event or state"},
			{"labels", ingest.JSONField, "labels of the rule and values of alert_per"},
			{"title", ingest.TextField, "its title"},
			{"since", ingest.TimeField, "since when it counts"},
			{"until", ingest.TimeField, "when it was over"},
			{"last_hit", ingest.TimeField, "the last moment at which the condition held"},
			{"rows", ingest.IntegerField, "how many rows there were"},
			{"staging", ingest.BooleanField, "recorded, not mailed"},
			{"found_late", ingest.BooleanField, "found by filling a gap"},
			{"acknowledged_by", ingest.TextField, "who has taken it on"},
			{"acknowledged_at", ingest.TimeField, "when"},
			{"acknowledgement", ingest.TextField, "what they said"},
		},
		statement: "SELECT a.began AS time, a.id, a.rule, " + severityName("h", "$.MaxSeverity") + ", CASE WHEN a.firing THEN 'firing' ELSE 'over' END, " +
			docText("h", "$.How") + ", CASE WHEN a.event THEN 'event' ELSE 'state' END, nullif(json_extract(h, '$.Labels')::VARCHAR, 'null'), " + docText("h", "$.Annotations.title") + ", " +
			docTime("h", "$.Since") + ", " + docTime("h", "$.Ended") + ", " + docTime("h", "$.LastHit") + ", json_extract_string(h, '$.RowsAll')::BIGINT, " +
			"coalesce(json_extract_string(h, '$.Staging') = 'true', false), coalesce(json_extract_string(h, '$.Late') = 'true', false), " +
			docText("k.doc", "$.By") + ", " + docTime("k.doc", "$.At") + ", " + docText("k.doc", "$.Note") +
			" FROM (SELECT *, " + alertHead + " AS h FROM alerts a) a LEFT JOIN acks k ON k.alert = a.id",
	}
}

func notificationsTable() historyTable {
	return historyTable{
		name: "__notifications__", function: "tocsin_history_notifications",
		columns: []historyColumn{
			{"rule", ingest.TextField, "id of the rule; none for the operator's mails"},
			{"recipient", ingest.TextField, "address"},
			{"step", ingest.TextField, "decision, or answer of the mail server"},
			{"kind", ingest.TextField, "first, news, repeat, resolved, recap, delayed, operator, or none for no mail"},
			{"reason", ingest.TextField, "why it was sent or held, or what the server said"},
			{"look_again", ingest.TimeField, "when it is decided again"},
			{"mail", ingest.IntegerField, "number of the mail in the outbox"},
			{"subject", ingest.TextField, "of the mail"},
			{"state", ingest.TextField, "of the mail as it stands: waiting, sent, parked, replaced or dropped"},
			{"alerts", ingest.JSONField, "ids of the alerts that it tells of"},
		},
		statement: "SELECT d.moment AS time, nullif(d.rule, ''), d.recipient, CASE WHEN json_extract_string(d.doc, '$.Answer') = 'true' THEN 'answer' ELSE 'decision' END, " +
			"CASE WHEN d.kind = '' THEN 'none' ELSE d.kind END, " + docText("d.doc", "$.Reason") + ", " + docTime("d.doc", "$.Next") + ", nullif(d.mail, 0), " +
			docText("m.doc", "$.Subject") + ", m.state, nullif(json_extract(d.doc, '$.Alerts')::VARCHAR, 'null') FROM decisions d LEFT JOIN mails m ON m.id = d.mail",
	}
}

func rulesTable() historyTable {
	return historyTable{
		name: "__rules__", function: "tocsin_history_rules",
		columns: []historyColumn{
			{"rule", ingest.TextField, "id of the rule"},
			{"version", ingest.TextField, "hash of the text, and of what the defaults of its file add"},
			{"state", ingest.TextField, "there or removed"},
			{"file", ingest.TextField, "the file that has it"},
			{"logstore", ingest.TextField, "that it reads"},
			{"query", ingest.TextField, "as written"},
			{"text", ingest.TextField, "its lines in the file"},
		},
		statement: "SELECT since AS time, rule, nullif(hash, ''), CASE WHEN text = '' THEN 'removed' ELSE 'there' END, nullif(file, ''), nullif(logstore, ''), nullif(query, ''), nullif(text, '') FROM rule_versions",
	}
}

func operationsTable() historyTable {
	return historyTable{
		name: "__operations__", function: "tocsin_history_operations",
		columns: []historyColumn{
			{"operation", ingest.TextField, "ack, unack, retry, drop, fill, rules"},
			{"author", ingest.TextField, "who did it"},
			{"subject", ingest.TextField, "what it was done to: an alert, a mail, a gap, dead letters"},
			{"note", ingest.TextField, "what they said of it"},
		},
		statement: "SELECT moment AS time, kind, author, nullif(subject, ''), nullif(note, '') FROM operations",
	}
}

// historyViews are the history as queries see it.
func historyViews() query.Fixed {
	var views query.Fixed
	for _, t := range historyTables() {
		q := &query.Logstore{Name: t.name, Table: t.function, History: true}
		for i, c := range t.columns {
			q.Fields = append(q.Fields, query.Field{Name: c.name, Column: lookupColumn(i), Type: fieldType(c.kind), Open: c.kind == ingest.JSONField, Doc: c.doc})
		}
		views = append(views, q)
	}
	return views
}
