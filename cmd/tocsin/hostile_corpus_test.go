package main

// This file holds what the tests over the hostile corpus share: a folder in
// which the program is called as from a command line, the cases, and the
// judges of text that reaches a reader. The tests are one file for each door:
// records, loading, queries, files of authors.

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/bidi"
)

// hostileNow is the moment of every test over the corpus, half an hour after
// its records.
var hostileNow = time.Date(2026, 11, 20, 10, 30, 0, 0, time.UTC)

// A bench is a folder of a user in which the program is called in this process.
type bench struct {
	t        *testing.T
	dir      string
	now      time.Time
	terminal bool // standard output is one
}

func newBench(t *testing.T) *bench {
	t.Helper()
	return &bench{t: t, dir: t.TempDir(), now: hostileNow}
}

func (b *bench) path(name string) string { return filepath.Join(b.dir, name) }

func (b *bench) write(name, text string) {
	b.t.Helper()
	if err := os.MkdirAll(filepath.Dir(b.path(name)), 0o755); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(b.path(name), []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
}

// An answer is what a command line gave back.
type answer struct {
	out, err string
	code     int
}

// env is the outside of one call.
func (b *bench) env(out, err *bytes.Buffer) *env {
	return &env{
		stdin: strings.NewReader(""), stdout: out, stderr: err, getenv: func(string) string { return "" },
		now: func() time.Time { return b.now }, terminal: b.terminal,
	}
}

// call runs the program with the configuration tocsin.yaml of the bench.
func (b *bench) call(args ...string) answer {
	b.t.Helper()
	var out, err bytes.Buffer
	args = append(args, "--data", b.path("data"), "--config", b.path("tocsin.yaml"))
	code := run(context.Background(), b.env(&out, &err), args)
	return answer{out.String(), err.String(), code}
}

// must is call, with the exit status that it has to have.
func (b *bench) must(code int, args ...string) answer {
	b.t.Helper()
	a := b.call(args...)
	if a.code != code {
		b.t.Fatalf("tocsin %.200q: exit status %d, not %d\n%.3000s", args, a.code, code, a.err)
	}
	return a
}

// open opens the project of the bench.
func (b *bench) open() (p *project, closeIt func()) {
	b.t.Helper()
	var out, stderr bytes.Buffer
	p, err := openProject(context.Background(), b.env(&out, &stderr), &options{data: b.path("data"), config: b.path("tocsin.yaml")}, "tocsin load")
	if err != nil {
		b.t.Fatal(err)
	}
	return p, func() {
		if err := p.close(); err != nil {
			b.t.Error(err)
		}
	}
}

// corpus reads the lines of a file of the corpus, or skips the test.
func corpus[T any](t *testing.T, name string) []T {
	t.Helper()
	f, err := os.Open(filepath.Join(shared(t, "hostile"), name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []T
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var c T
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all = append(all, c)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// unclean says which character of s must not reach a reader as it is (G02): a
// control, bidirectional or invisible one; an isolate is allowed around text
// that is written from right to left. "" when there is none. It is written
// without the functions that it judges.
func unclean(s string) string {
	if !utf8.ValidString(s) {
		return "bytes that are no UTF-8"
	}
	open := false
	rtl := false
	for i, r := range s {
		switch {
		case r == '\u2068' && !open:
			open, rtl = true, false
			continue
		case r == '\u2069' && open:
			if !rtl {
				return fmt.Sprintf("an isolate without need at byte %d", i)
			}
			open = false
			continue
		case r == '\t' || r == '\n':
		case r < 0x20 || r >= 0x7f && r < 0xa0, r == '\u2028' || r == '\u2029', unicode.Is(unicode.Cf, r), r >= 0xfdd0 && r <= 0xfdef, r&0xfffe == 0xfffe:
			return fmt.Sprintf("%U at byte %d", r, i)
		}
		if p, _ := bidi.LookupRune(r); p.Class() == bidi.R || p.Class() == bidi.AL || p.Class() == bidi.AN {
			rtl = true
		}
	}
	if open {
		return "an isolate without an end"
	}
	return ""
}

// reorders says which letter that is written from right to left stands outside
// of an isolate in plain text, where it could reorder what surrounds it (G02).
func reorders(s string) string {
	open := false
	for i, r := range s {
		p, _ := bidi.LookupRune(r)
		switch {
		case r == '\u2068' || r == '\u2069':
			open = r == '\u2068'
		case !open && (p.Class() == bidi.R || p.Class() == bidi.AL || p.Class() == bidi.AN):
			return fmt.Sprintf("%U at byte %d is not isolated", r, i)
		}
	}
	return ""
}

// formulaLike reports whether a spreadsheet might compute a cell (G05).
func formulaLike(cell string) bool {
	if plainNumber.MatchString(cell) {
		return false
	}
	visible := strings.TrimLeftFunc(cell, func(r rune) bool { return r != '\t' && r != '\r' && (unicode.IsSpace(r) || !unicode.IsGraphic(r)) })
	return strings.HasPrefix(cell, "\t") || visible != "" && strings.ContainsRune("=+-@\t\r", rune(visible[0]))
}

var plainNumber = regexp.MustCompile(`^[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)

// clickable finds what mail programs make links of (G03): an address with a
// scheme, or one of mail, of the domains that the corpus uses.
var clickable = regexp.MustCompile(`(?i)[a-z]+://[a-z0-9.]*|[a-z0-9._-]+@example\.(net|org)`)

// TestJudgesOfText shows that the judges can find something.
func TestJudgesOfText(t *testing.T) {
	for text, bad := range map[string]bool{
		"plain\ttext\n": false, "a\x1b[31m": true, "a\u202eb": true, "a\u200bb": true, "\u2068x\u2069": true, "\u2068\u05d0\u2069": false,
		"\u2068\u05d0": true, "a\x7f": true, "a\u0085": true, "a\u2028": true, "\xff": true, "a\U000e0041": true, "日本": false,
	} {
		if got := unclean(text); (got != "") != bad {
			t.Errorf("unclean(%q) = %q", text, got)
		}
	}
	for cell, bad := range map[string]bool{"=1": true, "-42": false, "-2+3": true, "+x": true, "@x": true, "\tx": true, "\u00a0=1": true, "'=1": false, "a=1": false, "1e3": false, "": false} {
		if formulaLike(cell) != bad {
			t.Errorf("formulaLike(%q) = %v", cell, !bad)
		}
	}
}
