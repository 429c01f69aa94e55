// Figures to compare with: a rule of 200 bytes takes 35 µs and 250 allocations,
// 4 KiB 0.34 ms and 1,245, 64 KiB of OR 6 ms; its plan and its statement 32 µs, a
// join 60 µs (2 cores, Go 1.26).

package query

import (
	"fmt"
	"strings"
	"testing"
)

func benchQueries() map[string]string {
	const rule = `__topic__:sas-cspm-log AND status:NOT_PASS | SELECT instance_type, check_item_name, count(*) AS cnt, max(risk_level) AS risk WHERE region_id = 'ap-1' GROUP BY instance_type, check_item_name HAVING cnt > 1`
	item := `, sum(CASE WHEN "event.errorCode" IS NULL OR "event.errorCode" = '' THEN 0 ELSE 1 END) AS fails_%d`
	var long strings.Builder
	long.WriteString("a:b | SELECT x")
	for i := 0; long.Len() < 4_000; i++ {
		fmt.Fprintf(&long, item, i)
	}
	return map[string]string{
		"rule": rule, "4KiB": long.String(), "64KiB_or": "* | WHERE f1 = '1'" + strings.Repeat(" OR f1 = '1'", 5_400),
		"64KiB_words": strings.Repeat("word ", 9_900), "error": "* | SELECT x, FROM log WHERE y == 1 | LIMIT x",
	}
}

// BenchmarkParse parses queries of several sizes, and one that is wrong.
func BenchmarkParse(b *testing.B) {
	for name, src := range benchQueries() {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(src)))
			for b.Loop() {
				if _, err := Parse(src); (err != nil) != (name == "error") {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkPrint prints them.
func BenchmarkPrint(b *testing.B) {
	for name, src := range benchQueries() {
		q, err := Parse(src)
		if err != nil {
			continue
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = q.String()
			}
		})
	}
}

// BenchmarkShapes parses 64 KiB of every hostile shape; each must stay far below
// a second.
func BenchmarkShapes(b *testing.B) {
	for _, shape := range shapes {
		for i, s := range repeated(shape, 64<<10) {
			b.Run(fmt.Sprintf("%q/%d", shape, i), func(b *testing.B) {
				for b.Loop() {
					_, _ = Parse(s)
				}
			})
		}
	}
}

// BenchmarkPlan plans queries that were parsed, and prints their statements.
func BenchmarkPlan(b *testing.B) {
	s := testSchema(b)
	for name, src := range map[string]string{
		"rule":   `sourceIPAddress in 10.0.0.0/8 and userIdentity.arn:*admin* | SELECT @actor, count(*) AS n, approx_distinct(eventSource) AS regions GROUP BY @actor HAVING n > 5 | LIMIT 10`,
		"join":   `errorCode:* | SELECT a.owner, l.eventName, count(*) AS n FROM log l LEFT JOIN accounts a ON l.@account = a.account GROUP BY a.owner, l.eventName ORDER BY n DESC`,
		"window": `* | SELECT @actor, eventName, row_number() OVER (PARTITION BY @actor ORDER BY @time) AS r | WHERE r = 1 | SELECT actor, eventName ORDER BY actor`,
		"words":  `StopLogging or DeleteTrail or #"assumed-role/admin" | GROUP BY eventName`,
	} {
		q, err := Parse(src)
		if err != nil {
			b.Fatal(err)
		}
		o := testOptions(b, "cloudtrail")
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				p, err := q.Plan(s, o)
				if err != nil {
					b.Fatal(err)
				}
				p.SQL(DuckDB(), testWindow)
			}
		})
	}
}
