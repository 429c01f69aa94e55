// The constant arguments of DuckDBFunctions, as texts.

package query

import (
	"encoding/json"
	"strings"
)

// encodeSteps writes a path through arrays.
func encodeSteps(path []string) string { return mustJSON(path) }

func decodeSteps(s string) []string {
	var path []string
	if json.Unmarshal([]byte(s), &path) != nil {
		return nil
	}
	return path
}

// encodePath writes an exact path, of strings and ints.
func encodePath(path []any) string { return mustJSON(path) }

func decodePath(s string) []any {
	var path []any
	if json.Unmarshal([]byte(s), &path) != nil {
		return nil
	}
	for i, p := range path {
		if f, ok := p.(float64); ok {
			path[i] = int(f)
		}
	}
	return path
}

// mustJSON writes strings, integers and finite numbers, which cannot go wrong.
func mustJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// globText puts a backslash before what is no wildcard.
var globText = strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`)

// encodeGlob writes a pattern, with a backslash before what is no wildcard.
func encodeGlob(parts []Glob) string {
	var b strings.Builder
	for _, p := range parts {
		if p.Wild != 0 {
			b.WriteRune(p.Wild)
			continue
		}
		b.WriteString(globText.Replace(p.Text))
	}
	return b.String()
}

func decodeGlob(s string) []Glob {
	var parts []Glob
	escaped := false
	for _, r := range s {
		switch {
		case escaped:
			parts, escaped = append(parts, Glob{Text: string(r)}), false
		case r == '\\':
			escaped = true
		case r == '*' || r == '?':
			parts = append(parts, Glob{Wild: r})
		default:
			parts = append(parts, Glob{Text: string(r)})
		}
	}
	return tidy(parts)
}

// specKey tells the two readings of a pattern apart in a cache.
func specKey(spec string, exact bool) string {
	if exact {
		return "=" + spec
	}
	return "~" + spec
}

func decodeFoldedGlob(key string) []Glob {
	parts := decodeGlob(key[1:])
	if key[0] == '~' {
		for i := range parts {
			parts[i].Text = strings.ToLower(parts[i].Text)
		}
	}
	return parts
}

// A jsonTest is a leaf of the search half as tocsin_json_any reads it.
type jsonTest struct {
	Path            []string `json:",omitempty"`
	Deep            bool     `json:",omitempty"`
	Op              leafOp
	Exact           bool     `json:",omitempty"`
	Texts           []string `json:",omitempty"`
	Glob            string   `json:",omitempty"`
	Cmp             string   `json:",omitempty"`
	Num, High       float64  `json:",omitempty"`
	LowOut, HighOut bool     `json:",omitempty"`

	parts []Glob
	set   map[string]bool // Texts, folded
}

// encode writes the leaf for tocsin_json_any.
func (l *leaf) encode() string {
	t := jsonTest{Path: l.path, Deep: l.deep, Op: l.op, Exact: l.exact, Texts: l.texts, Cmp: string(l.cmp), LowOut: l.lowOut, HighOut: l.hiOut}
	if len(l.parts) > 0 {
		t.Glob = encodeGlob(l.parts)
	}
	t.Num, t.High = asFloat(l.num), asFloat(l.high)
	return mustJSON(t)
}

func asFloat(v any) float64 {
	switch v := v.(type) {
	case int64:
		return float64(v)
	case float64:
		return v
	}
	return 0
}

func decodeTest(s string) jsonTest {
	var t jsonTest
	if json.Unmarshal([]byte(s), &t) != nil {
		t.Op = -1 // holds for nothing
	}
	t.parts = decodeFoldedGlob(specKey(t.Glob, t.Exact))
	t.set = map[string]bool{}
	for i, x := range t.Texts {
		t.Texts[i] = fold(x, t.Exact)
		t.set[t.Texts[i]] = true
	}
	return t
}

// holds reports whether a value below the path passes the test.
func (t jsonTest) holds(s string) bool {
	found := false
	visit := func(raw string) bool {
		found = t.value(raw)
		return !found
	}
	if t.Deep {
		deepBelow(s, 0, visit)
	} else {
		below(s, t.Path, 0, visit)
	}
	return found
}

func (t jsonTest) value(raw string) bool {
	switch t.Op {
	case leafExists:
		return true
	case leafEqual:
		return t.set[fold(plain(raw), t.Exact)]
	case leafGlob:
		return globMatch(fold(plain(raw), t.Exact), t.parts)
	case leafWord:
		return hasToken(fold(plain(raw), t.Exact), t.parts)
	case leafPhrase:
		return len(t.Texts) > 0 && strings.Contains(fold(plain(raw), t.Exact), t.Texts[0])
	case leafNetwork:
		return len(t.Texts) > 0 && inNetwork(t.Texts[0], plain(raw))
	case leafCompare, leafRange:
		n, ok := readNumber(trimmed(plain(raw)))
		return ok && t.number(n)
	}
	return false
}

func (t jsonTest) number(n float64) bool {
	if t.Op == leafRange {
		return (n > t.Num || n == t.Num && !t.LowOut) && (n < t.High || n == t.High && !t.HighOut)
	}
	switch Op(t.Cmp) {
	case OpEq:
		return n == t.Num
	case OpLt:
		return n < t.Num
	case OpLe:
		return n <= t.Num
	case OpGt:
		return n > t.Num
	case OpGe:
		return n >= t.Num
	}
	return false
}
