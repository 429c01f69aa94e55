package ingest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestScanningIsLinear: objects that would make a careless reader scan the same
// bytes again for each line. Twice the size must not take much more than twice
// the time; the factor only tells linear from quadratic.
func TestScanningIsLinear(t *testing.T) {
	o := Options{Logstore: fuzzLogstore(t)}
	for name, line := range map[string]string{
		"open lists":       "{\"a\":[\n",
		"open lists, list": "[\n{\"a\":[\n",
		"open texts":       "{\"a\":\"\n",
		"brackets":         "[[[[[[[[\n",
		"braces":           "{\n{\n",
		"commas":           ",,,,\n",
		"half a record":    "{\"eventVersion\":\"1\",\n\"eventName\":\"x\",\n",
	} {
		for _, prefix := range []string{"", "{\"n\":1}\n", "{\n\"n\":1}\n"} {
			took := func(n int) time.Duration {
				data := []byte(prefix + strings.Repeat(line, n/len(line)))
				best := time.Hour
				for range 2 { // the machine may be busy
					start := time.Now()
					load(data, o)
					best = min(best, time.Since(start))
				}
				return best
			}
			small, large := took(1<<15), took(1<<18)
			for tries := 0; large > 32*small+200*time.Millisecond && tries < 5; tries++ { // quadratic it is each time
				small, large = max(small, took(1<<15)), min(large, took(1<<18))
			}
			if large > 32*small+200*time.Millisecond {
				t.Errorf("%s after %q: %v for 32 KiB, %v for 256 KiB", name, prefix, small, large)
			}
		}
	}
}

func TestFraming(t *testing.T) {
	const a, b, c = `{"eventVersion":"1","eventName":"A"}`, `{"eventVersion":"1","eventName":"B"}`, `{"eventVersion":"1","eventName":"C"}`
	for _, x := range []struct {
		name, data string
		want       string // event names; ! is a broken record
	}{
		{"two in a line", a + b + "\n" + c, "ABC"},
		{"a record cut off in a list of lines", "[\n" + a + ",\n{\"eventName\":\"x\",\n" + c + "\n]", "A!C"},
		{"a text cut off in a list of lines", "[\n" + a + ",\n{\"eventName\":\"x,\n" + c + "\n]", "A!C"},
		{"a list behind a cut list", "[" + a + ",\n" + b + "\n[" + c + "]", "AB!!"},
		{"reports appended", "[{\n\"eventVersion\":\"1\",\"eventName\":\"A\"\n}][" + b + "]", "AB"},
		{"a report appended without its bracket", "[{\n\"eventVersion\":\"1\",\"eventName\":\"A\"\n}]{\n\"eventVersion\":\"1\",\"eventName\":\"B\"\n}]", "AB"},
		{"another kind between", a + "\n{\"status\":1}\n" + b, "A!B"},
		{"envelope in a line, broken within", `{"Records":[` + a + `,{"x":tru},` + b + "]}\n" + c, "A!BC"},
		{"envelope cut off", `{"Records":[` + a + `,` + b[:20], "A!!"},
		{"envelope cut off behind its list", `{"Records":[` + a + `],"x":`, "A!"},
		{"envelopes behind each other", `{"Records":[` + a + `]}{"Records":[` + b + `]}`, "AB"},
		{"an indented envelope", "{\n \"Records\": [\n  " + a + ",\n  " + b + "\n ]\n}\n", "AB"},
		{"the list is no list", a + "\n" + `{"Records":{"0":` + b + "}}\n" + c, "A!C"},
		{"text between lines", a + "\n# comment\n" + b, "A!B"},
		{"blank lines", "\n\n" + a + "\n\r\n  \n" + b + "\n\n", "AB"},
		{"first line broken", `{"eventVersion":"1","eventName":"broken` + "\n" + a, "!A"},
		{"first line without end", `{"eventVersion":"1","eventName":"x"` + "\n" + a, "!A"},
		{"a lonely cut record", `{"eventVersion":"1","eventName":"x","y":`, "!"},
	} {
		out := load([]byte(x.data), Options{})
		if got := trace(out); out.err != nil || got != x.want {
			t.Errorf("%s: %s, not %s (%v %v)", x.name, got, x.want, out.err, out.broken)
		}
	}
}

// trace writes an outcome as the event names in order, with ! for what is broken.
func trace(o outcome) string {
	marks := make([]byte, o.records+len(o.broken))
	for _, b := range o.broken {
		marks[b.Position] = '!'
	}
	i := 0
	for k := range marks {
		if marks[k] == 0 {
			marks[k] = o.cells[i]["event_name"][0]
			i++
		}
	}
	return string(marks)
}

