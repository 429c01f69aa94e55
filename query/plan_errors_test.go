// What the planner refuses, and what a plan says about itself.

package query

import (
	"strings"
	"testing"
)

// TestPlanErrors: each line is a query and, behind =>, every mistake as the
// marked text, the message and the hint.
func TestPlanErrors(t *testing.T) {
	checkPlanErrors(t, []planError{
		{`eventNmae:CreateUser`, []string{"eventNmae|has no field eventNmae|did you mean eventName?"}},
		{`* | SELECT eventNmae, eventSource, @aktor GROUP BY eventSource`, []string{"eventNmae|no field|eventName?", "@aktor|no field|@actor?"}},
		{`eventName.foo:x`, []string{"eventName.foo|no field|eventName is text, nothing lies below it"}},
		{`zzzzzzzz.foo:x`, []string{"zzzzzzzz.foo|no field|below userIdentity, requestParameters, resources and extra"}},
		{`requestParams.bucketName:x`, []string{"requestParams.bucketName|no field|requestParameters.bucketName?"}},
		{`* | SELECT eventName, count(*) GROUP BY eventSource`, []string{"eventName|eventName is neither grouped nor aggregated|arbitrary(eventName)"}},
		{`* | SELECT userIdentity.type, count(*) AS n`, []string{"userIdentity.type|userIdentity.type is neither grouped|GROUP BY"}},
		{`* | SELECT * GROUP BY eventName`, []string{"*|* is neither grouped|name the columns"}},
		{`* | SELECT eventName WHERE count(*) > 3`, []string{"count(*)|cannot stand in WHERE|HAVING"}},
		{`* | SELECT sum(count(*)) AS n`, []string{"count(*)|cannot stand in an aggregate|never inside another"}},
		{`* | SELECT count(*) AS n GROUP BY count(*)`, []string{"count(*)|cannot stand in GROUP BY|"}},
		{`* | SELECT count(*) AS n, cnt AS x GROUP BY n, x`, []string{"n|GROUP BY cannot stand on an aggregate|HAVING"}},
		{`* | SELECT cnt * 2 AS x WHERE x > 3`, []string{"x|WHERE does not see the alias x|further stage"}},
		{`* | SELECT eventName HAVING eventName = 'x'`, []string{"eventName = 'x'|HAVING filters groups|WHERE"}},
		{`* | SELECT lower(cnt)`, []string{"cnt|lower does not take integer|lower(text)"}},
		{`* | SELECT lower(), substr(eventName)`, []string{"lower()|does not take 0 arguments|lower(text)", "substr(eventName)|does not take 1 arguments|substr(text, integer[, integer])"}},
		{`* | SELECT lowr(eventName)`, []string{"lowr|there is no function lowr|did you mean lower?"}},
		{`* | SELECT uuid()`, []string{"uuid|reproducible|"}},
		{`* | SELECT levenshtein(eventName, 'x')`, []string{"levenshtein|not bounded|"}},
		{`* | SELECT compare(cnt, 60)`, []string{"compare|it comes in a later version|"}},
		{`* | SELECT eventName + 1`, []string{"eventName|this is text, not a number|try_cast"}},
		{`* | SELECT eventName WHERE eventName > 5`, []string{"eventName > 5|text is compared with integer|quotes"}},
		{`* | SELECT eventName WHERE @time > 5`, []string{"@time > 5|time is compared with integer|__time__"}},
		{`* | SELECT eventName WHERE cnt`, []string{"cnt|this is integer, not a condition|compare"}},
		{`* | SELECT eventName, eventName`, []string{"eventName|two columns of the result are named eventName|AS"}},
		{`* | SELECT @actor, cnt AS actor`, []string{"cnt AS actor|two columns|AS"}},
		{`* | SELECT eventName AS __seq__`, []string{"__seq__|a name of ours|another"}},
		{`* | SELECT CASE WHEN cnt > 1 THEN 'a' ELSE 2 END`, []string{"2|this is integer, the values before are text|cast"}},
		{`* | SELECT cast(eventName AS blob), try_cast(cnt AS foo)`, []string{"BLOB|there is no type BLOB|varchar", "FOO|there is no type FOO|"}},
		{`* | SELECT * FROM cloudtrial`, []string{"cloudtrial|no logstore cloudtrial|did you mean cloudtrail?"}},
		{`* | SELECT * FROM main.cloudtrail`, []string{"main.cloudtrail|has one name|"}},
		{`* | SELECT * FROM log AS findings`, []string{"findings|is the name of a logstore|another alias"}},
		{`eventName:x | SELECT count(*) AS n FROM findings`, []string{"eventName:x|is over cloudtrail|WHERE"}},
		{`* | SELECT eventName | SELECT eventNam`, []string{"eventNam|no column eventNam|did you mean eventName?"}},
		{`* | SELECT eventName | SELECT eventName FROM log`, []string{"log|reads the rows of the one before|leave FROM out"}},
		{`cnt > abc`, []string{"abc|abc is no number|"}},
		{`sourceIPAddress in 10.0.0.0/99`, []string{"10.0.0.0/99|is no network|10.0.0.0/8"}},
		{`sourceIPAddress in $ofice`, []string{"ofice|no list $ofice|did you mean $office?"}},
		{`* | SELECT eventName IN $zzz`, []string{"zzz|no list $zzz|the lists of tocsin.yaml are $empty, $many,"}},
		{`cnt in $words`, []string{"words|no entry of $words is a number|another field"}},
		{`* | SELECT readOnly IN $numbers`, []string{"numbers|no entry of $numbers is true or false|another field"}},
		{`@time in $words`, []string{"words|no entry of $words is a time|another field"}},
		{`* | SELECT any_match(ARRAY['a'], x -> x IN $many)`, []string{"many|inside a lambda|any element matches"}},
		{`* | SELECT cnt IN $nets`, []string{"nets|$nets holds patterns, which integer cannot match|cast(… AS varchar)"}},
		{`* | SELECT regexp_like(eventName, '(?=x)')`, []string{"'(?=x)'|cannot be used|look-ahead"}},
		{`* | SELECT date_format(@time, '%Q')`, []string{"'%Q'|not known|MySQL"}},
		{`* | SELECT date_trunc('eon', @time)`, []string{"'eon'|no unit eon|hour"}},
		{`* | SELECT json_extract(requestParameters, '$..a')`, []string{"'$..a'|no path into JSON|"}},
		{`* | SELECT json_extract(concat('{', eventName), '$.a')`, []string{"concat('{', eventName)|from fields only|"}},
		{`* | SELECT eventName LIKE eventSource`, []string{"eventSource|constant text|"}},
		{`* | SELECT DISTINCT eventName ORDER BY cnt`, []string{"cnt|columns of the result|SELECT list"}},
		{`* | SELECT eventName ORDER BY 2`, []string{"2|no column 2|it has 1"}},
		{`* | SELECT requestParameters[1]`, []string{"requestParameters[1]|not indexed|json_extract"}},
		{`* | GROUP BY 1`, []string{"1|names fields|"}},
		{`* | SELECT replace(eventName, '', 'x')`, []string{"''|not empty|"}},
	})
}

