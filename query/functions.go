// The function table: what a query may call, and why not the rest.

package query

import "strings"

// A function is one entry of the function table: the only functions that a
// query may call. Args is one word for each argument:
//
//	t text   n number   i integer   b boolean   T time   e time, or epoch seconds
//	j JSON of a field (G24)   A array   M map   C array or map   a anything   l a lambda
//	k a constant text   K a constant integer
//
// A ? behind it makes the argument optional, a * allows any number (at least
// one). Result is a type by the same letters, d for double and J for JSON; or 1
// and 2, the type of that argument; N, double if an argument is, else integer;
// U, what all arguments have in common; E, an element of the first; L, an array
// of the first; K and V, arrays of the keys and of the values of the first.
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
		'j': "JSON field", 'A': "array", 'M': "map", 'C': "array or map", 'a': "value", 'l': "x -> …", 'k': "constant text", 'K': "constant integer",
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

// functionTable is read only.
var functionTable = [...]function{
	{name: "count", args: "a?", result: "i", agg: true},
	{name: "count_if", args: "b", result: "i", agg: true},
	{name: "sum", args: "n", result: "N", agg: true},
	{name: "avg", args: "n", result: "d", agg: true},
	{name: "min", args: "a", result: "1", agg: true},
	{name: "max", args: "a", result: "1", agg: true},
	{name: "arbitrary", args: "a", result: "1", agg: true},
	{name: "any_value", args: "a", result: "1", agg: true, alias: "arbitrary"},
	{name: "approx_distinct", args: "a", result: "i", agg: true},
	{name: "array_agg", args: "a", result: "L", agg: true},
	{name: "max_by", args: "a a", result: "1", agg: true},
	{name: "min_by", args: "a a", result: "1", agg: true},
	{name: "bool_and", args: "b", result: "b", agg: true},
	{name: "bool_or", args: "b", result: "b", agg: true},
	{name: "every", args: "b", result: "b", agg: true, alias: "bool_and"},

	{name: "coalesce", args: "a*", result: "U"},
	{name: "nullif", args: "a a", result: "1"},
	{name: "if", args: "b a a?", result: "U"},
	{name: "greatest", args: "a*", result: "U"},
	{name: "least", args: "a*", result: "U"},

	{name: "lower", args: "t", result: "t"},
	{name: "upper", args: "t", result: "t"},
	{name: "trim", args: "t", result: "t"},
	{name: "ltrim", args: "t", result: "t"},
	{name: "rtrim", args: "t", result: "t"},
	{name: "length", args: "t", result: "i"},
	{name: "substr", args: "t i i?", result: "t"},
	{name: "substring", args: "t i i?", result: "t", alias: "substr"},
	{name: "strpos", args: "t t", result: "i"},
	{name: "split", args: "t t", result: "At"},
	{name: "split_part", args: "t t i", result: "t"},
	{name: "concat", args: "a*", result: "t"},
	{name: "replace", args: "t k k?", result: "t"},
	{name: "reverse", args: "t", result: "t"},
	{name: "starts_with", args: "t t", result: "b"},
	{name: "ends_with", args: "t t", result: "b"},
	{name: "regexp_like", args: "t k", result: "b"},
	{name: "regexp_extract", args: "t k K?", result: "t"},
	{name: "regexp_extract_all", args: "t k K?", result: "At"},
	{name: "url_decode", args: "t", result: "t"},
	{name: "md5", args: "t", result: "t"},
	{name: "sha1", args: "t", result: "t"},
	{name: "sha256", args: "t", result: "t"},

	{name: "abs", args: "n", result: "N"},
	{name: "round", args: "n K?", result: "N"},
	{name: "ceil", args: "n", result: "N"},
	{name: "ceiling", args: "n", result: "N", alias: "ceil"},
	{name: "floor", args: "n", result: "N"},
	{name: "sign", args: "n", result: "i"},
	{name: "mod", args: "n n", result: "N"},
	{name: "power", args: "n n", result: "d"},
	{name: "pow", args: "n n", result: "d", alias: "power"},
	{name: "sqrt", args: "n", result: "d"},
	{name: "ln", args: "n", result: "d"},
	{name: "log2", args: "n", result: "d"},
	{name: "log10", args: "n", result: "d"},

	{name: "now", args: "", result: "T"},
	{name: "date_trunc", args: "k e", result: "T"},
	{name: "date_format", args: "e k", result: "t"},
	{name: "date_diff", args: "k e e", result: "i"},
	{name: "date_add", args: "k i e", result: "T"},
	{name: "from_unixtime", args: "n", result: "T"},
	{name: "to_unixtime", args: "T", result: "d"},
	{name: "year", args: "e", result: "i"},
	{name: "month", args: "e", result: "i"},
	{name: "day", args: "e", result: "i"},
	{name: "hour", args: "e", result: "i"},
	{name: "minute", args: "e", result: "i"},
	{name: "second", args: "e", result: "i"},
	{name: "day_of_week", args: "e", result: "i"},

	{name: "json_extract", args: "j k", result: "J"},
	{name: "json_extract_scalar", args: "j k", result: "t"},
	{name: "json_array_length", args: "j k?", result: "i"},
	{name: "json_parse", args: "j", result: "J"},
	{name: "json_format", args: "j", result: "t"},

	{name: "array_position", args: "A a", result: "i"},
	{name: "element_at", args: "C a", result: "E"},
	{name: "cardinality", args: "C", result: "i"},
	{name: "contains", args: "A a", result: "b"},
	{name: "array_join", args: "A k", result: "t"},
	{name: "array_distinct", args: "A", result: "1"},

	{name: "any_match", args: "A l", result: "b"},
	{name: "all_match", args: "A l", result: "b"},
	{name: "none_match", args: "A l", result: "b"},
	{name: "filter", args: "A l", result: "1"},
	{name: "transform", args: "A l", result: "1"},
	{name: "reduce", args: "A a l l", result: "1"},
	{name: "map_keys", args: "M", result: "K"},
	{name: "map_values", args: "M", result: "V"},

	{name: "row_number", args: "", result: "i", window: true},
	{name: "rank", args: "", result: "i", window: true},
	{name: "dense_rank", args: "", result: "i", window: true},
	{name: "percent_rank", args: "", result: "d", window: true},
	{name: "cume_dist", args: "", result: "d", window: true},
	{name: "ntile", args: "K", result: "i", window: true},
	{name: "lag", args: "a K? a?", result: "1", window: true},
	{name: "lead", args: "a K? a?", result: "1", window: true},
	{name: "first_value", args: "a", result: "1", window: true},
	{name: "last_value", args: "a", result: "1", window: true},
	{name: "nth_value", args: "a K", result: "1", window: true},

	{name: "is_subnet_of", args: "k t", result: "b"},
}

