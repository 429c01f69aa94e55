package store_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"tocsin/query"
)

// TestRandomStatementsRun: whatever the planner lets through, the engine can
// read. Only values may be at fault (a number out of range), never the statement.
func TestRandomStatementsRun(t *testing.T) {
	conn := conformanceConn(t)
	schema := conformanceSchema(t)
	rng := rand.New(rand.NewPCG(3, 4))
	window := query.Window{From: time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)}
	ran, used := 0, map[string]bool{}
	for range 6000 {
		text := randomStatement(rng)
		q, err := query.Parse(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		p, err := q.Plan(schema, query.Options{Logstore: "cloudtrail", MaxRows: 100})
		if err != nil {
			continue
		}
		ran++
		for _, f := range query.Functions() {
			used[f] = used[f] || strings.Contains(text, f+"(")
		}
		s := p.SQL(query.DuckDB(), window)
		err = func() error {
			rows, err := conn.QueryContext(context.Background(), s.Text, s.Args...)
			if err != nil {
				return err
			}
			defer rows.Close()
			checkRows(t, text, p, rows)
			return rows.Err()
		}()
		if err != nil && !valueFault(err) {
			t.Errorf("%s: %.300v\n%s %v", text, err, s.Text, s.Args)
		}
	}
	var missing []string
	for _, f := range query.Functions() {
		if !used[f] {
			missing = append(missing, f)
		}
	}
	if ran < 600 || len(missing) > 0 {
		t.Errorf("%d statements ran, without %v", ran, missing)
	}
	t.Logf("%d statements ran", ran)
}

// valueFault reports an error that a value caused, not the statement.
func valueFault(err error) bool {
	for _, s := range []string{"Out of Range", "Conversion Error", "cast: ", "Overflow", "out of range"} {
		if strings.Contains(err.Error(), s) {
			return true
		}
	}
	return false
}

func checkRows(t *testing.T, text string, p *query.Plan, rows interface {
	Next() bool
	Scan(...any) error
	Columns() ([]string, error)
},
) {
	t.Helper()
	names, err := rows.Columns()
	if err != nil {
		t.Error(err)
	}
	for rows.Next() {
		vals, ptrs := make([]any, len(names)), make([]any, len(names))
		for i := range vals {
			ptrs[i] = &vals[i]
		}
		if err := rows.Scan(ptrs...); err != nil {
			t.Error(err)
			return
		}
		if p.RowIdentity() {
			vals = vals[1:]
		}
		for i, c := range p.Columns() {
			checkType(t, text, c, plainMaps(vals[i]))
		}
	}
}

func randomStatement(rng *rand.Rand) string {
	x := randomExpr(rng, 2)
	switch rng.IntN(5) {
	case 0:
		return "* | SELECT " + x + " AS x"
	case 1:
		return "* | SELECT " + x + " AS x, count(*) AS n GROUP BY x HAVING x IS NOT NULL ORDER BY n DESC, x"
	case 2:
		return "* | SELECT eventName WHERE " + x
	case 3:
		return "* | SELECT " + x + " AS x | SELECT x, " + strings.ReplaceAll(randomExpr(rng, 1), "cnt", "x") + " AS y, max(x) AS m GROUP BY x"
	}
	return "* | SELECT eventSource, " + x + " AS x GROUP BY eventSource ORDER BY x LIMIT 5"
}

func randomExpr(rng *rand.Rand, depth int) string {
	atoms := []string{
		"eventName", "cnt", "score", "readOnly", "@time", "__time__", "requestParameters.size", "requestParameters", "retries", "apiVersion", "sourceIPAddress",
		"NULL", "1", "-2", "2.5", "'x'", "'day'", "'$.name'", "'%Y-%m'", "'10.0.0.0/8'", "'a(b)?'", "true", "now()", "split(eventName, 'e')", "ARRAY[1, 2]", "TIMESTAMP '2026-01-01 00:00:00'",
	}
	if depth == 0 || rng.IntN(4) == 0 {
		return atoms[rng.IntN(len(atoms))]
	}
	sub := func() string { return randomExpr(rng, depth-1) }
	switch rng.IntN(12) {
	case 0:
		ops := []string{"+", "-", "*", "/", "%", "||", "=", "<>", "<", ">=", "AND", "OR", "IS DISTINCT FROM"}
		return "(" + sub() + " " + ops[rng.IntN(len(ops))] + " " + sub() + ")"
	case 1:
		types := []string{"varchar", "bigint", "double", "boolean", "timestamp", "date", "json", "array(varchar)"}
		return []string{"cast", "try_cast"}[rng.IntN(2)] + "(" + sub() + " AS " + types[rng.IntN(len(types))] + ")"
	case 2:
		return "CASE WHEN " + sub() + " THEN " + sub() + " ELSE " + sub() + " END"
	case 3:
		return fmt.Sprintf("(%s %s)", sub(), []string{"IS NULL", "LIKE 'a%b_c'", "LIKE '%x'", "IN ('x', 'y')", "IN (1, 2.5)", "BETWEEN 1 AND 5", "+ interval '1' day", "[1]"}[rng.IntN(8)])
	case 4:
		return "(NOT " + sub() + ")"
	}
	if rng.IntN(3) > 0 {
		return randomCall(rng, sub)
	}
	names := query.Functions()
	name := names[rng.IntN(len(names))]
	args := make([]string, rng.IntN(4))
	for i := range args {
		args[i] = sub()
	}
	return name + "(" + strings.Join(args, ", ") + ")"
}