// A planError is a query and what is wrong with it, in the order of the text.
type planError struct {
	query string
	want  []string // "marked text|part of the message|part of the hint"
}

func checkPlanErrors(t *testing.T, cases []planError) {
	t.Helper()
	for _, c := range cases {
		_, err := planOf(t, "cloudtrail", c.query)
		got := problems(err)
		if len(got) != len(c.want) {
			t.Errorf("%s: %d mistakes, %v", c.query, len(got), err)
			continue
		}
		for i, w := range c.want {
			parts := strings.Split(w, "|")
			if got[i].Hint == "" {
				t.Errorf("%s: no way out: %s", c.query, got[i].Message)
			}
			marked := c.query[got[i].Span.Start:got[i].Span.End]
			if !strings.EqualFold(marked, parts[0]) && !strings.Contains(marked, "$"+parts[0]) || !strings.Contains(got[i].Message, parts[1]) || !strings.Contains(got[i].Hint, parts[2]) {
				t.Errorf("%s: %q marks %q: %s (%s)", c.query, w, marked, got[i].Message, got[i].Hint)
			}
		}
	}
}

func TestPlanErrorsAreFew(t *testing.T) {
	var b strings.Builder
	for range 300 {
		b.WriteString("nosuchfield_" + strings.Repeat("x", 500) + ":v and ")
	}
	_, err := planOf(t, "cloudtrail", b.String()+"x")
	if n := len(problems(err)); n == 0 || n > 10 {
		t.Errorf("%d mistakes", n)
	}
	for _, p := range problems(err) {
		if len(p.Message) > 300 {
			t.Errorf("a message of %d bytes", len(p.Message))
		}
	}
}

