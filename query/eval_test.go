// Conditions over one row, and their check before any row is seen.

package query

import (
	"strings"
	"testing"
	"time"
)

func TestConditionEval(t *testing.T) {
	row := map[string]any{
		"pv": int64(1000), "cnt": int64(12), "name": "bob", "num": "12", "ratio": 0.5, "none": nil, "ok": true,
		"actor": "ops", "__count__": int64(3), "at": time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC), "list": []any{"a", int64(2)}, "a.b": "x",
	}
	for cond, want := range map[string]bool{
		`pv > 999`: true, `pv > 1000`: false, `pv >= 1000 && cnt == 12`: true, `pv<1000||cnt!=12`: false, `!(pv < 1000)`: true,
		`__count__ > 2`: true, `$0.pv == 1000`: true, `pv`: false, `ok`: true, `ok == true`: true, `ok == false`: false,
		`num > 5`: true, `num > '5'`: false, `cnt > '5'`: false, `cnt > num`: false, `cnt == num`: true, `name > 5`: false, `name != 5`: true,
		`name == 'bob'`: true, `name == "bob"`: true, `name == "name"`: true, `name =~ '^b.b$'`: true, `name !~ 'x'`: true, `none =~ 'x'`: false,
		`none == 1`: false, `none != 1`: false, `!(none == 1)`: true, `none IS NULL`: true, `name IS NOT NULL`: true,
		`cnt + (-100) < 100`: true, `cnt * 2 == 24`: true, `cnt / 5 == 2.4`: true, `cnt % 5 == 2`: true, `cnt / 0 == 1`: false, `-cnt == -12`: true,
		`contains(name, 'o')`: true, `contains(list, 2)`: true, `contains(list, 'z')`: false, `length(name) == 3`: true, `lower('A') == 'a'`: true,
		`coalesce(none, 5) == 5`: true, `abs(ratio - 1) < 1`: true, `starts_with(name, 'bo')`: true, `if(cnt > 5, 'x', 'y') == 'x'`: true,
		`cnt BETWEEN 1 AND 12`: true, `cnt NOT BETWEEN 1 AND 12`: false, `name IN ('a', 'bob')`: true, `cnt IN (1, 12)`: true, `none NOT IN (1)`: false,
		`name LIKE 'b%'`: true, `name NOT LIKE 'b%'`: false, `CASE WHEN cnt > 1 THEN true ELSE false END`: true, `@actor = 'ops'`: true,
		`at > '2026-11-20 09:00:00'`: true, `at < TIMESTAMP '2026-11-20 09:00:00'`: false, `a.b = 'x'`: true, `concat(name, '!') = 'bob!'`: true,
		`num > "5"`: false, `cnt > "5"`: false, `cnt == "12"`: true, `cnt IN ("12")`: true, `num BETWEEN "5" AND "6"`: false, `num > "ratio"`: true,
		`name != ""`: true, `name == ""`: false, `name LIKE "b%"`: true, `name =~ "^b"`: true, `"bob" == name`: true, `contains(list, "a")`: true,
		`none IS NOT DISTINCT FROM NULL`: true, `cnt IS DISTINCT FROM 12`: false,
	} {
		c, err := ParseCondition(cond)
		if err != nil {
			t.Errorf("%s: %v", cond, err)
			continue
		}
		got, err := c.Eval(func(name string) (any, bool) { v, ok := row[name]; return v, ok })
		if err != nil || got != want {
			t.Errorf("%s is %v, error %v", cond, got, err)
		}
	}
}

func TestConditionCheck(t *testing.T) {
	cols := []Column{{Name: "cnt", Type: Integer}, {Name: "eventName", Type: Text}, {Name: "actor", Type: Text, Key: true}, {Name: "ok", Type: Boolean}}
	for cond, want := range map[string]string{
		`cnt > 3`: "", `@actor = 'x' && ok`: "", `__count__ > 3`: "", `$0.cnt == 3`: "", `eventName == "x"`: "", `contains(eventName, 'x')`: "",
		`cnnt > 3`:                        "no column cnnt (did you mean cnt?)",
		`cnt`:                             "this is no condition",
		`cnt + 1`:                         "this is no condition",
		`200`:                             "this is no condition",
		`eventName =~ '('`:                "cannot be used",
		`eventName =~ "("`:                "cannot be used",
		`eventName LIKE "x%"`:             "",
		`eventName != ""`:                 "",
		`"x"`:                             "this is no condition",
		`ok && "x"`:                       "this is no condition",
		`eventName LIKE cnt`:              "constant text",
		`eventName LIKE 'x!y' ESCAPE '!'`: "constant text",
		`eventName LIKE 'x!%' ESCAPE '!'`: "",
		`lowr(eventName) = 'x'`:           "no function lowr in conditions (did you mean lower?)",
		`count(*) > 3`:                    "no function count",
		`contains(eventName)`:             "does not take these 1 arguments",
		`eventName IN $office`:            "named list",
		`cnt > 1e999`:                     "too large",
		`eventName LIKE actor`:            "constant text",
		`cast(cnt AS int) > 3`:            "cannot stand in a condition",
		`cnt > 3 AND eventName`:           "this is no condition",
		`random() > 0.5`:                  "no function random",
	} {
		c, err := ParseCondition(cond)
		if err != nil {
			t.Errorf("%s: %v", cond, err)
			continue
		}
		err = c.Check(cols)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v", cond, err)
		}
	}
	c, err := ParseCondition(`cnt > 3 && $1.a.b = "x" || cnt < 2`)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(c.Names(), " "); got != "cnt a.b x" {
		t.Error(got)
	}
	if _, err := c.Eval(func(string) (any, bool) { return nil, false }); err == nil {
		t.Error("a missing column is no error")
	}
}
