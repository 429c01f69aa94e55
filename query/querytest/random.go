// Random queries.

package querytest

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"tocsin/query"
)

// Statement is a query over a log with the fields eventName, eventSource,
// errorCode, errorMessage, sourceIPAddress, apiVersion (texts), cnt, retries
// (integers), score (double), readOnly (boolean), userIdentity and
// requestParameters (open objects): mostly one that the planner lets through.
func Statement(rng *rand.Rand) string {
	x := expression(rng, 2)
	switch rng.IntN(5) {
	case 0:
		return "* | SELECT " + x + " AS x"
	case 1:
		return "* | SELECT " + x + " AS x, count(*) AS n GROUP BY x HAVING x IS NOT NULL ORDER BY n DESC, x"
	case 2:
		return "* | SELECT eventName WHERE " + x
	case 3:
		return "* | SELECT " + x + " AS x | SELECT x, " + strings.ReplaceAll(expression(rng, 1), "cnt", "x") + " AS y, max(x) AS m GROUP BY x"
	}
	return "* | SELECT eventSource, " + x + " AS x GROUP BY eventSource ORDER BY x LIMIT 5"
}

func expression(rng *rand.Rand, depth int) string {
	atoms := []string{
		"eventName", "cnt", "score", "readOnly", "@time", "__time__", "requestParameters.size", "requestParameters", "retries", "apiVersion", "sourceIPAddress",
		"NULL", "1", "-2", "2.5", "'x'", "'day'", "'$.name'", "'%Y-%m'", "'10.0.0.0/8'", "'a(b)?'", "true", "now()", "split(eventName, 'e')", "ARRAY[1, 2]", "TIMESTAMP '2026-01-01 00:00:00'",
	}
	if depth == 0 || rng.IntN(4) == 0 {
		return atoms[rng.IntN(len(atoms))]
	}
	sub := func() string { return expression(rng, depth-1) }
	switch rng.IntN(12) {
	case 0:
		ops := []string{"+", "-", "*", "/", "%", "||", "=", "<>", "<", ">=", "AND", "OR", "IS DISTINCT FROM"}
		return "(" + sub() + " " + ops[rng.IntN(len(ops))] + " " + sub() + ")"
	case 1:
		types := []string{"varchar", "bigint", "double", "boolean", "timestamp", "date", "json", "array(varchar)", "integer", "decimal(8, 2)", "varchar(30)", "map(varchar, varchar)", "array(double)"}
		return []string{"cast", "try_cast"}[rng.IntN(2)] + "(" + sub() + " AS " + types[rng.IntN(len(types))] + ")"
	case 2:
		return "CASE WHEN " + sub() + " THEN " + sub() + " ELSE " + sub() + " END"
	case 3:
		return fmt.Sprintf("(%s %s)", sub(), []string{"IS NULL", "LIKE 'a%b_c'", "LIKE '%x'", "IN ('x', 'y')", "IN (1, 2.5)", "BETWEEN 1 AND 5", "+ interval '1' day", "[1]"}[rng.IntN(8)])
	case 4:
		return "(NOT " + sub() + ")"
	}
	if rng.IntN(3) > 0 {
		return functionCall(rng, sub)
	}
	names := query.Functions()
	name := names[rng.IntN(len(names))]
	args := make([]string, rng.IntN(4))
	for i := range args {
		args[i] = sub()
	}
	return name + "(" + strings.Join(args, ", ") + ")"
}

// Calls is how many forms of calls there are.
func Calls() int { return len(forms()) }

// Call is a query that selects a call of form i: each function has one, and some
// casts have.
func Call(rng *rand.Rand, i int) string {
	return "* | SELECT " + filled(rng, i, func() string { return expression(rng, 0) }) + " AS x"
}

func forms() []string { return strings.Split(strings.ReplaceAll(calls, ";\n", ";"), ";") }

// functionCall is a call whose arguments fit.
func functionCall(rng *rand.Rand, sub func() string) string {
	return filled(rng, rng.IntN(Calls()), sub)
}

