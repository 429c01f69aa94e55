// How functions are written that all dialects write alike.

package query

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
	return fn + "($*)"
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
		return "tocsin_json_texts($1)"
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
