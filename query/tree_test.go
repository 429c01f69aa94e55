// How tests show and compare trees; walking them.

package query

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"tocsin/diag"
)

// tree shows a node for golden files and for comparing: the type, then the
// fields that are set, without positions. (go-cmp takes quadratic time for deep
// trees.)
func tree(n any) string {
	var b strings.Builder
	writeTree(&b, reflect.ValueOf(n))
	return b.String()
}

func writeTree(b *strings.Builder, v reflect.Value) {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	switch v.Kind() {
	case reflect.Slice:
		b.WriteByte('[')
		for i := range v.Len() {
			if i > 0 {
				b.WriteByte(' ')
			}
			writeTree(b, v.Index(i))
		}
		b.WriteByte(']')
	case reflect.String:
		fmt.Fprintf(b, "%q", v.String())
	case reflect.Struct:
		writeStruct(b, v)
	default:
		fmt.Fprint(b, v)
	}
}

func writeStruct(b *strings.Builder, v reflect.Value) {
	if name, ok := v.Interface().(Name); ok {
		b.WriteString(treeName(name))
		return
	}
	b.WriteString("(" + v.Type().Name())
	writeFields(b, v)
	b.WriteByte(')')
}

func writeFields(b *strings.Builder, v reflect.Value) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Type == reflect.TypeFor[Core]() {
			writeFields(b, v.Field(i))
		}
		if f.Anonymous || v.Field(i).IsZero() || f.Name == "OpAt" || f.Name == "NameAt" {
			continue
		}
		b.WriteString(" " + f.Name)
		if f.Type.Kind() != reflect.Bool {
			b.WriteByte('=')
			writeTree(b, v.Field(i))
		}
	}
}

func treeName(n Name) string {
	if n.Quoted {
		return `"` + n.Text + `"`
	}
	return n.Text
}

// checkSpans reports nodes whose place lies outside of the text.
func checkSpans(t *testing.T, src string, n Node) {
	t.Helper()
	Walk(n, func(n Node) bool {
		if s := n.Span(); s.Start < 0 || s.End > len(src) || s.Start > s.End {
			t.Errorf("%.200q: %T at %v", src, n, s)
		}
		return true
	})
}

// TestSpans holds that a node's place covers those of the nodes below it, and
// what some of them show.
func TestSpans(t *testing.T) {
	src := `a : "x"  and  k in [1 5)  | SELECT  f( a.b )  AS  n , CASE WHEN x THEN 1 END FROM ( SELECT 1 )  t WHERE a = 1  /* c */ ORDER BY  n  DESC | LIMIT 1 , 2 `
	q, err := Parse(src)
	if err != nil {
		t.Fatal(err)
	}
	var below func(n Node, in diag.Span)
	below = func(n Node, in diag.Span) {
		s := n.Span()
		if s.Start < in.Start || s.End > in.End {
			t.Errorf("%T at %v lies outside of %v", n, s, in)
		}
		Walk(n, func(c Node) bool {
			if c == n {
				return true
			}
			below(c, s)
			return false
		})
	}
	below(q, diag.Span{End: len(src)})
	for n, want := range map[Node]string{
		q.Filter: `a : "x"  and  k in [1 5)`, q.Stages[0].Items[0]: "f( a.b )  AS  n", q.Stages[0].Items[1]: "CASE WHEN x THEN 1 END", q.Stages[0].From[0]: "( SELECT 1 )  t",
		q.Stages[0].Where: "a = 1", q.Stages[0].OrderBy[0]: "n  DESC", q.Stages[1]: "LIMIT 1 , 2", q.Stages[0].From[0].Source.Sub: "SELECT 1",
	} {
		if got := src[n.Span().Start:n.Span().End]; got != want {
			t.Errorf("%T shows %q, not %q", n, got, want)
		}
	}
}

// TestWalk visits every node of a query that has one of each kind.
func TestWalk(t *testing.T) {
	q, err := Parse(`a and (b or not c:d) k:* k:(e f) n > 1 n in [1 2) ip in 10.0.0.0/8 u in $l | SELECT DISTINCT *, CAST(x AS decimal(1)) AS y, -a[1].b,
		count(z ORDER BY w DESC) FILTER (WHERE v), ARRAY[1], t AT TIME ZONE 'UTC', INTERVAL '1' DAY, CASE WHEN a THEN b ELSE c END
		FROM (SELECT 1 FROM log) s WHERE a BETWEEN 1 AND 2 AND b IN (1) OR c LIKE 'd' ESCAPE '!' GROUP BY a HAVING b IS NULL ORDER BY c LIMIT 1`)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	Walk(q, func(n Node) bool { seen[reflect.TypeOf(n).Elem().Name()]++; return true })
	for _, want := range strings.Fields(`Query Select Item Source Order Limit Path SearchAnd SearchOr SearchNot SearchTerm SearchMatch SearchExists
		SearchGroup SearchCompare SearchRange SearchNetwork SearchList Value ColumnRef Literal Interval Unary Binary Between In Like IsNull Case Cast
		TypeName Call Subscript Member Array AtZone Name`) {
		if seen[want] == 0 {
			t.Errorf("Walk does not visit %s", want)
		}
	}
	n := 0
	Walk(q, func(Node) bool { n++; return false })
	if n != 1 {
		t.Errorf("Walk went below a node whose visit said no: %d visits", n)
	}
	Walk(nil, func(Node) bool { t.Error("visited a nil node"); return true })
}

// TestOperands flattens chains to the left only.
func TestOperands(t *testing.T) {
	for src, want := range map[string]string{
		"a and b and c": "a b c", "a and (b and c)": "a b AND c", "a or b and c": "a b AND c", "a + b - c": "a + b c", "a and b": "a b",
	} {
		c, err := ParseCondition(src)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, x := range c.X.(*Binary).Operands() {
			got = append(got, exprString(x))
		}
		if g := strings.Join(got, " "); g != want {
			t.Errorf("%s: %s, want %s", src, g, want)
		}
	}
}
