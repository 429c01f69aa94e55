// Completion (testdata/complete.txtar), and what holds of every candidate.

package query

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"tocsin/diag"
)

// cursorMark stands in tests where the cursor is.
const cursorMark = "⇥"

// recorded is a Seen of what the tests say was recorded.
type recorded struct{ fail bool }

func (r recorded) Paths(_ context.Context, logstore string) ([]SeenPath, error) {
	if r.fail || logstore != "cloudtrail" {
		return nil, errors.New("nothing is stored")
	}
	return []SeenPath{
		{"requestParameters.bucketName", "text", 120, 1000},
		{"requestParameters.instanceType", "text or object", 400, 1000},
		{`requestParameters."x-amz acl".Grant`, "text", 3, 1000},
		{`requestParameters."a.b"`, "text", 3, 1000},
		{"eventName", "text", 1000, 1000},
		{"requestParameters.a\u202eb", "text", 900, 1000},
		{"unknown.path", "text", 900, 1000},
		{"requestParameters.order", "integer", 2, 1000},
	}, nil
}

func (r recorded) Values(_ context.Context, logstore, field, prefix string) ([]SeenValue, error) {
	if r.fail || logstore != "cloudtrail" {
		return nil, errors.New("nothing is stored")
	}
	all := map[string][]SeenValue{
		"eventName":                    {{"StopLogging", 1234567}, {"StopInstances", 12}, {"Start Query", 3}, {"and", 2}, {`it's "so"`, 2}, {"a*b", 1}, {"e\x1b[2J", 1}, {"nul\x00", 1}},
		"userIdentity.arn":             {{"arn:aws:iam::111111111111:user/bob", 40}, {"arn:aws:iam::111111111111:root", 2}},
		"requestParameters.bucketName": {{"logs", 7}, {"logs-archive", 5}},
		"cnt":                          {{"10", 4}, {"many", 1}},
	}
	var out []SeenValue
	for _, v := range all[field] {
		if hasPrefixFold(v.Value, prefix) {
			out = append(out, v)
		}
	}
	return out, nil
}

func testSurroundings(t testing.TB) Surroundings {
	o := testOptions(t, "cloudtrail")
	o.Lists["regions"] = []string{"us-east-1"}
	return Surroundings{testSchema(t), o, recorded{}}
}

// TestComplete holds what is offered: what is replaced, then the candidates of
// each kind, twelve of them at most.
func TestComplete(t *testing.T) {
	in := testSurroundings(t)
	golden(t, "complete.txtar", func(t *testing.T, src string) string {
		before, behind, ok := strings.Cut(src, cursorMark)
		if !ok {
			t.Fatal("there is no cursor in it")
		}
		c := Complete(t.Context(), before+behind, len(before), in)
		checkCompletion(t, before+behind, len(before), c)
		return shownCompletion(before+behind, c)
	})
}

