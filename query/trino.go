// The dialect of Trino. How it writes functions is in trino_functions.go; the
// functions of ours that it calls, in SQL, are in trino_udf.go.

package query

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Trino returns the dialect of Trino. Its tables are those of a logstore with
// TIMESTAMP(6) for times and VARCHAR for JSON texts. Functions that Trino does
// not have stand in front of the statement, as inline functions; regular
// expressions are those of Trino's default library (Joni).
func Trino() Dialect { return trino{} }

type trino struct{}

// Name implements Dialect.
func (trino) Name() string { return "trino" }

// param writes a parameter. A time goes as a text without a zone, so that no
// zone of the session can change it.
func (trino) param(d *sqlPrinter, v any) {
	switch v := v.(type) {
	case nil:
		d.print("NULL")
	case int64:
		d.arg("CAST($ AS BIGINT)", v)
	case float64:
		d.arg("CAST($ AS DOUBLE)", v)
	case time.Time:
		d.arg("CAST($ AS TIMESTAMP(6))", v.UTC().Format("2006-01-02 15:04:05.000000"))
	default:
		d.arg("$", v)
	}
}

func (trino) typeName(t Type) string {
	return sqlType(t, "TIMESTAMP(6)", func(elem string) string { return "ARRAY(" + elem + ")" })
}

func (e trino) cast(v *conversion) string {
	from := v.x.typ()
	switch text := textCast(v); {
	case text != "":
		return text
	case v.to == Time && from == Time:
		return "$1"
	case v.to.textual() && from == Double:
		return "json_format(CAST($1 AS JSON))" // 1.0E10, as Presto's; CAST gives 1.0E10, and 1.5E0
	case v.to.textual() && from == Time && isDay(v.x):
		return "date_format(date_trunc('day', $1), '%Y-%m-%d')"
	case v.to.textual() && from == Time:
		return "CAST(CAST(date_trunc('millisecond', $1) AS TIMESTAMP(3)) AS VARCHAR)"
	}
	return map[bool]string{true: "TRY_"}[v.try] + "CAST($1 AS " + e.typeName(v.to) + ")"
}

func (trino) aggregate(a *aggregate) (*aggregate, string) {
	c := *a
	switch {
	case a.fn == "first_stored":
		c.fn = "min_by"
		c.filter = both(a.filter, &nullTest{x: a.args[0], not: true})
	case a.fn == "max_by", a.fn == "min_by":
		c = *keyed(a)
	case a.fn == "array_agg" && a.distinct:
		return &c, "array_sort($1)"
	}
	if known, ok := trinoAggregates[a.fn]; ok {
		c.fn = known.fn
		return &c, known.form
	}
	return &c, "$1"
}

func (trino) array(d *sqlPrinter, v *array) { d.form("ARRAY[$*]", d.values(v.items)...) }

func (trino) nullsInside() bool { return false }

func (trino) kept(column, _ string) string { return column }

func (trino) lambda(d *sqlPrinter, v *lambda) {
	d.print("(")
	d.list(len(v.params), func(i int) { d.value(v.params[i]) })
	d.print(") -> ")
	d.value(v.body)
}

func (trino) unnest(d *sqlPrinter, u *unnested) {
	d.print(map[bool]string{true: " LEFT", false: " CROSS"}[u.outer], " JOIN UNNEST(")
	d.list(len(u.args), func(i int) { d.value(u.args[i]) })
	d.print(")")
	n := len(u.args)
	if u.ordinal {
		d.print(" WITH ORDINALITY")
		n++
	}
	d.print(" AS ", relationName(u.id), "(")
	d.list(n, func(i int) { d.print(resultName(i)) })
	d.print(")")
	if u.outer {
		d.print(" ON true")
	}
}

// texts writes an array of constants.
func texts(d *sqlPrinter, xs []string) {
	d.print("ARRAY[")
	d.list(len(xs), func(i int) { d.param(xs[i]) })
	d.print("]")
}

func (trino) jsonAt(d *sqlPrinter, v *jsonAt) {
	form := "tocsin_json_at($1, $2)"
	if !stored(v.of) {
		form = "CASE WHEN TRY(json_parse($1)) IS NOT NULL THEN tocsin_json_at($1, $2) END"
	}
	d.form(form, func() { d.value(v.of) }, func() { texts(d, v.path) })
}

// listed holds a text against the values, the patterns and the networks of a
// list, each kind one array; in the filter it is joined.
func (e trino) listed(d *sqlPrinter, x func(), l *listSpec) {
	if d.filter {
		e.joined(d, x, l)
		return
	}
	d.print("(false")
	if len(l.Values) > 0 {
		d.print(" OR ")
		d.oneOf("in_texts"+map[bool]string{false: "_folded"}[l.Exact], x, l.Values)
	}
	if len(l.Patterns) > 0 {
		patterns := make([]string, len(l.Patterns))
		for i, p := range l.Patterns {
			patterns[i] = likePattern(tidy(globOf(p)))
		}
		d.form(` OR any_match(split($1, chr(31)), p -> $2 LIKE $3 ESCAPE '\')`, func() { d.param(strings.Join(patterns, valueSeparator)) },
			func() { d.folded(l.Exact, x) }, func() { d.folded(l.Exact, func() { d.print("p") }) })
	}
	if len(l.Networks) > 0 {
		d.form(" OR any_match(split($1, chr(31)), n -> $2)", func() { d.param(strings.Join(l.Networks, valueSeparator)) },
			func() { d.form(e.form("is_subnet_of", 2), func() { d.print("n") }, x) })
	}
	d.print(")")
}