// TestPlanStaysSmall: stages and functions that double what is below them are
// refused before an engine, or our printer, writes them out.
func TestPlanStaysSmall(t *testing.T) {
	times := func(n int, head, each, tail string) string { return head + strings.Repeat(each, n) + tail }
	for _, c := range []struct {
		query string
		ok    bool
	}{
		{times(8, "*", " | SELECT eventName || eventName AS eventName", ""), true},
		{times(40, "*", " | SELECT eventName || eventName AS eventName", ""), false},
		{times(12, "*", " | SELECT cnt + cnt AS cnt", ""), true},
		{times(40, "*", " | SELECT cnt + cnt AS cnt", ""), false},
		{times(40, "*", " | SELECT greatest(cnt, cnt) AS cnt", ""), false},
		{times(40, "*", " | SELECT eventName || eventName AS eventName, count(*) AS n GROUP BY eventName", ""), false},
		{times(40, "*", " | SELECT array_agg(eventName || eventName)[1] AS eventName", ""), false},
		{times(59, "*", " | SELECT cnt + 1 AS cnt, max(cnt) AS m GROUP BY cnt", ""), true},
		{"* | SELECT " + strings.Repeat("sqrt(", 150) + "cnt" + strings.Repeat(")", 150), false},
		{"* | SELECT " + strings.Repeat("if(", 100) + "cnt" + strings.Repeat(" BETWEEN 1 AND 2, 1, 2)", 100), false},
		{"* | SELECT " + strings.Repeat("replace(", 30) + "eventName" + strings.Repeat(", 'e', 'eeee')", 30), false},
		{"* | SELECT " + strings.Repeat("array_position(split(cast(", 40) + "cnt" + strings.Repeat(" AS varchar), ','), 'a')", 40), false},
		{"* | SELECT " + strings.Repeat("slice(", 30) + "ARRAY[1]" + strings.Repeat(", 1, 2)", 30), false},
		{"* | SELECT " + strings.Repeat("array_max(ARRAY[", 60) + "cnt" + strings.Repeat("])", 60), false},
		{"* | SELECT " + strings.Repeat("array_max(ARRAY[", 6) + "cnt" + strings.Repeat("])", 6), true},
		{times(61, "*", " | LIMIT 1", ""), false},
	} {
		p, err := planOf(t, "cloudtrail", c.query)
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", cut(c.query), err)
		}
		if err == nil {
			if n := len(p.SQL(DuckDB(), testWindow).Text); n > 100000 {
				t.Errorf("%s: a statement of %d bytes", cut(c.query), n)
			}
		}
	}
}

func TestPlanFacts(t *testing.T) {
	for _, c := range []struct {
		query string
		facts string // r row identity, a aggregates, h having on an aggregate, n now
		keys  string // key columns
	}{
		{`eventName:x`, "r", "*"},
		{`* | SELECT eventName, @actor WHERE cnt > 1`, "r", "eventName actor"},
		{`* | SELECT eventName | WHERE eventName = 'x'`, "r", "eventName"},
		{`* | SELECT eventName LIMIT 3`, "ra", "eventName"},
		{`* | SELECT DISTINCT eventName`, "a", "eventName"},
		{`* | SELECT eventName, count(*) AS n GROUP BY eventName`, "a", "eventName"},
		{`* | SELECT eventName, count(*) AS n GROUP BY eventName HAVING n > 1`, "ah", "eventName"},
		{`* | SELECT eventName, count(*) AS n GROUP BY eventName HAVING eventName <> 'x'`, "a", "eventName"},
		{`* | SELECT eventName, count(*) AS n GROUP BY eventName | WHERE n > 1`, "ah", "eventName"},
		{`* | SELECT n + 1 AS m, e FROM (SELECT count(*) AS n, eventName AS e GROUP BY eventName)`, "a", "e"},
		{`* | SELECT eventName WHERE @time > now() - interval '1' hour`, "rn", "eventName"},
		{`* | GROUP BY eventName`, "a", "eventName"},
	} {
		p, err := planOf(t, "cloudtrail", c.query)
		if err != nil {
			t.Errorf("%s: %v", c.query, err)
			continue
		}
		facts := ""
		for _, f := range []struct {
			is bool
			r  string
		}{{p.RowIdentity(), "r"}, {p.Aggregates(), "a"}, {p.HavingOnAggregate(), "h"}, {p.UsesNow(), "n"}} {
			if f.is {
				facts += f.r
			}
		}
		var keys []string
		for _, col := range p.Columns() {
			if col.Key {
				keys = append(keys, col.Name)
			}
		}
		if facts != c.facts || c.keys != "*" && strings.Join(keys, " ") != c.keys {
			t.Errorf("%s: %s, keys %v", c.query, facts, keys)
		}
		if got := strings.Join(p.Logstores(), " "); got != "cloudtrail" {
			t.Errorf("%s reads %s", c.query, got)
		}
	}
}

func TestExceptions(t *testing.T) {
	q, err := Parse("eventName:Get*")
	if err != nil {
		t.Fatal(err)
	}
	good, err := ParseSearch("@actor:ops or cnt > 3")
	if err != nil {
		t.Fatal(err)
	}
	bad, err := ParseSearch("@aktor:ops")
	if err != nil {
		t.Fatal(err)
	}
	o := testOptions(t, "cloudtrail")
	o.Exclude = []Search{good}
	p, err := q.Plan(testSchema(t), o)
	if err != nil {
		t.Fatal(err)
	}
	if s := p.SQL(DuckDB(), Window{}).Text; !strings.Contains(s, `(starts_with(lower("event_name"), lower($3)) AND ((lower("actor") IS DISTINCT FROM lower($4)) AND NOT coalesce(("cnt" > CAST($5 AS BIGINT)), false)))`) {
		t.Error(s)
	}
	o.Exclude = []Search{good, bad}
	_, err = q.Plan(testSchema(t), o)
	if ps := problems(err); len(ps) != 1 || !strings.Contains(ps[0].Message, "exception 2: ") || !strings.Contains(ps[0].Hint, "@actor") {
		t.Error(err)
	}
	if ps := problems(PlanSearch(bad, testSchema(t), o)); len(ps) != 1 || ps[0].Span.End != 6 {
		t.Error(ps)
	}
}
