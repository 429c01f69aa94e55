package ingest

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var loadTime = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// outcome is what became of one object.
type outcome struct {
	records int
	flags   []string
	broken  []*Broken
	err     error
	cells   []map[string]string // text cells by column
}

func load(data []byte, o Options) (out outcome) {
	if o.Now.IsZero() {
		o.Now = loadTime
	}
	opened, err := Decode(bytesObject(data), o)
	if err != nil {
		return outcome{err: err}
	}
	var r Record
	for {
		var b *Broken
		switch err := opened.Next(&r); {
		case errors.Is(err, io.EOF):
			return out
		case errors.As(err, &b):
			out.broken = append(out.broken, b)
		case err != nil:
			out.err = err
			return out
		default:
			out.records++
			out.flags = append(out.flags, r.Flags...)
			m := map[string]string{}
			for i, c := range opened.Logstore.Columns {
				if r.Cells[i].Valid && c.Kind == Text {
					m[c.Name] = string(r.Cells[i].B)
					if c.Zstd && c.Name != "remediation" && !json.Valid(r.Cells[i].B) && len(r.Cells[i].B) < 4<<20 {
						out.err = errors.New(c.Name + " is no JSON")
					}
				}
			}
			for _, w := range opened.Logstore.Wholes {
				if c := wholes(opened.Logstore, &r)[w.Name]; c.Valid {
					m[w.Name] = string(c.B)
				}
			}
			out.cells = append(out.cells, m)
		}
	}
}

// verdict is the outcome in the words of the corpus.
func (o outcome) verdict() string {
	switch {
	case o.err != nil || len(o.broken) > 0 && o.records == 0:
		return "set-aside"
	case len(o.flags) > 0 || len(o.broken) > 0:
		return "stored-flagged"
	}
	return "stored"
}

// hostileCase is a line of the corpus.
type hostileCase struct {
	ID, Class, Text, Base64, Expect, Why, Name string
	Line                                       int
	Format, Field, Marker                      string
	Record                                     json.RawMessage
}

