package ingest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
)

func TestFiles(t *testing.T) {
	dir := t.TempDir()
	for _, n := range []string{
		"b/run1.ocsf.json", "b/run1.csv", "b/run1.asff.json.gz", "b/run1.json", "a/run1.asff.json", "a/run1.csv", "c.json", "c.csv",
		".hidden/x.json", "d/.DS_Store", "d/run1.ocsf.json.gz", "Z.jsonl",
	} {
		p := filepath.Join(dir, n)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte("{}"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join(dir, "nowhere"), filepath.Join(dir, "dangling")); err != nil {
		t.Fatal(err)
	}
	named := filepath.Join(dir, "c.json")
	objects, skipped, err := Files([]string{named, dir, named, filepath.Join(dir, "missing")})
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v", err)
	}
	var got []string
	for _, o := range objects {
		rel, err := filepath.Rel(dir, o.Name)
		if err != nil {
			t.Fatal(err)
		}
		if o.Size != 2 || o.Version == "" || o.Modified.IsZero() || o.Named != (rel == "c.json") {
			t.Errorf("%+v", o)
		}
		got = append(got, rel)
	}
	if s := strings.Join(got, " "); s != "c.json Z.jsonl a/run1.csv b/run1.ocsf.json c.csv d/run1.ocsf.json.gz" {
		t.Errorf("objects %s", s)
	}
	var gone []string
	for _, s := range skipped {
		gone = append(gone, filepath.Base(filepath.Dir(s.Name))+"/"+filepath.Base(s.Name)+": "+s.Reason)
	}
	all := strings.Join(gone, "; ")
	for _, want := range []string{
		"a/run1.asff.json: the same run as run1.csv", "b/run1.csv: the same run as run1.ocsf.json", "b/run1.asff.json.gz: the same", "b/run1.json: the same",
		".hidden: it is hidden", "d/.DS_Store: it is hidden", "dangling: ",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("skipped %s; not %s", all, want)
		}
	}
	if len(skipped) != 7 {
		t.Errorf("%d skipped: %s", len(skipped), all)
	}
}

