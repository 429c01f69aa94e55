// The corpus of hostile queries through the planner.

package query

import (
	"regexp"
	"strings"
	"testing"
	"time"
)

// hostileSchema is the log that the corpus is written for.
func hostileSchema() Fixed {
	log := &Logstore{Name: "log", Table: "log", Fields: []Field{
		{Name: "ts", Column: "ts", Type: Text},
		{Name: "eventName", Column: "event_name", Type: Text},
		{Name: "status", Column: "status", Type: Text},
		{Name: "sourceIPAddress", Column: "source_ip", Type: Text},
		{Name: "awsRegion", Column: "aws_region", Type: Text},
		{Name: "userAgent", Column: "user_agent", Type: Text, Match: Tokens},
		{Name: "errorMessage", Column: "error_message", Type: Text, Match: Tokens},
		{Name: "cnt", Column: "cnt", Type: Integer},
		{Name: "requestParameters", Column: "request_parameters", Type: JSON, Open: true},
		{Name: "@actor", Column: "actor", Type: Text},
	}}
	return Fixed{log}
}

type hostileQuery struct{ ID, Class, Query, Expect, Why string }

// TestHostileQueries: what the corpus calls an error is refused with a place,
// what only looks hostile is planned, all of it within its bounds, and no text
// of the query is in a statement.
func TestHostileQueries(t *testing.T) {
	errs, planned := 0, 0
	for _, h := range jsonLines[hostileQuery](t, "data/hostile/queries.jsonl") {
		start := time.Now()
		p, err := planHostile(h.Query)
		if d := time.Since(start); d > 5*time.Second {
			t.Errorf("%s took %v", h.ID, d)
		}
		switch {
		case err != nil && h.Expect == "ok-no-effect":
			t.Errorf("%s %s: %v\n%s", h.ID, h.Why, err, cut(h.Query))
		case err == nil && h.Expect == "error":
			t.Errorf("%s is planned: %s\n%s", h.ID, h.Why, cut(h.Query))
		case err != nil:
			errs++
			if len(problems(err)) == 0 || len(err.Error()) > 600 {
				t.Errorf("%s: an error without a place, or too long: %.300s", h.ID, err)
			}
		default:
			planned++
			s := p.SQL(DuckDB(), testWindow)
			if strings.Contains(s.Text, ";") || strings.Contains(s.Text, "--") || strings.Contains(s.Text, "DROP") {
				t.Errorf("%s: text of the query in the statement %.300s", h.ID, s.Text)
			}
			if !outerLimit.MatchString(s.Text) {
				t.Errorf("%s: no outer LIMIT: …%s", h.ID, s.Text[max(0, len(s.Text)-100):])
			}
		}
	}
	t.Logf("%d refused, %d planned", errs, planned)
	if errs < 180 || planned < 30 {
		t.Errorf("%d refused, %d planned", errs, planned)
	}
}

// outerLimit matches a statement that gives at most the rows of its bound, and
// one more (G21).
var outerLimit = regexp.MustCompile(` LIMIT (1001|[0-9]{1,3}|1000)$`)

func planHostile(text string) (*Plan, error) {
	q, err := Parse(text)
	if err != nil {
		return nil, err
	}
	return q.Plan(hostileSchema(), Options{Logstore: "log", MaxRows: 1000, Lists: map[string][]string{"office": {"10.0.0.0/8"}}})
}