// refused are functions that a query cannot call, by name, with the reason and
// the way out; both are empty for another name.
func refused(name string) (why, hint string) {
	switch name {
	case "random", "rand", "uuid", "gen_random_uuid", "shuffle", "setseed", "nextval":
		return "its answer is another one each time, and an evaluation has to be reproducible", "now() is the moment of the evaluation; for a few of many rows, ORDER BY and LIMIT"
	case "repeat", "lpad", "rpad", "format", "printf", "bar", "bitstring", "list_resize", "string_agg", "range", "sequence", "generate_series",
		"levenshtein", "levenshtein_distance", "translate":
		return "its cost is not bounded by the size of a record", "give the field as it is, and work on it where the rows are read"
	case "regexp_replace", "regexp_split", "approx_percentile", "stddev", "stddev_pop", "stddev_samp", "variance", "var_pop", "var_samp", "corr",
		"histogram", "map_agg", "geometric_mean",

		"array_sort", "array_max", "array_min", "array_union", "array_intersect", "array_except", "array_remove", "slice", "flatten",
		"map_concat", "date_parse", "from_iso8601_timestamp", "week", "quarter", "day_of_year", "exp", "truncate",
		"url_encode", "url_extract_host", "url_extract_path", "to_hex", "from_hex", "to_base64", "from_base64", "sha512", "crc32",
		"compare", "ts_compare", "time_series", "ip_to_country", "ip_to_province", "ip_to_city", "ip_to_provider", "ip_prefix", "ip_subnet_min",
		"ip_subnet_max", "ip_to_domain", "security_check_ip", "security_check_domain", "security_check_url", "window_funnel", "json_array_contains",
		"json_array_get", "json_size", "codepoint", "chr", "typeof", "width_bucket", "bitwise_and", "bitwise_or", "bitwise_xor":
		return "this version does not have it yet", "the functions that there are stand in the documentation of the language"
	}
	return "", ""
}
