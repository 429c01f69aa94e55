// The functions and filters of the language, and those over numbers.

package templates

import (
	"math"
	"strconv"
	"strings"
)

// function is one function of the language. Every function may be written as a
// filter too: the value before | is its first argument.
type function struct {
	params      []string
	required    int  // the first so many parameters must be given
	variadic    bool // further arguments are allowed
	seesMissing bool // else the value is missing when the first argument is
	keepsMarkup bool // else markup is seen as its text
	run         func(c *call) any
}

// signature shows the parameters for a message.
func (f *function) signature(name string) string {
	return name + "(" + strings.Join(f.params, ", ") + ")"
}

// absent is an argument that was not given.
type absent struct{}

// call is one call at run time.
type call struct {
	st   *state
	args []any
}

func (c *call) has(i int) bool {
	if i >= len(c.args) {
		return false
	}
	_, no := c.args[i].(absent)
	return !no
}

// arg returns the i-th argument; missing when it was not given.
func (c *call) arg(i int) any {
	if !c.has(i) {
		return missing
	}
	return c.args[i]
}

// str returns the i-th argument as text, or def when it was not given.
func (c *call) str(i int, def string) string {
	if !c.has(i) {
		return def
	}
	return c.st.text(c.args[i])
}

// int returns the i-th argument, which must be a whole number.
func (c *call) int(i, def int) int {
	if !c.has(i) {
		return def
	}
	switch x := c.args[i].(type) {
	case int64:
		return int(max(min(x, 1<<31), -1<<31))
	case nil, missingValue:
		return def
	}
	c.st.fail("a whole number is needed here, not " + typeName(c.args[i]))
	return 0
}

// list returns the i-th argument as a list: the pairs of a map are not, its keys are.
func (c *call) list(i int) []any {
	switch x := c.arg(i).(type) {
	case []any:
		return x
	case map[string]any:
		return c.st.keys(x)
	case missingValue:
		return nil
	}
	c.st.fail("a list is needed here, not " + typeName(c.arg(i)))
	return nil
}

// made counts the bytes of a text that a library made from at most factor times
// the bytes counted before.
func (c *call) made(s string) string {
	c.st.alloc(len(s))
	return s
}

func (st *state) keys(m map[string]any) []any {
	st.alloc(16 * len(m))
	keys := sortedKeys(m)
	out := make([]any, len(keys))
	for i, k := range keys {
		out[i] = k
	}
	return out
}

func fn(required int, params string, run func(c *call) any) *function {
	f := &function{required: required, run: run}
	if params != "" {
		f.params = strings.Split(params, " ")
	}
	return f
}

func (f *function) missingToo() *function { f.seesMissing = true; return f }
func (f *function) more() *function       { f.variadic = true; return f }
func (f *function) markup() *function     { f.keepsMarkup = true; return f }

// functions is the whole list (G30): sls.md §4.3, then those of ours.
var functions = map[string]*function{
	"float": fn(1, "v default", fnFloat).missingToo(), "int": fn(1, "v default", fnInt).missingToo(),
	"length": fn(1, "v", fnLength).missingToo(), "count": fn(1, "v", fnLength).missingToo(), "abs": fn(1, "v", fnAbs),
	"min": fn(1, "v", fnExtreme(-1)).more(), "max": fn(1, "v", fnExtreme(1)).more(), "sum": fn(1, "v", fnSum),
	"ceil": fn(1, "v", fnWhole(math.Ceil)), "floor": fn(1, "v", fnWhole(math.Floor)), "round": fn(1, "v n", fnRound),

	"string": fn(1, "v", func(c *call) any { return c.str(0, "") }), "capitalize": fn(1, "v", fnCapitalize), "title": fn(1, "v", fnTitle),
	"lower": fn(1, "v", fnCase(strings.ToLower)), "upper": fn(1, "v", fnCase(strings.ToUpper)), "trim": fn(1, "v chars", fnTrim),
	"replace": fn(3, "v old new", fnReplace), "wordcount": fn(1, "v", fnWordcount), "truncate": fn(1, "v n end", fnTruncate),
	"quote": fn(1, "v", fnQuote), "indent": fn(1, "v n", fnIndent), "split": fn(1, "v sep maxsplit", fnSplit),
	"startswith":   fn(2, "v s", func(c *call) any { return strings.HasPrefix(c.str(0, ""), c.str(1, "")) }),
	"endswith":     fn(2, "v s", func(c *call) any { return strings.HasSuffix(c.str(0, ""), c.str(1, "")) }),
	"removeprefix": fn(2, "v s", func(c *call) any { return strings.TrimPrefix(c.str(0, ""), c.str(1, "")) }),
	"removesuffix": fn(2, "v s", func(c *call) any { return strings.TrimSuffix(c.str(0, ""), c.str(1, "")) }),

	"enumerate": fn(1, "v start", fnEnumerate), "list": fn(1, "v", func(c *call) any { return c.list(0) }), "dict": fn(0, "v", fnDict),
	"first": fn(1, "v", fnEnd(0)), "last": fn(1, "v", fnEnd(-1)), "sort": fn(1, "v reverse", fnSort), "reverse": fn(1, "v", fnReverse),
	"dictsort": fn(1, "v", fnItems), "items": fn(1, "v", fnItems), "keys": fn(1, "v", fnKeys), "values": fn(1, "v", fnValues),
	"get": fn(2, "v key default", fnGet).missingToo(), "join": fn(1, "v d", fnJoin), "range": fn(1, "start stop step", fnRange),

	"escape_markdown": fn(1, "v", fnMarkdown), "escape_html": fn(1, "v", fnEscapeHTML), "escape": fn(1, "v", fnEscapeHTML), "e": fn(1, "v", fnEscapeHTML),
	"to_json": fn(1, "v", fnToJSON).missingToo(), "tojson": fn(1, "v", fnToJSON).missingToo(), "parse_json": fn(1, "v", fnParseJSON),
	"base64_encoding": fn(1, "v", fnBase64), "base64_decoding": fn(1, "v", fnUnbase64), "md5_encoding": fn(1, "v", fnMD5),
	"url_encoding": fn(1, "v", fnURL), "url_decoding": fn(1, "v", fnUnURL),

	"parse_date": fn(1, "v fmt", fnParseDate), "format_date": fn(1, "v tz fmt", fnFormatDate), "timestamp": fn(1, "v", fnTimestamp),
	"format_duration": fn(1, "v locale sep", fnDuration), "age": fn(1, "v", fnAge),

	"format_type": fn(1, "v locale", func(c *call) any { return c.str(0, "") }), "format_region": fn(1, "v locale", func(c *call) any { return c.str(0, "") }),
	"format_severity": fn(1, "v locale", fnSeverity), "format_status": fn(1, "v locale", fnStatus), "to_list": fn(1, "v", fnToList),
	"annotations_to_list": fn(1, "v", fnToList), "blockquote": fn(1, "v", fnBlockquote),

	"default": fn(1, "v default boolean", fnDefault).missingToo().markup(), "d": fn(1, "v default boolean", fnDefault).missingToo().markup(),
	"link": fn(1, "url text", fnLink), "where": fn(2, "v key value", fnWhere), "table": fn(2, "columns rows n", fnTable), "oneline": fn(1, "v", fnOneline),
}

