package query

import (
	"errors"
	"strings"
	"testing"

	"tocsin/diag"
)

// A name that is misspelt is an error in each of the queries, in quotes too.
func TestMisspeltInAnyPart(t *testing.T) {
	good, err := Parse("* | SELECT eventName, count(*) AS cnt GROUP BY eventName")
	if err != nil {
		t.Fatal(err)
	}
	misspelt, err := Parse(`* | SELECT "evntName", count(*) AS cnt GROUP BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	for at := range 3 {
		parts := []Part{{"log", good, 0}, {"log", good, 0}, {"log", good, 0}}
		parts[at].Query = misspelt
		joins := []Joining{{CrossProduct, nil}, {CrossProduct, nil}}
		if _, err := Combine(parts, joins, hostileSchema(), Options{Logstore: "log", MaxRows: 1000}); err == nil || !strings.Contains(err.Error(), "evntName") {
			t.Errorf("in query %d: %v", at, err)
		}
	}
}

// TestHostileCombinations: the corpus of hostile queries as parts, and as the
// condition, of a combination: nothing panics, what is refused has a place, and
// no text of it is in a statement.
func TestHostileCombinations(t *testing.T) {
	good, err := Parse("* | SELECT eventName, count(*) AS cnt GROUP BY eventName")
	if err != nil {
		t.Fatal(err)
	}
	on, err := ParseJoin("$0.eventName == $1.eventName")
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Logstore: "log", MaxRows: 1000, Lists: map[string][]string{"office": {"10.0.0.0/8"}}}
	combined, refused := 0, 0
	kept := func(id string, p *Plan, err error) {
		var l *diag.List
		if err != nil {
			if refused++; !errors.As(err, &l) || len(l.Problems) == 0 || len(err.Error()) > 600 {
				t.Errorf("%s: an error without a place, or too long: %.300s", id, err)
			}
			return
		}
		combined++
		for _, d := range []Dialect{DuckDB(), Trino()} {
			s := p.SQL(d, testWindow)
			if d.Name() == "duckdb" && (strings.Contains(s.Text, ";") || strings.Contains(s.Text, "--") || strings.Contains(s.Text, "DROP") || !outerLimit.MatchString(s.Text)) {
				t.Errorf("%s: the statement %.300s", id, s.Text)
			}
		}
	}
	for _, h := range jsonLines[hostileQuery](t, "data/hostile/queries.jsonl") {
		if cond, err := ParseJoin(h.Query); err != nil {
			kept(h.ID, nil, err)
		} else {
			p, err := Combine([]Part{{"log", good, 0}, {"log", good, 0}}, []Joining{{Inner, cond}}, hostileSchema(), o)
			kept(h.ID, p, err)
		}
		q, err := Parse(h.Query)
		if err != nil {
			continue
		}
		if _, err := q.Plan(hostileSchema(), o); err != nil {
			continue
		}
		for _, j := range []Joining{{CrossProduct, nil}, {Concat, nil}, {Left, on}, {RightExclude, on}} {
			p, err := Combine([]Part{{"log", q, 0}, {"log", good, 0}}, []Joining{j}, hostileSchema(), o)
			kept(h.ID+" "+string(j.Kind), p, err)
			p, err = Combine([]Part{{"log", good, 0}, {"log", q, 0}, {"log", q, 0}}, []Joining{j, j}, hostileSchema(), o)
			kept(h.ID+" "+string(j.Kind), p, err)
		}
	}
	t.Logf("%d combined, %d refused", combined, refused)
	if combined < 100 || refused < 200 {
		t.Errorf("%d combined, %d refused", combined, refused)
	}
}
