// Texts that are hostile to a lexer: what is refused, how deep, how fast.

package query

import (
	"strings"
	"testing"
)

// TestGuards refuses what no engine and no reader may see.
func TestGuards(t *testing.T) {
	for name, src := range map[string]string{
		"NUL": "a\x00b", "NUL in a string": "* | SELECT 'a\x00'", "NUL in a name": "* | SELECT \"a\x00\"",
		"invalid UTF-8": "a\xff", "invalid UTF-8 in a string": "* | SELECT 'a\xc3'", "half a surrogate": "\xed\xa0\x80",
		"lone CR": "a\rb", "lone CR in SQL": "* | SELECT 1\r, 2", "lone CR in a comment": "* | SELECT 1 -- x\r\n , 2 -- y\rz", "CR in a block comment": "* | SELECT 1 /* \r */",
		"U+2028": "a\u2028b", "U+2029 in SQL": "* | SELECT 1\u2029", "U+2028 in a comment": "* | SELECT 1 -- \u2028",
		"nested comment": "* | SELECT 1 /* /* */", "open comment": "* | SELECT 1 /*", "zero-width space": "* | SEL\u200bECT 1", "bidi in the filter": "a\u202eb",
		"too long": strings.Repeat("a ", maxSource/2+1),
	} {
		if q, err := Parse(src); err == nil {
			t.Errorf("%s: %.100q is taken as %.100s", name, src, q)
		} else {
			checkErrors(t, src, err)
		}
	}
	for name, src := range map[string]string{
		"CR LF": "a\r\nb | SELECT 1\r\n-- x\r\n", "CR in a string": "* | SELECT 'a\rb'", "U+2028 in quotes": "\"a\u2028b\" | SELECT '\u2028'", "byte order mark": "\uFEFFa",
		"no-break space": "a\u00a0| SELECT\u00a01", "ideographic space": "a\u3000b", "U+FFFD": "\uFFFD k:\uFFFD", "bidi in a string": "* | SELECT 'x\u202e'",
		"decomposed kana": "* | SELECT カ\u3099ス", "as long as allowed": "\"" + strings.Repeat("x", maxSource-2) + "\"",
	} {
		if _, err := Parse(src); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		roundTrip(t, src)
	}
}

// TestNesting refuses every way to nest deeper than 200, and takes 150.
func TestNesting(t *testing.T) {
	for name, s := range map[string][3]string{
		"(": {"* | SELECT ", "(", "1"}, "f(": {"* | SELECT ", "f(", "1"}, "a[": {"* | SELECT ", "a[", "1"}, "ARRAY[": {"* | SELECT ", "ARRAY[", "1"},
		"CASE": {"* | SELECT ", "CASE WHEN ", "1"}, "NOT": {"* | WHERE ", "NOT ", "a"}, "-": {"* | SELECT ", "- ", "1"}, "NOT - (": {"* | WHERE ", "NOT (- (", "a"},
		"FROM (": {"* | ", "SELECT a FROM (", "SELECT 1"}, "cast": {"* | SELECT ", "cast(", "1"}, "array type": {"* | SELECT cast(a AS ", "array(", "bigint"},
		"IN (": {"* | WHERE ", "a IN (", "1"}, "filter (": {"", "(", "a"}, "filter not": {"", "not ", "a"}, "filter not (": {"", "not (", "a"}, "filter.k:(": {"k:", "(", "a"},
		"ORDER BY in a call": {"* | SELECT ", "f(a ORDER BY ", "1"}, "FILTER": {"* | SELECT ", "f() FILTER (WHERE ", "1"}, "between": {"* | WHERE ", "a BETWEEN (", "1"},
	} {
		for _, n := range []int{201, 20_000} {
			_, err := Parse(s[0] + strings.Repeat(s[1], n) + s[2])
			if err == nil || !strings.Contains(err.Error(), "nested more than 200 deep") && !strings.Contains(err.Error(), "longer than") {
				t.Errorf("%s, %d times: %v", name, n, err)
			}
		}
	}
	for _, s := range []string{
		"* | SELECT " + strings.Repeat("(", 150) + "1" + strings.Repeat(")", 150), "* | SELECT " + strings.Repeat("f(", 150) + "1" + strings.Repeat(")", 150),
		strings.Repeat("not ", 150) + "a", "* | SELECT " + strings.Repeat("- ", 150) + "1", "* | SELECT 1" + strings.Repeat(" - -1", 5_000),
		"* | SELECT a" + strings.Repeat(", (-a)", 5_000), strings.Repeat("(a) ", 5_000), "* | WHERE a" + strings.Repeat(" AND NOT b", 5_000),
	} {
		if _, err := Parse(s); err != nil {
			t.Errorf("%.60s…: %v", s, err)
		}
		roundTrip(t, s)
	}
}

// TestChains bounds the operands of one chain.
func TestChains(t *testing.T) {
	for _, s := range []string{
		"* | SELECT a" + strings.Repeat("+a", 10_001), "* | WHERE a" + strings.Repeat(" OR a", 10_001), "a" + strings.Repeat(" a", 10_001), "a" + strings.Repeat(" or a", 10_001),
		"* | SELECT a" + strings.Repeat("[1]", 10_001),
	} {
		if _, err := Parse(s); err == nil || !strings.Contains(err.Error(), "more than 10,000") {
			t.Errorf("%.40s…: %v", s, err)
		}
	}
	roundTrip(t, "* | WHERE a"+strings.Repeat(" OR a", 9_999))
}

// shapes are texts that grow in one way; each is repeated up to 64 KiB.
var shapes = []string{
	"a ", "a or ", "not a ", "a:b ", "(", "k:(", "\"", "#\"", "\\", "*", "a:", ":", "in ", "a in ", "a in [", "[", "a.", "a.\"b\".", "=", "a=", "and ", "or ", "| ", "| LIMIT 1 ", "| SELECT ", "| SELECT a ",
	"| SELECT a,", "| SELECT a FROM ", "| SELECT (a", "| SELECT a+", "| SELECT a OR ", "| SELECT a = ", "| SELECT a AS ", "| SELECT f(", "| SELECT f(a),", "| SELECT a.", "| SELECT 'a'", "| SELECT \"a\"",
	"| SELECT CASE WHEN a THEN ", "| SELECT CASE ", "| SELECT a IN (", "| SELECT - ", "| SELECT 1 -- x\n", "| SELECT /* x */", "| GROUP BY a ", "| GROUP BY ", "| ORDER BY a,", "| WHERE a AND ", "| SELECT a b ",
	"| SELECT (", "| SELECT (SELECT ", "| SELECT a FROM (", "| SELECT a BETWEEN ", "| SELECT a LIKE ", "| SELECT NOT ", "| SELECT cast(a as ", "| SELECT array(", "| SELECT a[", "\u3042", "| SELECT \u3042",
}

// repeated returns a shape of about n bytes: the whole repeated, or behind the
// first pipe its last word only.
func repeated(shape string, n int) []string {
	list := []string{strings.Repeat(shape, n/len(shape))}
	if i := strings.LastIndexByte(strings.TrimRight(shape, " "), ' '); i > 0 {
		list = append(list, "* "+shape[:i+1]+strings.Repeat(shape[i+1:], (n-10)/len(shape[i+1:])))
	}
	return list
}

// TestShapes parses 64 KiB of every shape; the time it takes is printed by
// BenchmarkShapes.
func TestShapes(t *testing.T) {
	for _, shape := range shapes {
		for _, s := range repeated(shape, 64<<10) {
			if _, err := Parse(s); err != nil {
				checkErrors(t, s, err)
			}
		}
	}
}
