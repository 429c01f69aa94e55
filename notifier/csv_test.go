package notifier

import (
	"encoding/csv"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"
)

func TestCSVCells(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"plain", "plain"},
		{"", ""},
		{"12", "12"},
		{"-5", "-5"},
		{"+3.25e-7", "+3.25e-7"},
		{" -5", " -5"},
		{"=cmd|'/c calc'!A1", "'=cmd|'/c calc'!A1"},
		{"+81 3 1234", "'+81 3 1234"},
		{"-2+3", "'-2+3"},
		{"@SUM(A1)", "'@SUM(A1)"},
		{"@actor", "'@actor"},
		{"  =1+1", "'  =1+1"},
		{"\u00a0=1+1", "'\u00a0=1+1"},
		{"\n=1+1", "'\n=1+1"},
		{"\tx", "'\tx"},
		{"＝1+1", "'＝1+1"},
		{"\u200b=1", `\u200b=1`},
		{"\r=1", `\u000d=1`},
		{"a\x1b[31mb", `a\u001b[31mb`},
		{"東京, 大阪", "東京, 大阪"},
		{"שלום", "\u2068שלום\u2069"},
		{"=שלום", "'\u2068=שלום\u2069"},
		{"1\u202e2", `1\u202e2`},
		{"-", "'-"},
	} {
		if got := CSVCell(c.in); got != c.want {
			t.Errorf("cell %q: got %q, want %q", c.in, got, c.want)
		}
	}
}

func TestCSVIsReadBack(t *testing.T) {
	got := string(CSV([]string{"@actor", "n"}, [][]string{{`a "quoted", name`, "3"}, {"two\nlines"}}))
	want := "'@actor,n\n\"a \"\"quoted\"\", name\",3\n\"two\nlines\"\n"
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Whatever a log holds, no cell of the file starts a formula or holds a control character.
func TestCSVIsInert(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		head := rapid.StringOf(rapid.RuneFrom([]rune("=+-@\t\r\n \u00a0\u200b\u202eא0"))).Draw(t, "head")
		cell := head + rapid.String().Draw(t, "tail")
		r := csv.NewReader(strings.NewReader(string(CSV([]string{"c", "d"}, [][]string{{cell, "x"}}))))
		rows, err := r.ReadAll()
		if err != nil || len(rows) != 2 || len(rows[1]) != 2 {
			t.Fatalf("not one row of two cells: %v %q", err, rows)
		}
		got := rows[1][0]
		visible := strings.TrimLeftFunc(strings.Trim(got, "\u2068\u2069"), unicode.IsSpace)
		if !number.MatchString(visible) && visible != "" && strings.ContainsAny(visible[:1], "=+-@") {
			t.Errorf("%q became the formula %q", cell, got)
		}
		for _, c := range got {
			if c < 0x20 && c != '\t' && c != '\n' || c == 0x7f || c == 0x202e || c == 0x200b {
				t.Errorf("%q still holds %U", cell, c)
			}
		}
	})
}
