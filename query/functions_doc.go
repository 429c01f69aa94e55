// One line for each function, for completion and help.

package query

import "strings"

// Signature returns how a function is called, such as
// "substr(text, integer[, integer])", and what it gives, in one line. The name
// is taken in any case. It also knows the forms of SQL that look like functions:
// CAST, TRY_CAST, EXTRACT, ARRAY and those that are called without brackets.
func Signature(name string) (usage, doc string, ok bool) {
	name = lowerASCII(name)
	if form, ok := forms[name]; ok {
		return form[0], form[1], true
	}
	f, ok := functionNamed(name)
	if !ok {
		return "", "", false
	}
	doc = functionDocs[f.name]
	if doc == "" && f.alias != "" {
		doc = "another name of " + f.alias + ": " + functionDocs[f.alias]
	}
	return f.usage(), doc, true
}

// forms are usage and doc of what the grammar reads as a form of its own.
var forms = map[string][2]string{
	"cast":              {"CAST(value AS type)", "the value as another type; one that is none is an error"},
	"try_cast":          {"TRY_CAST(value AS type)", "the value as another type, NULL for one that is none"},
	"extract":           {"EXTRACT(part FROM time)", "a part of a time, as the function of that name: hour, day …"},
	"array":             {"ARRAY[value, …]", "an array of the values"},
	"current_date":      {"current_date", "midnight, in UTC, of the day of the evaluation"},
	"current_timestamp": {"current_timestamp", "the moment of the evaluation"},
	"localtimestamp":    {"localtimestamp", "the moment of the evaluation"},
}

