package store

import (
	"bytes"
	"io"
	"testing"

	"github.com/klauspost/compress/gzip"

	"tocsin/ingest"
)

// TestRotation follows a log without ids through what rotation does to its files:
// each line is stored once, whatever its file is called by now.
func TestRotation(t *testing.T) {
	l := openTest(t, t.TempDir()).Logs
	web, err := ingest.Declared("web", ingest.Declaration{Format: "json", Time: "ts", Fields: map[string]string{"path": "text"}})
	ok(t, err)
	line := func(names string) (text string) {
		for _, n := range names {
			text += `{"ts":"2026-11-20T10:00:00Z","path":"/` + string(n) + `"}` + "\n"
		}
		return text
	}
	packed := func(text string) string {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, err := z.Write([]byte(text))
		ok(t, err)
		ok(t, z.Close())
		return b.String()
	}
	type file struct{ name, content string }
	for i, step := range []struct {
		what  string
		files []file
		new   int64
	}{
		{"first", []file{{"access.log", line("ab")}}, 2},
		{"grown", []file{{"access.log", line("abb")}}, 1},
		{"renamed, and begun anew", []file{{"access.log.1", line("abb")}, {"access.log", line("cd")}}, 2},
		{"packed", []file{{"access.log.1.gz", packed(line("abb"))}, {"access.log", line("cd")}}, 0},
		{"copied and truncated", []file{{"access.log-20261120", line("cd")}, {"access.log", line("efg")}}, 3},
		{"the same lines of another log", []file{{"other.log", line("efg")}}, 3},
	} {
		var objects []ingest.Object
		for _, f := range step.files {
			objects = append(objects, ingest.Object{
				Name: "/var/log/" + f.name, Version: step.what, Size: int64(len(f.content)), Modified: testNow,
				Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader([]byte(f.content))), nil },
			})
		}
		sum, err := l.Append(t.Context(), objects, AppendOptions{Logstore: web, Now: testNow})
		ok(t, err)
		if sum.Records != step.new || sum.Conflicts != 0 {
			t.Errorf("%d, %s: %d records are new, not %d; %d conflicts", i, step.what, sum.Records, step.new, sum.Conflicts)
		}
	}
}
