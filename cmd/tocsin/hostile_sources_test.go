package main

// This file puts every kind of hostile content through every source, and holds
// what became of it to testdata/hostile-sources.txt: what is stored of it, what is
// set aside and why, what the sender is told. UPDATE=1 writes the file; read the
// difference. How each source is fed is in hostile_feeds_test.go.

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
)

// hostileBounds are low, so that what is beyond them is quick to make.
const hostileBounds = "limits: {object: 2MB, ratio: 100, record: 64KB, keys: 100, depth: 50}\n"

// A hostileKind is a kind of content. Its records are those of the format that a
// source delivers; record makes the good ones, with a further member or without.
type hostileKind struct {
	name    string
	records func(record func(n int, more string) string) []string
	pack    func(lines string) []byte // from the records, one a line, to the object; nil: as they are
}

// two are two good records.
func two(record func(int, string) string) []string { return []string{record(0, ""), record(1, "")} }

// between puts a text between two good records.
func between(text func(record func(int, string) string) string) func(func(int, string) string) []string {
	return func(record func(int, string) string) []string {
		return []string{record(0, ""), text(record), record(1, "")}
	}
}

// with puts a good record that has a further member between two others.
func with(more string) func(func(int, string) string) []string {
	return between(func(record func(int, string) string) string { return record(2, more) })
}

func always(text string) func(func(int, string) string) []string {
	return between(func(func(int, string) string) string { return text })
}

