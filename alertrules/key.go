package alertrules

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Identities (P16): of an alert the rule and its alert_per values, of a row its
// non-aggregate columns (D07). The encoding is canonical and type-tagged, so
// that NULL, '' and 'null' differ, 1 and 1.0 do not, and the order of columns
// means nothing. It is stored: changing it would end every alert. What is long is
// shortened, see short.

// named is a column's name with a value.
type named struct {
	name  string
	value any
}

// alertKey is rule{name=value,…}; without values the rule alone.
func alertKey(rule string, values []named) string {
	if len(values) == 0 {
		return rule
	}
	return rule + "{" + canonical(values) + "}"
}

// canonical writes values sorted by name.
func canonical(values []named) string {
	sorted := slices.Clone(values)
	slices.SortFunc(sorted, func(a, b named) int { return strings.Compare(a.name, b.name) })
	var b strings.Builder
	for i, v := range sorted {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(keyName(v.name))
		b.WriteByte('=')
		b.WriteString(tagged(v.value))
	}
	return short(b.String())
}

// keyName quotes a name that could be taken for something else.
func keyName(s string) string {
	if s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r < 0x30 && r != '.' && r != '-' || r > 0x7e || r == '=' || r == '{' || r == '}'
	}) {
		return s
	}
	return strconv.Quote(s)
}

// tagged writes one value: null, b:true, n:1, t:"text", j:"[1,2]".
func tagged(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return "b:" + strconv.FormatBool(v)
	case int64:
		return "n:" + strconv.FormatInt(v, 10)
	case int:
		return "n:" + strconv.Itoa(v)
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
			return "n:" + strconv.FormatInt(int64(v), 10)
		}
		return "n:" + strconv.FormatFloat(v, 'g', -1, 64)
	case string:
		return "t:" + strconv.Quote(v)
	case time.Time:
		return "t:" + strconv.Quote(cellTime(v))
	}
	return "j:" + strconv.Quote(textOf(v))
}

// rowKey is what a row is known by inside of its alert: of a record its number,
// of a snapshot that of the finding.
func (r *Rule) rowKey(row []any, seq int64) string {
	if r.Identity {
		return "#" + strconv.FormatInt(seq, 10)
	}
	values := make([]named, len(r.keys))
	for i, k := range r.keys {
		values[i] = named{r.Columns[k].Name, row[k]}
	}
	return canonical(values)
}

// cell turns a value of a result into one of a Row.
func cell(v any) any {
	switch v := v.(type) {
	case nil, bool, int64, float64, string:
		return v
	case int:
		return int64(v)
	case time.Time:
		return cellTime(v)
	}
	if b, err := json.Marshal(v); err == nil {
		return string(b)
	}
	return textOf(v)
}

func cellTime(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