// filled is a form with arguments.
func filled(rng *rand.Rand, i int, sub func() string) string {
	kinds := map[rune][]string{
		'T': {"eventName", "errorCode", "sourceIPAddress", "requestParameters.bucketName", "'x'", "NULL", "apiVersion"},
		'N': {"cnt", "score", "requestParameters.size", "2.5", "-1", "NULL"}, 'I': {"cnt", "__seq__", "retries", "2", "NULL"}, 'B': {"readOnly", "cnt > 2", "errorCode IS NULL", "NULL"},
		'E': {"@time", "__time__", "now()", "TIMESTAMP '2026-01-01 00:00:00'", "NULL"}, 'J': {"requestParameters", "userIdentity", "errorMessage", "requestParameters.tags"},
		'A': {"split(eventName, 'e')", "ARRAY['a', 'b']", "ARRAY['a', NULL]", "NULL"}, 'D': {"ARRAY[1, 2, 2]", "ARRAY[3, cnt]", "sequence(1, 4)", "ARRAY[NULL, 2]", "NULL"},
		'M': {"map(ARRAY['a', 'b'], ARRAY[1, cnt])", "map(ARRAY[eventName], ARRAY[cnt])", "NULL"}, 'X': {"eventName", "cnt", "score", "@time", "readOnly", "requestParameters"},
	}
	name, args, _ := strings.Cut(forms()[i], "(")
	var b strings.Builder
	for i, r := range args {
		list, ok := kinds[r]
		alone := (i == 0 || !isLetter(args[i-1])) && (i+1 == len(args) || !isLetter(args[i+1]))
		switch {
		case !ok || !alone:
			b.WriteRune(r)
		case rng.IntN(4) == 0:
			b.WriteString(sub())
		default:
			b.WriteString(list[rng.IntN(len(list))])
		}
	}
	if args == "" { // A[1], E + interval
		k := kinds[rune(name[0])]
		return "(" + k[rng.IntN(len(k))] + name[1:] + ")"
	}
	return name + "(" + b.String()
}

