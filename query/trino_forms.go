// How Trino writes the functions whose form is one text. What fails there is
// NULL in the language, so that no single record stops a rule.

package query

import "strings"

// trinoForm is the form of a function, for n arguments where that makes a
// difference.
func trinoForm(fn string, n int) string {
	if f, ok := trinoForms[fn+"/"+itoa(n)]; ok {
		return f
	}
	if f, ok := trinoForms[fn]; ok {
		return f
	}
	rest, text := strings.CutPrefix(fn, "text_")
	size, try := strings.CutPrefix(rest, "try_")
	if strings.HasPrefix(size, "decimal(") {
		to := map[bool]string{true: "VARCHAR", false: "DOUBLE"}[text]
		return "CAST(" + map[bool]string{true: "TRY_"}[try] + "CAST($1 AS " + size + ") AS " + to + ")"
	}
	return sharedForm(fn, n)
}

// trinoForms are read only.
var trinoForms = map[string]string{
	// texts
	"strpos_nth": "CASE WHEN $3 > 0 THEN strpos($1, $2, $3) WHEN $3 = 0 THEN NULL WHEN $2 = '' THEN 1 WHEN strpos(reverse($1), reverse($2), -$3) = 0 THEN 0 " +
		"ELSE length($1) - length($2) - strpos(reverse($1), reverse($2), -$3) + 2 END", // from the end Trino counts some letters twice,
	"byte_length":          "length(to_utf8($1))",
	"split/3":              "CASE WHEN $2 <> '' THEN split($1, $2, $3) END",
	"split_to_map":         "try(split_to_map($1, $2, $3))",
	"chr":                  "CASE WHEN $1 > 0 THEN try(chr($1)) END",
	"codepoint":            "CASE WHEN length($1) = 1 THEN codepoint(CAST($1 AS varchar(1))) END",
	"soundex":              `CASE WHEN NOT regexp_like($1, '[^\x00-\x7F]') THEN soundex($1) END`,
	"to_utf8":              "$1",
	"levenshtein_distance": "levenshtein_distance(IF(length($1) * length($2) > 262144, fail('levenshtein_distance: these texts are too long for it (compare substr(x, 1, 255))'), $1), $2)",
	"hamming_distance":     "CASE WHEN length($1) = length($2) THEN hamming_distance($1, $2) END",

	// bytes
	"sha512":               "lower(to_hex(sha512(to_utf8($1))))",
	"crc32":                "crc32(to_utf8($1))",
	"to_hex":               "to_hex(to_utf8($1))",
	"to_base64":            "to_base64(to_utf8($1))",
	"to_base64url":         "to_base64url(to_utf8($1))",
	"bytes_from_hex":       "lower(to_hex(try(from_hex($1))))",
	"bytes_from_base64":    "lower(to_hex(try(from_base64($1))))",
	"bytes_from_base64url": "lower(to_hex(try(from_base64url($1))))",
	"as_utf8":              "from_utf8(from_hex($1))",
	"from_utf8_of_hex":     "from_utf8(from_hex($1))",
	"to_hex_of_hex":        "upper($1)",
	"to_base64_of_hex":     "to_base64(from_hex($1))",
	"to_base64url_of_hex":  "to_base64url(from_hex($1))",
	"md5_of_hex":           "lower(to_hex(md5(from_hex($1))))",
	"sha1_of_hex":          "lower(to_hex(sha1(from_hex($1))))",
	"sha256_of_hex":        "lower(to_hex(sha256(from_hex($1))))",
	"sha512_of_hex":        "lower(to_hex(sha512(from_hex($1))))",
	"crc32_of_hex":         "crc32(from_hex($1))",

	// numbers
	"truncate/1":   "truncate($1)",
	"truncate/2":   "CASE WHEN abs($1) >= 1e15 THEN $1 ELSE truncate($1 * power(10, $2)) / power(10, $2) END",
	"e":            "e()",
	"from_base":    `CASE WHEN regexp_like($1, '\A[-+0-9A-Za-z]+\z') THEN try(from_base($1, $2)) END`,
	"bit_count":    "try(bit_count($1, $2))",
	"width_bucket": "CASE WHEN $2 <> $3 AND $4 BETWEEN 1 AND 2147483647 THEN width_bucket($1, $2, $3, $4) END",

	"bitwise_left_shift":             "CASE WHEN $2 BETWEEN 0 AND 63 THEN bitwise_left_shift($1, CAST($2 AS INTEGER)) WHEN $1 IS NOT NULL AND $2 IS NOT NULL THEN 0 END",
	"bitwise_right_shift":            "CASE WHEN $2 BETWEEN 0 AND 63 THEN bitwise_right_shift($1, CAST($2 AS INTEGER)) WHEN $1 IS NOT NULL AND $2 IS NOT NULL THEN 0 END",
	"bitwise_right_shift_arithmetic": "bitwise_right_shift_arithmetic($1, CAST(CASE WHEN $2 NOT BETWEEN 0 AND 63 THEN 64 ELSE $2 END AS INTEGER))",

	// casts
	"timestamp_0": "CAST(CAST($1 AS TIMESTAMP(0)) AS TIMESTAMP(6))",
	"timestamp_3": "CAST(CAST($1 AS TIMESTAMP(3)) AS TIMESTAMP(6))",
	"try":         "try($1)",

	// times
	"date_parse":             "tocsin_year(CAST(try(date_parse($1, $2)) AS TIMESTAMP(6)))",
	"from_iso8601_timestamp": "tocsin_year(CAST(try(from_iso8601_timestamp($1)) AT TIME ZONE 'UTC' AS TIMESTAMP(6)))",
	"from_iso8601_date":      "tocsin_year(CAST(try(from_iso8601_date($1)) AS TIMESTAMP(6)))",
	"to_iso8601":             "(substr(date_format(date_trunc('millisecond', $1), '%Y-%m-%dT%H:%i:%s.%f'), 1, 23) || 'Z')",
	"last_day_of_month":      "CAST(last_day_of_month($1) AS TIMESTAMP(6))",

	// JSON
	"json_contains_text":    "CASE WHEN json_array_length($1) IS NOT NULL THEN json_array_contains($1, $2) END",
	"json_contains_integer": "CASE WHEN json_array_length($1) IS NOT NULL THEN json_array_contains($1, $2) END",
	"json_contains_double":  "CASE WHEN json_array_length($1) IS NOT NULL THEN json_array_contains($1, $2) END",
	"json_contains_boolean": "CASE WHEN json_array_length($1) IS NOT NULL THEN json_array_contains($1, $2) END",
	"json_list":             `(CASE WHEN regexp_like($1, '\A\s*\[') THEN $1 WHEN regexp_like($1, '\A\s*\{') THEN '[' || $1 || ']' ELSE '[' || json_format(CAST($1 AS JSON)) || ']' END)`,
	"json_size":             "CASE WHEN json_extract($1, $2) IS NOT NULL THEN json_size($1, $2) END",
	"json_array_get":        "element_at(tocsin_json_texts($1), CASE WHEN $2 >= 0 THEN $2 + 1 ELSE $2 END)",
	"is_json_scalar":        `(NOT regexp_like($1, '\A\s*[\[{]'))`,

	// arrays
	"array_join_or": "array_join($1, $2, $3)",
	"array_reverse": "reverse($1)",
	"each":          "transform($1, $2)",
	"repeat":        "repeat($1, CAST($2 AS INTEGER))",
	"slice":         "CASE WHEN $2 <> 0 AND $3 >= 0 THEN slice($1, $2, $3) END",

	// maps
	"map":              "try(map($1, $2))",
	"map_keys":         "array_sort(map_keys($1))",
	"map_values":       "transform(array_sort(map_keys($1)), k -> element_at($1, k))",
	"map_filter":       "map_from_entries(filter(map_entries($1), $2))",
	"transform_values": "map_from_entries(transform(map_entries($1), $2))",
	"entry_key":        "$1[1]",
	"entry_value":      "$1[2]",
	"entry":            "ROW($1, $2)",

	// aggregates
	"moderate": "CASE WHEN abs($1) >= 1e75 THEN fail('numbers of 1e75 and more are too large for this aggregate') ELSE $1 END",

	// networks
	"is_prefix_subnet_of": "tocsin_prefix_in($1, $2)",
	"ip_prefix":           "tocsin_ip_prefix($1, $2)",
	"ip_subnet_min":       "tocsin_ip_end($1, '0')",
	"ip_subnet_max":       "tocsin_ip_end($1, 'f')",
	"ip_subnet_range":     "CASE WHEN tocsin_ip_end($1, '0') IS NOT NULL THEN ARRAY[tocsin_ip_end($1, '0'), tocsin_ip_end($1, 'f')] END",
	"ip_to_domain":        "tocsin_ip_domain($1)",
}

