// What a template sees: the contract between who fills in a message and who
// writes its template. mail.go is the half that is ours.

package templates

import "time"

// Data is the value tree that a template sees: root names (schema.go) to
// values. Allowed are nil, bool, int64, float64, string, Authored, []any and
// map[string]any; also int, time.Time (seen as Unix seconds), []string and
// map[string]string. Rendering never changes it, so several messages may share
// one Data.
type Data map[string]any

// Authored is text that an author of rules wrote, as against text from logs:
// where it is printed whole, its addresses stay as they are (G03 does not apply)
// and become links when they lead to one of Options.Links. Any operation on it
// gives an ordinary string. Never put text of a record into it.
type Authored string

// Options of one rendering.
type Options struct {
	Zone     *time.Location // of the recipient; default zone of format_date; nil is UTC
	Language string         // of the recipient, "en" or "ja"; "" is English; format_severity, format_status
	Now      time.Time      // the moment of the message; zero: functions that need it (age) print ∅
	Links    []string       // hosts that link() may point to
}

// A Message is what was rendered. Subject is one line without our fixed part
// (see Subject); Text and HTML are whole bodies, without our last line (Footer).
type Message struct{ Subject, Text, HTML string }

// SLS fills the root name "alert": the variables of an SLS template
// (https://www.alibabacloud.com/help/en/sls/ "Variables in alert templates").
// Row values are strings there; here numbers stay numbers, so that both
// `row.cnt | int` and `row.cnt > 3` work.
type SLS struct {
	AlertID, AlertName, InstanceID string // rule id, rule name, our id (A-7F3K)
	Project, Region, AliUID        string
	Type                           string // "" is sls_alert
	Every                          time.Duration
	At, Fired, Resolved            time.Time // this evaluation; first firing; zero Resolved prints 0
	Status                         string    // firing, resolved
	Severity                       string    // critical, high, medium, low, report; a template sees 10, 8, 6, 4, 2
	Labels                         map[string]string
	Annotations                    map[string]any // string or Authored
	Results                        []Result       // one for each query
	FireRows                       []map[string]any
	FireCount                      int // may exceed len(FireRows)
	Condition                      string
	Repeat                         time.Duration
	Fingerprint                    string
	AlertURL, QueryURL             string // "" prints ∅
}

// A Result is what one query of the rule returned.
type Result struct {
	Store, Query string
	From, To     time.Time
	Rows         []map[string]any // at most 100
	Count        int              // may exceed len(Rows)
	Truncated    bool
}

// Value returns the value of the root name "alert".
func (s SLS) Value() map[string]any {
	kind := s.Type
	if kind == "" {
		kind = "sls_alert"
	}
	results := make([]any, len(s.Results))
	for i, r := range s.Results {
		results[i] = r.value()
	}
	return map[string]any{
		"aliuid": s.AliUID, "alert_instance_id": s.InstanceID, "alert_id": s.AlertID, "alert_name": s.AlertName,
		"region": s.Region, "project": s.Project, "alert_type": kind, "next_eval_interval": int64(s.Every / time.Second),
		"alert_time": seconds(s.At), "fire_time": seconds(s.Fired), "resolve_time": seconds(s.Resolved),
		"status": s.Status, "severity": severityNumber(s.Severity), "labels": stringMap(s.Labels), "annotations": anyMap(s.Annotations),
		"results": results, "fire_results": rowList(s.FireRows), "fire_results_count": int64(s.FireCount),
		"condition": s.Condition, "raw_condition": s.Condition,
		"policy":      map[string]any{"alert_policy_id": "", "action_policy_id": "", "repeat_interval": s.Repeat.String()},
		"fingerprint": s.Fingerprint, "alert_url": orMissing(s.AlertURL), "query_url": orMissing(s.QueryURL),
	}
}

func (r Result) value() map[string]any {
	m := map[string]any{
		"store_type": "log", "store": r.Store, "query": r.Query, "start_time": seconds(r.From), "end_time": seconds(r.To),
		"raw_results": rowList(r.Rows), "raw_results_count": int64(r.Count), "raw_result_count": int64(r.Count), "truncated": r.Truncated,
	}
	if len(r.Rows) > 0 {
		m["fire_result"] = anyMap(r.Rows[0])
	}
	return m
}

// severityNumber returns the number that SLS gives a severity, 0 for an unknown one.
func severityNumber(name string) int64 {
	switch name {
	case "critical":
		return 10
	case "high":
		return 8
	case "medium":
		return 6
	case "low":
		return 4
	case "report":
		return 2
	}
	return 0
}

// seconds returns Unix seconds, 0 for the zero time.
func seconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

// moment returns Unix seconds, nil for the zero time: absent rather than 1970.
func moment(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.Unix()
}

// orMissing returns nil for an empty string, so that it prints ∅.
func orMissing(s string) any {
	if s == "" {
		return missing
	}
	return s
}

func rowList(rows []map[string]any) []any {
	out := make([]any, len(rows))
	for i, r := range rows {
		out[i] = r
	}
	return out
}

func stringMap(m map[string]string) map[string]any {
	out := make(map[string]any, len(m))
	for k, v := range m {
		out[k] = v
	}
	return out
}

func anyMap(m map[string]any) map[string]any {
	if m == nil {
		return map[string]any{}
	}
	return m
}
