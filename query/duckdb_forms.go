// How DuckDB writes the functions whose form is one text: $1 … are the
// arguments. What Presto cannot compute fails there; here it is NULL, so that no
// single record stops a rule.

package query

import "strings"

// duckForm is the form of a function, for n arguments where that makes a
// difference.
func duckForm(fn string, n int) string {
	if f, ok := duckForms[fn+"/"+itoa(n)]; ok {
		return f
	}
	if f, ok := duckForms[fn]; ok {
		return f
	}
	if rest, ok := strings.CutPrefix(fn, "text_"); ok {
		return duckDecimal(rest, "tocsin_decimal_text")
	}
	if strings.HasSuffix(fn, ")") {
		return duckDecimal(fn, "tocsin_decimal")
	}
	return sharedForm(fn, n)
}

// duckDecimal is the form of a cast to decimal(10,2), or try_decimal(10,2).
func duckDecimal(fn, udf string) string {
	size, try := strings.CutPrefix(fn, "try_")
	size = strings.TrimSuffix(strings.TrimPrefix(size, "decimal("), ")")
	return udf + "(CAST($1 AS VARCHAR), '" + size + "', " + map[bool]string{true: "true", false: "false"}[try] + ")"
}

// duckForms are read only.
var duckForms = map[string]string{
	// texts
	"strpos_nth":     "tocsin_strpos($1, $2, $3)",
	"byte_length":    "octet_length(encode($1))",
	"split_to_map":   "map(tocsin_split_to_map($1, $2, $3, true), tocsin_split_to_map($1, $2, $3, false))",
	"lpad":           "lpad($1, CAST($2 AS INTEGER), $3)",
	"rpad":           "rpad($1, CAST($2 AS INTEGER), $3)",
	"chr":            "tocsin_chr($1)",
	"codepoint":      "tocsin_codepoint($1)",
	"normalize":      "nfc_normalize($1)",
	"soundex":        "tocsin_soundex($1)",
	"to_utf8":        "$1",
	"regexp_split":   "tocsin_regexp_split($1, $2)",
	"regexp_count":   "len(regexp_extract_all($1, $2))",
	"regexp_replace": "regexp_replace($1, $2, $3, 'g')",

	"levenshtein_distance":  "tocsin_levenshtein($1, $2)",
	"hamming_distance":      "tocsin_hamming($1, $2)",
	"regexp_position":       "tocsin_regexp_position($1, $2)",
	"url_encode":            "tocsin_url_encode($1)",
	"url_extract_protocol":  "tocsin_url_part($1, 'protocol')",
	"url_extract_host":      "tocsin_url_part($1, 'host')",
	"url_extract_port":      "CAST(tocsin_url_part($1, 'port') AS BIGINT)",
	"url_extract_path":      "tocsin_url_part($1, 'path')",
	"url_extract_query":     "tocsin_url_part($1, 'query')",
	"url_extract_fragment":  "tocsin_url_part($1, 'fragment')",
	"url_extract_parameter": "tocsin_url_parameter($1, $2)",

	// bytes
	"sha512":               "tocsin_bytes('sha512', 'text', $1)",
	"crc32":                "tocsin_crc32('text', $1)",
	"to_hex":               "upper(hex($1))",
	"to_base64":            "to_base64(encode($1))",
	"to_base64url":         "tocsin_bytes('base64url', 'text', $1)",
	"bytes_from_hex":       "tocsin_bytes('hex', 'from_hex', $1)",
	"bytes_from_base64":    "tocsin_bytes('hex', 'from_base64', $1)",
	"bytes_from_base64url": "tocsin_bytes('hex', 'from_base64url', $1)",
	"as_utf8":              "tocsin_bytes('utf8', 'hex', $1)",
	"from_utf8_of_hex":     "tocsin_bytes('utf8', 'hex', $1)",
	"to_hex_of_hex":        "upper($1)",
	"to_base64_of_hex":     "tocsin_bytes('base64', 'hex', $1)",
	"to_base64url_of_hex":  "tocsin_bytes('base64url', 'hex', $1)",
	"md5_of_hex":           "tocsin_bytes('md5', 'hex', $1)",
	"sha1_of_hex":          "tocsin_bytes('sha1', 'hex', $1)",
	"sha256_of_hex":        "tocsin_bytes('sha256', 'hex', $1)",
	"sha512_of_hex":        "tocsin_bytes('sha512', 'hex', $1)",
	"crc32_of_hex":         "tocsin_crc32('hex', $1)",

	// numbers
	"truncate/1":   "trunc($1)",
	"truncate/2":   "CASE WHEN abs($1) >= 1e15 THEN $1 ELSE trunc($1 * power(10, $2)) / power(10, $2) END",
	"e":            "2.718281828459045::DOUBLE",
	"width_bucket": "tocsin_width_bucket($1, $2, $3, $4)",
	"to_base":      "tocsin_to_base($1, $2)",
	"from_base":    "tocsin_from_base($1, $2)",
	"bitwise_and":  "($1 & $2)",
	"bitwise_or":   "($1 | $2)",
	"bitwise_xor":  "xor($1, $2)",
	"bitwise_not":  "(~$1)",
	"bit_count":    "tocsin_bit_count($1, $2)",

	"bitwise_left_shift":             "tocsin_shift('<<', $1, $2)",
	"bitwise_right_shift":            "tocsin_shift('>>>', $1, $2)",
	"bitwise_right_shift_arithmetic": "tocsin_shift('>>', $1, $2)",

	// casts
	"timestamp_0": "date_trunc('second', $1 + INTERVAL 500 MILLISECOND)",
	"timestamp_3": "date_trunc('millisecond', $1 + INTERVAL 500 MICROSECOND)",
	"try":         "TRY($1)",

	// times
	"date_parse":             "make_timestamp(tocsin_date_parse($1, $2))",
	"from_iso8601_timestamp": "make_timestamp(tocsin_iso8601($1, true))",
	"from_iso8601_date":      "make_timestamp(tocsin_iso8601($1, false))",
	"to_iso8601":             "strftime($1, '%Y-%m-%dT%H:%M:%S.%gZ')",
	"year_of_week":           "isoyear($1)",
	"day_of_year":            "dayofyear($1)",
	"millisecond":            "(millisecond($1) % 1000)",
	"last_day_of_month":      "CAST(last_day($1) AS TIMESTAMP)",

	// JSON
	"json_contains_text":    "tocsin_json_contains($1, 'text', $2)",
	"json_contains_integer": "tocsin_json_contains($1, 'integer', CAST($2 AS VARCHAR))",
	"json_contains_double":  "tocsin_json_contains($1, 'double', CAST($2 AS VARCHAR))",
	"json_contains_boolean": "tocsin_json_contains($1, 'boolean', CAST($2 AS VARCHAR))",
	"json_array_get":        "tocsin_json_get($1, $2)",
	"json_list":             "tocsin_json_list($1)",
	"json_size":             "tocsin_json_size($1, $2)",
	"is_json_scalar":        "tocsin_json_scalar($1)",

	// arrays
	"contains":        "CASE WHEN list_contains($1, $2) THEN true WHEN $1 IS NULL OR $2 IS NULL OR list_count($1) < len($1) THEN NULL ELSE false END",
	"array_position":  "CASE WHEN $2 IS NOT NULL THEN CAST(coalesce(list_position($1, $2), CASE WHEN $1 IS NOT NULL THEN 0 END) AS BIGINT) END",
	"array_remove":    "CASE WHEN $2 IS NOT NULL THEN list_filter($1, lambda element: element IS DISTINCT FROM $2) END",
	"array_sort":      "list_sort($1, 'ASC', 'NULLS LAST')",
	"array_max":       "CASE WHEN list_count($1) = len($1) THEN list_max($1) END",
	"array_min":       "CASE WHEN list_count($1) = len($1) THEN list_min($1) END",
	"array_distinct":  "list_select($1, tocsin_set('distinct', CAST($1 AS VARCHAR[]), []))",
	"array_union":     "list_select($1 || $2, tocsin_set('distinct', CAST($1 || $2 AS VARCHAR[]), []))",
	"array_intersect": "list_select($1 || $2, tocsin_set('intersect', CAST($1 AS VARCHAR[]), CAST($2 AS VARCHAR[])))",
	"array_except":    "list_select($1, tocsin_set('except', CAST($1 AS VARCHAR[]), CAST($2 AS VARCHAR[])))",
	"arrays_overlap":  "CASE WHEN list_has_any($1, $2) THEN true WHEN $1 IS NULL OR $2 IS NULL THEN NULL WHEN len($1) = 0 OR len($2) = 0 THEN false WHEN list_count($1) < len($1) OR list_count($2) < len($2) THEN NULL ELSE false END",
	"array_reverse":   "list_reverse($1)",
	"array_join":      "CASE WHEN $1 IS NOT NULL THEN coalesce(array_to_string($1, $2), '') END",
	"array_join_or":   "CASE WHEN $1 IS NOT NULL THEN coalesce(array_to_string(list_transform($1, lambda element: coalesce(element, $3)), $2), '') END",
	"flatten":         "flatten($1)",
	"each":            "list_transform($1, $2)",
	"sequence":        "generate_series($1, $2, $3)",
	"repeat":          "list_resize([$1], $2, $1)",
	"slice": "CASE WHEN $3 < 0 OR $2 = 0 THEN NULL WHEN $2 > 0 THEN list_slice($1, $2, $2 + least($3, len($1)) - 1) " +
		"WHEN -$2 <= len($1) THEN list_slice($1, len($1) + $2 + 1, len($1) + $2 + least($3, len($1))) WHEN $2 IS NOT NULL AND $3 IS NOT NULL THEN list_slice($1, 1, 0) END",

	// maps
	"map":              "CASE WHEN len($1) = len($2) AND len(list_distinct($1)) = len($1) THEN map($1, $2) END",
	"map_concat":       "CASE WHEN $1 IS NOT NULL AND $2 IS NOT NULL THEN map_concat($1, $2) END",
	"map_keys":         "list_sort(map_keys($1))",
	"map_values":       "list_transform(list_sort(map_entries($1)), lambda entry: entry.value)",
	"map_filter":       "map_from_entries(list_filter(map_entries($1), $2))",
	"transform_values": "map_from_entries(list_transform(map_entries($1), $2))",
	"entry_key":        "($1).key",
	"entry_value":      "($1).value",
	"entry":            "ROW($1, $2)",

	// aggregates
	"log_or_limit": "CASE WHEN $1 > 0 THEN ln($1) WHEN $1 = 0 THEN '-inf'::DOUBLE WHEN $1 < 0 THEN 'nan'::DOUBLE END",
	"moderate":     "CASE WHEN abs($1) >= 1e75 THEN error('numbers of 1e75 and more are too large for this aggregate') ELSE $1 END",

	// networks
	"is_prefix_subnet_of": "tocsin_prefix_in($1, $2)",
	"ip_prefix":           "tocsin_ip_prefix($1, $2)",
	"ip_subnet_min":       "tocsin_ip_subnet($1, false)",
	"ip_subnet_max":       "tocsin_ip_subnet($1, true)",
	"ip_subnet_range":     "tocsin_ip_range($1)",
	"ip_to_domain":        "tocsin_ip_domain($1)",
}