// calls are calls of every function: T text, N number, I integer, B boolean, E
// time, J JSON, A array of text, D array of integers, M map, X anything.
const calls = `count(X);count(DISTINCT X);count_if(B);sum(I);sum(N);sum(DISTINCT I);avg(N);min(X);max(X);min(X, 2);max(X, 3);arbitrary(X);any_value(X);approx_distinct(X);
array_agg(X);array_agg(DISTINCT I);array_agg(T ORDER BY I DESC);max_by(X, I);min_by(X, N);max_by(X, T, 2);min_by(X, E, 3);bool_and(B);bool_or(B);every(B);count(*) FILTER (WHERE B);
geometric_mean(N);approx_percentile(N, 0.9);approx_percentile(I, ARRAY[0.5, 1]);histogram(T);histogram(I);map_agg(T, X);map_agg(I, N);multimap_agg(T, X);multimap_agg(B, I);
stddev(N);stddev_samp(I);stddev_pop(N);variance(N);var_samp(N);var_pop(I);skewness(N);kurtosis(N);corr(N, I);covar_pop(N, N);covar_samp(I, N);regr_slope(N, N);regr_intercept(N, I);
bitwise_and_agg(I);bitwise_or_agg(I);bitwise_xor_agg(I);array_join(array_agg(T), ',');element_at(histogram(T), 'x');cardinality(map_agg(T, I));map_keys(multimap_agg(T, I));
coalesce(T, T);coalesce(I, N);coalesce(A, A);nullif(I, I);nullif(T, T);if(B, T, T);if(B, I);greatest(I, N);least(T, T);try(cast(T AS bigint));try(N / I);try(I + I);typeof(X);typeof(A);
lower(T);upper(T);trim(T);ltrim(T);rtrim(T);trim(T, 'xy');ltrim(T, 'x');rtrim(T, 'x');length(T);length(to_utf8(T));substr(T, I);substr(T, I, I);substring(T, 2, 1);strpos(T, T);strpos(T, T, I);
split(T, T);split(T, ',');split(T, 'e', 2);split(T, T, 3);split_part(T, T, I);split_part(T, '/', 1);split_to_map(T, ':', '=');concat(X, T);concat(A, A);concat(D, I);concat_ws(T, X, T, I);replace(T, 'a', 'b');replace(T, 'a');
translate(T, 'abc', 'x');reverse(T);reverse(A);reverse(D);lpad(T, 5, 'x');rpad(T, 3, 'yz');starts_with(T, T);ends_with(T, T);chr(I);codepoint(T);normalize(T);soundex(T);levenshtein_distance(T, T);hamming_distance(T, T);
regexp_like(T, 'a(b)?');regexp_extract(T, 'a(b)?');regexp_extract(T, 'a(b)?', 1);regexp_extract(T, '(a)b', 1);regexp_extract_all(T, 'a');regexp_extract_all(T, 'a(b)?', 1);regexp_replace(T, 'a');regexp_replace(T, '(?<n>[a-c])(x)?', '$2${n}\\$');
regexp_split(T, '[.:]');regexp_count(T, 'a');regexp_position(T, '[m-z]');url_decode(T);url_encode(T);url_extract_protocol(T);url_extract_host(T);url_extract_port(T);url_extract_path(T);url_extract_query(T);url_extract_parameter(T, 'q');url_extract_fragment(T);
md5(T);sha1(T);sha256(T);sha512(T);crc32(T);to_utf8(T);from_utf8(to_utf8(T));to_hex(T);to_hex(md5(T));md5(md5(T));from_hex(T);from_utf8(from_hex(T));to_base64(T);to_base64(sha1(to_utf8(T)));from_base64(T);from_utf8(from_base64(to_base64(T)));
to_base64url(T);to_base64url(from_base64url(T));from_base64url(T);to_hex(from_base64(T));crc32(from_hex(T));sha512(from_hex(T));sha256(sha256(T));sha1(from_base64(T));
abs(N);round(N);round(N, 1);round(I, 1);truncate(N);truncate(N, 1);truncate(I);ceil(N);ceiling(I);floor(N);sign(N);sign(I);mod(I, I);mod(N, I);power(N, I);pow(I, 2);sqrt(N);cbrt(N);exp(N);ln(N);log(N, N);log2(N);log10(I);e();pi();
degrees(N);radians(N);sin(N);cos(N);tan(N);asin(N);acos(N);atan(I);atan2(N, N);sinh(N);cosh(N);tanh(N);is_nan(N);is_finite(N);is_infinite(I);width_bucket(N, 0, 10, 5);width_bucket(N, N, N, I);to_base(I, 16);from_base(T, 36);
bitwise_and(I, I);bitwise_or(I, I);bitwise_xor(I, I);bitwise_not(I);bitwise_left_shift(I, I);bitwise_right_shift(I, I);bitwise_right_shift_arithmetic(I, I);bit_count(I, 64);bit_count(I, 8);
now();date(E);date(T);date_trunc('hour', E);date_trunc('quarter', E);date_trunc('millisecond', E);date_format(E, '%Y-%m-%d %H:%i:%s %%');date_format(E, '%f %v %x %W %a %b %M %c %e %k %l %p %r %T %j %y %h %I %S');date_parse(T, '%Y-%m-%d');date_parse(date_format(E, '%x-%v %a %r'), '%x-%v %a %r');
date_diff('day', E, E);date_diff('millisecond', E, E);date_diff('quarter', E, E);date_add('month', I, E);date_add('quarter', I, E);date_add('millisecond', I, E);from_unixtime(I);from_unixtime(N);hour(from_unixtime(I, 'Asia/Tokyo'));to_unixtime(@time);
date_format(at_timezone(@time, 'Europe/Berlin'), '%H');from_iso8601_timestamp(T);from_iso8601_timestamp(to_iso8601(@time));from_iso8601_date(T);to_iso8601(@time);to_iso8601(date(E));year(E);quarter(E);month(E);week(E);week_of_year(E);day(E);day_of_month(E);
day_of_week(E);dow(E);day_of_year(E);doy(E);year_of_week(E);yow(E);hour(E);minute(E);second(E);millisecond(E);last_day_of_month(E);week(at_timezone(@time, 'Asia/Tokyo'));last_day_of_month(at_timezone(@time, 'Asia/Tokyo'));
json_extract(J, '$.a[0]');json_extract_scalar(J, '$.size');json_array_length(J);json_array_length(J, '$.tags');json_array_contains(J, T);json_array_contains(J, I);json_array_contains(J, N);json_array_contains(J, B);json_array_get(J, I);json_size(J, '$');json_size(J, '$.tags');is_json_scalar(J);
json_parse(J);json_format(J);array_position(A, T);array_position(D, I);element_at(A, I);element_at(M, 'a');A[1];M['b'];cardinality(A);cardinality(M);contains(A, T);contains(D, I);array_join(A, '-');array_join(D, ',', 'n');array_join(ARRAY[N, N], '-');array_distinct(A);array_distinct(D);
array_sort(A);array_sort(D);array_max(D);array_min(A);array_remove(A, T);array_remove(D, I);array_union(A, A);array_union(D, D);array_intersect(A, A);array_intersect(D, D);array_except(A, A);array_except(D, D);arrays_overlap(A, A);arrays_overlap(D, D);
slice(A, I, I);slice(D, 2, 2);flatten(ARRAY[A, A]);flatten(ARRAY[D]);sequence(1, 5);sequence(9, 1, -3);repeat(X, 3);repeat(A, 2);repeat(I, 0);
any_match(A, x -> x = 'a');all_match(D, x -> x > 1);none_match(A, x -> x LIKE 'a%');filter(A, x -> length(x) > 1);filter(D, x -> x > cnt);transform(A, x -> x || '!');transform(D, x -> x * 2);reduce(D, 0, (s, x) -> s + x, s -> s);
map(A, A);map(D, A);map_keys(M);map_values(M);map_concat(M, M);map_filter(M, (k, v) -> v > 1);transform_values(M, (k, v) -> v + length(k));transform_values(M, (k, v) -> k || '!');
row_number() OVER (ORDER BY X);rank() OVER (PARTITION BY T ORDER BY N);dense_rank() OVER (ORDER BY T DESC);percent_rank() OVER (ORDER BY I);cume_dist() OVER (ORDER BY I);ntile(3) OVER (ORDER BY I);lag(X) OVER (ORDER BY I);lag(T, 1, T) OVER (ORDER BY I);
lead(N, 2) OVER (PARTITION BY B ORDER BY I);first_value(X) OVER (ORDER BY N);last_value(T) OVER (ORDER BY I ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING);nth_value(I, 2) OVER (ORDER BY I);sum(I) OVER (ORDER BY I ROWS BETWEEN 1 PRECEDING AND CURRENT ROW);
stddev(N) OVER (PARTITION BY T);count(*) OVER ();corr(N, N) OVER ();is_subnet_of('10.0.0.0/8', T);is_prefix_subnet_of('10.0.0.0/8', T);ip_prefix(T, 24);ip_subnet_min(T);ip_subnet_max(ip_prefix(T, 16));ip_subnet_range(T);ip_to_domain(T);
cast(json_extract(J, '$.tags') AS array(varchar));try_cast(json_extract(J, '$.tags') AS array(bigint));try_cast(J AS map(varchar, varchar));try_cast(J AS map(varchar, bigint));try_cast(J AS map(varchar, json));cast(D AS array(varchar));try_cast(A AS array(integer));cast(N AS decimal(10, 2));
cast(cast(N AS decimal(6, 3)) AS varchar);try_cast(T AS decimal(4, 1));cast(I AS integer);try_cast(I AS tinyint);try_cast(T AS smallint);cast(T AS varchar(3));cast(E AS timestamp(0));cast(E AS timestamp(3));E + interval '2' month;E - interval '1' second`

func isLetter(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == '%' || c == '\''
}
