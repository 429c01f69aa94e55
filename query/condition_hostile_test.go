package query

import (
	"strings"
	"testing"
	"time"
)

// TestHostileConditions reads the hostile queries as `when` and `severity` do
// (G26): whole, and what stands behind SELECT and WHERE of them. None is a query
// in a condition; what is read prints and reads again, and its check and its
// evaluation end.
func TestHostileConditions(t *testing.T) {
	cols := []Column{{Name: "eventName", Type: Text}, {Name: "cnt", Type: Integer}, {Name: "x", Type: Text}}
	row := func(name string) (any, bool) {
		switch name {
		case "eventName", "x":
			return "CreateUser", true
		case "cnt":
			return int64(7), true
		}
		return nil, false
	}
	read, checked := 0, 0
	for _, h := range jsonLines[hostileQuery](t, "data/hostile/queries.jsonl") {
		for _, src := range conditionsIn(h.Query) {
			start := time.Now()
			c, err := ParseCondition(src)
			if err != nil {
				checkErrors(t, src, err)
				continue
			}
			read++
			roundTripCondition(t, src)
			if c.Check(cols) == nil {
				checked++
				if _, err := c.Eval(row); err != nil && len(problems(err)) == 0 && err.Error() == "" {
					t.Errorf("%s: an error without words", h.ID)
				}
			}
			Walk(c, func(n Node) bool {
				switch n.(type) {
				case *Select, *Subquery, *Exists, *Over, *Lambda:
					t.Errorf("%s: a %T in a condition: %.200s", h.ID, n, src)
				}
				return true
			})
			if d := time.Since(start); d > 5*time.Second {
				t.Errorf("%s took %v", h.ID, d)
			}
		}
	}
	t.Logf("%d conditions read, %d can run", read, checked)
	if read < 20 || checked == 0 {
		t.Errorf("%d conditions read, %d can run", read, checked)
	}
}

// conditionsIn is a query as a condition, and the parts of it that may be one.
func conditionsIn(q string) []string {
	out := []string{q}
	for _, word := range []string{"WHERE ", "SELECT ", "|"} {
		if _, behind, ok := strings.Cut(q, word); ok {
			behind, _, _ = strings.Cut(behind, " FROM ")
			out = append(out, strings.TrimSpace(behind))
		}
	}
	return out
}
