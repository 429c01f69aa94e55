// The function table: what a query may call, and why not the rest.

package query

import (
	"slices"
	"strings"
)

// A function is one entry of the function table: the only functions that a
// query may call. Args is one word for each argument:
//
//	t text   n number   i integer   b boolean   T time   e time, or epoch seconds
//	j JSON of a field (G24)   A array   M map   C array or map   X text or array
//	B bytes, or a text as UTF-8   a anything   l a lambda
//	k a constant text   K a constant integer
//
// A ? behind it makes the argument optional, a * allows any number (at least
// one). Result is a type by the same letters, d for double and J for JSON; or 1
// and 2, the type of that argument; N, double if an argument is, else integer;
// U, what all arguments have in common; E, an element of the first; L, an array
// of the first; K and V, arrays of the keys and of the values of the first; At
// and Ai, arrays of text and integers; Mt, a map of text to text; H, a map of
// the first to integers; P, a map of the first to the second, Q, to arrays of
// the second; Z, a map of the elements of the first to those of the second.
type function struct {
	name   string
	args   string
	result string
	agg    bool
	window bool   // it is called with OVER only
	alias  string // canonical name, when name is another one for it
}

func (f *function) canonical() string {
	if f.alias != "" {
		return f.alias
	}
	return f.name
}

// arity returns the least and the greatest number of arguments; -1: any.
func (f *function) arity() (least, most int) {
	for _, w := range strings.Fields(f.args) {
		switch {
		case strings.HasSuffix(w, "*"):
			return least + 1, -1
		case !strings.HasSuffix(w, "?"):
			least++
		}
		most++
	}
	return least, most
}

// kind returns the letter of argument i.
func (f *function) kind(i int) byte {
	words := strings.Fields(f.args)
	if len(words) == 0 {
		return 0
	}
	return words[max(0, min(i, len(words)-1))][0]
}

// usage is how a message shows the function: "substr(text, integer[, integer])".
func (f *function) usage() string {
	names := map[byte]string{
		't': "text", 'n': "number", 'i': "integer", 'b': "boolean", 'T': "time", 'e': "time or epoch seconds",
		'j': "JSON field", 'A': "array", 'M': "map", 'C': "array or map", 'X': "text or array", 'B': "bytes", 'a': "value", 'l': "x -> …", 'k': "constant text", 'K': "constant integer",
	}
	var b strings.Builder
	b.WriteString(f.name + "(")
	for i, w := range strings.Fields(f.args) {
		sep := ""
		if i > 0 {
			sep = ", "
		}
		if strings.HasSuffix(w, "?") {
			b.WriteString("[" + sep + names[w[0]] + "]")
			continue
		}
		b.WriteString(sep + names[w[0]])
		if strings.HasSuffix(w, "*") {
			b.WriteString(", …")
		}
	}
	return b.String() + ")"
}

// functionTable is read only.
var functionTable = slices.Concat(
	aggregateFunctions[:], choiceFunctions[:], textFunctions[:], patternFunctions[:], urlFunctions[:], byteFunctions[:],
	numberFunctions[:], timeFunctions[:], jsonFunctions[:], arrayFunctions[:], mapFunctions[:], windowFunctions[:], networkFunctions[:],
)

// functionNamed looks a function up by its lower-case name.
func functionNamed(name string) (*function, bool) {
	for i := range functionTable {
		if functionTable[i].name == name {
			return &functionTable[i], true
		}
	}
	return nil, false
}

// IsAggregate reports whether name, in lower case, is a function that makes one
// value of many rows.
func IsAggregate(name string) bool {
	f, ok := functionNamed(name)
	return ok && f.agg
}

// Functions are the names of all functions that queries may call, for
// completion and help, in the order of the table.
func Functions() []string {
	out := make([]string, len(functionTable))
	for i, f := range functionTable {
		out[i] = f.name
	}
	return out
}

// refused are functions that a query cannot call, by name, with the reason and
// the way out; both are empty for another name.
func refused(name string) (why, hint string) {
	for _, r := range refusals {
		if slices.Contains(strings.Fields(r.names), name) {
			return r.why, r.hint
		}
	}
	return "", ""
}

// refusals are read only.
var refusals = [...]struct{ names, why, hint string }{
	{
		"random rand uuid gen_random_uuid shuffle setseed nextval",
		"its answer is another one each time, and an evaluation has to be reproducible", "now() is the moment of the evaluation; for a few of many rows, ORDER BY and LIMIT",
	},
	{
		"printf bar bitstring list_resize range generate_series levenshtein combinations",
		"its cost is not bounded by the size of a record", "sequence(1, 10) and repeat(x, 10) make arrays, lpad and rpad texts of constant size, levenshtein_distance compares short texts",
	},
	{
		"format format_number",
		"what it writes has no bound", "put texts together with ||, and round(x, 2) or cast(x AS decimal(10,2)) in them",
	},
	{
		"string_agg listagg group_concat",
		"the text has no bound", "write array_join(array_agg(x ORDER BY x), ',')",
	},
	{
		"compare ts_compare time_series ip_to_country ip_to_country_code ip_to_province ip_to_city ip_to_geo ip_to_city_geo ip_to_provider " +
			"security_check_ip security_check_domain security_check_url window_funnel",
		"it comes in a later version", "the functions that there are stand in the documentation of the language",
	},
	{
		"checksum numeric_histogram approx_most_frequent approx_set merge tdigest_agg qdigest_agg",
		"its answer is a form of one engine only", "count, histogram, approx_percentile and approx_distinct are the same everywhere",
	},
	{
		"xxhash64 murmur3 spooky_hash_v2_32 spooky_hash_v2_64",
		"it is a hash of one engine only", "md5, sha1, sha256, sha512 and crc32 are there",
	},
	{
		"infinity nan",
		"numbers are finite here", "a number that does not exist, as 1/0, is NULL",
	},
	{
		"set_agg set_union",
		"Presto of SLS does not have it", "write array_agg(DISTINCT x)",
	},
	{
		"parse_datetime format_datetime",
		"its format is that of Java", "date_parse and date_format take that of MySQL: '%Y-%m-%d %H:%i:%s'",
	},
	{
		"from_unixtime_nanos from_iso8601_timestamp_nanos",
		"times have microseconds", "write from_unixtime(x / 1000000000)",
	},
	{
		"zip zip_with map_entries map_from_entries multimap_from_entries ngrams transform_keys",
		"rows as values are not in the language", "UNNEST(a, b) gives rows of several arrays side by side",
	},
	{
		"word_stem to_utf16 luhn_check",
		"the engines have no common form of it", "lower(x) and regexp_extract(x, '…') come near",
	},
}