func shownCompletion(src string, c Completion) string {
	var b strings.Builder
	fmt.Fprintf(&b, "for %q\n", src[c.Span.Start:c.Span.End])
	for k := range candidateKinds {
		n := 0
		for _, x := range c.Candidates {
			if x.Kind != k {
				continue
			}
			switch n++; {
			case n == 1:
				b.WriteString(k.String() + "  ")
			case n <= 12:
				b.WriteString("  ")
			}
			if n > 12 {
				continue
			}
			b.WriteString(x.Text)
			if x.Detail != "" && k != FunctionCandidate {
				b.WriteString(" {" + x.Detail + "}")
			}
		}
		if n > 12 {
			b.WriteString("  …")
		}
		if n > 0 {
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// checkCompletion holds what is promised of every completion.
func checkCompletion(t *testing.T, src string, cursor int, c Completion) {
	t.Helper()
	if c.Span.Start < 0 || c.Span.End > len(src) || c.Span.Start > c.Span.End || cursor >= 0 && cursor <= len(src) && (c.Span.Start > cursor || c.Span.End > cursor+1 || c.Span.End < cursor-3) {
		t.Fatalf("%.200q at %d: replaces %v", src, cursor, c.Span)
	}
	seen := map[string]bool{}
	for _, x := range c.Candidates {
		if seen[x.Text] {
			t.Errorf("%.200q at %d: %q twice", src, cursor, x.Text)
		}
		seen[x.Text] = true
		for _, s := range []string{x.Text, x.Detail, x.Doc} {
			if diag.Line(s) != s {
				t.Errorf("%.200q at %d: %q cannot be shown", src, cursor, s)
			}
		}
		if x.Text == "" || x.Kind.String() == "other" {
			t.Errorf("%.200q at %d: candidate %+v", src, cursor, x)
		}
		if len(src) < 1000 {
			text := src[:c.Span.Start] + x.Text
			if p := readPartial(text, 0, false); len(p.wrong) > len(readPartial(src[:c.Span.Start], 0, false).wrong) || p.open >= 0 {
				t.Errorf("%.200q at %d: with %q it cannot be read", src, cursor, x.Text)
			}
		}
	}
}

// TestCompleteTyping completes at places all over the queries that the tests
// know.
func TestCompleteTyping(t *testing.T) {
	in := testSurroundings(t)
	for n, src := range corpus(t) {
		if len(src) > 400 {
			continue
		}
		for i := n % 41; i <= len(src); i += 41 {
			checkCompletion(t, src, i, Complete(t.Context(), src, i, in))
		}
	}
}

// TestCompleteKeywords types each reserved word of right queries up to its last
// letter, and demands the word.
func TestCompleteKeywords(t *testing.T) {
	in := testSurroundings(t)
	n := 0
	for _, src := range corpus(t) {
		tokens, f := tokenize(src, modeQuery)
		if _, err := Parse(src); f != nil || err != nil || len(tokens) > maxMended {
			continue
		}
		for _, tok := range tokens {
			end := span(tok).End
			if tok.Type != tokKeyword || tok.Pos.Offset < len(src) && tok.Value == "ALL" || forms[lowerASCII(tok.Value)] != [2]string{} {
				continue
			}
			n++
			cut := src[:end-1]
			found := false
			for _, x := range Complete(t.Context(), cut, len(cut), in).Candidates {
				found = found || hasPrefixFold(x.Text, tok.Value)
			}
			if !found {
				t.Errorf("%.300q: %s is not offered", cut, tok.Value)
			}
		}
	}
	if n < 500 {
		t.Errorf("only %d words were typed", n)
	}
}

// TestCompleteAlone: without a schema, without records, with records that
// cannot be read, and at odd places nothing fails.
func TestCompleteAlone(t *testing.T) {
	for _, in := range []Surroundings{{}, {Schema: testSchema(t), Options: testOptions(t, "cloudtrail")}, {testSchema(t), testOptions(t, "cloudtrail"), recorded{fail: true}}} {
		for _, src := range []string{"", "eventName:", "* | SELECT ", "* | SELECT a FROM ", "* | SELECT eventName WHERE eventName = '", "é | SELECT é"} {
			for _, at := range []int{-1, 0, 1, len(src), len(src) + 1} {
				checkCompletion(t, src, at, Complete(t.Context(), src, at, in))
			}
		}
	}
	long := "* | SELECT a" + strings.Repeat(", a", maxMended)
	if c := Complete(t.Context(), long, len(long), Surroundings{}); len(c.Candidates) > 0 {
		t.Error("a text of more than a thousand tokens is completed")
	}
}

// TestCompleteShapes bounds the time of the worst texts.
func TestCompleteShapes(t *testing.T) {
	in := testSurroundings(t)
	for _, shape := range shapes {
		for _, size := range []int{3 << 10, 64 << 10} {
			for _, s := range repeated(shape, size) {
				start := time.Now()
				checkCompletion(t, s, len(s), Complete(t.Context(), s, len(s), in))
				if d := time.Since(start); d > 20*time.Second {
					t.Errorf("%q, %d bytes: %v", shape, size, d)
				}
			}
		}
	}
}

// FuzzComplete takes any text and any cursor.
func FuzzComplete(f *testing.F) {
	in := testSurroundings(f)
	for _, src := range corpus(f) {
		f.Add(src, len(src)*3/4)
	}
	f.Fuzz(func(t *testing.T, src string, cursor int) {
		checkCompletion(t, src, cursor, Complete(t.Context(), src, cursor, in))
	})
}

// BenchmarkComplete is one key in a rule of 200 bytes.
func BenchmarkComplete(b *testing.B) {
	in := testSurroundings(b)
	src := strings.TrimSuffix(benchQueries()["rule"], "1")
	for b.Loop() {
		Complete(b.Context(), src, len(src), in)
	}
}