// functionDocs say what the functions give. An entry of the function table that
// is another name for one needs none.
var functionDocs = docTable(`
count             how many rows there are, or how many in which the value is not NULL
count_if          in how many rows the condition is true
sum               the sum of the numbers
avg               the mean of the numbers
min               the least value
max               the greatest value
arbitrary         any one of the values that are not NULL
approx_distinct   how many different values there are, within about two percent
array_agg         all values, as an array
max_by            the first value of the row in which the second is greatest
min_by            the first value of the row in which the second is least
bool_and          whether the condition is true in all rows
bool_or           whether the condition is true in one row at least
geometric_mean    the mean by which the numbers multiply; NULL where one is below 0
approx_percentile  the value that a share of the numbers, from 0 to 1, does not exceed; of an array of shares, an array
histogram         how often each value is there, as a map
map_agg           a map of the first value to the second; of equal keys the row that was stored first counts
multimap_agg      a map of the first value to all the second ones
stddev_samp       the standard deviation of the numbers, of a sample
stddev_pop        the standard deviation of the numbers, of all there are
var_samp          the variance of the numbers, of a sample
var_pop           the variance of the numbers, of all there are
skewness          how far the numbers lean to one side; NULL of fewer than three
kurtosis          how heavy the tails of the numbers are; NULL of fewer than four
corr              how far two numbers go together, from -1 to 1
covar_pop         the covariance of two numbers, of all there are
covar_samp        the covariance of two numbers, of a sample
regr_slope        the slope of the line through pairs of numbers, the dependent one first
regr_intercept    where the line through pairs of numbers, the dependent one first, meets 0
bitwise_and_agg   the bits that all integers have
bitwise_or_agg    the bits that one integer has at least
bitwise_xor_agg   the bits that an odd number of integers have

coalesce          the first of the values that is not NULL
nullif            the first value, NULL where it equals the second
if                the second value where the condition is true, else the third, or NULL
greatest          the greatest of the values, NULL if one is
least             the least of the values, NULL if one is
try               the value, NULL where it cannot be computed
typeof            the type of the value, as CAST takes it

lower             the text in lower case
upper             the text in upper case
trim              the text without spaces around it
ltrim             the text without spaces before it
rtrim             the text without spaces behind it
length            how many characters the text has
substr            the text from a character on, counted from 1 or from the end with a minus, of a length
strpos            where the second text begins in the first, counted from 1; 0 where it does not
split             the parts of the text between separators, as an array
split_part        one part of the text between separators, counted from 1
concat            the texts one behind the other
replace           the text with another one in place of each occurrence of a part, or without it
reverse           the text from behind
starts_with       whether the text begins with the second
ends_with         whether the text ends with the second
split_to_map      a map of the keys to the values of entries: split_to_map(x, ';', '='); NULL where there is no one
concat_ws         the values, but NULLs, with a separator between them
translate         the text with some characters in the place of others, or without them
lpad              the text filled up, or cut, to a number of characters, from the left
rpad              the text filled up, or cut, to a number of characters, from the right
chr               the character of a number
codepoint         the number of a character
normalize         the text in Unicode's form NFC
soundex           how an English name sounds, as a code; NULL of other letters
levenshtein_distance  how many characters make one text of the other; of short texts
hamming_distance  in how many places two texts of one length differ
regexp_like       whether the regular expression is found in the text
regexp_extract    what the regular expression, or one of its groups, matches first; NULL where nothing
regexp_extract_all  all that the regular expression, or one of its groups, matches, as an array
regexp_replace    the text with something else in the place of all that matches: $1 is a group, ${name} one with a name
regexp_split      the parts of the text between what matches
regexp_count      how often the regular expression matches
regexp_position   where it first matches, counted from 1; -1 where it does not
url_decode        the text with %XX undone
url_encode        the text as a part of a URL
url_extract_protocol  the protocol of a URL; NULL of what is none
url_extract_host  the host of a URL
url_extract_port  the port of a URL, NULL where it names none
url_extract_path  the path of a URL
url_extract_query  the query of a URL
url_extract_parameter  the first value of a parameter in the query of a URL
url_extract_fragment  what stands behind # in a URL
md5               the MD5 of the text, in hexadecimal
sha1              the SHA-1 of the text, in hexadecimal
sha256            the SHA-256 of the text, in hexadecimal
sha512            the SHA-512 of the text, in hexadecimal
crc32             the checksum of the text
to_utf8           the bytes of the text, for functions of bytes; elsewhere the text itself
from_utf8         the text that bytes are
to_hex            the bytes in hexadecimal, in upper case
from_hex          the bytes that stand there in hexadecimal; as text in UTF-8
to_base64         the bytes in Base64
from_base64       the bytes that stand there in Base64; as text in UTF-8
to_base64url      the bytes in the Base64 of URLs
from_base64url    the bytes that stand there in the Base64 of URLs; as text in UTF-8

abs               the number without its sign
round             the number rounded, to a number of decimal places
truncate          the number without its decimal places, or with so many
ceil              the least whole number that is not below
floor             the greatest whole number that is not above
sign              1, 0 or -1
mod               what a division leaves, with the sign of the first number
power             the first number to the power of the second
sqrt              the square root
cbrt              the cube root
exp               e to the power of the number
ln                the natural logarithm
log               the logarithm to a base, which comes first
log2              the logarithm to base 2
log10             the logarithm to base 10
e                 2.718…
pi                3.141…
degrees           the angle in degrees
radians           the angle in radians
sin               the sine
cos               the cosine
tan               the tangent
asin              the angle of a sine
acos              the angle of a cosine
atan              the angle of a tangent
atan2             the angle of y and x
sinh              the hyperbolic sine
cosh              the hyperbolic cosine
tanh              the hyperbolic tangent
is_nan            false: numbers are finite here
is_finite         true: numbers are finite here
is_infinite       false: numbers are finite here
width_bucket      in which of n equal parts between two bounds the number lies
to_base           the integer as digits to a base
from_base         the integer that digits to a base are
bitwise_and       the bits that both integers have
bitwise_or        the bits that one of the integers has
bitwise_xor       the bits that only one of the integers has
bitwise_not       the other bits
bitwise_left_shift  the bits so many places to the left
bitwise_right_shift  the bits so many places to the right, filled up with 0
bitwise_right_shift_arithmetic  the bits so many places to the right, filled up with the sign
bit_count         how many bits are set, in so many

now               the moment of the evaluation
date              the day of the time
date_trunc        the time at the beginning of its 'hour', 'day', 'week' …
date_format       the time as text, by a format as of MySQL: '%Y-%m-%d %H:%i:%s'
date_parse        the time that a text is, by a format as of MySQL; NULL where it is not
date_diff         how many whole 'hour's, 'day's … lie between two times
date_add          the time so many 'hour's, 'day's … later
from_unixtime     the time of epoch seconds, for a clock in a zone
to_unixtime       the epoch seconds of a time
at_timezone       the time, for a clock in a zone: at_timezone(x, 'Asia/Tokyo')
from_iso8601_timestamp  the time that a text is, as 2026-01-31T09:00:00Z; NULL where it is not
from_iso8601_date  the day that a text is, as 2026-01-31, 2026-W05-6 or 2026-031; NULL where it is not
to_iso8601        the time as 2026-01-31T09:00:00.000Z
year              the year of the time
quarter           the quarter of the year of the time
month             the month of the time, 1 to 12
week              the week of the year of the time, from Monday
day               the day of the month of the time
hour              the hour of the time, in UTC
minute            the minute of the time
second            the second of the time
millisecond       the thousandths of the second of the time
last_day_of_month  the last day of the month of the time
day_of_week       the day of the week of the time, 1 for Monday to 7
day_of_year       the day of the year of the time
year_of_week      the year that the week of the time belongs to

json_extract      the value at a path such as '$.a.b', as JSON
json_extract_scalar  the text, number or truth value at a path such as '$.a.b', as text
json_array_length how many elements the array has, or the one at a path
json_array_contains  whether the array holds the text, number or truth value
json_array_get    one element of the array, counted from 0 or from the end with a minus
json_size         how many members or elements the value at a path has
is_json_scalar    whether the value is no object and no array
json_parse        the text as JSON
json_format       the JSON as text

array_position    where the value first stands in the array, counted from 1; 0 where it does not
element_at        one element of the array, counted from 1 or from the end with a minus; NULL beyond it
cardinality       how many elements the array has
contains          whether the array holds the value
array_join        the elements one behind the other, with a separator; NULLs left out, or as a text
array_distinct    the array without doubles, each where it first stands
array_sort        the elements in order, NULLs last
array_max         the greatest element; NULL where one is NULL
array_min         the least element; NULL where one is NULL
array_remove      the array without a value
array_union       what one of the arrays holds, without doubles
array_intersect   what both arrays hold, without doubles
array_except      what the first array holds and the second does not, without doubles
arrays_overlap    whether both arrays hold a value
slice             so many elements from one on, counted from 1 or from the end with a minus
flatten           one array of the elements of arrays
sequence          the numbers from one to another, as an array
repeat            the value so many times, as an array

any_match         whether the condition is true for one element at least: any_match(a, x -> x > 1)
all_match         whether the condition is true for all elements: all_match(a, x -> x > 1)
none_match        whether the condition is true for no element: none_match(a, x -> x > 1)
filter            the elements for which the condition is true: filter(a, x -> x > 1)
transform         what becomes of each element: transform(a, x -> x + 1)
reduce            one value of all elements: reduce(a, 0, (sum, x) -> sum + x, sum -> sum)
map_keys          the keys of the map, as an array
map_values        the values of the map, as an array
map               a map of the elements of the first array to those of the second; NULL where two keys are equal
map_concat        the maps in one; of equal keys the last counts
map_filter        the entries for which the lambda is true
transform_values  the map with what the lambda makes of each entry as its value

row_number        the number of the row, counted from 1: row_number() OVER (PARTITION BY a ORDER BY b)
rank              the rank of the row, with gaps behind equal ones
dense_rank        the rank of the row, without gaps
percent_rank      the rank of the row, from 0 to 1
cume_dist         the part of the rows that are not behind the row, from 0 to 1
ntile             the number of the row's part, when the rows are split into so many
lag               the value of the row before, or of the one so many before; else NULL, or the third value
lead              the value of the next row, or of the one so many behind; else NULL, or the third value
first_value       the value of the first row of the window
last_value        the value of the last row of the window
nth_value         the value of the row of that number in the window

is_subnet_of      whether the address lies in the network '10.0.0.0/8'
is_prefix_subnet_of  whether a network lies in the network '10.0.0.0/8'
ip_prefix         the network of so many bits that the address lies in
ip_subnet_min     the first address of a network
ip_subnet_max     the last address of a network
ip_subnet_range   the first and the last address of a network
ip_to_domain      'intranet' for an address of a private network, else 'internet'
`)

// docTable reads lines of a name and a text.
func docTable(lines string) map[string]string {
	docs := map[string]string{}
	for line := range strings.Lines(lines) {
		if name, doc, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			docs[name] = strings.TrimSpace(doc)
		}
	}
	return docs
}