// randomCall is a call whose arguments fit: T text, N number, I integer, B
// boolean, E time, J JSON, A array, X anything.
func randomCall(rng *rand.Rand, sub func() string) string {
	forms := strings.Split(`count(X);count(DISTINCT X);count_if(B);sum(I);sum(N);sum(DISTINCT I);avg(N);min(X);max(X);arbitrary(X);any_value(X);approx_distinct(X);
array_agg(X);array_agg(DISTINCT I);array_agg(T ORDER BY I DESC);max_by(X, I);min_by(X, N);bool_and(B);bool_or(B);every(B);count(*) FILTER (WHERE B);
coalesce(T, T);coalesce(I, N);nullif(I, I);nullif(T, T);if(B, T, T);if(B, I);greatest(I, N);least(T, T);lower(T);upper(T);trim(T);ltrim(T);rtrim(T);length(T);
substr(T, I);substr(T, I, I);substring(T, 2, 1);strpos(T, T);split(T, T);split_part(T, T, I);concat(X, T);replace(T, 'a', 'b');replace(T, 'a');reverse(T);starts_with(T, T);ends_with(T, T);
regexp_like(T, 'a(b)?');regexp_extract(T, 'a(b)?');regexp_extract(T, 'a(b)?', 1);regexp_extract_all(T, 'a');regexp_extract_all(T, 'a(b)?', 1);url_decode(T);md5(T);sha1(T);sha256(T);
abs(N);round(N);round(N, 1);round(I, 1);ceil(N);ceiling(I);floor(N);sign(N);sign(I);mod(I, I);mod(N, I);power(N, I);pow(I, 2);sqrt(N);ln(N);log2(N);log10(I);
date_trunc('hour', E);date_format(E, '%Y-%m-%d %H:%i:%s %%');date_diff('day', E, E);date_add('month', I, E);from_unixtime(I);from_unixtime(N);to_unixtime(@time);
year(E);month(E);day(E);hour(E);minute(E);second(E);day_of_week(E);now();json_extract(J, '$.a[0]');json_extract_scalar(J, '$.size');json_array_length(J);json_array_length(J, '$.tags');
json_parse(J);json_format(J);array_position(A, T);element_at(A, I);A[1];cardinality(A);contains(A, T);array_join(A, '-');array_distinct(A);is_subnet_of('10.0.0.0/8', T);
cast(json_extract(J, '$.tags') AS array(varchar));E + interval '2' month;E - interval '1' second`, ";")
	kinds := map[rune][]string{
		'T': {"eventName", "errorCode", "sourceIPAddress", "requestParameters.bucketName", "'x'", "NULL", "apiVersion"},
		'N': {"cnt", "score", "requestParameters.size", "2.5", "-1", "NULL"}, 'I': {"cnt", "__seq__", "retries", "2", "NULL"}, 'B': {"readOnly", "cnt > 2", "errorCode IS NULL", "NULL"},
		'E': {"@time", "__time__", "now()", "TIMESTAMP '2026-01-01 00:00:00'", "NULL"}, 'J': {"requestParameters", "userIdentity", "errorMessage", "requestParameters.tags"},
		'A': {"split(eventName, 'e')", "ARRAY['a', 'b']", "NULL"}, 'X': {"eventName", "cnt", "score", "@time", "readOnly", "requestParameters"},
	}
	name, args, _ := strings.Cut(strings.TrimSpace(forms[rng.IntN(len(forms))]), "(")
	var b strings.Builder
	for i, r := range args {
		list, ok := kinds[r]
		alone := (i == 0 || !isLetter(args[i-1])) && (i+1 == len(args) || !isLetter(args[i+1]))
		switch {
		case !ok || !alone:
			b.WriteRune(r)
		case rng.IntN(4) == 0:
			b.WriteString(sub())
		default:
			b.WriteString(list[rng.IntN(len(list))])
		}
	}
	if args == "" { // A[1], E + interval
		k := kinds[rune(name[0])]
		return "(" + k[rng.IntN(len(k))] + name[1:] + ")"
	}
	return name + "(" + b.String()
}

func isLetter(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == '%' || c == '\''
}
