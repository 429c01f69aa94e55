package shell

import (
	"strings"
	"testing"
	"time"
)

// Enter runs what is whole, and goes on where something has to follow.
func TestFinished(t *testing.T) {
	for _, c := range []struct {
		text string
		runs bool
	}{
		{"eventName:Stop*", true},
		{"*", true},
		{"", true},
		{".chart", true},
		{".explain eventName:(", true},
		{"eventName:(a or b)", true},
		{"eventName:(a or", false},
		{"eventName:(a", false},
		{"a and", false},
		{"a or not", false},
		{"eventName:", false},
		{"__time__ >=", false},
		{`eventName:"Stop`, false},
		{`eventName:"Stop\"`, false},
		{`eventName:"Stop\\"`, true},
		{"don't", true},
		{"sourceIPAddress in", false},
		{"* |", false},
		{"* | SELECT eventName,", false},
		{"* | SELECT eventName", true},
		{"* | SELECT count(*) AS", false},
		{"* | SELECT *", true},
		{"* | SELECT n +", false},
		{"* | SELECT 'it''s", false},
		{"* | SELECT 'it''s' AS a", true},
		{`* | SELECT "a`, false},
		{"* | SELECT CASE WHEN a", true}, // a mistake that no further line is waited for
		{"* | SELECT a FROM", false},
		{"* | SELECT a GROUP BY", false},
		{"* | SELECT a ORDER BY a DESC LIMIT", false},
		{"* | SELECT a -- comment", true},
		{"* | SELECT a, -- comment", false},
		{"* | SELECT a /* comment", false},
		{"* | SELECT a || ", false},
		{"* | SELECT count(", false},
		{"a and;", true},
		{"a and\n", true},
		{"* |\n\n", true},
		{"eventName:(a\n", true},
		{"a )", true},
	} {
		if got := finished(c.text); got != c.runs {
			t.Errorf("finished(%q) = %v", c.text, got)
		}
	}
}

func TestGoesOn(t *testing.T) {
	for _, c := range []struct {
		text, line string
		goes       bool
	}{
		{"a", "b", false},
		{"a", "  b", true},
		{"a", "| LIMIT 1", true},
		{"a", "and b", true},
		{"a", "OR b", true},
		{"a", "order", false},
		{"a", "android", false},
		{"* | SELECT a", "ORDER BY a", true},
		{"* | SELECT a", "orders", false},
		{"* | SELECT a;", "ORDER BY a", false},
		{"* | SELECT a\n", "ORDER BY a", false},
		{".last 4h", "  a", false},
		{"a", "", false},
	} {
		if goesOn(c.text, c.line) != c.goes {
			t.Errorf("goesOn(%q, %q) = %v", c.text, c.line, !c.goes)
		}
	}
}

func TestTidy(t *testing.T) {
	for text, want := range map[string]string{
		"  a and b \n":        "a and b",
		"a;":                  "a",
		"a ; ;\n":             "a",
		`eventName:"a;`:       `eventName:"a;`,
		`eventName:"a;";`:     `eventName:"a;"`,
		"* | SELECT 'a;' ;":   "* | SELECT 'a;'",
		".last 4h;":           ".last 4h;", // commands take it off themselves
		"a\r\nand b":          "a\nand b",
		";":                   "",
		"* | SELECT a -- b ;": "* | SELECT a -- b",
	} {
		if got := tidy(text); got != want {
			t.Errorf("tidy(%q) = %q, not %q", text, got, want)
		}
	}
}

// What is typed in Prisma Cloud's notation gets an answer about what it names, and
// no query of ours is taken for it.
func TestPrisma(t *testing.T) {
	for _, c := range []struct {
		text    string
		says    []string
		without string
	}{
		{"event from cloud.audit_logs where operation IN ('StopLogging') AND user = 'root'", []string{"eventName:(StopLogging", "@actor:*root*", ".last 4h"}, "crud"},
		{"Event where crud = 'delete' AND ip EXISTS", []string{"eventName:Delete*", "sourceIPAddress in"}, "operation"},
		{"event where cloud.account.group = 'x' AND json.rule = $.userAgent contains 'kali'", []string{"@account:", "userAgent:*kali*"}, "crud"},
		{"config from cloud.resource where api.name = 'aws-s3api-get-bucket-acl'", []string{"config data", ".use findings"}, "operation"},
	} {
		got := Prisma(c.text, commandSettings)
		for _, s := range c.says {
			if !strings.Contains(got, s) {
				t.Errorf("%s: it does not say %q:\n%s", c.text, s, got)
			}
		}
		if strings.Contains(got, c.without) {
			t.Errorf("%s: it says %q:\n%s", c.text, c.without, got)
		}
	}
	for _, text := range []string{"event", "event and where", "eventName:x", "network:x | WHERE a = 1", "* | SELECT a AS event FROM log WHERE a = 1"} {
		if got := Prisma(text, commandSettings); got != "" {
			t.Errorf("%s: taken for Prisma's: %s", text, got)
		}
	}
}

func TestRangeWords(t *testing.T) {
	tokyo := time.FixedZone("Asia/Tokyo", 9*3600)
	at := func(s string) time.Time {
		v, err := time.ParseInLocation("2006-01-02 15:04:05", s, tokyo)
		if err != nil {
			t.Fatal(err)
		}
		return v.UTC()
	}
	for want, r := range map[string]Range{
		"all":                                 {},
		"last 24h":                            {Last: 24 * time.Hour},
		"last 7d":                             {Last: 7 * 24 * time.Hour},
		"last 1h30m":                          {Last: 90 * time.Minute},
		"from 2026-11-22":                     {From: at("2026-11-22 00:00:00")},
		"from 2026-11-22T09:00 to 2026-11-23": {From: at("2026-11-22 09:00:00"), To: at("2026-11-23 00:00:00")},
		"to 2026-11-22T09:00:01":              {To: at("2026-11-22 09:00:01")},
	} {
		if got := r.Words(tokyo); got != want {
			t.Errorf("%+v: %q, not %q", r, got, want)
		}
	}
	now := at("2026-11-22 12:00:00")
	if w := (Range{Last: time.Hour}).Window(now); !w.From.Equal(now.Add(-time.Hour)) || !w.To.IsZero() || !w.Now.Equal(now) {
		t.Errorf("the last hour is %+v", w)
	}
}
