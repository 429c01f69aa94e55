// The layout of queries (testdata/format.txtar), and what it keeps.

package query

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
)

// TestFormat holds the layout of each query.
func TestFormat(t *testing.T) {
	golden(t, "format.txtar", func(t *testing.T, src string) string {
		checkFormat(t, src)
		got, err := Format(src)
		if err != nil {
			t.Fatal(err)
		}
		return got + "\n"
	})
}

// checkFormat holds, of a text that parses, that its layout is the same query
// with the same comments, and stays as it is.
func checkFormat(t *testing.T, src string) {
	t.Helper()
	q, err := Parse(src)
	if err != nil {
		if _, err := Format(src); err == nil {
			t.Fatalf("%.200q does not parse, and is laid out", src)
		}
		return
	}
	got, err := Format(src)
	if err != nil {
		if len(src) > maxSource/2 {
			return
		}
		t.Fatalf("%.200q parses, and is not laid out: %v", src, err)
	}
	again, err := Parse(got)
	if err != nil {
		t.Fatalf("%.500q is laid out as %.500q, which does not parse: %v", src, got, err)
	}
	if a, b := tree(q), tree(again); a != b {
		t.Fatalf("%.500q is laid out as %.500q, another query:\n%.2000s\n%.2000s", src, got, a, b)
	}
	if a, b := commentsOf(t, src), commentsOf(t, got); a != b {
		t.Fatalf("%.500q is laid out as %.500q, with other comments:\n%q\n%q", src, got, a, b)
	}
	if next, err := Format(got); err != nil || next != got {
		t.Fatalf("%.500q is laid out as\n%s\nthen as\n%s\n%v", src, got, next, err)
	}
}

// commentsOf are the comments of a text that parses, in order.
func commentsOf(t *testing.T, src string) string {
	t.Helper()
	tokens, f := tokenize(src, modeQuery)
	if f != nil {
		t.Fatal(f)
	}
	behind := commentsBehind(src, tokens)
	var out []string
	for i := range tokens {
		for _, c := range behind[i] {
			out = append(out, src[c.start:c.end])
		}
	}
	return strings.Join(out, "\n")
}

// TestFormatKeeps does so for every query that the tests know.
func TestFormatKeeps(t *testing.T) {
	for _, src := range corpus(t) {
		checkFormat(t, src)
	}
}

// TestFormatComments puts a comment into every place that can hold one.
func TestFormatComments(t *testing.T) {
	for _, src := range []string{
		`a:b or c | SELECT DISTINCT x, f(y, 1.5) AS z, CASE WHEN p != '''' THEN - -1 ELSE "q""r" END, CAST(a.b AS decimal(1, 2)) FROM log AS l
			WHERE x BETWEEN 1 AND 2 AND ((y) IN ('a', 'b') OR (z) IS NOT NULL) GROUP BY x, y HAVING (count(*)) > 1 ORDER BY x ASC, y DESC NULLS LAST LIMIT 1, 2 | SELECT * LIMIT 1 OFFSET 0`,
		`| WITH w (p, q) AS (SELECT a, b FROM log) SELECT w.*, sum(x) OVER (PARTITION BY y ORDER BY z ROWS BETWEEN 1 PRECEDING AND CURRENT ROW), filter(a, (x) -> x > 1)
			FROM w LEFT OUTER JOIN findings AS f ON w.p = f.status INNER JOIN c USING (d), UNNEST(e) WITH ORDINALITY AS u (g, h) WHERE EXISTS (SELECT 1) AND p IN (SELECT q)
			UNION DISTINCT (SELECT 1, 2, 3 EXCEPT SELECT 4, 5, 6) ORDER BY 1`,
	} {
		checkFormatComments(t, src)
	}
}

// checkFormatComments puts comments behind each token of the SQL half.
func checkFormatComments(t *testing.T, src string) {
	t.Helper()
	if _, err := Parse(src); err != nil {
		t.Fatal(err)
	}
	tokens, f := tokenize(src, modeQuery)
	if f != nil {
		t.Fatal(f)
	}
	checkFormat(t, src)
	for i, first := firstPipe(tokens), firstPipe(tokens); i < len(tokens)-1; i++ {
		end := span(tokens[i]).End
		for _, c := range []string{" /* c */ ", " -- c\n", "\n-- c\n", "\n/* c\n  d */", " /* a */ -- b\n-- c\n", "\n-- a\n/* b */ /* c */"} {
			checkFormat(t, src[:end]+c+src[end:])
		}
		if i > first && tokens[i].Value != "-" && len(commentsOf(t, src[:end]+"--x\n"+src[end:])) != 3 {
			t.Errorf("the comment behind %q is not found", tokens[i].Value)
		}
	}
}

// TestFormatShapes lays out 64 KiB of every shape in bounded time.
func TestFormatShapes(t *testing.T) {
	for _, shape := range shapes {
		for _, s := range repeated(shape, 64<<10) {
			start := time.Now()
			if _, err := Format(s); err != nil {
				checkErrors(t, s, err)
			}
			if d := time.Since(start); d > 20*time.Second {
				t.Errorf("%q: %v", shape, d)
			}
		}
	}
}

// FuzzFormat: whatever parses keeps its meaning and its comments.
func FuzzFormat(f *testing.F) {
	seeds(f)
	for _, s := range []string{"* | SELECT a -- b\n, c /* d */ FROM log", "* | SELECT 1 -- a\n-- b\n/* c */ /* d\n */ LIMIT 1, 2 -- e", "|--a\n\n--b\nLIMIT 1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src string) { checkFormat(t, src) })
}

// corpus are the queries that the tests know, good and bad ones.
func corpus(t testing.TB) []string {
	t.Helper()
	var list []string
	for _, name := range []string{"trees.txtar", "errors.txtar", "format.txtar"} {
		archive, err := txtar.ParseFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range archive.Files {
			src, _, _ := strings.Cut(string(f.Data), "\n---\n")
			list = append(list, src)
		}
	}
	for _, q := range caseQueries(t) {
		list = append(list, q[1])
	}
	return append(list, broke...)
}