// trinoAggregates are the names and the forms of aggregates that Trino has in
// another way. Read only.
var trinoAggregates = map[string]struct{ fn, form string }{
	"geometric_mean": {"geometric_mean", trinoFinite},
	"corr":           {"corr", trinoFinite},
	"regr_slope":     {"regr_slope", trinoFinite},
	"regr_intercept": {"regr_intercept", trinoFinite},
	"skewness":       {"skewness", trinoFinite},
	"kurtosis":       {"kurtosis", trinoFinite},
	"min_n":          {"min", "$1"},
	"max_n":          {"max", "$1"},
	"map_agg":        {"multimap_agg", "transform_values($1, (k, v) -> element_at(v, 1))"},
}

// trinoFinite is a number that may be none.
const trinoFinite = "element_at(filter(ARRAY[$1], v -> is_finite(v)), 1)"

// trinoNetworks are functions of networks in SQL: an address is 32 digits in
// hexadecimal, one of IPv4 the last 8 of them. Read only.
var trinoNetworks = [...]trinoFunction{
	{"tocsin_year", `(t timestamp(6)) RETURNS timestamp(6)
RETURN CASE WHEN year(t) BETWEEN 1 AND 9999 THEN t END`},

	// A number as it stands, or what is none for a cast to say so.
	{"tocsin_decimal", `(x varchar) RETURNS varchar
RETURN CASE WHEN regexp_like(tocsin_trim(x), '\A[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?\z') THEN tocsin_trim(x)
  WHEN x IS NOT NULL THEN 'no number: ' || substr(x, 1, 60) END`},

	{"tocsin_ip_hex", `(x varchar) RETURNS varchar
RETURN CASE WHEN regexp_like(tocsin_trim(x), '\A[0-9A-Fa-f:.]+\z') THEN lower(to_hex(CAST(TRY_CAST(tocsin_trim(x) AS ipaddress) AS varbinary))) END`},

	// The first, or the last, address that has these bits.
	{"tocsin_ip_masked", `(h varchar, bits bigint, fill varchar) RETURNS varchar
RETURN CAST(CAST(from_hex(rpad(substr(h, 1, bits / 4) || CASE bits % 4 WHEN 0 THEN '' ELSE lower(to_base(
  bitwise_and(from_base(substr(h, bits / 4 + 1, 1), 16), 16 - CAST(power(2, 4 - bits % 4) AS bigint))
  + CASE fill WHEN 'f' THEN CAST(power(2, 4 - bits % 4) AS bigint) - 1 ELSE 0 END, 16)) END, 32, fill)) AS ipaddress) AS varchar)`},

	{"tocsin_ip_prefix", `(x varchar, bits bigint) RETURNS varchar RETURNS NULL ON NULL INPUT
BEGIN
  DECLARE h varchar DEFAULT tocsin_ip_hex(x);
  DECLARE most bigint DEFAULT CASE WHEN starts_with(h, '00000000000000000000ffff') THEN 32 ELSE 128 END;
  RETURN CASE WHEN bits <= most THEN tocsin_ip_masked(h, bits + 128 - most, '0') || '/' || CAST(bits AS varchar) END;
END`},

	// How many bits a network has, in all 128; a single address is one, too.
	{"tocsin_ip_bits", `(x varchar) RETURNS bigint
BEGIN
  DECLARE s varchar DEFAULT tocsin_trim(x);
  DECLARE h varchar DEFAULT tocsin_ip_hex(split_part(s, '/', 1));
  DECLARE most bigint DEFAULT CASE WHEN strpos(s, ':') = 0 THEN 32 ELSE 128 END;
  DECLARE bits bigint DEFAULT TRY_CAST(regexp_extract(s, '\A[^/]+/(0|[1-9][0-9]{0,2})\z', 1) AS bigint);
  RETURN CASE WHEN h IS NULL THEN NULL WHEN strpos(s, '/') = 0 THEN 128 WHEN bits <= most THEN bits + 128 - most END;
END`},

	{"tocsin_ip_end", `(x varchar, fill varchar) RETURNS varchar
RETURN CASE WHEN tocsin_ip_bits(x) IS NOT NULL THEN tocsin_ip_masked(tocsin_ip_hex(split_part(tocsin_trim(x), '/', 1)), tocsin_ip_bits(x), fill) END`},

	{"tocsin_prefix_in", `(network varchar, x varchar) RETURNS boolean RETURNS NULL ON NULL INPUT
RETURN CASE WHEN tocsin_ip_bits(x) IS NOT NULL THEN tocsin_ip_bits(network) <= tocsin_ip_bits(x) AND tocsin_subnet(network, tocsin_ip_end(x, '0')) END`},

	{"tocsin_ip_domain", `(x varchar) RETURNS varchar
RETURN CASE WHEN tocsin_ip_hex(x) IS NULL THEN NULL
  WHEN any_match(ARRAY['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '127.0.0.0/8', '169.254.0.0/16', 'fc00::/7', 'fe80::/10', '::1/128'], n -> tocsin_subnet(n, x))
  THEN 'intranet' ELSE 'internet' END`},
}
