// How DuckDB writes the functions of the function table.

package query

import "strings"

// form is how DuckDB writes a function with n arguments. What
// is not here has the same name and meaning (sls.md §2.3 says what has not).
func (duckDB) form(fn string, n int) string {
	switch fn {
	case "div": // of integers: toward zero, as in Presto; NULL by zero
		return "($1 // nullif($2, 0))"
	case "epoch_seconds":
		return "CAST(floor(epoch($1)) AS BIGINT)"
	case "upper", "reverse", "trim", "ltrim", "rtrim":
		if n == 1 {
			return "tocsin_" + fn + "($1)"
		}
	case "substr":
		if n == 2 {
			return "tocsin_substr($1, $2, 9223372036854775807)"
		}
		return "tocsin_substr($1, $2, $3)"
	case "split":
		if n == 3 {
			return "tocsin_split($1, $2, $3)"
		}
		return "CASE WHEN $2 <> '' THEN string_split($1, $2) END"
	case "split_part":
		return "CASE WHEN $3 > 0 AND $2 <> '' THEN string_split($1, $2)[$3] END"
	case "text_contains":
		return "contains($1, $2)"
	case "regexp_like":
		return "regexp_matches($1, $2)"
	case "regexp_extract":
		if n == 2 {
			return "CASE WHEN regexp_matches($1, $2) THEN regexp_extract($1, $2) END"
		}
		return "CASE WHEN regexp_matches($1, $2) THEN regexp_extract($1, $2, CAST($3 AS INTEGER)) END"
	case "regexp_extract_group", "regexp_extract_all_group":
		return "tocsin_" + strings.TrimSuffix(fn, "_group") + "($1, $2, $3)"
	case "regexp_extract_all":
		if n == 3 {
			return "regexp_extract_all($1, $2, CAST($3 AS INTEGER))"
		}
	case "ends_with":
		return "suffix($1, $2)"
	case "in_texts", "in_texts_joined":
		return "($1 IN (SELECT unnest(string_split($2, chr(31)))))"
	case "in_texts_folded", "in_texts_folded_joined":
		return "(lower($1) IN (SELECT lower(unnest(string_split($2, chr(31))))))"
	case "in_integers", "in_integers_joined":
		return "($1 IN (SELECT CAST(unnest(string_split($2, chr(31))) AS BIGINT)))"
	case "in_doubles", "in_doubles_joined":
		return "($1 IN (SELECT CAST(unnest(string_split($2, chr(31))) AS DOUBLE)))"
	}
	return duckNumberForm(fn, n)
}

// duckNumberForm is form for numbers.
func duckNumberForm(fn string, n int) string {
	if fn == "power" {
		return "CASE WHEN isfinite(power($1, $2)) THEN power($1, $2) END"
	}
	return duckTimeForm(fn, n)
}

// duckTimeForm is form for times.
func duckTimeForm(fn string, n int) string {
	switch fn {
	case "date_format":
		return "strftime($1, $2)"
	case "time_text":
		return "strftime($1, '%Y-%m-%dT%H:%M:%SZ')"
	case "date_diff": // whole units, as in Presto
		return "date_sub($*)"
	case "date_add_quarter":
		return "($2 + CAST($1 AS INTEGER) * INTERVAL 3 MONTH)"
	case "date_add_millisecond", "date_add_second", "date_add_minute", "date_add_hour", "date_add_day", "date_add_week", "date_add_month", "date_add_year":
		return "($2 + CAST($1 AS INTEGER) * INTERVAL 1 " + fn[len("date_add_"):] + ")"
	case "from_unixtime":
		return "make_timestamp(CAST(round($1 * 1000000) AS BIGINT))"
	case "to_unixtime":
		return "epoch($1)"
	case "day_of_week":
		return "isodow($1)"
	}
	return duckNestedForm(fn, n)
}

// duckNestedForm is form for JSON and arrays.
func duckNestedForm(fn string, n int) string {
	switch fn {
	case "json_extract":
		return "tocsin_json_extract($1, $2, false)"
	case "json_extract_scalar":
		return "tocsin_json_extract($1, $2, true)"
	case "json_array_length":
		if n == 1 {
			return "tocsin_json_length($1, '[]')"
		}
		return "tocsin_json_length($1, $2)"
	case "element_at":
		return "list_extract($1, $2)"
	case "map_at":
		return "map_extract_value($1, $2)"
	case "map_size":
		return "CAST(cardinality($1) AS BIGINT)"
	case "cardinality":
		return "len($1)"
	case "transform":
		return "list_transform(" + boundedList + ", $2)"
	case "filter":
		return "list_filter(" + boundedList + ", $2)"
	case "any_match":
		return matchForm("true")
	case "none_match":
		return "(NOT " + matchForm("true") + ")"
	case "all_match":
		return matchForm("false")
	case "reduce":
		return "list_transform([list_reduce(list_transform(" + boundedList + ", lambda x: struct_pack(s := NULL, x := x)), $3, struct_pack(s := $2, x := NULL)).s], $4)[1]"
	case "local_time":
		return "make_timestamp(tocsin_local_time(epoch_us($1), $2))"
	case "utc_of":
		return "make_timestamp(tocsin_utc_of(epoch_us($1), $2))"
	case "date_trunc_zone":
		return "make_timestamp(tocsin_trunc_zone($1, epoch_us($2), $3))"
	}
	return duckForm(fn, n)
}

// boundedList is an array that a lambda goes through: DuckDB does not stop in
// one before it is done.
const boundedList = "CASE WHEN len($1) > 10000 THEN error('a lambda goes through 10000 elements at most') ELSE $1 END"

// matchForm is any_match, for which true decides, or all_match, for which false
// does: where no element decides and one has no answer, NULL.
func matchForm(decides string) string {
	t := "list_transform(" + boundedList + ", $2)"
	other := map[string]string{"true": "false", "false": "true"}[decides]
	return "CASE WHEN list_contains(" + t + ", " + decides + ") THEN " + decides +
		" WHEN list_count(" + t + ") < len($1) THEN NULL WHEN $1 IS NOT NULL THEN " + other + " END"
}
