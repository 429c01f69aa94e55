// Functions and conversions of conditions.

package query

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// conditionFunctions are the functions that a condition may call: those of the
// function table that make sense for one value of a row, and contains, which in
// SLS finds a text in a text.
const conditionFunctions = "contains lower upper trim length starts_with ends_with strpos concat coalesce if abs round floor ceil"

func conditionFunction(name string) bool {
	return slices.Contains(strings.Fields(conditionFunctions), name)
}

// call evaluates a function; but for coalesce and if, NULL in gives NULL out.
func (e *evaluator) call(x *Call) any {
	args := make([]any, len(x.Args))
	for i, a := range x.Args {
		args[i] = e.eval(a)
	}
	if !conditionFunction(x.Name) || len(args) == 0 {
		return e.fail("there is no function %s in conditions", cut(x.Name))
	}
	switch x.Name {
	case "coalesce":
		for _, a := range args {
			if a != nil {
				return a
			}
		}
		return nil
	case "if":
		return choose(args)
	}
	for _, a := range args {
		if a == nil {
			return nil
		}
	}
	if n, ok := asNumber(args[0]); ok {
		switch x.Name {
		case "abs":
			return math.Abs(n)
		case "round":
			return math.Round(n)
		case "floor":
			return math.Floor(n)
		case "ceil":
			return math.Ceil(n)
		}
	}
	return callText(x.Name, args)
}

// choose is if(condition, then, else).
func choose(args []any) any {
	switch {
	case args[0] == true && len(args) > 1:
		return args[1]
	case args[0] != true && len(args) > 2:
		return args[2]
	}
	return nil
}

// callText is a function over texts.
func callText(name string, args []any) any {
	s, t := asText(args[0]), ""
	if len(args) > 1 {
		t = asText(args[1])
	}
	switch name {
	case "contains":
		if list, ok := args[0].([]any); ok {
			return slices.ContainsFunc(list, func(el any) bool { return el != nil && asText(plainValue(el)) == t })
		}
		return strings.Contains(s, t)
	case "lower":
		return strings.ToLower(s)
	case "upper":
		return strings.ToUpper(s)
	case "trim":
		return strings.TrimSpace(s)
	case "length":
		return float64(utf8.RuneCountInString(s))
	case "starts_with":
		return strings.HasPrefix(s, t)
	case "ends_with":
		return strings.HasSuffix(s, t)
	case "strpos":
		i := strings.Index(s, t)
		if i < 0 {
			return 0.0
		}
		return float64(utf8.RuneCountInString(s[:i]) + 1)
	case "concat":
		var b strings.Builder
		for _, a := range args {
			b.WriteString(asText(a))
		}
		return b.String()
	}
	return nil
}

// asNumber reads a number, or a text that is one.
func asNumber(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case string:
		return readNumber(strings.TrimSpace(v))
	}
	return 0, false
}

// asText writes a value as users see it.
func asText(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano)
	}
	b, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(b)
}
