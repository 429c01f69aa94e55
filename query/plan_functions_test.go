// What functions refuse, and how far they may make a value grow.

package query

import (
	"regexp/syntax"
	"strings"
	"testing"
	"time"
)

// TestFunctionErrors: each line is an expression and, behind =>, the marked
// text, a part of the message and a part of the hint.
func TestFunctionErrors(t *testing.T) {
	for _, c := range []struct{ expr, want string }{
		{`rand()`, "rand|reproducible|ORDER BY"},
		{`shuffle(ARRAY[1])`, "shuffle|reproducible|"},
		{`compare(count(*), 60)`, "compare|comes in a later version|"},
		{`ts_compare(cnt, 60)`, "ts_compare|later version|"},
		{`time_series(__time__, '1h', '%H', '0')`, "time_series|later version|"},
		{`ip_to_country(sourceIPAddress)`, "ip_to_country|later version|"},
		{`ip_to_provider(sourceIPAddress)`, "ip_to_provider|later version|"},
		{`security_check_ip(sourceIPAddress)`, "security_check_ip|later version|"},
		{`window_funnel(cnt, 1)`, "window_funnel|later version|"},
		{`checksum(cnt)`, "checksum|one engine only|"},
		{`numeric_histogram(2, cnt)`, "numeric_histogram|one engine only|histogram"},
		{`format('%s', cnt)`, "format|no bound|"},
		{`listagg(eventName, ',')`, "listagg|no bound|array_join(array_agg"},
		{`set_agg(cnt)`, "set_agg|does not have it|DISTINCT"},
		{`parse_datetime(eventName, 'yyyy')`, "parse_datetime|of Java|date_parse"},
		{`xxhash64(eventName)`, "xxhash64|one engine only|crc32"},
		{`infinity()`, "infinity|finite here|"},
		{`zip(ARRAY[1], ARRAY[2])`, "zip|rows as values|UNNEST"},
		{`word_stem(eventName)`, "word_stem|no common form|"},
		{`array_sum(ARRAY[1])`, "array_sum|there is no function array_sum|did you mean"},
		{`url_extract_hosts(eventName)`, "url_extract_hosts|no function|did you mean url_extract_host?"},

		{`lpad(eventName, cnt, 'x')`, "cnt|constant number|lpad(text, constant integer, constant text)"},
		{`lpad(eventName, 10, eventName)`, "eventName|constant text|"},
		{`lpad(eventName, 3, '')`, "''|not empty|"},
		{`rpad(eventName, -1, 'x')`, "-1|from 0 to|"},
		{`repeat('a', cnt)`, "cnt|constant number|"},
		{`repeat('a', 10001)`, "10001|from 0 to 10000|"},
		{`sequence(1, cnt)`, "cnt|constant number|"},
		{`sequence(1, 10001)`, "sequence(1, 10001)|at most 10000|"},
		{`sequence(-9223372036854775807, 9223372036854775807)`, "sequence(-9223372036854775807, 9223372036854775807)|at most 10000|"},
		{`sequence(1, 10, 0)`, "sequence(1, 10, 0)|its step|"},
		{`sequence(1, 10, -1)`, "sequence(1, 10, -1)|its step|"},
		{`translate(eventName, @actor, 'x')`, "@actor|constant text|"},
		{`translate(eventName, '', 'x')`, "''|not empty|"},
		{`split(eventName, '')`, "''|not empty|characters"},
		{`split(eventName, ',', 0)`, "0|from 1 to|"},
		{`split_to_map(eventName, ';', ';')`, "';'|two texts|"},
		{`split_to_map(eventName, ';', '')`, "''|not empty|"},
		{`regexp_replace(eventName, '(?=x)')`, "'(?=x)'|cannot be used|look-ahead"},
		{`regexp_replace(eventName, 'x*', 'y')`, "'x*'|matches where there is nothing|+"},
		{`regexp_split(eventName, '\b')`, `'\b'|matches where there is nothing|+`},
		{`regexp_count(eventName, 'a|')`, "'a|'|matches where there is nothing|+"},
		{`regexp_replace(eventName, '(x)', '$2')`, "'$2'|no group 2|${name}"},
		{`regexp_replace(eventName, '(?<n>x)', '${m}')`, "'${m}'|no group {m}|${name}"},
		{`regexp_replace(eventName, 'x', '$')`, "'$'|a $ without a group|"},
		{`regexp_replace(eventName, 'x', 'y\')`, `'y\'|at the end|`},
		{`regexp_replace(eventName, @actor)`, "@actor|constant text|"},
		{`regexp_extract(eventName, 'x', 1)`, "1|no group 1|"},
		{`date_parse(eventName, '%Q')`, "'%Q'|not known|MySQL"},
		{`date_format(@time, '%w')`, "'%w'|not known|no %D"},
		{`date_format(@time, 'abc %')`, "'abc %'|not known|"},
		{`date_trunc('decade', @time)`, "'decade'|no unit decade|quarter"},
		{`from_unixtime(cnt, 'Nowhere/City')`, "'Nowhere/City'|no time zone|IANA"},
		{`to_iso8601(at_timezone(@time, 'Asia/Tokyo'))`, "at_timezone(@time, 'Asia/Tokyo')|does not take a time in a zone|"},
		{`json_size(requestParameters, '$..a')`, "'$..a'|no path into JSON|"},
		{`json_array_get('[1]', 0)`, "'[1]'|from fields only|"},
		{`json_array_contains(requestParameters, @time)`, "@time|does not look for time|"},
		{`is_json_scalar(concat('{', eventName))`, "concat('{', eventName)|from fields only|"},
		{`to_base(cnt, 1)`, "1|from 2 to 36|"},
		{`from_base(eventName, 37)`, "37|from 2 to 36|"},
		{`bit_count(cnt, 65)`, "65|from 2 to 64|"},
		{`truncate(score, 16)`, "16|from -15 to 15|"},
		{`flatten(ARRAY[1])`, "ARRAY[1]|array of arrays|"},
		{`array_max(ARRAY[ARRAY[1]])`, "ARRAY[ARRAY[1]]|does not take array of array|flatten"},
		{`array_union(ARRAY[1], ARRAY['a'])`, "ARRAY['a']|array of text|cast"},
		{`array_remove(ARRAY['a'], 1)`, "1|text is compared with integer|"},
		{`array_sort(ARRAY[1], (a, b) -> a)`, "array_sort(ARRAY[1], (a, b) -> a)|does not take 2 arguments|array_sort(array)"},
		{`map(ARRAY[1.5], ARRAY[1])`, "ARRAY[1.5]|no keys of type double|cast"},
		{`map(ARRAY[@time], ARRAY[1])`, "ARRAY[@time]|no keys of type time|cast"},
		{`map_concat(map(ARRAY['a'], ARRAY[1]), map(ARRAY['a'], ARRAY['x']))`, "map(ARRAY['a'], ARRAY['x'])|the first a map of text to integer|"},
		{`map_filter(map(ARRAY['a'], ARRAY[1]), x -> true)`, "x -> true|takes 2 parameters|(k, v)"},
		{`transform(ARRAY[1], x -> map_filter(map(ARRAY['a'], ARRAY[x]), (k, v) -> v > x))`, "map_filter(map(ARRAY['a'], ARRAY[x]), (k, v) -> v > x)|a lambda inside a lambda|"},
		{`histogram(score)`, "score|no keys of type double|"},
		{`map_agg(@time, cnt)`, "@time|no keys of type time|"},
		{`map_agg(eventName, split_to_map(eventName, ';', '='))`, "split_to_map(eventName, ';', '=')|map of maps|"},
		{`stddev(DISTINCT cnt)`, "stddev(DISTINCT cnt)|does not take DISTINCT|"},
		{`histogram(DISTINCT cnt)`, "histogram(DISTINCT cnt)|does not take DISTINCT|"},
		{`min(cnt, 0)`, "0|from 1 to 10000|"},
		{`max_by(eventName, cnt, 20000)`, "20000|from 1 to 10000|"},
		{`approx_percentile(cnt, 1.5)`, "1.5|from 0 to 1|0.95"},
		{`approx_percentile(cnt, score)`, "score|from 0 to 1|"},
		{`approx_percentile(cnt, cnt, 0.5)`, "approx_percentile(cnt, cnt, 0.5)|does not take 3 arguments|"},
		{`approx_percentile(eventName, 0.5)`, "eventName|not a number|"},
		{`try(any_match(ARRAY[1], x -> x > 1))`, "any_match(ARRAY[1], x -> x > 1)|without lambdas|try_cast"},
		{`is_subnet_of(sourceIPAddress, '10.0.0.1')`, "sourceIPAddress|constant text|"},
		{`is_prefix_subnet_of('10.0.0.0/40', sourceIPAddress)`, "'10.0.0.0/40'|no network|"},
		{`ip_prefix(sourceIPAddress, 129)`, "129|from 0 to 128|"},

		{`cast(eventName AS char(3))`, "char(3)|fills up with spaces|varchar"},
		{`cast(cnt AS real)`, "real|seven digits|double"},
		{`cast(cnt AS decimal)`, "decimal|1 to 15 digits|decimal(10, 2)"},
		{`cast(cnt AS decimal(20, 2))`, "decimal(20, 2)|1 to 15 digits|"},
		{`cast(cnt AS decimal(2, 3))`, "decimal(2, 3)|1 to 15 digits|"},
		{`cast(cnt AS varchar(5))`, "varchar(5)|may be longer than 5|varchar"},
		{`cast(eventName AS varbinary)`, "varbinary|bytes are not a type|md5"},
		{`cast(@time AS timestamp(2))`, "timestamp(2)|no type TIMESTAMP|"},
		{`cast(requestParameters AS array(timestamp))`, "timestamp|texts, numbers|array(varchar)"},
		{`cast(requestParameters AS map(bigint, varchar))`, "map(bigint, varchar)|no such type|map(varchar, varchar)"},
		{`cast(requestParameters AS map(varchar, integer))`, "map(varchar, integer)|values of a map|map(varchar, bigint)"},
		{`cast(ARRAY[1] AS map(varchar, bigint))`, "cast(ARRAY[1] AS map(varchar, bigint))|cannot become map|"},
		{`cast(ARRAY[1] AS varchar)`, "cast(ARRAY[1] AS varchar)|cannot become text|"},
	} {
		query := "* | SELECT " + c.expr + " AS x"
		_, err := planOf(t, "cloudtrail", query)
		got := problems(err)
		if len(got) != 1 {
			t.Errorf("%s: %d mistakes, %v", c.expr, len(got), err)
			continue
		}
		parts := strings.Split(strings.ReplaceAll(c.want, "'a|'", "'a\x00'"), "|")
		marked := query[got[0].Span.Start:got[0].Span.End]
		if !strings.EqualFold(marked, strings.ReplaceAll(parts[0], "\x00", "|")) || !strings.Contains(got[0].Message, parts[1]) || !strings.Contains(got[0].Hint, parts[2]) {
			t.Errorf("%s: %q marks %q: %s (%s)", c.expr, c.want, marked, got[0].Message, got[0].Hint)
		}
	}
}

