// What the planner refuses in joins, WITH, set operations, subqueries, windows,
// lambdas, UNNEST and times in a zone.

package query

import (
	"fmt"
	"strings"
	"testing"
)

func TestPlanErrorsOfSources(t *testing.T) {
	checkPlanErrors(t, []planError{
		// joins
		{`* | SELECT a.name FROM log l JOIN accounts a ON l.accont = a.account`, []string{"l.accont|no field accont|did you mean @account?"}},
		{`* | SELECT a.nam FROM log l JOIN accounts a ON l.@account = a.account`, []string{"a.nam|the table accounts has no field nam|did you mean name?"}},
		{`* | SELECT eventName FROM log a JOIN log b ON a.cnt = b.cnt`, []string{"eventName|eventName is in more than one of the sources|write a.eventName or b.eventName"}},
		{`* | SELECT n FROM (SELECT cnt AS n FROM log) JOIN (SELECT cnt AS n FROM log) ON 1 = 1`, []string{"n|n is in more than one of the sources|write an alias.n"}},
		{`* | SELECT count(*) AS n FROM log l JOIN accounts a ON account = 'x' AND cnt`, []string{"cnt|this is integer, not a condition|compare"}},
		{`* | SELECT count(*) AS n FROM log JOIN accounts ON eventName > criticality`, []string{"eventName > criticality|text is compared with integer|quotes"}},
		{`* | SELECT count(*) AS n FROM log JOIN accounts ON count(*) > 1`, []string{"count(*)|cannot stand in ON|"}},
		{`* | SELECT count(*) AS n FROM log JOIN accounts ON row_number() OVER () = 1`, []string{"row_number() OVER ()|a window cannot stand in ON|further stage"}},
		{`* | SELECT count(*) AS n FROM log l JOIN accounts a ON l.@account IN (SELECT account FROM accounts)`, []string{"l.@account IN (SELECT account FROM accounts)|a subquery in ON|WHERE"}},
		{`* | SELECT count(*) AS n FROM log l FULL JOIN accounts a ON l.@account > a.account`, []string{"FULL JOIN accounts a ON l.@account > a.account|equal columns only|ON a.x = b.y"}},
		{`* | SELECT count(*) AS n FROM log l FULL JOIN accounts a ON l.@account = a.account OR l.cnt = 1`, []string{"FULL JOIN accounts a ON l.@account = a.account OR l.cnt = 1|equal columns only|AND"}},
		{`* | SELECT count(*) AS n FROM log JOIN accounts USING (account)`, []string{"account|both sides have, and account is none|ON a.x = b.y"}},
		{`* | SELECT count(*) AS n FROM (SELECT cnt AS account FROM log) JOIN accounts USING (account)`, []string{"account|integer is compared with text|try_cast"}},
		{`* | SELECT count(*) AS n FROM log a JOIN accounts a ON 1 = 1`, []string{"accounts a|two sources are named a|a AS b"}},
		{`* | SELECT count(*) AS n FROM log JOIN log ON 1 = 1`, []string{"log|two sources are named log|log AS b"}},
		{`* | SELECT count(*) AS n FROM log JOIN accounts findings ON 1 = 1`, []string{"findings|findings is the name of a logstore|another alias"}},
		{`* | SELECT count(*) AS n FROM log JOIN nosuch ON 1 = 1`, []string{"nosuch|there is no logstore nosuch|accounts"}},
		{`* | SELECT x.* FROM log l JOIN accounts a ON 1 = 1`, []string{"x|no source is named x|did you mean l?"}},
		{`* | SELECT acounts.* FROM log JOIN accounts ON 1 = 1`, []string{"acounts|no source is named acounts|did you mean accounts?"}},
		{`* | SELECT a.*, b.* FROM accounts a JOIN accounts b ON a.name = b.name`, []string{
			"b.*|two columns of the result are named account|AS", "b.*|two columns of the result are named name|AS",
			"b.*|two columns of the result are named owner|AS", "b.*|two columns of the result are named criticality|AS",
		}},
		{`* | SELECT x FROM accounts AS a (x, y)`, []string{"x|has no field x|", "x|the columns of a logstore have their names|leave the list out"}},
		{`* | SELECT x FROM (SELECT cnt FROM log) AS t (x, y)`, []string{"x|there is no column x|cnt", "x|the query gives 1 columns, and 2 are named|"}},
		{`eventName:x | SELECT name FROM accounts`, []string{"eventName:x|which the statement does not read|WHERE"}},
		{`* | SELECT eventName | SELECT name FROM accounts`, []string{"accounts|reads the rows of the one before|leave FROM out"}},
		// WITH
		{`* | WITH log AS (SELECT 1 AS a FROM accounts) SELECT a FROM log`, []string{"log|log is the name of a logstore|another alias"}},
		{`* | WITH findings AS (SELECT 1 AS a FROM log) SELECT a FROM findings`, []string{"findings|is the name of a logstore|"}},
		{`* | WITH t (a, b) AS (SELECT cnt FROM log) SELECT cnt FROM t`, []string{"a|gives 1 columns, and 2 are named|"}},
		{`* | WITH a AS (SELECT x FROM b), b AS (SELECT 1 AS x FROM log) SELECT x FROM a`, []string{"b|there is no logstore b|"}},
		{`* | WITH a AS (SELECT x FROM a) SELECT x FROM a`, []string{"a|there is no logstore a|"}},
		{`* | WITH a AS (SELECT nosuch FROM log) SELECT 1 AS x FROM a, a AS b`, []string{"nosuch|no field nosuch|"}},
		{`* | SELECT x FROM (WITH a AS (SELECT 1 AS x FROM log) SELECT x FROM a) JOIN a ON 1 = 1`, []string{"a|there is no logstore a|"}},
		// UNNEST
		{`* | SELECT x FROM UNNEST(ARRAY[1]) AS t(x)`, []string{"UNNEST(ARRAY[1]) AS t(x)|UNNEST without a source before it|FROM log CROSS JOIN"}},
		{`* | SELECT x FROM log JOIN UNNEST(ARRAY[1]) AS t(x) ON x = 1`, []string{"JOIN UNNEST(ARRAY[1]) AS t(x) ON x = 1|CROSS JOIN, or by LEFT JOIN|WHERE"}},
		{`* | SELECT x FROM log LEFT JOIN UNNEST(ARRAY[1]) AS t(x) ON x = 1`, []string{"LEFT JOIN UNNEST(ARRAY[1]) AS t(x) ON x = 1|CROSS JOIN, or by LEFT JOIN|WHERE"}},
		{`* | SELECT x FROM log CROSS JOIN UNNEST(eventName) AS t(x)`, []string{"eventName|this is text, not an array|split(a, ',')"}},
		{`* | SELECT x FROM log CROSS JOIN UNNEST(resources) AS t(x)`, []string{"resources|JSON is not unnested as it is|array(varchar)"}},
		{`* | SELECT x FROM log CROSS JOIN UNNEST(ARRAY[1], ARRAY[2]) AS t(x)`, []string{"x|UNNEST gives 2 columns here, and 1 are named|"}},
		{`* | SELECT x FROM log CROSS JOIN UNNEST(ARRAY[1]) WITH ORDINALITY AS t(x)`, []string{"x|UNNEST gives 2 columns here, and 1 are named|"}},
		{`* | SELECT x FROM log l CROSS JOIN UNNEST(ARRAY[1]) AS l(x)`, []string{"UNNEST(ARRAY[1]) AS l(x)|two sources are named l|another name"}},
		{`* | SELECT v FROM log CROSS JOIN UNNEST(array_agg(cnt)) AS t(v)`, []string{"array_agg(cnt)|cannot stand in UNNEST|"}},
	})
}

