//go:build integration || soak

// Lists of queries over random records: times, patterns, casts, texts.

package trino_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"tocsin/query/querytest"
)

func TestIntegrationTrinoLists(t *testing.T) {
	p := randomPair(t, rand.New(rand.NewPCG(7, 1)))
	o, err := querytest.Options(testdata, "rnd")
	if err != nil {
		t.Fatal(err)
	}
	o.MaxRows = 100000
	for name, queries := range map[string][]string{
		"formats": formats(), "times": times(), "zones": zones(), "patterns": patterns(), "casts": casts(), "texts": textQueries(),
	} {
		t.Run(name, func(t *testing.T) {
			for _, text := range queries {
				if _, err := planned(p.schema, o, text); err != nil {
					t.Errorf("%s: %v", text, err)
				}
			}
			if ran, gave := p.compare(t, o, queries); gave < ran*7/10 {
				t.Errorf("of %d queries only %d gave rows", ran, gave)
			}
		})
	}
}

// moments are times all over the calendar.
const moments = "from_unixtime((cnt % 1000) * 7776543 + __seq__ * 123456.789)"

func formats() (out []string) {
	for _, c := range "YymcdeHkhIlisSpMbWajTrfvx%" {
		out = append(out, "* | SELECT date_format("+moments+", '"+fmt.Sprintf("<%%%c>", c)+"') AS x, date_format(@time, '"+fmt.Sprintf("<%%%c>", c)+"') AS y")
	}
	return append(out, "* | SELECT date_format("+moments+" AT TIME ZONE 'Asia/Tokyo', '%Y-%m-%d %H:%i:%s.%f') AS x, CAST("+moments+" AS varchar) AS y, CAST(CAST("+moments+" AS date) AS varchar) AS z")
}

func times() (out []string) {
	for _, u := range strings.Fields("second minute hour day week month quarter year") {
		out = append(out, "* | SELECT date_trunc('"+u+"', "+moments+") AS x")
		if u == "quarter" {
			continue
		}
		out = append(out,
			"* | SELECT date_diff('"+u+"', "+moments+", @time) AS x, date_diff('"+u+"', @time, "+moments+") AS y",
			"* | SELECT date_add('"+u+"', __seq__ - 70, "+moments+") AS x, "+moments+" - interval '13' "+u+" AS y")
	}
	for _, f := range strings.Fields("year month day hour minute second day_of_week to_unixtime") {
		out = append(out, "* | SELECT "+f+"("+moments+") AS x")
	}
	out = append(out, "* | SELECT to_iso8601(@time) AS x", "* | SELECT from_iso8601_timestamp(errorCode) AS x", "* | SELECT from_iso8601_date(errorCode) AS x", "@time:*5* | SELECT __seq__", "* | SELECT cast(@time AS varchar) AS x")
	return append(out, "* | SELECT to_unixtime(@time) AS x, from_unixtime(score) AS y WHERE score < 1e11", "* | SELECT from_unixtime(cnt + 0.0000005) AS x, from_unixtime(-cnt - 0.25) AS y WHERE cnt < 100")
}

// zones ask around the moments at which clocks are set.
func zones() (out []string) {
	for zone, around := range map[string]string{
		"Europe/Berlin": "2026-10-25 01:00:00", "America/Havana": "2026-11-01 05:00:00", "Australia/Lord_Howe": "2026-04-04 15:00:00",
		"Africa/Cairo": "2026-04-23 22:00:00", "Asia/Kolkata": "2026-01-01 00:00:00", "America/New_York": "2026-03-08 07:00:00", "UTC": "2026-01-01 00:00:00",
	} {
		at := "date_add('minute', (__seq__ - 75) * 17, TIMESTAMP '" + around + "') AT TIME ZONE '" + zone + "'"
		for _, u := range strings.Fields("second minute hour day week month quarter year") {
			out = append(out, "* | SELECT date_trunc('"+u+"', "+at+") AS x")
		}
		out = append(out, "* | SELECT date_format("+at+", '%Y-%m-%d %H:%i') AS x, hour("+at+") AS h, day_of_week("+at+") AS d",
			"* | SELECT to_unixtime("+at+" + interval '1' day) AS x, to_unixtime("+at+" + interval '1' month) AS y")
	}
	return out
}

