package ingest

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseLookup(t *testing.T) {
	const csv = "\ufeffaccount, Name ,limit,share,prod,until\r\n" +
		"012345678901,\"Payments, \"\"EU\"\"\",10,0.5,TRUE,2026-01-31\r\n" +
		"\r\n" +
		"210987654321,\"two\nlines\",,,,\r\n"
	l, errs := ParseLookup("accounts", []byte(csv), map[string]string{"limit": "integer", "share": "double", "prod": "boolean", "until": "time", "Name": "text"})
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	want := []LookupColumn{{"account", TextField}, {"Name", TextField}, {"limit", IntegerField}, {"share", DoubleField}, {"prod", BooleanField}, {"until", TimeField}}
	if diff := cmp.Diff(want, l.Columns); diff != "" || l.Rows != 2 {
		t.Error(l.Rows, diff)
	}
	var rows []string
	if err := l.Each(func(row []any) error { rows = append(rows, fmt.Sprintf("%#v", row)); return nil }); err != nil {
		t.Fatal(err)
	}
	day := fmt.Sprintf("%#v", time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC))
	if diff := cmp.Diff([]string{
		`[]interface {}{"012345678901", "Payments, \"EU\"", 10, 0.5, true, ` + day + `}`,
		`[]interface {}{"210987654321", "two\nlines", interface {}(nil), interface {}(nil), interface {}(nil), interface {}(nil)}`,
	}, rows); diff != "" {
		t.Error(diff)
	}
	stop := errors.New("stop")
	if err := l.Each(func([]any) error { return stop }); !errors.Is(err, stop) {
		t.Error(err)
	}
}

func TestLookupHash(t *testing.T) {
	hash := func(src string, types map[string]string) string {
		l, errs := ParseLookup("a", []byte(src), types)
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		return l.Hash
	}
	same, other, typed := hash("a,b\n1,2\n", nil), hash("a,b\n1,3\n", nil), hash("a,b\n1,2\n", map[string]string{"b": "integer"})
	if same != hash("a,b\n1,2\n", map[string]string{"b": "text"}) || same == other || same == typed {
		t.Error(same, other, typed)
	}
}

func TestParseLookupFaults(t *testing.T) {
	wide := strings.Repeat("c,", 200) + "c"
	for _, c := range []struct {
		name, csv string
		types     map[string]string
		want      []string
	}{
		{"Accounts", "a\n", nil, []string{`not "Accounts"`}},
		{"a", "", nil, []string{"the file is empty"}},
		{"a", "\n\n", nil, []string{"the file is empty"}},
		{"a", "a,b,a,,@x,__y\n", nil, []string{`two columns are named "a"`, "column 4 has no name", `"@x": names that begin with @`, `"__y": names`}},
		{"a", "a\x01\n", nil, []string{"line 1: column 1: a name is one line"}},
		{"a", wide + "\n", nil, []string{"line 1: 201 columns; a table has at most 200"}},
		{"a", "a,b\n1,2\n3\n4,5,6\n", nil, []string{"line 3: not as many values", "line 4: not as many values"}},
		{"a", "a,b\n1,x\"y\n3,4\n", nil, []string{"line 2, column 4: a quote in the middle"}},
		{"a", "a,b\n1,\"open\n3,4\n", nil, []string{"line 2: a value in quotes does not end"}},
		{"a", "a,b\n1,\xff\n\x00,2\n", nil, []string{`line 2: the value of "b" is no text in UTF-8`, `line 3: the value of "a" is no text in UTF-8`}},
		{"a", "a,b\n1,2\n1.5,many\n", map[string]string{"a": "integer", "b": "double"}, []string{`line 3: the value of "a" is no integer`}},
		{"a", "a\nnan\n", map[string]string{"a": "double"}, []string{`no double`}},
		{"a", "a\nyes\n", map[string]string{"a": "boolean"}, []string{`no boolean`}},
		{"a", "a\n31.1.2026\n", map[string]string{"a": "time"}, []string{`no time`}},
		{"a", "a,b\n1,\"x\"y\n", nil, []string{"line 2: a value in quotes does not end"}},
		{"a", "a\n1\n", map[string]string{"a": "int", "b": "text"}, []string{`no type "int" (text, integer, double, boolean, time)`, `name a column "b"`}},
		{"a", "a\n" + strings.Repeat("x,y\n", 50), nil, slicesOf("not as many values", 10)},
		{"a", "a\n" + strings.Repeat("x\n", MaxLookupRows+1), nil, []string{"line 100002: more than 100000 rows"}},
	} {
		_, errs := ParseLookup(c.name, []byte(c.csv), c.types)
		if len(errs) != len(c.want) {
			t.Errorf("%.40q: %v", c.csv, errs)
			continue
		}
		for i, want := range c.want {
			if !strings.Contains(errs[i].Error(), want) {
				t.Errorf("%.40q: %v, want %s", c.csv, errs[i], want)
			}
		}
	}
}

func slicesOf(s string, n int) []string {
	return strings.Split(strings.TrimSuffix(strings.Repeat(s+"|", n), "|"), "|")
}

func FuzzParseLookup(f *testing.F) {
	f.Add("a,b\n1,2\n", "integer")
	f.Add("\ufeffa;b\n\"x\"\"\",\n", "time")
	f.Fuzz(func(t *testing.T, csv, kind string) {
		l, errs := ParseLookup("a", []byte(csv), map[string]string{"a": kind})
		if l == nil && len(errs) == 0 || len(errs) > maxLookupErrors+1 {
			t.Fatal(l, errs)
		}
		if len(errs) > 0 {
			return
		}
		n := int64(0)
		if err := l.Each(func([]any) error { n++; return nil }); err != nil || n != l.Rows {
			t.Fatal(n, l.Rows, err)
		}
	})
}