// TestGrowth: what makes a value of a 1 KB field longer than 1 MB is refused,
// through nesting, stages and lambdas (G23).
func TestGrowth(t *testing.T) {
	nest := func(n int, head, tail string) string {
		return strings.Repeat(head, n) + "eventName" + strings.Repeat(tail, n)
	}
	for _, c := range []struct {
		expr string
		ok   bool
	}{
		{`lpad(eventName, 1000, 'x')`, true},
		{`lpad(eventName, 1048576, 'x')`, false},
		{`rpad(rpad(eventName, 100000, 'x'), 1000, 'y')`, true},
		{`repeat(eventName, 1000)`, true},
		{`repeat(eventName, 2000)`, false},
		{`repeat(repeat('a', 100), 100)`, false},
		{`array_join(repeat(eventName, 1000), '-')`, false},
		{`array_join(split(eventName, ','), '<br>')`, true},
		{nest(3, "array_join(split(", ", ','), '0123456789')"), false},
		{`flatten(repeat(ARRAY[eventName], 900))`, true},
		{nest(4, "url_encode(", ")"), true},
		{nest(10, "url_encode(", ")"), false},
		{nest(4, "translate(", ", 'a', 'é')"), true},
		{nest(6, "translate(", ", 'a', 'é')"), false},
		{nest(12, "to_hex(", ")"), false},
		{nest(3, "regexp_replace(", ", 'a', 'aaaaaaaa')"), true},
		{nest(4, "regexp_replace(", ", 'a', 'aaaaaaaa')"), false},
		{nest(8, "regexp_replace(", ", '.', '$0$0')"), false},
		{nest(8, "concat_ws(',', 'a', ", ")"), true},
		{"concat_ws(','" + strings.Repeat(", eventName", 1500) + ")", false},
		{`transform(split(eventName, ','), x -> x || '!')`, true},
		{`transform(split(eventName, ','), x -> lpad(x, 1000, '0'))`, false},
		{`transform(split(eventName, ','), x -> x || '` + strings.Repeat("y", 2000) + `')`, false},
		{`transform(split(eventName, ','), x -> eventName || x)`, true},
		{`transform_values(split_to_map(eventName, ';', '='), (k, v) -> rpad(v, 5000, '.'))`, false},
		{`sequence(1, 10000)`, true},
		{`array_join(sequence(1, 10000), ',')`, true},
		{`repeat(sequence(1, 10000), 10)`, false},
		{`eventName || ARRAY['a']`, true},
		{`md5(lpad(eventName, 1048576, 'x'))`, false},
	} {
		_, err := planOf(t, "cloudtrail", "* | SELECT "+c.expr+" AS x")
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", cut(c.expr), err)
		}
	}
	_, err := planOf(t, "cloudtrail", "* | SELECT lpad(eventName, 200000, 'x') AS x | SELECT x || x AS y")
	if err == nil {
		t.Error("the growth of an earlier stage is forgotten")
	}
}

