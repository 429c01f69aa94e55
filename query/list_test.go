// Named lists as sets: the same answers as entry by entry, and as quick for fifty
// thousand entries as for ten.

package query

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestCheckListEntry(t *testing.T) {
	for _, c := range []struct {
		entry  string
		costly bool
		fault  string
	}{
		{"ap-northeast-1", false, ""},
		{"192.0.2.0/24", false, ""},
		{"2001:db8::1", false, ""},
		{"arn:aws:iam::1:role/x", false, ""},
		{"*.example.com", false, ""},
		{"i-*", false, ""},
		{"*", false, ""},
		{"*x*", true, ""},
		{"a?c", true, ""},
		{"a*c", true, ""},
		{"", false, "not empty"},
		{"10.0.0.0/33", false, "no network"},
		{"10.0.0.0/", false, "no network"},
		{"a\x1fb", false, "control"},
		{"a\nb", false, "control"},
		{"\xff", false, "UTF-8"},
		{strings.Repeat("x", 5000), false, "at most 4096"},
	} {
		costly, err := CheckListEntry(c.entry)
		if costly != c.costly || (err == nil) != (c.fault == "") || err != nil && !strings.Contains(err.Error(), c.fault) {
			t.Errorf("%.20q: %v %v", c.entry, costly, err)
		}
	}
}

// TestListSetIsEntryByEntry holds the set against the test of each entry.
func TestListSetIsEntryByEntry(t *testing.T) {
	entry := rapid.OneOf(
		rapid.StringMatching(`[aA*?.]{1,4}`),
		rapid.StringMatching(`(10|192)\.(0|1)\.0\.[0-3](/(8|16|24|30|32))?`),
		rapid.SampledFrom([]string{"2001:db8::/32", "2001:DB8::1", "::ffff:10.0.0.1", "::ffff:0:0/96", "É*", "*é"}),
	)
	value := rapid.OneOf(
		rapid.StringMatching(`[aA.]{0,4}`),
		rapid.StringMatching(` ?(10|192)\.(0|1)\.0\.[0-3]`),
		rapid.SampledFrom([]string{"2001:db8::2", "2001:db9::1", "::ffff:10.0.0.1", "fe80::1%eth0", "Éa", "aé", "AÉ"}),
	)
	rapid.Check(t, func(t *rapid.T) {
		entries, x, exact := rapid.SliceOfN(entry, 0, 8).Draw(t, "entries"), value.Draw(t, "x"), rapid.Bool().Draw(t, "exact")
		want := false
		for _, e := range entries {
			if p, ok := parseNetwork(e); ok {
				want = want || inNetwork(p.String(), x)
			} else {
				want = want || globMatch(fold(x, exact), tidy(globOf(fold(e, exact))))
			}
		}
		e := sortEntries(entries)
		spec := listSpec{Values: e.values, Patterns: e.patterns, Networks: e.networks, Exact: exact}
		if got := newListSet(decodeListSpec(spec.encode())).has(x); got != want {
			t.Fatalf("%q in %q (exact %v): %v, want %v", x, entries, exact, got, want)
		}
	})
}

func TestListCacheMakesRoom(t *testing.T) {
	var c listCache
	first := c.put(listSpec{Values: []string{"first"}}.encode())
	if again := c.put(listSpec{Values: []string{"first"}}.encode()); again != first {
		t.Error("one list has two keys")
	}
	if set, err := c.get(first); err != nil || !set.has("FIRST") {
		t.Error("the list is not kept", err)
	}
	big := strings.Repeat("x", maxCachedLists/3)
	for i := range 4 {
		key := c.put(listSpec{Values: []string{fmt.Sprint(i), big}}.encode())
		if set, err := c.get(key); err != nil || !set.has(fmt.Sprint(i)) {
			t.Error("the newest list is not kept", err)
		}
	}
	if _, err := c.get(first); err == nil || !strings.Contains(err.Error(), "run it again") {
		t.Error("the oldest list is still there", err)
	}
	if c.bytes > maxCachedLists {
		t.Errorf("%d bytes are kept", c.bytes)
	}
}

// TestLargeLists: a statement over 50,000 entries has few parameters and is
// planned at once.
func TestLargeLists(t *testing.T) {
	o := testOptions(t, "cloudtrail")
	for i := range 50_000 {
		o.Lists["values"] = append(o.Lists["values"], fmt.Sprint("v", i))
		o.Lists["addresses"] = append(o.Lists["addresses"], fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255))
		o.Lists["domains"] = append(o.Lists["domains"], fmt.Sprintf("*.v%d.example", i))
		o.Lists["integers"] = append(o.Lists["integers"], fmt.Sprint(i))
	}
	schema := testSchema(t)
	for _, text := range []string{
		"eventName in $values", "not sourceIPAddress in $addresses", "eventSource in $domains", "cnt in $integers", "requestParameters.a in $values",
		"* | SELECT eventName IN $values, sourceIPAddress IN $addresses, eventSource IN $domains, cnt IN $integers, score IN $integers",
	} {
		q, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		p, err := q.Plan(schema, o)
		if err != nil {
			t.Fatal(err)
		}
		s := p.SQL(DuckDB(), Window{})
		if took := time.Since(start); len(s.Text) > 2000 || len(s.Args) > 10 || took > 3*time.Second {
			t.Errorf("%s: %d bytes, %d parameters, %s", text, len(s.Text), len(s.Args), took)
		}
	}
}

func BenchmarkListSet(b *testing.B) {
	for _, n := range []int{10, 50_000} {
		var spec listSpec
		for i := range n {
			spec.Networks = append(spec.Networks, fmt.Sprintf("10.%d.%d.%d/32", i>>16, i>>8&255, i&255))
		}
		set := newListSet(spec)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				if set.has("203.0.113.7") {
					b.Fatal("found")
				}
			}
		})
	}
}
