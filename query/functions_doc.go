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

coalesce          the first of the values that is not NULL
nullif            the first value, NULL where it equals the second
if                the second value where the condition is true, else the third, or NULL
greatest          the greatest of the values, NULL if one is
least             the least of the values, NULL if one is

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
regexp_like       whether the regular expression is found in the text
regexp_extract    what the regular expression, or one of its groups, matches first; NULL where nothing
regexp_extract_all  all that the regular expression, or one of its groups, matches, as an array
url_decode        the text with %XX undone
md5               the MD5 of the text, in hexadecimal
sha1              the SHA-1 of the text, in hexadecimal
sha256            the SHA-256 of the text, in hexadecimal

abs               the number without its sign
round             the number rounded, to a number of decimal places
ceil              the least whole number that is not below
floor             the greatest whole number that is not above
sign              1, 0 or -1
mod               what a division leaves, with the sign of the first number
power             the first number to the power of the second
sqrt              the square root
ln                the natural logarithm
log2              the logarithm to base 2
log10             the logarithm to base 10

now               the moment of the evaluation
date_trunc        the time at the beginning of its 'hour', 'day', 'week' …
date_format       the time as text, by a format as of MySQL: '%Y-%m-%d %H:%i:%s'
date_diff         how many whole 'hour's, 'day's … lie between two times
date_add          the time so many 'hour's, 'day's … later
from_unixtime     the time of epoch seconds
to_unixtime       the epoch seconds of a time
year              the year of the time
month             the month of the time, 1 to 12
day               the day of the month of the time
hour              the hour of the time, in UTC
minute            the minute of the time
second            the second of the time
day_of_week       the day of the week of the time, 1 for Monday to 7

json_extract      the value at a path such as '$.a.b', as JSON
json_extract_scalar  the text, number or truth value at a path such as '$.a.b', as text
json_array_length how many elements the array has, or the one at a path
json_parse        the text as JSON
json_format       the JSON as text

array_position    where the value first stands in the array, counted from 1; 0 where it does not
element_at        one element of the array, counted from 1 or from the end with a minus; NULL beyond it
cardinality       how many elements the array has
contains          whether the array holds the value
array_join        the elements one behind the other, with a separator
array_distinct    the array without doubles

any_match         whether the condition is true for one element at least: any_match(a, x -> x > 1)
all_match         whether the condition is true for all elements: all_match(a, x -> x > 1)
none_match        whether the condition is true for no element: none_match(a, x -> x > 1)
filter            the elements for which the condition is true: filter(a, x -> x > 1)
transform         what becomes of each element: transform(a, x -> x + 1)
reduce            one value of all elements: reduce(a, 0, (sum, x) -> sum + x, sum -> sum)
map_keys          the keys of the map, as an array
map_values        the values of the map, as an array

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