func patterns() (out []string) {
	for _, p := range strings.Fields(`a A a.b ^a a$ ^$ (?m)^line$ (?s)a.b (?i)É (?i)k (?i)ſ \d+ \w+ \W \s+ \S+ [^a-z]+ [[:alpha:]]+ [[:punct:]] \pL+ \p{Greek} \x{1F600} 😀 (a)(b)? (a)|(b)
		(a|b|ab)(c|bcd|d*) (?:x|y)+ x{2,3} [0-9]{1,3}(\.[0-9]{1,3}){3} \bb \Ba user\b \\ " ' \. \* \? % \$ [a\]b] [\-x] (?P<n>a) (?i:GET)object .+ .. ^.|.$ (\w+)@(\w+) =([^;]*) \n \t \Q.*\E
		[aeiou][^aeiou] (?i)straße true|null a|ab (a|ab)(c|b)? a+?b? a{0,2}b (?:a|)+b [^\n]+$ \z ^ \x{0} \pN [\pL\pN]+ (?U)a+ \C*b \PL .*é [é-ü] (?i)[a-z]+ \141 a||b`) {
		if strings.Contains(p, `\C`) {
			continue // bytes are no letters
		}
		q := "'" + strings.ReplaceAll(p, "'", "''") + "'"
		out = append(out, "* | SELECT regexp_like(errorCode, "+q+") AS a, regexp_extract(errorMessage, "+q+") AS b, regexp_like(userAgent, "+q+") AS c")
		if !strings.ContainsAny(p, "*?^$|z") {
			out = append(out, "* | SELECT regexp_extract_all(errorCode, "+q+") AS a")
		}
	}
	for _, p := range []string{"(a)|b", "(a)?b", "(?:(x)|y)z?", "(a)(b)?(c)*", "((a)|(b))+"} {
		out = append(out, "* | SELECT regexp_extract(errorCode, '"+p+"', 1) AS a, regexp_extract(errorMessage, '"+p+"', 1) AS b, regexp_extract_all(errorCode, '"+p+"', 1) AS c")
	}
	return out
}

func casts() (out []string) {
	for _, f := range strings.Fields("errorCode errorMessage requestParameters.size requestParameters.a apiVersion retries cnt score readOnly @time requestParameters userAgent") {
		for _, to := range strings.Fields("varchar bigint double boolean timestamp date json") {
			for _, c := range []string{"try_cast", "cast"} {
				switch {
				case f == "@time" && strings.Contains("bigint double boolean", to), f == "readOnly" && (to == "timestamp" || to == "date"),
					(f == "cnt" || f == "score" || f == "retries") && (to == "timestamp" || to == "date"):
					continue // refused
				}
				out = append(out, "* | SELECT "+c+"("+f+" AS "+to+") AS x")
			}
		}
	}
	return out
}