func hostile(t testing.TB, name string) []hostileCase {
	t.Helper()
	f, err := os.Open(filepath.Join(shared(t), "data/hostile", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []hostileCase
	s := bufio.NewScanner(f)
	s.Buffer(nil, 64<<20)
	for s.Scan() {
		var c hostileCase
		if err := json.Unmarshal(s.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	return all
}

func TestOddities(t *testing.T) {
	// What a file of its own says differs from the word of the corpus where the
	// oddity lies between two records, which only the store sees.
	store := []string{"op-061"}
	for _, c := range hostile(t, "oddities.jsonl") {
		out := load([]byte(c.Text+"\n"), Options{})
		if got := out.verdict(); got != c.Expect && !slices.Contains(store, c.ID) {
			t.Errorf("%s (%s): %s, not %s: %v %v %v", c.ID, c.Why, got, c.Expect, out.flags, out.broken, out.err)
		}
	}
}

func TestBrokenLines(t *testing.T) {
	all, err := os.ReadFile(filepath.Join(shared(t), "data/hostile/broken.bin"))
	if err != nil {
		t.Fatal(err)
	}
	whole := load(all, Options{})
	if whole.err != nil {
		t.Fatal(whole.err)
	}
	aside := map[int64]bool{}
	for _, b := range whole.broken {
		aside[b.Line] = true
	}
	for _, c := range hostile(t, "broken.jsonl") {
		if got := aside[int64(c.Line)]; got != (c.Expect == "set-aside") {
			t.Errorf("%s, line %d (%s): set aside: %v", c.ID, c.Line, c.Why, got)
		}
		line, err := base64.StdEncoding.DecodeString(c.Base64)
		if err != nil {
			t.Fatal(err)
		}
		out := load(append(line, '\n'), Options{})
		if got := out.verdict(); got != c.Expect {
			t.Errorf("%s alone (%s): %s, not %s: %v %v %v", c.ID, c.Why, got, c.Expect, out.flags, out.broken, out.err)
		}
	}
	if whole.records != 13 {
		t.Errorf("%d records, not 13", whole.records)
	}
}

func TestHostileRecords(t *testing.T) {
	for _, c := range hostile(t, "records.jsonl") {
		out := load(append(c.Record, '\n'), Options{})
		if out.records != 1 || out.err != nil {
			t.Errorf("%s: %d records, %v %v", c.ID, out.records, out.broken, out.err)
			continue
		}
		found := c.Marker == ""
		for _, v := range out.cells[0] {
			found = found || bytes.Contains([]byte(v), []byte(c.Marker))
		}
		if !found {
			t.Errorf("%s: the value of %s is gone", c.ID, c.Field)
		}
	}
}

// TestHostileEnclosed: the hostile records inside of everything that encloses
// records, and in audit logs. Nothing of them is lost, and none of them has a
// flag or a fault that it has not alone.
func TestHostileEnclosed(t *testing.T) {
	for _, c := range hostile(t, "records.jsonl") {
		record := string(c.Record)
		value := quoted(t, c.Marker+" \u202e\r\n\x00\x1b[31m</td>{{7*7}}' OR 1=1 --"+object(fields(t, c.Record)).text(c.Field))
		forms := map[string]string{
			"actiontrail, object": `{"__topic__":"actiontrail_event","__time__":1795000000,"event":` + record + `}`,
			"actiontrail, text":   `{"__topic__":"actiontrail_event","__time__":1795000000,"event":` + quoted(t, record) + `}`,
			"actiontrail, flat":   `{"__time__":1795000000,"event.eventName":` + value + `,"event.userIdentity.userName":` + value + `,"__tag__:x":` + value + `}`,
			"prisma-audit":        `{"timestamp":1795000000123,"actionType":` + value + `,"user":` + value + `,"resourceName":` + value + `,"result":` + value + `}`,
		}
		if c.Format == "cloudtrail" {
			forms["eventbridge"], forms["subscription"] = bridged(record), subscribed(t, "DATA_MESSAGE", record)
			forms["lookup-events"] = `{"Events":[{"EventId":"x","CloudTrailEvent":` + quoted(t, record) + `}]}`
			forms["lake"] = `{"eventjson":` + quoted(t, record) + `}`
		}
		alone := load(append(c.Record, '\n'), Options{})
		for name, data := range forms {
			out := load([]byte(data+"\n"), Options{})
			if out.records != 1 || out.err != nil {
				t.Errorf("%s, %s: %d records, %v %v", c.ID, name, out.records, out.broken, out.err)
				continue
			}
			if c.Format == "cloudtrail" && slices.Contains([]string{"eventbridge", "subscription", "lookup-events", "lake"}, name) && !slices.Equal(out.flags, alone.flags) {
				t.Errorf("%s, %s: flags %v, alone %v", c.ID, name, out.flags, alone.flags)
			}
			found := c.Marker == ""
			for _, v := range out.cells[0] {
				found = found || strings.Contains(v, c.Marker)
			}
			if !found {
				t.Errorf("%s, %s: the value of %s is gone", c.ID, name, c.Field)
			}
		}
	}
}

func fields(t testing.TB, record []byte) map[string][]byte {
	t.Helper()
	var m map[string]json.RawMessage
	if err := json.Unmarshal(record, &m); err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	for k, v := range m {
		out[k] = v
	}
	return out
}

// TestHostileMessages: whatever a text holds that should hold a record, what is
// beside it loads.
func TestHostileMessages(t *testing.T) {
	var texts []string
	for _, c := range hostile(t, "oddities.jsonl") {
		texts = append(texts, c.Text)
	}
	for _, c := range hostile(t, "broken.jsonl") {
		line, err := base64.StdEncoding.DecodeString(c.Base64)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(line))
	}
	const audit = `{"__topic__":"actiontrail_event","__time__":1795000000,"event":{"eventId":"e","eventName":"x"}}`
	for i, text := range texts {
		for name, data := range map[string]string{
			"subscription":  subscribed(t, "DATA_MESSAGE", trailEvent, text),
			"lookup-events": `{"Events":[{"EventId":"a","CloudTrailEvent":` + quoted(t, trailEvent) + `},{"EventId":"b","CloudTrailEvent":` + quoted(t, text) + `}]}`,
			"lake":          `{"eventjson":` + quoted(t, trailEvent) + `}` + "\n" + `{"eventjson":` + quoted(t, text) + `}`,
			"eventbridge":   bridged(trailEvent) + "\n" + bridged(quoted(t, text)),
			"actiontrail":   audit + "\n" + strings.Replace(audit, `{"eventId":"e","eventName":"x"}`, quoted(t, text), 1),
		} {
			out := load([]byte(data), Options{})
			if out.err != nil || out.records < 1 || out.records+len(out.broken) != 2 {
				t.Errorf("%d, %s: %d records, %v %v", i, name, out.records, out.broken, out.err)
			}
		}
	}
}

func TestBigCases(t *testing.T) {
	bigCases(t, "gzip-bomb", "field-1m", "nest-array-100k", "nest-object-100k", "keys-500k", "records-same-id", "escapes-4m")
}

// bigCases makes large cases of the corpus and loads them.
func bigCases(t *testing.T, names ...string) {
	if testing.Short() {
		t.Skip("the large cases take long, and -short was said")
	}
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 makes the large cases: " + err.Error())
	}
	script := filepath.Join(shared(t), "data/hostile/generate.py")
	for _, c := range hostile(t, "big.jsonl") {
		if !slices.Contains(names, c.Name) {
			continue
		}
		cmd := exec.Command(python, script, "--big", c.Name)
		pipe, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		obj := Object{Name: c.Name, Open: func() (io.ReadCloser, error) { return pipe, cmd.Start() }}
		out := count(obj)
		t.Logf("%s: %s in %v: %d records, %d broken, %v %v", c.Name, out.verdict(), time.Since(start), out.records, len(out.broken), out.flags, out.err)
		if got := out.verdict(); got != c.Expect {
			t.Errorf("%s (%s): %s, not %s", c.Name, c.Why, got, c.Expect)
		}
		_ = cmd.Wait() // it fails when we close early
	}
}

// count is load without a look at the cells.
func count(obj Object) (out outcome) {
	opened, err := Decode(obj, Options{Now: loadTime})
	if err != nil {
		return outcome{err: err}
	}
	defer opened.Close()
	var r Record
	for {
		var b *Broken
		switch err := opened.Next(&r); {
		case errors.Is(err, io.EOF):
			return out
		case errors.As(err, &b):
			out.broken = append(out.broken, b)
		case err != nil:
			out.err = err
			return out
		default:
			out.records++
			out.flags = append(out.flags, r.Flags...)
		}
	}
}
