// Regular expressions for the functions that DuckDB calls and does not have. The
// patterns are constants that the planner has checked.

package query

import (
	"regexp"
	"unicode/utf8"
)

// patternUDFs are the functions of patterns.
func patternUDFs() []DuckDBFunction {
	patterns := &cache[*regexp.Regexp]{}
	compile := func(s string) *regexp.Regexp {
		re, err := regexp.Compile(s)
		if err != nil {
			return nil
		}
		return re
	}
	return []DuckDBFunction{
		{"tocsin_regexp_split", []Type{Text, Text}, ArrayOf(Text), func(a []any) (any, error) {
			re := patterns.get(a[1].(string), compile)
			if re == nil {
				return nil, nil
			}
			return re.Split(a[0].(string), -1), nil
		}},
		{"tocsin_regexp_group", []Type{Text, Text, Integer}, Text, func(a []any) (any, error) {
			re, group := patterns.get(a[1].(string), compile), int(a[2].(int64))
			if re == nil || group < 0 || group > re.NumSubexp() {
				return nil, nil
			}
			return groupOf(a[0].(string), re.FindStringSubmatchIndex(a[0].(string)), group), nil
		}},
		{"tocsin_regexp_groups", []Type{Text, Text, Integer}, ArrayOf(Text), func(a []any) (any, error) {
			re, group := patterns.get(a[1].(string), compile), int(a[2].(int64))
			if re == nil || group < 0 || group > re.NumSubexp() {
				return nil, nil
			}
			out := []any{}
			for _, m := range re.FindAllStringSubmatchIndex(a[0].(string), -1) {
				out = append(out, groupOf(a[0].(string), m, group))
			}
			return out, nil
		}},
		{"tocsin_regexp_position", []Type{Text, Text}, Integer, func(a []any) (any, error) {
			re := patterns.get(a[1].(string), compile)
			if re == nil {
				return nil, nil
			}
			at := re.FindStringIndex(a[0].(string))
			if at == nil {
				return int64(-1), nil
			}
			return int64(utf8.RuneCountInString(a[0].(string)[:at[0]]) + 1), nil
		}},
	}
}

// groupOf is what a group of a match took; NULL where it took no part, or there
// is no match.
func groupOf(s string, match []int, group int) any {
	if match == nil || match[2*group] < 0 {
		return nil
	}
	return s[match[2*group]:match[2*group+1]]
}
