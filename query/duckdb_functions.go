// How DuckDB writes the functions of the function table.

package query

// form is how DuckDB writes a function with n arguments. What
// is not here has the same name and meaning (sls.md §2.3 says what has not).
func (duckDB) form(fn string, n int) string {
	switch fn {
	case "neg":
		return "(- $1)"
	case "/":
		return "($1 / nullif($2, 0))"
	case "div": // of integers: toward zero, as in Presto; NULL by zero
		return "($1 // nullif($2, 0))"
	case "%", "mod":
		return "($1 % nullif($2, 0))"
	case "epoch_seconds":
		return "CAST(floor(epoch($1)) AS BIGINT)"
	case "if":
		if n == 2 {
			return "CASE WHEN $1 THEN $2 END"
		}
		return "CASE WHEN $1 THEN $2 ELSE $3 END"
	case "trim", "ltrim", "rtrim":
		if n == 1 {
			return fn + "($1, concat(" + whiteSpace + "))"
		}
	case "split":
		if n == 2 {
			return "string_split($1, $2)"
		}
	case "split_part":
		return "string_split($1, $2)[$3]"
	case "replace":
		if n == 2 {
			return "replace($1, $2, '')"
		}
	case "text_contains":
		return "contains($1, $2)"
	case "regexp_like":
		return "regexp_matches($1, $2)"
	case "regexp_extract":
		if n == 2 {
			return "CASE WHEN regexp_matches($1, $2) THEN regexp_extract($1, $2) END"
		}
		return "CASE WHEN regexp_matches($1, $2) THEN regexp_extract($1, $2, CAST($3 AS INTEGER)) END"
	case "regexp_extract_all":
		if n == 3 {
			return "regexp_extract_all($1, $2, CAST($3 AS INTEGER))"
		}
	case "url_decode":
		return "tocsin_url_decode($1)"
	case "ends_with":
		return "suffix($1, $2)"
	}
	return duckNumberForm(fn, n)
}

// duckNumberForm is form for numbers.
func duckNumberForm(fn string, n int) string {
	switch fn {
	case "round":
		if n == 2 {
			return "round($1, CAST($2 AS INTEGER))"
		}
	case "sign":
		return "CAST(sign($1) AS BIGINT)"
	case "sqrt":
		return "CASE WHEN $1 >= 0 THEN sqrt($1) END"
	case "ln", "log2", "log10":
		return "CASE WHEN $1 > 0 THEN " + fn + "($1) END"
	case "power":
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
		return "make_timestamp(CAST($1 * 1000000 AS BIGINT))"
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
	case "json_parse", "json_format":
		return "$1"
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
		return "list_transform([list_reduce(" + boundedList + ", $3, $2)], $4)[1]"
	case "local_time":
		return "timezone($2, timezone('UTC', $1))"
	case "utc_of":
		return "timezone('UTC', timezone($2, $1))"
	case "minus_rest":
		return "($1 - ($2 - $3))"
	}
	return duckForm(fn, n)
}

// whiteSpace is what trim and its like take off: what Presto takes for white
// space.
const whiteSpace = "' ', chr(9), chr(10), chr(11), chr(12), chr(13), chr(28), chr(29), chr(30), chr(31), chr(5760), chr(8192), chr(8193), chr(8194), " +
	"chr(8195), chr(8196), chr(8197), chr(8198), chr(8200), chr(8201), chr(8202), chr(8232), chr(8233), chr(8287), chr(12288)"

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
