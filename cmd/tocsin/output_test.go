package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"tocsin/query"
)

// wideResult has one row of n columns c1, c2 …, of which every second is empty.
func wideResult(n int, value string) *query.Result {
	r := &query.Result{Rows: [][]any{make([]any, n)}}
	for i := range n {
		r.Columns = append(r.Columns, query.Column{Name: fmt.Sprintf("c%d", i+1)})
		if i%2 == 0 {
			r.Rows[0][i] = value
		}
	}
	r.Rows[0][1] = ""
	return r
}

// Whole records are written one below the other, a line for each value; what is
// narrow is a table. Both are clean.
func TestOutputWide(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		columns int
		want    string
	}{
		{tableColumns, "┌──"},
		{13, "─[ 1 ]" + strings.Repeat("─", 40) + "\nc1   a\\u001b[31mb\nc3   a\\u001b[31mb\nc5 "},
	} {
		var out bytes.Buffer
		r := wideResult(c.columns, "a\x1b[31mb")
		if err := writeTable(&env{stdout: &out, width: 80}, r); err != nil {
			t.Fatal(err)
		}
		if got := out.String(); !strings.HasPrefix(got, c.want) || strings.ContainsAny(got, "\x1b") {
			t.Errorf("%d columns: %q", c.columns, got)
		}
		if got := out.String(); c.columns > tableColumns && (strings.Contains(got, "c2") || strings.Count(got, "\n") != 8) {
			t.Errorf("empty values, or not a line for each value:\n%s", got)
		}
	}
}

// A long text of a table is broken between words, and on a terminal not cut.
func TestOutputWraps(t *testing.T) {
	t.Parallel()
	for _, width := range []int{0, 60, 200} {
		var out bytes.Buffer
		r := &query.Result{
			Columns: []query.Column{{Name: "rule"}, {Name: "what to do"}},
			Rows:    [][]any{{"rule 1", strings.Repeat("enforcement ", 20)}},
		}
		if err := writeTable(&env{stdout: &out, width: width}, r); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(out.String(), "enforcement"); n != 20 {
			t.Errorf("%d columns: %d of 20 words are whole:\n%s", width, n, out.String())
		}
		line, _, _ := strings.Cut(out.String(), "\n")
		if n := utf8.RuneCountInString(line); width > 0 && n > width {
			t.Errorf("a line of %d characters on %d columns", n, width)
		}
	}
}
