package ingest

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestGrowing: what is read of files that are written to.
func TestGrowing(t *testing.T) {
	long := `{"a":"` + strings.Repeat("x", 3*growingHead) + `"}`
	for _, x := range []struct{ name, text, want string }{
		{"lines", "{\"a\":1}\n{\"a\":2}\n", "{\"a\":1}\n{\"a\":2}\n"},
		{"a last line without its end", "{\"a\":1}\n{\"a\":2}", "{\"a\":1}\n"},
		{"a long last line", "{\"a\":1}\n" + long, "{\"a\":1}\n"},
		{"a broken first line", "oops\n\n{\"a\":1\"\n{\"a\":1}\n{", "oops\n\n{\"a\":1\"\n{\"a\":1}\n"},
		{"envelopes, one a line", "{\"Records\":[{}]}\n{\"Rec", "{\"Records\":[{}]}\n"},
		{"no line", `{"Records":[{}]}`, ""},
		{"empty", "", ""},
		{"a list", "[\n{\"a\":1}\n,{\"a\":2}\n", ""},
		{"an envelope on many lines", "{\"Records\": [\n{\"a\":1}\n", ""},
		{"an object on many lines", "{\n\"a\":\n{\"b\":1}\n", ""},
		{"a table", "a,b\n1,\"x\ny\"\n", ""},
		{"packed", string(zipped(t, "{\"a\":1}\n")) + "\n{\"a\":1}\n", ""},
	} {
		path := filepath.Join(t.TempDir(), "f")
		if err := os.WriteFile(path, []byte(x.text), 0o600); err != nil {
			t.Fatal(err)
		}
		all, _, err := Files([]string{path})
		if err != nil {
			t.Fatal(err)
		}
		part, ok, err := Growing(all[0])
		if err != nil || ok != (x.want != "") {
			t.Errorf("%s: %t, %v", x.name, ok, err)
			continue
		}
		if !ok {
			continue
		}
		if got := readObject(t, part); got != x.want || part.Size != int64(len(x.want)) || part.Version == all[0].Version || !part.Part {
			t.Errorf("%s: %.99q, %d bytes, version %s of %s", x.name, got, part.Size, part.Version, all[0].Version)
		}
		if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
			t.Fatal(err)
		}
		if f, err := part.Open(); err != nil {
			t.Error(err)
		} else if _, err := io.ReadAll(f); err == nil || f.Close() != nil {
			t.Errorf("%s: a file that became shorter is read", x.name)
		}
		if _, ok, err := Growing(all[0]); ok || err != nil {
			t.Errorf("%s: a file that became shorter grows: %v", x.name, err)
		}
	}
}

func readObject(t *testing.T, o Object) string {
	t.Helper()
	f, err := o.Open()
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(f)
	if err != nil || f.Close() != nil {
		t.Fatal(err)
	}
	return string(b)
}
