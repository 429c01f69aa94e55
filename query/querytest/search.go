// Random filters.

package querytest

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// Filter is a filter over the log that Records makes, with values that occur
// there: mostly one that the planner lets through.
func Filter(rng *rand.Rand) string { return filter(rng, 2) }

func filter(rng *rand.Rand, depth int) string {
	if depth > 0 && rng.IntN(3) == 0 {
		a, b := filter(rng, depth-1), filter(rng, depth-1)
		return []string{"(" + a + " and " + b + ")", "(" + a + " or " + b + ")", "not (" + a + ")"}[rng.IntN(3)]
	}
	term := leaf(rng)
	if rng.IntN(4) == 0 {
		return "not " + term
	}
	return term
}

// path is a field or a path below one.
func path(rng *rand.Rand) string {
	plain := []string{"eventName", "errorCode", "errorMessage", "userAgent", "sourceIPAddress", "readOnly", "cnt", "score", "apiVersion", "retries", "@time", "__time__", "__seq__", "__topic__"}
	if rng.IntN(2) == 0 {
		return plain[rng.IntN(len(plain))]
	}
	p := []string{"requestParameters", "userIdentity", "resources", "extra"}[rng.IntN(4)]
	for range rng.IntN(4) {
		p += "." + word(Key(rng))
	}
	return p
}

func word(s string) string {
	if s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == "" {
		return s
	}
	return strconv.Quote(s)
}

// searched is a value to look for, in quotes: mostly one that occurs.
func searched(rng *rand.Rand) string {
	s := Text(rng)
	switch rng.IntN(6) {
	case 0:
		s = strings.ToUpper(s)
	case 1:
		s = Address(rng)
	case 2:
		s = []string{"true", "1", "22", "1.50", "1e3", "A", "é/", "deep", "K", "7", "{}", "[]", "GetObject", "😀"}[rng.IntN(14)]
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// pattern is a value with wildcards.
func pattern(rng *rand.Rand) string {
	all := []string{"*", "?", "a*", "*a", "*a*", "A?b*", "*x*y*", "??", "*é*", "*😀*", "get*", "*.amazonaws.com", "?un*s", "1*", "*0", "10.*.3", "a*b", "*-*"}
	return all[rng.IntN(len(all))]
}

func leaf(rng *rand.Rand) string {
	p := path(rng)
	number := []string{"0", "1", "2.5", "-1", "22", "443", "1e3", "9007199254740993", "1795132800", "1e10"}
	n := func() string { return number[rng.IntN(len(number))] }
	switch rng.IntN(14) {
	case 0:
		return p + ":*"
	case 1, 2, 3:
		return p + ":" + searched(rng)
	case 4:
		return p + ":=" + searched(rng)
	case 5:
		return p + ":" + pattern(rng)
	case 6:
		return p + ":#" + searched(rng)
	case 7:
		return p + " " + []string{">", ">=", "<", "<=", "="}[rng.IntN(5)] + " " + n()
	case 8:
		return p + " in " + []string{"[", "("}[rng.IntN(2)] + n() + " " + n() + []string{"]", ")"}[rng.IntN(2)]
	case 9:
		return p + " in " + []string{"10.0.0.0/8", "2001:db8::/32", "10.1.2.3", "::/0", "0.0.0.0/0", "::ffff:10.0.0.0/104", "fe80::/10"}[rng.IntN(7)]
	case 10:
		return p + " in $office"
	case 11:
		return p + ":(" + searched(rng) + " or " + searched(rng) + ")"
	case 12:
		return searched(rng)
	}
	return []string{"#" + searched(rng), pattern(rng), p + `:""`}[rng.IntN(3)]
}

// FilterOf is a filter for a value that occurs in a decoded record: by its place,
// or anywhere. It is empty for a record without one.
func FilterOf(rng *rand.Rand, record map[string]any) string {
	p, v := place(rng, record)
	s, ok := v.(string)
	if n, isNumber := v.(float64); isNumber {
		if rng.IntN(2) == 0 {
			return p + " >= " + strconv.FormatFloat(n, 'f', -1, 64)
		}
		s, ok = strconv.FormatFloat(n, 'f', -1, 64), true
	}
	if !ok || s == "" || len(s) > 200 || strings.ContainsAny(s, "\n\r\t") {
		return map[bool]string{true: p + ":*"}[p != ""]
	}
	q := `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
	switch rng.IntN(6) {
	case 0:
		return p + ":=" + q
	case 1:
		return "not " + p + ":" + strings.ToUpper(q)
	case 2:
		return p + ":#" + q
	case 3:
		return q
	case 4:
		if word(s) == s {
			return p + ":" + s[:1+rng.IntN(len(s))] + "*"
		}
	}
	return p + ":" + q
}

// place walks down to a value that is no container.
func place(rng *rand.Rand, v any) (path string, found any) {
	for {
		switch x := v.(type) {
		case []any:
			if len(x) == 0 {
				return path, nil
			}
			v = x[rng.IntN(len(x))]
		case map[string]any:
			if len(x) == 0 {
				return path, nil
			}
			names := slices.Sorted(maps.Keys(x))
			k := names[rng.IntN(len(names))]
			if k == "" || strings.ContainsAny(k, `"\`) {
				return "", nil
			}
			if path != "" {
				path += "."
			}
			path, v = path+word(k), x[k]
		default:
			return path, v
		}
	}
}
