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
	return []DuckDBFunction{
		{"tocsin_regexp_split", []Type{Text, Text}, ArrayOf(Text), func(a []any) (any, error) {
			re := patterns.get(a[1].(string), readPattern)
			if re == nil {
				return nil, nil
			}
			return re.Split(a[0].(string), -1), nil
		}},
		{"tocsin_regexp_extract", []Type{Text, Text, Integer}, Text, func(a []any) (any, error) {
			return regexpGroups(a[0].(string), patterns.get(a[1].(string), readPattern), int(a[2].(int64)), 1), nil
		}},
		{"tocsin_regexp_extract_all", []Type{Text, Text, Integer}, ArrayOf(Text), func(a []any) (any, error) {
			return regexpGroups(a[0].(string), patterns.get(a[1].(string), readPattern), int(a[2].(int64)), -1), nil
		}},
		{"tocsin_regexp_position", []Type{Text, Text}, Integer, func(a []any) (any, error) {
			re := patterns.get(a[1].(string), readPattern)
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