// TestDistanceIsBounded: the longest texts that levenshtein_distance takes are
// done within a millisecond or so.
func TestDistanceIsBounded(t *testing.T) {
	long := strings.Repeat("ab", 256)
	start := time.Now()
	if _, err := levenshtein(long, strings.Repeat("b", 512)); err != nil {
		t.Error(err)
	}
	if d := time.Since(start); d > time.Second {
		t.Errorf("512 by 512 characters took %v", d)
	}
	if _, err := levenshtein(long, long+"x"); err == nil {
		t.Error("longer texts are compared")
	}
}

func TestReplacement(t *testing.T) {
	for _, c := range []struct{ pattern, with, re2, java string }{
		{`(a)(?<n>b)`, `$1-${n}`, `\1-\2`, `$1-$2`},
		{`(a)`, `$12`, `\12`, `$1\2`},
		{`a`, `\$0\\`, `$0\\`, `\$\0\\`},
		{`a`, `$0é日`, `\0é日`, `$0é日`},
		{strings.Repeat("(a)", 9), `$9`, `\9`, `$9`},
	} {
		re, err := syntax.Parse(c.pattern, syntax.Perl)
		if err != nil {
			t.Fatal(err)
		}
		re2, java, fault := replacement(c.with, re)
		if re2 != c.re2 || java != c.java || fault != "" {
			t.Errorf("%s: %q, %q, %s", c.with, re2, java, fault)
		}
	}
}

// TestUnknownFunctionsAreNear: what users of other engines write is answered by
// name.
func TestUnknownFunctionsAreNear(t *testing.T) {
	for _, name := range Functions() {
		if why, _ := refused(name); why != "" {
			t.Errorf("%s is in the table, and refused: %s", name, why)
		}
	}
	for _, r := range refusals {
		if r.why == "" || r.hint == "" {
			t.Errorf("%s: no reason, or no way out", r.names)
		}
	}
}