// duckAggregates are the names and the forms of aggregates that DuckDB has in
// another way. Read only.
var duckAggregates = map[string]struct{ fn, form string }{
	"approx_percentile": {"quantile_disc", "$1"},
	"bitwise_and_agg":   {"bit_and", "$1"},
	"bitwise_or_agg":    {"bit_or", "$1"},
	"bitwise_xor_agg":   {"bit_xor", "$1"},
	"geometric_mean":    {"avg", "nullif(exp($1), 'nan'::DOUBLE)"},
	"corr":              {"corr", "nullif($1, 'nan'::DOUBLE)"},
	"regr_slope":        {"regr_slope", "nullif($1, 'nan'::DOUBLE)"},
	"regr_intercept":    {"regr_intercept", "nullif($1, 'nan'::DOUBLE)"},
	"skewness":          {"list", moments("3", "sqrt(len(d)) * list_sum(list_transform(d, lambda x: (x - m) ** 3)) / q ** 1.5e0")},
	"kurtosis": {"list", moments("4", "(len(d) - 1e0) * ((len(d) + 1e0) * len(d) * list_sum(list_transform(d, lambda x: (x - m) ** 4)) / q ** 2 - 3e0 * (len(d) - 1e0)) "+
		"/ ((len(d) - 2e0) * (len(d) - 3e0))")},
	"min_n": {"min", "$1"},
	"max_n": {"max", "$1"},
	"map_agg": {"list", "map_from_entries(list_transform([$1], lambda l: list_where(l, " +
		"list_transform(list_zip(l, list_prepend(NULL, l[:-2])), lambda p: p[1][1] IS DISTINCT FROM p[2][1])))[1])"},
	"multimap_agg": {"list", "map_from_entries(list_transform([$1], lambda l: list_transform([list_filter(range(1, len(l) + 1), " +
		"lambda i: i = 1 OR l[i][1] IS DISTINCT FROM l[i - 1][1])], lambda s: list_transform(s, lambda i, j: " +
		"ROW(l[i][1], list_transform(l[i : coalesce(s[j + 1] - 1, len(l))], lambda p: p[2]))))[1])[1])"},
}

// moments is an answer made of the list of the numbers, where there are as many
// as n and they differ: DuckDB's own functions add up powers, whose difference is
// noise where numbers are large and near each other, such as times. d are the
// numbers without their first, m is the mean of these, q the sum of the squares
// around it.
func moments(n, answer string) string {
	return "list_transform([list_filter($1, lambda x: x IS NOT NULL)], lambda l: list_transform([list_transform(l, lambda x: x - l[1])], lambda d: " +
		"list_transform([list_avg(d)], lambda m: list_transform([list_sum(list_transform(d, lambda x: (x - m) ** 2))], lambda q: " +
		"CASE WHEN len(d) >= " + n + " AND q > 0 THEN " + answer + " END)[1])[1])[1])[1]"
}
