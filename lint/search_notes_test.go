// The notes on filters: what is told, with which way out, and what is not.

package lint_test

import (
	"strings"
	"testing"

	"tocsin/lint"
)

func TestSearchNotes(t *testing.T) {
	for _, c := range []struct{ src, want string }{
		// Each line of want is a check, the part that is marked, and a part of the hint.
		{"eventName:x # see the ticket, it is null", "other-notation: # => behind the pipe"},
		{"eventName:x // why", "other-notation: // => behind the pipe"},
		{"eventName:x --why so", "other-notation: --why => comment of the YAML"},
		{"/* why */ eventName:x", "other-notation: /* => comment of the YAML"},
		{"eventName:x\n| WHERE a = 1 -- why", ""},
		{"eventName:x | WHERE a IS NULL AND b LIKE 'x'", ""},
		{"#x --", "other-notation: -- => comment of the YAML"},

		{"eventName:'StopLogging'", `other-notation: 'StopLogging' => write eventName:StopLogging or eventName:"StopLogging"`},
		{"eventName:'Stop Logging'", `other-notation: 'Stop => write eventName:"Stop …"`},
		{"eventName:(x or 'StopLogging')", `other-notation: 'StopLogging' => write eventName:StopLogging or`},
		{"n > '5'", `other-notation: '5' => write n:5 or`},
		{"'StopLogging'", `other-notation: 'StopLogging' => write StopLogging or "StopLogging"`},
		{`eventName:"'StopLogging'" it's`, ""},

		{"sourceIPAddress:10.0.0.0/8", "other-notation: 10.0.0.0/8 => write sourceIPAddress in 10.0.0.0/8"},
		{"not sourceIPAddress:(10.0.0.0/8 or 192.168.0.0/16)", "other-notation: 10.0.0.0/8 => write sourceIPAddress in 10.0.0.0/8"},
		{`a.cidrIp:10.0.0.0/8 or a:0.0.0.0/0 or a:"10.0.0.0/8" or a in 10.0.0.0/8 or a:10.0.0.1`, ""},

		{"eventName:StopLogging,DeleteTrail", "other-notation: StopLogging,DeleteTrail => write eventName:(StopLogging or DeleteTrail)"},
		{"eventName:StopLogging, DeleteTrail", "other-notation: StopLogging, => write eventName:(StopLogging or …)"},
		{"eventName:(StopLogging, DeleteTrail)", "other-notation: StopLogging, => write eventName:(StopLogging or …)"},
		{`a:"x,y" or a:1,000 or a:x\,y or a:{x,y} or a:,x`, ""},

		{"eventName:/Stop.*/", "other-notation: /Stop.*/ => regexp_like(eventName"},
		{`path:/service-role/ or a:"/x/" or a:/x or a:/`, ""},

		{"eventName:x && awsRegion:y", "sql-in-search: && => write and"},
		{"eventName:x and errorCode is null", "sql-in-search: is => write not errorCode:*"},
		{"eventName:x and errorCode is not NULL", "sql-in-search: is => write errorCode:*"},
		{"eventName like 'Stop%'", "sql-in-search: like => write eventName:Stop*"},
		{"eventName != 'x'", "sql-in-search: != => write not eventName:x"},
		{"eventName between a b", "sql-in-search: between => field in [1 5]"},
		{"x or null", "sql-in-search: null => not field:*"},
		{`"is" and "null" and "&&" and isolated`, ""},

		{"SELECT a, b FROM log WHERE c = 'x'", "sql-in-search: SELECT a, b FROM log WHERE c = 'x' => write * | SELECT …"},
		{"select (x = FROM log", "sql-in-search: select (x = FROM log => write * | SELECT …"},
		{`select "a|b"`, `sql-in-search: select "a|b" => write * | SELECT …`},
		{"select a || b FROM log", "sql-in-search: select a || b FROM log => write * | SELECT …"},
		{"select and x | LIMIT 1", "sql-in-search: select => move the condition behind the pipe"},
		{"selected x", ""},
		{"eventName:(", ""},
		{"*", ""},
		{"| LIMIT 1", ""},

		{"a:'x' b:10.0.0.0/8 c:'y'", "other-notation: 'x' => a:x\nother-notation: 10.0.0.0/8 => b in"},
	} {
		var want []string
		if c.want != "" {
			want = strings.Split(c.want, "\n")
		}
		notes := lint.SearchNotes(c.src)
		if len(notes) != len(want) {
			t.Errorf("%s: %d notes: %v", c.src, len(notes), notes)
			continue
		}
		for i, n := range notes {
			marked, hint, _ := strings.Cut(want[i], " => ")
			if got := strings.TrimPrefix(n.Check, "query/") + ": " + c.src[n.Span.Start:n.Span.End]; got != marked || !strings.Contains(n.Hint, hint) {
				t.Errorf("%s: %s => %s\nwant %s", c.src, got, n.Hint, want[i])
			}
		}
	}
}