func hostileKinds() []hostileKind {
	return []hostileKind{
		{"good", two, nil},
		{"gzip", two, func(lines string) []byte { return zipped(lines) }},
		{"gzip-bomb", two, func(lines string) []byte { return zipped(lines + strings.Repeat("\x00", 1900<<10)) }},
		{"gzip-object", two, func(lines string) []byte { return zipped(lines + hexNoise(3<<20)) }},
		{"gzip-in-gzip", two, func(lines string) []byte { return zipped(string(zipped(lines))) }},
		{"gzip-cut", two, func(lines string) []byte { return zipped(lines + hexNoise(64<<10))[:16<<10] }},
		{"gzip-no-more", two, func(lines string) []byte { return append(zipped(lines), "and then no gzip\n"...) }},
		{"zip", two, func(lines string) []byte { return append([]byte("PK\x03\x04\x14\x00\x00\x00"), lines...) }},
		{"zeros", two, func(lines string) []byte { return append(make([]byte, 4096), lines...) }},
		{"utf-16", two, func(lines string) []byte { return inUTF16(lines) }},
		{"empty", func(func(int, string) string) []string { return nil }, func(string) []byte { return nil }},
		{"cut", two, func(lines string) []byte { return []byte(lines[:len(lines)-40]) }},
		{"cut-list", two, func(lines string) []byte {
			return []byte(`{"Records":[` + strings.ReplaceAll(strings.TrimSpace(lines), "\n", ",")[:len(lines)-40])
		}},
		{"long-line", with(`"x":"` + strings.Repeat("long ", 40_000) + `"`), nil},
		{"long-noise", always(strings.Repeat("noise ", 40_000)), nil},
		{"endless-line", two, func(lines string) []byte { return []byte(lines + `{"eventName":"` + strings.Repeat("no end ", 40_000)) }},
		{"no-json", always("this is no JSON"), nil},
		{"no-objects", always(`null`), nil},
		{"latin-1", with("\"x\":\"caf\xe9\""), nil},
		{"deep", with(`"x":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000)), nil},
		{"many-keys", with(manyKeys(500)), nil},
		{"ours", with(`"__seq__":7,"__tenant__":"forged","@actor":"forged"`), nil},
		{"one-id", func(record func(int, string) string) []string {
			return []string{record(0, ""), record(0, `"x":"another"`), record(1, "")}
		}, nil},
	}
}

// content is the kind as an object.
func (k hostileKind) content(record func(int, string) string) []byte {
	var b strings.Builder
	for _, line := range k.records(record) {
		b.WriteString(line + "\n")
	}
	if k.pack == nil {
		return []byte(b.String())
	}
	return k.pack(b.String())
}

func zipped(text string) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write([]byte(text)) //nolint:errcheck // into memory
	w.Close()             //nolint:errcheck // into memory
	return b.Bytes()
}

// hexNoise is a text that packs to half of it, in lines.
func hexNoise(n int) string {
	random := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	for b.Len() < n {
		fmt.Fprintf(&b, "{\"x\":\"%016x%016x\"}\n", random.Uint64(), random.Uint64())
	}
	return b.String()
}

func inUTF16(text string) []byte {
	b := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(text)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

func manyKeys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"k%d":%[1]d`, i)
	}
	return b.String()[1:]
}

// became is what became of one kind through one source.
type became struct {
	stored, flagged int
	aside           []string // reasons
	told            string   // what the sender, or the source's state, says
}

// line is it as a line of the golden file.
func (b became) line(kind string) string {
	reasons := slices.Compact(slices.Sorted(slices.Values(b.aside)))
	said := fmt.Sprintf("  %-13s stored %d", kind, b.stored)
	if b.flagged > 0 {
		said += fmt.Sprintf(", flagged %d", b.flagged)
	}
	if n := len(b.aside); n > 0 {
		said += fmt.Sprintf(", set aside %d: %s", n, strings.Join(reasons, " | "))
	}
	if b.told != "" {
		said += "; " + b.told
	}
	return said
}

// trailOf makes the good records of a kind as CloudTrail writes them.
func trailOf(kind string) func(int, string) string {
	return func(n int, more string) string {
		if more != "" {
			more = "," + more
		}
		return fmt.Sprintf(`{"eventVersion":"1.08","eventTime":"2026-11-20T10:00:00Z","eventSource":"iam.amazonaws.com","eventName":%q,"awsRegion":"us-east-1","eventID":%q%s}`,
			kind, fmt.Sprintf("%08x-0000-4000-8000-%012x", hashOf(kind), n), more)
	}
}

// findingOf makes them as Security Hub hands them out.
func findingOf(kind string) func(int, string) string {
	return func(n int, more string) string {
		if more != "" {
			more = "," + more
		}
		return fmt.Sprintf(`{"SchemaVersion":"2018-10-08","Id":"%s-%d","ProductArn":"arn:p","GeneratorId":%[1]q,"AwsAccountId":"111111111111","UpdatedAt":"2026-11-20T10:00:00Z",`+
			`"CreatedAt":"2026-11-20T10:00:00Z","Title":"t","Severity":{"Label":"HIGH"},"Resources":[{"Type":"x","Id":"r"}]%[3]s}`, kind, n, more)
	}
}

func hashOf(s string) (h uint32) {
	for _, c := range []byte(s) {
		h = h*31 + uint32(c)
	}
	return h
}

// A feeding delivers all kinds through one source of a bench, runs the agent until
// nothing is left, and says of each kind what its dead letters are called and what
// was told.
type feeding struct {
	name string
	feed func(t *testing.T, b *bench, kinds []hostileKind) map[string]fed
}

// fed is what is known of a kind when it was delivered.
type fed struct {
	owns func(l deadLetterRow) bool // its dead letters
	told string
}

func TestHostileSources(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the agent some sixty times: -short was said")
	}
	t.Parallel()
	var golden strings.Builder
	for _, f := range feedings() {
		start := time.Now()
		b := newBench(t)
		b.now = time.Now()
		b.write("rules/none.yaml", "")
		kinds := hostileKinds()
		result := f.feed(t, b, kinds)
		fmt.Fprintf(&golden, "%s\n", f.name)
		for _, line := range b.became(t, kinds, result) {
			golden.WriteString(line + "\n")
		}
		t.Logf("%s: %v", f.name, time.Since(start))
	}
	const file = "testdata/hostile-sources.txt"
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(file, []byte(golden.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(filepath.FromSlash(file))
	if err != nil {
		t.Fatal(err)
	}
	if golden.String() != string(want) {
		t.Errorf("not as %s says:\n%s", file, cmp.Diff(string(want), golden.String()))
	}
}

// storedOf is how many records of a kind are stored.
type storedOf struct {
	Name       string
	N, Flagged int
}

// became reads from the store what became of the kinds, and holds that nothing
// else was stored or set aside.
func (b *bench) became(t *testing.T, kinds []hostileKind, result map[string]fed) (lines []string) {
	t.Helper()
	var rows []storedOf
	for _, q := range [][2]string{{"cloudtrail", "eventName"}, {"findings", `"@check"`}} {
		out := b.must(0, "query", "-l", q[0], "--all", "-o", "json", "* | SELECT "+q[1]+" AS name, count(*) AS n, count_if(__flags__ <> '') AS flagged GROUP BY 1").out
		var more []storedOf
		if err := json.Unmarshal([]byte(out), &more); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		rows = append(rows, more...)
	}
	var letters []deadLetterRow
	if err := json.Unmarshal([]byte(b.must(0, "deadletters", "list", "-o", "json").out), &letters); err != nil {
		t.Fatal(err)
	}
	for _, k := range kinds {
		said := became{told: result[k.name].told}
		rows = slices.DeleteFunc(rows, func(r storedOf) bool {
			if r.Name == k.name {
				said.stored, said.flagged = r.N, r.Flagged
			}
			return r.Name == k.name
		})
		letters = slices.DeleteFunc(letters, func(l deadLetterRow) bool {
			owns := result[k.name].owns != nil && result[k.name].owns(l)
			if owns {
				said.aside = append(said.aside, strings.ReplaceAll(l.Reason, b.dir, "DIR"))
			}
			return owns
		})
		if len(said.aside) > 0 && strings.HasPrefix(said.told, "not loaded") {
			said.told = "" // it is the same that is set aside
		}
		lines = append(lines, said.line(k.name))
	}
	for _, r := range rows {
		t.Errorf("%d records of %q are nobody's", r.N, r.Name)
	}
	for _, l := range letters {
		t.Errorf("a dead letter that is nobody's: %+v", l)
	}
	return lines
}