func TestPlanErrorsOfQueriesInQueries(t *testing.T) {
	checkPlanErrors(t, []planError{
		// set operations
		{`* | SELECT cnt FROM log UNION SELECT cnt, score FROM log`, []string{"UNION SELECT cnt, score FROM log|have 1 and 2 columns|same number"}},
		{`* | SELECT cnt FROM log EXCEPT SELECT eventName FROM log`, []string{"EXCEPT SELECT eventName FROM log|this is text, the values before are integer|cast(… AS varchar)"}},
		{`* | GROUP BY eventName UNION SELECT eventName, cnt FROM log`, []string{"GROUP BY eventName UNION SELECT eventName, cnt FROM log|a set operation joins SELECTs|UNION ALL"}},
		{`* | SELECT eventName FROM log UNION SELECT eventName FROM log ORDER BY cnt`, []string{"cnt|there is no column cnt|eventName"}},
		{`* | SELECT nosuch FROM log UNION SELECT nosuch2 FROM log`, []string{"nosuch|no field nosuch|", "nosuch2|no field nosuch2|"}},
		{`* | SELECT @time AT TIME ZONE 'Asia/Tokyo' AS t FROM log UNION SELECT @time FROM log`, []string{"UNION SELECT @time FROM log|times in different zones|cast(… AS timestamp)"}},
		// subqueries
		{`* | SELECT (SELECT name, owner FROM accounts) AS x`, []string{"SELECT name, owner FROM accounts|gives one column, not 2|select the one"}},
		{`* | SELECT cnt IN (SELECT name, owner FROM accounts) AS x`, []string{"SELECT name, owner FROM accounts|gives one column, not 2|"}},
		{`* | SELECT cnt IN (SELECT name FROM accounts) AS x`, []string{"SELECT name FROM accounts|integer is compared with text|try_cast"}},
		{`* | SELECT sum((SELECT count(*) FROM accounts)) AS x`, []string{"SELECT count(*) FROM accounts|a subquery in an aggregate|FROM"}},
		{`* | SELECT count(*) FILTER (WHERE EXISTS (SELECT 1 FROM accounts)) AS x`, []string{"SELECT 1 FROM accounts|a subquery in an aggregate|"}},
		{`* | SELECT row_number() OVER (ORDER BY (SELECT 1 FROM accounts)) AS x`, []string{"SELECT 1 FROM accounts|a subquery in a window|"}},
		{`* | SELECT count(*) AS n GROUP BY (SELECT 1 FROM accounts)`, []string{"SELECT 1 FROM accounts|a subquery in GROUP BY|"}},
		{`* | SELECT any_match(split(eventName, 'e'), x -> EXISTS (SELECT 1 FROM accounts)) AS x`, []string{"SELECT 1 FROM accounts|a subquery in a lambda|"}},
		{`* | SELECT eventName WHERE (SELECT count(*) FROM accounts)`, []string{"(SELECT count(*) FROM accounts)|this is integer, not a condition|"}},
		{`* | SELECT eventName WHERE EXISTS (SELECT nosuch FROM accounts)`, []string{"nosuch|the table accounts has no field nosuch|"}},
		{`* | SELECT (SELECT max(criticality) FROM accounts WHERE account = @account GROUP BY owner) AS x`, []string{"SELECT max(criticality) FROM accounts WHERE account = @account GROUP BY owner|has no GROUP BY|WHERE only"}},
		{`* | SELECT EXISTS (SELECT 1 FROM accounts WHERE account = @account LIMIT 1) AS x`, []string{"SELECT 1 FROM accounts WHERE account = @account LIMIT 1|has no GROUP BY, HAVING, DISTINCT, LIMIT|join the two"}},
		{`* | SELECT EXISTS (SELECT DISTINCT name FROM accounts WHERE account = @account) AS x`, []string{"SELECT DISTINCT name FROM accounts WHERE account = @account|DISTINCT|"}},
		{`* | SELECT EXISTS (SELECT 1 FROM accounts WHERE account = @account UNION SELECT 1 FROM accounts) AS x`, []string{"SELECT 1 FROM accounts WHERE account = @account UNION SELECT 1 FROM accounts|set operation|"}},
		{`* | SELECT (SELECT max(criticality + cnt) FROM accounts) AS x`, []string{"SELECT max(criticality + cnt) FROM accounts|outside of its WHERE|"}},
		{`* | SELECT EXISTS (SELECT 1 FROM accounts WHERE any_match(split(name, 'a'), x -> x = eventName)) AS x`, []string{"SELECT 1 FROM accounts WHERE any_match(split(name, 'a'), x -> x = eventName)|inside a lambda|join"}},
		{`* | SELECT EXISTS (SELECT cnt FROM accounts) AS x`, []string{"SELECT cnt FROM accounts|outside of its WHERE|"}},
		{`* | SELECT EXISTS (SELECT 1 FROM accounts a JOIN findings f ON a.account = cnt) AS x`, []string{"cnt|the table accounts has no field cnt|"}},
		{`* | SELECT cnt IN (SELECT requestParameters.size FROM log) AS x`, []string{"SELECT requestParameters.size FROM log|integer is looked for in JSON|cast"}},
		{`* | SELECT (SELECT name FROM accounts WHERE account = @account) AS x`, []string{"SELECT name FROM accounts WHERE account = @account|may give more than one row|arbitrary(x)"}},
		{`* | SELECT @account, (SELECT max(name) FROM accounts WHERE account = log.eventName) AS x, count(*) AS n GROUP BY @account`, []string{"log.eventName|neither grouped nor aggregated|arbitrary(eventName)"}},
	})
}