func fnFloat(c *call) any {
	switch x := c.arg(0).(type) {
	case int64:
		return float64(x)
	case float64:
		return x
	case bool:
		if x {
			return 1.0
		}
		return 0.0
	case string:
		if f, err := strconv.ParseFloat(strings.TrimSpace(x), 64); err == nil && len(x) < 400 && !math.IsInf(f, 0) && !math.IsNaN(f) {
			return f
		}
	}
	if c.has(1) {
		return c.arg(1)
	}
	return 0.0
}

func fnInt(c *call) any {
	switch x := c.arg(0).(type) {
	case int64:
		return x
	case bool:
		if x {
			return int64(1)
		}
		return int64(0)
	case string:
		if n, err := strconv.ParseInt(strings.TrimSpace(x), 10, 64); err == nil {
			return n
		}
	}
	if f, ok := fnFloat(&call{st: c.st, args: []any{c.arg(0), nil}}).(float64); ok && math.Abs(f) < 1<<62 {
		return int64(f)
	}
	if c.has(1) {
		return c.arg(1)
	}
	return int64(0)
}

func fnLength(c *call) any {
	if s, ok := c.arg(0).(string); ok {
		c.st.spend(len(s) / 8)
	}
	n := length(c.arg(0))
	if n < 0 {
		c.st.fail(typeName(c.arg(0)) + " has no length")
	}
	return int64(n)
}

func fnAbs(c *call) any {
	if x := c.number(); x < 0 {
		return c.st.binary("-", int64(0), c.arg(0))
	}
	return c.arg(0)
}

// number returns the first argument, which must be a number.
func (c *call) number() float64 {
	f, _, ok := asNumber(c.arg(0))
	if !ok {
		c.st.failHint("a number is needed here, not "+typeName(c.arg(0)), "int() or float() makes a number of text")
	}
	return f
}

// fnExtreme finds the least (-1) or greatest (1) of a list or of its arguments.
func fnExtreme(sign int) func(c *call) any {
	return func(c *call) any {
		l := c.args
		if len(l) == 1 {
			l = c.list(0)
		}
		var best any = missing
		for _, x := range l {
			x = norm(x)
			if isMissing(x) {
				continue
			}
			if isMissing(best) || c.st.order(x, best)*sign > 0 {
				best = x
			}
		}
		return best
	}
}

func fnSum(c *call) any {
	var total any = int64(0)
	for _, x := range c.list(0) {
		c.st.spend(1)
		switch x := norm(x).(type) {
		case nil, missingValue: // count as nothing, as in SQL
		default:
			total = c.st.binary("+", total, x)
		}
	}
	return total
}

func fnWhole(round func(float64) float64) func(c *call) any {
	return func(c *call) any {
		if _, ok := c.arg(0).(int64); ok {
			return c.arg(0)
		}
		f := round(c.number())
		if math.Abs(f) >= 1<<62 {
			c.st.fail("the result does not fit a whole number of 64 bits")
		}
		return int64(f)
	}
}

func fnRound(c *call) any {
	digits := math.Pow10(max(min(c.int(1, 0), 15), -15))
	if _, ok := c.arg(0).(int64); ok && digits >= 1 {
		return c.arg(0)
	}
	f := c.number()
	if math.Abs(f) > 1e15 {
		return f
	}
	return math.RoundToEven(f*digits) / digits
}

func fnDefault(c *call) any {
	v := c.arg(0)
	if !isMissing(v) && (!c.has(2) || !truth(c.arg(2)) || truth(v)) {
		return v
	}
	if c.has(1) {
		return c.arg(1)
	}
	return ""
}
