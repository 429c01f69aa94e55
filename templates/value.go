// The values of the language are nil, bool, int64, float64, string, Authored,
// []any, map[string]any, missingValue, *markup and linkValue. No operation
// changes one: what looks like a change is a new value. So no value can contain
// itself.

package templates

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// missingValue is what a path leads to that is not there. It prints ∅, is false,
// and what is made of it is missing too.
type missingValue struct{}

var missing = missingValue{}

func isMissing(v any) bool { _, ok := v.(missingValue); return ok }

// markup is text of ours with a form for each kind of output, made of escaped
// parts. Any operation on it gives the text.
type markup struct{ html, text string }

// linkValue is what link() returns; url is empty when the address may not be a link.
type linkValue struct{ url, text string }

// norm brings a value from Data to one of the language. It never changes v.
func norm(v any) any {
	switch x := v.(type) {
	case nil, bool, int64, float64, string, Authored, []any, map[string]any, missingValue, *markup, linkValue:
		return v
	case int:
		return int64(x)
	case int32:
		return int64(x)
	case float32:
		return float64(x)
	case time.Time:
		return seconds(x)
	case []string:
		return textList(x)
	case map[string]string:
		return stringMap(x)
	case []map[string]any:
		return rowList(x)
	}
	return fmt.Sprint(v)
}

// truth is Python's: false are none, missing, zero and what is empty.
func truth(v any) bool {
	switch x := v.(type) {
	case nil, missingValue:
		return false
	case bool:
		return x
	case int64:
		return x != 0
	case float64:
		return x != 0
	case string:
		return x != ""
	case Authored:
		return x != ""
	case []any:
		return len(x) > 0
	case map[string]any:
		return len(x) > 0
	case *markup:
		return x.text != ""
	case linkValue:
		return x.text != ""
	}
	return true
}

// plain turns Authored, markup and links into their text.
func plain(v any) any {
	switch x := v.(type) {
	case Authored:
		return string(x)
	case *markup:
		return x.text
	case linkValue:
		return x.text
	}
	return v
}

// typeName names a value's type for an author.
func typeName(v any) string {
	switch v.(type) {
	case nil:
		return "none"
	case bool:
		return "a truth value"
	case int64, float64:
		return "a number"
	case []any:
		return "a list"
	case map[string]any:
		return "a map"
	case missingValue:
		return "a missing value"
	}
	return "text"
}

// text returns a value as text: lists and maps as JSON.
func (st *state) text(v any) string {
	switch x := plain(v).(type) {
	case string:
		return x
	case nil:
		return "null"
	case bool:
		return strconv.FormatBool(x)
	case int64:
		return strconv.FormatInt(x, 10)
	case float64:
		return floatText(x)
	case missingValue:
		return "∅"
	default:
		var b strings.Builder
		st.json(&b, x, 0)
		return b.String()
	}
}

// floatText prints a whole number without ".0".
func floatText(f float64) string {
	if math.Abs(f) < 1e21 {
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}

// json writes v as JSON with sorted keys and a space behind each colon and
// comma; each part is counted before it is written.
func (st *state) json(b *strings.Builder, v any, depth int) {
	if depth > maxDepth {
		st.fail("a value more than 50 deep cannot be printed")
	}
	switch x := plain(norm(v)).(type) {
	case string:
		st.alloc(len(x) + len(x)/2 + 2)
		writeJSONString(b, x)
	case []any:
		b.WriteByte('[')
		for i, e := range x {
			if i > 0 {
				b.WriteString(", ")
			}
			st.json(b, e, depth+1)
		}
		b.WriteByte(']')
	case map[string]any:
		b.WriteByte('{')
		for i, k := range sortedKeys(x) {
			if i > 0 {
				b.WriteString(", ")
			}
			st.alloc(len(k) + 4)
			writeJSONString(b, k)
			b.WriteString(": ")
			st.json(b, x[k], depth+1)
		}
		b.WriteByte('}')
	case missingValue:
		b.WriteString("null")
	case float64:
		if math.IsNaN(x) || math.IsInf(x, 0) {
			b.WriteString("null")
			return
		}
		b.WriteString(floatText(x))
	default:
		st.alloc(4)
		b.WriteString(st.text(x))
	}
}

// writeJSONString writes s in quotes; control characters are escaped, invalid
// bytes become U+FFFD.
func writeJSONString(b *strings.Builder, s string) {
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\r':
			b.WriteString(`\r`)
		case r < 0x20:
			fmt.Fprintf(b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
}

func sortedKeys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }

// length returns the length of text (in characters), a list or a map; -1 for
// other values.
func length(v any) int {
	switch x := plain(v).(type) {
	case string:
		return utf8.RuneCountInString(x)
	case []any:
		return len(x)
	case map[string]any:
		return len(x)
	case missingValue:
		return 0
	}
	return -1
}

// member returns a part of a value by name; missing when it is not there.
func member(v any, name string) any {
	m, ok := v.(map[string]any)
	if !ok {
		return missing
	}
	x, ok := m[name]
	if !ok {
		return missing
	}
	return norm(x)
}

// index returns v[i] for lists, maps and text; a negative index counts from the end.
func (st *state) index(v, i any) any {
	i = plain(i)
	switch x := plain(v).(type) {
	case map[string]any:
		return member(x, st.text(i))
	case []any:
		if n, ok := i.(int64); ok {
			if n < 0 {
				n += int64(len(x))
			}
			if n >= 0 && n < int64(len(x)) {
				return norm(x[n])
			}
			return missing
		}
		if !isMissing(i) {
			st.fail("a list is indexed by a whole number, not by " + typeName(i))
		}
	}
	return missing
}
