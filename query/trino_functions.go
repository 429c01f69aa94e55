// How Trino writes the functions of the function table.

package query

// form is how Trino writes a function with n arguments, after rewrite.
func (trino) form(fn string, n int) string {
	switch fn {
	case "div": // of integers; NULL by zero
		return "($1 / nullif($2, 0))"
	case "power":
		return "CASE WHEN is_finite(power($1, $2)) THEN power($1, $2) END"
	case "split":
		if n == 2 {
			return "CASE WHEN $2 <> '' THEN split($1, $2) END"
		}
	case "split_part":
		return "CASE WHEN $3 > 0 AND $2 <> '' THEN split_part($1, $2, $3) END"
	case "text_contains":
		return "(strpos($1, $2) > 0)"
	case "ends_with":
		return "(substr($1, -length($2)) = $2)"
	case "md5", "sha1", "sha256":
		return "lower(to_hex(" + fn + "(to_utf8($1))))"
	case "is_subnet_of":
		return "tocsin_subnet($1, $2)"
	}
	return trinoListForm(fn, n)
}

// trinoListForm is form for many values at once: a join in the filter, where
// their number does not matter; elsewhere Trino has no subquery in every place.
func trinoListForm(fn string, n int) string {
	const values = "FROM UNNEST(split($2, chr(31))) AS t(v)"
	switch fn {
	case "in_texts":
		return "contains(split($2, chr(31)), $1)"
	case "in_texts_folded":
		return "contains(transform(split($2, chr(31)), v -> lower(v)), lower($1))"
	case "in_integers":
		return "contains(transform(split($2, chr(31)), v -> CAST(v AS BIGINT)), $1)"
	case "in_doubles":
		return "contains(transform(split($2, chr(31)), v -> CAST(v AS DOUBLE)), $1)"
	case "in_texts_joined":
		return "($1 IN (SELECT v " + values + "))"
	case "in_texts_folded_joined":
		return "(lower($1) IN (SELECT lower(v) " + values + "))"
	case "in_integers_joined":
		return "($1 IN (SELECT CAST(v AS BIGINT) " + values + "))"
	case "in_doubles_joined":
		return "($1 IN (SELECT CAST(v AS DOUBLE) " + values + "))"
	}
	return trinoTimeForm(fn, n)
}

// trinoTimeForm is form for times.
func trinoTimeForm(fn string, n int) string {
	switch fn {
	case "epoch_seconds":
		return "CAST(floor(to_unixtime(with_timezone($1, 'UTC'))) AS BIGINT)"
	case "to_unixtime":
		return "to_unixtime(with_timezone($1, 'UTC'))"
	case "from_unixtime": // to the microsecond, in a type that no moment overflows
		return "CAST(from_unixtime_nanos(CAST(CAST($1 * 1000000 AS BIGINT) AS DECIMAL(38, 0)) * 1000) AT TIME ZONE 'UTC' AS TIMESTAMP(6))"
	case "time_text":
		return "date_format(date_trunc('millisecond', $1), '%Y-%m-%dT%H:%i:%sZ')"
	case "date_format": // which rounds to milliseconds
		return "date_format(date_trunc('millisecond', $1), $2)"
	case "date_add_millisecond", "date_add_second", "date_add_minute", "date_add_hour", "date_add_day", "date_add_week", "date_add_month", "date_add_quarter", "date_add_year":
		return "date_add('" + fn[len("date_add_"):] + "', $1, $2)"
	case "local_time":
		return "CAST(at_timezone(with_timezone($1, 'UTC'), $2) AS TIMESTAMP(6))"
	case "utc_of":
		return "CAST(with_timezone($1, $2) AT TIME ZONE 'UTC' AS TIMESTAMP(6))"
	case "date_trunc_zone":
		return "CAST(date_trunc($1, at_timezone(with_timezone($2, 'UTC'), $3)) AT TIME ZONE 'UTC' AS TIMESTAMP(6))"
	}
	return trinoNestedForm(fn, n)
}

// trinoNestedForm is form for JSON, arrays and maps.
func trinoNestedForm(fn string, n int) string {
	switch fn {
	case "json_extract": // by Trino whether it is there, by us as it is written
		return "CASE WHEN json_extract($1, $2) IS NOT NULL THEN tocsin_json_value($1, $3) END"
	case "json_extract_scalar":
		return "json_extract_scalar($1, $2)"
	case "json_array_length":
		if n > 1 {
			return "json_array_length(json_extract($1, $2))"
		}
	case "element_at":
		return "element_at($1, nullif($2, 0))"
	case "map_at":
		return "element_at($1, $2)"
	case "map_size":
		return "cardinality($1)"
	case "transform", "filter", "any_match", "none_match", "all_match":
		return fn + "(" + trinoBoundedList + ", $2)"
	case "reduce":
		return "reduce(" + trinoBoundedList + ", $2, $3, $4)"
	}
	return trinoForm(fn, n)
}

// trinoBoundedList is an array that a lambda goes through: as long as DuckDB lets
// one be, so that both answer or neither.
const trinoBoundedList = "IF(cardinality($1) > 10000, fail('a lambda goes through 10000 elements at most'), $1)"
