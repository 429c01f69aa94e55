// The census of paths, and paths as users write them.

package query

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func censusStore() *Logstore {
	return &Logstore{Name: "x", Table: "x", Fields: []Field{
		{Name: "@actor", Column: "actor", Type: Text},
		{Name: "id.arn", Column: "arn", Type: Text},
		{Name: "id", Column: "id", Type: JSON, Open: true},
		{Name: "Severity", Column: "record", Path: []string{"Severity"}, Type: JSON, Open: true},
		{Name: "status", Column: "record", Path: []string{"status"}, Type: Text},
		{Name: "extra", Column: "record", Type: JSON, Open: true},
	}}
}

func TestCensus(t *testing.T) {
	c := NewCensus(censusStore())
	var names []string
	for _, f := range c.Fields() {
		names = append(names, f.Name)
	}
	if diff := cmp.Diff([]string{"id", "extra"}, names); diff != "" {
		t.Fatal(diff)
	}
	for _, doc := range []string{
		`{"arn":"a","tags":[{"k":"x","v":1},[{"k":null,"v":2.5}],{"k":"y"}],"deep":{"a":{"b":true}},"empty":[],"none":null}`,
		`{"tags":"none","x-y":1,"x y":1,"a.b":1,"q\"":1,"q\u0041":1,"":1,"nl\n":1,"rtl\u202e":1}`,
		`{"deep":[{"a":1},{"a":{"b":"t"}}],"tags":{}}`,
		`[]`, `broken`, `{"arn`,
	} {
		c.Add(0, doc)
	}
	c.Add(1, `{"Severity":{"Label":"HIGH","Product":3},"status":"FAIL","other":{"x":1}}`)
	c.Add(1, `{"Severity":"low","other":1}`)
	var got []string
	for _, p := range c.Paths(map[string]int64{"@actor": 4, "id.arn": 2}, 9) {
		got = append(got, fmt.Sprintf("%s %s %d/%d", p.Path, p.Type, p.Records, p.Of))
	}
	if diff := cmp.Diff([]string{
		"@actor text 4/9", "id.arn text 2/9", "id text or object 6/9", "Severity text or object 2/9", "status text 1/9", "extra object 2/9",
		"Severity.Label text 1/9", "Severity.Product integer 1/9", "extra.other integer or object 2/9", "extra.other.x integer 1/9",
		`id."a.b" integer 1/9`, "id.deep object 2/9", "id.deep.a integer or object 2/9", "id.deep.a.b text or boolean 2/9",
		`id."q\"" integer 1/9`, "id.qA integer 1/9", "id.tags text or object 3/9", "id.tags.k text 1/9", "id.tags.v double 1/9", `id."x y" integer 1/9`, "id.x-y integer 1/9",
	}, got); diff != "" {
		t.Error(diff)
	}
}

// TestCensusIsBounded: keys that are ids do not fill the memory, and what is
// common is found beside them.
func TestCensusIsBounded(t *testing.T) {
	c := NewCensus(censusStore())
	for i := range 200 {
		var b strings.Builder
		b.WriteString(`{"wanted":{"a":1}`)
		for j := range 100 {
			fmt.Fprintf(&b, `,"id%d":{"v%d":{"w":1}}`, i*100+j, j)
		}
		c.Add(0, b.String()+`}`)
	}
	c.Add(1, strings.Repeat(`{"a":`, 1000)+"1"+strings.Repeat("}", 1000))
	c.Add(1, `{"`+strings.Repeat("k", 300)+`":1}`)
	paths := c.Paths(nil, 200)
	if len(paths) > maxSeenPaths {
		t.Errorf("%d paths", len(paths))
	}
	found := false
	for _, p := range paths {
		found = found || p.Path == "id.wanted.a" && p.Records == 200
		if steps := SplitPath(p.Path); len(steps) > maxSeenDepth+2 || len(p.Path) > 1000 {
			t.Errorf("%.100s: %d steps", p.Path, len(steps))
		}
	}
	if !found {
		t.Error("id.wanted.a was pushed out")
	}
}

func TestSplitPath(t *testing.T) {
	for path, want := range map[string][]string{
		"a": {"a"}, "a.b": {"a", "b"}, `a."b.c".d`: {"a", "b.c", "d"}, `"a""b".c`: {`a"b`, "c"}, `"a\"b"`: {`a"b`}, `"a\\b"`: {`a\b`}, `a."b.c`: {"a", "b.c"}, "": {""}, "a..b": {"a", "", "b"},
	} {
		if diff := cmp.Diff(want, SplitPath(path)); diff != "" {
			t.Errorf("%s: %s", path, diff)
		}
	}
	if _, _, ok := censusStore().Find([]string{"id", "", "x"}); ok {
		t.Error("a path with an empty step is found")
	}
	f, below, ok := censusStore().Find([]string{"Severity", "Label"})
	if !ok || f.Name != "Severity" || len(below) != 1 {
		t.Error(f, below, ok)
	}
}

// TestPathsAreRead: what JoinPath writes, the filter reads as the same steps.
func TestPathsAreRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		steps := rapid.SliceOfN(rapid.StringMatching(`[a-zA-Z0-9_\-\." \\@:(é]{1,6}`), 2, 4).Draw(t, "steps")
		path := JoinPath(steps)
		if diff := cmp.Diff(steps, SplitPath(path)); diff != "" {
			t.Fatal(path, diff)
		}
		search, err := ParseSearch(path + ":x")
		if err != nil {
			t.Fatal(path, err)
		}
		match, ok := search.(*SearchMatch)
		if !ok {
			t.Fatalf("%s is a %T", path, search)
		}
		var read []string
		for _, n := range match.Field.Names {
			read = append(read, n.Text)
		}
		if diff := cmp.Diff(steps, read); diff != "" {
			t.Fatal(path, diff)
		}
	})
}

func TestEachValue(t *testing.T) {
	var got []string
	EachValue(`{"a":[{"b":"x"},{"b":["y",2,{"c":1}]},{"b":null}]}`, []string{"a", "b"}, func(v string) { got = append(got, v) })
	if diff := cmp.Diff([]string{"x", "y", "2"}, got); diff != "" {
		t.Error(diff)
	}
}