func textQueries() (out []string) {
	for _, x := range []string{
		"length(errorCode)", "lower(errorCode)", "upper(errorCode)", "reverse(errorCode)", "trim(errorCode)", "ltrim(errorCode)", "rtrim(errorCode)",
		"strpos(errorCode, 'a')", "strpos(errorMessage, errorCode)", "strpos(errorCode, '')", "split(errorCode, ' ')", "split(errorCode, '日')", "split(errorMessage, errorCode)",
		"split_part(errorCode, ' ', cnt)", "split_part(errorCode, 'a', 1)", "substr(errorCode, cnt)", "substr(errorCode, cnt, 2)", "substr(errorCode, 2, cnt)", "substr(errorCode, -2)",
		"replace(errorCode, 'a', 'xx')", "replace(errorCode, '😀', '')", "starts_with(errorCode, 'a')", "starts_with(errorMessage, errorCode)", "ends_with(errorCode, 'b')",
		"ends_with(errorMessage, errorCode)", "ends_with(errorCode, '')", "md5(errorCode)", "sha1(errorCode)", "sha256(errorCode)", "url_decode(errorCode)", "errorCode LIKE 'a_b%'",
		"errorCode LIKE '%'", "errorCode LIKE '_'", "errorCode LIKE '%%é%'", `errorCode LIKE 'a\%b' ESCAPE '\'`, "errorCode || errorMessage || cnt", "concat(errorCode, score, readOnly, @time)",
		"json_extract(errorCode, '$')", "json_extract_scalar(errorCode, '$.a')", "json_extract(errorMessage, '$.a.b[0]')", "json_extract(errorMessage, '$.a')", "json_array_length(errorCode)",
		"json_extract(requestParameters, '$[\"a.b\"]')", "json_extract(requestParameters, '$.a.b')", "json_extract(resources, '$[1]')", "json_extract_scalar(resources, '$[0].name')",
		"json_array_length(requestParameters, '$.tags')", "cast(json_extract(resources, '$') AS array(varchar))", "cast(requestParameters.tags AS array(varchar))",
		"requestParameters.a.b", "requestParameters.tags", "resources.k", "resources.a.b", "extra.apiVersion", "is_subnet_of('10.0.0.0/8', sourceIPAddress)", "is_subnet_of('::/0', sourceIPAddress)",
		"is_subnet_of('2001:db8::/32', sourceIPAddress)", "is_subnet_of('0.0.0.0/0', sourceIPAddress)", "is_subnet_of('::ffff:10.0.0.0/104', sourceIPAddress)",
		"array_position(split(errorCode, ' '), 'a')", "contains(split(errorCode, 'a'), eventName)", "array_distinct(split(errorCode, 'a'))", "array_join(split(errorCode, 'a'), '-')",
		"cardinality(split(errorCode, 'a'))", "element_at(split(errorCode, 'a'), cnt)", "element_at(split(errorCode, 'a'), -1)", "split(errorCode, 'a')[1]", "array_distinct(ARRAY[errorCode, NULL, 'a'])", "array_join(ARRAY[errorCode, NULL, eventName], '-')", "array_join(ARRAY[cnt, NULL], '-')", "array_join(ARRAY[score, cnt], '-')", "json_size(requestParameters.tags, '$')",
		"greatest(errorCode, errorMessage)", "least(cnt, score)", "greatest(eventName, NULL)", "nullif(errorCode, '')", "coalesce(errorCode, errorMessage, 'x')", "errorCode IN ('a', '', NULL)",
		"errorCode < errorMessage", "errorCode IS DISTINCT FROM errorMessage", "cnt IS DISTINCT FROM score", "cnt = score", "cnt / 2", "cnt % 3", "score / 0", "score % 2", "-cnt", "abs(score)", "round(score)",
		"round(score, 1)", "round(cnt, -1)", "floor(score)", "ceil(score)", "sign(score)", "sign(cnt)", "power(score, 2)", "power(score, 0.5)", "sqrt(score)", "ln(score)", "log2(score)", "log10(score)", "mod(cnt, -2)",
	} {
		out = append(out, "* | SELECT "+x+" AS x")
	}
	for _, a := range []string{
		"arbitrary(errorCode)", "max_by(errorCode, cnt)", "min_by(errorCode, cnt)", "max_by(requestParameters, score)", "min_by(cnt, errorCode)", "array_agg(errorCode)", "array_agg(DISTINCT errorCode)",
		"array_agg(DISTINCT cnt)", "array_agg(cnt ORDER BY score DESC)", "count(*)", "count(errorCode)", "count(DISTINCT errorCode)", "sum(cnt % 1000)", "sum(score / 1e300)", "avg(cnt)", "min(errorCode)", "max(errorCode)",
		"min(readOnly)", "max(@time)", "bool_and(readOnly)", "bool_or(readOnly)", "count_if(readOnly)", "approx_distinct(errorCode)", "sum(DISTINCT cnt % 10)", "count(*) FILTER (WHERE readOnly)", "max(score) FILTER (WHERE cnt > 1)",
	} {
		out = append(out, "* | SELECT "+a+" AS x", "* | SELECT eventName, "+a+" AS x GROUP BY eventName", "* | SELECT eventName, "+a+" AS x WHERE cnt = 77 GROUP BY eventName HAVING count(*) > 0", "* | SELECT "+a+" AS x WHERE cnt = 77")
	}
	return out
}