// TestOneOfEachRun: which of the files of one stem count.
func TestOneOfEachRun(t *testing.T) {
	const row, native = csvHeader + "u;c;FAIL;r;a\n", `[{"CheckID":"c","Status":"FAIL","FindingUniqueId":"u"}]`
	for _, x := range []struct {
		name  string
		files map[string]string
		want  string
	}{
		{"all four", map[string]string{"r.ocsf.json": "[]", "r.csv": row, "r.json": native, "r.asff.json": "[]"}, "r.ocsf.json"},
		{"no OCSF", map[string]string{"r.csv": row, "r.json": native, "r.asff.json": "[]"}, "r.csv"},
		{"no CSV", map[string]string{"r.json": native, "r.asff.json": "[]"}, "r.json"},
		{"an empty OCSF", map[string]string{"r.ocsf.json": "", "r.csv": row, "r.asff.json": "[]"}, "r.csv"},
		{"nothing but an empty OCSF", map[string]string{"r.ocsf.json": ""}, "r.ocsf.json"},
		{"CSV and JSON of Prowler", map[string]string{"r.csv": row, "r.json": native}, "r.csv"},
		{"packed", map[string]string{"r.csv.gz": string(zipped(t, row)), "r.json.gz": string(zipped(t, native))}, "r.csv.gz"},
		{"CSV of Prowler, and another JSON", map[string]string{"r.csv": row, "r.json": `{"a":1}`}, "r.csv r.json"},
		{"a table and its JSON", map[string]string{"r.csv": "a,b\n1,2\n", "r.json": native}, "r.csv r.json"},
		{"other stems", map[string]string{"a.ocsf.json": "[]", "b.csv": row, "c.json": native}, "a.ocsf.json b.csv c.json"},
	} {
		dir := t.TempDir()
		for name, text := range x.files {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		objects, skipped, err := Files([]string{dir})
		var got []string
		for _, o := range objects {
			got = append(got, filepath.Base(o.Name))
		}
		if s := strings.Join(got, " "); err != nil || s != x.want || len(objects)+len(skipped) != len(x.files) {
			t.Errorf("%s: %s, not %s; %v %v", x.name, s, x.want, skipped, err)
		}
	}
}

// zipped packs parts as members of one gzip.
func zipped(t *testing.T, parts ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	for _, p := range parts {
		z := gzip.NewWriter(&b)
		if _, err := io.WriteString(z, p); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

func TestUnpack(t *testing.T) {
	const a = `{"eventVersion":"1","eventName":"A"}` + "\n"
	whole := zipped(t, strings.Repeat(a, 30_000))
	for _, x := range []struct {
		name   string
		data   []byte
		limits Limits
		want   int // records
		err    string
	}{
		{"plain", []byte(a + a), Limits{}, 2, ""},
		{"gzip", zipped(t, a+a), Limits{}, 2, ""},
		{"members", zipped(t, a, a, a), Limits{}, 3, ""},
		{"byte order mark", []byte("\xef\xbb\xbf" + a), Limits{}, 1, ""},
		{"byte order mark, packed", zipped(t, "\xef\xbb\xbf"+a), Limits{}, 1, ""},
		{"twice packed", zipped(t, string(zipped(t, a))), Limits{}, 0, "one layer is unpacked"},
		{"ratio", whole, Limits{Ratio: 50}, -1, "limits.ratio"},
		{"object", whole, Limits{Object: 600_000}, -1, "limits.object"},
		{"object, plain", []byte(strings.Repeat(a, 100)), Limits{Object: 1000}, 0, "limits.object"},
		{"cut off", whole[:len(whole)-9], Limits{}, -1, "the gzip is cut off"},
		{"checksum", append(bytes.Clone(whole[:len(whole)-8]), 1, 2, 3, 4, 5, 6, 7, 8), Limits{}, -1, "checksum"},
		{"header only", whole[:10], Limits{}, 0, "the gzip is cut off"},
		{"empty", nil, Limits{}, 0, "it is empty"},
		{"blank", []byte(" \n\n"), Limits{}, 0, "it is blank"},
		{"UTF-16", []byte("\xff\xfe{\x00"), Limits{}, 0, "UTF-16"},
		{"zip", []byte("PK\x03\x04\x14\x00"), Limits{}, 0, "a zip archive: unpack it"},
		{"tar", zipped(t, "a.json"+strings.Repeat("\x00", 251)+"ustar\x0000"+strings.Repeat("\x00", 249)), Limits{}, 0, "a tar archive: unpack it"},
		{"text", []byte("hello\nworld\n"), Limits{}, 0, "it begins neither with"},
		{"an empty list", []byte("[]\n"), Limits{}, 0, "it begins neither with a JSON object that has a field nor with a CSV header"},
		{"an empty object", []byte("{}"), Limits{}, 0, "it begins neither with a JSON object that has a field nor with a CSV header"},
		{"a number", []byte("42"), Limits{}, 0, "it begins neither with a JSON object that has a field nor with a CSV header"},
		{"other JSON", []byte(`{"a":1}`), Limits{}, 0, "none of 10 formats has the fields a"},
		{"notification", []byte(`{"Records":[{"eventVersion":"2.1","eventSource":"aws:s3","eventName":"ObjectCreated:Put"}]}`), Limits{}, 0, "a notification of aws:s3"},
		{"digest", []byte(`{"awsAccountId":"1","digestStartTime":"2026-11-20T10:00:00Z","logFiles":[]}`), Limits{}, 0, "a CloudTrail digest"},
		{"activity", []byte(`{"metadata":{"version":"1.3.0"},"class_uid":6003,"time":1}`), Limits{}, 0, "OCSF class 6003 is no finding; none of 10 formats has the fields class_uid, metadata, time"},
	} {
		out := load(x.data, Options{Limits: x.limits})
		if (out.err == nil) != (x.err == "") || out.err != nil && !strings.Contains(out.err.Error(), x.err) {
			t.Errorf("%s: error %v, not %q", x.name, out.err, x.err)
		}
		if x.want >= 0 && out.records != x.want {
			t.Errorf("%s: %d records, not %d", x.name, out.records, x.want)
		}
	}
	var none *NoFormat
	if out := load([]byte(`{"a":1}`), Options{}); !errors.As(out.err, &none) || len(none.Tried) != len(formats()) {
		t.Errorf("tried: %+v", none)
	}
	hub := load([]byte(seedHub), Options{Logstore: cloudTrail()})
	if hub.err == nil || !strings.Contains(hub.err.Error(), "it is asff, which belongs to logstore findings, not cloudtrail") {
		t.Errorf("named: %v", hub.err)
	}
}

func TestSourceIsClosed(t *testing.T) {
	for _, data := range []string{"x", seedCheck} {
		closed := 0
		obj := Object{Name: "x", Open: func() (io.ReadCloser, error) {
			return closer{strings.NewReader(data), &closed}, nil
		}}
		o, err := Decode(obj, Options{Now: loadTime})
		if err == nil {
			err = o.Close()
		}
		if closed != 1 {
			t.Errorf("%q: closed %d times, %v", data, closed, err)
		}
	}
}

type closer struct {
	io.Reader
	n *int
}

func (c closer) Close() error {
	*c.n++
	return fmt.Errorf("close")
}

// A link to a folder is followed where it is named, and skipped below a folder.
func TestFilesBehindLinks(t *testing.T) {
	dir := t.TempDir()
	for _, err := range []error{
		os.Mkdir(filepath.Join(dir, "real"), 0o700),
		os.WriteFile(filepath.Join(dir, "real", "a.json"), []byte("{}"), 0o600),
		os.Symlink("real", filepath.Join(dir, "link")),
		os.Symlink(dir, filepath.Join(dir, "real", "up")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	objects, skipped, err := Files([]string{filepath.Join(dir, "link")})
	if err != nil || len(objects) != 1 || objects[0].Name != filepath.Join(dir, "link", "a.json") {
		t.Errorf("%v %v", objects, err)
	}
	if len(skipped) != 1 || skipped[0].Name != filepath.Join(dir, "link", "up") {
		t.Errorf("skipped %v", skipped)
	}
}
