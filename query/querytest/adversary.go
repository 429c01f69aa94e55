// 64 KiB that mean harm: what nests, doubles, or grows with the square of its
// length somewhere on the way.

package querytest

import (
	"fmt"
	"strings"
)

// AdversarySize is how long each text of Adversaries is at most.
const AdversarySize = 64 << 10

// upTo is head, as many parts as fit, and tail; each part knows its number.
func upTo(head string, part func(i int) string, tail string) string {
	var b strings.Builder
	b.WriteString(head)
	for i := 0; ; i++ {
		p := part(i)
		if b.Len()+len(p)+len(tail) > AdversarySize {
			break
		}
		b.WriteString(p)
	}
	b.WriteString(tail)
	return b.String()
}

// inside is n times open, the core, and n times end.
func inside(n int, open, core, end string) string {
	return strings.Repeat(open, n) + core + strings.Repeat(end, n)
}

// times is a part so many times; each knows its number.
func times(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

func always(s string) func(int) string { return func(int) string { return s } }

func counted(format string) func(int) string {
	return func(i int) string { return fmt.Sprintf(format, i) }
}

// Adversaries are texts of queries by name.
func Adversaries() map[string]string {
	all := map[string]string{
		"brackets":            "* | SELECT " + inside(32000, "(", "cnt", ")") + " AS x",
		"brackets, as deep":   "* | SELECT " + inside(199, "(", "cnt", ")") + " AS x",
		"brackets in rows":    upTo("* | SELECT 1 AS x WHERE true", always(" AND "+inside(150, "(", "cnt = 1", ")")), ""),
		"search brackets":     inside(32000, "(", "a", ")"),
		"search and or":       upTo("a", always(" and (b or not c)"), ""),
		"search words":        upTo("", always("a "), ""),
		"search unknown":      upTo("", counted("eventNam%d:x and "), "x"),
		"search paths":        upTo("requestParameters", always(".a"), ":x"),
		"search values":       upTo("eventName:(a", counted(" or v%d"), ")"),
		"search wildcards":    upTo("eventName:", always("*?a"), ""),
		"search stars":        upTo("eventName:", always("*"), "a"),
		"search networks":     upTo("sourceIPAddress in 10.0.0.0/8", always(" or sourceIPAddress in 2001:db8::/32"), ""),
		"search lists":        upTo("sourceIPAddress in $office", always(" or sourceIPAddress in $office"), ""),
		"search phrases":      upTo(`#"a"`, always(` not #"a b"`), ""),
		"half-open intervals": upTo("", always("cnt:(1 2] "), ""),
		"open groups":         upTo("", always("cnt:(1 "), ""),
		"one text":            upTo("* | SELECT '", always("x"), "' AS x"),
		"one name":            upTo("* | SELECT ", always("x"), " AS x"),
		"letters":             upTo("* | SELECT '", always("𝒳é̂\u202e検﷽"), "' AS x"),
		"names of letters":    upTo("* | SELECT ", always("検査é"), ""),
		"words of letters":    upTo("", always("ΣΊΣΥΦΟΣ İ "), ""),
		"quotes":              upTo("* | SELECT '", always("''"), "' AS x"),
		"comments":            upTo("* | SELECT 1 AS x ", always("/* */"), ""),
		"LIKE":                upTo("* | SELECT eventName LIKE '", always("%_"), "' AS x"),
		"many LIKE":           upTo("* | SELECT 1 AS x WHERE true", always(" AND eventName LIKE '%a%b%'"), ""),
		"regular expression":  upTo("* | SELECT regexp_like(eventName, '", always("(a*)*"), "') AS x"),
		"repetitions":         "* | SELECT regexp_like(eventName, '" + strings.Repeat("(", 60) + "a" + strings.Repeat("{9}){9}", 60) + "') AS x",
		"JSON path":           upTo("* | SELECT json_extract(requestParameters, '$", always(".a"), "') AS x"),
		"AND":                 upTo("* | SELECT 1 AS x WHERE cnt = 1", always(" AND cnt = 1"), ""),
		"OR of mistakes":      upTo("* | SELECT 1 AS x WHERE cnt = 1", counted(" OR nosuch%d = 1"), ""),
		"plus":                upTo("* | SELECT 1", always("+1"), " AS x"),
		"concat":              upTo("* | SELECT 'a'", always("||'a'"), " AS x"),
		"concat of fields":    upTo("* | SELECT eventName", always("||eventName"), " AS x"),
		"IN":                  upTo("* | SELECT cnt IN (0", counted(",%d"), ") AS x"),
		"CASE":                upTo("* | SELECT CASE", counted(" WHEN cnt = %d THEN 1"), " END AS x"),
		"CASE in CASE":        "* | SELECT " + inside(190, "CASE WHEN true THEN ", "1", " END") + " AS x",
		"functions":           "* | SELECT " + inside(190, "lower(", "eventName", ")") + " AS x",
		"greatest":            "* | SELECT " + inside(190, "greatest(1, ", "cnt", ")") + " AS x",
		"columns":             upTo("* | SELECT 1 AS c", counted(", cnt + %[1]d AS c%[1]d"), ""),
		"groups":              upTo("* | SELECT count(*) AS n GROUP BY cnt", counted(", cnt + %d"), ""),
		"groups and columns":  upTo("* | SELECT count(*) AS n", counted(", cnt + %[1]d AS c%[1]d"), " GROUP BY "+strings.TrimPrefix(upTo("", func(i int) string { return fmt.Sprintf(", c%d", i%900) }, "")[:20000], ", ")),
		"orders":              upTo("* | SELECT cnt ORDER BY cnt", counted(", cnt + %d"), ""),
		"aggregates":          upTo("* | SELECT count(*) AS n", counted(", sum(cnt + %[1]d) AS c%[1]d"), ""),
		"duplicate names":     upTo("* | SELECT cnt", always(", cnt"), ""),
		"stages":              upTo("*", always(" | LIMIT 1"), ""),
		"stages that double":  upTo("*", always(" | SELECT cnt + cnt AS cnt"), ""),
		"stages of stars":     upTo("*", always(" | SELECT *"), ""),
		"stages of windows":   upTo("*", always(" | SELECT lag(cnt) OVER (ORDER BY cnt) AS cnt"), ""),
	}
	for name, text := range relationAdversaries() {
		all[name] = text
	}
	return all
}

func relationAdversaries() map[string]string {
	return map[string]string{
		"commas":               upTo("* | SELECT 1 AS x FROM log", counted(", log a%d"), ""),
		"joins":                upTo("* | SELECT 1 AS x FROM log", counted(" JOIN log a%[1]d ON a%[1]d.cnt = log.cnt"), ""),
		"ninety joins":         "* | SELECT log.cnt FROM log" + times(90, " JOIN log a%[1]d ON a%[1]d.__seq__ = log.__seq__"),
		"rows without end":     "* | SELECT log.cnt FROM log" + times(90, " JOIN log a%[1]d ON a%[1]d.eventSource = log.eventSource"),
		"ninety stars":         "* | SELECT * FROM log" + times(90, " JOIN log a%[1]d ON a%[1]d.cnt = log.cnt"),
		"USING":                upTo("* | SELECT 1 AS x FROM accounts", counted(" JOIN accounts a%d USING (account)"), ""),
		"long ON":              upTo("* | SELECT 1 AS x FROM log a JOIN log b ON a.cnt = b.cnt", always(" AND a.cnt = b.cnt"), ""),
		"sources in brackets":  "* | SELECT cnt FROM " + inside(190, "(SELECT cnt FROM ", "log", ")"),
		"stars in brackets":    "* | " + inside(55, "SELECT * FROM (", "SELECT * FROM log", ")"),
		"WITH":                 upTo("* | WITH w AS (SELECT cnt FROM log)", counted(", w%d AS (SELECT cnt FROM w)"), " SELECT cnt FROM w"),
		"WITH in a row":        upTo("* | WITH w0 AS (SELECT cnt FROM log)", func(i int) string { return fmt.Sprintf(", w%d AS (SELECT cnt FROM w%d)", i+1, i) }, " SELECT cnt FROM w900"),
		"WITH that doubles":    upTo("* | WITH w0 AS (SELECT cnt FROM log)", func(i int) string { return fmt.Sprintf(", w%d AS (SELECT a.cnt FROM w%d a, w%d b)", i+1, i, i) }, " SELECT cnt FROM w500"),
		"WITH used often":      upTo("* | WITH w AS (SELECT cnt FROM log) SELECT 1 AS x FROM w", counted(", w a%d"), ""),
		"WITH inside WITH":     "* | " + inside(190, "WITH w AS (", "SELECT cnt FROM log", ") SELECT cnt FROM w"),
		"unused, wrong WITH":   upTo("* | WITH w AS (SELECT nosuch FROM log)", counted(", w%d AS (SELECT nosuch FROM w)"), " SELECT cnt FROM log"),
		"UNION":                upTo("* | SELECT cnt FROM log", always(" UNION ALL SELECT cnt FROM log"), ""),
		"UNION of stages":      upTo("* | SELECT cnt | SELECT cnt", always(" UNION SELECT cnt"), ""),
		"INTERSECT EXCEPT":     upTo("* | SELECT cnt FROM log", always(" INTERSECT SELECT cnt FROM log EXCEPT SELECT 1 FROM log"), ""),
		"UNION in brackets":    "* | " + inside(190, "(SELECT cnt FROM log UNION ", "SELECT cnt FROM log", ")"),
		"windows":              upTo("* | SELECT 1 AS x", counted(", row_number() OVER (PARTITION BY eventName ORDER BY cnt) AS w%d"), ""),
		"one long window":      upTo("* | SELECT row_number() OVER (PARTITION BY cnt", counted(", cnt + %d"), ") AS w"),
		"windows over groups":  upTo("* | SELECT cnt", counted(", sum(count(*)) OVER (ORDER BY cnt) AS w%d"), " GROUP BY cnt"),
		"lambdas":              upTo("* | SELECT 1 AS x", counted(", any_match(split(eventName, 'e'), x -> x = 'a') AS w%d"), ""),
		"lambda in lambda":     "* | SELECT " + inside(190, "any_match(split(eventName, 'e'), x -> ", "true", ")") + " AS x",
		"filters of filters":   "* | SELECT " + inside(190, "filter(", "split(eventName, 'e')", ", x -> x = 'a')") + " AS x",
		"UNNEST":               upTo("* | SELECT 1 AS x FROM log", counted(" CROSS JOIN UNNEST(ARRAY[1]) AS t%[1]d (x%[1]d)"), ""),
		"UNNEST of many":       upTo("* | SELECT 1 AS x FROM log CROSS JOIN UNNEST(ARRAY[1]", always(", ARRAY[1]"), ")"),
		"subqueries":           upTo("* | SELECT 1 AS x WHERE true", always(" AND cnt IN (SELECT cnt FROM log)"), ""),
		"correlated":           upTo("* | SELECT 1 AS x FROM log l WHERE true", always(" AND EXISTS (SELECT 1 FROM accounts WHERE account = l.eventName)"), ""),
		"subqueries inside":    "* | SELECT " + inside(190, "(SELECT max(cnt) FROM log WHERE cnt = ", "1", ")") + " AS x",
		"correlated, one deep": "* | SELECT 1 AS x FROM log WHERE " + inside(55, "EXISTS (SELECT 1 FROM log l WHERE l.cnt = log.cnt AND ", "true", ")"),
		"arrays":               "* | SELECT " + inside(190, "ARRAY[", "1", "]") + " AS x",
		"long array":           upTo("* | SELECT ARRAY[0", counted(",%d"), "] AS x"),
		"zones":                upTo("* | SELECT 1 AS x", counted(", hour(@time AT TIME ZONE 'Asia/Tokyo') AS w%d"), ""),
		"intervals":            upTo("* | SELECT @time", always(" + INTERVAL '1' DAY"), " AS x"),
	}
}
