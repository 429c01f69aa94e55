// How functions are written that all dialects write alike.

package query

import "strings"

// sharedForm is form for what no dialect writes in its own way. What is not here
// has the same name and meaning as in the function table.
func sharedForm(fn string, n int) string {
	switch fn {
	case "neg":
		return "(- $1)"
	case "/":
		return "($1 / nullif($2, 0))"
	case "%", "mod":
		return "($1 % nullif($2, 0))"
	case "if":
		if n == 2 {
			return "CASE WHEN $1 THEN $2 END"
		}
		return "CASE WHEN $1 THEN $2 ELSE $3 END"
	case "coalesce":
		if n == 1 {
			return "$1"
		}
	case "replace":
		if n == 2 {
			return "replace($1, $2, '')"
		}
	case "url_decode":
		return "tocsin_url_decode($1)"
	case "round":
		if n == 2 {
			return "round($1, CAST($2 AS INTEGER))"
		}
	case "sign":
		return "CAST(sign($1) AS BIGINT)"
	case "sqrt":
		return "CASE WHEN $1 >= 0 THEN sqrt($1) END"
	case "ln", "log2", "log10":
		return "CASE WHEN $1 > 0 THEN " + fn + "($1) END"
	case "json_parse", "json_format":
		return "$1"
	}
	if f, ok := sharedForms[fn]; ok {
		return f
	}
	return fn + "($*)"
}

// sharedForms are read only.
var sharedForms = map[string]string{
	"exp":          "CASE WHEN $1 <= 709.782712893384 THEN exp($1) END",
	"log":          "CASE WHEN $1 > 0 AND $1 <> 1 AND $2 > 0 THEN ln($2) / ln($1) END",
	"asin":         "CASE WHEN abs($1) <= 1 THEN asin($1) END",
	"acos":         "CASE WHEN abs($1) <= 1 THEN acos($1) END",
	"sinh":         "CASE WHEN abs($1) <= 710 THEN sinh($1) END",
	"cosh":         "CASE WHEN abs($1) <= 710 THEN cosh($1) END",
	"is_nan":       "CASE WHEN $1 IS NOT NULL THEN false END",
	"is_infinite":  "CASE WHEN $1 IS NOT NULL THEN false END",
	"is_finite":    "CASE WHEN $1 IS NOT NULL THEN true END",
	"integer":      "CAST(CAST($1 AS INTEGER) AS BIGINT)",
	"smallint":     "CAST(CAST($1 AS SMALLINT) AS BIGINT)",
	"tinyint":      "CAST(CAST($1 AS TINYINT) AS BIGINT)",
	"try_integer":  "CAST(TRY_CAST($1 AS INTEGER) AS BIGINT)",
	"try_smallint": "CAST(TRY_CAST($1 AS SMALLINT) AS BIGINT)",
	"try_tinyint":  "CAST(TRY_CAST($1 AS TINYINT) AS BIGINT)",
}

// textCast is the form of a conversion of a text; "": it is none. It goes
// through functions of ours, which read numbers as Presto does (1.5 is no
// bigint, inf and 1_000 are no number).
func textCast(v *conversion) string {
	try := map[bool]string{true: "true", false: "false"}[v.try]
	switch {
	case !v.x.typ().textual():
		return ""
	case v.to.textual():
		return "$1"
	case v.to.IsArray():
		return "tocsin_json_array_" + strings.ToLower(v.to.Elem().String()) + "($1, " + try + ")"
	case v.to.IsMap():
		return "map(tocsin_json_keys($1, " + try + "), tocsin_json_values_" + strings.ToLower(v.to.Elem().String()) + "($1, " + try + "))"
	case v.to == Integer:
		return "tocsin_integer($1, " + try + ")"
	case v.to == Double:
		return "tocsin_number($1, " + try + ")"
	case v.to == Boolean:
		return "tocsin_boolean($1, " + try + ")"
	case v.to == Time:
		return "tocsin_time($1, " + try + ")"
	}
	return ""
}