func TestLimits(t *testing.T) {
	record := func(pad int) string {
		return `{"eventVersion":"1","eventName":"A","requestParameters":{"p":"` + strings.Repeat("x", pad) + `"}}`
	}
	long := record(1) + "\n" + record(300<<10) + "\n" + record(2) + "\n"
	for name, data := range map[string]string{
		"line": long, "list": "[" + strings.ReplaceAll(strings.TrimSpace(long), "\n", ",") + "]", "list of lines": "[\n" + strings.ReplaceAll(strings.TrimSpace(long), "\n", ",\n") + "\n]",
		"line of garbage": record(1) + "\n" + strings.Repeat("x", 5<<20) + "\n" + record(2),
	} {
		out := load([]byte(data), Options{Limits: Limits{Record: 100 << 10}})
		if trace(out) != "A!A" || out.err != nil || len(out.broken[0].Raw) != rawKept {
			t.Errorf("%s: %s %v", name, trace(out), out.err)
		}
	}
	wide := `{"eventVersion":"1","eventName":"A","requestParameters":{"a":1,"b":{"c":[1]}},"responseElements":{"d":1},"x":{"y":2},"s":"t"}`
	out := load([]byte(wide), Options{Limits: Limits{Keys: 4}})
	if len(out.cells) != 1 || out.cells[0]["request_parameters"] != `"{\"a\":1,\"b\":{\"c\":[1]}}"` || out.cells[0]["extra"] != `{"x":"{\"y\":2}","s":"t"}` || fmt.Sprint(out.flags) != "[no-time id keys]" {
		t.Errorf("keys: %v %v", out.cells, out.flags)
	}
	out = load([]byte(wide), Options{Limits: Limits{Depth: 2}})
	if out.cells[0]["request_parameters"] != `"{\"a\":1,\"b\":{\"c\":[1]}}"` || out.cells[0]["response_elements"] != `{"d":1}` || fmt.Sprint(out.flags) != "[no-time id deep]" {
		t.Errorf("depth: %v %v", out.cells, out.flags)
	}
	var many bytes.Buffer
	many.WriteString(`{"eventVersion":"1","eventName":"A"`)
	for i := range 30 {
		fmt.Fprintf(&many, `,"k%d":%d`, i, i)
	}
	many.WriteString("}")
	out = load(many.Bytes(), Options{Limits: Limits{Keys: 20}})
	if extra := out.cells[0]["extra"]; !strings.HasSuffix(extra, `,"k19":19,"__rest__":"{\"k20\":20,\"k21\":21,\"k22\":22,\"k23\":23,\"k24\":24,\"k25\":25,\"k26\":26,\"k27\":27,\"k28\":28,\"k29\":29}"}`) || out.err != nil {
		t.Errorf("top-level keys: %s %v", extra, out.err)
	}
}

// TestMemoryStaysFlat: what is too long is passed by, not held.
func TestMemoryStaysFlat(t *testing.T) {
	const record = `{"eventVersion":"1","eventName":"A"}`
	long := strings.NewReader(strings.Repeat("x", 1<<20))
	for name, frame := range map[string][2]string{
		"line":   {record + "\n{\"a\":\"", "\"}\n" + record},
		"list":   {"[" + record + ",{\"a\":\"", "\"}," + record + "]"},
		"no end": {record + "\n{\"a\":\"", ""},
	} {
		parts := []io.Reader{strings.NewReader(frame[0])}
		for range 200 {
			parts = append(parts, io.NewSectionReader(long, 0, 1<<20))
		}
		parts = append(parts, strings.NewReader(frame[1]))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		o, err := decode(io.MultiReader(parts...), "x", Options{Now: loadTime})
		if err != nil {
			t.Fatal(err)
		}
		n, broken := drain(t, o, nil)
		runtime.ReadMemStats(&after)
		if used := (after.TotalAlloc - before.TotalAlloc) >> 20; used > 120 {
			t.Errorf("%s: %d MiB for 200", name, used)
		}
		if want := 1 + min(len(frame[1]), 1); n != want || len(broken) != 1 || !strings.Contains(broken[0].Reason, "limits.record") {
			t.Errorf("%s: %d records, %v", name, n, broken)
		}
	}
}

// An object that is closed twice does not give its buffers to two others.
func TestCloseTwice(t *testing.T) {
	open := func(id string) *Opened {
		t.Helper()
		o, err := Decode(bytesObject([]byte(`{"eventVersion":"1","eventName":"x","eventSource":"y","eventID":"`+id+`"}`)), Options{Now: loadTime})
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	closed := open("closed")
	if err := errors.Join(closed.Close(), closed.Close()); err != nil {
		t.Error(err)
	}
	a, b := open("a"), open("b")
	defer a.Close()
	defer b.Close()
	if a.body == b.body {
		t.Error("two objects have one buffer")
	}
}
