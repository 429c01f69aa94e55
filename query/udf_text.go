// Texts for the functions that DuckDB calls, counted in characters, and sets of
// elements.

package query

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// textUDFs are the functions of texts and of arrays of them.
func textUDFs() []DuckDBFunction {
	return []DuckDBFunction{
		{"tocsin_upper", []Type{Text}, Text, func(a []any) (any, error) { return strings.ToUpper(a[0].(string)), nil }},
		{"tocsin_reverse", []Type{Text}, Text, func(a []any) (any, error) { return reversed(a[0].(string)), nil }},
		{"tocsin_trim", []Type{Text}, Text, func(a []any) (any, error) { return strings.TrimFunc(a[0].(string), whiteSpace), nil }},
		{"tocsin_ltrim", []Type{Text}, Text, func(a []any) (any, error) { return strings.TrimLeftFunc(a[0].(string), whiteSpace), nil }},
		{"tocsin_rtrim", []Type{Text}, Text, func(a []any) (any, error) { return strings.TrimRightFunc(a[0].(string), whiteSpace), nil }},
		{"tocsin_substr", []Type{Text, Integer, Integer}, Text, func(a []any) (any, error) {
			return substr(a[0].(string), a[1].(int64), a[2].(int64)), nil
		}},
		{"tocsin_strpos", []Type{Text, Text, Integer}, Integer, func(a []any) (any, error) {
			return strpos(a[0].(string), a[1].(string), a[2].(int64)), nil
		}},
		{"tocsin_split", []Type{Text, Text, Integer}, ArrayOf(Text), func(a []any) (any, error) {
			if a[1].(string) == "" {
				return nil, nil
			}
			return strings.SplitN(a[0].(string), a[1].(string), int(a[2].(int64))), nil
		}},
		{"tocsin_split_to_map", []Type{Text, Text, Text, Boolean}, ArrayOf(Text), func(a []any) (any, error) {
			return splitToMap(a[0].(string), a[1].(string), a[2].(string), a[3].(bool)), nil
		}},
		{"tocsin_chr", []Type{Integer}, Text, func(a []any) (any, error) {
			if n := a[0].(int64); n >= 0 && n <= unicode.MaxRune && utf8.ValidRune(rune(n)) && n > 0 {
				return string(rune(n)), nil
			}
			return nil, nil
		}},
		{"tocsin_codepoint", []Type{Text}, Integer, func(a []any) (any, error) {
			r, n := utf8.DecodeRuneInString(a[0].(string))
			if n == 0 || n != len(a[0].(string)) {
				return nil, nil
			}
			return int64(r), nil
		}},
		{"tocsin_soundex", []Type{Text}, Text, func(a []any) (any, error) { return soundex(a[0].(string)), nil }},
		{"tocsin_levenshtein", []Type{Text, Text}, Integer, func(a []any) (any, error) { return levenshtein(a[0].(string), a[1].(string)) }},
		{"tocsin_hamming", []Type{Text, Text}, Integer, func(a []any) (any, error) { return hamming(a[0].(string), a[1].(string)), nil }},
		{"tocsin_set", []Type{Text, ArrayOf(Text), ArrayOf(Text)}, ArrayOf(Integer), func(a []any) (any, error) {
			return setPositions(a[0].(string), a[1].([]any), a[2].([]any)), nil
		}},
	}
}

// strpos is where part stands in s for the nth time, from the end with a minus;
// 0 where it does not, NULL for the 0th time.
func strpos(s, part string, nth int64) any {
	switch {
	case nth == 0:
		return nil
	case part == "":
		return int64(1)
	}
	at, from := -1, 0
	for ; nth > 0; nth-- {
		i := strings.Index(s[from:], part)
		if i < 0 {
			return int64(0)
		}
		at = from + i
		_, n := utf8.DecodeRuneInString(s[at:])
		from = at + n
	}
	for end := len(s); nth < 0; nth++ {
		if at = strings.LastIndex(s[:end], part); at < 0 {
			return int64(0)
		}
		end = at + len(part) - 1
	}
	return int64(utf8.RuneCountInString(s[:at]) + 1)
}

// splitToMap are the keys, or the values, of entries; NULL where an entry has
// not one separator, or two have one key.
func splitToMap(s, entry, separator string, keys bool) any {
	out, seen := []string{}, map[string]bool{}
	parts := strings.Split(s, entry)
	if parts[len(parts)-1] == "" {
		parts = parts[:len(parts)-1]
	}
	for _, p := range parts {
		k, v, ok := strings.Cut(p, separator)
		if !ok || strings.Contains(v, separator) || seen[k] {
			return nil
		}
		seen[k] = true
		if keys {
			out = append(out, k)
		} else {
			out = append(out, v)
		}
	}
	return out
}

// soundex is the code of a name in English letters; NULL for others.
func soundex(s string) any {
	const codes = "01230120022455012623010202" // of A to Z; H and W, which are 0 here, do not part equal codes
	out := make([]byte, 0, 4)
	last := byte(0)
	for _, r := range s {
		if !unicode.IsLetter(r) {
			continue
		}
		if r = unicode.ToUpper(r); r < 'A' || r > 'Z' {
			return nil
		}
		code := codes[r-'A']
		switch {
		case len(out) == 0:
			out = append(out, byte(r))
		case r == 'H' || r == 'W':
			continue
		case code != '0' && code != last && len(out) < 4:
			out = append(out, code)
		}
		last = code
	}
	if len(out) == 0 {
		return ""
	}
	return string(append(out, "000"[len(out)-1:]...))
}

// maxDistance bounds the product of the lengths of two texts whose distance is
// asked for, since the work grows with it.
const maxDistance = 1 << 18

// levenshtein is how many characters are to be changed, put in or taken out.
func levenshtein(s, t string) (any, error) {
	a, b := []rune(s), []rune(t)
	if len(a)*len(b) > maxDistance {
		return nil, fmt.Errorf("levenshtein_distance: texts of %d and %d characters are too long for it (compare substr(x, 1, 255))", len(a), len(b))
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i, r := range a {
		corner := row[0]
		row[0] = i + 1
		for j, q := range b {
			cost := corner
			if r != q {
				cost++
			}
			corner = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return int64(row[len(b)]), nil
}

// hamming is in how many places two texts of one length differ; NULL for texts
// of two lengths.
func hamming(s, t string) any {
	if utf8.RuneCountInString(s) != utf8.RuneCountInString(t) {
		return nil
	}
	n := int64(0)
	for _, r := range s {
		q, size := utf8.DecodeRuneInString(t)
		if t = t[size:]; q != r {
			n++
		}
	}
	return n
}

// setPositions are the places, from 1, of the elements that a set operation
// gives: of distinct and except in a, of intersect in a and b one behind the
// other. Each element stands once, where it stands first; those of intersect in
// the order of the longer array.
func setPositions(op string, a, b []any) []any {
	out, seen, other := []any{}, map[any]bool{}, map[any]bool{}
	shift := 0
	if op == "intersect" && len(a) < len(b) {
		a, b, shift = b, a, len(a)
	}
	for _, x := range b {
		other[x] = true
	}
	for i, x := range a {
		if keep := op == "distinct" || other[x] == (op == "intersect"); keep && !seen[x] {
			seen[x] = true
			out = append(out, int64(shift+i+1))
		}
	}
	return out
}