// joined joins a text with the values of a list, its beginnings and endings with
// those of each length, and its networks with those of each length. Other
// patterns are tried one by one.
func (trino) joined(d *sqlPrinter, x func(), l *listSpec) {
	set := newListSet(*l)
	folded := func() { d.folded(l.Exact, x) }
	var tests []func()
	add := func(x func(), values []string) {
		tests = append(tests, func() { d.oneOf("in_texts", x, values) })
	}
	lengths := func(by map[int][]string, form string, x func()) {
		for _, n := range slices.Sorted(maps.Keys(by)) {
			add(func() { d.form(strings.Replace(form, "#", itoa(n), 1), x) }, by[n])
		}
	}
	if len(set.values) > 0 {
		add(folded, slices.Sorted(maps.Keys(set.values)))
	}
	lengths(set.starts.byLength(), "substr($1, 1, #)", folded)
	lengths(set.ends.byLength(), "substr($1, -#)", folded)
	lengths(set.byBits(false), "tocsin_bits($1, #, false)", x)
	lengths(set.byBits(true), "tocsin_bits($1, #, true)", x)
	for _, g := range set.globs {
		tests = append(tests, func() { d.glob(x, g, l.Exact) })
	}
	if len(tests) == 0 {
		d.print("(false)")
		return
	}
	d.print("(")
	d.balanced(len(tests), " OR ", func(i int) { tests[i]() })
	d.print(")")
}

// jsonTest tests each value below the path as the text that it is.
func (trino) jsonTest(d *sqlPrinter, l *leaf) {
	values := func() {
		if l.deep {
			d.form("tocsin_json_deep($1)", func() { d.column(l.column, l.kept) })
			return
		}
		d.form("tocsin_json_values($1, $2)", func() { d.column(l.column, l.kept) }, func() { texts(d, l.path) })
	}
	if l.op == leafExists {
		d.form("(cardinality($1) > 0)", values)
		return
	}
	one, filter := *l, d.filter
	one.t, d.filter = Text, false // no join in a lambda
	d.form("any_match($1, x0 -> $2)", values, func() { d.valueTest(&one, func() { d.print("x0") }) })
	d.filter = filter
}

// glob is LIKE, whose time Trino bounds.
func (trino) glob(d *sqlPrinter, x func(), parts []Glob, exact bool) {
	d.form(`($1 LIKE $2 ESCAPE '\')`, d.folds(exact, x, likePattern(parts))...)
}

func likePattern(parts []Glob) string {
	var b strings.Builder
	for _, p := range parts {
		switch p.Wild {
		case '*':
			b.WriteByte('%')
		case '?':
			b.WriteByte('_')
		default:
			b.WriteString(strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(p.Text))
		}
	}
	return b.String()
}

func (e trino) word(d *sqlPrinter, x func(), parts []Glob, exact bool) {
	words := func() { d.form("tocsin_words($1)", func() { d.folded(exact, x) }) }
	param := func(s string) func() { return func() { d.folded(exact, func() { d.param(s) }) } }
	if len(parts) == 1 && parts[0].Wild == 0 {
		d.form("contains($1, $2)", words, param(parts[0].Text))
		return
	}
	d.form(`any_match($1, w -> w <> '' AND w LIKE $2 ESCAPE '\')`, words, param(likePattern(parts)))
}

// rewrite writes regular expressions and paths into JSON as Trino reads them.
func (trino) rewrite(c *call) *call {
	r := *c
	switch c.fn {
	case "regexp_like", "regexp_extract", "regexp_extract_all", "regexp_split", "regexp_count", "regexp_position", "regexp_replace":
		r.args = append([]value(nil), c.args...)
		pattern, _ := constText(c.args[1])
		r.args[1] = textConst(joni(pattern))
		if c.fn == "regexp_replace" {
			_, java := replacements(c)
			r.args = append(r.args[:2], java)
		}
	case "json_extract", "json_extract_scalar", "json_array_length", "json_size":
		if len(c.args) < 2 {
			return c
		}
		spec, _ := constText(c.args[1])
		path, way := trinoPath(decodePath(spec))
		r.args = []value{c.args[0], textConst(path), way}
	default:
		if !strings.Contains(c.fn, "decimal(") || !c.args[0].typ().textual() {
			return c
		}
		r.args = []value{&call{fn: "tocsin_decimal", args: c.args, t: Text}}
	}
	return &r
}

// trinoPath writes an exact path as Trino's JSON functions read it, and as the
// steps that tocsin_json_value reads: .key or #index.
func trinoPath(steps []any) (string, *array) {
	path, way := "$", &array{t: ArrayOf(Text)}
	for _, s := range steps {
		if i, ok := s.(int); ok {
			path += "[" + strconv.Itoa(i) + "]"
			way.items = append(way.items, textConst("#"+strconv.Itoa(i)))
			continue
		}
		key := s.(string)
		path += `["` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(key) + `"]`
		way.items = append(way.items, textConst("."+key))
	}
	return path, way
}

// functions are the inline functions that a statement calls.
func (trino) functions(statement string) string {
	trinoFunctions := slices.Concat(trinoFunctions[:], trinoCasts(), trinoNetworks[:])
	used := map[string]bool{}
	for i := len(trinoFunctions) - 1; i >= 0; i-- { // a function calls those above it
		f := trinoFunctions[i]
		used[f.name] = strings.Contains(statement, f.name+"(")
		for _, g := range trinoFunctions[i+1:] {
			used[f.name] = used[f.name] || used[g.name] && strings.Contains(g.text, f.name+"(")
		}
	}
	var all []string
	for _, f := range trinoFunctions {
		if used[f.name] {
			all = append(all, f.declaration())
		}
	}
	if len(all) == 0 {
		return ""
	}
	return "WITH " + strings.Join(all, ",\n") + "\n"
}
