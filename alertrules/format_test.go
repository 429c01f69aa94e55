package alertrules

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"tocsin/diag"
)

const formatCases = "testdata/format.txtar"

// TestFormatQueries rewrites rule files: each NAME of testdata/format.txtar
// becomes NAME.want.
func TestFormatQueries(t *testing.T) {
	archive, err := txtar.ParseFile(formatCases)
	if err != nil {
		t.Fatal(err)
	}
	update := os.Getenv("UPDATE") != ""
	out := &txtar.Archive{Comment: archive.Comment}
	want := map[string][]byte{}
	for _, f := range archive.Files {
		want[f.Name] = f.Data
	}
	for _, f := range archive.Files {
		name, isWant := strings.CutSuffix(f.Name, ".want")
		if isWant {
			if want[name] == nil {
				t.Errorf("%s belongs to nothing", f.Name)
			}
			continue
		}
		got := checkFormatted(t, f.Data)
		out.Files = append(out.Files, f, txtar.File{Name: f.Name + ".want", Data: got})
		if d := cmp.Diff(string(want[f.Name+".want"]), string(got)); d != "" && !update {
			t.Errorf("%s: run make golden if this is right (-want +got):\n%s", f.Name, d)
		}
	}
	if update {
		if err := os.WriteFile(formatCases, txtar.Format(out), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// checkFormatted formats a file and holds that the outcome stays as it is. Of a
// file with a mistake nothing may change.
func checkFormatted(t *testing.T, src []byte) []byte {
	t.Helper()
	before := bytes.Clone(src)
	got, err := FormatQueries("f.yaml", src)
	if !bytes.Equal(before, src) {
		t.Fatalf("%q was written into", before)
	}
	var list *diag.List
	switch {
	case errors.As(err, &list):
		if !bytes.Equal(got, src) {
			t.Fatalf("%q has a mistake, and became %q", src, got)
		}
		return got
	case err != nil:
		t.Fatalf("%q: %v", src, err)
	}
	again, err := FormatQueries("f.yaml", got)
	if err != nil || !bytes.Equal(again, got) {
		t.Fatalf("%q becomes %q, then %q: %v", src, got, again, err)
	}
	return got
}

// TestFormatLineEnds keeps byte order marks and CR LF.
func TestFormatLineEnds(t *testing.T) {
	src := "\ufeffrules:\r\n  - id: a\r\n    query: >- # why\r\n\r\n      A or b |\r\n      select 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'\r\n\r\n    every: 5m\r\n"
	want := "\ufeffrules:\r\n  - id: a\r\n    query: |- # why\r\n      A or b\r\n      | SELECT 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'\r\n\r\n    every: 5m\r\n"
	if got := checkFormatted(t, []byte(src)); string(got) != want {
		t.Errorf("%q\nwant\n%q", got, want)
	}
}

// TestFormatMistakes reports queries that do not parse, where they stand.
func TestFormatMistakes(t *testing.T) {
	src := "rules:\n  - id: a\n    query: '* | select x form log'\n  - id: b\n    query: |\n      a:(b\n"
	_, err := FormatQueries("f.yaml", []byte(src))
	var list *diag.List
	if !errors.As(err, &list) || len(list.Problems) != 2 || list.Position(list.Problems[0].Span.Start) != "f.yaml:3:26" {
		t.Errorf("%v", err)
	}
}

// FuzzFormatQueries takes any file: what is written means the same, and stays.
func FuzzFormatQueries(f *testing.F) {
	archive, err := txtar.ParseFile(formatCases)
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range archive.Files {
		f.Add(file.Data)
	}
	f.Fuzz(func(t *testing.T, src []byte) { checkFormatted(t, src) })
}

// TestFormatted holds that the rules that come with the program are laid out as
// their authors are told to.
func TestFormatted(t *testing.T) {
	n := 0
	for _, pattern := range []string{"../examples/rules/*.yaml", "../cmd/tocsin/init/*.yaml"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			src, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			n++
			if out, err := FormatQueries(name, src); err != nil || !bytes.Equal(out, src) {
				t.Errorf("run tocsin fmt %s (%v)", name, err)
			}
		}
	}
	if n < 3 {
		t.Errorf("only %d files are there", n)
	}
}