func TestPlanErrorsOfCallsOverRows(t *testing.T) {
	checkPlanErrors(t, []planError{
		// windows
		{`* | SELECT eventName WHERE row_number() OVER (ORDER BY cnt) = 1`, []string{"row_number() OVER (ORDER BY cnt)|a window cannot stand in WHERE|further stage"}},
		{`* | SELECT count(*) AS n GROUP BY row_number() OVER (ORDER BY cnt)`, []string{"row_number() OVER (ORDER BY cnt)|a window cannot stand in GROUP BY|"}},
		{`* | SELECT row_number() OVER (ORDER BY cnt) AS r, count(*) AS n GROUP BY r`, []string{"cnt|cnt is neither grouped|", "r|GROUP BY cannot stand on a window|further stage"}},
		{`* | SELECT eventSource, count(*) AS n GROUP BY eventSource HAVING rank() OVER (ORDER BY count(*)) = 1`, []string{"rank() OVER (ORDER BY count(*))|cannot stand in HAVING|"}},
		{`* | SELECT sum(row_number() OVER ()) AS n`, []string{"row_number() OVER ()|cannot stand in an aggregate|"}},
		{`* | SELECT sum(sum(cnt) OVER ()) OVER () AS n`, []string{"sum(cnt) OVER ()|cannot stand in a window|"}},
		{`* | SELECT lower(eventName) OVER () AS n`, []string{"lower(eventName) OVER ()|lower has no OVER|row_number"}},
		{`* | SELECT row_number() AS n`, []string{"row_number()|row_number needs OVER|PARTITION BY"}},
		{`* | SELECT count(DISTINCT cnt) OVER () AS n`, []string{"count(DISTINCT cnt) OVER ()|DISTINCT and ORDER BY inside the call|OVER (… ORDER BY …)"}},
		{`* | SELECT sum(cnt) IGNORE NULLS OVER () AS n`, []string{"sum(cnt) IGNORE NULLS OVER ()|IGNORE NULLS is for|"}},
		{`* | SELECT lag(cnt) FILTER (WHERE cnt > 1) OVER (ORDER BY cnt) AS n`, []string{"cnt > 1|FILTER is for aggregates|"}},
		{`* | SELECT rank() OVER () AS n`, []string{"OVER ()|rank needs ORDER BY|ORDER BY n DESC"}},
		{`* | SELECT row_number() OVER (ORDER BY split(eventName, 'e')) AS n`, []string{"split(eventName, 'e')|an array of text has no order|one of its values"}},
		{`* | SELECT ntile(0) OVER (ORDER BY cnt) AS n`, []string{"0|ntile takes a number of at least 1|"}},
		{`* | SELECT ntile(cnt) OVER (ORDER BY cnt) AS n`, []string{"cnt|is a constant number|ntile(", "cnt|ntile takes a number|"}},
		{`* | SELECT lag(cnt, -1) OVER (ORDER BY cnt) AS n`, []string{"-1|lag takes a number of rows that is not negative|lag("}},
		{`* | SELECT nth_value(cnt, 0) OVER (ORDER BY cnt) AS n`, []string{"0|nth_value takes a number of rows|"}},
		{`* | SELECT lag(cnt, 1, 'x') OVER (ORDER BY cnt) AS n`, []string{"'x'|this is text, the values before are integer|cast"}},
		{`* | SELECT array_agg(cnt) OVER (ORDER BY cnt) AS n`, []string{"array_agg(cnt) OVER (ORDER BY cnt)|array_agg has no OVER|earlier stage"}},
		{`* | SELECT min(cnt, 2) OVER () AS n`, []string{"min(cnt, 2) OVER ()|min with a number has no OVER|row_number()"}},
		{`* | SELECT max(split(eventName, 'e')) OVER () AS n`, []string{"split(eventName, 'e')|max does not take array of text|UNNEST"}},
		{`* | SELECT skewness(cnt) OVER () AS n`, []string{"skewness(cnt) OVER ()|skewness has no OVER|"}},
		{`* | SELECT count(*) OVER (PARTITION BY map(ARRAY['x'], ARRAY[cnt])) AS n`, []string{"map(ARRAY['x'], ARRAY[cnt])|maps are not compared|element_at"}},
		{`* | SELECT max_by(cnt, score) OVER () AS n`, []string{"max_by(cnt, score) OVER ()|max_by has no OVER|"}},
		{`* | SELECT sum(cnt) OVER (ORDER BY cnt RANGE BETWEEN 1 PRECEDING AND CURRENT ROW) AS n`, []string{"RANGE BETWEEN 1 PRECEDING AND CURRENT ROW|RANGE with a distance|ROWS"}},
		{`* | SELECT sum(cnt) OVER (GROUPS BETWEEN 1 PRECEDING AND CURRENT ROW) AS n`, []string{"GROUPS BETWEEN 1 PRECEDING AND CURRENT ROW|GROUPS needs ORDER BY|"}},
		{`* | SELECT sum(cnt) OVER (ORDER BY cnt ROWS BETWEEN CURRENT ROW AND 1 PRECEDING) AS n`, []string{"ROWS BETWEEN CURRENT ROW AND 1 PRECEDING|the frame ends before it begins|"}},
		{`* | SELECT sum(cnt) OVER (ORDER BY cnt ROWS BETWEEN 1 PRECEDING AND 2 PRECEDING) AS n`, []string{"ROWS BETWEEN 1 PRECEDING AND 2 PRECEDING|the frame ends before it begins|"}},
		{`* | SELECT sum(cnt) OVER (ORDER BY cnt ROWS BETWEEN 2 FOLLOWING AND 1 FOLLOWING) AS n`, []string{"ROWS BETWEEN 2 FOLLOWING AND 1 FOLLOWING|the frame ends before it begins|"}},
		{`* | SELECT sum(cnt) OVER (ORDER BY cnt ROWS UNBOUNDED FOLLOWING) AS n`, []string{"ROWS UNBOUNDED FOLLOWING|the frame|"}},
		{`* | SELECT row_number() OVER (ORDER BY cnt ROWS UNBOUNDED PRECEDING) AS n`, []string{"ROWS UNBOUNDED PRECEDING|row_number takes no frame|remove"}},
		{`* | SELECT first_value(cnt) OVER (ORDER BY eventSource GROUPS 1 PRECEDING) AS n`, []string{"GROUPS 1 PRECEDING|which of equal rows comes first|ROWS"}},
		{`* | SELECT sum(cnt) OVER (ORDER BY cnt ROWS cnt PRECEDING) AS n`, []string{"cnt|a distance is a number of rows|3 PRECEDING"}},
		{`* | SELECT sum(cnt) OVER (ORDER BY cnt ROWS 2000000 PRECEDING) AS n`, []string{"2000000|a distance is a number of rows|"}},
		{`* | SELECT sum(cnt) AS s, sum(cnt) OVER () AS t`, []string{"cnt|cnt is neither grouped nor aggregated|"}},
		// lambdas
		{`* | SELECT x -> x`, []string{"x -> x|a lambda stands here|any_match"}},
		{`* | SELECT lower(x -> x)`, []string{"x -> x|a lambda stands here|"}},
		{`* | SELECT any_match(split(eventName, 'e'), 'x') AS a`, []string{"'x'|a lambda is expected here|x -> x > 1"}},
		{`* | SELECT any_match(split(eventName, 'e'), (x, y) -> x = y) AS a`, []string{"(x, y) -> x = y|takes 1 parameters|x -> …"}},
		{`* | SELECT reduce(ARRAY[1], 0, x -> x, s -> s) AS a`, []string{"x -> x|takes 2 parameters|(k, v) -> …"}},
		{`* | SELECT any_match(eventName, x -> x = 'a') AS a`, []string{"eventName|any_match does not take text here|any_match(array"}},
		{`* | SELECT any_match(split(eventName, 'e'), x -> x) AS a`, []string{"x -> x|this is text, not a condition|compare"}},
		{`* | SELECT filter(ARRAY[1], x -> x + 1) AS a`, []string{"x -> x + 1|this is integer, not a condition|"}},
		{`* | SELECT any_match(split(eventName, 'e'), x -> y = 'a') AS a`, []string{"y|no field y|"}},
		{`* | SELECT any_match(split(eventName, 'e'), x -> x > 5) AS a`, []string{"x > 5|text is compared with integer|"}},
		{`* | SELECT any_match(split(eventName, 'e'), x -> count(*) > 5) AS a`, []string{"count(*)|cannot stand in a lambda|"}},
		{`* | SELECT any_match(split(eventName, 'e'), x -> row_number() OVER () > 5) AS a`, []string{"row_number() OVER ()|cannot stand in a lambda|"}},
		{`* | SELECT any_match(split(eventName, 'e'), x -> any_match(split(x, 'a'), y -> y = x)) AS a`, []string{"any_match(split(x, 'a'), y -> y = x)|a lambda inside a lambda|earlier stage"}},
		{`* | SELECT transform(ARRAY[ARRAY[ARRAY[1]]], x -> ARRAY[x]) AS a`, []string{"x -> ARRAY[x]|is not in the language|"}},
		{`* | SELECT transform(ARRAY[@time], t -> t AT TIME ZONE 'Asia/Tokyo') AS a`, []string{"t -> t AT TIME ZONE 'Asia/Tokyo'|a time in a zone is formatted|date_format"}},
		{`* | SELECT reduce(ARRAY['a'], '', (s, x) -> s || x, s -> s) AS a`, []string{"''|reduce starts with a number, a boolean or a time|array_join"}},
		{`* | SELECT reduce(ARRAY['a'], 0, (s, x) -> x, s -> s) AS a`, []string{"(s, x) -> x|the step gives text, and the start is integer|cast"}},
		{`* | SELECT reduce(ARRAY[1], 0, 1, s -> s) AS a`, []string{"1|a lambda is expected here|"}},
		{`* | SELECT filter(DISTINCT ARRAY[1], x -> x > 1)`, []string{"filter(DISTINCT ARRAY[1], x -> x > 1)|filter is no aggregate|"}},
		{`* | SELECT any_match(split(eventName, 'e'))`, []string{"any_match(split(eventName, 'e'))|does not take 1 arguments|any_match(array"}},
		// maps
		{`* | SELECT histogram(cnt) = histogram(cnt) AS h`, []string{"histogram(cnt) = histogram(cnt)|maps are not compared|element_at"}},
		{`* | SELECT DISTINCT map(ARRAY['x'], ARRAY[cnt]) AS m`, []string{"map(ARRAY['x'], ARRAY[cnt]) AS m|maps are not compared, which DISTINCT needs|element_at"}},
		{`* | SELECT map(ARRAY['x'], ARRAY[cnt]) AS m, count(*) AS n GROUP BY m`, []string{"m|a map is no group|element_at"}},
		{`* | SELECT count(DISTINCT map(ARRAY['x'], ARRAY[cnt])) AS n`, []string{"map(ARRAY['x'], ARRAY[cnt])|count does not take map of text to integer|UNNEST"}},
		{`* | SELECT histogram(cnt) AS h ORDER BY h`, []string{"h|a map of integer to integer has no order|"}},
		{`* | SELECT histogram(cnt) AS h FROM log UNION SELECT histogram(cnt) FROM log`, []string{"UNION SELECT histogram(cnt) FROM log|maps are not compared, which UNION needs|UNION ALL"}},
		{`* | SELECT histogram(eventName)[5] AS h`, []string{"5|text is compared with integer|"}},
		// times in a zone
		{`* | SELECT @time AT TIME ZONE 'Mars/Phobos' AS a`, []string{"'Mars/Phobos'|no time zone Mars/Phobos|Europe/Berlin"}},
		{`* | SELECT @time AT TIME ZONE 'Local' AS a`, []string{"'Local'|no time zone Local|"}},
		{`* | SELECT @time AT TIME ZONE eventName AS a`, []string{"eventName|a time zone is a constant|"}},
		{`* | SELECT readOnly AT TIME ZONE 'UTC' AS a`, []string{"readOnly|this is boolean, not a time|"}},
		{`* | SELECT max(@time AT TIME ZONE 'Asia/Tokyo') AS a`, []string{"@time AT TIME ZONE 'Asia/Tokyo'|formatted, cut or taken apart|"}},
		{`* | SELECT coalesce(@time AT TIME ZONE 'Asia/Tokyo', @time) AS a`, []string{"@time AT TIME ZONE 'Asia/Tokyo'|formatted, cut or taken apart|"}},
		{`* | SELECT (@time AT TIME ZONE 'Asia/Tokyo') || 'x' AS a`, []string{"@time AT TIME ZONE 'Asia/Tokyo'|formatted|date_format"}},
		{`* | SELECT cast(@time AT TIME ZONE 'Asia/Tokyo' AS varchar) AS a`, []string{"cast(@time AT TIME ZONE 'Asia/Tokyo' AS varchar)|is cast to timestamp or date|date_format"}},
		{`* | SELECT date_diff('day', @time AT TIME ZONE 'Asia/Tokyo', now()) AS a`, []string{"@time AT TIME ZONE 'Asia/Tokyo'|date_diff does not take a time in a zone|"}},
		{`* | SELECT date_add('day', 1, @time AT TIME ZONE 'Asia/Tokyo') AS a`, []string{"@time AT TIME ZONE 'Asia/Tokyo'|date_add does not take a time in a zone|"}},
	})
}

// TestPlanReadsAreFew: a statement that names too many sources, or nests too
// deep, is refused once, with a place.
func TestPlanReadsAreFew(t *testing.T) {
	doubled := func(n int) string {
		var b strings.Builder
		b.WriteString("* | WITH t0 AS (SELECT cnt FROM log)")
		for i := range n {
			fmt.Fprintf(&b, ", t%d AS (SELECT a.cnt FROM t%d a JOIN t%d b ON a.cnt = b.cnt)", i+1, i, i)
		}
		fmt.Fprintf(&b, " SELECT count(*) AS n FROM t%d", n)
		return b.String()
	}
	nested := func(n int) string {
		return "* | SELECT cnt FROM " + strings.Repeat("(SELECT cnt FROM ", n) + "log" + strings.Repeat(")", n)
	}
	for _, c := range []struct {
		query, want string
	}{
		{doubled(4), ""},
		{doubled(30), "more than 100 sources"},
		{"* | SELECT 1 AS x FROM log" + strings.Repeat(", (SELECT 2 AS y FROM accounts)", 200), "more than 100 sources"},
		{"* | SELECT cnt FROM log" + strings.Repeat(" UNION ALL SELECT cnt FROM log", 98), ""},
		{"* | SELECT cnt FROM log" + strings.Repeat(" UNION ALL SELECT cnt FROM log", 200), "more than 100 sources"},
		{nested(40), ""},
		{nested(80), "nested more than 60 deep"},
	} {
		_, err := planOf(t, "cloudtrail", c.query)
		found := 0
		for _, p := range problems(err) {
			if strings.Contains(p.Message, c.want) && c.want != "" {
				found++
			}
		}
		if (err == nil) != (c.want == "") || c.want != "" && found != 1 {
			t.Errorf("%s: %v", cut(c.query), err)
		}
	}
}
